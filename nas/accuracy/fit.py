"""Levels and a measured quantity → an `InteractionModel` with a calibrated interval.

The prior of the weights is Gaussian, of zero mean, and hierarchical: the log variance of a main
effect has a scale of its own, and that of an interaction is

    log v_ij = s₂ + a_i + a_j + (offsets where i and j share a group, a kind, or are neighbours)

so that columns that matter interact more (heredity: Chipman, Bayesian variable selection with
related predictors, 1996). `nas.accuracy.likelihood` chooses all of these by the evidence.

The interval is split conformal, folded: residuals of rows that a fit without them predicts, in
units of the predictive deviation, give its quantiles (Vovk, Gammerman & Shafer, Algorithmic
Learning in a Random World, 2005; Lei et al., Distribution-Free Predictive Inference, 2018).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import combinations

import numpy as np
from numpy.typing import NDArray

from nas.accuracy.interactions import (
    Floats,
    InteractionModel,
    Levels,
    Link,
    Weights,
    contrast_columns,
)
from nas.accuracy.levels import Factor
from nas.accuracy.likelihood import Evidence, Posterior, Prior, maximise, student_weights

_LOG_VARIANCE_BY_ORDER = (2.0, -2.0, -5.0, -6.0)
_NORMAL_QUARTILES = 1.349  # distance between the quartiles of a standard normal
_INSIDE = 0.98  # share of the range of curvatures for which the link exists


@dataclass(frozen=True, slots=True)
class FitSettings:
    """What a fit may vary.

    Args:
        degree: Highest degree of the contrasts of a factor.
        triples: Whether three columns of one group interact.
        coverage: Share of new rows that the interval shall hold.
        degrees_of_freedom: Of the Student-t noise.
        rounds: How often rows are weighted again.
        folds: In how many parts rows are held out to calibrate the interval; at least 2.
        iterations: Most steps of the first maximisation.
    """

    degree: int = 3
    triples: bool = True
    coverage: float = 0.9
    degrees_of_freedom: float = 5.0
    rounds: int = 2
    folds: int = 5
    iterations: int = 80


@dataclass(frozen=True, slots=True, eq=False)
class _Terms:
    """What each weight multiplies: w0, then single columns, then pairs, then triples.

    Args:
        factor, group, kind: Number of each column's factor, group and kind.
        pairs, triples: Columns multiplied with each other; shapes (count, 2) and (count, 3).
    """

    factor: NDArray[np.intp]
    group: NDArray[np.intp]
    kind: NDArray[np.intp]
    pairs: NDArray[np.intp]
    triples: NDArray[np.intp]

    def products(self, columns: Floats) -> Floats:
        """The regressors, one for each weight; shape (rows, weights)."""
        return np.concatenate(
            [
                np.ones((len(columns), 1)),
                columns,
                columns[:, self.pairs].prod(2),
                columns[:, self.triples].prod(2),
            ],
            axis=1,
        )


def fit(
    levels: Levels,
    quantity: Floats,
    *,
    factors: Sequence[Factor],
    settings: FitSettings | None = None,
) -> InteractionModel:
    """Fit by exact marginal likelihood; deterministic.

    Args:
        levels: Shape (rows, factors); a row that occurs twice would be held out from itself.
        quantity: What was measured, not all equal; shape (rows,).
        factors: What the levels mean.
        settings: The defaults unless given.
    """
    settings = settings or FitSettings()
    quantity = np.asarray(quantity, dtype=float)
    contrasts = _contrasts(levels, factors, settings.degree)
    terms = _terms(factors, [table.shape[1] for table in contrasts], settings)
    products = terms.products(contrast_columns(contrasts, levels))
    location, scale = _robust_scale(quantity)
    standard = (quantity - location) / scale
    evidence = Evidence(
        products=products,
        standard=standard,
        prior=_prior(terms),
        row_weights=student_weights(standard**2, settings.degrees_of_freedom),
        curvatures=(-_INSIDE / standard.max(), -_INSIDE / standard.min()),
    )
    posterior = maximise(
        evidence,
        degrees_of_freedom=settings.degrees_of_freedom,
        rounds=settings.rounds,
        iterations=settings.iterations,
    )
    return _model(
        contrasts,
        Link(location, scale, posterior.curvature),
        terms,
        posterior,
        _interval(evidence, posterior, settings),
    )


def _contrasts(levels: Levels, factors: Sequence[Factor], degree: int) -> tuple[Floats, ...]:
    counts = [
        np.bincount(levels[:, index], minlength=factor.levels).astype(np.float64) + 1
        for index, factor in enumerate(factors)
    ]
    return tuple(
        orthogonal_contrasts(count, absent=factor.absent, degree=degree)
        for count, factor in zip(counts, factors, strict=True)
    )


def orthogonal_contrasts(counts: Floats, *, absent: int | None, degree: int) -> Floats:
    """Polynomials in the level, orthonormal under how often each level occurs.

    An absent level has zeros: a factor that decides nothing has no effect.

    Returns:
        Shape (levels, columns), as many columns as the degree, at most levels present less one.
    """
    present = [level for level in range(len(counts)) if level != absent]
    root = np.sqrt(counts[present] / counts[present].sum())[:, None]
    position = np.arange(len(present)) - (len(present) - 1) / 2
    powers = np.vander(position, min(degree, len(present) - 1) + 1, increasing=True)
    orthonormal, upper = np.linalg.qr(root * powers)
    table = np.zeros((len(counts), powers.shape[1] - 1))
    table[present] = (orthonormal * np.sign(np.diag(upper)) / root)[:, 1:]
    return table


def _terms(factors: Sequence[Factor], widths: Sequence[int], settings: FitSettings) -> _Terms:
    factor = np.repeat(np.arange(len(factors)), widths)
    group = _numbered([f.group for f in factors])[factor]
    kind = _numbered([f.kind for f in factors])[factor]
    columns = range(len(factor))
    pairs = [(i, j) for i, j in combinations(columns, 2) if factor[i] != factor[j]]
    triples = [
        chosen
        for label in (np.unique(group) if settings.triples else ())
        for chosen in combinations(np.flatnonzero(group == label).tolist(), 3)
        if len({factor[column] for column in chosen}) == 3
    ]
    return _Terms(
        factor,
        group,
        kind,
        np.array(pairs, dtype=np.intp).reshape(-1, 2),
        np.array(triples, dtype=np.intp).reshape(-1, 3),
    )


def _numbered(labels: Sequence[str]) -> NDArray[np.intp]:
    """Labels → numbers in the order in which they first occur."""
    first = {label: number for number, label in enumerate(dict.fromkeys(labels))}
    return np.array([first[label] for label in labels], dtype=np.intp)


def _prior(terms: _Terms) -> Prior:
    """Hyper-parameters: one by order, heredity and main scale by column, three pair offsets."""
    columns = len(terms.factor)
    sizes = (1, columns, len(terms.pairs), len(terms.triples))
    order = np.repeat(np.arange(4), sizes)
    pairs, triples = order == 2, order == 3
    heredity = np.zeros((len(order), columns))
    heredity[pairs] = np.eye(columns)[terms.pairs].sum(1)
    heredity[triples] = np.eye(columns)[terms.triples].sum(1)
    main = np.zeros((len(order), columns))
    main[order == 1] = np.eye(columns)
    (first, second), (kind, other) = terms.group[terms.pairs].T, terms.kind[terms.pairs].T
    related = np.zeros((len(order), 3))
    related[pairs] = np.stack([first == second, kind == other, abs(first - second) == 1], axis=1)
    related[triples, 0] = 1
    design = np.concatenate(
        [order[:, None] == np.arange(4), heredity, main, related], axis=1, dtype=float
    )
    return Prior(design, np.array([*_LOG_VARIANCE_BY_ORDER, *np.zeros(2 * columns + 3)]))


def _robust_scale(quantity: Floats) -> tuple[float, float]:
    """The median, and the standard deviation that the quartiles of a normal would mean."""
    lower, median, upper = np.percentile(quantity, [25, 50, 75])
    return float(median), float(upper - lower) / _NORMAL_QUARTILES or 1.0


def _interval(
    evidence: Evidence, posterior: Posterior, settings: FitSettings
) -> tuple[float, float]:
    """Equal-tailed quantiles of held-out residuals in units of the predictive deviation.

    The hyper-parameters have seen every row, so that whole folds are fitted without theirs.
    """
    rows = len(evidence.standard)
    deviation = _predictive_deviation(evidence.products, posterior)
    fold = np.random.default_rng(0).permutation(rows) % settings.folds
    scores = np.empty(rows)
    for index in range(settings.folds):
        seen, held_out = fold != index, fold == index
        standard = evidence.standard[seen]
        part = maximise(
            Evidence(
                products=evidence.products[seen],
                standard=standard,
                prior=evidence.prior,
                row_weights=student_weights(standard**2, settings.degrees_of_freedom),
                curvatures=evidence.curvatures,
                curvature=posterior.curvature,
            ),
            degrees_of_freedom=settings.degrees_of_freedom,
            rounds=min(settings.rounds, 1),
            iterations=settings.iterations // 2,
        )
        residual = posterior.linked[held_out] - evidence.products[held_out] @ part.mean
        scores[held_out] = residual / deviation[held_out]
    return _conformal_quantiles(scores, settings.coverage)


def _predictive_deviation(products: Floats, posterior: Posterior) -> Floats:
    """As the model will say it: noise, and the weights' variances without covariances."""
    deviation: Floats = np.sqrt(1 / posterior.noise_precision + products**2 @ posterior.variance)
    return deviation


def _conformal_quantiles(scores: Floats, coverage: float) -> tuple[float, float]:
    """The order statistics that leave half of 1 - coverage on each side of one more score."""
    ordered, tail = np.sort(scores), (1 - coverage) / 2
    below = int(np.floor(tail * (len(ordered) + 1))) - 1
    above = int(np.ceil((1 - tail) * (len(ordered) + 1))) - 1
    last = len(ordered) - 1
    low, high = ordered[max(below, 0)], ordered[min(above, last)]
    return min(float(low), 0.0), max(float(high), 0.0)


def _model(
    contrasts: tuple[Floats, ...],
    link: Link,
    terms: _Terms,
    posterior: Posterior,
    interval: tuple[float, float],
) -> InteractionModel:
    columns = len(terms.factor)
    ends = np.cumsum([1, columns, len(terms.pairs)])
    means, variances = np.split(posterior.mean, ends), np.split(posterior.variance, ends)
    return InteractionModel(
        contrasts=contrasts,
        link=link,
        intercept=(float(means[0][0]), float(variances[0][0])),
        main=Weights(np.arange(columns)[:, None], means[1], variances[1]),
        pairs=Weights(terms.pairs, means[2], variances[2]),
        triples=Weights(terms.triples, means[3], variances[3]),
        noise_variance=1 / posterior.noise_precision,
        interval=interval,
    )
