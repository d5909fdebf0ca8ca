"""Devices, spaces and objectives → what the form of a new search offers to choose from."""

from __future__ import annotations

from collections.abc import Sequence
from functools import lru_cache
from typing import Any

from dash import html

from nas.accuracy.predictor import shipped_predictors
from nas.report.device import DeviceView
from nas.search.objectives import OBJECTIVES
from nas.service.device_views import device_views, known_device
from nas.space.catalog import find_space, space_names

_RAISED = str.maketrans("0123456789", "⁰¹²³⁴⁵⁶⁷⁸⁹")
_KINDS = {"gpu": "GPU", "cpu": "CPU", "npu": "NPU", "mcu": "MCU"}


def device_options(words: str, chosen: str | None) -> list[dict[str, Any]]:
    """The devices that have a model and all the words, and the chosen one before them."""
    found = [view for view in device_views(words.split()) if view.chosen is not None]
    if chosen:
        first = known_device(chosen)
        found = [first, *(view for view in found if view.name != first.name)]
    return [{"label": device_label(view), "value": view.name} for view in found]


def device_label(view: DeviceView) -> Any:
    """A device with its runtime and how far its predictions are off."""
    model = view.chosen
    assert model is not None, "only devices with a model are offered"
    key, error = model.stored.model.key, model.latency_error.median
    kind = _KINDS.get(view.kind, view.kind)
    facts = [kind, f"{key.runtime} {key.precision.value}", *(["energy"] if model.energy else [])]
    return html.Span(
        [
            html.Span(
                [
                    html.B(view.title),
                    html.Span(" · ".join(filter(None, facts)), className="quiet"),
                ],
                className="option-words",
            ),
            html.Span(f"± {error:.1%}", className="option-figure", title="Median latency error"),
        ],
        className="option",
    )


@lru_cache(maxsize=1)
def space_options() -> list[dict[str, Any]]:
    """The shipped spaces; those whose accuracy is known for nothing first."""
    known = sorted(space_names(), key=lambda name: (not has_predictor(name), name))
    return [{"label": _space_label(name), "value": name} for name in known]


def _space_label(name: str) -> Any:
    space = find_space(name)
    known = "accuracy predicted" if has_predictor(name) else "bring accuracies"
    return html.Span(
        [
            html.Span(
                [
                    html.B(name),
                    html.Span(f"{space.declaration.title}; {known}", className="quiet"),
                ],
                className="option-words",
            ),
            html.Span(f"{large(space.size)} networks", className="option-figure"),
        ],
        className="option",
    )


def large(count: int) -> str:
    """A count of networks, in powers of ten where it is long."""
    if count < 1_000_000:
        return f"{count:,}"
    digits, _, power = f"{count:.1e}".partition("e+")
    return f"{digits} × 10{power.lstrip('0').translate(_RAISED)}"


def has_predictor(space: str) -> bool:
    """Whether a predictor of its accuracy is shipped."""
    return space in shipped_predictors("accuracy")


def objective_options(device: str | None, space: str | None) -> list[dict[str, Any]]:
    """What a search may aim for; energy and training time only where they are known."""
    energy = bool(device and (model := known_device(device).chosen) and model.energy)
    training = bool(space and space in shipped_predictors("train_time_s"))
    off = {"energy_mj": not energy, "train_time_s": not training}
    return [
        {"label": one.title, "value": one.quantity, "disabled": off.get(one.quantity, False)}
        for one in OBJECTIVES.values()
        if one.limited  # A score needs pictures, which are no part of the form.
    ]


def allowed_objectives(chosen: Sequence[str], device: str | None, space: str | None) -> list[str]:
    """Those of the chosen that this device and space know."""
    options = objective_options(device, space)
    off = {one["value"] for one in options if one["disabled"]}
    return [name for name in chosen if name not in off]
