"""Operators, in float32 or with the scales of int8 → the bytes of a TensorFlow Lite file."""

from __future__ import annotations

from collections.abc import Mapping
from types import ModuleType
from typing import Any

import numpy as np

from nas.errors import MissingExtraError
from nas.measure.tflite_scales import Scale
from nas.measure.tflite_writer import Graph, Operator, Tensor

_INT8_VERSION = {
    "CONV_2D": 3, "DEPTHWISE_CONV_2D": 3, "FULLY_CONNECTED": 12, "HARD_SWISH": 1, "RESHAPE": 1,
    "RELU": 2, "RELU6": 2,
}  # fmt: skip
"""The version of an operator that knows int8 as we use it; 2 where nothing is said."""

_FLOAT_VERSION = {"FULLY_CONNECTED": 5}
"""The same of float32; 1 where nothing is said."""

_OPTIONS = {
    "CONV_2D": "Conv2DOptions", "DEPTHWISE_CONV_2D": "DepthwiseConv2DOptions",
    "FULLY_CONNECTED": "FullyConnectedOptions", "MAX_POOL_2D": "Pool2DOptions",
    "AVERAGE_POOL_2D": "Pool2DOptions", "MEAN": "ReducerOptions", "ADD": "AddOptions",
    "MUL": "MulOptions", "CONCATENATION": "ConcatenationOptions", "SPLIT": "SplitOptions",
}  # fmt: skip
"""Operators that have options → the name of their table in the schema."""

_FILE_VERSION, _FILE_MARK = 3, b"TFL3"
_LAST_OLD_CODE = 127


def tflite_bytes(graph: Graph, scales: Mapping[int, Scale] | None = None) -> bytes:
    """The content of the file.

    Args:
        graph: What is written.
        scales: How tensors are stored in int8; None for float32.

    Raises:
        MissingExtraError: if the schema of TensorFlow Lite is not installed.
    """
    try:
        import flatbuffers
        from ai_edge_litert import schema_py_generated as schema
    except ImportError:
        raise MissingExtraError("writing TensorFlow Lite files", "litert") from None
    codes = sorted({operator.code for operator in graph.operators})
    model, part = schema.ModelT(), schema.SubGraphT()
    model.version, model.description = _FILE_VERSION, "nas"
    model.operatorCodes = [_operator_code(schema, code, scales is not None) for code in codes]
    model.buffers = [schema.BufferT()]  # by agreement the first is empty
    model.subgraphs = [part]
    part.tensors = [
        _tensor(schema, model.buffers, index, tensor, (scales or {}).get(index))
        for index, tensor in enumerate(graph.tensors)
    ]
    part.operators = [_operator(schema, item, codes.index(item.code)) for item in graph.operators]
    part.inputs, part.outputs = [0], [graph.output]
    builder = flatbuffers.Builder()
    builder.Finish(model.Pack(builder), _FILE_MARK)
    return bytes(builder.Output())


def _operator_code(schema: ModuleType, code: str, int8: bool) -> Any:
    made = schema.OperatorCodeT()
    made.builtinCode = getattr(schema.BuiltinOperator, code)
    made.deprecatedBuiltinCode = min(made.builtinCode, _LAST_OLD_CODE)
    made.version = _INT8_VERSION.get(code, 2) if int8 else _FLOAT_VERSION.get(code, 1)
    return made


def _operator(schema: ModuleType, operator: Operator, code: int) -> Any:
    made = schema.OperatorT()
    made.opcodeIndex = code
    made.inputs, made.outputs = list(operator.inputs), list(operator.outputs)
    if operator.code in _OPTIONS:
        name = _OPTIONS[operator.code]
        made.builtinOptionsType = getattr(schema.BuiltinOptions, name)
        made.builtinOptions = getattr(schema, f"{name}T")()
        for field, value in operator.options.items():
            setattr(made.builtinOptions, field, _number(schema, field, value))
    return made


def _number(schema: ModuleType, field: str, value: Any) -> Any:
    """An option as the schema stores it, which has numbers for names."""
    kinds = {
        "padding": schema.Padding,
        "fusedActivationFunction": schema.ActivationFunctionType,
    }
    return getattr(kinds[field], value) if field in kinds else value


def _tensor(
    schema: ModuleType, buffers: list[Any], index: int, tensor: Tensor, scale: Scale | None
) -> Any:
    """A tensor; the values of a constant are appended to the buffers."""
    made, values = schema.TensorT(), tensor.values
    made.name, made.shape = f"tensor{index}", list(tensor.shape)
    dtype = np.dtype(np.float32) if values is None else values.dtype
    if scale is not None:
        dtype = np.dtype(scale.dtype)
        values = None if values is None else scale.stored(values)
        made.quantization = schema.QuantizationParametersT()
        made.quantization.scale = scale.scale
        made.quantization.zeroPoint = np.full(scale.scale.size, scale.zero, np.int64)
        made.quantization.quantizedDimension = scale.axis
    made.type = getattr(schema.TensorType, dtype.name.upper())
    if values is not None:
        buffer = schema.BufferT()
        buffer.data = np.frombuffer(values.tobytes(), np.uint8)
        made.buffer = len(buffers)
        buffers.append(buffer)
    return made
