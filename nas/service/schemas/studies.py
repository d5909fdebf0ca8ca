"""Studies as the API gives them."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from pydantic import BaseModel

from nas.pareto import Sense
from nas.search.progress import Progress
from nas.search.study import StudySpec
from nas.service.searches import Standing, State
from nas.store import DriverRecord, ObjectiveRecord, StudySummary


class ObjectiveOut(BaseModel):
    """One objective, and the evidence behind its numbers."""

    name: str
    sense: Sense
    unit: str
    provenance: dict[str, Any]

    @classmethod
    def of(cls, objective: ObjectiveRecord) -> ObjectiveOut:
        """From the store."""
        return cls(
            name=objective.name,
            sense=objective.sense,
            unit=objective.unit,
            provenance=dict(objective.provenance),
        )


class DriverOut(BaseModel):
    """The process that runs a study."""

    user: str
    host: str
    pid: int
    since: datetime

    @classmethod
    def of(cls, driver: DriverRecord) -> DriverOut:
        """From the store."""
        return cls(user=driver.user, host=driver.host, pid=driver.pid, since=driver.since)


class ProgressOut(BaseModel):
    """How far a study is."""

    goal: int
    ended: int
    complete: int
    stopped: int
    failed: int
    running: int
    scored: int | None
    front: int
    curve: list[float]
    spent: dict[str, float]
    elapsed_s: float
    left_s: float | None
    mode: str
    runner: str
    why: str
    done: bool
    ending: str
    limit_s: float | None

    @classmethod
    def of(cls, progress: Progress) -> ProgressOut:
        """From what is watched."""
        return cls(ended=progress.ended, **progress.to_json())


class StudyOut(BaseModel):
    """A study as a list shows it."""

    name: str
    space: str
    device: str
    state: State
    failure: str | None
    created_at: datetime
    finished_at: datetime | None
    objectives: list[str]
    limits: dict[str, float]
    evaluations: int | None
    minutes: float | None
    evaluated: int
    stopped: int
    over_limit: int
    failed: int
    front_size: int
    driver: DriverOut | None

    @classmethod
    def of(cls, summary: StudySummary, standing: Standing) -> StudyOut:
        """From the store, and what becomes of it."""
        return cls(**_plain(summary, standing))


class StudyDetail(StudyOut):
    """A study with all that was asked for, and how far it is."""

    spec: dict[str, Any]
    evidence: list[ObjectiveOut]
    progress: ProgressOut

    @classmethod
    def whole(cls, summary: StudySummary, standing: Standing, progress: Progress) -> StudyDetail:
        """From the store, what becomes of it, and how far it is."""
        return cls(
            **_plain(summary, standing),
            spec=dict(summary.study.spec),
            evidence=list(map(ObjectiveOut.of, summary.study.objectives)),
            progress=ProgressOut.of(progress),
        )


def _plain(summary: StudySummary, standing: Standing) -> dict[str, Any]:
    study, driver = summary.study, summary.driver
    return {
        "name": study.name,
        "space": str(study.spec.get("space")),
        "device": str(study.spec.get("device")),
        "state": standing.state,
        "failure": standing.failure,
        "created_at": study.created_at,
        "finished_at": study.finished_at,
        "objectives": [objective.name for objective in study.objectives],
        "limits": {key: one for key, one in (study.spec.get("limits") or {}).items() if one},
        "evaluations": study.spec.get("evaluations"),
        "minutes": study.spec.get("minutes"),
        "evaluated": summary.complete,
        "stopped": summary.stopped,
        "over_limit": summary.over_limit,
        "failed": summary.failed,
        "front_size": summary.front_size,
        "driver": DriverOut.of(driver) if driver is not None and driver.live else None,
    }


def spec_schema() -> dict[str, Any]:
    """The JSON schema of a study that is asked for, whole in one place."""
    schema = StudySpec.model_json_schema()
    definitions = schema.pop("$defs", {})
    inlined = _inlined(schema, definitions)
    assert isinstance(inlined, dict), "a schema is a mapping"
    return inlined


def _inlined(part: Any, definitions: Mapping[str, Any]) -> Any:
    if isinstance(part, dict):
        if "$ref" in part:
            return _inlined(definitions[str(part["$ref"]).rpartition("/")[2]], definitions)
        return {key: _inlined(value, definitions) for key, value in part.items()}
    return [_inlined(item, definitions) for item in part] if isinstance(part, list) else part
