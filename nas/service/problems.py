"""Errors → problem documents (RFC 9457): what went wrong, in words that say what to do.

The type of a problem is `urn:nas:` and the name of the error in kebab case, such as
`urn:nas:unknown-name`, by which `nas.Client` raises the same error on the other side.
"""

from __future__ import annotations

import logging
from collections.abc import Mapping, Sequence
from http import HTTPStatus
from typing import Any

from fastapi import FastAPI, Request
from fastapi.exceptions import RequestValidationError
from fastapi.responses import JSONResponse
from starlette.exceptions import HTTPException

from nas import errors
from nas.error_documents import sendable, to_document
from nas.errors import NasError, UnknownNameError
from nas.service.headers import security_headers

MEDIA_TYPE = "application/problem+json"
_LOG = logging.getLogger(__name__)

# The first that an error is an instance of counts.
_STATUSES: Sequence[tuple[type[NasError], int]] = (
    (errors.StudyHeldError, 409),
    (errors.StoreUnavailableError, 503),
    (errors.StoreError, 409),
    (errors.MissingExtraError, 501),
    (errors.TakenError, 409),
    (errors.OutputError, 507),
    (errors.BusyError, 429),
    (NasError, 422),
)
_TEXT = {"type": "string"}
_FAULT = {
    "type": "object",
    "required": ["path", "rule", "received"],
    "properties": {
        "path": _TEXT,
        "rule": _TEXT,
        "received": _TEXT,
        "nearest": {"type": ["string", "null"]},
    },
}
_SCHEMA = {
    "title": "Problem",
    "type": "object",
    "required": ["type", "title", "status", "detail"],
    "properties": {
        "type": _TEXT,
        "title": _TEXT,
        "status": {"type": "integer"},
        "detail": _TEXT,
        "problems": {"type": "array", "items": _FAULT},
    },
}
PROBLEMS: Mapping[int | str, dict[str, Any]] = {
    "4XX": {
        "description": "What was asked for cannot be done; `detail` says why, and what can.",
        "content": {MEDIA_TYPE: {"schema": _SCHEMA}},
    },
    "503": {
        "description": "The store is out of reach or locked for now; the same call may do later.",
        "content": {MEDIA_TYPE: {"schema": _SCHEMA}},
    },
}
"""For `responses=` of every router: how the API says that something went wrong."""


def problem(status: int, detail: str, *, kind: str | None = None, **more: Any) -> JSONResponse:
    """A problem document as a response.

    Args:
        status: Of HTTP.
        detail: In words for a person.
        kind: The last part of its type; that of the status without one.
        more: Further members of the document.
    """
    title = HTTPStatus(status).phrase
    document = {
        "type": f"urn:nas:{kind or title.lower().replace(' ', '-')}",
        "title": title,
        "status": status,
        # A lone surrogate in what was received cannot be sent.
        "detail": sendable(detail),
        **more,
    }
    return JSONResponse(document, status, media_type=MEDIA_TYPE)


def problem_of(error: NasError, *, named: Sequence[str] = ()) -> JSONResponse:
    """The problem document of an error of ours.

    Args:
        error: The error.
        named: What the path of the request names: where that does not exist, nothing is there.
    """
    status = next(status for kind, status in _STATUSES if isinstance(error, kind))
    if isinstance(error, UnknownNameError) and error.name in named:
        status = 404
    response = problem(status, **to_document(error))
    if status in (429, 503):
        response.headers["Retry-After"] = "2"
    return response


def answer_errors(app: FastAPI) -> None:
    """Let an application answer every error with a problem document."""

    async def ours(request: Request, error: Exception) -> JSONResponse:
        assert isinstance(error, NasError), "what it is registered for"
        return problem_of(error, named=list(map(str, request.path_params.values())))

    async def of_http(_request: Request, error: Exception) -> JSONResponse:
        assert isinstance(error, HTTPException), "what it is registered for"
        response = problem(error.status_code, str(error.detail))
        response.headers.update(error.headers or {})
        return response

    async def invalid(_request: Request, error: Exception) -> JSONResponse:
        assert isinstance(error, RequestValidationError), "what it is registered for"
        return _of_validation(error)

    async def unforeseen(request: Request, error: Exception) -> JSONResponse:
        _LOG.error("%s %s failed", request.method, request.url.path, exc_info=error)
        response = problem(
            500, "the server failed in a way that nobody foresaw; its log says how; try again"
        )
        # This answer passes no guard on its way out.
        response.headers.update(security_headers(request.url.path))
        return response

    app.add_exception_handler(NasError, ours)
    app.add_exception_handler(HTTPException, of_http)
    app.add_exception_handler(RequestValidationError, invalid)
    app.add_exception_handler(Exception, unforeseen)


def _of_validation(error: RequestValidationError) -> JSONResponse:
    faults = [
        {
            "path": sendable(".".join(map(str, fault["loc"]))),
            "rule": str(fault["msg"]),
            "received": sendable(repr(fault.get("input"))[:80]),
            "nearest": None,
        }
        for fault in error.errors()
    ]
    detail = "; ".join(f"`{one['path']}`: {one['rule']}; got {one['received']}" for one in faults)
    return problem(422, detail, kind="declaration", problems=faults)
