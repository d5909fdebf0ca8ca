"""What a study took: nothing twice, nothing that is unknown as a number."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from nas.ledger.account import Costs, costs, mean_cost
from nas.ledger.energy import Powers
from nas.store import AccountRecord, EvaluationRecord, EvaluationState
from tests.ledger.records import METERED, account, stopped, taken_over, took
from tests.store.examples import evaluation

POWERS = Powers(core_w=8.0)


def names(found: Costs) -> list[str]:
    return [part.name for part in found.parts]


@st.composite
def studies(draw: st.DrawFn) -> tuple[list[EvaluationRecord], list[AccountRecord]]:
    """Any study: some drivers metered, some evaluations of unknown cost or on a GPU."""
    amounts = st.floats(0, 1e6)
    evaluations = []
    for number in range(draw(st.integers(0, 5))):
        spent = {"wall_s": draw(amounts)}
        for unit in ("cpu_s", "gpu_s"):
            if draw(st.booleans()):
                spent[unit] = draw(amounts)
        evaluations.append(took(number, **spent))
    accounts = []
    for number in range(draw(st.integers(0, 4))):
        spent = {"wall_s": draw(amounts), "cpu_s": draw(amounts)}
        about = {"gpu_limit_w": 300.0} if draw(st.booleans()) else {}
        if draw(st.booleans()):
            spent |= {"cpu_energy_j": draw(amounts), "covered_cpu_s": draw(amounts)}
        purpose = draw(st.sampled_from(["preparation", "search"]))
        if purpose == "preparation" and draw(st.booleans()):
            spent["gpu_s"] = draw(amounts)
        accounts.append(
            account(spent, purpose=purpose, number=number, within=draw(st.booleans()), **about)
        )
    return evaluations, accounts


@given(studies())
def test_parts_add_up_and_the_unknown_is_never_a_number(
    study: tuple[list[EvaluationRecord], list[AccountRecord]],
) -> None:
    evaluations, accounts = study
    found = costs(evaluations, accounts, POWERS)
    total = found.total
    known = [part.energy.least_j for part in found.parts if part.energy.least_j is not None]
    assert total.energy.least_j == (pytest.approx(sum(known)) if known else None)
    if found.not_known or not accounts:
        assert total.energy.total_j is None and total.cpu_s is None
    computed = [one for one in (*evaluations, *accounts) if one.spent.get("gpu_s")]
    if computed and not any("gpu_limit_w" in one.about for one in accounts):
        assert total.energy.total_j is None, "a GPU of unknown power"
        assert costs(evaluations, accounts, Powers(8.0, 100.0)).total.energy.least_j is not None
    counted = sum(one.spent.get("cpu_energy_j", 0.0) for one in accounts)
    assert (total.energy.measured_j or 0.0) == pytest.approx(counted)


def test_device_time_times_stated_power_is_modelled_and_says_so() -> None:
    found = costs(
        [took(0, wall_s=9.0, cpu_s=20.0), took(1, wall_s=9.0, cpu_s=30.0)],
        [account({"wall_s": 60.0, "cpu_s": 5.0})],
        POWERS,
    )
    assert names(found) == ["search", "evaluations"]
    assert found.total.wall_s == 60 and found.total.cpu_s == 55
    energy = found.total.energy
    assert (energy.total_j, energy.measured_j, energy.kind) == (55 * 8.0, None, "modelled")
    assert energy.sources == ("modelled: core seconds × 8 W",)


def test_a_gpu_is_counted_of_evaluations_whose_processors_are_their_drivers() -> None:
    evaluations = [took(0, wall_s=9.0, gpu_s=8.0)]
    accounts = [account({"wall_s": 60.0, "cpu_s": 5.0}, within=True)]
    unstated = costs(evaluations, accounts, POWERS).total
    assert (unstated.cpu_s, unstated.gpu_s, unstated.energy.total_j) == (5.0, 8.0, None)
    stated = costs(evaluations, accounts, Powers(8.0, 100.0)).total
    assert stated.energy.total_j == 5 * 8.0 + 8 * 100.0


def test_evaluations_that_counters_cover_are_not_modelled_besides() -> None:
    counted = {"wall_s": 60.0, "cpu_s": 5.0, "cpu_energy_j": 900.0, "covered_cpu_s": 30.0}
    found = costs(
        [took(0, cpu_s=30.0), took(1, cpu_s=12.0)],  # the second on another machine
        [account(counted, **METERED)],
        POWERS,
    )
    search, evaluations = found.parts
    assert (search.energy.measured_j, search.energy.modelled_j) == (900.0, None)
    assert search.energy.sources == ("measured by rapl package, whole machine",)
    assert (evaluations.energy.measured_j, evaluations.energy.modelled_j) == (None, 12 * 8.0)
    assert found.total.energy.total_j == 900 + 12 * 8
    assert found.total.energy.kind == "part measured, part modelled"
    assert found.total.cpu_s == 47


def test_what_an_evaluator_measured_itself_is_taken_where_no_counter_counted() -> None:
    evaluations = [took(0, cpu_s=30.0, energy_j=77.0), took(1, cpu_s=10.0)]
    plain = costs(evaluations, [account({"wall_s": 1.0, "cpu_s": 0.0})], POWERS)
    assert (plain.total.energy.measured_j, plain.total.energy.modelled_j) == (77.0, 80.0)
    counted = {"wall_s": 1.0, "cpu_s": 0.0, "cpu_energy_j": 500.0, "covered_cpu_s": 40.0}
    both = costs(evaluations, [account(counted, **METERED)], POWERS)
    assert both.total.energy.total_j == 500.0


def test_gpu_seconds_are_modelled_by_the_limit_that_it_is_held_to() -> None:
    evaluations = [took(0, cpu_s=1.0, gpu_s=10.0)]
    limited = costs(evaluations, [account({"cpu_s": 0.0}, gpu_limit_w=300.0)], POWERS)
    assert limited.total.energy.modelled_j == 8 + 3000
    assert limited.total.gpu_s == 10
    mute = costs(evaluations, [account({"cpu_s": 0.0})], POWERS)
    assert mute.total.energy.total_j is None and mute.total.energy.least_j == 8
    assert "GPUs" in mute.total.energy.unknown[0]


def test_a_study_of_an_earlier_version_is_of_unknown_cost() -> None:
    found = costs([took(0, wall_s=9.0), took(1)], [])
    assert (found.evaluations, found.not_known) == (2, 2)
    assert found.total.cpu_s is None and found.total.energy.least_j is None
    assert costs([], []).total.energy.total_j is None


def test_what_runs_in_the_driver_is_within_its_account() -> None:
    within = [account({"wall_s": 4.0, "cpu_s": 3.0}, within=True)]
    quick = costs([took(0), took(1)], within, POWERS)
    assert names(quick) == ["search"] and quick.total.energy.total_j == 24
    elsewhere = costs([took(0), took(1, cpu_s=1.0)], [account({"cpu_s": 3.0})], POWERS)
    assert elsewhere.not_known == 1 and elsewhere.total.energy.total_j is None


def test_others_paid_for_what_was_taken_over() -> None:
    over = evaluation(2, state=EvaluationState.OVER_LIMIT, values={}, reason="over")
    evaluations = [took(0, wall_s=5.0, cpu_s=4.0), taken_over(1), over, stopped(3, 0.5, cpu_s=1.0)]
    found = costs(evaluations, [account({"cpu_s": 0.0})], POWERS)
    assert (found.evaluations, found.not_known) == (2, 0)
    assert mean_cost(evaluations) == {"wall_s": 5.0, "cpu_s": 4.0}
    assert mean_cost(evaluations[1:]) is None
