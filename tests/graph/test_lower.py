"""Lowered networks: invariants, sums, memory against an independent simulation, shape errors."""

from __future__ import annotations

import math

import pytest
from hypothesis import given

from nas.errors import ArchitectureError
from nas.graph.lower import LOWERING, lower, lower_blocks
from nas.graph.network import KernelKind, Network, Precision
from nas.space.architecture import Architecture, parse
from nas.space.blocks import BlockKind
from nas.space.catalog import find_network
from tests.strategies import architectures


def test_every_kind_has_a_rule() -> None:
    assert set(LOWERING) == set(BlockKind)


@given(architectures())
def test_networks_are_sound_and_blocks_add(architecture: Architecture) -> None:
    network = lower(architecture)
    network.check()
    image = architecture.image
    shape = (image.channels, image.height, image.width)
    macs = parameters = 0
    peaks = []
    for block in architecture.blocks:
        part = lower_blocks([block], shape)
        macs, parameters = macs + part.macs, parameters + part.parameters
        peaks.append(part.peak_activation_bytes(Precision.FP32))
        shape = part.output_shape
    assert (macs, parameters) == (network.macs, network.parameters)
    assert max(peaks) == network.peak_activation_bytes(Precision.FP32)
    assert shape == network.output_shape


@given(architectures())
def test_peak_memory_agrees_with_a_simulation(architecture: Architecture) -> None:
    network = lower(architecture)
    assert network.peak_activation_bytes(Precision.FP32) == 4 * simulated_peak(network)


def simulated_peak(network: Network) -> int:
    """Execute step by step, freeing what nobody will read again."""
    alive, peak = {0}, 0
    for step, kernel in enumerate(network.kernels):
        alive.add(kernel.writes)
        peak = max(peak, sum(math.prod(network.tensors[tensor]) for tensor in alive))
        later = {t for after in network.kernels[step + 1 :] for t in after.reads}
        alive = {tensor for tensor in alive if tensor in later or tensor == network.output}
    return peak


def test_precision_scales_bytes_and_keeps_integer_biases_wide() -> None:
    network = lower(find_network("mobilenet_v2"))
    fp32, int8 = network.weight_bytes(Precision.FP32), network.weight_bytes(Precision.INT8)
    biases = sum(kernel.signature.bias_elements for kernel in network.kernels)
    assert network.weight_bytes(Precision.FP16) * 2 == fp32
    assert int8 == fp32 // 4 + 3 * biases
    assert network.peak_activation_bytes(Precision.INT8) * 4 == network.peak_activation_bytes(
        Precision.FP32
    )
    signature = network.kernels[0].signature
    assert signature.bytes_written(Precision.FP16) == 2 * 32 * 112 * 112
    assert signature.bytes_read(Precision.FP32) == 4 * (3 * 224 * 224 + 27 * 32 + 32)


def test_a_residual_is_added_only_where_stride_is_1_and_widths_agree() -> None:
    text = "image 8x16x16 | mb k3 {} | pool | fc c2"
    adds = {
        words: sum(
            kernel.signature.kind is KernelKind.ADD
            for kernel in lower(parse(text.format(words))).kernels
        )
        for words in ("c8", "s2 c8", "h16 c8", "h16 c16")
    }
    assert adds == {"c8": 1, "s2 c8": 0, "h16 c8": 1, "h16 c16": 0}


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("image 3x8x8 | conv k3 c8 g2 | pool", ["block 1", "`groups` must divide", "2 groups, 3"]),
        ("image 3x8x8 | fc c10", ["block 1", "put `pool` before it", "8x8"]),
        ("image 3x2x2 | conv k7 c8 p0 | pool", ["block 1", "`kernel` must fit", "kernel 7"]),
        ("image 3x8x8 | fire h4 c7 | pool", ["must be even", "got 7"]),
        ("image 4x8x8 | shuffle k3 c8 | pool", ["shuffle", "got 8 after 4"]),
    ],
)
def test_impossible_shapes_name_the_block(text: str, words: list[str]) -> None:
    with pytest.raises(ArchitectureError) as caught:
        lower(parse(text))
    for word in words:
        assert word in str(caught.value)
