"""What ten measurements say of a device whose like was never seen."""

from __future__ import annotations

import numpy as np

from nas.cost.features import COLUMNS, features, run_features
from nas.cost.posterior import infer
from nas.cost.prior import ideal_devices, learn_prior
from nas.graph.lower import lower
from nas.space.catalog import find_space


def test_each_pays_for_one_thing_whatever_the_kernel() -> None:
    scale = np.arange(1.0, len(COLUMNS) + 1)
    devices = ideal_devices(scale)
    np.testing.assert_allclose((devices**2).mean(axis=1), 1.0)
    for device in devices / scale:
        paid = device[device > 0]
        np.testing.assert_allclose(paid, paid[0])
    launches = {COLUMNS[index] for index in np.flatnonzero(devices[0])}
    assert {"conv.calls", "elementwise.calls"} <= launches
    assert not launches & {"run.calls", "relu.calls"}


def test_ten_networks_tell_that_a_device_pays_by_the_launch_though_no_known_one_does() -> None:
    space = find_space("mobilenet_v3").at_resolution(224)
    networks = [lower(space.architecture(code)) for code in space.sample(60, seed=0)]
    design = np.array(
        [features([kernel.signature for kernel in each.kernels]).sum(axis=0) for each in networks]
    ) + run_features(networks)
    macs = [index for index, name in enumerate(COLUMNS) if name.endswith(".macs")]
    by_the_mac = design[:, macs].sum(axis=1)
    rng = np.random.default_rng(0)
    known = {
        f"device {number}": (design, by_the_mac * rng.uniform(0.98, 1.02, len(networks)))
        for number in range(3)
    }
    launches = np.array([float(len(each.kernels)) for each in networks])
    measured = launches * rng.uniform(0.97, 1.03, len(networks))
    posterior = infer(design[:10], measured[:10], learn_prior(known)).posterior
    error = np.abs(design[10:] @ posterior.mean / launches[10:] - 1)
    assert np.median(error) < 0.03
