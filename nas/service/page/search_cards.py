"""A form of a search → its cards: device, space, objectives, limits, how far, what is feasible."""

from __future__ import annotations

from dash import dcc, html
from dash.development.base_component import Component

from nas.search.objectives import find_objective
from nas.service.page import search_choices
from nas.service.page.pieces import aria, card, data, field
from nas.service.page.search_form import LIMITED, SCALES, Form
from nas.service.settings import Settings

_TICKS = 1000


def device(form: Form) -> Component:
    """Which device, with words to look for it."""
    label = html.Label(
        "Search for a device", htmlFor="search-device-words", className="visually-hidden"
    )
    words = dcc.Input(
        id="search-device-words",
        type="search",
        placeholder="Search: raspberry, jetson, int8 …",
        debounce=0.15,
        autoComplete="off",
    )
    options = search_choices.device_options("", form.device)
    choice = dcc.RadioItems(options, form.device, id="search-device", className="options")
    box = html.Div(choice, className="options-box tall", role="group", **aria(label="Device"))
    note = "The figure is the median error of predicted latency on networks that were held out."
    return card(
        "Device", html.Div([label, words], className="field"), box, _fault("device"), note=note
    )


def space(form: Form) -> Component:
    """Which space."""
    choice = dcc.RadioItems(
        search_choices.space_options(), form.space, id="search-space", className="options"
    )
    box = html.Div(choice, className="options-box", role="group", **aria(label="Search space"))
    return card("Search space", box, _fault("space"))


def aims(form: Form, settings: Settings) -> Component:
    """What is aimed for, and where accuracy comes from."""
    objectives = dcc.Checklist(
        search_choices.objective_options(form.device, form.space),
        list(form.objectives),
        id="search-objectives",
        inline=True,
        className="segments",
    )
    sources = [
        {"label": "the shipped predictor of the space", "value": "predictor"},
        {"label": "a table of measured accuracies, or an evaluator", "value": "own"},
    ]
    source = dcc.RadioItems(
        sources, "own" if form.evaluator else "predictor", id="search-source", className="lines"
    )
    may = "a .csv under a folder given with --data-root"
    if settings.allow_evaluators:
        may += ", or package.module:factory"
    own = dcc.Input(id="search-evaluator", value=form.evaluator, debounce=0.3, placeholder="")
    return card(
        "Objectives",
        html.Fieldset(
            [html.Legend("Aim for"), objectives, _fault("objectives")], className="field"
        ),
        html.Fieldset([html.Legend("Accuracy comes from"), source], className="field"),
        html.Div(
            [field("Table or evaluator", own, hint=f"On the server: {may}."), _fault("evaluator")],
            id="search-own",
        ),
    )


def limits(form: Form) -> Component:
    """The least or the most of what can be limited."""
    rows = [_limit(name, form.limits.get(name)) for name in LIMITED]
    note = "Only networks within them are evaluated. Leave a field empty for no limit."
    return card("Limits", *rows, note=note)


def _limit(name: str, value: float | None) -> Component:
    objective, unit = find_objective(name), SCALES[name][1]
    most = objective.limit_name.startswith("max_")
    label = f"{objective.title} at {'most' if most else 'least'}, {unit}"
    box = dcc.Input(
        id=f"search-limit-{name}",
        type="number",
        value=value,
        min=0,
        step="any",
        placeholder="none",
    )
    slider = dcc.Input(
        id=f"search-slider-{name}",
        type="range",
        min=0,
        max=_TICKS,
        step=1,
        value=_TICKS if most else 0,
    )
    hint = html.Span("…", id=f"search-range-{name}", className="quiet small")
    sliding = html.Div(
        [
            html.Label(
                f"{objective.title}, slider",
                htmlFor=f"search-slider-{name}",
                className="visually-hidden",
            ),
            slider,
            hint,
        ],
        className="limit-slider",
    )
    named = html.Label(label, htmlFor=f"search-limit-{name}", className="field-label")
    return html.Div(
        [html.Div([named, box, _fault(f"limit-{name}")], className="limit-number"), sliding],
        className="limit",
        id=f"search-row-{name}",
    )


def how(form: Form) -> Component:
    """How far to search, and the name of the study."""
    evaluations = dcc.Input(
        id="search-evaluations",
        type="number",
        value=form.evaluations,
        min=1,
        step=1,
        placeholder="what suits the search",
    )
    minutes = dcc.Input(
        id="search-minutes",
        type="number",
        value=form.minutes,
        min=0,
        step="any",
        placeholder="no limit",
    )
    seed = dcc.Input(id="search-seed", type="number", value=form.seed, min=0, step=1)
    name = dcc.Input(id="search-name", value=form.name, debounce=0.2, autoComplete="off")
    return card(
        "How far, and under which name",
        html.Div(
            [
                html.Div([field("Networks to evaluate", evaluations), _fault("evaluations")]),
                html.Div([field("Minutes to search", minutes), _fault("minutes")]),
                html.Div([field("Seed", seed), _fault("seed")]),
                html.Div([field("Name of the study", name), _fault("name")]),
            ],
            className="side-by-side",
        ),
    )


def beside() -> list[Component]:
    """What is feasible, the command, and the button that starts."""
    looking = html.P("Looking at the networks of the space …", id="search-looking", hidden=True)
    return [
        card(
            "What is feasible",
            html.Div(
                [looking, html.Div(id="search-offer")], className="offer", **aria(live="polite")
            ),
        ),
        card(
            "The same in a terminal",
            html.Code(id="search-command", className="command"),
            html.Button(
                "Copy", className="button small", type="button", **data(copies="search-command")
            ),
        ),
        html.Div(
            [
                html.Button(
                    "Start the search", id="search-launch", className="button primary wide"
                ),
                _fault("form"),
            ]
        ),
    ]


def _fault(place: str) -> Component:
    return html.P(id=f"search-fault-{place}", className="field-error", role="alert")
