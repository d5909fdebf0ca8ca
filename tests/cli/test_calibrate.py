"""`nas calibrate`: a device of one's own is known to every verb, and replaces nothing silently."""

from __future__ import annotations

from pathlib import Path

import pytest

from nas.cost.log import Measured
from nas.cost.log_writing import write_log
from nas.graph.lower import lower
from nas.space.catalog import find_space
from tests.cli.conftest import Run


@pytest.fixture
def log(tmp_path: Path) -> Path:
    """Measurements of a device on which a network takes a nanosecond for each MAC."""
    space = find_space("mnasnet")
    networks = [space.architecture(code) for code in space.sample(40, seed=0)]
    file = tmp_path / "log.csv"
    write_log(file, [Measured.of(n, lower(n).macs / 1e6, None, n.id) for n in networks])
    return file


def test_a_device_of_ones_own_is_known_to_every_verb(
    run: Run, log: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("XDG_DATA_HOME", str(tmp_path / "own"))
    options = ["--device", "my-board", "--runtime", "mine", "--measurements", log]
    done = run("calibrate", *options)
    assert done.code == 0, done.err
    assert (tmp_path / "own" / "nas" / "latency_models" / "my-board").is_dir()
    listed = {row["device"]: row for row in run("devices", "--json").json()}
    assert listed["my-board"]["evidence"]["samples"] == 40
    assert "own calibration" in run("devices").out
    (cost,) = run("cost", "mnasnet_b1", "--device", "my-board", "--json").json()
    assert cost["latency_ms"] == pytest.approx(cost["macs"] / 1e6, rel=0.05)
    searched = run("search", "--space", "mnasnet", "--device", "my-board", "--evaluations", 40)
    assert searched.code == 0, searched.err


def test_a_model_is_replaced_only_when_that_is_said(run: Run, log: Path, tmp_path: Path) -> None:
    options = [
        "--device",
        "my-board",
        "--runtime",
        "mine",
        "--measurements",
        log,
        "--to",
        tmp_path,
    ]
    assert run("calibrate", *options).code == 0
    (file,) = (tmp_path / "my-board").iterdir()
    before = file.read_text()
    refused = run("calibrate", *options)
    assert refused.code == 2
    assert "must not exist yet; give --force" in refused.err
    assert file.read_text() == before
    assert run("calibrate", *options, "--force").code == 0
