"""The form: a token becomes a cookie that stands for it, and leads nowhere else."""

from __future__ import annotations

import re
from collections.abc import Iterator
from http.cookies import SimpleCookie
from pathlib import Path

import httpx
import pytest
from fastapi import FastAPI

from nas.service.admission import GUESSES, SESSION_S
from tests.service.asked import asked, made

TOKEN = "a-token-for-tests-only"
STUDIES = "/api/v1/studies"


@pytest.fixture(scope="module")
def app(tmp_path_factory: pytest.TempPathFactory) -> Iterator[FastAPI]:
    with made(tmp_path_factory.mktemp("closed"), host="0.0.0.0", token=TOKEN) as found:
        yield found


def logged_in(app: FastAPI, token: str = TOKEN, **request: object) -> httpx.Response:
    there = request.pop("next", "")
    return asked(app, "/login", "POST", data={"token": token, "next": there}, **request)  # type: ignore[arg-type]


def test_the_form_is_plain_and_says_what_it_wants(app: FastAPI) -> None:
    answer = asked(app, "/login")
    assert answer.status_code == 200
    assert answer.headers["cache-control"] == "no-store"
    assert "<script" not in answer.text and '<label for="token">' in answer.text
    assert 'lang="en"' in answer.text and 'type="password"' in answer.text


def test_the_token_begins_a_session_in_a_cookie_that_does_not_tell_it(app: FastAPI) -> None:
    answer = logged_in(app)
    assert (answer.status_code, answer.headers["location"]) == (303, "/ui/")
    (cookie,) = SimpleCookie(answer.headers["set-cookie"]).values()
    assert cookie["httponly"] and cookie["samesite"] == "strict" and cookie["path"] == "/"
    assert cookie["max-age"] == str(SESSION_S) and not cookie["domain"]
    assert not cookie["secure"], "the connection is not"
    assert TOKEN not in answer.headers["set-cookie"]
    session = {"Cookie": f"{cookie.key}={cookie.value}"}
    assert asked(app, STUDIES, headers=session).status_code == 200
    assert asked(app, STUDIES, headers={"Cookie": f"{cookie.key}=x"}).status_code == 401
    gone = asked(app, "/logout", "POST", headers=session)
    assert gone.headers["location"] == "/login"
    assert "Max-Age=0" in gone.headers["set-cookie"]
    assert asked(app, STUDIES, headers=session).status_code == 401, "also for who kept it"


def test_over_tls_the_cookie_stays_there(app: FastAPI) -> None:
    assert "Secure" in logged_in(app, home="https://any").headers["set-cookie"]


@pytest.mark.parametrize(
    ("there", "led"),
    [
        ("/ui/study/a?b=c", "/ui/study/a?b=c"),
        ("", "/ui/"),
        ("//evil.example", "/ui/"),
        ("/\\evil.example", "/ui/"),
        ("\\\\evil.example", "/ui/"),
        ("https://evil.example", "/ui/"),
        ("/\t/evil.example", "/ui/"),
        ("/a\r\nSet-Cookie: x=y", "/ui/"),
        ("javascript:alert(1)", "/ui/"),
        ("/é", "/ui/"),
    ],
)
def test_a_login_leads_nowhere_else(app: FastAPI, there: str, led: str) -> None:
    answer = logged_in(app, next=there)
    assert answer.headers["location"] == led
    assert len(answer.headers.get_list("set-cookie")) == 1


def test_what_the_form_shows_is_text(app: FastAPI) -> None:
    page = asked(app, "/login", params={"next": '/"><script>alert(1)</script>'}).text
    assert "<script" not in page
    (value,) = re.findall(r'name="next" type="hidden" value="([^"]*)"', page)
    assert value == "/&quot;&gt;&lt;script&gt;alert(1)&lt;/script&gt;"


def test_another_token_is_refused_and_soon_not_looked_at(app: FastAPI) -> None:
    place = ("198.51.100.7", 1)
    for _ in range(GUESSES):
        answer = logged_in(app, "wrong", client=place)
        assert answer.status_code == 401 and 'role="alert"' in answer.text
        assert "set-cookie" not in answer.headers and "wrong" not in answer.text.split("<form")[1]
    answer = logged_in(app, client=place)
    assert answer.status_code == 429 and "retry-after" in answer.headers
    assert logged_in(app).status_code == 303


@pytest.mark.parametrize(
    ("request_", "status"),
    [
        ({"json": {"token": TOKEN}}, 415),
        ({"files": {"token": TOKEN.encode()}}, 415),
        ({"content": b""}, 415),
        ({"data": {}}, 415),
        ({"data": {"next": "/"}}, 401),
        ({"data": {str(number): "1" for number in range(9)}}, 422),
    ],
)
def test_what_is_no_login_is_refused(
    app: FastAPI, request_: dict[str, object], status: int
) -> None:
    answer = asked(app, "/login", "POST", client=("198.51.100.9", 1), **request_)  # type: ignore[arg-type]
    assert answer.status_code == status
    if status != 401:
        assert answer.headers["content-type"] == "application/problem+json"


def test_bytes_that_are_no_text_are_no_login(app: FastAPI) -> None:
    form = {"Content-Type": "application/x-www-form-urlencoded"}
    for body, status in ((b"token=\xff\xfe", 422), (b"token=%ff%fe", 401)):
        answer = asked(app, "/login", "POST", content=body, headers=form)
        assert answer.status_code == status


def test_other_sites_cannot_log_a_person_in_or_out(app: FastAPI) -> None:
    headers = {"Origin": "https://evil.example"}
    assert logged_in(app, headers=headers).status_code == 403
    assert asked(app, "/logout", "POST", headers=headers).status_code == 403


def test_the_page_offers_to_log_out_where_people_log_in(app: FastAPI, tmp_path: Path) -> None:
    headers = {"Authorization": f"Bearer {TOKEN}"}
    assert 'action="/logout"' in asked(app, "/ui/", headers=headers).text
    with made(tmp_path) as open_:
        assert "logout" not in asked(open_, "/ui/").text.lower()
