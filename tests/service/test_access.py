"""Who may ask what: names of the server, pages of other sites, tokens and sessions."""

from __future__ import annotations

import asyncio
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from fastapi import FastAPI, WebSocket

from nas.errors import InputError
from nas.service.admission import GUESSES
from nas.service.settings import Settings
from tests.service.asked import HOME, asked, made

TOKEN = "a-token-for-tests-only"
STUDIES = "/api/v1/studies"
BEARER = {"Authorization": f"Bearer {TOKEN}"}
BROWSER = {"Accept": "text/html,application/xhtml+xml,*/*;q=0.8"}
LINK = {"Sec-Fetch-Mode": "navigate", "Sec-Fetch-Dest": "document"}


@pytest.fixture(scope="module")
def open_(tmp_path_factory: pytest.TempPathFactory) -> Iterator[FastAPI]:
    with made(tmp_path_factory.mktemp("open"), allowed_hosts=("nas.example",)) as app:
        yield app


@pytest.fixture(scope="module")
def closed(tmp_path_factory: pytest.TempPathFactory) -> Iterator[FastAPI]:
    with made(tmp_path_factory.mktemp("closed"), host="0.0.0.0", token=TOKEN) as app:
        yield app


@pytest.mark.parametrize("host", ["0.0.0.0", "", "::", "192.168.1.5", "nas.example", "127.1"])
def test_other_addresses_need_a_token(host: str) -> None:
    with pytest.raises(InputError, match="--token-file"):
        Settings(host=host)
    assert TOKEN not in repr(Settings(host=host, token=TOKEN))


@pytest.mark.parametrize(
    ("host", "status"),
    [
        ("127.0.0.1:8420", 200),
        ("localhost", 200),
        ("LocalHost.:1", 200),
        ("[::1]:8420", 200),
        ("127.9.9.9", 200),
        ("nas.example", 200),
        ("NAS.example:443", 200),
        ("evil.example", 421),
        ("127.0.0.1.evil.example", 421),
        ("localhost.evil.example", 421),
        ("evil.example@127.0.0.1", 200),  # as a browser reads it: the host after a name
        ("127.0.0.1@evil.example", 421),
        ("192.168.1.5", 421),
        ("0.0.0.0", 421),
        ("[", 421),
        ("", 421),
    ],
)
def test_a_foreign_name_that_leads_here_is_refused(open_: FastAPI, host: str, status: int) -> None:
    answer = asked(open_, STUDIES, headers={"Host": host})
    assert answer.status_code == status, answer.text
    if status == 421:
        assert "--allow-host" in answer.json()["detail"]


def test_two_hosts_are_none(open_: FastAPI) -> None:
    hosts = [("Host", "127.0.0.1"), ("Host", "evil.example")]
    assert asked(open_, STUDIES, headers=hosts).status_code == 421


SITES = [
    ({}, True),
    ({"Sec-Fetch-Site": "same-origin"}, True),
    ({"Sec-Fetch-Site": "none"}, True),
    ({"Sec-Fetch-Site": "same-origin", "Origin": HOME}, True),
    ({"Origin": HOME}, True),
    ({"Sec-Fetch-Site": "cross-site"}, False),
    ({"Sec-Fetch-Site": "same-site"}, False),  # another port of this machine
    ({"Sec-Fetch-Site": "nonsense"}, False),
    ({"Origin": "https://evil.example"}, False),
    ({"Origin": "http://127.0.0.1:9999"}, False),
    ({"Origin": "http://[::1"}, False),
    ({"Origin": "null"}, False),
    ({"Origin": ""}, False),
]


@pytest.mark.parametrize(("headers", "fine"), SITES)
@pytest.mark.parametrize(
    ("method", "path"),
    [
        ("POST", "/ui/_dash-update-component"),
        ("POST", STUDIES),
        ("PUT", STUDIES),
        ("PATCH", STUDIES),
        ("DELETE", f"{STUDIES}/none"),
        ("GET", f"{STUDIES}/none"),
    ],
)
def test_pages_of_other_sites_are_refused(
    open_: FastAPI, closed: FastAPI, method: str, path: str, headers: dict[str, str], fine: bool
) -> None:
    for app in (open_, closed):
        answer = asked(app, path, method, headers={**BEARER, **headers}, content=b"{}")
        assert (answer.status_code != 403) is fine, answer.text


@pytest.mark.parametrize("method", ["GET", "POST", "DELETE"])
def test_a_link_from_elsewhere_leads_here_and_a_form_does_not(open_: FastAPI, method: str) -> None:
    headers = {"Sec-Fetch-Site": "cross-site", **LINK}
    answer = asked(open_, f"{STUDIES}/none", method, headers=headers)
    assert answer.status_code == (404 if method == "GET" else 403)
    framed = {**headers, "Sec-Fetch-Dest": "iframe"}
    assert asked(open_, STUDIES, headers=framed).status_code == 403


@pytest.mark.parametrize("authorization", ["", "Bearer", f"Basic {TOKEN}", "Bearer x", TOKEN])
@pytest.mark.parametrize(
    "path", [STUDIES, "/api/v1/openapi.json", "/api/v1/docs", "/ui/", "/", "/login/", "//login"]
)
def test_nobody_asks_without_the_token(closed: FastAPI, path: str, authorization: str) -> None:
    headers = {"Authorization": authorization} if authorization else {}
    client = (f"10.0.0.{hash((path, authorization)) % 250}", 1)
    answer = asked(closed, path, headers=headers, client=client)
    assert answer.status_code == 401
    assert answer.headers["www-authenticate"].startswith("Bearer")
    assert answer.headers["content-type"] == "application/problem+json"
    assert answer.json()["type"] == "urn:nas:unauthorized"


def test_the_token_is_enough(closed: FastAPI) -> None:
    for scheme in ("Bearer", "bearer"):
        headers = {"Authorization": f"{scheme} {TOKEN}"}
        assert asked(closed, STUDIES, headers=headers, home="http://any").status_code == 200


def test_a_token_may_be_wanted_on_this_machine_too(tmp_path: Path) -> None:
    with made(tmp_path, token=TOKEN) as app:
        assert asked(app, STUDIES).status_code == 401
        assert asked(app, STUDIES, headers=BEARER).status_code == 200


def test_names_that_are_given_hold_with_a_token_as_well(tmp_path: Path) -> None:
    with made(tmp_path, host="0.0.0.0", token=TOKEN, allowed_hosts=("nas.example",)) as app:
        for home, status in (("http://nas.example", 200), ("http://evil.example", 421)):
            assert asked(app, STUDIES, headers=BEARER, home=home).status_code == status


def test_guessing_is_slow_and_keeps_nobody_else_out(closed: FastAPI) -> None:
    guess = {"Authorization": "Bearer wrong"}
    answers = [
        asked(closed, STUDIES, headers=guess, client=("198.51.100.1", 1)).status_code
        for _ in range(GUESSES + 2)
    ]
    assert answers == [401] * GUESSES + [429] * 2
    assert asked(closed, STUDIES, headers=BEARER, client=("198.51.100.2", 1)).status_code == 200


def test_a_browser_is_led_to_the_form_and_back(closed: FastAPI) -> None:
    answer = asked(closed, "/ui/study/a?view=b&c=%2F", headers=BROWSER)
    assert answer.status_code == 303
    assert answer.headers["location"] == "/login?next=/ui/study/a%3Fview%3Db%26c%3D%252F"
    form = asked(closed, answer.headers["location"], headers=BROWSER)
    assert 'value="/ui/study/a?view=b&amp;c=%2F"' in form.text
    assert asked(closed, STUDIES, "POST", headers=BROWSER).status_code == 401


def test_a_link_from_elsewhere_is_followed_again_with_the_cookie(closed: FastAPI) -> None:
    path = "/ui/study/a?b=<script>\"'"
    headers = {**BROWSER, **LINK, "Sec-Fetch-Site": "cross-site"}
    page = asked(closed, path, headers=headers)
    assert page.status_code == 200 and "<script" not in page.text
    (there,) = re.findall(r'content="0; url=([^"]*)"', page.text)
    assert there.startswith("/ui/study/a?b=")
    again = {**headers, "Sec-Fetch-Site": "same-origin"}
    assert asked(closed, there, headers=again).headers["location"].startswith("/login?next=")


def test_a_refused_body_is_not_read(closed: FastAPI) -> None:
    async def ask() -> tuple[list[dict[str, Any]], int]:
        said: list[dict[str, Any]] = []
        read = 0

        async def receive() -> dict[str, Any]:
            nonlocal read
            read += 1
            return {"type": "http.request", "body": b"x" * 1000, "more_body": True}

        async def send(message: Any) -> None:
            said.append(message)

        scope = {"type": "http", "method": "POST", "path": STUDIES, "query_string": b"",
                 "headers": [(b"host", b"any")], "client": ("10.1.1.1", 1)}  # fmt: skip
        await closed(scope, receive, send)
        return said, read

    said, read = asyncio.run(ask())
    assert said[0]["status"] == 401 and read == 0


@pytest.mark.parametrize(
    ("headers", "fine"),
    [
        ({"authorization": f"Bearer {TOKEN}"}, True),
        ({"authorization": f"Bearer {TOKEN}", "origin": "http://any"}, True),
        ({"authorization": f"Bearer {TOKEN}", "origin": "http://evil"}, False),
        ({}, False),
    ],
)
def test_websockets_are_guarded_too(tmp_path: Path, headers: dict[str, str], fine: bool) -> None:
    async def ask(app: FastAPI) -> list[dict[str, Any]]:
        said: list[dict[str, Any]] = []

        async def receive() -> dict[str, Any]:
            return {"type": "websocket.connect"}

        async def send(message: Any) -> None:
            said.append(message)

        wire = [(b"host", b"any"), *((k.encode(), v.encode()) for k, v in headers.items())]
        scope = {"type": "websocket", "path": "/ui/socket", "query_string": b"",
                 "headers": wire, "client": ("10.1.1.1", 1), "subprotocols": []}  # fmt: skip
        await app(scope, receive, send)
        return said

    with made(tmp_path, token=TOKEN) as app:

        @app.websocket("/ui/socket")
        async def accept(socket: WebSocket) -> None:
            await socket.accept()

        first = asyncio.run(ask(app))[0]["type"]
    assert first == ("websocket.accept" if fine else "websocket.close")
