"""A fitted predictor ↔ a JSON file that carries its evidence.

The files are `search_spaces/predictors/<space>-<objective>.json`: plain numbers under stable
names, so that the file reads in ten years without this package.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, Any

import numpy as np
from pydantic import Field, model_validator

from nas.accuracy.interactions import InteractionModel, Link, Weights
from nas.declarations import Declaration, SchemaRuleError, check
from nas.errors import ArtefactError, DeclarationError, OutputError, Problem
from nas.space.templates import Value

FORMAT = "nas-accuracy-predictor/1"

_SIGNIFICANT_DIGITS = 6
_Finite = Annotated[float, Field(allow_inf_nan=False)]
_Variance = Annotated[float, Field(ge=0, allow_inf_nan=False)]
_Index = Annotated[int, Field(ge=0)]


class HeldOutFit(Declaration):
    """How well rows that a fit did not see are predicted; mae in the quantity's unit."""

    kendall_tau: float
    r2: float
    mae: float
    median_relative_error: float
    interval_coverage: float


class SeededFit(HeldOutFit):
    """The same for one random split."""

    seed: int


class HeldOut(HeldOutFit):
    """Means over fits that each held a random part of the rows out, and each of them.

    `rows` is how many each fit held out.
    """

    rows: int
    by_seed: tuple[SeededFit, ...]


class Evidence(Declaration):
    """Where a predictor comes from; the shipped model itself is fitted on all samples."""

    source: str
    licence: str
    table_sha256: str
    samples: int
    held_out: HeldOut
    date: str
    versions: dict[str, str]
    notes: str = ""


class VariableValues(Declaration):
    """A variable of the space and its values, in the order of their codes."""

    name: str
    values: tuple[Value, ...]


class _Link(Declaration):
    location: _Finite
    scale: Annotated[float, Field(gt=0, allow_inf_nan=False)]
    curvature: _Finite


class _Intercept(Declaration):
    mean: _Finite
    variance: _Variance


class _Weights(Declaration):
    columns: tuple[tuple[_Index, ...], ...]
    mean: tuple[_Finite, ...]
    variance: tuple[_Variance, ...]


class _Interval(Declaration):
    below: Annotated[float, Field(le=0, allow_inf_nan=False)]
    above: Annotated[float, Field(ge=0, allow_inf_nan=False)]


class _Model(Declaration):
    contrasts: tuple[tuple[tuple[_Finite, ...], ...], ...]
    link: _Link
    intercept: _Intercept
    main: _Weights
    pairs: _Weights
    triples: _Weights
    noise_variance: _Variance
    interval: _Interval

    @model_validator(mode="after")
    def _consistent(self) -> _Model:
        problems = [
            Problem(f"contrasts.{index}", "every level must have as many columns", "a ragged list")
            for index, table in enumerate(self.contrasts)
            if not table or len({len(row) for row in table}) > 1
        ]
        if not problems:
            width = sum(len(table[0]) for table in self.contrasts)
            for order, name in enumerate(("main", "pairs", "triples"), start=1):
                problems += _weight_problems(name, getattr(self, name), order, width)
        if problems:
            raise SchemaRuleError(*problems)
        return self


def _weight_problems(name: str, weights: _Weights, order: int, width: int) -> list[Problem]:
    problems = []
    counts = (len(weights.columns), len(weights.mean), len(weights.variance))
    if len(set(counts)) > 1:
        rule = "columns, mean and variance must have one entry for each weight"
        problems.append(Problem(name, rule, f"{counts}"))
    for columns in weights.columns:
        if len(columns) != order or max(columns) >= width:
            rule = f"must name {order} contrast columns below {width}"
            problems.append(Problem(f"{name}.columns", rule, f"{list(columns)}"))
            break
    return problems


class StoredPredictor(Declaration):
    """The content of a file.

    `networks` are the ids of the networks that the first and the last values build: they prove
    that a space builds what was fitted, beyond the names and values of its variables.
    """

    format: str = Field(pattern=f"^{FORMAT}$")
    space: str
    objective: str
    title: str
    unit: str
    domain: dict[str, int]
    networks: tuple[str, str]
    variables: tuple[VariableValues, ...]
    evidence: Evidence
    model: _Model

    def interactions(self) -> InteractionModel:
        """The fitted model as a value that predicts."""
        stored = self.model
        return InteractionModel(
            contrasts=tuple(np.array(table, dtype=float) for table in stored.contrasts),
            link=Link(stored.link.location, stored.link.scale, stored.link.curvature),
            intercept=(stored.intercept.mean, stored.intercept.variance),
            main=_weights(stored.main, 1),
            pairs=_weights(stored.pairs, 2),
            triples=_weights(stored.triples, 3),
            noise_variance=stored.noise_variance,
            interval=(stored.interval.below, stored.interval.above),
        )


def _weights(stored: _Weights, order: int) -> Weights:
    return Weights(
        columns=np.array(stored.columns, dtype=np.intp).reshape(-1, order),
        mean=np.array(stored.mean, dtype=float),
        variance=np.array(stored.variance, dtype=float),
    )


def model_json(model: InteractionModel) -> dict[str, Any]:
    """The numbers of a model as JSON, to six significant digits."""
    return {
        "contrasts": [_rounded(table) for table in model.contrasts],
        "link": {
            "location": model.link.location,
            "scale": model.link.scale,
            "curvature": model.link.curvature,
        },
        "intercept": {"mean": model.intercept[0], "variance": model.intercept[1]},
        "main": _weights_json(model.main),
        "pairs": _weights_json(model.pairs),
        "triples": _weights_json(model.triples),
        "noise_variance": model.noise_variance,
        "interval": {"below": model.interval[0], "above": model.interval[1]},
    }


def _weights_json(weights: Weights) -> dict[str, Any]:
    return {
        "columns": weights.columns.tolist(),
        "mean": _rounded(weights.mean),
        "variance": _rounded(weights.variance),
    }


def _rounded(numbers: Any) -> Any:
    """Nested lists of numbers to six significant digits."""
    if np.ndim(numbers) > 0:
        return [_rounded(number) for number in numbers]
    return float(f"{numbers:.{_SIGNIFICANT_DIGITS}g}")


def write_predictor(to: Path, document: Mapping[str, Any]) -> Path:
    """Write the content of a `StoredPredictor`, less its format, under `to`; returns the file.

    Raises:
        OutputError: if the file cannot be written.
    """
    file = to / f"{document['space']}-{document['objective']}.json"
    temporary = file.with_suffix(".json.part")
    try:
        file.parent.mkdir(parents=True, exist_ok=True)
        text = _text({"format": FORMAT, **document}, levels=3)
        temporary.write_text(text + "\n", encoding="utf-8")
        temporary.replace(file)
    except OSError as error:
        raise OutputError(f"`{file}` must be writable; {error.strerror}") from None
    return file


def _text(value: Any, *, levels: int, indent: str = "") -> str:
    """JSON with one key per line down to some levels, and lists of numbers on one line."""
    if levels == 0 or not isinstance(value, Mapping):
        return json.dumps(value, separators=(",", ":"), ensure_ascii=False, allow_nan=False)
    inner = indent + " "
    lines = (
        f"{inner}{json.dumps(key)}: {_text(item, levels=levels - 1, indent=inner)}"
        for key, item in value.items()
    )
    return "{\n" + ",\n".join(lines) + f"\n{indent}}}"


def read_predictor(file: Path) -> StoredPredictor:
    """Read what `write_predictor` wrote.

    Raises:
        ArtefactError: naming the file, the place in it and the rule.
    """
    try:
        content = json.loads(file.read_text(encoding="utf-8"))
        return check(content, StoredPredictor, file)
    except DeclarationError as error:
        raise ArtefactError(f"{error}; restore the shipped file") from None
    except (OSError, ValueError) as error:
        raise ArtefactError(
            f"{file}: must be a readable {FORMAT} JSON file; {error}; restore the shipped file"
        ) from None
