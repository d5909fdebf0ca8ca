"""Buttons that act on a study, on whichever view they are → what the service does, and where next.

A button of `pieces.action_button` says `stop`, `resume`, `delete` or `begin` and the study. What
was done stands in `page-acted`, which views have among their inputs to show it at once.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from typing import Any

from dash import Input, Output, State, set_props

from nas.errors import UnknownNameError
from nas.search.study import load_study, study_names
from nas.service.page.dash_app import Page
from nas.service.page.parts import Parts
from nas.service.page.pieces import PREFIX, action_button, address, link_button
from nas.service.page.study_rows import StudyRow


def register(page: Page, parts: Parts) -> None:
    """Do what a button asks for."""

    @page.callback(
        Output("page-acted", "data"),
        Input("page-action", "data"),
        State("page-address", "pathname"),
        prevent_initial_call=True,
    )
    def act(asked: Mapping[str, str], path: str) -> dict[str, Any]:
        study = str(asked.get("study", ""))
        to = acted(parts, str(asked.get("action")), study)
        if to is not None and to != path:
            set_props("page-address", {"pathname": to, "search": ""})
        return {"action": asked.get("action"), "study": study, "at": time.time()}


def acted(parts: Parts, action: str, study: str) -> str | None:
    """Do it, and give the address to go to, if it is not to stay.

    Raises:
        NasError: if it cannot be done, with the reason.
    """
    does: Mapping[str, Callable[[Parts, str], str | None]] = {
        "stop": _stop,
        "resume": _resume,
        "delete": _delete,
        "begin": _begin,
    }
    if action not in does:
        raise UnknownNameError("action", action, does)
    return does[action](parts, study)


def _stop(parts: Parts, study: str) -> None:
    parts.searches.stop(study)


def _resume(parts: Parts, study: str) -> None:
    parts.searches.resume(study)


def _delete(parts: Parts, study: str) -> str:
    parts.searches.delete(study)
    return PREFIX


def _begin(parts: Parts, study: str) -> str:
    """Start a shipped study; any other name would be a path."""
    if study not in study_names():
        raise UnknownNameError("study", study, study_names())
    spec = load_study(study)
    parts.searches.start(spec)
    return address("study", spec.name)


def buttons(row: StudyRow) -> list[Any]:
    """What can be done with a study now."""
    clone = link_button("Clone", address("new", **{"from": row.name}), strong=False, small=True)
    if row.at_work:
        return [action_button("Stop", "stop", style="small", study=row.name), clone]
    resume = action_button("Resume", "resume", style="small", study=row.name)
    delete = action_button(
        "Delete",
        "delete",
        style="small danger",
        study=row.name,
        confirm_title=f"Delete {row.name}?",
        confirm="Everything that it evaluated is removed. This cannot be undone.",
    )
    return [*([] if row.standing.state == "finished" else [resume]), clone, delete]
