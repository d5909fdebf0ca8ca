"""ONNX operators that join, cut, pad or reorder channels → the kernels that they need, if any."""

from __future__ import annotations

import math

from nas.graph.onnx.graph import Dims, Node
from nas.graph.onnx.lowering import OnnxLowering

_WINDOWS = ("AveragePool", "Conv", "MaxPool")


def concat(lowering: OnnxLowering, node: Node) -> None:
    """Concat: joins channels; of one tensor, it is that tensor."""
    rank = len(lowering.graph.shapes[node.outputs[0]])
    if node.attributes["axis"] % rank != 1:
        raise node.fault(f"`axis` must be 1, the channels; got {node.attributes['axis']}")
    sources = tuple(lowering.image(node, name) for name in node.inputs)
    tensor = lowering.builder.concat(sources) if len(sources) > 1 else sources[0]
    lowering.produce(node.outputs[0], tensor)


def slices(lowering: OnnxLowering, node: Node) -> None:
    """Split and Slice: one kernel for each part that something reads."""
    graph, source = lowering.graph, lowering.image(node, node.inputs[0])
    whole = graph.shapes[node.inputs[0]]
    for name in node.outputs:
        if name not in graph.users and name != graph.output:
            continue
        part = graph.shapes[name]
        if part[0] != whole[0] or part[2:] != whole[2:]:
            raise node.fault(
                f"`axis` must be 1, the channels; got a part of {part} out of {whole}"
            )
        tensor = source
        if part != whole or _is_reversed(lowering, node):
            tensor = lowering.builder.slice(source, part[1])
        lowering.produce(name, tensor)


def _is_reversed(lowering: OnnxLowering, node: Node) -> bool:
    steps = lowering.graph.constant(node, 4) if node.op == "Slice" else None
    return steps is not None and min(steps.ravel().tolist(), default=1) < 0


def pad(lowering: OnnxLowering, node: Node) -> None:
    """Pad: becomes the padding of the windows that read it."""
    graph, name = lowering.graph, node.outputs[0]
    before, after = graph.shapes[node.inputs[0]], graph.shapes[name]
    value = graph.constant(node, 2)
    filled = node.attributes.get("value", 0.0) if value is None else max(value.ravel().tolist())
    readers = {user.op for user in graph.users.get(name, ())}
    zeros = filled == 0 or (filled < -1e30 and readers == {"MaxPool"})
    spatial = before[:2] == after[:2] and all(map(int.__le__, before, after))
    constant = node.attributes.get("mode", b"constant") == b"constant"
    found = ", ".join(sorted(readers)) or "nothing"
    if not (zeros and spatial and constant and readers.issubset(_WINDOWS)):
        raise node.fault(
            "`pad` must add zeros around height and width in front of Conv, AveragePool or "
            f"MaxPool; got {before} to {after} in front of {found}"
        )
    lowering.pad(node)


def transpose(lowering: OnnxLowering, node: Node) -> None:
    """Transpose: free where it moves single elements only, a kernel where it shuffles channels."""
    dims = lowering.graph.shapes[node.inputs[0]]
    axes = tuple(node.attributes.get("perm", range(len(dims))[::-1]))
    moved = [axis for axis in axes if dims[axis] != 1]
    if moved == sorted(moved):
        lowering.view(node)
        return
    source = lowering.source(node, node.inputs[0])
    if not _shuffles_channels(dims, axes, lowering.builder.tensors[source][0]):
        raise node.fault(
            f"`perm` must shuffle channels only; got {list(axes)} of {dims}; export with "
            "channels first (batch x channels x height x width)"
        )
    lowering.produce(node.outputs[0], lowering.builder.transpose(source))


def _shuffles_channels(dims: Dims, axes: Dims, channels: int) -> bool:
    """Whether only leading axes that together are the channels are permuted, behind the batch."""
    return axes[0] == 0 and any(
        math.prod(dims[1:end]) == channels and axes[end:] == tuple(range(end, len(dims)))
        for end in range(2, len(dims) + 1)
    )
