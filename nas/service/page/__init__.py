"""The parts of the service → its web page: one Dash application at `/ui/`.

parts       what every view works with
dash_app    Dash on the service's own application: threads for callbacks, words for errors
shell       the frame around every view: header, theme, problems, live connection
router      an address → its view
standing    what becomes of a study, live, above its front
frozen      components that stay as they are → one that a script unfolds
pieces      what views are made of: tables, states, fields, empty states
studies, new_search, front, network, compare, devices, device   the views, one module each
"""

from __future__ import annotations

from fastapi import FastAPI

from nas.service.page.dash_app import Page
from nas.service.page.parts import Parts
from nas.service.page.pieces import PREFIX
from nas.service.page.router import register
from nas.service.page.shell import index_string, layout

__all__ = ["PREFIX", "Page", "Parts", "make_page"]


def make_page(app: FastAPI, parts: Parts) -> Page:
    """Put the page on the application, after every route that is not its own."""
    secured = parts.settings.token is not None
    page = Page(app, prefix=PREFIX, index_string=index_string(secured=secured))
    page.layout = layout()
    register(page, parts)
    page.serve_every_address()
    return page
