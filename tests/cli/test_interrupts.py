"""Searches that are interrupted or killed at any moment: they resume, and do nothing twice."""

from __future__ import annotations

import os
import random
import signal
import subprocess
import sys
import time
from pathlib import Path

from tests.cli.conftest import Run, Start
from tests.cli.databases import complete, dump, evaluations
from tests.unhurried import NAME
from tests.waiting import PATIENCE_S

GOAL = 40
SEARCH = ("search", "--space", "nas_bench_macro", "--device", "pixel-3", "--evaluator", NAME,
          "--evaluations", str(GOAL), "--name", "long")  # fmt: skip


def wait_for_rows(process: subprocess.Popen[str], file: Path, count: int) -> None:
    deadline = time.monotonic() + PATIENCE_S
    while complete(file) < count and process.poll() is None:
        assert time.monotonic() < deadline, "too few evaluations"
        time.sleep(0.03)


def check_finished(file: Path) -> None:
    rows = evaluations(file)
    assert [row["state"] for row in rows] == ["complete"] * GOAL
    assert len({row["architecture_id"] for row in rows}) == GOAL
    assert [row["number"] for row in rows] == list(range(GOAL))


def test_an_interrupt_keeps_everything_and_the_search_goes_on(
    start: Start, run: Run, tmp_path: Path
) -> None:
    process = start(*SEARCH, cwd=tmp_path)
    wait_for_rows(process, tmp_path / "nas.db", 10)
    process.send_signal(signal.SIGINT)
    said, complaint = process.communicate(timeout=PATIENCE_S)
    assert process.returncode == 130
    assert said == ""
    assert "Traceback" not in complaint
    (message,) = [line for line in complaint.splitlines() if "interrupted" in line]
    assert "run it again" in message
    kept = complete(tmp_path / "nas.db")
    assert 10 <= kept < GOAL
    assert not list(tmp_path.glob("*.html*"))

    (study,) = run("studies", "--json").json()
    assert study["evaluated"] == kept and study["finished_at"] is None
    assert "interrupted" in run("studies").out
    assert run("front", "long").code == 0, "what was found so far can be seen"
    assert f"nobody runs it: long: {kept}/{GOAL} evaluated" in run("watch", "long").err

    assert run(*SEARCH).code == 0
    check_finished(tmp_path / "nas.db")
    done = dump(tmp_path / "nas.db")
    assert run(*SEARCH).code == 0
    assert dump(tmp_path / "nas.db") == done


def test_kills_at_random_moments_lose_and_repeat_nothing(
    start: Start, run: Run, tmp_path: Path
) -> None:
    moments, file = random.Random(0), tmp_path / "nas.db"
    known: set[str] = set()
    for _ in range(max(3, int(os.environ.get("NAS_TORTURE", "0")))):
        process = start(*SEARCH, cwd=tmp_path)
        wait_for_rows(process, file, complete(file) + 1)
        time.sleep(moments.uniform(0, 0.1))
        process.kill()
        process.communicate(timeout=PATIENCE_S)
        rows = {row["architecture_id"] for row in evaluations(file)}
        assert known <= rows, "what was recorded is kept"
        known = rows
    assert len(known) > 0
    assert run(*SEARCH).code == 0
    check_finished(tmp_path / "nas.db")


def test_an_interrupt_before_the_search_begins(start: Start, tmp_path: Path) -> None:
    script = "from nas.cli.main import main; print('ready', flush=True); main()"
    process = start(*SEARCH, cwd=tmp_path, command=(sys.executable, "-c", script))
    assert process.stdout is not None and process.stdout.readline() == "ready\n"
    time.sleep(0.1)  # The verbs are loading, which takes about a second.
    process.send_signal(signal.SIGINT)
    _, complaint = process.communicate(timeout=PATIENCE_S)
    assert process.returncode == 130
    assert "Traceback" not in complaint
    assert "interrupted" in complaint


def test_of_two_searches_of_one_study_at_once_one_is_refused_by_name(
    start: Start, run: Run, tmp_path: Path
) -> None:
    first = start(*SEARCH, cwd=tmp_path)
    wait_for_rows(first, tmp_path / "nas.db", 1)
    refused = run(*SEARCH)
    assert refused.code == 2
    assert f"process {first.pid}" in refused.err
    following = run("watch", "long", "--once", "--json").json()
    assert following["state"] == "running"
    assert following["driver"]["pid"] == first.pid
    assert following["progress"]["goal"] == GOAL
    _, complaint = first.communicate(timeout=PATIENCE_S)
    assert first.returncode == 0, complaint
    check_finished(tmp_path / "nas.db")
    assert run("watch", "long", "--once", "--json").json()["state"] == "finished"


def test_a_direct_search_that_is_killed_comes_to_the_same_front(
    start: Start, run: Run, tmp_path: Path
) -> None:
    search = ("search", "--space", "mnasnet", "--device", "pixel-3", "--name", "direct",
              "--evaluations", "30000")  # fmt: skip
    process = start(*search, cwd=tmp_path)
    wait_for_rows(process, tmp_path / "nas.db", 1)
    process.kill()
    process.communicate(timeout=PATIENCE_S)
    before = [row["architecture_id"] for row in evaluations(tmp_path / "nas.db")]
    assert run(*search).code == 0
    assert run(*search, "--db", "straight.db").code == 0
    fronts = [
        run("front", "direct", "--json", "--db", name).json()["front"]
        for name in ("nas.db", "straight.db")
    ]
    assert fronts[0] == fronts[1]
    after = [row["architecture_id"] for row in evaluations(tmp_path / "nas.db")]
    assert after[: len(before)] == before and len(set(after)) == len(after)
