"""The application → a server that ends when it is told to, whoever listens to events.

Who connects and does not ask within the time that a body may take is let go: idle connections
would otherwise keep others out.
"""

from __future__ import annotations

import asyncio
import socket
from typing import Any, final

import h11
import uvicorn
from fastapi import FastAPI
from uvicorn.protocols.http.h11_impl import H11Protocol

from nas.service.events import Events


@final
class Server(uvicorn.Server):
    """A server of the application.

    Args:
        app: The application.
        options: As `uvicorn.Config` takes them.
    """

    def __init__(self, app: FastAPI, **options: Any) -> None:
        within = {"within_s": app.state.settings.body_within_s}
        http = type("Prompt", (_PromptProtocol,), within)
        super().__init__(
            uvicorn.Config(app, http=http, log_level="warning", access_log=False, **options)
        )
        self._events: Events = app.state.events

    async def shutdown(self, sockets: list[socket.socket] | None = None) -> None:
        """End streams first: the server waits for whatever is being answered."""
        self._events.end()
        await super().shutdown(sockets)


class _PromptProtocol(H11Protocol):
    """A connection on which the head of every request arrives within some time."""

    within_s: float
    _alarm: asyncio.TimerHandle | None = None

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        super().connection_made(transport)
        self._watch()

    def data_received(self, data: bytes) -> None:
        super().data_received(data)
        self._watch()

    def connection_lost(self, exc: Exception | None) -> None:
        super().connection_lost(exc)
        self._call_off()

    def _watch(self) -> None:
        if self.conn.their_state is not h11.IDLE:
            self._call_off()
        elif self._alarm is None:
            self._alarm = self.loop.call_later(self.within_s, self.transport.close)

    def _call_off(self) -> None:
        if self._alarm is not None:
            self._alarm.cancel()
            self._alarm = None
