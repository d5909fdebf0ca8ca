"""Columns, counts and similarities that the surrogate sees."""

from __future__ import annotations

import numpy as np
import pytest

from nas.search.pareto_sampler.features import Factor, Features

NO_COSTS = np.zeros((4, 0))


def similarities(factor: Factor, levels: list[int]) -> np.ndarray:
    features = Features([factor])
    rows = features.rows(
        np.array(levels, dtype=np.int16)[:, None],
        np.zeros((len(levels), 0)),
        np.zeros((len(levels), 0)),
    )
    return rows.columns @ rows.columns.T


def test_categories_are_alike_or_not() -> None:
    found = similarities(Factor(3, ordered=False, group=0), [0, 1, 2])
    np.testing.assert_array_equal(found, np.eye(3))


@pytest.mark.parametrize("levels", [3, 10, 17])
def test_ordered_values_are_the_less_alike_the_farther_apart(levels: int) -> None:
    found = similarities(Factor(levels, ordered=True, group=0), list(range(levels)))
    expected = 1 - np.abs(np.subtract.outer(range(levels), range(levels))) / (levels - 1)
    np.testing.assert_allclose(found, expected, atol=1e-12)


def test_many_ordered_values_are_compared_at_a_bounded_number_of_thresholds() -> None:
    found = similarities(Factor(1000, ordered=True, group=0), [0, 500, 999])
    np.testing.assert_allclose(found, [[1, 0.5, 0], [0.5, 1, 0.5], [0, 0.5, 1]], atol=0.05)
    assert Features([Factor(1000, ordered=True, group=0)]).variable_of.shape == (32,)


def test_recurring_choices_are_counted_over_the_variables_that_share_them() -> None:
    same, other = Factor(3, ordered=False, group=0), Factor(2, ordered=False, group=1)
    features = Features([same, other, same])
    levels = np.array([[0, 1, 0], [0, 1, 2], [1, 0, 1], [2, 0, 0]])
    counts = features.rows(levels, NO_COSTS, NO_COSTS).counts * np.sqrt(2)
    np.testing.assert_allclose(counts, [[2, 0, 0], [1, 0, 1], [0, 2, 0], [1, 0, 1]])


def test_a_space_without_variables_has_rows_without_columns() -> None:
    rows = Features([]).rows(np.zeros((4, 0), dtype=np.int16), NO_COSTS, NO_COSTS)
    assert rows.columns.shape == (4, 0)
    assert rows.counts.shape == (4, 0)
