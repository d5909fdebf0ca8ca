"""Stopping early with several objectives: who is behind, and who never is."""

from __future__ import annotations

from types import SimpleNamespace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from nas.pareto import Sense, front

pytest.importorskip("ray", reason="needs the ray extra")

from nas.search.halving import REDUCTION, RUNGS, ParetoHalving, is_behind  # noqa: E402

tables = st.integers(1, 40).flatmap(
    lambda rows: arrays(np.float64, (rows, 2), elements=st.integers(0, 20).map(float))
)


@given(tables)
def test_what_is_on_the_front_is_never_behind(table: np.ndarray) -> None:
    for index in front(table, [Sense.MINIMIZE] * 2):
        assert not is_behind(table[index], np.delete(table, index, axis=0))


@given(tables)
def test_what_everything_dominates_is_behind(table: np.ndarray) -> None:
    worst = table.max(axis=0) + 1
    assert is_behind(worst, table) == (len(table) + 1 >= REDUCTION)


@given(arrays(np.float64, st.integers(3, 60), elements=st.floats(0, 1), unique=True))
def test_with_one_objective_the_best_third_goes_on(values: np.ndarray) -> None:
    table = values[:, None]
    kept = [not is_behind(row, np.delete(table, i, axis=0)) for i, row in enumerate(table)]
    count = len(values)
    assert sum(kept) == int(np.ceil(count / REDUCTION))
    assert set(np.flatnonzero(kept)) == set(np.argsort(values)[: sum(kept)])


def decide(scheduler: ParetoHalving, trial: str, share: float, accuracy: float) -> str:
    result = {"share": share, "accuracy": accuracy}
    return scheduler.on_trial_result(None, SimpleNamespace(trial_id=trial), result)


def test_small_networks_are_not_stopped_for_being_small() -> None:
    costs = {f"big {i}": [100.0 + i] for i in range(10)} | {"small 0": [1.0], "small 1": [2.0]}
    scheduler = ParetoHalving(costs.__getitem__)
    for i in range(10):
        decide(scheduler, f"big {i}", RUNGS[0], 80.0 - i)
    # Far less accurate than any of the big ones, and the best for what it costs.
    assert decide(scheduler, "small 0", RUNGS[0], 30.0) == "CONTINUE"
    # A little dearer than that one and a little less accurate: only one is ahead of it.
    assert decide(scheduler, "small 1", RUNGS[0], 29.0) == "CONTINUE"
    assert decide(scheduler, "big 9", RUNGS[1], 20.0) == "CONTINUE", "alone at its rung"


def test_a_rung_is_decided_once_and_reports_before_the_first_decide_nothing() -> None:
    scheduler = ParetoHalving(lambda trial: [1.0])
    for i in range(9):
        assert decide(scheduler, f"before {i}", RUNGS[0] / 2, float(i)) == "CONTINUE"
    assert decide(scheduler, "first", RUNGS[0], 50.0) == "CONTINUE"
    assert decide(scheduler, "second", RUNGS[0], 60.0) == "CONTINUE"
    assert decide(scheduler, "third", RUNGS[0], 40.0) == "STOP"
    assert decide(scheduler, "first", RUNGS[0] + 0.01, 1.0) == "CONTINUE", "decided before"
    assert decide(scheduler, "first", RUNGS[1], 1.0) == "CONTINUE", "the first at its rung"


def test_a_failure_is_left_to_whoever_records_it() -> None:
    scheduler = ParetoHalving(lambda trial: [1.0])
    failed = {"failed": "it raised", "done": True}
    trial = SimpleNamespace(trial_id="x")
    assert scheduler.on_trial_result(None, trial, failed) == "CONTINUE"
