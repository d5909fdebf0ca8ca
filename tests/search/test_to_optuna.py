"""Studies written for Optuna: what its own reader finds is what the store held."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from pathlib import Path

import optuna
import pytest
from optuna.trial import TrialState

from nas.errors import StoreError
from nas.pareto import Sense
from nas.search.to_optuna import to_optuna
from nas.space.catalog import find_space
from nas.store import EvaluationRecord, EvaluationState, ObjectiveRecord, Store, StudyRecord

OBJECTIVES = (
    ObjectiveRecord("accuracy", Sense.MAXIMIZE, "%", {}),
    ObjectiveRecord("latency_ms", Sense.MINIMIZE, "ms", {}),
)
SPEC = {
    "space": "nas_bench_macro",
    "device": "pixel-3",
    "limits": {"max_latency_ms": 20.0, "min_accuracy": 80.0, "max_macs": None},
}


def _records() -> list[EvaluationRecord]:
    space = find_space("nas_bench_macro")
    codes = space.sample(4, seed=0)
    states = [
        (EvaluationState.COMPLETE, {"accuracy": 90.0, "latency_ms": 12.5, "macs": 1e6}, None),
        (EvaluationState.COMPLETE, {"accuracy": 72.0, "latency_ms": 10.0}, None),
        (EvaluationState.STOPPED, {"latency_ms": 15.0}, "behind others"),
        (EvaluationState.OVER_LIMIT, {"latency_ms": 25.0}, "over the limit"),
        (EvaluationState.FAILED, {"latency_ms": 19.0}, "killed for memory"),
    ]
    texts = [space.architecture(code).text for code in codes]
    choices = [space.decode(code) for code in codes]
    return [
        EvaluationRecord(
            number,
            hashlib.sha256(f"{number} {texts[number % 4]}".encode()).hexdigest()[:16],
            f"{number} {texts[number % 4]}",
            choices[number % 4],
            state,
            values,
            reason,
            ((0.25, 40.0), (0.5, 60.0)) if state is EvaluationState.STOPPED else (),
            {"wall_s": 1.5},
        )
        for number, (state, values, reason) in enumerate(states)
    ]


@pytest.fixture
def study(tmp_path: Path) -> Iterator[tuple[StudyRecord, list[EvaluationRecord]]]:
    """A stored study of an evaluation of every kind."""
    with Store.open(str(tmp_path / "nas.db"), create=True) as store:
        made = store.create_study("phones", spec=SPEC, objectives=OBJECTIVES)
        store.record(made.id, _records())
        yield made, store.evaluations(made.id)


def test_optuna_reads_what_the_store_held(
    tmp_path: Path, study: tuple[StudyRecord, list[EvaluationRecord]]
) -> None:
    record, evaluations = study
    assert to_optuna(record, evaluations, str(tmp_path / "optuna.db")) == 5
    found = optuna.load_study(study_name="phones", storage=f"sqlite:///{tmp_path}/optuna.db")
    assert [direction.name for direction in found.directions] == ["MAXIMIZE", "MINIMIZE"]
    assert found.metric_names == ["accuracy", "latency_ms"]
    assert found.user_attrs == SPEC
    complete, pruned, failed = TrialState.COMPLETE, TrialState.PRUNED, TrialState.FAIL
    assert [t.state for t in found.trials] == [complete, complete, pruned, pruned, failed]
    for trial, evaluation in zip(found.trials, evaluations, strict=True):
        assert trial.params == evaluation.choices
        assert trial.user_attrs["architecture"] == evaluation.architecture_text
        assert trial.user_attrs["wall_s"] == 1.5
        assert trial.user_attrs.get("reason") == evaluation.reason
        assert evaluation.finished_at is not None and trial.datetime_complete is not None
        assert trial.datetime_complete.astimezone() == evaluation.finished_at
    assert found.trials[0].values == [90.0, 12.5]
    assert found.trials[0].user_attrs["macs"] == 1e6
    assert found.trials[0].constraints == {"latency_ms": 12.5 / 20 - 1, "accuracy": 1 - 90 / 80}
    assert found.trials[3].constraints == {"latency_ms": 0.25}
    assert found.trials[2].intermediate_values == {25: 40.0, 50: 60.0}
    assert found.trials[2].values is None
    # Optuna itself leaves out the one below the floor of accuracy.
    assert [trial.number for trial in found.best_trials] == [0]
    space = {v.name: tuple(v.values) for v in find_space("nas_bench_macro").variables}
    for name, distribution in found.trials[0].distributions.items():
        assert getattr(distribution, "choices", None) == space[name]


def test_search_goes_on_in_optuna(
    tmp_path: Path, study: tuple[StudyRecord, list[EvaluationRecord]]
) -> None:
    to_optuna(*study, str(tmp_path / "optuna.db"))
    found = optuna.load_study(
        study_name="phones",
        storage=f"sqlite:///{tmp_path}/optuna.db",
        sampler=optuna.samplers.NSGAIISampler(seed=0),
    )
    trial = found.ask(dict(found.trials[0].distributions))
    found.tell(trial, [1.0, 2.0])
    assert len(found.trials) == 6


def test_space_that_is_gone_gives_what_was_evaluated(tmp_path: Path) -> None:
    with Store.open(str(tmp_path / "nas.db"), create=True) as store:
        made = store.create_study(
            "phones", spec={**SPEC, "space": "gone.yaml"}, objectives=OBJECTIVES
        )
        store.record(made.id, _records())
        to_optuna(made, store.evaluations(made.id), str(tmp_path / "optuna.db"))
    found = optuna.load_study(study_name="phones", storage=f"sqlite:///{tmp_path}/optuna.db")
    assert [trial.params for trial in found.trials] == [r.choices for r in _records()]


def test_refusals_leave_the_database_as_it_was(
    tmp_path: Path, study: tuple[StudyRecord, list[EvaluationRecord]]
) -> None:
    ours = (tmp_path / "nas.db").read_bytes()
    with pytest.raises(StoreError, match=r"must be a database of Optuna; got .*nas\.db"):
        to_optuna(*study, str(tmp_path / "nas.db"))
    assert (tmp_path / "nas.db").read_bytes() == ours
    place = str(tmp_path / "optuna.db")
    to_optuna(*study, place)
    with pytest.raises(StoreError, match="has 'phones' already; give another place"):
        to_optuna(*study, place)
    assert len(optuna.load_study(study_name="phones", storage=f"sqlite:///{place}").trials) == 5
    with pytest.raises(StoreError, match="must be one of sqlite"):
        to_optuna(*study, "mysql://me@there/db")
    with pytest.raises(StoreError, match="cannot be opened|unable to open"):
        to_optuna(*study, str(tmp_path / "nowhere" / "optuna.db"))
    (tmp_path / "notes.txt").write_text("not a database " * 100)
    with pytest.raises(StoreError, match="not a SQLite database"):
        to_optuna(*study, str(tmp_path / "notes.txt"))


def test_half_a_study_is_not_left_behind(
    tmp_path: Path, study: tuple[StudyRecord, list[EvaluationRecord]]
) -> None:
    record, evaluations = study

    class Interrupting(list[EvaluationRecord]):
        def __iter__(self) -> Iterator[EvaluationRecord]:
            self.reads = getattr(self, "reads", 0) + 1
            for number, one in enumerate(list.__iter__(self)):
                if self.reads == 2 and number == 3:
                    raise KeyboardInterrupt
                yield one

    with pytest.raises(KeyboardInterrupt):
        to_optuna(record, Interrupting(evaluations), str(tmp_path / "optuna.db"))
    assert optuna.get_all_study_names(f"sqlite:///{tmp_path}/optuna.db") == []
    assert to_optuna(record, evaluations, str(tmp_path / "optuna.db")) == 5
