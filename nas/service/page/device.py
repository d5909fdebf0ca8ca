"""A device → its facts with sources, its models, how far they are off, and what they rest on."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, cast

from dash import Input, Output, State, dcc, html
from dash.development.base_component import Component

from nas.report.device import DeviceView, ModelView, covered, error_rows
from nas.report.device_page import draw_errors
from nas.report.palette import Theme
from nas.service.device_views import known_device
from nas.service.page import calibrate
from nas.service.page.dash_app import Page
from nas.service.page.parts import Parts
from nas.service.page.pieces import address, aria, card, facts, heading, link_button, table
from nas.service.page.plots import plot, plot_id

_ERRORS = [
    "Cost",
    "Values",
    "Median error",
    "Within 5%",
    "Within 10%",
    "Rank",
    "90% interval holds",
]


def layout(parts: Parts, query: Mapping[str, str]) -> Component:
    """The view."""
    view = known_device(query["device"])
    inside = view.profile and (view.profile.chip, view.profile.cores, view.profile.gpu)
    lead = " · ".join(filter(None, inside or ()))
    search = link_button("New search for it", address("new", device=view.name))
    shown = [_facts(view)] if view.facts or view.profile else []
    return html.Div(
        [
            heading(view.title, *([search] if view.files else []), lead=lead or view.name),
            *(_models(view, query.get("theme", "light")) if view.files else [_without()]),
            *shown,
            calibrate.form(view.name),
            dcc.Store(id="device-name", data=view.name),
        ]
    )


def _models(view: DeviceView, theme: str) -> list[Component]:
    models = view.models
    options = [{"label": _label(model), "value": model.name} for model in models]
    choice = dcc.RadioItems(options, models[0].name, id="device-model", className="options")
    box = html.Div(choice, className="options-box", role="group", **aria(label="Model"))
    return [
        card(
            "Models",
            box,
            note="The first is what the device's name stands for. A name such as "
            f"{models[-1].name} selects another wherever a device is asked for.",
        ),
        html.Div(model_parts(models[0], theme), id="device-shown"),
    ]


def _label(model: ModelView) -> Component:
    key, error = model.stored.model.key, model.latency_error
    batch = "throughput" if key.batch is None else f"batch {key.batch}"
    threads = f", {key.threads} threads" if key.threads else ""
    words = [
        html.B(f"{key.runtime} {key.precision.value}"),
        html.Span(
            f"{batch}{threads}{', calibrated here' if model.own else ''}", className="quiet"
        ),
    ]
    return html.Span(
        [
            html.Span(words, className="option-words"),
            html.Span(f"± {error.median:.1%}", className="option-figure"),
        ],
        className="option",
    )


def model_parts(model: ModelView, theme: str) -> list[Component]:
    """How well a model predicts what it was not fitted on, and its evidence."""
    evidence = model.stored.evidence
    drawn: list[Component] = []
    if model.latency_error.points:
        figure = draw_errors(model, cast(Theme, theme))
        title = f"Predicted against measured latency, {model.name}"
        drawn = [plot("errors", title, figure=figure, height=460)]
    tables = [table(_ERRORS, error_rows(model), caption="Errors", numeric=range(2, 7))]
    if model.latency_error.by_group:
        groups = [[name, f"{error:.1%}"] for name, error in model.latency_error.by_group.items()]
        tables.append(
            html.Details(
                [
                    html.Summary("Median error by group"),
                    table(["Group", "Error"], groups, caption="Error by group", numeric=[1]),
                ]
            )
        )
    rows = covered(model)
    known = [
        html.Details(
            [
                html.Summary("What it was calibrated on"),
                table(
                    list(rows[0]), [list(row.values()) for row in rows], caption="Calibrated on"
                ),
            ]
        )
    ]
    note = f"Networks that the fit did not see; latency {model.unit}."
    return [
        card("Predicted against measured", *drawn, *tables, note=note),
        card("Evidence", _evidence(model), *(known if rows else []), note=evidence.notes or None),
    ]


def _evidence(model: ModelView) -> Component:
    evidence = model.stored.evidence
    return facts(
        {
            "Source": evidence.source,
            "Licence": evidence.licence,
            "Samples": f"{evidence.samples:,}",
            "Date": evidence.date,
            "Latency": model.latency,
            "Energy": model.energy or "not known",
            "Log": html.Code(evidence.log_sha256[:16], title=evidence.log_sha256),
        }
    )


def _facts(view: DeviceView) -> Component:
    profile = view.profile
    rows = [[fact.name, fact.value, fact.source] for fact in view.facts]
    notes = profile.notes if profile else ""
    return card(
        "Facts", table(["Fact", "Value", "Source"], rows, caption="Facts"), note=notes or None
    )


def _without() -> Component:
    return card("No model yet", note="Bring a measurement log below: ten networks are enough.")


def register(page: Page, parts: Parts) -> None:
    """Show another model, and the figure in another theme."""

    @page.callback(
        Output("device-shown", "children"),
        Input("device-model", "value"),
        State("device-name", "data"),
        State("page-theme", "data"),
        prevent_initial_call=True,
    )
    def other(name: str, device: str, theme: str) -> list[Component]:
        return model_parts(_model(device, name), theme)

    @page.callback(
        Output(plot_id("errors"), "figure"),
        Input("page-theme", "data"),
        State("device-model", "value"),
        State("device-name", "data"),
        prevent_initial_call=True,
    )
    def repaint(theme: Theme, name: str, device: str) -> Any:
        return draw_errors(_model(device, name), theme)


def _model(device: str, name: str) -> ModelView:
    models = known_device(device).models
    return next((model for model in models if model.name == name), models[0])
