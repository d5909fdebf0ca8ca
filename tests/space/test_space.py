"""SearchSpace: counts, samples, codes, neighbours and networks agree with each other."""

from __future__ import annotations

from collections import Counter
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from nas.errors import ChoiceError
from nas.graph.lower import lower
from nas.resources import folder
from nas.space.catalog import find_network, find_space, space_names
from nas.space.space import SearchSpace

SPACES = {name: find_space(name) for name in space_names()}
PUBLISHED_SIZES = {
    "nas_bench_macro": 3**8,
    "mnasnet": (3 * 3 * 2 * 2) ** 6 * (4 * 3 * 2 * 2),
    "mobilenet_v3": 25 * (9**2 + 9**3 + 9**4) ** 5,
    "fbnet": 9**22,
    "fbnet_cifar100": 9**22,
    "proxylessnas": 6**6 * 7**15,
}
spaces = st.sampled_from(sorted(SPACES)).map(SPACES.__getitem__)


def test_sizes_are_those_published() -> None:
    assert {name: SPACES[name].size for name in PUBLISHED_SIZES} == PUBLISHED_SIZES


@given(spaces, st.integers(0, 2**31))
def test_samples_encode_decode_and_build(space: SearchSpace, seed: int) -> None:
    code = space.sample(1, seed=seed)[0]
    choices = space.decode(code)
    assert space.contains(choices)
    assert np.array_equal(space.encode(choices), code)
    assert np.array_equal(space.canonical(code[None])[0], code)
    lower(space.architecture(code)).check()


@given(spaces, st.integers(0, 2**31))
def test_neighbours_differ_in_one_choice_and_know_each_other(
    space: SearchSpace, seed: int
) -> None:
    code = space.sample(1, seed=seed)[0]
    neighbours = space.neighbours(code)
    active = [i for i in range(len(space.variables)) if space.is_active(i, code)]
    assert len(neighbours) == sum(len(space.variables[i].values) - 1 for i in active)
    assert len(np.unique(neighbours, axis=0)) == len(neighbours)
    for neighbour in neighbours[:: max(1, len(neighbours) // 5)]:
        both = [i for i in active if space.is_active(i, neighbour)]
        assert sum(code[i] != neighbour[i] for i in both) <= 1
        assert not np.array_equal(code, neighbour)


DEEP = """
name: deep
title: Depths that switch choices on
source: a test
input: {resolution: [32, 64]}
stages:
  - {name: a, block: mb, width: 8, kernel: [3, 5], expansion: [3, 6], depth: [1, 2, 3],
     choose_per: block}
  - {name: b, block: mb, width: [8, 16], kernel: [3, 5, 7], expansion: 3, depth: [2, 3],
     choose_per: block}
head: [{block: pool}, {block: fc, width: 10}]
"""


def test_numbers_count_the_distinct_codes(tmp_path: Path) -> None:
    file = tmp_path / "deep.yaml"
    file.write_text(DEEP)
    for space in (SearchSpace.from_file(file), SPACES["nas_bench_macro"]):
        codes = space.codes_at(np.arange(space.size))
        assert len(np.unique(codes, axis=0)) == len(codes) == space.size
        assert np.array_equal(space.canonical(codes), codes)
        assert (codes < space.cardinalities).all()
        some = np.random.default_rng(0).permutation(space.size)[:50]
        assert np.array_equal(space.codes_at(some), codes[some])


@pytest.mark.parametrize("name", ["mnasnet", "proxylessnas"])
def test_numbers_reach_the_ends_of_a_huge_space(name: str) -> None:
    space = SPACES[name]
    ends = space.codes_at(np.array([0, space.size - 1]))
    assert (ends[0] == 0).all()
    assert np.array_equal(ends[1], space.cardinalities - 1)


def test_every_network_of_the_macro_space_is_sampled_built_and_distinct() -> None:
    space = SPACES["nas_bench_macro"]
    codes = np.array(np.unravel_index(np.arange(space.size), (3,) * 8)).T.astype(np.int16)
    sampled = {tuple(code) for code in space.sample(80_000, seed=0)}
    assert len(sampled) == space.size
    texts = {space.architecture(code).text for code in codes[::7]}
    # Which of two equal blocks is the identity does not change the network.
    assert len(texts) < len(codes[::7])
    repeated = (
        space.encode(space.decode(codes[0]) | {"stage2.block2.operation": "k3_e3"}),
        space.encode(space.decode(codes[0]) | {"stage2.block3.operation": "k3_e3"}),
    )
    assert space.architecture(repeated[0]).id == space.architecture(repeated[1]).id


def test_sampling_is_uniform_over_networks_not_over_depths() -> None:
    space = SPACES["mobilenet_v3"]
    depth = [v.name for v in space.variables].index("stage1.depth")
    drawn = Counter(space.sample(20_000, seed=5)[:, depth].tolist())
    expected = {0: 9**2, 1: 9**3, 2: 9**4}
    total = sum(expected.values())
    for code, count in expected.items():
        assert drawn[code] / 20_000 == pytest.approx(count / total, abs=0.01)


def test_sampling_is_repeatable() -> None:
    space = SPACES["fbnet"]
    assert np.array_equal(space.sample(50, seed=3), space.sample(50, seed=3))
    assert not np.array_equal(space.sample(50, seed=3), space.sample(50, seed=4))


def test_inactive_choices_are_dropped_and_do_not_matter() -> None:
    space = SPACES["mobilenet_v3"]
    code = space.sample(1, seed=0)[0]
    choices = space.decode(code) | {"stage1.depth": 2}
    names = [f"stage1.block{b}.{f}" for b in (3, 4) for f in ("kernel", "expansion")]
    bare = {name: value for name, value in choices.items() if name not in names}
    full = bare | {name: (7 if "kernel" in name else 6.0) for name in names}
    assert np.array_equal(space.encode(bare), space.encode(full))
    assert set(names).isdisjoint(space.decode(space.encode(full)))


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"stage1.kernle": 3}, ["'stage1.kernle'", "'stage1.kernel'"]),
        ({"stage1.kernel": 7}, ["`stage1.kernel` must be one of 3, 5", "got 7"]),
        ({"stage1.kernel": True}, ["`stage1.kernel`", "True"]),
    ],
)
def test_choices_outside_the_space_are_named(change: dict[str, int], words: list[str]) -> None:
    space = SPACES["mnasnet"]
    choices = space.decode(space.sample(1, seed=0)[0]) | change
    assert not space.contains(choices)
    with pytest.raises(ChoiceError) as caught:
        space.encode(choices)
    for word in words:
        assert word in str(caught.value)


def test_missing_choices_and_bad_codes_are_named() -> None:
    space = SPACES["mnasnet"]
    code = space.sample(1, seed=0)[0]
    choices = space.decode(code)
    del choices["stage3.se"]
    with pytest.raises(ChoiceError, match=r"`stage3.se` must be chosen"):
        space.encode(choices)
    with pytest.raises(ChoiceError, match="28 numbers"):
        space.decode(code[:-1])
    code[0] = 9
    with pytest.raises(ChoiceError, match="0 to 2; got 9"):
        space.decode(code)


def test_published_networks_are_members_of_their_spaces() -> None:
    efficientnet = SPACES["efficientnet"]
    depths = {0: (1, 2, 2, 3, 3, 4, 1), 4: (2, 4, 4, 6, 6, 8, 2)}
    kernels = (3, 3, 5, 3, 5, 5, 3)
    for version, width, resolution in ((0, 1.0, 224), (4, 1.4, 380)):
        choices: dict[str, int | float | str] = {
            "resolution": resolution,
            "width_multiplier": width,
        }
        for stage, depth in enumerate(depths[version], start=1):
            choices[f"stage{stage}.depth"] = depth
            if stage > 1:
                choices[f"stage{stage}.kernel"] = kernels[stage - 1]
                choices[f"stage{stage}.expansion"] = 6.0
        built = efficientnet.architecture(efficientnet.encode(choices))
        assert built == find_network(f"efficientnet_b{version}")


def test_the_last_width_is_the_number_of_classes() -> None:
    space = find_space("tiny_mobilenet").for_classes(37)
    code = space.sample(1, seed=0)[0]
    network = space.architecture(code)
    assert network.text.endswith("fc c37") and lower(network).output_shape == (37, 1, 1)
    assert space.size == SPACES["tiny_mobilenet"].size
    assert find_space("mobilenet_v3").for_classes(5).sample(1, seed=0).shape[1] > 0


def test_classes_that_cannot_be_told_apart_are_refused(tmp_path: Path) -> None:
    with pytest.raises(ChoiceError, match="`classes` must be at least 2; got 1"):
        SPACES["tiny_mobilenet"].for_classes(1)
    text = (folder("search_spaces") / "tiny_mobilenet.yaml").read_text(encoding="utf-8")
    file = tmp_path / "open.yaml"
    file.write_text(text.replace("  - {block: fc, width: 10}\n", ""), encoding="utf-8")
    with pytest.raises(ChoiceError, match="last block must be `fc`.*got `pool`"):
        SearchSpace.from_file(file).for_classes(10)
