"""Timing: what disturbs is seen, does not count, and is reported when nothing else is left."""

from __future__ import annotations

import random

from nas.measure.timing import Timing, time_runs

RUN_S = 0.002


class Bench:
    """A clock that stands still, and runs that move it, some with another process in the way."""

    def __init__(self, *, noise: float = 0.0, stolen_rounds: range = range(0)) -> None:
        self.now = self.used = 0.0
        self.noise, self.stolen = noise, stolen_rounds
        self.random = random.Random(0)

    def wall(self) -> float:
        return self.now

    def processor(self) -> float:
        return self.used

    def run(self) -> None:
        took = RUN_S * (1 + self.noise * self.random.random())
        self.used += took
        self.now += took * 2 if int(self.now / 0.05) in self.stolen else took


def test_quiet_runs_settle_in_three_rounds() -> None:
    bench = Bench(noise=0.001)
    reading = time_runs(bench.run, Timing(), clock=bench)
    assert reading.settled
    assert abs(reading.latency_ms / (RUN_S * 1e3) - 1) < 0.001
    assert reading.spread < 0.01
    assert bench.now < 0.3
    assert reading.cpu_share > 0.999


def test_disturbed_rounds_do_not_count() -> None:
    bench = Bench(noise=0.001, stolen_rounds=range(0, 12))
    reading = time_runs(bench.run, Timing(), clock=bench)
    assert reading.settled
    assert abs(reading.latency_ms / (RUN_S * 1e3) - 1) < 0.001
    assert bench.now > 0.6, "the disturbance must have been waited out"


def test_a_budget_that_ends_in_disturbance_says_so() -> None:
    bench = Bench(stolen_rounds=range(1_000))
    reading = time_runs(bench.run, Timing(budget_s=1.0), clock=bench)
    assert not reading.settled
    assert reading.cpu_share < 0.6
    assert 1.0 <= bench.now < 1.3


def test_runs_that_never_agree_say_so() -> None:
    bench = Bench(noise=0.5)
    reading = time_runs(bench.run, Timing(spread=1e-6, budget_s=0.5), clock=bench)
    assert not reading.settled
    assert reading.spread > 1e-6


def test_threads_that_wait_for_one_another_are_no_disturbance() -> None:
    bench = Bench(stolen_rounds=range(1_000))
    assert time_runs(bench.run, Timing(), threads=2, clock=bench).settled


def test_quick_runs_share_a_sample_and_the_warm_up_does_not_count() -> None:
    calls = []

    class Counting(Bench):
        def run(self) -> None:
            calls.append(self.now)
            self.now += 1e-5 if len(calls) > 2 else 1.0
            self.used = self.now

    bench = Counting()
    reading = time_runs(bench.run, Timing(round_s=0.01), clock=bench)
    assert abs(reading.latency_ms - 0.01) < 1e-6
    assert reading.runs % 100 == 0
