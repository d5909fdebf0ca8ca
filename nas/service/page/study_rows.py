"""Stored studies → rows: what a list says of each, as plain values."""

from __future__ import annotations

import threading
from collections import OrderedDict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import final

from nas.pareto import Sense
from nas.search.progress import Progress
from nas.service.page.parts import Parts
from nas.service.searches import Standing, State
from nas.store import Store, StudySummary

_KEPT = 1_000

AT_WORK: Sequence[State] = ("starting", "running")


@dataclass(frozen=True, slots=True)
class StudyRow:
    """A study in a list.

    Args:
        name: Its name.
        device: Whose costs it is about.
        space: What it searches.
        created_at: When it was begun.
        standing: What becomes of it.
        progress: How far it is.
        best: The best value of each objective on its front; empty without a front.
    """

    name: str
    device: str
    space: str
    created_at: datetime
    standing: Standing
    progress: Progress
    best: Mapping[str, float]

    @property
    def at_work(self) -> bool:
        """Whether a process runs it."""
        return self.standing.state in AT_WORK

    @property
    def share(self) -> float:
        """How much of what was asked is done."""
        progress = self.progress
        return 1.0 if progress.done else progress.share


@dataclass(frozen=True, slots=True)
class Shown:
    """One leaf of a list.

    Args:
        rows: On it.
        total: How many there are on all leaves.
        leaf: Its number, from 0.
        leaves: How many there are, at least one.
        empty_store: Whether there is no study at all.
    """

    rows: tuple[StudyRow, ...]
    total: int
    leaf: int
    leaves: int
    empty_store: bool


@final
class StudyRows:
    """Lists of studies; any thread may ask.

    Args:
        parts: Where the studies are.
        per_leaf: How many rows a leaf has.
    """

    def __init__(self, parts: Parts, *, per_leaf: int = 20) -> None:
        self._parts, self._per_leaf = parts, per_leaf
        self._best: OrderedDict[tuple[object, ...], Mapping[str, float]] = OrderedDict()
        self._lock = threading.Lock()

    def shown(self, words: str = "", states: Sequence[str] = (), leaf: int = 0) -> Shown:
        """The newest first.

        Args:
            words: Only those with all of them in name, device or space.
            states: Only those in one of these; all without.
            leaf: Which leaf; the last one where there are fewer.
        """
        every = self._parts.store.studies()
        found = [
            (one, standing)
            for one in reversed(every)
            if _has(one, words.lower().split())
            and (standing := self._parts.searches.standing(one))
            and (not states or standing.state in states)
        ]
        leaves = max(1, -(-len(found) // self._per_leaf))
        leaf = min(max(leaf, 0), leaves - 1)
        here = found[leaf * self._per_leaf : (leaf + 1) * self._per_leaf]
        rows = tuple(self._row(summary, standing) for summary, standing in here)
        return Shown(rows, len(found), leaf, leaves, not every)

    def row(self, name: str) -> StudyRow:
        """One study.

        Raises:
            UnknownNameError: with the names there are.
        """
        summary = self._parts.store.summary(name)
        return self._row(summary, self._parts.searches.standing(summary))

    def _row(self, summary: StudySummary, standing: Standing) -> StudyRow:
        study = summary.study
        return StudyRow(
            study.name,
            str(study.spec.get("device", "")),
            str(study.spec.get("space", "")),
            study.created_at,
            standing,
            self._parts.views.progress(summary),
            self._best_of(summary),
        )

    def _best_of(self, summary: StudySummary) -> Mapping[str, float]:
        if not summary.front_size:
            return {}
        study = summary.study
        key = study.id, study.created_at, summary.complete, summary.front_size, study.finished_at
        with self._lock:
            known = self._best.get(key)
        if known is None:
            known = _best(self._parts.store, summary)
            with self._lock:
                self._best[key] = known
                while len(self._best) > _KEPT:
                    self._best.popitem(last=False)
        return known


def done_words(row: StudyRow) -> str:
    """How much is done, in words."""
    progress = row.progress
    if progress.done:
        return f"{progress.ended:,} {'scored' if progress.scored is not None else 'evaluated'}"
    done = f"{progress.ended:,} of {progress.goal:,}"
    if progress.by_time and progress.limit_s is not None:
        minutes = f"{progress.elapsed_s / 60:.1f} of {progress.limit_s / 60:g} minutes"
        done = f"{progress.ended:,} in {minutes}"
    if row.at_work and progress.left_s is not None:
        done += f", about {progress.left_s:,.0f} s left"
    return done


def _has(summary: StudySummary, words: Sequence[str]) -> bool:
    spec = summary.study.spec
    text = f"{summary.study.name} {spec.get('device')} {spec.get('space')}".lower()
    return all(word in text for word in words)


def _best(store: Store, summary: StudySummary) -> Mapping[str, float]:
    front = store.front(summary.study.id)
    best = {}
    for objective in summary.study.objectives:
        values = [record.values[objective.name] for record in front]
        if values:
            best[objective.name] = (
                max(values) if objective.sense is Sense.MAXIMIZE else min(values)
            )
    return best
