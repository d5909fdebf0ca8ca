"""Where a training stands: for a person who waits, for a checkpoint, and after each epoch."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any


@dataclass(frozen=True, slots=True)
class Progress:
    """How far a training is.

    Args:
        done: Share of the epochs, in (0, 1].
        loss: Mean of the present epoch so far.
        remaining_s: Seconds until its end at the present pace.
    """

    done: float
    loss: float
    remaining_s: float


@dataclass(frozen=True, slots=True)
class Epoch:
    """An epoch that was completed.

    Args:
        number: From 1.
        of: How many are planned.
        loss: Mean over the epoch.
        samples: Pictures trained on since the beginning, by their resolution in pixels.
        wall_s: Seconds spent since the beginning, over all processes.
    """

    number: int
    of: int
    loss: float
    samples: Mapping[int, int]
    wall_s: float


@dataclass(slots=True)
class Position:
    """Where a training stands: epochs completed, steps of the present one, and their sums.

    `loss_sum` and `seen` are of the present epoch, `wall_s` and `samples` (by resolution in
    pixels) since the beginning.
    """

    epoch: int = 0
    step: int = 0
    loss_sum: float = 0.0
    seen: int = 0
    wall_s: float = 0.0
    samples: Counter[int] = field(default_factory=Counter)

    def to_json(self) -> dict[str, Any]:
        """For a checkpoint."""
        return {
            "epoch": self.epoch,
            "step": self.step,
            "loss_sum": self.loss_sum,
            "seen": self.seen,
            "wall_s": self.wall_s,
            "samples": {str(size): count for size, count in self.samples.items()},
        }

    @classmethod
    def from_json(cls, stored: Mapping[str, Any]) -> Position:
        """Out of a checkpoint."""
        samples = Counter({int(size): count for size, count in stored["samples"].items()})
        return cls(**{**stored, "samples": samples})
