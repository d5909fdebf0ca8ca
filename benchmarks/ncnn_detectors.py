"""Bodies and heads of the detectors in ncnn's benchmark → tensors of a network being built.

What follows the convolutions (priors, sorting, suppression) takes next to no time and is left out.
"""

from __future__ import annotations

from collections.abc import Sequence

from benchmarks.ncnn_layers import activated, max_pool, separable
from nas.graph.builder import NetworkBuilder
from nas.graph.network import KernelActivation

_RELU = KernelActivation.RELU
_CLASSES = 21


_MOBILENET = (
    *((64, 1), (128, 2), (128, 1), (256, 2), (256, 1), (512, 2), (512, 1), (512, 1)),
    *((512, 1), (512, 1), (512, 1)),
)
"""Width and stride of MobileNet's blocks up to the last stride."""


def _mobilenet_body(builder: NetworkBuilder) -> tuple[int, int]:
    """Tensors at a sixteenth and at a thirty-second of the image's size."""
    last = builder.conv(0, 32, kernel=3, stride=2, activation=_RELU)
    for width, stride in _MOBILENET:
        last = separable(builder, last, width, stride)
    deep = separable(builder, separable(builder, last, 1024, 2), 1024)
    return last, deep


def _boxes(builder: NetworkBuilder, sources: Sequence[tuple[int, int]], kernel: int) -> int:
    """Convolutions to places and classes of some boxes per position, joined at the end."""
    last = 0
    for source, boxes in sources:
        for width in (4 * boxes, _CLASSES * boxes):
            last = builder.transpose(
                builder.conv(source, width, kernel=kernel, bias=True, normalized=False)
            )
    return last


def _upsampled(builder: NetworkBuilder, source: int, channels: int, window: int) -> int:
    """A transposed depthwise convolution to twice the size, as if it worked at each position."""
    size = 2 * builder.tensors[source][1]
    return builder.convolution(
        source, (channels, size, size), window=(window, window), groups=channels
    )


def mobilenet_ssd(builder: NetworkBuilder) -> int:
    """MobileNet with the heads of SSD."""
    middle, last = _mobilenet_body(builder)
    sources = [(middle, 3), (last, 6)]
    for hidden, width in ((256, 512), (128, 256), (128, 256), (64, 128)):
        last = activated(builder, activated(builder, last, hidden), width, 3, 2)
        sources.append((last, 6))
    return _boxes(builder, sources, kernel=1)


def squeezenet_ssd(builder: NetworkBuilder) -> int:
    """SqueezeNet with the heads of SSD."""
    last = max_pool(builder, activated(builder, 0, 64, 3, 2, padding=0))
    sources = []
    for place, (boxes, fires) in enumerate(_FIRES):
        last = max_pool(builder, last) if place else last
        for hidden in fires:
            inner = activated(builder, last, hidden)
            halves = (
                activated(builder, inner, 4 * hidden),
                activated(builder, inner, 4 * hidden, 3),
            )
            last = builder.concat(halves)
        sources.append((last, boxes))
    for hidden, width, boxes in ((128, 256, 6), (64, 128, 4)):
        last = builder.conv(last, hidden, activation=_RELU)
        last = builder.conv(last, width, kernel=3, stride=2, activation=_RELU)
        sources.append((last, boxes))
    return _boxes(builder, sources[1:], kernel=3)


_FIRES = ((0, (16, 16)), (4, (32, 32)), (6, (48, 48, 64, 64)), (6, (96,)), (6, (96,)))
"""Between poolings: boxes per position behind the last of the modules, and their inner widths."""


def mobilenet_yolo(builder: NetworkBuilder) -> int:
    """MobileNet with two heads of YOLO."""
    _, last = _mobilenet_body(builder)
    last = builder.conv(last, 256, activation=_RELU)
    coarse = builder.conv(last, 1024, kernel=3, activation=_RELU)
    last = _upsampled(builder, coarse, 256, window=4)
    last = builder.conv(last, 1024, kernel=3, activation=_RELU)
    last = builder.conv(last, 256, activation=_RELU)
    fine = builder.conv(last, 1024, kernel=3, activation=_RELU)
    for source in (coarse, fine):
        last = builder.conv(source, 125, bias=True, normalized=False)
    return last


_MOBILENET_V2 = (
    *((96, 24, 2), (144, 24, 1), (144, 32, 2), (192, 32, 1), (192, 32, 1), (192, 64, 2)),
    *((384, 64, 1), (384, 64, 1), (384, 64, 1), (384, 96, 1), (576, 96, 1), (576, 96, 1)),
    *((576, 160, 2), (960, 160, 1), (960, 160, 1), (960, 320, 1)),
)
"""Inner width, width and stride of MobileNetV2's blocks after the first."""


def mobilenetv2_yolov3(builder: NetworkBuilder) -> int:
    """MobileNetV2 with two heads of YOLOv3."""
    last = builder.conv(0, 32, kernel=3, stride=2, activation=_RELU)
    last = builder.conv(last, 32, kernel=3, groups=32, activation=_RELU)
    last, fine = builder.conv(last, 16), 0
    for hidden, width, stride in _MOBILENET_V2:
        inner = builder.conv(last, hidden, activation=_RELU)
        if (width, stride) == (160, 2):
            fine = inner
        inner = builder.conv(
            inner, hidden, kernel=3, stride=stride, groups=hidden, activation=_RELU
        )
        inner = builder.conv(inner, width)
        same = builder.tensors[inner] == builder.tensors[last]
        last = builder.add(inner, last) if same else inner
    coarse = separable(builder, builder.conv(last, 1280, activation=_RELU), 576)
    fine = separable(builder, fine, 576)
    fine = builder.add(_upsampled(builder, coarse, 576, window=1), fine)
    fine = separable(builder, fine, 576)
    for source in (coarse, fine):
        last = builder.conv(source, 75, bias=True, normalized=False)
    return last
