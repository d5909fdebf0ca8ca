"""Products of contrasts + a quantity → the hyper-parameters and weights of most evidence.

With weights w_j ~ N(0, v_j), noise of precision β on the linked scale, row weights W = diag(ω) and
S = diag(√v), let A = β S Φ'WΦ S + I. The weights integrate out exactly; up to a constant, the loss

    L = -log p(y | v, β, κ) = ½(β r'Wr + Σ w_j²/v_j - n log β + log|A|) + Σ log(1 + κu)

at the posterior mean w, with r = g(u) - Φw; the last term is the Jacobian of the link (Box & Cox,
1964). Since L is stationary in w, ∂L/∂log v_j = -½(w_j²/v_j + [A⁻¹]_jj - 1), so that one Cholesky
factor gives the evidence and its whole gradient (MacKay, Bayesian Interpolation, 1992).

Noise is Student-t by re-weighting: ω = (ν + 1)/(ν + β E[r²]) given the last posterior, the EM step
of Lange, Little & Taylor (1989). Hyper-parameters have a weak Gaussian prior of their own.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import cached_property

import numpy as np
from scipy.linalg import lapack, solve_triangular
from scipy.optimize import minimize

from nas.accuracy.interactions import Floats, bend

_LOG_VARIANCES = (-25.0, 6.0)
_HYPER_PRECISION = 0.5
_FIRST_NOISE_PRECISION = 20.0
_NEARLY_ZERO = 1e-6


@dataclass(frozen=True, slots=True, eq=False)
class Prior:
    """Log variances of the weights, linear in hyper-parameters: `design @ hyper`.

    Args:
        design: Shape (weights, hyper-parameters).
        centre: Where the hyper-parameters are expected and the search starts.
    """

    design: Floats
    centre: Floats


@dataclass(frozen=True, slots=True, eq=False)
class Posterior:
    """The weights given one setting of everything else.

    Args:
        linked: The quantity on the linked scale; shape (rows,).
        mean: Posterior mean of each weight.
        prior_root: Square root of each weight's prior variance (S).
        cholesky: Lower factor of A.
        inverse_diagonal: Diagonal of A⁻¹.
        noise_precision: β.
        curvature: κ.
    """

    linked: Floats
    mean: Floats
    prior_root: Floats
    cholesky: Floats
    inverse_diagonal: Floats
    noise_precision: float
    curvature: float

    @property
    def variance(self) -> Floats:
        """Posterior variance of each weight."""
        return self.inverse_diagonal * self.prior_root**2

    def spread(self, products: Floats) -> Floats:
        """Posterior variance of each row's prediction, covariances of the weights included."""
        half = solve_triangular(self.cholesky, (products * self.prior_root).T, lower=True)
        spread: Floats = np.einsum("ij,ij->j", half, half)
        return spread


@dataclass(frozen=True, eq=False)
class Evidence:
    """The log marginal likelihood of rows under fixed row weights.

    Its free parameters are one vector: the hyper-parameters, log β, and the logit of κ within
    `curvatures`.

    Args:
        products: Φ, one column per weight; shape (rows, weights).
        standard: The standardised quantity u; shape (rows,).
        prior: Of the weights.
        row_weights: ω; shape (rows,).
        curvatures: The range of κ, inside which 1 + κu is positive.
        curvature: κ where it is given, None where it is free.
    """

    products: Floats
    standard: Floats
    prior: Prior
    row_weights: Floats
    curvatures: tuple[float, float]
    curvature: float | None = None

    @cached_property
    def gram(self) -> Floats:
        """Φ'WΦ; shape (weights, weights)."""
        gram: Floats = (self.products * self.row_weights[:, None]).T @ self.products
        return gram

    def start(self) -> Floats:
        """Free parameters at the centre of their prior, for an all but straight link."""
        low, high = self.curvatures
        margin = 0.25 * (high - low)
        curvature = self.curvature
        if curvature is None:
            curvature = float(np.clip(0, low + margin, high - margin))
        logit = np.log((curvature - low) / (high - curvature))
        return np.array([*self.prior.centre, np.log(_FIRST_NOISE_PRECISION), logit])

    def posterior(self, free: Floats) -> Posterior:
        """The weights given the free parameters."""
        low, high = self.curvatures
        curvature = float(low + (high - low) / (1 + np.exp(-free[-1])))
        precision = float(np.exp(free[-2]))
        linked = bend(self.standard, curvature)
        root = np.exp(0.5 * np.clip(self.prior.design @ free[:-2], *_LOG_VARIANCES))
        scaled = precision * self.gram * root[:, None] * root
        scaled[np.diag_indices_from(scaled)] += 1
        cholesky, _ = lapack.dpotrf(scaled, lower=1)
        right = precision * root * (self.products.T @ (self.row_weights * linked))
        return Posterior(
            linked=linked,
            mean=root * lapack.dpotrs(cholesky, right, lower=1)[0],
            prior_root=root,
            cholesky=cholesky,
            inverse_diagonal=np.diag(lapack.dpotri(cholesky, lower=1)[0]),
            noise_precision=precision,
            curvature=curvature,
        )

    def loss(self, free: Floats) -> tuple[float, Floats]:
        """The negative log evidence, hyper-prior included, and its gradient."""
        posterior = self.posterior(free)
        beta, kappa, rows = posterior.noise_precision, posterior.curvature, len(self.standard)
        residual = posterior.linked - self.products @ posterior.mean
        squares = float(self.row_weights @ residual**2)
        explained = (posterior.mean / posterior.prior_root) ** 2
        away = free[:-2] - self.prior.centre
        loss = (
            0.5 * (beta * squares + explained.sum() - rows * free[-2])
            + 0.5 * _HYPER_PRECISION * away @ away
            + np.log(np.diag(posterior.cholesky)).sum()
            + np.log1p(kappa * self.standard).sum()
        )
        determined = 1 - posterior.inverse_diagonal
        raw = self.prior.design @ free[:-2]
        inside = (raw >= _LOG_VARIANCES[0]) & (raw <= _LOG_VARIANCES[1])
        by_log_variance = np.where(inside, -0.5 * (explained - determined), 0)
        gradient = [
            *(self.prior.design.T @ by_log_variance + _HYPER_PRECISION * away),
            0.5 * (beta * squares + determined.sum() - rows),
            self._by_logit(posterior, residual),
        ]
        return float(loss), np.array(gradient)

    def _by_logit(self, posterior: Posterior, residual: Floats) -> float:
        """The derivative of the loss in the logit of κ; none where κ is given."""
        if self.curvature is not None:
            return 0.0
        (low, high), kappa, u = self.curvatures, posterior.curvature, self.standard
        slope = u / (1 + kappa * u)
        by_kappa = -0.5 * u * u
        if abs(kappa) > _NEARLY_ZERO:
            by_kappa = (slope - posterior.linked) / kappa
        weighted = posterior.noise_precision * self.row_weights * residual
        derivative = weighted @ by_kappa + slope.sum()
        return float(derivative * (kappa - low) * (high - kappa) / (high - low))


def student_weights(squares: Floats, degrees_of_freedom: float) -> Floats:
    """Row weights ω of expected squared residuals, which are in units of the noise variance."""
    return (degrees_of_freedom + 1) / (degrees_of_freedom + squares)


def maximise(
    evidence: Evidence, *, degrees_of_freedom: float, rounds: int, iterations: int
) -> Posterior:
    """The weights at the hyper-parameters, noise and curvature of most evidence.

    Args:
        evidence: With the row weights to start from.
        degrees_of_freedom: Of the Student-t noise.
        rounds: How often the rows are weighted again.
        iterations: Of the first maximisation; later ones start near and take half as many.
    """
    free = evidence.start()
    for remaining in range(rounds, -1, -1):
        limit = iterations if remaining == rounds else iterations // 2
        found = minimize(
            evidence.loss, free, jac=True, method="L-BFGS-B", options={"maxiter": limit}
        )
        free, posterior = found.x, evidence.posterior(found.x)
        if remaining:
            residual = posterior.linked - evidence.products @ posterior.mean
            squares = residual**2 + posterior.spread(evidence.products)
            weights = student_weights(posterior.noise_precision * squares, degrees_of_freedom)
            evidence = replace(evidence, row_weights=weights)
    return posterior
