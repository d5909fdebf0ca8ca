"""Study files: what they may say, and what is said about those that say something else."""

from __future__ import annotations

from pathlib import Path
from typing import get_args

import pytest

from nas.cost.profile import device_names
from nas.errors import DeclarationError, UnknownNameError
from nas.search.objectives import OBJECTIVES
from nas.search.study import Limits, ObjectiveName, load_study, study_from_options, study_names
from nas.space.catalog import space_names

GOOD = {"name": "a", "space": "mnasnet", "device": "pixel-3"}


def test_shipped_studies_name_what_exists() -> None:
    assert "quickstart" in study_names()
    for name in study_names():
        study = load_study(name)
        assert study.name == name
        assert study.space in space_names()
        assert study.device in device_names()


def test_limits_bound_the_costs_that_exist() -> None:
    costs = {name for name, objective in OBJECTIVES.items() if not objective.evaluated}
    assert {name.removeprefix("max_") for name in Limits.model_fields} == costs
    assert Limits(max_macs=3.0).by_objective() == {"macs": 3.0}
    assert get_args(ObjectiveName) == tuple(OBJECTIVES)


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"objectives": ["accuracy", "latency"]}, ["objectives.1", "'latency'", "latency_ms"]),
        ({"objectives": []}, ["objectives", "empty"]),
        ({"objectives": ["macs", "macs"]}, ["objectives.1", "must differ"]),
        ({"limits": {"max_latency": 3}}, ["limits.max_latency", "max_latency_ms"]),
        ({"limits": {"max_latency_ms": 0}}, ["limits.max_latency_ms", "greater than 0", "0"]),
        ({"limits": {"max_latency_ms": "fast"}}, ["limits.max_latency_ms", "number", "'fast'"]),
        ({"evaluations": 0}, ["evaluations", "greater than or equal to 1"]),
        ({"evaluations": 1.5}, ["evaluations", "1.5"]),
        ({"seed": -1}, ["seed", "-1"]),
        ({"name": "a b"}, ["name", "'a b'"]),
        ({"devise": "pixel-3"}, ["devise", "did you mean device?"]),
    ],
)
def test_faults_are_located(changes: dict[str, object], words: list[str]) -> None:
    with pytest.raises(DeclarationError) as caught:
        study_from_options({**GOOD, **changes})
    for word in ["command line", *words]:
        assert word in str(caught.value)


def test_files_are_found_by_name_and_by_path(tmp_path: Path) -> None:
    file = tmp_path / "mine.yaml"
    file.write_text("{name: mine, space: fbnet, device: zc706, objectives: [latency_ms]}")
    assert load_study(str(file)).name == "mine"
    assert load_study("quickstart").name == "quickstart"
    with pytest.raises(UnknownNameError, match="quickstart"):
        load_study("quickstrat")
    with pytest.raises(DeclarationError, match="must be readable"):
        load_study(str(tmp_path / "missing.yaml"))
