"""How shipped models are made: which rows, with which evidence, and what is left out."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from benchmarks.fittable import Fittable, block_devices, boards
from benchmarks.shipped_devices import fit_devices, rows_sha256
from nas.cost.artefact import read_model
from nas.cost.law import Origin
from nas.cost.log import Measured
from nas.cost.model import ModelKey
from nas.cost.profile import find_device
from nas.graph.network import Precision
from nas.space.catalog import find_network

NETWORKS = ("mobilenet_v1", "mobilenet_v2", "mnasnet_b1", "resnet18", "squeezenet_1_1")
KEY = ModelKey("raspberry-pi-5", "ncnn", Precision.FP32, 1, 4)


def rows(disorder: float) -> list[Measured]:
    """Networks whose time follows their work, but for random factors of so many decades."""
    made, rng = [], np.random.default_rng(1)
    for place, name in enumerate(NETWORKS * 3):
        size = (160, 192, 224)[place // len(NETWORKS)]
        row = Measured.of(find_network(f"{name}/{size}"), 1.0, None, name)
        factor = 10 ** rng.uniform(-disorder, disorder)
        made.append(Measured(row.name, row.network, factor * row.network.macs / 1e7, None, name))
    return made


def fit(
    monkeypatch: pytest.MonkeyPatch, to: Path, candidate: Fittable, only: str = "raspberry"
) -> None:
    other = replace(candidate, key=replace(KEY, device="jetson-tx2"), rows=rows(0.0))
    monkeypatch.setattr(
        "benchmarks.shipped_devices.fittable_devices", lambda data: [candidate, other]
    )
    fit_devices(Path("nowhere"), to, only)


def test_a_model_carries_the_evidence_of_its_rows(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    candidate = Fittable(KEY, rows(0.0), "a source", "BSD-3-Clause", notes="a note")
    fit(monkeypatch, tmp_path, candidate)
    stored = read_model(tmp_path / "raspberry-pi-5" / "ncnn-fp32-b1-t4.json")
    evidence = stored.evidence
    assert (evidence.source, evidence.licence, evidence.notes) == (
        "a source",
        "BSD-3-Clause",
        "a note",
    )
    assert evidence.samples == 15
    assert evidence.log_sha256 == rows_sha256(candidate.rows) != rows_sha256(rows(0.1))
    assert stored.model.latency.origin is Origin.MEASURED
    assert "held-out median" in capsys.readouterr().out


def test_a_model_beyond_use_is_left_out_with_its_error(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    fit(monkeypatch, tmp_path, Fittable(KEY, rows(0.0), "a source", "MIT"))
    assert list(tmp_path.rglob("*.json"))
    capsys.readouterr()
    fit(monkeypatch, tmp_path, Fittable(KEY, rows(2.0), "a source", "MIT"))
    assert not list(tmp_path.rglob("*.json")), "nor does what an earlier fit left stay"
    assert capsys.readouterr().out.startswith("left out: raspberry-pi-5 (ncnn, fp32")


def test_only_the_devices_asked_for_are_fitted(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    fit(monkeypatch, tmp_path, Fittable(KEY, rows(0.0), "a source", "MIT"), only="orin")
    assert not list(tmp_path.rglob("*.json"))


def test_blocks_and_boards_are_offered_once_per_key(data_dir: Path) -> None:
    found = [*block_devices(data_dir), *boards(data_dir)]
    keys = [candidate.key for candidate in found]
    assert len(keys) == len(set(keys)) > 250
    for candidate in found:
        assert find_device(candidate.key.device).title
        assert 4 <= len(candidate.rows) <= 225
        assert len({row.group for row in candidate.rows}) >= 2
        assert candidate.licence in ("MIT", "BSD-3-Clause")
        assert candidate.per_run == (candidate.key.runtime.startswith("ncnn"))
