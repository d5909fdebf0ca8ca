"""Plans: new kernels first, cheap ones first, and never the same thing twice."""

from __future__ import annotations

import pytest

from nas.measure.candidates import Candidate, pool
from nas.measure.plan import Pace, _cells, next_to_measure, spread_out
from nas.space.architecture import parse
from nas.space.catalog import find_space

TEXTS = [
    "image 3x32x32 | conv k3 s2 c16 relu | pool",
    "image 3x32x32 | conv k3 s2 c16 relu | conv k1 c16 relu | pool",
    "image 3x32x32 | conv k3 s2 c16 relu | mb k5 h96 c16 swish se8:relu:sigmoid | pool",
    "image 3x32x32 | conv k3 s2 c17 relu | pool",
]
CANDIDATES = [Candidate.of(parse(text)) for text in TEXTS]


def test_what_shows_most_that_is_new_comes_first_and_repetitions_last() -> None:
    order = spread_out(CANDIDATES, 4, ())
    assert sorted(order) == [0, 1, 2, 3]
    assert order[0] == 2
    assert order.index(1) < order.index(3), "17 channels show nothing that 16 did not"
    shown = [CANDIDATES[2].network]
    assert spread_out(CANDIDATES, 1, shown) == [1], "what was measured is known"
    assert spread_out([], 3, ()) == []


@pytest.fixture(scope="module")
def candidates() -> list[Candidate]:
    spaces = [find_space(name) for name in ("mnasnet", "mobilenet_v3", "fbnet")]
    return pool(spaces, with_references=True)


def test_a_fifth_of_the_pool_shows_most_kinds_and_sizes_of_kernels(
    candidates: list[Candidate],
) -> None:
    def cells(indices: list[int]) -> int:
        return len(set().union(*(_cells(candidates[index].network) for index in indices)))

    count = len(candidates) // 5
    spread = cells(spread_out(candidates, count, ()))
    assert spread > 0.8 * cells(list(range(len(candidates))))
    assert spread > 1.2 * cells(list(range(0, len(candidates), 5)))


def test_the_pace_is_that_of_the_measurements_made() -> None:
    pace, (small, _, large, _) = Pace(), (candidate.network for candidate in CANDIDATES)
    assert pace.seconds(small) < pace.seconds(large)
    ratio = pace.seconds(large) / pace.seconds(small)
    pace.learn(small, 0.5)
    assert pace.seconds(small) == 0.5
    assert pace.seconds(large) == pytest.approx(0.5 * ratio)


def test_a_third_of_a_plan_is_a_sample_of_every_space(candidates: list[Candidate]) -> None:
    plan = next_to_measure(candidates, 12, shown=(), model=None, pace=Pace())
    assert len(set(plan)) == 12
    first = [candidates[index] for index in plan[:4]]
    assert not any(candidate.mosaic for candidate in first)
    stems = {str(candidate.architecture).split("|")[1] for candidate in first[:3]}
    assert len(stems) == 3, "one of each space in turn"
