"""What networks cost: the question and the answer."""

from __future__ import annotations

from typing import Annotated, Self

from pydantic import BaseModel, ConfigDict, Field

from nas.cost.model import KernelCost
from nas.graph.network import Precision
from nas.report.cost import CostView
from nas.service.given import MOST_TEXT
from nas.service.schemas.feasibility import Name

MOST_DEVICES = 500


class CostQuestion(BaseModel):
    """A network and devices; every device without a list of them.

    The network is a reference name, architecture text, or the id of a stored one. A device is a
    name, an alias, or DEVICE/MODEL.
    """

    model_config = ConfigDict(
        extra="forbid",
        strict=True,
        json_schema_extra={
            "example": {"network": "mobilenet_v2@0.75/160", "devices": ["pixel-3", "rpi5"]}
        },
    )

    network: Annotated[str, Field(min_length=1, max_length=MOST_TEXT)]
    devices: Annotated[list[Name], Field(min_length=1, max_length=MOST_DEVICES)] | None = None
    dearest: Annotated[int, Field(ge=0, le=1000)] = 5


class LayerCost(BaseModel):
    """One kernel's part of a cost; shares are of the whole network's."""

    block: int
    kernel: str
    macs: int
    parameters: int
    latency_ms: float
    latency_share: float
    energy_mj: float | None
    energy_share: float | None

    @classmethod
    def of(cls, part: KernelCost, view: CostView) -> Self:
        """A kernel's figures."""
        latency_ms, energy_mj = view.estimate.latency_ms, view.estimate.energy_mj
        energy_share = None
        if part.energy_mj is not None and energy_mj:
            energy_share = part.energy_mj / energy_mj
        return cls(
            block=part.kernel.block,
            kernel=str(part.kernel.signature),
            macs=part.kernel.signature.macs,
            parameters=part.kernel.parameters,
            latency_ms=part.latency_ms,
            latency_share=part.latency_ms / latency_ms if latency_ms else 0.0,
            energy_mj=part.energy_mj,
            energy_share=energy_share,
        )


class Cost(BaseModel):
    """What a network costs by one model, with intervals that hold nine times in ten.

    `outside_calibration_share` is the share of the latency from kernels outside of what the model
    was calibrated on, in the ways that `outside_calibration` lists.
    """

    device: str
    model: str
    runtime: str
    precision: Precision
    batch: int | None
    threads: int | None
    latency_ms: float
    latency_interval_ms: tuple[float, float]
    latency_of: str
    latency_origin: str
    energy_mj: float | None
    energy_interval_mj: tuple[float, float] | None
    energy_origin: str | None
    peak_memory_bytes: int
    outside_calibration_share: float
    outside_calibration: list[str]
    dearest: list[LayerCost]

    @classmethod
    def of(cls, view: CostView, *, dearest: int) -> Self:
        """A view in plain values."""
        key, estimate = view.model.stored.model.key, view.estimate
        return cls(
            device=key.device,
            model=view.model.name,
            runtime=key.runtime,
            precision=key.precision,
            batch=key.batch,
            threads=key.threads,
            latency_ms=estimate.latency_ms,
            latency_interval_ms=estimate.latency_interval_ms,
            latency_of=view.model.unit,
            latency_origin=view.model.latency,
            energy_mj=estimate.energy_mj,
            energy_interval_mj=estimate.energy_interval_mj,
            energy_origin=view.model.energy or None,
            peak_memory_bytes=estimate.peak_memory_bytes,
            outside_calibration_share=view.outside,
            outside_calibration=list(view.reasons),
            dearest=[LayerCost.of(part, view) for part in view.dearest[:dearest]],
        )


class Costs(BaseModel):
    """What a network costs on devices; `without` are the models that have no basis for it.

    Where every device was asked for, the fastest comes first, else as asked.
    """

    network: str
    id: str | None
    parameters: int
    macs: int
    costs: list[Cost]
    without: list[str]
