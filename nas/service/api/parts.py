"""A request → the parts of the service that its route works with."""

from __future__ import annotations

from typing import Annotated, cast

from fastapi import Depends, Path, Query, Request

from nas.service.events import Events
from nas.service.insights import Insights
from nas.service.offers import Offers
from nas.service.searches import Searches
from nas.service.settings import Settings
from nas.service.views import Views
from nas.service.workshops import Workshops
from nas.store import Store

MOST_LISTED = 500


async def _settings(request: Request) -> Settings:
    return cast(Settings, request.app.state.settings)


async def _store(request: Request) -> Store:
    return cast(Store, request.app.state.store)


async def _searches(request: Request) -> Searches:
    return cast(Searches, request.app.state.searches)


async def _views(request: Request) -> Views:
    return cast(Views, request.app.state.views)


async def _events(request: Request) -> Events:
    return cast(Events, request.app.state.events)


async def _insights(request: Request) -> Insights:
    return cast(Insights, request.app.state.insights)


async def _offers(request: Request) -> Offers:
    return cast(Offers, request.app.state.offers)


async def _workshops(request: Request) -> Workshops:
    return cast(Workshops, request.app.state.workshops)


SettingsPart = Annotated[Settings, Depends(_settings)]
StorePart = Annotated[Store, Depends(_store)]
"""The store that the whole service shares; it may be used from any thread."""
SearchesPart = Annotated[Searches, Depends(_searches)]
ViewsPart = Annotated[Views, Depends(_views)]
EventsPart = Annotated[Events, Depends(_events)]
InsightsPart = Annotated[Insights, Depends(_insights)]
OffersPart = Annotated[Offers, Depends(_offers)]
WorkshopsPart = Annotated[Workshops, Depends(_workshops)]

StudyName = Annotated[
    str, Path(alias="study", min_length=1, max_length=200, description="Name of a study.")
]
Limit = Annotated[int, Query(ge=1, le=MOST_LISTED, description="How many to give at most.")]
Offset = Annotated[
    int, Query(ge=0, le=2**31 - 1, description="How many to leave out at the start.")
]
