"""All studies → the first view."""

from __future__ import annotations

from collections.abc import Mapping

from dash.development.base_component import Component

from nas.service.page.dash_app import Page
from nas.service.page.parts import Parts
from nas.service.page.pieces import heading


def layout(parts: Parts, query: Mapping[str, str]) -> Component:
    """The view."""
    return heading("Studies")


def register(page: Page, parts: Parts) -> None:
    """Nothing yet."""
