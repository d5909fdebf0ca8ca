"""Progress as numbers: the growth of a front, and JSON that other versions read."""

from __future__ import annotations

import json

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from nas.pareto import Sense
from nas.search.progress import Progress, growth

SENSES = [Sense.MAXIMIZE, Sense.MINIMIZE]
values = arrays(
    np.float64, st.tuples(st.integers(1, 80), st.just(2)), elements=st.floats(0.01, 1e4)
)


@given(values)
def test_a_front_only_grows(table: np.ndarray) -> None:
    curve = growth(table, SENSES)
    assert 1 <= len(curve) <= min(len(table), 30)
    assert all(0 <= value <= 1 + 1e-9 for value in curve)
    assert all(later >= sooner - 1e-12 for sooner, later in zip(curve, curve[1:], strict=False))


@given(values, st.floats(0.1, 100), st.floats(0.1, 100))
def test_units_make_no_difference(table: np.ndarray, percent: float, ms: float) -> None:
    curve, other = growth(table, SENSES), growth(table * [percent, ms], SENSES)
    assert other == pytest.approx(curve, abs=1e-6)


def test_a_curve_knows_when_the_front_grew() -> None:
    flat = [[50.0, 10.0]] * 20
    curve = growth([*flat, [90.0, 1.0]], SENSES, points=21)
    assert curve[0] == curve[19] < curve[20]
    assert growth(np.empty((0, 2)), SENSES) == []


def test_progress_survives_json_also_of_another_version() -> None:
    progress = Progress(
        goal=20, complete=3, running=2, curve=(0.1, 0.2), spent={"energy_j": 5.0}, left_s=None
    )
    document = json.loads(json.dumps(progress.to_json()))
    assert Progress.from_json(document) == progress
    assert Progress.from_json({**document, "new in some version": 1}) == progress
    del document["ending"]
    assert Progress.from_json(document) == progress
    assert progress.ended == 3
    assert Progress(goal=9, complete=4, scored=7).ended == 7


def test_the_nearer_limit_says_how_far_a_study_is() -> None:
    counted = Progress(goal=10, complete=5, elapsed_s=12, limit_s=60)
    assert (counted.share, counted.by_time) == (0.5, False)
    timed = Progress(goal=10, complete=5, elapsed_s=45, limit_s=60)
    assert (timed.share, timed.by_time) == (0.75, True)
    late = Progress(goal=10, complete=5, elapsed_s=75, limit_s=60)
    assert (late.share, late.by_time) == (1.0, True)
    endless = Progress(goal=10, complete=5, elapsed_s=75)
    assert (endless.share, endless.by_time) == (0.5, False)
