"""Operators over small constants → their values: the shape arithmetic that exporters leave behind.

Exporters write `x.shape[1] // 2` as Shape, Gather and Div nodes. No rule makes more elements than
the product of its inputs' elements, so that no file can ask for much work.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from typing import Any

import numpy as np

from nas.graph.onnx.graph import Array

SMALL = 64
"""Elements of the largest constant whose value is kept."""

NUMBERS = "biuf"
"""Kinds of numpy types that are kept; arithmetic over text could grow without bound."""

_Inputs = Sequence[Array]
_Attributes = Mapping[str, Any]


def fold(op: str, inputs: _Inputs, attributes: _Attributes) -> Array | None:
    """The value of an operator over small constants, or None where it is not known.

    `Shape` takes the dimensions of its input in the place of the input.
    """
    if op not in FOLDING:
        return None
    try:
        with np.errstate(all="ignore"):
            value = np.asarray(FOLDING[op](inputs, attributes))
    except (ArithmeticError, IndexError, KeyError, TypeError, ValueError):
        return None  # whoever needs the value reports that it is not known
    return value if value.size <= SMALL and value.dtype.kind in NUMBERS else None


def _divide(inputs: _Inputs, attributes: _Attributes) -> Array:
    left, right = inputs
    if not np.issubdtype(right.dtype, np.integer):
        return np.true_divide(left, right)
    if not np.all(right):
        raise ZeroDivisionError
    exact = np.subtract(left, np.fmod(left, right))  # ONNX rounds towards zero
    return np.asarray(np.floor_divide(exact, right))


def _axes(inputs: _Inputs, attributes: _Attributes) -> tuple[int, ...] | None:
    """Axes from the second input (since opset 13) or the attribute (before)."""
    axes = inputs[1].ravel().tolist() if len(inputs) > 1 else attributes.get("axes")
    return None if axes is None else tuple(map(int, axes))


def _unsqueeze(inputs: _Inputs, attributes: _Attributes) -> Array:
    return np.expand_dims(inputs[0], _axes(inputs, attributes) or ())


def _squeeze(inputs: _Inputs, attributes: _Attributes) -> Array:
    return np.squeeze(inputs[0], _axes(inputs, attributes))


def _slice(inputs: _Inputs, attributes: _Attributes) -> Array:
    """Starts, ends, axes and steps are inputs since opset 10, attributes before."""
    data, *given = inputs
    if not given:
        given = [np.asarray(attributes[name]) for name in ("starts", "ends")]
        given += [np.asarray(attributes["axes"])] if "axes" in attributes else []
    starts, ends = (values.ravel().tolist() for values in given[:2])
    axes = given[2].ravel().tolist() if len(given) > 2 else range(len(starts))
    steps = given[3].ravel().tolist() if len(given) > 3 else [1] * len(starts)
    index = [slice(None)] * data.ndim
    for axis, start, end, step in zip(axes, starts, ends, steps, strict=True):
        index[axis] = slice(start, end, step)
    return data[tuple(index)]


def _filled(inputs: _Inputs, attributes: _Attributes) -> Array:
    from onnx import TensorProto, numpy_helper

    shape, fill = inputs[0].tolist(), attributes.get("value")
    if math.prod(shape) > SMALL:
        raise ValueError("too large to keep")
    if fill is None:
        return np.zeros(shape, np.float32)
    if not isinstance(fill, TensorProto) or fill.data_location == TensorProto.EXTERNAL:
        raise ValueError("not in this file")
    value = numpy_helper.to_array(fill)
    return np.full(shape, value.item(), value.dtype)


def _transpose(inputs: _Inputs, attributes: _Attributes) -> Array:
    return np.transpose(inputs[0], attributes.get("perm"))


def _reshape(inputs: _Inputs, attributes: _Attributes) -> Array:
    data, target = inputs
    dims = [data.shape[axis] if size == 0 else size for axis, size in enumerate(target.tolist())]
    return data.reshape(dims)


def _cast(inputs: _Inputs, attributes: _Attributes) -> Array:
    from onnx import helper

    return inputs[0].astype(helper.tensor_dtype_to_np_dtype(attributes["to"]))


FOLDING: dict[str, Callable[[_Inputs, _Attributes], Array]] = {
    "Add": lambda inputs, _: np.add(*inputs),
    "Sub": lambda inputs, _: np.subtract(*inputs),
    "Mul": lambda inputs, _: np.multiply(*inputs),
    "Div": _divide,
    "Floor": lambda inputs, _: np.floor(inputs[0]),
    "Cast": _cast,
    "Concat": lambda inputs, attributes: np.concatenate(inputs, axis=attributes["axis"]),
    "ConstantOfShape": _filled,
    "Gather": lambda inputs, attributes: np.take(
        inputs[0], inputs[1].astype(np.int64), axis=attributes.get("axis", 0)
    ),
    "Reshape": _reshape,
    "Shape": lambda inputs, attributes: inputs[0][
        attributes.get("start", 0) : attributes.get("end")
    ],
    "Slice": _slice,
    "Squeeze": _squeeze,
    "Transpose": _transpose,
    "Unsqueeze": _unsqueeze,
}
