"""A study file (`studies/*.yaml`) or command-line options → StudySpec: what to search for."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, Literal

from pydantic import Field, model_validator

from nas.declarations import Declaration, SchemaRuleError, check, load
from nas.errors import Problem, UnknownNameError
from nas.resources import folder

ObjectiveName = Literal[
    "accuracy",
    "train_time_s",
    "latency_ms",
    "energy_mj",
    "peak_memory_bytes",
    "macs",
    "parameters",
]
_Limit = Annotated[float, Field(gt=0, allow_inf_nan=False)]


class Limits(Declaration):
    """Most of each cost that a network may need; a network over a limit is never evaluated."""

    max_latency_ms: _Limit | None = None
    max_energy_mj: _Limit | None = None
    max_peak_memory_bytes: _Limit | None = None
    max_macs: _Limit | None = None
    max_parameters: _Limit | None = None

    def by_objective(self) -> dict[str, float]:
        """The limits that are set, by the name of the objective that they bound."""
        given = self.model_dump(exclude_none=True)
        return {name.removeprefix("max_"): float(value) for name, value in given.items()}


class StudySpec(Declaration):
    """What to search for.

    `space` is the name of a shipped space or a path to a YAML file; `evaluations` counts networks
    whose accuracy was asked for.
    """

    name: Annotated[str, Field(pattern=r"^[A-Za-z0-9][A-Za-z0-9._-]*$", max_length=100)]
    space: str
    device: str
    objectives: Annotated[tuple[ObjectiveName, ...], Field(min_length=1)] = (
        "accuracy",
        "latency_ms",
    )
    limits: Limits = Limits()
    evaluations: Annotated[int, Field(ge=1, le=10_000_000)] = 1000
    seed: Annotated[int, Field(ge=0, le=2**32 - 1)] = 0

    @model_validator(mode="after")
    def _distinct(self) -> StudySpec:
        for index, name in enumerate(self.objectives):
            if name in self.objectives[:index]:
                rule = "objectives must differ"
                raise SchemaRuleError(Problem(f"objectives.{index}", rule, f"{name!r} twice"))
        return self


def study_names() -> list[str]:
    """Names of the shipped study files."""
    return sorted(file.stem for file in folder("studies").glob("*.yaml"))


def load_study(name: str) -> StudySpec:
    """A study file by path, or a shipped one by name.

    Raises:
        UnknownNameError: if it is neither.
        DeclarationError: with every fault in the file.
    """
    if name in study_names():
        return load(folder("studies") / f"{name}.yaml", StudySpec)
    if name.endswith((".yaml", ".yml")) or Path(name).is_file():
        return load(Path(name), StudySpec)
    raise UnknownNameError("study file", name, study_names())


def study_from_options(options: Mapping[str, object]) -> StudySpec:
    """A study from options named as the keys of a study file."""
    return check(dict(options), StudySpec, "command line")
