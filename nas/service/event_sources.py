"""What the store holds of studies → events that say what changed between two looks."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Protocol, TypeVar, final

from pydantic import BaseModel

from nas.errors import UnknownNameError
from nas.report.front import Point
from nas.search.progress import Progress
from nas.service.schemas.events import (
    DeletedEvent,
    FrontEvent,
    FrontPoint,
    ProgressEvent,
    StateEvent,
    StudiesSnapshot,
    StudySnapshot,
)
from nas.service.schemas.studies import ProgressOut, StudyOut
from nas.service.searches import Searches
from nas.service.views import Views
from nas.store import StudyRecord

SNAPSHOT, DELETED = "snapshot", "deleted"

Seen = TypeVar("Seen")
Event = tuple[str, BaseModel]
"""Its kind, and what it says."""


class Source(Protocol[Seen]):
    """Something that changes; `look` may take a while, and runs in a thread."""

    def look(self) -> Seen:
        """What it is now.

        Raises:
            UnknownNameError: naming it, if it is no more.
        """
        ...

    def snapshot(self, seen: Seen) -> BaseModel:
        """All of it."""
        ...

    def changes(self, before: Seen, after: Seen) -> Iterator[Event]:
        """What happened between two looks."""
        ...


@dataclass(frozen=True, slots=True)
class SeenStudy:
    """One study at a moment."""

    study: StudyOut
    progress: Progress
    front: Sequence[Point]


@final
class StudySource:
    """One study.

    Args:
        study: As it is in the store; another one of its name is not it.
        searches: Which know what becomes of it.
        views: Which know its front.
    """

    def __init__(self, study: StudyRecord, searches: Searches, views: Views) -> None:
        self._study, self._searches, self._views = study, searches, views

    def look(self) -> SeenStudy:
        """The study now; what is read last is at least as new as its state."""
        name = self._study.name
        summary, standing = self._searches.one(name)
        if summary.study.id != self._study.id or (
            summary.study.created_at != self._study.created_at
        ):
            raise UnknownNameError("study", name, ())
        study = StudyOut.of(summary, standing)
        return SeenStudy(study, self._views.progress(summary), self._views.front(name).front)

    def snapshot(self, seen: SeenStudy) -> StudySnapshot:
        """All that was seen."""
        return StudySnapshot(
            study=seen.study,
            progress=ProgressOut.of(seen.progress),
            front=list(map(FrontPoint.of, seen.front)),
        )

    def changes(self, before: SeenStudy, after: SeenStudy) -> Iterator[Event]:
        """Progress, what the front gained and lost, and the state last."""
        name = after.study.name
        if after.progress != before.progress:
            yield "progress", ProgressEvent(study=name, progress=ProgressOut.of(after.progress))
        if after.front is not before.front:
            was, now = ({one.id: one for one in seen.front} for seen in (before, after))
            added, removed = (
                [now[i] for i in now if i not in was],
                [i for i in was if i not in now],
            )
            if added or removed:
                yield (
                    "front",
                    FrontEvent(
                        study=name,
                        size=len(now),
                        added=list(map(FrontPoint.of, added)),
                        removed=removed,
                    ),
                )
        if (after.study.state, after.study.failure) != (before.study.state, before.study.failure):
            yield "state", _state(after.study)


@dataclass(frozen=True, slots=True)
class SeenStudies:
    """All studies at a moment, and how far those are that run."""

    studies: Mapping[str, StudyOut]
    progress: Mapping[str, Progress]


@final
class StudiesSource:
    """All studies.

    Args:
        searches: Which know what becomes of them.
        views: Which know how far they are.
    """

    def __init__(self, searches: Searches, views: Views) -> None:
        self._searches, self._views = searches, views

    def look(self) -> SeenStudies:
        """The studies now, newest first."""
        studies, progress = {}, {}
        for summary, standing in self._searches.all():
            name = summary.study.name
            studies[name] = StudyOut.of(summary, standing)
            if studies[name].state == "running":
                progress[name] = self._views.progress(summary)
        return SeenStudies(studies, progress)

    def snapshot(self, seen: SeenStudies) -> StudiesSnapshot:
        """All that was seen."""
        return StudiesSnapshot(studies=list(seen.studies.values()))

    def changes(self, before: SeenStudies, after: SeenStudies) -> Iterator[Event]:
        """Studies that are gone, that are new or have other counts, progress, and states."""
        for name in before.studies.keys() - after.studies.keys():
            yield DELETED, DeletedEvent(study=name)
        for name, progress in after.progress.items():
            if progress != before.progress.get(name):
                yield "progress", ProgressEvent(study=name, progress=ProgressOut.of(progress))
        for name, study in reversed(list(after.studies.items())):
            was = before.studies.get(name)
            if study != was:
                yield "study", study
            if was is not None and (study.state, study.failure) != (was.state, was.failure):
                yield "state", _state(study)


def _state(study: StudyOut) -> StateEvent:
    return StateEvent(study=study.name, state=study.state, failure=study.failure)
