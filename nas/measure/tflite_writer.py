"""Kernels' operators with their constants → a graph of TensorFlow Lite, channels last.

As Google's converter from torch does, an activation that an operator has a field for is part of
it, others are operators of their own; the zeros around a window that torch pads otherwise than
TensorFlow, as at stride 2, are an operator before it. What that converter writes only because
torch has the channels first is left out.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray

from nas.graph.network import Kernel, KernelActivation, Network, Shape, Signature
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


class TfliteWriter:
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

    def number(self, value: float) -> int:
        """The index of a constant of one number."""
        return self.constant(np.array([value], np.float32))

    def operator(self, code: str, inputs: Sequence[int], output: int, **options: Any) -> None:
        """Append an operator of one output."""
        self.graph.operators.append(Operator(code, tuple(inputs), (output,), options))

    def weighted(
        self, code: str, source: int, kernel: Kernel, axes: tuple[int, ...], **options: Any
    ) -> None:
        """Append an operator with weights, and its activation.

        Args:
            code: Of the operator.
            source: What it reads.
            kernel: What it comes from.
            axes: Where the operator has the axes of the kernel's weights.
            options: Fields of the operator.
        """
        weights, bias = draw_parameters(kernel.signature, self.generator)
        inputs = [source, self.constant(weights.transpose(axes), axes.index(0))]
        if bias is None:
            self.activated(code, inputs, kernel, **options)
        elif kernel.signature.activation is KernelActivation.HARD_SIGMOID:
            inner = self.activation(self.dims(kernel.signature.out_shape))
            inputs.append(self.constant(bias + np.float32(3)))
            self.operator(code, inputs, inner, **options, fusedActivationFunction="RELU6")
            self.operator("MUL", [inner, self.number(1 / 6)], self.index(kernel.writes))
        else:
            self.activated(code, [*inputs, self.constant(bias)], kernel, **options)

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
        self.operator("ADD", [source, self.number(3)], inner, fusedActivationFunction="RELU6")
        self.operator("MUL", [inner, self.number(1 / 6)], output)

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
            inputs.append(self.number(float(np.finfo(np.float32).min)))
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
