"""Fronts of studies: as they are, as they were, and how they grew."""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache
from typing import Annotated, Literal

from fastapi import APIRouter, Header, Query, Response

from nas.report.csv_text import csv_text
from nas.report.front import FrontView
from nas.service.api.answers import answer
from nas.service.api.parts import InsightsPart, StudyName, ViewsPart
from nas.service.schemas.fronts import FrontOut, HypervolumeOut, ImportanceOut, IntervalsOut

router = APIRouter(prefix="/studies", tags=["fronts"])

MOST_DOMINATED = 2_000

Until = Annotated[
    int | None,
    Query(ge=0, le=2**31 - 1, description="As it was after so many evaluations, by number."),
]


@router.get(
    "/{study}/front",
    summary="The front of a study",
    response_model=FrontOut,
    responses={200: {"content": {"text/csv": {"schema": {"type": "string"}}}}},
)
def show_front(
    study: StudyName,
    views: ViewsPart,
    until: Until = None,
    dominated: Annotated[
        int, Query(ge=0, le=MOST_DOMINATED, description="How many of the others to give at most.")
    ] = 0,
    format: Annotated[
        Literal["json", "csv"] | None, Query(description="Without it, as `Accept` says.")
    ] = None,
    accept: Annotated[str, Header(include_in_schema=False)] = "",
) -> Response:
    """Every network that no other beats, with its objectives and its choices.

    A study without a front has an empty one.
    """
    view = views.front(study, until=until)
    if (format or _preferred(accept)) == "csv":
        return Response(csv_text(view), media_type="text/csv", headers={"Vary": "Accept"})
    encode = _encoded if until is None else _encoded.__wrapped__
    return answer(encode(_Same(view), dominated), Vary="Accept")


@router.get(
    "/{study}/hypervolume", summary="How the front of a study grew", response_model=HypervolumeOut
)
def show_hypervolume(study: StudyName, views: ViewsPart) -> Response:
    """The hypervolume over evaluations, in 500 steps at most."""
    steps = views.growth(study)
    return answer(
        HypervolumeOut(
            study=study,
            evaluations=[count for count, _ in steps],
            hypervolume=[volume for _, volume in steps],
        )
    )


@router.get(
    "/{study}/intervals",
    summary="How sure the numbers of a front are",
    response_model=IntervalsOut,
)
def show_intervals(study: StudyName, insights: InsightsPart) -> Response:
    """The 90% intervals of predicted objectives."""
    return answer(IntervalsOut(study=study, intervals=insights.intervals(study)))


@router.get(
    "/{study}/importance", summary="Which choices matter in a study", response_model=ImportanceOut
)
def show_importance(study: StudyName, insights: InsightsPart) -> Response:
    """How much each choice decides of every objective; empty while too little was evaluated."""
    return answer(ImportanceOut.of(study, insights.importance(study)))


@dataclass(frozen=True, slots=True, eq=False)
class _Same:
    """A view that equals itself alone: comparing thousands of points takes longer than telling."""

    view: FrontView

    def __eq__(self, other: object) -> bool:
        return isinstance(other, _Same) and other.view is self.view

    def __hash__(self) -> int:
        return id(self.view)


@lru_cache(maxsize=8)
def _encoded(same: _Same, dominated: int) -> bytes:
    """A front as JSON; as long as a study stays as it is, so does its view."""
    return FrontOut.of(same.view, dominated=dominated).model_dump_json().encode()


def _preferred(accept: str) -> str:
    """The format that comes first in an Accept header; weights do not matter between two."""
    kinds = [part.partition(";")[0].strip() for part in accept.split(",")]
    return "csv" if "text/csv" in kinds and "application/json" not in kinds else "json"
