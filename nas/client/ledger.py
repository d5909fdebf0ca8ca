"""What a study took and saved, as a server tells of it; None is what is not known."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Part:
    """What one kind of work took, or all of it together.

    `energy_j` is None unless all of it is known; what is known of it stands beside. `energy_kind`
    says whether it was measured or modelled.
    """

    name: str
    wall_s: float | None
    cpu_s: float | None
    gpu_s: float | None
    energy_j: float | None
    energy_measured_j: float | None
    energy_modelled_j: float | None
    energy_kind: str
    energy_sources: tuple[str, ...]
    not_known: tuple[str, ...]
    co2e_g: float | None


@dataclass(frozen=True, slots=True)
class Saving:
    """What was not paid, as an estimate: a count times what the same took on average."""

    way: str
    what: str
    count: int
    cpu_s: float | None
    gpu_s: float | None
    energy_j: float | None
    co2e_g: float | None


@dataclass(frozen=True, slots=True)
class Assumed:
    """Powers in watts where no counter counted; that of a GPU is else its limit."""

    core_w: float
    gpu_w: float | None


@dataclass(frozen=True, slots=True)
class Grid:
    """What a kilowatt-hour of electricity stands for."""

    gco2e_per_kwh: float
    source: str


@dataclass(frozen=True, slots=True)
class Ledger:
    """What a study took, part by part and together, and what it saved."""

    parts: tuple[Part, ...]
    together: Part
    evaluations: int
    evaluations_not_known: int
    not_counted: tuple[str, ...]
    mean_evaluation: dict[str, float] | None
    saved_estimates: tuple[Saving, ...]
    assumed: Assumed
    grid: Grid
