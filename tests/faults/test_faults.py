"""Processes killed, hung and broken at any moment: nothing is lost, repeated or invented."""

from __future__ import annotations

import json
import os
import random
import signal
import time
from typing import Any

import pytest

from tests.faults.conftest import KILLS, PATIENCE_S, WORKERS, Theatre
from tests.faults.evaluators import kind_of
from tests.waiting import is_gone, until

pytestmark = pytest.mark.skipif(not os.path.exists("/proc/self/stat"), reason="needs Linux")


def test_drivers_killed_at_random_moments(theatre: Theatre, capsys: Any) -> None:
    kills, moments = max(KILLS, 2), random.Random(1)
    theatre.goal = 10 + 3 * kills
    theatre.set(seconds=0.3)
    known: set[str] = set()
    for _ in range(kills):
        driver, before = theatre.drive(), len(theatre.ledger())
        theatre.wait(driver, lambda start=before: len(theatre.ledger()) > start)
        time.sleep(moments.uniform(0, 1.2))
        driver.kill()
        driver.communicate(timeout=PATIENCE_S)
        rows = {row["architecture_id"] for row in theatre.rows()}
        assert known <= rows, "what was recorded stays"
        known = rows
    theatre.finish()
    theatre.check()
    assert theatre.states() == {"complete": theatre.goal}
    began, reported = theatre.said("began"), theatre.said("reported")
    again = sum(count - 1 for count in reported.values())
    # Only a process that dies between writing to the ledger and noting its report works twice.
    assert again <= kills
    with capsys.disabled():
        print(
            f"\n{kills} drivers killed: {len(known)} recorded before the last, all kept; "
            f"{sum(began.values()) - len(began)} begun again, {again} reported twice"
        )


def test_what_is_under_way_when_the_time_is_up_is_finished(theatre: Theatre) -> None:
    theatre.goal, theatre.options = 10_000, ("--minutes", "0.1")
    theatre.set(seconds=1.5)
    complaint = theatre.finish()
    theatre.check()
    assert "ended: the time was up" in complaint
    assert theatre.study()["finished_at"] is not None
    assert 1 <= theatre.states()["complete"] == len(theatre.rows()) < 20
    assert theatre.said("began") == theatre.said("reported"), "none is cut off"


def test_workers_killed_while_they_work(theatre: Theatre, capsys: Any) -> None:
    kills, chance = max(KILLS, 2), random.Random(2)
    theatre.goal, theatre.evaluator = 6 + 2 * kills, "stepper"
    theatre.set(seconds=0.9)
    driver, killed = theatre.drive(), 0
    while killed < kills and driver.poll() is None:
        theatre.wait(driver, lambda: bool(theatre.workers()))
        time.sleep(chance.uniform(0, 0.5))
        if victims := sorted(theatre.workers()):
            os.kill(chance.choice(victims), signal.SIGKILL)
            killed += 1
            ended = len(theatre.rows())
            theatre.wait(driver, lambda count=ended: len(theatre.rows()) > count)
    theatre.end(driver)
    theatre.check()
    states = theatre.states()
    assert states.total() == theatre.goal
    assert states["complete"] >= theatre.goal - kills // 3, "three deaths fail a network"
    with capsys.disabled():
        print(f"\n{killed} workers killed: {dict(states)}")


def test_a_node_that_dies_takes_no_evaluation_along(
    theatre: Theatre, cluster: Any, capsys: Any
) -> None:
    theatre.goal, theatre.options = 16, ("--workers", str(2 * WORKERS))
    theatre.set(seconds=15.0)  # Until all are at work: workers take long to begin.
    node = cluster.add_node(num_cpus=WORKERS, object_store_memory=100 * 2**20)
    driver = theatre.drive()
    theatre.wait(driver, lambda: len(theatre.workers()) == 2 * WORKERS)
    before = theatre.workers()
    assert len(before) == 2 * WORKERS
    theatre.set(seconds=0.1)
    cluster.remove_node(node, allow_graceful=False)
    theatre.end(driver)
    assert len([pid for pid in before if is_gone(pid)]) >= WORKERS
    theatre.check()
    assert theatre.states() == {"complete": theatre.goal}
    again = sum(count - 1 for count in theatre.said("began").values())
    assert again >= 1, "what the node worked on was begun again"
    with capsys.disabled():
        print(f"\na node killed: {again} networks begun again, {theatre.goal} complete")


def test_networks_that_raise_hang_break_or_kill_their_process(
    theatre: Theatre, capsys: Any
) -> None:
    theatre.goal, theatre.evaluator = 16, "troubled"
    theatre.options = ("--timeout-s", "4")
    theatre.set(seconds=0.1)
    complaint = theatre.finish()
    theatre.check()
    words = {
        "raises": "it raised ValueError: this network does not train (evaluators.py, line",
        "hangs": "it took longer than 4 s",
        "is not a number": "`accuracy` must be a finite number; got nan",
        "is killed": "its worker process died 3 times",
    }
    kinds = {kind_of(row["architecture_id"]) for row in theatre.rows()}
    assert len(kinds) >= 4, "the seed gives most kinds"
    for row in theatre.rows():
        kind = kind_of(row["architecture_id"])
        if kind == "works":
            assert (row["state"], row["reason"]) == ("complete", None)
        else:
            assert row["state"] == "failed"
            assert words[kind] in row["reason"]
            assert "accuracy" not in row["values"]
            assert "latency_ms" in row["values"]
        # What a process took that was killed, nobody knows.
        told = "cpu_s" in json.loads(row["spent"] or "{}")
        assert told == (kind not in ("hangs", "is killed"))
    assert "failed" in complaint
    killed = {"hangs", "is killed"}
    mute = [row for row in theatre.rows() if kind_of(row["architecture_id"]) in killed]
    took = theatre.took()
    assert took.costs.not_known == len(mute) > 0 and took.costs.total.energy.total_j is None
    with capsys.disabled():
        print(f"\n{sorted(kinds)}: {dict(theatre.states())}")


def test_what_falls_behind_is_stopped_early_while_the_front_is_searched(
    theatre: Theatre, capsys: Any
) -> None:
    theatre.goal, theatre.evaluator = 16, "stepper"
    theatre.options = ("--early-stopping", "asha", "--callback", "tensorboard")
    theatre.set(seconds=0.2)
    complaint = theatre.finish()
    theatre.check()
    states = theatre.states()
    assert states.total() == theatre.goal
    assert states["stopped"] >= 2 and states["complete"] >= 2
    assert "stopped early" in complaint
    reached = theatre.said("reported")
    for row in theatre.rows():
        reports = json.loads(row["reports"])
        shares = [share for share, _ in reports]
        assert shares == sorted(set(shares))
        assert len(reports) == 9 if row["state"] == "complete" else len(reports) in range(1, 9)
        assert (row["architecture_id"] in reached) == (row["state"] == "complete")
        assert row["state"] == "complete" or "others of its cost did better" in row["reason"]
        assert json.loads(row["spent"])["wall_s"] > 0
    (saved,) = theatre.took().saved
    assert (saved.way, saved.count) == ("early stopping", states["stopped"])
    assert saved.cpu_s is not None and saved.cpu_s > 0
    logged = list(theatre.folder.glob("nas.db-work/*/tune/*/events.out.tfevents.*"))
    assert len(logged) == theatre.goal
    with capsys.disabled():
        print(f"\nstopping early: {dict(states)}")


def test_an_evaluator_that_always_fails_ends_the_search(theatre: Theatre) -> None:
    theatre.goal, theatre.evaluator = 30, "failing"
    theatre.set(seconds=0.1)
    driver = theatre.drive()
    _, complaint = driver.communicate(timeout=PATIENCE_S)
    assert driver.returncode == 2
    assert "error: `evaluator` must succeed now and then" in complaint
    assert "RuntimeError: no data set found" in complaint
    assert "Traceback" not in complaint
    failed = theatre.states()["failed"]
    assert 10 <= failed <= 10 + WORKERS
    assert theatre.study()["finished_at"] is None
    theatre.set(seconds=0.05, mended=True)
    theatre.finish()
    assert theatre.states() == {"failed": failed, "complete": theatre.goal - failed}


def test_an_interrupt_hands_in_what_is_done_and_leaves_no_process(alone: Theatre) -> None:
    alone.goal = 12
    alone.set(seconds=3.0)
    driver = alone.drive()
    alone.wait(driver, lambda: len(alone.rows()) >= 2)
    driver.send_signal(signal.SIGINT)
    said, complaint = driver.communicate(timeout=PATIENCE_S)
    assert driver.returncode == 130, complaint
    assert said == "" and "Traceback" not in complaint
    assert "interrupted; what is recorded is kept" in complaint
    assert 2 <= len(alone.rows()) < alone.goal
    workers = {line["pid"] for line in alone.ledger()}
    until(lambda: all(map(is_gone, workers)))  # They end with it.
    alone.set(seconds=0.01)
    alone.finish()
    alone.check()
    assert alone.states() == {"complete": alone.goal}
    assert not list(alone.folder.glob("nas.db-work*")), "nothing is left behind"
