"""The application → a server that ends when it is told to, whoever listens to events."""

from __future__ import annotations

import socket
from typing import Any, final

import uvicorn
from fastapi import FastAPI

from nas.service.events import Events


@final
class Server(uvicorn.Server):
    """A server of the application.

    Args:
        app: The application.
        options: As `uvicorn.Config` takes them.
    """

    def __init__(self, app: FastAPI, **options: Any) -> None:
        super().__init__(uvicorn.Config(app, log_level="warning", access_log=False, **options))
        self._events: Events = app.state.events

    async def shutdown(self, sockets: list[socket.socket] | None = None) -> None:
        """End streams first: the server waits for whatever is being answered."""
        self._events.end()
        await super().shutdown(sockets)
