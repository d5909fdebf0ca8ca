"""What the models of a study say → cards: which choices matter, and how they change."""

from __future__ import annotations

from collections.abc import Sequence

from dash import html
from dash.development.base_component import Component

from nas.report.choices import choices_view, draw_choices
from nas.report.front import FrontView
from nas.report.importance import METHOD, ImportanceView, draw_importance, top_choices
from nas.report.palette import Theme
from nas.service.page.pieces import card
from nas.service.page.plots import plot

_ROWS = 16  # Choices in the heat map.


def insight_cards(
    view: FrontView, importance: Sequence[ImportanceView], theme: Theme
) -> list[Component]:
    """Which choices matter, and how they change along the front."""
    names = top_choices(importance)[:_ROWS]
    along = draw_choices(choices_view(view, names), theme=theme)
    changes = card(
        "The choices along the front",
        plot("choices", "The choices of the networks of the front", figure=along, height=None),
        note="From the cheapest network on the left to the dearest; pale is the least value of a "
        "choice, deep the greatest, a gap means that it decides nothing there.",
    )
    if not importance:
        text = (
            "Nothing says this yet: more networks must be evaluated, and the space and the device "
            "of the study must be here."
        )
        return [card("Which choices matter", html.P(text, className="quiet")), changes]
    sources = "; ".join(dict.fromkeys(f"{one.objective}: {one.source}" for one in importance))
    figure = draw_importance(importance, theme=theme)
    bars = plot("importance", "What each choice decides", figure=figure, height=440)
    return [card("Which choices matter", bars, note=f"{METHOD}. {sources}."), changes]
