"""Settings → the application: the API, the page, and the guards before both."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from fastapi import FastAPI, HTTPException, Request
from fastapi.responses import RedirectResponse
from starlette.routing import Match

from nas import __version__
from nas.service import login, openapi_page
from nas.service.access import Access
from nas.service.admission import Admission
from nas.service.api import PREFIX, make_api
from nas.service.bodies import BodyLimits
from nas.service.events import Events
from nas.service.headers import SecurityHeaders
from nas.service.insights import Insights
from nas.service.offers import Offers
from nas.service.page import PREFIX as PREFIX_OF_PAGE
from nas.service.page import Parts, make_page
from nas.service.problems import answer_errors
from nas.service.searches import Searches
from nas.service.settings import Settings
from nas.service.views import Views
from nas.service.workshops import Workshops
from nas.store import Store

_METHODS = ("GET", "POST", "PUT", "PATCH", "DELETE")


def make_app(settings: Settings) -> FastAPI:
    """The service as one ASGI application.

    Raises:
        StoreError: if the database cannot be opened.
    """
    store = Store.open(settings.database, create=True)
    searches, views = Searches(settings, store), Views(store)
    workshops = Workshops.ready()

    @asynccontextmanager
    async def lifespan(_app: FastAPI) -> AsyncIterator[None]:
        yield
        workshops.close()
        store.close()

    app = FastAPI(
        title="nas",
        summary="Hardware-aware neural architecture search: the best networks for your device.",
        version=__version__,
        openapi_url=f"{PREFIX}/openapi.json",
        docs_url=None,
        redoc_url=None,
        lifespan=lifespan,
        telemetry={"tracing": False, "metrics": False, "logs": False, "auto_configure": False},
    )
    app.state.settings, app.state.store = settings, store
    app.state.searches, app.state.views = searches, views
    app.state.events = Events(searches, views)
    app.state.offers, app.state.workshops = Offers(settings), workshops
    app.state.insights = Insights(store, views, app.state.offers)
    if settings.token is not None:
        app.state.admission = Admission(settings.token)
        app.include_router(login.router)
    answer_errors(app)
    app.include_router(make_api(secured=settings.token is not None))
    app.include_router(openapi_page.router)
    _refuse_the_rest_of_the_api(app)

    @app.get("/", include_in_schema=False)
    async def to_the_page() -> RedirectResponse:
        return RedirectResponse(PREFIX_OF_PAGE)

    state = app.state
    parts = Parts(settings, store, searches, views, state.offers, state.insights, workshops)
    app.state.page = make_page(app, parts)
    _guard(app, settings)
    return app


def _guard(app: FastAPI, settings: Settings) -> None:
    """Put the guards before everything else, the outermost last.

    The page must be there: what it adds reads whole bodies, which must come after the guards.
    """
    admission = getattr(app.state, "admission", None)
    app.add_middleware(BodyLimits, settings=settings)
    app.add_middleware(Access, settings=settings, admission=admission)
    app.add_middleware(SecurityHeaders, script_hashes=app.state.page.csp_hashes())


def _refuse_the_rest_of_the_api(app: FastAPI) -> None:
    """Answer what no route of the API matches, which the page would take for its own."""
    known = list(app.router.routes)

    @app.api_route("/api/{path:path}", methods=[*_METHODS], include_in_schema=False)
    async def nothing(path: str, request: Request) -> None:
        asked = request.method, request.url.path
        scopes = [{**request.scope, "method": method} for method in _METHODS]
        others = [
            scope["method"]
            for scope in scopes
            if any(route.matches(scope)[0] is Match.FULL for route in known)
        ]
        if others:
            allow = {"Allow": ", ".join(others)}
            raise HTTPException(405, f"`method` must be one of {others}; got {asked[0]}", allow)
        raise HTTPException(404, f"`path` must be one of {PREFIX}/docs; got {asked[1]}")
