"""Network → the ONNX model that the torch exporter would write for it, without torch.

Batch-norms are folded into convolutions, as exporters and runtimes fold them, and the weights are
random: time does not depend on their values. Why not export: torch takes 5 to 20 s for a network,
this a tenth of a second, and a calibration measures hundreds.
"""

from __future__ import annotations

import itertools
import math
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from nas.errors import MissingExtraError
from nas.graph.network import Kernel, KernelActivation, KernelKind, Network, Signature
from nas.measure.weights import draw_parameters

if TYPE_CHECKING:
    from onnx import ModelProto, NodeProto, TensorProto, ValueInfoProto

OPSET = 18
"""What `nas.networks.onnx_export` writes."""

IMAGE, LOGITS = "image", "logits"
"""Names of the input and the output."""

_IR_VERSION = 10


def onnx_model(network: Network, *, batch: int = 1, seed: int = 0) -> ModelProto:
    """The model of a lowered architecture for batches of one size; equal seeds, equal weights.

    Raises:
        MissingExtraError: if `onnx` is not installed.
    """
    try:
        from onnx import TensorProto, helper
    except ImportError:
        raise MissingExtraError("writing networks for a runtime", "measure") from None
    writer = _Writer(network, batch, np.random.default_rng(seed))
    for kernel in network.kernels:
        _WRITE[kernel.signature.kind](writer, kernel)
    shapes = {name: writer.dims(tensor) for name, tensor in ((IMAGE, 0), (LOGITS, network.output))}
    value = [
        helper.make_tensor_value_info(name, TensorProto.FLOAT, shape)
        for name, shape in shapes.items()
    ]
    graph = helper.make_graph(writer.nodes, "network", value[:1], value[1:], writer.constants)
    opset = helper.make_opsetid("", OPSET)
    return helper.make_model(graph, opset_imports=[opset], ir_version=_IR_VERSION)


def image_of(model: ModelProto) -> ValueInfoProto:
    """The input that is not a constant: older files list their constants as inputs as well."""
    constants = {constant.name for constant in model.graph.initializer}
    (image,) = (value for value in model.graph.input if value.name not in constants)
    found: ValueInfoProto = image
    return found


class _Writer:
    """Collects nodes and constants; tensors are named by their numbers."""

    def __init__(self, network: Network, batch: int, generator: np.random.Generator) -> None:
        self.network = network
        self.batch = batch
        self.nodes: list[NodeProto] = []
        self.constants: list[TensorProto] = []
        self._generator = generator
        self._vectors: set[int] = set()
        self._count = 0

    def name(self, tensor: int) -> str:
        """The name of a tensor."""
        if tensor == 0:
            return IMAGE
        return LOGITS if tensor == self.network.output else f"tensor{tensor}"

    def dims(self, tensor: int) -> tuple[int, ...]:
        """The shape of a tensor, as written."""
        shape = self.network.tensors[tensor]
        return (self.batch, shape[0]) if tensor in self._vectors else (self.batch, *shape)

    def node(self, op: str, inputs: list[str], output: str | list[str], **attributes: Any) -> None:
        """Append a node."""
        from onnx import helper

        outputs = [output] if isinstance(output, str) else output
        self.nodes.append(
            helper.make_node(op, inputs, outputs, f"node{len(self.nodes)}", **attributes)
        )

    def fresh(self) -> str:
        """A name for a result between two nodes of one kernel."""
        self._count += 1
        return f"inner{self._count}"

    def constant(self, values: NDArray[Any]) -> str:
        """The name of a new constant."""
        from onnx import numpy_helper

        name = f"constant{len(self.constants)}"
        self.constants.append(numpy_helper.from_array(values, name))
        return name

    def parameters(self, signature: Signature) -> list[str]:
        """Names of the weights and, if there is one, of the bias."""
        weights, bias = draw_parameters(signature, self._generator)
        return [self.constant(values) for values in (weights, bias) if values is not None]

    def image(self, tensor: int) -> str:
        """The tensor with its height and width."""
        if tensor not in self._vectors:
            return self.name(tensor)
        return self.reshaped(self.name(tensor), (self.batch, *self.network.tensors[tensor]))

    def vector(self, tensor: int) -> str:
        """The tensor as one vector for each image."""
        if tensor in self._vectors:
            return self.name(tensor)
        elements = math.prod(self.network.tensors[tensor])
        return self.reshaped(self.name(tensor), (self.batch, elements))

    def mark_vector(self, tensor: int) -> None:
        """Record that a tensor is written without height and width."""
        self._vectors.add(tensor)

    def reshaped(self, source: str, shape: tuple[int, ...], output: str | None = None) -> str:
        """A tensor in another shape."""
        output = output or self.fresh()
        self.node("Reshape", [source, self.constant(np.array(shape, np.int64))], output)
        return output

    def activated(self, kernel: Kernel) -> str:
        """Where the kernel's own node must write, so that its activation ends in its tensor."""
        output = self.name(kernel.writes)
        if kernel.signature.activation is KernelActivation.LINEAR:
            return output
        return self.fresh()

    def activate(self, source: str, kernel: Kernel) -> None:
        """The kernel's activation, from `source` to its tensor."""
        output, activation = self.name(kernel.writes), kernel.signature.activation
        if activation is KernelActivation.SWISH:
            gate = self.fresh()
            self.node("Sigmoid", [source], gate)
            self.node("Mul", [source, gate], output)
        elif activation is KernelActivation.RELU6:
            bounds = [self.constant(np.array(bound, np.float32)) for bound in (0, 6)]
            self.node("Clip", [source, *bounds], output)
        elif activation is KernelActivation.HARD_SIGMOID:
            self.node("HardSigmoid", [source], output, alpha=1 / 6, beta=0.5)
        elif activation is not KernelActivation.LINEAR:
            self.node(_PLAIN[activation], [source], output)


_PLAIN = {
    KernelActivation.RELU: "Relu",
    KernelActivation.HARD_SWISH: "HardSwish",
    KernelActivation.SIGMOID: "Sigmoid",
}


def padding(size: int, positions: int, kernel: int, stride: int) -> int:
    """Zeros on both sides that let a window take so many positions; kernel // 2 if that does."""
    for candidate in itertools.chain([kernel // 2], range(kernel)):
        if (size + 2 * candidate - kernel) // stride + 1 == positions:
            return candidate
    raise AssertionError(f"no padding lets k{kernel} s{stride} over {size} take {positions}")


def pads(signature: Signature) -> tuple[int, int]:
    """Zeros on both sides of a sliding window's input, in height and in width."""
    (source,), kernel, stride = signature.in_shapes, signature.kernel, signature.stride
    top, left = (
        padding(size, positions, kernel, stride)
        for size, positions in zip(source[1:], signature.out_shape[1:], strict=True)
    )
    return top, left


def _window(signature: Signature) -> dict[str, Any]:
    """Attributes of a sliding window."""
    (top, left), kernel, stride = pads(signature), signature.kernel, signature.stride
    return {
        "kernel_shape": [kernel, kernel],
        "strides": [stride, stride],
        "pads": [top, left, top, left],
    }


def _conv(writer: _Writer, kernel: Kernel) -> None:
    signature, (source,) = kernel.signature, kernel.reads
    output = writer.activated(kernel)
    inputs = [writer.image(source), *writer.parameters(signature)]
    writer.node("Conv", inputs, output, group=signature.groups, **_window(signature))
    writer.activate(output, kernel)


def _linear(writer: _Writer, kernel: Kernel) -> None:
    signature, (source,) = kernel.signature, kernel.reads
    inputs, output = [writer.vector(source)], writer.activated(kernel)
    writer.node("Gemm", inputs + writer.parameters(signature), output, transB=1)
    writer.activate(output, kernel)
    writer.mark_vector(kernel.writes)


def _pool(op: str) -> Callable[[_Writer, Kernel], None]:
    def write(writer: _Writer, kernel: Kernel) -> None:
        source, output = writer.image(kernel.reads[0]), writer.name(kernel.writes)
        writer.node(op, [source], output, **_window(kernel.signature))

    return write


def _global_pool(writer: _Writer, kernel: Kernel) -> None:
    axes = writer.constant(np.array([-1, -2], np.int64))
    source, output = writer.image(kernel.reads[0]), writer.name(kernel.writes)
    writer.node("ReduceMean", [source, axes], output, keepdims=1)


def _elementwise(op: str) -> Callable[[_Writer, Kernel], None]:
    def write(writer: _Writer, kernel: Kernel) -> None:
        output = writer.activated(kernel)
        writer.node(op, [writer.image(tensor) for tensor in kernel.reads], output)
        writer.activate(output, kernel)

    return write


def _activation(writer: _Writer, kernel: Kernel) -> None:
    writer.activate(writer.image(kernel.reads[0]), kernel)


def _concat(writer: _Writer, kernel: Kernel) -> None:
    sources = [writer.image(tensor) for tensor in kernel.reads]
    writer.node("Concat", sources, writer.name(kernel.writes), axis=1)


def _slice(writer: _Writer, kernel: Kernel) -> None:
    """All slices of a tensor are one split, written with the first of them."""
    parts = [
        other
        for other in writer.network.kernels
        if other.signature.kind is KernelKind.SLICE and other.reads == kernel.reads
    ]
    if parts[0] is not kernel:
        return
    sizes = [part.signature.out_shape[0] for part in parts]
    assert sum(sizes) == kernel.signature.in_shapes[0][0], "a block splits all channels"
    inputs = [writer.image(kernel.reads[0]), writer.constant(np.array(sizes, np.int64))]
    writer.node("Split", inputs, [writer.name(part.writes) for part in parts], axis=1)


def _shuffle(writer: _Writer, kernel: Kernel) -> None:
    """Interleaves the groups of the convolution before, or the halves of a shuffle unit."""
    source, shape = kernel.reads[0], (writer.batch, *kernel.signature.out_shape)
    before = next(other for other in writer.network.kernels if other.writes == source)
    groups = before.signature.groups if before.signature.groups > 1 else 2
    grouped = (shape[0], groups, shape[1] // groups, *shape[2:])
    inner = writer.reshaped(writer.image(source), grouped)
    turned = writer.fresh()
    writer.node("Transpose", [inner], turned, perm=[0, 2, 1, 3, 4])
    writer.reshaped(turned, shape, writer.name(kernel.writes))


_WRITE: dict[KernelKind, Callable[[_Writer, Kernel], None]] = {
    KernelKind.CONV: _conv,
    KernelKind.DEPTHWISE_CONV: _conv,
    KernelKind.LINEAR: _linear,
    KernelKind.MAX_POOL: _pool("MaxPool"),
    KernelKind.AVERAGE_POOL: _pool("AveragePool"),
    KernelKind.GLOBAL_POOL: _global_pool,
    KernelKind.ADD: _elementwise("Add"),
    KernelKind.MULTIPLY: _elementwise("Mul"),
    KernelKind.ACTIVATION: _activation,
    KernelKind.CONCAT: _concat,
    KernelKind.SLICE: _slice,
    KernelKind.TRANSPOSE: _shuffle,
}
