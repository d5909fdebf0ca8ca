"""Bodies that are made to hurt a parser: each is refused in words, and costs next to nothing."""

from __future__ import annotations

import time
from collections.abc import Iterator

import pytest
from fastapi import FastAPI

from tests.service.asked import asked, made

JSON = {"Content-Type": "application/json"}
PAGE = "/ui/_dash-update-component"


@pytest.fixture(scope="module")
def app(tmp_path_factory: pytest.TempPathFactory) -> Iterator[FastAPI]:
    with made(tmp_path_factory.mktemp("service"), most_upload_bytes=2**20) as found:
        yield found


BODIES = {
    "deep lists": b"[" * 500_000,
    "deep objects": b'{"a":' * 150_000,
    "deep and whole": b"[" * 100_000 + b"]" * 100_000,
    "digits": b'{"network": ' + b"9" * 500_000 + b"}",
    "infinity": b'{"network": 1e999}',
    "words": b'{"network": NaN}',
    "twins": b"{" + b'"network": "a", ' * 20_000 + b'"network": "b"}',
    "surrogates": rb'{"network": "\ud800"}',
    "no text": b"\xff\xfe\x00",
    "nothing": b"",
    "null": b"null",
    "many names": b'{"network": "a", "devices": [' + b'"pixel-3",' * 60_000 + b'"rpi5"]}',
    "bars": b'{"network": "' + b"|" * 19_000 + b'"}',
    "long number": b'{"network": "image 3x' + b"9" * 19_000 + b'x9 | mb k3 e1 c8"}',
}


@pytest.mark.parametrize("path", ["/api/v1/costs", "/api/v1/feasibility", "/api/v1/studies"])
@pytest.mark.parametrize("kind", BODIES)
def test_json_that_is_made_to_hurt_is_refused(app: FastAPI, path: str, kind: str) -> None:
    began = time.process_time()
    answer = asked(app, path, "POST", content=BODIES[kind], headers=JSON)
    assert 400 <= answer.status_code < 500, answer.text[:300]
    assert answer.headers["content-type"] == "application/problem+json"
    assert len(answer.content) < 100_000
    assert time.process_time() - began < 5


@pytest.mark.parametrize("kind", BODIES)
def test_the_page_outlives_them_too(app: FastAPI, kind: str) -> None:
    answer = asked(app, PAGE, "POST", content=BODIES[kind], headers=JSON)
    assert answer.status_code >= 400 and "Traceback" not in answer.text
    assert asked(app, "/ui/").status_code == 200


@pytest.mark.parametrize(
    ("head", "body"),
    [
        ("multipart/form-data", b"--x\r\n"),
        ("multipart/form-data; boundary=", b"--\r\n"),
        ("multipart/form-data; boundary=" + "x" * 5000, b"--x"),
        ("multipart/form-data; boundary=x", b"--x\r\n" * 100_000),
        ("multipart/form-data; boundary=x", b"--x\r\nA: " + b"b" * 900_000),
        (
            "multipart/form-data; boundary=x",
            b'--x\r\nContent-Disposition: form-data; name="a"\r\n\r\nb\r\n' * 5_000 + b"--x--",
        ),
        (
            "multipart/form-data; boundary=x",
            b'--x\r\nContent-Disposition: form-data; name="file"; filename="f"\r\n\r\nb\r\n'
            * 2_000
            + b"--x--",
        ),
        ("application/x-www-form-urlencoded", b"file=a&" * 100_000),
        ("text/plain", b"file"),
        ("\x00", b""),
    ],
)
@pytest.mark.parametrize("path", ["/api/v1/costs/onnx", "/api/v1/calibrations"])
def test_forms_that_are_made_to_hurt_are_refused(
    app: FastAPI, path: str, head: str, body: bytes
) -> None:
    answer = asked(app, path, "POST", content=body, headers={"Content-Type": head})
    assert 400 <= answer.status_code < 500, answer.text[:300]
    assert answer.headers["content-type"] == "application/problem+json"
    assert len(answer.content) < 100_000
