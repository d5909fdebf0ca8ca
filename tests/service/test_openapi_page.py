"""The page of the API: whole, local, and silent about tokens where none is needed."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

import pytest
from fastapi import FastAPI

from tests.service.asked import asked, made

DOCS = "/api/v1/docs"


@pytest.fixture(scope="module")
def app(tmp_path_factory: pytest.TempPathFactory) -> Iterator[FastAPI]:
    with made(tmp_path_factory.mktemp("service")) as found:
        yield found


def test_everything_that_the_page_names_is_here(app: FastAPI) -> None:
    page = asked(app, DOCS)
    assert page.status_code == 200 and page.headers["content-type"].startswith("text/html")
    policy = page.headers["content-security-policy"]
    assert "script-src 'self'" in policy and "sandbox" not in policy
    assert not re.search(r"<script(?![^>]*src=)", page.text), "the policy would stop it"
    named = re.findall(r'(?:src|href)="([^"]*)"', page.text)
    assert len(named) == 5
    for path in named:
        answer = asked(app, path)
        assert path.startswith("/") and answer.status_code == 200, path
        assert answer.headers["x-content-type-options"] == "nosniff"
    start = asked(app, f"{DOCS}/start.js").text
    assert '"/api/v1/openapi.json"' in start and "http" not in start


@pytest.mark.parametrize(
    "path",
    ["redoc.standalone.js", "..%2F__init__.py", "../docs.py", "x", "%00", "swagger-ui.css/"],
)
def test_nothing_else_is_given(app: FastAPI, path: str) -> None:
    assert asked(app, f"{DOCS}/{path}").status_code in (307, 404)


def test_the_document_names_the_token_only_where_one_is_needed(
    app: FastAPI, tmp_path: Path
) -> None:
    assert "securitySchemes" not in asked(app, "/api/v1/openapi.json").text
    with made(tmp_path, token="a-token-for-tests-only") as secured:
        document = secured.openapi()
    (scheme,) = document["components"]["securitySchemes"].values()
    assert scheme["scheme"] == "bearer"
    for path, operations in document["paths"].items():
        for operation in operations.values():
            assert operation["security"] == [{"HTTPBearer": []}], path
