"""How the tests of faults run: a real Ray cluster, drivers as processes of their own, a ledger."""

from __future__ import annotations

import json
import os
import signal
import sqlite3
import subprocess
import sys
import time
from collections import Counter, defaultdict
from collections.abc import Callable, Iterator
from contextlib import closing
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest

from nas.report.ledger import LedgerView, ledger_view
from nas.store import Store
from nas.store.accounts import accounts
from tests.cli.databases import evaluations
from tests.faults.evaluators import accuracy_of
from tests.waiting import is_gone

pytest.importorskip("ray", reason="needs the ray extra")

WORKERS = 2
# Kills of each kind: few in the suite, more by `make torture`.
KILLS = int(os.environ.get("NAS_TORTURE", "0"))
PATIENCE_S = 480  # On a machine that does other work, Ray takes its time to begin.
# Without them a dead node is noticed after half a minute. It refuses to answer at once, while one
# that lives may be slow to.
HEALTH = {
    "health_check_period_ms": 300,
    "health_check_timeout_ms": 10_000,
    "health_check_initial_delay_ms": 0,
    "health_check_failure_threshold": 5,
}


@pytest.fixture(scope="session")
def scene(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """The folder of what evaluators read; workers of a cluster know it from the environment."""
    folder = tmp_path_factory.mktemp("scene")
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("NAS_TEST_DIR", str(folder))
        patch.setenv("RAY_USAGE_STATS_ENABLED", "0")
        yield folder


@pytest.fixture(scope="session")
def cluster(scene: Path) -> Iterator[Any]:
    """A Ray cluster of a head without room and one node with room for all workers."""
    from ray.cluster_utils import Cluster

    made = Cluster(
        initialize_head=True,
        head_node_args={
            "num_cpus": 0,
            "object_store_memory": 100 * 2**20,
            "_system_config": HEALTH,
        },
    )
    made.add_node(num_cpus=WORKERS, object_store_memory=100 * 2**20)
    yield made
    made.shutdown()


@dataclass
class Theatre:
    """One study under attack: its driver, its database, and what evaluators wrote down."""

    folder: Path
    scene: Path
    address: str | None
    repository: Path
    evaluator: str = "sleeper"
    goal: int = 20
    options: tuple[str, ...] = ()
    started: list[subprocess.Popen[str]] = field(default_factory=list)

    @property
    def database(self) -> Path:
        return self.folder / "nas.db"

    @property
    def ledger_file(self) -> Path:
        return self.folder / "ledger"

    def set(self, **changes: object) -> None:
        """Tell evaluators what they are to do from now on."""
        told = {"ledger": str(self.ledger_file), "seconds": 0.2, **changes}
        new = self.scene / "new.json"
        new.write_text(json.dumps(told), encoding="utf-8")
        new.replace(self.scene / "settings.json")

    def drive(self, *options: str) -> subprocess.Popen[str]:
        """Begin or resume the study in a process of its own."""
        joined = ("--address", self.address) if self.address else ()
        return self.nas(
            "search", "--space", "mnasnet", "--device", "pixel-3", "--name", "s",
            "--evaluator", f"tests.faults.evaluators:{self.evaluator}",
            "--evaluations", str(self.goal), "--workers", str(WORKERS),
            *joined, *self.options, *options,
        )  # fmt: skip

    def nas(self, *arguments: str) -> subprocess.Popen[str]:
        """Start a verb."""
        process = subprocess.Popen(
            [sys.executable, "-c", "from nas.cli.main import main; main()", *arguments],
            cwd=self.folder,
            env={**os.environ, "PYTHONPATH": str(self.repository)},
            text=True,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            preexec_fn=lambda: signal.signal(signal.SIGINT, signal.SIG_DFL) and None,
        )
        self.started.append(process)
        return process

    def close(self) -> None:
        """End what a test that failed left: it would work on under the next one."""
        for process in self.started:
            with process:
                process.kill()

    def finish(self) -> str:
        """Run the study to its end; gives what was said about it."""
        return self.end(self.drive())

    def end(self, process: subprocess.Popen[str]) -> str:
        """Wait for a driver that comes to its end; gives what was said about the study."""
        said, complaint = process.communicate(timeout=PATIENCE_S)
        assert process.returncode == 0, complaint
        assert "mnasnet on pixel-3: " in said
        assert "raylet" not in said + complaint
        return complaint

    def rows(self) -> list[dict[str, Any]]:
        """What is recorded."""
        try:
            return evaluations(self.database) if self.database.exists() else []
        except sqlite3.OperationalError:
            return []

    def states(self) -> Counter[str]:
        """How many rows there are of each state."""
        return Counter(row["state"] for row in self.rows())

    def ledger(self) -> list[dict[str, Any]]:
        """What evaluators wrote down; a line that a kill tore is left out."""
        if not self.ledger_file.exists():
            return []
        lines = self.ledger_file.read_text(encoding="utf-8").splitlines()
        return [json.loads(line) for line in lines if line.endswith("}")]

    def said(self, event: str) -> Counter[str]:
        """How often each network wrote an event down."""
        return Counter(line["id"] for line in self.ledger() if line["event"] == event)

    def wait(self, process: subprocess.Popen[str], until: Callable[[], bool]) -> None:
        """Wait until something is so while a driver runs."""
        deadline = time.monotonic() + PATIENCE_S
        while not until() and process.poll() is None:
            assert time.monotonic() < deadline, f"waited {PATIENCE_S} s"
            time.sleep(0.02)

    def check(self) -> None:
        """Every evaluation that was reported is on record exactly once, and none is invented."""
        rows = self.rows()
        recorded = Counter(row["architecture_id"] for row in rows)
        assert set(recorded.values()) <= {1}
        assert [row["number"] for row in rows] == list(range(len(rows)))
        reported = self.said("reported")
        complete = {row["architecture_id"]: row for row in rows if row["state"] == "complete"}
        assert complete.keys() <= reported.keys(), "none is invented"
        for identity, row in complete.items():
            assert row["values"]["accuracy"] == pytest.approx(accuracy_of(identity))
        if self.study()["finished_at"] is not None:
            assert reported.keys() <= recorded.keys(), "none is lost"

    def study(self) -> dict[str, Any]:
        """The row of the study."""
        with closing(sqlite3.connect(self.database)) as connection:
            connection.row_factory = sqlite3.Row
            (row,) = connection.execute("SELECT * FROM studies").fetchall()
            return dict(row)

    def took(self) -> LedgerView:
        """What the study took and saved, by what is on record."""
        with Store.open(str(self.database), create=False) as store:
            study = store.study("s")
            return ledger_view(store.evaluations(study.id), accounts(store, study.id))

    def workers(self) -> set[int]:
        """Processes that are at work on a network, as the ledger says."""
        open_by: dict[int, str] = {}
        last: defaultdict[int, str] = defaultdict(str)
        for line in self.ledger():
            last[line["pid"]] = line["event"]
            open_by[line["pid"]] = line["id"]
        return {pid for pid, event in last.items() if event != "reported" and not is_gone(pid)}


@pytest.fixture
def theatre(tmp_path: Path, scene: Path, cluster: Any, repository: Path) -> Iterator[Theatre]:
    """A study whose workers are on the cluster."""
    with closing(Theatre(tmp_path, scene, cluster.address, repository)) as found:
        yield found


@pytest.fixture
def alone(tmp_path: Path, scene: Path, repository: Path) -> Iterator[Theatre]:
    """A study that starts its own Ray."""
    with closing(Theatre(tmp_path, scene, None, repository)) as found:
        yield found
