"""Names of objectives → their sense, unit and words: the one list that every layer reads.

An objective is a quantity, such as `latency_ms`, or a quantity on a device that is not the study's
own, such as `latency_ms@raspberry-pi-4`.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

from nas.errors import UnknownNameError
from nas.pareto import Sense


@dataclass(frozen=True, slots=True)
class Objective:
    """What a search can aim for.

    Args:
        quantity: What is counted; holds the unit where there is one.
        sense: Which way it is better.
        unit: For people.
        title: For people.
        per_device: Whether it is another number on another device.
        known: Whether it is known before a network is evaluated. What is not is modelled; a study
            has one of these at most.
        limited: Whether it may have a limit. A score has none: its scale means nothing.
        device: The device that it is about; None for the study's own, or for none at all.
    """

    quantity: str
    sense: Sense
    unit: str
    title: str
    per_device: bool = False
    known: bool = True
    limited: bool = True
    device: str | None = None

    @property
    def name(self) -> str:
        """Its key in study files and stored values."""
        return f"{self.quantity}@{self.device}" if self.device else self.quantity

    @property
    def full_title(self) -> str:
        """The title with the device, where it names one."""
        return f"{self.title} on {self.device}" if self.device else self.title

    @property
    def limit_name(self) -> str:
        """The key of its limit: the most that is allowed, or the least."""
        bound = "max" if self.sense is Sense.MINIMIZE else "min"
        return f"{bound}_{self.name}"


_ALL = (
    Objective("accuracy", Sense.MAXIMIZE, "%", "Accuracy", known=False),
    Objective("proxy_score", Sense.MAXIMIZE, "", "Proxy score", known=False, limited=False),
    Objective("train_time_s", Sense.MINIMIZE, "s", "Training time"),
    Objective("latency_ms", Sense.MINIMIZE, "ms", "Latency", per_device=True),
    Objective("energy_mj", Sense.MINIMIZE, "mJ", "Energy", per_device=True),
    Objective("peak_memory_bytes", Sense.MINIMIZE, "B", "Peak memory", per_device=True),
    Objective("macs", Sense.MINIMIZE, "", "MACs"),
    Objective("parameters", Sense.MINIMIZE, "", "Parameters"),
)

OBJECTIVES = {objective.quantity: objective for objective in _ALL}


def find_objective(name: str) -> Objective:
    """The objective of a name: `macs`, `latency_ms`, `latency_ms@pixel-3`.

    Whether the device exists is not looked at.

    Raises:
        UnknownNameError: if the quantity is none of `OBJECTIVES`, or is the same on every device.
    """
    quantity, at, device = name.partition("@")
    objective = OBJECTIVES.get(quantity)
    if objective is None:
        raise UnknownNameError("objective", name, OBJECTIVES)
    if not at:
        return objective
    if not objective.per_device or not device:
        with_device = [f"{one.quantity}@DEVICE" for one in _ALL if one.per_device]
        raise UnknownNameError("objective", name, [*OBJECTIVES, *with_device])
    return replace(objective, device=device)
