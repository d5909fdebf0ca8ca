"""Devices in responses: facts with sources, models, and how far to trust them."""

from __future__ import annotations

from typing import Self

from pydantic import BaseModel

from nas.cost.fit import HeldOutError
from nas.graph.network import Precision
from nas.report.device import DeviceView, ModelView, covered


class ErrorSummary(BaseModel):
    """How well a cost of networks that the fit did not see is predicted.

    Errors are relative to the measured value; `interval_coverage` is the share inside their 90%
    interval.
    """

    samples: int
    median: float
    within_5_percent: float
    within_10_percent: float
    spearman: float | None
    interval_coverage: float

    @classmethod
    def of(cls, error: HeldOutError) -> Self:
        """The figures of an error."""
        return cls(
            samples=error.samples,
            median=error.median,
            within_5_percent=error.within_5_percent,
            within_10_percent=error.within_10_percent,
            spearman=error.spearman if error.spearman == error.spearman else None,
            interval_coverage=error.interval_coverage,
        )


class ErrorPoint(BaseModel):
    """One network that the fit did not see: measured, predicted, and its 90% interval."""

    measured: float
    predicted: float
    low: float
    high: float


class ErrorDetails(ErrorSummary):
    """The same with what it consists of: errors of groups, and single networks."""

    by_group: dict[str, float]
    points: list[ErrorPoint]

    @classmethod
    def of(cls, error: HeldOutError) -> Self:
        """The figures of an error and its points."""
        points = [
            ErrorPoint(measured=measured, predicted=predicted, low=low, high=high)
            for measured, predicted, low, high in error.points
        ]
        figures = ErrorSummary.of(error).model_dump()
        return cls(**figures, by_group=error.by_group, points=points)


class Model(BaseModel):
    """A cost model of a device; `DEVICE/MODEL` names it wherever a device is asked for.

    `chosen` is the one that the device's plain name stands for, `own` one that was calibrated
    here. Origins say where the fitted values came from: measured, simulated or modelled.
    """

    name: str
    runtime: str
    precision: Precision
    batch: int | None
    threads: int | None
    latency_of: str
    chosen: bool
    own: bool
    latency_origin: str
    energy_origin: str | None
    samples: int
    source: str
    licence: str
    date: str


class ModelSummary(Model):
    """A model with its held-out errors."""

    latency_error: ErrorSummary
    energy_error: ErrorSummary | None

    @classmethod
    def of(cls, model: ModelView) -> Self:
        """A model in few words."""
        evidence = model.stored.evidence
        return cls(
            **_facts(model),
            latency_error=ErrorSummary.of(evidence.latency_error),
            energy_error=evidence.energy_error and ErrorSummary.of(evidence.energy_error),
        )


class ModelDetails(Model):
    """A model with everything that is known of it."""

    latency_error: ErrorDetails
    energy_error: ErrorDetails | None
    notes: str
    log_sha256: str
    versions: dict[str, str]
    calibrated_on: list[dict[str, str]]

    @classmethod
    def of(cls, model: ModelView) -> Self:
        """A model and its evidence."""
        evidence = model.stored.evidence
        return cls(
            **_facts(model),
            latency_error=ErrorDetails.of(evidence.latency_error),
            energy_error=evidence.energy_error and ErrorDetails.of(evidence.energy_error),
            notes=evidence.notes,
            log_sha256=evidence.log_sha256,
            versions=evidence.versions,
            calibrated_on=covered(model),
        )


def _facts(model: ModelView) -> dict[str, object]:
    key, evidence = model.stored.model.key, model.stored.evidence
    return {
        "name": model.name,
        "runtime": key.runtime,
        "precision": key.precision,
        "batch": key.batch,
        "threads": key.threads,
        "latency_of": model.unit,
        "chosen": model.chosen,
        "own": model.own,
        "latency_origin": model.latency,
        "energy_origin": model.energy or None,
        "samples": evidence.samples,
        "source": evidence.source,
        "licence": evidence.licence,
        "date": evidence.date,
    }


class DeviceSummary(BaseModel):
    """A device and its models, the one that its name stands for first."""

    name: str
    title: str
    kind: str
    aliases: list[str]
    models: list[ModelSummary]

    @classmethod
    def of(cls, view: DeviceView) -> Self:
        """A device in few words."""
        return cls(
            name=view.name,
            title=view.title,
            kind=view.kind,
            aliases=list(view.profile.aliases) if view.profile else [],
            models=[ModelSummary.of(model) for model in view.models],
        )


class Fact(BaseModel):
    """A number of a device and where it comes from; its unit ends its name."""

    name: str
    value: float
    source: str


class DeviceDetails(BaseModel):
    """A device with everything that is known of it."""

    name: str
    title: str
    kind: str
    aliases: list[str]
    chip: str
    cores: str
    gpu: str
    notes: str
    facts: list[Fact]
    models: list[ModelDetails]

    @classmethod
    def of(cls, view: DeviceView) -> Self:
        """A device and its evidence."""
        profile = view.profile
        facts = profile.facts if profile else {}
        return cls(
            name=view.name,
            title=view.title,
            kind=view.kind,
            aliases=list(profile.aliases) if profile else [],
            chip=profile.chip if profile else "",
            cores=profile.cores if profile else "",
            gpu=profile.gpu if profile else "",
            notes=profile.notes if profile else "",
            facts=[Fact(name=k, value=f.value, source=f.source) for k, f in facts.items()],
            models=[ModelDetails.of(model) for model in view.models],
        )
