"""A study → a line on what becomes of it, live while it runs, with what can be done about it."""

from __future__ import annotations

from typing import Any

from dash import Input, Output, State, dcc, html
from dash.development.base_component import Component

from nas.service.page.actions import buttons
from nas.service.page.dash_app import Page
from nas.service.page.parts import Parts
from nas.service.page.pieces import every, meter, state_badge
from nas.service.page.study_rows import StudyRow, StudyRows, done_words


def line(parts: Parts, study: str) -> Component:
    """The line of a study, which keeps itself up to date."""
    row = StudyRows(parts).row(study)
    return html.Div(
        [
            html.Div(_said(row), id="standing-said", className="standing"),
            every(2, "standing-tick", running=row.at_work),
            dcc.Store(id="standing-study", data=study),
        ]
    )


def register(page: Page, parts: Parts) -> None:
    """Say it again as long as something may change, and when something was done."""
    rows = StudyRows(parts)

    @page.callback(
        Output("standing-said", "children"),
        Output("standing-tick", "disabled"),
        Input("standing-tick", "n_intervals"),
        Input("page-acted", "data"),
        State("standing-study", "data"),
        prevent_initial_call=True,
    )
    def again(_tick: int | None, _acted: Any, study: str) -> tuple[list[Component], bool]:
        row = rows.row(study)
        return _said(row), not row.at_work


def _said(row: StudyRow) -> list[Component]:
    failure = row.standing.failure
    return [
        state_badge(row.standing.state),
        meter(row.share, f"Progress of {row.name}"),
        html.Span(failure or done_words(row), className="quiet small reason"),
        html.Div(buttons(row), className="actions"),
    ]
