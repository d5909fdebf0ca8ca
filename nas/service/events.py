"""Changes of studies → server-sent events, found once for however many listen.

Who listens is told everything in order. One that was away and says which event it saw last is told
what it missed; one that was away for too long, or reads too slowly, gets a snapshot instead.
"""

from __future__ import annotations

import asyncio
import logging
import secrets
from collections import OrderedDict, deque
from collections.abc import AsyncIterator
from contextlib import suppress
from typing import Any, final

from fastapi.sse import format_sse_event
from pydantic import BaseModel

from nas.errors import BusyError, StoreError, UnknownNameError
from nas.service.event_sources import DELETED, SNAPSHOT, Source, StudiesSource, StudySource
from nas.service.schemas.events import DeletedEvent
from nas.service.searches import Searches
from nas.service.views import Views

_LOG = logging.getLogger(__name__)

EVERY_S = 0.5
HEART_BEAT_S = 15.0
MOST_LISTENERS = 500
_KEPT_EVENTS = 256
_KEPT_QUIET = 32
_AT_MOST = 0.2  # of the time is spent looking
_RETRY_MS = 1_000


@final
class Events:
    """Streams of events; every method is called on the event loop.

    Args:
        searches: Which know what becomes of studies.
        views: Which know their fronts.
    """

    def __init__(self, searches: Searches, views: Views) -> None:
        self._searches, self._views = searches, views
        self._topics: OrderedDict[str | None, _Topic] = OrderedDict()
        self._ended = False

    async def of_study(self, name: str, last_id: str | None) -> AsyncIterator[bytes]:
        """The events of a study, as bytes to send.

        Args:
            name: The study.
            last_id: Of the event that was seen last, if any.

        Raises:
            UnknownNameError: with the names there are.
            BusyError: if as many listen as may.
        """
        self._check_room()
        study = await asyncio.to_thread(self._views.study, name)
        key = f"{study.id} {study.created_at}"
        return await self._joined(key, StudySource(study, self._searches, self._views), last_id)

    async def of_all(self, last_id: str | None) -> AsyncIterator[bytes]:
        """The events of all studies, as bytes to send.

        Args:
            last_id: Of the event that was seen last, if any.

        Raises:
            BusyError: if as many listen as may.
        """
        self._check_room()
        return await self._joined(None, StudiesSource(self._searches, self._views), last_id)

    def end(self) -> None:
        """End every stream: the server is about to."""
        self._ended = True
        for topic in self._topics.values():
            topic.end()

    def _check_room(self) -> None:
        listeners = sum(topic.listeners for topic in self._topics.values())
        if listeners >= MOST_LISTENERS or self._ended:
            raise BusyError(
                f"at most {MOST_LISTENERS} may listen at once; got one more; close other pages, "
                "or ask again in a moment"
            )

    async def _joined(
        self, key: str | None, source: Source[Any], last_id: str | None
    ) -> AsyncIterator[bytes]:
        topic = self._topics.pop(key, None)
        if topic is None or topic.over:
            topic = _Topic(source)
        self._topics[key] = topic
        quiet = [
            key for key, one in self._topics.items() if not one.listeners and one is not topic
        ]
        for old in quiet[: max(len(quiet) - _KEPT_QUIET, 0)]:
            del self._topics[old]
        await topic.refresh()
        return topic.stream(last_id)


class _Topic:
    """What some listen to: one looks for all of them, as long as there are any."""

    def __init__(self, source: Source[Any]) -> None:
        self.listeners, self.over = 0, False
        self._source, self._name = source, secrets.token_hex(4)
        self._seen: Any = None
        self._last = 0
        self._kept: deque[tuple[int, bytes]] = deque(maxlen=_KEPT_EVENTS)
        self._snapshot: tuple[int, bytes] | None = None
        self._news = asyncio.Event()
        self._looking = asyncio.Lock()
        self._looked_at = -1e9
        self._pause_s = EVERY_S
        self._task: asyncio.Task[None] | None = None

    async def refresh(self) -> None:
        """Look, unless somebody did just now."""
        async with self._looking:
            if asyncio.get_running_loop().time() - self._looked_at > self._pause_s:
                await self._look()

    async def stream(self, last_id: str | None) -> AsyncIterator[bytes]:
        """What one listener is sent."""
        self._join()
        try:
            yield format_sse_event(retry=_RETRY_MS)
            at = self._place(last_id)
            while True:
                if at is None or at < self._last - len(self._kept):
                    at, message = self._last, self._whole()
                    yield message
                for number, message in [one for one in self._kept if one[0] > at]:
                    at = number
                    yield message
                if at < self._last:
                    continue
                if self.over:
                    return
                with suppress(TimeoutError):
                    async with asyncio.timeout(HEART_BEAT_S):
                        await self._news.wait()
                    continue
                yield format_sse_event(comment="still here")
        finally:
            self.listeners -= 1

    def end(self) -> None:
        """Let every listener go."""
        self.over = True
        if self._task is not None:
            self._task.cancel()
        self._news.set()

    def _join(self) -> None:
        self.listeners += 1
        if self._task is None or self._task.done():
            self._task = asyncio.create_task(self._keep_looking())

    async def _keep_looking(self) -> None:
        while self.listeners and not self.over:
            await asyncio.sleep(self._pause_s)
            try:
                async with self._looking:
                    await self._look()
            except UnknownNameError as error:
                self._publish(DELETED, DeletedEvent(study=error.name))
                self.over = True
            except StoreError:  # Out of reach now: looked at again in a moment.
                continue
            except Exception:
                _LOG.exception("events could not be found")

    async def _look(self) -> None:
        clock = asyncio.get_running_loop().time
        began = clock()
        seen = await asyncio.to_thread(self._source.look)
        before, self._seen, self._looked_at = self._seen, seen, clock()
        self._pause_s = max(EVERY_S, (self._looked_at - began) / _AT_MOST)
        if before is not None:
            for kind, said in self._source.changes(before, seen):
                self._publish(kind, said)

    def _publish(self, kind: str, said: BaseModel) -> None:
        self._last += 1
        self._kept.append((self._last, self._message(kind, said)))
        self._news.set()
        self._news = asyncio.Event()

    def _whole(self) -> bytes:
        if self._snapshot is None or self._snapshot[0] != self._last:
            message = self._message(SNAPSHOT, self._source.snapshot(self._seen))
            self._snapshot = self._last, message
        return self._snapshot[1]

    def _message(self, kind: str, said: BaseModel) -> bytes:
        return format_sse_event(
            data_str=said.model_dump_json(), event=kind, id=f"{self._name}-{self._last}"
        )

    def _place(self, last_id: str | None) -> int | None:
        """Where a listener is that saw this event last; None where that is not known."""
        name, _, number = (last_id or "").rpartition("-")
        if name != self._name or not (number.isascii() and number.isdigit()):
            return None
        return int(number) if int(number) <= self._last else None
