"""The REST API: one router per resource, all under `/api/v1`."""

from __future__ import annotations

from fastapi import APIRouter

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


def make_api() -> APIRouter:
    """All of them under the prefix."""
    api = APIRouter(prefix=PREFIX, responses=dict(PROBLEMS))
    for router in ROUTERS:
        api.include_router(router)
    return api
