"""Times of `nas serve`, beside optuna-dashboard's API in the same run → benchmarks/service.md.

    python -m benchmarks.service [--evaluations 100000] [--beside 10000] [--readers 200]
                                [--seconds 20] [--peers FOLDER]

Both serve studies of the same networks and values: 20 categorical parameters and 2 objectives.
optuna-dashboard is installed into an environment of its own under FOLDER, and left out without it.

Why processor time too: on a shared machine others take their part of the wall time.
"""

from __future__ import annotations

import argparse
import json
import os
import socket
import statistics
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import httpx
import numpy as np

from benchmarks.service_page import PINS, page
from benchmarks.store import evaluations
from nas.pareto import Sense
from nas.search.tally import Tally
from nas.store import EvaluationRecord, ObjectiveRecord, Store

OBJECTIVES = (
    ObjectiveRecord("accuracy", Sense.MAXIMIZE, "%", {}),
    ObjectiveRecord("latency_ms", Sense.MINIMIZE, "ms", {}),
)
BIG, MIDDLE, LIVE, SMALL = "big", "middle", "live", 1_000
API = "/api/v1/studies"
NAS = (sys.executable, "-c", "from nas.cli.main import main; main()")


@dataclass(frozen=True, slots=True)
class Server:
    """A server in a process of its own."""

    process: subprocess.Popen[bytes]
    port: int

    @property
    def cpu_s(self) -> float:
        """What it has worked so far."""
        fields = Path(f"/proc/{self.process.pid}/stat").read_text().rpartition(")")[2].split()
        return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def made(count: int, front: int, *, seed: int = 0) -> list[EvaluationRecord]:
    """Evaluations of which so many are on the front, in any order."""
    rng = np.random.default_rng(seed)
    along, behind = rng.random(count), 0.01 + 0.5 * rng.random(count)
    behind[rng.permutation(count)[:front]] = 0
    accuracy, latency_ms = 70 + 10 * along - 50 * behind, np.exp(2 + 2 * along) * (1 + behind)
    values = [
        {"accuracy": float(a), "latency_ms": float(b)}
        for a, b in zip(accuracy, latency_ms, strict=True)
    ]
    records = evaluations(count, seed=seed)
    return [replace(one, values=value) for one, value in zip(records, values, strict=True)]


def stored(store: Store, name: str, records: list[EvaluationRecord]) -> int:
    """A study of them in the store; its key."""
    spec = {"name": name, "space": "mnasnet", "device": "pixel-3", "limits": {}}
    study = store.create_study(name, spec=spec, objectives=OBJECTIVES)
    for start in range(0, len(records), 10_000):
        store.record(study.id, records[start : start + 10_000])
    tally = Tally(OBJECTIVES, floor=None)
    tally.add(records)
    store.save_front(study.id, [record.number for record in tally.front])
    return study.id


@contextmanager
def serving(command: list[str], port: int) -> Iterator[Server]:
    """A server that answers on a port until the block ends."""
    process = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    try:
        while True:
            try:
                socket.create_connection(("127.0.0.1", port)).close()
                break
            except OSError:
                if process.poll() is not None:
                    raise
                time.sleep(0.1)
        yield Server(process, port)
    finally:
        process.kill()
        process.wait()


def free_port() -> int:
    """A port that nobody uses now."""
    with socket.socket() as some:
        some.bind(("127.0.0.1", 0))
        port: int = some.getsockname()[1]
        return port


def timed(server: Server, path: str, *, times: int) -> dict[str, float]:
    """Median wall and processor time of asking, and how much comes."""
    walls, cpus, size = [], [], 0
    with httpx.Client(base_url=f"http://127.0.0.1:{server.port}", timeout=1_000) as client:
        for _ in range(times):
            cpu, began = server.cpu_s, time.monotonic()
            answer = client.get(path)
            walls.append(time.monotonic() - began)
            cpus.append(server.cpu_s - cpu)
            answer.raise_for_status()
            size = len(answer.content)
    cpu = sum(cpus) / times  # a tick of the clock is 10 ms
    return {"wall_ms": statistics.median(walls) * 1e3, "cpu_ms": cpu * 1e3, "bytes": size}


def read_by(server: Server, question: dict[str, Any]) -> dict[str, Any]:
    """What many readers at once saw."""
    cpu, began = server.cpu_s, time.monotonic()
    said = subprocess.run(
        [sys.executable, str(Path(__file__).with_name("service_readers.py"))],
        input=json.dumps({"port": server.port, **question}),
        stdout=subprocess.PIPE,
        text=True,
        check=True,
    )
    found: dict[str, Any] = json.loads(said.stdout)
    found["cpu_share"] = (server.cpu_s - cpu) / (time.monotonic() - began)
    found["seconds"] = question["seconds"]
    return found


@contextmanager
def writing(database: str, study: int, records: list[EvaluationRecord]) -> Iterator[list[float]]:
    """A search that records ten networks five times a second; the times at which it did."""
    ended, at = threading.Event(), []

    def write() -> None:
        with Store.open(database, create=False) as store, store.hold(study) as lease:
            for start in range(0, len(records), 10):
                store.record(study, records[start : start + 10], lease=lease)
                at.append(time.time())
                lease.report({"goal": len(records), "complete": start + 10})
                if ended.wait(0.2):
                    return

    thread = threading.Thread(target=write)
    thread.start()
    try:
        yield at
    finally:
        ended.set()
        thread.join()


def event_delays(server: Server, database: str, study: int, count: int) -> list[float]:
    """Seconds from a commit of a network on the front to the event that tells of it."""
    delays = []
    best = made(count, count, seed=99)
    with (
        Store.open(database, create=False) as store,
        httpx.Client(base_url=f"http://127.0.0.1:{server.port}", timeout=60) as client,
        client.stream("GET", f"{API}/{LIVE}/events") as answer,
    ):
        lines = answer.iter_lines()
        next(line for line in lines if line.startswith("event: snapshot"))
        first = store.evaluations(study)[-1].number + 1
        for number, record in enumerate(best):
            better = {"accuracy": 200.0 + number, "latency_ms": 0.5 - number * 1e-3}
            store.record(study, [replace(record, number=first + number, values=better)])
            began = time.monotonic()
            next(line for line in lines if line.startswith("event: front"))
            delays.append(time.monotonic() - began)
            time.sleep(0.05 + 0.37 * (number % 3))
    return delays


def measure_ours(folder: Path, options: argparse.Namespace) -> dict[str, Any]:
    """Everything about `nas serve`."""
    database, port = str(folder / "nas.db"), free_port()
    records = made(options.evaluations, options.front)
    with Store.open(database, create=True) as store:
        stored(store, BIG, records)
        stored(store, MIDDLE, made(options.beside, 500, seed=4))
        stored(store, "small", made(SMALL, 50, seed=1))
        live = stored(store, LIVE, made(2_000, 100, seed=2))
    later = [replace(one, number=2_000 + one.number) for one in made(20_000, 200, seed=3)]
    half, found = options.evaluations // 2, {}
    with serving([*NAS, "serve", "--port", str(port), "--db", database], port) as server:
        for name, path, times in (
            ("front, first time", f"{API}/{BIG}/front", 1),
            ("front, later", f"{API}/{BIG}/front", 20),
            ("front with 2,000 others", f"{API}/{BIG}/front?dominated=2000", 10),
            ("front as it was halfway", f"{API}/{BIG}/front?until={half}", 10),
            ("hypervolume, first time", f"{API}/{BIG}/hypervolume", 1),
            ("hypervolume, later", f"{API}/{BIG}/hypervolume", 20),
            ("a page of 100 evaluations", f"{API}/{BIG}/evaluations?first={half}", 20),
            ("the study", f"{API}/{BIG}", 20),
            ("all studies", API, 20),
            ("front of the middle study, first time", f"{API}/{MIDDLE}/front?dominated=2000", 1),
            ("front of the middle study, later", f"{API}/{MIDDLE}/front?dominated=2000", 10),
            ("front of the small study, first time", f"{API}/small/front?dominated=2000", 1),
            ("front of the small study, later", f"{API}/small/front?dominated=2000", 20),
        ):
            found[name] = timed(server, path, times=times)
        question = {
            "readers": options.readers,
            "listeners": 20,
            "seconds": options.seconds,
            "events": f"{API}/{LIVE}/events",
            "paths": {
                "studies": API,
                "study": f"{API}/{LIVE}",
                "front, live": f"{API}/{LIVE}/front",
                "front, big": f"{API}/{BIG}/front",
                "evaluations": f"{API}/{LIVE}/evaluations?first=500",
            },
        }
        with writing(database, live, later) as at:
            calm = read_by(server, {**question, "every_s": 2.0})
            busy = read_by(server, {**question, "every_s": 0.0})
        delays = event_delays(server, database, live, 20)
        alone = read_by(
            server,
            {**question, "listeners": 0, "every_s": 0.0, "paths": {"small": f"{API}/small/front"}},
        )
    return {
        "routes": found, "calm": calm, "busy": busy, "written": len(at) * 10, "delays": delays,
        "alone": alone,
    }  # fmt: skip


def measure_peer(folder: Path, options: argparse.Namespace) -> dict[str, Any]:
    """The same of optuna-dashboard, as far as it has it."""
    home = options.peers / "optuna-dashboard"
    if not (home / ".ready").is_file():
        subprocess.run([sys.executable, "-m", "venv", "--clear", str(home)], check=True)
        subprocess.run([str(home / "bin/pip"), "install", "-q", *PINS], check=True)
        (home / ".ready").touch()
    script, database = Path(__file__).with_name("service_peer.py"), folder / "optuna.db"
    studies = {MIDDLE: made(options.beside, 500, seed=4), "small": made(SMALL, 50, seed=1)}
    for name, some in studies.items():
        lines = (
            json.dumps({"choices": one.choices, "values": list(one.values.values())})
            for one in some
        )
        command = [str(home / "bin/python"), str(script), str(database), name]
        subprocess.run(command, input="\n".join(lines), text=True, check=True)
    port = free_port()
    command = [str(home / "bin/optuna-dashboard"), f"sqlite:///{database}", "--quiet"]
    with serving([*command, "--port", str(port)], port) as server:
        routes = {
            "small, first time": timed(server, "/api/studies/2?after=0", times=1),
            "small, later": timed(server, "/api/studies/2?after=0", times=10),
            "studies": timed(server, "/api/studies", times=5),
            "middle, first time": timed(server, "/api/studies/1?after=0", times=1),
            "middle, later": timed(server, "/api/studies/1?after=0", times=1),
        }
        question = {
            "readers": options.readers, "every_s": 0.0, "seconds": options.seconds, "events": "",
            "paths": {"small": "/api/studies/2?after=0"},
        }  # fmt: skip
        return {"routes": routes, "alone": read_by(server, question)}


def main() -> None:
    """Measure, and write the page."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--evaluations", type=int, default=100_000)
    parser.add_argument("--beside", type=int, default=10_000)
    parser.add_argument("--front", type=int, default=2_000)
    parser.add_argument("--readers", type=int, default=200)
    parser.add_argument("--seconds", type=float, default=20.0)
    parser.add_argument("--peers", type=Path)
    parser.add_argument("--to", type=Path, default=Path(__file__).with_suffix(".md"))
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        ours = measure_ours(Path(folder), options)
        theirs = measure_peer(Path(folder), options) if options.peers else None
    options.to.write_text(page(ours, theirs, options), encoding="utf-8")


if __name__ == "__main__":
    main()
