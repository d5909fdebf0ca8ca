"""Measured networks + a prior → the law of one cost, and its error on networks held out.

Each law is inferred in two steps: coefficients of physical features, then, where enough was
measured and held-out error shows that it pays, a smooth function of kernels' shapes on top. No
kernel of the measured networks comes out below a small share of what is typical. Intervals are
widened, or narrowed, until they hold nine in ten of the networks held out (split conformal
prediction; Vovk et al., 2005), which no assumption about the noise enters.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
import scipy  # its parts load when they are first used, which costing a network does without
from numpy.typing import NDArray
from threadpoolctl import threadpool_limits

from nas.cost.bounds import keep_above
from nas.cost.features import COLUMNS, PER_RUN, features, run_features
from nas.cost.law import NORMAL_90, Law, Origin, Smooth, base_cost
from nas.cost.posterior import Posterior, infer, infer_under, ordinary
from nas.cost.prior import Prior
from nas.cost.residual import DEVIATIONS, Residual
from nas.errors import MeasurementLogError
from nas.graph.network import Network, Signature

Floats = NDArray[np.float64]

_FOLDS = 20
_POINTS = 300
_LEAST = 0.02  # of what a kernel of such features typically costs
_AT_MOST = 0.5  # of what any network was measured to take is least
_SMOOTH_FROM = 30  # measured networks
_PAYS = 0.95  # held-out error with a smooth part, relative to without


@dataclass(frozen=True, slots=True)
class HeldOutError:
    """Errors on rows that the fit did not see, relative to the measured value.

    Args:
        samples: Rows predicted.
        median: Median absolute relative error.
        within_5_percent: Share of rows within ±5%.
        within_10_percent: Share of rows within ±10%.
        spearman: Rank correlation of predicted and measured.
        interval_coverage: Share of rows inside their 90% interval.
        by_group: Median absolute relative error of each held-out group of several rows.
        points: (measured, predicted, low, high) of at most 300 rows.
    """

    samples: int
    median: float
    within_5_percent: float
    within_10_percent: float
    spearman: float
    interval_coverage: float
    by_group: dict[str, float]
    points: tuple[tuple[float, float, float, float], ...]


@dataclass(frozen=True, eq=False)
class Sample:
    """Networks as sums of distinct kernels: what laws are fitted on.

    Args:
        signatures: The distinct kernels.
        counts: How often each network has each, sparse, shape (networks, kernels).
        runs: What an inference of each pays once, shape (networks, columns); zero if nothing.
    """

    signatures: Sequence[Signature]
    counts: scipy.sparse.csr_array
    runs: Floats

    @classmethod
    def of(cls, networks: Sequence[Network], *, per_run: bool) -> Sample:
        """The sample of some networks."""
        index: dict[Signature, int] = {}
        rows, places = list[int](), list[int]()
        for row, network in enumerate(networks):
            rows += [row] * len(network.kernels)
            places += [index.setdefault(each.signature, len(index)) for each in network.kernels]
        ones = np.ones(len(rows))  # those of one place are added up
        counts = scipy.sparse.csr_array((ones, (rows, places)), shape=(len(networks), len(index)))
        runs = np.zeros((len(networks), len(COLUMNS)))
        if per_run:
            runs = run_features(networks)
        return cls(list(index), counts, runs)

    @property
    def per_run(self) -> bool:
        """Whether an inference pays once, besides its kernels."""
        return bool(self.runs.any())

    def design(self, table: Floats) -> Floats:
        """Networks' features from those of the kernels; shape (networks, columns)."""
        summed: Floats = self.counts @ table + self.runs
        return summed

    def part(self, inside: NDArray[np.bool_]) -> Sample:
        """Some of the networks."""
        return Sample(self.signatures, self.counts[inside], self.runs[inside])


def fit_law(
    sample: Sample, costs: Floats, prior: Prior, *, smooth: bool, origin: Origin = Origin.MEASURED
) -> Law:
    """The law of one cost, its intervals not widened yet.

    Args:
        sample: The networks.
        costs: What each took, shape (networks,).
        prior: What other devices say.
        smooth: Whether to fit a smooth function of kernels' shapes as well.
        origin: What the costs are.
    """
    used = np.flatnonzero(sample.counts.sum(axis=0)).tolist()
    signatures = [sample.signatures[index] for index in used]
    table = features(signatures)
    counted = Sample(signatures, sample.counts[:, used], sample.runs)
    design = counted.design(table)
    typical = np.sqrt(np.diag(prior.covariance)) / prior.scale * ordinary(design, prior.scale)
    paid = costs / (design @ typical)
    least = min(_LEAST * float(np.median(paid)), _AT_MOST * float(paid.min())) * typical
    least[[COLUMNS.index(name) for name in PER_RUN]] = 0.0
    measured: NDArray[np.bool_] = design.any(axis=0)  # type: ignore[assignment]
    found = infer(design, costs, prior)
    bounded = _bounded(counted, table)
    mean = keep_above(found.posterior, bounded, bounded @ least)
    law = Law(
        replace(found.posterior, mean=mean),
        least,
        prior.known | measured,
        measured,
        sample.per_run,
        1.0,
        origin,
    )
    return _smoothed(law, found.covariance, counted, costs) if smooth else law


def _bounded(sample: Sample, rows: Floats) -> Floats:
    """Rows whose costs have a least value: those of the kernels, and what an inference pays once.

    Why the second: cut off at zero only where it is asked for, it would leave every network's
    kernels too dear by as much (a third, on a Xeon Gold 6226).

    Args:
        sample: The networks.
        rows: Of its kernels, shape (kernels, columns [+ functions]).
    """
    once = np.unique(sample.runs, axis=0)
    return np.vstack([rows, np.pad(once, ((0, 0), (0, rows.shape[1] - once.shape[1])))])


def _smoothed(law: Law, prior: Floats, sample: Sample, costs: Floats) -> Law:
    """The law, joined by a smooth part.

    Args:
        law: Without one.
        prior: Covariance of its coefficients before measuring, shape (columns, columns).
        sample: The networks, of distinct kernels that they have.
        costs: What each took, shape (networks,).
    """
    columns, table = len(COLUMNS), features(sample.signatures)
    residual, base = Residual.over(sample.signatures), law.posterior.mean
    shares = base_cost(table, base, law.least)[:, None] * residual.basis(sample.signatures)
    design = np.hstack([sample.design(table), sample.counts @ shares])
    covariances = [
        scipy.linalg.block_diag(prior, deviation**2 * np.eye(shares.shape[1]))
        for deviation in DEVIATIONS
    ]
    posterior = infer_under(design, costs, np.ones(design.shape[1]), covariances).posterior
    bounded = _bounded(sample, np.hstack([table, shares]))
    mean = keep_above(posterior, bounded, bounded[:, :columns] @ law.least)
    # The functions' own uncertainty is left to the widening: it would be most of a model's file.
    known = Posterior(mean[:columns], posterior.covariance[:columns, :columns], posterior.noise)
    return replace(
        law, posterior=known, smooth=Smooth(residual, base, residual.weights(mean[columns:]))
    )


@dataclass(frozen=True, eq=False)
class _HeldOut:
    """Predictions of rows by laws that did not see them, and their deviations."""

    costs: Floats
    predicted: Floats
    deviations: Floats

    def median(self) -> float:
        return float(np.median(np.abs(self.predicted / self.costs - 1)))

    def distances(self) -> Floats:
        """How many deviations each row is off."""
        off: Floats = np.abs(self.costs - self.predicted) / self.deviations
        return off


def fit_held_out(
    sample: Sample, costs: Floats, groups: Sequence[str], prior: Prior, origin: Origin
) -> tuple[Law, HeldOutError]:
    """The law of all rows, with intervals that fit the rows of groups held out, and their error.

    Raises:
        MeasurementLogError: if there is but one group.
    """
    names = sorted(set(groups))
    if len(names) < 2:
        raise MeasurementLogError(
            f"`group` must have at least two values, one to hold out; got {len(names)}"
        )
    fold_of = {name: index % _FOLDS for index, name in enumerate(names)}
    folds = np.array([fold_of[group] for group in groups])
    with threadpool_limits(1):  # small matrices: threads would wait for each other
        smooth, held_out = False, _held_out(sample, costs, folds, prior, smooth=False)
        if len(costs) >= _SMOOTH_FROM:
            smoothed = _held_out(sample, costs, folds, prior, smooth=True)
            smooth = smoothed.median() < _PAYS * held_out.median()
            held_out = smoothed if smooth else held_out
        law = fit_law(sample, costs, prior, smooth=smooth, origin=origin)
    widening = _widening(held_out.distances())
    return replace(law, widening=widening), _error(held_out, groups, folds)


def held_out_from_half(
    sample: Sample, costs: Floats, groups: Sequence[str], prior: Prior
) -> float:
    """Median relative error of each half of the groups, predicted from the other half."""
    names = np.random.default_rng(0).permutation(sorted(set(groups)))
    first = set(names[: len(names) // 2].tolist())
    folds = np.array([int(group in first) for group in groups])
    with threadpool_limits(1):
        return min(
            _held_out(sample, costs, folds, prior, smooth=smooth).median()
            for smooth in ((False, True) if len(costs) >= 2 * _SMOOTH_FROM else (False,))
        )


def _held_out(
    sample: Sample, costs: Floats, folds: NDArray[np.int64], prior: Prior, *, smooth: bool
) -> _HeldOut:
    predicted, deviations = np.empty(len(costs)), np.empty(len(costs))
    for fold in np.unique(folds):
        inside = folds == fold
        law = fit_law(sample.part(~inside), costs[~inside], prior, smooth=smooth)
        there = sample.part(inside)
        predicted[inside], deviations[inside] = law.predict(
            there.signatures, there.counts, there.runs
        )
    return _HeldOut(costs, predicted, deviations)


def _widening(distances: Floats) -> float:
    """The factor that makes 90% intervals hold, of rows of unseen groups, nine in ten."""
    rank = min(len(distances), math.ceil(0.9 * (len(distances) + 1)))
    return float(np.sort(distances)[rank - 1]) / NORMAL_90


def _error(held_out: _HeldOut, groups: Sequence[str], folds: NDArray[np.int64]) -> HeldOutError:
    costs, predicted = held_out.costs, held_out.predicted
    error, half = np.abs(predicted / costs - 1), np.empty(len(costs))
    for fold in np.unique(folds):  # the widening, too, must not have seen the row
        inside = folds == fold
        half[inside] = _widening(held_out.distances()[~inside]) * held_out.deviations[inside]
    low, high = np.maximum(predicted - NORMAL_90 * half, 0), predicted + NORMAL_90 * half
    labels = np.array(groups)
    every = max(1, math.ceil(len(costs) / _POINTS))
    points = np.stack([costs, predicted, low, high], axis=1)[np.argsort(costs)][::every]
    return HeldOutError(
        len(costs),
        float(np.median(error)),
        float((error <= 0.05).mean()),
        float((error <= 0.10).mean()),
        float(scipy.stats.spearmanr(predicted, costs).statistic),
        float(((low <= costs) & (costs <= high)).mean()),
        {
            str(name): float(f"{np.median(error[labels == name]):.5g}")
            for name, rows in zip(*np.unique(labels, return_counts=True), strict=True)
            if rows > 1
        },
        tuple(_point(row) for row in points),
    )


def _point(row: Floats) -> tuple[float, float, float, float]:
    measured, predicted, low, high = (float(f"{value:.5g}") for value in row)
    return measured, predicted, low, high
