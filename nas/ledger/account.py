"""A study's evaluations and the accounts of its drivers → what it took, part by part.

An energy that a driver's counters measured is of the whole machine: it covers the evaluations that
ran there, which are then not modelled besides.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import reduce
from operator import add
from typing import Any

from nas.ledger.counters import CPU_ENERGY, GPU_ENERGY
from nas.ledger.energy import Energy, Powers, measured, modelled, unknown
from nas.store.records import AccountRecord, EvaluationRecord, EvaluationState

_CORES, _GPUS = "processors", "GPUs"


@dataclass(frozen=True, slots=True)
class Part:
    """What one kind of work took; None is what is not known, or of a GPU that none computed.

    Args:
        name: What kind.
        wall_s: Seconds, of evaluations that ran side by side their sum.
        cpu_s: Seconds of single cores.
        gpu_s: Seconds of GPUs.
        energy: All of it.
    """

    name: str
    wall_s: float | None
    cpu_s: float | None
    gpu_s: float | None
    energy: Energy


@dataclass(frozen=True, slots=True)
class Costs:
    """What a study took.

    Args:
        parts: By kind of work.
        evaluations: How many it paid for.
        not_known: How many of those nobody knows the device time of.
        aside: What is in no number, in words.
    """

    parts: tuple[Part, ...]
    evaluations: int
    not_known: int
    aside: tuple[str, ...] = ()

    @property
    def total(self) -> Part:
        """All parts together; the wall time is that of the drivers."""
        driven = [part.wall_s for part in self.parts if part.name != "evaluations"]
        return Part(
            "together",
            _all(driven),
            _all(part.cpu_s for part in self.parts),
            _any(part.gpu_s for part in self.parts),
            reduce(add, (part.energy for part in self.parts)),
        )


def paid(evaluations: Iterable[EvaluationRecord]) -> list[EvaluationRecord]:
    """The evaluations that a study paid for itself."""
    return [
        one
        for one in evaluations
        if one.state is not EvaluationState.OVER_LIMIT and not one.taken_over
    ]


def costs(
    evaluations: Sequence[EvaluationRecord],
    accounts: Sequence[AccountRecord],
    powers: Powers = Powers(),  # noqa: B008 - frozen
) -> Costs:
    """What a study took.

    Args:
        evaluations: All of it.
        accounts: Of all its drivers.
        powers: What devices draw where no counter counted.
    """
    own = paid(evaluations)
    within = bool(accounts) and all(one.about.get("within") for one in accounts)
    mute = [] if within else [one for one in own if "cpu_s" not in one.spent]
    accounts = sorted(accounts, key=lambda one: one.purpose)  # preparation before search
    parts = [
        _driven(name, [one for one in accounts if one.purpose == name], powers)
        for name in dict.fromkeys(one.purpose for one in accounts)
    ]
    if not accounts:
        parts.append(Part("search", None, None, None, unknown("what the search itself took")))
    # What a quick evaluator takes of processors is within what its driver takes.
    if mute or any(unit in one.spent for one in own for unit in ("cpu_s", "gpu_s")):
        parts.append(_evaluated(own, accounts, powers, mute=mute))
    unseen = [
        one for one in accounts if not one.about.get("within") and CPU_ENERGY not in one.spent
    ]
    aside = ("starting workers, and what Ray does itself",) if unseen else ()
    return Costs(tuple(parts), len(own), len(mute), aside)


def _driven(name: str, accounts: Sequence[AccountRecord], powers: Powers) -> Part:
    """What drivers took themselves, with all that their counters cover."""
    return Part(
        name,
        _all(one.spent.get("wall_s") for one in accounts),
        _all(one.spent.get("cpu_s") for one in accounts),
        _any(one.spent.get("gpu_s") for one in accounts),
        reduce(add, (_energy(one, powers) for one in accounts)),
    )


def _energy(account: AccountRecord, powers: Powers) -> Energy:
    spent, about = account.spent, account.about
    if CPU_ENERGY in spent:
        energy = measured(spent[CPU_ENERGY], str(about.get("cpu_meter")))
    elif "cpu_s" in spent:
        energy = modelled(spent["cpu_s"], powers.core_w, "core")
    else:
        energy = unknown(f"{_CORES} in {account.purpose}")
    if GPU_ENERGY in spent:
        return energy + measured(spent[GPU_ENERGY], str(about.get("gpu_meter")))
    return energy + _of_gpu(spent.get("gpu_s"), gpu_power_w([account], powers))


def _of_gpu(seconds: float | None, power_w: float | None) -> Energy:
    if not seconds:
        return Energy()
    if power_w is None:
        return unknown(f"{_GPUS}: neither a counter nor their power is known")
    return modelled(seconds, power_w, "GPU")


def gpu_power_w(accounts: Sequence[AccountRecord], powers: Powers) -> float | None:
    """What a busy GPU draws: as stated, or the limit that one was held to; None if unknown."""
    if powers.gpu_w is not None:
        return powers.gpu_w
    limits = [one.about["gpu_limit_w"] for one in accounts if "gpu_limit_w" in one.about]
    return float(max(limits)) if limits else None


def _evaluated(
    own: Sequence[EvaluationRecord],
    accounts: Sequence[AccountRecord],
    powers: Powers,
    *,
    mute: Sequence[EvaluationRecord],
) -> Part:
    """What evaluations took, with the energy that no driver's counters cover."""
    wall_s, gpu_s = (_any(one.spent.get(unit) for one in own) for unit in ("wall_s", "gpu_s"))
    # Who says nothing, and is not mute, is in its driver's seconds: here it adds none.
    cpu_s = None if mute else sum(one.spent.get("cpu_s", 0.0) for one in own)
    energy, silent = _said_by_evaluators(own, accounts)
    left_cpu_s = _left(silent, accounts, "cpu_s")
    if left_cpu_s:
        energy += modelled(left_cpu_s, powers.core_w, "core")
    energy += _of_gpu(_left(silent, accounts, "gpu_s"), gpu_power_w(accounts, powers))
    if unheard := sum(one in silent for one in mute):
        energy += unknown(f"{unheard:,} evaluations of unknown device time")
    return Part("evaluations", wall_s, cpu_s, gpu_s, energy)


def _said_by_evaluators(
    own: Sequence[EvaluationRecord], accounts: Sequence[AccountRecord]
) -> tuple[Energy, Sequence[EvaluationRecord]]:
    """The energy that evaluators measured themselves, and the evaluations without one.

    Where drivers' counters counted, those may have counted the same: they alone are taken.
    """
    said = [one for one in own if "energy_j" in one.spent]
    if not said or any(CPU_ENERGY in one.spent for one in accounts):
        return Energy(), own
    energy = measured(sum(one.spent["energy_j"] for one in said), "the evaluator")
    return energy, [one for one in own if "energy_j" not in one.spent]


def _left(
    evaluations: Sequence[EvaluationRecord], accounts: Sequence[AccountRecord], unit: str
) -> float:
    """The device time of evaluations that no driver's counters cover."""
    seconds = sum(one.spent.get(unit, 0.0) for one in evaluations)
    return max(seconds - sum(one.spent.get(f"covered_{unit}", 0.0) for one in accounts), 0.0)


def latest(accounts: Sequence[AccountRecord], key: str) -> Any:
    """What the last account says that says it; None where none does."""
    return next((one.about[key] for one in reversed(accounts) if key in one.about), None)


def mean_cost(evaluations: Iterable[EvaluationRecord]) -> Mapping[str, float] | None:
    """What evaluations that were completed took on average; None where nobody knows.

    Those that took over from another study, and those of unknown device time, are left out.
    """
    full = [
        one.spent
        for one in paid(evaluations)
        if one.state is EvaluationState.COMPLETE and "cpu_s" in one.spent
    ]
    if not full:
        return None
    units = ("wall_s", "cpu_s", "gpu_s")
    return {
        unit: sum(spent.get(unit, 0.0) for spent in full) / len(full)
        for unit in units
        if any(unit in spent for spent in full)
    }


def _all(values: Iterable[float | None]) -> float | None:
    """The sum of what is all known."""
    known = list(values)
    return None if None in known or not known else sum(one for one in known if one is not None)


def _any(values: Iterable[float | None]) -> float | None:
    """The sum of what there is; None where there is none."""
    there = [one for one in values if one is not None]
    return sum(there) if there else None
