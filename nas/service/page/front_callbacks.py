"""What a person does in the view of a front → what changes in it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from dash import ALL, Input, Output, Patch, State, ctx, no_update
from dash.development.base_component import Component

from nas.errors import NasError
from nas.report.front import FrontView
from nas.report.growth import draw_growth, mark
from nas.report.importance import ImportanceView, top_choices
from nas.report.palette import Theme
from nas.report.panel import Intervals
from nas.service.insights import Insights
from nas.service.page import front_live, plots
from nas.service.page.dash_app import Page
from nas.service.page.front_controls import bounds, chosen_ranges, range_words, until_words
from nas.service.page.front_figure import Kind, Shown, front_figure, moved, turned
from nas.service.page.front_insights import insight_cards
from nas.service.page.front_table import (
    brushed,
    compare_link,
    filtered,
    front_table,
)
from nas.service.page.parts import Parts
from nas.service.page.plots import plot_id

_LINES = 5  # Choices with an axis among the parallel lines.


def register(page: Page, parts: Parts) -> None:
    """Every callback of the view."""
    insights = parts.insights
    plots.register(page)
    _draws(page, parts, insights)
    _filters(page, parts)
    _tables(page, parts)
    _beside(page, parts, insights)
    front_live.register(page, parts)
    page.clientside(
        "opened",
        Output("page-address", "pathname", allow_duplicate=True),
        Input(plot_id("front"), "clickData"),
        State("page-address", "pathname"),
        prevent_initial_call=True,
    )
    page.clientside(
        "faded",
        Output("front-kept", "modified_timestamp"),
        Input("front-kept", "data"),
        prevent_initial_call=True,
    )


def _draws(page: Page, parts: Parts, insights: Insights) -> None:
    @page.callback(
        Output(plot_id("front"), "figure"),
        Output("front-until-words", "children"),
        Input("front-kind", "value"),
        Input("front-x", "value"),
        Input("front-y", "value"),
        Input("front-z", "value"),
        Input("front-options", "value"),
        Input("page-theme", "data"),
        Input("front-until", "value"),
        State("front-kept", "data"),
        State("front-study", "data"),
        State("front-count", "data"),
        prevent_initial_call=True,
    )
    def draw(
        kind: Kind, x: str, y: str, z: str, options: Sequence[str], theme: Theme | None,
        until: int, kept: Sequence[str] | None, study: str, count: int,
    ) -> Any:  # fmt: skip
        shown = Shown(kind, x, y, z, "dominated" in options, theme or "light")
        view = _as_it_was(parts, study, until, count)
        intervals = insights.intervals(study) if "intervals" in options else None
        why = set(ctx.triggered_prop_ids.values())
        said: Any = until_words(until, count) if "front-until" in why else no_update
        if kind != "2d" and why == {"front-until"}:
            return no_update, said  # `refilter` draws it, once it is known what the filters leave
        # A search that goes on may need more room than the figure has; a front that was does not.
        if kind == "2d" and why == {"front-until"} and until < count:
            return moved(view, shown, intervals), said
        if kind == "2d" and why == {"front-options"}:
            return turned(view, shown, intervals), said
        return whole(view, shown, intervals, kept), said

    @page.callback(
        Output(plot_id("front"), "figure", allow_duplicate=True),
        Input("front-kept", "data"),
        Input("front-until-words", "children"),
        State("front-kind", "value"),
        State("front-x", "value"),
        State("front-y", "value"),
        State("front-z", "value"),
        State("front-options", "value"),
        State("page-theme", "data"),
        State("front-until", "value"),
        State("front-study", "data"),
        State("front-count", "data"),
        prevent_initial_call=True,
    )
    def refilter(
        kept: Sequence[str] | None, _moved: str, kind: Kind, x: str, y: str, z: str,
        options: Sequence[str], theme: Theme | None, until: int, study: str, count: int,
    ) -> Any:  # fmt: skip
        if kind == "2d":
            return no_update  # the browser fades what filters leave out
        shown = Shown(kind, x, y, z, "dominated" in options, theme or "light")
        view = _as_it_was(parts, study, until, count)
        return whole(view, shown, None, kept)

    def whole(
        view: FrontView, shown: Shown, intervals: Intervals | None, kept: Sequence[str] | None
    ) -> Any:
        lines = shown.kind == "lines"
        return front_figure(
            view,
            shown,
            frame=insights.frame(view.study),
            intervals=intervals,
            kept=None if kept is None else frozenset(kept),
            choices=top_choices(_importance(insights, view.study))[:_LINES] if lines else (),
        )

    @page.callback(
        Output("front-z-field", "hidden"),
        Output("front-x-field", "hidden"),
        Output("front-y-field", "hidden"),
        Output("front-options-field", "hidden"),
        Input("front-kind", "value"),
    )
    def axes(kind: Kind) -> tuple[bool, bool, bool, bool]:
        lines = kind == "lines"
        return kind != "3d", lines, lines, lines


def _as_it_was(parts: Parts, study: str, until: int, count: int) -> FrontView:
    """The front where the slider stands; as it is where that is the end."""
    return parts.views.front(study, until=None if until >= count else until)


def _importance(insights: Insights, study: str) -> Sequence[ImportanceView]:
    """Nothing where the space or a device of the study is not what it was."""
    try:
        return insights.importance(study)
    except NasError:
        return ()


def _filters(page: Page, parts: Parts) -> None:
    @page.callback(
        Output("front-kept", "data"),
        Output({"type": "front-range-words", "name": ALL}, "children"),
        Input({"type": "front-range", "name": ALL}, "value"),
        Input(plot_id("front"), "selectedData"),
        Input("front-until", "value"),
        State({"type": "front-range", "name": ALL}, "id"),
        State("front-x", "value"),
        State("front-y", "value"),
        State("front-study", "data"),
        State("front-count", "data"),
        State("front-kept", "data"),
        prevent_initial_call=True,
    )
    def keep(
        values: Sequence[Any], selected: Any, until: int, ids: Sequence[Mapping[str, str]],
        x: str, y: str, study: str, count: int, before: Sequence[str] | None,
    ) -> Any:  # fmt: skip
        now = parts.views.front(study)
        ranges = chosen_ranges(now, values, ids)
        view = _as_it_was(parts, study, until, count)
        kept = filtered(view, ranges, brushed(selected, view, x, y))
        names = [own["name"] for own in ids]
        said = [range_words(name, ranges.get(name) or bounds(now, name)) for name in names]
        if kept is None:
            return no_update if before is None else None, said
        return sorted(kept), said


def _tables(page: Page, parts: Parts) -> None:
    @page.callback(
        Output("front-sort", "data"),
        Output("front-page", "data", allow_duplicate=True),
        Input({"type": "front-sort", "name": ALL}, "n_clicks"),
        State("front-sort", "data"),
        prevent_initial_call=True,
    )
    def sort(clicks: Sequence[int | None], now: Mapping[str, Any]) -> Any:
        if not any(clicks) or not isinstance(ctx.triggered_id, Mapping):
            return no_update, no_update
        name = ctx.triggered_id["name"]
        turned = now["name"] == name and not now["descending"]
        return {"name": name, "descending": turned}, 0

    @page.callback(
        Output("front-page", "data"),
        Input({"type": "front-turn", "step": ALL}, "n_clicks"),
        State("front-page", "data"),
        prevent_initial_call=True,
    )
    def turn(clicks: Sequence[int | None], now: int) -> Any:
        if not any(clicks) or not isinstance(ctx.triggered_id, Mapping):
            return no_update
        return max(0, now + int(ctx.triggered_id["step"]))

    # The browser picks: of two quick clicks, the second knows what the first did.
    page.clientside(
        "picked", Output("front-picked", "modified_timestamp"), Input("front-picked", "data")
    )

    @page.callback(
        Output("front-compare", "children"),
        Input("front-picked", "data"),
        State("front-study", "data"),
        prevent_initial_call=True,
    )
    def link(picked: Sequence[str], study: str) -> Component:
        return compare_link(study, picked)

    @page.callback(
        Output("front-table", "children"),
        Input("front-kept", "data"),
        Input("front-until-words", "children"),  # what the slider moves comes after the figure
        Input("front-sort", "data"),
        Input("front-page", "data"),
        Input("front-picked", "data"),
        State("front-until", "value"),
        State("front-study", "data"),
        State("front-count", "data"),
        prevent_initial_call=True,
    )
    def fill(
        kept: Sequence[str] | None, _moved: str, order: Mapping[str, Any], leaf: int,
        picked: Sequence[str], until: int, study: str, count: int,
    ) -> Component:  # fmt: skip
        return front_table(
            _as_it_was(parts, study, until, count),
            kept=None if kept is None else frozenset(kept),
            sort=order["name"],
            descending=order["descending"],
            page=leaf,
            picked=picked,
        )


def _beside(page: Page, parts: Parts, insights: Insights) -> None:
    @page.callback(
        Output(plot_id("growth"), "figure"),
        Input("front-until-words", "children"),
        Input("page-theme", "data"),
        State("front-until", "value"),
        State("front-study", "data"),
        State("front-count", "data"),
    )
    def grow(_moved: str, theme: Theme | None, until: int, study: str, count: int) -> Any:
        at = until if until < count else None
        if set(ctx.triggered_prop_ids.values()) == {"front-until-words"}:
            change = Patch()
            change["layout"]["shapes"] = mark(at, theme or "light")
            return change
        return draw_growth(parts.views.growth(study), theme=theme or "light", at=at)

    @page.callback(
        Output("front-insights", "children"),
        Input("page-theme", "data"),
        Input("front-study", "data"),
    )
    def think(theme: Theme | None, study: str) -> Any:
        view = parts.views.front(study)
        return insight_cards(view, _importance(insights, study), theme or "light")
