"""All devices → a list with how far their predictions are off, and a place to bring another."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, get_args

from dash import Input, Output, dcc, html
from dash.development.base_component import Component

from nas.cost.profile import DeviceKind
from nas.report.device import DeviceView
from nas.service.device_views import device_views
from nas.service.page import calibrate
from nas.service.page.dash_app import Page
from nas.service.page.frozen import frozen
from nas.service.page.parts import Parts
from nas.service.page.pieces import address, aria, heading, table

_ALL = "all"


def layout(parts: Parts, query: Mapping[str, str]) -> Component:
    """The view."""
    words = dcc.Input(
        id="devices-words",
        type="search",
        debounce=0.15,
        placeholder="Search: cortex, int8, ncnn …",
    )
    named = html.Label("Search devices", htmlFor="devices-words", className="visually-hidden")
    kinds = dcc.RadioItems(
        [_ALL, *get_args(DeviceKind)], _ALL, id="devices-kind", inline=True, className="segments"
    )
    choice = html.Div(kinds, role="group", **aria(label="Kind"))
    return html.Div(
        [
            heading("Devices", lead="What a search can be for. Every figure has its evidence."),
            html.Section(
                [
                    html.Div([named, words, choice], className="toolbar"),
                    html.Div(device_table(device_views()), id="devices-table"),
                ],
                className="card",
            ),
            calibrate.form(),
        ]
    )


def register(page: Page, parts: Parts) -> None:
    """Filter the list."""
    calibrate.register(page, parts)

    @page.callback(
        Output("devices-table", "children"),
        Input("devices-words", "value"),
        Input("devices-kind", "value"),
        Input("calibrate-done", "data"),
        prevent_initial_call=True,
    )
    def find(words: str | None, kind: str, _done: Any) -> Component:
        return device_table(device_views((words or "").split(), None if kind == _ALL else kind))


def device_table(views: Sequence[DeviceView]) -> Component:
    """Devices with the model that their name stands for."""
    if not views:
        return html.P(
            "No device matches. Ten measured networks are enough to add yours: see below.",
            className="quiet none",
        )
    columns = ["Device", "Kind", "Model", "Median error", "Within 10%", "Samples", "Energy"]
    return html.Div(
        [
            frozen(table(columns, list(map(_cells, views)), caption="Devices", numeric=[3, 4, 5])),
            html.P(
                f"{len(views)} devices. Errors are of predicted latency on networks that the fit "
                "did not see.",
                className="quiet small foot",
            ),
        ],
        className="device-table",
    )


def _cells(view: DeviceView) -> list[Any]:
    chip = view.profile.chip if view.profile else ""
    name = [
        html.A(view.title, href=address("devices", view.name)),
        html.Div(chip or view.name, className="quiet small"),
    ]
    model = view.chosen
    if model is None:
        return [name, view.kind, "none yet", "–", "–", "–", "–"]
    key, error = model.stored.model.key, model.latency_error
    more = len(view.files) - 1
    runtime = [f"{key.runtime} {key.precision.value}", *([f" + {more} more"] if more else [])]
    return [
        name,
        view.kind or "own",
        html.Span(runtime, className="nowrap"),
        f"{error.median:.1%}",
        f"{error.within_10_percent:.0%}",
        f"{model.stored.evidence.samples:,}",
        model.energy or "–",
    ]
