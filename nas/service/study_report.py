"""A study → one HTML page that stands alone: what was asked, the front, and what it rests on."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import replace
from html import escape

from nas.report.front import FrontView, Point, thinned
from nas.report.picture import draw
from nas.report.words import heading, number

MOST_FAINT = 2_000
"""Dominated networks in the picture: more are a cloud that takes megabytes and shows no more."""

_STYLE = """
body { font: 15px/1.5 system-ui, sans-serif; max-width: 70rem; margin: 2rem auto; padding: 0 1rem;
       color: #1f2933; }
h1, h2 { line-height: 1.2; } h2 { margin-top: 2.5rem; }
table { border-collapse: collapse; margin: 1rem 0; font-size: 14px; }
th, td { text-align: left; padding: 0.25rem 0.9rem 0.25rem 0; border-bottom: 1px solid #e4e7eb;
         vertical-align: top; }
code { font-size: 12px; word-break: break-word; }
"""


def study_report(view: FrontView) -> str:
    """The page; the drawing library is inside, and nothing is fetched when it is opened."""
    title = f"{view.study}: {view.space} on {view.device}"
    parts = [f"<h1>{escape(title)}</h1>", *_asked(view), *_front(view), *_evidence(view)]
    return (
        '<!doctype html>\n<html lang="en"><head><meta charset="utf-8">'
        '<meta name="viewport" content="width=device-width, initial-scale=1">'
        f"<title>{escape(title)}</title><style>{_STYLE}</style></head>\n"
        f"<body>{''.join(parts)}</body></html>\n"
    )


def _asked(view: FrontView) -> Iterable[str]:
    evaluated = len(view.front) + len(view.dominated)
    yield f"<p>{len(view.front):,} networks on the front of {evaluated:,} evaluated.</p>"
    bounds = [(f"{heading(k)} at most", number(v, k)) for k, v in view.limits.items()]
    bounds += [(f"{heading(k)} at least", number(v, k)) for k, v in view.floors.items()]
    if bounds:
        yield _table(["limit", ""], bounds)


def _front(view: FrontView) -> Iterable[str]:
    if not view.front:
        yield "<p>No network within the limits was evaluated yet.</p>"
        return
    kept = [view.dominated[index] for index in thinned(view.dominated, MOST_FAINT)]
    figure = draw(replace(view, dominated=tuple(kept)))
    yield figure.to_html(full_html=False, include_plotlyjs=True)
    if len(kept) < len(view.dominated):
        yield f"<p>{len(kept):,} of {len(view.dominated):,} dominated networks are drawn.</p>"
    names = [objective.name for objective in view.objectives]
    yield "<h2>The front</h2>"
    yield _table(
        ["#", *map(heading, names), "id", "network"],
        [_row(place, point, names) for place, point in enumerate(view.front, start=1)],
    )


def _row(place: int, point: Point, names: Sequence[str]) -> list[str]:
    return [str(place), *(number(point.values[n], n) for n in names), point.id, point.text]


def _evidence(view: FrontView) -> Iterable[str]:
    yield "<h2>What the numbers rest on</h2>"
    rows = []
    for objective in view.objectives:
        facts = objective.provenance.items()
        said = "; ".join(f"{key.replace('_', ' ')}: {_plain(fact)}" for key, fact in facts)
        rows.append((heading(objective.name), said))
    yield _table(["objective", "evidence"], rows)


def _plain(value: object) -> str:
    return f"{value:.4g}" if isinstance(value, float) else str(value)


def _table(columns: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    head = "".join(f"<th>{escape(column)}</th>" for column in columns)
    body = "".join(
        "<tr>" + "".join(f"<td>{escape(cell)}</td>" for cell in row) + "</tr>" for row in rows
    )
    return f"<table><tr>{head}</tr>{body}</table>"
