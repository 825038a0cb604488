"""The pictures of README.md, out of the sample reports: `make sample` draws them again.

    python -m tests.benchmarks.pictures [--sample RUN] [--into FOLDER]

A picture is what a reader sees at 1280x800: of the page's beginning, or of a section of it. 128
colours are enough for a page, and keep a picture below 150 kB.
"""

import argparse
import io
import sys
from pathlib import Path

from PIL import Image
from playwright.sync_api import Page, sync_playwright

from tests.browser.chromium import executable

ROOT = Path(__file__).parents[2]
SIZE = (1280, 800)
COLOURS = 128
MOST_BYTES = 150_000
PICTURES = (("first-screen.png", "answer"), ("sizes.png", "sizes"))
"""A file, and the id of the section that it shows from its beginning."""


def drawn(page: Page, section: str) -> bytes:
    """Return the window with a section at its top as a PNG; the first one with what is above."""
    if section == "answer":
        page.evaluate("scrollTo(0, 0)")
    else:
        page.evaluate("id => document.getElementById(id).scrollIntoView()", section)
    image = Image.open(io.BytesIO(page.screenshot())).convert("RGB")
    kept = io.BytesIO()
    image.quantize(COLOURS, dither=Image.Dither.NONE).save(kept, "PNG", optimize=True)
    return kept.getvalue()


def main() -> int:
    """Draw all pictures; 1 where one is too large or its section is not in the sample."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--sample", type=Path, default=ROOT / "reports" / "sample")
    parser.add_argument("--into", type=Path, default=ROOT / "reports")
    chosen = parser.parse_args()
    chosen.into.mkdir(parents=True, exist_ok=True)
    well = True
    with sync_playwright() as driver:
        browser = driver.chromium.launch(executable_path=executable(), args=["--no-sandbox"])
        page = browser.new_page(viewport={"width": SIZE[0], "height": SIZE[1]})
        page.goto((chosen.sample / "index.html").resolve().as_uri())
        for file, section in PICTURES:
            if not page.query_selector(f"#{section}"):
                sys.stderr.write(f"{chosen.sample} has no section {section}\n")
                well = False
                continue
            picture = drawn(page, section)
            (chosen.into / file).write_bytes(picture)
            sys.stdout.write(f"{chosen.into / file}: {len(picture) / 1000:.0f} kB\n")
            well = well and len(picture) <= MOST_BYTES
        browser.close()
    return int(not well)


if __name__ == "__main__":
    sys.exit(main())
