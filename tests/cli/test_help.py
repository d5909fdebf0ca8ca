"""Every verb explains itself, starts quickly and answers a wrong option with exit code 2."""

from __future__ import annotations

import re
import sys
from pathlib import Path

import pytest
import typer

import nas
from tests.cli.conftest import Run, Start
from tests.waiting import PATIENCE_S

VERBS = (
    "search", "feasible", "watch", "studies", "front", "export", "cost", "show", "devices",
    "devices list", "devices show", "calibrate", "calibrate kit", "spaces", "spaces show",
    "spaces check", "serve", "accuracy", "accuracy check",
    "studies list", "studies show", "studies rename", "studies delete", "studies merge",
    "studies export", "studies import", "studies to-optuna",
)  # fmt: skip

LOADED = """
import sys
from nas.cli.main import main
try:
    main()
finally:
    heavy = {"torch", "ray", "optuna", "sqlalchemy", "alembic", "plotly", "onnx", "pandas"}
    print("loaded:", *sorted(heavy & set(sys.modules)), file=sys.stderr)
"""


@pytest.mark.parametrize("verb", VERBS)
def test_help_teaches_by_an_example(run: Run, verb: str) -> None:
    done = run(*verb.split(), "--help")
    assert done.code == 0
    assert re.search(rf"Example:\s+nas\s+{verb.split()[0]}", done.out)
    assert not done.err


def test_help_names_every_verb_and_where_to_start(run: Run) -> None:
    done = run("-h")
    assert done.code == 0
    for verb in VERBS:
        assert verb.split()[0] in done.out
    assert "nas search quickstart" in done.out


def test_every_verb_is_tested_here(run: Run) -> None:
    from nas.cli.app import app

    def names(group: typer.Typer) -> set[str]:
        commands = group.registered_commands
        return {c.name or c.callback.__name__ for c in commands if c.callback}

    groups = {group.name: group.typer_instance for group in app.registered_groups}
    inner = {f"{name} {verb}" for name, one in groups.items() if one for verb in names(one)}
    assert names(app) | inner | set(groups) == set(VERBS)


def test_version(run: Run) -> None:
    assert run("--version").out == f"nas {nas.__version__}\n"


@pytest.mark.parametrize(
    "arguments",
    [
        ("nosuch",),
        ("spaces", "nosuch"),
        ("devices", "--nosuch"),
        ("devices", "show"),
        ("cost", "mobilenet_v2"),
        ("show", "mobilenet_v2"),
        ("export", "mobilenet_v2"),
        ("search", "--evaluations", "many"),
        ("search", "--max-latency-ms", "fast"),
        (),
    ],
)
def test_usage_errors_exit_with_2(run: Run, arguments: tuple[str, ...]) -> None:
    done = run(*arguments)
    assert done.code == 2
    assert "Traceback" not in done.err
    assert done.err or not arguments


@pytest.mark.parametrize(
    "arguments", [("spaces",), ("cost", "mobilenet_v2", "--device", "pixel-3")]
)
def test_light_verbs_load_no_framework(
    start: Start, tmp_path: Path, arguments: tuple[str, ...]
) -> None:
    process = start(*arguments, cwd=tmp_path, command=(sys.executable, "-c", LOADED))
    out, err = process.communicate(timeout=PATIENCE_S)
    assert process.returncode == 0, err
    assert out
    assert err.splitlines()[-1].split() == ["loaded:"]
