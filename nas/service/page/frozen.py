"""Components that stay as they are → one component, which a script of ours unfolds.

Why: Dash keeps a wrapper around every component, which takes a browser a third of a millisecond
each; a table of a hundred devices is a thousand of them.
"""

from __future__ import annotations

import json
from typing import Any

from dash import html
from dash.development.base_component import Component

from nas.service.page.pieces import data

_OWN = "dash_html_components"


def frozen(component: Component) -> Component:
    """The same for the eye; nothing in it may have an id, or be the output of a callback."""
    told = json.dumps(_told(component), ensure_ascii=False, separators=(",", ":"))
    return html.Div(**data(frozen=told))


def _told(part: Any) -> Any:
    """A component as `[tag, attributes, children]`, and words as they are."""
    if part is None:
        return ""
    if isinstance(part, list | tuple):
        return [None, {}, list(map(_told, part))]
    if not isinstance(part, Component):
        return str(part)
    written = part.to_plotly_json()  # type: ignore[no-untyped-call]
    props = dict(written["props"])
    assert written["namespace"] == _OWN and "id" not in props, "only what stays can be frozen"
    return [str(written["type"]).lower(), props, _children(props.pop("children", None))]


def _children(given: Any) -> list[Any]:
    parts = given if isinstance(given, list | tuple) else [given]
    return [_told(part) for part in parts if part is not None]
