"""Studies → processes that run them, outlive the server, and are found again by their leases."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Literal, final

from nas.errors import InputError, StoreError, StudyHeldError
from nas.search.study import StudySpec
from nas.service.allowed import allowed, check_stored
from nas.service.job import Job
from nas.service.opening import begin, begin_apart
from nas.service.settings import Settings
from nas.service.shared import Shared, SharedByName
from nas.service.specs import stored_spec
from nas.service.traces import Trace, traces_folder
from nas.store import DriverRecord, Store, StudyRecord, StudySummary
from nas.store.curation import delete_study

State = Literal["starting", "running", "interrupted", "failed", "finished"]

_GRACE_S = 10.0
_LOOK_S = 0.05


@dataclass(frozen=True, slots=True)
class Standing:
    """What becomes of a study.

    Args:
        state: `starting` until its process has taken it, then `running`; `failed` where the last
            process that this service started says why, else `interrupted`.
        failure: Why it failed, in words.
    """

    state: State
    failure: str | None = None


@final
class Searches:
    """Starts, stops and resumes studies; every method may be called from any thread.

    `all` gives every study and what becomes of it, newest first; `one` gives that of a name.

    Args:
        settings: Of the service.
        store: Where the studies are.
    """

    def __init__(self, settings: Settings, store: Store) -> None:
        self.store = store
        self._settings = settings
        self._folder = traces_folder(store.location)
        self._children: dict[Trace, subprocess.Popen[str]] = {}
        self._lock = threading.Lock()
        self.all: Shared[list[tuple[StudySummary, Standing]]] = Shared(self._all)
        self.one: SharedByName[tuple[StudySummary, Standing]] = SharedByName(self._one)
        # What is asked of a space is arithmetic on every core: a few at a time are quicker.
        self._openings = threading.BoundedSemaphore(2)

    def start(self, spec: StudySpec) -> StudyRecord:
        """Begin a study and start its process.

        Raises:
            StoreError: if the name is taken, or as many searches run as may.
            InputError: if it cannot be searched, with the reason; nothing is stored then.
        """
        spec = allowed(spec, self._settings)
        self._check_room()
        address = self._settings.address
        with self._openings:
            if spec.evaluator is not None and ":" in spec.evaluator:
                begin_apart(spec, self.store, self._settings.database, address=address)
            else:
                begin(spec, self.store, address=address)
        study = self.store.study(spec.name)
        with self._lock:
            self._launch(study)
        return study

    def resume(self, name: str) -> None:
        """Start a process for a study that nobody runs and to which evaluations are owed.

        Raises:
            UnknownNameError: with the names there are.
            StudyHeldError: if a process runs it.
            StoreError: if nothing is owed to it, or as many searches run as may.
            InputError: if it names what this server may not use.
        """
        study = self.store.study(name)
        if study.finished_at is not None:
            raise StoreError(
                f"`study` must be unfinished to be resumed; {name!r} is finished; clone it with "
                "more evaluations instead"
            )
        check_stored(stored_spec(study), self._settings)
        self._check_room()
        with self._lock:
            self._check_at_rest(study)
            self._launch(study)

    def stop(self, name: str) -> None:
        """End the process of a study, with everything on record; returns once it has let go.

        A process on this machine is interrupted, wherever it was started. One elsewhere loses its
        lease, and ends when it next writes.

        Raises:
            UnknownNameError: with the names there are.
            StoreError: if nobody runs it.
            InputError: if it belongs to another user of this machine.
        """
        study = self.store.study(name)
        driver = self._driver(study)
        if driver is not None and not driver.here:
            self.store.revoke(study.id)
            return
        trace = Trace.of(study, self._folder)
        pid = driver.pid if driver is not None else self._starting(trace)
        if pid is None or (driver is None and study.finished_at is not None):
            raise StoreError(f"`study` must be running to be stopped; nobody runs {name!r}")

        def ended() -> bool:
            return self._driver(study) is None and self._starting(trace) is None

        _end(pid, ended, name)
        trace.clear()

    def delete(self, name: str) -> None:
        """Remove a study that nobody runs, and all that is kept of it.

        Raises:
            UnknownNameError: with the names there are.
            StudyHeldError: if a process runs it.
        """
        study = self.store.study(name)
        with self._lock:
            self._check_at_rest(study)
            delete_study(self.store, name)
        Trace.of(study, self._folder).remove()

    def failure(self, name: str) -> str | None:
        """Why the last process of a study that nobody runs failed, if it did.

        Raises:
            UnknownNameError: with the names there are.
        """
        return self.standing(self.store.summary(name)).failure

    def standing(self, summary: StudySummary) -> Standing:
        """What becomes of a study."""
        if summary.driver is not None and summary.driver.live:
            return Standing("running")
        if summary.study.finished_at is not None:
            return Standing("finished")
        trace = Trace.of(summary.study, self._folder)
        if self._starting(trace) is not None:
            return Standing("starting")
        failure = trace.failure()
        return Standing("interrupted" if failure is None else "failed", failure)

    def _all(self) -> list[tuple[StudySummary, Standing]]:
        """Every study and what becomes of it, newest first."""
        return [(one, self.standing(one)) for one in reversed(self.store.studies())]

    def _one(self, name: str) -> tuple[StudySummary, Standing]:
        summary = self.store.summary(name)
        return summary, self.standing(summary)

    def _check_room(self) -> None:
        most = self._settings.most_searches
        at_work = [one for one in self.store.studies() if self._at_work(one)]
        if len(at_work) >= most:
            raise StoreError(
                f"this machine must have at most {most} searches at a time; got "
                f"{', '.join(one.study.name for one in at_work[:5])} at work; wait for one, stop "
                "one, or start the server with a larger --searches"
            )

    def _at_work(self, summary: StudySummary) -> bool:
        standing = self.standing(summary)
        if standing.state == "running":
            return summary.driver is not None and summary.driver.here
        return standing.state == "starting"

    def _check_at_rest(self, study: StudyRecord) -> None:
        runs = self._driver(study)
        finished = study.finished_at is not None  # its process may take a moment to end
        if runs is None and (finished or not self._starting(Trace.of(study, self._folder))):
            return
        by = f"{runs} runs" if runs is not None else "a process that starts up is to run"
        raise StudyHeldError(
            f"`study` must be at rest for this; got {study.name!r}, which {by}; stop it first"
        )

    def _driver(self, study: StudyRecord) -> DriverRecord | None:
        driver = self.store.driver(study.id)
        return driver if driver is not None and driver.live else None

    def _starting(self, trace: Trace) -> int | None:
        """The process that was started for a study here and still runs."""
        child = self._children.get(trace)
        if child is not None and child.poll() is None:
            return child.pid
        process = trace.process()
        return None if process is None else process.pid

    def _launch(self, study: StudyRecord) -> None:
        trace = Trace.of(study, self._folder)
        self._folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        job = Job(self._settings.database, study.name, self._settings.address, str(trace.stem))
        with trace.log.open("ab") as log:
            child = subprocess.Popen(
                [sys.executable, "-m", "nas.service.job"],
                stdin=subprocess.PIPE,
                stdout=log,
                stderr=subprocess.STDOUT,
                text=True,
                start_new_session=True,
            )
        assert child.stdin is not None, "it was asked for"
        with child.stdin:
            child.stdin.write(job.to_json())
        self._children[trace] = child
        threading.Thread(target=self._reap, args=(trace, child), daemon=True).start()

    def _reap(self, trace: Trace, child: subprocess.Popen[str]) -> None:
        child.wait()
        with self._lock:
            if self._children.get(trace) is child:
                del self._children[trace]


def _end(pid: int, ended: Callable[[], bool], name: str) -> None:
    """Interrupt a process, and end it where it does not heed that."""
    for signal_ in (signal.SIGINT, signal.SIGTERM):
        try:
            os.kill(pid, signal_)
        except ProcessLookupError:
            return
        except PermissionError:
            raise InputError(
                f"`study` must be run by the user of this server to be stopped here; process "
                f"{pid} runs {name!r} for another; stop it there"
            ) from None
        deadline = time.monotonic() + _GRACE_S
        while time.monotonic() < deadline:
            if ended():
                return
            time.sleep(_LOOK_S)
    raise StoreError(f"`study` must end when it is told to; process {pid} of {name!r} does not")
