"""This process and the counters of its machine → what is spent from now on, by unit."""

from __future__ import annotations

import time
from dataclasses import dataclass
from typing import final

from nas.accuracy.device_time import Stopwatch
from nas.errors import InputError
from nas.measure.power import Meter, NvmlMeter, RaplMeter

CPU_ENERGY, GPU_ENERGY = "cpu_energy_j", "gpu_energy_j"

_LONGEST_GAP_S = 240.0
"""Between two readings: at a kilowatt, a package's counter turns over once in that time."""


@dataclass(frozen=True, slots=True)
class Counters:
    """The energy counters of a machine.

    Args:
        package: That of its processors; None where there is none.
        without_package: Why there is none, in words.
        gpus: Those of its GPUs.
        gpu_limit_w: The power that a GPU is held to, where one says it.
    """

    package: Meter | None
    without_package: str = ""
    gpus: tuple[Meter, ...] = ()
    gpu_limit_w: float | None = None

    def to_json(self) -> dict[str, str | float]:
        """What numbers that rest on them rest on."""
        said: dict[str, str | float] = {}
        if self.package is not None:
            said["cpu_meter"] = f"{self.package.name}, whole machine"
        else:
            said["no_cpu_meter"] = self.without_package
        if self.gpus:
            said["gpu_meter"] = f"{self.gpus[0].name}, all GPUs of the machine"
        return said if self.gpu_limit_w is None else {**said, "gpu_limit_w": self.gpu_limit_w}


def find_counters() -> Counters:
    """The counters that this process may read."""
    gpus = NvmlMeter.every()
    limit_w = gpus[0].limit_w if gpus else None
    try:
        return Counters(RaplMeter.found(), "", tuple(gpus), limit_w)
    except InputError as error:
        return Counters(None, str(error), tuple(gpus), limit_w)


@final
class Spending:
    """What this process spends from when it is made; on counters, what the whole machine does.

    It is to be read every few minutes: counters turn over.

    Args:
        counters: Of the machine.
        children: Whether processes that this one starts count once they ended.
    """

    def __init__(self, counters: Counters, *, children: bool) -> None:
        self._watch = Stopwatch(children=children)
        self._package = [_Counted(counters.package)] if counters.package is not None else []
        self._gpus = [_Counted(meter) for meter in counters.gpus]

    def read(self) -> dict[str, float]:
        """`wall_s`, `cpu_s`, and with a GPU `gpu_s`; `cpu_energy_j` and `gpu_energy_j`.

        An energy is absent where nothing counts it, or where the counter cannot be trusted.
        """
        spent = self._watch.spent()
        for name, some in ((CPU_ENERGY, self._package), (GPU_ENERGY, self._gpus)):
            drawn = [one.drawn_j() for one in some]
            if drawn and None not in drawn:
                spent[name] = sum(joules for joules in drawn if joules is not None)
        return spent


class _Counted:
    """What one meter counts, over as many turns as it is read between."""

    def __init__(self, meter: Meter) -> None:
        self._meter, self._drawn_mj, self._trusted = meter, 0.0, True
        self._last, self._at = meter.read_mj(), time.monotonic()

    def drawn_j(self) -> float | None:
        """Since it was made; None for a counter that stands still or may have turned unseen."""
        now = time.monotonic()
        self._trusted &= now - self._at <= _LONGEST_GAP_S
        try:
            read = self._meter.read_mj()
            self._drawn_mj += self._meter.drawn_mj(self._last, read)
        except Exception:  # A driver that is unloaded must not end a search.
            self._trusted = False
            return None
        self._last, self._at = read, now
        return self._drawn_mj / 1e3 if self._trusted and self._drawn_mj > 0 else None
