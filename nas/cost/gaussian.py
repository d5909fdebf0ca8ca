"""A Gaussian prior + costs linear in features → evidence and posterior, over scales and noises.

The prior is N(0, scale · covariance), the noise is white. One eigendecomposition serves a whole
grid of scales and noises (Bishop, 2006, section 3.5).
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]

NOISES: Floats = np.geomspace(0.004, 0.4, 14)
"""Standard deviations of the noise, relative to the cost."""

# Scales of the coefficients relative to the one that the costs suggest, and how far from it to
# believe in one: what lies above leaves room for coefficients that the networks cannot tell apart.
_SCALES = np.geomspace(0.1, 100.0, 10)
_SCALE_SPREAD = float(np.log(3.0))


@dataclass(frozen=True)
class Moments:
    """What of some measurements decides the posterior: Xᵀ X, Xᵀ y, yᵀ y and their number."""

    gram: Floats
    moment: Floats
    energy: float
    count: int

    @classmethod
    def of(cls, rows: Floats, targets: Floats) -> Moments:
        """The moments of rows of shape (count, columns) and their targets."""
        return cls(rows.T @ rows, rows.T @ targets, float(targets @ targets), len(targets))


@dataclass(frozen=True)
class Component:
    """Posteriors under one covariance.

    Args:
        basis: Root of the covariance times eigenvectors, shape (columns, rank).
        values: Eigenvalues of the information in that basis.
        moment: Xᵀ y in that basis.
        scales: The scales of the grid.
        evidence: Log evidence up to a constant, shape (scales, noises).
    """

    basis: Floats
    values: Floats
    moment: Floats
    scales: Floats
    evidence: Floats

    def at(self, scale: float, noise: float) -> tuple[Floats, Floats]:
        """The posterior's mean, and a factor F of its covariance F Fᵀ."""
        gain = scale / (noise**2 + scale * self.values)
        return self.basis @ (gain * self.moment), self.basis * (noise * np.sqrt(gain))

    def best(self) -> tuple[float, float]:
        """Scale and noise of the greatest evidence."""
        row, column = np.unravel_index(int(self.evidence.argmax()), self.evidence.shape)
        return float(self.scales[row]), float(NOISES[column])


def component(moments: Moments, covariance: Floats) -> Component:
    """Posteriors for every scale and noise of the grid.

    Args:
        moments: Of the measurements.
        covariance: Positive definite, shape (columns, columns).
    """
    root = np.linalg.cholesky(covariance)
    values, vectors = np.linalg.eigh(root.T @ moments.gram @ root)
    values, basis = np.maximum(values, 0.0), root @ vectors
    projected = basis.T @ moments.moment
    scales = _SCALES * moments.count / max(float(values.sum()), np.finfo(float).tiny)
    s, n = scales[:, None, None], NOISES[None, :, None]
    shrunk = n**2 + s * values
    explained = (s * projected**2 / shrunk).sum(axis=2)
    evidence = -0.5 * (
        (moments.energy - explained) / NOISES**2
        + np.log(shrunk / n**2).sum(axis=2)
        + 2 * moments.count * np.log(NOISES)
        + (np.log(_SCALES[:, None]) / _SCALE_SPREAD) ** 2
    )
    return Component(basis, values, projected, scales, evidence)
