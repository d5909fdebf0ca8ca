"""A stored study → its front and what surrounds it, kept as long as the store holds the same."""

from __future__ import annotations

import threading
from collections import OrderedDict
from collections.abc import Sequence
from dataclasses import replace
from functools import lru_cache
from typing import final

from nas.report.front import FrontView, Point, Reference, front_view
from nas.report.references import costed_references
from nas.search.tally import Tally
from nas.space.architecture import parse
from nas.store import EvaluationRecord, EvaluationState, Store, StudyRecord

_KEPT_STUDIES = 4
_READ_AT_ONCE = 20_000


@final
class Views:
    """Fronts of studies; every method may be called from any thread.

    A study only ever gains evaluations, so each is read from the store once.

    Args:
        store: Where the studies are.
    """

    def __init__(self, store: Store) -> None:
        self.store = store
        self._kept: OrderedDict[int, _Known] = OrderedDict()
        self._lock = threading.Lock()

    def front(self, name: str, *, until: int | None = None) -> FrontView:
        """The front of a study, with the networks that it dominates.

        A study without a front has a view without points.

        Args:
            name: The study.
            until: As it was after so many evaluations; without it, as it is.

        Raises:
            UnknownNameError: with the names there are.
        """
        study = self.store.study(name)
        known = self._known(study)
        with known.lock:
            known.read_on(self.store)
            return known.view(study, until)

    def _known(self, study: StudyRecord) -> _Known:
        with self._lock:
            known = self._kept.pop(study.id, None)
            if known is None or known.study.created_at != study.created_at:
                known = _Known(study)
            self._kept[study.id] = known
            while len(self._kept) > _KEPT_STUDIES:
                self._kept.popitem(last=False)
            return known


class _Known:
    """What was read of a study so far."""

    def __init__(self, study: StudyRecord) -> None:
        self.study, self.lock = study, threading.Lock()
        self._records: list[EvaluationRecord] = []
        self._points: list[Point] = []
        self._tally = self._new_tally()
        self._view: FrontView | None = None
        self._next = 0

    def _new_tally(self) -> Tally:
        limits = self.study.spec.get("limits") or {}
        return Tally(self.study.objectives, floor=limits.get("min_accuracy"))

    def read_on(self, store: Store) -> None:
        """Read what came since."""
        while True:
            records = store.evaluations(self.study.id, first=self._next, limit=_READ_AT_ONCE)
            if not records:
                return
            self._next = records[-1].number + 1
            complete = [one for one in records if one.state is EvaluationState.COMPLETE]
            self._records += complete
            self._points += front_view(self.study, complete, ()).dominated
            self._tally.add(complete)
            self._view = None

    def view(self, study: StudyRecord, until: int | None) -> FrontView:
        """The front after so many evaluations, or of all."""
        if until is not None and until < self._next:
            count = sum(record.number < until for record in self._records)
            tally = self._new_tally()
            tally.add(self._records[:count])
            return self._drawn(study, tally.front, self._points[:count])
        if self._view is None or self._view.study != study.name:
            self._view = self._drawn(study, self._tally.front, self._points)
        return self._view

    def _drawn(
        self, study: StudyRecord, front: Sequence[EvaluationRecord], points: Sequence[Point]
    ) -> FrontView:
        on_front = {record.number for record in front}
        return replace(
            front_view(study, (), front, references=_references(study, self._records)),
            dominated=tuple(point for point in points if point.number not in on_front),
        )


def _references(study: StudyRecord, records: Sequence[EvaluationRecord]) -> tuple[Reference, ...]:
    if not records:
        return ()
    last = parse(records[0].architecture_text).blocks[-1]
    devices = (objective.name.partition("@")[2] for objective in study.objectives)
    others = tuple(sorted(filter(None, devices)))
    return _costed(str(study.spec["device"]), int(getattr(last, "width", 0)), others)


@lru_cache(maxsize=64)
def _costed(device: str, classes: int, others: tuple[str, ...]) -> tuple[Reference, ...]:
    return costed_references(device, classes=classes, others=others)
