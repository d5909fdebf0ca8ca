"""Warm starts from real stores, lists and references: what counts, what only comes first."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from nas.accuracy.evaluator import Evaluated
from nas.errors import InputError, UnknownNameError
from nas.pareto import front
from nas.search.problem import Problem, make_problem
from nas.search.study import study_from_options
from nas.search.warm_start import find_warm_start
from nas.space.catalog import find_network
from nas.space.space import Codes
from nas.store.records import EvaluationRecord, EvaluationState
from nas.store.store import Store


class Trained:
    """Stands for trainings: an accuracy that grows with the size of the choices."""

    cost_s = 600.0

    def __init__(self, epochs: int) -> None:
        self.provenance: Mapping[str, Any] = {"kind": "trained", "epochs": epochs}

    def evaluate(self, codes: Codes) -> Evaluated:
        found = 50.0 + codes.sum(axis=1)
        return Evaluated(found, found, found)


def problem(name: str, *, epochs: int = 5, **changes: object) -> Problem:
    options: Mapping[str, object] = {
        "name": name,
        "space": "proxylessnas",
        "device": "pixel-3",
        **changes,
    }
    return make_problem(study_from_options(options), evaluator=Trained(epochs))


@pytest.fixture
def store(tmp_path: Path) -> Iterator[Store]:
    with Store.open(str(tmp_path / "nas.db"), create=True) as opened:
        yield opened


def record(store: Store, done: Problem, codes: Codes) -> None:
    """A study of that problem in which these networks were evaluated."""
    study = store.create_study(
        done.spec.name, spec=done.stored_spec(), objectives=done.objective_records()
    )
    columns = done.known(codes) | done.evaluate(codes)
    store.record(
        study.id,
        [
            EvaluationRecord(
                row,
                (network := done.space.architecture(code)).id,
                network.text,
                done.space.decode(code),
                EvaluationState.COMPLETE,
                {name: float(column[row]) for name, column in columns.items()},
            )
            for row, code in enumerate(codes)
        ],
    )


def rows(codes: Codes) -> set[bytes]:
    return {code.tobytes() for code in codes}


def test_comparable_evaluations_are_known_and_not_repeated(store: Store) -> None:
    done = problem("done")
    codes = done.space.sample(60, seed=1)
    record(store, done, codes)
    limit = float(np.median(done.known(codes)["latency_ms"]))
    again = problem(
        "again",
        warm_start=["done"],
        limits={"max_latency_ms": limit},
        objectives=["accuracy", "macs"],
    )
    found = find_warm_start(again, store)
    fits = again.fits(codes)
    assert 0 < fits.sum() < len(codes)
    assert rows(found.known) == rows(codes[fits])
    assert (found.accuracies == again.evaluate(found.known)["accuracy"]).all()
    assert set(found.origins) == {"done"}
    assert len(found.first) == 0
    (experience,) = found.experiences
    assert experience.comparable
    assert rows(experience.codes) == rows(codes), "beyond the limits there is much to learn from"
    assert found.notes == (
        f"done: {fits.sum()} networks known already, {(~fits).sum()} over the limits left out",
    )


def test_another_accuracy_only_says_what_to_evaluate_first(store: Store) -> None:
    done = problem("done", epochs=1)
    codes = done.space.sample(300, seed=1)
    record(store, done, codes)
    fresh = problem("fresh", epochs=5, warm_start=["done"])
    found = find_warm_start(fresh, store)
    assert len(found.known) == 0
    assert not found.experiences[0].comparable
    columns = fresh.known(codes) | fresh.evaluate(codes)
    senses = [one.sense for one in fresh.objectives]
    table = np.column_stack([columns[one.name] for one in fresh.objectives])
    best = codes[front(table, senses)]
    assert 2 <= len(found.first) <= 10
    assert rows(found.first) <= rows(best)
    assert {best[0].tobytes(), best[-1].tobytes()} <= rows(found.first)


def test_lists_and_references_come_first_unless_they_are_known(
    store: Store, tmp_path: Path
) -> None:
    done = problem("done")
    codes = done.space.sample(5, seed=2)
    record(store, done, codes[:2])
    file = tmp_path / "mine.txt"
    file.write_text("\n".join(done.space.architecture(code).text for code in codes))
    asked = problem("asked", warm_start=["references", str(file), "done"])
    found = find_warm_start(asked, store)
    assert found.first[0].tobytes() not in rows(codes)
    reference = asked.space.architecture(found.first[0])
    assert reference == find_network("proxylessnas_mobile")
    ids = [asked.space.architecture(code).id for code in found.first[1:]]
    assert ids == [asked.space.architecture(code).id for code in codes[2:]]
    assert rows(found.known) == rows(codes[:2])
    assert rows(found.codes) == rows(found.first) | rows(found.known)
    assert found.notes[0] == "references (proxylessnas_mobile): 1 network first"


def test_what_is_over_a_limit_is_not_first(store: Store) -> None:
    asked = problem("asked", warm_start=["references"], limits={"max_macs": 1e7})
    found = find_warm_start(asked, store)
    assert len(found.first) == 0
    assert found.notes == (
        "references (proxylessnas_mobile): 0 networks first, 1 over the limits left out",
    )


def test_a_space_without_references_says_so(store: Store) -> None:
    asked = problem("asked", warm_start=["references"], space="nas_bench_macro")
    assert find_warm_start(asked, store).notes == (
        "no reference network is a member of nas_bench_macro",
    )


def test_costs_alone_take_the_front_of_what_was_seen(store: Store) -> None:
    done = problem("done")
    codes = done.space.sample(50, seed=3)
    record(store, done, codes)
    asked = problem("asked", warm_start=["done"], objectives=["latency_ms", "parameters"])
    found = find_warm_start(asked, store)
    assert 1 <= len(found.first) <= 10
    assert rows(found.first) <= rows(codes)
    assert found.experiences == ()


@pytest.mark.parametrize(
    ("warm_start", "changes", "error", "words"),
    [
        ("nosuch", {}, UnknownNameError, ["'nosuch'", "done"]),
        ("done", {"space": "mnasnet"}, InputError, ["same space", "proxylessnas", "mnasnet"]),
        ("nosuch.txt", {}, InputError, ["nosuch.txt", "No such file"]),
    ],
)
def test_what_cannot_be_begun_from_is_refused(
    store: Store,
    warm_start: str,
    changes: dict[str, object],
    error: type[InputError],
    words: list[str],
) -> None:
    record(store, problem("done"), problem("done").space.sample(2, seed=0))
    asked = problem("asked", warm_start=[warm_start], **changes)
    with pytest.raises(error) as caught:
        find_warm_start(asked, store)
    for word in words:
        assert word in str(caught.value)


def test_a_study_that_has_begun_goes_on_without_what_is_gone(store: Store) -> None:
    asked = problem("asked", warm_start=["gone", "gone.txt", "references"])
    with pytest.raises(UnknownNameError, match="'gone'"):
        find_warm_start(asked, store)
    record(store, asked, asked.space.sample(2, seed=0))
    found = find_warm_start(asked, store)
    assert len(found.first) == 1
    assert found.notes[0].startswith("gone: left out; `study` must be one of asked")
    assert found.notes[1].startswith("gone.txt: left out")


def test_a_study_does_not_begin_from_itself(store: Store) -> None:
    asked = problem("asked", warm_start=["asked"])
    record(store, asked, asked.space.sample(2, seed=0))
    found = find_warm_start(asked, store)
    assert len(found.known) == len(found.first) == 0
    assert "from its own evaluations anyway" in found.notes[0]
