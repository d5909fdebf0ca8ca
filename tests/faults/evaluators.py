"""Evaluators for the tests of faults: each writes down what it is about to report, on disk.

They read `settings.json` in the folder `NAS_TEST_DIR`, for a worker of a running cluster has the
environment of the cluster: `seconds` that a network takes, the `ledger` to append to (with fsync,
before anything is reported), and whether what was broken is `mended`.
"""

from __future__ import annotations

import json
import math
import os
import signal
import time
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from nas.accuracy.evaluator import Report
from nas.space.architecture import Architecture


def settings() -> dict[str, Any]:
    """What the test wants now."""
    text = (Path(os.environ["NAS_TEST_DIR"]) / "settings.json").read_text(encoding="utf-8")
    document: dict[str, Any] = json.loads(text)
    return document


def accuracy_of(network_id: str) -> float:
    """An accuracy that is a function of the network alone."""
    return 50 + int(network_id[:6], 16) % 4000 / 100


def write_down(network: Architecture, event: str) -> None:
    """Append a line to the ledger, on disk before this returns."""
    line = {"id": network.id, "event": event, "pid": os.getpid(), "at": time.time()}
    handle = os.open(settings()["ledger"], os.O_WRONLY | os.O_APPEND | os.O_CREAT)
    try:
        os.write(handle, f"{json.dumps(line)}\n".encode())
        os.fsync(handle)
    finally:
        os.close(handle)


def works(network: Architecture) -> None:
    """Nothing is wrong."""


def kind_of(network_id: str) -> str:
    """What is wrong with a network that `troubled` evaluates; nothing with three in five."""
    kinds = ("raises", "hangs", "is not a number", "is killed")
    number = int(network_id[:4], 16) % 10
    return kinds[number] if number < len(kinds) else "works"


def is_troubled(network: Architecture) -> None:
    """Every kind of trouble, each with its share of networks."""
    match kind_of(network.id):
        case "raises":
            raise ValueError("this network does not train")
        case "hangs":
            time.sleep(3600)
        case "is killed":  # As by the kernel when memory runs out.
            os.kill(os.getpid(), signal.SIGKILL)


def always_fails(network: Architecture) -> None:
    """Broken until it is mended."""
    if not settings().get("mended"):
        raise RuntimeError("no data set found")


@dataclass
class Ledgered:
    """Sleeps for a network in so many `steps`, writes down that it will report, reports."""

    trouble: Callable[[Architecture], None] = works
    steps: int = 1
    cost_s: float = 60.0
    provenance: Mapping[str, Any] = field(default_factory=lambda: {"kind": "made up"})

    def evaluate(self, architecture: Architecture, *, seed: int, folder: Path) -> Iterator[Report]:
        """Work on a network, from the step after the last one that `folder` knows."""
        write_down(architecture, "began")
        accuracy = accuracy_of(architecture.id)
        self.trouble(architecture)
        if self.trouble is is_troubled and kind_of(architecture.id) == "is not a number":
            accuracy = math.nan
        file = folder / "step"
        done = int(file.read_text()) if file.exists() else 0
        for step in range(done + 1, self.steps + 1):
            time.sleep(settings()["seconds"] / self.steps)
            share = step / self.steps
            write_down(architecture, "reported" if share == 1 else f"step {step}")
            yield Report(share, accuracy * share**0.2)
            (folder / "new").write_text(str(step))
            (folder / "new").replace(file)


def sleeper() -> Ledgered:
    """One report for each network."""
    return Ledgered()


def stepper() -> Ledgered:
    """Nine reports for each network."""
    return Ledgered(steps=9)


def troubled() -> Ledgered:
    """Some networks raise, hang, have no accuracy or kill their process."""
    return Ledgered(is_troubled)


def failing() -> Ledgered:
    """Every network raises, until `mended`."""
    return Ledgered(always_fails)
