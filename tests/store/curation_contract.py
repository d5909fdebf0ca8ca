"""What every database must do when studies are renamed, deleted, merged, written and read."""

from __future__ import annotations

import json
import threading
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from nas.errors import DeclarationError, StoreError, StudyHeldError, UnknownNameError
from nas.pareto import front
from nas.store import EvaluationRecord, EvaluationState, Store, StudyRecord
from nas.store.accounts import accounts, save_account
from nas.store.curation import delete_study, merge_studies, rename_study
from nas.store.exchange import check_study_file, export_study, import_study
from tests.store.contract import evaluation_lists
from tests.store.examples import OBJECTIVES, SPEC, evaluation
from tests.store.make_schema_file import ACCOUNTS, RECORDS

ON_SHARED = settings(
    max_examples=25,
    deadline=None,
    suppress_health_check=[
        HealthCheck.function_scoped_fixture,
        HealthCheck.differing_executors,
    ],
)
OTHER_MODEL = replace(OBJECTIVES[1], provenance={"kind": "predicted", "sha256": "cd"})
_STATES = st.sampled_from(EvaluationState)


class CurationContract:
    """Inherit, and define a fixture `url` that names an empty database."""

    @pytest.fixture
    def store(self, url: str) -> Iterator[Store]:
        """An open store without studies."""
        with Store.open(url, create=True) as opened:
            yield opened

    @pytest.fixture
    def study(self, store: Store) -> StudyRecord:
        """A finished study of every kind of evaluation, with a front of two."""
        made = store.create_study("phones", spec=SPEC, objectives=OBJECTIVES)
        store.record(made.id, RECORDS)
        store.save_front(made.id, [1, 0])
        store.finish(made.id)
        return store.study("phones")

    def test_accounts_are_kept_and_go_with_their_study(
        self, store: Store, study: StudyRecord, tmp_path: Path
    ) -> None:
        for account in ACCOUNTS:
            save_account(store, study.id, replace(account, spent={"wall_s": 0.5}))
            save_account(store, study.id, account)
        assert accounts(store, study.id) == ACCOUNTS
        with pytest.raises(StoreError, match="number 0 has wall_s -1.0"):
            save_account(store, study.id, replace(ACCOUNTS[0], spent={"wall_s": -1.0}))
        export_study(store, "phones", tmp_path / "phones.jsonl")
        again = import_study(store, tmp_path / "phones.jsonl", name="again")
        assert accounts(store, again.id) == ACCOUNTS
        both = merge_studies(store, "phones", "again", into="both")
        merged = accounts(store, both.id)
        assert [one.number for one in merged] == [0, 1, 2, 3]
        assert [one.spent for one in merged] == [one.spent for one in ACCOUNTS * 2]
        delete_study(store, "phones")
        assert accounts(store, again.id) == ACCOUNTS
        with pytest.raises(StoreError, match="must be that of a study"):
            accounts(store, study.id)

    def test_account_of_what_cannot_have_been_spent_is_no_study_file(
        self, store: Store, study: StudyRecord, tmp_path: Path
    ) -> None:
        save_account(store, study.id, ACCOUNTS[0])
        file = tmp_path / "phones.jsonl"
        export_study(store, "phones", file)
        file.write_text(file.read_text().replace('"wall_s":120.0', '"wall_s":-120.0'))
        with pytest.raises(DeclarationError, match="line 1.*accounts.0.spent.wall_s"):
            check_study_file(file)

    def test_only_the_driver_keeps_an_account(self, store: Store, study: StudyRecord) -> None:
        with store.hold(study.id) as lease:
            save_account(store, study.id, ACCOUNTS[0], lease=lease)
            with pytest.raises(StudyHeldError):
                save_account(store, study.id, ACCOUNTS[1])
        assert accounts(store, study.id) == ACCOUNTS[:1]

    def test_renamed_study_is_the_same(self, store: Store, study: StudyRecord) -> None:
        rename_study(store, "phones", "boards")
        renamed = store.study("boards")
        assert (renamed.id, renamed.objectives) == (study.id, study.objectives)
        assert renamed.spec == {**SPEC, "name": "boards"}
        assert store.evaluations(renamed.id) == RECORDS
        with pytest.raises(UnknownNameError, match="got 'phones'"):
            store.study("phones")

    def test_name_of_another_is_not_given(self, store: Store, study: StudyRecord) -> None:
        other = store.create_study("boards", spec={}, objectives=OBJECTIVES)
        for rename in (
            lambda: rename_study(store, "boards", "phones"),
            lambda: merge_studies(store, "phones", "phones", into="boards"),
        ):
            with pytest.raises(StoreError, match=r"already; resume|got 'phones' twice"):
                rename()
        with pytest.raises(StoreError, match="`name` of a study must be 1 to 200"):
            rename_study(store, "boards", " ")
        assert [summary.study for summary in store.studies()] == [study, other]

    def test_deleted_study_takes_only_its_own(self, store: Store, study: StudyRecord) -> None:
        other = store.create_study("boards", spec={}, objectives=OBJECTIVES)
        store.record(other.id, [evaluation(0), evaluation(7)])
        delete_study(store, "phones")
        assert [summary.study for summary in store.studies()] == [other]
        assert store.evaluations(other.id) == [evaluation(0), evaluation(7)]
        with pytest.raises(StoreError, match="must be that of a network in"):
            store.architecture_text(evaluation(1).architecture_id)
        again = store.create_study("phones", spec={}, objectives=OBJECTIVES)
        assert store.evaluations(again.id) == store.front(again.id) == []

    def test_deletion_leaves_networks_that_others_are_about_to_use(
        self, store: Store, url: str
    ) -> None:
        batches, failures = [range(i, i + 20) for i in range(0, 200, 20)], list[Exception]()
        survivor = store.create_study("survivor", spec={}, objectives=OBJECTIVES)

        def record() -> None:
            try:
                for batch in batches:
                    store.record(survivor.id, [evaluation(number) for number in batch])
            except Exception as error:  # a thread's error is otherwise lost
                failures.append(error)

        recording = threading.Thread(target=record)
        with Store.open(url, create=False) as other:
            recording.start()
            for batch in batches:
                doomed = other.create_study("doomed", spec={}, objectives=OBJECTIVES)
                other.record(doomed.id, [evaluation(number) for number in batch])
                delete_study(other, "doomed")
            recording.join()
        assert failures == []
        assert store.evaluations(survivor.id) == [evaluation(number) for number in range(200)]

    def test_driven_study_is_left_alone(self, store: Store, study: StudyRecord) -> None:
        store.create_study("boards", spec=SPEC, objectives=OBJECTIVES)
        with store.hold(study.id):
            for change in (
                lambda: rename_study(store, "phones", "tablets"),
                lambda: delete_study(store, "phones"),
                lambda: merge_studies(store, "boards", "phones", into="both"),
            ):
                with pytest.raises(StudyHeldError, match="got 'phones', which .* runs"):
                    change()
        assert [summary.study.name for summary in store.studies()] == ["phones", "boards"]
        assert store.evaluations(study.id) == RECORDS

    @ON_SHARED
    @given(
        ours=st.lists(st.tuples(st.integers(0, 9), _STATES), unique_by=lambda pair: pair[0]),
        its=st.lists(st.tuples(st.integers(0, 9), _STATES), unique_by=lambda pair: pair[0]),
    )
    def test_merged_study_has_each_network_once(
        self,
        store: Store,
        ours: list[tuple[int, EvaluationState]],
        its: list[tuple[int, EvaluationState]],
    ) -> None:
        studies = {"ours": _evaluations(ours, by=1.0), "its": _evaluations(its, by=2.0)}
        for name, records in studies.items():
            made = store.create_study(name, spec=SPEC, objectives=OBJECTIVES)
            store.record(made.id, records)
        try:
            merged = merge_studies(store, "ours", "its", into="both")
            found = store.evaluations(merged.id)
            assert [record.number for record in found] == list(range(len(found)))
            assert merged.spec["merged_from"] == ["ours", "its"]
            kept = {record.architecture_id: record for record in found}
            assert len(kept) == len(found)
            by_network: dict[str, list[EvaluationRecord]] = {}
            for record in [*studies["ours"], *studies["its"]]:
                by_network.setdefault(record.architecture_id, []).append(record)
            assert set(kept) == set(by_network)
            order = ["failed", "over_limit", "stopped", "complete"]
            for identity, candidates in by_network.items():
                best = max(candidates, key=lambda record: order.index(record.state))
                assert (kept[identity].state, kept[identity].values) == (best.state, best.values)
            complete = [record for record in found if record.state is EvaluationState.COMPLETE]
            values = [[record.values[o.name] for o in OBJECTIVES] for record in complete]
            members = front(values, [o.sense for o in OBJECTIVES]) if values else []
            assert store.front(merged.id) == [complete[index] for index in members]
            for name, records in studies.items():
                assert store.evaluations(store.study(name).id) == records
        finally:
            for summary in store.studies():
                delete_study(store, summary.study.name)

    @pytest.mark.parametrize(
        ("change", "differing"),
        [
            ({"spec": {**SPEC, "space": "fbnet"}}, r"space \(mnasnet and fbnet\)"),
            ({"spec": {**SPEC, "device": "pixel-3"}}, r"device \(none and pixel-3\)"),
            ({"spec": {**SPEC, "limits": {}}}, r"limits \({'latency_ms': 30.0} and none\)"),
            ({"objectives": OBJECTIVES[:1]}, r"objectives \(accuracy, latency_ms and accuracy\)"),
            ({"objectives": (OBJECTIVES[0], OTHER_MODEL)}, "the model of latency_ms"),
        ],
    )
    def test_only_what_compares_is_merged(
        self, store: Store, study: StudyRecord, change: dict[str, Any], differing: str
    ) -> None:
        store.create_study("boards", **{"spec": SPEC, "objectives": OBJECTIVES} | change)
        with pytest.raises(StoreError, match=f"'phones' and 'boards' differ in {differing}$"):
            merge_studies(store, "phones", "boards", into="both")
        assert len(store.studies()) == 2

    def test_merged_study_is_finished_when_both_were(
        self, store: Store, study: StudyRecord
    ) -> None:
        other = store.create_study("boards", spec={**SPEC, "seed": 2}, objectives=OBJECTIVES)
        assert merge_studies(store, "phones", "boards", into="open").finished_at is None
        store.finish(other.id)
        assert merge_studies(store, "phones", "boards", into="done").finished_at is not None

    def test_file_holds_the_study(self, store: Store, study: StudyRecord, tmp_path: Path) -> None:
        file = tmp_path / "phones.jsonl"
        assert export_study(store, "phones", file) == len(RECORDS)
        assert [entry.name for entry in tmp_path.glob(".phones*")] == []
        header, *lines = map(json.loads, file.read_text(encoding="utf-8").splitlines())
        assert (header["format"], header["version"]) == ("nas-study", 1)
        assert (header["evaluations"], header["front"]) == (len(RECORDS), [1, 0])
        assert [line["architecture"] for line in lines] == [r.architecture_text for r in RECORDS]
        with pytest.raises(StoreError, match="'phones' already"):
            import_study(store, file)
        copy = import_study(store, file, name="copy")
        assert (copy.created_at, copy.finished_at) == (study.created_at, study.finished_at)
        assert (copy.objectives, copy.spec) == (study.objectives, {**SPEC, "name": "copy"})
        assert store.front(copy.id) == store.front(study.id)
        times = [[r.finished_at for r in store.evaluations(one.id)] for one in (study, copy)]
        assert times[0] == times[1]
        delete_study(store, "phones")
        assert import_study(store, file).spec == SPEC

    @ON_SHARED
    @given(records=evaluation_lists())
    def test_every_study_comes_back_from_its_file(
        self, store: Store, tmp_path: Path, records: list[EvaluationRecord]
    ) -> None:
        file = tmp_path / "any.jsonl"
        study = store.create_study("any", spec={}, objectives=OBJECTIVES)
        try:
            store.record(study.id, records)
            before = store.evaluations(study.id)
            export_study(store, "any", file)
            check_study_file(file)
            copy = import_study(store, file, name="copy")
            assert repr(store.evaluations(copy.id)) == repr(before)
        finally:
            for summary in store.studies():
                delete_study(store, summary.study.name)

    def test_file_that_is_wrong_leaves_nothing(
        self, store: Store, study: StudyRecord, tmp_path: Path
    ) -> None:
        file = tmp_path / "phones.jsonl"
        export_study(store, "phones", file)
        delete_study(store, "phones")
        for damage, said in DAMAGES:
            bad = tmp_path / "bad.jsonl"
            bad.write_bytes(b"".join(damage(file.read_bytes().splitlines(keepends=True))))
            refusals = []
            with pytest.raises((DeclarationError, StoreError)) as caught:
                check_study_file(bad)
            refusals.append(str(caught.value))
            with pytest.raises((DeclarationError, StoreError)) as caught:
                import_study(store, bad)
            refusals.append(str(caught.value))
            assert refusals[0].startswith(f"{bad}, line {said}")
            assert refusals[0] == refusals[1]
        assert store.studies() == []
        with pytest.raises(StoreError, match="must be that of a network in"):
            store.architecture_text(evaluation(0).architecture_id)


def _evaluations(pairs: list[tuple[int, EvaluationState]], *, by: float) -> list[EvaluationRecord]:
    """Evaluations of numbered networks, numbered by place; values tell whose they are."""
    return [
        evaluation(
            network,
            number=number,
            state=state,
            values={"accuracy": by + network, "latency_ms": 10 - network % 3 + by},
            reports=((0.5, by),),
        )
        for number, (network, state) in enumerate(pairs)
    ]


def _edit(line: int, **changes: Any) -> Any:
    """Change keys of one line, counted from 1."""

    def edit(lines: list[bytes]) -> list[bytes]:
        document = json.loads(lines[line - 1]) | changes
        lines[line - 1] = json.dumps(document).encode() + b"\n"
        return lines

    return edit


DAMAGES: list[tuple[Any, str]] = [
    (lambda lines: [], "1: must be a JSON object ("),
    (lambda lines: lines[1:], "1: `format`: this key is required; got no such key"),
    (_edit(1, format="mlflow"), "1: `format`: must be one of nas-study; got 'mlflow'"),
    (_edit(1, version=2), "1: `version`: must be"),
    (_edit(1, front=[0, 2]), "1: `front`: must be numbers of complete evaluations"),
    (
        lambda lines: lines[:-1],
        "1: `evaluations`: must be the number of evaluations in the lines "
        "that follow; got 5, 4 follow",
    ),
    (lambda lines: [*lines[:-1], lines[-1][:-30]], "6: must be a JSON object ("),
    (lambda lines: [*lines[:2], b"\xff\n", *lines[2:]], "3: must be a JSON object ("),
    (lambda lines: [*lines, b"[1]\n"], "7: the document must be a mapping"),
    (
        lambda lines: [*lines, lines[3]],
        "7: `number`: must be given once, and line 4 has it; got 2",
    ),
    (_edit(3, number=0), "3: `number`: must be given once, and line 2 has it; got 0"),
    (_edit(3, number="one"), "3: `number`: must be a whole number; got 'one'"),
    (_edit(3, acuracy=1), "3: `acuracy`: unknown key"),
    (_edit(3, state="done"), "3: `state`: must be one of complete, stopped, over_limit, failed"),
    (_edit(3, values={"accuracy": "high"}), "3: `values.accuracy`: must be a number; got 'high'"),
    (
        _edit(3, values={"accuracy": float("nan")}),
        "3: must be a JSON object (NaN is not a number)",
    ),
    (_edit(3, values={"accuracy": 1.0}), "3: a complete evaluation must have every objective"),
    (_edit(3, architecture="image 3x32x32"), "3: `id`: must be the start of the SHA-256"),
    (_edit(6, reports=[[1.5, 3.0]]), "6: the shares of `reports` must rise within (0, 1]"),
    (_edit(6, reports=[]), "6: an evaluation that was stopped early must have a report"),
    (_edit(6, spent={"wall_s": -1}), "6: `spent` must be finite and not negative"),
]
