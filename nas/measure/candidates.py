"""Search spaces and reference networks → what may be measured: networks, mosaics and excerpts.

A mosaic is as large as a network and made of the blocks of several: where they agree in the size
of their feature maps, the walk through one goes on in another. An excerpt is a few consecutive
blocks behind a first convolution that makes their input from an image, and before a pooling.

Why not lone kernels: runtimes convert layouts and quantise at the borders of a graph, which costs
as much as a kernel and happens nowhere inside of networks. Why mosaics: weights of a few blocks
stay in the cache from run to run, so that excerpts take 2 to 20% less than the same blocks inside
of a network; mosaics hold every kernel of every family and none of its networks.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from enum import StrEnum

import numpy as np

from nas.errors import ArchitectureError
from nas.graph.lower import lower
from nas.graph.network import Network, Shape
from nas.space.architecture import Architecture, Image
from nas.space.blocks import Activation, Block, BlockKind, Conv, GlobalPool
from nas.space.catalog import find_network, reference_networks
from nas.space.space import SearchSpace

_RESOLUTIONS = (96, 128, 160, 192, 224, 256)
_LARGEST_IMAGE = 512
_LONGEST_RUN = 4
_MOST_BLOCKS = 60
_MOST_SOURCES = 8
_DRAWN = 30
"""Networks of each space."""
_MOSAICS, _EXCERPTS = 400, 300
_TRIES = 20


class Part(StrEnum):
    """What a candidate is."""

    EXCERPT = "excerpt"
    MOSAIC = "mosaic"
    NETWORK = "network"


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
    return [Candidate.of(space.architecture(code), Part.NETWORK) for code in codes]


def references() -> list[Architecture]:
    """The shipped reference networks."""
    return [find_network(name) for name in reference_networks()]


def mosaics(
    architectures: Sequence[Architecture], count: int, *, seed: int
) -> Iterator[Candidate]:
    """Different mosaics of networks, at most `count`."""
    generator = np.random.default_rng(seed)

    def draw() -> Architecture | None:
        first = architectures[int(generator.integers(len(architectures)))]
        image = _drawn_image(first.image, generator)
        return _walk([replace(a, image=image) for a in _alike(first, architectures)], generator)

    return _different(draw, count, Part.MOSAIC)


def excerpts(
    architectures: Sequence[Architecture], count: int, *, seed: int
) -> Iterator[Candidate]:
    """Different excerpts of networks, at most `count`."""
    generator = np.random.default_rng(seed)

    def draw() -> Architecture | None:
        whole = architectures[int(generator.integers(len(architectures)))]
        whole = replace(whole, image=_drawn_image(whole.image, generator))
        first = int(generator.integers(len(whole.blocks)))
        return excerpt(whole, first, int(generator.integers(1, _LONGEST_RUN + 1)))

    return _different(draw, count, Part.EXCERPT)


def _different(
    draw: Callable[[], Architecture | None], count: int, part: Part
) -> Iterator[Candidate]:
    """What is drawn, each once, until there are enough or `_TRIES` draws bring nothing new."""
    found: set[Architecture] = set()
    failed = 0
    while len(found) < count and failed < _TRIES:
        drawn = draw()
        failed += 1
        if drawn is not None and drawn not in found:
            failed = 0
            found.add(drawn)
            yield Candidate.of(drawn, part)


def _alike(first: Architecture, others: Sequence[Architecture]) -> list[Architecture]:
    """Networks for images of the same class of sizes: small ones have no large feature maps."""
    small = first.image.height < min(_RESOLUTIONS)
    return [other for other in others if (other.image.height < min(_RESOLUTIONS)) is small]


def _walk(networks: Sequence[Architecture], generator: np.random.Generator) -> Architecture | None:
    """Runs of blocks of one network after another; None where shapes cannot work."""
    drawn = [networks[int(i)] for i in generator.integers(len(networks), size=_MOST_SOURCES)]
    try:
        heights = [[shape[1] for shape in _shapes(network)] for network in drawn]
        current, position, blocks = 0, 0, list[Block]()
        while position < len(drawn[current].blocks) and len(blocks) < _MOST_BLOCKS:
            run = int(generator.integers(1, _LONGEST_RUN + 1))
            blocks += drawn[current].blocks[position : position + run]
            position = min(position + run, len(drawn[current].blocks))
            height, other = heights[current][position], int(generator.integers(len(drawn)))
            places = [i for i in range(1, len(drawn[other].blocks)) if heights[other][i] == height]
            if height > 1 and places:
                current, position = other, int(generator.choice(places))
        mosaic = Architecture(drawn[0].image, tuple(blocks))
        return mosaic if lower(mosaic).output_shape[1:] == (1, 1) else None
    except ArchitectureError:
        return None


def _drawn_image(image: Image, generator: np.random.Generator) -> Image:
    """Another resolution; small images stay as they are."""
    if image.height < min(_RESOLUTIONS):
        return image
    size = int(generator.choice(_RESOLUTIONS))
    return Image(image.channels, size, size)


def excerpt(whole: Architecture, first: int, length: int) -> Architecture | None:
    """Blocks `first` to `first + length` of a network; None where they cannot stand alone.

    What comes after a pooling has no image, and is cut together with what is before it.
    """
    shapes = _shapes(whole)
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


def _shapes(whole: Architecture) -> list[Shape]:
    """The shape before the first block and behind every one."""
    image = whole.image
    last = {kernel.block: kernel.signature.out_shape for kernel in lower(whole).kernels}
    behind = [last[index] for index in range(len(whole.blocks))]
    return [(image.channels, image.height, image.width), *behind]


def pool(
    spaces: Sequence[SearchSpace],
    *,
    with_references: bool,
    blocks_only: Sequence[SearchSpace] = (),
) -> list[Candidate]:
    """All that a campaign chooses from: networks of the spaces, mosaics and excerpts of theirs.

    Args:
        spaces: Where networks come from.
        with_references: Whether the reference networks are among them.
        blocks_only: Spaces that lend blocks to mosaics and excerpts, and no network.
    """
    drawn = [c for space in spaces for c in whole_networks(space, _DRAWN, seed=0)]
    if with_references:
        drawn += [Candidate.of(network, Part.NETWORK) for network in references()]
    lent = [c for space in blocks_only for c in whole_networks(space, _DRAWN, seed=0)]
    networks = [candidate.architecture for candidate in drawn + lent]
    return [
        *drawn,
        *mosaics(networks, _MOSAICS, seed=0),
        *excerpts(networks, _EXCERPTS, seed=0),
    ]
