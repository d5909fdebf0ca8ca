"""Levels: absence is a level of its own, whatever the code of an absent variable says."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from nas.accuracy.levels import factors, to_levels
from nas.space.catalog import find_space, space_names

MOBILENET_V3 = find_space("mobilenet_v3")


@pytest.mark.parametrize("name", space_names())
def test_levels_tell_absence_from_the_first_value(name: str) -> None:
    space = find_space(name)
    codes = space.sample(200, seed=0)
    levels = to_levels(space, codes)
    for index, (variable, factor) in enumerate(zip(space.variables, factors(space), strict=True)):
        assert set(np.unique(levels[:, index])) <= set(range(factor.levels))
        active = np.array([space.is_active(index, code) for code in codes])
        offset = variable.depth is not None
        assert np.array_equal(levels[active, index], codes[active, index] + offset)
        assert (levels[~active, index] == factor.absent).all()


@given(st.integers(0, 2**31))
def test_inactive_codes_are_ignored(seed: int) -> None:
    space = MOBILENET_V3
    rng = np.random.default_rng(seed)
    codes = rng.integers(0, space.cardinalities, (20, len(space.variables)), dtype=np.int16)
    assert np.array_equal(to_levels(space, codes), to_levels(space, space.canonical(codes)))


def test_factors_are_named_by_part_and_kind() -> None:
    space = MOBILENET_V3
    found = dict(zip((v.name for v in space.variables), factors(space), strict=True))
    assert (found["stage3.block2.kernel"].group, found["stage3.block2.kernel"].kind) == (
        "stage3",
        "kernel",
    )
    assert (found["stage3.depth"].group, found["stage3.depth"].kind) == ("stage3", "depth")
    assert found["stage3.block2.kernel"].absent is None
    assert (found["stage3.block3.kernel"].absent, found["stage3.block3.kernel"].levels) == (0, 4)
