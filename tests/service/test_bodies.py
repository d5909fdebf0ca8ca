"""Bodies of requests: too large or too slow ones are refused, whatever the route."""

from __future__ import annotations

import json
import socket
import time
from collections.abc import Iterator
from contextlib import closing
from http.client import HTTPConnection
from pathlib import Path

import httpx
import pytest

from tests.service.client import serving


@pytest.fixture(scope="module")
def client(tmp_path_factory: pytest.TempPathFactory) -> Iterator[httpx.Client]:
    limits = {"most_body_bytes": 2000, "most_upload_bytes": 100_000, "body_within_s": 1.0}
    with serving(tmp_path_factory.mktemp("service"), **limits) as found:
        yield found


def raw(client: httpx.Client, head: str, *parts: bytes, pause_s: float = 0.0) -> bytes:
    """What a server says to a request that is written by hand."""
    address = (client.base_url.host, int(client.base_url.port or 0))
    with socket.create_connection(address, timeout=60) as connection:
        connection.sendall(head.replace("\n", "\r\n").encode() + b"\r\n")
        for part in parts:
            connection.sendall(part)
            time.sleep(pause_s)
        return connection.recv(100_000)


def head(path: str, kind: str, length: int) -> str:
    return (
        f"POST /api/v1{path} HTTP/1.1\nHost: 127.0.0.1\n"
        f"Content-Type: {kind}\nContent-Length: {length}\n"
    )


@pytest.mark.parametrize(
    ("kind", "length"),
    [("application/json", 2001), ("multipart/form-data; boundary=x", 10**15), ("", 10**9)],
)
def test_what_is_announced_too_large_is_refused_before_it_is_sent(
    client: httpx.Client, kind: str, length: int
) -> None:
    answer = raw(client, head("/costs", kind, length))
    assert answer.startswith(b"HTTP/1.1 413")
    assert b"application/problem+json" in answer


def test_what_turns_out_too_large_is_refused(client: httpx.Client) -> None:
    chunked = head("/costs", "application/json", 0).replace(
        "Content-Length: 0", "Transfer-Encoding: chunked"
    )
    part = b"7d0\r\n" + b" " * 2000 + b"\r\n"
    answer = raw(client, chunked, part, part)
    assert answer.startswith(b"HTTP/1.1 413"), answer


@pytest.mark.parametrize(
    ("path", "kind", "begun"),
    [
        ("/costs", "application/json", b'{"network"'),
        ("/costs/onnx", "multipart/form-data; boundary=x", b"--x\r\n"),
        ("/calibrations", "multipart/form-data; boundary=x", b""),
    ],
)
def test_what_never_ends_is_ended(
    client: httpx.Client, path: str, kind: str, begun: bytes
) -> None:
    began = time.monotonic()
    answer = raw(client, head(path, kind, 1000), begun)
    assert answer.startswith(b"HTTP/1.1 408"), answer
    assert 0.9 < time.monotonic() - began < 30


def test_what_drips_is_ended_too(client: httpx.Client) -> None:
    drops = [b" "] * 12
    answer = raw(client, head("/costs", "application/json", 1000), *drops, pause_s=0.15)
    assert answer.startswith(b"HTTP/1.1 408"), answer


@pytest.mark.parametrize("begun", [b"", b"G", b"GET /api/v1/devices HTTP/1.1\r\nHost: a\r\n"])
def test_who_does_not_ask_is_let_go(client: httpx.Client, begun: bytes) -> None:
    address = (client.base_url.host, int(client.base_url.port or 0))
    with socket.create_connection(address, timeout=60) as connection:
        began = time.monotonic()
        for sign in begun:
            connection.sendall(bytes([sign]))
        assert connection.recv(100) == b""
    assert 0.9 < time.monotonic() - began < 30


def test_who_asks_again_later_is_answered(client: httpx.Client) -> None:
    address = (client.base_url.host, int(client.base_url.port or 0))
    with closing(HTTPConnection(*address, timeout=60)) as connection:
        connection.connect()
        kept = connection.sock
        for _ in range(2):
            connection.request("GET", "/api/v1/devices?limit=1")
            answer = connection.getresponse()
            assert answer.status == 200 and answer.read()
            time.sleep(1.2)
        assert connection.sock is kept, "it was asked over one connection"


def test_what_is_small_and_quick_passes(client: httpx.Client, tmp_path: Path) -> None:
    asked = {"network": "mobilenet_v2", "devices": ["pixel-3"]}
    assert client.post("/costs", content=json.dumps(asked).ljust(2000)).status_code in (200, 422)
    assert client.post("/costs", json=asked).status_code == 200
    big = client.post("/costs/onnx", files={"file": ("a", b"x" * 90_000)})
    assert big.status_code == 422, "a file may be larger than a document"


def test_an_upload_that_is_slightly_too_large_is_refused(client: httpx.Client) -> None:
    answer = client.post("/costs/onnx", files={"file": ("a", b"x" * 100_001)})
    assert answer.status_code == 413
