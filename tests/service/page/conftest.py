"""The parts of a service without its server, for views that need no browser."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from nas.service.insights import Insights
from nas.service.offers import Offers
from nas.service.page.parts import Parts
from nas.service.searches import Searches
from nas.service.settings import Settings
from nas.service.views import Views
from nas.service.workshops import Workshops
from nas.store import Store


@pytest.fixture
def parts(tmp_path: Path) -> Iterator[Parts]:
    """Over an empty store."""
    settings = Settings(database=str(tmp_path / "nas.db"), models_folder=tmp_path / "models")
    workshops = Workshops.ready()
    with Store.open(settings.database, create=True) as store:
        searches, views = Searches(settings, store), Views(store)
        offers = Offers(settings)
        insights = Insights(store, views, offers)
        yield Parts(settings, store, searches, views, offers, insights, workshops)
    workshops.close()
