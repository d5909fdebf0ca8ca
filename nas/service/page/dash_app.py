"""Dash on the service's own application, with callbacks in threads and errors in words.

Why a class of our own: Dash runs a plain callback on the event loop, where one that takes a second
would hold up everybody, and answers every address that no route matches with its page.
"""

from __future__ import annotations

import functools
import logging
from collections.abc import Callable
from importlib.resources import files
from typing import Any, ParamSpec, TypeVar

from dash import ClientsideFunction, Dash, set_props
from fastapi import FastAPI, HTTPException
from starlette.concurrency import run_in_threadpool
from starlette.types import ASGIApp, Receive, Scope, Send

from nas.errors import NasError
from nas.service.page.pieces import problem

_LOG = logging.getLogger(__name__)
_P = ParamSpec("_P")
_T = TypeVar("_T")

UNFORESEEN = "The server failed in a way that nobody foresaw; its log says how. Try again."


class Page(Dash):
    """The page as a Dash application.

    Args:
        app: The service.
        prefix: Of its addresses.
        index_string: The HTML around it.
    """

    def __init__(self, app: FastAPI, *, prefix: str, index_string: str) -> None:
        self._app, self._prefix = app, prefix
        super().__init__(
            "nas.service.page",
            server=app,  # type: ignore[arg-type]  # it takes any of its backends' applications
            routes_pathname_prefix=prefix,
            requests_pathname_prefix=prefix,
            assets_folder=str(files("nas.service.page") / "assets"),
            assets_ignore="first",
            index_string=index_string,
            title="nas",
            update_title="",
            serve_locally=True,
            suppress_callback_exceptions=True,
            add_log_handler=False,
            use_pages=False,
            enable_mcp=False,
            on_error=say,
        )

    def callback(self, *dependencies: Any, **options: Any) -> Callable[..., Any]:
        """Register a callback, which runs in a thread of its own."""
        registered = super().callback(*dependencies, **options)

        def register(function: Callable[_P, _T]) -> Callable[_P, _T]:
            @functools.wraps(function)
            async def in_thread(*args: _P.args, **kwargs: _P.kwargs) -> _T:
                return await run_in_threadpool(function, *args, **kwargs)

            registered(in_thread)
            return function

        return register

    def clientside(self, function: str, *dependencies: Any, **options: Any) -> None:
        """Register a callback that is a function of `assets/page.js` or `assets/plots.js`."""
        named = ClientsideFunction("page", function)
        self.clientside_callback(named, *dependencies, **options)  # type: ignore[no-untyped-call]

    def _setup_routes(self) -> None:
        self.backend.websocket_capability = False  # one way in is enough to guard
        super()._setup_routes()  # type: ignore[no-untyped-call]

    def serve_every_address(self) -> None:
        """Answer every address under the prefix with the page, and none besides."""
        self._app.add_middleware(_OneAddress, prefix=self._prefix)

        @self._app.get(f"{self._prefix}_alive", include_in_schema=False, status_code=204)
        async def alive() -> None:
            return None

        @self._app.get("/{path:path}", include_in_schema=False)
        async def nothing(path: str) -> None:
            raise HTTPException(
                404, f"`path` must begin with {self._prefix} or /api/; got /{path}"
            )


class _OneAddress:
    """Every address of a view → that of the page, which looks at the address itself."""

    def __init__(self, app: ASGIApp, *, prefix: str) -> None:
        self._app, self._prefix = app, prefix

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        path = str(scope.get("path", ""))
        rest = path.removeprefix(self._prefix)
        if scope["type"] == "http" and rest != path and not rest.startswith(("_", "assets/")):
            scope = {**scope, "path": self._prefix, "raw_path": self._prefix.encode()}
        await self._app(scope, receive, send)


def say(error: Exception) -> None:
    """Show why a callback failed, above the view, which stays as it was."""
    set_props("page-problem", {"children": problem(words_for(error), closes=True)})


def words_for(error: Exception) -> str:
    """What a person is told of an error; what nobody foresaw goes to the log."""
    if isinstance(error, NasError):
        return str(error)
    _LOG.error("a callback of the page failed", exc_info=error)
    return UNFORESEEN
