"""The system's chromium, started once for these tests, and pages that note what they do."""

import os
import shutil
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from time import perf_counter
from typing import Any, Literal

import pytest
from playwright.sync_api import Browser, Dialog, Page, Playwright, sync_playwright

NAMES = ("chromium", "chromium-browser", "google-chrome")
REQUIRED = "HARNESS_BROWSER_TESTS"
"""`required` makes a failure of what is a skip without it: CI must not pass by skipping."""
SCREENSHOTS = "HARNESS_SCREENSHOTS"
AXE = Path(__file__).parent / "node_modules" / "axe-core" / "axe.min.js"
NO_CHROMIUM = "no chromium on PATH: apt-get install chromium"
NO_AXE = (
    "axe-core is not installed: apt-get install npm, then make tests/browser/node_modules/.made"
)

_PATIENCE_MS = 10_000
"""How long a page may take to do what a test waits for."""

Scheme = Literal["light", "dark"]
SCHEMES: tuple[Scheme, ...] = ("light", "dark")
SIZES = ((320, 256), (380, 800), (640, 400), (1280, 800), (1600, 1000))
"""Two phones, a laptop and its zoom of 200 and 400 % (WCAG's reflow), and a large screen."""
A4 = (794, 1123)
"""A sheet of paper at 96 px an inch."""


def missing(reason: str) -> None:
    """Skip the test by name, or fail it where the environment asks for all of them."""
    if os.environ.get(REQUIRED) == "required":
        pytest.fail(f"{reason} ({REQUIRED}=required)")
    pytest.skip(reason)


def executable() -> str:
    found = next((path for name in NAMES if (path := shutil.which(name))), None)
    if found is None:
        missing(NO_CHROMIUM)
    return found or ""


@dataclass(slots=True)
class Noted:
    """A page, and what it did that no report may do."""

    page: Page
    complaints: list[str] = field(default_factory=list)
    load_s: float = 0.0

    def told(self) -> list[str]:
        """Return what was noted since it was last asked, and forget it."""
        told, self.complaints[:] = list(self.complaints), []
        return told

    def run(self, script: str, argument: object = None) -> Any:  # noqa: ANN401 - any JSON value
        return self.page.evaluate(script, argument)

    def write(self, line: str) -> None:
        """Say a figure, and keep it beside the pictures."""
        sys.stdout.write(f"{line}\n")
        if folder := os.environ.get(SCREENSHOTS):
            with (Path(folder) / "figures.txt").open("a", encoding="utf-8") as figures:
                figures.write(f"{line}\n")

    def shoot(self, name: str, *, full: bool = False) -> None:
        """Keep a picture where the environment names a folder for them."""
        if folder := os.environ.get(SCREENSHOTS):
            self.page.screenshot(path=Path(folder) / f"{name}.png", full_page=full)


@dataclass(slots=True)
class Chromium:
    """Starts when it is first asked for a page; `close` ends it, and its event loop with it."""

    driver: Playwright | None = None
    browser: Browser | None = None

    def _started(self) -> Browser:
        if self.browser is None:
            path = executable()
            self.driver = sync_playwright().start()
            # Root has no sandbox; the pages are our own files, and nothing is fetched.
            self.browser = self.driver.chromium.launch(executable_path=path, args=["--no-sandbox"])
        return self.browser

    def close(self) -> None:
        if self.browser:
            self.browser.close()
        if self.driver:
            self.driver.stop()
        self.browser = self.driver = None

    @contextmanager
    def opened(self, file: Path, *, script: bool = True) -> Iterator[Noted]:
        """Open a file in a context of its own."""
        context = self._started().new_context(
            java_script_enabled=script, viewport={"width": 1280, "height": 800}
        )
        context.set_default_timeout(_PATIENCE_MS)
        try:
            noted = _noting(context.new_page(), file.as_uri())
            began = perf_counter()
            noted.page.goto(file.as_uri())
            noted.load_s = perf_counter() - began
            yield noted
        finally:
            context.close()


def _noting(page: Page, own: str) -> Noted:
    noted = Noted(page)
    keep = noted.complaints.append

    def asked(dialog: Dialog) -> None:
        keep(f"dialog: {dialog.message}")
        dialog.dismiss()

    page.on("console", lambda said: keep(f"console {said.type}: {said.text}"))
    page.on("pageerror", lambda error: keep(f"error: {error}"))
    page.on("dialog", asked)
    page.on("popup", lambda _: keep("a window was opened"))

    def requested(address: str) -> None:
        # What stands in the page itself is no request to anybody.
        if not address.startswith("data:") and address.partition("#")[0] != own:
            keep(f"request: {address[:200]}")

    page.on("request", lambda request: requested(request.url))
    return noted


CHROMIUM = Chromium()
