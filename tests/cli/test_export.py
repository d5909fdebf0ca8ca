"""`nas export`: the picked network as files that need nothing of ours."""

from __future__ import annotations

import importlib.util
import json
import sys
from pathlib import Path

import pytest

from nas.space.architecture import Architecture
from nas.space.catalog import find_network
from tests.cli.conftest import Run

pytest.importorskip("torch", reason="needs the torch extra")

FILES = {"model.py", "model.onnx", "architecture.json", "README.md"}


def parameters_of(folder: Path, monkeypatch: pytest.MonkeyPatch) -> int:
    """Parameters of the exported network, imported where there is no `nas`."""
    for name in [name for name in sys.modules if name.split(".")[0] == "nas"]:
        monkeypatch.setitem(sys.modules, name, None)
    spec = importlib.util.spec_from_file_location("model", folder / "model.py")
    assert spec is not None and spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return sum(parameter.numel() for parameter in module.Network().parameters())


def test_a_reference_network(run: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "out").mkdir()
    name = "squeezenet_1_1/64"
    done = run("export", name, "--device", "jetson-tx2", "--to", "out")
    assert done.code == 0, done.err
    assert "model.onnx" in done.out and "largest difference" in done.out
    assert {path.name for path in (tmp_path / "out").iterdir()} == FILES
    (cost,) = run("cost", name, "--device", "jetson-tx2", "--json").json()
    readme = (tmp_path / "out" / "README.md").read_text(encoding="utf-8")
    assert "latency_ms on jetson-tx2" in readme and "energy_mj on jetson-tx2" in readme
    stored = json.loads((tmp_path / "out" / "architecture.json").read_text(encoding="utf-8"))
    assert stored["id"] == find_network(name).id
    again = run("cost", "out/architecture.json", "--device", "jetson-tx2", "--json").json()[0]
    assert again["latency_ms"] == cost["latency_ms"]

    before = {path.name: path.read_bytes() for path in (tmp_path / "out").iterdir()}
    refused = run("export", name, "--to", "out")
    assert refused.code == 2 and "--force" in refused.err
    assert {path.name: path.read_bytes() for path in (tmp_path / "out").iterdir()} == before
    assert parameters_of(tmp_path / "out", monkeypatch) == cost["parameters"]


def test_the_knee_of_a_study(run: Run, studied: Path, tmp_path: Path) -> None:
    done = run(
        "export", "board", "--pick", "knee", "--to", "out", "--json", "--db", studied / "nas.db"
    )
    assert done.code == 0, done.err
    report = done.json()
    assert report["onnx_max_abs_error"] < 1e-4
    assert {Path(file).name for file in report["files"]} == FILES
    readme = (tmp_path / "out" / "README.md").read_text(encoding="utf-8")
    front = run("front", "board", "--json", "--db", studied / "nas.db").json()["front"]
    (point,) = [point for point in front if point["id"] == report["id"]]
    assert point["architecture"] in readme
    assert "latency_ms" in readme and "energy_mj" in readme and "accuracy" in readme


def test_every_way_to_pick(
    run: Run, studied: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Which network is picked; that files are written from it is tested above."""
    from nas.export import ExportReport

    picked: list[str] = []

    def note(architecture: Architecture, folder: Path, **_: object) -> ExportReport:
        picked.append(architecture.id)
        return ExportReport(folder, (), 0.0)

    monkeypatch.setattr("nas.export.export", note)
    database = ("--db", studied / "nas.db")
    front = run("front", "board", "--json", *database).json()["front"]
    third = front[2]["id"]
    for pick in ("fastest", "most-accurate", "3", third):
        assert run("export", "board", "--pick", pick, "--to", "out", *database).code == 0
    assert run("export", third, "--to", "out", *database).code == 0
    fastest = min(front, key=lambda point: point["latency_ms"])["id"]
    best = max(front, key=lambda point: point["accuracy"])["id"]
    assert picked == [fastest, best, third, third, third]


def test_a_network_beyond_the_memory_is_one_message(
    run: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(*_: object, **__: object) -> None:
        raise RuntimeError("DefaultCPUAllocator: can't allocate memory: you tried ...")

    monkeypatch.setattr("nas.export.export", fail)
    done = run("export", "mobilenet_v2/99999", "--to", "out")
    assert done.code == 2
    assert done.err.startswith("error: ") and "99999 px" in done.err
