"""What browsers may do with answers: run the page's own scripts, and nothing that is data."""

from __future__ import annotations

import asyncio
import re
from base64 import b64encode
from collections.abc import AsyncIterator, Iterator
from hashlib import sha256
from pathlib import Path
from typing import Any

import pytest
from fastapi import FastAPI
from fastapi.responses import StreamingResponse

from nas.service.headers import SecurityHeaders
from nas.service.problems import answer_errors
from tests.service.asked import asked, made
from tests.service.test_networks_and_exports import filled


@pytest.fixture(scope="module")
def app(tmp_path_factory: pytest.TempPathFactory) -> Iterator[FastAPI]:
    with made(tmp_path_factory.mktemp("service")) as found:
        yield found


@pytest.fixture(scope="module")
def small() -> FastAPI:
    """An application that has nothing but the headers, a fault and a stream."""
    found = FastAPI()

    @found.get("/fault")
    async def fault() -> None:
        raise RuntimeError

    @found.get("/stream")
    async def stream() -> StreamingResponse:
        async def parts() -> AsyncIterator[bytes]:
            for number in range(3):
                yield str(number).encode()

        return StreamingResponse(parts())

    answer_errors(found)
    found.add_middleware(SecurityHeaders, script_hashes=())
    return found


def policy(answer: Any) -> dict[str, str]:
    parts = answer.headers["content-security-policy"].split("; ")
    return {name: rest for name, _, rest in (part.partition(" ") for part in parts)}


@pytest.mark.parametrize(
    "path",
    [
        "/api/v1/studies",
        "/api/v1/nothing",
        "/ui/",
        "/ui/assets/page.js",
        "/ui/study/a",
        "/",
        "/nowhere",
    ],
)
def test_every_answer_is_guarded(app: FastAPI, path: str) -> None:
    headers = asked(app, path).headers
    assert headers["x-content-type-options"] == "nosniff"
    assert headers["x-frame-options"] == "DENY"
    assert headers["referrer-policy"] == "same-origin"
    assert headers["cross-origin-opener-policy"] == "same-origin"
    assert headers["cross-origin-resource-policy"] == "same-origin"
    assert "camera=()" in headers["permissions-policy"]
    assert "frame-ancestors 'none'" in headers["content-security-policy"]
    assert "unsafe-eval" not in headers["content-security-policy"]


def test_the_page_runs_its_own_scripts_alone(app: FastAPI) -> None:
    answer = asked(app, "/ui/")
    found = policy(answer)
    hashes = found["script-src"].removeprefix("'self' ").split()
    assert all(re.fullmatch(r"'sha256-[A-Za-z0-9+/]{43}='", one) for one in hashes)
    page = asked(app, "/ui/").text
    inline = re.findall(
        r"<script(?![^>]*(?:src=|application/json))[^>]*>(.*?)</script>", page, re.S
    )
    assert inline and "http" not in "".join(re.findall(r'(?:src|href)="([^"]*)', page))
    digests = [b64encode(sha256(one.encode()).digest()).decode() for one in inline]
    assert {f"'sha256-{digest}'" for digest in digests} <= set(hashes)
    assert found["default-src"] == found["form-action"] == "'self'"
    assert found["object-src"] == found["base-uri"] == "'none'"
    assert found["img-src"] == "'self' data: blob:"
    assert found["style-src"] == "'self' 'unsafe-inline'"


def test_data_runs_nothing_and_is_not_kept(app: FastAPI) -> None:
    for path in ("/api/v1/studies", "/api/v1/studies/none/report", "/api/none"):
        answer = asked(app, path)
        found = policy(answer)
        assert found["default-src"] == "'none'" and found["sandbox"] == ""
        assert "script-src" not in found
        assert answer.headers["cache-control"] == "no-store"


def test_a_report_is_saved_and_cannot_run_here(tmp_path: Path) -> None:
    filled(tmp_path / "nas.db")
    with made(tmp_path) as app:
        answer = asked(app, "/api/v1/studies/small/report")
    assert answer.status_code == 200 and "<script" in answer.text
    assert answer.headers["content-disposition"] == 'attachment; filename="small.html"'
    found = policy(answer)
    assert found["sandbox"] == "" and "allow-scripts" not in str(found)
    assert found["default-src"] == "'none'" and "script-src" not in found


def test_an_unforeseen_fault_is_guarded_too(small: FastAPI) -> None:
    answer = asked(small, "/fault")
    assert answer.status_code == 500
    assert policy(answer)["object-src"] == "'none'"


def test_streams_come_in_parts(small: FastAPI) -> None:
    async def ask() -> list[dict[str, Any]]:
        said: list[dict[str, Any]] = []

        async def receive() -> dict[str, Any]:
            if not said:
                return {"type": "http.request", "body": b"", "more_body": False}
            await asyncio.sleep(60)
            return {"type": "http.disconnect"}

        async def send(message: Any) -> None:
            said.append(message)

        scope = {"type": "http", "method": "GET", "path": "/stream", "query_string": b"",
                 "headers": [(b"host", b"localhost")], "client": ("127.0.0.1", 1),
                 "asgi": {"spec_version": "2.4"}}  # fmt: skip
        await small(scope, receive, send)
        return said

    bodies = [message["body"] for message in asyncio.run(ask())[1:]]
    assert bodies[:3] == [b"0", b"1", b"2"]
