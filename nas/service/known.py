"""Rows of a study → what they come to, each row read from the store once."""

from __future__ import annotations

import threading
import time
from bisect import bisect_left
from collections.abc import Iterable, Sequence
from dataclasses import replace
from functools import lru_cache
from typing import final

import numpy as np
from numpy.typing import NDArray

from nas.pareto import front
from nas.report.front import FrontView, Point, Reference, front_view
from nas.report.ledger import LedgerView, ledger_view
from nas.report.references import costed_references
from nas.search.progress import Progress, growth_by_count
from nas.search.tally import Tally
from nas.space.architecture import parse
from nas.store import AccountRecord, EvaluationRecord, EvaluationState, Store, StudyRecord

_READ_AT_ONCE = 20_000
_MOST_GAPS = 8
MOST_STEPS = 500
"""How many points the growth of a front is told in, at most."""


@final
class KnownStudy:
    """What was read of a study so far; whoever uses it holds its lock.

    Args:
        study: The study.
    """

    def __init__(self, study: StudyRecord) -> None:
        self.study, self.lock = study, threading.Lock()
        limits = study.spec.get("limits") or {}
        self._floor: float | None = limits.get("min_accuracy")
        self.read_at = -1.0
        self._next = 0
        self._gaps: list[range] = []
        self._begin()

    def _begin(self) -> None:
        self._records: list[EvaluationRecord] = []
        self._complete: list[EvaluationRecord] = []
        self._points: list[Point] = []
        self._rows: list[list[float]] = []
        self._tally = Tally(self.study.objectives, floor=self._floor)
        self._view: FrontView | None = None
        self._past: tuple[int, FrontView] | None = None
        self._table: NDArray[np.float64] | None = None
        self._growth: list[tuple[int, float]] | None = None

    def read_on(self, store: Store) -> None:
        """Read what came since, be it of later or of earlier numbers."""
        began = time.monotonic()
        late = self._late(store)
        if late:  # what follows them in order is counted anew
            everything = sorted([*self._records, *late], key=lambda record: record.number)
            self._begin()
            self._add(everything)
            self._gaps = _left_out((record.number for record in everything), 0, self._next)
        while True:
            records = store.evaluations(self.study.id, first=self._next, limit=_READ_AT_ONCE)
            if not records:
                self.read_at = began
                return
            end = records[-1].number + 1
            self._gaps += _left_out((record.number for record in records), self._next, end)
            self._next = end
            self._add(records)

    def _late(self, store: Store) -> list[EvaluationRecord]:
        """Those of numbers that were passed over: they ended after later ones did."""
        gaps = self._gaps
        if len(gaps) > _MOST_GAPS:
            gaps = [range(gaps[0].start, gaps[-1].stop)]
        found = [
            record
            for gap in gaps
            for record in store.evaluations(self.study.id, first=gap.start, until=gap.stop)
        ]
        if len(gaps) == len(self._gaps):
            return found
        known = {record.number for record in self._records}
        return [record for record in found if record.number not in known]

    def _add(self, records: Sequence[EvaluationRecord]) -> None:
        complete = [one for one in records if one.state is EvaluationState.COMPLETE]
        names = [objective.name for objective in self.study.objectives]
        self._records += records
        self._complete += complete
        self._points += front_view(self.study, complete, ()).dominated
        self._rows += [[one.values[name] for name in names] for one in complete]
        self._tally.add(records)
        self._view = self._past = self._growth = self._table = None

    def view(self, study: StudyRecord, until: int | None) -> FrontView:
        """The front after so many evaluations, or of all.

        Args:
            study: As it is now: it may have another name.
            until: How many of the evaluations count, by number.
        """
        if until is not None and until < self._next:
            kept = self._past
            if kept is None or kept[0] != until or kept[1].study != study.name:
                count = bisect_left(self._complete, until, key=lambda record: record.number)
                past = self._drawn(study, self._front_of(count), self._points[:count])
                self._past = kept = until, past
            return kept[1]
        if self._view is None or self._view.study != study.name:
            self._view = self._drawn(study, self._tally.front, self._points)
        return self._view

    def growth(self) -> list[tuple[int, float]]:
        """How many evaluations there were, and the hypervolume of their front, from 0 to 1."""
        if self._growth is None:
            able = self._able(len(self._complete))
            table = [self._rows[index] for index in able]
            senses = [objective.sense for objective in self.study.objectives]
            self._growth = [
                (self._complete[able[count - 1]].number + 1, volume)
                for count, volume in growth_by_count(table, senses, points=MOST_STEPS)
            ]
        return self._growth

    def ledger(self, accounts: Sequence[AccountRecord]) -> LedgerView:
        """What the study took and saved, its drivers' accounts given."""
        return ledger_view(self._records, accounts)

    def progress(self, study: StudyRecord) -> Progress:
        """How far the study is, as its rows show."""
        goal = int(study.spec.get("evaluations") or self._tally.ended)
        return self._tally.progress(Progress(goal=goal, done=study.finished_at is not None))

    def _able(self, count: int) -> Sequence[int]:
        """Which of the first complete evaluations may be on the front."""
        least = self._floor
        if least is None:
            return range(count)
        return [i for i in range(count) if self._complete[i].values["accuracy"] >= least]

    def _front_of(self, count: int) -> list[EvaluationRecord]:
        """The front of the first complete evaluations."""
        if self._table is None:
            self._table = np.array(self._rows)
        able = self._able(count)
        table = self._table[:count] if len(able) == count else self._table[able]
        kept = front(table, [objective.sense for objective in self.study.objectives])
        return [self._complete[able[index]] for index in kept]

    def _drawn(
        self, study: StudyRecord, front: Sequence[EvaluationRecord], points: Sequence[Point]
    ) -> FrontView:
        on_front = {record.number for record in front}
        return replace(
            front_view(study, (), front, references=_references(study, self._complete)),
            dominated=tuple(point for point in points if point.number not in on_front),
        )


def _left_out(numbers: Iterable[int], start: int, stop: int) -> list[range]:
    """What rising numbers leave out of a range."""
    found = []
    for number in (*numbers, stop):
        if number > start:
            found.append(range(start, number))
        start = number + 1
    return found


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
