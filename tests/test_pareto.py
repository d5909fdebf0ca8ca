"""Dominance, fronts and hypervolume against brute force and hand-made cases."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numpy.typing import NDArray

from nas.pareto import Sense, front, hypervolume, knee

MIN, MAX = Sense.MINIMIZE, Sense.MAXIMIZE
tables = st.integers(1, 3).flatmap(
    lambda columns: st.tuples(
        st.lists(
            st.lists(st.integers(0, 6).map(float), min_size=columns, max_size=columns),
            min_size=1,
            max_size=25,
        ),
        st.lists(st.sampled_from(Sense), min_size=columns, max_size=columns),
    )
)
Table = tuple[list[list[float]], list[Sense]]


def dominates(a: NDArray[np.float64], b: NDArray[np.float64]) -> bool:
    return bool((a <= b).all() and (a < b).any())


@given(tables)
def test_the_front_is_what_nothing_dominates_once_each(table: Table) -> None:
    values, senses = table
    signs = np.array([-1 if sense is MAX else 1 for sense in senses])
    rows = np.array(values) * signs
    expected = {tuple(row) for row in rows if not any(dominates(other, row) for other in rows)}
    found = front(values, senses)
    assert {tuple(rows[index]) for index in found} == expected
    assert len(found) == len(expected)
    assert list(rows[found][:, 0]) == sorted(rows[found][:, 0])


@given(tables)
def test_the_front_of_a_front_is_itself(table: Table) -> None:
    values, senses = table
    kept = np.array(values)[front(values, senses)]
    assert list(front(kept, senses)) == list(range(len(kept)))


@given(tables)
def test_hypervolume_is_that_of_the_front_and_grows(table: Table) -> None:
    values, senses = table
    reference = [-1.0 if sense is MAX else 7.0 for sense in senses]
    whole = hypervolume(values, senses, reference)
    assert whole == pytest.approx(
        hypervolume(np.array(values)[front(values, senses)], senses, reference)
    )
    assert whole >= hypervolume(values[:-1], senses, reference) - 1e-9
    # On whole numbers the dominated volume is the number of unit cells that are dominated.
    signs = np.array([-1 if sense is MAX else 1 for sense in senses])
    rows, corner = np.array(values) * signs, np.array(reference) * signs
    axes = [np.arange(corner[c] - 7, corner[c]) for c in range(len(senses))]
    cells = np.array(np.meshgrid(*axes)).reshape(len(senses), -1).T
    covered = (rows[:, None, :] <= cells[None]).all(axis=2).any(axis=0)
    assert whole == pytest.approx(covered.sum())


def test_a_point_beyond_the_reference_adds_nothing() -> None:
    assert hypervolume([[8.0, 1.0]], [MIN, MIN], [7.0, 7.0]) == 0
    assert hypervolume(np.empty((0, 2)), [MIN, MIN], [7.0, 7.0]) == 0


def test_nan_is_refused_and_nothing_has_an_empty_front() -> None:
    with pytest.raises(ValueError, match="NaN"):
        front([[1.0, float("nan")]], [MIN, MIN])
    assert len(front(np.empty((0, 2)), [MIN, MIN])) == 0


def test_the_knee_is_nearest_to_the_ideal() -> None:
    assert knee([[50.0, 1.0], [70.0, 2.0], [71.0, 10.0]], [MAX, MIN]) == 1
    assert knee([[50.0, 1.0]], [MAX, MIN]) == 0
