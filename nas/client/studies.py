"""Studies as a server tells of them: what was asked, how far they are, and what they found."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Literal

State = Literal["starting", "running", "interrupted", "failed", "finished"]


@dataclass(frozen=True, slots=True)
class Objective:
    """One objective of a study, and the evidence behind its numbers."""

    name: str
    sense: str
    unit: str
    provenance: dict[str, Any]


@dataclass(frozen=True, slots=True)
class Driver:
    """The process that runs a study."""

    user: str
    host: str
    pid: int
    since: datetime


@dataclass(frozen=True, slots=True)
class Progress:
    """How far a study is; `ended` of `goal`, of which `running` are under way besides.

    `curve` is the hypervolume of its front as it grew, from 0 to 1; `left_s` an estimate;
    `limit_s` is how long the process that runs it may search, None for any time.
    """

    goal: int
    ended: int
    complete: int
    stopped: int
    failed: int
    running: int
    scored: int | None
    front: int
    curve: tuple[float, ...]
    spent: dict[str, float]
    elapsed_s: float
    left_s: float | None
    mode: str
    runner: str
    why: str
    done: bool
    ending: str
    limit_s: float | None = None


@dataclass(frozen=True, slots=True)
class Study:
    """A study.

    `spec`, `evidence` and `progress` are there where one study was asked for, and not in a list.
    """

    name: str
    space: str
    device: str
    state: State
    failure: str | None
    created_at: datetime
    finished_at: datetime | None
    objectives: tuple[str, ...]
    limits: dict[str, float]
    evaluations: int | None
    evaluated: int
    stopped: int
    over_limit: int
    failed: int
    front_size: int
    driver: Driver | None
    minutes: float | None = None
    spec: dict[str, Any] = field(default_factory=dict, repr=False)
    evidence: tuple[Objective, ...] = field(default=(), repr=False)
    progress: Progress | None = field(default=None, repr=False)

    @property
    def at_rest(self) -> bool:
        """Whether no process runs it, nor starts to."""
        return self.state not in ("starting", "running")


@dataclass(frozen=True, slots=True)
class Point:
    """An evaluated network; `number` is its place in the study, counted from 0."""

    number: int
    id: str
    architecture: str = field(repr=False)
    values: dict[str, float]
    choices: dict[str, int | float | str] = field(repr=False)


@dataclass(frozen=True, slots=True)
class Reference:
    """A published network, costed by the study's models."""

    name: str
    title: str
    costs: dict[str, float]


@dataclass(frozen=True, slots=True)
class Front:
    """A study's front: iterating gives its networks, best first objective first.

    Of `evaluated` networks, `dominated` are some that are not on the front, if they were asked
    for.
    """

    study: str
    space: str
    device: str
    limits: dict[str, float]
    floors: dict[str, float]
    objectives: tuple[Objective, ...] = field(repr=False)
    evaluated: int
    points: tuple[Point, ...] = field(repr=False, metadata={"key": "front"})
    dominated: tuple[Point, ...] = field(repr=False)
    references: tuple[Reference, ...] = field(repr=False)

    def __len__(self) -> int:
        return len(self.points)

    def __iter__(self) -> Iterator[Point]:
        return iter(self.points)

    def __getitem__(self, index: int) -> Point:
        return self.points[index]


@dataclass(frozen=True, slots=True)
class Growth:
    """How a front grew: its `hypervolume`, from 0 to 1, after so many `evaluations`."""

    study: str
    evaluations: tuple[int, ...] = field(repr=False)
    hypervolume: tuple[float, ...] = field(repr=False)


@dataclass(frozen=True, slots=True)
class Choice:
    """What one choice decides of an objective's variance, from 0 to 1: alone, and in all."""

    choice: str
    alone: float
    total: float


@dataclass(frozen=True, slots=True)
class Importance:
    """How much the choices of a space decide of one objective, the most decisive first."""

    objective: str
    source: str
    choices: tuple[Choice, ...] = field(repr=False)


@dataclass(frozen=True, slots=True)
class Evaluation:
    """One network of a study and what became of it; `reason` says why it is not complete."""

    number: int
    id: str
    architecture: str = field(repr=False)
    state: str
    values: dict[str, float]
    choices: dict[str, int | float | str] = field(repr=False)
    reason: str | None
    reports: tuple[tuple[float, float], ...] = field(repr=False)
    spent: dict[str, float] = field(repr=False)
    finished_at: datetime = field(repr=False)
