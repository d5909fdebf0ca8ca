"""Energy: counters as Linux and NVIDIA's library give them, windows, and where there is none."""

from __future__ import annotations

import os
import subprocess
import sys
import threading
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from functools import partial
from importlib.util import find_spec
from pathlib import Path
from shutil import which

import pytest

from nas.errors import InputError, MissingExtraError
from nas.measure import worker
from nas.measure.power import (
    NoMeter,
    NvmlMeter,
    RaplMeter,
    meter_for,
    meter_runs,
    rest_power_mw,
)
from nas.measure.runtime import find_runtime
from nas.measure.timing import Timing

QUICK = Timing(warm_up_s=0.0, round_s=0.005, rounds=2, spread=1.0, budget_s=0.5)


def zone(folder: Path, name: str, energy_uj: int, range_uj: int = 262_143_328_850) -> Path:
    folder.mkdir(parents=True)
    for file, text in (
        ("name", name),
        ("energy_uj", energy_uj),
        ("max_energy_range_uj", range_uj),
    ):
        (folder / file).write_text(f"{text}\n")
    return folder


@contextmanager
def drawing(zones: dict[Path, float]) -> Iterator[None]:
    """Counters that move every millisecond or so, at powers in mW, and turn over."""
    stop = threading.Event()

    def draw() -> None:
        began, starts = time.perf_counter(), {z: int((z / "energy_uj").read_text()) for z in zones}
        while not stop.is_set():
            for folder, power_mw in zones.items():
                turn = int((folder / "max_energy_range_uj").read_text())
                drawn_uj = int(power_mw * (time.perf_counter() - began) * 1e3)
                (folder / "next").write_text(f"{(starts[folder] + drawn_uj) % turn}\n")
                (folder / "next").replace(folder / "energy_uj")
            time.sleep(0.001)

    thread = threading.Thread(target=draw)
    thread.start()
    try:
        yield
    finally:
        stop.set()
        thread.join()


def test_energy_of_a_run_is_power_times_time(tmp_path: Path) -> None:
    package = zone(tmp_path / "intel-rapl:0", "package-0", 5_000_000)
    memory = zone(tmp_path / "intel-rapl:0:0", "dram", 1_000_000)
    zone(tmp_path / "intel-rapl:0:1", "core", 7_000_000)  # a part of the package
    meter = RaplMeter.found(tmp_path)
    assert meter.name == "rapl package+dram"
    with drawing({package: 12_000.0, memory: 10_000.0}):
        reading = meter_runs(lambda: time.sleep(0.01), meter, window_s=0.5)
        rest_mw = rest_power_mw(meter, window_s=0.2)
    assert reading.window_s >= 0.5
    each_s = reading.window_s / reading.runs
    assert reading.energy_mj == pytest.approx(22_000 * each_s, rel=0.25)
    assert rest_mw == pytest.approx(22_000, rel=0.25)


def test_a_counter_may_turn_over(tmp_path: Path) -> None:
    package = zone(tmp_path / "intel-rapl:0", "package-0", 99_000_000, range_uj=100_000_000)
    meter = RaplMeter.found(tmp_path)
    assert meter.name == "rapl package"
    with drawing({package: 10_000.0}):  # 1 J to go: it turns over after 0.1 s
        reading = meter_runs(lambda: time.sleep(0.01), meter, window_s=0.4)
    assert int((package / "energy_uj").read_text()) < 50_000_000
    assert reading.energy_mj * reading.runs == pytest.approx(10_000 * reading.window_s, rel=0.25)


def test_a_network_is_metered_while_it_runs(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """In the process of the bench, which looks for counters in one place only."""
    monkeypatch.setattr(worker, "meter_runs", partial(meter_runs, window_s=0.2))
    package = zone(tmp_path / "intel-rapl:0", "package-0", 0)
    setting = {"precision": "fp32", "batch": 1, "threads": 1}
    network = "image 16x32x32 | conv k3 c32 relu"
    with drawing({package: 30_000.0}):
        meter = RaplMeter.found(tmp_path)
        answer = worker._measured(find_runtime("onnxruntime"), network, setting, QUICK, meter)
    energy = answer["energy"]
    assert energy["meter"] == "rapl package" and answer["reading"]["latency_ms"] > 0
    each_s = energy["window_s"] / energy["runs"]
    assert energy["energy_mj"] == pytest.approx(30_000 * each_s, rel=0.25)


@dataclass
class Ticking:
    """A counter that moves every 50 ms of a clock that only runs advance."""

    now: float = 0.0
    name: str = "ticking"

    def run(self) -> None:
        self.now += 0.007

    def wall(self) -> float:
        return self.now

    def processor(self) -> float:
        return self.now

    def read_mj(self) -> Sequence[float]:
        return [1_000.0 * (self.now // 0.05) * 0.05]

    def drawn_mj(self, before: Sequence[float], after: Sequence[float]) -> float:
        return after[0] - before[0]


def test_windows_start_and_end_when_a_slow_counter_moves() -> None:
    """Without that, the reading would be wrong by up to a period at each end: 20% here."""
    meter = Ticking()
    reading = meter_runs(meter.run, meter, window_s=0.25, clock=meter)
    assert reading.energy_mj == pytest.approx(7.0, rel=0.03)


def test_a_counter_that_stands_still_is_no_zero(tmp_path: Path) -> None:
    zone(tmp_path / "intel-rapl:0", "package-0", 5)
    with pytest.raises(InputError, match="`rapl package` must count while something runs"):
        meter_runs(lambda: time.sleep(0.05), RaplMeter.found(tmp_path), window_s=0.1)


def test_without_counters_there_is_no_meter(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="`rapl` needs counters in .*; got none"):
        RaplMeter.found(tmp_path)
    assert NvmlMeter.every() == [] or not isinstance(meter_for("torch-cuda"), NoMeter)
    found = meter_for("onnxruntime")
    if isinstance(found, NoMeter):
        assert "`rapl`" in found.reason


def test_counters_that_may_not_be_read_are_said(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    package = zone(tmp_path / "intel-rapl:0", "package-0", 5)
    (package / "energy_uj").chmod(0)
    if os.access(package / "energy_uj", os.R_OK):  # root reads everything

        def refuse(self: RaplMeter) -> None:
            raise PermissionError(13, "Permission denied", str(self.counters[0]))

        monkeypatch.setattr(RaplMeter, "read_mj", refuse)
    with pytest.raises(InputError, match="no permission for .*energy_uj; run as root"):
        RaplMeter.found(tmp_path)


_LIBRARY = r"""
#include <string.h>
#include <time.h>
typedef unsigned long long u64;
int nvmlInit_v2(void) { return 0; }
int nvmlInitWithFlags(unsigned flags) { return 0; }
const char *nvmlErrorString(int code) { return code == 3 ? "Not Supported" : "error"; }
int nvmlDeviceGetHandleByIndex_v2(unsigned index, void **handle) { *handle = (void *)1; return 0; }
int nvmlDeviceGetHandleByUUID(const char *uuid, void **handle) {
    *handle = (void *)(u64)(strcmp(uuid, "GPU-old") == 0 ? 2 : 1);
    return 0;
}
int nvmlDeviceGetCount_v2(unsigned *count) { *count = 2; return 0; }
int nvmlDeviceGetEnforcedPowerLimit(void *handle, unsigned *limit_mw) {
    *limit_mw = 350000;
    return handle == (void *)2 ? 3 : 0;
}
int nvmlDeviceGetTotalEnergyConsumption(void *handle, u64 *energy_mj) {
    struct timespec now;
    if (handle == (void *)2) return 3;
    clock_gettime(CLOCK_MONOTONIC, &now);
    u64 ms = now.tv_sec * 1000ull + now.tv_nsec / 1000000;
    *energy_mj = ms / 20 * 20 * 300;  /* 300 W, counted every 20 ms */
    return 0;
}
"""

_PROGRAM = """
import time
from nas.errors import InputError
from nas.ledger.counters import Spending, find_counters
from nas.measure.power import NvmlMeter, meter_for, meter_runs
reading = meter_runs(lambda: time.sleep(0.004), meter_for("torch-cuda"), window_s=0.5)
assert reading.meter == "nvml"
power_w = reading.energy_mj * reading.runs / reading.window_s / 1e3
assert 285 < power_w < 315, power_w
first, second = NvmlMeter.every()
assert (first.limit_w, first.name) == (350.0, "nvml")
assert NvmlMeter(first.nvml, 2).limit_w is None
counters = find_counters()
assert len(counters.gpus) == 2 and counters.gpu_limit_w == 350.0
spending = Spending(counters, children=True)
time.sleep(0.3)
spent = spending.read()
power_w = spent["gpu_energy_j"] / spent["wall_s"]
assert 500 < power_w < 650, power_w  # two of 300 W
try:
    NvmlMeter.found("GPU-old")
except InputError as error:
    assert "since Volta; got: Not Supported" in str(error), error
else:
    raise AssertionError("a GPU without a counter")
"""


@pytest.mark.skipif(find_spec("pynvml") is None, reason="nvidia-ml-py is not installed")
@pytest.mark.skipif(which("gcc") is None, reason="there is no C compiler")
def test_nvml_is_read_through_nvidias_own_bindings(tmp_path: Path) -> None:
    """A library that speaks NVML stands in for the driver's."""
    (tmp_path / "nvml.c").write_text(_LIBRARY)
    library = tmp_path / "libnvidia-ml.so.1"
    subprocess.run(
        ["gcc", "-shared", "-fPIC", "-o", library, tmp_path / "nvml.c"], check=True, timeout=60
    )
    environment = os.environ | {"LD_LIBRARY_PATH": str(tmp_path), "CUDA_VISIBLE_DEVICES": ""}
    subprocess.run([sys.executable, "-c", _PROGRAM], env=environment, check=True, timeout=60)


def test_a_missing_binding_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "pynvml", None)
    with pytest.raises(MissingExtraError, match=r"pip install 'nas\[nvml\]'"):
        NvmlMeter.found()
