"""Studies that keep an account while they run: what is in it, and what a kill leaves of it."""

from __future__ import annotations

import signal
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping
from pathlib import Path

import pytest

from nas.accuracy.evaluator import OnPreparation, Report
from nas.accuracy.external import ExternalEvaluator
from nas.errors import EvaluationFailedError
from nas.ledger.account import costs
from nas.ledger.counters import Counters
from nas.measure.power import RaplMeter
from nas.report.ledger import ledger_view
from nas.search import accounting
from nas.search.problem import Problem, make_problem
from nas.search.run import run_study
from nas.space.architecture import Architecture
from nas.store import Store
from nas.store.accounts import accounts
from tests.measure.test_power import drawing, zone
from tests.search.test_run import spec
from tests.waiting import until

WORK_S = 0.02


def burn(seconds: float) -> None:
    began = time.process_time()
    while time.process_time() - began < seconds:
        pass


class Busy:
    """Prepares for a while, then is busy with each network; some fail."""

    cost_s = 0.01
    provenance: Mapping[str, object] = {"kind": "made up"}

    def __init__(self, took: Mapping[str, float] | None = None) -> None:
        self.took = took

    def prepare(self, on_progress: OnPreparation) -> Mapping[str, float]:
        burn(0.3)
        on_progress("preparing", 1.0)
        return {"cpu_s": 0.3} if self.took is None else self.took

    def evaluate(self, architecture: Architecture, *, seed: int, folder: Path) -> Iterator[Report]:
        burn(WORK_S)
        if int(architecture.id, 16) % 4 == 0:
            raise EvaluationFailedError("it would not")
        yield Report(1.0, 50 + int(architecture.id, 16) % 40)


def problem(evaluator: Busy, *, evaluations: int = 12, **changes: object) -> Problem:
    asked = spec(
        space="nas_bench_macro", objectives=["accuracy", "latency_ms"],
        limits={"max_latency_ms": 5.0}, evaluations=evaluations, **changes,
    )  # fmt: skip
    return make_problem(asked, evaluator=ExternalEvaluator("tests:busy", evaluator))


@pytest.fixture
def store(tmp_path: Path) -> Iterator[Store]:
    with Store.open(str(tmp_path / "nas.db"), create=True) as opened:
        yield opened


@pytest.fixture
def no_counters(monkeypatch: pytest.MonkeyPatch) -> None:
    """As on most virtual machines."""
    monkeypatch.setattr(accounting, "find_counters", lambda: Counters(None, "there is none"))


@pytest.mark.usefixtures("no_counters")
def test_every_second_of_a_core_is_in_the_account_once(store: Store) -> None:
    before = time.process_time()
    study = run_study(problem(Busy()), store, grid="DEU")
    whole_s = time.process_time() - before
    records, kept = store.evaluations(study.id), accounts(store, study.id)
    assert all(one.spent["cpu_s"] >= WORK_S for one in records), "failed ones too"
    assert {one.state.value for one in records} == {"complete", "failed"}
    found = costs(records, kept)
    assert [part.name for part in found.parts] == ["preparation", "search", "evaluations"]
    preparation, search, evaluations = found.parts
    assert preparation.cpu_s is not None and 0.3 <= preparation.cpu_s < 0.6
    assert evaluations.cpu_s == pytest.approx(sum(one.spent["cpu_s"] for one in records))
    assert search.cpu_s is not None and search.cpu_s > 0
    assert found.total.cpu_s is not None and 0.5 * whole_s < found.total.cpu_s <= whole_s
    assert found.total.energy.kind == "modelled"
    assert ledger_view(records, kept).grid.source.startswith("DEU")
    share = kept[0].about["over_limit_share"]
    assert 0 < share < 1
    assert [one.way for one in ledger_view(records, kept).saved] == ["screening"]
    run_study(problem(Busy()), store)
    assert accounts(store, study.id) == kept, "a finished study spends nothing"


def test_the_next_study_says_what_it_did_not_have_to_pay(store: Store) -> None:
    study = run_study(problem(Busy({"cpu_s": 80.0}), name="second"), store)
    (saved,) = [
        one
        for one in ledger_view(store.evaluations(study.id), accounts(store, study.id)).saved
        if one.way == "caching"
    ]
    assert saved.cpu_s == pytest.approx(80.0)


def test_counters_of_the_machine_are_read_once(
    store: Store, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    package = zone(tmp_path / "powercap" / "intel-rapl:0", "package-0", 0)
    meter = RaplMeter.found(tmp_path / "powercap")
    monkeypatch.setattr(accounting, "find_counters", lambda: Counters(meter))
    with drawing({package: 20_000.0}):
        study = run_study(problem(Busy()), store)
    total = costs(store.evaluations(study.id), accounts(store, study.id)).total
    assert "measured by rapl package, whole machine" in total.energy.sources
    assert total.wall_s is not None and total.energy.measured_j is not None
    assert total.energy.measured_j == pytest.approx(20 * total.wall_s, rel=0.25)
    # An account that ends before the counter moved is modelled: moments before the preparation.
    assert (total.energy.modelled_j or 0.0) < 0.1 * total.energy.measured_j
    assert not total.energy.unknown


_KILLED = """
import sys
from nas.search import accounting
from nas.search.run import run_study
from nas.store import Store
from tests.search.test_accounting import Busy, problem
accounting._BETWEEN_SAVES_S = 0.0
with Store.open(sys.argv[1], create=True) as store:
    run_study(problem(Busy(), evaluations=30), store)
"""


def test_a_driver_that_is_killed_keeps_its_account(tmp_path: Path) -> None:
    place = str(tmp_path / "nas.db")
    driver = subprocess.Popen([sys.executable, "-c", _KILLED, place])

    def recorded() -> int:
        if not Path(place).exists():
            return 0
        with Store.open(place, create=True) as store:
            return sum(one.complete for one in store.studies())

    try:
        until(lambda: recorded() >= 5)
    finally:
        driver.send_signal(signal.SIGKILL)
        driver.wait()
    with Store.open(place, create=False) as store:
        study = store.study("test")
        left, kept = store.evaluations(study.id), accounts(store, study.id)
        found = costs(left, kept)
        assert [part.name for part in found.parts] == ["preparation", "search", "evaluations"]
        assert found.total.cpu_s is not None
        assert found.total.cpu_s > 0.3 + WORK_S * len(left)
        again = run_study(problem(Busy(), evaluations=30), store)
        both = accounts(store, again.id)
        assert both[: len(kept)] == kept and len(both) > len(kept)
        more = costs(store.evaluations(again.id), both).total.cpu_s
        assert more is not None and more > found.total.cpu_s
