"""What was evaluated → beliefs about the errors of a pool of candidates.

Two Gaussian processes over the same rows: one for the error of networks that train, one for
whether a network trains at all. Some do not: they end at chance, or with a failure, and what
they end with says nothing about the others, so they are told apart first.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray
from scipy.special import ndtr

from nas.search.pareto_sampler.features import Array, Features, Rows
from nas.search.pareto_sampler.improvement import Beliefs
from nas.search.pareto_sampler.process import Hyper, Posterior, fit

# Errors this near to the worst, as a share of their range, are a collapse where several share it.
_COLLAPSED: Final = 0.02
# Of the range of errors: how far below the best an error may be thought to lie.
_SHIFT: Final = 0.1
# Hyper-parameters are chosen again when there are so many times more rows.
_GROWTH: Final = 1.08
_FIRST_STEPS, _STEPS = 40, 25
# More rows than this are thinned to the smaller number: the cost of a row grows with its square.
_MOST_ROWS, _THINNED_ROWS = 1_000, 800
# Labels are ±1; this much variance keeps a few of them from being taken for certainty.
_LABEL_VARIANCE = 0.05


@dataclass(frozen=True, slots=True)
class Known:
    """Everything told so far, in the order of proposals.

    Args:
        rows: The networks.
        errors: (count,) in natural units; NaN where it failed.
        noise: (count,) standard deviations that an error is known to carry, in natural units.
        believed: (count,) whether an error is only believed, as its evaluation is under way.
    """

    rows: Rows
    errors: Array
    noise: Array
    believed: NDArray[np.bool_]


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
        shift = max(_SHIFT * float(np.ptp(errors[sound])) / span, 1e-3) if sound.any() else _SHIFT
        logs = np.log((errors[sound] - low) / span + shift) if sound.any() else np.zeros(1)
        return cls(low, span, shift, float(logs.mean()), max(float(logs.std()), 1e-6))

    def standardised(self, errors: Array) -> Array:
        scaled = np.maximum((errors - self.low) / self.span + self.shift, 1e-9)
        values: Array = (np.log(scaled) - self.centre) / self.width
        return values

    def variance(self, errors: Array, noise: Array) -> Array:
        """Variances of the standardised errors, to first order."""
        slope = 1 / (np.maximum(errors - self.low, 0) + self.shift * self.span)
        variance: Array = (noise * slope / self.width) ** 2
        return variance


class _Process:
    """One quantity over a pool: refitted as rows grow, extended row by row in between."""

    def __init__(self, features: Features) -> None:
        self._hyper = Hyper.prior(features)
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
        added = [member for member in listed if member not in set(self._members)]
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
        if posterior.pool is not pool:
            raise AssertionError("a pool changes by `change_pool` alone")
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
        self._error, self._soundness = _Process(features), _Process(features)

    def change_pool(self, kept: NDArray[np.intp], new: Rows) -> None:
        """Keep some candidates, by index, and add others after them."""
        self._pool = self._pool[kept].then(new)
        self._error.change_pool(kept, new, self._pool)
        self._soundness.change_pool(kept, new, self._pool)

    def beliefs(self, known: Known) -> tuple[Beliefs, _Scale]:
        """Beliefs about every candidate of the pool, and the scale that their errors are on.

        Args:
            known: Everything told; at least one error is neither NaN nor only believed.
        """
        told = np.isfinite(known.errors) & ~known.believed
        collapsed = _collapsed(known.errors, told)
        sound = told & ~collapsed
        scale = _Scale.of(known.errors[told], sound[told])
        members = _thinned(np.flatnonzero(sound | known.believed), known.errors)
        values = scale.standardised(known.errors[members])
        noise = scale.variance(known.errors[members], known.noise[members])
        mean, deviation = self._error.predict(known.rows, members, values, noise, self._pool)
        judged = _thinned(np.flatnonzero(told | np.isnan(known.errors)), known.errors)
        certainty = self._sound(known.rows, judged, sound[judged])
        return Beliefs(
            mean * scale.width + scale.centre, deviation * scale.width, scale.shift, certainty
        ), scale

    def _sound(
        self, rows: Rows, judged: NDArray[np.intp], sound: NDArray[np.bool_]
    ) -> Array:
        if sound.all():
            return np.ones(len(self._pool))
        labels = np.where(sound, 1.0, -1.0)
        centre = float(labels.mean())
        none = np.zeros(len(judged))
        mean, deviation = self._soundness.predict(rows, judged, labels - centre, none, self._pool)
        certainty: Array = ndtr((mean + centre) / np.sqrt(deviation**2 + _LABEL_VARIANCE))
        return certainty


def _collapsed(errors: Array, told: NDArray[np.bool_]) -> NDArray[np.bool_]:
    """Which evaluations ended at chance: several that share the worst error."""
    worst, best = errors[told].max(), errors[told].min()
    with np.errstate(invalid="ignore"):
        near = told & (errors >= worst - _COLLAPSED * (worst - best)) & (errors > best)
    return near if near.sum() > 1 else np.zeros_like(near)


def _thinned(members: NDArray[np.intp], errors: Array) -> NDArray[np.intp]:
    """At most so many rows, stable as rows are added: the best half of them, the rest at random."""
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
