"""Device time and counters → energy that says of every joule whether it was measured or modelled.

What is not known stays so: it never becomes a zero, nor does what contains it become a number.
"""

from __future__ import annotations

from dataclasses import dataclass

CORE_W = 10.0
"""Power of a busy core where none is stated: between a laptop's and a workstation's."""


@dataclass(frozen=True, slots=True)
class Powers:
    """What devices draw where no counter says it.

    Args:
        core_w: A busy core with its share of the machine, in watts.
        gpu_w: A busy GPU, in watts; None for the limit that it is held to.
    """

    core_w: float = CORE_W
    gpu_w: float | None = None


@dataclass(frozen=True, slots=True)
class Energy:
    """Energy of some work; parts add up.

    Args:
        measured_j: What counters say, in joules; None where none counted.
        modelled_j: Device time × stated power, in joules; None where nothing is modelled.
        unknown: What is in neither, in words.
        sources: What the numbers rest on, in words.
    """

    measured_j: float | None = None
    modelled_j: float | None = None
    unknown: tuple[str, ...] = ()
    sources: tuple[str, ...] = ()

    @property
    def least_j(self) -> float | None:
        """All that is known of it; None where that is nothing."""
        return _sum(self.measured_j, self.modelled_j)

    @property
    def total_j(self) -> float | None:
        """All of it; None unless all is known."""
        return None if self.unknown else self.least_j

    @property
    def kind(self) -> str:
        """`measured`, `modelled`, `part measured, part modelled`, or empty where unknown."""
        if self.measured_j is None:
            return "" if self.modelled_j is None else "modelled"
        return "measured" if self.modelled_j is None else "part measured, part modelled"

    def __add__(self, other: Energy) -> Energy:
        return Energy(
            _sum(self.measured_j, other.measured_j),
            _sum(self.modelled_j, other.modelled_j),
            tuple(dict.fromkeys((*self.unknown, *other.unknown))),
            tuple(dict.fromkeys((*self.sources, *other.sources))),
        )


def measured(joules: float, meter: str) -> Energy:
    """Energy that a counter said."""
    return Energy(measured_j=joules, sources=(f"measured by {meter}",))


def modelled(seconds: float, power_w: float, of: str) -> Energy:
    """Energy of device time.

    Args:
        seconds: On one device.
        power_w: What it draws.
        of: The device in words.
    """
    source = f"modelled: {of} seconds × {power_w:g} W"
    return Energy(modelled_j=seconds * power_w, sources=(source,))


def unknown(what: str) -> Energy:
    """Energy that nothing says."""
    return Energy(unknown=(what,))


def _sum(first: float | None, second: float | None) -> float | None:
    if first is None or second is None:
        return second if first is None else first
    return first + second
