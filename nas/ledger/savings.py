"""What a study did not have to pay → estimates: how often, times what the same cost on average.

A training of shared weights that another study paid for is no estimate of that kind: what it took
is written down in the weights.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from nas.ledger.account import gpu_power_w, latest, mean_cost, paid
from nas.ledger.counters import CPU_ENERGY, GPU_ENERGY
from nas.ledger.energy import Powers
from nas.store.records import AccountRecord, EvaluationRecord, EvaluationState

_NOTICEABLE = 0.05  # of a training: less is how its two clocks differ


@dataclass(frozen=True, slots=True)
class Saving:
    """What was saved in one way, estimated; None is what is not known.

    Args:
        way: `screening`, `caching`, `early stopping` or `efficient training`.
        what: What was not done, in words.
        count: How much of that.
        cpu_s: Seconds of single cores.
        gpu_s: Seconds of GPUs, where one computed.
        energy_j: Of these seconds, in joules.
    """

    way: str
    what: str
    count: int
    cpu_s: float | None
    gpu_s: float | None
    energy_j: float | None


def savings(
    evaluations: Sequence[EvaluationRecord],
    accounts: Sequence[AccountRecord],
    powers: Powers = Powers(),  # noqa: B008 - frozen
) -> list[Saving]:
    """What a study saved, by way; a way that saved nothing is left out.

    Args:
        evaluations: All of it.
        accounts: Of all its drivers.
        powers: What devices draw where no counter counted.
    """
    pricing = _Pricing(evaluations, accounts, powers)
    found = [
        _screened(evaluations, accounts, pricing),
        _cached(evaluations, pricing),
        _reused(accounts, pricing),
        _stopped(evaluations, pricing),
        _skipped(evaluations, pricing),
        _skipped_before(accounts, pricing),
    ]
    return [one for one in found if one is not None and one.count]


class _Pricing:
    """Device time → energy, by what this study's counters said of a second, or stated power."""

    def __init__(
        self,
        evaluations: Sequence[EvaluationRecord],
        accounts: Sequence[AccountRecord],
        powers: Powers,
    ) -> None:
        self.mean = mean_cost(evaluations)
        self._core_w = _drawn_w(accounts, CPU_ENERGY, "cpu_s") or powers.core_w
        self._gpu_w = _drawn_w(accounts, GPU_ENERGY, "gpu_s") or gpu_power_w(accounts, powers)

    def saving(
        self, way: str, what: str, count: float, each: Mapping[str, float] | None
    ) -> Saving:
        """So many times what each takes."""
        if each is None or "cpu_s" not in each:
            return Saving(way, what, round(count), None, None, None)
        cpu_s = count * each["cpu_s"]
        gpu_s = count * each["gpu_s"] if each.get("gpu_s") else None
        energy_j: float | None = cpu_s * self._core_w
        if gpu_s and energy_j is not None:
            energy_j = None if self._gpu_w is None else energy_j + gpu_s * self._gpu_w
        return Saving(way, what, round(count), cpu_s, gpu_s, energy_j)


def _drawn_w(accounts: Sequence[AccountRecord], energy: str, unit: str) -> float | None:
    """Joules that counters counted for each second of a device; None where they did not."""
    counted = [one.spent for one in accounts if energy in one.spent]
    seconds = sum(one.get(unit, 0.0) + one.get(f"covered_{unit}", 0.0) for one in counted)
    return sum(one[energy] for one in counted) / seconds if seconds else None


def _screened(
    evaluations: Sequence[EvaluationRecord], accounts: Sequence[AccountRecord], pricing: _Pricing
) -> Saving | None:
    kept = sum(one.state is EvaluationState.OVER_LIMIT for one in evaluations)
    if kept:  # By earlier versions, which wrote each of them down.
        what = "networks over a limit, not evaluated"
        return pricing.saving("screening", what, kept, pricing.mean)
    share = latest(accounts, "over_limit_share")
    if share is None:
        return None
    count = share * len(paid(evaluations))
    what = f"networks over a limit among as many drawn at random: {share:.0%} of the space are"
    return pricing.saving("screening", what, count, pricing.mean)


def _cached(evaluations: Sequence[EvaluationRecord], pricing: _Pricing) -> Saving:
    count = sum(one.taken_over for one in evaluations)
    what = "evaluations taken over from other studies"
    return pricing.saving("caching", what, count, pricing.mean)


def _own_share(accounts: Sequence[AccountRecord], took: Mapping[str, float]) -> float | None:
    """How much of the work before the first network this study did itself, in [0, 1]."""
    whole = took.get("cpu_s")
    if not whole:
        return None
    own = sum(one.spent.get("cpu_s", 0.0) for one in accounts if one.purpose == "preparation")
    if own >= whole * (1 - _NOTICEABLE):
        return 1.0
    return own / whole if own > whole * _NOTICEABLE else 0.0


def _reused(accounts: Sequence[AccountRecord], pricing: _Pricing) -> Saving | None:
    took = latest(accounts, "prepared")
    if took is None:
        return None
    what = "training of shared weights that was done already"
    share = _own_share(accounts, took)
    if share is None:  # Nobody knows who paid, or what.
        return None
    rest = {unit: seconds * (1 - share) for unit, seconds in took.items()}
    return pricing.saving("caching", what, 1 if share < 1 else 0, rest)


def _stopped(evaluations: Sequence[EvaluationRecord], pricing: _Pricing) -> Saving | None:
    stopped = [one for one in evaluations if one.state is EvaluationState.STOPPED and one.reports]
    if not stopped:
        return None
    left = sum(1 - one.reports[-1][0] for one in stopped)
    each = pricing.mean
    if each is not None:
        each = {unit: seconds * left / len(stopped) for unit, seconds in each.items()}
    what = "evaluations stopped early, the rest of them"
    return pricing.saving("early stopping", what, len(stopped), each)


def _skipped(evaluations: Sequence[EvaluationRecord], pricing: _Pricing) -> Saving | None:
    own = [one.spent for one in paid(evaluations)]
    return _pictures("of evaluations", own, pricing)


def _skipped_before(accounts: Sequence[AccountRecord], pricing: _Pricing) -> Saving | None:
    took = latest(accounts, "prepared")
    share = None if took is None else _own_share(accounts, took)
    if share is None:
        return None
    own = {unit: amount * share for unit, amount in took.items()}
    return _pictures("of the shared weights", [own], pricing)


def _pictures(
    whose: str, trainings: Sequence[Mapping[str, float]], pricing: _Pricing
) -> Saving | None:
    """Pictures that trainings skipped, each as dear as one that they did not."""
    skipped = sum(one.get("skipped_samples", 0.0) for one in trainings)
    trained = [one for one in trainings if one.get("trained_samples") and "cpu_s" in one]
    if not skipped:
        return None
    samples = sum(one["trained_samples"] for one in trained)
    units = ("cpu_s", "gpu_s")
    each = (
        {unit: sum(one.get(unit, 0.0) for one in trained) / samples for unit in units}
        if (samples)
        else None
    )
    what = f"pictures that trainings {whose} skipped"
    return pricing.saving("efficient training", what, skipped, each)
