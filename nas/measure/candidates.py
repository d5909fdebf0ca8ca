"""Search spaces and reference networks → what may be measured: whole networks and excerpts.

An excerpt is a few consecutive blocks behind a first convolution that makes their input from an
image, and before a pooling. It runs in a tenth of a network's time and holds the same kernels.
Why not lone kernels: runtimes convert layouts and quantise at the borders of a graph, which costs
as much as a kernel and happens nowhere inside of networks; and what runs alone finds its input in
the cache.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from enum import StrEnum

import numpy as np

from nas.graph.lower import lower
from nas.graph.network import Network
from nas.space.architecture import Architecture, Image
from nas.space.blocks import Activation, Block, BlockKind, Conv, GlobalPool
from nas.space.catalog import find_network, reference_networks
from nas.space.space import SearchSpace

_LONGEST_EXCERPT = 4
_RESOLUTIONS = (96, 128, 160, 192, 224, 256)
_LARGEST_IMAGE = 512


class Part(StrEnum):
    """How much of a network a candidate is."""

    EXCERPT = "excerpt"
    WHOLE = "whole"


@dataclass(frozen=True, slots=True)
class Candidate:
    """Something that could be measured."""

    architecture: Architecture
    network: Network
    part: Part

    @classmethod
    def of(cls, architecture: Architecture, part: Part) -> Candidate:
        """With its kernels."""
        return cls(architecture, lower(architecture), part)


def whole_networks(space: SearchSpace, count: int, *, seed: int) -> list[Candidate]:
    """Different networks drawn from a space, at most `count`."""
    codes = np.unique(space.sample(count, seed=seed), axis=0)
    return [Candidate.of(space.architecture(code), Part.WHOLE) for code in codes]


def references() -> list[Architecture]:
    """The shipped reference networks."""
    return [find_network(name) for name in reference_networks()]


def excerpts(
    architectures: Sequence[Architecture], count: int, *, seed: int, resize: bool = True
) -> list[Candidate]:
    """Different excerpts of networks, at most `count`, one network after the other.

    Args:
        architectures: Where from.
        count: How many are drawn.
        seed: Equal seeds give equal excerpts.
        resize: Whether to draw the resolution of ImageNet-sized networks anew for each.
    """
    generator = np.random.default_rng(seed)
    found: dict[Architecture, Candidate] = {}
    for index in range(count):
        whole = architectures[index % len(architectures)]
        if resize and whole.image.height >= min(_RESOLUTIONS):
            size = int(generator.choice(_RESOLUTIONS))
            whole = replace(whole, image=Image(whole.image.channels, size, size))
        first = int(generator.integers(len(whole.blocks)))
        length = int(generator.integers(1, _LONGEST_EXCERPT + 1))
        cut = excerpt(whole, first, length)
        if cut is not None and cut not in found:
            found[cut] = Candidate.of(cut, Part.EXCERPT)
    return list(found.values())


def excerpt(whole: Architecture, first: int, length: int) -> Architecture | None:
    """Blocks `first` to `first + length` of a network; None where they cannot stand alone.

    What comes after a pooling has no image, and is cut together with what is before it.
    """
    shapes = [
        (whole.image.channels, whole.image.height, whole.image.width),
        *(shape for shape in _outputs(whole)),
    ]
    last = min(first + length, len(whole.blocks))
    if any(block.kind is BlockKind.GLOBAL_POOL for block in whole.blocks[first:last]):
        last = len(whole.blocks)
    channels, height, width = shapes[first]
    if height == 1 or 2 * height > _LARGEST_IMAGE:
        return None
    blocks: tuple[Block, ...] = whole.blocks[first:last]
    image = whole.image
    if first > 0:
        image = Image(whole.image.channels, 2 * height, 2 * width)
        stem = Conv(kernel=3, stride=2, width=channels, activation=Activation.RELU)
        blocks = (stem, *blocks)
    if shapes[last][1] > 1:
        blocks = (*blocks, GlobalPool())
    return Architecture(image, blocks)


def _outputs(whole: Architecture) -> Iterator[tuple[int, int, int]]:
    """The shape behind every block."""
    network = lower(whole)
    last = {kernel.block: kernel.signature.out_shape for kernel in network.kernels}
    yield from (last[index] for index in range(len(whole.blocks)))
