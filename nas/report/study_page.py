"""A study → one HTML page that stands alone: what was asked, what came of it, what it rests on."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from html import escape
from typing import Any

import plotly.graph_objects as go

from nas.report.choices import choices_view, draw_choices
from nas.report.front import FrontView, Point
from nas.report.growth import Curve, draw_growth
from nas.report.importance import METHOD, ImportanceView, draw_importance, top_choices
from nas.report.ledger import COLUMNS, SAVED_COLUMNS, LedgerView
from nas.report.palette import CONFIG
from nas.report.picture import MOST_FAINT, draw, thin, thinning_note
from nas.report.words import heading, number
from nas.store.provenance import provenance_words

_CHOICES = 16
_ASKED = (
    *("data", "evaluator", "epochs", "efficient"),
    *("search", "evaluations", "minutes", "warm_start", "seed"),
)
_STYLE = """
:root { color-scheme: light dark; --ground: #f6f7f9; --surface: #fff; --ink: #1c252e;
  --quiet: #56626f; --line: #dde2e8; --accent: #0b6e4f; }
@media (prefers-color-scheme: dark) { :root { --ground: #10161c; --surface: #18212a;
  --ink: #e8edf2; --quiet: #a9b6c3; --line: #2c3844; --accent: #55c89f; } }
body { font: 16px/1.55 system-ui, sans-serif; font-variant-numeric: tabular-nums; margin: 0;
  background: var(--ground); color: var(--ink); }
main { max-width: 76rem; margin: 0 auto; padding: 2rem 1rem 4rem; }
h1, h2 { line-height: 1.2; margin: 0; } h2 { margin: 2.75rem 0 0.5rem; font-size: 1.25rem; }
p { max-width: 46rem; } .quiet { color: var(--quiet); } .lead { font-size: 1.1rem; }
.figure { background: #fff; border: 1px solid var(--line); border-radius: 12px; padding: 0.5rem;
  overflow: hidden; }
.box { overflow-x: auto; max-height: 40rem; border: 1px solid var(--line); border-radius: 12px;
  background: var(--surface); }
table { border-collapse: collapse; width: 100%; font-size: 0.92rem; }
th, td { text-align: left; padding: 0.4rem 0.8rem; border-bottom: 1px solid var(--line);
  vertical-align: top; }
thead th { position: sticky; top: 0; background: var(--surface); color: var(--quiet); }
tr:last-child > * { border-bottom: 0; }
code { font: 0.8rem ui-monospace, monospace; word-break: break-word; }
dl { display: grid; grid-template-columns: max-content 1fr; gap: 0.3rem 1.5rem; }
dt { color: var(--quiet); } dd { margin: 0; }
@media print { body { background: #fff; } .box { max-height: none; } }
"""
_IN_LEDGER = ("wall_s", "cpu_s", "gpu_s", "energy_j")


@dataclass(frozen=True, slots=True)
class StudyReport:
    """What the page tells.

    Args:
        view: The front.
        spec: What was asked for.
        curve: How the front grew.
        importance: Which choices decide the objectives; empty where nothing says it.
        spent: What all evaluations took together, by quantity with its unit.
        ledger: What the study took and saved.
        made_at: When the page was made.
    """

    view: FrontView
    spec: Mapping[str, Any]
    curve: Curve
    importance: Sequence[ImportanceView]
    spent: Mapping[str, float]
    ledger: LedgerView
    made_at: datetime


def study_page(report: StudyReport) -> str:
    """The page; the drawing library is inside, and nothing is fetched when it is opened."""
    view = report.view
    title = f"{view.study}: {view.space} on {view.device}"
    parts = [f"<h1>{escape(title)}</h1>", *_lead(view), *_asked(report), *_results(report)]
    parts += [*_evidence(view), *_spent(report)]
    return (
        '<!doctype html>\n<html lang="en"><head><meta charset="utf-8">'
        '<meta name="viewport" content="width=device-width, initial-scale=1">'
        f"<title>{escape(title)}</title><style>{_STYLE}</style></head>\n"
        f"<body><main>{''.join(parts)}</main></body></html>\n"
    )


def _lead(view: FrontView) -> Iterable[str]:
    evaluated = len(view.front) + len(view.dominated)
    yield (
        f'<p class="lead">{len(view.front):,} networks on the front of {evaluated:,} '
        "evaluated.</p>"
    )
    if view.front:
        ends = (("most accurate", "most-accurate"), ("fastest", "fastest"), ("in between", "knee"))
        rows = []
        for words, wanted in ends:
            try:
                point = view.pick(wanted)
            except KeyError:
                continue
            rows.append([words, *_values(view, point), point.id])
        yield _table(["", *_headings(view), "id"], rows)


def _asked(report: StudyReport) -> Iterable[str]:
    yield "<h2>What was asked</h2>"
    view, spec = report.view, report.spec
    pairs = {
        "space": view.space,
        "device": view.device,
        "objectives": ", ".join(heading(o.name) for o in view.objectives),
    }
    pairs |= {f"{heading(k)} at most": number(v, k) for k, v in view.limits.items()}
    pairs |= {f"{heading(k)} at least": number(v, k) for k, v in view.floors.items()}
    for key in _ASKED:
        if (value := spec.get(key)) not in (None, (), [], "") and value is not False:
            said = ", ".join(map(str, value)) if isinstance(value, list | tuple) else str(value)
            pairs[key.replace("_", " ")] = said
    yield _pairs(pairs)


def _results(report: StudyReport) -> Iterable[str]:
    view = report.view
    yield "<h2>The front</h2>"
    if not view.front:
        yield "<p>No network within the limits was evaluated yet.</p>"
        return
    shown = thin(view, MOST_FAINT)
    # The title would count what is drawn; the page tells what there is.
    whole = draw(shown).update_layout(title=None, margin={"t": 30}, height=480)
    yield _figure(whole, library=True)
    if note := thinning_note(shown, view):
        yield f'<p class="quiet">{note}.</p>'
    names = _headings(view)
    rows = [
        [str(place), *_values(view, point), point.id, f"<code>{escape(point.text)}</code>"]
        for place, point in enumerate(view.front, start=1)
    ]
    yield _table(["#", *names, "id", "network"], rows, raw=len(names) + 2)
    if len(report.curve) > 1:
        yield "<h2>How the front grew</h2>"
        yield _figure(draw_growth(report.curve).update_layout(height=300))
    if report.importance:
        yield "<h2>Which choices matter</h2>"
        sources = dict.fromkeys(f"{heading(i.objective)}: {i.source}" for i in report.importance)
        yield f'<p class="quiet">{escape(METHOD)}. {escape("; ".join(sources))}.</p>'
        yield _figure(draw_importance(report.importance).update_layout(height=460))
    if any(point.choices for point in view.front):
        yield "<h2>The choices along the front</h2>"
        yield (
            '<p class="quiet">From the cheapest network on the left to the dearest; pale is the '
            "least value of a choice, deep the greatest.</p>"
        )
        names = top_choices(report.importance)[:_CHOICES]
        yield _figure(draw_choices(choices_view(view, names)))


def _evidence(view: FrontView) -> Iterable[str]:
    yield "<h2>What the numbers rest on</h2>"
    rows = []
    for objective in view.objectives:
        rows.append([heading(objective.name), provenance_words(objective.provenance)])
    yield _table(["objective", "evidence"], rows)


def _spent(report: StudyReport) -> Iterable[str]:
    ledger = report.ledger
    yield "<h2>What it took</h2>"
    yield _table(COLUMNS, ledger.rows())
    others = {key: value for key, value in report.spent.items() if key not in _IN_LEDGER}
    yield _pairs({f"{key.replace('_', ' ')} of all": f"{n:,.4g}" for key, n in others.items()})
    if ledger.saved:
        yield "<h2>What it saved</h2>"
        yield _table(SAVED_COLUMNS, ledger.saved_rows())
    yield f'<p class="quiet">{escape(" ".join(ledger.notes()))}</p>'
    yield f'<p class="quiet">Made {report.made_at.astimezone(UTC):%Y-%m-%d %H:%M} UTC.</p>'


def _headings(view: FrontView) -> list[str]:
    return [heading(objective.name) for objective in view.objectives]


def _values(view: FrontView, point: Point) -> list[str]:
    return [number(point.values[o.name], o.name) for o in view.objectives]


def _figure(figure: go.Figure, *, library: bool = False) -> str:
    drawn = figure.to_html(
        full_html=False,
        include_plotlyjs=library,
        config=dict(CONFIG),
    )
    return f'<div class="figure">{drawn}</div>'


def _pairs(pairs: Mapping[str, str]) -> str:
    rows = "".join(f"<dt>{escape(k)}</dt><dd>{escape(v)}</dd>" for k, v in pairs.items())
    return f"<dl>{rows}</dl>" if rows else ""


def _table(
    columns: Sequence[str], rows: Iterable[Sequence[str]], *, raw: int | None = None
) -> str:
    """A table of text; the cells of column `raw` are HTML."""
    head = "".join(f'<th scope="col">{escape(column)}</th>' for column in columns)
    body = "".join(
        "<tr>"
        + "".join(
            f"<td>{cell if place == raw else escape(cell)}</td>" for place, cell in enumerate(row)
        )
        + "</tr>"
        for row in rows
    )
    return f'<div class="box"><table><thead><tr>{head}</tr></thead>{body}</table></div>'
