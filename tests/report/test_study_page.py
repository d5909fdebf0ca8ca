"""The page of a study: all that is known of it, nothing fetched, and text that stays text."""

from __future__ import annotations

import re
from dataclasses import replace
from datetime import UTC, datetime
from html.parser import HTMLParser

from nas.pareto import Sense
from nas.report.front import FrontView, Point
from nas.report.importance import ImportanceView, Share
from nas.report.ledger import ledger_view
from nas.report.picture import MOST_FAINT
from nas.report.study_page import StudyReport, study_page
from nas.store import ObjectiveRecord
from tests.ledger.records import account, taken_over, took
from tests.report.studies import study, viewed

WHEN = datetime(2026, 5, 4, 3, 2, tzinfo=UTC)


_SAID = (
    *("latency ms at most", "30", "2026-05-04 03:02 UTC", "a model"),
    *("20.6 min", "12 min of a core", "2 Wh modelled", "2.1 Wh modelled", "1.05 g"),
    *("other h of all", "caching", "taken over from other studies", "500 gCO2e/kWh, as stated"),
)


class Page(HTMLParser):
    """The text of a page outside of its scripts; fails on whatever would be fetched."""

    def __init__(self, page: str) -> None:
        super().__init__()
        self.text, self.headings, self._inside = "", [], ""
        self.feed(page)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self._inside = tag
        assert tag not in ("link", "img", "iframe"), "nothing is fetched"
        assert not any(name == "src" for name, _ in attrs), "nothing is fetched"

    def handle_data(self, data: str) -> None:
        if self._inside == "h2" and data.strip():
            self.headings.append(data)
        if self._inside not in ("script", "style"):
            self.text += data + " "


def reported(view: FrontView, **changes: object) -> str:
    report = StudyReport(view, {}, [], (), {}, ledger_view((), ()), WHEN)
    return study_page(replace(report, **changes))  # type: ignore[arg-type]


def test_the_page_tells_all_that_is_known_of_a_study() -> None:
    view, spec = viewed(), study()[0].spec
    importance = [ImportanceView("accuracy", "a model", (Share("stage7.kernel", 0.2, 0.5),))]
    page = reported(
        view,
        spec=spec,
        curve=[(1, 0.1), (9, 0.5)],
        importance=importance,
        spent={"wall_s": 1234.5, "energy_j": 5.0, "other_h": 2.0},
        ledger=ledger_view(
            [took(0, wall_s=1234.5, cpu_s=720.0), taken_over(1)],
            [account({"wall_s": 90.0, "cpu_s": 36.0})],
            grid="500",
        ),
    )
    told = Page(page)
    assert told.headings == [
        *("What was asked", "The front", "How the front grew", "Which choices matter"),
        *(
            "The choices along the front",
            "What the numbers rest on",
            "What it took",
            "What it saved",
        ),
    ]
    for point in view.front:
        assert point.id in told.text and point.text in told.text
    for said in _SAID:
        assert said in told.text, said
    assert "prefers-color-scheme: dark" in page and page.count("plotly.js v") == 1
    assert page.count("Plotly.newPlot(") >= 4


def test_the_ends_and_the_middle_of_the_front_come_first() -> None:
    view = viewed()
    text = Page(reported(view)).text
    for wanted in ("most-accurate", "fastest", "knee"):
        assert text.index(view.pick(wanted).id) < text.index("What was asked")


def points(count: int, accuracy: float) -> tuple[Point, ...]:
    values = [{"accuracy": accuracy, "latency_ms": 1.0 + i} for i in range(count)]
    return tuple(Point(i, f"{i:016x}", "text", one, {}) for i, one in enumerate(values))


def small(front: tuple[Point, ...], dominated: tuple[Point, ...] = ()) -> FrontView:
    objectives = (
        ObjectiveRecord("accuracy", Sense.MAXIMIZE, "%", {}),
        ObjectiveRecord("latency_ms", Sense.MINIMIZE, "ms", {"error": 0.123456}),
    )
    return FrontView("s", "space", "<script>device", objectives, front, dominated, {}, {}, ())


def test_what_people_named_is_text_and_not_markup() -> None:
    text = "<img src=x>"
    evil = ObjectiveRecord("accuracy", Sense.MAXIMIZE, "%", {"source": "<script>alert(1)"})
    point = Point(0, "id", text, {"accuracy": 1.0}, {})
    page = reported(
        FrontView("s", text, text, (evil,), (), (point,), {}, {}, ()),
        spec={"evaluator": text},
        spent={text: 1.0},
    )
    assert text not in page and "<script>" not in page
    whole = reported(FrontView("s", text, text, (evil,), (point,), (), {}, {}, ()))
    assert "<img" not in Page(whole).text.replace(text, "") and "<script>alert" not in whole


def test_what_nobody_knows_is_said_and_is_no_zero() -> None:
    text = Page(reported(small(()))).text
    told = text[text.index("What it took") :]
    assert told.count("not known") >= 4 and "Not known: what the search itself took" in told
    assert not re.search(r"\b0(\.0+)? (m?s|J|g)\b", told)


def test_a_study_without_a_front_says_so() -> None:
    assert "No network within the limits" in reported(small(()))


def test_a_report_of_a_hundred_thousand_stays_small() -> None:
    page = reported(small(points(1, 70.0), points(100_000, 50.0)))
    empty = reported(small(points(1, 70.0)))
    assert f"{MOST_FAINT:,} of 100,000" in page and "0.1235" in page
    assert len(page) - len(empty) < 2_000_000
