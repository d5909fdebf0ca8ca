"""The archive of a search: what it keeps is not dominated, bounded, spread, never forgotten."""

from __future__ import annotations

import moocore
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from nas.pareto import Sense, front, minimized
from nas.search.archive import Archive

SENSES = (Sense.MAXIMIZE, Sense.MINIMIZE, Sense.MINIMIZE)


def candidates(count: int, seed: int) -> tuple[np.ndarray, np.ndarray]:
    """Codes that name their row, and values on and behind a bent front."""
    rng = np.random.default_rng(seed)
    bent = np.abs(rng.normal(size=(count, len(SENSES)))) + 0.01
    bent /= np.linalg.norm(bent, axis=1, keepdims=True) * rng.uniform(0.8, 1, (count, 1))
    bent[:, 0] *= -50
    return np.arange(count, dtype=np.int16)[:, None], bent


@given(st.integers(0, 2**32 - 1), st.lists(st.integers(0, 60), min_size=1, max_size=6))
def test_below_its_capacity_it_is_the_front_of_all_that_came(seed: int, sizes: list[int]) -> None:
    codes, values = candidates(sum(sizes), seed)
    archive, start = Archive(SENSES, 1, capacity=1000), 0
    for size in sizes:
        rows = slice(start, start + size)
        stayed = archive.add(codes[rows], values[rows])
        assert set(codes[rows][stayed, 0]) <= set(archive.codes[:, 0])
        start += size
    assert sorted(archive.codes[:, 0]) == sorted(front(values, SENSES))
    assert (archive.values == values[archive.codes[:, 0]]).all()


@pytest.mark.parametrize("capacity", [10, 100])
def test_it_stays_bounded_and_keeps_the_best_of_each(capacity: int) -> None:
    codes, values = candidates(6000, seed=1)
    archive = Archive(SENSES, 1, capacity)
    volumes = []
    for rows in np.array_split(np.arange(len(codes)), 12):
        archive.add(codes[rows], values[rows])
        volumes.append(archive.hypervolume())
        assert len(archive) <= capacity
    assert len(archive) >= capacity / 3
    assert volumes == sorted(volumes)
    kept, every = minimized(archive.values, SENSES), minimized(values, SENSES)
    assert moocore.is_nondominated(kept).all()
    # The very best of an objective stays unless something as good in all others beat it to it.
    assert kept.min(axis=0) == pytest.approx(every.min(axis=0), rel=0.02, abs=0.02)
    distances = np.linalg.norm(archive.scaled()[:, None] - archive.scaled()[None], axis=2)
    assert np.sort(distances, axis=1)[:, 1].max() < 1.2, "nothing stands alone"


@pytest.mark.parametrize("objectives", [1, 2, 3, 5])
def test_its_hypervolume_is_that_of_all_it_kept(objectives: int) -> None:
    rng = np.random.default_rng(objectives)
    values = np.exp(rng.normal(size=(400, objectives)))
    archive = Archive((Sense.MINIMIZE,) * objectives, 1, capacity=1000)
    archive.add(np.zeros((400, 1), dtype=np.int16), values)
    exact = moocore.hypervolume(archive.scaled(), ref=np.full(objectives, 1.1))
    assert archive.hypervolume() == pytest.approx(exact, rel=0.05)


def test_nothing_is_a_front_of_nothing() -> None:
    archive = Archive(SENSES, 2, capacity=10)
    assert len(archive.add(np.empty((0, 2), np.int16), np.empty((0, 3)))) == 0
    assert (len(archive), archive.hypervolume(), archive.scaled().shape) == (0, 0.0, (0, 3))
