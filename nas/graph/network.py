"""Kernels and tensors → Network: what an inference runtime executes, with exact work and memory.

A kernel is one fused launch: convolution + bias + activation is a single kernel, as in every
inference runtime. Tensors are numbered; number 0 is the network's input. Batch size is 1.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from enum import StrEnum
from functools import cached_property

Shape = tuple[int, int, int]
"""Channels × height × width of one image's tensor; a vector is C × 1 × 1."""


class KernelKind(StrEnum):
    """What a kernel computes."""

    CONV = "conv"
    DEPTHWISE_CONV = "depthwise_conv"
    LINEAR = "linear"
    MAX_POOL = "max_pool"
    AVERAGE_POOL = "average_pool"
    GLOBAL_POOL = "global_pool"
    ADD = "add"
    MULTIPLY = "multiply"
    ACTIVATION = "activation"
    CONCAT = "concat"
    SLICE = "slice"
    TRANSPOSE = "transpose"


class KernelActivation(StrEnum):
    """The function fused behind a kernel; `linear` is none."""

    LINEAR = "linear"
    RELU = "relu"
    RELU6 = "relu6"
    HARD_SWISH = "hswish"
    SWISH = "swish"
    SIGMOID = "sigmoid"
    HARD_SIGMOID = "hsigmoid"


class Precision(StrEnum):
    """Number format of weights and activations."""

    FP32 = "fp32"
    FP16 = "fp16"
    INT8 = "int8"

    @property
    def element_bytes(self) -> int:
        """Bytes of one weight or activation."""
        return {Precision.FP32: 4, Precision.FP16: 2, Precision.INT8: 1}[self]

    @property
    def bias_bytes(self) -> int:
        """Bytes of one bias: integer runtimes keep biases as 32-bit accumulators."""
        return 4 if self is Precision.INT8 else self.element_bytes


@dataclass(frozen=True, slots=True)
class Signature:
    """Everything about a kernel that decides its cost; equal signatures cost the same.

    Counts are elements, not bytes; `macs` are multiply-accumulates of convolutions and linear
    layers, 0 elsewhere, as the field counts them.
    """

    kind: KernelKind
    in_shapes: tuple[Shape, ...]
    out_shape: Shape
    kernel: int = 1
    stride: int = 1
    groups: int = 1
    activation: KernelActivation = KernelActivation.LINEAR
    weight_elements: int = 0
    bias_elements: int = 0

    @property
    def macs(self) -> int:
        """Multiply-accumulates for one image."""
        return self.weight_elements * self.out_shape[1] * self.out_shape[2]

    @property
    def input_elements(self) -> int:
        """Activation elements read."""
        return sum(map(math.prod, self.in_shapes))

    @property
    def output_elements(self) -> int:
        """Activation elements written."""
        return math.prod(self.out_shape)

    def bytes_read(self, precision: Precision) -> int:
        """Bytes of activations, weights and biases read once each."""
        weights = self.input_elements + self.weight_elements
        return weights * precision.element_bytes + self.bias_elements * precision.bias_bytes

    def bytes_written(self, precision: Precision) -> int:
        """Bytes of activations written."""
        return self.output_elements * precision.element_bytes

    def __str__(self) -> str:
        shapes = " + ".join("x".join(map(str, shape)) for shape in self.in_shapes)
        out = "x".join(map(str, self.out_shape))
        details = f" k{self.kernel} s{self.stride} g{self.groups}" if self.weight_elements else ""
        return f"{self.kind.value} {shapes} -> {out}{details}"


@dataclass(frozen=True, slots=True)
class Kernel:
    """One launch in a network: its signature, the tensors it touches, and where it came from.

    Args:
        signature: What decides its cost.
        reads: Numbers of the tensors read.
        writes: Number of the tensor written.
        parameters: Trainable parameters, batch-norm's scale and shift included.
        normalized: Whether a batch-norm was folded into it.
        block: Index of the architecture's block that it belongs to.
    """

    signature: Signature
    reads: tuple[int, ...]
    writes: int
    parameters: int
    normalized: bool
    block: int


@dataclass(frozen=True)
class Network:
    """Kernels in execution order over numbered tensors.

    Args:
        kernels: What runs, in order.
        tensors: Shape of every tensor by number; number 0 is the input.
        output: Number of the tensor that is the result.
    """

    kernels: tuple[Kernel, ...]
    tensors: tuple[Shape, ...]
    output: int

    @cached_property
    def macs(self) -> int:
        """Multiply-accumulates of convolutions and linear layers for one image."""
        return sum(kernel.signature.macs for kernel in self.kernels)

    @cached_property
    def parameters(self) -> int:
        """Trainable parameters, batch-norm included, as papers count them."""
        return sum(kernel.parameters for kernel in self.kernels)

    @property
    def output_shape(self) -> Shape:
        """Shape of the result."""
        return self.tensors[self.output]

    def weight_bytes(self, precision: Precision) -> int:
        """Bytes of weights and biases as deployed, batch-norm folded."""
        return sum(
            kernel.signature.weight_elements * precision.element_bytes
            + kernel.signature.bias_elements * precision.bias_bytes
            for kernel in self.kernels
        )

    def peak_activation_bytes(self, precision: Precision) -> int:
        """Most bytes of activations alive at once, executing in order and without reuse in place.

        A tensor lives from the kernel that writes it to the last that reads it; the input lives
        from the start, the output to the end.
        """
        return self._peak_elements * precision.element_bytes

    @cached_property
    def _peak_elements(self) -> int:
        return sum(math.prod(self.tensors[tensor]) for tensor in self.tensors_at_peak)

    @cached_property
    def tensors_at_peak(self) -> tuple[int, ...]:
        """The numbers of the tensors that are alive when activations take most memory."""
        if not self.kernels:
            return ()
        last_use = {0: 0, self.output: len(self.kernels) - 1}
        for step, kernel in enumerate(self.kernels):
            for tensor in (*kernel.reads, kernel.writes):
                last_use[tensor] = max(step, last_use.get(tensor, 0))
        dying: dict[int, list[int]] = {}
        for tensor, step in last_use.items():
            dying.setdefault(step, []).append(tensor)
        live, size, peak = {0}, math.prod(self.tensors[0]), 0
        at_peak: tuple[int, ...] = ()
        for step, kernel in enumerate(self.kernels):
            live.add(kernel.writes)
            size += math.prod(self.tensors[kernel.writes])
            if size > peak:
                peak, at_peak = size, tuple(sorted(live))
            for tensor in dying.get(step, ()):
                live.discard(tensor)
                size -= math.prod(self.tensors[tensor])
        return at_peak

    def check(self) -> None:
        """Assert what every network must satisfy; a failure is a fault of the lowering.

        Every tensor read was written before (or is the input), every tensor is written once, and
        shapes in signatures are those of the tensors.
        """
        written = {0}
        for step, kernel in enumerate(self.kernels):
            missing = set(kernel.reads) - written
            assert not missing, f"kernel {step} reads tensors {missing} before they are written"
            assert kernel.writes not in written, f"tensor {kernel.writes} is written twice"
            shapes = tuple(self.tensors[tensor] for tensor in kernel.reads)
            assert shapes == kernel.signature.in_shapes, f"kernel {step} reads other shapes"
            assert self.tensors[kernel.writes] == kernel.signature.out_shape, f"kernel {step}"
            written.add(kernel.writes)
        assert self.output in written, "the output is never written"
