"""`nas studies`: what it shows, and that what it changes is asked for, whole and said."""

from __future__ import annotations

import os
import pty
import re
import shutil
from pathlib import Path

import pytest

from nas.store import Store
from tests.cli import databases
from tests.cli.conftest import Run, Start
from tests.store.make_schema_file import make
from tests.waiting import PATIENCE_S

SCHEMA_0002 = Path(__file__).parents[1] / "store" / "data" / "schema_0002.db"


@pytest.fixture
def folder(tmp_path: Path, studied: Path) -> Path:
    """The folder in which `run` runs, with the finished study `board` in nas.db."""
    shutil.copy(studied / "nas.db", tmp_path / "nas.db")
    return tmp_path


def test_list_is_what_no_verb_prints(run: Run, folder: Path) -> None:
    assert run("studies").out == run("studies", "list").out
    (study,) = run("studies", "list", "--json").json()
    assert [study] == run("studies", "--json").json()
    assert (study["name"], study["driver"]) == ("board", None)
    assert study["evaluated"] == databases.complete(folder / "nas.db") > 0


def test_show_says_where_numbers_come_from(run: Run, folder: Path) -> None:
    said = run("studies", "show", "board")
    assert said.out.startswith("board: mnasnet on jetson-tx2\nfinished, 20")
    assert f"{databases.complete(folder / 'nas.db')} evaluated" in said.out
    assert re.search(r"latency ms +minimize +≤ 25\.0 +predicted", said.out)
    assert "predicted, jetson-tx2 (hw-nas-bench" in said.out
    shown = run("studies", "show", "board", "--json").json()
    assert shown["spec"]["limits"]["max_latency_ms"] == 25
    assert "did you mean 'board'" in run("studies", "show", "bord").err


def test_show_says_what_the_study_took(run: Run, folder: Path) -> None:
    said = run("studies", "show", "board").out
    assert re.search(r"search .* of a core +[\d.]+ k?m?J (modelled|measured) +[\d.]+ [mµ]g", said)
    assert re.search("Energy (modelled: core seconds × 10 W|measured by rapl)", said)
    assert "CO2e at 481 gCO2e/kWh, world average 2023" in said
    told = run("studies", "show", "board", "--grid", "DEU", "--core-w", "5", "--json").json()
    ledger = told["ledger"]
    assert ledger["grid"]["gco2e_per_kwh"] == 381 and ledger["assumed"]["core_w"] == 5
    total = ledger["together"]
    if total["energy_kind"] == "modelled":  # on most virtual machines
        assert total["energy_measured_j"] is None
        assert total["energy_j"] == pytest.approx(5 * total["cpu_s"])
    assert total["co2e_g"] == pytest.approx(total["energy_j"] / 3.6e6 * 381)
    for unit in ("wall_s", "cpu_s", "energy_j"):
        parts = [part[unit] for part in ledger["parts"] if part["name"] != "evaluations"]
        assert total[unit] == pytest.approx(sum(parts))
    assert ledger["evaluations"] == databases.complete(folder / "nas.db")


def test_what_nobody_wrote_down_is_not_known(run: Run, tmp_path: Path) -> None:
    shutil.copy(SCHEMA_0002, tmp_path / "nas.db")
    said = run("studies", "show", "phones").out
    least = r"not known \(at least 310 J measured\)"
    assert re.search(rf"together +not known +not known +{least} +not known", said)
    total = run("studies", "show", "phones", "--json").json()["ledger"]["together"]
    assert total["cpu_s"] is total["energy_j"] is total["co2e_g"] is None
    assert total["not_known"]


def test_grids_that_are_none_are_refused_before_anything_is_spent(
    run: Run, tmp_path: Path
) -> None:
    said = run("search", "quickstart", "--grid", "DEUTSCHLAND")
    assert said.code == 2 and "`grid` must be one of" in said.err
    assert not list(tmp_path.iterdir())


def test_running_study_names_its_driver(run: Run, folder: Path) -> None:
    with Store.open("nas.db", create=False) as store:
        study = store.study("board")
        with store.hold(study.id, progress={"running": 3}):
            assert "running" in run("studies").out
            assert f"running, by {store.driver(study.id)}" in run("studies", "show", "board").out
            (shown,) = run("studies", "--json").json()
            assert (shown["driver"]["pid"], shown["driver"]["live"]) == (os.getpid(), True)
            assert shown["driver"]["progress"] == {"running": 3}
            before = databases.dump(folder / "nas.db")
            for verb in ("rename board desk", "delete board --yes", "merge board board2 --into c"):
                if verb.startswith("merge"):
                    store.create_study(
                        "board2", spec=dict(study.spec), objectives=study.objectives
                    )
                    before = databases.dump(folder / "nas.db")
                said = run("studies", *verb.split())
                assert said.code == 2
                assert "a study must have one driver at a time; got 'board', which" in said.err
            assert databases.dump(folder / "nas.db") == before


def test_rename(run: Run, folder: Path) -> None:
    said = run("studies", "rename", "board", "desk")
    assert (said.code, said.out, said.err) == (0, "", "'board' is 'desk' now\n")
    assert run("front", "desk").code == 0
    assert run("studies", "rename", "board", "table").code == 2


def test_delete_needs_a_yes(run: Run, folder: Path) -> None:
    before = databases.dump(folder / "nas.db")
    said = run("studies", "delete", "board")
    assert said.code == 2
    assert "must be confirmed; got no terminal; give --yes" in said.err
    assert databases.dump(folder / "nas.db") == before
    assert run("studies", "delete", "board", "--yes").code == 0
    assert databases.evaluations(folder / "nas.db") == []
    assert 'INSERT INTO "architectures"' not in "".join(databases.dump(folder / "nas.db"))


@pytest.mark.parametrize(("answer", "left"), [("n", 1), ("", 1), ("y", 0)])
def test_delete_asks_on_a_terminal(start: Start, folder: Path, answer: str, left: int) -> None:
    evaluated = databases.complete(folder / "nas.db")
    ours, theirs = pty.openpty()
    process = start("studies", "delete", "board", cwd=folder, stdin=theirs)
    os.close(theirs)
    os.write(ours, f"{answer}\n".encode())
    out, err = process.communicate(timeout=PATIENCE_S)
    os.close(ours)
    assert process.returncode == 0, err
    assert f"delete 'board' from nas.db: {evaluated} evaluated" in err
    assert out == ""
    with Store.open(str(folder / "nas.db"), create=False) as store:
        assert len(store.studies()) == left


def test_merge(run: Run, folder: Path) -> None:
    assert run("studies", "export", "board", "--to", "board.jsonl").code == 0
    assert run("studies", "import", "board.jsonl", "--name", "other").code == 0
    said = run("studies", "merge", "board", "other", "--into", "both")
    assert (said.code, said.out) == (0, "")
    front = len(run("front", "board", "--json").json()["front"])
    evaluated = databases.complete(folder / "nas.db") // 3
    assert said.err == f"'both': {evaluated} evaluated, {front} on the front\n"
    assert (
        run("front", "both", "--json").json()["front"]
        == (run("front", "board", "--json").json()["front"])
    )
    assert "got 'both' twice" in run("studies", "merge", "both", "both", "--into", "c").err


def test_exported_study_comes_back_elsewhere(run: Run, folder: Path) -> None:
    said = run("studies", "export", "board", "--to", "board.jsonl")
    total = len(databases.evaluations(folder / "nas.db"))
    assert said.err == f"wrote board.jsonl: {total} evaluations\n"
    before = databases.evaluations(folder / "nas.db")
    assert run("studies", "import", "board.jsonl", "--db", "other.db").code == 0
    assert databases.evaluations(folder / "other.db") == before
    assert run("front", "board", "--db", "other.db").out == run("front", "board").out
    assert "has 'board' already" in run("studies", "import", "board.jsonl").err


def test_bad_file_leaves_no_database(run: Run, tmp_path: Path) -> None:
    (tmp_path / "bad.jsonl").write_text('{"format": "nas-study"}\n', encoding="utf-8")
    said = run("studies", "import", "bad.jsonl")
    assert said.code == 2
    assert "error: bad.jsonl, line 1: `version`: this key is required" in said.err
    assert run("studies", "import", "none.jsonl").code == 2
    assert [entry.name for entry in tmp_path.iterdir()] == ["bad.jsonl"]


def test_export_that_cannot_be_written_is_refused(run: Run, folder: Path) -> None:
    said = run("studies", "export", "board", "--to", folder)
    assert said.code == 2
    assert "`--to` must be a file that can be written" in said.err


def test_to_optuna_says_what_opens_it(run: Run, tmp_path: Path) -> None:
    make(str(tmp_path / "nas.db"))
    said = run("studies", "to-optuna", "phones", "optuna.db")
    assert said.code == 0, said.err
    assert said.err.endswith("next: optuna-dashboard sqlite:///optuna.db\n")
    assert "holds studies of nas" in run("studies", "to-optuna", "phones", "nas.db").err


def test_place_before_the_verb_is_not_ignored(run: Run, folder: Path) -> None:
    said = run("studies", "--db", "other.db", "show", "board")
    assert said.code == 2
    assert "must follow the verb" in said.err
