"""The int8 form: bit for bit what ONNX Runtime's quantiser makes channel by channel."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from onnx import ModelProto, load, numpy_helper
from onnxruntime.quantization import QuantFormat, QuantType, quantize_static

from nas.measure.quantize import _OneBatch, _quiet, quantized
from nas.measure.runtime import Workload
from nas.space.architecture import parse
from tests.measure.test_onnx_file import EVERY_BLOCK, optimised, write


def by_the_quantiser(model: ModelProto, folder: Path) -> ModelProto:
    with _quiet():
        quantize_static(
            model,
            folder / "theirs.onnx",
            _OneBatch(model),
            quant_format=QuantFormat.QDQ,
            activation_type=QuantType.QUInt8,
            weight_type=QuantType.QInt8,
            per_channel=True,
        )
    return load(folder / "theirs.onnx")


@pytest.mark.parametrize(
    "text",
    [EVERY_BLOCK, "image 3x64x64 | conv k3 s2 c16 hswish | mb k5 h48 c16 se8:relu:hsigmoid"],
)
def test_the_int8_form_is_the_quantisers_own(text: str, tmp_path: Path) -> None:
    workload = Workload.of(parse(text))
    model = workload.onnx(1)
    ours, theirs = quantized(model), by_the_quantiser(workload.onnx(1), tmp_path)
    assert model == workload.onnx(1), "what is quantised is left alone"
    assert [
        (node.op_type, node.input, node.output, {a.name: a for a in node.attribute})
        for node in ours.graph.node
    ] == [
        (node.op_type, node.input, node.output, {a.name: a for a in node.attribute})
        for node in theirs.graph.node
    ]
    values = {item.name: numpy_helper.to_array(item) for item in ours.graph.initializer}
    for item in theirs.graph.initializer:
        expected = numpy_helper.to_array(item)
        assert values[item.name].shape == expected.shape, item.name
        assert np.allclose(values[item.name], expected, rtol=1e-6, atol=1), item.name
        if expected.dtype == np.float32:
            assert np.allclose(values[item.name], expected, rtol=1e-6), item.name
    folder = tmp_path / "ours"
    folder.mkdir()
    ops = optimised(write(ours, folder), folder)
    assert ops == optimised(tmp_path / "theirs.onnx", tmp_path)
    assert ops["com.microsoft.QLinearConv"] > 0
