"""A device → the published networks costed there, as marks beside a front."""

from __future__ import annotations

from nas.cost.artefact import find_model
from nas.errors import UncalibratedKernelError
from nas.graph.lower import lower
from nas.report.front import Reference
from nas.space.catalog import find_network, reference_networks


def costed_references(device: str, *, classes: int) -> tuple[Reference, ...]:
    """The reference networks that tell as many classes apart, costed by the device's model.

    A network that the model has no basis for is left out: there is nothing to mark.
    """
    model, found = find_model(device).model, []
    for name, reference in reference_networks().items():
        network = lower(find_network(name))
        if network.output_shape[0] != classes:
            continue
        try:
            estimate = model.estimate(network)
        except UncalibratedKernelError:
            continue
        costs = {
            "latency_ms": estimate.latency_ms,
            "peak_memory_bytes": float(estimate.peak_memory_bytes),
            "macs": float(network.macs),
            "parameters": float(network.parameters),
        }
        if estimate.energy_mj is not None:
            costs["energy_mj"] = estimate.energy_mj
        found.append(Reference(name, reference.title, costs))
    return tuple(found)
