"""An address → its view; what cannot be shown says so and never leaves the page empty."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import httpx
import pytest
from dash import html
from dash.development.base_component import Component

from nas.errors import InputError, UnknownNameError
from nas.service.page import router
from nas.service.page.dash_app import UNFORESEEN
from tests.service.client import serving


class Echo:
    """A view that shows what it was asked for, or fails."""

    def __init__(self, error: Exception | None = None) -> None:
        self.error = error

    def layout(self, parts: Any, query: Mapping[str, str]) -> Component:
        if self.error:
            raise self.error
        return html.P(str(dict(query)))

    def register(self, page: Any, parts: Any) -> None:
        pass


@pytest.mark.parametrize(
    ("path", "module", "names"),
    [
        ("/ui/", "studies", {}),
        ("/ui/new", "new_search", {}),
        ("/ui/study/a%20b", "front", {"study": "a b"}),
        ("/ui/study/s/network/0f", "network", {"study": "s", "network": "0f"}),
        ("/ui/study/s/compare", "compare", {"study": "s"}),
        ("/ui/devices/pixel-3", "device", {"device": "pixel-3"}),
    ],
)
def test_an_address_names_a_view_and_what_it_is_of(
    path: str, module: str, names: dict[str, str]
) -> None:
    found = router.find(path)
    assert found is not None and (found[0].module, found[1]) == (module, names)


def test_a_view_is_told_its_names_its_search_and_the_theme() -> None:
    route = {"path": "/ui/study/s/compare", "search": "?ids=a,b&study=other"}
    view, title = router.shown({"compare": Echo()}, None, route, "dark")  # type: ignore[arg-type]
    assert view.children == str({"ids": "a,b", "study": "s", "theme": "dark"})
    assert title == "Networks of s"


@pytest.mark.parametrize(
    ("path", "error", "said"),
    [
        ("/ui/nothing/here", None, "no such page"),
        ("/ui/study/s", UnknownNameError("study", "s", ["small"]), "small"),
        ("/ui/study/s", InputError("`x` must be 1; got 2"), "must be 1; got 2"),
        ("/ui/study/s", ZeroDivisionError(), UNFORESEEN),
    ],
)
def test_what_cannot_be_shown_says_why(path: str, error: Exception | None, said: str) -> None:
    view, _ = router.shown({"front": Echo(error)}, None, {"path": path}, "light")  # type: ignore[arg-type]
    assert said in str(view.to_plotly_json())


def test_every_address_of_a_view_is_the_page_and_no_other_is(tmp_path: Path) -> None:
    with serving(tmp_path) as api, httpx.Client(base_url=str(api.base_url.join("/"))) as client:
        first = client.get("/ui/study/x")
        assert first.status_code == 200 and 'id="react-entry-point"' in first.text
        assert client.get("/ui/_alive").status_code == 204
        for path in ("/ui/assets/none.css", "/ui/_none", "/api/v1/none", "/none"):
            assert client.get(path).status_code == 404, path
        sources = [one.split('"')[0] for one in first.text.split(' src="')[1:]]
        assert len(sources) > 8 and all(one.startswith("/ui/") for one in sources)
        assert all(client.get(one).status_code == 200 for one in sources)
