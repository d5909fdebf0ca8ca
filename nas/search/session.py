"""Problem + store → an open study: what is known, what is owed, and results recorded once.

However evaluations are run, this is the only way in for what comes of them. A result is one
transaction, under a lease that one process holds at a time: whatever was recorded survives any
end of the process, and nothing is recorded twice.
"""

from __future__ import annotations

import math
import time
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import replace

import numpy as np

from nas.errors import EvaluatorError, StoreError
from nas.pareto import front
from nas.search.feasibility import check_feasible
from nas.search.outcome import Outcome
from nas.search.plan import Plan
from nas.search.problem import Problem
from nas.search.progress import Progress, growth
from nas.search.study import changed_keys
from nas.space.space import Codes
from nas.store import EvaluationRecord, EvaluationState, Lease, Store, StudyRecord

OnProgress = Callable[[Progress], None]

# So many failures with no success between them mean that the evaluator is broken.
PATIENCE_FAILURES = 10
NOTHING_NEW = "no others within the limits were found"
_BETWEEN_SHOWS_S = 1.0
_BETWEEN_FRONTS_S = 10.0


class Session:
    """A study that this process drives; made by `open_session`, used from one thread.

    Args:
        problem: What is searched for.
        plan: How.
        store: Where results go.
        study: The study in it.
        lease: The right to write to it.
        on_progress: Told how far the study is, about once a second.
    """

    def __init__(
        self,
        problem: Problem,
        plan: Plan,
        store: Store,
        study: StudyRecord,
        *,
        lease: Lease,
        on_progress: OnProgress,
    ) -> None:
        self.problem = problem
        self._study, self._store, self._lease, self._on_progress = study, store, lease, on_progress
        records = store.evaluations(study.id)
        self._records, self._by_id = list(records), {one.architecture_id: one for one in records}
        self._states = Counter(record.state for record in records)
        self._objectives = problem.objectives
        self._senses = [one.sense for one in self._objectives]
        self._values: list[list[float]] = []
        self._front: list[EvaluationRecord] = []
        self._spent: Counter[str] = Counter()
        self._take_in(records)
        self._started, self._shown, self._saved = time.monotonic(), -math.inf, 0.0
        self._working_since: float | None = None
        self._failures = 0
        self._progress = Progress(
            goal=problem.evaluations, mode=plan.mode, runner=plan.runner, why=plan.why
        )
        self._begun_with = self._ended

    @property
    def study_name(self) -> str:
        """Of the study."""
        return self._study.name

    @property
    def history(self) -> Sequence[EvaluationRecord]:
        """Everything recorded, in order."""
        return self._records

    @property
    def owed(self) -> int:
        """How many more networks may be evaluated."""
        return max(self.problem.evaluations - self._ended, 0)

    @property
    def _ended(self) -> int:
        return self._states.total() - self._states[EvaluationState.OVER_LIMIT]

    def known(self, architecture_id: str) -> EvaluationRecord | None:
        """What is recorded of a network: other choices may build the same one."""
        return self._by_id.get(architecture_id)

    def record(self, codes: Codes | Sequence[Codes], outcomes: Sequence[Outcome]) -> None:
        """Record what came of evaluations in one transaction; networks on record are left out.

        Args:
            codes: Canonical; shape (count, variables).
            outcomes: One for each.

        Raises:
            StoreError: if nothing could be stored, or another process took the study over.
            EvaluatorError: if the evaluator fails again and again; the failures are recorded.
        """
        codes = np.asarray(codes)
        columns = self.problem.known(codes)
        records: dict[str, EvaluationRecord] = {}
        for row, (code, outcome) in enumerate(zip(codes, outcomes, strict=True)):
            network = self.problem.space.architecture(code)
            if network.id in self._by_id or network.id in records:
                continue
            values = {name: float(column[row]) for name, column in columns.items()}
            if outcome.accuracy is not None:
                values["accuracy"] = outcome.accuracy
            records[network.id] = EvaluationRecord(
                number=len(self._records) + len(records),
                architecture_id=network.id,
                architecture_text=network.text,
                choices=self.problem.space.decode(code),
                state=outcome.state,
                values=values,
                reason=outcome.reason,
                reports=outcome.reports,
                spent=outcome.spent,
            )
        added = list(records.values())
        self._store.record(self._study.id, added, lease=self._lease)
        self._records += added
        self._by_id |= records
        self._states.update(record.state for record in added)
        self._take_in(added)
        self._heed_failures(added)

    def _take_in(self, records: Sequence[EvaluationRecord]) -> None:
        """Extend the front, the curve and the sums by new records."""
        floor = self.problem.floor
        complete = [one for one in records if one.state is EvaluationState.COMPLETE]
        able = [one for one in complete if floor is None or one.values["accuracy"] >= floor]
        if able:
            self._values += [self._row(one) for one in able]
            candidates = self._front + able
            kept = front([self._row(one) for one in candidates], self._senses)
            self._front = [candidates[index] for index in kept]
        for record in records:
            self._spent.update(record.spent)

    def _row(self, record: EvaluationRecord) -> list[float]:
        return [record.values[one.name] for one in self._objectives]

    def _heed_failures(self, records: Sequence[EvaluationRecord]) -> None:
        for record in records:
            failed = record.state is EvaluationState.FAILED
            self._failures = self._failures + 1 if failed else 0
            if self._failures >= PATIENCE_FAILURES:
                raise EvaluatorError(
                    f"`evaluator` must succeed now and then; got {self._failures} failures one "
                    f"after the other, the last one because {record.reason}; mend it, then run "
                    "the same search again"
                )

    def show(self, *, running: int = 0, scored: int | None = None) -> None:
        """Say how far the study is: to whoever listens, and in the store; about once a second.

        Args:
            running: Evaluations under way.
            scored: Candidates scored, where the search is direct.
        """
        if time.monotonic() - self._shown >= _BETWEEN_SHOWS_S:
            self._say(running=running, scored=scored)

    def _say(self, *, running: int = 0, scored: int | None, ending: str | None = None) -> None:
        moment = time.monotonic()
        self._shown = moment
        if self._working_since is None and (running or self._ended > self._begun_with or scored):
            self._working_since = moment  # Before, workers were started.
        self._progress = replace(
            self._progress,
            complete=self._states[EvaluationState.COMPLETE],
            stopped=self._states[EvaluationState.STOPPED],
            failed=self._states[EvaluationState.FAILED],
            running=running,
            scored=scored,
            front=len(self._front),
            curve=tuple(growth(self._values, self._senses)),
            spent=dict(self._spent),
            elapsed_s=moment - self._started,
            left_s=self._left_s(moment, scored) if ending is None else 0.0,
            done=ending is not None,
            ending=ending or "",
        )
        self._lease.report(self._progress.to_json())
        self._on_progress(self._progress)
        if moment - self._saved > _BETWEEN_FRONTS_S:
            self.save_front()

    def _left_s(self, moment: float, scored: int | None) -> float | None:
        """At the pace so far; None before there is one."""
        gained = self._ended - self._begun_with if scored is None else scored
        left = self.owed if scored is None else max(self._progress.goal - scored, 0)
        if self._working_since is None or not gained:
            return None
        return (moment - self._working_since) / gained * left

    def save_front(self) -> None:
        """Store the front as it is now."""
        self._saved = time.monotonic()
        numbers = [record.number for record in self._front]
        self._store.save_front(self._study.id, numbers, lease=self._lease)

    def finish(self, *, scored: int | None = None, ending: str = "") -> None:
        """Store the front and note that nothing is owed any more.

        Args:
            scored: Candidates scored, where the search is direct.
            ending: Why it ends before its goal, in words.

        Raises:
            EvaluatorError: if every evaluation failed; the study stays as it is.
        """
        failed = [one for one in self._records if one.state is EvaluationState.FAILED]
        if failed and len(failed) == self._ended:
            raise EvaluatorError(
                f"`evaluator` must succeed now and then; all {len(failed)} evaluations of "
                f"{self._study.name!r} failed, the last one because {failed[-1].reason}; mend it, "
                "then choose another name with --name"
            )
        self.save_front()
        self._store.finish(self._study.id, lease=self._lease)
        self._say(scored=scored, ending=ending)


def begin_or_resume(problem: Problem, store: Store) -> StudyRecord:
    """The study of a problem, made if there is none of that name.

    Raises:
        InfeasibleError: if no network fits the limits; nothing is stored then.
        StoreError: if a study of that name asked for something else, or meant other models.
    """
    name, spec = problem.spec.name, problem.stored_spec()
    objectives = problem.objective_records()
    if name not in {summary.study.name for summary in store.studies()}:
        check_feasible(problem)
        return store.create_study(name, spec=spec, objectives=objectives)
    stored = store.study(name)
    if changed := changed_keys(stored.spec, spec):
        was = {key: stored.spec.get(key) for key in changed}
        raise StoreError(
            f"a study named {name!r} exists and differs in {', '.join(changed)} "
            f"(it has {was}); choose another name with --name"
        )
    if stored.finished_at is None and tuple(objectives) != stored.objectives:
        pairs = zip(objectives, stored.objectives, strict=True)
        differing = [new.name for new, old in pairs if new != old]
        raise StoreError(
            f"the study {name!r} was begun with another model of {', '.join(differing)}; its "
            "evaluations cannot be mixed with new ones: choose another name with --name"
        )
    return stored


@contextmanager
def open_session(
    problem: Problem, plan: Plan, store: Store, study: StudyRecord, *, on_progress: OnProgress
) -> Iterator[Session]:
    """Drive a study while the context lasts; its front so far is stored however it ends.

    Raises:
        StudyHeldError: if another process drives it.
    """
    with store.hold(study.id, progress={}) as lease:
        session = Session(problem, plan, store, study, lease=lease, on_progress=on_progress)
        session.show()
        try:
            yield session
        except BaseException:
            with suppress(StoreError):
                session.save_front()
            raise
