"""What to measure next: informative networks before random ones, and the same twice never."""

from __future__ import annotations

import numpy as np

from nas.cost.calibrate import calibrate
from nas.cost.design import more_would_help, most_informative
from nas.cost.log import Measured
from nas.cost.model import AdditiveKernelModel, ModelKey
from nas.graph.lower import lower
from nas.graph.network import Network, Precision
from nas.space.catalog import find_space
from tests.cost.test_calibrate import measured

KEY = ModelKey("board", "runtime", Precision.FP32, 1, None)


def candidates(count: int, *, seed: int = 0) -> list[Network]:
    space = find_space("fbnet_cifar100")
    return [lower(space.architecture(code)) for code in space.sample(count, seed=seed)]


def half_width(model: AdditiveKernelModel, networks: list[Network]) -> float:
    """Mean half width of intervals relative to the latency, by the posterior alone."""
    widths = []
    for network in networks:
        estimate = model.estimate(network)
        half = estimate.latency_interval_ms[1] - estimate.latency_ms
        widths.append(half / estimate.latency_ms / model.latency.widening)
    return float(np.mean(widths))


def test_what_is_suggested_teaches_more_than_what_is_not() -> None:
    rows = measured(40)
    start, rest = rows[:8], rows[8:]
    model = calibrate(start, KEY).model
    order = most_informative(model, [row.network for row in rest], len(rest))
    assert sorted(order) == list(range(len(rest)))

    def after(picked: list[int]) -> float:
        more: list[Measured] = [*start, *(rest[index] for index in picked)]
        return half_width(calibrate(more, KEY).model, [row.network for row in rest])

    assert after(order[:6]) < after(order[-6:])


def test_the_dear_ones_come_later() -> None:
    model = calibrate(measured(20), KEY).model
    networks = candidates(12)
    first = most_informative(model, networks, 1)[0]
    seconds = [1.0] * 12
    seconds[first] = 1e6
    order = most_informative(model, networks, 12, seconds=seconds)
    assert order[-1] == first


def test_more_measurements_help_where_the_noise_leaves_room() -> None:
    noisy = measured(120, noise=0.15)
    assert not more_would_help(noisy, calibrate(noisy, KEY).latency_error)
