"""Evaluators for the tests of faults: each writes down what it is about to report, on disk.

`NAS_TEST_LEDGER` names the file that they append to, with fsync before they report, so a test can
compare what was reported with what is in the store.
"""

from __future__ import annotations

import json
import os
import time
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from nas.accuracy.evaluator import Report
from nas.space.architecture import Architecture


def accuracy_of(network: Architecture) -> float:
    """An accuracy that is a function of the network alone."""
    return 50 + int(network.id[:6], 16) % 4000 / 100


def write_down(network: Architecture, event: str) -> None:
    """Append a line to the ledger, on disk before this returns."""
    line = json.dumps({"id": network.id, "event": event, "pid": os.getpid(), "at": time.time()})
    handle = os.open(os.environ["NAS_TEST_LEDGER"], os.O_WRONLY | os.O_APPEND | os.O_CREAT)
    try:
        os.write(handle, f"{line}\n".encode())
        os.fsync(handle)
    finally:
        os.close(handle)


@dataclass
class Worker:
    """Takes `NAS_TEST_SECONDS` for a network, in `steps` parts."""

    steps: int = 1
    cost_s: float = 60.0
    provenance: Mapping[str, Any] = field(default_factory=lambda: {"kind": "made up"})

    def evaluate(
        self, architecture: Architecture, *, seed: int, folder: Path
    ) -> Iterator[Report]:
        """Sleep, write down, report."""
        write_down(architecture, "began")
        for step in range(1, self.steps + 1):
            time.sleep(float(os.environ.get("NAS_TEST_SECONDS", "0.1")) / self.steps)
            share = step / self.steps
            if share == 1:
                write_down(architecture, "reported")
            yield Report(share, accuracy_of(architecture) * share**0.2)


def sleeper() -> Worker:
    """One report for each network."""
    return Worker()


def stepper() -> Worker:
    """Nine reports for each network."""
    return Worker(steps=9)
