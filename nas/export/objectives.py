"""A picked network → its objectives with value, unit and evidence, for an exported README."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from nas.cost.artefact import StoredModel
from nas.cost.catalog import find_model
from nas.cost.law import Origin
from nas.export.readme import ReportedObjective
from nas.graph.lower import lower
from nas.space.architecture import Architecture
from nas.store.provenance import provenance_words
from nas.store.records import ObjectiveRecord


def stored_objectives(
    objectives: Sequence[ObjectiveRecord], values: Mapping[str, float]
) -> list[ReportedObjective]:
    """What a study knows of a network."""
    return [
        ReportedObjective(
            objective.name.replace("@", " on "),
            values[objective.name],
            objective.unit,
            str(objective.provenance.get("kind", "")),
            provenance_words(objective.provenance, without=("kind",)),
        )
        for objective in objectives
    ]


def predicted_costs(architecture: Architecture, devices: Sequence[str]) -> list[ReportedObjective]:
    """Predicted latency and energy of a network on some devices."""
    network, found = lower(architecture), []
    for device in devices:
        stored = find_model(device)
        estimate = stored.model.estimate(network)
        evidence = _model_evidence(stored)
        for name, value, unit, law in (
            ("latency_ms", estimate.latency_ms, "ms", stored.model.latency),
            ("energy_mj", estimate.energy_mj, "mJ", stored.model.energy),
        ):
            if value is not None and law is not None:
                kind = "modelled" if law.origin is Origin.MODELLED else "predicted"
                title = f"{name} on {device}"
                found.append(ReportedObjective(title, value, unit, kind, evidence))
    return found


def _model_evidence(stored: StoredModel) -> str:
    evidence = stored.evidence
    return (
        f"{stored.model.key}; {evidence.samples} samples of {evidence.source}; held-out median "
        f"error {evidence.latency_error.median:.1%}"
    )
