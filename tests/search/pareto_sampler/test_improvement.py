"""Expected hypervolume improvement against sampling errors and measuring hypervolumes."""

from __future__ import annotations

import moocore
import numpy as np
import pytest

from nas.pareto import nondominated
from nas.search.pareto_sampler.improvement import Beliefs, expected_improvement

SAMPLES = 4_000


def setting(costs: int, seed: int) -> tuple[Beliefs, np.ndarray, np.ndarray, np.ndarray]:
    rng = np.random.default_rng(seed)
    count = 12
    beliefs = Beliefs(
        mean=rng.normal(-1, 0.5, count),
        deviation=rng.uniform(0.1, 0.6, count),
        shift=0.1,
        sound=rng.uniform(0.2, 1, count),
    )
    table = rng.random((8, 1 + costs))
    return beliefs, rng.random((count, costs)), table[nondominated(table)], np.full(1 + costs, 1.1)


def volume(table: np.ndarray, corner: np.ndarray) -> float:
    return float(moocore.hypervolume(table[(table < corner).all(1)], ref=corner))


def by_sampling(
    beliefs: Beliefs, costs: np.ndarray, front: np.ndarray, corner: np.ndarray
) -> np.ndarray:
    """Quantiles of each belief instead of random errors: the same, with less noise."""
    from scipy.stats import norm

    places = norm.ppf((np.arange(SAMPLES) + 0.5) / SAMPLES)
    before, found = volume(front, corner), []
    for mean, deviation, sound, cost in zip(
        beliefs.mean, beliefs.deviation, beliefs.sound, costs, strict=True
    ):
        errors = np.exp(mean + deviation * places[::20]) - beliefs.shift
        grown = [volume(np.vstack([front, [error, *cost]]), corner) - before for error in errors]
        found.append(sound * np.mean(grown))
    return np.array(found)


@pytest.mark.parametrize("seed", range(3))
@pytest.mark.parametrize("costs", [0, 1, 2])
def test_it_is_what_sampling_finds(costs: int, seed: int) -> None:
    beliefs, at, front, corner = setting(costs, seed)
    if costs == 0:
        best = min(front[:, 0].min(), corner[0])
        front = np.array([[best]])
    exact = expected_improvement(beliefs, at, front, corner)
    np.testing.assert_allclose(exact, by_sampling(beliefs, at, front, corner), atol=3e-3)


def test_three_costs_are_near_to_what_sampling_finds() -> None:
    beliefs, at, front, corner = setting(3, 0)
    near = expected_improvement(beliefs, at, front, corner)
    np.testing.assert_allclose(near, by_sampling(beliefs, at, front, corner), atol=0.02)


def test_what_the_front_dominates_for_sure_gains_nothing() -> None:
    certain = Beliefs(np.log(np.array([0.6])), np.array([1e-6]), 0.1, np.ones(1))
    front, corner = np.array([[0.2, 0.2]]), np.array([1.1, 1.1])
    assert expected_improvement(certain, np.array([[0.3]]), front, corner)[0] < 1e-12
    cheaper = expected_improvement(certain, np.array([[0.1]]), front, corner)[0]
    assert cheaper == pytest.approx(0.1 * (1.1 - 0.5), rel=1e-6)


def test_an_empty_front_is_improved_by_the_whole_box() -> None:
    certain = Beliefs(np.log(np.array([0.6])), np.array([1e-6]), 0.1, np.ones(1))
    nothing, corner = np.zeros((0, 3)), np.full(3, 1.1)
    gain = expected_improvement(certain, np.array([[0.1, 0.6]]), nothing, corner)[0]
    assert gain == pytest.approx((1.1 - 0.5) * 1.0 * 0.5, rel=1e-6)
