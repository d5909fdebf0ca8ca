"""Rows with values → a Gaussian process over rows, its hyper-parameters chosen by evidence.

Hyper-parameters maximise the evidence times a weak prior (Rasmussen and Williams, 2006, chapter
5), which keeps them sane with a handful of evaluations.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from scipy.linalg import solve_triangular
from scipy.linalg.lapack import dpotri
from scipy.optimize import minimize

from nas.search.pareto_sampler.features import Array, Rows
from nas.search.pareto_sampler.kernel import (
    Hyper,
    kernel,
    parts_of,
    prior,
    prior_variance,
    slopes,
)

_JITTER = 1e-8
# Evidence is weighed on at most so many rows: it costs their cube, and tells little more beyond.
_FITTED_ROWS = 256


def objective(
    logs: Array, like: Hyper, rows: Rows, values: Array, noise: Array
) -> tuple[float, Array]:
    """Minus the logarithm of evidence × prior, and its gradient, at other logarithms."""
    means, deviations = prior(like.features, like.counting)
    hyper = Hyper(like.features, logs, like.counting)
    parts = parts_of(hyper, rows, rows)
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
    slope = slopes(hyper, parts, rows, inverse - np.outer(alpha, alpha), own)
    return float(value), slope / 2 + off / deviations


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
    means, deviations = prior(start.features, start.counting)
    bounds = np.stack([means - 5 * deviations, means + 5 * deviations], 1)
    found = minimize(
        objective,
        start.logs,
        args=(start, rows, values, noise),
        jac=True,
        method="L-BFGS-B",
        bounds=bounds,
        options={"maxiter": steps},
    )
    return Hyper(start.features, found.x, start.counting)


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
        self._solved = self._buffer = self._solve(pool)
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
        if count == len(self._buffer):  # It is large: copied seldom, not for every row.
            room = np.empty((count // 4 + 1, len(solved)))
            self._buffer = np.vstack([self._buffer, room])
        self._buffer[count] = solved
        self._lower, self._solved = lower, self._buffer[: count + 1]
        self._spent = self._spent + solved**2
        self.rows = self.rows.then(row)

    def change_pool(self, kept: NDArray[np.intp], new: Rows) -> None:
        """Keep some candidates and take others in.

        Args:
            kept: Indices of candidates to keep.
            new: Candidates to add after them.
        """
        solved = self._solve(new)
        self._solved = self._buffer = np.hstack([self._solved[:, kept], solved])
        self._spent = np.concatenate([self._spent[kept], (solved**2).sum(0)])
        self._prior = np.concatenate([self._prior[kept], prior_variance(self._hyper, new)])
        self.pool = self.pool[kept].then(new)

    def predict(self, values: Array) -> tuple[Array, Array]:
        """Mean and standard deviation of every candidate, given the values of the rows.

        The common noise is part of the deviation: what the kernel does not explain of a network
        is mostly its own, and its evaluation would find it.
        """
        mean: Array = solve_triangular(self._lower, values, lower=True, check_finite=False) @ (
            self._solved
        )
        known = np.maximum(self._prior - self._spent, 0.0)
        return mean, np.sqrt(known + self._hyper.scalar("noise") ** 2 + _JITTER)
