"""Stored studies → what the first view says of them, and what its buttons do."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from nas.errors import InputError, UnknownNameError
from nas.search.progress import Progress
from nas.service.page import studies
from nas.service.page.actions import acted, buttons
from nas.service.page.parts import Parts
from nas.service.page.study_rows import StudyRows, done_words
from tests.service.test_networks_and_exports import filled


def stored(parts: Parts, *names: str) -> None:
    for name in names:
        filled(Path(parts.settings.database), name)


def test_without_a_study_the_view_says_how_to_begin(parts: Parts) -> None:
    begin, table, *_ = studies.layout(parts, {}).children
    assert "Start the example" in str(begin) and not begin.hidden and table.hidden
    stored(parts, "a")
    begin, table, *_ = studies.layout(parts, {}).children
    assert begin.hidden and not table.hidden


def test_a_row_says_state_progress_and_the_best_of_the_front(parts: Parts) -> None:
    stored(parts, "a")
    row = StudyRows(parts).row("a")
    assert row.standing.state == "interrupted" and row.best == {
        "accuracy": 70.0,
        "latency_ms": 3.0,
    }
    assert (row.device, row.space, row.progress.ended) == ("pixel-3", "nas_bench_macro", 4)
    shown = str(studies.study_table(StudyRows(parts).shown()).to_plotly_json())
    assert "/ui/study/a" in shown and "70.00" in shown and "badge interrupted" in shown


def test_how_much_is_done_is_said_by_the_nearer_limit(parts: Parts) -> None:
    stored(parts, "a")
    row = StudyRows(parts).row("a")
    counted = replace(row, progress=Progress(goal=10, complete=5, elapsed_s=12, limit_s=60))
    assert (done_words(counted), counted.share) == ("5 of 10", 0.5)
    timed = replace(row, progress=Progress(goal=10, complete=5, elapsed_s=45, limit_s=60))
    assert (done_words(timed), timed.share) == ("5 in 0.8 of 1 minutes", 0.75)


def test_lists_are_filtered_and_have_leaves(parts: Parts) -> None:
    stored(parts, *(f"s{number}" for number in range(5)), "other")
    rows = StudyRows(parts, per_leaf=2)
    first = rows.shown()
    assert [row.name for row in first.rows] == ["other", "s4"] and first.leaves == 3
    assert [row.name for row in rows.shown(leaf=99).rows] == ["s1", "s0"]
    assert [row.name for row in rows.shown("S3 PIXEL").rows] == ["s3"]
    nothing = rows.shown("none of them")
    assert not nothing.rows and not nothing.empty_store and nothing.leaves == 1
    assert rows.shown(states=["finished"]).total == 0
    assert studies.said(rows.shown(leaf=1)) == "6 studies, page 2 of 3"
    assert studies.fingerprint(first) != studies.fingerprint(rows.shown(leaf=1))


def test_what_is_at_rest_is_resumed_or_deleted_and_deleting_asks(parts: Parts) -> None:
    stored(parts, "a")
    shown = str([one.to_plotly_json() for one in buttons(StudyRows(parts).row("a"))])
    assert "'resume'" in shown and "'stop'" not in shown and "data-confirm" in shown
    assert acted(parts, "delete", "a") == "/ui/"
    assert StudyRows(parts).shown().empty_store


@pytest.mark.parametrize(
    ("action", "study", "error"),
    [
        ("explode", "a", UnknownNameError),
        ("delete", "b", UnknownNameError),
        ("stop", "a", InputError),
        ("begin", "nothing", UnknownNameError),
    ],
)
def test_what_cannot_be_done_says_why(
    parts: Parts, action: str, study: str, error: type[Exception]
) -> None:
    stored(parts, "a")
    with pytest.raises(error):
        acted(parts, action, study)


@pytest.mark.parametrize("ending", [".yaml", ".yml", "", ".txt"])
def test_a_study_that_a_button_begins_is_no_file(
    parts: Parts, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, ending: str
) -> None:
    file = tmp_path / f"secret{ending}"
    file.write_text("password: hunter2\n")
    monkeypatch.chdir(tmp_path)
    for name in (str(file), file.name, f"./{file.name}", "../../etc/passwd"):
        with pytest.raises(UnknownNameError) as refused:
            acted(parts, "begin", name)
        assert "hunter2" not in str(refused.value)
