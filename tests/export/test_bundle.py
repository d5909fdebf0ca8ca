"""The whole export: what it writes stands alone, and either all of it appears or nothing."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest
import torch

from nas.errors import ArchitectureError, InputError, MissingExtraError
from nas.export import ExportReport, ReportedObjective, export
from nas.export.bundle import FILES
from nas.networks import onnx_export
from nas.networks.build import build
from nas.networks.onnx_export import MAX_ABS_ERROR
from nas.space.architecture import parse, read_json

torch.set_num_threads(1)

TINY = parse("image 3x12x10 | mb k3 s2 h8 c6 hswish se2:relu:hsigmoid | pool | fc c7")
LATENCY = ReportedObjective("latency on test-board", 12.5, "ms", "predicted", "200 samples, 3%")


@pytest.fixture(scope="module")
def report(tmp_path_factory) -> ExportReport:
    folder = tmp_path_factory.mktemp("parent") / "new" / "export"
    return export(TINY, folder, title="Tiny", objectives=[LATENCY])


def contents(folder: Path) -> dict[str, bytes]:
    return {path.name: path.read_bytes() for path in folder.rglob("*") if path.is_file()}


def test_the_report_names_the_files_and_the_error(report: ExportReport) -> None:
    assert report.files == tuple(report.folder / name for name in FILES)
    assert sorted(contents(report.folder)) == sorted(FILES)
    assert sorted(path.name for path in report.folder.parent.iterdir()) == ["export"]
    assert 0 <= report.onnx_max_abs_error <= MAX_ABS_ERROR


def test_the_architecture_reads_back(report: ExportReport) -> None:
    text = (report.folder / "architecture.json").read_text()
    assert read_json(text) == TINY
    assert json.loads(text)["id"] == TINY.id
    assert json.loads(text)["text"] == TINY.text


def test_model_py_runs_where_we_are_not_installed(report: ExportReport, tmp_path) -> None:
    weights, images, logits = (tmp_path / name for name in ("weights.pt", "in.pt", "out.pt"))
    network, batch = build(TINY).eval(), torch.randn(2, 3, 12, 10)
    torch.save(network.state_dict(), weights)
    torch.save(batch, images)
    code = (
        "import sys; sys.modules['nas'] = None\n"  # importing it is an error
        "import torch\n"
        "from model import Network\n"
        "network = Network().eval()\n"
        f"network.load_state_dict(torch.load({str(weights)!r}, weights_only=True), strict=True)\n"
        "with torch.no_grad():\n"
        f"    logits = network(torch.load({str(images)!r}, weights_only=True))\n"
        f"torch.save(logits, {str(logits)!r})\n"
    )
    done = subprocess.run(
        [sys.executable, "-B", "-c", code], cwd=report.folder, capture_output=True, text=True
    )
    assert done.returncode == 0, done.stderr
    with torch.no_grad():
        # Another process may sum in another order, with another number of threads.
        torch.testing.assert_close(torch.load(logits, weights_only=True), network(batch))


def test_exporting_prints_nothing_and_loads_torch_only_when_needed(tmp_path, repository) -> None:
    code = (
        "import sys\n"
        "from pathlib import Path\n"
        "from nas.export import export\n"
        "from nas.space.architecture import parse\n"
        "assert 'torch' not in sys.modules\n"
        f"export(parse({TINY.text!r}), Path('out'), title='Tiny', objectives=[])\n"
    )
    environment = os.environ | {"PYTHONPATH": str(repository)}
    done = subprocess.run(
        [sys.executable, "-c", code], cwd=tmp_path, env=environment, capture_output=True, text=True
    )
    assert (done.returncode, done.stdout, done.stderr) == (0, "", "")


def test_force_replaces_our_files_and_nothing_else(report: ExportReport, tmp_path) -> None:
    (tmp_path / "notes.txt").write_text("mine")
    (tmp_path / "README.md").write_text("old")
    (tmp_path / "data").mkdir()
    export(TINY, tmp_path, title="Tiny", objectives=[LATENCY], force=True)
    expected = {"notes.txt": b"mine", **contents(report.folder)}
    assert contents(tmp_path) == expected
    assert sorted(path.name for path in tmp_path.iterdir()) == sorted([*expected, "data"])


@pytest.mark.parametrize("error", [KeyboardInterrupt, OSError(28, "No space left on device")])
@pytest.mark.parametrize("exists", [False, True])
def test_stopped_halfway_it_leaves_nothing(tmp_path, monkeypatch, error, exists) -> None:
    def stop(*_: object) -> float:
        raise error

    monkeypatch.setattr(onnx_export, "write_onnx", stop)
    folder = tmp_path / "a" / "b"
    if exists:
        folder.mkdir(parents=True)
        (folder / "model.py").write_text("old")
    before = contents(tmp_path)
    with pytest.raises(KeyboardInterrupt if error is KeyboardInterrupt else InputError):
        export(TINY, folder, title="Tiny", objectives=[], force=True)
    assert contents(tmp_path) == before
    assert folder.exists() == exists
    assert (tmp_path / "a").exists() == exists


def test_an_impossible_architecture_touches_nothing(tmp_path) -> None:
    with pytest.raises(ArchitectureError, match="must end in one vector per image"):
        export(parse("image 3x8x8 | conv k3 c8"), tmp_path / "x", title="", objectives=[])
    assert contents(tmp_path) == {}


def test_a_missing_package_is_named_with_its_remedy(tmp_path, monkeypatch) -> None:
    monkeypatch.setitem(sys.modules, "onnxruntime", None)
    with pytest.raises(MissingExtraError, match=r"pip install 'nas\[torch\]'"):
        export(TINY, tmp_path / "x", title="Tiny", objectives=[])
    assert contents(tmp_path) == {}
