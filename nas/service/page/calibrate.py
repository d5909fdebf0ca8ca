"""A measurement log that a person drops on the page → a model of their device, and its errors."""

from __future__ import annotations

import base64
import binascii
import time
from collections.abc import Mapping
from typing import Any

from dash import Input, Output, State, dcc, html, no_update
from dash.development.base_component import Component

from nas.cost.artefact import read_model
from nas.errors import InputError, MeasurementLogError
from nas.graph.network import Precision
from nas.report.device import ModelView, error_rows, model_view
from nas.service.calibration import MOST_BYTES, Upload, calibrated
from nas.service.page.dash_app import Page
from nas.service.page.parts import Parts
from nas.service.page.pieces import address, aria, card, field, problem, table

_TEXTS = ("device", "runtime", "batch", "threads", "source", "licence")
_COLUMNS = ["Cost", "Values", "Median error", "Within 5%", "Within 10%", "Rank", "90% holds"]


def form(device: str = "") -> Component:
    """Where a log is dropped, and what it is of."""
    return card(
        "Calibrate a device",
        html.P(
            [
                "A CSV, plain or gzipped, with columns ",
                html.Code("network, latency_ms"),
                " and, if known, ",
                html.Code("energy_mj"),
                ". Around ten networks are enough; ",
                html.Code("nas calibrate"),
                " makes and measures them. What the log has columns for need not be said here.",
            ],
            className="quiet",
        ),
        html.Div(_fields(device), className="side-by-side spaced"),
        dcc.Checklist(
            [{"label": "Replace a model that exists (force)", "value": "force"}],
            [],
            id="calibrate-force",
        ),
        dcc.Upload(
            html.Button("Choose a log, or drop it here", className="button wide", type="button"),
            id="calibrate-log",
            max_size=MOST_BYTES,
            multiple=False,
            className="upload",
        ),
        html.Div(
            [html.P("Fitting the model. This takes up to a minute."), html.Progress()],
            id="calibrate-working",
            hidden=True,
            role="status",
        ),
        html.Div(id="calibrate-result", **aria(live="polite")),
        dcc.Store(id="calibrate-done"),
    )


def _fields(device: str) -> list[Component]:
    def text(name: str, label: str, hint: str, value: str = "") -> Component:
        box = dcc.Input(
            id=f"calibrate-{name}",
            value=value,
            placeholder=hint,
            maxLength=100,
            autoComplete="off",
        )
        return field(label, box)

    precisions = dcc.RadioItems(
        [{"label": "as in the log", "value": ""}, *(one.value for one in Precision)],
        "",
        id="calibrate-precision",
        inline=True,
        className="segments",
    )
    return [
        text("device", "Device", "such as my-camera", device),
        text("runtime", "Runtime", "such as onnxruntime"),
        text("batch", "Batch", "such as 1"),
        text("threads", "Threads", "such as 4"),
        text("source", "Source", "own measurements"),
        text("licence", "Licence of the measurements", "unstated"),
        html.Fieldset([html.Legend("Precision"), precisions], className="field"),
    ]


def register(page: Page, parts: Parts) -> None:
    """Fit what is dropped."""

    @page.callback(
        output={
            "result": Output("calibrate-result", "children"),
            "done": Output("calibrate-done", "data"),
            "contents": Output("calibrate-log", "contents"),
        },
        inputs={"contents": Input("calibrate-log", "contents")},
        state={
            "given": {
                name: State(f"calibrate-{name}", "value")
                for name in (*_TEXTS, "precision", "force")
            }
        },
        running=[(Output("calibrate-working", "hidden"), False, True)],
        prevent_initial_call=True,
    )
    def fit(contents: str | None, given: Mapping[str, Any]) -> dict[str, Any]:
        if not contents:
            return dict.fromkeys(("result", "done", "contents"), no_update)
        try:
            model = fitted(parts, contents, given)
        except InputError as error:
            return {"result": problem(str(error)), "done": no_update, "contents": None}
        return {"result": result(*model), "done": time.time(), "contents": None}


def fitted(parts: Parts, contents: str, given: Mapping[str, Any]) -> tuple[ModelView, bool]:
    """The new model, and whether more networks would make it better.

    Args:
        parts: Of the service.
        contents: The file, as browsers send it: a data URL.
        given: What the form says of it.

    Raises:
        InputError: with what is wrong with the log, or with what was said of it.
    """
    options = {
        name: str(given.get(name) or "").strip() or None
        for name in ("device", "runtime", "precision", "batch", "threads")
    }
    upload = Upload(
        _decoded(contents),
        options,
        str(given.get("source") or "").strip() or "own measurements",
        str(given.get("licence") or "").strip() or "unstated",
        bool(given.get("force")),
    )
    folder = parts.settings.models_folder
    new = calibrated(parts.workshops.calibrations, upload, folder, parts.store)
    return model_view(read_model(new.file)), new.more_helps


def _decoded(contents: str) -> bytes:
    try:
        return base64.b64decode(contents.partition(",")[2], validate=True)
    except binascii.Error:
        raise MeasurementLogError("the log must be a file; what arrived was not one") from None


def result(model: ModelView, more_helps: bool) -> Component:
    """What was fitted, and how good it is."""
    key = model.stored.model.key
    said: list[Any] = [
        html.B(f"{model.name} is ready. "),
        f"It was fitted on {model.stored.evidence.samples} networks; searches can use it now. ",
        html.A("Show the device", href=address("devices", key.device)),
    ]
    if more_helps:
        said.append(". Its error still falls as networks are added: measure more.")
    errors = table(_COLUMNS, error_rows(model), caption="Errors", numeric=range(2, 7))
    return html.Div([html.P(said), errors], className="good")
