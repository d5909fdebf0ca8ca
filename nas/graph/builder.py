"""Calls that add one kernel each → Network: the shape rules of single kernels, in one place.

Both ways into a Network (lowering an architecture, importing ONNX) build through this.
"""

from __future__ import annotations

import math

from nas.errors import ArchitectureError
from nas.graph.network import Kernel, KernelActivation, KernelKind, Network, Shape, Signature

_LINEAR = KernelActivation.LINEAR


class NetworkBuilder:
    """Collects kernels over numbered tensors; `block` labels what is added next.

    Args:
        image: Shape of the input, which becomes tensor 0.
    """

    def __init__(self, image: Shape) -> None:
        self.tensors: list[Shape] = [image]
        self.kernels: list[Kernel] = []
        self.block = 0

    def build(self, output: int) -> Network:
        """The network whose result is that tensor."""
        return Network(tuple(self.kernels), tuple(self.tensors), output)

    def conv(
        self,
        source: int,
        width: int,
        *,
        kernel: int = 1,
        stride: int = 1,
        groups: int = 1,
        padding: int | None = None,
        activation: KernelActivation = _LINEAR,
        bias: bool = False,
        normalized: bool = True,
    ) -> int:
        """Convolution to `width` channels; `padding` None is kernel // 2. Returns the tensor."""
        _, height, image_width = self.tensors[source]
        pad = kernel // 2 if padding is None else padding
        out_shape = (
            width,
            _slid(height, kernel, stride, pad),
            _slid(image_width, kernel, stride, pad),
        )
        return self.convolution(
            source,
            out_shape,
            window=(kernel, kernel),
            stride=stride,
            groups=groups,
            activation=activation,
            bias=bias,
            normalized=normalized,
        )

    def convolution(
        self,
        source: int,
        out_shape: Shape,
        *,
        window: tuple[int, int],
        stride: int = 1,
        groups: int = 1,
        activation: KernelActivation = _LINEAR,
        bias: bool = False,
        normalized: bool = False,
    ) -> int:
        """Convolution to a known shape, however it is padded, with a window of height × width.

        The signature's `kernel` is the longer side; weights and work are those of the window.
        """
        channels, width = self.tensors[source][0], out_shape[0]
        for name, count in (("input", channels), ("output", width)):
            if count % groups:
                raise ArchitectureError(
                    f"`groups` must divide the {name} channels; got {groups} groups, {count}"
                )
        depthwise = groups > 1 and groups == channels
        weights = width * (channels // groups) * math.prod(window)
        return self._add(
            Signature(
                KernelKind.DEPTHWISE_CONV if depthwise else KernelKind.CONV,
                (self.tensors[source],),
                out_shape,
                max(window),
                stride,
                groups,
                activation,
                weights,
                width if bias or normalized else 0,
            ),
            (source,),
            parameters=weights + width * bias + 2 * width * normalized,
            normalized=normalized,
        )

    def linear(
        self,
        source: int,
        width: int,
        *,
        activation: KernelActivation = _LINEAR,
        bias: bool = True,
        normalized: bool = False,
    ) -> int:
        """Fully connected layer over all elements of a tensor."""
        weights = math.prod(self.tensors[source]) * width
        return self._add(
            Signature(
                KernelKind.LINEAR,
                (self.tensors[source],),
                (width, 1, 1),
                activation=activation,
                weight_elements=weights,
                bias_elements=width if bias or normalized else 0,
            ),
            (source,),
            parameters=weights + width * bias + 2 * width * normalized,
            normalized=normalized,
        )

    def pool(
        self, kind: KernelKind, source: int, *, kernel: int, stride: int, padding: int
    ) -> int:
        """Max or average pooling over windows."""
        _, height, width = self.tensors[source]
        size = (_slid(height, kernel, stride, padding), _slid(width, kernel, stride, padding))
        return self.pooling(kind, source, size, kernel=kernel, stride=stride)

    def pooling(
        self, kind: KernelKind, source: int, size: tuple[int, int], *, kernel: int, stride: int
    ) -> int:
        """Max or average pooling to a known height × width, however it is padded."""
        shape = self.tensors[source]
        signature = Signature(kind, (shape,), (shape[0], *size), kernel, stride)
        return self._add(signature, (source,))

    def global_pool(self, source: int) -> int:
        """Average over all positions."""
        shape = self.tensors[source]
        return self._add(Signature(KernelKind.GLOBAL_POOL, (shape,), (shape[0], 1, 1)), (source,))

    def add(self, left: int, right: int, activation: KernelActivation = _LINEAR) -> int:
        """Element-wise sum of two tensors of one shape."""
        if self.tensors[left] != self.tensors[right]:
            raise ArchitectureError(
                f"`add` needs equal shapes; got {self.tensors[left]} and {self.tensors[right]}"
            )
        return self._elementwise(KernelKind.ADD, (left, right), activation)

    def multiply(self, source: int, factor: int) -> int:
        """Scale a tensor by one factor per channel (C × 1 × 1) or per element."""
        if self.tensors[factor] not in ((self.tensors[source][0], 1, 1), self.tensors[source]):
            raise ArchitectureError(
                f"`multiply` needs a factor per channel; got {self.tensors[factor]} "
                f"for {self.tensors[source]}"
            )
        return self._elementwise(KernelKind.MULTIPLY, (source, factor), _LINEAR)

    def activation(self, source: int, activation: KernelActivation) -> int:
        """An activation that nothing before it could absorb."""
        return self._elementwise(KernelKind.ACTIVATION, (source,), activation)

    def concat(self, sources: tuple[int, ...]) -> int:
        """Join tensors along channels."""
        shapes = tuple(self.tensors[source] for source in sources)
        if len({shape[1:] for shape in shapes}) != 1:
            raise ArchitectureError(f"`concat` needs equal heights and widths; got {shapes}")
        channels = sum(shape[0] for shape in shapes)
        return self._add(Signature(KernelKind.CONCAT, shapes, (channels, *shapes[0][1:])), sources)

    def slice(self, source: int, channels: int) -> int:
        """Some of the channels of a tensor."""
        shape = self.tensors[source]
        return self._add(Signature(KernelKind.SLICE, (shape,), (channels, *shape[1:])), (source,))

    def transpose(self, source: int) -> int:
        """Move all elements, such as a channel shuffle; the shape stays."""
        shape = self.tensors[source]
        return self._add(Signature(KernelKind.TRANSPOSE, (shape,), shape), (source,))

    def _elementwise(
        self, kind: KernelKind, reads: tuple[int, ...], activation: KernelActivation
    ) -> int:
        shapes = tuple(self.tensors[tensor] for tensor in reads)
        return self._add(Signature(kind, shapes, shapes[0], activation=activation), reads)

    def _add(
        self,
        signature: Signature,
        reads: tuple[int, ...],
        *,
        parameters: int = 0,
        normalized: bool = False,
    ) -> int:
        self.tensors.append(signature.out_shape)
        writes = len(self.tensors) - 1
        self.kernels.append(Kernel(signature, reads, writes, parameters, normalized, self.block))
        return writes


def _slid(size: int, kernel: int, stride: int, padding: int) -> int:
    """Positions of a window sliding over `size` elements padded on both sides."""
    positions = (size + 2 * padding - kernel) // stride + 1
    if positions < 1:
        raise ArchitectureError(
            f"`kernel` must fit its input; got kernel {kernel} over {size} elements "
            f"with padding {padding}"
        )
    return positions
