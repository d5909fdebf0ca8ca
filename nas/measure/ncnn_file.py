"""Network → an ncnn model, with the layers that pnnx, ncnn's converter, makes of its module."""

from __future__ import annotations

from collections.abc import Callable, Mapping

import numpy as np

from nas.graph.network import Kernel, KernelKind, Network
from nas.measure.ncnn_writer import Field, NcnnModel, NcnnWriter
from nas.measure.onnx_file import pads


def ncnn_model(
    network: Network, magnitudes: Mapping[str, float] | None = None, *, seed: int = 0
) -> NcnnModel:
    """The model of a lowered architecture; equal seeds, equal weights, as in `onnx_model`.

    Args:
        network: What is written.
        magnitudes: Greatest magnitude of each blob, by its name, for int8; None for float32.
        seed: Of the weights.
    """
    writer = NcnnWriter(network, magnitudes, np.random.default_rng(seed))
    channels, height, width = network.tensors[0]
    writer.layer("Input", [], [writer.name(0)], {0: width, 1: height, 2: channels})
    writer.split(0)
    for kernel in network.kernels:
        _WRITE[kernel.signature.kind](writer, kernel)
        writer.split(kernel.writes)
    return writer.model()


def _conv(writer: NcnnWriter, kernel: Kernel) -> None:
    """A convolution; that of a vector is what ncnn calls an inner product."""
    signature, (top, left) = kernel.signature, pads(kernel.signature)
    if kernel.reads[0] in writer.vectors and signature.kernel == signature.groups == 1:
        _linear(writer, kernel)
        return
    source = writer.image(kernel.reads[0])
    fields: dict[int, Field] = {
        0: signature.out_shape[0],
        1: signature.kernel,
        3: signature.stride,
        4: left,
        14: top,
        5: int(signature.bias_elements > 0),
        6: signature.weight_elements,
    }
    if signature.groups == 1:
        writer.weighted("Convolution", kernel, source, fields)
    else:
        fields[7] = signature.groups
        writer.weighted("ConvolutionDepthWise", kernel, source, fields)


def _linear(writer: NcnnWriter, kernel: Kernel) -> None:
    signature = kernel.signature
    fields: dict[int, Field] = {
        0: signature.out_shape[0],
        1: int(signature.bias_elements > 0),
        2: signature.weight_elements,
    }
    writer.vectors.add(kernel.writes)
    writer.weighted("InnerProduct", kernel, writer.source(kernel.reads[0]), fields)


def _pool(number: int) -> Callable[[NcnnWriter, Kernel], None]:
    def write(writer: NcnnWriter, kernel: Kernel) -> None:
        signature, (top, left) = kernel.signature, pads(kernel.signature)
        fields = {0: number, 1: signature.kernel, 2: signature.stride, 3: left, 13: top, 5: 1}
        writer.activated("Pooling", kernel, [writer.image(kernel.reads[0])], fields)

    return write


def _global_pool(writer: NcnnWriter, kernel: Kernel) -> None:
    source = writer.image(kernel.reads[0])
    writer.vectors.add(kernel.writes)
    writer.activated("Pooling", kernel, [source], {0: 1, 4: 1})


def _layer(kind: str, fields: Mapping[int, Field]) -> Callable[[NcnnWriter, Kernel], None]:
    def write(writer: NcnnWriter, kernel: Kernel) -> None:
        if writer.vectors.issuperset(kernel.reads):
            writer.vectors.add(kernel.writes)
        sources = [writer.source(tensor) for tensor in kernel.reads]
        writer.activated(kind, kernel, sources, fields)

    return write


def _activation(writer: NcnnWriter, kernel: Kernel) -> None:
    if kernel.reads[0] in writer.vectors:
        writer.vectors.add(kernel.writes)
    writer.activate(writer.source(kernel.reads[0]), kernel)


def _slice(writer: NcnnWriter, kernel: Kernel) -> None:
    """All slices of a tensor are one layer, written with the first of them."""
    parts = [
        other
        for other in writer.network.kernels
        if other.signature.kind is KernelKind.SLICE and other.reads == kernel.reads
    ]
    if parts[0] is kernel:
        sizes = [part.signature.out_shape[0] for part in parts]
        outputs = [writer.name(part.writes) for part in parts]
        writer.layer("Slice", [writer.source(kernel.reads[0])], outputs, {0: sizes, 1: 0})


def _shuffle(writer: NcnnWriter, kernel: Kernel) -> None:
    """Interleaves the groups of the convolution before, or the halves of a shuffle unit."""
    before = next(other for other in writer.network.kernels if other.writes == kernel.reads[0])
    groups = before.signature.groups if before.signature.groups > 1 else 2
    writer.activated("ShuffleChannel", kernel, [writer.source(kernel.reads[0])], {0: groups})


_WRITE: dict[KernelKind, Callable[[NcnnWriter, Kernel], None]] = {
    KernelKind.CONV: _conv,
    KernelKind.DEPTHWISE_CONV: _conv,
    KernelKind.LINEAR: _linear,
    KernelKind.MAX_POOL: _pool(0),
    KernelKind.AVERAGE_POOL: _pool(1),
    KernelKind.GLOBAL_POOL: _global_pool,
    KernelKind.ADD: _layer("BinaryOp", {0: 0}),
    KernelKind.MULTIPLY: _layer("BinaryOp", {0: 2}),
    KernelKind.ACTIVATION: _activation,
    KernelKind.CONCAT: _layer("Concat", {0: 0}),
    KernelKind.SLICE: _slice,
    KernelKind.TRANSPOSE: _shuffle,
}
