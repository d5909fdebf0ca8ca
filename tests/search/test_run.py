"""Studies run to their end on real spaces, models and databases, directly and in process."""

from __future__ import annotations

import sys
import time
from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from nas.accuracy.evaluator import Evaluated
from nas.errors import EvaluatorError, InfeasibleError, InputError, StoreError, StudyHeldError
from nas.graph.lower import lower
from nas.pareto import front
from nas.resources import folder
from nas.search.plan import Workers, make_plan
from nas.search.problem import Problem, make_problem
from nas.search.progress import Progress
from nas.search.run import run_study
from nas.search.study import StudySpec, study_from_options
from nas.space.architecture import parse
from nas.space.space import Codes
from nas.store import EvaluationState, Store, StudyRecord

EIGHT = """
name: tiny
title: Eight networks
source: a test
input: {resolution: 32}
stages:
  - {name: a, block: mb, width: 8, kernel: [3, 5], expansion: [3, 6], depth: [1, 2]}
head: [{block: pool}, {block: fc, width: 10}]
"""


def spec(**changes: object) -> StudySpec:
    return study_from_options(
        {
            "name": "test",
            "space": "mnasnet",
            "device": "jetson-tx2",
            "objectives": ["accuracy", "latency_ms", "energy_mj"],
            "limits": {"max_latency_ms": 20.0},
            "evaluations": 1500,
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


@dataclass
class Made:
    """An accuracy that is a function of the code, unknown for some; may be interrupted."""

    unknown: float = 0.0
    interrupt_at: int | None = None
    cost_s: float = 0.01
    provenance: Mapping[str, Any] = field(default_factory=lambda: {"kind": "made up"})
    calls: list[bytes] = field(default_factory=list)

    def evaluate(self, codes: Codes) -> Evaluated:
        (code,) = codes
        if len(self.calls) == self.interrupt_at:
            self.interrupt_at = None
            raise KeyboardInterrupt
        self.calls.append(code.tobytes())
        draws = np.random.default_rng(list(code.astype(int) + 1)).random(2)
        accuracy = np.array([np.nan if draws[1] < self.unknown else 50 + 3 * code.sum() % 40])
        return Evaluated(accuracy, accuracy, accuracy)


def surrogate(evaluator: Made, **changes: object) -> Problem:
    asked = spec(
        space="nas_bench_macro", objectives=["accuracy", "latency_ms"], limits={},
        evaluations=30, **changes,
    )  # fmt: skip
    return make_problem(asked, evaluator=evaluator)


@dataclass
class Slow(Made):
    """The same, a twentieth of a second later."""

    def evaluate(self, codes: Codes) -> Evaluated:
        time.sleep(0.05)
        return super().evaluate(codes)


def check_front(store: Store, study: StudyRecord, *, floor: float = 0.0) -> None:
    """The stored front is that of all complete evaluations."""
    records = store.evaluations(study.id, state=EvaluationState.COMPLETE)
    records = [one for one in records if one.values.get("accuracy", 100) >= floor]
    names = [objective.name for objective in study.objectives]
    values = [[record.values[name] for name in names] for record in records]
    senses = [objective.sense for objective in study.objectives]
    expected = {tuple(values[index]) for index in front(values, senses)}
    found = store.front(study.id)
    assert {tuple(one.values[name] for name in names) for one in found} == expected
    assert len(found) == len(expected)


def test_a_direct_search_records_what_reached_the_front(problem: Problem, store: Store) -> None:
    seen: list[Progress] = []
    study = run_study(problem, store, on_progress=seen.append)
    records = store.evaluations(study.id)
    assert {record.state for record in records} == {EvaluationState.COMPLETE}
    assert len({record.architecture_id for record in records}) == len(records) > 20
    assert all(record.values["latency_ms"] <= 20 for record in records)
    assert study.finished_at is not None
    assert (seen[-1].scored, seen[-1].goal, seen[-1].done) == (1500, 1500, True)
    assert seen[-1].mode == "direct" and "µs" in seen[-1].why
    assert seen[-1].front == len(store.front(study.id))
    assert list(seen[-1].curve) == sorted(seen[-1].curve)
    check_front(store, study)
    model = problem.models["jetson-tx2"].model
    for record in records[::10]:
        network = parse(record.architecture_text)
        assert network.id == record.architecture_id
        estimate = model.estimate(lower(network))
        assert record.values["latency_ms"] == pytest.approx(estimate.latency_ms, rel=1e-9)
        code = problem.space.encode(record.choices)
        assert problem.space.architecture(code).text == record.architecture_text
        accuracy = problem.evaluate(code[None])["accuracy"][0]
        assert record.values["accuracy"] == pytest.approx(accuracy)


def test_running_a_finished_study_again_adds_nothing(problem: Problem, store: Store) -> None:
    study = run_study(problem, store)
    before, front_before = store.evaluations(study.id), store.front(study.id)
    assert run_study(problem, store) == study
    assert store.evaluations(study.id) == before
    assert store.front(study.id) == front_before
    assert store.driver(study.id) is None


def test_equal_seeds_give_equal_studies(tmp_path: Path) -> None:
    found = []
    for name in ("a.db", "b.db"):
        with Store.open(str(tmp_path / name), create=True) as store:
            study = run_study(surrogate(Made()), store)
            found.append([r.architecture_id for r in store.evaluations(study.id)])
    assert found[0] == found[1]


def test_a_study_in_process_evaluates_exactly_what_was_asked(store: Store) -> None:
    evaluator, seen = Made(), list[Progress]()
    study = run_study(surrogate(evaluator), store, on_progress=seen.append)
    records = store.evaluations(study.id)
    assert [record.state for record in records] == [EvaluationState.COMPLETE] * 30
    assert [record.number for record in records] == list(range(30))
    assert len(set(evaluator.calls)) == len(evaluator.calls) == 30
    assert (seen[-1].complete, seen[-1].ended, seen[-1].done) == (30, 30, True)
    assert seen[-1].mode == "surrogate" and seen[-1].runner == "in process"
    check_front(store, study)


@pytest.mark.parametrize("stop_at", [0, 1, 17])
def test_an_interrupted_study_keeps_what_it_has_and_goes_on(store: Store, stop_at: int) -> None:
    evaluator = Made(interrupt_at=stop_at)
    with pytest.raises(KeyboardInterrupt):
        run_study(surrogate(evaluator), store)
    interrupted = store.study("test")
    kept = store.evaluations(interrupted.id)
    assert len(kept) == stop_at
    assert interrupted.finished_at is None
    assert store.driver(interrupted.id) is None, "it let the study go"
    if kept:
        check_front(store, interrupted)
    study = run_study(surrogate(evaluator), store)
    records = store.evaluations(study.id)
    assert records[:stop_at] == kept
    assert len(records) == len(set(evaluator.calls)) == len(evaluator.calls) == 30


def timed(evaluator: Made, minutes: float) -> Problem:
    return make_problem(
        spec(
            space="nas_bench_macro", objectives=["accuracy", "latency_ms"], limits={},
            evaluations=None, minutes=minutes,
        ),
        evaluator=evaluator,
    )  # fmt: skip


def test_a_study_ends_when_its_time_is_up(store: Store) -> None:
    evaluator, seen = Slow(), list[Progress]()
    began = time.monotonic()
    study = run_study(timed(evaluator, 0.02), store, on_progress=seen.append)
    assert time.monotonic() - began >= 1.2
    records = store.evaluations(study.id)
    assert study.finished_at is not None
    assert 1 <= len(records) == len(evaluator.calls) <= 24, "none ends before 0.05 s"
    last = seen[-1]
    assert (last.done, last.ending, last.limit_s) == (True, "the time was up", pytest.approx(1.2))
    assert last.by_time and last.share == 1
    assert any(one.left_s is not None and one.left_s <= 1.2 for one in seen[:-1])
    check_front(store, study)
    assert run_study(timed(evaluator, 0.02), store) == study
    assert len(store.evaluations(study.id)) == len(records)


def test_of_two_limits_the_nearer_one_ends_a_study(store: Store) -> None:
    seen: list[Progress] = []
    study = run_study(surrogate(Made(), minutes=5), store, on_progress=seen.append)
    assert len(store.evaluations(study.id)) == 30
    assert seen[-1].ending == "" and not seen[-1].by_time


def test_however_short_the_time_something_is_evaluated(store: Store) -> None:
    study = run_study(timed(Made(), 1e-6), store)
    assert len(store.evaluations(study.id)) == 1 and study.finished_at is not None


def test_an_interrupted_study_is_given_its_time_anew(store: Store) -> None:
    evaluator = Slow(interrupt_at=3)
    with pytest.raises(KeyboardInterrupt):
        run_study(timed(evaluator, 0.02), store)
    assert store.study("test").finished_at is None
    kept = store.evaluations(store.study("test").id)
    time.sleep(1.3)
    study = run_study(timed(evaluator, 0.02), store)
    records = store.evaluations(study.id)
    assert study.finished_at is not None and records[:3] == kept
    assert 3 < len(records) == len(set(evaluator.calls)) == len(evaluator.calls) <= 27


def test_a_direct_search_ends_when_its_time_is_up(store: Store) -> None:
    seen: list[Progress] = []
    asked = make_problem(spec(evaluations=None, minutes=0.005))
    study = run_study(asked, store, on_progress=seen.append)
    assert study.finished_at is not None
    assert (seen[-1].done, seen[-1].ending) == (True, "the time was up")
    assert seen[-1].scored and seen[-1].by_time
    check_front(store, study)


def test_what_the_evaluator_does_not_know_is_a_failure_that_counts(store: Store) -> None:
    study = run_study(surrogate(Made(unknown=0.3)), store)
    states = Counter(record.state for record in store.evaluations(study.id))
    assert states.total() == 30
    assert states[EvaluationState.FAILED] > 2 < states[EvaluationState.COMPLETE]
    (failed, *_) = store.evaluations(study.id, state=EvaluationState.FAILED)
    assert failed.reason == "the evaluator knows no accuracy of this network"
    assert failed.values.keys() == {"latency_ms"}


def test_an_evaluator_that_never_answers_ends_the_study_until_it_does(store: Store) -> None:
    with pytest.raises(EvaluatorError, match="got 10 failures one after the other.*no accuracy"):
        run_study(surrogate(Made(unknown=1.0)), store)
    study = store.study("test")
    assert study.finished_at is None and len(store.evaluations(study.id)) == 10
    run_study(surrogate(Made()), store)
    states = Counter(record.state for record in store.evaluations(study.id))
    assert states == {EvaluationState.FAILED: 10, EvaluationState.COMPLETE: 20}


def test_a_short_study_of_failures_alone_is_not_finished(store: Store) -> None:
    broken = surrogate(Made(unknown=1.0))
    short = replace(broken, spec=broken.spec.model_copy(update={"evaluations": 4}))
    for _ in range(2):
        with pytest.raises(EvaluatorError, match="all 4 evaluations of 'test' failed"):
            run_study(short, store)
    assert store.study("test").finished_at is None


def test_what_lies_below_the_floor_is_recorded_but_not_on_the_front(store: Store) -> None:
    asked = {"limits": {"min_accuracy": 75.0}}
    base = surrogate(Made())
    floored = base.spec.model_validate({**base.spec.model_dump(), **asked})
    study = run_study(replace(base, spec=floored), store)
    records = store.evaluations(study.id)
    assert len(records) == 30
    assert any(record.values["accuracy"] < 75 for record in records)
    check_front(store, study, floor=75.0)


def test_a_second_driver_is_refused_while_the_first_one_works(store: Store) -> None:
    problem = surrogate(Made(interrupt_at=3))
    with pytest.raises(KeyboardInterrupt):
        run_study(problem, store)
    with store.hold(store.study("test").id), pytest.raises(StudyHeldError, match="process"):
        run_study(problem, store)
    assert len(store.evaluations(store.study("test").id)) == 3


def test_accuracies_of_another_study_are_taken_over_and_cost_nothing(store: Store) -> None:
    first, second = Made(), Made()
    run_study(surrogate(first), store)
    warm = surrogate(second, name="warm", warm_start=["test"])
    notes: list[str] = []
    study = run_study(warm, store, on_note=notes.append)
    records = store.evaluations(study.id)
    assert len(records) == 60, "its own 30 and those of the other"
    assert not set(first.calls) & set(second.calls)
    assert sum(record.reason == "known from study test" for record in records) == 30
    assert any("30 networks known already" in note for note in notes)
    check_front(store, study)


def test_another_request_under_the_same_name_is_refused(store: Store) -> None:
    run_study(surrogate(Made()), store)
    changed = surrogate(Made(), seed=5)
    with pytest.raises(StoreError, match="differs in seed.*--name"):
        run_study(changed, store)


def test_an_edited_space_or_another_model_is_not_mixed_in(store: Store, tmp_path: Path) -> None:
    file = tmp_path / "mine.yaml"
    text = (folder("search_spaces") / "nas_bench_macro.yaml").read_text()
    file.write_text(text)
    asked = surrogate(Made()).spec.model_copy(update={"space": str(file)})
    with pytest.raises(KeyboardInterrupt):
        run_study(make_problem(asked, evaluator=Made(interrupt_at=2)), store)
    other = make_problem(asked, evaluator=Made(provenance={"kind": "another"}))
    with pytest.raises(StoreError, match="begun with another model of accuracy"):
        run_study(other, store)
    file.write_text(text.replace("width: 256", "width: 128"))
    with pytest.raises(StoreError, match="differs in space_sha256"):
        run_study(make_problem(asked, evaluator=Made()), store)
    assert len(store.evaluations(store.study("test").id)) == 2


@pytest.mark.parametrize("objectives", [["latency_ms", "parameters"], ["accuracy", "latency_ms"]])
def test_a_small_space_is_exhausted_and_the_study_ends(
    store: Store, tmp_path: Path, objectives: list[str]
) -> None:
    file, seen = tmp_path / "tiny.yaml", list[Progress]()
    file.write_text(EIGHT)
    asked = spec(space=str(file), objectives=objectives, limits={}, evaluations=150)
    study = run_study(make_problem(asked, evaluator=Made()), store, on_progress=seen.append)
    assert study.finished_at is not None
    assert seen[-1].done and seen[-1].ended == 8 and seen[-1].ending
    check_front(store, study)


def test_a_space_without_a_choice_has_a_front_of_one(store: Store, tmp_path: Path) -> None:
    file = tmp_path / "one.yaml"
    file.write_text(EIGHT.replace("[3, 5]", "3").replace("[3, 6]", "3").replace("[1, 2]", "1"))
    asked = spec(space=str(file), objectives=["latency_ms", "macs"], limits={})
    study = run_study(make_problem(asked), store)
    assert [record.choices for record in store.front(study.id)] == [{}]


def test_an_impossible_limit_leaves_nothing_behind(store: Store) -> None:
    with pytest.raises(InfeasibleError, match=r"`max_latency_ms` must be at least"):
        run_study(make_problem(spec(limits={"max_latency_ms": 1.0})), store)
    assert store.studies() == []


@pytest.mark.parametrize(
    ("cost_s", "asked", "mode", "runner", "why"),
    [
        (2e-6, "auto", "direct", "direct", "an evaluation takes about 2 µs"),
        (0.01, "auto", "surrogate", "in process", "an evaluation takes about 10 ms"),
        (2e-6, "surrogate", "surrogate", "in process", "asked for"),
        (0.01, "direct", "direct", "direct", "asked for"),
    ],
)
def test_the_way_of_searching_follows_what_an_evaluation_costs(
    cost_s: float, asked: str, mode: str, runner: str, why: str
) -> None:
    plan = make_plan(surrogate(Made(cost_s=cost_s), search=asked), Workers())
    assert (plan.mode, plan.runner, plan.why) == (mode, runner, why)


def test_what_cannot_be_is_refused_before_anything_is_made() -> None:
    with pytest.raises(InputError, match="`--workers` and the other options of Ray"):
        make_plan(surrogate(Made()), Workers(count=2))
    costs_only = spec(objectives=["latency_ms"], limits={}, search="surrogate")
    with pytest.raises(InputError, match="`search: surrogate` needs accuracy"):
        make_plan(make_problem(costs_only), Workers())


def test_what_ray_could_not_do_is_refused_before_anything_is_made(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    pytest.importorskip("ray", reason="needs the ray extra")
    (tmp_path / "slow_one.py").write_text(
        "class Slow:\n    cost_s = 60\n    provenance = {'kind': 'x'}\n"
        "    def evaluate(self, architecture, *, seed, folder): yield\n"
        "def make(): return Slow()\n"
    )
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr("sys.path", [str(tmp_path), *sys.path])
    problem = make_problem(spec(evaluator="slow_one:make"))
    plan = make_plan(problem, Workers(count=2, callbacks=("tensorboard",)))
    assert (plan.mode, plan.runner) == ("surrogate", "Ray")
    assert plan.why == "an evaluation takes about 1 min"
    absent = next(name for name in ("wandb", "mlflow") if find_spec(name) is None)
    with pytest.raises(InputError, match=f"`--callback {absent}` needs the package {absent}"):
        make_plan(problem, Workers(callbacks=(absent,)))  # type: ignore[arg-type]
    for address in ("nonsense", "ray://localhost:10001", "host:99999", ":1", "127.0.0.1:1"):
        with pytest.raises(InputError, match="`--address` must be"):
            make_plan(problem, Workers(address=address))
    with pytest.raises(InputError, match="`search: direct` needs an evaluator that scores"):
        make_plan(make_problem(spec(evaluator="slow_one:make", search="direct")), Workers())
