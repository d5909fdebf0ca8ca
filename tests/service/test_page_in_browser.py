"""The page in a real browser: a search from launch to export, for every eye and hand."""

from __future__ import annotations

import re
import subprocess
import sys
import zipfile
from collections.abc import Iterator
from pathlib import Path

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Browser, Page, expect

from tests.service.browser import Watched, chromium, serve_process

STUDY = "first-search"
expect.set_options(timeout=90_000)
RUNS = """
import json, numpy, onnxruntime
session = onnxruntime.InferenceSession("model.onnx")
shape = [1, *session.get_inputs()[0].shape[1:]]
(logits,) = session.run(None, {session.get_inputs()[0].name: numpy.zeros(shape, "float32")})
assert logits.shape == (1, 1000), logits.shape
"""


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    with chromium() as found:
        yield found


@pytest.fixture(scope="module")
def origin(browser: Browser, tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    with serve_process(tmp_path_factory.mktemp("served")) as address:
        yield address


@pytest.fixture
def watched(browser: Browser, origin: str) -> Iterator[Watched]:
    one = Watched(browser, origin)
    yield one
    one.close()


def launch(page: Page, name: str) -> None:
    """Set up a small search and start it; what is feasible is seen first."""
    page.get_by_role("link", name="New search").first.click()
    expect(page.locator(".verdict")).to_be_visible(timeout=120_000)
    page.get_by_label("Latency at most, ms").fill("25")
    expect(page.locator(".verdict")).to_contain_text("% of the space")
    page.get_by_label("Networks to evaluate").fill("400")
    page.get_by_label("Minutes to search").fill("2.5")
    page.get_by_label("Name of the study").fill(name)
    expect(page.locator("#search-command")).to_contain_text(f"--name {name}")
    expect(page.locator("#search-command")).to_contain_text("--limit 'latency_ms<=25.0'")
    expect(page.locator("#search-command")).to_contain_text("--evaluations 400 --minutes 2.5")
    page.get_by_role("button", name="Start the search").click()
    page.wait_for_url(f"**/ui/study/{name}", timeout=120_000)


def click_a_point(page: Page) -> None:
    """Click on a network of the front."""
    figure = page.locator("figure").first
    points = figure.locator(".scatterlayer .trace:has(.points .point)")
    expect(points.first).to_be_attached()
    box = points.nth(1).locator(".point").first.bounding_box()
    assert box is not None
    page.mouse.move(box["x"] + box["width"] / 2, box["y"] + box["height"] / 2)
    page.mouse.click(box["x"] + box["width"] / 2, box["y"] + box["height"] / 2)


def test_a_search_from_launch_to_export(watched: Watched, tmp_path: Path) -> None:
    page = watched.go("/ui/")
    expect(page.get_by_role("heading", level=1)).to_contain_text("best networks for your device")
    launch(page, STUDY)

    page.get_by_role("link", name="Studies", exact=True).click()
    row = page.get_by_role("row").filter(has_text=STUDY)
    expect(row.locator(".badge")).to_have_text("finished", timeout=120_000)
    expect(row).to_contain_text("accuracy %")
    row.get_by_role("link", name=STUDY).click()
    page.wait_for_url(f"**/ui/study/{STUDY}")
    expect(page).to_have_title(f"{STUDY} · nas")

    click_a_point(page)
    page.wait_for_url("**/network/*")
    expect(page.get_by_role("heading", level=1)).to_be_visible()
    with page.expect_download(timeout=120_000) as downloading:
        page.locator("a[href*='/export']").first.click()
    with zipfile.ZipFile(downloading.value.path()) as archive:
        archive.extractall(tmp_path)
    done = subprocess.run(
        [sys.executable, "-c", RUNS], cwd=tmp_path, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr

    page.go_back()
    page.wait_for_url(f"**/ui/study/{STUDY}")
    expect(page.get_by_role("button", name=re.compile("^Compare [0-9a-f]"))).not_to_have_count(0)
    page.evaluate("""() => {
      const buttons = document.querySelectorAll("#front-table button[data-pick]");
      buttons[0].click(); buttons[3].click();
    }""")
    expect(page.locator("#front-table").get_by_text("Chosen", exact=True)).to_have_count(2)
    page.get_by_role("link", name="Compare 2 networks").click()
    page.wait_for_url("**/compare?ids=*")
    expect(page.get_by_role("heading", level=1)).to_be_visible()
    watched.check()


ROWS_ALIKE = {"exclude": ["tbody tr:nth-child(n+6)"]}
"""Rows after the fifth are made as those before, and hundreds of them take long to look at."""


def serious(page: Page, *rules: str) -> list[tuple[str, list[str]]]:
    """What keeps people out of a view, by the rules of axe, or by those named."""
    options = {"resultTypes": ["violations"], **({"runOnly": list(rules)} if rules else {})}
    return [
        (fault["id"], [node["html"][:160] for node in fault["nodes"][:3]])
        for fault in Axe().run(page, ROWS_ALIKE, options).response["violations"]
        if fault["impact"] in ("serious", "critical")
    ]


def test_no_view_keeps_anybody_out_in_either_theme(watched: Watched) -> None:
    page = watched.go(f"/ui/study/{STUDY}")
    links = page.locator("a[href*='/network/']")
    network, other = (links.nth(place).get_attribute("href") or "" for place in (0, 5))
    ids = ",".join(one.rpartition("/")[2] for one in (network, other))
    views = {
        "/ui/": ".study-table table",
        "/ui/new": ".verdict",
        f"/ui/study/{STUDY}": "figure .main-svg",
        network: "figure .main-svg",
        f"/ui/study/{STUDY}/compare?ids={ids}": "main table",
        "/ui/devices": ".device-table table",
        "/ui/devices/raspberry-pi-5": "figure .main-svg",
        "/ui/nowhere": ".empty-state",
    }
    found = {}
    for path, there in views.items():
        watched.go(path).wait_for_selector(there)
        for theme, rules in (("light", ()), ("dark", ("color-contrast",))):
            assert page.evaluate("document.documentElement.dataset.theme") == theme
            found[path, theme] = serious(page, *rules)
            page.get_by_role("button", name="Dark theme").click()
        assert page.evaluate("window.shifts") < 0.1, path
    assert not any(found.values()), found
    watched.check()


def test_a_phone_shows_everything_without_scrolling_sideways(
    browser: Browser, origin: str
) -> None:
    watched = Watched(browser, origin, width=390)
    for path in ("/ui/", "/ui/new", f"/ui/study/{STUDY}", "/ui/devices", "/ui/devices/zc706"):
        page = watched.go(path)
        wide = page.evaluate("document.documentElement.scrollWidth")
        assert wide <= 390, path
    watched.check()
    watched.close()


def test_the_theme_is_kept_and_there_before_anything_is_painted(watched: Watched) -> None:
    page = watched.go("/ui/devices")
    page.get_by_role("button", name="Dark theme").click()
    assert page.evaluate("document.documentElement.dataset.theme") == "dark"
    page.goto(f"{watched.origin}/ui/", wait_until="commit")
    page.wait_for_selector("header")
    assert page.evaluate("document.documentElement.dataset.theme") == "dark"
    watched.check()


def tab_to(page: Page, wanted: str, most: int = 60) -> None:
    """Move the focus forward to what a selector matches."""
    for _ in range(most):
        page.keyboard.press("Tab")
        if page.evaluate("selector => document.activeElement.matches(selector)", wanted):
            return
    raise AssertionError(f"{wanted} cannot be reached by {most} tabs")


def test_the_main_path_needs_no_mouse(watched: Watched) -> None:
    page = watched.go("/ui/")
    page.keyboard.press("Tab")
    assert page.evaluate("document.activeElement.className") == "skip-link"
    tab_to(page, "a[href='/ui/new']")
    page.keyboard.press("Enter")
    expect(page.get_by_role("heading", level=1)).to_have_text("New search")
    assert page.evaluate("document.activeElement.id") == "page-main", "the focus is in the view"
    for wanted in (
        "#search-device-words",
        "#search-device input",
        "#search-space input",
        "#search-objectives input",
        "#search-limit-latency_ms",
        "#search-slider-latency_ms",
        "#search-name",
        "#search-launch",
    ):
        tab_to(page, wanted)
    page.goto(f"{watched.origin}/ui/")
    page.wait_for_selector(".study-table table")
    tab_to(page, f"a[href='/ui/study/{STUDY}']")
    page.keyboard.press("Enter")
    page.wait_for_url(f"**/ui/study/{STUDY}")
    page.wait_for_selector("a[href*='/network/']")
    tab_to(page, "a[href*='/network/']", most=120)
    page.keyboard.press("Enter")
    page.wait_for_url("**/network/*")
    watched.check()


def test_faults_stand_beside_their_fields(watched: Watched) -> None:
    page = watched.go("/ui/new")
    page.get_by_label("Name of the study").fill(STUDY)
    expect(page.locator("#search-fault-name")).to_contain_text("is a study already")
    page.get_by_label("Name of the study").fill("no good name")
    expect(page.locator("#search-fault-name")).to_contain_text("must begin with a letter")
    page.get_by_role("button", name="Start the search").click()
    expect(page.locator("#search-launch")).to_be_enabled()
    assert page.url.endswith("/ui/new")
    page.get_by_role("button", name="Copy").click()
    assert page.evaluate("navigator.clipboard.readText()").startswith("nas search --name")
    watched.check()


def test_what_fails_says_why_and_the_view_stays(watched: Watched) -> None:
    page = watched.go("/ui/")
    page.wait_for_selector(".study-table table")
    page.evaluate("dash_clientside.set_props('page-action', {data: {action: 'explode', at: 1}})")
    expect(page.get_by_role("alert").filter(has_text="explode")).to_contain_text("must be one of")
    assert page.locator(".study-table table").count() == 1
    page.get_by_role("button", name="Close").click()
    expect(page.locator("#page-problem")).to_be_empty()
    watched.check()


def test_a_lost_connection_is_said_and_comes_back(watched: Watched) -> None:
    page = watched.go("/ui/")
    watched.expected = ("ERR_INTERNET_DISCONNECTED", "Failed to fetch")
    watched.context.set_offline(True)
    expect(page.locator("#page-connection")).to_be_visible()
    watched.context.set_offline(False)
    expect(page.locator("#page-connection")).to_be_hidden()
    page.get_by_role("link", name="Devices").click()
    expect(page.get_by_role("heading", level=1)).to_have_text("Devices")
    watched.check()


def test_deleting_asks_first(watched: Watched) -> None:
    page = watched.go("/ui/")
    row = page.get_by_role("row").filter(has_text=STUDY)
    row.get_by_role("button", name="Delete").click()
    dialog = page.get_by_role("dialog", name=f"Delete {STUDY}?")
    expect(dialog).to_contain_text("cannot be undone")
    page.keyboard.press("Escape")
    expect(dialog).to_be_hidden()
    row.get_by_role("button", name="Delete").click()
    dialog.get_by_role("button", name="Delete").click()
    expect(page.get_by_role("heading", level=1)).to_contain_text("best networks for your device")
    watched.check()
