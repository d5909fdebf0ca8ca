"""Energy counters of processors and GPUs, and something that runs → the energy of one run.

A window starts and ends when the counter moves, and is long: NVML samples a fraction of the time
on recent GPUs. RAPL counts for the whole package. What is drawn at rest is measured apart and not
subtracted. Where there is no counter there is no energy; nothing stands for it.

Why the counters are read here: zeus, which wraps them, follows each by a process that outlives a
killed worker, and brings pandas and scikit-learn. NVML is read by NVIDIA's own nvidia-ml-py.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol

from nas.errors import InputError, MissingExtraError
from nas.measure.timing import Clock, SystemClock

WINDOW_S = 5.0
"""Least duration of a window; several of the counters' slowest periods."""

_POWERCAP = Path("/sys/class/powercap")
_STILL_S = 2.0
"""A counter that does not move for so long under load is none."""

_NAP_S = 0.02


@dataclass(frozen=True, slots=True)
class EnergyReading:
    """What one run draws.

    Args:
        energy_mj: All that the meter counts over one run, what is drawn at rest included.
        runs: How often it ran in the window.
        window_s: How long that took.
        meter: What counted.
    """

    energy_mj: float
    runs: int
    window_s: float
    meter: str


class Meter(Protocol):
    """An energy counter."""

    @property
    def name(self) -> str:
        """What it counts, such as `rapl package` or `nvml`."""
        ...

    def read_mj(self) -> Sequence[float]:
        """Its counters now."""
        ...

    def drawn_mj(self, before: Sequence[float], after: Sequence[float]) -> float:
        """Energy between two readings less than a turn of the counters apart."""
        ...


def meter_runs(
    run: Callable[[], object],
    meter: Meter,
    *,
    window_s: float = WINDOW_S,
    clock: Clock = SystemClock(),  # noqa: B008 - has no state
) -> EnergyReading:
    """Energy of one run, over a window of many.

    Args:
        run: One run, finished on return.
        meter: What counts.
        window_s: Least duration of the window.
        clock: Where time comes from.

    Raises:
        InputError: if the counter stands still.
    """
    before = _at_next_move(run, meter, clock)[0]
    began, runs = clock.wall(), 0
    while clock.wall() - began < window_s:
        run()
        runs += 1
    after, more = _at_next_move(run, meter, clock)
    took_s = clock.wall() - began
    runs += more
    return EnergyReading(meter.drawn_mj(before, after) / runs, runs, took_s, meter.name)


def rest_power_mw(meter: Meter, *, window_s: float = WINDOW_S) -> float:
    """What is drawn while nothing of ours runs.

    Raises:
        InputError: if the counter stands still.
    """
    resting = meter_runs(lambda: time.sleep(_NAP_S), meter, window_s=window_s)
    return resting.energy_mj * resting.runs / resting.window_s


def _at_next_move(
    run: Callable[[], object], meter: Meter, clock: Clock
) -> tuple[Sequence[float], int]:
    """Run until the counter moves: its new reading, and the runs that took."""
    first, began, runs = meter.read_mj(), clock.wall(), 0
    while clock.wall() - began < _STILL_S or runs == 0:
        run()
        runs += 1
        if (now := meter.read_mj()) != first:
            return now, runs
    raise InputError(
        f"`{meter.name}` must count while something runs; got {first} mJ for {_STILL_S:g} s; "
        "measure without a meter"
    )


@dataclass(frozen=True, slots=True)
class RaplMeter:
    """Packages of Intel and AMD processors and, where it is counted apart, their memory.

    Counters turn over at `max_energy_range_uj`, after minutes: a window sees one turn at most.
    """

    name: str
    counters: tuple[Path, ...]
    ranges_mj: tuple[float, ...]

    @classmethod
    def found(cls, powercap: Path = _POWERCAP) -> RaplMeter:
        """All counters of this machine.

        Raises:
            InputError: if there are none, or they may not be read.
        """
        packages = sorted(powercap.glob("intel-rapl:[0-9]"))
        memories = [
            zone
            for zone in sorted(powercap.glob("intel-rapl:[0-9]:[0-9]"))
            if (zone / "name").read_text(encoding="ascii").strip() == "dram"
        ]
        zones = packages + memories
        if not packages:
            raise InputError(
                f"`rapl` needs counters in {powercap}; got none, as in most virtual machines; "
                "measure without a meter"
            )
        try:
            ranges = [_counter_mj(zone / "max_energy_range_uj") for zone in zones]
            meter = cls(
                "rapl package+dram" if memories else "rapl package",
                tuple(zone / "energy_uj" for zone in zones),
                tuple(ranges),
            )
            meter.read_mj()
        except PermissionError as error:
            raise InputError(
                f"`rapl` must be readable; got no permission for {error.filename}; "
                "run as root, or let an administrator give you the right to read it"
            ) from None
        return meter

    def read_mj(self) -> Sequence[float]:
        """One counter for each package and memory."""
        return [_counter_mj(counter) for counter in self.counters]

    def drawn_mj(self, before: Sequence[float], after: Sequence[float]) -> float:
        """Energy between two readings, one turn of a counter allowed for."""
        counted = zip(before, after, self.ranges_mj, strict=True)
        return sum((end - start) % turn for start, end, turn in counted)


@dataclass(frozen=True, slots=True)
class NvmlMeter:
    """The energy counter that NVIDIA GPUs have since Volta; it starts with the driver."""

    nvml: Any
    handle: Any
    name: str = "nvml"

    @classmethod
    def found(cls, uuid: str | None = None) -> NvmlMeter:
        """The counter of a GPU, or of the first.

        Raises:
            InputError: if there is no NVIDIA GPU, or it has no counter.
            MissingExtraError: if nvidia-ml-py is not installed.
        """
        try:
            import pynvml
        except ImportError:
            raise MissingExtraError("metering an NVIDIA GPU", "nvml") from None
        try:
            pynvml.nvmlInit()
            if uuid is None:
                handle = pynvml.nvmlDeviceGetHandleByIndex(0)
            else:
                handle = pynvml.nvmlDeviceGetHandleByUUID(uuid)
            pynvml.nvmlDeviceGetTotalEnergyConsumption(handle)
        except pynvml.NVMLError as error:
            raise InputError(
                f"`nvml` needs an NVIDIA GPU with an energy counter, which they have since Volta; "
                f"got: {error}; measure without a meter"
            ) from None
        return cls(pynvml, handle)

    @classmethod
    def every(cls) -> list[NvmlMeter]:
        """The counters of all GPUs that this process may see; none where there is none."""
        try:
            import pynvml
        except ImportError:
            return []
        try:
            pynvml.nvmlInit()
            count = pynvml.nvmlDeviceGetCount()
            handles = [pynvml.nvmlDeviceGetHandleByIndex(index) for index in range(count)]
            for handle in handles:
                pynvml.nvmlDeviceGetTotalEnergyConsumption(handle)
        except pynvml.NVMLError:
            return []
        return [cls(pynvml, handle) for handle in handles]

    @property
    def limit_w(self) -> float | None:
        """The power that the GPU is held to; None where it does not say."""
        try:
            return float(self.nvml.nvmlDeviceGetEnforcedPowerLimit(self.handle)) / 1e3
        except self.nvml.NVMLError:
            return None

    def read_mj(self) -> Sequence[float]:
        """The GPU's one counter."""
        return [float(self.nvml.nvmlDeviceGetTotalEnergyConsumption(self.handle))]

    def drawn_mj(self, before: Sequence[float], after: Sequence[float]) -> float:
        """Energy between two readings; 64 bits of millijoules do not turn over."""
        return after[0] - before[0]


@dataclass(frozen=True, slots=True)
class NoMeter:
    """Why there is no energy."""

    reason: str


def meter_for(runtime: str) -> Meter | NoMeter:
    """What counts the energy of where a runtime computes, if anything does."""
    try:
        return NvmlMeter.found(_gpu()) if runtime == "torch-cuda" else RaplMeter.found()
    except InputError as error:
        return NoMeter(str(error))


def _gpu() -> str | None:
    """The GPU that torch computes on: its order is not NVML's."""
    try:
        import torch
    except ImportError:
        return None
    if not torch.cuda.is_available():
        return None
    return f"GPU-{torch.cuda.get_device_properties(0).uuid}"


def _counter_mj(file: Path) -> float:
    return int(file.read_text(encoding="ascii")) / 1e3
