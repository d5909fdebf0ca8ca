"""The report of a study: one page that fetches nothing and shows what the store holds."""

from __future__ import annotations

from collections.abc import Iterator
from html.parser import HTMLParser
from pathlib import Path
from urllib.parse import quote

import httpx
import pytest

from tests.service.client import serving
from tests.service.test_networks_and_exports import filled


class Page(HTMLParser):
    """The text of a page outside of its scripts; fails on whatever would be fetched."""

    def __init__(self) -> None:
        super().__init__()
        self.text, self._inside = "", ""

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self._inside = tag
        assert tag not in ("link", "img", "iframe"), "nothing is fetched"
        assert not any(name == "src" for name, _ in attrs), "nothing is fetched"

    def handle_data(self, data: str) -> None:
        if self._inside not in ("script", "style"):
            self.text += data + " "


@pytest.fixture(scope="module")
def stored(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[httpx.Client, list[str]]]:
    folder: Path = tmp_path_factory.mktemp("service")
    ids = filled(folder / "nas.db")
    with serving(folder) as client:
        yield client, ids


def test_a_report_shows_the_front_and_its_evidence(
    stored: tuple[httpx.Client, list[str]],
) -> None:
    client, ids = stored
    answer = client.get("/studies/small/report")
    assert answer.headers["content-type"].startswith("text/html")
    assert 'filename="small.html"' in answer.headers["content-disposition"]
    page = Page()
    page.feed(answer.text)
    assert "2 networks on the front of 4 evaluated" in page.text
    assert ids[0] in page.text and ids[1] in page.text and ids[3] not in page.text
    assert "source: a table" in page.text


def test_what_a_study_took_is_told_and_null_where_nobody_knows(
    stored: tuple[httpx.Client, list[str]],
) -> None:
    client, _ = stored
    told = client.get("/studies/small/ledger").json()
    assert told["together"]["energy_j"] is told["together"]["co2e_g"] is None
    assert told["together"]["not_known"] and told["grid"]["gco2e_per_kwh"] == 481
    assert {part["name"] for part in told["parts"]} == {"search", "evaluations"}
    page = Page()
    page.feed(client.get("/studies/small/report").text)
    assert "What it took" in page.text and "not known" in page.text
    assert client.get("/studies/nowhere/ledger").status_code == 404


def test_any_name_of_a_study_makes_a_file_name(tmp_path: Path) -> None:
    name = 'a "b"; ✓\\c'
    filled(tmp_path / "nas.db", name)
    with serving(tmp_path) as client:
        answer = client.get(f"/studies/{quote(name)}/report")
    assert answer.status_code == 200, answer.text
    assert answer.headers["content-disposition"] == 'attachment; filename="a-b-c.html"'
    assert "a &quot;b&quot;" in answer.text


def test_the_report_of_an_unknown_study_is_404(stored: tuple[httpx.Client, list[str]]) -> None:
    assert stored[0].get("/studies/nowhere/report").status_code == 404
