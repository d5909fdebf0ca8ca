"""Problem + store → an open study: what is known, what is owed, and results recorded once.

However evaluations are run, this is the only way in for what comes of them. A result is one
transaction, under a lease that one process holds at a time: whatever was recorded survives any
end of the process, and nothing is recorded twice.
"""

from __future__ import annotations

import math
import time
from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import final

import numpy as np

from nas.errors import EvaluatorError
from nas.search.accounting import DriverAccount
from nas.search.outcome import Outcome
from nas.search.problem import Problem
from nas.search.progress import Progress
from nas.search.proposer import Proposer
from nas.search.tally import Tally
from nas.search.warm_start import WarmStart
from nas.space.space import Codes
from nas.store import EvaluationRecord, EvaluationState, Lease, Store, StudyRecord
from nas.store.records import TAKEN_OVER

OnProgress = Callable[[Progress], None]

# So many failures with no success between them mean that the evaluator is broken.
PATIENCE_FAILURES = 10
NOTHING_NEW = "no others within the limits were found"
TIME_UP = "the time was up"
_BATCH = 1_000
_BETWEEN_SHOWS_S = 1.0
_BETWEEN_FRONTS_S = 10.0


@final
class Session:
    """A study that this process drives; made by `open_session`, used from one thread.

    Args:
        problem: What is searched for.
        warm_start: What it begins with.
        store: Where results go.
        study: The study in it.
        lease: The right to write to it.
        account: Of what this process spends on it.
        begun: What is known of its progress from the start.
        on_progress: Told how far the study is, about once a second.
    """

    def __init__(
        self,
        problem: Problem,
        warm_start: WarmStart,
        store: Store,
        study: StudyRecord,
        *,
        lease: Lease,
        account: DriverAccount,
        begun: Progress,
        on_progress: OnProgress,
    ) -> None:
        self.problem, self.warm_start, self.account = problem, warm_start, account
        self._study, self._store, self._lease, self._on_progress = study, store, lease, on_progress
        self._records = store.evaluations(study.id)
        self._by_id = {record.architecture_id: record for record in self._records}
        self._tally = Tally(study.objectives, floor=problem.floor)
        self._tally.add(self._records)
        self._begun, self._begun_with, self._failures = begun, self._tally.ended, 0
        self._started, self._shown, self._saved = time.monotonic(), -math.inf, time.monotonic()
        self._working_since: float | None = None

    @property
    def study_name(self) -> str:
        """Of the study."""
        return self._study.name

    @property
    def owed(self) -> int:
        """How many more networks may be evaluated."""
        return max(self.problem.evaluations - self._tally.ended, 0)

    def time_is_up(self, *, under_way: int = 0) -> bool:
        """Whether nothing new is to be evaluated any more; never before something was.

        Args:
            under_way: Networks that are being evaluated.
        """
        limit_s = self.problem.limit_s
        over = limit_s is not None and time.monotonic() - self._started >= limit_s
        return over and self._tally.ended + under_way > 0

    @property
    def ending(self) -> str:
        """Why it ends, in words, where it ends now; empty at its goal."""
        if not self.owed:
            return ""
        return TIME_UP if self.time_is_up() else NOTHING_NEW

    def modelled(self, record: EvaluationRecord) -> float | None:
        """What was evaluated of a network; None where that came to nothing."""
        return record.values.get(self.problem.modelled or "")

    def known(self, architecture_id: str) -> EvaluationRecord | None:
        """What is recorded of a network: other choices may build the same one."""
        return self._by_id.get(architecture_id)

    def proposer(self) -> Proposer:
        """What chooses the next network, knowing all that is known now."""
        return Proposer(
            self.problem,
            self._records,
            first=self.warm_start.first,
            experiences=self.warm_start.experiences,
        )

    def take_over(self) -> None:
        """Record what other studies know on the same scale; it costs no evaluation."""
        warm = self.warm_start
        for start in range(0, len(warm.known), _BATCH):
            some = slice(start, start + _BATCH)
            outcomes = [
                Outcome(EvaluationState.COMPLETE, float(accuracy), reason=f"{TAKEN_OVER}{origin}")
                for accuracy, origin in zip(warm.accuracies[some], warm.origins[some], strict=True)
            ]
            self.record(warm.known[some], outcomes)

    def record(self, codes: Codes | Sequence[Codes], outcomes: Sequence[Outcome]) -> None:
        """Record what came of evaluations in one transaction; networks on record are left out.

        Args:
            codes: Canonical; shape (count, variables).
            outcomes: One for each.

        Raises:
            StoreError: if nothing could be stored, or another process took the study over.
            EvaluatorError: if the evaluator fails again and again; the failures are recorded.
        """
        added = self._new_records(np.asarray(codes), outcomes)
        self._store.record(self._study.id, added, lease=self._lease)
        self._records += added
        self._by_id |= {record.architecture_id: record for record in added}
        self._tally.add(added)
        self.account.heard(outcomes)
        for record in added:
            self._heed_failure(record)

    def _new_records(self, codes: Codes, outcomes: Sequence[Outcome]) -> list[EvaluationRecord]:
        space, columns = self.problem.space, self.problem.known(codes)
        records: dict[str, EvaluationRecord] = {}
        for row, (code, outcome) in enumerate(zip(codes, outcomes, strict=True)):
            network = space.architecture(code)
            if network.id in self._by_id or network.id in records:
                continue
            values = {name: float(column[row]) for name, column in columns.items()}
            if outcome.accuracy is not None:
                assert self.problem.modelled is not None, "or nothing would be evaluated"
                values[self.problem.modelled] = outcome.accuracy
            records[network.id] = EvaluationRecord(
                number=len(self._records) + len(records),
                architecture_id=network.id,
                architecture_text=network.text,
                choices=space.decode(code),
                state=outcome.state,
                values=values,
                reason=outcome.reason,
                reports=outcome.reports,
                spent=outcome.spent,
            )
        return list(records.values())

    def _heed_failure(self, record: EvaluationRecord) -> None:
        failed = record.state is EvaluationState.FAILED
        self._failures = self._failures + 1 if failed else 0
        if self._failures >= PATIENCE_FAILURES:
            raise EvaluatorError(
                f"`evaluator` must succeed now and then; got {self._failures} failures one after "
                f"the other, the last one because {record.reason}; mend it, then run the same "
                "search again"
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
        now, done = time.monotonic(), ending is not None
        if self._working_since is None and (running or scored):
            self._working_since = now  # Before, workers were started.
        left_s = 0.0 if done else self._left_s(now, scored)
        progress = replace(
            self._tally.progress(self._begun),
            running=running,
            scored=scored,
            elapsed_s=now - self._started,
            left_s=left_s,
            done=done,
            ending=ending or "",
        )
        self._shown = now
        self._lease.report(progress.to_json())
        self.account.save()
        self._on_progress(progress)
        if now - self._saved > _BETWEEN_FRONTS_S:
            self.save_front()

    def _left_s(self, now: float, scored: int | None) -> float | None:
        """At the pace so far, and within the time there is; None where neither is known."""
        pace_s, limit_s = self._pace_s(now, scored), self.problem.limit_s
        if limit_s is None:
            return pace_s
        time_s = self._started + limit_s - now
        if time_s <= 0:  # What is under way takes as long as it takes.
            return None
        return time_s if pace_s is None else min(pace_s, time_s)

    def _pace_s(self, now: float, scored: int | None) -> float | None:
        gained = self._tally.ended - self._begun_with if scored is None else scored
        left = self.owed if scored is None else max(self.problem.evaluations - scored, 0)
        if not gained:
            return None
        since = self._started if self._working_since is None else self._working_since
        return (now - since) / gained * left

    def save_front(self) -> None:
        """Store the front as it is now."""
        self._saved = time.monotonic()
        numbers = [record.number for record in self._tally.front]
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
        if failed and len(failed) == self._tally.ended:
            raise EvaluatorError(
                f"`evaluator` must succeed now and then; all {len(failed)} evaluations of "
                f"{self._study.name!r} failed, the last one because {failed[-1].reason}; mend it, "
                "then choose another name with --name"
            )
        self.save_front()
        self.account.save(now=True)
        self._store.finish(self._study.id, lease=self._lease)
        self._say(scored=scored, ending=ending)
