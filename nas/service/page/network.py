"""A network of a study → its view: picture, layers, devices, what is one change away, export."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, cast

from dash import Input, Output, State, dcc, html
from dash.development.base_component import Component

from nas.errors import NasError
from nas.report.layers import layer_rows
from nas.report.neighbours import neighbours_view
from nas.report.network import draw_networks, network_view
from nas.report.palette import Theme
from nas.service.costs import network_costs
from nas.service.page.dash_app import Page, words_for
from nas.service.page.network_parts import (
    ShownNetwork,
    devices_card,
    layer_table,
    neighbour_table,
    numbers,
    on_devices,
)
from nas.service.page.parts import Parts
from nas.service.page.pieces import address, card, data, heading
from nas.service.page.plots import plot, plot_id


def layout(parts: Parts, query: Mapping[str, str]) -> Component:
    """The view; what takes long comes with its callbacks."""
    study, theme = query["study"], cast(Theme, query.get("theme", "light"))
    shown = ShownNetwork.of(parts.views.front(study), query["network"])
    return html.Div(
        [
            dcc.Store(id="network-study", data=study),
            dcc.Store(id="network-id", data=shown.point.id),
            heading(
                shown.point.id,
                *_exports(study, shown),
                lead=[
                    "A network of ",
                    html.A(study, href=address("study", study)),
                    f": {shown.view.space} on {shown.view.device}.",
                ],
            ),
            card(
                "The network",
                plot("network", "The blocks of the network to scale",
                     figure=_picture(shown, theme), height=None),
                note="A block is as wide as its channels and as high as its resolution; larger "
                "expansions are deeper in colour. Pooling and the classifier are not to scale.",
            ),
            html.Div([card("Numbers", numbers(shown)), _text(shown)], className="pair"),
            _layers(shown),
            devices_card("network"),
            card(
                "One change away",
                html.Div(
                    html.P("The space is being asked.", className="quiet"),
                    id="network-neighbours",
                    className="devices-place",
                ),
                note="What each single change of a choice would cost or gain.",
            ),
        ]
    )  # fmt: skip


def _exports(study: str, shown: ShownNetwork) -> list[Component]:
    names = address("", study, shown.point.id).split("/")[-2:]
    export = f"/api/v1/studies/{names[0]}/networks/{names[1]}/export"
    described = f"/api/v1/architectures/{names[1]}?device={shown.view.device}"
    file = f"network-{shown.point.id}"
    return [
        html.A("PyTorch, ONNX, JSON", href=export, className="button primary",
               download=f"{file}.zip"),
        html.A("Layers as JSON", href=described, className="button", download=f"{file}.json"),
    ]  # fmt: skip


def _text(shown: ShownNetwork) -> Component:
    copy = html.Button(
        "Copy", type="button", className="button small", **data(copies="network-text")
    )
    return card(
        "As text", html.Code(shown.point.text, id="network-text", className="command"), copy
    )


def _picture(shown: ShownNetwork, theme: Theme) -> Any:
    picture = network_view(shown.architecture, shown.network)
    layers = {picture.id: layer_rows(shown.cost)} if shown.cost else None
    return draw_networks([picture], theme=theme, layers=layers)


def _layers(shown: ShownNetwork) -> Component:
    if shown.cost is None:
        text = f"Nothing says what the layers of this network cost on {shown.view.device} now."
        return card("Layers", html.P(text, className="quiet"))
    return card(
        "Layers",
        layer_table(layer_rows(shown.cost)),
        note=f"By {shown.cost.model.name}. Peak memory is all weights and what is alive when "
        "activations take most.",
    )


def register(page: Page, parts: Parts) -> None:
    """Ask what takes long, and follow the theme."""
    here = State("network-study", "data"), State("network-id", "data")

    def shown(study: str, identity: str) -> ShownNetwork:
        return ShownNetwork.of(parts.views.front(study), identity)

    @page.callback(
        Output(plot_id("network"), "figure"),
        Input("page-theme", "data"),
        *here,
        prevent_initial_call=True,
    )
    def draw(theme: Theme | None, study: str, identity: str) -> Any:
        return _picture(shown(study, identity), theme or "light")

    @page.callback(
        Output("network-devices", "children"),
        Input("network-quantity", "value"),
        Input("page-theme", "data"),
        *here,
    )
    def devices(quantity: str, theme: Theme | None, study: str, identity: str) -> Component:
        one = shown(study, identity)
        costs = {identity: network_costs(one.network, None)[0]}
        return on_devices(costs, quantity=quantity, theme=theme or "light", own=one.view.device)

    @page.callback(Output("network-neighbours", "children"), Input("network-id", "data"), here[0])
    def neighbours(identity: str, study: str) -> Component:
        return _neighbours(parts, shown(study, identity))


def _neighbours(parts: Parts, shown: ShownNetwork) -> Component:
    view = shown.view
    devices = dict.fromkeys((view.device, *(o.name.partition("@")[2] for o in view.objectives)))
    try:
        problem = parts.offers.problem(view.space, [one for one in devices if one])
        near = neighbours_view(problem, shown.architecture)
    except NasError as error:
        return html.P(words_for(error), className="quiet")
    return neighbour_table(near, view, {p.id for p in (*view.front, *view.dominated)})
