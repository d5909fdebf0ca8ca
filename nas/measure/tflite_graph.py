"""Network → the operators of TensorFlow Lite, channels last.

An activation that an operator has a field for is part of it; one that has none is an operator of
its own. A window that is padded as TensorFlow pads is marked so; where torch pads otherwise, which
is at stride 2, the zeros are an operator before it, as converters from torch write them.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray

from nas.graph.network import Kernel, KernelActivation, KernelKind, Network, Shape, Signature
from nas.measure.onnx_file import pads
from nas.measure.weights import draw_parameters

CHANNELS = 3
"""Axis of the channels in an activation."""


@dataclass(frozen=True, slots=True)
class Tensor:
    """An activation, or a constant.

    Args:
        shape: Images × height × width × channels in an activation.
        values: Those of a constant.
        channel_axis: Where the output channels of a weight are.
    """

    shape: tuple[int, ...]
    values: NDArray[Any] | None = None
    channel_axis: int | None = None


@dataclass(frozen=True, slots=True)
class Operator:
    """One builtin operator of TensorFlow Lite.

    Args:
        code: Its name in the schema.
        inputs: Indices of tensors.
        outputs: Indices of tensors.
        options: Fields of its options in the schema.
    """

    code: str
    inputs: tuple[int, ...]
    outputs: tuple[int, ...]
    options: dict[str, Any] = field(default_factory=dict)


@dataclass(slots=True)
class Graph:
    """Operators in execution order; tensor 0 is the input.

    Args:
        tensors: By index.
        operators: In order.
        output: Index of the result.
    """

    tensors: list[Tensor]
    operators: list[Operator]
    output: int = 0


def tflite_graph(network: Network, *, batch: int = 1, seed: int = 0) -> Graph:
    """The operators of a lowered architecture; equal seeds, equal weights, as in `onnx_model`."""
    writer = _Writer(network, batch, np.random.default_rng(seed))
    for kernel in network.kernels:
        _WRITE[kernel.signature.kind](writer, kernel)
    writer.graph.output = writer.index(network.output)
    return writer.graph


class _Writer:
    """Collects operators; a network's tensors get their indices as they are written."""

    def __init__(self, network: Network, batch: int, generator: np.random.Generator) -> None:
        self.network = network
        self.generator = generator
        self.graph = Graph([], [])
        self._batch = batch
        self._index: dict[int, int] = {}
        self.index(0)

    def index(self, tensor: int) -> int:
        """The index of a network's tensor."""
        if tensor not in self._index:
            self._index[tensor] = self.activation(self.dims(self.network.tensors[tensor]))
        return self._index[tensor]

    def dims(self, shape: Shape) -> tuple[int, ...]:
        """A shape, channels last."""
        return (self._batch, *shape[1:], shape[0])

    def activation(self, shape: Sequence[int]) -> int:
        """The index of a new activation."""
        self.graph.tensors.append(Tensor(tuple(shape)))
        return len(self.graph.tensors) - 1

    def constant(self, values: NDArray[Any], channel_axis: int | None = None) -> int:
        """The index of a new constant."""
        self.graph.tensors.append(Tensor(values.shape, values, channel_axis))
        return len(self.graph.tensors) - 1

    def indices(self, values: int | Sequence[Any]) -> int:
        """The index of a constant of axes, sizes or paddings."""
        return self.constant(np.array(values, np.int32))

    def operator(self, code: str, inputs: Sequence[int], output: int, **options: Any) -> None:
        """Append an operator of one output."""
        self.graph.operators.append(Operator(code, tuple(inputs), (output,), options))

    def activated(self, code: str, inputs: Sequence[int], kernel: Kernel, **options: Any) -> None:
        """Append a kernel's operator and, where it has no field for it, its activation."""
        activation, output = kernel.signature.activation, self.index(kernel.writes)
        if activation in _FUSED:
            fused = {"fusedActivationFunction": _FUSED[activation]}
            self.operator(code, inputs, output, **options, **fused)
            return
        inner = self.activation(self.dims(kernel.signature.out_shape))
        self.operator(code, inputs, inner, **options)
        self.activate(inner, kernel)

    def activate(self, source: int, kernel: Kernel) -> None:
        """A kernel's activation, from `source` to its tensor."""
        activation, output = kernel.signature.activation, self.index(kernel.writes)
        if activation in _PLAIN:
            self.operator(_PLAIN[activation], [source], output)
            return
        inner = self.activation(self.graph.tensors[source].shape)
        if activation is KernelActivation.SWISH:
            self.operator("LOGISTIC", [source], inner)
            self.operator("MUL", [source, inner], output)
            return
        assert activation is KernelActivation.HARD_SIGMOID, activation
        three, sixth = (self.constant(np.array([value], np.float32)) for value in (3, 1 / 6))
        self.operator("ADD", [source, three], inner, fusedActivationFunction="RELU6")
        self.operator("MUL", [inner, sixth], output)

    def window(self, kernel: Kernel, filler: str = "PAD") -> tuple[int, dict[str, Any]]:
        """What a window slides over, and the fields that say how.

        Args:
            kernel: Of the window.
            filler: `PAD` for zeros, `PADV2` for the lowest number.
        """
        signature, source = kernel.signature, self.index(kernel.reads[0])
        top, left = pads(signature)
        options = {"strideH": signature.stride, "strideW": signature.stride, "padding": "VALID"}
        if top == left == 0:
            return source, options
        if _as_tensorflow_pads(signature, 1, top) and _as_tensorflow_pads(signature, 2, left):
            return source, options | {"padding": "SAME"}
        batch, height, width, channels = self.graph.tensors[source].shape
        padded = self.activation((batch, height + 2 * top, width + 2 * left, channels))
        inputs = [source, self.indices([[0, 0], [top, top], [left, left], [0, 0]])]
        if filler == "PADV2":
            inputs.append(self.constant(np.array([np.finfo(np.float32).min], np.float32)))
        self.operator(filler, inputs, padded)
        return padded, options


_FUSED = {
    KernelActivation.LINEAR: "NONE",
    KernelActivation.RELU: "RELU",
    KernelActivation.RELU6: "RELU6",
}

_PLAIN = {
    KernelActivation.RELU: "RELU",
    KernelActivation.RELU6: "RELU6",
    KernelActivation.HARD_SWISH: "HARD_SWISH",
    KernelActivation.SIGMOID: "LOGISTIC",
}


def _as_tensorflow_pads(signature: Signature, axis: int, pad: int) -> bool:
    """Whether `SAME` puts as many zeros before an axis, and has as many positions."""
    size, positions = signature.in_shapes[0][axis], signature.out_shape[axis]
    total = max(0, (positions - 1) * signature.stride + signature.kernel - size)
    return positions == -(-size // signature.stride) and pad == total // 2


def _conv(writer: _Writer, kernel: Kernel) -> None:
    weights, bias = draw_parameters(kernel.signature, writer.generator)
    source, options = writer.window(kernel)
    inputs = [source, writer.constant(weights.transpose(0, 2, 3, 1), 0)]
    inputs += [] if bias is None else [writer.constant(bias)]
    writer.activated("CONV_2D", inputs, kernel, **options)


def _depthwise(writer: _Writer, kernel: Kernel) -> None:
    weights, bias = draw_parameters(kernel.signature, writer.generator)
    source, options = writer.window(kernel)
    inputs = [source, writer.constant(weights.transpose(1, 2, 3, 0), CHANNELS)]
    inputs += [] if bias is None else [writer.constant(bias)]
    copies = kernel.signature.out_shape[0] // kernel.signature.groups
    writer.activated("DEPTHWISE_CONV_2D", inputs, kernel, depthMultiplier=copies, **options)


def _linear(writer: _Writer, kernel: Kernel) -> None:
    assert kernel.signature.in_shapes[0][1:] == (1, 1), "an architecture pools before it"
    weights, bias = draw_parameters(kernel.signature, writer.generator)
    inputs = [writer.index(kernel.reads[0]), writer.constant(weights, 0)]
    inputs += [] if bias is None else [writer.constant(bias)]
    writer.activated("FULLY_CONNECTED", inputs, kernel, keepNumDims=True)


def _pool(code: str, filler: str) -> Callable[[_Writer, Kernel], None]:
    def write(writer: _Writer, kernel: Kernel) -> None:
        source, options = writer.window(kernel, filler)
        size = kernel.signature.kernel
        options |= {"filterHeight": size, "filterWidth": size}
        writer.operator(code, [source], writer.index(kernel.writes), **options)

    return write


def _global_pool(writer: _Writer, kernel: Kernel) -> None:
    inputs = [writer.index(kernel.reads[0]), writer.indices([1, 2])]
    writer.operator("MEAN", inputs, writer.index(kernel.writes), keepDims=True)


def _elementwise(code: str) -> Callable[[_Writer, Kernel], None]:
    def write(writer: _Writer, kernel: Kernel) -> None:
        writer.activated(code, [writer.index(tensor) for tensor in kernel.reads], kernel)

    return write


def _activation(writer: _Writer, kernel: Kernel) -> None:
    writer.activate(writer.index(kernel.reads[0]), kernel)


def _concat(writer: _Writer, kernel: Kernel) -> None:
    sources = [writer.index(tensor) for tensor in kernel.reads]
    writer.operator("CONCATENATION", sources, writer.index(kernel.writes), axis=CHANNELS)


def _slice(writer: _Writer, kernel: Kernel) -> None:
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


def _shuffle(writer: _Writer, kernel: Kernel) -> None:
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


_WRITE: dict[KernelKind, Callable[[_Writer, Kernel], None]] = {
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
