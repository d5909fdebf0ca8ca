"""The kit: its script runs where only onnxruntime and numpy are, and its log comes back."""

from __future__ import annotations

import ast
import json
import os
import shutil
import subprocess
import sys
from dataclasses import replace
from importlib.metadata import distribution
from importlib.util import find_spec
from pathlib import Path

import pytest

from nas.cost.log import read_log
from nas.cost.log_columns import COLUMNS
from nas.cost.model import ModelKey
from nas.errors import InputError, OutputError
from nas.graph.network import Precision
from nas.measure.kit import script_source, write_kit
from nas.space.architecture import parse

TEXTS = [
    f"image 3x32x32 | conv k3 s2 c{width} relu | mb k3 h32 c{width} relu6 | pool | fc c10"
    for width in (8, 16, 24)
]
NEEDED = ("onnxruntime", "numpy", "flatbuffers", "protobuf", "packaging")


@pytest.fixture(scope="module")
def bare_python(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A Python that has onnxruntime, numpy and what they need, and nothing of ours.

    The files are linked from the environment of the tests, so that no network is needed.
    """
    folder = tmp_path_factory.mktemp("bare")
    made = subprocess.run([sys.executable, "-m", "venv", "--without-pip", folder])
    if made.returncode:
        pytest.skip("needs the venv module")
    (site,) = folder.glob("lib/python*/site-packages")
    for name in NEEDED:
        found = distribution(name)
        for top in {Path(str(file)).parts[0] for file in found.files or ()} - {
            "..",
            "__pycache__",
        }:
            link = site / top
            if not link.exists():
                link.symlink_to(Path(str(found.locate_file(top))))
    return folder / "bin" / "python"


def run(python: Path | str, *arguments: Path | str) -> subprocess.CompletedProcess[str]:
    environment = {name: value for name, value in os.environ.items() if name != "PYTHONPATH"}
    return subprocess.run(
        [python, *arguments], capture_output=True, text=True, timeout=120, env=environment, cwd="/"
    )


@pytest.mark.parametrize("precision", [Precision.FP32, Precision.INT8])
def test_a_kit_measures_in_a_bare_environment_and_goes_on_where_it_stopped(
    precision: Precision, bare_python: Path, tmp_path: Path
) -> None:
    for package in ("nas", "onnx"):
        assert run(bare_python, "-c", f"import {package}").returncode, "it must be bare"
    key = ModelKey("board", "onnxruntime", precision, 1, 1)
    made = tmp_path / "made"
    write_kit(made, key, [parse(text) for text in TEXTS])
    kit = tmp_path / "there"
    shutil.move(made, kit)  # it is copied to another machine
    (kit / "networks" / "002.onnx").rename(kit / "kept")
    first = run(bare_python, kit / "measure.py")
    assert first.returncode == 1
    assert "2 of 3: ended with 1, left out" in first.stdout
    assert "2 networks are in" in first.stdout
    before = (kit / "log.csv").read_text()
    (kit / "kept").rename(kit / "networks" / "002.onnx")
    with (kit / "log.csv").open("a") as file:
        file.write('"image 3x32x32 | co')  # the power failed while a row was written
    second = run(bare_python, kit / "measure.py")
    assert second.returncode == 0, second.stdout + second.stderr
    assert (kit / "log.csv").read_text().startswith(before), "what was measured stays"
    log = read_log(kit / "log.csv")
    assert [row.name for row in log.rows] == [TEXTS[0], TEXTS[2], TEXTS[1]]
    assert log.measurements == 3
    assert log.context == {
        "device": "board",
        "runtime": "onnxruntime",
        "precision": precision.value,
        "batch": "1",
        "threads": "1",
    }
    assert set(log.versions) == {"onnxruntime", "python"}
    assert all(row.spread is not None and row.latency_ms > 0 for row in log.rows)


@pytest.mark.skipif(find_spec("ai_edge_litert") is None, reason="LiteRT is not installed")
@pytest.mark.parametrize("precision", [Precision.FP32, Precision.INT8])
def test_a_kit_may_be_for_litert(precision: Precision, tmp_path: Path) -> None:
    key = ModelKey("board", "litert", precision, 1, 1)
    write_kit(tmp_path / "kit", key, [parse(text) for text in TEXTS])
    assert "pip install ai-edge-litert numpy" in (tmp_path / "kit" / "README.md").read_text()
    done = run(sys.executable, tmp_path / "kit" / "measure.py")
    assert done.returncode == 0, done.stdout + done.stderr
    log = read_log(tmp_path / "kit" / "log.csv")
    assert [row.name for row in log.rows] == TEXTS
    assert (log.context["runtime"], set(log.versions)) == ("litert", {"ai-edge-litert", "python"})


def test_the_script_is_one_file_of_old_python() -> None:
    tree = ast.parse(script_source(), feature_version=(3, 8))
    imported = {
        (node.module or "") if isinstance(node, ast.ImportFrom) else node.names[0].name
        for node in ast.walk(tree)
        if isinstance(node, ast.Import | ast.ImportFrom)
    }
    outside = {name.partition(".")[0] for name in imported} - set(sys.stdlib_module_names)
    assert outside == {"numpy", "onnxruntime", "ai_edge_litert"}


def test_a_kit_says_what_it_is_and_replaces_nothing(tmp_path: Path) -> None:
    key = ModelKey("board", "onnxruntime", Precision.FP32, 1, 2)
    write_kit(tmp_path / "kit", key, [parse(TEXTS[0])])
    described = json.loads((tmp_path / "kit" / "kit.json").read_text())
    assert (described["threads"], described["columns"]) == (2, list(COLUMNS))
    assert "Measure board" in (tmp_path / "kit" / "README.md").read_text()
    with pytest.raises(OutputError, match="must be a new or empty folder"):
        write_kit(tmp_path / "kit", key, [parse(TEXTS[0])])
    with pytest.raises(InputError, match="`runtime` of a kit must be onnxruntime or litert"):
        write_kit(tmp_path / "other", replace(key, runtime="torch"), [parse(TEXTS[0])])
    with pytest.raises(InputError, match="`precision` must be one of"):
        half = ModelKey("board", "onnxruntime", Precision.FP16, 1, 2)
        write_kit(tmp_path / "other", half, [parse(TEXTS[0])])
    assert not (tmp_path / "other").exists()
    refused = run(sys.executable, tmp_path / "kit" / "measure.py", "--threads", "9999")
    assert refused.returncode == 2
    assert "`--threads` must be 1 to" in refused.stderr
