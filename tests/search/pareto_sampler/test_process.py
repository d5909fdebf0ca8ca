"""The Gaussian process: slopes of its evidence, and posteriors that grow as if made at once."""

from __future__ import annotations

import numpy as np
import pytest

from nas.search.pareto_sampler.features import Factor, Features, Rows
from nas.search.pareto_sampler.kernel import Hyper, kernel, prior_variance
from nas.search.pareto_sampler.process import Posterior, fit, objective

FACTORS = (
    *[Factor(3, ordered=False, group=0)] * 3,
    *[Factor(5, ordered=True, group=1)] * 2,
    Factor(2, ordered=False, group=2),
)
COUNT = 40


@pytest.fixture
def rng() -> np.random.Generator:
    return np.random.default_rng(0)


@pytest.fixture
def rows(rng: np.random.Generator) -> Rows:
    levels = np.stack([rng.integers(0, factor.levels, COUNT) for factor in FACTORS], 1)
    return Features(FACTORS).rows(levels, rng.normal(size=(COUNT, 2)), rng.random((COUNT, 2)))


def somewhere(rng: np.random.Generator) -> Hyper:
    prior = Hyper.prior(Features(FACTORS))
    return Hyper(prior.features, prior.logs + 0.3 * rng.normal(size=len(prior.logs)))


def test_slopes_of_the_evidence_are_those_of_finite_differences(
    rng: np.random.Generator, rows: Rows
) -> None:
    values, noise, at = rng.normal(size=COUNT), 0.1 * rng.random(COUNT), somewhere(rng)
    _, slopes = objective(at.logs, at, rows, values, noise)
    step = 1e-5
    finite = [
        (
            objective(at.logs + step * axis, at, rows, values, noise)[0]
            - objective(at.logs - step * axis, at, rows, values, noise)[0]
        )
        / (2 * step)
        for axis in np.eye(len(at.logs))
    ]
    np.testing.assert_allclose(slopes, finite, atol=1e-6)


def test_the_prior_variance_is_the_diagonal_of_the_kernel(
    rng: np.random.Generator, rows: Rows
) -> None:
    hyper = somewhere(rng)
    np.testing.assert_allclose(
        prior_variance(hyper, rows), np.diag(kernel(hyper, rows, rows)), rtol=1e-12
    )
    assert np.linalg.eigvalsh(kernel(hyper, rows, rows)).min() > -1e-9


def test_a_posterior_grown_row_by_row_is_the_one_made_at_once(
    rng: np.random.Generator, rows: Rows
) -> None:
    hyper, values, noise = somewhere(rng), rng.normal(size=COUNT), 0.1 * rng.random(COUNT)
    grown = Posterior(hyper, rows[:25], noise[:25], rows)
    for row in range(25, COUNT):
        grown.add(rows[np.array([row])], noise[row])
    whole = Posterior(hyper, rows, noise, rows)
    for found, expected in zip(grown.predict(values), whole.predict(values), strict=True):
        np.testing.assert_allclose(found, expected, atol=1e-9)


def test_a_pool_that_changes_is_predicted_as_one_made_anew(
    rng: np.random.Generator, rows: Rows
) -> None:
    hyper, values = somewhere(rng), rng.normal(size=20)
    posterior = Posterior(hyper, rows[:20], np.zeros(20), rows[:30])
    kept = np.array([2, 5, 29])
    posterior.change_pool(kept, rows[30:])
    anew = Posterior(hyper, rows[:20], np.zeros(20), rows[kept].then(rows[30:]))
    for found, expected in zip(posterior.predict(values), anew.predict(values), strict=True):
        np.testing.assert_allclose(found, expected, atol=1e-9)


def test_it_learns_what_adds_up_and_is_sure_of_what_it_has_seen(rng: np.random.Generator) -> None:
    factors = [Factor(3, ordered=False, group=g) for g in range(6)]
    features, levels = Features(factors), rng.integers(0, 3, (160, 6))
    effects = rng.normal(size=(6, 3))
    truth = effects[np.arange(6), levels].sum(1)
    truth = (truth - truth.mean()) / truth.std()
    rows, train = features.rows(levels, np.zeros((160, 0)), np.zeros((160, 0))), np.arange(80)
    hyper = fit(Hyper.prior(features), rows[train], truth[train], np.zeros(80), steps=40)
    mean, deviation = Posterior(hyper, rows[train], np.zeros(80), rows).predict(truth[train])
    assert np.abs(mean[80:] - truth[80:]).max() < 0.3
    assert np.corrcoef(mean[80:], truth[80:])[0, 1] > 0.99
    assert deviation[80:].mean() > deviation[train].mean()
