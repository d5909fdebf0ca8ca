"""Evaluations of studies: what became of each network, page by page."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Query, Response

from nas.service.api.answers import answer
from nas.service.api.parts import StorePart, StudyName, ViewsPart
from nas.service.schemas.evaluations import EvaluationOut, Evaluations
from nas.store import EvaluationState

router = APIRouter(prefix="/studies", tags=["studies"])

MOST_EVALUATIONS = 5_000


@router.get(
    "/{study}/evaluations",
    summary="List the evaluations of a study",
    response_model=Evaluations,
)
def list_evaluations(
    study: StudyName,
    store: StorePart,
    views: ViewsPart,
    state: Annotated[
        EvaluationState | None, Query(description="Only those that ended so.")
    ] = None,
    first: Annotated[
        int, Query(ge=0, le=2**31 - 1, description="Only those with this number or a later one.")
    ] = 0,
    limit: Annotated[
        int, Query(ge=1, le=MOST_EVALUATIONS, description="How many to give at most.")
    ] = 100,
) -> Response:
    """Every network of a study in order, with its values, its choices and what it took."""
    found = store.evaluations(views.study(study).id, state=state, first=first, limit=limit + 1)
    more = found[limit:]
    return answer(
        Evaluations(
            items=list(map(EvaluationOut.of, found[:limit])),
            next=more[0].number if more else None,
            limit=limit,
        )
    )
