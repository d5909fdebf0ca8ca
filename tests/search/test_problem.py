"""What a search knows of candidates before: costs on every device, limits, and how to search."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
import pytest

from nas.accuracy.evaluator import Evaluated
from nas.cost.catalog import find_model
from nas.errors import InputError, UnknownNameError
from nas.graph.lower import lower
from nas.search.problem import Problem, make_problem
from nas.search.study import study_from_options
from nas.space.space import Codes


class Dear:
    """An evaluator that is declared to take long."""

    provenance: Mapping[str, Any] = {"kind": "trained"}
    cost_s = 3600.0

    def evaluate(self, codes: Codes) -> Evaluated:
        found = codes.sum(axis=1) * 1.0
        return Evaluated(found, found, found)


def problem(evaluator: Any = None, **changes: object) -> Problem:
    options = {"name": "test", "space": "mnasnet", "device": "jetson-tx2", **changes}
    return make_problem(study_from_options(options), evaluator=evaluator)


def test_costs_are_those_of_each_devices_own_model() -> None:
    asked = problem(
        objectives=["latency_ms", "latency_ms@pixel-3", "energy_mj@zc706", "parameters"],
        limits={"max_macs": 3e8, "max_peak_memory_bytes@pixel-3": 2e7},
    )
    codes = asked.space.sample(20, seed=0)
    columns = asked.known(codes)
    assert list(columns) == [
        *("latency_ms", "latency_ms@pixel-3", "energy_mj@zc706", "parameters"),
        *("macs", "peak_memory_bytes@pixel-3"),
    ]
    for row, code in enumerate(codes):
        network = lower(asked.space.architecture(code))
        here, phone, board = (
            find_model(device).model.estimate(network)
            for device in ("jetson-tx2", "pixel-3", "zc706")
        )
        assert columns["latency_ms"][row] == pytest.approx(here.latency_ms)
        assert columns["latency_ms@pixel-3"][row] == pytest.approx(phone.latency_ms)
        assert columns["energy_mj@zc706"][row] == pytest.approx(board.energy_mj)
        assert columns["peak_memory_bytes@pixel-3"][row] == phone.peak_memory_bytes
        assert columns["parameters"][row] == network.parameters
        assert columns["macs"][row] == network.macs
    alone = asked.known(codes[:1])
    assert {name: column[0] for name, column in alone.items()} == {
        name: column[0] for name, column in columns.items()
    }


def test_limits_on_all_that_is_known_decide_what_fits() -> None:
    asked = problem(
        limits={"max_latency_ms": 20, "max_latency_ms@pixel-3": 70, "max_train_time_s": 2000}
    )
    codes = asked.space.sample(2000, seed=1)
    columns = asked.known(codes)
    expected = (
        (columns["latency_ms"] <= 20)
        & (columns["latency_ms@pixel-3"] <= 70)
        & (columns["train_time_s"] <= 2000)
    )
    assert 0 < expected.sum() < len(codes)
    assert (asked.fits(codes) == expected).all()
    worst = np.max(list(asked.excess(columns).values()), axis=0)
    assert ((worst <= 0) == expected).all()
    assert problem().fits(codes).all(), "without limits everything fits"


def test_evidence_is_that_of_the_device_meant() -> None:
    asked = problem(objectives=["accuracy", "latency_ms", "latency_ms@zc706", "train_time_s"])
    records = {record.name: record for record in asked.objective_records()}
    assert "jetson-tx2" in records["latency_ms"].provenance["model"]
    assert "zc706" in records["latency_ms@zc706"].provenance["model"]
    assert records["train_time_s"].provenance["title"] != records["accuracy"].provenance["title"]
    assert (asked.modelled, asked.floor) == ("accuracy", None)


@pytest.mark.parametrize(
    ("evaluator", "changes", "mode", "evaluations"),
    [
        (None, {}, "direct", 1_000_000),
        (None, {"objectives": ["latency_ms", "macs"]}, "direct", 1_000_000),
        (None, {"evaluations": 300}, "direct", 300),
        (None, {"search": "surrogate"}, "surrogate", 200),
        (Dear(), {}, "surrogate", 200),
        (Dear(), {"evaluations": 30}, "surrogate", 30),
        (Dear(), {"evaluations": 30, "minutes": 5}, "surrogate", 30),
        (Dear(), {"minutes": 5}, "surrogate", 10_000_000),
        (None, {"minutes": 5}, "direct", 10_000_000),
        (Dear(), {"search": "direct"}, "direct", 1_000_000),
        (Dear(), {"objectives": ["latency_ms", "macs"]}, "direct", 1_000_000),
    ],
)
def test_the_declared_cost_decides_how_to_search(
    evaluator: Any, changes: Mapping[str, object], mode: str, evaluations: int
) -> None:
    asked = problem(evaluator, **changes)
    assert (asked.mode, asked.evaluations) == (mode, evaluations)


def test_an_evaluator_frees_a_space_from_what_its_predictor_knows() -> None:
    narrow = problem(space="mobilenet_v3")
    assert narrow.fixed == {"resolution": 224}
    whole = problem(Dear(), space="mobilenet_v3")
    assert whole.fixed == {}
    assert len(whole.space.declaration.input.resolution) > 1
    costs = problem(space="mobilenet_v3", objectives=["macs"])
    assert costs.fixed == {} and costs.modelled is None
    assert costs.evaluate(costs.space.sample(2, seed=0)) == {}


@pytest.mark.parametrize(
    ("changes", "error", "words"),
    [
        ({"objectives": ["energy_mj@pixel-3"]}, InputError, ["`energy_mj@pixel-3` needs"]),
        ({"limits": {"max_energy_mj@pixel-3": 3}}, InputError, ["`energy_mj@pixel-3` needs"]),
        ({"objectives": ["latency_ms@pixel33"]}, UnknownNameError, ["did you mean 'pixel-3'"]),
        ({"limits": {"max_latency_ms@zc70": 3}}, UnknownNameError, ["did you mean 'zc706'"]),
        (
            {"space": "fbnet", "limits": {"max_train_time_s": 9}},
            InputError,
            ["predictor", "fbnet"],
        ),
    ],
)
def test_what_nothing_can_say_is_refused(
    changes: Mapping[str, object], error: type[InputError], words: list[str]
) -> None:
    with pytest.raises(error) as caught:
        problem(Dear(), **changes)
    for word in words:
        assert word in str(caught.value)
