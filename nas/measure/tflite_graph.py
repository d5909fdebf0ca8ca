"""Network → the operators of TensorFlow Lite that compute it."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from nas.graph.network import Kernel, KernelKind, Network
from nas.measure.tflite_writer import CHANNELS, Graph, Operator, TfliteWriter


def tflite_graph(network: Network, *, batch: int = 1, seed: int = 0) -> Graph:
    """The operators of a lowered architecture; equal seeds, equal weights, as in `onnx_model`."""
    writer = TfliteWriter(network, batch, np.random.default_rng(seed))
    for kernel in network.kernels:
        _WRITE[kernel.signature.kind](writer, kernel)
    writer.graph.output = writer.index(network.output)
    return writer.graph


def _conv(writer: TfliteWriter, kernel: Kernel) -> None:
    source, options = writer.window(kernel)
    writer.weighted("CONV_2D", source, kernel, (0, 2, 3, 1), **options)


def _depthwise(writer: TfliteWriter, kernel: Kernel) -> None:
    source, options = writer.window(kernel)
    copies = kernel.signature.out_shape[0] // kernel.signature.groups
    options |= {"depthMultiplier": copies}
    writer.weighted("DEPTHWISE_CONV_2D", source, kernel, (1, 2, 3, 0), **options)


def _linear(writer: TfliteWriter, kernel: Kernel) -> None:
    assert kernel.signature.in_shapes[0][1:] == (1, 1), "an architecture pools before it"
    source = writer.index(kernel.reads[0])
    writer.weighted("FULLY_CONNECTED", source, kernel, (0, 1), keepNumDims=True)


def _pool(code: str, filler: str) -> Callable[[TfliteWriter, Kernel], None]:
    def write(writer: TfliteWriter, kernel: Kernel) -> None:
        source, options = writer.window(kernel, filler)
        size = kernel.signature.kernel
        options |= {"filterHeight": size, "filterWidth": size}
        writer.operator(code, [source], writer.index(kernel.writes), **options)

    return write


def _global_pool(writer: TfliteWriter, kernel: Kernel) -> None:
    inputs = [writer.index(kernel.reads[0]), writer.indices([1, 2])]
    writer.operator("MEAN", inputs, writer.index(kernel.writes), keepDims=True)


def _elementwise(code: str) -> Callable[[TfliteWriter, Kernel], None]:
    def write(writer: TfliteWriter, kernel: Kernel) -> None:
        writer.activated(code, [writer.index(tensor) for tensor in kernel.reads], kernel)

    return write


def _activation(writer: TfliteWriter, kernel: Kernel) -> None:
    writer.activate(writer.index(kernel.reads[0]), kernel)


def _concat(writer: TfliteWriter, kernel: Kernel) -> None:
    sources = [writer.index(tensor) for tensor in kernel.reads]
    writer.operator("CONCATENATION", sources, writer.index(kernel.writes), axis=CHANNELS)


def _slice(writer: TfliteWriter, kernel: Kernel) -> None:
    """All slices of a tensor are one split, written with the first of them."""
    parts = [
        other
        for other in writer.network.kernels
        if other.signature.kind is KernelKind.SLICE and other.reads == kernel.reads
    ]
    if parts[0] is not kernel:
        return
    assert len({part.signature.out_shape for part in parts}) == 1, "a block splits in halves"
    inputs = (writer.indices(CHANNELS), writer.index(kernel.reads[0]))
    outputs = tuple(writer.index(part.writes) for part in parts)
    split = Operator("SPLIT", inputs, outputs, {"numSplits": len(parts)})
    writer.graph.operators.append(split)


def _shuffle(writer: TfliteWriter, kernel: Kernel) -> None:
    """Interleaves the groups of the convolution before, or the halves of a shuffle unit."""
    source, shape = kernel.reads[0], writer.dims(kernel.signature.out_shape)
    before = next(other for other in writer.network.kernels if other.writes == source)
    groups = before.signature.groups if before.signature.groups > 1 else 2
    # Height and width are one axis: Ethos-U turns no more than three.
    positions, each = shape[1] * shape[2], shape[3] // groups
    sizes = [(shape[0], positions, groups, each), (shape[0], positions, each, groups)]
    grouped, turned = (writer.activation(size) for size in sizes)
    writer.operator("RESHAPE", [writer.index(source), writer.indices(sizes[0])], grouped)
    writer.operator("TRANSPOSE", [grouped, writer.indices([0, 1, 3, 2])], turned)
    writer.operator("RESHAPE", [turned, writer.indices(shape)], writer.index(kernel.writes))


_WRITE: dict[KernelKind, Callable[[TfliteWriter, Kernel], None]] = {
    KernelKind.CONV: _conv,
    KernelKind.DEPTHWISE_CONV: _depthwise,
    KernelKind.LINEAR: _linear,
    KernelKind.MAX_POOL: _pool("MAX_POOL_2D", "PADV2"),
    KernelKind.AVERAGE_POOL: _pool("AVERAGE_POOL_2D", "PAD"),
    KernelKind.GLOBAL_POOL: _global_pool,
    KernelKind.ADD: _elementwise("ADD"),
    KernelKind.MULTIPLY: _elementwise("MUL"),
    KernelKind.ACTIVATION: _activation,
    KernelKind.CONCAT: _concat,
    KernelKind.SLICE: _slice,
    KernelKind.TRANSPOSE: _shuffle,
}
