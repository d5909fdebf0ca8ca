"""What views are made of: headings, tables, states, numbers, empty states, problems."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any
from urllib.parse import quote

from dash import dcc, html
from dash.development.base_component import Component

PREFIX = "/ui/"
"""Of the addresses of all views."""

Content = Any
"""What Dash takes as children: components, words, numbers, and lists of them."""


def heading(title: str, *beside: Component, lead: Content = None) -> Component:
    """The heading of a view, with what can be done beside it."""
    words = [html.H1(title), *([html.P(lead, className="lead")] if lead else [])]
    return html.Div([html.Div(words), html.Div(beside, className="actions")], className="heading")


def card(title: str, *content: Content, id: str | None = None, note: Content = None) -> Component:  # noqa: A002
    """A part of a view with a heading of its own."""
    head = [html.H2(title), *([html.P(note, className="quiet")] if note else [])]
    return html.Section([*head, *content], className="card", **_given(id=id))


def empty_state(title: str, text: Content, *actions: Component) -> Component:
    """What stands where there is nothing yet: what would be here, and how to get it."""
    return html.Div(
        [html.H1(title), html.P(text), html.Div(actions, className="actions")],
        className="empty-state",
    )


def problem(text: str, *, closes: bool = False) -> Component:
    """What went wrong and what to do, where a person looks."""
    button = html.Button(
        "Close", className="button quiet", type="button", **data(closes="page-problem")
    )
    return html.Div([html.P(text), *([button] if closes else [])], className="problem")


def link_button(text: str, to: str, *, strong: bool = True, small: bool = False) -> Component:
    """A link that looks like a button."""
    style = f"button{' primary' if strong else ''}{' small' if small else ''}"
    return html.A(text, href=to, className=style)


def action_button(
    text: str,
    action: str,
    *,
    style: str = "",
    title: str = "",
    disabled: bool = False,
    **more: str,
) -> Component:
    """A button that puts `{"action": action, **more}` into `page-action`.

    With `confirm` it asks first; `confirm_title` is the question, `confirm` what it means.
    """
    return html.Button(
        text,
        type="button",
        className=f"button {style}".strip(),
        disabled=disabled,
        **_given(title=title or None),
        **data(action=action, **more),
    )


def data(**values: str) -> dict[str, Any]:
    """Data attributes."""
    return {f"data-{key.replace('_', '-')}": value for key, value in values.items()}


def aria(**values: str) -> dict[str, Any]:
    """ARIA attributes."""
    return {f"aria-{key}": value for key, value in values.items()}


def state_badge(state: str) -> Component:
    """The state of a study: a word with a sign and a colour."""
    return html.Span(state, className=f"badge {state}")


def table(
    columns: Sequence[Content],
    rows: Sequence[Sequence[Content]],
    *,
    caption: str,
    numeric: Sequence[int] = (),
    first_heads: bool = True,
) -> Component:
    """A table that scrolls inside its box; its first cells head the rows.

    Args:
        columns: Headings.
        rows: Cells.
        caption: What it shows, for those who do not see it.
        numeric: Columns of numbers, which stand right.
        first_heads: Whether the first cell names its row.
    """
    right = set(numeric)

    def cell(index: int, content: Content) -> Component:
        style = "number" if index in right else ""
        if index == 0 and first_heads:
            return html.Th(content, scope="row", className=style)
        return html.Td(content, className=style)

    head = [
        html.Th(column, scope="col", className="number" if index in right else "")
        for index, column in enumerate(columns)
    ]
    body = [html.Tr([cell(i, one) for i, one in enumerate(row)]) for row in rows]
    whole = [
        html.Caption(caption, className="visually-hidden"),
        html.Thead(html.Tr(head)),
        html.Tbody(body),
    ]
    return html.Div(
        html.Table(whole),
        className="table-box",
        tabIndex=0,
        role="region",
        **aria(label=caption),
    )


def field(
    label: str, control: Component, *, hint: Content = None, error_id: str | None = None
) -> Component:
    """A control with its label, a hint, and a place for what is wrong with it."""
    of = getattr(control, "id", None)
    return html.Div(
        [
            html.Label(label, htmlFor=of, className="field-label"),
            *([html.P(hint, className="quiet")] if hint else []),
            control,
            *([html.P(id=error_id, className="field-error", role="alert")] if error_id else []),
        ],
        className="field",
    )


def facts(pairs: Mapping[str, Content]) -> Component:
    """Names and values."""
    parts = [part for name, value in pairs.items() for part in (html.Dt(name), html.Dd(value))]
    return html.Dl(parts, className="facts")


def meter(share: float, label: str) -> Component:
    """How much of something is done, as a bar."""
    return html.Progress(value=f"{share:.4f}", max="1", **aria(label=label))


def sparkline(values: Sequence[float], label: str) -> Component:
    """A curve in a word's space, from 0 to 1."""
    if len(values) < 2:
        return html.Span("–", className="quiet")
    step = 96 / (len(values) - 1)
    points = " ".join(f"{2 + i * step:.1f},{26 - 24 * v:.1f}" for i, v in enumerate(values))
    svg = (
        '<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 100 28"><polyline points="'
        f'{points}" fill="none" stroke="#2a9d76" stroke-width="2" stroke-linejoin="round"/></svg>'
    )
    return html.Img(src=f"data:image/svg+xml,{quote(svg)}", alt=label, width="100", height="28")


def every(seconds: float, id: str, *, running: bool = True) -> Component:  # noqa: A002
    """What asks the server again."""
    return dcc.Interval(id=id, interval=int(seconds * 1000), disabled=not running)


def address(*parts: str, **search: str) -> str:
    """The address of a view: `address("study", name)`."""
    path = PREFIX + "/".join(quote(part, safe="") for part in parts)
    words = "&".join(f"{key}={quote(value, safe=',')}" for key, value in search.items())
    return f"{path}?{words}" if words else path


def _given(**values: Any) -> dict[str, Any]:
    return {key: value for key, value in values.items() if value is not None}
