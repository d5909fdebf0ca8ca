"""Choices of a person → a new search: what is feasible, the command for it, its start."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from dash import Input, Output, State, dcc, html, no_update, set_props
from dash.development.base_component import Component

from nas.errors import InputError
from nas.service.page import offer, search_cards, search_choices
from nas.service.page.dash_app import Page
from nas.service.page.parts import Parts
from nas.service.page.pieces import address, heading
from nas.service.page.search_form import (
    LIMITED,
    OWN_FAULTS,
    Form,
    command,
    document,
    faults,
    form_of,
    free_name,
)
from nas.service.specs import asked_spec, stored_spec

_FIRST = Form("jetson-tx2", "mnasnet")
_FAULTS = (*OWN_FAULTS, "form")
_PLACES = (*_FAULTS, *(f"limit-{name}" for name in LIMITED))

_FIELDS = (
    "device",
    "space",
    "source",
    "evaluator",
    "objectives",
    "evaluations",
    "minutes",
    "seed",
    "name",
)


def layout(parts: Parts, query: Mapping[str, str]) -> Component:
    """The form, filled with a study where it is to be cloned, or with a device's name."""
    form = _FIRST
    if "from" in query:
        name = query["from"]
        form = form_of(stored_spec(parts.store.study(name)), free_name(parts.store, name))
    elif "device" in query:
        form = Form(query["device"], _FIRST.space)
    left = [
        search_cards.device(form),
        search_cards.space(form),
        search_cards.aims(form, parts.settings),
        search_cards.limits(form),
        search_cards.how(form),
    ]
    return html.Div(
        [
            heading(
                "New search",
                lead="Choose what to search, see what is feasible, and start. "
                "The search runs on this server and goes on when you close the page.",
            ),
            html.Div(
                [html.Div(left), html.Div(search_cards.beside(), className="beside")],
                className="columns",
            ),
            dcc.Store(id="search-ranges"),
            dcc.Store(id="search-kept", data=dict(form.kept)),
        ]
    )


def register(page: Page, parts: Parts) -> None:
    """Filter devices, say what is feasible, write the command, and start."""
    _register_choices(page)
    _register_offer(page, parts)
    _register_start(page, parts)
    for name in LIMITED:
        page.clientside(
            "limit",
            Output(f"search-slider-{name}", "value"),
            Output(f"search-limit-{name}", "value"),
            Input(f"search-slider-{name}", "value"),
            Input(f"search-limit-{name}", "value"),
            Input("search-ranges", "data"),
        )


def _register_choices(page: Page) -> None:
    @page.callback(
        Output("search-device", "options"),
        Input("search-device-words", "value"),
        State("search-device", "value"),
        prevent_initial_call=True,
    )
    def devices(words: str | None, chosen: str | None) -> Any:
        return search_choices.device_options(words or "", chosen)

    @page.callback(
        Output("search-objectives", "options"),
        Output("search-objectives", "value"),
        Output("search-source", "value"),
        Input("search-device", "value"),
        Input("search-space", "value"),
        State("search-objectives", "value"),
        State("search-source", "value"),
    )
    def objectives(device: str, space: str, chosen: list[str], source: str) -> Any:
        options = search_choices.objective_options(device, space)
        kept = search_choices.allowed_objectives(chosen or [], device, space)
        return options, kept, source if search_choices.has_predictor(space) else "own"

    @page.callback(
        Output("search-own", "hidden"),
        Input("search-source", "value"),
        Input("search-objectives", "value"),
    )
    def own(source: str, chosen: list[str]) -> bool:
        return source != "own" or "accuracy" not in (chosen or [])


def _register_offer(page: Page, parts: Parts) -> None:
    @page.callback(
        Output("search-ranges", "data"),
        *(Output(f"search-range-{name}", "children") for name in LIMITED),
        *(Output(f"search-row-{name}", "hidden") for name in LIMITED),
        Input("search-device", "value"),
        Input("search-space", "value"),
        running=[(Output("search-looking", "hidden"), False, True)],
    )
    def look(device: str, space: str) -> Any:
        shown = offer.ranges(parts.offers.ask(space, [device], {}))
        words = [offer.range_words(name, shown.get(name)) for name in LIMITED]
        return shown, *words, *(name == "energy_mj" and name not in shown for name in LIMITED)

    @page.callback(
        Output("search-offer", "children"),
        Input("search-ranges", "data"),
        State("search-device", "value"),
        State("search-space", "value"),
        *(Input(f"search-limit-{name}", "value") for name in LIMITED),
    )
    def within(known: Any, device: str, space: str, *limits: float | None) -> Any:
        if known is None:
            return no_update
        form = Form(device, space, limits=dict(zip(LIMITED, limits, strict=True)))
        try:
            spec = asked_spec(document(form, "feasible"))
            return offer.panel(parts.offers.ask(space, [device], spec.limits.given()))
        except InputError:  # the field says what is wrong
            return html.P("Mend the limits first.", className="quiet")


def _register_start(page: Page, parts: Parts) -> None:
    fields = {name: f"search-{name}" for name in _FIELDS} | {
        f"limit-{name}": f"search-limit-{name}" for name in LIMITED
    }
    faulty = {place: Output(f"search-fault-{place}", "children") for place in _PLACES}

    @page.callback(
        output={"said": Output("search-command", "children"), "faults": faulty},
        inputs={"chosen": {key: Input(one, "value") for key, one in fields.items()}},
        state={"kept": State("search-kept", "data")},
    )
    def check(chosen: Mapping[str, Any], kept: Mapping[str, Any]) -> Any:
        asked = _document(parts, chosen, kept)
        found: Mapping[str, str] = {}
        try:
            asked_spec(asked)
            if any(one.study.name == asked["name"] for one in parts.store.studies()):
                found = {"name": f"must be new; {asked['name']} is a study already"}
        except InputError as error:
            found = faults(error)
        said = command(asked, parts.settings.database)
        return {"said": said, "faults": {place: found.get(place, "") for place in _PLACES}}

    @page.callback(
        output={
            place: Output(one.component_id, "children", allow_duplicate=True)
            for place, one in faulty.items()
        },
        inputs={"clicks": Input("search-launch", "n_clicks")},
        state={
            "chosen": {key: State(one, "value") for key, one in fields.items()},
            "kept": State("search-kept", "data"),
        },
        running=[(Output("search-launch", "disabled"), True, False)],
        prevent_initial_call=True,
    )
    def start(clicks: int | None, chosen: Mapping[str, Any], kept: Mapping[str, Any]) -> Any:
        if not clicks:
            return dict.fromkeys(_PLACES, no_update)
        asked = _document(parts, chosen, kept)
        try:
            study = parts.searches.start(asked_spec(asked))
        except InputError as error:
            found = faults(error)
            return {place: found.get(place, "") for place in _PLACES}
        set_props("page-address", {"pathname": address("study", study.name), "search": ""})
        return dict.fromkeys(_PLACES, "")


def _document(parts: Parts, chosen: Mapping[str, Any], kept: Mapping[str, Any]) -> dict[str, Any]:
    device, space = str(chosen["device"]), str(chosen["space"])
    evaluator = chosen["evaluator"] if chosen["source"] == "own" else ""
    form = Form(
        device,
        space,
        tuple(chosen["objectives"] or ()),
        {name: chosen[f"limit-{name}"] for name in LIMITED},
        evaluator or "",
        chosen["evaluations"],
        chosen["minutes"],
        chosen["seed"],
        chosen["name"] or "",
        kept or {},
    )
    return document(form, free_name(parts.store, f"{space}-{device}"))
