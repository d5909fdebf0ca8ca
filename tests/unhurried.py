"""An evaluator that takes its time and no CPU: what a search does meanwhile can be disturbed.

It runs in the process of the search, as what is declared to take less than a tenth of a second.
"""

from __future__ import annotations

import time
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from nas.accuracy.evaluator import Report
from nas.space.architecture import Architecture

NAME = "tests.unhurried:make"


@dataclass(frozen=True)
class Unhurried:
    """An accuracy that is a function of the network alone, a tenth of a second later."""

    cost_s: float = 0.09
    provenance: Mapping[str, Any] = field(default_factory=lambda: {"kind": "made up"})

    def evaluate(self, architecture: Architecture, *, seed: int, folder: Path) -> Iterator[Report]:
        """Sleep, and report once."""
        time.sleep(0.1)
        yield Report(1.0, 50 + int(architecture.id[:6], 16) % 4000 / 100)


def make() -> Unhurried:
    """The factory."""
    return Unhurried()
