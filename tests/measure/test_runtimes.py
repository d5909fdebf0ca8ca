"""ONNX Runtime: runs what a file says in float32 and int8, and says what it cannot."""

from __future__ import annotations

import sys
from collections import Counter
from pathlib import Path

import numpy as np
import onnx
import pytest

from nas.errors import InputError, MissingExtraError, UnknownNameError
from nas.graph.network import Precision
from nas.measure.onnx_file import onnx_model
from nas.measure.quantize import quantized
from nas.measure.runtime import Workload, find_runtime
from nas.space.catalog import find_network

SMALL = find_network("mobilenet_v2@0.5/96")


def test_int8_agrees_with_float32_and_runs_integer_operators() -> None:
    workload, runtime = Workload.of(SMALL), find_runtime("onnxruntime")
    outputs = {}
    for precision in runtime.precisions:
        session = runtime.load(workload, precision=precision, batch=2, threads=1)
        (outputs[precision],) = session.run()
        session.close()
    exact, rounded = outputs[Precision.FP32], outputs[Precision.INT8]
    assert exact.shape == rounded.shape == (2, 1000)
    assert np.corrcoef(exact.ravel(), rounded.ravel())[0, 1] > 0.9
    operators = Counter(node.op_type for node in quantized(workload.onnx(1)).graph.node)
    assert operators["QuantizeLinear"] and operators["DequantizeLinear"] > operators["Conv"]


def test_an_onnx_file_is_measured_as_it_is(tmp_path: Path) -> None:
    file = tmp_path / "theirs.onnx"
    onnx.save(onnx_model(Workload.of(SMALL).network, batch=2), file)
    workload, runtime = Workload.named(str(file)), find_runtime("onnxruntime")
    assert workload.network.macs == Workload.of(SMALL).network.macs
    (logits,) = runtime.load(workload, precision=Precision.FP32, batch=2, threads=1).run()
    assert logits.shape == (2, 1000)
    with pytest.raises(InputError, match="`batch` must be the 2 that the file fixes; got 1"):
        runtime.load(workload, precision=Precision.FP32, batch=1, threads=1)


def test_what_cannot_run_is_said(monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(UnknownNameError, match="`runtime` must be one of .*onnxruntime"):
        find_runtime("onnxruntme")
    runtime = find_runtime("onnxruntime")
    with pytest.raises(InputError, match="`precision` must be one of fp32, int8"):
        runtime.load(Workload.of(SMALL), precision=Precision.FP16, batch=1, threads=1)
    monkeypatch.setitem(sys.modules, "onnxruntime", None)
    with pytest.raises(MissingExtraError, match=r"pip install 'nas\[measure\]'"):
        runtime.versions()
