"""Devices → the published networks costed there, as marks beside a front."""

from __future__ import annotations

from collections.abc import Iterable

from nas.cost.catalog import find_model
from nas.cost.model import CostModel
from nas.errors import UncalibratedKernelError
from nas.graph.lower import lower
from nas.graph.network import Network
from nas.report.front import Reference
from nas.space.catalog import find_network, reference_networks


def costed_references(
    device: str, *, classes: int, others: Iterable[str] = ()
) -> tuple[Reference, ...]:
    """The reference networks that tell as many classes apart, costed by the device's model.

    Costs on other devices carry `@device` in their names. A network that a model has no basis for
    is left out: there is nothing to mark.
    """
    models = {"": find_model(device).model}
    models |= {f"@{other}": find_model(other).model for other in others}
    found = []
    for name, reference in reference_networks().items():
        network = lower(find_network(name))
        if network.output_shape[0] != classes:
            continue
        costs = {"macs": float(network.macs), "parameters": float(network.parameters)}
        try:
            for suffix, model in models.items():
                costs |= {f"{key}{suffix}": cost for key, cost in _costs(model, network).items()}
        except UncalibratedKernelError:
            continue
        found.append(Reference(name, reference.title, costs))
    return tuple(found)


def _costs(model: CostModel, network: Network) -> dict[str, float]:
    estimate = model.estimate(network)
    costs = {
        "latency_ms": estimate.latency_ms,
        "peak_memory_bytes": float(estimate.peak_memory_bytes),
    }
    if estimate.energy_mj is not None:
        costs["energy_mj"] = estimate.energy_mj
    return costs
