"""A picked network → its objectives with value, unit and evidence, for an exported README."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from nas.cost.artefact import StoredModel, find_model
from nas.export.readme import ReportedObjective
from nas.graph.lower import lower
from nas.space.architecture import Architecture
from nas.store.records import ObjectiveRecord


def stored_objectives(
    objectives: Sequence[ObjectiveRecord], values: Mapping[str, float]
) -> list[ReportedObjective]:
    """What a study knows of a network."""
    return [
        ReportedObjective(
            objective.name,
            values[objective.name],
            objective.unit,
            str(objective.provenance.get("kind", "")),
            _evidence(objective.provenance),
        )
        for objective in objectives
    ]


def _evidence(provenance: Mapping[str, Any]) -> str:
    words = [f"{key.replace('_', ' ')}: {value}" for key, value in provenance.items()]
    return "; ".join(word for word in words if not word.startswith("kind"))


def predicted_costs(architecture: Architecture, devices: Sequence[str]) -> list[ReportedObjective]:
    """Predicted latency and energy of a network on some devices."""
    network, found = lower(architecture), []
    for device in devices:
        stored = find_model(device)
        estimate = stored.model.estimate(network)
        evidence = _model_evidence(stored)
        for name, value, unit in (
            ("latency_ms", estimate.latency_ms, "ms"),
            ("energy_mj", estimate.energy_mj, "mJ"),
        ):
            if value is not None:
                title = f"{name} on {device}"
                found.append(ReportedObjective(title, value, unit, "predicted", evidence))
    return found


def _model_evidence(stored: StoredModel) -> str:
    evidence = stored.evidence
    return (
        f"{stored.model.key}; {evidence.samples} samples of {evidence.source}; held-out median "
        f"error {evidence.latency_error.median:.1%}"
    )
