"""Events over HTTP: what happens to studies is told once, in order, and to all who listen."""

from __future__ import annotations

import signal
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path

import httpx
import pytest

from nas.client.sse import Event, events_of
from nas.service import events
from nas.service.event_sources import StudySource
from nas.store import Store
from nas.store.curation import delete_study
from tests.service.client import served, serving
from tests.service.studies import begun, records
from tests.waiting import PATIENCE_S

EVALUATED = records([(70.0, 5.0), (60.0, 3.0), (59.0, 4.0), (80.0, 4.5)])


@pytest.fixture
def store(tmp_path: Path) -> Iterator[Store]:
    with Store.open(str(tmp_path / "nas.db"), create=True) as found:
        yield found


@pytest.fixture
def client(tmp_path: Path, store: Store) -> Iterator[httpx.Client]:
    with serving(tmp_path) as found:
        yield found


@contextmanager
def listening(
    client: httpx.Client, path: str = "/studies/small/events", last_id: str | None = None
) -> Iterator[Iterator[Event]]:
    headers = {} if last_id is None else {"Last-Event-ID": last_id}
    with client.stream("GET", path, headers=headers, timeout=PATIENCE_S) as answer:
        assert answer.status_code == 200, answer.read()
        assert answer.headers["content-type"].startswith("text/event-stream")
        yield (event for event in events_of(answer.iter_lines()) if event is not None)


def until(stream: Iterator[Event], kind: str) -> list[Event]:
    """What is said up to an event of a kind."""
    heard = []
    for event in stream:
        heard.append(event)
        if event.kind == kind:
            return heard
    raise AssertionError(f"no {kind} event among {[event.kind for event in heard]}")


def test_a_study_is_told_from_its_snapshot_to_its_end(client: httpx.Client, store: Store) -> None:
    study = begun(store, evaluations=4)
    store.record(study.id, EVALUATED[:2])
    with listening(client) as stream:
        first = next(stream)
        assert first.kind == "snapshot"
        assert first.data["study"]["state"] == "interrupted"
        assert [one["number"] for one in first.data["front"]] == [0, 1]
        assert first.data["progress"]["complete"] == 2
        with store.hold(study.id, progress={"goal": 4, "complete": 2}) as lease:
            *_, told = until(stream, "state")
            assert told.data == {"study": "small", "state": "running", "failure": None}
            store.record(study.id, EVALUATED[2:], lease=lease)
            lease.report({"goal": 4, "complete": 4})
            change = until(stream, "front")[-1].data
            assert [one["number"] for one in change["added"]] == [3]
            assert change["removed"] == [EVALUATED[0].architecture_id] and change["size"] == 2
            store.finish(study.id, lease=lease)
        *heard, last = until(stream, "state")
        assert [e.data["progress"]["complete"] for e in heard if e.kind == "progress"][-1] == 4
        assert last.data["state"] == "finished"
        assert len({last.id, first.id, told.id}) == 3


def test_who_was_away_is_told_what_it_missed(client: httpx.Client, store: Store) -> None:
    study = begun(store)
    store.record(study.id, EVALUATED[:1])
    with listening(client) as stream:
        seen = next(stream).id
    store.record(study.id, EVALUATED[1:2])
    with listening(client, last_id=seen) as stream:
        heard = until(stream, "front")
        assert [event.kind for event in heard] == ["progress", "front"]
        assert [one["number"] for one in heard[-1].data["added"]] == [1]
        seen = heard[0].id
    with listening(client, last_id=seen) as stream:
        assert next(stream) == heard[-1], "one event was missed, and no more"


@pytest.mark.parametrize("last_id", ["", "x", "deadbeef-3", "-", "\u00b2-\u00b2", "9" * 99])
def test_an_id_that_is_not_known_gets_a_snapshot(
    client: httpx.Client, store: Store, last_id: str
) -> None:
    begun(store)
    headers = {"Last-Event-ID": last_id.encode()}
    with client.stream("GET", "/studies/small/events", headers=headers) as answer:
        assert next(filter(None, events_of(answer.iter_lines()))).kind == "snapshot"


def test_who_reads_too_slowly_gets_a_snapshot(
    client: httpx.Client, store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(events, "_KEPT_EVENTS", 2)
    study = begun(store)
    with listening(client) as stream:
        seen = next(stream).id
        for record in EVALUATED[:2]:
            store.record(study.id, [record])
            until(stream, "front")
    with listening(client, last_id=seen) as stream:
        assert next(stream).kind == "snapshot"


def test_the_events_of_a_deleted_study_end(client: httpx.Client, store: Store) -> None:
    begun(store)
    with listening(client) as stream:
        next(stream)
        delete_study(store, "small")
        begun(store)  # another one, of the same name
        assert [event.kind for event in stream] == ["deleted"]
    with listening(client) as stream:
        assert next(stream).kind == "snapshot"


def test_events_of_no_study_are_404(client: httpx.Client) -> None:
    answer = client.get("/studies/nowhere/events")
    assert answer.status_code == 404
    assert answer.json()["type"] == "urn:nas:unknown-name"


def test_all_studies_are_told_of(client: httpx.Client, store: Store) -> None:
    begun(store, "old")
    with listening(client, "/events") as stream:
        assert [one["name"] for one in next(stream).data["studies"]] == ["old"]
        study = begun(store, "new")
        assert until(stream, "study")[-1].data["name"] == "new"
        with store.hold(study.id, progress={"goal": 4, "complete": 0}):
            heard = until(stream, "state")
            assert heard[0].data["progress"]["goal"] == 4
            assert heard[-1].data == {"study": "new", "state": "running", "failure": None}
        until(stream, "state")
        delete_study(store, "old")
        assert until(stream, "deleted")[-1].data == {"study": "old"}


def test_many_listeners_cost_one_look(
    client: httpx.Client, store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    looks, look = [], StudySource.look

    def counted(source: StudySource) -> object:
        looks.append(time.monotonic())
        return look(source)

    monkeypatch.setattr(StudySource, "look", counted)
    study = begun(store)
    with ExitStack() as stack:
        streams = [stack.enter_context(listening(client)) for _ in range(20)]
        assert len({next(stream).id for stream in streams}) == 1
        began = time.monotonic()
        store.record(study.id, EVALUATED[:1])
        heard = [until(stream, "front")[-1] for stream in streams]
        took = time.monotonic() - began
    assert len(set(map(repr, heard))) == 1
    assert len(looks) <= 2 + took / events.EVERY_S + 1
    time.sleep(2.5 * events.EVERY_S)
    quiet = len(looks)
    time.sleep(2.5 * events.EVERY_S)
    assert len(looks) == quiet, "nobody looks where nobody listens"


def test_no_more_than_so_many_listen(
    client: httpx.Client, store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(events, "MOST_LISTENERS", 2)
    begun(store)
    with listening(client) as one, listening(client, "/events") as two:
        assert (next(one).kind, next(two).kind) == ("snapshot", "snapshot")
        answer = client.get("/events")
        assert answer.status_code == 429 and answer.headers["Retry-After"]
    deadline = time.monotonic() + PATIENCE_S
    while client.get("/studies").status_code == 200 and time.monotonic() < deadline:
        with client.stream("GET", "/events", timeout=PATIENCE_S) as answer:
            if answer.status_code == 200:
                return
    raise AssertionError("those that left must make room")


def test_a_quiet_stream_has_a_heart_beat(
    client: httpx.Client, store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(events, "HEART_BEAT_S", 0.2)
    begun(store)
    with client.stream("GET", "/studies/small/events", timeout=PATIENCE_S) as answer:
        stream = events_of(answer.iter_lines())
        heard = [next(stream) for _ in range(3)]
    assert heard[0] is not None and heard[1:] == [None, None]


def test_a_look_that_fails_ends_no_stream(
    client: httpx.Client, store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    study, look = begun(store), StudySource.look
    with listening(client) as stream:
        next(stream)
        monkeypatch.setattr(StudySource, "look", lambda _: 1 / 0)
        time.sleep(2 * events.EVERY_S)
        monkeypatch.setattr(StudySource, "look", look)
        store.record(study.id, EVALUATED[:1])
        assert until(stream, "front")


def test_an_interrupt_ends_the_server_whoever_listens(store: Store, tmp_path: Path) -> None:
    begun(store)
    with (
        served(tmp_path) as (server, url),
        httpx.Client(base_url=f"{url}api/v1") as client,
        listening(client) as stream,
        listening(client, "/events") as other,
    ):
        assert (next(stream).kind, next(other).kind) == ("snapshot", "snapshot")
        server.send_signal(signal.SIGINT)
        # Streams that the server had to break off after its time of grace would raise here.
        assert list(stream) == list(other) == []
        assert server.wait(timeout=PATIENCE_S) == 0
