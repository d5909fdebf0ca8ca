"""Searches that are interrupted or killed at any moment: they resume, and do nothing twice."""

from __future__ import annotations

import random
import signal
import subprocess
import sys
import time
from pathlib import Path

from tests.cli.conftest import Run, Start
from tests.cli.databases import complete, dump, evaluations

GOAL = 400
SEARCH = ("search", "--space", "mnasnet", "--device", "pixel-3", "--max-latency-ms", "60",
          "--evaluations", str(GOAL), "--name", "long")  # fmt: skip


def wait_for_rows(process: subprocess.Popen[str], file: Path, count: int) -> None:
    deadline = time.monotonic() + 60
    while complete(file) < count and process.poll() is None:
        assert time.monotonic() < deadline, "no evaluation within a minute"
        time.sleep(0.01)


def check_finished(file: Path) -> None:
    rows = evaluations(file)
    assert sum(row["state"] == "complete" for row in rows) == GOAL
    assert len({row["architecture_id"] for row in rows}) == len(rows)
    assert [row["number"] for row in rows] == list(range(len(rows)))
    assert all("accuracy" not in row["values"] for row in rows if row["state"] != "complete")


def test_an_interrupt_keeps_everything_and_the_search_goes_on(
    start: Start, run: Run, tmp_path: Path
) -> None:
    process = start(*SEARCH, cwd=tmp_path)
    wait_for_rows(process, tmp_path / "nas.db", 50)
    process.send_signal(signal.SIGINT)
    said, complaint = process.communicate(timeout=60)
    assert process.returncode == 130
    assert said == ""
    assert "Traceback" not in complaint
    (message,) = [line for line in complaint.splitlines() if "interrupted" in line]
    assert "run it again" in message
    kept = complete(tmp_path / "nas.db")
    assert 50 <= kept < GOAL
    assert not list(tmp_path.glob("*.html*"))

    (study,) = run("studies", "--json").json()
    assert study["evaluated"] == kept and study["finished_at"] is None
    assert "interrupted" in run("studies").out
    refused = run("front", "long")
    assert refused.code == 2
    assert f"{kept} networks are evaluated" in refused.err and "run the same search" in refused.err

    assert run(*SEARCH).code == 0
    check_finished(tmp_path / "nas.db")
    done = dump(tmp_path / "nas.db")
    assert run(*SEARCH).code == 0
    assert dump(tmp_path / "nas.db") == done

    assert run(*SEARCH, "--db", "straight.db").code == 0
    networks = [
        [row["architecture_id"] for row in evaluations(tmp_path / name)]
        for name in ("nas.db", "straight.db")
    ]
    assert networks[0] == networks[1], "as if nothing had happened"


def test_kills_at_random_moments_lose_and_repeat_nothing(
    start: Start, run: Run, tmp_path: Path
) -> None:
    moments, file = random.Random(0), tmp_path / "nas.db"
    known: set[str] = set()
    for _ in range(3):
        process = start(*SEARCH, cwd=tmp_path)
        wait_for_rows(process, file, complete(file) + 1)
        time.sleep(moments.uniform(0, 0.1))
        process.kill()
        process.communicate(timeout=60)
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
    _, complaint = process.communicate(timeout=60)
    assert process.returncode == 130
    assert "Traceback" not in complaint
    assert "interrupted" in complaint


def test_two_searches_of_one_study_at_once_store_nothing_twice(
    start: Start, run: Run, tmp_path: Path
) -> None:
    both = [start(*SEARCH, "--html", f"{n}.html", cwd=tmp_path) for n in range(2)]
    ends = [(process.communicate(timeout=120), process.returncode) for process in both]
    for (_, complaint), code in ends:
        assert code in (0, 2)
        assert "Traceback" not in complaint
        assert code == 0 or complaint.splitlines()[-1].startswith("error: ")
    assert run(*SEARCH).code == 0
    check_finished(tmp_path / "nas.db")
