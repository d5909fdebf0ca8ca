"""Study files: what they may say, and what is said about those that say something else."""

from __future__ import annotations

from pathlib import Path

import pytest

from nas.cost.profile import device_names
from nas.errors import DeclarationError, UnknownNameError
from nas.search.limits import Limits
from nas.search.objectives import OBJECTIVES, find_objective
from nas.search.study import changed_keys, load_study, study_from_options, study_names
from nas.space.catalog import space_names

GOOD = {"name": "a", "space": "mnasnet", "device": "pixel-3"}
# As the first version stored it: every limit listed, none of the keys that came later.
STORED = {
    **GOOD,
    "objectives": ["accuracy", "latency_ms"],
    "limits": {
        "max_latency_ms": 25.0, "max_energy_mj": None, "max_peak_memory_bytes": None,
        "max_macs": None, "max_parameters": None,
    },
    "evaluations": 1000,
    "seed": 0,
    "space_sha256": "ab",
}  # fmt: skip


def test_shipped_studies_name_what_exists() -> None:
    assert "quickstart" in study_names()
    for name in study_names():
        study = load_study(name)
        assert study.name == name
        assert study.space in space_names()
        assert study.device in device_names()


def test_every_objective_but_a_score_has_a_limit_of_its_own() -> None:
    limited = [one for one in OBJECTIVES.values() if one.quantity != "proxy_score"]
    assert set(Limits.model_fields) == {one.limit_name for one in limited}
    assert Limits(max_macs=3.0, min_accuracy=70.0).by_objective() == {"macs": 3.0}


def test_a_proxy_aims_for_its_score() -> None:
    study = study_from_options({**GOOD, "data": "digits", "evaluator": "naswot"})
    assert study.objectives == ("proxy_score", "latency_ms")
    assert study_from_options(study.stored()) == study


def test_what_stands_for_the_studys_own_device_loses_its_name() -> None:
    study = study_from_options(
        {
            **GOOD,
            "objectives": ["accuracy", "latency_ms@pixel-3", "latency_ms@zc706"],
            "limits": {"max_energy_mj@zc706": 3, "max_latency_ms@pixel-3": 20},
        }
    )
    assert study.objectives == ("accuracy", "latency_ms", "latency_ms@zc706")
    assert study.limits.by_objective() == {"latency_ms": 20, "energy_mj@zc706": 3}
    assert study_from_options(study.stored()) == study


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"objectives": ["accuracy", "latency"]}, ["objectives.1", "'latency'", "latency_ms"]),
        ({"objectives": []}, ["objectives", "empty"]),
        ({"objectives": ["macs", "macs"]}, ["objectives.1", "must differ"]),
        ({"objectives": ["latency_ms", "latency_ms@pixel-3"]}, ["objectives.1", "must differ"]),
        ({"objectives": ["macs@zc706"]}, ["objectives.0", "'macs@zc706'", "energy_mj@DEVICE"]),
        ({"objectives": ["latency_ms@"]}, ["objectives.0", "'latency_ms@'"]),
        ({"limits": {"max_latency": 3}}, ["limits.max_latency", "did you mean max_latency_ms"]),
        ({"limits": {"max_latency_ms": 0}}, ["limits.max_latency_ms", "greater than 0", "0"]),
        ({"limits": {"max_latency_ms": "fast"}}, ["limits.max_latency_ms", "number", "'fast'"]),
        ({"limits": {"max_latency_ms@zc706": "fast"}}, ["limits.max_latency_ms@zc706", "number"]),
        ({"limits": {"min_latency_ms": 3}}, ["limits.min_latency_ms", "mean max_latency_ms"]),
        ({"limits": {"max_accuracy": 70}}, ["limits.max_accuracy", "mean min_accuracy"]),
        ({"limits": {"max_macs@zc706": 70}}, ["limits.max_macs@zc706", "unknown limit"]),
        (
            {"limits": {"max_latency_ms": 3, "max_latency_ms@pixel-3": 4}},
            ["limits.max_latency_ms@pixel-3", "given once", "4 and 3"],
        ),
        (
            {"objectives": ["macs"], "limits": {"min_accuracy": 70}},
            ["limits.min_accuracy", "needs accuracy among the objectives", "macs"],
        ),
        ({"evaluations": 0}, ["evaluations", "greater than or equal to 1"]),
        ({"evaluations": 1.5}, ["evaluations", "1.5"]),
        ({"minutes": 0}, ["minutes", "greater than 0", "0"]),
        ({"minutes": -2.5}, ["minutes", "greater than 0", "-2.5"]),
        ({"minutes": float("nan")}, ["minutes", "nan"]),
        ({"minutes": float("inf")}, ["minutes", "inf"]),
        ({"minutes": "soon"}, ["minutes", "number", "'soon'"]),
        ({"search": "fast"}, ["search", "surrogate", "'fast'"]),
        ({"evaluator": "supernet"}, ["evaluator", "needs `data`", "'supernet'"]),
        ({"epochs": 3}, ["epochs", "needs `data`", "3"]),
        ({"efficient": True}, ["efficient", "needs `data`"]),
        (
            {"data": "digits", "evaluator": "train:it"},
            ["evaluator", "supernet, finetuning, training"],
        ),
        ({"data": "digits", "objectives": ["macs"]}, ["data", "needs accuracy", "macs"]),
        ({"data": "digits", "evaluator": "zen", "epochs": 2}, ["epochs", "untrained networks"]),
        (
            {"data": "digits", "evaluator": "zen", "objectives": ["macs", "accuracy"]},
            ["objectives.1", "zen gives a score"],
        ),
        ({"data": "digits", "trainings": 3}, ["trainings", "finetuning or training", "3"]),
        ({"data": "digits", "fidelity": "pictures"}, ["fidelity", "finetuning or training"]),
        ({"data": "digits", "fidelity": "size"}, ["fidelity", "must be one of epochs, pictures"]),
        ({"objectives": ["proxy_score"]}, ["objectives.0", "needs one of naswot, synflow"]),
        (
            {"data": "digits", "evaluator": "zen", "limits": {"min_proxy_score": 3}},
            ["limits.min_proxy_score", "unknown limit"],
        ),
        (
            {"data": "digits", "evaluator": "zen", "limits": {"min_accuracy": 70}},
            ["limits.min_accuracy", "needs accuracy among the objectives", "proxy_score"],
        ),
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


@pytest.mark.parametrize(
    ("changes", "changed"),
    [
        ({}, []),
        ({"evaluations": 1000}, []),
        ({"evaluations": 100}, ["evaluations"]),
        ({"minutes": 10}, ["minutes"]),
        ({"limits": {"max_latency_ms": 26}}, ["limits"]),
        ({"limits": {}}, ["limits"]),
        ({"search": "surrogate", "seed": 1}, ["search", "seed"]),
    ],
)
def test_a_study_of_the_first_version_is_the_same_request(
    changes: dict[str, object], changed: list[str]
) -> None:
    asked = study_from_options({**GOOD, "limits": {"max_latency_ms": 25}, **changes})
    assert changed_keys(STORED, {**asked.stored(), "space_sha256": "ab"}) == changed
    assert changed_keys(STORED, {**asked.stored(), "space_sha256": "cd"})[-1] == "space_sha256"


def test_objectives_know_their_device() -> None:
    objective = find_objective("latency_ms@raspberry-pi-4")
    assert objective.name == "latency_ms@raspberry-pi-4"
    assert objective.full_title == "Latency on raspberry-pi-4"
    assert objective.limit_name == "max_latency_ms@raspberry-pi-4"
    with pytest.raises(UnknownNameError, match="did you mean 'latency_ms'"):
        find_objective("latency")


def test_a_wrong_key_is_told_alone() -> None:
    """What objectives are by default depends on other keys; that is no fault of theirs."""
    with pytest.raises(DeclarationError) as raised:
        study_from_options({"name": "../x", "space": "mnasnet", "device": "pixel-3"})
    assert [problem.path for problem in raised.value.problems] == ["name"]
