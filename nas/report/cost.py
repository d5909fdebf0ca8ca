"""A network + models of devices → what it costs on each: rows for a table, JSON, or a page."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from nas.cost.artefact import StoredModel
from nas.cost.model import Estimate, KernelCost
from nas.errors import UncalibratedKernelError
from nas.graph.network import Network
from nas.report.device import ModelView, model_view


@dataclass(frozen=True, slots=True)
class CostView:
    """What a network costs by one model.

    Args:
        network: What is costed.
        model: The model, with its standing among those of its device.
        estimate: Its prediction.
        outside: Share of the latency that comes from kernels outside what was calibrated.
        reasons: In which ways they lie outside, each once.
    """

    network: Network
    model: ModelView
    estimate: Estimate
    outside: float
    reasons: tuple[str, ...]

    @property
    def dearest(self) -> list[KernelCost]:
        """The kernels that take longest, first."""
        return sorted(self.estimate.breakdown, key=lambda part: -part.latency_ms)

    def to_json(self, title: str) -> dict[str, Any]:
        """The prediction with its intervals, what it is of, and each kernel's part."""
        key, estimate = self.model.stored.model.key, self.estimate
        return {
            "network": title,
            "device": key.device,
            "model": self.model.name,
            "runtime": key.runtime,
            "precision": key.precision.value,
            "batch": key.batch,
            "threads": key.threads,
            "latency_ms": estimate.latency_ms,
            "latency_interval_ms": estimate.latency_interval_ms,
            "latency_of": self.model.unit,
            "latency_origin": self.model.latency,
            "energy_mj": estimate.energy_mj,
            "energy_interval_mj": estimate.energy_interval_mj,
            "energy_origin": self.model.energy or None,
            "peak_memory_bytes": estimate.peak_memory_bytes,
            "parameters": self.network.parameters,
            "macs": self.network.macs,
            "outside_calibration_share": self.outside,
            "outside_calibration": self.reasons,
            "kernels": [
                {
                    "block": part.kernel.block,
                    "kernel": str(part.kernel.signature),
                    "macs": part.kernel.signature.macs,
                    "latency_ms": part.latency_ms,
                    "energy_mj": part.energy_mj,
                }
                for part in estimate.breakdown
            ],
        }


def cost_view(network: Network, stored: StoredModel) -> CostView:
    """What a network costs by a model.

    Raises:
        UncalibratedKernelError: if the model has no basis for one of its kernels.
    """
    estimate = stored.model.estimate(network)
    gaps = stored.model.coverage(network)
    outside = {id(gap.kernel) for gap in gaps}
    part = sum(part.latency_ms for part in estimate.breakdown if id(part.kernel) in outside)
    return CostView(
        network,
        model_view(stored),
        estimate,
        part / estimate.latency_ms if estimate.latency_ms else 0.0,
        tuple(dict.fromkeys(gap.reasons[0] for gap in gaps)),
    )


def costs_where_known(
    network: Network, models: Iterable[StoredModel]
) -> tuple[list[CostView], list[str]]:
    """What a network costs, fastest first, and the models that have no basis for it."""
    views, without = [], []
    for stored in models:
        try:
            views.append(cost_view(network, stored))
        except UncalibratedKernelError:
            without.append(f"{stored.model.key.device}/{stored.file.stem}")
    return sorted(views, key=lambda view: view.estimate.latency_ms), without
