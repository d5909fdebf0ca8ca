"""Energy of parts adds up, measured apart from modelled, and the unknown stays unknown."""

from __future__ import annotations

from functools import reduce
from operator import add

import pytest
from hypothesis import given
from hypothesis import strategies as st

from nas.ledger.energy import Energy, measured, modelled, unknown

_joules = st.floats(0, 1e9)
_parts = st.one_of(
    st.builds(measured, _joules, st.sampled_from(["rapl package", "nvml"])),
    st.builds(modelled, _joules, st.just(1.0), st.just("core")),
    st.builds(unknown, st.sampled_from(["this", "that"])),
    st.just(Energy()),
)


@given(st.lists(_parts, min_size=1, max_size=8), st.integers(0, 8))
def test_parts_add_up_in_any_grouping(parts: list[Energy], cut: int) -> None:
    whole = reduce(add, parts)
    grouped = reduce(add, parts[:cut], Energy()) + reduce(add, parts[cut:], Energy())
    assert whole.measured_j == pytest.approx(grouped.measured_j)
    assert whole.modelled_j == pytest.approx(grouped.modelled_j)
    assert set(whole.unknown) == set(grouped.unknown)
    assert set(whole.sources) == set(grouped.sources)
    known = [part.least_j for part in parts if part.least_j is not None]
    assert whole.least_j == (pytest.approx(sum(known)) if known else None)


@given(st.lists(_parts, min_size=1, max_size=8))
def test_what_contains_the_unknown_is_no_number(parts: list[Energy]) -> None:
    whole = reduce(add, parts)
    if any(part.unknown for part in parts) or all(part.least_j is None for part in parts):
        assert whole.total_j is None
    else:
        assert whole.total_j == whole.least_j is not None
    assert (whole.measured_j is None) == all(part.measured_j is None for part in parts)
    assert ("modelled" in whole.kind) == any(part.modelled_j is not None for part in parts)
    assert (whole.kind == "") == (whole.least_j is None)
