"""A study that goes on → the view of its front follows."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from dash import Input, Output, State, no_update

from nas.service.page.dash_app import Page
from nas.service.page.front_table import evaluations, lead
from nas.service.page.parts import Parts


def register(page: Page, parts: Parts) -> None:
    """Look for more evaluations, and for the first network of a front."""

    @page.callback(
        Output("front-until", "max"),
        Output("front-until", "value"),
        Output("front-count", "data"),
        Output("front-lead", "children"),
        Output("front-tick", "disabled"),
        Input("front-tick", "n_intervals"),
        Input("page-acted", "data"),
        State("front-study", "data"),
        State("front-until", "value"),
        State("front-count", "data"),
        prevent_initial_call=True,
    )
    def follow(_tick: int | None, _acted: Any, study: str, until: int, count: int) -> Any:
        summary = parts.store.summary(study)
        running = parts.searches.standing(summary).state in ("starting", "running")
        now = evaluations(summary)
        if now == count:
            return no_update, no_update, no_update, no_update, not running
        value = now if until >= count else no_update
        return now, value, now, lead(parts.views.front(study), now), not running

    @page.callback(
        Output("page-route", "data", allow_duplicate=True),
        Input("front-wait", "n_intervals"),
        State("front-study", "data"),
        State("page-route", "data"),
        prevent_initial_call=True,
    )
    def wait(tick: int | None, study: str, route: Mapping[str, Any]) -> Any:
        """From what says that nothing is there yet, or read yet, to the view."""
        known = parts.views.ready(study)
        view = parts.views.front(study)
        return {**route, "at": tick} if view.front or not known else no_update
