"""Exports of torch modules and graphs made by hand, against the lowered networks."""

from __future__ import annotations

import tempfile
from collections import Counter
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from hypothesis import assume, given, settings
from onnx import NodeProto

from nas.graph.lower import lower
from nas.graph.network import Kernel, KernelKind, Network, Precision
from nas.graph.onnx.rules import from_onnx
from nas.networks.build import build
from nas.networks.onnx_export import settle, write_onnx
from nas.resources import folder
from nas.space.architecture import Architecture, parse
from nas.space.blocks import BlockKind, InvertedResidual, Shuffle
from nas.space.space import SearchSpace
from tests.graph.onnx.models import conv, export, model, node
from tests.strategies import BODY_KINDS, architectures

torch.set_num_threads(1)

EVERY_KIND = parse(
    "image 3x20x16 | conv k3 s2 c8 relu6 | maxpool k3 | ds k3 c8 relu | "
    "mb k3 h16 c8 g2 hswish se4:relu:hsigmoid | fmb k3 h16 c8 swish se2:swish:sigmoid | "
    "basic k3 s2 c12 | bottleneck k3 h4 c12 | fire h4 c16 | shuffle k3 c16 | "
    "shuffle k3 s2 c20 | conv k3 c20 bias | pool | fc c12 hswish nobias | fc c5"
)
TRAINING = torch.onnx.TrainingMode.TRAINING
EXPORTS = {
    "dynamo_24": {"dynamo": True, "opset_version": 24},
    "script": {"dynamo": False},
    "script_one_image": {"dynamo": False, "batch": 1},
    "script_any_batch": {
        "dynamo": False,
        "input_names": ["image"],
        "dynamic_axes": {"image": {0: "batch"}},
    },
    "script_unfolded": {"dynamo": False, "do_constant_folding": False},
    "script_training": {"dynamo": False, "training": TRAINING},
} | {f"script_{opset}": {"dynamo": False, "opset_version": opset} for opset in (9, 11, 13, 18, 20)}


def signatures(network: Network) -> list[Any]:
    return [kernel.signature for kernel in network.kernels]


def assert_same_kernels(found: Network, expected: Network) -> None:
    found.check()
    assert Counter(signatures(found)) == Counter(signatures(expected))
    assert signatures(found) == signatures(expected), "in another order"
    assert found.macs == expected.macs
    for precision in Precision:
        assert found.weight_bytes(precision) == expected.weight_bytes(precision)
        peak = expected.peak_activation_bytes(precision)
        assert found.peak_activation_bytes(precision) == peak


def read(nodes: Sequence[NodeProto], tmp_path: Path, **parts: Any) -> Network:
    file = tmp_path / "network.onnx"
    file.write_bytes(model(nodes, **parts).SerializeToString())
    network = from_onnx(file)
    network.check()
    return network


def shuffles_single_channels(architecture: Architecture) -> bool:
    """A transpose of groups of one channel moves nothing, which lowering does not look at."""
    return any(
        (isinstance(block, Shuffle) and block.width == 2)
        or (isinstance(block, InvertedResidual) and block.groups == block.hidden)
        for block in architecture.blocks
    )


@pytest.mark.parametrize("options", EXPORTS.values(), ids=EXPORTS)
def test_every_export_of_every_kind_gives_the_lowered_kernels(options, tmp_path) -> None:
    file = tmp_path / "network.onnx"
    export(EVERY_KIND, file, **options)
    Path(f"{file}.data").unlink(missing_ok=True)  # weights beside the model are never opened
    assert_same_kernels(from_onnx(file), lower(EVERY_KIND))


def test_what_we_export_lowers_back(tmp_path) -> None:
    network, file = build(EVERY_KIND), tmp_path / "network.onnx"
    settle(network, EVERY_KIND.image)
    write_onnx(network, EVERY_KIND.image, file)
    assert_same_kernels(from_onnx(file), lower(EVERY_KIND))


@pytest.mark.parametrize("kind", BODY_KINDS)
def test_random_networks_of_each_kind_lower_back(kind: BlockKind) -> None:
    @settings(max_examples=4)
    @given(architecture=architectures(kinds=(kind,)))
    def check(architecture: Architecture) -> None:
        assume(not shuffles_single_channels(architecture))
        with tempfile.TemporaryDirectory() as scratch:
            file = Path(scratch) / "network.onnx"
            export(architecture, file, dynamo=False, opset_version=17)
            assert_same_kernels(from_onnx(file), lower(architecture))

    check()


@pytest.mark.parametrize("space", ["mobilenet_v3", "fbnet", "efficientnet"])
def test_networks_of_real_spaces_lower_back(space: str, tmp_path) -> None:
    space = SearchSpace.from_file(folder("search_spaces") / f"{space}.yaml")
    blocks = space.architecture(space.sample(1, seed=5)[0]).blocks
    architecture = replace(EVERY_KIND, image=replace(EVERY_KIND.image, height=48), blocks=blocks)
    export(architecture, tmp_path / "network.onnx", dynamo=False)
    assert_same_kernels(from_onnx(tmp_path / "network.onnx"), lower(architecture))


def test_batch_norms_in_the_file_count_as_parameters(tmp_path) -> None:
    def comparable(kernels: tuple[Kernel, ...]) -> list[Kernel]:
        """Without the labels of blocks; sums read their two inputs in either order."""
        return [replace(k, block=0, reads=tuple(sorted(k.reads))) for k in kernels]

    file = tmp_path / "network.onnx"
    export(EVERY_KIND, file, dynamo=False, do_constant_folding=False, training=TRAINING)
    found, expected = from_onnx(file), lower(EVERY_KIND)
    assert comparable(found.kernels) == comparable(expected.kernels)
    assert [kernel.block for kernel in found.kernels] == list(range(len(found.kernels)))
    export(EVERY_KIND, file, dynamo=False)  # now folded: one bias in the place of two parameters
    folded = from_onnx(file)
    assert not any(kernel.normalized for kernel in folded.kernels)
    norms = sum(k.signature.out_shape[0] for k in expected.kernels if k.normalized)
    assert folded.parameters == expected.parameters - norms


@pytest.mark.parametrize("opset", [9, 13, 18, 24])
@pytest.mark.parametrize("image", [(1, 3, 8, 8), (4, 3, 8, 8), ("n", 3, 8, 8), (None, 3, 8, 8)])
def test_any_batch_is_one_image(image, opset: int, tmp_path) -> None:
    nodes = [conv("x w", "c"), node("GlobalAveragePool", "c", "p"), node("Flatten", "p", "y")]
    network = read(nodes, tmp_path, weights={"w": (4, 3, 3, 3)}, image=image, opset=opset)
    assert network.tensors == ((3, 8, 8), (4, 8, 8), (4, 1, 1))
    assert network.macs == 4 * 3 * 9 * 64


@pytest.mark.parametrize(
    ("attributes", "size"),
    [
        ({"pads": [0, 0, 1, 1], "strides": [2, 2]}, (4, 4)),
        ({"pads": [0, 2, 0, 0]}, (6, 8)),
        ({"pads": [0, 0, 0, 0], "dilations": [2, 2]}, (4, 4)),
        ({"auto_pad": "SAME_UPPER", "strides": [2, 2], "pads": None}, (4, 4)),
        ({"auto_pad": "VALID", "pads": None}, (6, 6)),
    ],
)
def test_every_padding_of_convolutions(attributes, size, tmp_path) -> None:
    attributes = {"pads": [0, 0, 0, 0], **attributes}
    attributes = {name: value for name, value in attributes.items() if value is not None}
    nodes = [node("Conv", "x w", "y", **attributes)]
    (kernel,) = read(nodes, tmp_path, weights={"w": (4, 3, 3, 3)}).kernels
    assert kernel.signature.out_shape == (4, *size)
    assert kernel.signature.macs == 4 * 3 * 9 * size[0] * size[1]


def test_a_window_that_is_not_square_keeps_its_work(tmp_path) -> None:
    nodes = [node("Conv", "x w", "y", pads=[0, 3, 0, 3])]
    (kernel,) = read(nodes, tmp_path, weights={"w": (5, 3, 1, 7)}).kernels
    assert (kernel.signature.kernel, kernel.signature.weight_elements) == (7, 5 * 3 * 7)
    assert kernel.signature.out_shape == (5, 8, 8)


@pytest.mark.parametrize("op", ["MaxPool", "AveragePool"])
@pytest.mark.parametrize("opset", [10, 18, 22])
@pytest.mark.parametrize(
    ("kernel", "stride", "padding", "ceil"),
    [(3, 2, 0, 0), (3, 2, 0, 1), (2, 2, 1, 1), (3, 2, 1, 0), (3, 2, 1, 1), (5, 3, 2, 1)],
)
def test_pools_have_torchs_shapes(op, opset, kernel, stride, padding, ceil, tmp_path) -> None:
    layer = torch.nn.MaxPool2d if op == "MaxPool" else torch.nn.AvgPool2d
    pool = layer(kernel, stride, padding, ceil_mode=bool(ceil))
    attributes = {"kernel_shape": [kernel] * 2, "strides": [stride] * 2, "pads": [padding] * 4}
    nodes = [node(op, "x", "y", ceil_mode=ceil, **attributes)]
    (found,) = read(nodes, tmp_path, image=(1, 3, 11, 8), opset=opset).kernels
    assert found.signature.out_shape == tuple(pool(torch.zeros(1, 3, 11, 8)).shape[1:])
    kind = KernelKind.MAX_POOL if op == "MaxPool" else KernelKind.AVERAGE_POOL
    assert (found.signature.kind, found.signature.kernel) == (kind, kernel)
    assert found.signature.stride == stride


AXES = np.array([2, 3])
GLOBAL_POOLS = {
    "operator": ([node("GlobalAveragePool", "x", "y")], {}),
    "window": ([node("AveragePool", "x", "y", kernel_shape=[8, 8])], {}),
    "mean": ([node("ReduceMean", "x axes", "y", keepdims=1)], {"constants": {"axes": AXES}}),
    "mean_negative": ([node("ReduceMean", "x", "y", axes=[-1, -2], keepdims=0)], {"opset": 13}),
    "mean_of_rows": (
        [node("Reshape", "x s", "r"), node("ReduceMean", "r axes", "y", keepdims=0)],
        {"constants": {"s": np.array([0, 3, -1]), "axes": np.array([-1])}},
    ),
}


@pytest.mark.parametrize(("nodes", "parts"), GLOBAL_POOLS.values(), ids=GLOBAL_POOLS)
def test_every_spelling_of_a_global_pool(nodes, parts, tmp_path) -> None:
    (kernel,) = read(nodes, tmp_path, **parts).kernels
    assert kernel.signature.kind is KernelKind.GLOBAL_POOL
    assert kernel.signature.out_shape == (3, 1, 1)


@pytest.mark.parametrize("before", [["Flatten"], ["Dropout", "Flatten", "Identity"]])
def test_a_linear_layer_over_positions_reads_them_all(before, tmp_path) -> None:
    """As in VGG and AlexNet."""
    names = ["x", *(f"v{index}" for index in range(len(before)))]
    nodes = [node(op, names[i], names[i + 1]) for i, op in enumerate(before)]
    nodes.append(node("Gemm", f"{names[-1]} w b", "y", transB=1))
    (kernel,) = read(nodes, tmp_path, weights={"w": (10, 192), "b": (10,)}).kernels
    assert kernel.signature.kind is KernelKind.LINEAR
    assert kernel.signature.in_shapes == ((3, 8, 8),)
    assert (kernel.signature.macs, kernel.parameters) == (1920, 1930)


@pytest.mark.parametrize("users", [["a"], ["b"], ["a", "b"]])
def test_parts_that_nothing_reads_cost_nothing(users, tmp_path) -> None:
    nodes = [node("Split", "x sizes", "a b", axis=1), *(node("Relu", u, f"{u}r") for u in users)]
    nodes.append(node("Concat", " ".join(f"{user}r" for user in users), "y", axis=-3))
    network = read(nodes, tmp_path, constants={"sizes": np.array([1, 2])})
    kinds = [kernel.signature.kind.value for kernel in network.kernels]
    joined = ["concat"] * (len(users) > 1)
    assert kinds == ["slice"] * len(users) + ["activation"] * len(users) + joined
    assert network.output_shape[0] == {"a": 1, "b": 2, "ab": 3}["".join(users)]


def test_slices_of_channels(tmp_path) -> None:
    bounds = {"zero": [0], "one": [1], "two": [2], "end": [2**31], "less": [-1], "low": [-(2**31)]}
    nodes = [
        node("Slice", "x zero end one", "same"),
        node("Slice", "same zero two one", "part"),
        node("Slice", "part less low one less", "turned"),
        node("Relu", "turned", "y"),
    ]
    constants = {name: np.array(value) for name, value in bounds.items()}
    network = read(nodes, tmp_path, constants=constants)
    shapes = [kernel.signature.out_shape for kernel in network.kernels]
    assert shapes == [(2, 8, 8)] * 3, "two slices and an activation"


@pytest.mark.parametrize("op", ["Conv", "MaxPool", "AveragePool"])
@pytest.mark.parametrize("opset", [9, 18])
def test_zeros_around_a_window_are_its_padding(op: str, opset: int, tmp_path) -> None:
    pads = [0, 0, 0, 1, 0, 0, 2, 1]
    window = {"kernel_shape": [3, 3], "strides": [2, 2]}
    if opset == 9:
        nodes, constants = [node("Pad", "x", "p", pads=pads)], {}
    else:
        nodes, constants = [node("Pad", "x pads", "p")], {"pads": np.array(pads)}
    nodes.append(node(op, "p w" if op == "Conv" else "p", "y", **window))
    weights = {"w": (4, 3, 3, 3)} if op == "Conv" else {}
    (kernel,) = read(nodes, tmp_path, weights=weights, constants=constants, opset=opset).kernels
    assert kernel.signature.in_shapes == ((3, 8, 8),)
    assert kernel.signature.out_shape[1:] == (4, 4)


@pytest.mark.parametrize("spatial", [[8, 8], [64]])
def test_a_channel_shuffle_is_one_kernel(spatial, tmp_path) -> None:
    order = [0, 2, 1, *range(3, 3 + len(spatial))]
    nodes = [
        node("Reshape", "x split", "a"),
        node("Transpose", "a", "b", perm=order),
        node("Reshape", "b whole", "c"),
        conv("c w", "y"),
    ]
    constants = {"split": np.array([0, 3, 2, *spatial]), "whole": np.array([0, -1, 8, 8])}
    weights = {"w": (4, 6, 3, 3)}
    network = read(nodes, tmp_path, weights=weights, constants=constants, image=(1, 6, 8, 8))
    assert [kernel.signature.kind.value for kernel in network.kernels] == ["transpose", "conv"]


def test_a_transpose_of_single_positions_is_free(tmp_path) -> None:
    nodes = [node("GlobalAveragePool", "x", "p"), node("Transpose", "p", "t", perm=[0, 2, 3, 1])]
    nodes += [node("Flatten", "t", "f"), node("MatMul", "f w", "y")]
    network = read(nodes, tmp_path, weights={"w": (3, 5)})
    assert [kernel.signature.kind.value for kernel in network.kernels] == ["global_pool", "linear"]


@pytest.mark.parametrize("end", ["Softmax", "LogSoftmax"])
def test_a_softmax_at_the_end_is_left_out(end: str, tmp_path) -> None:
    nodes = [node("GlobalAveragePool", "x", "p"), node(end, "p", "s"), node("Flatten", "s", "y")]
    network = read(nodes, tmp_path)
    assert [kernel.signature.kind for kernel in network.kernels] == [KernelKind.GLOBAL_POOL]
    assert network.output == 1


def test_nodes_that_the_output_does_not_need_cost_nothing(tmp_path) -> None:
    nodes = [node("Relu", "x", "y"), node("NonMaxSuppression", "x x", "boxes")]
    assert len(read(nodes, tmp_path).kernels) == 1
