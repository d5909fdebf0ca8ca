"""Arithmetic over constants, against what ONNX says, and its bounds."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from onnx import TensorProto, numpy_helper

from nas.graph.onnx.constants import SMALL, fold

PAIR, EIGHT = np.array([2, 3]), np.arange(8)
CASES: dict[str, tuple[str, list[Any], dict[str, Any], Any]] = {
    "add": ("Add", [PAIR, 1], {}, [3, 4]),
    "subtract": ("Sub", [PAIR, 1], {}, [1, 2]),
    "multiply": ("Mul", [PAIR, PAIR], {}, [4, 9]),
    "divide_towards_zero": ("Div", [[7, -7, 7, -7], [2, 2, -2, -2]], {}, [3, -3, -3, 3]),
    "divide_floats": ("Div", [[1.0], [4.0]], {}, [0.25]),
    "divide_by_nothing": ("Div", [[1], [0]], {}, None),
    "floor": ("Floor", [[1.5, -1.5]], {}, [1, -2]),
    "cast": ("Cast", [[1.9]], {"to": TensorProto.INT64}, [1]),
    "cast_to_text": ("Cast", [[1.9]], {"to": TensorProto.STRING}, None),
    "concat": ("Concat", [PAIR, PAIR], {"axis": 0}, [2, 3, 2, 3]),
    "fill": ("ConstantOfShape", [PAIR], {}, np.zeros((2, 3))),
    "fill_with": (
        "ConstantOfShape",
        [[2]],
        {"value": numpy_helper.from_array(np.array([7]))},
        [7, 7],
    ),
    "fill_too_much": ("ConstantOfShape", [[SMALL + 1]], {}, None),
    "fill_from_elsewhere": (
        "ConstantOfShape",
        [[1]],
        {"value": TensorProto(dims=[1], data_type=1, data_location=TensorProto.EXTERNAL)},
        None,
    ),
    "gather": ("Gather", [EIGHT, -1], {}, 7),
    "gather_columns": ("Gather", [[[1, 2], [3, 4]], [1]], {"axis": 1}, [[2], [4]]),
    "gather_outside": ("Gather", [PAIR, 5], {}, None),
    "reshape": ("Reshape", [[[1, 2], [3, 4]], [0, 1, -1]], {}, [[[1, 2]], [[3, 4]]]),
    "shape": ("Shape", [[1, 3, 8, 8]], {}, [1, 3, 8, 8]),
    "shape_part": ("Shape", [[1, 3, 8, 8]], {"start": 1, "end": -1}, [3, 8]),
    "shape_badly": ("Shape", [[1, 3, 8, 8]], {"start": b"first"}, None),
    "slice": ("Slice", [EIGHT, [1], [7], [0], [2]], {}, [1, 3, 5]),
    "slice_without_axes": ("Slice", [EIGHT, [-3], [2**62]], {}, [5, 6, 7]),
    "slice_backwards": ("Slice", [EIGHT, [-1], [-(2**62)], [0], [-4]], {}, [7, 3]),
    "slice_attributes": ("Slice", [EIGHT], {"starts": [1], "ends": [3], "axes": [0]}, [1, 2]),
    "squeeze": ("Squeeze", [[[1]]], {}, 1),
    "squeeze_axis": ("Squeeze", [[[1]], [0]], {}, [1]),
    "squeeze_attribute": ("Squeeze", [[[1, 2]]], {"axes": [0]}, [1, 2]),
    "transpose": ("Transpose", [[[1, 2, 3]]], {}, [[1], [2], [3]]),
    "unsqueeze": ("Unsqueeze", [5, [0, 1]], {}, [[5]]),
    "unsqueeze_attribute": ("Unsqueeze", [5], {"axes": [0]}, [5]),
    "unknown": ("Einsum", [PAIR], {}, None),
    "too_large": ("Concat", [np.zeros(SMALL), PAIR], {"axis": 0}, None),
    "no_inputs": ("Squeeze", [], {}, None),
}


@pytest.mark.parametrize(("op", "inputs", "attributes", "value"), CASES.values(), ids=CASES)
def test_values(op, inputs, attributes, value) -> None:
    found = fold(op, [np.asarray(item) for item in inputs], attributes)
    if value is None:
        assert found is None
        return
    assert found is not None
    assert found.shape == np.shape(value)
    assert np.array_equal(found, value)


def test_text_cannot_grow() -> None:
    text = np.array(["ab"], dtype=object)
    assert fold("Add", [text, text], {}) is None
