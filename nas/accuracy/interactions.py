"""Levels of categorical choices → one predicted quantity with its interval, by numpy alone.

    g(y) = w0 + Σ_j w_j x_j + Σ_{i<j} w_ij x_i x_j + Σ_{i<j<k} w_ijk x_i x_j x_k + noise

Each x_j is a contrast: a function of the level of one variable. With as many contrasts as a
variable has levels, less one, its main effect is any function of the level. The link g is a
shifted logarithm, g(u) = ln(1 + κu)/κ of the standardised quantity u: κ < 0 saturates below a
ceiling, as accuracy does, κ = 0 is the identity. The weights are a posterior (mean and variance
each), so that the interval widens where the evidence is thin. `nas.accuracy.fit` makes one.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from nas.accuracy.evaluator import Evaluated

Floats = NDArray[np.float64]
Levels = NDArray[np.intp]
"""Level of each variable in each candidate, from 0; shape (count, variables)."""

_CHUNK = 4096
_SMALLEST_CURVATURE = 1e-6


@dataclass(frozen=True, slots=True)
class Link:
    """The scale on which effects add: ln(1 + κu)/κ of u = (y - location)/scale.

    Args:
        location: A typical value of the quantity, in its unit.
        scale: Its spread, in its unit.
        curvature: κ; 1 + κu must be positive for every value that occurs.
    """

    location: float
    scale: float
    curvature: float

    def from_unit(self, quantity: Floats) -> Floats:
        """The quantity, in its unit → the scale on which effects add."""
        return bend((quantity - self.location) / self.scale, self.curvature)

    def to_unit(self, linked: Floats) -> Floats:
        """The scale on which effects add → the quantity, in its unit."""
        if abs(self.curvature) > _SMALLEST_CURVATURE:
            standard = np.expm1(self.curvature * linked) / self.curvature
        else:
            standard = linked + 0.5 * self.curvature * linked**2
        return self.location + self.scale * standard


def bend(standard: Floats, curvature: float) -> Floats:
    """The shifted logarithm ln(1 + κu)/κ, whose limit at κ = 0 is u."""
    if abs(curvature) <= _SMALLEST_CURVATURE:
        return standard - 0.5 * curvature * standard**2
    bent: Floats = np.log1p(curvature * standard) / curvature
    return bent


@dataclass(frozen=True, slots=True, eq=False)
class Weights:
    """The posterior of all weights of one order; the products they weigh come from `columns`.

    Args:
        columns: Contrast columns multiplied with each other; shape (count, order).
        mean: Posterior means; shape (count,).
        variance: Posterior variances; shape (count,).
    """

    columns: NDArray[np.intp]
    mean: Floats
    variance: Floats

    def quadratic_form(self, values: Floats, width: int) -> Floats:
        """Weights of order 2 as a (width, width) matrix, so that a product evaluates them all."""
        form = np.zeros((width, width))
        form[self.columns[:, 0], self.columns[:, 1]] = values
        return form


@dataclass(frozen=True, slots=True, eq=False)
class InteractionModel:
    """A fitted model of one quantity.

    Args:
        contrasts: For each variable its contrast columns by level; shape (levels, columns).
        link: The scale on which effects add.
        intercept: Posterior mean and variance of w0.
        main: Weights of single columns.
        pairs: Weights of products of two columns.
        triples: Weights of products of three columns; may be empty.
        noise_variance: Variance of the noise on the linked scale.
        interval: How many predictive standard deviations the interval reaches below (at most 0)
            and above (at least 0).
    """

    contrasts: tuple[Floats, ...]
    link: Link
    intercept: tuple[float, float]
    main: Weights
    pairs: Weights
    triples: Weights
    noise_variance: float
    interval: tuple[float, float]

    def predict(self, levels: Levels) -> Evaluated:
        """The median and the interval of each candidate; `levels` has shape (count, variables)."""
        parts = [
            self._linked(levels[start : start + _CHUNK]) for start in range(0, len(levels), _CHUNK)
        ]
        mean = np.concatenate([part[0] for part in parts]) if parts else np.empty(0)
        deviation = np.concatenate([part[1] for part in parts]) if parts else np.empty(0)
        below, above = self.interval
        return Evaluated(
            mean=self.link.to_unit(mean),
            low=self.link.to_unit(mean + below * deviation),
            high=self.link.to_unit(mean + above * deviation),
        )

    def _linked(self, levels: Levels) -> tuple[Floats, Floats]:
        """Mean and predictive standard deviation on the linked scale; each of shape (count,)."""
        x = contrast_columns(self.contrasts, levels)
        mean = self.intercept[0] + self._sum(x, self.main.mean, self.pairs.mean, self.triples.mean)
        variance = self.intercept[1] + self._sum(
            x * x, self.main.variance, self.pairs.variance, self.triples.variance
        )
        return mean, np.sqrt(self.noise_variance + variance)

    def _sum(self, x: Floats, main: Floats, pairs: Floats, triples: Floats) -> Floats:
        """Σ w_j x_j + Σ w_ij x_i x_j + Σ w_ijk x_i x_j x_k of each row of x."""
        form = self.pairs.quadratic_form(pairs, x.shape[1])
        total: Floats = x @ main + np.einsum("ij,ij->i", x @ form, x)
        if len(triples):
            first, second, third = self.triples.columns.T
            columns = x.T
            total += triples @ (columns[first] * columns[second] * columns[third])
        return total


def contrast_columns(contrasts: tuple[Floats, ...], levels: Levels) -> Floats:
    """The contrast columns of every candidate; shape (count, columns of all variables)."""
    return np.concatenate(
        [table[levels[:, variable]] for variable, table in enumerate(contrasts)], axis=1
    )
