"""Recorded evaluations → their counts, their front, and how it grew."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import replace
from typing import final

from nas.pareto import front
from nas.search.progress import Progress, growth
from nas.store.records import EvaluationRecord, EvaluationState, ObjectiveRecord


@final
class Tally:
    """What evaluations come to, kept up to date as they are added.

    Args:
        objectives: Of the study, in order.
        floor: The least accuracy on the front, if any.
    """

    def __init__(self, objectives: Sequence[ObjectiveRecord], *, floor: float | None) -> None:
        self._names = [objective.name for objective in objectives]
        self._senses = [objective.sense for objective in objectives]
        self._floor = floor
        self.states: Counter[EvaluationState] = Counter()
        self.spent: Counter[str] = Counter()
        self.taken_over = 0
        self.front: list[EvaluationRecord] = []
        self._values: list[list[float]] = []
        self._curve: tuple[int, tuple[float, ...]] = 0, ()

    @property
    def ended(self) -> int:
        """Evaluations that this study paid for."""
        over_limit = self.states[EvaluationState.OVER_LIMIT]  # Kept by earlier versions.
        return self.states.total() - over_limit - self.taken_over

    def add(self, records: Sequence[EvaluationRecord]) -> None:
        """Count more evaluations."""
        self.states.update(record.state for record in records)
        for record in records:
            self.spent.update(record.spent)
            self.taken_over += record.taken_over
        able = [record for record in records if self._counts(record)]
        if able:
            self._values += [self._row(record) for record in able]
            candidates = self.front + able
            kept = front([self._row(record) for record in candidates], self._senses)
            self.front = [candidates[index] for index in kept]

    def _counts(self, record: EvaluationRecord) -> bool:
        """Whether a network may be on the front."""
        complete = record.state is EvaluationState.COMPLETE
        return complete and (self._floor is None or record.values["accuracy"] >= self._floor)

    def _row(self, record: EvaluationRecord) -> list[float]:
        return [record.values[name] for name in self._names]

    def progress(self, base: Progress) -> Progress:
        """How far a study is that stands so, over what is known of it otherwise."""
        return replace(
            base,
            complete=self.states[EvaluationState.COMPLETE] - self.taken_over,
            stopped=self.states[EvaluationState.STOPPED],
            failed=self.states[EvaluationState.FAILED],
            front=len(self.front),
            curve=self._growth(),
            spent=dict(self.spent),
        )

    def _growth(self) -> tuple[float, ...]:
        # Of many evaluations, a few more change nothing that could be seen.
        drawn, curve = self._curve
        if len(self._values) > drawn * 1.01:
            curve = tuple(growth(self._values, self._senses))
            self._curve = len(self._values), curve
        return curve
