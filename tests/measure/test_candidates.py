"""What may be measured: every candidate stands alone and lowers; mosaics are no one's network."""

from __future__ import annotations

import pytest

from nas.graph.lower import lower
from nas.measure.candidates import (
    mosaics,
    pool,
    references,
    whole_networks,
)
from nas.space.architecture import parse
from nas.space.catalog import find_space, space_names
from nas.space.space import SearchSpace


@pytest.fixture(scope="module")
def spaces() -> list[SearchSpace]:
    return [find_space(name) for name in space_names()]


def test_a_pool_is_full_of_different_candidates(spaces: list[SearchSpace]) -> None:
    found = pool(spaces, with_references=True)
    assert len({candidate.architecture for candidate in found}) > 0.98 * len(found)
    made = [candidate for candidate in found if candidate.mosaic]
    assert len(found) > 800 and len(made) > 500
    for candidate in found[::10]:
        assert candidate.network == lower(candidate.architecture)
    for candidate in found:
        assert candidate.network.output_shape[1:] == (1, 1)
    kernels = {k.signature.kind for c in made for k in c.network.kernels}
    missing = {k.signature.kind for c in found for k in c.network.kernels} - kernels
    assert not missing, "mosaics show every kind of kernel"


def test_equal_seeds_give_equal_candidates(spaces: list[SearchSpace]) -> None:
    networks = [c.architecture for c in whole_networks(spaces[0], 5, seed=1)] + references()
    first, second, other = (list(mosaics(networks, 10, seed=seed)) for seed in (1, 1, 2))
    assert first == second != other


def test_few_sources_give_few_candidates_and_an_end() -> None:
    assert len(list(mosaics([parse("image 3x8x8 | conv k3 c4 | pool")], 50, seed=0))) <= 3
