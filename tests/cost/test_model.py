"""Cost models: sums, errors for kernels without a basis, what coverage says, shipped devices."""

from __future__ import annotations

import math
from dataclasses import replace

import numpy as np
import pytest

from nas.cost.artefact import StoredModel
from nas.cost.catalog import find_model
from nas.cost.features import CALLS, COLUMNS, Family, Runs, family_of, features
from nas.cost.law import Origin
from nas.cost.model import AdditiveKernelModel
from nas.cost.profile import find_device
from nas.errors import UncalibratedKernelError, UnknownNameError
from nas.graph.lower import lower
from nas.graph.network import KernelKind
from nas.space.catalog import find_network, reference_networks

MODELS = [
    find_model(name)
    for name in (
        *("jetson-tx2", "pixel-3", "eyeriss", "zc706", "raspberry-pi-5", "jetson-nano"),
        *("rpi5/ncnn-int8-b1-t4", "titan-xp/help-fp32-b64", "a100", "vck190", "v100"),
    )
]


def ids(stored: StoredModel) -> str:
    return str(stored.model.key)


def without(model: AdditiveKernelModel, family: Family) -> AdditiveKernelModel:
    priced = model.latency.priced.copy()
    priced[CALLS[family]] = False
    calibrated = {f: known for f, known in model.calibrated.items() if f is not family}
    return replace(model, latency=replace(model.latency, priced=priced), calibrated=calibrated)


def test_every_kind_of_kernel_has_a_family() -> None:
    found = set()
    for name in reference_networks():
        found |= {family_of(kernel.signature) for kernel in lower(find_network(name)).kernels}
    assert found >= set(Family) - {Family.GROUPED}
    assert len(KernelKind) == 12  # a new kind needs a family: extend features._BY_KIND


def test_features_stand_in_the_columns_of_the_family() -> None:
    signature = lower(find_network("mobilenet_v2")).kernels[0].signature
    row = dict(zip(COLUMNS, features([signature])[0].tolist(), strict=True))
    mib = 2**20
    assert row["conv.calls"] == 1
    assert row["conv.macs"] == signature.macs / mib
    assert row["conv.input_elements"] == 3 * 224**2 / mib
    assert row["conv.output_elements"] == 32 * 112**2 / mib
    assert row["conv.weight_elements"] == 27 * 32 / mib
    assert row["conv.macs_padded_16"] == pytest.approx(row["conv.macs"] * 16 / 3)
    assert {name for name, value in row.items() if value} == {
        name for name in COLUMNS if name.startswith(("conv.", "relu6."))
    }


@pytest.mark.parametrize("stored", MODELS, ids=ids)
@pytest.mark.parametrize("name", ["mobilenet_v2", "mobilenet_v3_small", "resnet18"])
def test_an_estimate_is_the_sum_of_its_breakdown_and_no_kernel_is_free(
    stored: StoredModel, name: str
) -> None:
    network = lower(find_network(name))
    estimate = stored.model.estimate(network)
    assert len(estimate.breakdown) == len(network.kernels)
    once = stored.model.run(Runs.of([network]))
    assert math.fsum(p.latency_ms for p in estimate.breakdown) == pytest.approx(
        estimate.latency_ms - once.latency_ms[0]
    )
    low, high = estimate.latency_interval_ms
    assert 0 <= low < estimate.latency_ms < high
    assert all(part.latency_ms > 0 for part in estimate.breakdown)
    if estimate.energy_mj is not None:
        energies = [part.energy_mj or 0.0 for part in estimate.breakdown]
        assert once.energy_mj is not None
        assert math.fsum(energies) == pytest.approx(estimate.energy_mj - once.energy_mj[0])
        assert min(energies) > 0
    precision, images = stored.model.key.precision, stored.model.key.images
    assert estimate.peak_memory_bytes == network.weight_bytes(
        precision
    ) + images * network.peak_activation_bytes(precision)


@pytest.mark.parametrize("stored", MODELS, ids=ids)
def test_wider_networks_cost_more(stored: StoredModel) -> None:
    costs = [
        stored.model.estimate(lower(find_network(f"mobilenet_v2@{width}"))).latency_ms
        for width in (0.35, 0.75, 1.0, 1.4)
    ]
    assert costs == sorted(costs)


def test_a_kernel_without_a_basis_is_an_error_that_names_it() -> None:
    model = without(find_model("pixel-3").model, Family.DEPTHWISE)
    with pytest.raises(UncalibratedKernelError) as caught:
        model.estimate(lower(find_network("mobilenet_v2")))
    for word in ("pixel-3", "depthwise_conv", "32x112x112", "calibrate"):
        assert word in str(caught.value)
    assert model.estimate(lower(find_network("resnet18"))).latency_ms > 0


def test_coverage_names_what_was_never_measured() -> None:
    model = find_model("pixel-3").model
    gaps = model.coverage(lower(find_network("mobilenet_v3_large")))
    reasons = {reason for gap in gaps for reason in gap.reasons}
    assert "activation hswish was never measured here" in reasons
    squeezed = {gap.kernel.signature.kind for gap in gaps}
    assert KernelKind.MULTIPLY in squeezed
    assert not model.coverage(lower(find_network("fbnet_c")))


def test_energy_says_what_it_is() -> None:
    origins = {
        name: model.energy and model.energy.origin
        for name in ("jetson-tx2", "eyeriss", "zc706", "raspberry-pi-5", "pixel-3")
        for model in (find_model(name).model,)
    }
    assert origins == {
        "jetson-tx2": Origin.MEASURED,
        "eyeriss": Origin.SIMULATED,
        "zc706": Origin.MODELLED,
        "raspberry-pi-5": Origin.MODELLED,
        "pixel-3": None,
    }


def test_unknown_devices_are_named() -> None:
    with pytest.raises(UnknownNameError, match="did you mean 'jetson-tx2'"):
        find_device("jetson_tx2")
    with pytest.raises(UnknownNameError, match="pixel-3"):
        find_model("pixel-33")


def test_prices_of_nothing_are_empty() -> None:
    prices = find_model("jetson-tx2").model.price([])
    assert prices.latency_ms.shape == (0,)
    assert np.array_equal(prices.energy_mj, np.empty(0))
