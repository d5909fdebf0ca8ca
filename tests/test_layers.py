"""The shape of the package: who may import whom, what loads with what, what is exported."""

from __future__ import annotations

import ast
import json
import subprocess
import sys
from importlib import import_module
from pathlib import Path

import pytest

import nas

PURE = ("nas.space", "nas.graph", "nas.cost", "nas.pareto")
FRAMEWORKS = ("torch", "ray", "optuna", "sqlalchemy", "alembic", "plotly")

LOADED = """
import importlib, json, pkgutil, sys
package = importlib.import_module(sys.argv[1])
if sys.argv[2] == "all":
    for module in pkgutil.walk_packages(getattr(package, "__path__", ()), package.__name__ + "."):
        importlib.import_module(module.name)
print(json.dumps(list(sys.modules)))
"""

LINT = """
import sys
from importlinter.cli import lint_imports
sys.exit(lint_imports(no_cache=True, no_logo=True))
"""


def loaded(package: str, modules: str, repository: Path) -> set[str]:
    """Top-level packages in memory after importing that package, or `all` its modules too."""
    command = [sys.executable, "-c", LOADED, package, modules]
    output = subprocess.run(command, cwd=repository, check=True, capture_output=True, text=True)
    return {name.split(".")[0] for name in json.loads(output.stdout)}


@pytest.mark.parametrize("package", ["nas", *PURE])
def test_importing_the_core_loads_nothing_heavy(package: str, repository: Path) -> None:
    assert not loaded(package, "itself", repository) & {*FRAMEWORKS, "onnx"}


@pytest.mark.parametrize("package", PURE)
def test_no_module_of_the_pure_half_loads_a_framework(package: str, repository: Path) -> None:
    assert not loaded(package, "all", repository) & {*FRAMEWORKS}


def test_imports_point_one_way(repository: Path) -> None:
    command = [sys.executable, "-c", LINT]
    output = subprocess.run(command, cwd=repository, check=False, capture_output=True, text=True)
    assert output.returncode == 0, output.stdout + output.stderr


def test_every_module_opens_with_a_sentence(repository: Path) -> None:
    mute = []
    for folder in ("nas", "benchmarks"):
        for path in (repository / folder).rglob("*.py"):
            docstring = ast.get_docstring(ast.parse(path.read_text(encoding="utf-8"))) or ""
            if not docstring.split("\n\n")[0].endswith((".", ":")):
                mute.append(str(path.relative_to(repository)))
    assert mute == []


def test_exports_are_one_sorted_list() -> None:
    assert nas.__all__ == sorted(nas.__all__)
    assert set(nas.__all__) <= set(dir(nas))


@pytest.mark.parametrize("name", nas.__all__)
def test_every_export_is_the_thing_it_is_typed_as(name: str) -> None:
    module, attribute = _typed_as(Path(nas.__file__))[name]
    assert getattr(nas, name) is getattr(import_module(module), attribute)


def test_what_is_not_exported_is_an_attribute_error() -> None:
    with pytest.raises(AttributeError, match="no attribute 'searchspace'"):
        _ = nas.searchspace


def _typed_as(path: Path) -> dict[str, tuple[str, str]]:
    """What type checkers see: name → (module, attribute), from the imports in that file."""
    return {
        alias.asname or alias.name: (node.module or "", alias.name)
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8")))
        if isinstance(node, ast.ImportFrom)
        for alias in node.names
    }
