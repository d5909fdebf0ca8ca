"""Proposals → networks in flight → results on record, as Ray Tune asks for one and brings another.

A free worker never waits for a batch, and seldom for a proposal: the next one is made while all
are busy. Results are recorded while the worker is at the next network, a tenth of a second after
they came at most; until then the worker's own note of them is what a crash leaves.
"""

from __future__ import annotations

import platform
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import ray
from ray.tune.callback import Callback
from ray.tune.experiment import Trial

from nas.accuracy.evaluator import Report
from nas.search.outcome import Outcome, outcome_of
from nas.search.session import Session
from nas.search.workplace import clear, note_network, unfinished
from nas.space.architecture import Architecture
from nas.space.space import Codes
from nas.store.records import EvaluationState

# How long after an interrupt results that were under way to us are still taken in.
_LAST_ORDERS_S = 0.3


@dataclass
class Flight:
    """A network that is being evaluated, and all that is known of how it goes.

    Args:
        code: Its code.
        network: What it builds.
        costs: Its known objectives, all better when smaller.
        twins: Codes that build the same network and were proposed meanwhile.
        reports: So far.
        failed: Why its evaluation failed, once it has.
        began: When a worker took it, monotonic; None before.
        deaths: Workers that died over it one after the other, without a step ahead.
        late: Whether its worker was ended for taking too long.
        spent: What it took, if it failed and said so.
        here: Whether it was on this machine.
    """

    code: Codes
    network: Architecture
    costs: Sequence[float]
    twins: list[Codes] = field(default_factory=list)
    reports: list[Report] = field(default_factory=list)
    failed: str | None = None
    began: float | None = None
    deaths: int = 0
    late: bool = False
    spent: Mapping[str, float] | None = None
    here: bool = True


class Flow(Callback):
    """What is in the air between the proposer, the workers and the session.

    Args:
        session: The open study.
        timeout_s: Most seconds that an evaluation may take; None for any.
        folder: Where work under way is kept.
    """

    def __init__(self, session: Session, *, timeout_s: float | None, folder: Path) -> None:
        self.interrupted_at: float | None = None
        self._session, self._timeout_s, self._folder = session, timeout_s, folder
        self._resumed = unfinished(folder, session.problem.space)
        self._proposer = session.proposer()
        self._flights: dict[str, Flight] = {}
        self._landing: list[Flight] = []
        self._landed: list[Flight] = []
        self._next: Flight | None = None
        self._exhausted = False

    @property
    def out_now(self) -> int:
        """Networks that are with a worker, or wait for one."""
        return len(self._flights)

    @property
    def _unrecorded(self) -> int:
        """Networks that are out, or back and not on record yet."""
        return len(self._flights) + len(self._landing) + len(self._landed)

    @property
    def finished(self) -> bool:
        """Whether no network is to go out as things stand."""
        if self.interrupted_at is not None or self._time_is_up:
            return True
        over = self._exhausted or self._session.owed <= self._unrecorded
        return over and self._next is None

    @property
    def _time_is_up(self) -> bool:
        return self._session.time_is_up(under_way=self._unrecorded)

    def take(self) -> Flight | None:
        """The next network to go out, if there is one."""
        if self.finished:
            return None
        self._prepare()
        flight, self._next = self._next, None
        return flight

    def out(self, trial_id: str, flight: Flight) -> None:
        """A network goes out as the trial of that id."""
        choices = self._session.problem.space.decode(flight.code)
        note_network(self._folder / flight.network.id, choices)
        self._flights[trial_id] = flight

    def costs_of(self, trial_id: str) -> Sequence[float]:
        """The known objectives of a trial in flight."""
        return self._flights[trial_id].costs

    def _prepare(self) -> None:
        """Make the next proposal, if one will be needed."""
        problem = self._session.problem
        while not (self._next or self._exhausted) and self._session.owed > self._unrecorded:
            code = next(self._resumed, None)
            if code is None:
                code = self._proposer.ask()
            if code is None:
                # Something new may turn up once more is known, unless nothing is under way.
                self._exhausted = self._unrecorded == 0
                return
            network = problem.space.architecture(code)
            if (known := self._session.known(network.id)) is not None:
                self._proposer.tell(code, self._session.modelled(known), known.reports)
                clear(self._folder / network.id)
            elif (twin := self._same(network)) is not None:
                twin.twins.append(code)
            else:
                known_now = problem.known(code[None])
                costs = [float(known_now[one.name][0]) for one in problem.objectives if one.known]
                self._next = Flight(code, network, costs)

    def _same(self, network: Architecture) -> Flight | None:
        flights = [*self._flights.values(), *self._landing, *self._landed]
        return next((one for one in flights if one.network.id == network.id), None)

    def on_trial_start(self, *, trial: Trial, **info: Any) -> None:  # type: ignore[override]
        """A worker takes a network."""
        self._flights[trial.trial_id].began = time.monotonic()

    def on_trial_result(
        self,
        iteration: int,
        trials: list[Trial],
        trial: Trial,
        result: dict[str, Any],
        **info: Any,
    ) -> None:
        """A worker reports."""
        flight = self._flights[trial.trial_id]
        flight.here = result.get("hostname", platform.node()) == platform.node()
        if "failed" in result:
            flight.failed, flight.spent = str(result["failed"]), dict(result["spent"])
            return
        report = _report(result)
        if flight.deaths and report.share > max((one.share for one in flight.reports), default=0):
            # It got further than before: what ended its workers was not this network.
            flight.deaths = trial.run_metadata.num_failures = 0
        flight.reports.append(report)

    def on_trial_recover(self, *, trial: Trial, **info: Any) -> None:  # type: ignore[override]
        """A worker died, and the network goes to another."""
        flight = self._flights[trial.trial_id]
        flight.deaths, flight.began = flight.deaths + 1, None

    def on_trial_complete(self, *, trial: Trial, **info: Any) -> None:  # type: ignore[override]
        """A worker is done with a network, or told to stop."""
        self._landing.append(self._flights.pop(trial.trial_id))

    def on_trial_error(self, *, trial: Trial, **info: Any) -> None:  # type: ignore[override]
        """A worker was ended, or one too many died."""
        flight = self._flights.pop(trial.trial_id)
        died = flight.deaths + 1
        flight.failed = (
            f"it took longer than {self._timeout_s:g} s"
            if flight.late
            else f"its worker process died {died} times without a step ahead (killed, out of "
            f"memory, or crashed); Ray says: {_last_words(trial)}"
        )
        self._landing.append(flight)

    def on_step_end(self, *, trials: list[Trial], **info: Any) -> None:  # type: ignore[override]
        """Between two events: record what landed before, end what takes too long, think ahead."""
        running = sum(one.began is not None for one in self._flights.values())
        self._session.show(running=running + len(self._landing))
        self._record()
        self._landed, self._landing = self._landing, []
        now = time.monotonic()
        if self.interrupted_at is not None and now - self.interrupted_at > _LAST_ORDERS_S:
            self._record()
            raise KeyboardInterrupt
        if self._timeout_s is not None:
            self._end_late(trials, now, self._timeout_s)
        if self._flights and self.interrupted_at is None and not self._time_is_up:
            self._prepare()

    def settle(self) -> None:
        """Record what landed last."""
        self._landed, self._landing = [*self._landed, *self._landing], []
        self._record()

    def _record(self) -> None:
        if not self._landed:
            return
        landed, outcomes = self._landed, [_outcome(flight) for flight in self._landed]
        self._session.record([flight.code for flight in landed], outcomes)
        self._landed, self._exhausted = [], False
        for flight, outcome in zip(landed, outcomes, strict=True):
            for code in (flight.code, *flight.twins):
                self._proposer.tell(code, outcome.accuracy, outcome.reports)
            clear(self._folder / flight.network.id)

    def _end_late(self, trials: list[Trial], now: float, timeout_s: float) -> None:
        late = {
            key: flight
            for key, flight in self._flights.items()
            if flight.began is not None and now - flight.began > timeout_s and not flight.late
        }
        for trial in trials if late else ():
            flight = late.get(trial.trial_id)
            if flight is not None and trial.temporary_state.ray_actor is not None:
                flight.late = True
                trial.max_failures = 0  # Another attempt would take as long.
                ray.kill(trial.temporary_state.ray_actor)


def _last_words(trial: Trial) -> str:
    """The last line of what Tune wrote down about an error, as of a package that is missing."""
    try:
        lines = (
            Path(trial.error_file or "").read_text(encoding="utf-8", errors="replace").split("\n")
        )
    except OSError:
        return "nothing"
    return next((line.strip()[:200] for line in reversed(lines) if line.strip()), "nothing")


def _report(result: Mapping[str, Any]) -> Report:
    return Report(result["share"], result["accuracy"], dict(result["spent"]))


def _outcome(flight: Flight) -> Outcome:
    if flight.failed is None and not flight.reports:
        return Outcome(EvaluationState.FAILED, reason="it ended without a report")
    return outcome_of(flight.reports, failed=flight.failed, spent=flight.spent, here=flight.here)
