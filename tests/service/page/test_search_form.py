"""What a person chose → the study, the command that starts the same one, and faults by field."""

from __future__ import annotations

import shlex
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner

from nas.cli import search as cli
from nas.cli.app import app
from nas.errors import InputError, UnknownNameError
from nas.service.page.parts import Parts
from nas.service.page.search_form import Form, command, document, faults, form_of, free_name
from nas.service.specs import asked_spec
from tests.service.test_networks_and_exports import filled

FORMS = [
    Form("jetson-tx2", "mnasnet"),
    Form("pixel-3", "mobilenet_v3", ("latency_ms", "accuracy"), {"latency_ms": 13.7}, seed=None),
    Form(
        "jetson-tx2",
        "mnasnet",
        ("accuracy", "energy_mj", "macs"),
        {"energy_mj": 0.1 + 0.2, "peak_memory_bytes": 9.91, "macs": 300, "parameters": None,
         "accuracy": 70.05},
        evaluations=1234,
        minutes=7.5,
        seed=7,
        name="a-b.c_1",
    ),
    Form("pixel-3", "nas_bench_macro", limits={"parameters": 2.2}, evaluator="a b/t's.csv"),
    Form("pixel-3", "nas_bench_macro", evaluator="package.module:factory"),
    Form(
        "pixel-3",
        "mnasnet",
        kept={"objectives": ["latency_ms@raspberry-pi-4"], "search": "surrogate",
              "limits": {"max_latency_ms@raspberry-pi-4": 0.1 + 0.7, "max_train_time_s": 4000.5},
              "warm_start": ["references", "first-one"]},
    ),
]  # fmt: skip


@pytest.mark.parametrize("form", FORMS)
def test_the_command_starts_the_same_study(form: Form, monkeypatch: pytest.MonkeyPatch) -> None:
    asked = document(form, "default-name")
    said = command(asked, database="/some where/x.db")
    seen: list[Any] = []
    monkeypatch.setattr(cli, "_search", lambda *given, **more: seen.append(given))
    program, *words = shlex.split(said)
    done = CliRunner().invoke(app, words)
    assert program == "nas" and done.exit_code == 0, done.output
    spec, told, database = seen[0]
    assert spec == asked_spec(asked) and database == "/some where/x.db"
    assert not told.ask_for_ray


def test_a_url_of_a_database_is_not_shown() -> None:
    asked = document(FORMS[0], "a")
    assert "secret" not in command(asked, "postgresql://me:secret@host/db")
    assert "--db" not in command(asked)


@pytest.mark.parametrize("form", FORMS)
def test_a_study_that_is_cloned_asks_for_the_same(form: Form) -> None:
    spec = asked_spec(document(form, "a"))
    again = asked_spec(document(form_of(spec, spec.name), "b"))
    assert again.stored() | {"objectives": []} == spec.stored() | {"objectives": []}
    assert set(again.objectives) == set(spec.objectives)


@pytest.mark.parametrize(
    ("changes", "place", "said"),
    [
        ({"name": "no spaces"}, "name", "begin with a letter"),
        ({"objectives": ()}, "objectives", "must not be empty"),
        ({"limits": {"latency_ms": -1}}, "limit-latency_ms", "greater than 0"),
        ({"limits": {"accuracy": 70}, "objectives": ("macs",)}, "limit-accuracy", "objectives"),
        ({"evaluations": 0}, "evaluations", "greater than or equal to 1"),
        ({"minutes": 0}, "minutes", "greater than 0"),
        ({"seed": -1}, "seed", "greater than or equal to 0"),
    ],
)
def test_a_fault_stands_beside_its_field(changes: dict[str, Any], place: str, said: str) -> None:
    form = Form(**{"device": "pixel-3", "space": "mnasnet", **changes})
    with pytest.raises(InputError) as caught:
        asked_spec(document(form, "a"))
    found = faults(caught.value)
    assert said in found[place] and set(found) == {place}


def test_faults_that_the_service_finds_have_places_too(parts: Parts) -> None:
    def refused(**changes: Any) -> dict[str, str]:
        form = Form(**{"device": "pixel-3", "space": "mnasnet", **changes})
        with pytest.raises(InputError) as caught:
            parts.searches.start(asked_spec(document(form, "a")))
        return faults(caught.value)

    assert set(refused(space="nowhere")) == {"space"}
    assert set(refused(device="nothing")) == {"device"}
    assert set(refused(evaluator="../x.csv")) == {"evaluator"}
    assert "nearest needs" in refused(limits={"latency_ms": 1e-3})["form"]
    filled(Path(parts.settings.database), "a")
    assert set(refused()) == {"name"}


def test_names_are_free(parts: Parts) -> None:
    assert free_name(parts.store, "a") == "a"
    for name in ("a", "a-2"):
        filled(Path(parts.settings.database), name)
    assert free_name(parts.store, "a") == "a-3"
    with pytest.raises(UnknownNameError):
        parts.store.study("a-3")
