"""Files that cannot be read: each is one clear error, and nothing else ever comes out."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import onnx
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from onnx import NodeProto, TensorProto

from nas.errors import GraphImportError, InputError
from nas.graph.onnx import reading
from nas.graph.onnx.rules import RULES, from_onnx
from tests.graph.onnx.models import conv, model, node

RELU = [node("Relu", "x", "y")]
CONV = conv("x w", "c")
END = node("Relu", "c", "y")
WEIGHTS = {"w": (4, 3, 3, 3)}


def refusal(nodes: Sequence[NodeProto], tmp_path: Path, **parts: Any) -> str:
    return refused(model(nodes, **parts).SerializeToString(), tmp_path)


def refused(data: bytes, tmp_path: Path) -> str:
    """The message for a file of these bytes."""
    file = tmp_path / "network.onnx"
    file.write_bytes(data)
    with pytest.raises(GraphImportError) as caught:
        from_onnx(file)
    message = str(caught.value)
    assert message.startswith("network.onnx: ")
    assert "\n" not in message
    return message


@pytest.mark.parametrize(
    "data",
    [
        b"",
        b"a text file that someone renamed\n" * 20,
        b"\x89PNG\r\n\x1a\n" + bytes(100),
        model([CONV, END], weights=WEIGHTS).SerializeToString()[:200],
        onnx.ModelProto(ir_version=8).SerializeToString(),
    ],
    ids=["empty", "text", "image", "truncated", "no_graph"],
)
def test_what_is_no_onnx_model(data: bytes, tmp_path) -> None:
    assert "must be an ONNX model" in refused(data, tmp_path)


@pytest.mark.parametrize("name", ["", "missing.onnx"], ids=["folder", "missing"])
def test_what_is_no_file(name: str, tmp_path) -> None:
    with pytest.raises(GraphImportError, match="must be a file"):
        from_onnx(tmp_path / name)


def test_too_much_is_refused(tmp_path, monkeypatch) -> None:
    limit = reading.MAX_NODES
    chain = [node("Relu", f"t{i}" if i else "x", f"t{i + 1}") for i in range(limit + 1)]
    message = refusal(chain, tmp_path, output=f"t{limit + 1}")
    assert "must have at most 20,000 nodes; got 20,001" in message
    monkeypatch.setattr(reading, "MAX_FILE_BYTES", 2**20)
    assert "must be at most 1 MiB" in refused(bytes(2**20 + 1), tmp_path)


@pytest.mark.parametrize(
    ("image", "message"),
    [
        ((1, 3, "h", "w"), "got 1 x 3 x h x w; export with a fixed height and width"),
        ((1, 3, None, 8), "got 1 x 3 x ? x 8; export with a fixed height and width"),
        ((1, "c", 8, 8), "must have a fixed number of channels"),
        ((1, 3, 8), "must be images, batch x channels x height x width; got 1 x 3 x 8"),
    ],
)
def test_images_of_free_size(image, message: str, tmp_path) -> None:
    assert message in refusal(RELU, tmp_path, image=image)


@pytest.mark.parametrize("opset", [8, onnx.defs.onnx_opset_version() + 1])
def test_opsets_out_of_range(opset: int, tmp_path) -> None:
    assert f"`opset` must be from 9 to {onnx.defs.onnx_opset_version()}" in refusal(
        RELU, tmp_path, opset=opset
    )


FAULTS: dict[str, tuple[list[NodeProto], dict[str, Any], str]] = {
    "unknown": (
        [node("Einsum", "x", "y", equation="i->i")],
        {},
        "node 'einsum' (Einsum): `operator",
    ),
    "foreign": (
        [node("Conv", "x w", "y", domain="com.acme")],
        {"weights": WEIGHTS},
        "com.acme::Conv",
    ),
    "quantized": (
        [node("QuantizeLinear", "x one", "y")],
        {"constants": {"one": np.float32(1)}},
        "quantized graphs are not supported yet; export the float model",
    ),
    "clip": (
        [node("Clip", "x low", "y")],
        {"constants": {"low": np.float32(1)}},
        "`clip` must be from 0 to 6 (ReLU6), or from 0 without end (ReLU); got other bounds",
    ),
    "softmax_inside": (
        [node("Softmax", "x", "c"), END],
        {},
        "`softmax` must be the last operator",
    ),
    "channels_last": (
        [node("Transpose", "x", "c", perm=[0, 3, 1, 2]), END],
        {},
        "export with channels first",
    ),
    "unordered": (
        [node("Add", "x c", "y"), CONV],
        {"weights": WEIGHTS},
        "`c`, which nothing before it writes",
    ),
    "written_twice": ([node("Relu", "x", "c"), node("Relu", "x", "c"), END], {}, "got `c` again"),
    "wrong_weight": (
        [node("Conv", "x w", "y")],
        {"weights": {"w": (4, 5, 3, 3)}},
        "`weight` must fit 3 channels in 1 groups",
    ),
    "window_too_large": (
        [node("MaxPool", "x", "y", kernel_shape=[9, 9])],
        {},
        "the shape of `y` must be fixed and hold at least one element",
    ),
    "weight_from_the_image": (
        [node("Conv", "x x", "y")],
        {},
        "must be a constant weight; got 'x'",
    ),
    "constant_sum": (
        [node("Add", "x mean", "y")],
        {"constants": {"mean": np.float32(0.5)}},
        "leave other preprocessing out of the model",
    ),
    "division": (
        [node("Div", "x scale", "y")],
        {"constants": {"scale": np.float32(255)}},
        "got another division",
    ),
    "spatial_slice": (
        [node("Slice", "x zero one axis", "y")],
        {"constants": {"zero": [0], "one": [1], "axis": [2]}},
        "`axis` must be 1, the channels",
    ),
    "spatial_concat": ([node("Concat", "x x", "y", axis=2)], {}, "`axis` must be 1, the channels"),
    "mean_of_channels": (
        [node("ReduceMean", "x axes", "y")],
        {"constants": {"axes": [1]}},
        "`axes` must be height and width; got [1]",
    ),
    "reshaped": (
        [node("Reshape", "x s", "r"), node("GlobalAveragePool", "r", "y")],
        {"constants": {"s": [1, 12, 4, 4]}},
        "reshapes in between must be undone",
    ),
    "padded_sum": (
        [node("Pad", "x pads", "p"), node("Relu", "p", "y")],
        {"constants": {"pads": [0, 0, 1, 1, 0, 0, 1, 1]}},
        "in front of Conv, AveragePool or MaxPool",
    ),
    "padded_ones": (
        [node("Pad", "x pads one", "p"), node("MaxPool", "p", "y", kernel_shape=[2, 2])],
        {"constants": {"pads": [0, 0, 1, 1, 0, 0, 1, 1], "one": np.float32(1)}},
        "`pad` must add zeros",
    ),
    "broadcast_sum": (
        [node("GlobalAveragePool", "x", "p"), node("Add", "x p", "y")],
        {},
        "node 'add' (Add): `add` needs equal shapes",
    ),
    "broadcast_columns": (
        [
            node("MaxPool", "x", "p", kernel_shape=[1, 8]),
            node("Mul", "x p", "y"),
        ],
        {},
        "`multiply` needs a factor per channel",
    ),
    "no_matrix": (
        [node("MatMul", "x w", "y")],
        {"weights": {"w": (8, 5)}},
        "`input` must be batch x elements and the weight a matrix",
    ),
    "bound_from_the_image": (
        [
            node("GlobalAveragePool", "x", "p"),
            node("Reshape", "p none", "c"),
            node("Clip", "x c", "y"),
        ],
        {"constants": {"none": np.array([], np.int64)}, "image": (1, 1, 8, 8)},
        "`input 1` must be a small constant; got 'c'",
    ),
    "constant_output": (
        [node("Shape", "x", "s"), node("Cast", "s", "y", to=1)],
        {},
        "`y`, the output, must depend on the image",
    ),
    "constant_of_text": (
        [node("Constant", "", "c", value_string=b"?"), node("Clip", "x c", "y")],
        {},
        "must hold numbers; got value_string",
    ),
    "no_name": ([node("Dropout", "x", "- y")], {}, "must name its first input"),
    "no_layer": ([node("Flatten", "x", "y")], {}, "the output, must come from a layer"),
    "no_image": (
        [node("Relu", "w", "y")],
        {"weights": WEIGHTS},
        "`inputs` must be one, the image",
    ),
    "num_outputs": (
        [node("Split", "x", "y z", num_outputs=1, axis=1)],
        {},
        "`num_outputs` must be 2",
    ),
    "invalid": (
        [node("MaxPool", "x", "y")],
        {},
        "must be valid ONNX of opset 18; got Required attribute 'kernel_shape' is missing.",
    ),
}


@pytest.mark.parametrize(("nodes", "parts", "message"), FAULTS.values(), ids=FAULTS)
def test_each_fault_names_the_node_the_rule_and_the_value(nodes, parts, message, tmp_path) -> None:
    assert message in refusal(nodes, tmp_path, **parts)


def test_a_constant_with_too_few_bytes(tmp_path) -> None:
    broken = model([node("Clip", "x low", "y")], constants={"low": np.zeros(2, np.float32)})
    broken.graph.initializer[0].raw_data = b"\0\0"
    assert "`low` must hold a tensor" in refused(broken.SerializeToString(), tmp_path)


def test_an_unknown_operator_is_told_which_are_known(tmp_path) -> None:
    message = refusal([node("LRN", "x", "y", size=5)], tmp_path)
    assert all(op in message for op in RULES)
    assert "got LRN" in message


def test_two_images_or_outputs_are_refused(tmp_path) -> None:
    two_outputs = model([*RELU, node("Sigmoid", "x", "z")])
    two_outputs.graph.output.add(name="z")
    assert "`outputs` must be one" in refused(two_outputs.SerializeToString(), tmp_path)
    two_images = model([node("Add", "x z", "y")])
    two_images.graph.input.append(two_images.graph.input[0])
    two_images.graph.input[1].name = "z"
    assert "`inputs` must be one, the image; got x, z" in refused(
        two_images.SerializeToString(), tmp_path
    )


@pytest.mark.parametrize(
    ("nodes", "dtype"),
    [([node("Reshape", "x s", "c"), END], np.int64), ([node("Clip", "x s", "y")], np.float32)],
)
def test_values_beside_the_file_are_never_read(nodes, dtype, tmp_path) -> None:
    secret = tmp_path / "values"
    secret.write_bytes(np.array([1, 3, 8, 8], dtype).tobytes())
    network = model(nodes, constants={"s": np.array([1, 3, 8, 8], dtype)})
    (tensor,) = network.graph.initializer
    tensor.ClearField("raw_data")
    tensor.data_location = TensorProto.EXTERNAL
    tensor.external_data.add(key="location", value=secret.name)
    message = refused(network.SerializeToString(), tmp_path)
    assert "the value of `s` must be inside the model file" in message


def test_without_onnx_the_extra_is_named(tmp_path) -> None:
    """In a fresh interpreter, where importing onnx fails."""
    (tmp_path / "network.onnx").write_bytes(b"x")
    code = (
        "import sys; sys.modules['onnx'] = None\n"
        "from pathlib import Path; from nas.graph.onnx.rules import from_onnx\n"
        f"from_onnx(Path({str(tmp_path / 'network.onnx')!r}))"
    )
    run = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert "MissingExtraError: reading ONNX files needs the `onnx` extra" in run.stderr


SAMPLE = model(
    [
        node("Shape", "x -", "s"),
        node("Gather", "s zero", "n"),
        node("Unsqueeze", "n first", "b"),
        node("Concat", "b rest", "target", axis=0),
        node("Pad", "x pads", "p"),
        node("Conv", "p w", "c", strides=[2, 2]),
        node("BatchNormalization", "c n4 n4 n4 n4", "d"),
        node("Clip", "d low high", "e"),
        node("Split", "e", "l r", axis=1, num_outputs=2),
        node("Sigmoid", "r", "g"),
        node("Mul", "r g", "h"),
        node("Concat", "l h", "i", axis=1),
        node("Reshape", "i groups", "j"),
        node("Transpose", "j", "k", perm=[0, 2, 1, 3, 4]),
        node("Reshape", "k target", "m"),
        node("GlobalAveragePool", "m", "q"),
        node("Flatten", "q", "u"),
        node("Gemm", "u v", "y"),
    ],
    weights={"w": (4, 3, 3, 3), "n4": (4,), "v": (4, 7)},
    constants={
        "zero": np.array(0),
        "first": np.array([0]),
        "rest": np.array([4, 4, 4]),
        "pads": np.array([0, 0, 0, 0, 0, 0, 1, 1]),
        "low": np.float32(0),
        "high": np.float32(6),
        "groups": np.array([0, 2, 2, 4, 4]),
    },
    image=("n", 3, 8, 8),
).SerializeToString()


def test_shapes_computed_from_shapes_are_followed(tmp_path) -> None:
    (tmp_path / "network.onnx").write_bytes(SAMPLE)
    kinds = [k.signature.kind.value for k in from_onnx(tmp_path / "network.onnx").kernels]
    assert kinds == [
        *("conv", "slice", "slice", "activation", "concat", "transpose", "global_pool", "linear"),
    ]


@settings(max_examples=300)
@given(st.lists(st.tuples(st.integers(0, len(SAMPLE) - 1), st.binary(max_size=2)), min_size=1))
def test_no_damage_gives_anything_but_a_network_or_an_error(tmp_path_factory, damage) -> None:
    data = bytearray(SAMPLE)
    for position, replacement in damage:
        data[position : position + 1] = replacement
    file = tmp_path_factory.getbasetemp() / "damaged.onnx"
    file.write_bytes(bytes(data))
    try:
        from_onnx(file).check()
    except InputError as error:
        assert str(error).startswith("damaged.onnx: ")
