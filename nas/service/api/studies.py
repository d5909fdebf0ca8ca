"""Studies: listed, begun, shown, stopped, resumed and deleted."""

from __future__ import annotations

from typing import Annotated, Any

from fastapi import APIRouter, Body, Query, Response

from nas.service.api.answers import answer
from nas.service.api.parts import Limit, Offset, SearchesPart, StudyName, ViewsPart
from nas.service.schemas.ledger import LedgerOut
from nas.service.schemas.listing import Listing
from nas.service.schemas.studies import StudyDetail, StudyOut, spec_schema
from nas.service.searches import Searches, State
from nas.service.specs import asked_spec
from nas.service.views import Views

router = APIRouter(prefix="/studies", tags=["studies"])

_ASKED = {
    "requestBody": {
        "required": True,
        "content": {"application/json": {"schema": spec_schema()}},
    }
}


@router.get("", summary="List studies, newest first", response_model=Listing[StudyOut])
def list_studies(
    searches: SearchesPart,
    state: Annotated[list[State] | None, Query(description="Only those in one of these.")] = None,
    device: Annotated[str | None, Query(description="Only those for this device.")] = None,
    space: Annotated[str | None, Query(description="Only those of this space.")] = None,
    limit: Limit = 50,
    offset: Offset = 0,
) -> Response:
    """Every study with its state and its counts."""
    found = [StudyOut.of(summary, standing) for summary, standing in searches.all()]
    kept = [
        one
        for one in found
        if (not state or one.state in state)
        and (device is None or one.device == device)
        and (space is None or one.space == space)
    ]
    items = kept[offset : offset + limit]
    return answer(Listing(items=items, total=len(kept), limit=limit, offset=offset))


@router.post("", status_code=201, summary="Begin a study", openapi_extra=_ASKED)
def create_study(
    asked: Annotated[dict[str, Any], Body()],
    searches: SearchesPart,
    views: ViewsPart,
    response: Response,
) -> StudyDetail:
    """Check what is asked, store the study and start its search in a process of its own.

    The search outlives this server, which finds it again.
    """
    study = searches.start(asked_spec(asked))
    response.headers["Location"] = f"/api/v1/studies/{study.name}"
    return _detail(searches, views, study.name)


@router.get("/{study}", summary="Show a study", response_model=StudyDetail)
def show_study(study: StudyName, searches: SearchesPart, views: ViewsPart) -> Response:
    """What was asked for, what became of it, and how far it is."""
    return answer(_detail(searches, views, study))


@router.get("/{study}/ledger", summary="Show what a study took", response_model=LedgerOut)
def show_ledger(study: StudyName, views: ViewsPart) -> Response:
    """Time, energy and CO2e, and estimates of what screening, caching and the like saved."""
    return answer(LedgerOut(**views.ledger(study).to_json()))


@router.post("/{study}/stop", summary="Stop a study")
def stop_study(study: StudyName, searches: SearchesPart, views: ViewsPart) -> StudyDetail:
    """End the process that runs it; all that is on record stays, and it can be resumed."""
    searches.stop(study)
    return _detail(searches, views, study)


@router.post("/{study}/resume", summary="Resume a study")
def resume_study(study: StudyName, searches: SearchesPart, views: ViewsPart) -> StudyDetail:
    """Go on with a study that nobody runs and to which evaluations are owed."""
    searches.resume(study)
    return _detail(searches, views, study)


@router.delete("/{study}", status_code=204, summary="Delete a study")
def delete_study(study: StudyName, searches: SearchesPart) -> None:
    """Remove a study that nobody runs, with everything that it evaluated."""
    searches.delete(study)


def _detail(searches: Searches, views: Views, name: str) -> StudyDetail:
    summary, standing = searches.one(name)
    return StudyDetail.whole(summary, standing, views.progress(summary))
