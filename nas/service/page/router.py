"""An address → its view, and a word in place of one that cannot be shown."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from importlib import import_module
from typing import Any, Protocol, cast
from urllib.parse import parse_qsl, unquote

from dash import Input, Output, State
from dash.development.base_component import Component

from nas.errors import UnknownNameError
from nas.service.page import actions, shell, standing
from nas.service.page.dash_app import Page, words_for
from nas.service.page.parts import Parts
from nas.service.page.pieces import PREFIX, empty_state, link_button

Query = Mapping[str, str]
"""What an address says: `study`, `network` or `device` of its path, its search, and `theme`."""


class View(Protocol):
    """A module of one view."""

    def layout(self, parts: Parts, query: Query) -> Component:
        """The view as it is first shown."""

    def register(self, page: Page, parts: Parts) -> None:
        """Its callbacks."""


@dataclass(frozen=True, slots=True)
class Route:
    """Addresses of one view.

    Args:
        pattern: After the prefix.
        module: The view's.
        title: Of the window, with the names in braces that the pattern has.
    """

    pattern: re.Pattern[str]
    module: str
    title: str


ROUTES: Sequence[Route] = (
    Route(re.compile(r""), "studies", "Studies"),
    Route(re.compile(r"new"), "new_search", "New search"),
    Route(re.compile(r"study/(?P<study>[^/]+)"), "front", "{study}"),
    Route(
        re.compile(r"study/(?P<study>[^/]+)/network/(?P<network>[^/]+)"),
        "network",
        "{network} of {study}",
    ),
    Route(re.compile(r"study/(?P<study>[^/]+)/compare"), "compare", "Networks of {study}"),
    Route(re.compile(r"devices"), "devices", "Devices"),
    Route(re.compile(r"devices/(?P<device>[^/]+)"), "device", "{device}"),
)


def register(page: Page, parts: Parts) -> None:
    """Register every view, and show the one that the address names."""
    views = _views()
    for view in views.values():
        view.register(page, parts)
    shell.register(page)
    actions.register(page, parts)
    standing.register(page, parts)

    @page.callback(
        Output("page-view", "children"),
        Output("page-title", "data"),
        Input("page-route", "data"),
        State("page-theme", "data"),
    )
    def show(route: Mapping[str, str] | None, theme: str | None) -> tuple[Any, Any]:
        if not route:
            return [], ""
        return shown(views, parts, route, theme or "light")


def shown(
    views: Mapping[str, View], parts: Parts, route: Mapping[str, str], theme: str
) -> tuple[Component, str]:
    """The view of an address and the title of the window; never nothing."""
    found = find(route.get("path") or "")
    if found is None:
        return _nowhere("There is no such page", "Nothing is at this address."), "Not found"
    place, names = found
    query = {**dict(parse_qsl((route.get("search") or "").removeprefix("?"))), **names}
    try:
        view = views[place.module].layout(parts, {**query, "theme": theme})
    except UnknownNameError as error:
        return _nowhere(f"There is no such {error.kind}", str(error)), "Not found"
    except Exception as error:
        return _nowhere("This cannot be shown", words_for(error)), "Problem"
    return view, place.title.format(**names)


def find(path: str) -> tuple[Route, dict[str, str]] | None:
    """The route of a path and the names in it."""
    rest = path.removeprefix(PREFIX.rstrip("/")).strip("/")
    for route in ROUTES:
        if match := route.pattern.fullmatch(rest):
            return route, {key: unquote(value) for key, value in match.groupdict().items()}
    return None


def _nowhere(title: str, text: str) -> Component:
    return empty_state(title, text, link_button("Go to the studies", PREFIX))


def _views() -> dict[str, View]:
    return {
        route.module: cast(View, import_module(f"{__package__}.{route.module}"))
        for route in ROUTES
    }
