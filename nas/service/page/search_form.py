"""A form of a search → a study's document, the command for the same, and faults by field."""

from __future__ import annotations

import shlex
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from nas.errors import DeclarationError, InputError, UnknownNameError
from nas.search.objectives import find_objective
from nas.search.study import StudySpec
from nas.store import Store

_TABLES = (".csv", ".csv.gz")
OWN_FAULTS = (
    "name",
    "space",
    "device",
    "objectives",
    "evaluator",
    "evaluations",
    "minutes",
    "seed",
)
"""Fields besides limits that a fault may be of."""

_NAME_RULE = "must begin with a letter or a digit, and have only those and . _ - besides"

LIMITED: Sequence[str] = (
    "latency_ms",
    "energy_mj",
    "peak_memory_bytes",
    "macs",
    "parameters",
    "accuracy",
)
"""What the form has a limit for."""

SCALES: Mapping[str, tuple[float, str]] = {
    "latency_ms": (1.0, "ms"),
    "energy_mj": (1.0, "mJ"),
    "peak_memory_bytes": (2.0**20, "MiB"),
    "macs": (1e6, "M"),
    "parameters": (1e6, "M"),
    "accuracy": (1.0, "%"),
}
"""The unit that people see each of them in, and what one of it is."""


@dataclass(frozen=True, slots=True)
class Form:
    """A search as the form has it.

    Args:
        device: Whose costs count.
        space: What is searched.
        objectives: Of the study's own device.
        limits: By quantity, in the unit that people see; None for none.
        evaluator: A table or code that says accuracy; empty for the shipped predictor.
        evaluations: How many networks may be evaluated; None for what suits the search.
        minutes: How long it may search; None for any time.
        seed: Of everything random.
        name: Of the study; empty for one made of space and device.
        kept: What a study that is cloned has and the form does not show.
    """

    device: str
    space: str
    objectives: tuple[str, ...] = ("accuracy", "latency_ms")
    limits: Mapping[str, float | None] = field(default_factory=dict)
    evaluator: str = ""
    evaluations: int | None = None
    minutes: float | None = None
    seed: int | None = 0
    name: str = ""
    kept: Mapping[str, Any] = field(default_factory=dict)


def form_of(spec: StudySpec, name: str) -> Form:
    """The form of a study that exists, for another under a new name."""
    own = {key: value for key, value in spec.limits.given().items() if _quantity(key) in LIMITED}
    given = spec.limits.given()
    others = {
        "objectives": [one for one in spec.objectives if "@" in one],
        "limits": {key: value for key, value in given.items() if key not in own},
        "warm_start": list(spec.warm_start),
        "search": "" if spec.search == "auto" else spec.search,
    }
    limits = {_quantity(key): value / SCALES[_quantity(key)][0] for key, value in own.items()}
    return Form(
        spec.device,
        spec.space,
        tuple(one for one in spec.objectives if "@" not in one),
        limits,
        spec.evaluator or "",
        spec.evaluations,
        spec.minutes,
        spec.seed,
        name,
        {key: value for key, value in others.items() if value},
    )


def free_name(store: Store, stem: str) -> str:
    """A name that no study has: the stem, or with a number behind."""
    taken = {one.study.name for one in store.studies()}
    tries = (f"{stem}-{number}" if number > 1 else stem for number in range(1, len(taken) + 2))
    return next(name for name in tries if name not in taken)


def document(form: Form, default_name: str) -> dict[str, Any]:
    """The study that the form asks for."""
    limits = {}
    for quantity, shown in form.limits.items():
        if shown is not None:
            limits[find_objective(quantity).limit_name] = shown * SCALES[quantity][0]
    asked: dict[str, Any] = {
        "name": form.name.strip() or default_name,
        "space": form.space,
        "device": form.device,
        "objectives": [*form.objectives, *form.kept.get("objectives", ())],
        "limits": {**limits, **form.kept.get("limits", {})},
        "seed": form.seed if form.seed is not None else 0,
    }
    if form.evaluator.strip():
        asked["evaluator"] = form.evaluator.strip()
    if form.evaluations is not None:
        asked["evaluations"] = form.evaluations
    if form.minutes is not None:
        asked["minutes"] = form.minutes
    more = {key: form.kept[key] for key in ("warm_start", "search") if key in form.kept}
    return {**asked, **more}


def command(asked: Mapping[str, Any], database: str = "nas.db") -> str:
    """The `nas search` that starts the same study."""
    words = ["nas", "search", "--name", asked["name"], "--space", asked["space"]]
    words += ["--device", asked["device"]]
    for name in asked["objectives"]:
        words += ["--objective", name]
    for key, bound in asked["limits"].items():
        words += ["--limit", _limit(key, bound)]
    if evaluator := asked.get("evaluator"):
        words += ["--accuracy" if evaluator.endswith(_TABLES) else "--evaluator", evaluator]
    if asked.get("evaluations") is not None:
        words += ["--evaluations", str(asked["evaluations"])]
    if asked.get("minutes") is not None:
        words += ["--minutes", str(asked["minutes"])]
    if asked.get("search"):
        words += ["--search", asked["search"]]
    for source in asked.get("warm_start", ()):
        words += ["--warm-start", source]
    words += ["--seed", str(asked["seed"])]
    if database != "nas.db" and "://" not in database:  # a URL may hold a password
        words += ["--db", database]
    return shlex.join(map(str, words))


def faults(error: InputError) -> dict[str, str]:
    """What is wrong by field of the form; `form` for what is of none."""
    if isinstance(error, DeclarationError):
        found: dict[str, str] = {}
        for one in error.problems:
            place = _field(one.path)
            rule = _NAME_RULE if "pattern" in one.rule and place == "name" else one.rule
            text = f"{rule}; got {one.received}" if place != "form" else str(one)
            found[place] = f"{found[place]}\n{text}" if place in found else text
        return found
    if isinstance(error, UnknownNameError) and error.kind in ("device", "space"):
        return {error.kind: str(error)}
    place = next((one for one in ("evaluator", "name") if str(error).startswith(f"`{one}`")), "")
    return {place or "form": str(error)}


def _field(path: str) -> str:
    first, _, rest = path.partition(".")
    if first == "limits" and _quantity(rest) in LIMITED:
        return f"limit-{_quantity(rest)}"
    return first if first in OWN_FAULTS else "form"


def _quantity(key: str) -> str:
    return key.removeprefix("max_").removeprefix("min_")


def _limit(key: str, bound: float) -> str:
    name, sign = _quantity(key), ">=" if key.startswith("min_") else "<="
    scale, unit = SCALES.get(name, (1.0, ""))
    shown = f"{bound / scale:.10g}"
    if scale == 1.0 or float(shown) * scale != bound:  # what is read back must be the same
        shown, unit = repr(bound), ""
    return f"{name}{sign}{shown}{unit}"
