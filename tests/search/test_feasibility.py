"""What a space offers within limits: exact where it is small, honest about its error where not."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from nas.errors import InfeasibleError
from nas.search.descent import least, nearest_to_limits
from nas.search.feasibility import (
    Share,
    all_free,
    check_feasible,
    feasibility,
    without_dear,
)
from nas.search.problem import Problem, make_problem
from nas.search.study import study_from_options


def problem(**changes: object) -> Problem:
    options: Mapping[str, object] = {
        "name": "test",
        "space": "mnasnet",
        "device": "jetson-tx2",
        "objectives": ["accuracy", "latency_ms"],
        **changes,
    }
    return make_problem(study_from_options(options))


def test_a_small_space_is_told_exactly() -> None:
    limits = {"max_macs": 3e7, "max_latency_ms": 4.0}
    asked = problem(space="nas_bench_macro", objectives=["latency_ms", "macs"], limits=limits)
    found = feasibility(asked)
    every = asked.space.codes_at(np.arange(asked.space.size))
    columns = asked.known(every)
    for name, limit in asked.limits.items():
        share = found.alone[f"max_{name}"]
        assert share.value == np.mean(columns[name] <= limit)
        assert share.interval == (share.value, share.value)
        assert found.ranges[name].least == columns[name].min()
        assert found.ranges[name].most == columns[name].max()
        assert found.ranges[name].median == np.median(columns[name])
    assert found.within.value == np.mean(asked.fits(every))
    assert (found.exact, found.feasible) == (True, True)
    assert asked.fits(found.nearest[None])[0]


def test_extremes_of_a_huge_space_are_beyond_those_of_a_sample() -> None:
    asked = problem(objectives=["accuracy", "latency_ms", "train_time_s"])
    found = feasibility(asked)
    assert not found.exact
    sample = asked.space.sample(50_000, seed=5)
    columns = asked.known(sample) | asked.evaluate(sample)
    for name, one in found.ranges.items():
        assert one.least <= columns[name].min()
        assert one.most >= columns[name].max()
        assert one.least < one.low < one.median < one.high < one.most
        assert one.median == pytest.approx(np.median(columns[name]), rel=0.02)
    assert found.within.value == 1


def test_the_interval_of_a_share_holds_the_share_of_another_sample() -> None:
    asked = problem(limits={"max_latency_ms": 12, "min_accuracy": 55})
    found = feasibility(asked)
    sample = asked.space.sample(200_000, seed=77)
    fits = asked.fits(sample)
    accurate = asked.evaluate(sample)["accuracy"] >= 55
    for share, truth in (
        (found.alone["max_latency_ms"], fits),
        (found.alone["min_accuracy"], accurate),
        (found.within, fits & accurate),
    ):
        low, high = share.interval
        assert low - 0.002 < truth.mean() < high + 0.002
        assert 0 < high - low < 0.01


@given(st.integers(1, 10**6), st.data())
def test_an_interval_holds_its_share(looked_at: int, data: st.DataObject) -> None:
    share = Share(data.draw(st.integers(0, looked_at)), looked_at, exact=False)
    low, high = share.interval
    assert 0 <= low <= share.value <= high <= 1
    assert high > 0, "nothing seen does not prove that there is nothing"


def test_rare_networks_are_found_where_no_sample_has_one() -> None:
    least = feasibility(problem(limits={"max_latency_ms": 1.0})).broken["max_latency_ms"]
    found = feasibility(problem(limits={"max_latency_ms": 1.05 * least}))
    assert found.within.hits == 0
    assert found.feasible
    assert found.needed["latency_ms"] <= 1.05 * least


def test_what_binds_is_named_with_what_it_would_have_to_be() -> None:
    asked = problem(limits={"max_latency_ms": 2, "max_latency_ms@raspberry-pi-4": 200})
    found = feasibility(asked)
    assert not found.feasible
    assert list(found.broken) == ["max_latency_ms"]
    assert found.hopeless == ("max_latency_ms",)
    with pytest.raises(InfeasibleError, match=r"on jetson-tx2, raspberry-pi-4.*at least (\S+);"):
        check_feasible(asked)
    needed = found.broken["max_latency_ms"] * 1.001
    assert check_feasible(problem(limits={"max_latency_ms": needed})) is not None


def test_a_floor_that_the_limits_rule_out_is_refused_with_the_best_there_is() -> None:
    limits = {"max_latency_ms": 8, "min_accuracy": 66}
    with pytest.raises(InfeasibleError, match=r"`min_accuracy` must be at most (\S+); got 66"):
        check_feasible(problem(limits=limits))
    found = feasibility(problem(limits=limits))
    assert found.hopeless == (), "each can be kept alone"
    best = found.broken["min_accuracy"]
    assert 50 < best < 66
    code = check_feasible(problem(limits={**limits, "min_accuracy": best - 0.01}))
    assert code is not None


def test_without_limits_there_is_nothing_to_check() -> None:
    assert check_feasible(problem()) is None


def test_the_nearest_of_a_small_space_is_the_nearest_of_all() -> None:
    limits = {"max_macs": 1e6, "max_parameters": 1e5}
    asked = problem(space="nas_bench_macro", objectives=["macs"], limits=limits)
    code, worst = nearest_to_limits(asked)
    every = asked.space.codes_at(np.arange(asked.space.size))
    excess = np.max(list(asked.excess(asked.known(every)).values()), axis=0)
    assert worst == excess.min()
    assert worst == max(v[0] for v in asked.excess(asked.known(code[None])).values())


def test_descent_finds_the_least_of_a_sum() -> None:
    space = problem().space
    code, value = least(space, lambda codes: -codes.sum(axis=1) * 1.0, space.sample(3, seed=0))
    assert value == -(space.cardinalities - 1).sum()
    assert (code == space.cardinalities - 1).all()


def test_what_is_known_for_nothing_depends_on_space_and_devices() -> None:
    assert all_free("mnasnet", ["pixel-3"])[:3] == ("accuracy", "train_time_s", "latency_ms")
    found = all_free("fbnet", ["zc706", "pixel-3"])
    assert "accuracy" not in found
    assert {"energy_mj", "latency_ms@pixel-3"} <= set(found)
    assert "energy_mj@pixel-3" not in found


def test_accuracy_that_costs_something_is_left_out() -> None:
    options = {"name": "a", "space": "mnasnet", "device": "pixel-3"}
    free = study_from_options(options)
    assert without_dear(free) == free
    dear = {"evaluator": "mine:make", "limits": {"min_accuracy": 60, "max_macs": 1e9}}
    left = without_dear(study_from_options({**options, **dear}))
    assert left.objectives == ("latency_ms",)
    assert left.limits.given() == {"max_macs": 1e9}
    assert left.evaluator is None
