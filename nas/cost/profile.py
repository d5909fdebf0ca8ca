"""`hardware_profiles/*.yaml` → HardwareProfile: what is known of a device, facts with sources.

What is not known is absent, never guessed.
"""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field

from nas.declarations import Declaration, load
from nas.errors import UnknownNameError
from nas.resources import folder

DeviceKind = Literal[
    "cpu", "gpu", "edge-gpu", "phone", "npu", "fpga", "simulated", "microcontroller"
]


class Fact(Declaration):
    """A number and where it comes from; its unit is in the key that holds it."""

    value: Annotated[float, Field(gt=0)]
    source: str


class HardwareProfile(Declaration):
    """A device."""

    name: Annotated[str, Field(pattern=r"^[a-z0-9]+(-[a-z0-9]+)*$")]
    title: str
    kind: DeviceKind
    notes: str = ""
    memory_bytes: Fact | None = None
    memory_bandwidth_bytes_per_s: Fact | None = None
    peak_macs_per_s: Fact | None = None
    idle_power_mw: Fact | None = None
    active_power_mw: Fact | None = None


def device_names() -> list[str]:
    """Names of the shipped devices."""
    return sorted(file.stem for file in folder("hardware_profiles").glob("*.yaml"))


def find_device(name: str) -> HardwareProfile:
    """A shipped device by name.

    Raises:
        UnknownNameError: with the names that exist.
    """
    if name not in device_names():
        raise UnknownNameError("device", name, device_names())
    return load(folder("hardware_profiles") / f"{name}.yaml", HardwareProfile)
