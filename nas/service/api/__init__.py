"""The REST API: one router per resource, all under `/api/v1`."""

from __future__ import annotations

from fastapi import APIRouter, Security
from fastapi.security import HTTPBearer

from nas.service.api import (
    calibrations,
    costs,
    devices,
    evaluations,
    events,
    exports,
    feasibility,
    fronts,
    networks,
    spaces,
    studies,
)
from nas.service.problems import PROBLEMS

PREFIX = "/api/v1"

ROUTERS = (
    studies.router,
    fronts.router,
    evaluations.router,
    events.router,
    devices.router,
    spaces.router,
    feasibility.router,
    costs.router,
    networks.router,
    exports.router,
    calibrations.router,
)
"""Every router, in the order of the OpenAPI page."""


_BEARER = HTTPBearer(
    auto_error=False, description="The token in the file that the server was started with."
)


def make_api(*, secured: bool) -> APIRouter:
    """All of them under the prefix.

    Args:
        secured: Whether the document says that a token is needed; the guards see to it.
    """
    needed = [Security(_BEARER)] if secured else []
    api = APIRouter(prefix=PREFIX, responses=dict(PROBLEMS), dependencies=needed)
    for router in ROUTERS:
        api.include_router(router)
    return api
