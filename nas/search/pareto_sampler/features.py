"""Levels of variables → what the surrogate compares: similarities, counts of alike choices, costs.

Two networks are alike in a variable by a number from 0 to 1, the inner product of their columns
for it: equal or not for categories, the share of thresholds between them for ordered values.

Why counts: variables with the same choices (the operation of every block, say) mostly act alike,
so how often each choice occurs says much before any single variable has been learned.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Levels = NDArray[np.integer]
Array = NDArray[np.float64]

# Ordered variables of many values are compared at so many thresholds.
_THRESHOLDS = 16


@dataclass(frozen=True, slots=True)
class Factor:
    """One variable as the surrogate sees it.

    Args:
        levels: How many values it has.
        ordered: Whether neighbouring levels are more alike than distant ones.
        group: Equal for variables whose levels mean the same.
    """

    levels: int
    ordered: bool
    group: int


@dataclass(frozen=True, slots=True)
class Rows:
    """Some networks as the surrogate sees them.

    Args:
        columns: (count, columns) whose inner products, variable by variable, are similarities.
        counts: (count, choices) how often each recurring choice occurs.
        costs: (count, costs) known costs, standardised.
    """

    columns: Array
    counts: Array
    costs: Array

    def __len__(self) -> int:
        return len(self.columns)

    def __getitem__(self, rows: NDArray[np.intp] | slice) -> Rows:
        return Rows(self.columns[rows], self.counts[rows], self.costs[rows])

    def then(self, other: Rows) -> Rows:
        """These networks, then the others."""
        return Rows(
            np.vstack([self.columns, other.columns]),
            np.vstack([self.counts, other.counts]),
            np.vstack([self.costs, other.costs]),
        )


class Features:
    """Turns levels into rows for one set of variables."""

    def __init__(self, factors: Sequence[Factor]) -> None:
        self._factors = tuple(factors)
        self.variables = len(self._factors)
        variable_of, leaf_of, leaves = [], [], 0
        first_leaf: dict[int, int] = {}
        for index, factor in enumerate(self._factors):
            width = 2 * len(_cuts(factor)) if factor.ordered else factor.levels
            variable_of += [index] * width
            if factor.ordered:
                leaf_of += [-1] * width
                continue
            if factor.group not in first_leaf:
                first_leaf[factor.group], leaves = leaves, leaves + factor.levels
            start = first_leaf[factor.group]
            leaf_of += range(start, start + factor.levels)
        self.variable_of = np.array(variable_of, dtype=np.intp)
        """For each column the variable that it belongs to."""
        self.leaf_of = np.array(leaf_of, dtype=np.intp)
        """For each column the category that it stands for across its group, -1 if ordered."""
        self.leaves = leaves
        self._recurring = self._groups()

    def _groups(self) -> list[tuple[list[int], int]]:
        groups: dict[int, list[int]] = {}
        for index, factor in enumerate(self._factors):
            groups.setdefault(factor.group, []).append(index)
        return [(g, self._factors[g[0]].levels) for g in groups.values() if len(g) > 1]

    def rows(self, levels: Levels, costs: Array) -> Rows:
        """Levels of shape (count, variables) and standardised costs (count, costs) → rows."""
        parts = [
            _ordered(levels[:, index], factor)
            if factor.ordered
            else _one_hot(levels, index, factor)
            for index, factor in enumerate(self._factors)
        ]
        counts = [
            np.stack([(levels[:, group] == level).sum(1) for level in range(size)], 1)
            / np.sqrt(len(group))
            for group, size in self._recurring
        ]
        none = np.zeros((len(levels), 0))
        return Rows(np.hstack([none, *parts]), np.hstack([none, *counts]), costs)


def _one_hot(levels: Levels, index: int, factor: Factor) -> Array:
    hot: Array = (levels[:, index, None] == np.arange(factor.levels)).astype(float)
    return hot


def _cuts(factor: Factor) -> Array:
    """Thresholds between the levels of an ordered variable, evenly among all there are."""
    count = factor.levels - 1
    cuts: Array = np.linspace(0, count - 1, min(count, _THRESHOLDS)).round() + 0.5
    return cuts


def _ordered(levels: Levels, factor: Factor) -> Array:
    cuts = _cuts(factor)
    above = (levels[:, None] > cuts).astype(float)
    columns: Array = np.hstack([above, 1 - above]) / np.sqrt(max(1, len(cuts)))
    return columns
