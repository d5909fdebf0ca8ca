"""Two or three networks of a study → their view side by side: numbers, choices, pictures."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, cast

from dash import Input, Output, State, dcc, html
from dash.development.base_component import Component

from nas.pareto import Sense
from nas.report.network import draw_networks, network_view
from nas.report.palette import Theme
from nas.report.words import heading as words
from nas.report.words import number
from nas.service.costs import network_costs
from nas.service.page.dash_app import Page
from nas.service.page.front_table import MOST_COMPARED
from nas.service.page.network_parts import ShownNetwork, devices_card, on_devices
from nas.service.page.parts import Parts
from nas.service.page.pieces import address, card, empty_state, heading, link_button, table
from nas.service.page.plots import plot, plot_id


def layout(parts: Parts, query: Mapping[str, str]) -> Component:
    """The view, or how to choose what it compares."""
    study, theme = query["study"], cast(Theme, query.get("theme", "light"))
    shown = _shown(parts, study, query.get("ids", ""))
    if len(shown) < 2:
        return empty_state(
            "Compare networks",
            "Choose two or three networks in the table of a front.",
            link_button("Go to the front", address("study", study)),
        )
    ids = [one.point.id for one in shown]
    return html.Div(
        [
            dcc.Store(id="compare-study", data=study),
            dcc.Store(id="compare-ids", data=",".join(ids)),
            heading(
                f"{len(shown)} networks",
                lead=["Of ", html.A(study, href=address("study", study)), "."],
            ),
            card("Numbers", number_table(shown)),
            card(
                "Pictures",
                plot("networks", "The blocks of the networks to scale",
                     figure=_picture(shown, theme), height=None),
                note="All to one scale: as wide as their channels, as high as their resolution.",
            ),
            card("Choices that differ", choice_table(shown)),
            devices_card("compare"),
        ]
    )  # fmt: skip


def _shown(parts: Parts, study: str, ids: str) -> list[ShownNetwork]:
    view = parts.views.front(study)
    wanted = list(dict.fromkeys(filter(None, ids.split(","))))[:MOST_COMPARED]
    return [ShownNetwork.of(view, one) for one in wanted]


def _picture(shown: Sequence[ShownNetwork], theme: Theme) -> Any:
    views = [network_view(one.architecture, one.network) for one in shown]
    return draw_networks(views, theme=theme)


def _heads(shown: Sequence[ShownNetwork]) -> list[Any]:
    study = shown[0].view.study
    return [html.A(o.point.id, href=address("study", study, "network", o.point.id)) for o in shown]


def number_table(shown: Sequence[ShownNetwork]) -> Component:
    """A row for each quantity; what is best stands out."""
    rows = []
    for objective in shown[0].view.objectives:
        values = [one.point.values[objective.name] for one in shown]
        best = max(values) if objective.sense is Sense.MAXIMIZE else min(values)
        rows.append([words(objective.name), *_cells(objective.name, values, best)])
    for name in ("macs", "parameters"):
        values = [float(getattr(one.network, name)) for one in shown]
        if name not in {objective.name for objective in shown[0].view.objectives}:
            rows.append([words(name), *_cells(name, values, min(values))])
    right = list(range(1, len(shown) + 1))
    return table(["quantity", *_heads(shown)], rows, caption="Numbers side by side", numeric=right)


def _cells(name: str, values: Sequence[float], best: float) -> list[Any]:
    every = len(set(values)) == 1
    return [
        html.Span(number(value, name), className="better" if value == best and not every else "")
        for value in values
    ]


def choice_table(shown: Sequence[ShownNetwork]) -> Component:
    """The choices in which the networks differ; one that decides nothing somewhere is a dash."""
    names = dict.fromkeys(name for one in shown for name in one.point.choices)
    rows = [
        [name, *(str(one.point.choices.get(name, "–")) for one in shown)]
        for name in names
        if len({one.point.choices.get(name) for one in shown}) > 1
    ]
    if not rows:
        return html.P("Their choices are the same.", className="quiet")
    right = list(range(1, len(shown) + 1))
    return table(["choice", *_heads(shown)], rows, caption="Choices that differ", numeric=right)


def register(page: Page, parts: Parts) -> None:
    """Ask the models of all devices, and follow the theme."""
    here = State("compare-study", "data"), State("compare-ids", "data")

    @page.callback(
        Output(plot_id("networks"), "figure"),
        Input("page-theme", "data"),
        *here,
        prevent_initial_call=True,
    )
    def draw(theme: Theme | None, study: str, ids: str) -> Any:
        return _picture(_shown(parts, study, ids), theme or "light")

    @page.callback(
        Output("compare-devices", "children"),
        Input("compare-quantity", "value"),
        Input("page-theme", "data"),
        *here,
    )
    def devices(quantity: str, theme: Theme | None, study: str, ids: str) -> Component:
        shown = _shown(parts, study, ids)
        costs = {one.point.id: network_costs(one.network, None)[0] for one in shown}
        own = shown[0].view.device
        return on_devices(costs, quantity=quantity, theme=theme or "light", own=own)
