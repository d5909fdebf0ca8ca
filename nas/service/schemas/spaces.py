"""Spaces in responses: size, choices, and what can be asked of them for nothing."""

from __future__ import annotations

from typing import Self

from pydantic import BaseModel

from nas.accuracy.predictor import shipped_predictors
from nas.search.feasibility import all_free
from nas.space.space import SearchSpace
from nas.space.templates import Value

PREDICTED = ("accuracy", "train_time_s")


class SpaceSummary(BaseModel):
    """A search space.

    `size` is how many networks it has, as digits: it may be beyond what numbers in JSON can say.
    `predicted` are the quantities that a shipped predictor says of its networks.
    """

    name: str
    title: str
    size: str
    decisions: int
    predicted: list[str]

    @classmethod
    def of(cls, space: SearchSpace) -> Self:
        """A space in few words."""
        return cls(
            name=space.name,
            title=space.declaration.title,
            size=str(space.size),
            decisions=len(space.variables),
            predicted=[one for one in PREDICTED if space.name in shipped_predictors(one)],
        )


class Decision(BaseModel):
    """One choice of a space and its values."""

    name: str
    values: list[Value]


class SpaceDetails(SpaceSummary):
    """A space with its choices, and the objectives that are known of its networks for nothing.

    Objectives that depend on a device are named without one; energy needs a device whose model
    knows it.
    """

    source: str
    resolutions: list[int]
    choices: list[Decision]
    feasible_objectives: list[str]

    @classmethod
    def of(cls, space: SearchSpace) -> Self:
        """A space and its choices."""
        costs = ("latency_ms", "energy_mj")
        free = dict.fromkeys((*all_free(space.name, ()), *costs))
        return cls(
            **SpaceSummary.of(space).model_dump(),
            source=space.declaration.source,
            resolutions=list(space.declaration.input.resolution),
            choices=[Decision(name=v.name, values=list(v.values)) for v in space.variables],
            feasible_objectives=list(free),
        )
