"""What the documents claim is what the package does: verbs, figures, code, files."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
import typer.main

import nas
from nas.accuracy.artefact import read_predictor
from nas.cli.app import app
from nas.cost.catalog import find_model, modelled_devices
from nas.cost.fit import HeldOutError
from nas.resources import folder
from nas.service.app import make_app
from nas.service.settings import Settings
from nas.space.architecture import parse

ROOT = Path(nas.__file__).resolve().parents[1]
README = (ROOT / "README.md").read_text(encoding="utf-8")


def test_every_verb_is_in_the_readme() -> None:
    command = typer.main.get_command(app)
    verbs = getattr(command, "commands")  # noqa: B009 - a group, which typer types as a command
    assert set(verbs) >= {"search", "front", "export"}
    for verb in verbs:
        assert f"`nas {verb}" in README, verb


def percent(error: HeldOutError | None) -> str:
    return "" if error is None else f"{error.median:.1%}"


def test_device_errors_in_the_readme_are_those_of_the_shipped_models() -> None:
    rows = dict(re.findall(r"^\| `([a-z0-9-]+)` \|(.*)\|$", README, re.M))
    devices = set(rows) & set(modelled_devices())
    assert devices >= {"jetson-tx2", "raspberry-pi-4", "pixel-3", "eyeriss", "zc706"}
    for device in devices:
        latency, energy = (cell.strip() for cell in rows[device].split("|"))
        stored = find_model(device)
        assert latency.startswith(percent(stored.evidence.latency_error))
        assert energy.startswith(percent(stored.evidence.energy_error))
        law = stored.model.energy
        assert bool(energy) == (law is not None)
        assert law is None or law.origin.value in energy


def test_predictor_figures_in_the_readme_are_those_of_the_shipped_predictors() -> None:
    for file in folder("search_spaces").glob("predictors/*.json"):
        stored = read_predictor(file)
        held_out = stored.evidence.held_out
        figures = (
            f"{held_out.kendall_tau:.3f} | {held_out.r2:.3f} | {held_out.interval_coverage:.1%}"
        )
        rows = [row for row in README.splitlines() if row.startswith(f"| `{stored.space}`")]
        assert any(figures in row for row in rows), (file.name, figures)


def test_the_python_of_the_readme_runs(capsys: pytest.CaptureFixture[str]) -> None:
    (code,) = re.findall(r"```python\n(.*?)```", README, re.S)
    exec(compile(code.replace("100_000", "1_000"), "README.md", "exec"), {})
    assert capsys.readouterr().out.startswith("3504872 300774272\n")


def test_what_the_readme_asks_a_server_for_is_there(tmp_path: Path) -> None:
    service = make_app(Settings(database=str(tmp_path / "nas.db")))
    paths = [re.sub(r"{\w+}", "[^/]+", path) for path in service.openapi()["paths"]]
    asked = re.findall(r"\$api([\w/]+)", README)
    assert "/studies/first/networks/knee/export" in asked
    for path in asked:
        assert any(re.fullmatch(one, f"/api/v1{path}") for one in paths), path


def test_what_the_readme_asks_the_client_for_is_there() -> None:
    methods = set(re.findall(r"\bclient\.(\w+)\(", README))
    assert methods >= {"search", "wait", "front", "export"}
    assert methods <= set(dir(nas.Client))


def test_every_option_of_serve_in_the_readme_is_one() -> None:
    command = typer.main.get_command(app)
    serve = getattr(command, "commands")["serve"]  # noqa: B009 - as above
    known = {option for parameter in serve.params for option in parameter.opts}
    section = README.partition("## In a browser")[2].partition("\n## ")[0]
    assert {"--data-root", "--token-file"} <= set(re.findall(r"--[a-z-]+", section)) <= known


def test_links_and_files_named_in_the_readme_exist() -> None:
    named = re.findall(r"`((?:benchmarks|notebooks|search_spaces|studies|docs)/[^`* ]*)`", README)
    named += re.findall(r"\]\(([^)#:]+)\)", README)
    named += re.findall(r'(?:src|srcset)="([^"]+)"', README)
    assert "docs/front.png" in named
    for name in named:
        assert (ROOT / name).exists(), name


def test_the_notation_in_the_readme_is_the_notation() -> None:
    (line,) = re.findall(r"^    (image .*)$", README, re.M)
    assert str(parse(line.replace(" | ... ", " "))) == line.replace(" | ... ", " ")


def test_the_changelog_knows_the_version() -> None:
    changelog = (ROOT / "CHANGELOG.md").read_text(encoding="utf-8")
    assert f"## [{nas.__version__}]" in changelog
