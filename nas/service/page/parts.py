"""The parts of the service that the views of the page work with."""

from __future__ import annotations

from dataclasses import dataclass

from nas.service.insights import Insights
from nas.service.offers import Offers
from nas.service.searches import Searches
from nas.service.settings import Settings
from nas.service.views import Views
from nas.service.workshops import Workshops
from nas.store import Store


@dataclass(frozen=True, slots=True)
class Parts:
    """What the API has too; any thread may use them."""

    settings: Settings
    store: Store
    searches: Searches
    views: Views
    offers: Offers
    insights: Insights
    workshops: Workshops
