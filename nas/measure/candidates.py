"""Search spaces and reference networks → what may be measured: their networks, and mosaics.

A mosaic is as large as a network and made of the blocks of several: where they agree in the size
of their feature maps, the walk through one goes on in another. Mosaics hold every kernel of every
family and none of its networks.

Why nothing smaller: runtimes convert layouts and quantise at the borders of a graph, which costs
as much as a kernel and happens nowhere inside of networks; and the weights of a few blocks stay in
the cache from run to run, so that they take 2 to 20% less than the same blocks inside of a
network. Of 456 measurements of a server, leaving out the 194 that were one to four blocks brought
60 unseen networks from 73% within 10% to 83%.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from functools import cache
from itertools import zip_longest

import numpy as np

from nas.errors import ArchitectureError
from nas.graph.lower import lower
from nas.graph.network import Network
from nas.space.architecture import Architecture, Image
from nas.space.blocks import Block
from nas.space.catalog import find_network, reference_networks
from nas.space.space import SearchSpace

_RESOLUTIONS = (96, 128, 160, 192, 224, 256)
_LONGEST_RUN = 4
_MOST_BLOCKS = 60
_MOST_SOURCES = 8
_DRAWN = 30
"""Networks of each space."""
_MOSAICS = 600
_TRIES = 20


@dataclass(frozen=True, slots=True)
class Candidate:
    """Something that could be measured.

    Args:
        architecture: What it is.
        network: Its kernels.
        mosaic: Whether it was made to be measured, rather than to be of use.
    """

    architecture: Architecture
    network: Network
    mosaic: bool = False

    @classmethod
    def of(cls, architecture: Architecture, *, mosaic: bool = False) -> Candidate:
        """With its kernels."""
        return cls(architecture, lower(architecture), mosaic)


def whole_networks(space: SearchSpace, count: int, *, seed: int) -> list[Candidate]:
    """Different networks drawn from a space, at most `count`, in no order."""
    codes = np.unique(space.sample(count, seed=seed), axis=0)
    codes = np.random.default_rng(seed).permutation(codes)
    return [Candidate.of(space.architecture(code)) for code in codes]


def references() -> list[Architecture]:
    """The shipped reference networks."""
    return [find_network(name) for name in reference_networks()]


def mosaics(
    architectures: Sequence[Architecture], count: int, *, seed: int
) -> Iterator[Candidate]:
    """Different mosaics of networks, at most `count`.

    Where there are networks for large images, those for small ones take no part: their feature
    maps are another world, and they are quick enough to measure whole.
    """
    generator, heights_of = np.random.default_rng(seed), cache(_heights)
    large = [a for a in architectures if a.image.height >= min(_RESOLUTIONS)]

    def draw() -> Architecture | None:
        if not large:
            return _walk(architectures, generator, heights_of)
        size = int(generator.choice(_RESOLUTIONS))
        image = Image(large[0].image.channels, size, size)
        whole = [replace(network, image=image) for network in large]
        return _walk(whole, generator, heights_of)

    return _different(draw, count)


def _different(draw: Callable[[], Architecture | None], count: int) -> Iterator[Candidate]:
    """What is drawn, each once, until there are enough or `_TRIES` draws bring nothing new."""
    found: set[Architecture] = set()
    failed = 0
    while len(found) < count and failed < _TRIES:
        drawn = draw()
        failed += 1
        if drawn is not None and drawn not in found:
            failed = 0
            found.add(drawn)
            yield Candidate.of(drawn, mosaic=True)


def _walk(
    networks: Sequence[Architecture],
    generator: np.random.Generator,
    heights_of: Callable[[Architecture], list[int]],
) -> Architecture | None:
    """Runs of blocks of one network after another; None where shapes cannot work."""
    drawn = [networks[int(i)] for i in generator.integers(len(networks), size=_MOST_SOURCES)]
    try:
        heights = [heights_of(network) for network in drawn]
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


def _heights(whole: Architecture) -> list[int]:
    """Of the feature maps before the first block and behind every one."""
    last = {kernel.block: kernel.signature.out_shape[1] for kernel in lower(whole).kernels}
    return [whole.image.height, *(last[index] for index in range(len(whole.blocks)))]


def pool(
    spaces: Sequence[SearchSpace],
    *,
    with_references: bool,
    blocks_only: Sequence[SearchSpace] = (),
) -> list[Candidate]:
    """All that a campaign chooses from: networks, one of each space in turn, and their mosaics.

    Args:
        spaces: Where networks come from.
        with_references: Whether the reference networks are among them.
        blocks_only: Spaces that lend blocks to mosaics, and no network.
    """
    of_each = [whole_networks(space, _DRAWN, seed=0) for space in spaces]
    if with_references:
        of_each.append([Candidate.of(network) for network in references()])
    drawn = [c for turn in zip_longest(*of_each) for c in turn if c is not None]
    lent = [c for space in blocks_only for c in whole_networks(space, _DRAWN, seed=0)]
    networks = [candidate.architecture for candidate in drawn + lent]
    return [*drawn, *mosaics(networks, _MOSAICS, seed=0)]
