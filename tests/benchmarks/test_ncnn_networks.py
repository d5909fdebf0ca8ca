"""The networks behind the names in ncnn's benchmark: their published sizes, and their shapes."""

from __future__ import annotations

import pytest

from benchmarks.ncnn_networks import network_of

# Parameters with biases and batch-norm, as published by those who trained them.
PUBLISHED = {
    "alexnet": 60_965_224,
    "efficientnet_b0": 5_288_548,
    "efficientnetv2_b0": 7_139_704,
    "googlenet": 6_998_552,
    "mnasnet": 4_383_312,
    "mobilenet": 4_231_976,
    "regnety_400m": 4_344_144,
    "resnet50": 25_557_032,
    "shufflenet_v2": 2_278_604,
    "squeezenet": 1_235_496,
    "vgg16": 138_357_544,
}
# What runs at the sizes that the benchmark uses, in millions of multiply-accumulates.
MACS = {
    "alexnet": 724,
    "efficientnet_b0": 386,
    "googlenet": 1583,
    "mobilenet": 569,
    "regnety_400m": 402,
    "resnet50": 3858,
    "vgg16": 15470,
}
OTHERS = (
    "blazeface",
    "mobilenet_ssd",
    "mobilenet_v2",
    "mobilenet_v3",
    "mobilenet_yolo",
    "mobilenetv2_yolov3",
    "proxylessnasnet",
    "resnet18",
    "shufflenet",
    "squeezenet_ssd",
)


@pytest.mark.parametrize("name", PUBLISHED)
def test_parameters_are_the_published_ones(name: str) -> None:
    network = network_of(name)
    assert network is not None
    assert network.parameters == PUBLISHED[name]


@pytest.mark.parametrize("name", MACS)
def test_work_is_the_published_one(name: str) -> None:
    network = network_of(name)
    assert network is not None
    assert round(network.macs / 1e6) == MACS[name]


@pytest.mark.parametrize("name", (*PUBLISHED, *OTHERS))
def test_networks_hold_together(name: str) -> None:
    network = network_of(name)
    assert network is not None
    network.check()


def test_quantized_networks_have_the_shapes_of_the_others() -> None:
    assert network_of("resnet18_int8") is network_of("resnet18")
    assert network_of("mobilenet-ssd") is network_of("mobilenet_ssd")
    assert network_of("vision_transformer") is None
