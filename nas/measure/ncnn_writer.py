"""Layers with their fields, and kernels' weights → the two files of an ncnn model.

Activations that the converter fuses are fields of the layer before them. A blob that several
layers read is split first, as ncnn demands. int8 is ncnn's own: weights symmetric per channel,
activations symmetric per blob, and a convolution hands integers on where only convolutions read
them. Grouped convolutions that are not depthwise stay in float32, as ncnn provides for layers
that suffer: its x86 kernels for them read the packed layout wrongly.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from nas.graph.network import Kernel, KernelActivation, KernelKind, Network
from nas.measure.onnx_file import IMAGE, LOGITS
from nas.measure.weights import draw_parameters

_MAGIC = 7767517
_ARRAY = -23300
"""Key of an array: this, less the field's number."""

_FLOAT32 = bytes(4)
"""What stands before weights of that format."""

_KEEPS_INTEGERS = 100
"""Added to `int8_scale_term` of a layer that hands integers on."""

Field = int | float | Sequence[float]


@dataclass(frozen=True, slots=True)
class NcnnModel:
    """The two files of a model."""

    layers: str
    weights: bytes


class NcnnWriter:
    """Collects layers and weights."""

    def __init__(
        self,
        network: Network,
        magnitudes: Mapping[str, float] | None,
        generator: np.random.Generator,
    ) -> None:
        self.network = network
        self._magnitudes = magnitudes
        self._generator = generator
        self._lines: list[str] = []
        self._blobs = 0
        self._weights: list[bytes] = []
        self._readers = [
            [kernel for kernel in network.kernels if tensor in kernel.reads]
            for tensor in range(len(network.tensors))
        ]
        self._taken: Counter[int] = Counter()
        self.vectors: set[int] = set()
        """Tensors that are written without height and width."""

    def model(self) -> NcnnModel:
        """What was collected."""
        head = [str(_MAGIC), f"{len(self._lines)} {self._blobs}"]
        return NcnnModel("\n".join(head + self._lines) + "\n", b"".join(self._weights))

    def name(self, tensor: int) -> str:
        """The blob of a tensor."""
        if tensor == 0:
            return IMAGE
        return LOGITS if tensor == self.network.output else f"tensor{tensor}"

    def layer(
        self,
        kind: str,
        sources: Sequence[str],
        outputs: Sequence[str],
        fields: Mapping[int, Field],
    ) -> None:
        """Append a layer."""
        words = [kind, f"layer{len(self._lines)}", str(len(sources)), str(len(outputs))]
        words += [*sources, *outputs, *(_field(key, value) for key, value in fields.items())]
        self._lines.append(" ".join(words))
        self._blobs += len(outputs)

    def split(self, tensor: int) -> None:
        """Give every reader of a tensor a blob of its own, if there are several."""
        if (count := self._count(tensor)) > 1:
            copies = [f"{self.name(tensor)}_{index}" for index in range(count)]
            self.layer("Split", [self.name(tensor)], copies, {})

    def source(self, tensor: int) -> str:
        """The blob that the next reader of a tensor reads."""
        if self._count(tensor) == 1:
            return self.name(tensor)
        self._taken[tensor] += 1
        return f"{self.name(tensor)}_{self._taken[tensor] - 1}"

    def _count(self, tensor: int) -> int:
        """Layers that read a tensor: all its slices are one."""
        kinds = [kernel.signature.kind for kernel in self._readers[tensor]]
        slices = kinds.count(KernelKind.SLICE)
        return len(kinds) - slices + (slices > 0)

    def image(self, tensor: int) -> str:
        """The blob that the next reader of a tensor reads, with its height and width."""
        source = self.source(tensor)
        if tensor not in self.vectors:
            return source
        output = f"{source}_image"
        self.layer("Reshape", [source], [output], {0: 1, 1: 1, 2: self.network.tensors[tensor][0]})
        return output

    def weighted(self, kind: str, kernel: Kernel, source: str, fields: dict[int, Field]) -> None:
        """Append a layer with weights, and its activation."""
        weights, bias = draw_parameters(kernel.signature, self._generator)
        self._weights.append(_FLOAT32 + weights.tobytes())
        if bias is not None:
            self._weights.append(bias.tobytes())
        if self._magnitudes is not None and _is_int8(kernel):
            fields[8] = self._quantize(kernel, weights, self._magnitudes)
        fused = _FUSED.get(kernel.signature.activation)
        if fused is not None:
            fields[9], parameters = fused
            fields |= {10: parameters} if parameters else {}
        output = self.name(kernel.writes) if fused is not None else f"inner{kernel.writes}"
        self.layer(kind, [source], [output], fields)
        if fused is None:
            self.activate(output, kernel)

    def activated(
        self, kind: str, kernel: Kernel, sources: Sequence[str], fields: Mapping[int, Field]
    ) -> None:
        """Append a layer without weights, and its activation."""
        if kernel.signature.activation is KernelActivation.LINEAR:
            self.layer(kind, sources, [self.name(kernel.writes)], fields)
            return
        output = f"inner{kernel.writes}"
        self.layer(kind, sources, [output], fields)
        self.activate(output, kernel)

    def activate(self, source: str, kernel: Kernel) -> None:
        """A kernel's activation, from a blob to its tensor."""
        kind, fields = _PLAIN[kernel.signature.activation]
        self.layer(kind, [source], [self.name(kernel.writes)], fields)

    def _quantize(
        self, kernel: Kernel, weights: NDArray[np.float32], magnitudes: Mapping[str, float]
    ) -> int:
        """Append the scales of a layer; the field that says which there are."""
        depthwise = kernel.signature.kind is KernelKind.DEPTHWISE_CONV
        rows = kernel.signature.groups if depthwise else len(weights)
        greatest = np.abs(weights.reshape(rows, -1)).max(axis=1)
        inputs = _scale(magnitudes[self.name(kernel.reads[0])])
        scales = [*(127 / np.maximum(greatest, np.finfo(np.float32).tiny)), inputs]
        term = 1 if depthwise else 2
        if self._hands_integers_on(kernel):
            scales.append(_scale(magnitudes[self.name(kernel.writes)]))
            term += _KEEPS_INTEGERS
        self._weights.append(np.array(scales, np.float32).tobytes())
        return term

    def _hands_integers_on(self, kernel: Kernel) -> bool:
        readers = self._readers[kernel.writes]
        return (
            kernel.writes not in self.vectors
            and kernel.signature.activation in _FUSED
            and bool(readers)
            and all(map(_is_int8_convolution, readers))
        )


def _is_int8(kernel: Kernel) -> bool:
    return kernel.signature.kind is KernelKind.LINEAR or _is_int8_convolution(kernel)


def _is_int8_convolution(kernel: Kernel) -> bool:
    """Whether ncnn has a right integer kernel for a convolution."""
    kind = kernel.signature.kind
    plain = kind is KernelKind.CONV and kernel.signature.groups == 1
    return plain or kind is KernelKind.DEPTHWISE_CONV


_HARD = {0: 1 / 6, 1: 0.5}

_FUSED: dict[KernelActivation, tuple[int, Sequence[float]]] = {
    KernelActivation.LINEAR: (0, ()),
    KernelActivation.RELU: (1, ()),
    KernelActivation.RELU6: (3, (0.0, 6.0)),
    KernelActivation.SIGMOID: (4, ()),
}
"""Number and parameters of the activations that the converter makes fields of other layers."""

_PLAIN: dict[KernelActivation, tuple[str, Mapping[int, Field]]] = {
    KernelActivation.RELU: ("ReLU", {}),
    KernelActivation.RELU6: ("Clip", {0: 0.0, 1: 6.0}),
    KernelActivation.SIGMOID: ("Sigmoid", {}),
    KernelActivation.SWISH: ("Swish", {}),
    KernelActivation.HARD_SWISH: ("HardSwish", _HARD),
    KernelActivation.HARD_SIGMOID: ("HardSigmoid", _HARD),
}


def _scale(magnitude: float) -> float:
    return 127 / magnitude if magnitude > 0 else 1.0


def _field(key: int, value: Field) -> str:
    if isinstance(value, Sequence):
        return f"{_ARRAY - key}={len(value)},{','.join(map(_number, value))}"
    return f"{key}={_number(value)}"


def _number(value: float) -> str:
    """Numbers with a point are floats to ncnn, others integers."""
    return str(value) if isinstance(value, int) else f"{value:.9e}"
