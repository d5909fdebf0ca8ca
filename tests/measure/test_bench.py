"""The bench: readings of real networks; a runtime that crashes or hangs costs one network."""

from __future__ import annotations

import os
import signal
import time

import pytest

from nas.cost.model import ModelKey
from nas.errors import InputError
from nas.graph.network import Precision
from nas.measure.bench import Bench, Failure, Result
from nas.measure.machine import usable_cpus
from nas.measure.timing import Timing

KEY = ModelKey("here", "onnxruntime", Precision.FP32, 1, 1)
QUICK = Timing(warm_up_s=0.01, round_s=0.01, budget_s=0.2)
SMALL = "image 8x16x16 | conv k1 c8 relu"
LARGE = "image 64x56x56 | conv k3 c64 relu | conv k3 c64 relu"


def test_a_larger_network_takes_longer_and_a_dead_process_is_replaced() -> None:
    with Bench(KEY, QUICK) as bench:
        assert "onnxruntime" in bench.versions
        small, large = bench.measure(SMALL), bench.measure(LARGE)
        assert isinstance(small, Result) and isinstance(large, Result)
        assert 0 < small.reading.latency_ms < large.reading.latency_ms
        assert bench._process is not None
        os.kill(bench._process.pid, signal.SIGSEGV)
        failed = bench.measure(SMALL)
        assert isinstance(failed, Failure)
        assert "ended with -11" in failed.reason
        assert isinstance(bench.measure(SMALL), Result)


def test_what_takes_too_long_is_given_up() -> None:
    patient = Timing(warm_up_s=600)
    with Bench(KEY, patient, timeout_s=0.5) as bench:
        start = time.monotonic()
        assert isinstance(bench.measure(SMALL), Failure)
        assert time.monotonic() - start < 300


def test_a_runtime_that_fails_says_why_and_what_cannot_be_measured_is_refused() -> None:
    with Bench(KEY, QUICK) as bench:
        with pytest.raises(InputError, match="architecture text must start with"):
            bench.measure("nonsense")
        assert isinstance(bench.measure(SMALL), Result), "the process lives on"
    for changed, rule in (
        ({"precision": Precision.FP16}, "`precision` must be one of fp32, int8"),
        ({"threads": len(usable_cpus()) + 1}, "`threads` must be at most"),
        ({"runtime": "onxruntime"}, "`runtime` must be one of"),
    ):
        fields = {"precision": KEY.precision, "threads": 1, "runtime": KEY.runtime} | changed
        key = ModelKey(KEY.device, fields["runtime"], fields["precision"], 1, fields["threads"])
        with pytest.raises(InputError, match=rule), Bench(key, QUICK):
            pass


def test_energy_is_counted_beside_the_time_or_it_is_said_why_not() -> None:
    with Bench(KEY, QUICK, metered=True) as bench:
        result = bench.measure(SMALL)
        assert isinstance(result, Result)
        if bench.meter is None:
            assert bench.no_meter and "`rapl`" in bench.no_meter
            assert result.energy is None and bench.rest_power_mw is None
        else:
            assert result.energy is not None and result.energy.energy_mj > 0
            assert bench.rest_power_mw and bench.no_meter is None
    with Bench(KEY, QUICK) as bench:
        assert bench.meter is None
