"""Limits as people write them (`latency_ms@pixel-3<=30`, `max_macs: 3e8`) → bounds by objective.

A bound is the most of something that costs, or the least of something that is better when larger
(accuracy). The keys of study files say which: `max_latency_ms`, `min_accuracy`.
"""

from __future__ import annotations

import math
import re
from collections.abc import Iterable, Mapping
from typing import Annotated

from pydantic import ConfigDict, Field, model_validator

from nas.declarations import Declaration, SchemaRuleError
from nas.errors import InputError, Problem, UnknownNameError, nearest
from nas.pareto import Sense
from nas.search.objectives import OBJECTIVES, find_objective

_Bound = Annotated[float, Field(gt=0, allow_inf_nan=False)]


class Limits(Declaration):
    """Bounds of a study; a network that breaks a known one is never evaluated.

    Besides the keys below, `max_latency_ms@raspberry-pi-4` and the like bound what depends on a
    device there. `min_accuracy` cannot be known before: what falls short is evaluated, recorded
    and kept off the front.
    """

    # Keys with a device are free; these are the ones that a schema can list.
    model_config = ConfigDict(extra="allow")
    __pydantic_extra__: dict[str, _Bound]

    max_latency_ms: _Bound | None = None
    max_energy_mj: _Bound | None = None
    max_peak_memory_bytes: _Bound | None = None
    max_macs: _Bound | None = None
    max_parameters: _Bound | None = None
    max_train_time_s: _Bound | None = None
    min_accuracy: _Bound | None = None

    @model_validator(mode="after")
    def _known_keys(self) -> Limits:
        faults = [fault for key in self.__pydantic_extra__ if (fault := _key_fault(key))]
        if faults:
            raise SchemaRuleError(*faults)
        return self

    def given(self) -> dict[str, float]:
        """The bounds that are set, by key."""
        return {key: float(value) for key, value in self.model_dump(exclude_none=True).items()}

    def by_objective(self) -> dict[str, float]:
        """The most that is allowed of each cost, by the name of the objective."""
        return {
            key.removeprefix("max_"): bound
            for key, bound in self.given().items()
            if key.startswith("max_")
        }

    def about(self, device: str) -> Limits:
        """The same bounds where `@device` is left out for the study's own device.

        Raises:
            SchemaRuleError: if a bound is given with and without it.
        """
        bounds: dict[str, float] = {}
        for key, bound in self.given().items():
            short = key.removesuffix(f"@{device}")
            if short in bounds:
                rule = f"is {short} of the study's own device, which may be given once"
                raise SchemaRuleError(Problem(key, rule, f"{bound:g} and {bounds[short]:g}"))
            bounds[short] = bound
        return Limits.model_validate(bounds)


def _key_fault(key: str) -> Problem | None:
    quantity = key.removeprefix("max_").removeprefix("min_")
    try:
        objective = find_objective(quantity)
    except UnknownNameError:
        objective = None
    if objective is not None and objective.limited and key == objective.limit_name:
        return None
    known = [one.limit_name for one in OBJECTIVES.values() if one.limited]
    close = objective.limit_name if objective and objective.limited else nearest(key, known)
    listed = ", ".join(known)
    return Problem(key, f"unknown limit; limits are {listed}, or end in @DEVICE", repr(key), close)


_LIMIT = re.compile(r"\s*([^<>=\s]+)\s*(<=|>=|=<|=>|[<>=])\s*(\S.*?)\s*")
_VALUE = re.compile(r"([+-]?(?:\d[\d_]*\.?\d*|\.\d+)(?:[eE][+-]?\d+)?)\s*([A-Za-z%]*)")
# What one of the unit is in the unit of the quantity, by what the quantity's name ends in.
_UNITS: Mapping[str, Mapping[str, float]] = {
    "_ms": {"ms": 1.0, "s": 1e3, "us": 1e-3},
    "_mj": {"mJ": 1.0, "J": 1e3, "uJ": 1e-3},
    "_bytes": {
        **{"B": 1.0, "kB": 1e3, "KB": 1e3, "MB": 1e6, "GB": 1e9},
        **{"KiB": 2.0**10, "MiB": 2.0**20, "GiB": 2.0**30},
    },
    "_s": {"s": 1.0, "min": 60.0, "h": 3600.0},
    "accuracy": {"%": 1.0},
    "": {"k": 1e3, "K": 1e3, "M": 1e6, "G": 1e9},
}


def parse_limits(texts: Iterable[str]) -> dict[str, float]:
    """Limits in words → the mapping of a study file's `limits`.

    Args:
        texts: Such as `latency_ms@raspberry-pi-4<=100`, `accuracy>=70`, `energy_mj<=0.3J`,
            `peak_memory_bytes<=2MiB`, `macs<=300M`.

    Raises:
        InputError: if one is not a limit, or bounds what another bounds already.
    """
    limits: dict[str, float] = {}
    for text in texts:
        key, bound = parse_limit(text)
        if key in limits:
            raise InputError(
                f"`{key}` may be given once; got {limits[key]:.10g} and {bound:.10g}; "
                "leave one of them out"
            )
        limits[key] = bound
    return limits


def parse_limit(text: str) -> tuple[str, float]:
    """One limit in words → its key in a study file and its bound.

    Raises:
        InputError: if it is not one, with the nearest that is.
    """
    match = _LIMIT.fullmatch(text)
    if match is None:
        raise InputError(
            "a limit must be an objective, <= or >=, and a number; "
            f"got {text!r}; write it as latency_ms<=30, in quotes"
        )
    name, sign, value = match.groups()
    objective = find_objective(name.removeprefix("max_").removeprefix("min_"))
    if not objective.limited:
        raise InputError(
            f"`{objective.name}` cannot have a limit, as its scale means nothing by itself; "
            f"got {text!r}; limit what networks cost instead"
        )
    right = "<=" if objective.sense is Sense.MINIMIZE else ">="
    if sign not in (right, right[::-1], right[0]):
        better = "less" if right == "<=" else "more"
        raise InputError(
            f"`{objective.name}` is better when it is {better}, so its limit must be written with "
            f"{right}; got {text!r}; write {objective.name}{right}{value}"
        )
    return objective.limit_name, _bound(objective.quantity, value, text)


def _bound(quantity: str, value: str, text: str) -> float:
    ending = next(one for one in _UNITS if quantity.endswith(one))
    units = _UNITS[ending]
    match = _VALUE.fullmatch(value)
    if match is None:
        raise InputError(
            f"the limit of `{quantity}` must be a number, with or without one of the units "
            f"{', '.join(units)}; got {text!r}"
        )
    number, unit = match.groups()
    if unit and unit not in units:
        close = nearest(unit, units)
        raise InputError(
            f"the unit of `{quantity}` must be one of {', '.join(units)}; got {unit!r} in "
            f"{text!r}" + (f"; did you mean {close}?" if close else "")
        )
    bound = float(number) * (units[unit] if unit else 1.0)
    if not 0 < bound < math.inf:
        raise InputError(f"the limit of `{quantity}` must be above 0 and finite; got {text!r}")
    return bound
