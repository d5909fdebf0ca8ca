"""A study that runs elsewhere → its end, and its progress on the way, over any connection."""

from __future__ import annotations

import sys
import time
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager, suppress
from typing import final

from nas.client.connection import SILENCE_S, Connection
from nas.client.decoding import decoded
from nas.client.sse import Event
from nas.client.studies import Progress, Study
from nas.errors import BusyError, ServiceError, StoreUnavailableError

OnProgress = Callable[[Progress], None]

_PATIENCE_S = 60.0
_PAUSE_S = 1.0
_LATER = (ServiceError, BusyError, StoreUnavailableError)


@final
class Follower:
    """Waits for a study.

    Events tell of it as it happens; each time they break off, it is looked at, so that a server
    without room for listeners, or one that is started again, changes nothing.

    Args:
        connection: To the server.
        path: Of the study.
        look: Fetches the study.
        on_progress: Told how far it is, once for each change.
        timeout_s: How long to wait at most.
    """

    def __init__(
        self,
        connection: Connection,
        path: str,
        look: Callable[[], Study],
        *,
        on_progress: OnProgress,
        timeout_s: float | None,
    ) -> None:
        self._connection, self._path, self._look = connection, path, look
        self._on_progress = on_progress
        self._shown: Progress | None = None
        self._deadline = None if timeout_s is None else time.monotonic() + timeout_s
        self._last_id = ""

    def wait(self) -> Study:
        """The study once nobody runs it.

        Raises:
            TimeoutError: if that takes too long.
            ServiceError: if the server was never there, or is out of reach for a minute.
        """
        reached_at: float | None = None
        while True:
            try:
                study = self._look()
                reached_at = time.monotonic()
                if study.progress is not None:
                    self._show(study.progress)
                if study.at_rest:
                    return study
                came_to_rest = self._follow()
                reached_at = time.monotonic()
                if came_to_rest:
                    continue
            except _LATER:
                if reached_at is None or time.monotonic() - reached_at > _PATIENCE_S:
                    raise
            time.sleep(min(_PAUSE_S, self._left_s()))

    def _follow(self) -> bool:
        """Listen until the study comes to rest, or the stream ends; whether it came to rest."""
        silence_s = min(SILENCE_S, self._left_s())
        path = self._path + "/events"
        with (
            suppress(*_LATER),  # looked at instead
            closing(self._connection.events(path, self._last_id, silence_s=silence_s)) as events,
        ):
            for event in events:
                self._left_s()
                if event is not None and self._ends(event):
                    return True
        return False

    def _ends(self, event: Event) -> bool:
        """Whether a study came to rest, by what is said of it."""
        self._last_id = event.id or self._last_id
        if "progress" in event.data:
            self._show(decoded(Progress, event.data["progress"]))
        at_rest = event.kind == "state" and event.data["state"] not in ("starting", "running")
        return at_rest or event.kind == "deleted"

    def _show(self, progress: Progress) -> None:
        if progress != self._shown:
            self._shown = progress
            self._on_progress(progress)

    def _left_s(self) -> float:
        if self._deadline is None:
            return SILENCE_S
        left_s = self._deadline - time.monotonic()
        if left_s <= 0:
            raise TimeoutError("the study did not come to rest in time; it goes on")
        return left_s


@final
class ProgressLine:
    """Writes progress to the standard error, on one line, over and over.

    Args:
        name: Of the study.
    """

    def __init__(self, name: str) -> None:
        self._name, self._out, self._width = name, sys.stderr, 0

    def __call__(self, progress: Progress) -> None:
        """Write how far it is."""
        text = f"{self._name}: {_done(progress)}, {progress.front:,} on the front"
        if progress.left_s and not progress.done:
            text += f", some {progress.left_s:.0f} s left"
        self._out.write("\r" + text.ljust(self._width))
        self._out.flush()
        self._width = len(text)

    def end(self) -> None:
        """Leave the line as it is."""
        if self._width:
            self._out.write("\n")


@contextmanager
def told(name: str, progress: bool | OnProgress) -> Iterator[OnProgress]:
    """Whom to tell of a study's progress: the line of a terminal, whoever asked, or nobody."""
    line = ProgressLine(name)
    try:
        yield progress if callable(progress) else line if progress else lambda _: None
    finally:
        line.end()


def _done(progress: Progress) -> str:
    """How much, of the goal or in the time, whichever limit is nearer."""
    limit_s = progress.limit_s
    if limit_s and progress.elapsed_s / limit_s > progress.ended / max(progress.goal, 1):
        return f"{progress.ended:,} evaluated in {progress.elapsed_s:.0f} of {limit_s:.0f} s"
    return f"{progress.ended:,}/{progress.goal:,} evaluated"
