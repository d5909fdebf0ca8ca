"""Answers → the same, with what browsers may do with them.

The API gives data: nothing in it may run, not even where a browser shows it. The page runs its own
scripts and those inline scripts whose hashes it gives; nothing comes from another host.

Why `Referrer-Policy: same-origin`: other sites learn nothing from it either, and without any
referrer browsers hide the origin of a form, by which a login of ours is told from another site's.
"""

from __future__ import annotations

from collections.abc import Sequence

from starlette.datastructures import MutableHeaders
from starlette.types import ASGIApp, Message, Receive, Scope, Send

_DATA = (
    "default-src 'none'; style-src 'unsafe-inline'; img-src data:; base-uri 'none'; "
    "form-action 'none'; frame-ancestors 'none'; sandbox"
)

_ALWAYS = {
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
    "Referrer-Policy": "same-origin",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Permissions-Policy": "camera=(), geolocation=(), microphone=(), payment=(), usb=()",
}

_API, _DOCS, _LOGIN = "/api/", "/api/v1/docs", "/login"


class SecurityHeaders:
    """Adds headers to every answer as it begins, so that a stream stays one.

    Args:
        app: What comes after.
        script_hashes: Those of the inline scripts of the page, as a policy quotes them.
    """

    def __init__(self, app: ASGIApp, script_hashes: Sequence[str]) -> None:
        self._app, self._script_hashes = app, script_hashes

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass a request on."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return

        async def with_headers(message: Message) -> None:
            if message["type"] == "http.response.start":
                headers = MutableHeaders(scope=message)
                for name, value in security_headers(scope["path"], self._script_hashes).items():
                    headers.setdefault(name, value)
            await send(message)

        await self._app(scope, receive, with_headers)


def security_headers(path: str, script_hashes: Sequence[str] = ()) -> dict[str, str]:
    """The headers of an answer.

    Args:
        path: What was asked for.
        script_hashes: Those of inline scripts that may run.
    """
    api = path.startswith(_API)
    data = api and not path.startswith(_DOCS)
    policy = _DATA if data else _page_policy(script_hashes)
    kept = {"Cache-Control": "no-store"} if api or path.startswith(_LOGIN) else {}
    return {**_ALWAYS, "Content-Security-Policy": policy, **kept}


def _page_policy(script_hashes: Sequence[str]) -> str:
    scripts = " ".join(("'self'", *script_hashes))
    # Figures are drawn with styles of their own, and saved from images in memory.
    return (
        f"default-src 'self'; script-src {scripts}; style-src 'self' 'unsafe-inline'; "
        "img-src 'self' data: blob:; object-src 'none'; base-uri 'none'; form-action 'self'; "
        "frame-ancestors 'none'"
    )
