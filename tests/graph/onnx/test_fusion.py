"""Every spelling of what fuses, behind every kernel that absorbs it, and what must not fuse."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from onnx import NodeProto

from nas.errors import GraphImportError
from nas.graph.network import KernelActivation, KernelKind, Network
from nas.graph.onnx.rules import from_onnx
from tests.graph.onnx.models import conv, model, node

CONSTANTS = {
    name: np.array(value, np.float32)
    for name, value in {"zero": 0, "three": 3, "six": [6], "sixth": 1 / 6, "most": 3.4e38}.items()
}
CONV = conv("x w", "c")
WEIGHTS = {
    "w": (4, 3, 3, 3),
    "v": (4, 4, 1, 1),
    "n": (4,),
    "chan": (4, 1, 1),
    "m": (4, 10),
    "k": (10,),
}

# Each takes tensor c to tensor y, at that opset.
SPELLINGS: dict[str, tuple[KernelActivation, int, list[NodeProto]]] = {
    "relu": (KernelActivation.RELU, 9, [node("Relu", "c", "y")]),
    "relu_clip": (KernelActivation.RELU, 18, [node("Clip", "c zero", "y")]),
    "relu_clip_most": (KernelActivation.RELU, 18, [node("Clip", "c zero most", "y")]),
    "relu6": (KernelActivation.RELU6, 18, [node("Clip", "c zero six", "y")]),
    "relu6_attributes": (KernelActivation.RELU6, 9, [node("Clip", "c", "y", min=0.0, max=6.0)]),
    "relu6_cast": (
        KernelActivation.RELU6,
        18,
        [node("Cast", "six", "max", to=1), node("Clip", "c zero max", "y")],
    ),
    "sigmoid": (KernelActivation.SIGMOID, 9, [node("Sigmoid", "c", "y")]),
    "hsigmoid": (KernelActivation.HARD_SIGMOID, 9, [node("HardSigmoid", "c", "y", alpha=1 / 6)]),
    "hsigmoid_spelt_out": (
        KernelActivation.HARD_SIGMOID,
        18,
        [node("Add", "c three", "a"), node("Clip", "a zero six", "b"), node("Div", "b six", "y")],
    ),
    "hswish": (KernelActivation.HARD_SWISH, 14, [node("HardSwish", "c", "y")]),
    "hswish_hsigmoid": (
        KernelActivation.HARD_SWISH,
        13,
        [node("HardSigmoid", "c", "s", alpha=1 / 6), node("Mul", "s c", "y")],
    ),
    "hswish_divided_last": (
        KernelActivation.HARD_SWISH,
        18,
        [
            node("Add", "three c", "a"),
            node("Clip", "a zero six", "b"),
            node("Mul", "c b", "p"),
            node("Div", "p six", "y"),
        ],
    ),
    "hswish_divided_first": (
        KernelActivation.HARD_SWISH,
        9,
        [
            node("Add", "c three", "a"),
            node("Clip", "a", "b", min=0.0, max=6.0),
            node("Mul", "sixth b", "s"),
            node("Mul", "s c", "y"),
        ],
    ),
    "swish": (KernelActivation.SWISH, 9, [node("Sigmoid", "c", "s"), node("Mul", "c s", "y")]),
    "swish_24": (KernelActivation.SWISH, 24, [node("Swish", "c", "y")]),
    "none": (KernelActivation.LINEAR, 9, [node("Identity", "c", "y")]),
}
spellings = pytest.mark.parametrize(
    ("activation", "opset", "nodes"), SPELLINGS.values(), ids=SPELLINGS
)


def read(nodes: Sequence[NodeProto], tmp_path: Path, **parts: Any) -> Network:
    names = {name for item in nodes for name in item.input}
    weights = {name: shape for name, shape in WEIGHTS.items() if name in names}
    constants = {name: value for name, value in CONSTANTS.items() if name in names}
    file = tmp_path / "network.onnx"
    file.write_bytes(
        model(nodes, weights=weights, constants=constants, **parts).SerializeToString()
    )
    network = from_onnx(file)
    network.check()
    return network


def kinds(network: Network) -> list[tuple[KernelKind, KernelActivation]]:
    return [(kernel.signature.kind, kernel.signature.activation) for kernel in network.kernels]


@spellings
@pytest.mark.parametrize("norm", [False, True])
def test_a_convolution_absorbs_norm_and_activation(activation, opset, nodes, norm, tmp_path):
    if norm:
        nodes = [
            conv("x w", "d"),
            node("Identity", "d", "e"),
            node("BatchNormalization", "e n n n n", "c"),
            *nodes,
        ]
    else:
        nodes = [CONV, *nodes]
    network = read(nodes, tmp_path, opset=opset)
    assert kinds(network) == [(KernelKind.CONV, activation)]
    (kernel,) = network.kernels
    assert kernel.normalized is norm
    assert kernel.parameters == 4 * 3 * 9 + 8 * norm
    assert kernel.signature.bias_elements == 4 * norm


@spellings
def test_a_sum_absorbs_its_activation(activation, opset, nodes, tmp_path) -> None:
    nodes = [conv("x w", "l"), conv("x w", "r"), node("Add", "l r", "c"), *nodes]
    network = read(nodes, tmp_path, opset=opset)
    assert kinds(network)[2:] == [(KernelKind.ADD, activation)]


@spellings
@pytest.mark.parametrize("layer", ["Gemm", "MatMul", "MatMul+Add"])
def test_a_linear_layer_absorbs_bias_and_activation(layer, activation, opset, nodes, tmp_path):
    before = [conv("x w", "i"), node("GlobalAveragePool", "i", "j"), node("Flatten", "j", "f")]
    linear = {
        "Gemm": [node("Gemm", "f m k", "c")],
        "MatMul": [node("MatMul", "f m", "c")],
        "MatMul+Add": [node("MatMul", "f m", "d"), node("Add", "k d", "c")],
    }[layer]
    network = read([*before, *linear, *nodes], tmp_path, opset=opset)
    assert kinds(network)[2:] == [(KernelKind.LINEAR, activation)]
    assert network.kernels[2].parameters == 40 + 10 * (layer != "MatMul")


@spellings
def test_an_activation_behind_anything_else_is_one_kernel(activation, opset, nodes, tmp_path):
    window = {"kernel_shape": [2, 2], "strides": [2, 2]}
    network = read([node("MaxPool", "x", "c", **window), *nodes], tmp_path, opset=opset)
    alone = [] if activation is KernelActivation.LINEAR else [(KernelKind.ACTIVATION, activation)]
    assert kinds(network) == [(KernelKind.MAX_POOL, KernelActivation.LINEAR), *alone]


@pytest.mark.parametrize("spelling", SPELLINGS.keys() - {"none"})
def test_nothing_fuses_over_a_tensor_that_others_read(spelling: str, tmp_path) -> None:
    activation, opset, nodes = SPELLINGS[spelling]
    last = NodeProto()
    last.CopyFrom(nodes[-1])
    last.output[:] = ["z"]
    nodes = [CONV, *nodes[:-1], last, node("Concat", "z c", "y", axis=1)]
    network = read(nodes, tmp_path, opset=opset)
    linear = KernelActivation.LINEAR
    assert kinds(network) == [
        (KernelKind.CONV, linear),
        (KernelKind.ACTIVATION, activation),
        (KernelKind.CONCAT, linear),
    ]


def test_a_gate_of_another_tensor_is_no_swish(tmp_path) -> None:
    nodes = [CONV, conv("c v", "g", pads=[0] * 4), node("Sigmoid", "g", "s")]
    network = read([*nodes, node("Mul", "s c", "y")], tmp_path)
    assert [kind.value for kind, _ in kinds(network)] == ["conv", "conv", "multiply"]
    assert kinds(network)[1][1] is KernelActivation.SIGMOID


def test_a_scale_per_channel_is_read_second(tmp_path) -> None:
    nodes = [CONV, node("GlobalAveragePool", "c", "p"), node("Mul", "p c", "y")]
    *_, last = read(nodes, tmp_path).kernels
    assert last.signature.in_shapes == ((4, 8, 8), (4, 1, 1))


def test_a_number_per_column_is_no_bias(tmp_path) -> None:
    nodes = [CONV, node("Add", "c columns", "d"), node("Relu", "d", "y")]
    columns = node("Constant", "", "columns", value_floats=[1.0] * 8)
    with pytest.raises(GraphImportError, match="must both be computed from the image"):
        read([columns, *nodes], tmp_path)


def test_a_bias_added_behind_a_convolution(tmp_path) -> None:
    nodes = [CONV, node("Add", "c chan", "d"), node("Relu", "d", "y")]
    (kernel,) = read(nodes, tmp_path).kernels
    assert kernel.signature.bias_elements == 4
    assert (kernel.parameters, kernel.normalized) == (4 * 27 + 4, False)


def test_a_batch_norm_that_nothing_absorbs_is_a_kernel(tmp_path) -> None:
    """As in DenseNet, where it stands in front of the convolution."""
    pool = node("MaxPool", "x", "p", kernel_shape=[1, 1])
    norm = node("BatchNormalization", "p three3 three3 three3 three3", "b")
    three = node("Constant", "", "three3", value_floats=[1.0] * 3)
    nodes = [three, pool, norm, node("Relu", "b", "r"), conv("r w", "y")]
    _, kernel, _ = read(nodes, tmp_path, opset=18).kernels
    assert kernel.signature.kind is KernelKind.DEPTHWISE_CONV
    assert kernel.signature.activation is KernelActivation.RELU
    assert (kernel.parameters, kernel.normalized) == (6, False)
    assert (kernel.signature.groups, kernel.signature.kernel) == (3, 1)


def test_a_batch_norm_behind_a_shared_convolution_stays(tmp_path) -> None:
    norm = node("BatchNormalization", "c n n n n", "b")
    network = read([CONV, norm, node("Concat", "b c", "y", axis=1)], tmp_path)
    assert [kind.value for kind, _ in kinds(network)] == ["conv", "depthwise_conv", "concat"]
    assert network.parameters == 4 * 27 + 8
