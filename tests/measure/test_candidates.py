"""What may be measured: every candidate stands alone and lowers; mosaics are no one's network."""

from __future__ import annotations

import pytest

from nas.graph.lower import lower
from nas.measure.candidates import (
    Part,
    excerpt,
    excerpts,
    mosaics,
    pool,
    references,
    whole_networks,
)
from nas.space.architecture import parse
from nas.space.catalog import find_space, space_names
from nas.space.space import SearchSpace

WHOLE = parse(
    "image 3x64x64 | conv k3 s2 c16 relu | mb k3 s2 h32 c24 relu | mb k5 h48 c24 hswish | pool | "
    "fc c32 relu | fc c10"
)


@pytest.fixture(scope="module")
def spaces() -> list[SearchSpace]:
    return [find_space(name) for name in space_names()]


@pytest.mark.parametrize(
    ("first", "length", "text"),
    [
        (0, 1, "image 3x64x64 | conv k3 s2 c16 relu | pool"),
        (1, 1, "image 3x64x64 | conv k3 s2 c16 relu | mb k3 s2 h32 c24 relu | pool"),
        (2, 1, "image 3x32x32 | conv k3 s2 c24 relu | mb k5 h48 c24 hswish | pool"),
        (2, 2, "image 3x32x32 | conv k3 s2 c24 relu | mb k5 h48 c24 hswish | pool | "
         "fc c32 relu | fc c10"),
        (4, 1, None),
    ],
)  # fmt: skip
def test_an_excerpt_has_its_input_made_for_it(first: int, length: int, text: str | None) -> None:
    cut = excerpt(WHOLE, first, length)
    assert (cut and cut.text) == text
    if cut is not None and first > 0:
        whole, part = lower(WHOLE), lower(cut)
        kept = {k.signature for k in whole.kernels if first <= k.block < first + length}
        assert kept <= {k.signature for k in part.kernels}


def test_a_pool_is_full_of_different_candidates(spaces: list[SearchSpace]) -> None:
    found = pool(spaces, with_references=True)
    assert len({candidate.architecture for candidate in found}) > 0.98 * len(found)
    parts = {part: [c for c in found if c.part is part] for part in Part}
    assert all(len(candidates) >= 200 for candidates in parts.values())
    for candidate in found:
        assert candidate.network == lower(candidate.architecture)
        assert candidate.network.output_shape[1:] == (1, 1)
    kernels = {k.signature.kind for c in parts[Part.MOSAIC] for k in c.network.kernels}
    missing = {k.signature.kind for c in found for k in c.network.kernels} - kernels
    assert not missing, "mosaics show every kind of kernel"


def test_equal_seeds_give_equal_candidates(spaces: list[SearchSpace]) -> None:
    networks = [c.architecture for c in whole_networks(spaces[0], 5, seed=1)] + references()
    for draw in (mosaics, excerpts):
        first, second, other = (list(draw(networks, 10, seed=seed)) for seed in (1, 1, 2))
        assert first == second != other


def test_few_sources_give_few_candidates_and_an_end() -> None:
    assert len(list(excerpts([parse("image 3x8x8 | conv k3 c4 | pool")], 50, seed=0))) <= 3
    assert len(list(mosaics([parse("image 3x8x8 | conv k3 c4 | pool")], 50, seed=0))) <= 3
