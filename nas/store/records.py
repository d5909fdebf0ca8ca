"""What the store remembers, as plain values: studies, their objectives and their evaluations.

Mappings hold JSON values: text, numbers, booleans, None, lists and mappings with text keys.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from typing import Any

from nas.pareto import Sense


@dataclass(frozen=True, slots=True)
class ObjectiveRecord:
    """One objective of a study, and the evidence behind its numbers.

    Args:
        name: Its key in `EvaluationRecord.values`, such as `latency_ms`.
        sense: Which way it is better.
        unit: The unit of its values, empty when it has none.
        provenance: JSON that says where values come from, such as
            `{"kind": "predicted", "model": "...", "sha256": "..."}`.
    """

    name: str
    sense: Sense
    unit: str
    provenance: Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class StudyRecord:
    """One study: what was asked for, and when it began and ended.

    Args:
        id: Its key in the store.
        name: Its unique name, chosen by a person.
        spec: The study file as JSON.
        objectives: In the order of the study file.
        created_at: In UTC, aware.
        finished_at: In UTC, aware; None while evaluations are still owed.
    """

    id: int
    name: str
    spec: Mapping[str, Any]
    objectives: tuple[ObjectiveRecord, ...]
    created_at: datetime
    finished_at: datetime | None


class EvaluationState(StrEnum):
    """How an evaluation ended."""

    COMPLETE = "complete"
    STOPPED = "stopped"
    OVER_LIMIT = "over_limit"
    FAILED = "failed"


TAKEN_OVER = "known from study "
"""How the reason of an evaluation begins that another study paid for."""


@dataclass(frozen=True, slots=True)
class EvaluationRecord:
    """One network of a study and what became of it.

    Args:
        number: Its place in the order of proposals, unique in the study.
        architecture_id: `Architecture.id`, unique in the study.
        architecture_text: `Architecture.text`.
        choices: The choices of the search space that gave this network.
        state: How it ended.
        values: Finite numbers by objective; every objective when complete, those known
            otherwise (a network over a limit has costs but no accuracy).
        reason: Why it is not complete, in words for a person.
        reports: What was said on the way: pairs of a share of the full budget, in (0, 1] and
            rising, and the accuracy there. One that was stopped early has one at least.
        spent: What it took, such as `wall_s` or `energy_j`; finite and not negative.
        finished_at: In UTC, aware; when it was recorded, unless another time is given. Always
            there on reading, and no part of what makes two records equal.
    """

    number: int
    architecture_id: str
    architecture_text: str
    choices: Mapping[str, int | float | str]
    state: EvaluationState
    values: Mapping[str, float]
    reason: str | None = None
    reports: tuple[tuple[float, float], ...] = ()
    spent: Mapping[str, float] = field(default_factory=dict)
    finished_at: datetime | None = field(default=None, compare=False)

    @property
    def taken_over(self) -> bool:
        """Whether another study paid for it."""
        complete = self.state is EvaluationState.COMPLETE
        return complete and (self.reason or "").startswith(TAKEN_OVER)


@dataclass(frozen=True, slots=True)
class AccountRecord:
    """What one process that drove a study spent on one purpose, beside its evaluations.

    Args:
        number: Its place in the order of beginning, unique in the study.
        purpose: What for, such as `preparation` or `search`.
        began_at: In UTC, aware.
        until: Up to when it is known what was spent, in UTC, aware.
        spent: By unit, such as `wall_s`; finite and not negative. What is not known is absent.
        about: JSON that says what the numbers rest on.
    """

    number: int
    purpose: str
    began_at: datetime
    until: datetime
    spent: Mapping[str, float]
    about: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class DriverRecord:
    """The process that runs a study, as its lease in the store says.

    Args:
        user: Who started it.
        host: Where it runs.
        pid: Its number there.
        since: When it took the study, in UTC, aware.
        expires_at: Until when it counts as alive unless it says so again, in UTC, aware.
        live: Whether it still counts: not expired, and not known to be dead.
        progress: JSON that it last reported.
        here: Whether it was started on this machine, so that its number means the process here.
    """

    user: str
    host: str
    pid: int
    since: datetime
    expires_at: datetime
    live: bool
    progress: Mapping[str, Any]
    here: bool

    def __str__(self) -> str:
        since = self.since.strftime("%Y-%m-%d %H:%M:%S UTC")
        return f"{self.user}@{self.host} (process {self.pid}, since {since})"


@dataclass(frozen=True, slots=True)
class StudySummary:
    """A study with the number of its evaluations by state, its front's size and its driver."""

    study: StudyRecord
    complete: int
    stopped: int
    over_limit: int
    failed: int
    front_size: int
    driver: DriverRecord | None
