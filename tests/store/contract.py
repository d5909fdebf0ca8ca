"""What every database under `Store` must do: tests that a class inherits, giving only `url`."""

from __future__ import annotations

import hashlib
import threading
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from itertools import count
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from nas.errors import StoreError, UnknownNameError
from nas.pareto import Sense
from nas.store import (
    EvaluationRecord,
    EvaluationState,
    ObjectiveRecord,
    Store,
    StudyRecord,
    queries,
)

OBJECTIVES = (
    ObjectiveRecord("accuracy", Sense.MAXIMIZE, "%", {"kind": "table", "rows": 15_625}),
    ObjectiveRecord("latency_ms", Sense.MINIMIZE, "ms", {"kind": "predicted", "sha256": "ab"}),
)
SPEC = {"space": "mnasnet", "limits": {"latency_ms": 30.0}, "seeds": [1, 2], "note": None}

# PostgreSQL keeps no NUL in text columns; our names and notation have none.
_words = st.text(st.characters(codec="utf-8", exclude_characters="\0"))
_SHARED = (HealthCheck.function_scoped_fixture, HealthCheck.differing_executors)
_finite = st.floats(allow_nan=False, allow_infinity=False)


def evaluation(number: int, /, **changes: Any) -> EvaluationRecord:
    """A complete evaluation of a network of its own."""
    text = f"image 3x224x224 | conv k3 c{number + 1} | pool | fc c10"
    values: dict[str, Any] = {
        "number": number,
        "architecture_id": hashlib.sha256(text.encode()).hexdigest()[:16],
        "architecture_text": text,
        "choices": {"width": number + 1, "ratio": 0.25, "kind": "conv"},
        "state": EvaluationState.COMPLETE,
        "values": {"accuracy": 70 + number / 7, "latency_ms": 1 / (number + 3)},
    }
    return EvaluationRecord(**values | changes)


@st.composite
def evaluation_lists(draw: st.DrawFn) -> list[EvaluationRecord]:
    """Any evaluations that one call may record together."""
    texts = draw(st.lists(_words, max_size=8, unique=True))
    numbers = draw(
        st.lists(st.integers(0, 2**31 - 1), min_size=len(texts), max_size=len(texts), unique=True)
    )
    return [draw(_evaluations(number, text)) for number, text in zip(numbers, texts, strict=True)]


@st.composite
def _evaluations(draw: st.DrawFn, number: int, text: str) -> EvaluationRecord:
    state = draw(st.sampled_from(EvaluationState))
    shares = draw(st.lists(st.floats(0, 1, exclude_min=True), max_size=4, unique=True))
    if state is EvaluationState.STOPPED:
        shares = shares or [0.5]
    names = [objective.name for objective in OBJECTIVES]
    if state is not EvaluationState.COMPLETE:
        names = draw(st.lists(st.sampled_from(names), unique=True))
    return EvaluationRecord(
        number,
        hashlib.sha256(text.encode()).hexdigest()[:16],
        text,
        draw(st.dictionaries(_words, st.integers() | _finite | _words, max_size=4)),
        state,
        {name: draw(_finite) for name in names},
        draw(st.none() | _words),
        tuple((share, draw(_finite)) for share in sorted(shares)),
        draw(st.dictionaries(_words, st.floats(0, allow_infinity=False), max_size=2)),
    )


class StoreContract:
    """Inherit, and define a fixture `url` that names an empty database."""

    @pytest.fixture
    def store(self, url: str) -> Iterator[Store]:
        """An open store without studies."""
        with Store.open(url, create=True) as opened:
            yield opened

    @pytest.fixture
    def study(self, store: Store) -> StudyRecord:
        """A study in that store."""
        return store.create_study("phones", spec=SPEC, objectives=OBJECTIVES)

    def test_study_is_read_back_as_created(self, store: Store, study: StudyRecord) -> None:
        assert store.study("phones") == study
        assert (study.name, study.spec, study.objectives) == ("phones", SPEC, OBJECTIVES)
        assert study.finished_at is None
        assert study.created_at.tzinfo is UTC
        assert abs(datetime.now(UTC) - study.created_at) < timedelta(minutes=1)

    def test_study_outlives_the_store_that_made_it(
        self, url: str, store: Store, study: StudyRecord
    ) -> None:
        store.record(study.id, [evaluation(0)])
        store.close()
        with Store.open(url, create=False) as again:
            assert again.study("phones") == study
            assert again.evaluations(study.id) == [evaluation(0)]

    def test_name_is_given_once(self, store: Store, study: StudyRecord) -> None:
        with pytest.raises(StoreError, match="'phones' already; resume"):
            store.create_study("phones", spec={}, objectives=OBJECTIVES)
        assert [summary.study for summary in store.studies()] == [study]

    @pytest.mark.parametrize("name", ["", " phones", "a\nb", "x" * 201, "\udc00"])
    def test_name_must_be_one(self, store: Store, name: str) -> None:
        with pytest.raises(StoreError, match="`name` of a study must be 1 to 200"):
            store.create_study(name, spec={}, objectives=OBJECTIVES)

    @pytest.mark.parametrize("objectives", [(), OBJECTIVES + OBJECTIVES[:1]])
    def test_objectives_must_differ(
        self, store: Store, objectives: tuple[ObjectiveRecord, ...]
    ) -> None:
        with pytest.raises(StoreError, match="`objectives` must be one or more"):
            store.create_study("phones", spec={}, objectives=objectives)
        assert store.studies() == []

    def test_spec_must_be_json(self, store: Store) -> None:
        for spec in ({"limit": float("nan")}, {"when": datetime.now(UTC)}):
            with pytest.raises(StoreError, match="must be plain JSON values"):
                store.create_study("phones", spec=spec, objectives=OBJECTIVES)
        assert store.studies() == []

    def test_unknown_study_names_the_known(self, store: Store, study: StudyRecord) -> None:
        with pytest.raises(UnknownNameError, match="did you mean 'phones'") as caught:
            store.study("phone")
        assert caught.value.known == ("phones",)

    def test_every_method_refuses_an_unknown_id(self, store: Store, study: StudyRecord) -> None:
        unknown = study.id + 1
        for call in (
            lambda: store.record(unknown, [evaluation(0)]),
            lambda: store.evaluations(unknown),
            lambda: store.save_front(unknown, []),
            lambda: store.front(unknown),
            lambda: store.finish(unknown),
        ):
            with pytest.raises(StoreError, match=f"`study_id` must be .* got {unknown}"):
                call()

    def test_finish_counts_the_first_time(self, store: Store, study: StudyRecord) -> None:
        store.finish(study.id)
        finished_at = store.study("phones").finished_at
        store.finish(study.id)
        assert finished_at is not None and finished_at >= study.created_at
        assert store.study("phones").finished_at == finished_at

    def test_summaries_count_by_state(self, store: Store, study: StudyRecord) -> None:
        empty = store.create_study("boards", spec={}, objectives=OBJECTIVES[:1])
        failed, over = EvaluationState.FAILED, EvaluationState.OVER_LIMIT
        states = [failed, over, over, *3 * [EvaluationState.COMPLETE]]
        store.record(study.id, [evaluation(i, state=state) for i, state in enumerate(states)])
        store.save_front(study.id, [5, 3])
        first, second = store.studies()
        assert (first.study, second.study) == (study, empty)
        assert (first.complete, first.over_limit, first.failed, first.front_size) == (3, 2, 1, 2)
        assert (second.complete, second.over_limit, second.failed) == (0, 0, 0)

    def test_evaluations_come_by_number(self, store: Store, study: StudyRecord) -> None:
        over = evaluation(
            2, state=EvaluationState.OVER_LIMIT, values={"latency_ms": 40.0}, reason="40 > 30 ms"
        )
        records = [evaluation(3), evaluation(1), over]
        store.record(study.id, records[:2])
        store.record(study.id, records[2:])
        assert store.evaluations(study.id) == sorted(records, key=lambda record: record.number)
        assert store.evaluations(study.id, state=EvaluationState.OVER_LIMIT) == [over]
        assert store.evaluations(study.id, state=EvaluationState.FAILED) == []

    def test_recording_nothing_adds_nothing(self, store: Store, study: StudyRecord) -> None:
        store.record(study.id, [])
        assert store.evaluations(study.id) == []

    _names = count()

    @settings(  # The store is shared by the examples, and the test by the databases, on purpose.
        max_examples=30,
        deadline=None,
        suppress_health_check=[
            HealthCheck.function_scoped_fixture,
            HealthCheck.differing_executors,
        ],
    )
    @given(records=evaluation_lists())
    def test_records_round_trip(self, store: Store, records: list[EvaluationRecord]) -> None:
        study = store.create_study(f"s{next(self._names)}", spec={}, objectives=OBJECTIVES)
        store.record(study.id, records)
        found = store.evaluations(study.id)
        expected = sorted(records, key=lambda record: record.number)
        assert found == expected
        # `==` takes 1 for 1.0 and 0.0 for -0.0; their text does not.
        assert repr([r.choices for r in found]) == repr([r.choices for r in expected])
        assert repr([r.values for r in found]) == repr([r.values for r in expected])
        assert repr([r.reports for r in found]) == repr([r.reports for r in expected])

    def test_reason_keeps_what_no_database_stores(self, store: Store, study: StudyRecord) -> None:
        last_words = evaluation(0, state=EvaluationState.FAILED, reason="killed \0 \udcff é")
        store.record(study.id, [last_words])
        assert store.evaluations(study.id)[0].reason == "killed \\x00 \\udcff é"

    def test_network_is_recorded_once(self, store: Store, study: StudyRecord) -> None:
        store.record(study.id, [evaluation(0)])
        twin = evaluation(0, number=2)
        with pytest.raises(StoreError, match=f"network {twin.architecture_id} already") as caught:
            store.record(study.id, [evaluation(1), twin])
        assert "as number 0" in str(caught.value)
        assert store.evaluations(study.id) == [evaluation(0)]

    def test_number_is_recorded_once(self, store: Store, study: StudyRecord) -> None:
        store.record(study.id, [evaluation(0)])
        with pytest.raises(StoreError, match="already, as number 0"):
            store.record(study.id, [evaluation(1), evaluation(2, number=0)])
        assert store.evaluations(study.id) == [evaluation(0)]

    def test_call_must_not_repeat_itself(self, store: Store, study: StudyRecord) -> None:
        with pytest.raises(StoreError, match="each network must be recorded once"):
            store.record(study.id, [evaluation(0), evaluation(0, number=1)])
        with pytest.raises(StoreError, match="each number must be recorded once"):
            store.record(study.id, [evaluation(0), evaluation(1, number=0)])
        assert store.evaluations(study.id) == []

    def test_studies_share_networks(self, store: Store, study: StudyRecord) -> None:
        other = store.create_study("boards", spec={}, objectives=OBJECTIVES)
        for study_id in (study.id, other.id):
            store.record(study_id, [evaluation(0)])
            assert store.evaluations(study_id) == [evaluation(0)]

    def test_id_stands_for_one_network(self, store: Store, study: StudyRecord) -> None:
        store.record(study.id, [evaluation(0)])
        other = store.create_study("boards", spec={}, objectives=OBJECTIVES)
        with pytest.raises(StoreError, match="must be the hash of its text"):
            store.record(other.id, [evaluation(0, architecture_text="image 3x32x32 | pool")])

    @pytest.mark.parametrize("value", [float("nan"), float("inf"), float("-inf")])
    def test_values_must_be_finite(self, store: Store, study: StudyRecord, value: float) -> None:
        bad = evaluation(1, values={"accuracy": 70.0, "latency_ms": value})
        with pytest.raises(StoreError, match=f"`latency_ms` of network {bad.architecture_id}"):
            store.record(study.id, [evaluation(0), bad])
        assert store.evaluations(study.id) == []

    def test_complete_has_every_objective(self, store: Store, study: StudyRecord) -> None:
        with pytest.raises(StoreError, match="lacks accuracy"):
            store.record(study.id, [evaluation(0, values={"latency_ms": 3.0})])
        store.record(
            study.id, [evaluation(0, values={"latency_ms": 3.0}, state=EvaluationState.FAILED)]
        )

    def test_choices_must_be_json(self, store: Store, study: StudyRecord) -> None:
        with pytest.raises(StoreError, match="must be plain JSON values"):
            store.record(study.id, [evaluation(0), evaluation(1, choices={"k": object()})])
        assert store.evaluations(study.id) == []

    def test_one_call_may_be_large(self, store: Store, study: StudyRecord) -> None:
        records = [evaluation(number) for number in range(12_000)]
        store.record(study.id, records)
        assert store.evaluations(study.id) == records
        with pytest.raises(StoreError, match="as number 11999"):
            store.record(study.id, [evaluation(20_000), evaluation(11_999)])

    def test_front_is_replaced_whole(self, store: Store, study: StudyRecord) -> None:
        assert store.front(study.id) == []
        store.record(study.id, [evaluation(number) for number in range(5)])
        store.save_front(study.id, [4, 0, 2])
        assert [member.number for member in store.front(study.id)] == [4, 0, 2]
        store.save_front(study.id, [0, 1])
        assert store.front(study.id) == [evaluation(0), evaluation(1)]
        store.save_front(study.id, [])
        assert store.front(study.id) == []

    @pytest.mark.parametrize(
        ("numbers", "rule"),
        [([0, 7], "got number 7"), ([0, 1], "got number 1"), ([0, 0], "must be recorded once")],
    )
    def test_front_members_are_complete_evaluations(
        self, store: Store, study: StudyRecord, numbers: list[int], rule: str
    ) -> None:
        store.record(study.id, [evaluation(0), evaluation(1, state=EvaluationState.FAILED)])
        store.save_front(study.id, [0])
        with pytest.raises(StoreError, match=rule):
            store.save_front(study.id, numbers)
        assert store.front(study.id) == [evaluation(0)]

    def test_reader_sees_whole_batches_while_a_writer_works(
        self, url: str, store: Store, study: StudyRecord
    ) -> None:
        batches, size = 40, 25

        def write() -> None:
            for start in range(0, batches * size, size):
                store.record(study.id, [evaluation(n) for n in range(start, start + size)])

        writer = threading.Thread(target=write)
        seen = [0]
        with Store.open(url, create=False) as reader:
            writer.start()
            while writer.is_alive():
                seen.append(len(reader.evaluations(study.id)))
            writer.join()
            seen.append(len(reader.evaluations(study.id)))
        assert seen == sorted(seen)
        assert {number % size for number in seen} == {0}
        assert seen[-1] == batches * size
        assert len(set(seen)) > 3, "the reader should see the study grow"

    def test_threads_share_a_store(self, store: Store, study: StudyRecord) -> None:
        failures: list[Exception] = []

        def write(first: int) -> None:
            try:
                for start in range(first, first + 50, 10):
                    store.record(study.id, [evaluation(n) for n in range(start, start + 10)])
            except Exception as error:  # a thread's error is otherwise lost
                failures.append(error)

        threads = [threading.Thread(target=write, args=(100 * i,)) for i in range(6)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        assert failures == []
        assert len(store.evaluations(study.id)) == 300

    def test_read_is_one_snapshot(self, store: Store, study: StudyRecord) -> None:
        store.record(study.id, [evaluation(0)])
        with store.transactions.read() as connection:
            before = queries.summaries(connection)
            store.record(study.id, [evaluation(1)])
            assert queries.summaries(connection) == before
        assert store.studies() != before

    def test_writers_of_one_study_take_turns(self, store: Store, study: StudyRecord) -> None:
        store.record(study.id, [evaluation(number) for number in range(20)])
        fronts = [list(range(20)), list(reversed(range(20)))]
        _at_once(
            *(lambda front=front: store.save_front(study.id, front) for front in fronts), times=20
        )
        assert [member.number for member in store.front(study.id)] in fronts

    def test_studies_may_meet_the_same_networks_at_once(
        self, store: Store, study: StudyRecord
    ) -> None:
        other = store.create_study("boards", spec={}, objectives=OBJECTIVES)
        batches = [[evaluation(n) for n in range(i, i + 200)] for i in range(0, 2_000, 200)]
        upwards, downwards = iter(batches), ([*reversed(batch)] for batch in batches)
        _at_once(
            lambda: store.record(study.id, next(upwards)),
            lambda: store.record(other.id, next(downwards)),
            times=len(batches),
        )
        assert store.evaluations(study.id) == store.evaluations(other.id)
        assert len(store.evaluations(study.id)) == 2_000


def _at_once(*calls: Callable[[], object], times: int) -> None:
    """Make each call so many times, the first ones, the second ones and so on together."""
    together, failures = threading.Barrier(len(calls)), list[Exception]()

    def repeat(call: Callable[[], object]) -> None:
        for _ in range(times):
            together.wait()
            try:
                call()
            except Exception as error:  # a thread's error is otherwise lost
                failures.append(error)

    threads = [threading.Thread(target=repeat, args=(call,)) for call in calls]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert failures == []
