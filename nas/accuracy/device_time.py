"""A stretch of this process's work → its seconds on the wall, on cores, and on a GPU."""

from __future__ import annotations

import os
import sys
import time
from collections.abc import Mapping
from typing import final


@final
class Stopwatch:
    """Runs from when it is made.

    Args:
        children: Whether the cores' time of processes that this one started and that ended
            counts too.
    """

    def __init__(self, *, children: bool = True) -> None:
        self._children = children
        self._wall_s, self._cpu_s = time.monotonic(), self._cpu()

    def spent(self) -> dict[str, float]:
        """`wall_s` and `cpu_s`, the seconds of single cores, all threads together.

        Where torch computes on a GPU, that counts as busy all the time: `gpu_s`.
        """
        wall_s = time.monotonic() - self._wall_s
        spent = {"wall_s": wall_s, "cpu_s": max(self._cpu() - self._cpu_s, 0.0)}
        return {**spent, "gpu_s": wall_s} if computes_on_gpu() else spent

    def _cpu(self) -> float:
        of_process = time.process_time()
        if not self._children:
            return of_process
        times = os.times()
        return of_process + times.children_user + times.children_system


@final
class TrainingTally:
    """What a training took, over all processes that worked at it.

    `trained` and `skipped` are pictures, to be counted by whoever trains.
    """

    def __init__(self) -> None:
        self.trained, self.skipped = 0, 0
        self._watch, self._before, self._known = Stopwatch(), dict[str, float](), True

    def goes_on_from(self, before: Mapping[str, float] | None) -> None:
        """Earlier processes took this; None where nobody wrote it down."""
        self._known = before is not None
        self._before = dict(before or {})

    def spent(self) -> dict[str, float] | None:
        """By unit, from the beginning to now; None where it is not all known."""
        if not self._known:
            return None
        now = self._watch.spent()
        now |= {"trained_samples": self.trained, "skipped_samples": self.skipped}
        return {
            unit: self._before.get(unit, 0.0) + now.get(unit, 0.0) for unit in self._before | now
        }


def computes_on_gpu() -> bool:
    """Whether torch has taken a GPU in this process; torch is not loaded to find out."""
    torch = sys.modules.get("torch")
    return torch is not None and bool(torch.cuda.is_initialized())
