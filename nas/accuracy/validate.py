"""Rows + a seed → how well a fit on four fifths of them predicts the last fifth."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, dataclass

import numpy as np
from scipy.stats import kendalltau

from nas.accuracy.artefact import HeldOut, SeededFit
from nas.accuracy.evaluator import Evaluated
from nas.accuracy.fit import FitSettings, fit
from nas.accuracy.interactions import Floats, Levels
from nas.accuracy.levels import Factor

_HELD_OUT = 5  # one row in five
_DECIMALS = 5


@dataclass(frozen=True, slots=True)
class Agreement:
    """How well predictions agree with what was measured.

    Args:
        kendall_tau: Rank correlation (τ-b).
        r2: Share of the variance explained.
        mae: Mean absolute error, in the quantity's unit.
        median_relative_error: Median of |predicted/measured - 1|.
        interval_coverage: Share of measured values inside the interval.
    """

    kendall_tau: float
    r2: float
    mae: float
    median_relative_error: float
    interval_coverage: float


def agreement(predicted: Evaluated, measured: Floats) -> Agreement:
    """Compare predictions with measured values, which are not all equal; shapes (rows,)."""
    error = predicted.mean - measured
    inside = (predicted.low <= measured) & (measured <= predicted.high)
    return Agreement(
        kendall_tau=float(kendalltau(predicted.mean, measured).statistic),
        r2=float(1 - (error**2).sum() / ((measured - measured.mean()) ** 2).sum()),
        mae=float(abs(error).mean()),
        median_relative_error=float(np.median(abs(error / measured))),
        interval_coverage=float(inside.mean()),
    )


def held_out_fit(
    levels: Levels,
    quantity: Floats,
    *,
    factors: Sequence[Factor],
    settings: FitSettings,
    seed: int,
) -> SeededFit:
    """Fit on four random fifths of distinct rows and compare on the last fifth."""
    shuffled = np.random.default_rng(seed).permutation(len(quantity))
    held_out, seen = np.split(shuffled, [len(quantity) // _HELD_OUT])
    model = fit(levels[seen], quantity[seen], factors=factors, settings=settings)
    compared = agreement(model.predict(levels[held_out]), quantity[held_out])
    figures = {name: round(value, _DECIMALS) for name, value in asdict(compared).items()}
    return SeededFit(seed=seed, **figures)


def summarise(fits: Sequence[SeededFit], *, rows: int) -> HeldOut:
    """The means over fits that each held `rows` // 5 of `rows` rows out."""
    names = Agreement.__dataclass_fields__
    means = {
        name: round(float(np.mean([getattr(fit, name) for fit in fits])), _DECIMALS)
        for name in names
    }
    return HeldOut(rows=rows // _HELD_OUT, by_seed=tuple(fits), **means)
