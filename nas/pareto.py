"""Objective values → dominance, fronts, hypervolume and knees. Pure arithmetic.

Orientation: values are (count, objectives) arrays in natural units, with one Sense per column.
A row dominates another when it is at least as good in every objective and better in one. Equal
rows do not dominate each other; `front` keeps the first of them. NaN never enters: a row with a
missing value is refused, because what is unknown can neither dominate nor be dominated.
"""

from __future__ import annotations

from collections.abc import Sequence
from enum import StrEnum

import moocore
import numpy as np
from numpy.typing import ArrayLike, NDArray

Values = NDArray[np.float64]


class Sense(StrEnum):
    """Which way an objective is better."""

    MINIMIZE = "minimize"
    MAXIMIZE = "maximize"


def minimized(values: ArrayLike, senses: Sequence[Sense]) -> Values:
    """The same values with every objective turned so that less is better; (count, objectives).

    Raises:
        ValueError: if a value is NaN or the columns are not one per sense.
    """
    table = np.array(values, dtype=np.float64).reshape(-1, len(senses))
    if np.isnan(table).any():
        raise ValueError("`values` must not be NaN")
    for column, sense in enumerate(senses):
        if sense is Sense.MAXIMIZE:
            table[:, column] *= -1
    return table


def front(values: ArrayLike, senses: Sequence[Sense]) -> NDArray[np.intp]:
    """Indices of the non-dominated rows, best in the first objective first.

    Of equal rows only the first is kept.
    """
    table = minimized(values, senses)
    kept = np.flatnonzero(nondominated(table))
    order: NDArray[np.intp] = kept[np.lexsort(table[kept].T[::-1])]
    return order


def nondominated(table: Values) -> NDArray[np.bool_]:
    """Which rows of a (count, objectives) table, all minimised, no other dominates.

    Of equal rows only the first is kept.
    """
    if len(table) == 0:
        return np.zeros(0, dtype=bool)
    # moocore (Fonseca et al., 2006; López-Ibáñez et al.) finds them in n log n for 2 and 3.
    kept: NDArray[np.bool_] = moocore.is_nondominated(table, keep_weakly=False)
    return kept


def hypervolume(values: ArrayLike, senses: Sequence[Sense], reference: Sequence[float]) -> float:
    """Volume dominated by the rows and bounded by `reference` (natural units, worse than all).

    Rows that are not better than the reference in every objective add nothing.
    """
    table = minimized(values, senses)
    corner = minimized([reference], senses)[0]
    inside = table[(table < corner).all(axis=1)]
    return float(moocore.hypervolume(inside, ref=corner)) if len(inside) else 0.0


def knee(values: ArrayLike, senses: Sequence[Sense]) -> int:
    """Index of the row nearest to the ideal point, objectives scaled to the rows' own range.

    The usual pick of somebody who says nothing about their preference.
    """
    table = minimized(values, senses)
    span = np.ptp(table, axis=0)
    scaled = (table - table.min(axis=0)) / np.where(span > 0, span, 1.0)
    return int(np.argmin(np.linalg.norm(scaled, axis=1)))
