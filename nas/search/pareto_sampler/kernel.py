"""Two sets of rows → how much they tell about each other, and how that depends on what is learned.

The kernel is a sum of parts that say in what ways networks can be alike: a trend in the known
costs, linear and smooth; a trend in how often each choice occurs, linear and smooth; effects of
single choices that add up; and the likeness of whole networks, which falls off with the weighted
Hamming distance. Each variable has a relevance, each recurring category a distance of its own from
the others. How much networks differ may change along the range of costs: cheap ones may all be
equally bad where dear ones are not.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from nas.search.pareto_sampler.features import KNOTS, Array, Features, Rows

# Hyper-parameters that stand once, with the mean and the standard deviation of their logarithms.
_SCALARS = {
    "single": (np.log(0.5), 1.0),
    "whole": (np.log(0.5), 1.0),
    "reach": (np.log(3.0), 0.7),
    "cost_line": (np.log(0.7), 1.0),
    "cost_curve": (np.log(0.3), 1.0),
    "cost_length": (np.log(0.7), 0.5),
    "count_line": (np.log(0.5), 1.0),
    "count_curve": (np.log(0.5), 1.0),
    "count_length": (0.0, 0.5),
    "noise": (np.log(0.05), 1.0),
}
_RELEVANCE_SD, _LEAF_SD, _KNOT_SD = 0.8, 0.7, 0.7
# A part that is left out: its logarithm, held there.
_OUT = (-9.0, 0.01)


@dataclass(frozen=True, slots=True)
class Hyper:
    """Logarithms of hyper-parameters, by name."""

    features: Features
    logs: Array
    counting: bool = True

    @classmethod
    def prior(cls, features: Features, *, counting: bool = True) -> Hyper:
        """Where the prior has them.

        Args:
            features: Of the space.
            counting: Whether the trend in how often each choice occurs takes part.
        """
        return cls(features, prior(features, counting)[0], counting)

    def amplitude(self, rows: Rows) -> Array:
        """How much each network may differ from others that cost the same, relatively."""
        amplitudes: Array = np.exp(rows.places @ self.logs[-KNOTS:])
        return amplitudes

    def scalar(self, name: str) -> float:
        """One that stands once."""
        index = self.features.variables + self.features.leaves + list(_SCALARS).index(name)
        return float(np.exp(self.logs[index]))

    @property
    def relevance(self) -> Array:
        """By column: how much its variable matters."""
        weights: Array = np.exp(self.logs[: self.features.variables])[self.features.variable_of]
        return weights

    @property
    def leaf(self) -> Array:
        """By column: how far its category is from the others; 1 for ordered variables."""
        start = self.features.variables
        logs = np.append(self.logs[start : start + self.features.leaves], 0.0)
        weights: Array = np.exp(logs[self.features.leaf_of])
        return weights


def prior(features: Features, counting: bool) -> tuple[Array, Array]:
    """Means and standard deviations of the logarithms before anything is told."""
    scalars = dict(_SCALARS)
    if not counting:
        scalars |= {"count_line": _OUT, "count_curve": _OUT}
    means, deviations = np.array(list(scalars.values())).T
    free = np.repeat(
        [_RELEVANCE_SD, _LEAF_SD, _KNOT_SD], [features.variables, features.leaves, KNOTS]
    )
    before = features.variables + features.leaves
    return (
        np.concatenate([np.zeros(before), means, np.zeros(KNOTS)]),
        np.concatenate([free[:before], deviations, free[before:]]),
    )


@dataclass(slots=True)
class Parts:
    """The kernel between two sets of rows, part by part."""

    single: Array
    whole: Array
    distance: Array
    cost_line: Array
    cost_curve: Array
    cost_gap: Array
    count_line: Array
    count_curve: Array
    count_gap: Array

    def total(self) -> Array:
        """Their sum, and that of the unknown mean."""
        return (
            1.0
            + self.single
            + self.whole
            + self.cost_line
            + self.cost_curve
            + self.count_line
            + self.count_curve
        )


def _gaps(left: Array, right: Array) -> Array:
    """Squared distances."""
    squares = (left**2).sum(1)[:, None] + (right**2).sum(1) - 2 * left @ right.T
    clipped: Array = np.maximum(squares, 0.0)
    return clipped


def parts_of(hyper: Hyper, left: Rows, right: Rows) -> Parts:
    """The kernel between two sets of rows, part by part; each of shape (left, right)."""
    share = 1 / max(1, hyper.features.variables)
    weights = hyper.relevance * share
    apart = weights * hyper.leaf
    distance = (
        (left.columns**2 @ apart)[:, None] + right.columns**2 @ apart
    ) / 2 - left.columns * apart @ right.columns.T
    cost_gap, count_gap = _gaps(left.costs, right.costs), _gaps(left.counts, right.counts)
    scalar = hyper.scalar
    size = hyper.amplitude(left)[:, None] * hyper.amplitude(right)
    return Parts(
        single=size * scalar("single") ** 2 * (left.columns * weights @ right.columns.T),
        whole=size * scalar("whole") ** 2 * np.exp(-scalar("reach") * distance),
        distance=distance,
        cost_line=scalar("cost_line") ** 2 * (left.costs @ right.costs.T),
        cost_curve=scalar("cost_curve") ** 2
        * np.exp(-cost_gap / (2 * scalar("cost_length") ** 2)),
        cost_gap=cost_gap,
        count_line=size * scalar("count_line") ** 2 * (left.counts @ right.counts.T),
        count_curve=size
        * scalar("count_curve") ** 2
        * np.exp(-count_gap / (2 * scalar("count_length") ** 2)),
        count_gap=count_gap,
    )


def kernel(hyper: Hyper, left: Rows, right: Rows) -> Array:
    """Prior covariances; shape (left, right)."""
    return parts_of(hyper, left, right).total()


def prior_variance(hyper: Hyper, rows: Rows) -> Array:
    """The diagonal of `kernel` of rows with themselves."""
    scalar, share = hyper.scalar, 1 / max(1, hyper.features.variables)
    structural = (
        scalar("whole") ** 2
        + scalar("count_curve") ** 2
        + scalar("single") ** 2 * (rows.columns**2 @ (hyper.relevance * share))
        + scalar("count_line") ** 2 * (rows.counts**2).sum(1)
    )
    variance: Array = (
        1.0
        + scalar("cost_curve") ** 2
        + scalar("cost_line") ** 2 * (rows.costs**2).sum(1)
        + hyper.amplitude(rows) ** 2 * structural
    )
    return variance


def slopes(hyper: Hyper, parts: Parts, rows: Rows, weight: Array, noise: float) -> Array:
    """Sums of `weight` × the derivative of the kernel by each logarithm.

    Derivatives by column weights are quadratic forms of the columns, so no matrix is made for
    each of them.
    """
    features, columns = hyper.features, rows.columns
    share = 1 / max(1, features.variables)
    size = hyper.amplitude(rows)
    sized = weight * size[:, None] * size
    single = hyper.scalar("single") ** 2 * (columns * (sized @ columns)).sum(0)
    pull = weight * parts.whole
    apart = (columns**2 * pull.sum(1)[:, None]).sum(0) - (columns * (pull @ columns)).sum(0)
    apart *= -hyper.scalar("reach") * hyper.leaf
    by_column = hyper.relevance * share * (single + apart)
    relevance = np.bincount(features.variable_of, by_column, minlength=features.variables)
    by_leaf = hyper.relevance * share * apart
    known = features.leaf_of >= 0
    leaf = np.bincount(features.leaf_of[known], by_leaf[known], minlength=features.leaves)
    scalars = {
        "single": 2 * (weight * parts.single).sum(),
        "whole": 2 * pull.sum(),
        "reach": -hyper.scalar("reach") * (pull * parts.distance).sum(),
        "cost_line": 2 * (weight * parts.cost_line).sum(),
        "cost_curve": 2 * (weight * parts.cost_curve).sum(),
        "cost_length": (weight * parts.cost_curve * parts.cost_gap).sum()
        / hyper.scalar("cost_length") ** 2,
        "count_line": 2 * (weight * parts.count_line).sum(),
        "count_curve": 2 * (weight * parts.count_curve).sum(),
        "count_length": (weight * parts.count_curve * parts.count_gap).sum()
        / hyper.scalar("count_length") ** 2,
        "noise": 2 * noise * np.trace(weight),
    }
    structural = parts.single + parts.whole + parts.count_line + parts.count_curve
    knots = 2 * rows.places.T @ (weight * structural).sum(1)
    return np.concatenate([relevance, leaf, [scalars[name] for name in _SCALARS], knots])
