"""Something that runs → how long one run takes, with the noise that was seen.

Runs are timed in samples of at least a millisecond, samples in rounds. A round in which the
process did not have the processor to itself is disturbed and does not count. Rounds go on until
the quickest few agree, because what disturbs can only slow down; the reading is their median. When
the budget ends first the reading is what there is, and its spread says so.

Kits carry this file as it stands: it needs Python 3.8 and no package.
"""

from __future__ import annotations

import itertools
import statistics
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Protocol

UNDISTURBED_CPU_SHARE = 0.97
"""Processor time over wall time of one thread, below which something else was running."""


@dataclass(frozen=True)
class Timing:
    """How to time.

    Args:
        warm_up_s: Runs before anything counts, at least two.
        sample_s: Least duration of a sample; quick networks run several times in one.
        round_s: Least duration of a round, which has at least three samples.
        rounds: Rounds that must agree.
        spread: Relative range within which they agree.
        budget_s: When to stop without agreement.
    """

    warm_up_s: float = 0.05
    sample_s: float = 0.001
    round_s: float = 0.06
    rounds: int = 3
    spread: float = 0.02
    budget_s: float = 2.0


@dataclass(frozen=True)
class Reading:
    """What one run took.

    Args:
        latency_ms: Median of the rounds that agree.
        spread: Their relative range.
        runs: How often it ran, all rounds together.
        cpu_share: Processor time over wall time, per thread, of the rounds that agree.
        settled: Whether enough undisturbed rounds agreed within the budget.
    """

    latency_ms: float
    spread: float
    runs: int
    cpu_share: float
    settled: bool


class Clock(Protocol):
    """Where time comes from, in seconds."""

    def wall(self) -> float:
        """Time on the wall."""
        ...

    def processor(self) -> float:
        """Time that this process had a processor, all threads together."""
        ...


class SystemClock:
    """The machine's own."""

    wall = staticmethod(time.perf_counter)
    processor = staticmethod(time.process_time)


@dataclass(frozen=True)
class _Round:
    latency_s: float
    cpu_share: float
    runs: int


def time_runs(
    run: Callable[[], object],
    timing: Timing = Timing(),  # noqa: B008 - frozen
    *,
    threads: int = 1,
    clock: Clock = SystemClock(),  # noqa: B008 - has no state
) -> Reading:
    """Time something until its quickest rounds agree or the budget ends.

    Args:
        run: One run, finished on return.
        timing: How.
        threads: How many it computes on. With several, waiting for one another is no disturbance.
        clock: Where time comes from.
    """
    start = clock.wall()
    warmed = _repeat(run, timing.warm_up_s, 2, clock)
    inner = max(1, round(timing.sample_s / max(warmed, 1e-9)))
    rounds: list[_Round] = []
    chosen: Sequence[_Round] = ()
    while True:
        rounds.append(_round(run, inner, timing, threads, clock))
        quiet = [item for item in rounds if threads > 1 or _undisturbed(item)]
        if len(quiet) >= timing.rounds:
            chosen = _quickest_in_agreement(quiet, timing.rounds)
            if _spread(chosen) <= timing.spread:
                break
        if clock.wall() - start >= timing.budget_s and len(rounds) >= timing.rounds:
            break
    settled = bool(chosen) and _spread(chosen) <= timing.spread
    return _reading(chosen or _quickest_in_agreement(rounds, timing.rounds), rounds, settled)


def _reading(chosen: Sequence[_Round], rounds: Sequence[_Round], settled: bool) -> Reading:
    return Reading(
        statistics.median(item.latency_s for item in chosen) * 1e3,
        _spread(chosen),
        sum(item.runs for item in rounds),
        statistics.median(item.cpu_share for item in chosen),
        settled,
    )


def _undisturbed(item: _Round) -> bool:
    return item.cpu_share >= UNDISTURBED_CPU_SHARE


def _quickest_in_agreement(rounds: Sequence[_Round], count: int) -> Sequence[_Round]:
    """The `count` rounds that agree best among the quicker half, at least `count` of them."""
    ordered = sorted(rounds, key=lambda item: item.latency_s)
    quicker = ordered[: max(count, (len(ordered) + 1) // 2)]
    windows = [quicker[first : first + count] for first in range(len(quicker) - count + 1)]
    return min(windows, key=_spread)


def _spread(rounds: Sequence[_Round]) -> float:
    latencies = [item.latency_s for item in rounds]
    return (max(latencies) - min(latencies)) / statistics.median(latencies)


def _round(
    run: Callable[[], object], inner: int, timing: Timing, threads: int, clock: Clock
) -> _Round:
    """The median sample of one round."""
    samples: list[float] = []
    began, processor = clock.wall(), clock.processor()
    while len(samples) < 3 or clock.wall() - began < timing.round_s:
        start = clock.wall()
        for _ in itertools.repeat(None, inner):
            run()
        samples.append((clock.wall() - start) / inner)
    share = (clock.processor() - processor) / (clock.wall() - began) / threads
    return _Round(statistics.median(samples), share, inner * len(samples))


def _repeat(run: Callable[[], object], seconds: float, least: int, clock: Clock) -> float:
    """Run for a while; the duration of the last run."""
    began, done = clock.wall(), 0
    while True:
        start = clock.wall()
        run()
        done += 1
        now = clock.wall()
        if done >= least and now - began >= seconds:
            return now - start
