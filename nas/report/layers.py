"""CostView → the layers of a network with their shares of latency, energy and memory."""

from __future__ import annotations

import math
from dataclasses import dataclass

from nas.graph.network import Kernel
from nas.report.cost import CostView

ONCE = "once for each inference"
INPUT = "the input image"


@dataclass(frozen=True, slots=True)
class LayerRow:
    """One kernel of a network, or what belongs to none; shares of all rows add up to 1.

    Args:
        block: Index of its block; None for what belongs to no kernel.
        name: What it computes.
        kind: Its kind; empty for what belongs to no kernel.
        output: The shape that it writes.
        macs: Its multiply-accumulates.
        parameters: Its trainable parameters.
        latency_ms: What it takes.
        latency_share: Of the whole network's.
        energy_mj: What it takes; None where the model knows no energy.
        energy_share: Of the whole network's.
        memory_bytes: Its part of the peak: its weights, and what it wrote if that is alive then.
        memory_share: Of the peak.
    """

    block: int | None
    name: str
    kind: str
    output: tuple[int, int, int] | None
    macs: int
    parameters: int
    latency_ms: float
    latency_share: float
    energy_mj: float | None
    energy_share: float | None
    memory_bytes: int
    memory_share: float


def layer_rows(view: CostView) -> tuple[LayerRow, ...]:
    """Every kernel in the order in which it runs, then what belongs to none, if there is any."""
    estimate, network = view.estimate, view.network
    key = view.model.stored.model.key
    alive = set(network.tensors_at_peak)
    parts = estimate.breakdown

    def held(kernel: Kernel) -> int:
        signature = kernel.signature
        tensor = signature.output_elements * key.images if kernel.writes in alive else 0
        weights = (signature.weight_elements + tensor) * key.precision.element_bytes
        return weights + signature.bias_elements * key.precision.bias_bytes

    rows = [
        _row(view, part.kernel, part.latency_ms, part.energy_mj, held(part.kernel))
        for part in parts
    ]
    once_ms = estimate.latency_ms - sum(part.latency_ms for part in parts)
    once_mj = None
    if estimate.energy_mj is not None:
        once_mj = estimate.energy_mj - sum(part.energy_mj or 0.0 for part in parts)
    if once_ms > 1e-9 * estimate.latency_ms or (once_mj or 0.0) > 1e-9 * (estimate.energy_mj or 1):
        rows.append(_row(view, None, max(0.0, once_ms), once_mj, 0, ONCE))
    if 0 in alive:
        image = math.prod(network.tensors[0]) * key.precision.element_bytes * key.images
        none = None if estimate.energy_mj is None else 0.0
        rows.append(_row(view, None, 0.0, none, image, INPUT))
    return tuple(rows)


def _row(
    view: CostView,
    kernel: Kernel | None,
    latency_ms: float,
    energy_mj: float | None,
    memory_bytes: int,
    name: str = "",
) -> LayerRow:
    whole = view.estimate
    signature = kernel.signature if kernel else None
    share = None
    if energy_mj is not None and whole.energy_mj:
        share = energy_mj / whole.energy_mj
    return LayerRow(
        block=kernel.block if kernel else None,
        name=str(signature) if signature else name,
        kind=signature.kind.value if signature else "",
        output=signature.out_shape if signature else None,
        macs=signature.macs if signature else 0,
        parameters=kernel.parameters if kernel else 0,
        latency_ms=latency_ms,
        latency_share=latency_ms / whole.latency_ms if whole.latency_ms else 0.0,
        energy_mj=energy_mj,
        energy_share=share,
        memory_bytes=memory_bytes,
        memory_share=memory_bytes / whole.peak_memory_bytes if whole.peak_memory_bytes else 0.0,
    )
