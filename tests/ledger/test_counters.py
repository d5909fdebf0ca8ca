"""What a process spends: its own time, and what counters of its machine say."""

from __future__ import annotations

import subprocess
import sys
import time
from pathlib import Path

import pytest

from nas.accuracy.device_time import Stopwatch
from nas.ledger import counters
from nas.ledger.counters import Counters, Spending, find_counters
from nas.measure.power import RaplMeter
from tests.measure.test_power import drawing, zone

NONE = Counters(None, "none")


def metered(powercap: Path) -> Counters:
    return Counters(RaplMeter.found(powercap))


def burn(seconds: float) -> None:
    began = time.process_time()
    while time.process_time() - began < seconds:
        pass


def test_a_core_that_works_counts_and_one_that_waits_does_not() -> None:
    spending = Spending(NONE, children=True)
    time.sleep(0.2)
    burn(0.1)
    spent = spending.read()
    assert spent.keys() == {"wall_s", "cpu_s"}, "no energy where nothing counts it"
    assert spent["wall_s"] >= 0.3
    assert 0.1 <= spent["cpu_s"] < 0.2


@pytest.mark.parametrize("children", [True, False])
def test_processes_that_were_started_count_if_they_are_to(children: bool) -> None:
    watch = Stopwatch(children=children)
    burning = "import time\nwhile time.process_time() < 0.3: pass"
    subprocess.run([sys.executable, "-c", burning], check=True, timeout=60)
    assert (watch.spent()["cpu_s"] > 0.25) == children


def test_energy_is_that_of_counters_over_many_turns(tmp_path: Path) -> None:
    package = zone(tmp_path / "intel-rapl:0", "package-0", 900_000, range_uj=1_000_000)
    with drawing({package: 10_000.0}):
        spending = Spending(metered(tmp_path), children=True)
        for _ in range(10):  # a turn takes 0.1 s
            time.sleep(0.04)
            spent = spending.read()
    assert spent["cpu_energy_j"] == pytest.approx(10 * spent["wall_s"], rel=0.25)
    assert spent["cpu_energy_j"] > 3, "three turns of 1 J"


def test_a_counter_that_stands_still_or_goes_away_says_nothing(tmp_path: Path) -> None:
    package = zone(tmp_path / "intel-rapl:0", "package-0", 5)
    spending = Spending(metered(tmp_path), children=True)
    assert "cpu_energy_j" not in spending.read()
    (package / "energy_uj").write_text("2000005\n")
    assert spending.read()["cpu_energy_j"] == pytest.approx(2.0)
    (package / "energy_uj").unlink()
    assert spending.read().keys() == {"wall_s", "cpu_s"}
    (package / "energy_uj").write_text("9000005\n")
    assert "cpu_energy_j" not in spending.read(), "what was missed meanwhile is not known"


def test_a_counter_that_may_have_turned_unseen_is_not_believed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    package = zone(tmp_path / "intel-rapl:0", "package-0", 5)
    spending = Spending(metered(tmp_path), children=True)
    (package / "energy_uj").write_text("2000005\n")
    monkeypatch.setattr(counters, "_LONGEST_GAP_S", 0.0)
    assert "cpu_energy_j" not in spending.read()


def test_this_machine_says_what_counts_or_why_nothing_does() -> None:
    said = find_counters().to_json()
    assert ("cpu_meter" in said) != ("no_cpu_meter" in said)
    assert "`rapl`" in str(said.get("no_cpu_meter", "`rapl`"))
