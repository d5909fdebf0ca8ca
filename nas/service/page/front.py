"""A study → the view of its front: figure, filters, table, how it grew, which choices matter."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from dash import dcc, html
from dash.development.base_component import Component

from nas.report.front import FrontView
from nas.service.insights import MOST_INTERVALS
from nas.service.page import standing
from nas.service.page.front_callbacks import register
from nas.service.page.front_controls import figure_controls, filters, time_control
from nas.service.page.front_figure import Shown, front_figure
from nas.service.page.front_table import compare_link, evaluations, front_table, lead
from nas.service.page.parts import Parts
from nas.service.page.pieces import address, card, empty_state, every, heading, link_button
from nas.service.page.plots import plot

__all__ = ["layout", "register"]

_READ_AT_ONCE = 10_000
"""Evaluations that are read before a person would wonder."""


def layout(parts: Parts, query: Mapping[str, str]) -> Component:
    """The view, with its figure drawn."""
    name = query["study"]
    summary = parts.store.summary(name)
    if summary.complete > _READ_AT_ONCE and not parts.views.ready(name):
        return _reading(name, summary.complete)
    view = parts.views.front(name)
    running = parts.searches.standing(summary).state in ("starting", "running")
    if not view.front:
        wait = every(2, "front-wait", running=running)
        study = dcc.Store(id="front-study", data=name)
        return html.Div([standing.line(parts, name), _nothing(view, running), wait, study])
    shown, count = Shown.first(view, query.get("theme", "light")), evaluations(summary)
    sort = view.objectives[0].name
    return html.Div(
        [
            _stores(name, sort, count),
            every(2, "front-tick", running=running),
            heading(name, *_exports(name), lead=html.Span(lead(view, count), id="front-lead")),
            standing.line(parts, name),
            card(
                "Front",
                figure_controls(view, shown),
                plot(
                    "front",
                    "The front: networks over the chosen objectives",
                    figure=front_figure(view, shown),
                    height=520,
                ),
                time_control(count),
                note="A click on a network opens it. On two axes, a box or a line around some "
                f"filters; intervals are those of {MOST_INTERVALS} networks at most.",
            ),
            card("Filters", filters(view)),
            card(
                "Networks",
                html.Div(
                    front_table(view, kept=None, sort=sort, descending=True, page=0, picked=()),
                    id="front-table",
                ),
                html.Div(compare_link(name, ()), id="front-compare", className="actions"),
            ),
            card(
                "How the front grew",
                plot("growth", "Hypervolume over evaluations", height=280),
                note="The hypervolume is the share of the range of all networks that the front "
                "is better than.",
            ),
            html.Div(_thinking(), id="front-insights"),
        ]
    )


def _reading(name: str, count: int) -> Component:
    """What stands while a large study is read, which takes seconds once."""
    text = f"Its {count:,} evaluations are being read. The view fills by itself."
    once = dcc.Interval(id="front-wait", interval=50, max_intervals=1)
    return html.Div([empty_state(name, text), once, dcc.Store(id="front-study", data=name)])


def _stores(name: str, sort: str, count: int) -> Component:
    values: dict[str, Any] = {
        "study": name,
        "kept": None,
        "sort": {"name": sort, "descending": True},
        "page": 0,
        "picked": [],
        "count": count,
    }
    return html.Div([dcc.Store(id=f"front-{key}", data=one) for key, one in values.items()])


def _exports(name: str) -> list[Component]:
    api = f"/api/v1/studies/{address('', name).rpartition('/')[2]}"
    return [
        html.A(word, href=f"{api}/{path}", className="button", download=file)
        for word, path, file in (
            ("CSV", "front?format=csv", f"{name}.csv"),
            ("JSON", "front?format=json", f"{name}.json"),
            ("Report", "report", f"{name}.html"),
        )
    ]


def _nothing(view: FrontView, running: bool) -> Component:
    if running:
        text = "The first networks are being evaluated. This view fills by itself."
        return empty_state(view.study, text, link_button("All studies", address(), strong=False))
    if view.dominated:
        text = "Networks were evaluated, but none within the limits. Clone the study with others."
    else:
        text = "No network was evaluated yet. Resume the study, or look at why it ended."
    return empty_state(view.study, text, link_button("All studies", address()))


def _thinking() -> Component:
    return card("Which choices matter", html.P("The models are being asked.", className="quiet"))
