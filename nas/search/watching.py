"""A study in the store → how far it is, as its driver says, or as its rows show without one."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from nas.search.progress import Progress
from nas.search.tally import Tally
from nas.store import DriverRecord, Store, StudyRecord


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
    limits = study.spec.get("limits") or {}
    tally = Tally(study.objectives, floor=limits.get("min_accuracy"))
    tally.add(store.evaluations(study.id))
    goal = int(study.spec.get("evaluations") or tally.ended)
    return tally.progress(Progress(goal=goal, done=study.finished_at is not None))
