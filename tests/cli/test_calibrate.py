"""`nas calibrate`: from a log, from this machine and from a kit; nothing is replaced silently."""

from __future__ import annotations

import json
import re
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from nas.cost.log import Measured, read_log
from nas.cost.log_columns import CONTEXT
from nas.cost.log_writing import append_row, write_log
from nas.graph.lower import lower
from nas.space.architecture import Architecture
from nas.space.catalog import find_space
from tests.cli.conftest import Run, Start
from tests.waiting import PATIENCE_S


def drawn(count: int) -> list[Architecture]:
    space = find_space("mnasnet")
    return [space.architecture(code) for code in space.sample(count, seed=0)]


@pytest.fixture
def log(tmp_path: Path) -> Path:
    """Measurements of a device on which a network takes a nanosecond for each MAC."""
    file = tmp_path / "log.csv"
    rows = [
        Measured.of(network, lower(network).macs / 1e6, None, f"group {index % 4}")
        for index, network in enumerate(drawn(40))
    ]
    write_log(file, rows)
    return file


@pytest.fixture
def own(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Where a person's own models and logs go."""
    monkeypatch.setenv("XDG_DATA_HOME", str(tmp_path / "own"))
    return tmp_path / "own" / "nas"


MINE = ("--device", "my-board", "--runtime", "mine")


def test_a_device_of_ones_own_is_known_to_every_verb(run: Run, log: Path, own: Path) -> None:
    done = run("calibrate", *MINE, "--measurements", log)
    assert done.code == 0, done.err
    assert "my-board (mine, fp32, batch 1)" in done.out
    assert re.search(r"latency +40 +\d+\.\d% +\d+% +\d+% +[\d.]+ +\d+%", done.out)
    assert re.search(r"The error (still|hardly) falls", done.out)
    assert (own / "latency_models" / "my-board").is_dir()
    listed = {row["device"]: row for row in run("devices", "--json").json()}
    assert listed["my-board"]["evidence"]["samples"] == 40
    (cost,) = run("cost", "mnasnet_b1", "--device", "my-board", "--json").json()
    # Its ReLUs were never measured on this device, whose networks have swish.
    assert cost["latency_ms"] == pytest.approx(cost["macs"] / 1e6, rel=0.1)
    searched = run("search", "--space", "mnasnet", "--device", "my-board", "--evaluations", 40)
    assert searched.code == 0, searched.err


def test_a_model_is_replaced_only_when_that_is_said(run: Run, log: Path, tmp_path: Path) -> None:
    options = [*MINE, "--measurements", log, "--to", tmp_path]
    assert run("calibrate", *options).code == 0
    (file,) = (tmp_path / "my-board").iterdir()
    before = file.read_text()
    refused = run("calibrate", *options)
    assert refused.code == 2
    assert "must not exist yet; give --force" in refused.err
    assert file.read_text() == before
    assert run("calibrate", *options, "--force").code == 0


def test_the_next_networks_to_measure_are_new_ones(run: Run, log: Path, own: Path) -> None:
    options = [*MINE, "--measurements", log, "--suggest", 4]
    found = run("calibrate", *options, "--json").json()
    assert found["held_out"]["latency"]["networks"] == 40
    assert 0 <= found["held_out"]["latency"]["interval_coverage"] <= 1
    assert len(set(found["suggested"])) == 4
    assert not set(found["suggested"]) & {row.name for row in read_log(log).rows}
    only = run("calibrate", *options, "--force", "--space", "fbnet", "--json").json()
    assert all(text.startswith("image 3x224x224 | conv k3 s2 c16") for text in only["suggested"])


def test_a_log_that_says_all_needs_no_options(run: Run, own: Path, tmp_path: Path) -> None:
    said = dict(zip(CONTEXT, ("rock-5", "ncnn", "int8", 1, 4), strict=True))
    for network in drawn(6):
        append_row(
            tmp_path / "rock.csv",
            {"network": network.text, "latency_ms": lower(network).macs / 1e6, **said},
        )
    found = run("calibrate", "--measurements", "rock.csv", "--json")
    assert found.code == 0, found.err
    assert {name: found.json()[name] for name in CONTEXT} == said
    for option, value, rule in (
        ("--precision", "fp32", "`--precision` must be int8, as the log says; got fp32"),
        ("--device", "rock-4", "`--device` must be rock-5, as the log says; got rock-4"),
        ("--threads", 2, "`--threads` must be 4, as the log says; got 2"),
    ):
        refused = run("calibrate", "--measurements", "rock.csv", option, value)
        assert refused.code == 2 and rule in refused.err


def test_what_is_missing_or_too_much_is_named(run: Run, log: Path) -> None:
    for arguments, rule in (
        (["--device", "a"], "must be given --measurements LOG or --measure, one of them; got nei"),
        (["--measure", "--measurements", log], "one of them; got both"),
        (["--measurements", log], "`--device` must be given where the log has no column"),
        (["--measurements", log, "--device", "a"], "`--runtime` must be given"),
        ([*MINE, "--measurements", log, "--device", "A b"], "`--device` must be lower-case"),
        (["--measure", "--runtime", "onxruntime"], "`runtime` must be one of"),
        (["--measure", "--precision", "fp16"], "`precision` must be one of fp32, int8"),
        (["kit", "--device", "../x", "--to", "kit"], "`--device` must be lower-case"),
        (["kit", "--device", "x", "--to", "kit", "--runtime", "torch"], "must be onnxruntime or"),
    ):
        refused = run("calibrate", *arguments)
        assert refused.code == 2
        assert rule in refused.err


def test_this_machine_is_measured_resumed_after_an_interrupt_and_known(
    start: Start, run: Run, own: Path, tmp_path: Path
) -> None:
    measure = ("calibrate", "--measure", "--space", "fbnet_cifar100", "--minutes")
    environment = {"XDG_DATA_HOME": str(own.parent)}
    process = start(*measure, 10, cwd=tmp_path, env=environment)
    file = own / "measurements" / "this-machine" / "onnxruntime-fp32-b1-t1.csv"
    deadline = time.monotonic() + PATIENCE_S
    while not file.exists() or len(file.read_text().splitlines()) < 5:
        assert process.poll() is None and time.monotonic() < deadline
        time.sleep(0.05)
    process.send_signal(signal.SIGINT)
    _, complaint = process.communicate(timeout=PATIENCE_S)
    assert process.returncode == 130
    assert "Traceback" not in complaint and "run it again to go on" in complaint
    before, log = file.read_text(), read_log(file, least=0)
    done = run(*measure, log.took_s / 60 + 0.05, "--json")
    assert done.code == 0, done.err
    assert file.read_text().startswith(before.rpartition("\n")[0]), "what was measured stays"
    found = done.json()
    assert found["held_out"]["latency"]["networks"] == len(read_log(file).rows) > len(log.rows)
    assert Path(found["file"]).is_relative_to(own)
    assert run("cost", "mobilenet_v2", "--device", "this-machine").code == 0


def test_a_kit_goes_out_and_its_log_comes_back(run: Run, own: Path, tmp_path: Path) -> None:
    done = run("calibrate", "kit", "--device", "far-board", "--to", "kit", "--count", 4,
               "--space", "nas_bench_macro", "--precision", "int8")  # fmt: skip
    assert done.code == 0, done.err
    kit = json.loads((tmp_path / "kit" / "kit.json").read_text())
    assert len({network["name"] for network in kit["networks"]}) == 4
    script = [sys.executable, tmp_path / "kit" / "measure.py"]
    measured = subprocess.run(script, capture_output=True, text=True, timeout=PATIENCE_S)
    assert measured.returncode == 0, measured.stdout + measured.stderr
    back = run("calibrate", "--measurements", tmp_path / "kit" / "log.csv", "--json")
    assert back.code == 0, back.err
    said = {name: back.json()[name] for name in ("device", "runtime", "precision", "threads")}
    assert list(said.values()) == ["far-board", "onnxruntime", "int8", 1]
    again = run("calibrate", "kit", "--device", "far-board", "--to", "kit", "--count", 4)
    assert again.code == 2 and "must be a new or empty folder" in again.err
