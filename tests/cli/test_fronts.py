"""`nas studies` and `nas front`: a table, JSON, CSV and a picture that say the same."""

from __future__ import annotations

import csv
import io
import re
from pathlib import Path

from nas.space.architecture import parse
from tests.cli.conftest import Run
from tests.cli.databases import evaluations

OBJECTIVES = ("accuracy", "latency_ms", "energy_mj")


def test_json_csv_table_and_picture_agree(run: Run, studied: Path, tmp_path: Path) -> None:
    database = ("--db", studied / "nas.db")
    front = run("front", "board", "--json", *database).json()["front"]
    text = run("front", "board", "--csv", *database).out
    rows = list(csv.DictReader(io.StringIO(text)))
    table = run("front", "board", "--all", *database).out
    done = run("front", "board", "--html", "front.html", *database)
    page = (tmp_path / "front.html").read_text(encoding="utf-8")

    assert len(front) >= 20
    assert rows == [
        {**{n: repr(point[n]) for n in OBJECTIVES}, "id": point["id"],
         "architecture": point["architecture"]}
        for point in front
    ]  # fmt: skip
    assert re.findall(r"\b[0-9a-f]{16}\b", table) == [point["id"] for point in front]
    assert done.out == "" and "wrote front.html" in done.err
    assert all(point["id"] in page for point in front)
    assert not list(tmp_path.glob("*.part"))


def test_nothing_on_the_front_is_beaten_and_all_keep_the_limit(run: Run, studied: Path) -> None:
    front = run("front", "board", "--json", "--db", studied / "nas.db").json()["front"]
    scores = [(-p["accuracy"], p["latency_ms"], p["energy_mj"]) for p in front]
    for one in scores:
        assert not any(
            other != one and all(a <= b for a, b in zip(other, one, strict=True))
            for other in scores
        )
    assert all(point["latency_ms"] <= 25 for point in front)
    for point in front:
        architecture = parse(point["architecture"])
        assert architecture.id == point["id"]


def test_a_picture_and_json_in_one_go(run: Run, studied: Path, tmp_path: Path) -> None:
    done = run("front", "board", "--json", "--html", "p.html", "--db", studied / "nas.db")
    assert done.code == 0 and done.json()
    assert (tmp_path / "p.html").is_file()


def test_a_long_front_is_thinned_with_both_ends(run: Run, studied: Path) -> None:
    database = ("--db", studied / "nas.db")
    whole = re.findall(r"\b[0-9a-f]{16}\b", run("front", "board", "--all", *database).out)
    shown = run("front", "board", *database).out
    ids = re.findall(r"\b[0-9a-f]{16}\b", shown)
    assert len(ids) == 25 < len(whole)
    assert (ids[0], ids[-1]) == (whole[0], whole[-1])
    assert "25 shown (nas front board --all)" in shown


def test_studies_says_how_each_stands(run: Run, studied: Path) -> None:
    said = run("studies", "--db", studied / "nas.db")
    count = len(evaluations(studied / "nas.db"))
    assert re.search(rf"board +mnasnet on jetson-tx2 .* {count} .* finished", said.out)
    assert said.err == ""


def test_a_network_is_costed_by_its_id(run: Run, studied: Path) -> None:
    database = ("--db", studied / "nas.db")
    point = run("front", "board", "--json", *database).json()["front"][0]
    (cost,) = run("cost", point["id"], "--device", "jetson-tx2", "--json", *database).json()
    assert abs(cost["latency_ms"] / point["latency_ms"] - 1) < 1e-9
    assert abs(cost["energy_mj"] / point["energy_mj"] - 1) < 1e-9
