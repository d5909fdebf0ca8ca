"""Thousands of requests made from the OpenAPI document: no fault, and answers as it says.

Each operation is asked what is at the bounds of the document, what it allows, what it does not,
and about things that exist. Searches are not begun, and networks not exported: others test that.
"""

from __future__ import annotations

import asyncio
import math
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import timedelta
from typing import Any
from urllib.parse import unquote

import httpx
import pytest
import requests
import schemathesis
from fastapi import FastAPI
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st
from schemathesis import Case, GenerationMode, checks
from schemathesis.schemas import APIOperation

from nas.service.api import make_api
from tests.service.asked import HOME, made
from tests.service.test_networks_and_exports import filled


def _document() -> dict[str, Any]:
    app = FastAPI()
    app.include_router(make_api(secured=False))
    return app.openapi()


LEAST_REQUESTS = 5_000
OPERATIONS = [
    f"{method.upper()} {path}" for path, item in _document()["paths"].items() for method in item
]
EACH = math.ceil(LEAST_REQUESTS / len(OPERATIONS))
FORBIDDEN = 5
"""Requests per operation that the document does not allow, besides those at its bounds."""

MOST_TEXT = 24

DOCUMENTED = (501, 503, 507)
CHECKS = [
    checks.status_code_conformance,
    checks.content_type_conformance,
    checks.response_headers_conformance,
    checks.response_schema_conformance,
    checks.negative_data_rejection,
    checks.unsupported_method,
]
SLOW = ("export", "neighbours", "devices", "report")
"""Ends of paths that take long where what they are asked about exists."""


@dataclass(frozen=True)
class Asked:
    """An application, its document, the same with short texts, and what exists in its store."""

    app: FastAPI
    schema: Any
    short: Any
    runner: asyncio.Runner
    known: dict[str, str]

    def answer(self, case: Case) -> httpx.Response:
        """What the application says to a generated request; of a stream, its beginning."""
        options = case.as_transport_kwargs(base_url=HOME)
        request = requests.Request(
            options["method"],
            options["url"],
            **{
                key: options.get(key)
                for key in ("headers", "files", "data", "json", "params", "cookies")
            },
        ).prepare()
        return self.runner.run(_answer(self.app, request))


async def _answer(app: FastAPI, request: requests.PreparedRequest) -> httpx.Response:
    path, _, query = str(request.path_url).partition("?")
    body = request.body.encode() if isinstance(request.body, str) else request.body or b""
    wire = [(name.lower(), value) for name, value in request.headers.items()]
    scope = {
        "type": "http",
        "asgi": {"version": "3.0", "spec_version": "2.3"},
        "http_version": "1.1",
        "method": request.method,
        "scheme": "http",
        "path": unquote(path),
        "raw_path": path.encode(),
        "query_string": query.encode(),
        "root_path": "",
        "headers": [(b"host", b"127.0.0.1"), *((_wire(n), _wire(v)) for n, v in wire)],
        "client": ("127.0.0.1", 1),
        "server": ("127.0.0.1", 8420),
    }
    waiting = [{"type": "http.request", "body": body, "more_body": False}]
    enough = asyncio.Event()
    status, headers, parts = 0, [], []

    async def receive() -> dict[str, Any]:
        if waiting:
            return waiting.pop()
        await enough.wait()
        return {"type": "http.disconnect"}

    async def send(message: Any) -> None:
        nonlocal status, headers
        if message["type"] == "http.response.start":
            status, headers = message["status"], message["headers"]
        else:
            parts.append(message.get("body", b""))
            if any(b"event-stream" in value for _, value in headers) and len(parts) > 1:
                enough.set()

    await app(scope, receive, send)
    assert request.method is not None and request.url is not None
    sent = httpx.Request(request.method, HOME)
    answer = httpx.Response(status, headers=headers, content=b"".join(parts), request=sent)
    answer.elapsed = timedelta(0)
    return answer


def _wire(text: str | bytes) -> bytes:
    return text if isinstance(text, bytes) else text.encode("latin-1", "replace")


@pytest.fixture(scope="module")
def api(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Asked]:
    folder = tmp_path_factory.mktemp("service")
    identity = filled(folder / "nas.db")[0]
    known = {"study": "small", "id": identity, "device": "pixel-3", "space": "nas_bench_macro"}
    with made(folder, most_searches=0) as app, asyncio.Runner() as runner:
        document = app.openapi()
        question = document["components"]["schemas"]["Question"]
        question["example"]["space"] = known["space"]  # the smallest, which is looked at in whole
        schemas = map(schemathesis.openapi.from_dict, (document, shortened(document)))
        yield Asked(app, *schemas, runner, known)


def shortened(part: Any) -> Any:
    """A document with short texts, which are made in a fraction of the time."""
    if isinstance(part, list):
        return list(map(shortened, part))
    if not isinstance(part, dict):
        return part
    if "maxLength" in part:
        part = {**part, "maxLength": min(part["maxLength"], MOST_TEXT)}
    return {key: shortened(value) for key, value in part.items()}


def operation_of(schema: Any, label: str) -> APIOperation:
    schema.config.generation.update(allow_extra_parameters=False)
    return next(found.ok() for found in schema.get_all_operations() if found.ok().label == label)


@pytest.mark.parametrize("label", OPERATIONS)
def test_whatever_is_asked_is_answered_as_the_document_says(api: Asked, label: str) -> None:
    operation, short = (operation_of(schema, label) for schema in (api.schema, api.short))
    count = 0

    def ask(case: Case) -> None:
        nonlocal count
        answer = api.answer(case)
        count += 1
        assert answer.status_code < 500 or answer.status_code in DOCUMENTED, answer.text
        case.validate_response(answer, checks=CHECKS)

    both = [GenerationMode.POSITIVE, GenerationMode.NEGATIVE]
    for case in api.schema.iter_coverage_cases(
        operation, generation_modes=both, generation_config=api.schema.config.generation
    ):
        ask(case)
    if operation.query or operation.body:  # any text is a name in a path
        ask_drawn(operation.as_strategy(GenerationMode.NEGATIVE), ask, FORBIDDEN)
    ask_drawn(allowed(api, short), ask, max(EACH - count, 40))
    assert count >= EACH


def ask_drawn(strategy: st.SearchStrategy[Case], ask: Callable[[Case], None], count: int) -> None:
    """Ask so many of what a strategy makes, the same in each run."""
    settings(
        max_examples=count,
        phases=[Phase.generate],
        suppress_health_check=list(HealthCheck),
        database=None,
        derandomize=True,
    )(given(strategy)(ask))()


def allowed(api: Asked, operation: APIOperation) -> st.SearchStrategy[Case]:
    """What the document allows, a third of it about what exists."""
    free = operation.as_strategy()
    named = {
        one.name: api.known[one.name] for one in operation.path_parameters if one.name in api.known
    }
    if not named or operation.method == "delete" or operation.path.endswith(SLOW):
        return free
    return st.one_of(free, free, operation.as_strategy(path_parameters=named))
