"""A study's life while servers and searches are stopped, killed and started again."""

from __future__ import annotations

import os
import signal
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, suppress
from datetime import UTC, datetime, timedelta
from pathlib import Path

import numpy as np
import pytest
from sqlalchemy import update

import nas
from nas.client.studies import Study
from nas.errors import StudyFailedError
from nas.space.catalog import find_space
from nas.store import Store, tables
from tests.service.client import served
from tests.service.studies import begun
from tests.unhurried import NAME
from tests.waiting import PATIENCE_S, is_gone, until

GOAL = 40
LONG = 5_000


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Where a table says the accuracy of every network."""
    found, space = tmp_path_factory.mktemp("life"), find_space("nas_bench_macro")
    lines = ["code,accuracy"]
    for code in space.codes_at(np.arange(space.size)):
        lines.append(f"{'.'.join(map(str, code))},{50 + int(code.sum()) + int(code[0]) / 7!r}")
    (found / "table.csv").write_text("\n".join(lines), encoding="utf-8")
    return found


class Service:
    """A server that can be started again, and a client of it."""

    def __init__(self, folder: Path, stack: ExitStack) -> None:
        self.folder, self._stack = folder, stack
        self.start()

    def start(self) -> None:
        """Start a server over the same store."""
        options = ("--data-root", str(self.folder), "--allow-evaluators")
        self.process, url = self._stack.enter_context(served(self.folder, *options))
        self.client = self._stack.enter_context(nas.Client(url))

    def search(self, name: str, evaluations: int, evaluator: str = NAME) -> Study:
        """Begin a search that takes a while, and wait for its first results."""
        asked = {"evaluator": evaluator, "evaluations": evaluations}
        self.client.search(name, space="nas_bench_macro", device="pixel-3", **asked)
        return self.until(name, lambda study: study.state == "running" and study.evaluated > 2)

    def until(self, name: str, true: Callable[[Study], bool]) -> Study:
        """The study once something is true of it."""
        deadline = time.monotonic() + PATIENCE_S
        while not true(study := self.client.study(name)):
            assert time.monotonic() < deadline, study
            time.sleep(0.3)
        return study

    def ids(self, name: str) -> list[str]:
        """What is on record of a study, in order."""
        every = list(self.client.evaluations(name))
        assert [one.number for one in every] == list(range(len(every)))
        assert len({one.id for one in every}) == len(every), "nothing is done twice"
        return [one.id for one in every]


@pytest.fixture(scope="module")
def service(folder: Path) -> Iterator[Service]:
    with ExitStack() as stack:
        found = Service(folder, stack)
        yield found
        for study in found.client.studies(state=["running", "starting"]):
            with suppress(nas.errors.StoreError):
                found.client.stop(study.name)


def test_a_stopped_search_goes_on_with_nothing_lost_or_doubled(service: Service) -> None:
    service.search("stopped", GOAL)
    study = service.client.stop("stopped")
    assert study.state == "interrupted" and study.driver is None and study.failure is None
    kept = service.ids("stopped")
    assert 2 < len(kept) < GOAL
    assert service.client.resume("stopped").state in ("starting", "running")
    done = service.client.wait("stopped", progress=False, timeout_s=PATIENCE_S)
    assert done.state == "finished" and done.evaluated == GOAL
    ids = service.ids("stopped")
    assert ids[: len(kept)] == kept and len(ids) == GOAL
    assert done.front_size == len(service.client.front("stopped")) > 0


def test_a_search_that_was_killed_says_so_and_is_resumed_exactly(service: Service) -> None:
    driver = service.search("killed", GOAL).driver
    assert driver is not None
    os.kill(driver.pid, signal.SIGKILL)
    study = service.until("killed", lambda study: study.at_rest)
    assert study.state == "failed" and "ended without a word" in str(study.failure)
    kept = service.ids("killed")
    service.client.resume("killed")
    assert service.client.wait("killed", progress=False, timeout_s=PATIENCE_S).state == "finished"
    assert service.ids("killed")[: len(kept)] == kept and len(service.ids("killed")) == GOAL


def test_a_search_outlives_its_server_however_that_ends(service: Service) -> None:
    driver = service.search("outlives", LONG).driver
    assert driver is not None
    for end, code in ((signal.SIGINT, 0), (signal.SIGKILL, -signal.SIGKILL)):
        service.process.send_signal(end)
        assert service.process.wait(timeout=PATIENCE_S) == code
        rows = evaluated(service.folder, "outlives")
        until(lambda rows=rows: evaluated(service.folder, "outlives") > rows + 2)
        service.start()
        study = service.client.study("outlives")
        assert study.state == "running" and study.evaluated > rows
        assert study.driver is not None and study.driver.pid == driver.pid
    assert next(service.client.events("outlives")).data["study"]["state"] == "running"
    assert service.client.stop("outlives").state == "interrupted"
    until(lambda: is_gone(driver.pid))
    service.client.delete("outlives")


def test_a_search_that_fails_says_why_and_the_server_goes_on(service: Service) -> None:
    service.search("broken", LONG, "table.csv")
    service.client.stop("broken")
    table = service.folder / "table.csv"
    table.write_text("code,accuracy\n0,much\n", encoding="utf-8")
    service.client.resume("broken")
    with pytest.raises(StudyFailedError, match="table.csv"):
        service.client.wait("broken", progress=False, timeout_s=PATIENCE_S)
    assert "table.csv" in str(service.client.study("broken").failure)
    (listed,) = service.client.studies(state="failed")
    assert listed.name == "broken" and listed.failure
    assert len(service.client.front("broken")) > 0, "what was found is there"


def test_a_driver_elsewhere_loses_its_study_and_nobody_here_is_hurt(
    service: Service, folder: Path
) -> None:
    with Store.open(str(folder / "nas.db"), create=False) as store:
        study = begun(store, "elsewhere", evaluations=9)
        with store.hold(study.id, progress={"goal": 9}) as lease:
            elsewhere = {"machine": "another", "pid": os.getpid()}
            later = datetime.now(UTC) + timedelta(seconds=30)
            with store.transactions.write() as connection:
                connection.execute(
                    update(tables.drivers)
                    .where(tables.drivers.c.study_id == study.id)
                    .values(expires_at=later, **elsewhere)
                )
            assert service.client.study("elsewhere").state == "running"
            assert service.client.stop("elsewhere").state == "interrupted"
            lease.report({"goal": 9, "complete": 1})
            until(lambda: lease.lost)


def evaluated(folder: Path, name: str) -> int:
    with Store.open(str(folder / "nas.db"), create=False) as store:
        return store.summary(name).complete
