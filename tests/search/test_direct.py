"""Direct search on real spaces and models: fronts, limits, floors, seeds, small spaces, tables."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from nas.accuracy.evaluator import Evaluated
from nas.pareto import front, hypervolume
from nas.search.direct import CAPACITY, Generation, search_direct
from nas.search.feasibility import feasibility
from nas.search.problem import Problem, make_problem
from nas.search.study import study_from_options
from nas.space.space import Codes


def problem(evaluator: Any = None, **changes: object) -> Problem:
    options: Mapping[str, object] = {
        "name": "test",
        "space": "mnasnet",
        "device": "jetson-tx2",
        "objectives": ["accuracy", "latency_ms", "energy_mj"],
        **changes,
    }
    return make_problem(study_from_options(options), evaluator=evaluator)


def table(asked: Problem, columns: Mapping[str, np.ndarray]) -> np.ndarray:
    return np.column_stack([columns[one.name] for one in asked.objectives])


def volume(asked: Problem, columns: Mapping[str, np.ndarray], worst: list[float]) -> float:
    return hypervolume(table(asked, columns), [one.sense for one in asked.objectives], worst)


@pytest.fixture(scope="module")
def tx2() -> Problem:
    return problem()


def test_the_front_settles_and_is_the_same_from_two_seeds(tx2: Problem) -> None:
    found = []
    for seed in (0, 1):
        seen: list[Generation] = []
        result = search_direct(tx2, evaluations=10**6, seed=seed, on_generation=seen.append)
        assert result.settled and not result.complete
        assert len(result.codes) <= CAPACITY
        assert [g.hypervolume for g in seen] == sorted(g.hypervolume for g in seen)
        assert (seen[-1].scored, seen[-1].front_size) == (result.scored, len(result.codes))
        found.append(volume(tx2, result.columns, [30, 70, 500]))
    assert found[0] == pytest.approx(found[1], rel=2e-4)


def test_what_comes_to_the_front_is_reported_once_and_scored_by_the_models(tx2: Problem) -> None:
    seen: list[Generation] = []
    result = search_direct(tx2, evaluations=30_000, seed=2, on_generation=seen.append)
    codes = np.concatenate([g.codes for g in seen])
    columns = {name: np.concatenate([g.columns[name] for g in seen]) for name in result.columns}
    assert len(np.unique(codes, axis=0)) == len(codes)
    assert (tx2.space.canonical(codes) == codes).all()
    again = tx2.known(codes) | tx2.evaluate(codes)
    for name, column in columns.items():
        assert column == pytest.approx(again[name], rel=1e-12)
    senses = [one.sense for one in tx2.objectives]
    best = {codes[row].tobytes() for row in front(table(tx2, columns), senses)}
    assert best == {code.tobytes() for code in result.codes}


def test_equal_seeds_give_equal_searches(tx2: Problem) -> None:
    found = [
        search_direct(tx2, evaluations=12_345, seed=seed, on_generation=lambda _: None)
        for seed in (3, 3, 4)
    ]
    assert [one.scored for one in found] == [12_345] * 3
    assert (found[0].codes == found[1].codes).all()
    assert not np.array_equal(found[0].codes, found[2].codes)


def test_limits_on_several_devices_are_kept() -> None:
    limits = {"max_latency_ms": 12, "max_latency_ms@raspberry-pi-4": 60, "max_train_time_s": 1500}
    asked = problem(limits=limits)
    result = search_direct(asked, evaluations=20_000, seed=0, on_generation=lambda _: None)
    assert len(result.codes) > 20
    assert {"latency_ms@raspberry-pi-4", "train_time_s"} <= result.columns.keys()
    for name, limit in asked.limits.items():
        assert result.columns[name].max() <= limit
    assert asked.fits(result.codes).all()


def test_limits_that_almost_nothing_meets_are_searched() -> None:
    least = feasibility(problem(limits={"max_latency_ms": 1.0})).broken["max_latency_ms"]
    asked = problem(limits={"max_latency_ms": 1.05 * least})
    assert not asked.fits(asked.space.sample(20_000, seed=9)).any()
    result = search_direct(asked, evaluations=20_000, seed=0, on_generation=lambda _: None)
    assert len(result.codes) >= 3
    assert result.columns["latency_ms"].max() <= 1.05 * least


def test_a_floor_that_no_sample_reaches_is_climbed_to() -> None:
    asked = problem(limits={"min_accuracy": 67.9})
    sample = asked.space.sample(20_000, seed=9)
    assert asked.evaluate(sample)["accuracy"].max() < 67.9
    result = search_direct(asked, evaluations=100_000, seed=0, on_generation=lambda _: None)
    assert len(result.codes) > 0
    assert result.columns["accuracy"].min() >= 67.9


def test_a_floor_out_of_reach_ends_the_search_without_a_front() -> None:
    asked = problem(limits={"min_accuracy": 99})
    result = search_direct(asked, evaluations=10**6, seed=0, on_generation=lambda _: None)
    assert len(result.codes) == 0
    assert result.settled


def test_a_small_space_is_scored_whole() -> None:
    asked = problem(space="nas_bench_macro", objectives=["latency_ms", "macs", "parameters"])
    result = search_direct(asked, evaluations=10_000, seed=0, on_generation=lambda _: None)
    assert (result.complete, result.scored) == (True, asked.space.size)
    every = asked.space.codes_at(np.arange(asked.space.size))
    values = table(asked, asked.known(every))
    best = front(values, [one.sense for one in asked.objectives])
    assert np.unique(result.codes, axis=0).tolist() == np.unique(every[best], axis=0).tolist()


def test_a_space_with_nothing_to_choose_has_a_front_of_one(tmp_path: Path) -> None:
    file = tmp_path / "one.yaml"
    file.write_text(
        """
name: one
title: One network
source: a test
input: {resolution: 32}
stages: [{name: a, block: mb, width: 8, kernel: 3, expansion: 3}]
head: [{block: pool}, {block: fc, width: 10}]
"""
    )
    asked = problem(space=str(file), objectives=["latency_ms", "macs"])
    result = search_direct(asked, evaluations=10, seed=0, on_generation=lambda _: None)
    assert (result.complete, result.scored, result.codes.shape) == (True, 1, (1, 0))


def test_a_search_that_is_told_to_stop_keeps_what_it_has(tx2: Problem) -> None:
    seen: list[Generation] = []
    result = search_direct(
        tx2, evaluations=10**6, seed=0, on_generation=seen.append, stop=lambda: len(seen) == 3
    )
    assert (result.stopped, result.complete, len(seen)) == (True, False, 3)
    assert result.scored == seen[-1].scored < 10**6
    assert len(result.codes) == seen[-1].front_size
    asked = problem(space="nas_bench_macro", objectives=["latency_ms", "macs"])
    small = search_direct(
        asked, evaluations=10**6, seed=0, on_generation=seen.append, stop=lambda: True
    )
    assert (small.stopped, small.complete) == (False, True), "one generation is the whole space"


def test_known_networks_are_scored_first(tx2: Problem) -> None:
    long = search_direct(tx2, evaluations=60_000, seed=0, on_generation=lambda _: None)
    seen: list[Generation] = []
    search_direct(tx2, evaluations=2_000, seed=1, on_generation=seen.append, first=long.codes[:40])
    assert {code.tobytes() for code in seen[0].codes} == {c.tobytes() for c in long.codes[:40]}


class Half:
    """Accuracies of every other network, as a table that does not list all."""

    cost_s = 1e-6
    provenance: Mapping[str, Any] = {"kind": "table"}

    def evaluate(self, codes: Codes) -> Evaluated:
        total = codes.sum(axis=1)
        found = np.where(total % 2, np.nan, 50.0 + total)
        return Evaluated(found, found, found)


def test_what_has_no_accuracy_is_left_out() -> None:
    asked = problem(Half(), space="nas_bench_macro", objectives=["accuracy", "macs"])
    result = search_direct(asked, evaluations=10_000, seed=0, on_generation=lambda _: None)
    assert (result.codes.sum(axis=1) % 2 == 0).all()
    assert result.columns["accuracy"].max() == 66
