"""What holds of every runtime: it computes what ONNX Runtime does, in time, or says why not."""

from __future__ import annotations

import subprocess
import sys
from importlib.util import find_spec
from pathlib import Path

import numpy as np
import onnx
import pytest
from numpy.typing import NDArray

from nas.errors import InputError, MissingExtraError
from nas.graph.network import Precision
from nas.measure.onnx_file import onnx_model
from nas.measure.runtime import Session, Workload, find_runtime
from nas.measure.timing import Timing, time_runs
from nas.space.architecture import parse
from tests.measure.test_onnx_file import EVERY_BLOCK

PACKAGES = {"openvino": "openvino", "litert": "ai_edge_litert", "ncnn": "ncnn"}
EVERY = Workload.of(parse(EVERY_BLOCK))
ALIKE = 0.98
"""Correlation of int8 with float32 at least: with rounding errors alone it is above 0.999, but
x86 processors that have no int8 dot products add in 16 bits, and there large sums saturate."""

QUICK = Timing(warm_up_s=0.0, round_s=0.005, rounds=2, spread=1.0, budget_s=0.5)


def need(name: str) -> None:
    """Skip where it is not installed; nothing is imported, since OpenVINO would report that."""
    if find_spec(PACKAGES.get(name, "onnxruntime")) is None:
        pytest.skip(f"{name} is not installed")


def session(
    name: str, precision: Precision, workload: Workload = EVERY, *, batch: int = 1
) -> Session:
    need(name)
    runtime = find_runtime(name)
    return runtime.load(workload, precision=precision, batch=batch, threads=1)


def logits(name: str, precision: Precision, *, batch: int = 1) -> NDArray[np.float32]:
    opened = session(name, precision, batch=batch)
    outputs = opened.run()
    assert isinstance(outputs, list)
    found = np.asarray(outputs[0]).reshape(batch, -1).copy()
    opened.close()
    return found


@pytest.mark.parametrize("name", PACKAGES)
def test_it_computes_what_onnx_runtime_does(name: str) -> None:
    expected = logits("onnxruntime", Precision.FP32)
    found = logits(name, Precision.FP32)
    assert np.abs(found - expected).max() < 1e-5 * np.abs(expected).max()


@pytest.mark.parametrize("name", PACKAGES)
def test_int8_is_close_to_float32(name: str) -> None:
    expected, found = logits(name, Precision.FP32), logits(name, Precision.INT8)
    assert np.abs(found - expected).max() > 1e-3, "it was computed in float32"
    assert np.corrcoef(found.ravel(), expected.ravel())[0, 1] > ALIKE


@pytest.mark.parametrize("name", ["openvino", "litert"])
@pytest.mark.parametrize("precision", [Precision.FP32, Precision.INT8])
def test_batches_are_run_as_single_images_are(name: str, precision: Precision) -> None:
    """The images are drawn in order: the first of a batch is the one that is run alone."""
    alone, batch = logits(name, precision), logits(name, precision, batch=3)
    assert np.corrcoef(alone[0], batch[0])[0, 1] > 0.99
    assert np.corrcoef(alone[0], batch[1])[0, 1] < 0.99


@pytest.mark.parametrize("name", PACKAGES)
@pytest.mark.parametrize("precision", [Precision.FP32, Precision.INT8])
@pytest.mark.parametrize(
    "text",
    [
        "image 32x14x14 | conv k1 c64 relu",
        "image 32x15x15 | maxpool k3 s2",
        "image 24x15x15 | conv k5 s2 c24 g24 p0 swish",
        "image 24x16x16 | conv k3 s2 c32 g2",
        "image 96x7x7 | pool",
        "image 96x7x7 | pool | conv k3 c32 hswish | mb k3 h64 c32 se8:relu:hsigmoid",
        "image 8x4x4 | basic k3 c8 relu6 | basic k3 c8 hswish",
    ],
)
def test_a_small_network_is_measured(name: str, precision: Precision, text: str) -> None:
    workload = Workload.of(parse(text))
    opened = session(name, precision, workload)
    reading = time_runs(opened.run, QUICK)
    (found,) = opened.run()  # type: ignore[misc]
    opened.close()
    assert 0 < reading.latency_ms < 100
    (expected,) = session("onnxruntime", Precision.FP32, workload).run()  # type: ignore[misc]
    found = np.asarray(found)
    if name == "litert" and found.ndim == 4:  # its images have the channels last
        found = found.transpose(0, 3, 1, 2)
    assert np.corrcoef(found.ravel(), np.asarray(expected).ravel())[0, 1] > ALIKE


@pytest.mark.parametrize("name", PACKAGES)
def test_versions_name_what_was_run(name: str) -> None:
    need(name)
    versions = find_runtime(name).versions()
    assert set(versions) == {"nas", PACKAGES[name].replace("_", "-")}


@pytest.mark.parametrize("name", PACKAGES)
def test_a_missing_package_is_named(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, PACKAGES[name], None)
    runtime = find_runtime(name)
    with pytest.raises(MissingExtraError, match=rf"pip install 'nas\[{name}\]'"):
        runtime.versions()
    with pytest.raises(MissingExtraError, match=rf"pip install 'nas\[{name}\]'"):
        runtime.load(EVERY, precision=Precision.FP32, batch=1, threads=1)


def test_openvino_runs_files_of_others(tmp_path: Path) -> None:
    onnx.save(onnx_model(EVERY.network, batch=1), tmp_path / "theirs.onnx")
    workload = Workload.named(str(tmp_path / "theirs.onnx"))
    (found,) = session("openvino", Precision.FP32, workload).run()  # type: ignore[misc]
    assert np.allclose(found, logits("openvino", Precision.FP32), rtol=1e-4, atol=1e-4)


def test_openvino_reports_nothing_to_its_makers() -> None:
    need("openvino")
    program = (
        "import sys; from nas.measure.runtime import find_runtime; "
        "find_runtime('openvino').versions(); "
        "sys.exit(any(name.startswith('openvino_telemetry') for name in sys.modules))"
    )
    subprocess.run([sys.executable, "-c", program], check=True)


@pytest.mark.parametrize("name", ["litert", "ncnn", "torch"])
def test_what_cannot_be_run_is_said(name: str, tmp_path: Path) -> None:
    onnx.save(onnx_model(EVERY.network, batch=1), tmp_path / "theirs.onnx")
    file = Workload.named(str(tmp_path / "theirs.onnx"))
    with pytest.raises(InputError, match=f"`network` must be architecture text for {name}"):
        session(name, Precision.FP32, file)
    with pytest.raises(InputError, match=f"`precision` must be one of .* for {name}; got fp16"):
        session(name, Precision.FP16)


def test_ncnn_runs_single_images() -> None:
    with pytest.raises(InputError, match="`batch` must be 1 for ncnn"):
        session("ncnn", Precision.FP32, batch=2)
