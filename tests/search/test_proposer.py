"""Proposals for a real problem: limits, no repeats, resuming from rows, partial reports."""

from __future__ import annotations

import numpy as np
import pytest

from nas.search.problem import Problem, make_problem
from nas.search.proposer import Proposer
from nas.search.study import study_from_options
from nas.search.warm_start import Experience
from nas.space.space import Codes
from nas.store.records import EvaluationRecord, EvaluationState


@pytest.fixture(scope="module")
def problem() -> Problem:
    return make_problem(
        study_from_options(
            {
                "name": "test",
                "space": "mnasnet",
                "device": "pixel-3",
                "objectives": ["accuracy", "latency_ms"],
                "limits": {"max_latency_ms": 30.0, "max_parameters": 4_000_000},
                "search": "surrogate",
            }
        )
    )


def accuracy(problem: Problem, code: Codes) -> float:
    return float(problem.evaluate(code[None])["accuracy"][0])


def record(problem: Problem, number: int, code: Codes, value: float) -> EvaluationRecord:
    network = problem.space.architecture(code)
    known = {name: float(column[0]) for name, column in problem.known(code[None]).items()}
    return EvaluationRecord(
        number,
        network.id,
        network.text,
        problem.space.decode(code),
        EvaluationState.COMPLETE,
        {**known, "accuracy": value},
    )


def test_proposals_keep_the_limits_and_are_never_repeated(problem: Problem) -> None:
    proposer, seen = Proposer(problem, []), []
    for _ in range(25):
        code = proposer.ask()
        assert code is not None
        seen.append(code)
        proposer.tell(code, accuracy(problem, code))
    codes = np.array(seen)
    assert problem.fits(codes).all()
    assert len(np.unique(codes, axis=0)) == 25
    np.testing.assert_array_equal(codes, problem.space.canonical(codes))


def test_a_proposer_made_of_rows_goes_on_as_the_one_that_was_told(problem: Problem) -> None:
    told, records = Proposer(problem, []), []
    for number in range(8):
        code = told.ask()
        assert code is not None
        value = accuracy(problem, code)
        told.tell(code, value)
        records.append(record(problem, number, code, value))
    resumed = Proposer(problem, records)
    known = {problem.space.encode(one.choices).tobytes() for one in records}
    for _ in range(5):
        code = resumed.ask()
        assert code is not None and code.tobytes() not in known
        known.add(code.tobytes())
        resumed.tell(code, accuracy(problem, code))


def test_what_is_asked_first_comes_first_and_once(problem: Problem) -> None:
    wishes = problem.space.sample(4_000, seed=3)
    wishes = wishes[problem.fits(wishes)][:3]
    proposer = Proposer(problem, [], first=wishes)
    asked = [proposer.ask() for _ in range(6)]
    np.testing.assert_array_equal(np.array(asked[:3]), wishes)
    assert len({code.tobytes() for code in asked if code is not None}) == 6


def test_failures_stops_and_reports_are_taken_in(problem: Problem) -> None:
    proposer, asked = Proposer(problem, []), []
    for turn in range(24):
        code = proposer.ask()
        assert code is not None
        asked.append(code.tobytes())
        value = accuracy(problem, code)
        early = ((0.25, value - 5),)
        if turn % 4 == 1:
            proposer.tell(code, None)
        elif turn % 4 == 2:
            proposer.tell(code, None, early)
        else:
            proposer.tell(code, value, (*early, (1.0, value)))
    assert len(set(asked)) == 24


def test_experiences_on_the_same_scale_are_known_and_others_only_hint(problem: Problem) -> None:
    codes = problem.space.sample(2_000, seed=5)
    codes = codes[problem.fits(codes)][:30]
    values = problem.evaluate(codes)["accuracy"]
    same = Experience("same", True, codes[:15], values[:15])
    other = Experience("other", False, codes[15:], values[15:] / 2)
    proposer = Proposer(problem, [], experiences=[same, other])
    for _ in range(10):
        code = proposer.ask()
        assert code is not None
        assert code.tobytes() not in {known.tobytes() for known in codes[:15]}
        proposer.tell(code, accuracy(problem, code))


def test_nothing_is_proposed_where_nothing_fits() -> None:
    problem = make_problem(
        study_from_options(
            {
                "name": "test",
                "space": "mnasnet",
                "device": "pixel-3",
                "objectives": ["accuracy", "latency_ms"],
                "limits": {"max_parameters": 1},
                "search": "surrogate",
            }
        )
    )
    proposer = Proposer(problem, [])
    assert proposer.ask() is None
    assert proposer.ask() is None
