"""Fronts and evaluations over HTTP: as they are, as they were, in pages and as CSV."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterator
from dataclasses import replace

import httpx
import pytest

from nas.service.views import Views
from nas.store import EvaluationRecord, EvaluationState, Store
from tests.service.client import serving
from tests.service.studies import begun, records

VALUES = [(70.0, 5.0), (60.0, 3.0), (59.0, 4.0), (50.0, 6.0), (80.0, 5.5)]


@pytest.fixture(scope="module")
def stored(
    tmp_path_factory: pytest.TempPathFactory,
) -> Iterator[tuple[httpx.Client, list[EvaluationRecord], Store]]:
    folder = tmp_path_factory.mktemp("service")
    *done, last = records([*VALUES, (0.0, 1.0)])
    failed = replace(
        last, state=EvaluationState.FAILED, values={}, reason="no", spent={"wall_s": 2.0}
    )
    with Store.open(str(folder / "nas.db"), create=True) as store:
        study = begun(store, limits={"max_latency_ms": 9.0})
        store.record(study.id, [*done, failed])
        begun(store, "empty")
        with serving(folder) as client:
            yield client, [*done, failed], store


def test_a_front_tells_networks_values_and_choices(stored: tuple) -> None:
    client, done, store = stored
    found = client.get("/studies/small/front").json()
    assert [one["number"] for one in found["front"]] == [4, 0, 1]
    assert found["evaluated"] == 5 and found["dominated"] == []
    best = found["front"][0]
    assert (best["id"], best["architecture"]) == (
        done[4].architecture_id,
        done[4].architecture_text,
    )
    assert best["values"] == done[4].values and best["choices"] == done[4].choices
    assert [one["name"] for one in found["objectives"]] == ["accuracy", "latency_ms"]
    assert found["objectives"][0]["provenance"]["source"] == "a table"
    assert found["limits"] == {"latency_ms": 9.0}
    view = Views(store).front("small")
    assert [one["name"] for one in found["references"]] == [r.name for r in view.references]
    shown = client.get("/studies/small/front", params={"dominated": 10}).json()
    assert [one["number"] for one in shown["dominated"]] == [2, 3]


@pytest.mark.parametrize(
    ("until", "front"), [(0, []), (1, [0]), (3, [0, 1]), (5, [4, 0, 1]), (900, [4, 0, 1])]
)
def test_a_front_as_it_was(stored: tuple, until: int, front: list[int]) -> None:
    found = stored[0].get("/studies/small/front", params={"until": until}).json()
    assert [one["number"] for one in found["front"]] == front
    assert found["evaluated"] == min(until, 5)


@pytest.mark.parametrize(
    ("query", "accept", "kind"),
    [
        ({"format": "csv"}, "*/*", "text/csv"),
        ({}, "text/csv", "text/csv"),
        ({}, "text/csv;q=0.9, text/plain", "text/csv"),
        ({}, "application/json, text/csv;q=0.5", "application/json"),
        ({"format": "json"}, "text/csv", "application/json"),
    ],
)
def test_a_front_is_csv_where_that_is_asked_for(
    stored: tuple, query: dict[str, str], accept: str, kind: str
) -> None:
    answer = stored[0].get("/studies/small/front", params=query, headers={"Accept": accept})
    assert answer.headers["content-type"].startswith(kind)
    if kind == "text/csv":
        rows = list(csv.DictReader(io.StringIO(answer.text)))
        assert [float(row["accuracy"]) for row in rows] == [80.0, 70.0, 60.0]
        assert rows[0]["architecture"] == stored[1][4].architecture_text


def test_a_study_without_evaluations_has_an_empty_front_and_no_growth(stored: tuple) -> None:
    client = stored[0]
    found = client.get("/studies/empty/front").json()
    assert found["front"] == found["references"] == [] and found["evaluated"] == 0
    assert client.get("/studies/empty/hypervolume").json()["hypervolume"] == []
    assert client.get("/studies/empty/evaluations").json()["items"] == []


def test_the_growth_of_a_front(stored: tuple) -> None:
    found = stored[0].get("/studies/small/hypervolume").json()
    assert found["evaluations"] == [1, 2, 3, 4, 5]
    volumes = found["hypervolume"]
    assert volumes == sorted(volumes) and volumes[1] == volumes[2] == volumes[3] < volumes[4]


def test_evaluations_come_in_pages_that_lose_none(stored: tuple) -> None:
    client, done, _ = stored
    first, found = 0, []
    while first is not None:
        page = client.get("/studies/small/evaluations", params={"first": first, "limit": 4}).json()
        found += page["items"]
        first = page["next"]
    assert [one["id"] for one in found] == [record.architecture_id for record in done]
    assert found[5]["state"] == "failed" and found[5]["reason"] == "no"
    assert found[5]["spent"] == {"wall_s": 2.0}
    assert all(one["finished_at"].endswith("Z") for one in found)


def test_evaluations_are_filtered_by_state(stored: tuple) -> None:
    client = stored[0]
    asked = {"state": "complete", "limit": 2, "first": 1}
    page = client.get("/studies/small/evaluations", params=asked).json()
    assert [one["number"] for one in page["items"]] == [1, 2] and page["next"] == 3
    (failed,) = client.get("/studies/small/evaluations", params={"state": "failed"}).json()[
        "items"
    ]
    assert failed["number"] == 5


@pytest.mark.parametrize("what", ["front", "evaluations", "hypervolume"])
def test_what_is_not_there_is_404(stored: tuple, what: str) -> None:
    answer = stored[0].get(f"/studies/nowhere/{what}")
    assert answer.status_code == 404
    assert answer.json()["type"] == "urn:nas:unknown-name"


@pytest.mark.parametrize(
    "query",
    ["front?until=-1", "front?until=x", "front?format=xml", "front?dominated=2001",
     "evaluations?limit=0", "evaluations?limit=5001", "evaluations?state=odd",
     "evaluations?first=99999999999999999999"],
)  # fmt: skip
def test_questions_without_an_answer_are_refused(stored: tuple, query: str) -> None:
    answer = stored[0].get(f"/studies/small/{query}")
    assert answer.status_code == 422
    assert answer.json()["problems"][0]["path"].startswith("query.")
