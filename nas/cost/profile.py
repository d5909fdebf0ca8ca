"""`hardware_profiles/*.yaml` → HardwareProfile: what is known of a device, facts with sources.

What is not known is absent, never guessed. A device is found by its name or by an alias.
"""

from __future__ import annotations

from functools import cache
from typing import Annotated, Literal

from pydantic import Field

from nas.declarations import Declaration, load
from nas.errors import UnknownNameError
from nas.resources import folder

DeviceKind = Literal[
    "board", "phone", "edge-gpu", "cpu", "gpu", "npu", "fpga", "microcontroller", "simulated"
]


class Fact(Declaration):
    """A number and where it comes from; its unit is in the key that holds it."""

    value: Annotated[float, Field(gt=0)]
    source: str


WORLD_AVERAGE = Fact(
    value=480.0, source="Ember, Global Electricity Review 2024: the world's average in 2023"
)
"""Grams of CO2 per kWh where a profile says nothing of where its device stands."""


class HardwareProfile(Declaration):
    """A device.

    Args:
        name: Its name everywhere else.
        title: Its name for people.
        kind: What sort of device it is.
        aliases: Other names that people give it.
        chip, cores, gpu: What is in it.
        notes: What else a reader of its numbers should know.
        default_model: File stem of the model that its plain name stands for.
        active_power_mw: What it draws at work; energies are modelled from it.
        power_limit_mw: The most that it is allowed to draw, which says little of what it draws.
        carbon_intensity_g_per_kwh: Of the electricity that it runs on.
    """

    name: Annotated[str, Field(pattern=r"^[a-z0-9]+(-[a-z0-9]+)*$")]
    title: str
    kind: DeviceKind
    aliases: tuple[str, ...] = ()
    chip: str = ""
    cores: str = ""
    gpu: str = ""
    notes: str = ""
    default_model: str = ""
    memory_bytes: Fact | None = None
    memory_bandwidth_bytes_per_s: Fact | None = None
    peak_macs_per_s: Fact | None = None
    idle_power_mw: Fact | None = None
    active_power_mw: Fact | None = None
    power_limit_mw: Fact | None = None
    carbon_intensity_g_per_kwh: Fact = WORLD_AVERAGE

    @property
    def facts(self) -> dict[str, Fact]:
        """What is known in numbers, by name."""
        return {
            name: value
            for name in type(self).model_fields
            if isinstance(value := getattr(self, name), Fact)
        }


def device_names() -> list[str]:
    """Names of the shipped devices."""
    return sorted(file.stem for file in folder("hardware_profiles").glob("*.yaml"))


@cache
def _profile(name: str) -> HardwareProfile:
    return load(folder("hardware_profiles") / f"{name}.yaml", HardwareProfile)


@cache
def device_aliases() -> dict[str, str]:
    """Device by alias."""
    return {alias: name for name in device_names() for alias in _profile(name).aliases}


def find_device(name: str) -> HardwareProfile:
    """A shipped device by name or alias.

    Raises:
        UnknownNameError: with the names that exist.
    """
    if name not in (known := device_names()):
        if name not in device_aliases():
            raise UnknownNameError("device", name, known)
        name = device_aliases()[name]
    return _profile(name)


def active_power_mw(device: str) -> float | None:
    """What a device draws at work, where it has a profile and that says so."""
    power = find_device(device).active_power_mw if device in device_names() else None
    return power.value if power else None
