"""A line to a PostgreSQL that passes every byte on, until it breaks at a commit.

It stands between client and server on Unix sockets, as a network does.
"""

from __future__ import annotations

import socket
import threading
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from types import TracebackType
from typing import Self

_AT_A_TIME = 1 << 16
_COMMIT = b"COMMIT\0"  # Not the READ COMMITTED that transactions begin with.


class LineCutter:
    """Listens at one socket and speaks to another, connection by connection.

    Args:
        here: Where clients connect.
        there: Where the server listens.
    """

    def __init__(self, here: Path, there: Path) -> None:
        self.url = ""
        self.cuts = 0
        self._there = there
        self._armed, self._carried_out = False, False
        self._then: Callable[[], object] = lambda: None
        self._listening = socket.socket(socket.AF_UNIX)
        self._listening.bind(str(here))
        self._listening.listen()
        threading.Thread(target=self._accept, daemon=True).start()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self._listening.close()

    def cut_at_commit(
        self, *, carried_out: bool, then: Callable[[], object] = lambda: None
    ) -> None:
        """Break the next connection that commits.

        Args:
            carried_out: After the server did it, before it answers; else before it is asked.
            then: Is called while the line is broken.
        """
        self._carried_out, self._then, self._armed = carried_out, then, True

    def _accept(self) -> None:
        with suppress(OSError):
            while True:
                client, _ = self._listening.accept()
                threading.Thread(target=self._carry, args=(client,), daemon=True).start()

    def _carry(self, client: socket.socket) -> None:
        with client, socket.socket(socket.AF_UNIX) as server:
            server.connect(str(self._there))
            answers = threading.Thread(target=self._answer, args=(server, client), daemon=True)
            answers.start()
            with suppress(OSError):
                while asked := client.recv(_AT_A_TIME):
                    if self._armed and _COMMIT in asked:
                        self._armed = False
                        self.cuts += 1
                        self._break(client, server, asked)
                        return
                    server.sendall(asked)

    def _answer(self, server: socket.socket, client: socket.socket) -> None:
        with suppress(OSError):
            while said := server.recv(_AT_A_TIME):
                client.sendall(said)

    def _break(self, client: socket.socket, server: socket.socket, asked: bytes) -> None:
        # What the server answers is lost first, so that the client never hears of the commit.
        client.shutdown(socket.SHUT_WR)
        if self._carried_out:
            server.sendall(asked)
        # Its end of the line goes quiet only once the server has done what it was asked.
        server.shutdown(socket.SHUT_WR)
        self._then()
        client.shutdown(socket.SHUT_RD)
