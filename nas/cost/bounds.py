"""A posterior + rows whose costs have a least value → the likeliest coefficients that keep to it.

No kernel has a negative cost, though the coefficients of a kernel's features may well be negative
(a faster algorithm above some size). Least-distance programming in the posterior's own metric
(Lawson & Hanson, 1974, chapter 23) moves what the data leave open before what they settle.
"""

from __future__ import annotations

import numpy as np
import scipy
from numpy.typing import NDArray

from nas.cost.posterior import Posterior

Floats = NDArray[np.float64]
_ROUNDS = 6


def keep_above(posterior: Posterior, rows: Floats, least: Floats) -> Floats:
    """The likeliest coefficients w with rows · w >= least; shape (columns,).

    Args:
        posterior: Of the coefficients.
        rows: Features of kernels, shape (kernels, columns).
        least: Least cost of each kernel, shape (kernels,).
    """
    values, vectors = np.linalg.eigh(posterior.covariance)
    root = vectors * np.sqrt(np.maximum(values, 0.0))
    mean = posterior.mean
    bound = np.zeros(len(rows), dtype=bool)
    for _ in range(_ROUNDS):
        short = rows @ mean < least * (1 - 1e-6)
        if not (short & ~bound).any():
            break
        bound |= short
        step = _least_distance(rows[bound] @ root, least[bound] - rows[bound] @ posterior.mean)
        if step is None:
            break
        mean = posterior.mean + root @ step
    return mean


def _least_distance(matrix: Floats, bounds: Floats) -> Floats | None:
    """The shortest u with matrix · u >= bounds; None where there is none."""
    size = np.abs(bounds).max()
    system = np.vstack([matrix.T, bounds[None, :]]) / size
    goal = np.zeros(len(system))
    goal[-1] = 1.0
    weights, _ = scipy.optimize.nnls(system, goal, maxiter=10_000)
    rest = system @ weights - goal
    if rest[-1] > -1e-9:
        return None
    step: Floats = -rest[:-1] / rest[-1]
    return step
