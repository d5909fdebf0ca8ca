"""All studies → the first view: a table that is live while searches run, or how to begin."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from typing import Any

from dash import Input, Output, State, ctx, dcc, html, no_update
from dash.development.base_component import Component

from nas.report.words import heading as quantity_heading
from nas.report.words import number
from nas.service.page.actions import buttons
from nas.service.page.dash_app import Page
from nas.service.page.parts import Parts
from nas.service.page.pieces import (
    PREFIX,
    action_button,
    address,
    aria,
    empty_state,
    every,
    heading,
    link_button,
    meter,
    sparkline,
    state_badge,
    table,
)
from nas.service.page.study_rows import Shown, StudyRow, StudyRows, done_words

_EXAMPLE = "quickstart"
_STATES = {
    "all": (),
    "at work": ("starting", "running"),
    "finished": ("finished",),
    "interrupted": ("interrupted",),
    "failed": ("failed",),
}


def layout(parts: Parts, query: Mapping[str, str]) -> Component:
    """The view; its table comes with its first callback."""
    rows = StudyRows(parts)
    shown = rows.shown()
    return html.Div(
        [
            html.Div(_beginning(), id="studies-begin", hidden=not shown.empty_store),
            html.Div(_frame(shown), id="studies-frame", hidden=shown.empty_store),
            dcc.Store(id="studies-leaf", data=0),
            dcc.Store(id="studies-drawn"),
            every(2, "studies-tick"),
        ]
    )


def register(page: Page, parts: Parts) -> None:
    """Keep the table as the store is, filter it and turn its leaves."""
    rows = StudyRows(parts)

    @page.callback(
        Output("studies-table", "children"),
        Output("studies-drawn", "data"),
        Output("studies-said", "children"),
        Output("studies-before", "disabled"),
        Output("studies-after", "disabled"),
        Output("studies-begin", "hidden"),
        Output("studies-frame", "hidden"),
        Input("studies-tick", "n_intervals"),
        Input("page-acted", "data"),
        Input("studies-words", "value"),
        Input("studies-state", "value"),
        Input("studies-leaf", "data"),
        State("studies-drawn", "data"),
        prevent_initial_call=True,
    )
    def draw(
        _tick: Any, _acted: Any, words: str | None, state: str, leaf: int, drawn: str | None
    ) -> Any:
        shown = rows.shown(words or "", _STATES.get(state, ()), leaf)
        print_ = fingerprint(shown)
        if print_ == drawn:
            return no_update
        ends = shown.leaf == 0, shown.leaf >= shown.leaves - 1
        empty = shown.empty_store
        return study_table(shown), print_, said(shown), *ends, not empty, empty

    @page.callback(
        Output("studies-leaf", "data"),
        Input("studies-before", "n_clicks"),
        Input("studies-after", "n_clicks"),
        Input("studies-words", "value"),
        Input("studies-state", "value"),
        State("studies-leaf", "data"),
        prevent_initial_call=True,
    )
    def turn(_before: Any, _after: Any, _words: Any, _state: Any, leaf: int) -> int:
        step = {"studies-before": -1, "studies-after": 1}.get(str(ctx.triggered_id))
        return 0 if step is None else max(0, leaf + step)


def fingerprint(shown: Shown) -> str:
    """What differs when the table does."""
    text = json.dumps([shown.leaf, shown.leaves, [str(row) for row in shown.rows]])
    return hashlib.sha256(text.encode()).hexdigest()


def said(shown: Shown) -> str:
    """How many there are, in words."""
    studies = f"{shown.total:,} {'study' if shown.total == 1 else 'studies'}"
    return studies if shown.leaves == 1 else f"{studies}, page {shown.leaf + 1} of {shown.leaves}"


def _frame(shown: Shown) -> list[Component]:
    top = heading(
        "Studies",
        link_button("New search", address("new")),
        lead="Every search on this server, the newest first. They go on when you close this page.",
    )
    words = dcc.Input(id="studies-words", type="search", debounce=0.2, placeholder="Filter")
    hidden, label = "visually-hidden", "Filter by name, device or space"
    named = html.Label(label, htmlFor="studies-words", className=hidden)
    states = dcc.RadioItems(
        list(_STATES), "all", id="studies-state", inline=True, className="segments"
    )
    choice = html.Div(states, role="group", **aria(label="State"))
    before = html.Button("Previous", id="studies-before", className="button small", disabled=True)
    after = html.Button(
        "Next", id="studies-after", className="button small", disabled=shown.leaves == 1
    )
    foot = [html.P(said(shown), id="studies-said", className="quiet"), before, after]
    return [
        top,
        html.Section(
            [
                html.Div([named, words, choice], className="toolbar"),
                html.Div(study_table(shown), id="studies-table", className="study-table"),
                html.Div(foot, className="pager"),
            ],
            className="card",
        ),
    ]


def _beginning() -> Component:
    return empty_state(
        "Find the best networks for your device",
        "A study searches a space of networks for a device: its result is a front, the networks "
        "that no other beats in both accuracy and cost. The example searches the MnasNet space "
        "for a Jetson TX2 and takes under a minute; nothing is trained or measured.",
        action_button("Start the example", "begin", style="primary", study=_EXAMPLE),
        link_button("Set up a search", address("new"), strong=False),
    )


def study_table(shown: Shown) -> Component:
    """The studies of a leaf."""
    if not shown.rows:
        return html.P(
            ["No study matches. ", html.A("Show all", href=PREFIX)], className="quiet none"
        )
    columns: list[Any] = ["Study", "Device", "Space", "State", "Progress", "Front", "Best"]
    columns += ["Growth", html.Span("Actions", className="visually-hidden")]
    return table(columns, list(map(_cells, shown.rows)), caption="Studies", numeric=[5])


def _cells(row: StudyRow) -> list[Any]:
    name = [
        html.A(row.name, href=address("study", row.name)),
        html.Div(f"{row.created_at:%Y-%m-%d %H:%M} UTC", className="quiet small"),
    ]
    state: list[Any] = [state_badge(row.standing.state)]
    if row.standing.failure:
        state.append(html.Div(row.standing.failure, className="quiet small reason"))
    return [
        name,
        html.A(row.device, href=address("devices", row.device)),
        row.space,
        state,
        _progress(row),
        f"{row.progress.front:,}" if row.progress.front else "–",
        _best(row),
        sparkline(row.progress.curve, f"Hypervolume of the front of {row.name} as it grew"),
        html.Div(buttons(row), className="actions nowrap"),
    ]


def _progress(row: StudyRow) -> list[Component]:
    return [
        meter(row.share, f"Progress of {row.name}"),
        html.Div(done_words(row), className="quiet small"),
    ]


def _best(row: StudyRow) -> Component | str:
    if not row.best:
        return "–"
    lines = [
        html.Div([html.B(number(value, name)), f" {quantity_heading(name)}"], className="small")
        for name, value in list(row.best.items())[:4]
    ]
    return html.Div(lines, className="nowrap")
