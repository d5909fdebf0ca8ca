"""The evidence: its gradient is that of its value, and the posterior is the ridge solution."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from scipy.optimize import approx_fprime

from nas.accuracy.interactions import Floats
from nas.accuracy.likelihood import Evidence, Prior, maximise, student_weights


def evidence(curvature: float | None) -> Evidence:
    rng = np.random.default_rng(3)
    products = np.c_[np.ones(60), rng.normal(size=(60, 7))]
    standard = products @ rng.normal(size=8) + rng.normal(0, 0.3, 60)
    standard /= standard.std()
    design = np.c_[np.ones(8), np.arange(8) % 3, np.arange(8) == 0].astype(float)
    return Evidence(
        products=products,
        standard=standard,
        prior=Prior(design, np.array([-1.0, 0.2, 0.5])),
        row_weights=rng.uniform(0.3, 1.2, 60),
        curvatures=(-0.98 / standard.max(), -0.98 / standard.min()),
        curvature=curvature,
    )


@pytest.mark.parametrize("curvature", [None, 0.07])
@pytest.mark.parametrize("away", [0.0, 0.7, -0.9])
def test_gradient_agrees_with_finite_differences(curvature: float | None, away: float) -> None:
    made = evidence(curvature)
    free = made.start()
    free[:-1] += away
    if curvature is None:
        free[-1] += away
    loss, gradient = made.loss(free)
    numeric = approx_fprime(free, lambda f: made.loss(f)[0], 1e-6)
    if curvature is not None:
        assert gradient[-1] == 0
        gradient, numeric = gradient[:-1], numeric[:-1]
    assert np.isfinite(loss)
    assert gradient == pytest.approx(numeric, rel=1e-4, abs=1e-3)


def test_posterior_is_the_weighted_ridge_solution() -> None:
    made = evidence(None)
    found = made.posterior(made.start())
    weighted = made.row_weights[:, None] * made.products
    precision = found.noise_precision * made.products.T @ weighted
    precision += np.diag(1 / found.prior_root**2)
    covariance = np.linalg.inv(precision)
    mean = found.noise_precision * covariance @ weighted.T @ found.linked
    assert found.mean == pytest.approx(mean)
    assert found.variance == pytest.approx(np.diag(covariance))
    spread = np.einsum("ij,jk,ik->i", made.products, covariance, made.products)
    assert found.spread(made.products) == pytest.approx(spread)


def test_a_wild_row_has_little_say_under_student_noise() -> None:
    tame = evidence(0.01)
    standard = tame.standard.copy()
    standard[5] += 15
    wild = replace(tame, standard=standard, curvatures=(-0.05, 0.05))

    def shift(degrees_of_freedom: float) -> float:
        def mean(made: Evidence) -> Floats:
            weights = student_weights(made.standard**2, degrees_of_freedom)
            return maximise(
                replace(made, row_weights=weights, curvatures=(-0.05, 0.05)),
                degrees_of_freedom=degrees_of_freedom,
                rounds=3,
                iterations=40,
            ).mean

        return float(np.linalg.norm(mean(wild) - mean(tame)))

    assert shift(4.0) < 0.3 * shift(1e9)


def test_rows_further_away_weigh_less() -> None:
    weights = student_weights(np.array([0.0, 1.0, 100.0]), 5)
    assert (np.diff(weights) < 0).all()


def test_maximising_finds_a_stationary_point() -> None:
    made = replace(evidence(None), row_weights=np.ones(60))
    found = maximise(made, degrees_of_freedom=5, rounds=0, iterations=200)
    determined = (1 - found.inverse_diagonal).sum()
    residual = found.linked - made.products @ found.mean
    # MacKay's condition: the noise is what the rows leave after the well-determined weights.
    noise = residual @ residual / (60 - determined)
    assert 1 / found.noise_precision == pytest.approx(noise, rel=1e-2)
