"""This machine → its name, and what can be read of its state while something is measured.

Kits carry this file as it stands: it needs Python 3.8 and no package.
"""

from __future__ import annotations

import os
import platform
import re
from contextlib import suppress
from pathlib import Path

_CPUS = Path("/sys/devices/system/cpu")
_ZONES = Path("/sys/class/thermal")
_AUTOGROUP = Path("/proc/self/autogroup")
# The weight at which one ordinary competitor costs less than what counts as a disturbance.
_FIRST_IN_LINE = -19


def device_name() -> str:
    """This machine's host name as a device name."""
    words = re.findall(r"[a-z0-9]+", platform.node().lower().partition(".")[0])
    return "-".join(words) or "this-machine"


def cpu_name() -> str:
    """The processor, as the system calls it."""
    with suppress(OSError):
        for line in Path("/proc/cpuinfo").read_text(encoding="utf-8").splitlines():
            if line.startswith(("model name", "Model")):
                return line.partition(":")[2].strip()
    return platform.processor() or platform.machine()


def usable_cpus() -> list[int]:
    """Processors that this process may use."""
    if hasattr(os, "sched_getaffinity"):
        return sorted(os.sched_getaffinity(0))
    return list(range(os.cpu_count() or 1))


def settle_on(threads: int) -> None:
    """Keep this process on as many processors as it has threads, first in line where allowed.

    The last processors are taken: interrupts are often served by the first. Linux shares a
    processor out among sessions before it looks at priorities, so the session's is raised too:
    call it in one of its own. Systems without affinity, and people without the right to go first,
    measure as they are.
    """
    if hasattr(os, "sched_setaffinity"):
        os.sched_setaffinity(0, usable_cpus()[-threads:])
    with suppress(AttributeError, OSError):
        os.setpriority(os.PRIO_PROCESS, 0, _FIRST_IN_LINE)
        if _AUTOGROUP.exists():
            _AUTOGROUP.write_text(str(_FIRST_IN_LINE), encoding="ascii")


def frequency_mhz(cpu: int, folder: Path = _CPUS) -> float | None:
    """The processor's clock now; None where the system does not tell."""
    text = _read(folder / f"cpu{cpu}" / "cpufreq" / "scaling_cur_freq")
    return None if text is None else float(text) / 1e3


def temperature_c(folder: Path = _ZONES) -> float | None:
    """The hottest thermal zone now; None where the system does not tell."""
    readings = [_read(file) for file in sorted(folder.glob("thermal_zone*/temp"))]
    known = [float(text) / 1e3 for text in readings if text is not None]
    return max(known, default=None)


def _read(file: Path) -> str | None:
    """A number in a file of /sys, where there is one."""
    with suppress(OSError, ValueError):
        text = file.read_text(encoding="ascii").strip()
        float(text)
        return text
    return None
