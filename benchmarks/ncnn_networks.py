"""Names in ncnn's benchmark → the networks behind them, as that benchmark executes them.

Shapes are those of the `.param` files in github.com/Tencent/ncnn, `benchmark/`. They differ in
places from the publications: strides, first blocks, widths of squeeze-and-excitation.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import cache

from benchmarks.ncnn_detectors import (
    mobilenet_ssd,
    mobilenet_yolo,
    mobilenetv2_yolov3,
    squeezenet_ssd,
)
from benchmarks.ncnn_layers import activated, max_pool
from nas.graph.builder import NetworkBuilder
from nas.graph.lower import lower
from nas.graph.network import KernelActivation, KernelKind, Network
from nas.space.architecture import parse
from nas.space.catalog import find_network

_RELU, _SIGMOID = KernelActivation.RELU, KernelActivation.SIGMOID
_CLASSES = 1000

_TEXTS = {
    "mobilenet": find_network("mobilenet_v1").text,
    "mobilenet_v2": find_network("mobilenet_v2")
    .text.replace("relu6", "relu")
    .replace("mb k3 c16", "mb k3 h32 c16"),
    "mobilenet_v3": (
        "image 3x224x224 | conv k3 s2 c16 hswish | mb k3 c16 relu | mb k3 s2 h64 c24 relu | "
        "mb k3 h72 c24 relu | mb k5 s2 h72 c40 relu se18:relu:hsigmoid | "
        "mb k5 h120 c40 relu se30:relu:hsigmoid | mb k5 h120 c40 relu se30:relu:hsigmoid | "
        "mb k3 s2 h240 c80 hswish | mb k3 h200 c80 hswish | mb k3 h184 c80 hswish | "
        "mb k3 h184 c80 hswish | mb k3 h480 c112 hswish se120:relu:hsigmoid | "
        "mb k3 h672 c112 hswish se168:relu:hsigmoid | "
        "mb k5 h672 c160 hswish se168:relu:hsigmoid | "
        "mb k5 s2 h672 c160 hswish se168:relu:hsigmoid | "
        "mb k5 h960 c160 hswish se240:relu:hsigmoid | conv k1 c960 hswish | pool | "
        "fc c1280 hswish | fc c1000"
    ),
    "mnasnet": find_network("mnasnet_b1").text,
    "proxylessnasnet": find_network("proxylessnas_mobile")
    .text.replace("relu6", "relu")
    .replace("mb k3 c16", "mb k3 c32"),
    "efficientnet_b0": find_network("efficientnet_b0").text,
    "efficientnetv2_b0": find_network("efficientnet_v2_b0").text,
    "shufflenet_v2": find_network("shufflenet_v2").text,
    "squeezenet": find_network("squeezenet_1_1/227")
    .text.replace("c256 relu | maxpool k3 s2 p0", "c256 relu | maxpool k3 s2")
    .replace("c128 relu | maxpool k3 s2 p0", "c128 relu | maxpool k3 s2")
    .replace("conv k1 c1000", "conv k1 c1000 p1"),
}


def network_of(name: str) -> Network | None:
    """The network of that name, quantized or not; None where it is not known here."""
    return _networks().get(name.replace("-", "_").removesuffix("_int8"))


@cache
def _networks() -> dict[str, Network]:
    named = {name: lower(parse(text)) for name, text in _TEXTS.items()}
    return named | {name: _built(*made) for name, made in _BUILT.items()}


def _built(size: int, body: Callable[[NetworkBuilder], int]) -> Network:
    builder = NetworkBuilder((3, size, size))
    return builder.build(body(builder))


def _head(builder: NetworkBuilder, source: int) -> int:
    return builder.linear(builder.global_pool(source), _CLASSES)


def _resnet18(builder: NetworkBuilder) -> int:
    """The first block has a projection too."""
    last = max_pool(builder, builder.conv(0, 64, kernel=7, stride=2, activation=_RELU))
    for width in (64, 128, 256, 512):
        for block in range(2):
            stride = 2 if block == 0 and width > 64 else 1
            shortcut = builder.conv(last, width, stride=stride) if block == 0 else last
            inner = builder.conv(last, width, kernel=3, stride=stride, activation=_RELU)
            last = builder.add(builder.conv(inner, width, kernel=3), shortcut, _RELU)
    return _head(builder, last)


def _resnet50(builder: NetworkBuilder) -> int:
    """The stride is in the first pointwise convolution of a block."""
    last = max_pool(builder, builder.conv(0, 64, kernel=7, stride=2, activation=_RELU))
    for hidden, depth in ((64, 3), (128, 4), (256, 6), (512, 3)):
        for block in range(depth):
            stride = 2 if block == 0 and hidden > 64 else 1
            shortcut = builder.conv(last, 4 * hidden, stride=stride) if block == 0 else last
            inner = builder.conv(last, hidden, stride=stride, activation=_RELU)
            inner = builder.conv(inner, hidden, kernel=3, activation=_RELU)
            last = builder.add(builder.conv(inner, 4 * hidden), shortcut, _RELU)
    return _head(builder, last)


def _shufflenet(builder: NetworkBuilder) -> int:
    """ShuffleNet with 3 groups; the first grouped convolution is dense and nothing is shuffled."""
    last = max_pool(builder, builder.conv(0, 24, kernel=3, stride=2, activation=_RELU))
    for width, depth in ((240, 4), (480, 8), (960, 4)):
        for block in range(depth):
            channels, stride = builder.tensors[last][0], 2 if block == 0 else 1
            hidden = 54 if channels == 24 else width // 4 if block else width // 8
            inner = builder.conv(last, hidden, groups=1 if channels == 24 else 3, activation=_RELU)
            if channels != 24:
                inner = builder.transpose(inner)
            inner = builder.conv(inner, hidden, kernel=3, stride=stride, groups=hidden)
            inner = builder.conv(inner, width - channels if stride == 2 else width, groups=3)
            if stride == 1:
                last = builder.add(inner, last, _RELU)
                continue
            pooled = builder.pool(KernelKind.AVERAGE_POOL, last, kernel=3, stride=2, padding=1)
            last = builder.activation(builder.concat((pooled, inner)), _RELU)
    return _head(builder, last)


def _regnety_400m(builder: NetworkBuilder) -> int:
    """Groups of 8 channels; squeezed to a quarter of the channels that come in."""
    last = builder.conv(0, 32, kernel=3, stride=2, activation=_RELU)
    for width, depth in ((48, 1), (104, 3), (208, 6), (440, 6)):
        for block in range(depth):
            channels, stride = builder.tensors[last][0], 1 if block else 2
            shortcut = last if block else builder.conv(last, width, stride=2)
            inner = builder.conv(last, width, activation=_RELU)
            inner = builder.conv(
                inner, width, kernel=3, stride=stride, groups=width // 8, activation=_RELU
            )
            squeezed = builder.linear(builder.global_pool(inner), channels // 4, activation=_RELU)
            factor = builder.linear(squeezed, width, activation=_SIGMOID)
            inner = builder.conv(builder.multiply(inner, factor), width)
            last = builder.add(inner, shortcut, _RELU)
    return _head(builder, last)


def _blazeface(builder: NetworkBuilder) -> int:
    """The backbone alone; a shortcut that widens is padded with channels of zeros."""
    last = builder.convolution(
        0, (24, 64, 64), window=(5, 5), stride=2, activation=_RELU, bias=True
    )
    for width, stride in _BLAZEFACE:
        channels, size = builder.tensors[last][0], builder.tensors[last][1] // stride
        shortcut = last
        if stride == 2:
            shortcut = builder.pool(KernelKind.MAX_POOL, last, kernel=2, stride=2, padding=0)
        if width > channels:
            empty = builder.slice(shortcut, width - channels)
            shortcut = builder.concat((shortcut, empty))
        inner = builder.convolution(
            last, (channels, size, size), window=(3, 3), stride=stride, groups=channels, bias=True
        )
        inner = builder.conv(inner, width, bias=True, normalized=False)
        last = builder.add(inner, shortcut, _RELU)
    return last


_BLAZEFACE = (
    *((24, 1), (28, 1), (32, 2), (36, 1), (42, 1), (48, 2), (56, 1), (64, 1), (72, 1), (80, 1)),
    *((88, 1), (96, 2), (96, 1), (96, 1), (96, 1), (96, 1)),
)
"""Width and stride of each block."""


def _normalized_across(builder: NetworkBuilder, source: int) -> int:
    """Local response normalisation, as the element-wise work that it is nearest to."""
    return builder.activation(source, KernelActivation.SIGMOID)


def _alexnet(builder: NetworkBuilder) -> int:
    last = activated(builder, 0, 96, 11, 4, padding=0)
    last = max_pool(builder, _normalized_across(builder, last))
    last = activated(builder, last, 256, 5, groups=2)
    last = max_pool(builder, _normalized_across(builder, last))
    last = activated(builder, last, 384, 3)
    last = activated(builder, last, 384, 3, groups=2)
    last = max_pool(builder, activated(builder, last, 256, 3, groups=2))
    return _perceptron(builder, last)


def _perceptron(builder: NetworkBuilder, source: int) -> int:
    last = builder.linear(source, 4096, activation=_RELU)
    last = builder.linear(last, 4096, activation=_RELU)
    return builder.linear(last, _CLASSES)


def _vgg16(builder: NetworkBuilder) -> int:
    last = 0
    for width, depth in ((64, 2), (128, 2), (256, 3), (512, 3), (512, 3)):
        for _ in range(depth):
            last = activated(builder, last, width, 3)
        last = builder.pool(KernelKind.MAX_POOL, last, kernel=2, stride=2, padding=0)
    return _perceptron(builder, last)


def _googlenet(builder: NetworkBuilder) -> int:
    last = max_pool(builder, activated(builder, 0, 64, 7, 2))
    last = activated(builder, _normalized_across(builder, last), 64)
    last = _normalized_across(builder, activated(builder, last, 192, 3))
    for stage in _INCEPTIONS:
        last = max_pool(builder, last)
        for one, three_in, three, five_in, five, pooled in stage:
            pool = builder.pool(KernelKind.MAX_POOL, last, kernel=3, stride=1, padding=1)
            branches = (
                activated(builder, last, one),
                activated(builder, activated(builder, last, three_in), three, 3),
                activated(builder, activated(builder, last, five_in), five, 5),
                activated(builder, pool, pooled),
            )
            last = builder.concat(branches)
    return _head(builder, last)


_INCEPTIONS = (
    ((64, 96, 128, 16, 32, 32), (128, 128, 192, 32, 96, 64)),
    (
        *((192, 96, 208, 16, 48, 64), (160, 112, 224, 24, 64, 64), (128, 128, 256, 24, 64, 64)),
        *((112, 144, 288, 32, 64, 64), (256, 160, 320, 32, 128, 128)),
    ),
    ((256, 160, 320, 32, 128, 128), (384, 192, 384, 48, 128, 128)),
)
"""Widths of the modules: 1x1, 3x3 and 5x5 with what reduces before each, after the pool."""


_BUILT: dict[str, tuple[int, Callable[[NetworkBuilder], int]]] = {
    "alexnet": (227, _alexnet),
    "blazeface": (128, _blazeface),
    "googlenet": (224, _googlenet),
    "mobilenet_ssd": (300, mobilenet_ssd),
    "mobilenet_yolo": (416, mobilenet_yolo),
    "mobilenetv2_yolov3": (352, mobilenetv2_yolov3),
    "regnety_400m": (224, _regnety_400m),
    "resnet18": (224, _resnet18),
    "resnet50": (224, _resnet50),
    "shufflenet": (224, _shufflenet),
    "squeezenet_ssd": (300, squeezenet_ssd),
    "vgg16": (224, _vgg16),
}
"""Size of the image and body of the networks that the notation cannot say."""
