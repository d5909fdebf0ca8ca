"""A function that may crash, hang or devour memory → calls of it that cannot hurt the server.

A call runs in a process that does nothing else, is kept warm for the next one, and replaced when
it dies.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from tempfile import TemporaryDirectory
from typing import Any, BinaryIO, final

from nas.error_documents import from_document
from nas.errors import BusyError, NasError
from nas.service.worker import DONE, NO_MEMORY, REFUSED, Words, read_frame, write_frame

_CALLS_EACH = 200
"""After so many calls a process makes room for a fresh one: libraries leak."""

_START_S = 60.0
"""How long a new process may load what it needs, which no call is charged with."""

_ONE_THREAD = {"OMP_NUM_THREADS": "1", "OPENBLAS_NUM_THREADS": "1", "MKL_NUM_THREADS": "1"}
_NO_GPU = {"CUDA_VISIBLE_DEVICES": ""}  # It maps more addresses than a bounded process may.


class WorkerError(NasError):
    """A call that brought no answer: it took too long or too much memory, or ended its process.

    Args:
        reason: What happened, to stand after "got".
        details: For the server's log.
    """

    def __init__(self, reason: str, details: str = "") -> None:
        self.reason, self.details = reason, details
        super().__init__(reason)


class _UnusedError(Exception):
    """The process had just ended, as none that waits for work too long stays."""


@dataclass(frozen=True, slots=True)
class Bounds:
    """What calls may take.

    Args:
        processes: How many run at once.
        waiting: How many wait besides.
        seconds: Of each call, by the wall, in a process that is ready.
        memory_bytes: Of the addresses of each process, what libraries map included.
        idle_s: How long a process without work is kept.
    """

    processes: int
    waiting: int
    seconds: float
    memory_bytes: int
    idle_s: float


@final
class Workers:
    """Calls of one function in bounded processes; any thread may call.

    Args:
        target: The function, as `module:name`; its types are stated, and pydantic can write and
            read their values as JSON.
        bounds: What calls may take.
    """

    def __init__(self, target: str, bounds: Bounds) -> None:
        self.bounds = bounds
        self._target, self._words = target, Words(target)
        self._free = threading.Semaphore(bounds.processes)
        self._room = threading.Semaphore(bounds.processes + bounds.waiting)
        self._lock = threading.Lock()
        self._idle: list[_Worker] = []
        self._closed = False

    def call(self, *arguments: Any) -> Any:
        """The function's value for these arguments.

        Raises:
            NasError: as the function raised it.
            BusyError: if too many calls wait.
            WorkerError: if there is no answer; the next call has a fresh process.
        """
        if not self._room.acquire(blocking=False):
            raise BusyError(
                f"at most {self.bounds.processes + self.bounds.waiting} of these may be under way "
                "at once; got one more; try again in a few seconds"
            )
        try:
            with self._free:
                return self._call(arguments)
        finally:
            self._room.release()

    def _call(self, arguments: tuple[Any, ...]) -> Any:
        worker = self._take()
        asked = self._words.arguments(len(arguments)).dump_json(arguments)
        try:
            outcome, body = worker.ask(len(arguments), asked, self.bounds.seconds)
            value = self._value(outcome, body)
        except _UnusedError:
            worker.stop()
            return self._call(arguments)
        except BaseException:
            worker.stop()
            raise
        self._keep(worker, healthy=outcome in (DONE, REFUSED))
        if outcome == DONE:
            return value
        if outcome == REFUSED:
            raise from_document(value)
        if outcome == NO_MEMORY:
            raise WorkerError(f"more than {self.bounds.memory_bytes >> 20:,} MiB of memory")
        raise WorkerError("a fault", str(value))

    def _value(self, outcome: str, body: bytes) -> Any:
        try:
            if outcome == DONE:
                return self._words.value.validate_json(body)[0]
            return json.loads(body or b"null")
        except ValueError as error:
            raise WorkerError("an answer that is none", str(error)) from None

    def _take(self) -> _Worker:
        """A process that is there, or a new one."""
        while True:
            with self._lock:
                worker = self._idle.pop() if self._idle else None
            if worker is None:
                return _Worker(self._target, self.bounds)
            if worker.alive:
                return worker
            worker.stop()

    def _keep(self, worker: _Worker, *, healthy: bool) -> None:
        with self._lock:
            if healthy and worker.calls < _CALLS_EACH and not self._closed:
                self._idle.append(worker)
                return
        worker.stop()

    def close(self) -> None:
        """End the processes that are idle; those at work end after their calls."""
        with self._lock:
            self._closed = True
            idle, self._idle = self._idle, []
        for worker in idle:
            worker.stop()


class _Worker:
    """One process, the pipes to it, and a folder for its temporary files that ends with it."""

    def __init__(self, target: str, bounds: Bounds) -> None:
        self.calls = 0
        self._folder = TemporaryDirectory(prefix="nas-worker-", ignore_cleanup_errors=True)
        limits = (str(bounds.memory_bytes), str(bounds.idle_s))
        self._process = subprocess.Popen(
            [sys.executable, "-m", "nas.service.worker", target, *limits],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,  # strangers' files must not fill the log
            env={**os.environ, **_ONE_THREAD, **_NO_GPU, "TMPDIR": self._folder.name},
            start_new_session=True,  # interrupts reach the server only, which decides
        )

    @property
    def alive(self) -> bool:
        """Whether the process still runs."""
        return self._process.poll() is None

    def ask(self, count: int, arguments: bytes, seconds: float) -> tuple[str, bytes]:
        """The outcome of one call with so many arguments, and what came of it, as JSON.

        Raises:
            WorkerError: if the process died, or was killed when the time was up.
        """
        writer, reader = self._pipes()
        if not self.calls:
            with self._at_most(_START_S):
                read_frame(reader)
        self.calls += 1
        with self._at_most(seconds):
            write_frame(writer, f"{seconds} {count}", arguments)
            return read_frame(reader)

    @contextmanager
    def _at_most(self, seconds: float) -> Iterator[None]:
        """Kill the process once the time is up, and say why it no longer answers."""
        late = threading.Event()

        def end() -> None:
            late.set()
            self._process.kill()

        alarm = threading.Timer(seconds, end)
        alarm.daemon = True
        alarm.start()
        try:
            yield
        except (EOFError, OSError):
            if late.is_set():
                raise WorkerError(f"more than {seconds:g} s") from None
            if self._process.wait() == 0:
                raise _UnusedError from None
            raise WorkerError("the end of the process that did it") from None
        finally:
            alarm.cancel()

    def _pipes(self) -> tuple[BinaryIO, BinaryIO]:
        writer, reader = self._process.stdin, self._process.stdout
        assert writer is not None and reader is not None, "it was started with pipes"
        return writer, reader  # type: ignore[return-value]

    def stop(self) -> None:
        """End the process, and leave nothing of it behind."""
        self._process.kill()
        for pipe in (self._process.stdin, self._process.stdout):
            if pipe is not None:
                with suppress(OSError):
                    pipe.close()
        self._process.wait()
        self._folder.cleanup()
