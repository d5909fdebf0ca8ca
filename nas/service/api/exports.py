"""Exports: a network as a zip of files that stand alone, a study as a page that does."""

from __future__ import annotations

import re
from datetime import UTC, datetime
from typing import Annotated

from fastapi import APIRouter, Path, Query, Response
from fastapi.responses import HTMLResponse

from nas.errors import NasError
from nas.export.objectives import predicted_costs
from nas.report.study_page import StudyReport, study_page
from nas.service.api.networks import NetworkId
from nas.service.api.parts import InsightsPart, StorePart, StudyName, ViewsPart, WorkshopsPart
from nas.service.archives import archive_of_study, network_archive
from nas.service.given import given_network
from nas.service.schemas.feasibility import Name

router = APIRouter(tags=["exports"])


class ZipResponse(Response):
    """A zip to save."""

    media_type = "application/zip"

    @classmethod
    def of(cls, identity: str, content: bytes) -> ZipResponse:
        """The archive of a network, under a name of ours."""
        name = f'attachment; filename="network-{identity}.zip"'
        return cls(content, headers={"Content-Disposition": name})


@router.get(
    "/architectures/{id}/export", summary="Export an architecture", response_class=ZipResponse
)
def export_architecture(
    identity: NetworkId,
    store: StorePart,
    workshops: WorkshopsPart,
    devices: Annotated[
        list[Name] | None,
        Query(alias="device", max_length=32, description="Predict costs there for the README."),
    ] = None,
) -> ZipResponse:
    """PyTorch, ONNX, JSON and a README as a zip, with freshly initialised weights."""
    given = given_network(identity, store)
    objectives = predicted_costs(given.architecture, devices or [])
    content = network_archive(workshops.archives, given.architecture, given.title, objectives)
    return ZipResponse.of(given.architecture.id, content)


@router.get(
    "/studies/{study}/networks/{id}/export",
    summary="Export a network of a study",
    response_class=ZipResponse,
)
def export_of_study(
    study: StudyName,
    identity: Annotated[
        str,
        Path(
            alias="id",
            min_length=1,
            max_length=200,
            description="An id in the study, or knee, fastest, most-accurate, a row of its front.",
        ),
    ],
    store: StorePart,
    views: ViewsPart,
    workshops: WorkshopsPart,
) -> ZipResponse:
    """The same, with what the study knows of it in the README.

    Where the study measured accuracy on pictures that are still there, with the weights that the
    network was judged by, and with what trains it further.
    """
    record, view = store.study(study), views.front(study)
    return ZipResponse.of(*archive_of_study(workshops.archives, view, record, identity))


@router.get(
    "/studies/{study}/report", summary="Export a study as a page", response_class=HTMLResponse
)
def export_report(
    study: StudyName, store: StorePart, views: ViewsPart, insights: InsightsPart
) -> HTMLResponse:
    """One HTML file that stands alone: what was asked, what came of it, and what it rests on."""
    summary, view = store.summary(study), views.front(study)
    try:
        importance = insights.importance(study) if view.front else ()
    except NasError:  # The space or a device went since.
        importance = ()
    report = StudyReport(
        view,
        summary.study.spec,
        views.growth(study),
        importance,
        views.progress(summary).spent,
        views.ledger(study),
        datetime.now(UTC),
    )
    name = re.sub(r"[^A-Za-z0-9._-]+", "-", view.study)
    headers = {"Content-Disposition": f'attachment; filename="{name}.html"'}
    return HTMLResponse(study_page(report), headers=headers)
