"""A study in the store → how far it is, as its driver says, or as its rows show without one."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from typing import Literal

from nas.search.progress import Progress, growth
from nas.store import DriverRecord, EvaluationState, Store, StudyRecord


@dataclass(frozen=True, slots=True)
class Watched:
    """A study at a moment.

    Args:
        study: Its name.
        state: Whether a live process runs it, nothing is owed to it, or neither.
        driver: That process.
        progress: How far it is.
    """

    study: str
    state: Literal["running", "interrupted", "finished"]
    driver: DriverRecord | None
    progress: Progress


def look(store: Store, name: str) -> Watched:
    """Look at a study.

    Raises:
        UnknownNameError: with the names there are.
    """
    study = store.study(name)
    driver = store.driver(study.id)
    if driver is not None and driver.live and "goal" in driver.progress:
        return Watched(name, "running", driver, Progress.from_json(driver.progress))
    progress = _from_rows(store, study)
    if driver is not None and driver.live:
        return Watched(name, "running", driver, progress)
    return Watched(name, "finished" if study.finished_at else "interrupted", None, progress)


def _from_rows(store: Store, study: StudyRecord) -> Progress:
    records = store.evaluations(study.id)
    states = Counter(record.state for record in records)
    spent: Counter[str] = Counter()
    for record in records:
        spent.update(record.spent)
    names = [objective.name for objective in study.objectives]
    values = [
        [record.values[name] for name in names]
        for record in records
        if record.state is EvaluationState.COMPLETE
    ]
    ended = states.total() - states[EvaluationState.OVER_LIMIT]
    return Progress(
        goal=int(study.spec.get("evaluations") or ended),
        complete=states[EvaluationState.COMPLETE],
        stopped=states[EvaluationState.STOPPED],
        failed=states[EvaluationState.FAILED],
        front=len(store.front(study.id)),
        curve=tuple(growth(values, [objective.sense for objective in study.objectives])),
        spent=dict(spent),
        done=study.finished_at is not None,
    )
