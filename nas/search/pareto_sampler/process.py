"""Rows with values → a Gaussian process over rows, its hyper-parameters chosen by evidence.

The kernel is a sum of parts that say in what ways networks can be alike: a trend in the known
costs, linear and smooth; a trend in how often each choice occurs, linear and smooth; effects of
single choices that add up; and the likeness of whole networks, which falls off with the weighted
Hamming distance. Each variable has a relevance, each recurring category a distance of its own from
the others. Hyper-parameters maximise the evidence times a weak prior (Rasmussen and Williams,
2006, chapter 5), which keeps them sane with a handful of evaluations.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.linalg import cho_solve, solve_triangular
from scipy.linalg.lapack import dpotri
from scipy.optimize import minimize

from nas.search.pareto_sampler.features import Array, Features, Rows

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
_RELEVANCE_SD, _LEAF_SD = 0.8, 0.7
_JITTER = 1e-8
# Evidence is weighed on at most so many rows: it costs their cube, and tells little more beyond.
_FITTED_ROWS = 256


@dataclass(frozen=True, slots=True)
class Hyper:
    """Logarithms of hyper-parameters, by name."""

    features: Features
    logs: Array

    @classmethod
    def prior(cls, features: Features) -> Hyper:
        """Where the prior has them."""
        return cls(features, _prior(features)[0])

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


def _prior(features: Features) -> tuple[Array, Array]:
    means, deviations = np.array(list(_SCALARS.values())).T
    free = features.variables, features.leaves
    means = np.concatenate([np.zeros(sum(free)), means])
    return means, np.concatenate(
        [np.full(free[0], _RELEVANCE_SD), np.full(free[1], _LEAF_SD), deviations]
    )


@dataclass(slots=True)
class _Parts:
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
        # 1 for the unknown mean.
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


def _parts(hyper: Hyper, left: Rows, right: Rows) -> _Parts:
    share = 1 / max(1, hyper.features.variables)
    weights = hyper.relevance * share
    apart = weights * hyper.leaf
    distance = (
        (left.columns**2 @ apart)[:, None] + right.columns**2 @ apart
    ) / 2 - left.columns * apart @ right.columns.T
    cost_gap, count_gap = _gaps(left.costs, right.costs), _gaps(left.counts, right.counts)
    scalar = hyper.scalar
    return _Parts(
        single=scalar("single") ** 2 * (left.columns * weights @ right.columns.T),
        whole=scalar("whole") ** 2 * np.exp(-scalar("reach") * distance),
        distance=distance,
        cost_line=scalar("cost_line") ** 2 * (left.costs @ right.costs.T),
        cost_curve=scalar("cost_curve") ** 2
        * np.exp(-cost_gap / (2 * scalar("cost_length") ** 2)),
        cost_gap=cost_gap,
        count_line=scalar("count_line") ** 2 * (left.counts @ right.counts.T),
        count_curve=scalar("count_curve") ** 2
        * np.exp(-count_gap / (2 * scalar("count_length") ** 2)),
        count_gap=count_gap,
    )


def kernel(hyper: Hyper, left: Rows, right: Rows) -> Array:
    """Prior covariances; shape (left, right)."""
    return _parts(hyper, left, right).total()


def prior_variance(hyper: Hyper, rows: Rows) -> Array:
    """The diagonal of `kernel` of rows with themselves."""
    scalar, share = hyper.scalar, 1 / max(1, hyper.features.variables)
    fixed = 1.0 + scalar("whole") ** 2 + scalar("cost_curve") ** 2 + scalar("count_curve") ** 2
    variance: Array = (
        fixed
        + scalar("single") ** 2 * (rows.columns**2 @ (hyper.relevance * share))
        + scalar("cost_line") ** 2 * (rows.costs**2).sum(1)
        + scalar("count_line") ** 2 * (rows.counts**2).sum(1)
    )
    return variance


def _objective(
    logs: Array, features: Features, rows: Rows, values: Array, noise: Array
) -> tuple[float, Array]:
    """Minus the logarithm of evidence × prior, and its gradient."""
    means, deviations = _prior(features)
    hyper = Hyper(features, logs)
    parts = _parts(hyper, rows, rows)
    covariance = parts.total()
    own = hyper.scalar("noise") ** 2
    covariance[np.diag_indices_from(covariance)] += own + noise + _JITTER
    try:
        lower = np.linalg.cholesky(covariance)
    except np.linalg.LinAlgError:
        return 1e10, np.zeros_like(logs)
    inverse = dpotri(lower, lower=1)[0]
    inverse = np.tril(inverse) + np.tril(inverse, -1).T
    alpha = inverse @ values
    off = (logs - means) / deviations
    value = values @ alpha / 2 + np.log(np.diag(lower)).sum() + off @ off / 2
    slope = _slopes(hyper, parts, rows, inverse - np.outer(alpha, alpha), own)
    return float(value), slope / 2 + off / deviations


def _slopes(hyper: Hyper, parts: _Parts, rows: Rows, weight: Array, noise: float) -> Array:
    """Sums of `weight` × the derivative of the kernel by each logarithm.

    Derivatives by column weights are quadratic forms of the columns, so no matrix is made for
    each of them.
    """
    features, columns = hyper.features, rows.columns
    share = 1 / max(1, features.variables)
    single = hyper.scalar("single") ** 2 * (columns * (weight @ columns)).sum(0)
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
    return np.concatenate([relevance, leaf, [scalars[name] for name in _SCALARS]])


def fit(start: Hyper, rows: Rows, values: Array, noise: Array, *, steps: int) -> Hyper:
    """Hyper-parameters of the best evidence, from where a former fit left them.

    Args:
        start: Where to begin.
        rows: The networks.
        values: (count,), standardised.
        noise: (count,) variances known to be in each value, beside the common one.
        steps: Most steps of the optimiser (L-BFGS).
    """
    if len(rows) > _FITTED_ROWS:
        chosen = np.random.default_rng(len(rows)).choice(len(rows), _FITTED_ROWS, replace=False)
        rows, values, noise = rows[chosen], values[chosen], noise[chosen]
    means, deviations = _prior(start.features)
    bounds = np.stack([means - 5 * deviations, means + 5 * deviations], 1)
    found = minimize(
        _objective,
        start.logs,
        args=(start.features, rows, values, noise),
        jac=True,
        method="L-BFGS-B",
        bounds=bounds,
        options={"maxiter": steps},
    )
    return Hyper(start.features, found.x)


class Posterior:
    """What is known of a pool of candidates after some rows, growing row by row.

    Keeps the Cholesky factor of the rows and its solve for every candidate, so that one more row
    costs (rows × candidates) and the values may change at any time.
    """

    def __init__(self, hyper: Hyper, rows: Rows, noise: Array, pool: Rows) -> None:
        self._hyper, self.rows, self.pool = hyper, rows, pool
        covariance = kernel(hyper, rows, rows)
        own = hyper.scalar("noise") ** 2
        covariance[np.diag_indices_from(covariance)] += own + noise + _JITTER
        self._lower = np.linalg.cholesky(covariance)
        self._solved = self._solve(pool)
        self._spent = (self._solved**2).sum(0)
        self._prior = prior_variance(hyper, pool)

    def _solve(self, pool: Rows) -> Array:
        solved: Array = solve_triangular(
            self._lower, kernel(self._hyper, self.rows, pool), lower=True, check_finite=False
        )
        return solved

    def add(self, row: Rows, noise: float) -> None:
        """One more row, of whatever value."""
        cross = kernel(self._hyper, self.rows, row)[:, 0]
        along = solve_triangular(self._lower, cross, lower=True, check_finite=False)
        own = self._hyper.scalar("noise") ** 2 + noise + _JITTER
        left = np.sqrt(max(prior_variance(self._hyper, row)[0] + own - along @ along, own))
        count = len(self._lower)
        lower = np.zeros((count + 1, count + 1))
        lower[:count, :count] = self._lower
        lower[count, :count], lower[count, count] = along, left
        solved = (kernel(self._hyper, row, self.pool)[0] - along @ self._solved) / left
        self._lower, self._solved = lower, np.vstack([self._solved, solved])
        self._spent = self._spent + solved**2
        self.rows = self.rows.then(row)

    def change_pool(self, kept: NDArray[np.intp], new: Rows) -> None:
        """Keep some candidates and take others in.

        Args:
            kept: Indices of candidates to keep.
            new: Candidates to add after them.
        """
        solved = self._solve(new)
        self._solved = np.hstack([self._solved[:, kept], solved])
        self._spent = np.concatenate([self._spent[kept], (solved**2).sum(0)])
        self._prior = np.concatenate([self._prior[kept], prior_variance(self._hyper, new)])
        self.pool = self.pool[kept].then(new)

    def predict(self, values: Array) -> tuple[Array, Array]:
        """Mean and standard deviation of every candidate, given the values of the rows."""
        mean: Array = solve_triangular(self._lower, values, lower=True, check_finite=False) @ (
            self._solved
        )
        return mean, np.sqrt(np.maximum(self._prior - self._spent, 1e-12))

    def at_rows(self, values: Array) -> Array:
        """Means at the rows themselves, with their noise taken out."""
        weights = cho_solve((self._lower, True), values, check_finite=False)
        mean: Array = kernel(self._hyper, self.rows, self.rows) @ weights
        return mean
