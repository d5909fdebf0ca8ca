"""DeviceView → an HTML page that stands alone: facts, models, and predicted against measured."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from html import escape
from pathlib import Path

import plotly.graph_objects as go

from nas.report.device import DeviceView, ModelView, covered, error_rows
from nas.report.files import write_page
from nas.report.palette import CONFIG, PALETTES, Theme, mixed, styled

_STYLE = """
body { font: 15px/1.5 system-ui, sans-serif; max-width: 62rem; margin: 2rem auto; padding: 0 1rem;
       color: #1f2933; }
h1, h2 { line-height: 1.2; } h2 { margin-top: 2.5rem; }
table { border-collapse: collapse; margin: 1rem 0; font-size: 14px; }
th, td { text-align: left; padding: 0.25rem 0.9rem 0.25rem 0; border-bottom: 1px solid #e4e7eb;
         vertical-align: top; }
.quiet { color: #616e7c; }
"""


def draw_errors(model: ModelView, theme: Theme = "light") -> go.Figure:
    """Networks that the fit did not see: predicted, with its 90% interval, against measured."""
    palette = PALETTES[theme]
    points = model.latency_error.points
    measured = [point[0] for point in points]
    predicted = [point[1] for point in points]
    ends = [min([*measured, *predicted]) * 0.8, max([*measured, *predicted]) * 1.25]
    figure = go.Figure()
    figure.add_trace(
        go.Scatter(
            x=[*ends, *reversed(ends)],
            y=[ends[0] * 0.9, ends[1] * 0.9, ends[1] * 1.1, ends[0] * 1.1],
            mode="lines",
            fill="toself",
            fillcolor=mixed(palette.paper, palette.front, 0.12),
            line={"width": 0},
            name="within 10%",
            hoverinfo="skip",
        )
    )
    figure.add_trace(
        go.Scatter(x=ends, y=ends, mode="lines", line={"color": palette.faint}, name="as measured")
    )
    figure.add_trace(
        go.Scatter(
            x=measured,
            y=predicted,
            mode="markers",
            marker={"color": palette.front, "size": 6},
            error_y={
                "type": "data",
                "symmetric": False,
                "array": [high - middle for _, middle, _, high in points],
                "arrayminus": [middle - low for _, middle, low, _ in points],
                "thickness": 1,
                "width": 0,
                "color": palette.front,
            },
            name="held out, with 90% interval",
            hovertemplate="measured %{x:.4g} ms<br>predicted %{y:.4g} ms<extra></extra>",
        )
    )
    styled(figure, theme).update_layout(
        height=460,
        margin={"t": 20, "r": 20},
        xaxis={"type": "log", "dtick": "D2", "title": {"text": f"measured, ms {model.unit}"}},
        yaxis={"type": "log", "dtick": "D2", "title": {"text": "predicted, ms"}},
    )
    return figure


def write_device_page(view: DeviceView, file: Path) -> None:
    """Write the page; the drawing library is inside, nothing is fetched.

    Raises:
        OutputError: if the file cannot be written.
    """
    write_page(_page(view), file)


def _page(view: DeviceView) -> str:
    parts = [f"<h1>{escape(view.title)}</h1>"]
    if view.profile:
        inside = (view.profile.chip, view.profile.cores, view.profile.gpu)
        parts.append(f"<p>{escape(' · '.join(filter(None, inside)))}</p>")
        parts.append(f"<p>{escape(view.profile.notes)}</p>")
    facts = [(fact.name, fact.value, fact.source) for fact in view.facts]
    parts += [_table(["", "", "source"], facts)] if facts else []
    drawn = [model for model in view.models if model.latency_error.points]
    for model in view.models:
        parts += _model(model, with_library=model is drawn[0] if drawn else False)
    return (
        '<!doctype html>\n<html lang="en"><head><meta charset="utf-8">'
        f"<title>{escape(view.title)}</title><style>{_STYLE}</style></head>\n"
        f"<body>{''.join(parts)}</body></html>\n"
    )


def _model(model: ModelView, *, with_library: bool) -> Iterable[str]:
    evidence = model.stored.evidence
    stands = " · what the device's name stands for" if model.chosen else ""
    yield f"<h2>{escape(model.name)}</h2>"
    yield f'<p class="quiet">{escape(model.unit)}{stands}</p>'
    yield _table(
        [
            "cost",
            "values",
            "median error",
            "within 5%",
            "within 10%",
            "rank",
            "90% interval holds",
        ],
        error_rows(model),
    )
    if model.latency_error.points:
        yield draw_errors(model).to_html(
            full_html=False, include_plotlyjs=with_library, config=dict(CONFIG)
        )
    said = f"{evidence.samples} samples, {evidence.date}. {evidence.source}. {evidence.licence}."
    yield f"<p>{escape(said)} {escape(evidence.notes)}</p>"
    rows = covered(model)
    if rows:
        yield "<p>Calibrated on:</p>"
        yield _table(list(rows[0]), [list(row.values()) for row in rows])


def _table(columns: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    head = "".join(f"<th>{escape(column)}</th>" for column in columns)
    body = "".join(
        "<tr>" + "".join(f"<td>{escape(cell)}</td>" for cell in row) + "</tr>" for row in rows
    )
    return f"<table><tr>{head}</tr>{body}</table>"
