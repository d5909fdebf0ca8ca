"""What every database under `Store` must do about drivers: tests that a class inherits.

Other drivers are real processes (`driver.py`), or rows as a process elsewhere would leave them.
"""

from __future__ import annotations

import os
import platform
import signal
import time
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta

import pytest
from sqlalchemy import update

from nas.errors import StoreError, StudyHeldError
from nas.store import Store, StudyRecord, tables
from tests.store.driving import (
    Driver,
    check_each_once,
    driving,
    killed,
    next_number,
    suspend_between_writes,
)
from tests.store.examples import OBJECTIVES, SPEC, evaluation
from tests.waiting import ended, until


class LeaseContract:
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

    def test_a_study_is_held_by_one(self, url: str, store: Store, study: StudyRecord) -> None:
        assert store.driver(study.id) is None
        with store.hold(study.id, progress={"running": 2}), Store.open(url, create=False) as other:
            found = other.driver(study.id)
            assert found is not None
            assert (found.pid, found.host, found.live) == (os.getpid(), platform.node(), True)
            assert found.progress == {"running": 2}
            assert abs(datetime.now(UTC) - found.since) < timedelta(minutes=1)
            assert other.studies()[0].driver == found
            with pytest.raises(StudyHeldError) as caught, other.hold(study.id):
                pass
            assert f"got 'phones', which {found} runs; wait for it or end it" in str(caught.value)
            assert f"@{platform.node()} (process {os.getpid()}, since 20" in str(caught.value)
        assert store.driver(study.id) is None
        assert store.studies()[0].driver is None
        with store.hold(study.id):
            pass

    def test_only_its_driver_changes_a_study(self, store: Store, study: StudyRecord) -> None:
        with store.hold(study.id) as lease:
            store.record(study.id, [evaluation(0)], lease=lease)
            for call in (
                lambda: store.record(study.id, [evaluation(1)]),
                lambda: store.save_front(study.id, [0]),
                lambda: store.finish(study.id),
            ):
                with pytest.raises(StudyHeldError, match="must have one driver at a time"):
                    call()
            assert store.evaluations(study.id) == [evaluation(0)]
            store.save_front(study.id, [0], lease=lease)
            store.finish(study.id, lease=lease)
        assert store.study("phones").finished_at is not None
        store.record(study.id, [evaluation(1)])

    def test_studies_have_drivers_of_their_own(self, store: Store, study: StudyRecord) -> None:
        other = store.create_study("boards", spec=SPEC, objectives=OBJECTIVES)
        with store.hold(study.id) as lease, store.hold(other.id) as its:
            store.record(study.id, [evaluation(0)], lease=lease)
            store.record(other.id, [evaluation(0)], lease=its)
            with pytest.raises(StoreError, match="must hold the lease"):
                store.record(other.id, [evaluation(1)], lease=lease)
        assert len(store.evaluations(study.id)) == len(store.evaluations(other.id)) == 1

    def test_unknown_study_cannot_be_held(self, store: Store, study: StudyRecord) -> None:
        with pytest.raises(StoreError, match="`study_id` must be"), store.hold(study.id + 1):
            pass
        with pytest.raises(StoreError, match="`study_id` must be"):
            store.driver(study.id + 1)

    def test_progress_reaches_readers(self, url: str, store: Store, study: StudyRecord) -> None:
        with store.hold(study.id) as lease, Store.open(url, create=False) as reader:
            for running in range(3):
                lease.report({"running": running, "front": [[70.5, 3.25]], "eta_s": None})
                until(lambda running=running: _progress(reader, study).get("running") == running)
            assert _progress(reader, study) == {
                "running": 2,
                "front": [[70.5, 3.25]],
                "eta_s": None,
            }
            with pytest.raises(StoreError, match="must be plain JSON values"):
                lease.report({"hypervolume": float("nan")})

    def test_lease_outlasts_its_time_while_it_is_renewed(
        self, store: Store, study: StudyRecord
    ) -> None:
        with store.hold(study.id, ttl_s=1.5) as lease:
            begun = time.monotonic()
            while time.monotonic() < begun + 2:
                found = store.driver(study.id)
                assert found is not None and found.live
                time.sleep(0.05)
            store.record(study.id, [evaluation(0)], lease=lease)

    def test_expired_lease_of_another_machine_is_taken_over(
        self, store: Store, study: StudyRecord
    ) -> None:
        with store.hold(study.id, ttl_s=600) as lease:  # Renewed long after this test.
            self._elsewhere(store, study, expires_in_s=60)
            with pytest.raises(StudyHeldError, match=r"ana@far-away .* counts for \d\d s"):
                store.hold(study.id).__enter__()
            self._elsewhere(store, study, expires_in_s=-1)
            found = store.driver(study.id)
            assert found is not None and not found.live
            with store.hold(study.id) as taken:
                with pytest.raises(
                    StoreError, match="taken over while this process did not renew"
                ):
                    store.record(study.id, [evaluation(0)], lease=lease)
                store.record(study.id, [evaluation(1)], lease=taken)
                lease.report({})
                until(lambda: lease.lost)
        assert store.evaluations(study.id) == [evaluation(1)]

    def _elsewhere(self, store: Store, study: StudyRecord, *, expires_in_s: float) -> None:
        with store.transactions.write() as connection:
            connection.execute(
                update(tables.drivers).values(
                    user="ana",
                    host="far-away",
                    machine="another",
                    expires_at=datetime.now(UTC) + timedelta(seconds=expires_in_s),
                )
            )

    def test_killed_driver_is_replaced_at_once(
        self, url: str, store: Store, study: StudyRecord
    ) -> None:
        with driving(url) as process:
            first = next_number(process)
            with pytest.raises(StudyHeldError, match=f"process {process.pid}, since"):
                store.hold(study.id).__enter__()
            assert next_number(process) > first
            process.send_signal(signal.SIGKILL)
            # Not waited for: what its parent has not collected yet is dead as well.
            until(lambda: not store.driver(study.id).live)  # type: ignore[union-attr]
            with store.hold(study.id):
                found = store.driver(study.id)
                assert found is not None and found.pid == os.getpid()
            reported = [first, *killed(process)[0]]
        check_each_once(store, reported)

    def test_suspended_driver_goes_on_only_if_nobody_took_over(
        self, url: str, store: Store, study: StudyRecord
    ) -> None:
        with driving(url, ttl_s=0.6) as process:
            next_number(process)
            _suspend_past_its_lease(process, store)
            process.send_signal(signal.SIGCONT)
            last = len(store.evaluations(study.id)) + 3
            until(lambda: next_number(process) >= last)
            assert store.studies()[0].driver.live  # type: ignore[union-attr]

            _suspend_past_its_lease(process, store)
            with store.hold(study.id) as lease:
                before = store.evaluations(study.id)
                process.send_signal(signal.SIGCONT)
                said, complaint = ended(process)
                assert "a driver must hold the lease of its study; that of 'phones'" in complaint
                assert f"and now {store.driver(study.id)} runs it" in complaint
                assert process.returncode == 2
                assert store.evaluations(study.id) == before
                assert all(int(line) < len(before) for line in said.split())
                store.record(study.id, [evaluation(len(before))], lease=lease)


def _suspend_past_its_lease(process: Driver, store: Store) -> None:
    suspend_between_writes(process, store)
    until(lambda: not store.studies()[0].driver.live)  # type: ignore[union-attr]


def _progress(store: Store, study: StudyRecord) -> dict[str, object]:
    found = store.driver(study.id)
    assert found is not None
    return dict(found.progress)
