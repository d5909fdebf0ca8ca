"""Savings are counts times what the same cost here, and unknown where that is unknown."""

from __future__ import annotations

from dataclasses import replace

import pytest

from nas.ledger.energy import Powers
from nas.ledger.savings import Saving, savings
from nas.store import EvaluationState
from tests.ledger.records import METERED, account, stopped, taken_over, took
from tests.store.examples import evaluation

POWERS = Powers(core_w=8.0)
DRIVER = account({"wall_s": 60.0, "cpu_s": 0.0})
PAID = [took(0, cpu_s=10.0), took(1, cpu_s=30.0)]


def by_way(*arguments: object) -> dict[str, Saving]:
    found = savings(*arguments, POWERS)  # type: ignore[arg-type]
    assert len({one.way for one in found}) == len(found)
    return {one.way: one for one in found}


def test_nothing_saved_is_nothing_said() -> None:
    assert savings(PAID, [DRIVER]) == []
    assert savings([], []) == []


def test_networks_over_a_limit_and_taken_over_cost_a_mean_evaluation_each() -> None:
    over = evaluation(9, state=EvaluationState.OVER_LIMIT, values={}, reason="over")
    found = by_way([*PAID, taken_over(5), taken_over(6), over], [DRIVER])
    assert (found["caching"].count, found["caching"].cpu_s) == (2, 40.0)
    assert (found["screening"].count, found["screening"].energy_j) == (1, 20 * 8.0)
    limited = replace(DRIVER, about={"within": False, "over_limit_share": 0.75})
    drawn = by_way([*PAID, took(2, cpu_s=20.0), took(3, cpu_s=20.0)], [limited])["screening"]
    assert (drawn.count, drawn.cpu_s) == (3, 60.0) and "75% of the space" in drawn.what


def test_a_stopped_evaluation_saved_the_rest_of_it() -> None:
    found = by_way([*PAID, stopped(2, 0.25, cpu_s=3.0), stopped(3, 0.5, cpu_s=9.0)], [DRIVER])
    early = found["early stopping"]
    assert (early.count, early.cpu_s, early.energy_j) == (2, 1.25 * 20, 1.25 * 20 * 8)


def test_where_nobody_knows_the_mean_nobody_knows_the_saving() -> None:
    found = by_way([took(0), taken_over(1), stopped(2, 0.5)], [DRIVER])
    for way in ("caching", "early stopping"):
        assert (found[way].count, found[way].cpu_s, found[way].energy_j) == (1, None, None)


def prepared(own: float, whole: dict[str, float]) -> dict[str, Saving]:
    return by_way([], [account({"cpu_s": own}, purpose="preparation", prepared=whole)])


def test_a_training_that_another_study_paid_for_is_saved_as_far_as_it_did() -> None:
    whole = {"cpu_s": 100.0, "wall_s": 60.0, "trained_samples": 1000.0, "skipped_samples": 0.0}
    assert prepared(101.0, whole) == prepared(98.0, whole) == {}
    assert prepared(0.5, whole)["caching"].cpu_s == pytest.approx(100.0)
    assert prepared(40.0, whole)["caching"].cpu_s == pytest.approx(60.0)
    assert prepared(0.5, {}) == {}, "of a version that kept no account"


def test_pictures_skipped_are_as_dear_as_those_trained_on() -> None:
    whole = {"cpu_s": 100.0, "trained_samples": 800.0, "skipped_samples": 200.0}
    mine = prepared(100.0, whole)
    assert mine.keys() == {"efficient training"}
    assert (mine["efficient training"].count, mine["efficient training"].cpu_s) == (200, 25.0)
    assert prepared(1.0, whole).keys() == {"caching"}, "another's economies are not mine"
    trained = [took(0, cpu_s=10.0, trained_samples=60.0, skipped_samples=40.0)]
    assert by_way(trained, [DRIVER])["efficient training"].cpu_s == pytest.approx(40 / 6)


def test_a_second_is_worth_what_counters_counted() -> None:
    counted = {"cpu_s": 10.0, "cpu_energy_j": 1000.0, "covered_cpu_s": 40.0}
    found = by_way([*PAID, taken_over(5)], [account(counted, **METERED)])
    assert found["caching"].energy_j == pytest.approx(20 * 1000 / 50)


def test_a_gpu_of_unknown_power_leaves_the_energy_unknown() -> None:
    paid = [took(0, cpu_s=1.0, gpu_s=10.0), taken_over(1)]
    saved = by_way(paid, [DRIVER])["caching"]
    assert (saved.cpu_s, saved.gpu_s, saved.energy_j) == (1.0, 10.0, None)
    limited = account({"cpu_s": 0.0}, gpu_limit_w=300.0)
    assert by_way(paid, [limited])["caching"].energy_j == 3008
