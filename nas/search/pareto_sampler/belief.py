"""What was evaluated → beliefs about the errors of a pool of candidates.

Gaussian processes over the same rows: for the error of networks that train, and for
whether a network trains at all. Some do not: they end at chance, or with a failure, and what
they end with says nothing about the others, so they are told apart first.

Why two processes for the error, taking turns: how often each choice occurs says much early on, and
what it says can be wrong for good, because what looks bad is never evaluated. The second process
does without it, and sees what the first is too sure to look at.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import IntEnum
from typing import Final

import numpy as np
from numpy.typing import NDArray
from scipy.special import ndtr

from nas.search.pareto_sampler.features import Array, Features, Rows
from nas.search.pareto_sampler.improvement import Beliefs
from nas.search.pareto_sampler.kernel import Hyper
from nas.search.pareto_sampler.process import Posterior, fit

# Errors this near to the worst, as a share of their range, are a collapse where several share it.
_COLLAPSED: Final = 0.02
# Of the range of errors: how far below the best an error may be thought to lie.
_SHIFT: Final = 0.1
# Hyper-parameters are chosen again when there are so many times more rows.
_GROWTH: Final = 1.1
_FIRST_STEPS, _STEPS = 40, 20
# More rows than this are thinned to the smaller number: the cost of a row grows with its square.
_MOST_ROWS, _THINNED_ROWS = 1_000, 800
# Labels are ±1; this much variance keeps a few of them from being taken for certainty.
_LABEL_VARIANCE = 0.05
# Of a hint before anything is known on both scales, in standardised errors: the variance about
# the line, how many networks that guess weighs as much as, and how far the slope may be from 1.
_GUESSED_VARIANCE, _GUESS_WEIGHT, _SLOPE_SD = 0.25, 4.0, 0.5


class Kind(IntEnum):
    """What is known of a candidate."""

    TOLD = 0  # its error, or that it failed
    BELIEVED = 1  # it is under way; an error is believed meanwhile
    SILENT = 2  # it was asked, and nothing can be said of its error
    HINT = 3  # an error on another scale: after part of the budget, or in another study


@dataclass(frozen=True, slots=True)
class Findings:
    """Everything told so far; places never change, more come at the end.

    Args:
        rows: The networks.
        errors: (count,) in natural units; NaN where it failed, or where nothing is known.
        kinds: (count,) of `Kind`.
        sources: (count,) of hints: a number for each scale; 0 elsewhere.
        networks: (count,) equal for equal networks, so that hints find what they hinted at.
    """

    rows: Rows
    errors: Array
    kinds: NDArray[np.int64]
    sources: NDArray[np.int64]
    networks: NDArray[np.int64]


@dataclass(frozen=True, slots=True)
class _Scale:
    """Errors as log(scaled error + shift), standardised."""

    low: float
    span: float
    shift: float
    centre: float
    width: float

    @classmethod
    def of(cls, errors: Array, sound: NDArray[np.bool_]) -> _Scale:
        low, span = float(errors.min()), max(float(np.ptp(errors)), 1e-12)
        # The best is always sound, so there is something to scale by.
        shift = max(_SHIFT * float(np.ptp(errors[sound])) / span, 1e-3)
        logs = np.log((errors[sound] - low) / span + shift)
        return cls(low, span, shift, float(logs.mean()), max(float(logs.std()), 1e-6))

    def standardised(self, errors: Array) -> Array:
        scaled = np.maximum((errors - self.low) / self.span + self.shift, 1e-9)
        values: Array = (np.log(scaled) - self.centre) / self.width
        return values


class _Process:
    """One quantity over a pool: refitted as rows grow, extended row by row in between."""

    def __init__(self, features: Features, *, counting: bool = True) -> None:
        self._hyper = Hyper.prior(features, counting=counting)
        self._fitted_rows = 0
        self._members: tuple[int, ...] = ()
        self._noise: Array = np.zeros(0)
        self._posterior: Posterior | None = None

    def predict(
        self, known: Rows, members: NDArray[np.intp], values: Array, noise: Array, pool: Rows
    ) -> tuple[Array, Array]:
        """Mean and deviation over the pool, given values of the members of the known rows."""
        if len(members) >= self._fitted_rows * _GROWTH:
            steps = _STEPS if self._fitted_rows else _FIRST_STEPS
            self._hyper = fit(self._hyper, known[members], values, noise, steps=steps)
            self._fitted_rows, self._posterior = len(members), None
        posterior = self._grown(known, members, noise, pool)
        order = {member: place for place, member in enumerate(members.tolist())}
        return posterior.predict(values[[order[member] for member in self._members]])

    def _grown(
        self, known: Rows, members: NDArray[np.intp], noise: Array, pool: Rows
    ) -> Posterior:
        listed = members.tolist()
        present = set(self._members)
        added = [member for member in listed if member not in present]
        same = len(added) + len(self._members) == len(listed) and self._posterior is not None
        place = {member: index for index, member in enumerate(listed)}
        if same and len(self._members):
            kept = noise[[place[member] for member in self._members]]
            same = np.allclose(kept, self._noise, rtol=0.2)
        posterior = self._posterior
        if posterior is None or not same:
            self._members, self._noise = tuple(listed), noise
            self._posterior = posterior = Posterior(self._hyper, known[members], noise, pool)
            return posterior
        assert posterior.pool is pool, "a pool changes by `change_pool` alone"
        for member in added:
            own = float(noise[place[member]])
            posterior.add(known[np.array([member])], own)
            self._members, self._noise = (*self._members, member), np.append(self._noise, own)
        return posterior

    def change_pool(self, kept: NDArray[np.intp], new: Rows, pool: Rows) -> None:
        if self._posterior is not None:
            self._posterior.change_pool(kept, new)
            self._posterior.pool = pool


class Surrogate:
    """Beliefs over a pool of candidates that may change; see the module."""

    def __init__(self, features: Features, pool: Rows) -> None:
        self._pool = pool
        self._errors = _Process(features), _Process(features, counting=False)
        self._soundness = _Process(features)

    def change_pool(self, kept: NDArray[np.intp], new: Rows) -> None:
        """Keep some candidates, by index, and add others after them."""
        self._pool = self._pool[kept].then(new)
        for process in (*self._errors, self._soundness):
            process.change_pool(kept, new, self._pool)

    def beliefs(self, known: Findings) -> tuple[Beliefs, _Scale]:
        """Beliefs about every candidate of the pool, and the scale that their errors are on.

        Args:
            known: Everything told; at least one error is neither NaN nor only believed.
        """
        told = (known.kinds == Kind.TOLD) & np.isfinite(known.errors)
        failed = (known.kinds == Kind.TOLD) & ~told
        sound = told & ~_collapsed(known.errors, told)
        scale = _Scale.of(known.errors[told], sound[told])
        used = sound | (known.kinds == Kind.BELIEVED) | (known.kinds == Kind.HINT)
        members = _thinned(np.flatnonzero(used), known.errors)
        values, noise = _on_scale(known, sound, scale)
        error = self._errors[len(known.errors) % len(self._errors)]
        mean, deviation = error.predict(
            known.rows, members, values[members], noise[members], self._pool
        )
        judged = _thinned(np.flatnonzero(told | failed), known.errors)
        certainty = self._sound(known.rows, judged, sound[judged])
        return Beliefs(
            mean * scale.width + scale.centre, deviation * scale.width, scale.shift, certainty
        ), scale

    def _sound(self, rows: Rows, judged: NDArray[np.intp], sound: NDArray[np.bool_]) -> Array:
        if sound.all():
            return np.ones(len(self._pool))
        labels = np.where(sound, 1.0, -1.0)
        centre = float(labels.mean())
        none = np.zeros(len(judged))
        mean, deviation = self._soundness.predict(rows, judged, labels - centre, none, self._pool)
        certainty: Array = ndtr((mean + centre) / np.sqrt(deviation**2 + _LABEL_VARIANCE))
        return certainty


def _on_scale(known: Findings, sound: NDArray[np.bool_], scale: _Scale) -> tuple[Array, Array]:
    """Standardised errors of every row, and the variances that they carry beside the common one.

    A hint is brought over by a line through the networks that are known on both scales. With few
    of them the line leans to the identity of standardised errors and the variance to a guess.
    """
    values, noise = scale.standardised(known.errors), np.zeros(len(known.errors))
    hinted = known.kinds == Kind.HINT
    own = {int(n): place for place, n in enumerate(known.networks) if sound[place]}
    for source in np.unique(known.sources[hinted]):
        places = np.flatnonzero(hinted & (known.sources == source))
        errors = known.errors[places]
        theirs = _Scale.of(errors, np.ones(len(errors), dtype=bool)).standardised(errors)
        pairs = [(i, own[n]) for i, n in enumerate(known.networks[places].tolist()) if n in own]
        slope, offset, variance = _line(
            theirs[[i for i, _ in pairs]], values[[place for _, place in pairs]]
        )
        values[places], noise[places] = offset + slope * theirs, variance
    return values, noise


def _line(theirs: Array, ours: Array) -> tuple[float, float, float]:
    """Slope, offset and residual variance by Bayesian regression with a prior at the identity."""
    design = np.stack([theirs, np.ones(len(theirs))], 1)
    precision = design.T @ design / _GUESSED_VARIANCE + np.diag([1 / _SLOPE_SD**2, 1.0])
    pull = design.T @ (ours - theirs) / _GUESSED_VARIANCE
    slope, offset = np.linalg.solve(precision, pull) + np.array([1.0, 0.0])
    residuals = ours - slope * theirs - offset
    weight = _GUESS_WEIGHT + len(theirs)
    spread = (_GUESS_WEIGHT * _GUESSED_VARIANCE + residuals @ residuals) / weight
    # The line itself is uncertain, most of all its offset while nothing is known on both scales.
    return float(slope), float(offset), float(spread + 1 / (1 + len(theirs) / _GUESSED_VARIANCE))


def _collapsed(errors: Array, told: NDArray[np.bool_]) -> NDArray[np.bool_]:
    """Which evaluations ended at chance: several that share the worst error."""
    worst, best = errors[told].max(), errors[told].min()
    with np.errstate(invalid="ignore"):
        near = told & (errors >= worst - _COLLAPSED * (worst - best)) & (errors > best)
    return near if near.sum() > 1 else np.zeros_like(near)


def _thinned(members: NDArray[np.intp], errors: Array) -> NDArray[np.intp]:
    """At most so many rows, stable as rows are added: the best of them, others at random."""
    extra = len(members) - _MOST_ROWS
    if extra <= 0:
        return members
    # Thinned at certain counts only, so that rows are mostly added and seldom exchanged.
    block = _MOST_ROWS - _THINNED_ROWS
    old, new = members[: -(extra % block) or None], members[len(members) - extra % block :]
    if extra % block == 0:
        new = members[:0]
    order = old[np.argsort(np.nan_to_num(errors[old], nan=np.inf), kind="stable")]
    best, rest = order[: _THINNED_ROWS // 2], order[_THINNED_ROWS // 2 :]
    random = np.random.default_rng(len(old)).choice(rest, _THINNED_ROWS // 2, replace=False)
    return np.concatenate([np.sort(np.concatenate([best, random])), new])
