"""The page in a browser → pictures of every view, and times of first paint and interactions.

    python benchmarks/page.py --screenshots docs
    python benchmarks/page.py --measure benchmarks/page.md

Both start a service of their own over an empty store and need a Chromium. Pictures are of a real
search; times are of a made study, large enough to hurt.
"""

from __future__ import annotations

import argparse
import base64
import os
import platform
import statistics
import tempfile
import time
from collections.abc import Mapping
from pathlib import Path
from typing import Any
from urllib.parse import quote

import httpx
from playwright.sync_api import Browser, Page
from service import made, stored

from nas.search.study import load_study
from nas.store import Store
from tests.service.browser import Watched, chromium, serve_process

SIZES: Mapping[str, tuple[int, int]] = {"wide": (1280, 1500), "phone": (390, 1500)}
THEMES = ("light", "dark")
QUALITY = 72
BIG = "big"
STUDIES: tuple[dict[str, Any], ...] = (
    {"name": "pixel-3-under-40-ms", "space": "mobilenet_v3", "device": "pixel-3",
     "limits": {"max_latency_ms": 40}, "evaluations": 4000},
    {**load_study("quickstart").stored(), "evaluations": 30_000},
)  # fmt: skip
UNDER_WAY = {
    "name": "raspberry-pi-5-int8", "space": "mnasnet", "device": "raspberry-pi-5",
    "search": "surrogate", "evaluations": 400,
}  # fmt: skip

# Milliseconds from a click until the page shows its effect: a new drawing, or another table.
_UNTIL_DRAWN = """([selector, figure]) => new Promise((resolve) => {
  const began = performance.now(), end = () => requestAnimationFrame(
    () => resolve(performance.now() - began));
  if (figure) { document.querySelector(".js-plotly-plot").once("plotly_afterplot", end); }
  else { new MutationObserver((_, seen) => { seen.disconnect(); end(); })
    .observe(document.querySelector("#front-table"), {childList: true, subtree: true,
      characterData: true}); }
  document.querySelector(selector).click();
})"""


def views(client: httpx.Client, study: str) -> dict[str, tuple[str, str]]:
    """The views by name: their address, and what is there once they are drawn."""
    front = client.get(f"/api/v1/studies/{study}/front").json()["front"]
    some = [front[len(front) * share // 10]["id"] for share in (1, 4, 8)]
    base = f"/ui/study/{quote(study)}"
    return {
        "studies": ("/ui/", ".study-table table"),
        "new-search": ("/ui/new", ".verdict"),
        "front": (base, "figure .main-svg"),
        "network": (f"{base}/network/{some[1]}", "figure .main-svg"),
        "compare": (f"{base}/compare?ids={','.join(some)}", "main table"),
        "devices": ("/ui/devices", ".device-table table"),
        "device": ("/ui/devices/jetson-orin-nano", "figure .main-svg"),
    }


def begin(client: httpx.Client, asked: Mapping[str, Any], *, wait: bool) -> None:
    """Start a search, and wait for its end."""
    client.post("/api/v1/studies", json=dict(asked)).raise_for_status()
    while wait and client.get(f"/api/v1/studies/{asked['name']}").json()["state"] != "finished":
        time.sleep(0.5)


def take(page: Page, file: Path, *, most_height: int) -> int:
    """A picture of the view, from its top; the bytes that it takes."""
    size = page.evaluate("[innerWidth, document.documentElement.scrollHeight]")
    clip = {"x": 0, "y": 0, "width": size[0], "height": min(size[1], most_height), "scale": 1}
    asked = {"format": "webp", "quality": QUALITY, "clip": clip, "captureBeyondViewport": True}
    answer = page.context.new_cdp_session(page).send("Page.captureScreenshot", asked)
    return file.write_bytes(base64.b64decode(answer["data"]))


def screenshots(folder: Path, browser: Browser, origin: str) -> None:
    """Every view in both themes and sizes."""
    folder.mkdir(parents=True, exist_ok=True)
    with httpx.Client(base_url=origin, timeout=300) as client:
        begin(client, STUDIES[0], wait=True)
        begin(client, STUDIES[1], wait=True)
        begin(client, UNDER_WAY, wait=False)
        found = views(client, STUDIES[1]["name"])
        for size, (width, height) in SIZES.items():
            for theme in THEMES:
                watched = Watched(browser, origin, theme=theme, width=width)
                watched.page.set_default_timeout(180_000)
                for name, (address, there) in found.items():
                    page = watched.go(address)
                    page.wait_for_selector(there)
                    page.wait_for_timeout(4_000)
                    file = folder / f"page-{name}-{size}-{theme}.webp"
                    print(f"{file}: {take(page, file, most_height=height) >> 10} kB", flush=True)
                watched.close()
        client.post(f"/api/v1/studies/{UNDER_WAY['name']}/stop")  # unless it has ended


def paints(browser: Browser, origin: str, path: str, there: str, times: int) -> dict[str, float]:
    """Milliseconds from the request to the first paint, and to a view that is drawn."""
    first, drawn = [], []
    for _ in range(times):
        watched = Watched(browser, origin)
        watched.page.set_default_timeout(180_000)
        page = watched.go(path)
        page.wait_for_selector(there, state="attached")
        drawn.append(page.evaluate("performance.now()"))
        entry = "performance.getEntriesByName('first-contentful-paint')[0].startTime"
        first.append(page.evaluate(entry))
        watched.close()
    return {"first paint": statistics.median(first), "drawn": statistics.median(drawn)}


def interactions(browser: Browser, origin: str, times: int) -> dict[str, float]:
    """Milliseconds from a click to its effect, on the front of the big study."""
    watched = Watched(browser, origin)
    watched.page.set_default_timeout(180_000)
    page = watched.go(f"/ui/study/{BIG}")
    page.wait_for_selector(".js-plotly-plot .main-svg", state="attached")
    page.wait_for_timeout(5_000)
    clicks = {
        "show or hide dominated networks": ("#front-options input", True),
        "sort the table": ("#front-table thead button", False),
    }
    found = {
        name: statistics.median(page.evaluate(_UNTIL_DRAWN, list(how)) for _ in range(times))
        for name, how in clicks.items()
    }
    watched.close()
    return found


def measure(browser: Browser, folder: Path, origin: str, options: argparse.Namespace) -> str:
    """The times, as a page of Markdown."""
    with Store.open(str(folder / "nas.db"), create=True) as store:
        stored(store, BIG, made(options.evaluations, options.front))
    with httpx.Client(base_url=origin, timeout=300) as client:
        client.get(f"/api/v1/studies/{BIG}/front").raise_for_status()
    rows = []
    for name, path, there in (
        ("Studies", "/ui/", ".study-table table"),
        ("New search", "/ui/new", "#search-device"),
        ("Front", f"/ui/study/{BIG}", ".js-plotly-plot .main-svg"),
        ("Devices", "/ui/devices", ".device-table table"),
    ):
        found = paints(browser, origin, path, there, options.times)
        rows.append(f"| {name} | {found['first paint']:.0f} | {found['drawn']:.0f} |")
    acts = interactions(browser, origin, options.times)
    return "\n".join(
        [
            "# The page",
            "",
            "    python benchmarks/page.py --measure benchmarks/page.md",
            "",
            f"{os.cpu_count()} cores ({platform.machine()}) shared by server, browser and others, "
            f"load average {os.getloadavg()[0]:.0f}; headless Chromium without a GPU, nothing "
            f"cached by the browser, medians of {options.times}. The study has "
            f"{options.evaluations:,} evaluations and {options.front:,} networks on its front.",
            "",
            "| view | first paint, ms | drawn, ms |",
            "|---|---|---|",
            *rows,
            "",
            "| on the front | from the click to its effect, ms |",
            "|---|---|",
            *(f"| {name} | {ms:.0f} |" for name, ms in acts.items()),
            "",
        ]
    )


def main() -> None:
    """Take pictures, or times."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--screenshots", type=Path, metavar="FOLDER")
    parser.add_argument("--measure", type=Path, metavar="FILE")
    parser.add_argument("--evaluations", type=int, default=100_000)
    parser.add_argument("--front", type=int, default=2_000)
    parser.add_argument("--times", type=int, default=5)
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as place, chromium() as browser:
        folder = Path(place)
        with serve_process(folder) as origin:
            if options.screenshots:
                screenshots(options.screenshots, browser, origin)
            if options.measure:
                said = measure(browser, folder, origin, options)
                options.measure.write_text(said, encoding="utf-8")
                print(said)


if __name__ == "__main__":
    main()
