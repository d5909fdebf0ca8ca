"""A token in a form → a cookie that stands for it, until it expires or a person logs out."""

from __future__ import annotations

import re
from html import escape
from typing import cast
from urllib.parse import parse_qs

from fastapi import APIRouter, HTTPException, Request
from fastapi.responses import HTMLResponse, RedirectResponse, Response

from nas.errors import BusyError
from nas.service.access import CHALLENGE, LOGIN, LOGOUT, address_of
from nas.service.admission import SESSION_S, Admission

router = APIRouter(include_in_schema=False)

_START = "/ui/"
_FORM = "application/x-www-form-urlencoded"
_MOST_FIELDS = 8
# A second slash or a backslash would lead a browser to another host.
_OWN = re.compile(r"/(?![/\\])[!-\[\]-~]*")

_PAGE = """<!doctype html>
<html lang="en"><head><meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>Log in – nas</title>
<link rel="icon" href="data:,">
<style>
:root {{ color-scheme: light dark; --accent: light-dark(#0b6e4f, #4cc38a);
  --field: light-dark(#6b7280, #9ca3af); --wrong: light-dark(#b42318, #ff9b8f); }}
body {{ font: 1rem/1.5 system-ui, sans-serif; max-width: 22rem; margin: 18vh auto 0;
  padding: 0 1.5rem; }}
h1 {{ font-size: 1.4rem; margin: 0 0 1.5rem; }}
label {{ display: block; margin-bottom: .4rem; }}
input, button {{ font: inherit; box-sizing: border-box; width: 100%; padding: .6rem .8rem;
  border-radius: .4rem; }}
input {{ border: 1px solid var(--field); }}
button {{ border: 0; margin-top: 1rem; background: #0b6e4f; color: #fff; cursor: pointer; }}
:focus-visible {{ outline: 3px solid var(--accent); outline-offset: 2px; }}
.wrong {{ color: var(--wrong); }}
</style></head>
<body><main><h1>Log in to nas</h1>{said}
<form method="post" action="{login}">
<label for="token">Token of this server</label>
<input id="token" name="token" type="password" autocomplete="current-password" required autofocus
 aria-describedby="where">
<input name="next" type="hidden" value="{next}">
<button>Log in</button>
<p id="where">It is in the file that the server was started with (<code>--token-file</code>).</p>
</form></main></body></html>
"""


def _admission(request: Request) -> Admission:
    return cast(Admission, request.app.state.admission)


@router.get(LOGIN)
async def login_form(request: Request) -> HTMLResponse:
    """The form."""
    return _form(request.query_params.get("next", ""))


@router.post(LOGIN)
async def login(request: Request) -> Response:
    """Begin a session for who gives the token."""
    fields = await _fields(request)
    admission = _admission(request)
    there = fields.get("next", "")
    try:
        known = admission.knows(fields.get("token", "").strip(), address_of(request))
    except BusyError as error:
        return _form(there, str(error), 429, {"Retry-After": "6"})
    if not known:
        return _form(there, "This is not the token of this server.", 401, CHALLENGE)
    answer = RedirectResponse(_own(there), 303)
    answer.set_cookie(
        admission.cookie,
        admission.begin(),
        max_age=SESSION_S,
        path="/",
        secure=request.url.scheme == "https",
        httponly=True,
        samesite="strict",
    )
    return answer


@router.post(LOGOUT)
async def logout(request: Request) -> Response:
    """End the session of a browser."""
    admission = _admission(request)
    admission.end(request.cookies.get(admission.cookie, ""))
    answer = RedirectResponse(LOGIN, 303)
    answer.delete_cookie(admission.cookie, path="/", httponly=True, samesite="strict")
    return answer


async def _fields(request: Request) -> dict[str, str]:
    if request.headers.get("content-type", "").partition(";")[0].strip().lower() != _FORM:
        raise HTTPException(415, f"a login must be sent as {_FORM}")
    try:
        fields = parse_qs((await request.body()).decode(), max_num_fields=_MOST_FIELDS)
    except ValueError:
        raise HTTPException(
            422, "a login must have a field `token`, and may have `next`"
        ) from None
    return {name: values[-1] for name, values in fields.items()}


def _own(path: str) -> str:
    """Where to go after a login: a path of this server."""
    return path if _OWN.fullmatch(path) else _START


def _form(
    there: str, wrong: str = "", status: int = 200, headers: dict[str, str] | None = None
) -> HTMLResponse:
    said = f'<p class="wrong" role="alert">{escape(wrong)}</p>' if wrong else ""
    page = _PAGE.format(said=said, login=LOGIN, next=escape(_own(there)))
    return HTMLResponse(page, status, headers)
