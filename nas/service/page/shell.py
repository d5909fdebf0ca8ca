"""The frame around every view: header, theme, problems, and what listens to the address."""

from __future__ import annotations

from importlib.resources import files

from dash import Input, Output, dcc, html
from dash.development.base_component import Component

from nas.service.page.dash_app import Page
from nas.service.page.pieces import PREFIX

_LOGOUT = """
    <footer class="page-footer">
      <form method="post" action="/logout"><button class="button quiet">Log out</button></form>
    </footer>"""


def index_string(*, secured: bool) -> str:
    """The HTML in which views are drawn; what is in it is there before any script has run.

    Args:
        secured: Whether people log in, and so may want to log out.
    """
    text = (files("nas.service.page") / "index.html").read_text(encoding="utf-8")
    return text.replace("PREFIX", PREFIX).replace("LOGOUT", _LOGOUT if secured else "")


def layout() -> Component:
    """What is there whatever the view.

    `page-theme` holds "light" or "dark", and changes when a person switches it: figures are
    callbacks with it among their inputs. `page-action` holds what a button with `data-action`
    asks for, and `page-acted` what was done.
    """
    return html.Div(
        [
            dcc.Location(id="page-address", refresh=False),
            dcc.Store(id="page-route"),
            dcc.Store(id="page-theme"),
            dcc.Store(id="page-title"),
            dcc.Store(id="page-action"),
            dcc.Store(id="page-acted"),
            html.Div(id="page-problem", role="alert"),
            html.Div(id="page-view", className="page-view"),
        ]
    )


def register(page: Page) -> None:
    """Follow the address, and name the window after the view."""
    page.clientside(
        "route",
        Output("page-route", "data"),
        Output("page-theme", "data"),
        Output("page-problem", "children", allow_duplicate=True),
        Input("page-address", "pathname"),
        Input("page-address", "search"),
        prevent_initial_call="initial_duplicate",
    )
    page.clientside(
        "named", Output("page-title", "modified_timestamp"), Input("page-title", "data")
    )
