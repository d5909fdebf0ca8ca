"""Work under way on disk: what a crash tears is left out, the rest comes back."""

from __future__ import annotations

import os
from pathlib import Path

from nas.accuracy.evaluator import Report
from nas.search import workplace
from nas.space.catalog import find_space

SPACE = find_space("mnasnet")


def test_networks_in_work_come_back_oldest_first(tmp_path: Path) -> None:
    codes = SPACE.sample(5, seed=0)
    for row, code in enumerate(codes):
        place = tmp_path / SPACE.architecture(code).id
        workplace.note_network(place, SPACE.decode(code))
        os.utime(place / "network.json", (row, row))
    (tmp_path / "tune").mkdir()
    (tmp_path / "torn").mkdir()
    (tmp_path / "torn" / "network.json").write_text('{"choices": {"stage')
    (tmp_path / "other").mkdir()
    (tmp_path / "other" / "network.json").write_text('{"choices": {"no such variable": 1}}')
    found = list(workplace.unfinished(tmp_path, SPACE))
    assert [code.tolist() for code in found] == codes.tolist()
    workplace.clear(tmp_path / SPACE.architecture(codes[0]).id)
    workplace.clear(tmp_path / "never was")
    assert len(list(workplace.unfinished(tmp_path, SPACE))) == 4
    assert list(workplace.unfinished(tmp_path / "no such folder", SPACE)) == []


def test_reports_count_once_the_last_one_is_written(tmp_path: Path) -> None:
    said = [Report(0.5, 40.0), Report(1.0, 60.0, {"energy_j": 2.0})]
    assert workplace.noted_reports(tmp_path) == []
    workplace.note_report(tmp_path, said[0])
    assert workplace.noted_reports(tmp_path) == [], "work goes on from its checkpoint"
    with (tmp_path / "reports.jsonl").open("a") as file:
        file.write('{"share": 0.7, "accu\n')
    workplace.note_report(tmp_path, said[1])
    assert workplace.noted_reports(tmp_path) == said
