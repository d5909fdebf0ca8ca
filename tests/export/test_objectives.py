"""What an exported README states of a network is what the study and the models say."""

from __future__ import annotations

import pytest

from nas.cost.catalog import find_model
from nas.export.objectives import predicted_costs, stored_objectives
from nas.graph.lower import lower
from nas.pareto import Sense
from nas.space.catalog import find_network
from nas.store.records import ObjectiveRecord


def test_stored_objectives_carry_value_unit_kind_and_evidence() -> None:
    provenance = {"kind": "predicted", "source": "a table", "held_out_median_error": 0.1}
    record = ObjectiveRecord("latency_ms", Sense.MINIMIZE, "ms", provenance)
    (stated,) = stored_objectives([record], {"latency_ms": 12.5, "macs": 1.0})
    assert (stated.name, stated.value, stated.unit, stated.kind) == (
        *("latency_ms", 12.5, "ms", "predicted"),
    )
    assert "source: a table" in stated.evidence
    assert "held out median error: 0.1" in stated.evidence


def test_another_device_is_named_in_words() -> None:
    record = ObjectiveRecord("latency_ms@zc706", Sense.MINIMIZE, "ms", {"kind": "predicted"})
    (stated,) = stored_objectives([record], {"latency_ms@zc706": 12.5})
    assert (stated.name, stated.value) == ("latency_ms on zc706", 12.5)


def test_predicted_costs_are_those_of_each_device() -> None:
    network = find_network("mobilenet_v3_small")
    stated = {o.name: o for o in predicted_costs(network, ["jetson-tx2", "pixel-3"])}
    assert set(stated) == {
        "latency_ms on jetson-tx2",
        "energy_mj on jetson-tx2",
        "latency_ms on pixel-3",
    }
    estimate = find_model("pixel-3").model.estimate(lower(network))
    assert stated["latency_ms on pixel-3"].value == pytest.approx(estimate.latency_ms)
    assert all("held-out median error" in o.evidence for o in stated.values())
    assert predicted_costs(network, []) == []


def test_modelled_energy_says_so() -> None:
    stated = {o.name: o.kind for o in predicted_costs(find_network("mobilenet_v2"), ["zc706"])}
    assert stated == {"latency_ms on zc706": "predicted", "energy_mj on zc706": "modelled"}
