"""What a study took and saved, as the API gives it; null is what is not known."""

from __future__ import annotations

from pydantic import BaseModel


class PartOut(BaseModel):
    """What one kind of work took, or all of it together.

    The energy is null unless all of it is known; what is known of it is beside. `energy_kind` says
    whether it was measured or modelled.
    """

    name: str
    wall_s: float | None
    cpu_s: float | None
    gpu_s: float | None
    energy_j: float | None
    energy_measured_j: float | None
    energy_modelled_j: float | None
    energy_kind: str
    energy_sources: list[str]
    not_known: list[str]
    co2e_g: float | None


class SavingOut(BaseModel):
    """What was not paid, as an estimate: a count times what the same took on average."""

    way: str
    what: str
    count: int
    cpu_s: float | None
    gpu_s: float | None
    energy_j: float | None
    co2e_g: float | None


class AssumedOut(BaseModel):
    """Powers in watts where no counter counted; that of a GPU is else its limit."""

    core_w: float
    gpu_w: float | None


class GridOut(BaseModel):
    """What a kilowatt-hour of electricity stands for."""

    gco2e_per_kwh: float
    source: str


class LedgerOut(BaseModel):
    """What a study took, part by part and together, and what it saved."""

    parts: list[PartOut]
    together: PartOut
    evaluations: int
    evaluations_not_known: int
    not_counted: list[str]
    mean_evaluation: dict[str, float] | None
    saved_estimates: list[SavingOut]
    assumed: AssumedOut
    grid: GridOut
