"""A `nas serve` process and a Chromium that watches what the page does."""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page, Playwright, sync_playwright

from tests.waiting import PATIENCE_S

_NAMES = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable")

_ARGUMENTS = [
    "--no-sandbox",
    "--disable-dev-shm-usage",
    "--disable-gpu",
    # Renderers on stock take time from those at work.
    "--disable-features=SpareRendererForSitePerProcess",
    "--disable-site-isolation-trials",
]

# Counts layout shifts and what the content policy refuses, from before the page's own scripts.
_WATCHING = """
window.shifts = 0; window.refused = [];
new PerformanceObserver((list) => {
  for (const one of list.getEntries()) { if (!one.hadRecentInput) { window.shifts += one.value; } }
}).observe({type: "layout-shift", buffered: true});
document.addEventListener("securitypolicyviolation", (event) => {
  window.refused.push(event.violatedDirective + " " + event.blockedURI);
});
"""


@contextmanager
def serve_process(folder: Path) -> Iterator[str]:
    """The address of a service over an empty store in a folder."""
    code = "from nas.cli.main import main; main()"
    command = [sys.executable, "-c", code, "serve", "--port", "0", "--db", "nas.db"]
    log = folder / "serve.log"
    with log.open("w") as said:
        process = subprocess.Popen(
            command,
            cwd=folder,
            stdout=subprocess.PIPE,
            stderr=said,
            text=True,
            env={**os.environ, "XDG_DATA_HOME": str(folder / "data")},
        )
    assert process.stdout is not None
    with process.stdout:
        try:
            address = process.stdout.readline().strip()
            assert address.startswith("http://"), log.read_text()
            yield address.rstrip("/")
        finally:
            process.send_signal(signal.SIGINT)
            process.wait(timeout=PATIENCE_S)


@contextmanager
def chromium() -> Iterator[Browser]:
    """A browser; the test is skipped where none is installed."""
    with sync_playwright() as playwright:
        executable = _executable(playwright)
        if executable is None:
            pytest.skip(
                "needs a Chromium: apt-get install chromium, or playwright install chromium"
            )
        browser = playwright.chromium.launch(executable_path=executable, args=_ARGUMENTS)
        try:
            yield browser
        finally:
            browser.close()


def _executable(playwright: Playwright) -> str | None:
    own = playwright.chromium.executable_path
    if Path(own).exists():
        return own
    return next(filter(None, map(shutil.which, _NAMES)), None)


class Watched:
    """A page of a browser, and all that it should not do.

    Args:
        browser: Where to open it.
        origin: Of the service.
        theme: What the system prefers.
        width: Of the window, in pixels.
    """

    def __init__(
        self, browser: Browser, origin: str, *, theme: str = "light", width: int = 1280
    ) -> None:
        self.origin = origin
        height = 860 if width > 600 else 844
        self.context = browser.new_context(
            viewport={"width": width, "height": height},
            color_scheme=theme,  # type: ignore[arg-type]
            accept_downloads=True,
            reduced_motion="reduce",
        )
        self.context.grant_permissions(["clipboard-read", "clipboard-write"], origin=origin)
        self.context.add_init_script(_WATCHING)
        self.page: Page = self.context.new_page()
        self.page.set_default_timeout(90_000)
        self.errors: list[str] = []
        self.foreign: list[str] = []
        self.expected: tuple[str, ...] = ()
        self.page.on("console", lambda said: self._said(said.type, said.text))
        self.page.on("pageerror", lambda error: self.errors.append(str(error)))
        self.page.on("request", lambda request: self._asked(request.url))

    def _said(self, kind: str, text: str) -> None:
        if kind in ("error", "warning") and not any(one in text for one in self.expected):
            self.errors.append(f"{kind}: {text}")

    def _asked(self, url: str) -> None:
        if not url.startswith((f"{self.origin}/", "data:", "blob:")):
            self.foreign.append(url)

    def go(self, path: str) -> Page:
        """Load an address of the page, and wait for its view."""
        self.page.goto(f"{self.origin}{path}")
        self.page.wait_for_selector("#page-view > *")
        return self.page

    def check(self) -> None:
        """Nothing went wrong that nobody sees."""
        assert not self.errors, self.errors
        assert not self.foreign, self.foreign
        assert self.page.evaluate("window.refused") == []

    def close(self) -> None:
        """Close the page."""
        self.context.close()
