"""Requests → those of callers that may ask: the right host, no other site's page, a known token.

Where only this machine can ask, no token is needed, but a browser on it may be made to ask by any
page that it shows. So the Host header must be a name of this machine (a foreign name that resolves
to it is refused), and what another site's page sends is refused, except that a link leads here.
Browsers say where a request comes from by Sec-Fetch-Site and Origin; programs say nothing.
"""

from __future__ import annotations

from html import escape
from urllib.parse import quote, urlsplit

from starlette.datastructures import Headers
from starlette.requests import HTTPConnection
from starlette.responses import HTMLResponse, RedirectResponse, Response
from starlette.types import ASGIApp, Receive, Scope, Send
from starlette.websockets import WebSocketClose

from nas.errors import BusyError
from nas.service.admission import Admission
from nas.service.problems import problem, problem_of
from nas.service.settings import Settings, is_loopback

LOGIN, LOGOUT = "/login", "/logout"

CHALLENGE = {"WWW-Authenticate": 'Bearer realm="nas"'}
"""Goes with every 401."""

_POLICY_VIOLATION = 1008

# A browser that follows another site's link shows no cookie: asked again by our own page, it does.
_AGAIN = """<!doctype html>
<html lang="en"><head><meta charset="utf-8"><title>nas</title>
<meta http-equiv="refresh" content="0; url={there}"></head>
<body><p><a href="{there}">Go on</a></p></body></html>
"""


class Access:
    """Passes on what may be asked, and answers the rest.

    Args:
        app: What comes after.
        settings: Which names are ours.
        admission: Who knows the token; None where none is needed.
    """

    def __init__(self, app: ASGIApp, settings: Settings, admission: Admission | None) -> None:
        self._app, self._settings, self._admission = app, settings, admission

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass a request on, or refuse it before its body is read."""
        if scope["type"] not in ("http", "websocket"):
            await self._app(scope, receive, send)
            return
        asked = HTTPConnection(scope)
        refusal = self._elsewhere(asked) or _foreign(asked) or self._unknown(asked)
        if refusal is None:
            await self._app(scope, receive, send)
        elif scope["type"] == "websocket":
            await WebSocketClose(_POLICY_VIOLATION)(scope, receive, send)
        else:
            await refusal(scope, receive, send)

    def _elsewhere(self, asked: HTTPConnection) -> Response | None:
        """The answer to a request that means another host.

        A browser shows the cookie to no foreign name, so that with a token any name will do
        unless some are given.
        """
        names = self._settings.allowed_hosts
        if self._admission is not None and not names:
            return None
        hosts = asked.headers.getlist("host")
        name = _name(hosts[0]) if len(hosts) == 1 else ""
        if is_loopback(name) or name in (self._settings.host, *names):
            return None
        return problem(
            421,
            "`Host` must be a name of this machine, or one that the server was given with "
            f"--allow-host; got {', '.join(hosts) or 'none'}",
        )

    def _unknown(self, asked: HTTPConnection) -> Response | None:
        """The answer to a request without token or session."""
        if self._admission is None or asked.scope["path"] in (LOGIN, LOGOUT):
            return None
        if self._admission.holds(asked.cookies.get(self._admission.cookie, "")):
            return None
        kind, _, token = asked.headers.get("authorization", "").partition(" ")
        if kind.lower() == "bearer":
            try:
                if self._admission.knows(token.strip(), address_of(asked)):
                    return None
            except BusyError as error:
                return problem_of(error)
        return _unauthorised(asked)


def _foreign(asked: HTTPConnection) -> Response | None:
    """The answer to a request that a page of another site makes."""
    if not _crosses(asked.headers) or _is_link(asked):
        return None
    return problem(
        403, "a page may ask only the server that it comes from; open the page of this server"
    )


def _crosses(headers: Headers) -> bool:
    site = headers.get("sec-fetch-site")
    if site is not None:  # "none" is a person: an address that was typed, or a bookmark
        return site not in ("same-origin", "none")
    origin = headers.get("origin")
    return origin is not None and _host_in(origin) != headers.get("host", "").lower()


def _host_in(origin: str) -> str:
    try:
        return urlsplit(origin).netloc.lower()
    except ValueError:
        return ""


def _is_link(asked: HTTPConnection) -> bool:
    return (
        asked.scope.get("method") in ("GET", "HEAD")
        and asked.headers.get("sec-fetch-mode") == "navigate"
        and asked.headers.get("sec-fetch-dest") == "document"
    )


def _unauthorised(asked: HTTPConnection) -> Response:
    if asked.scope.get("method") == "GET" and "text/html" in asked.headers.get("accept", ""):
        query = f"?{asked.url.query}" if asked.url.query else ""
        there = asked.url.path + query
        if _crosses(asked.headers) and there.startswith("/ui/"):
            return HTMLResponse(_AGAIN.format(there=escape(there)))
        return RedirectResponse(f"{LOGIN}?next={quote(there, safe='/')}", 303)
    refusal = problem(
        401,
        "a token must be given to ask this server, as `Authorization: Bearer TOKEN`; it is in the "
        "file that the server was started with (--token-file)",
    )
    refusal.headers.update(CHALLENGE)
    return refusal


def address_of(asked: HTTPConnection) -> str:
    """Where a request comes from, as far as that is known."""
    return asked.client.host if asked.client is not None else ""


def _name(host: str) -> str:
    """The name in a Host header, without its port."""
    try:
        return (urlsplit(f"//{host}").hostname or "").rstrip(".")
    except ValueError:
        return ""
