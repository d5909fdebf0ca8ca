"""Fronts in responses: networks with their values, and how a front grew."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict
from typing import Annotated

from pydantic import BaseModel, WithJsonSchema

from nas.report.front import FrontView, Point, Reference, thinned
from nas.report.importance import ImportanceView
from nas.service.schemas.studies import ObjectiveOut


class PointOut(BaseModel):
    """An evaluated network; `number` is its place in the study, counted from 0."""

    number: int
    id: str
    architecture: str
    values: dict[str, float]
    choices: dict[str, int | float | str]

    @classmethod
    def of(cls, point: Point) -> PointOut:
        """From a view."""
        return cls.model_construct(
            number=point.number,
            id=point.id,
            architecture=point.text,
            values=dict(point.values),
            choices=dict(point.choices),
        )


class ReferenceOut(BaseModel):
    """A published network, costed by the study's models."""

    name: str
    title: str
    costs: dict[str, float]

    @classmethod
    def of(cls, reference: Reference) -> ReferenceOut:
        """From a view."""
        return cls(name=reference.name, title=reference.title, costs=dict(reference.costs))


class FrontOut(BaseModel):
    """A study's front, best first objective first.

    `evaluated` networks were complete by then; `dominated` are some of those that are not on the
    front, as many as were asked for, spread over the search.
    """

    study: str
    space: str
    device: str
    limits: dict[str, float]
    floors: dict[str, float]
    objectives: list[ObjectiveOut]
    evaluated: int
    front: list[PointOut]
    dominated: list[PointOut]
    references: list[ReferenceOut]

    @classmethod
    def of(cls, view: FrontView, *, dominated: int) -> FrontOut:
        """A view in plain values."""
        kept = thinned(view.dominated, dominated) if dominated else []
        return cls.model_construct(
            study=view.study,
            space=view.space,
            device=view.device,
            limits=dict(view.limits),
            floors=dict(view.floors),
            objectives=list(map(ObjectiveOut.of, view.objectives)),
            evaluated=len(view.front) + len(view.dominated),
            front=list(map(PointOut.of, view.front)),
            dominated=[PointOut.of(view.dominated[index]) for index in kept],
            references=list(map(ReferenceOut.of, view.references)),
        )


class HypervolumeOut(BaseModel):
    """How a front grew: its `hypervolume` after so many `evaluations`.

    From 0 to 1, where objectives are scaled to the range of all that the study evaluated, costs
    in logarithm: it shows how a search went, and compares with that of no other study.
    """

    study: str
    evaluations: list[int]
    hypervolume: list[float]


# As a list of two, which every reader of the document knows; not all know the form of tuples.
_Bounds = Annotated[
    tuple[float, float],
    WithJsonSchema({"type": "array", "items": {"type": "number"}, "minItems": 2, "maxItems": 2}),
]


class IntervalsOut(BaseModel):
    """Where numbers of a front lie nine times in ten, by objective and by network's id.

    Of a long front, 300 networks evenly along it; objectives that are exact, or of which nothing
    is known, are left out.
    """

    study: str
    intervals: dict[str, dict[str, _Bounds]]


class ChoiceOut(BaseModel):
    """What one choice decides of an objective's variance, from 0 to 1: alone, and in all."""

    choice: str
    alone: float
    total: float


class ObjectiveImportance(BaseModel):
    """How much the choices of a space decide of one objective, the most decisive first.

    `source` is what was asked for values.
    """

    objective: str
    source: str
    choices: list[ChoiceOut]


class ImportanceOut(BaseModel):
    """Which choices matter: Sobol indices over networks with every choice drawn evenly."""

    study: str
    objectives: list[ObjectiveImportance]

    @classmethod
    def of(cls, study: str, views: Sequence[ImportanceView]) -> ImportanceOut:
        """Views in plain values."""
        return cls(
            study=study,
            objectives=[
                ObjectiveImportance(
                    objective=view.objective,
                    source=view.source,
                    choices=[ChoiceOut(**asdict(share)) for share in view.shares],
                )
                for view in views
            ],
        )
