"""ONNX file → Network: the same kernels that lowering gives, from a network designed elsewhere.

One rule per operator, in a table. Operators fuse as inference runtimes fuse them; what no rule
covers is an error that names it, never a kernel of no cost.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

from nas.errors import ArchitectureError, GraphImportError
from nas.graph.network import KernelActivation, KernelKind, Network
from nas.graph.onnx.fusion import activation_at, activation_behind, epilogue
from nas.graph.onnx.graph import Node
from nas.graph.onnx.layout import concat, pad, slices, transpose
from nas.graph.onnx.lowering import OnnxLowering
from nas.graph.onnx.reading import read_model
from nas.graph.onnx.trace import read_graph

if TYPE_CHECKING:
    from onnx import ModelProto

_LINEAR = KernelActivation.LINEAR


def from_onnx(path: Path) -> Network:
    """The kernels of a classification network in an ONNX file, for one image.

    A batch-norm that no convolution or linear layer absorbs becomes a 1×1 depthwise convolution
    with a bias, which is what it computes. Windows that are not square have their longer side as
    `kernel`. A softmax at the end is left out. Blocks are numbered by kernel.

    Raises:
        GraphImportError: if the file is not such a network; it names the node, the rule and the
            fix.
        MissingExtraError: if `onnx` is not installed.
    """
    try:
        return from_model(read_model(path))
    except GraphImportError as error:
        raise GraphImportError(f"{path.name}: {error}") from None


def from_model(model: ModelProto) -> Network:
    """The same of a model that is in memory, which `parse_model` made.

    Raises:
        GraphImportError: as `from_onnx` does.
    """
    lowering = OnnxLowering(read_graph(model, RULES))
    for node in lowering.graph.nodes:
        if not lowering.is_absorbed(node):
            _lower(lowering, node)
    return lowering.network()


def _lower(lowering: OnnxLowering, node: Node) -> None:
    lowering.builder.block = len(lowering.builder.kernels)
    try:
        RULES[node.op](lowering, node)
    except ArchitectureError as error:
        raise node.fault(str(error)) from None


def _convolution(lowering: OnnxLowering, node: Node) -> None:
    graph, source = lowering.graph, lowering.window_source(node)
    weight, groups = graph.weight(node, 1), int(node.attributes.get("group", 1))
    biased = _has_bias(lowering, node)
    window, channels = weight[2:], graph.shapes[node.inputs[0]][1]
    if (
        len(window) != 2
        or groups < 1
        or weight[1] * groups != channels
        or tuple(node.attributes.get("kernel_shape", window)) != window
    ):
        raise node.fault(
            f"`weight` must fit {channels} channels in {groups} groups and the kernel; "
            f"got {' x '.join(map(str, weight))}"
        )
    fused = epilogue(graph, node.outputs[0], biased=biased)
    _, width, *size = graph.shapes[node.outputs[0]]
    tensor = lowering.builder.convolution(
        source,
        (width, size[0], size[1]),
        window=(window[0], window[1]),
        stride=max(node.attributes.get("strides", (1,))),
        groups=groups,
        activation=fused.activation,
        bias=fused.bias,
        normalized=fused.normalized,
    )
    lowering.produce(fused.output, tensor, fused.nodes)


def _has_bias(lowering: OnnxLowering, node: Node) -> bool:
    """Whether the third input is there; it must be constant."""
    has_bias = len(node.inputs) > 2 and node.inputs[2] != ""
    if has_bias:
        lowering.graph.weight(node, 2)
    return has_bias


def _linear(lowering: OnnxLowering, node: Node) -> None:
    graph, name = lowering.graph, node.inputs[0]
    source, weight = lowering.source(node, name), graph.weight(node, 1)
    if not lowering.is_flat(name, source) or node.attributes.get("transA") or len(weight) != 2:
        raise node.fault(
            "`input` must be batch x elements and the weight a matrix; "
            f"got {graph.shapes[name]} and {weight}"
        )
    fused = epilogue(graph, node.outputs[0], biased=_has_bias(lowering, node))
    tensor = lowering.builder.linear(
        source,
        graph.shapes[node.outputs[0]][1],
        activation=fused.activation,
        bias=fused.bias,
        normalized=fused.normalized,
    )
    lowering.produce(fused.output, tensor, fused.nodes)


def _normalization(lowering: OnnxLowering, node: Node) -> None:
    source = lowering.image(node, node.inputs[0])
    lowering.graph.weight(node, 1)
    shape = lowering.builder.tensors[source]
    match = activation_behind(lowering.graph, node.outputs[0])
    tensor = lowering.builder.convolution(
        source,
        shape,
        window=(1, 1),
        groups=shape[0],
        activation=match.activation if match else _LINEAR,
        bias=True,
    )
    output, nodes = (match.output, match.nodes) if match else (node.outputs[0], ())
    lowering.produce(output, tensor, nodes)


def _activation(lowering: OnnxLowering, node: Node) -> None:
    match = activation_at(lowering.graph, node)
    if match is None:
        raise node.fault(
            "`clip` must be from 0 to 6 (ReLU6), or from 0 without end (ReLU); got other bounds"
        )
    source = lowering.source(node, match.source)
    tensor = lowering.builder.activation(source, match.activation)
    lowering.produce(match.output, tensor, match.nodes)


def _add(lowering: OnnxLowering, node: Node) -> None:
    if activation_at(lowering.graph, node):
        _activation(lowering, node)
        return
    left, right = _pair(lowering, node)
    match = activation_behind(lowering.graph, node.outputs[0])
    if match is None:
        lowering.produce(node.outputs[0], lowering.builder.add(left, right))
        return
    tensor = lowering.builder.add(left, right, match.activation)
    lowering.produce(match.output, tensor, match.nodes)


def _multiply(lowering: OnnxLowering, node: Node) -> None:
    tensors = lowering.builder.tensors
    left, right = _pair(lowering, node)
    if math.prod(tensors[left]) < math.prod(tensors[right]):
        left, right = right, left
    lowering.produce(node.outputs[0], lowering.builder.multiply(left, right))


def _pair(lowering: OnnxLowering, node: Node) -> tuple[int, int]:
    """Both inputs of an element-wise operator."""
    left, right = node.inputs
    if not lowering.graph.varying.issuperset(node.inputs):
        raise node.fault(
            "`inputs` must both be computed from the image; got a constant; constants are "
            "understood as a bias behind Conv, Gemm or MatMul and inside hard sigmoid and hard "
            "swish; leave other preprocessing out of the model"
        )
    if lowering.graph.shapes[left] == lowering.graph.shapes[right]:
        return lowering.source(node, left), lowering.source(node, right)
    return lowering.image(node, left), lowering.image(node, right)


def _pool(kind: KernelKind) -> Callable[[OnnxLowering, Node], None]:
    def rule(lowering: OnnxLowering, node: Node) -> None:
        source = lowering.window_source(node)
        window = tuple(node.attributes["kernel_shape"])
        size = lowering.graph.shapes[node.outputs[0]][2:]
        if (
            kind is KernelKind.AVERAGE_POOL
            and size == (1, 1)
            and window == (lowering.builder.tensors[source][1:])
        ):
            tensor = lowering.builder.global_pool(source)
        else:
            stride = max(node.attributes.get("strides", (1,)))
            tensor = lowering.builder.pooling(
                kind, source, (size[0], size[1]), kernel=max(window), stride=stride
            )
        lowering.produce(node.outputs[0], tensor)

    return rule


def _global_pool(lowering: OnnxLowering, node: Node) -> None:
    tensor = lowering.builder.global_pool(lowering.image(node, node.inputs[0]))
    lowering.produce(node.outputs[0], tensor)


def _mean(lowering: OnnxLowering, node: Node) -> None:
    """Mean over all positions: two axes, or one where a reshape joined them."""
    name, axes = node.inputs[0], node.attributes.get("axes")
    if axes is None:
        given = lowering.graph.constant(node, 1)
        axes = () if given is None else given.ravel().tolist()
    dims, source = lowering.graph.shapes[name], lowering.source(node, name)
    channels, *size = lowering.builder.tensors[source]
    meant = (lowering.graph.batch, channels, *(size if len(dims) == 4 else [math.prod(size)]))
    if dims != meant or sorted(axis % len(dims) for axis in axes) != list(range(2, len(dims))):
        raise node.fault(f"`axes` must be height and width; got {list(axes)} of {dims}")
    lowering.produce(node.outputs[0], lowering.builder.global_pool(source))


def _division(lowering: OnnxLowering, node: Node) -> None:
    raise node.fault(
        "`div` must be the end of a hard sigmoid or hard swish, clip(x + 3, 0, 6) / 6; "
        "got another division"
    )


RULES: dict[str, Callable[[OnnxLowering, Node], None]] = {
    "Add": _add,
    "AveragePool": _pool(KernelKind.AVERAGE_POOL),
    "BatchNormalization": _normalization,
    "Clip": _activation,
    "Concat": concat,
    "Conv": _convolution,
    "Div": _division,
    "Flatten": OnnxLowering.view,
    "Gemm": _linear,
    "GlobalAveragePool": _global_pool,
    "HardSigmoid": _activation,
    "HardSwish": _activation,
    "LogSoftmax": OnnxLowering.end,
    "MatMul": _linear,
    "MaxPool": _pool(KernelKind.MAX_POOL),
    "Mul": _multiply,
    "Pad": pad,
    "ReduceMean": _mean,
    "Relu": _activation,
    "Reshape": OnnxLowering.view,
    "Sigmoid": _activation,
    "Slice": slices,
    "Softmax": OnnxLowering.end,
    "Split": slices,
    "Squeeze": OnnxLowering.view,
    "Swish": _activation,
    "Transpose": transpose,
    "Unsqueeze": OnnxLowering.view,
}
