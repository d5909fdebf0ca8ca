"""Accounts in the folder of a training: one for each process, whatever ends it."""

from __future__ import annotations

import signal
import subprocess
import sys
from pathlib import Path

import pytest

from nas.ledger import kept
from nas.ledger.account import costs
from nas.ledger.kept import FILE, kept_account, kept_accounts
from nas.report.ledger import ledger_view
from tests.ledger.test_counters import burn
from tests.waiting import until

_KILLED = """
import sys, time
from pathlib import Path
from nas.ledger import kept
kept._BETWEEN_SAVES_S = 0.0
with kept.kept_account(Path(sys.argv[1]), "training") as account:
    while True:
        account.save()
"""


def test_each_process_adds_its_own(tmp_path: Path) -> None:
    assert kept_accounts(tmp_path) == ()
    for _ in range(2):
        with pytest.raises(KeyboardInterrupt), kept_account(tmp_path, "training") as account:
            account.save()
            burn(0.05)
            raise KeyboardInterrupt
    both = kept_accounts(tmp_path)
    assert [one.number for one in both] == [0, 1]
    assert all(one.spent["cpu_s"] >= 0.05 for one in both)
    total = costs((), both).total
    assert total.cpu_s == pytest.approx(sum(one.spent["cpu_s"] for one in both))
    said = ledger_view((), both, grid="500").line()
    assert said.startswith("took ") and "J modelled (modelled: core seconds × 10 W)" in said
    assert said.endswith("CO2e at 500 gCO2e/kWh, as stated")
    assert [file.name for file in tmp_path.iterdir()] == [FILE]


def test_a_kill_leaves_what_was_spent(tmp_path: Path) -> None:
    process = subprocess.Popen([sys.executable, "-c", _KILLED, str(tmp_path)])

    def spent_s() -> float:
        return sum(one.spent["cpu_s"] for one in kept_accounts(tmp_path))

    try:
        until(lambda: spent_s() > 0.1)
    finally:
        process.send_signal(signal.SIGKILL)
        process.wait()
    before = spent_s()
    with kept_account(tmp_path, "training"):
        burn(0.05)
    assert spent_s() >= before + 0.05


def test_what_cannot_be_read_is_of_unknown_cost(tmp_path: Path) -> None:
    (tmp_path / FILE).write_text("[{")
    with kept_account(tmp_path, "training"):
        burn(0.01)
    total = costs((), kept_accounts(tmp_path)).total
    assert total.cpu_s is None and total.energy.total_j is None
    assert total.energy.least_j is not None, "what came since is known"


def test_a_folder_that_cannot_be_written_ends_no_work(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with kept_account(tmp_path / "file", "training") as account:
        account.save(now=True)
    assert kept.kept_accounts(tmp_path / "file") == ()
