"""Calibration: recovers a known device, borrows laws, holds out, and survives the file formats."""

from __future__ import annotations

from dataclasses import replace
from itertools import product
from pathlib import Path

import numpy as np
import pytest

from nas.cost.artefact import read_model, write_model
from nas.cost.calibrate import Calibration, calibrate
from nas.cost.catalog import find_model
from nas.cost.features import features
from nas.cost.law import NORMAL_90, Origin
from nas.cost.log import Measured
from nas.cost.model import ModelKey
from nas.cost.posterior import ordinary
from nas.errors import ArtefactError, MeasurementLogError, OutputError
from nas.graph.lower import lower
from nas.graph.network import Precision
from nas.space.architecture import parse
from nas.space.catalog import find_network, find_space

KEY = ModelKey("board", "runtime", Precision.FP32, 1, None)
EVIDENCE = {
    "source": "a test",
    "licence": "none",
    "log_sha256": "0" * 64,
    "samples": 60,
    "date": "2026-01-01",
    "versions": {},
    "notes": "",
}


def measured(count: int, *, noise: float = 0.0, seed: int = 0) -> list[Measured]:
    """Networks of two spaces as a device that obeys the Pixel 3's law would take them."""
    truth, rng = find_model("pixel-3").model, np.random.default_rng(seed)
    rows = []
    for name in ("fbnet_cifar100", "nas_bench_macro"):
        space = find_space(name)
        for index, code in enumerate(space.sample(count // 2, seed=seed)):
            architecture = space.architecture(code)
            latency = truth.estimate(lower(architecture)).latency_ms
            latency *= float(np.exp(noise * rng.standard_normal()))
            rows.append(Measured.of(architecture, latency, 2 * latency, f"{name}{index % 3}"))
    return rows


@pytest.fixture(scope="module")
def fitted() -> Calibration:
    return calibrate(measured(60), KEY, energy_origin=Origin.MODELLED)


def test_a_device_that_obeys_the_law_is_recovered(fitted: Calibration) -> None:
    assert fitted.latency_error.median < 0.01
    assert fitted.latency_error.spearman > 0.99
    unseen = measured(40, seed=9)
    for row in unseen:
        estimate = fitted.model.estimate(row.network)
        assert estimate.latency_ms == pytest.approx(row.latency_ms, rel=0.03)
        assert estimate.energy_mj == pytest.approx(2 * estimate.latency_ms, rel=0.03)


def test_held_out_error_is_that_of_the_noise() -> None:
    error = calibrate(measured(120, noise=0.1), KEY).latency_error
    # The median of |N(0, 0.1)| is 0.067; fitting adds to it, and cannot take away from it.
    assert 0.05 < error.median < 0.12
    assert error.samples == 120
    assert len(error.by_group) == 6


def test_families_never_measured_are_priced_from_other_devices_and_flagged() -> None:
    text = "image 8x{0}x{0} | conv k1 c{1} relu | conv k1 c8"
    rows = [
        Measured.of(
            parse(text.format(size, width)), size * size * width * 1e-4, None, f"{size} {width}"
        )
        for size in (16, 24, 32)
        for width in (16, 24, 32, 48)
    ]
    model = calibrate(rows, KEY).model
    inside = lower(parse(text.format(24, 32)))
    beyond = lower(parse("image 8x16x16 | ds k3 c24 relu | ds k5 c24 relu"))
    assert not model.coverage(inside)
    assert {gap.reasons[0].split()[0] for gap in model.coverage(beyond)} >= {"depthwise_conv"}
    width = [
        (estimate.latency_interval_ms[1] - estimate.latency_ms) / estimate.latency_ms
        for estimate in map(model.estimate, (inside, beyond))
    ]
    assert width[1] > 2 * width[0]


def test_an_activation_never_measured_leaves_the_price_in_doubt(fitted: Calibration) -> None:
    space = find_space("fbnet_cifar100")
    text = str(space.architecture(space.sample(1, seed=5)[0]))
    known, unknown = lower(parse(text)), lower(parse(text.replace(" relu", " swish")))
    assert {reason for gap in fitted.model.coverage(unknown) for reason in gap.reasons} == {
        "activation swish was never measured here"
    }
    halves = []
    for network in (known, unknown):
        estimate = fitted.model.estimate(network)
        halves.append(estimate.latency_interval_ms[1] / estimate.latency_ms - 1)
    strange = [each for each in fitted.model.estimate(unknown).breakdown if "swish" in str(each)]
    share = sum(each.latency_ms for each in strange) / fitted.model.estimate(unknown).latency_ms
    assert 0.3 < share <= 1
    assert halves[0] < 0.05
    assert halves[1] > NORMAL_90 * 0.2 * share


def test_what_is_typical_of_networks_is_taken_back_for_outsize_kernels_alone() -> None:
    typical = np.array([1.0, 20.0, 300.0, 0.5])
    like = typical * np.array([[0.5], [0.6], [0.7]])
    np.testing.assert_allclose(ordinary(like, typical), 1.0)
    outsize = like * np.array([1.0, 1.0, 1.0, 1e4])
    np.testing.assert_allclose(ordinary(outsize, typical), [1.0, 1.0, 1.0, 1e-4])


def test_no_least_cost_is_above_what_was_measured() -> None:
    text = "image {0}x{1}x{1} | conv k1 c{2}"
    rows = [
        Measured.of(parse(text.format(*size)), size[0] * size[2] * 1e-6, None, f"{size[0]}")
        for size in product((8, 64, 512), (4, 16), (16, 1024))
    ]
    law = calibrate(rows, KEY, per_run=False).model.latency
    for row in rows:
        signatures = [kernel.signature for kernel in row.network.kernels]
        least_ms = (features(signatures) @ law.least).sum()
        assert least_ms <= row.latency_ms / 2 * (1 + 1e-9)  # or equal, which rounding may exceed


def test_models_round_trip_through_their_file(fitted: Calibration, tmp_path: Path) -> None:
    file = write_model(tmp_path, fitted, EVIDENCE)
    assert file == tmp_path / "board" / "runtime-fp32-b1.json"
    stored = read_model(file)
    for name in ("mobilenet_v2", "resnet18"):
        network = lower(find_network(name))
        known, read = fitted.model.estimate(network), stored.model.estimate(network)
        assert read.latency_ms == pytest.approx(known.latency_ms, rel=1e-5)
        assert read.energy_mj == pytest.approx(known.energy_mj, rel=1e-5)
        assert read.latency_interval_ms == pytest.approx(known.latency_interval_ms, rel=0.02)
    assert stored.model.calibrated == fitted.model.calibrated
    error, known_error = stored.evidence.latency_error, fitted.latency_error
    assert replace(error, by_group={}, points=()) == replace(known_error, by_group={}, points=())
    assert error.by_group == pytest.approx(known_error.by_group, rel=1e-4)
    assert np.array(error.points) == pytest.approx(np.array(known_error.points), rel=1e-4)
    assert not list(tmp_path.rglob("*.part"))


@pytest.mark.parametrize(
    ("damage", "words"),
    [
        (lambda text: text[: len(text) // 2], ["readable"]),
        (lambda text: "[]", ["mapping"]),
        (lambda text: text.replace("nas-cost-model/2", "nas-cost-model/9"), ["`format`"]),
        (
            lambda text: text.replace('"pointwise_conv.calls"', '"pointwise_conv.cals"'),
            ["pointwise_conv.cals"],
        ),
    ],
)
def test_damaged_models_are_named(
    damage: object, words: list[str], fitted: Calibration, tmp_path: Path
) -> None:
    file = write_model(tmp_path, fitted, EVIDENCE)
    assert callable(damage)
    file.write_text(damage(file.read_text()))
    with pytest.raises(ArtefactError) as caught:
        read_model(file)
    for word in [str(file), *words]:
        assert word in str(caught.value)


def test_a_folder_that_cannot_be_written_is_named(fitted: Calibration, tmp_path: Path) -> None:
    (tmp_path / "board").write_text("a file where the folder should be")
    with pytest.raises(OutputError, match="must be writable"):
        write_model(tmp_path, fitted, EVIDENCE)


def test_one_group_cannot_be_held_out() -> None:
    rows = [replace(row, energy_mj=None, group="same") for row in measured(10)]
    with pytest.raises(MeasurementLogError, match="`group`"):
        calibrate(rows, KEY)
