"""Studies over HTTP: listed, filtered, refused, begun and deleted."""

from __future__ import annotations

import time
from collections.abc import Iterator
from typing import Any

import httpx
import pytest

from nas.store import Store
from tests.service.client import serving
from tests.service.studies import begun, records
from tests.waiting import PATIENCE_S

ASKED = {"space": "mnasnet", "device": "pixel-3", "evaluations": 2000}


@pytest.fixture(scope="module")
def client(tmp_path_factory: pytest.TempPathFactory) -> Iterator[httpx.Client]:
    folder = tmp_path_factory.mktemp("service")
    with Store.open(str(folder / "nas.db"), create=True) as store:
        for number in range(5):
            study = begun(store, f"old-{number}", device=("pixel-3", "rpi5")[number % 2])
            store.record(study.id, records([(70.0, 5.0), (60.0, 3.0)]))
            store.save_front(study.id, [0, 1])
            if number < 3:
                store.finish(study.id)
        begun(store, "a/b ? #1")
    with serving(folder) as found:
        yield found


def names(client: httpx.Client, **query: Any) -> list[str]:
    answer = client.get("/studies", params=query)
    assert answer.status_code == 200, answer.text
    return [one["name"] for one in answer.json()["items"] if one["name"] != "made"]


def test_studies_are_listed_newest_first_in_pages(client: httpx.Client) -> None:
    every = names(client)
    assert every == ["a/b ? #1", "old-4", "old-3", "old-2", "old-1", "old-0"]
    assert names(client, limit=2) + names(client, offset=2, limit=500) == every
    assert names(client, offset=99) == []
    (first,) = client.get("/studies", params={"limit": 1, "offset": 5}).json()["items"]
    assert first["evaluated"] == first["front_size"] == 2 and first["state"] == "finished"


def test_studies_are_filtered(client: httpx.Client) -> None:
    assert names(client, state="finished") == ["old-2", "old-1", "old-0"]
    assert names(client, state=["finished", "interrupted"], device="rpi5") == ["old-3", "old-1"]
    assert names(client, space="mnasnet") == []
    page = client.get("/studies", params={"state": "finished", "limit": 1}).json()
    assert page["total"] == 3


@pytest.mark.parametrize("query", ["limit=0", "limit=501", "offset=-1", "state=odd"])
def test_a_list_that_cannot_be_is_refused(client: httpx.Client, query: str) -> None:
    assert client.get(f"/studies?{query}").status_code == 422


def test_any_name_in_the_store_can_be_shown_or_is_not_found(client: httpx.Client) -> None:
    shown = client.get("/studies/old-0").json()
    assert shown["spec"]["space"] == "nas_bench_macro" and len(shown["evidence"]) == 2
    assert shown["progress"]["complete"] == 2 and shown["progress"]["done"]
    unknown = client.get("/studies/old-9")
    assert unknown.status_code == 404
    assert unknown.json()["known"] and "did you mean" in unknown.json()["detail"]


@pytest.mark.parametrize(
    ("asked", "paths"),
    [
        ({}, {"name", "space", "device"}),
        ({**ASKED, "name": "../x"}, {"name"}),
        ({**ASKED, "name": "x", "seed": -1, "evaluations": 0}, {"seed", "evaluations"}),
        ({**ASKED, "name": "x", "minutes": 0}, {"minutes"}),
        ({**ASKED, "name": "x", "objectives": ["accuracyy"]}, {"objectives.0"}),
        ({**ASKED, "name": "x", "limits": {"max_latency": 3}}, {"limits.max_latency"}),
        ({**ASKED, "name": "x", "colour": "red"}, {"colour"}),
    ],
)
def test_what_no_study_file_may_say_is_refused_by_path(
    client: httpx.Client, asked: dict[str, Any], paths: set[str]
) -> None:
    answer = client.post("/studies", json=asked)
    assert answer.status_code == 422
    assert answer.json()["type"] == "urn:nas:declaration"
    assert {fault["path"] for fault in answer.json()["problems"]} == paths


@pytest.mark.parametrize("body", [b"", b"[]", b"{", b'"x"', b"null", b"\xff"])
def test_a_body_that_is_no_document_is_refused(client: httpx.Client, body: bytes) -> None:
    sent = {"content": body, "headers": {"Content-Type": "application/json"}}
    answer = client.post("/studies", **sent)
    assert answer.status_code in (400, 422)
    assert answer.headers["content-type"] == "application/problem+json"


@pytest.mark.parametrize(
    ("change", "status", "said"),
    [
        ({"name": "old-0"}, 409, "must be new"),
        ({"device": "pixel-33"}, 422, "did you mean"),
        ({"space": "/etc/passwd"}, 422, "--data-root"),
        ({"evaluator": "os:system"}, 422, "--allow-evaluators"),
        ({"limits": {"max_latency_ms": 0.001}}, 422, "latency"),
        ({"warm_start": ["nowhere"]}, 422, "nowhere"),
    ],
)
def test_what_cannot_be_searched_is_refused_and_not_stored(
    client: httpx.Client, change: dict[str, Any], status: int, said: str
) -> None:
    before = names(client)
    answer = client.post("/studies", json={"name": "new", **ASKED, **change})
    assert answer.status_code == status, answer.text
    assert said in answer.json()["detail"]
    assert names(client) == before


def test_a_study_is_begun_shown_and_deleted(client: httpx.Client) -> None:
    answer = client.post("/studies", json={"name": "made", **ASKED})
    assert answer.status_code == 201, answer.text
    assert answer.headers["Location"] == "/api/v1/studies/made"
    assert answer.json()["state"] in ("starting", "running")
    again = client.post("/studies", json={"name": "made", **ASKED})
    assert again.status_code == 409
    early = client.delete("/studies/made")
    assert early.status_code == 409 and early.json()["type"] == "urn:nas:study-held"
    deadline = time.monotonic() + PATIENCE_S
    while (shown := client.get("/studies/made").json())["state"] in ("starting", "running"):
        assert time.monotonic() < deadline, shown
        time.sleep(0.1)
    assert shown["state"] == "finished" and shown["progress"]["done"] and shown["front_size"] > 3
    assert client.post("/studies/made/resume").status_code == 409
    assert client.post("/studies/made/stop").status_code == 409
    assert client.delete("/studies/made").status_code == 204
    assert client.get("/studies/made").status_code == 404
    assert client.delete("/studies/made").status_code == 404
