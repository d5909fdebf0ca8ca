"""A float32 ONNX model → its static int8 form, as ONNX Runtime's own quantiser makes it.

Quantise-dequantise pairs around every operator, unsigned activations, signed weights with a scale
for each output channel: what is deployed on x86 and Arm processors. Why the scales are widened
here: the quantiser takes each channel in turn, which is two thirds of the time of a measurement.
"""

from __future__ import annotations

import logging
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from nas.errors import MissingExtraError
from nas.measure.onnx_file import image_of

if TYPE_CHECKING:
    from onnx import GraphProto, ModelProto, NodeProto

_LARGEST = 127
"""Of a signed weight; the range is symmetric."""


def quantized(model: ModelProto) -> ModelProto:
    """The int8 form, its ranges taken from one random batch.

    Raises:
        MissingExtraError: if onnxruntime is not installed.
    """
    try:
        import onnx
        from onnxruntime.quantization import QuantFormat, QuantType, quantize_static
    except ImportError:
        raise MissingExtraError("measuring int8 networks", "measure") from None
    taken = onnx.ModelProto()
    taken.CopyFrom(model)  # the quantiser moves the weights of what it is given to a file
    with tempfile.TemporaryDirectory(prefix="nas-int8-") as folder, _quiet():
        file = Path(folder) / "int8.onnx"
        quantize_static(
            taken,
            file,
            _OneBatch(model),
            quant_format=QuantFormat.QDQ,
            activation_type=QuantType.QUInt8,
            weight_type=QuantType.QInt8,
            per_channel=False,
        )
        made = onnx.load(file)
    _Widening(model.graph, made.graph).widen()
    return made


class _Widening:
    """Gives the weights of a quantised graph a scale for each output channel.

    Args:
        floats: The graph with the weights as they were.
        made: The graph to change, as the quantiser names what is in it.
    """

    def __init__(self, floats: GraphProto, made: GraphProto) -> None:
        from onnx import numpy_helper

        self._floats = {item.name: item for item in floats.initializer}
        self._made = {item.name: item for item in made.initializer}
        self._writers = {output: node for node in made.node for output in node.output}
        self._nodes = made.node
        self._read = numpy_helper.to_array
        self._proto = numpy_helper.from_array

    def widen(self) -> None:
        """Change every convolution and linear layer."""
        for node in self._nodes:
            if node.op_type in ("Conv", "Gemm"):
                weight = self._writers.get(node.input[1])
                if weight is not None and weight.op_type == "DequantizeLinear":
                    self._layer(node, weight)

    def _layer(self, node: NodeProto, weight: NodeProto) -> None:
        values = self._float(weight)
        largest = np.abs(values).reshape(len(values), -1).max(axis=1)
        scales = (np.where(largest > 0, largest, 1.0) / _LARGEST).astype(np.float32)
        column = scales.reshape(-1, *(1,) * (values.ndim - 1))
        self._replace(weight, np.rint(values / column).astype(np.int8), scales)
        if len(node.input) > 2:
            source, bias = self._writers[node.input[0]], self._writers[node.input[2]]
            of_input = self._read(self._made[source.input[1]]).item()
            scales = scales * np.float32(of_input)
            self._replace(bias, np.rint(self._float(bias) / scales).astype(np.int32), scales)

    def _float(self, node: NodeProto) -> NDArray[np.float32]:
        """What a dequantising node approximates."""
        name = node.input[0].removesuffix("_quantized")
        values: NDArray[np.float32] = self._read(self._floats[name])
        return values

    def _replace(self, node: NodeProto, values: NDArray[Any], scales: NDArray[np.float32]) -> None:
        from onnx import helper

        zeros = np.zeros(len(scales), values.dtype)
        for name, array in zip(node.input, (values, scales, zeros), strict=True):
            self._made[name].CopyFrom(self._proto(array, name))
        del node.attribute[:]
        node.attribute.append(helper.make_attribute("axis", 0))


class _OneBatch:
    """A calibration reader of a single random batch."""

    def __init__(self, model: ModelProto) -> None:
        image = image_of(model)
        shape = [dim.dim_value for dim in image.type.tensor_type.shape.dim]
        images = np.random.default_rng(0).standard_normal(shape, np.float32)
        self._left: list[dict[str, Any]] = [{image.name: images}]

    def get_next(self) -> dict[str, Any] | None:
        """The next batch, None when there is none."""
        return self._left.pop() if self._left else None


@contextmanager
def _quiet() -> Iterator[None]:
    """Keep the quantiser's advice, which goes to the root logger, off a user's terminal."""
    level = logging.root.manager.disable
    logging.disable(logging.WARNING)
    try:
        yield
    finally:
        logging.disable(level)
