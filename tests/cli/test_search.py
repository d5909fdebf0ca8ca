"""`nas search` from options and files: what is stored, shown, kept and never done twice."""

from __future__ import annotations

import json
import re
import shutil
from pathlib import Path

import pytest

from tests.cli.conftest import Run
from tests.cli.databases import dump, evaluations


def test_a_search_stores_what_it_was_asked_for(studied: Path) -> None:
    rows = evaluations(studied / "nas.db")
    assert {row["state"] for row in rows} == {"complete"}
    assert len({row["architecture_id"] for row in rows}) == len(rows) > 20
    assert [row["number"] for row in rows] == list(range(len(rows)))
    assert all(row["values"]["latency_ms"] <= 25 for row in rows)
    assert all({"accuracy", "latency_ms", "energy_mj"} <= row["values"].keys() for row in rows)


def test_it_shows_the_front_and_what_to_do_next(studied: Path) -> None:
    said = (studied / "said.txt").read_text(encoding="utf-8")
    complaint = (studied / "complaint.txt").read_text(encoding="utf-8")
    assert re.search(r"mnasnet on jetson-tx2: \d+ networks on the front", said)
    assert "accuracy %  latency ms  energy mJ" in said
    assert "nas export board --pick knee --to DIR" in complaint
    assert "<html" in (studied / "front.html").read_text(encoding="utf-8")


def test_a_finished_study_is_shown_again_and_nothing_is_added(
    run: Run, studied: Path, tmp_path: Path
) -> None:
    shutil.copy(studied / "nas.db", tmp_path / "nas.db")
    before, shown = dump(tmp_path / "nas.db"), run("front", "board", "--json").json()
    again = run("search", studied / "board.yaml", "--json")
    assert again.code == 0
    assert again.json() == shown
    assert dump(tmp_path / "nas.db") == before


def test_options_alone_make_a_study_with_a_name_of_its_own(run: Run, tmp_path: Path) -> None:
    options = ["--space", "mnasnet", "--device", "pixel-3", "--max-latency-ms", 40]
    options += ["--evaluations", 30, "--html", "a.html"]
    first = run("search", *options, "--json").json()
    assert first["limits"] == {"latency_ms": 40}
    assert run("search", *options, "--json").json() == first
    other = run("search", *options, "--seed", 1, "--json").json()
    assert other["study"] != first["study"]
    names = [study["name"] for study in run("studies", "--json").json()]
    assert names == [first["study"], other["study"]]
    assert (tmp_path / "a.html").is_file() and not (tmp_path / "front.html").exists()


def test_a_search_may_be_given_minutes(run: Run) -> None:
    options = ["--space", "mnasnet", "--device", "pixel-3", "--minutes", 0.005]
    found = run("search", *options, "--name", "short")
    assert found.code == 0, found.err
    assert re.search(r"scored in \S+ s of 0 s.*ended: the time was up", found.err), found.err
    (study,) = run("studies", "--json").json()
    assert study["finished_at"] is not None
    assert "minutes" in run("search", *options[:-1], 5, "--name", "short").err


def test_costs_alone_can_be_searched_in_a_space_of_ones_own(
    run: Run, repository: Path, tmp_path: Path
) -> None:
    shipped = repository / "search_spaces" / "proxylessnas.yaml"
    shutil.copy(shipped, tmp_path / "my space.yaml")
    found = run(
        "search", "--space", "my space.yaml", "--device", "zc706", "--evaluations", 30,
        "--objective", "latency_ms", "--objective", "parameters", "--max-memory-mib", 30, "--json",
    ).json()  # fmt: skip
    assert re.fullmatch(r"my-space-zc706-[0-9a-f]{6}", found["study"])
    assert found["limits"] == {"peak_memory_bytes": 30 * 2**20}
    assert {"latency_ms", "parameters"} <= found["front"][0].keys()


def test_options_override_a_file_only_under_another_name(
    run: Run, studied: Path, tmp_path: Path
) -> None:
    shutil.copy(studied / "nas.db", tmp_path / "nas.db")
    before = dump(tmp_path / "nas.db")
    options = ("search", studied / "board.yaml", "--evaluations", 20)
    refused = run(*options)
    assert refused.code == 2
    assert "evaluations" in refused.err and "--name" in refused.err
    assert dump(tmp_path / "nas.db") == before
    assert run(*options, "--name", "short").code == 0
    assert [study["name"] for study in run("studies", "--json").json()] == ["board", "short"]


def test_what_the_fastest_network_needs_is_said_so_that_it_can_be_given(run: Run) -> None:
    options = ("search", "--space", "mnasnet", "--device", "pixel-3", "--evaluations", 1)
    refused = run(*options, "--max-latency-ms", 1)
    assert refused.code == 2
    needed = re.search(r"at least ([0-9.e+]+)", refused.err)
    assert needed, refused.err
    found = run(*options, "--max-latency-ms", needed[1])
    assert found.code == 0, found.err
    assert "1 network on the front" in found.out


def test_a_space_that_has_no_more_is_said(run: Run, repository: Path, tmp_path: Path) -> None:
    shipped = repository / "search_spaces" / "nas_bench_macro.yaml"
    text = shipped.read_text(encoding="utf-8").replace("depth: 2, operation: all", "depth: 1")
    tiny = re.sub(r"depth: 3, operation: all", "depth: 1, operation: [k3_e3, k5_e6]", text)
    tiny = tiny.replace("depth: 1, choose", "depth: 1, operation: [k3_e3, k5_e6], choose")
    (tmp_path / "tiny.yaml").write_text(tiny, encoding="utf-8")
    found = run(
        "search", "--space", "tiny.yaml", "--device", "pixel-3", "--evaluations", 50,
        "--objective", "latency_ms", "--objective", "macs",
    )  # fmt: skip
    assert found.code == 0, found.err
    assert "8/50 scored" in found.err
    assert "ended: that is every network within the limits" in found.err


def test_a_table_of_ones_own_says_accuracy(run: Run, tmp_path: Path) -> None:
    from nas.space.catalog import find_space

    space = find_space("nas_bench_macro")
    codes = space.sample(4000, seed=0)
    rows = {".".join(map(str, code)): 50 + int(code.sum()) for code in codes}
    text = "code,accuracy\n" + "\n".join(f"{key},{value}" for key, value in rows.items())
    (tmp_path / "mine.csv").write_text(text, encoding="utf-8")
    options = ("search", "--space", "nas_bench_macro", "--device", "pixel-3", "--name", "mine")
    found = run(*options, "--accuracy", "mine.csv", "--evaluations", 12)
    assert found.code == 0, found.err
    assert "chosen by a surrogate, evaluated in this process (an evaluation takes" in found.err
    stored = evaluations(tmp_path / "nas.db")
    assert len(stored) == 12
    for row in stored:
        code = ".".join(map(str, space.encode(json.loads(row["choices"]))))
        assert (row["state"] == "complete") == (code in rows)
        assert row["values"].get("accuracy") == rows.get(code)
    (tmp_path / "mine.csv").write_text(text.replace(",5", ",6"), encoding="utf-8")
    assert run(*options, "--accuracy", "mine.csv", "--evaluations", 12).code == 0, "finished"
    refused = run(*options, "--accuracy", "mine.csv", "--evaluator", "train:make")
    assert refused.code == 2 and "got both" in refused.err
    refused = run(*options, "--accuracy", "mine.csv", "--workers", 2, "--evaluations", 12)
    assert refused.code == 2 and "`--workers`" in refused.err


def test_several_devices_and_limits_in_words(run: Run) -> None:
    found = run(
        "search", "--space", "mnasnet", "--device", "pixel-3", "--device", "raspberry-pi-4",
        "--limit", "latency_ms@raspberry-pi-4<=100", "--limit", "macs<=300M",
        "--evaluations", 300, "--json",
    )  # fmt: skip
    assert found.code == 0, found.err
    network = found.json()["front"][0]
    assert {"accuracy", "latency_ms", "latency_ms@raspberry-pi-4"} <= network.keys()
    assert all(one["latency_ms@raspberry-pi-4"] <= 100 for one in found.json()["front"])
    options = ("search", "--space", "mnasnet", "--device", "pixel-3")
    twice = run(*options, "--max-macs", 3e8, "--limit", "macs<=300M")
    assert twice.code == 2 and "`max_macs` may be given once" in twice.err


@pytest.mark.parametrize(
    ("options", "words"),
    [
        (("--evaluator", "train"), "`evaluator` must be PACKAGE.MODULE:FACTORY"),
        (("--evaluator", "no_such:thing"), "No module named 'no_such'"),
        (("--accuracy", "none.csv"), "must be a readable CSV"),
        (("--accuracy", "table.txt"), "`--accuracy` must be a .csv or .csv.gz file"),
        (("--workers", "2"), "`--workers` and the other options of Ray"),
        (("--timeout-s", "5"), "`--workers` and the other options of Ray"),
        (("--warm-start", "nosuch"), "nosuch"),
        (("--limit", "latency<=3"), "latency"),
    ],
)
def test_what_cannot_be_done_is_refused_before_there_is_a_study(
    run: Run, tmp_path: Path, options: tuple[str, ...], words: str
) -> None:
    search = ("search", "--space", "mnasnet", "--device", "pixel-3", "--search", "surrogate")
    refused = run(*search, *options)
    assert refused.code == 2
    assert words in refused.err
    assert refused.err.startswith("error: ")
    if (tmp_path / "nas.db").exists():
        assert run("studies", "--json").json() == []


@pytest.mark.parametrize("verb", ["studies", "front board"])
def test_reading_changes_nothing(run: Run, studied: Path, tmp_path: Path, verb: str) -> None:
    shutil.copy(studied / "nas.db", tmp_path / "nas.db")
    before = dump(tmp_path / "nas.db")
    assert run(*verb.split()).code == 0
    assert dump(tmp_path / "nas.db") == before
    assert [path.name for path in tmp_path.iterdir()] == ["nas.db"]
