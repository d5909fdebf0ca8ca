"""The study loop on real spaces, models and databases: limits, repeats, interruption, fronts."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from nas.accuracy.evaluator import Evaluated
from nas.errors import InfeasibleError, InputError, StoreError
from nas.graph.lower import lower
from nas.pareto import Sense, front, hypervolume
from nas.resources import folder
from nas.search.descent import nearest_to_limits
from nas.search.feasibility import check_feasible
from nas.search.limits import Limits
from nas.search.loop import Progress, run_study
from nas.search.objectives import find_objective
from nas.search.problem import Problem, make_problem
from nas.search.study import StudySpec, study_from_options
from nas.space.architecture import parse
from nas.space.space import Codes
from nas.store.records import EvaluationState, StudyRecord
from nas.store.store import Store


def spec(**changes: object) -> StudySpec:
    return study_from_options(
        {
            "name": "test",
            "space": "mnasnet",
            "device": "jetson-tx2",
            "objectives": ["accuracy", "latency_ms", "energy_mj"],
            "limits": {"max_latency_ms": 20.0},
            "evaluations": 150,
            "seed": 1,
            **changes,
        }
    )


@pytest.fixture(scope="module")
def problem() -> Problem:
    return make_problem(spec())


@pytest.fixture
def store(tmp_path: Path) -> Iterator[Store]:
    with Store.open(str(tmp_path / "nas.db"), create=True) as opened:
        yield opened


def run(problem: Problem, store: Store, seen: list[Progress] | None = None) -> StudyRecord:
    return run_study(problem, store, on_progress=(seen if seen is not None else []).append)


def test_a_study_evaluates_exactly_what_was_asked_within_the_limits(
    problem: Problem, store: Store
) -> None:
    seen: list[Progress] = []
    study = run(problem, store, seen)
    records = store.evaluations(study.id)
    complete = [r for r in records if r.state is EvaluationState.COMPLETE]
    over = [r for r in records if r.state is EvaluationState.OVER_LIMIT]
    assert len(complete) == 150
    assert over, "this limit is broken by many networks"
    assert {r.architecture_id for r in records} == {parse(r.architecture_text).id for r in records}
    assert len({r.architecture_id for r in records}) == len(records)
    assert all(r.values["latency_ms"] <= 20 for r in complete)
    assert all(r.values["latency_ms"] > 20 and "accuracy" not in r.values for r in over)
    assert all("latency_ms" in (r.reason or "") for r in over)
    assert seen[0] == Progress(0, 0, 150)
    assert seen[-1] == Progress(150, len(over), 150)
    assert study.finished_at is not None


def test_stored_values_are_those_of_the_models(problem: Problem, store: Store) -> None:
    study = run(problem, store)
    model = problem.models["jetson-tx2"].model
    for record in store.evaluations(study.id, state=EvaluationState.COMPLETE)[::30]:
        estimate = model.estimate(lower(parse(record.architecture_text)))
        assert record.values["latency_ms"] == pytest.approx(estimate.latency_ms, rel=1e-9)
        assert record.values["energy_mj"] == pytest.approx(estimate.energy_mj, rel=1e-9)
        code = problem.space.encode(record.choices)
        assert problem.space.architecture(code).text == record.architecture_text
        accuracy = problem.evaluator.evaluate(code[None]).mean[0]
        assert record.values["accuracy"] == pytest.approx(accuracy)


def test_the_stored_front_is_the_front_of_all_evaluations(problem: Problem, store: Store) -> None:
    study = run(problem, store)
    records = store.evaluations(study.id, state=EvaluationState.COMPLETE)
    names = [objective.name for objective in study.objectives]
    values = [[record.values[name] for name in names] for record in records]
    senses = [find_objective(name).sense for name in names]
    expected = [records[index].number for index in front(values, senses)]
    assert [record.number for record in store.front(study.id)] == expected
    assert {o.name: o.provenance["kind"] for o in study.objectives} == dict.fromkeys(
        names, "predicted"
    )


def test_running_a_finished_study_again_adds_nothing(problem: Problem, store: Store) -> None:
    study = run(problem, store)
    before, front_before = store.evaluations(study.id), store.front(study.id)
    assert run(problem, store) == study
    assert store.evaluations(study.id) == before
    assert store.front(study.id) == front_before


@pytest.mark.parametrize("stop_at", [1, 3])
def test_an_interrupted_study_goes_on_as_if_it_had_not_stopped(
    problem: Problem, store: Store, tmp_path: Path, stop_at: int
) -> None:
    calls = []

    def interrupt(progress: Progress) -> None:
        calls.append(progress)
        if len(calls) > stop_at:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        run_study(problem, store, on_progress=interrupt)
    kept = store.evaluations(store.study("test").id)
    assert len(kept) == calls[-1].evaluated + calls[-1].over_limit
    study = run(problem, store)
    records = store.evaluations(study.id)
    assert records[: len(kept)] == kept
    with Store.open(str(tmp_path / "other.db"), create=True) as other:
        uninterrupted = other.evaluations(run(problem, other).id)
    assert records == uninterrupted


def test_equal_seeds_give_equal_studies(problem: Problem, tmp_path: Path) -> None:
    found = []
    for name in ("a.db", "b.db"):
        with Store.open(str(tmp_path / name), create=True) as store:
            study = run(problem, store)
            found.append([r.architecture_id for r in store.evaluations(study.id)])
    assert found[0] == found[1]


def test_another_request_under_the_same_name_is_refused(problem: Problem, store: Store) -> None:
    run(problem, store)
    with pytest.raises(StoreError, match="differs in evaluations.*--name"):
        run(make_problem(spec(evaluations=151)), store)
    assert store.study("test").spec["evaluations"] == 150


def test_an_edited_space_or_another_model_is_not_mixed_in(store: Store, tmp_path: Path) -> None:
    file = tmp_path / "mine.yaml"
    text = (folder("search_spaces") / "nas_bench_macro.yaml").read_text()
    file.write_text(text)
    asked = spec(space=str(file), objectives=["latency_ms", "macs"], limits={}, evaluations=30)

    def interrupt(progress: Progress) -> None:
        if progress.evaluated:
            raise KeyboardInterrupt

    problem = make_problem(asked)
    with pytest.raises(KeyboardInterrupt):
        run_study(problem, store, on_progress=interrupt)
    file.write_text(text.replace("width: 256", "width: 128"))
    with pytest.raises(StoreError, match="differs in space_sha256"):
        run(make_problem(asked), store)
    stored = problem.models["jetson-tx2"]
    refitted = replace(stored, evidence=stored.evidence.model_copy(update={"date": "2020-01-01"}))
    with pytest.raises(StoreError, match="begun with another model of latency_ms"):
        run(replace(problem, models={"jetson-tx2": refitted}), store)
    run(problem, store)
    assert len(store.evaluations(store.study("test").id)) == 30


def test_a_limit_that_few_networks_meet_is_still_searched(store: Store) -> None:
    loose = make_problem(spec(limits={"max_latency_ms": 1.0}))
    needed = loose.known(nearest_to_limits(loose)[0][None])["latency_ms"][0]
    study = run(
        make_problem(spec(limits={"max_latency_ms": float(needed) * 1.05}, evaluations=30)), store
    )
    complete = store.evaluations(study.id, state=EvaluationState.COMPLETE)
    assert 3 <= len(complete) <= 30
    assert study.finished_at is not None


def test_a_small_space_is_exhausted_and_the_study_ends(store: Store, tmp_path: Path) -> None:
    file = tmp_path / "tiny.yaml"
    file.write_text(
        """
name: tiny
title: Eight networks
source: a test
input: {resolution: 32}
stages:
  - {name: a, block: mb, width: 8, kernel: [3, 5], expansion: [3, 6], depth: [1, 2]}
head: [{block: pool}, {block: fc, width: 10}]
"""
    )
    asked = spec(space=str(file), objectives=["latency_ms", "parameters"], limits={})
    study = run(make_problem(asked), store)
    assert len(store.evaluations(study.id)) == 8
    assert study.finished_at is not None
    assert [record.values["latency_ms"] for record in store.front(study.id)]


class Table:
    """The measured accuracy of every network of NAS-Bench-Macro."""

    cost_s = 1.0

    def __init__(self, data_dir: Path) -> None:
        file = data_dir / "nas_bench_macro" / "nas_bench_macro_cifar10.csv.gz"
        table = pd.read_csv(file, dtype={"arch": str})
        digits = np.array([list(map(int, arch)) for arch in table["arch"]])
        self.codes = digits.astype(np.int16)
        self.accuracy = table["mean_acc"].to_numpy()
        self.row = {code.tobytes(): index for index, code in enumerate(self.codes)}
        self.provenance = {"kind": "measured"}

    def evaluate(self, codes: Codes) -> Evaluated:
        found = self.accuracy[[self.row[code.tobytes()] for code in codes]]
        return Evaluated(found, found, found)


def test_a_space_without_a_choice_has_a_front_of_one(store: Store, tmp_path: Path) -> None:
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
    asked = spec(space=str(file), objectives=["latency_ms", "macs"], limits={})
    study = run(make_problem(asked), store)
    assert [record.choices for record in store.front(study.id)] == [{}]
    with pytest.raises(InfeasibleError, match="`max_macs` must be at least"):
        check_feasible(make_problem(asked.model_copy(update={"limits": Limits(max_macs=1.0)})))


def test_the_search_nears_the_known_front_of_a_tabulated_space(
    store: Store, data_dir: Path
) -> None:
    table = Table(data_dir)
    base = spec(space="nas_bench_macro", limits={}, evaluations=600)
    costs_only = make_problem(base.model_copy(update={"objectives": ("macs",)}))
    asked = base.model_copy(update={"objectives": ("accuracy", "macs")})
    problem = make_problem(asked, evaluator=table)
    study = run(problem, store)
    macs = costs_only.known(table.codes)["macs"]
    truth = np.column_stack([table.accuracy, np.log(macs)])
    front = store.front(study.id)
    found = np.array([[r.values["accuracy"], np.log(r.values["macs"])] for r in front])
    low, span = truth.min(axis=0), np.ptp(truth, axis=0)
    senses, reference = [Sense.MAXIMIZE, Sense.MINIMIZE], [-0.1, 1.1]
    share = hypervolume((found - low) / span, senses, reference) / hypervolume(
        (truth - low) / span, senses, reference
    )
    assert share >= 0.97


def test_an_impossible_limit_says_what_the_fastest_network_needs(store: Store) -> None:
    problem = make_problem(spec(limits={"max_latency_ms": 1.0}))
    with pytest.raises(
        InfeasibleError, match=r"`max_latency_ms` must be at least (\S+);"
    ) as caught:
        run(problem, store)
    needed = float(str(caught.value).split("at least ")[1].split(";")[0])
    sampled = problem.known(problem.space.sample(20_000, seed=9))["latency_ms"]
    assert 0 < needed <= sampled.min() * 1.001
    assert store.studies() == []
    run(make_problem(spec(limits={"max_latency_ms": needed * 1.001}, evaluations=1)), store)


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"device": "pixel-3"}, ["`energy_mj` needs an energy model", "pixel-3"]),
        (
            {"device": "pixel-3", "objectives": ["accuracy"], "limits": {"max_energy_mj": 1.0}},
            ["`energy_mj` needs an energy model"],
        ),
        ({"space": "proxylessnas"}, ["proxylessnas", "mnasnet"]),
    ],
)
def test_what_nothing_can_say_is_refused(changes: dict[str, object], words: list[str]) -> None:
    with pytest.raises(InputError) as caught:
        make_problem(spec(**changes))
    for word in words:
        assert word in str(caught.value)


def test_a_space_is_narrowed_to_what_its_predictor_knows() -> None:
    problem = make_problem(spec(space="mobilenet_v3"))
    assert problem.space.declaration.input.resolution == (224,)
    assert problem.evaluate(problem.space.sample(3, seed=0))["accuracy"].shape == (3,)
