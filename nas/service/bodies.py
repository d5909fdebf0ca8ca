"""Requests → the same, of a bounded size and in bounded time, before anything is parsed."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping

from starlette.datastructures import Headers
from starlette.exceptions import HTTPException
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from nas.service.problems import problem
from nas.service.settings import Settings

_FRAME = 2**16
"""What boundaries, headers and other fields of an upload may take besides its file."""

_LARGE = ("/ui/",)
"""The page sends files that people drop on it within the documents of its callbacks."""


class BodyLimits:
    """Refuses a body that is too large, as soon as that is known, and one that takes too long.

    Args:
        app: What comes after.
        settings: How much, and within what time.
    """

    def __init__(self, app: ASGIApp, settings: Settings) -> None:
        self._app, self._settings = app, settings

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass a request on with a body that counts."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        headers = Headers(scope=scope)
        most = self._most(scope, headers)
        if _announced(headers) > most:
            await problem(413, _too_large(most))(scope, receive, send)
            return
        within = self._settings.body_within_s
        await self._app(scope, _Counted(receive, most, within), send)

    def _most(self, scope: Scope, headers: Mapping[str, str]) -> int:
        kind = headers.get("content-type", "")
        if kind.startswith("multipart/") or str(scope["path"]).startswith(_LARGE):
            return self._settings.most_upload_bytes + _FRAME
        return self._settings.most_body_bytes


def _announced(headers: Mapping[str, str]) -> int:
    length = headers.get("content-length", "")
    return int(length) if length.isascii() and length.isdigit() else 0


def _too_large(most: int) -> str:
    return f"the body of this request must be at most {most:,} bytes; got more"


class _Counted:
    """Messages of a request, until they are too many or come too late."""

    def __init__(self, receive: Receive, most: int, within_s: float) -> None:
        self._receive, self._most, self._within_s = receive, most, within_s
        self._deadline: float | None = None
        self._received, self._ended = 0, False

    async def __call__(self) -> Message:
        if self._ended:  # what comes now is the end of the connection, which may take its time
            return await self._receive()
        now = asyncio.get_running_loop().time()
        self._deadline = self._deadline or now + self._within_s
        try:
            message = await asyncio.wait_for(self._receive(), self._deadline - now)
        except TimeoutError:
            raise HTTPException(
                408, f"the body of a request must arrive within {self._within_s:g} s; it did not"
            ) from None
        self._received += len(message.get("body", b""))
        self._ended = not message.get("more_body", False)
        if self._received > self._most:
            raise HTTPException(413, _too_large(self._most))
        return message
