"""How soon a reader finds five answers on a report's page: clicks and scrolls, counted by a script.

    python -m tests.benchmarks.reader [RUN...] [--write]

Each run folder's `index.html` is opened in the system's chromium, 1280x800 and 380x800. What the
answers are is read from `summary.json` and from the documents' quotes, not from the page's own
ids: an answer is found where its words stand whole in the window, not clipped and not covered.
Without a click where the first window has it; else the first window's links whose words, label or
column say so are followed, each from a fresh page, and what is scrolled after that is counted.
`--write` puts the table into reader.md beside this file. Exit 1: an answer takes more than a click
at 1280x800.
"""

import argparse
import json
import re
import sys
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from statistics import median
from time import perf_counter
from typing import Any

from playwright.sync_api import Browser, Page, sync_playwright

from harness.report.exhibits.quotations import quotations
from tests.browser.chromium import executable
from tests.shipped import NAMES, shipped_provider

ROOT = Path(__file__).parents[2]
SAMPLES = (ROOT / "reports" / "sample", ROOT / "reports" / "sample-benchmark")
SCRIPT = Path(__file__).with_suffix(".js").read_text(encoding="utf-8")
PAGE = Path(__file__).with_suffix(".md")
SIZES = ((1280, 800), (380, 800))
MOST_LINKS = 12
MOST_SCROLLS = 12
LOADS = 3

MENTAL_S, POINT_S, PRESS_S, SCROLL_S = 1.35, 1.1, 0.2, 0.5
"""Operators of the keystroke-level model (Card, Moran, Newell 1983); of a scroll, our guess."""

WORDS_PER_S = 10
"""Of a reader who looks for something: 600 words a minute (Carver, Reading Rate, 1990)."""

Needle = str | tuple[str, str]
"""Words to be seen, as a pattern; or a table's figure: its row's name, its column's head."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Question:
    """What a reader wants to know, and the words by which its answer and its links are known.

    Of `answers` any one will do; each is what has to be in the window at once.
    """

    text: str
    links: str
    answers: tuple[tuple[Needle, ...], ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Way:
    """The shortest way to an answer; `seconds` are those of the model."""

    clicks: int
    scrolls: int
    seconds: float
    by: str = ""


def questions(summary: Mapping[str, Any]) -> tuple[Question, ...]:
    """Return the five questions with the answers of a run, as its summary states them."""
    found = [each for each in summary["findings"] if not each["combination"]]
    fastest = "Not asked" if "benchmark" not in summary else "decided?"
    return (
        Question(
            text="(a) what is broken",
            links="broken|finding",
            answers=tuple(_broken(found)) or (("No broken promise|No promise",),),
        ),
        Question(
            text="(b) its request and its reply",
            links="broken|finding|request|sent|repl|came",
            answers=tuple((*names, *_messages(each)) for names, each in _each(found)),
        ),
        Question(
            text="(c) the document's sentence",
            links="broken|finding|promise|document|quot",
            answers=tuple((*names, text) for names, each in _each(found) for text in _quoted(each)),
        ),
        Question(
            text="(d) who is fastest, and whether that is decided",
            links="fast|decided|benchmark|rank|sure",
            answers=(("fastest", fastest),),
        ),
        Question(
            text="(e) the price of a usable image, of each provider",
            links="usable image|price|cost|money",
            answers=(tuple((_name(each), "usable image") for each in _providers(summary)),),
        ),
    )


def _providers(summary: Mapping[str, Any]) -> list[str]:
    return [each for each in summary["providers"] if each in NAMES]


def _name(provider: str) -> str:
    """Return a pattern of a provider's name, or of its title."""
    return f"^(?:{re.escape(provider)}|{re.escape(shipped_provider(provider).title)})"


def _broken(found: Iterable[Mapping[str, Any]]) -> Iterator[tuple[Needle, ...]]:
    for names, _ in _each(found):
        yield ("broken", *names)


def _each(
    found: Iterable[Mapping[str, Any]],
) -> Iterator[tuple[tuple[str, str], Mapping[str, Any]]]:
    """Yield each finding with the two names by which a reader knows it on the page."""
    for each in found:
        yield (rf"^{re.escape(_promise(each))}", _name(each["provider"])), each


def _promise(finding: Mapping[str, Any]) -> str:
    return str(finding["constraint"] or finding["check"])


def _messages(finding: Mapping[str, Any]) -> tuple[str, str]:
    """Return what begins the request, which stands last in a curl, after its uploads."""
    paths = re.findall(r'BASE_URL(/[^"\s?]*)', finding["curl"])
    return (rf"POST {re.escape(paths[-1] if paths else '/')}", r"HTTP \d{3}")


def _quoted(finding: Mapping[str, Any]) -> Iterator[str]:
    provider = shipped_provider(finding["provider"])
    operation = provider.operations[finding["operation"]]
    for quotation in quotations(provider, operation, _promise(finding)):
        if quotation.text:
            yield re.sub(r"(\\\s)+", r"\\s+", re.escape(quotation.text.strip("| ")[:60].strip()))


# ------------------------------------------------------------------------------------------ reading
def ways(
    browser: Browser, file: Path, size: tuple[int, int]
) -> Iterator[tuple[Question, Way | None]]:
    """Yield the shortest way to each answer of a page; None where none is short enough."""
    context = browser.new_context(viewport={"width": size[0], "height": size[1]})
    page = context.new_page()
    summary = json.loads((file.parent / "summary.json").read_text(encoding="utf-8"))
    for question in questions(summary):
        if question.answers:
            yield question, _shortest(page, file, question)
    context.close()


def _shortest(page: Page, file: Path, question: Question) -> Way | None:
    _open(page, file)
    words = page.evaluate("asked => reader.answered(asked)", question.answers)
    if words is not None:
        return Way(clicks=0, scrolls=0, seconds=MENTAL_S + words / WORDS_PER_S)
    links = page.evaluate("pattern => reader.links(pattern)", question.links)
    found = [_followed(page, file, question, link) for link in links[:MOST_LINKS]]
    found.append(_scrolled(page, file, question))
    return min(
        (way for way in found if way is not None),
        key=lambda way: (way.scrolls + way.clicks, way.seconds),
        default=None,
    )


def _followed(page: Page, file: Path, question: Question, link: Mapping[str, Any]) -> Way | None:
    _open(page, file)
    page.evaluate("at => reader.click(at)", link["at"])
    page.wait_for_timeout(120)  # the page scrolls, or a dialog opens
    before = MENTAL_S + link["words"] / WORDS_PER_S + POINT_S + PRESS_S
    return _looked(page, question, clicks=1, before=before, by=link["text"][:60])


def _scrolled(page: Page, file: Path, question: Question) -> Way | None:
    _open(page, file)
    return _looked(page, question, clicks=0, before=0, by="")


def _looked(page: Page, question: Question, *, clicks: int, before: float, by: str) -> Way | None:
    """Scroll by four fifths of a window until the answer is seen."""
    size = page.viewport_size or {"width": 0, "height": 0}
    page.mouse.move(size["width"] - 12, size["height"] / 2)
    for scrolls in range(MOST_SCROLLS):
        words = page.evaluate("asked => reader.answered(asked)", question.answers)
        if words is not None:
            seconds = before + scrolls * (SCROLL_S + MENTAL_S) + MENTAL_S + words / WORDS_PER_S
            return Way(clicks=clicks, scrolls=scrolls, seconds=seconds, by=by)
        page.mouse.wheel(0, size["height"] * 0.8)
        page.wait_for_timeout(60)
    return None


def _open(page: Page, file: Path) -> float:
    began = perf_counter()
    page.goto("about:blank")
    page.goto(file.as_uri())
    took = perf_counter() - began
    page.evaluate(SCRIPT)
    return took


# -------------------------------------------------------------------------------------------- table
def _rows(browser: Browser, runs: Sequence[Path]) -> Iterator[tuple[str, str, str, Way | None]]:
    for run in runs:
        for size in SIZES:
            for question, way in ways(browser, run / "index.html", size):
                yield run.name, f"{size[0]}x{size[1]}", question.text, way


def _loaded(browser: Browser, run: Path) -> str:
    page = browser.new_page(viewport={"width": 1280, "height": 800})
    took = median(_open(page, run / "index.html") for _ in range(LOADS))
    page.close()
    kilobytes = (run / "index.html").stat().st_size / 1000
    return f"- {run.name}: {kilobytes:,.0f} kB, loaded within {took:.2f} s (median of {LOADS})"


def _line(run: str, size: str, question: str, way: Way | None) -> str:
    if way is None:
        return f"| {run} | {size} | {question} | - | more than {MOST_SCROLLS} | - | |"
    by = way.by.replace("|", "\\|")
    cells = (run, size, question, way.clicks, way.scrolls, f"{way.seconds:.1f}", by)
    return f"| {' | '.join(map(str, cells))} |"


HEAD = f"""# How soon a reader finds five answers

    python -m tests.benchmarks.reader --write

Clicks and scrolls are counted by a script: an answer is found where its words stand whole in the
window. Seconds are a **model, not a measurement** (keystroke-level model: Card, Moran, Newell,
The Psychology of Human-Computer Interaction, 1983): {MENTAL_S:g} s to make up one's mind for each
window, {POINT_S:g} s to point, {PRESS_S:g} s to click, {SCROLL_S:g} s to scroll (ours), and all
words of a window that come before the answer's end at {WORDS_PER_S * 60} words a minute (looking
for something: R. P. Carver, Reading Rate, 1990). Real readers skip, and hesitate.

| run | window | question | clicks | scrolls | model, s | by |
|---|---|---|---|---|---|---|
"""


def main() -> int:
    """Look at the pages, print or write the table, and say whether each answer is near."""
    parser = argparse.ArgumentParser()
    parser.add_argument("runs", nargs="*", type=Path, metavar="RUN")
    parser.add_argument("--write", action="store_true")
    chosen = parser.parse_args()
    runs = [run.resolve() for run in chosen.runs] or list(SAMPLES)
    with sync_playwright() as driver:
        browser = driver.chromium.launch(executable_path=executable(), args=["--no-sandbox"])
        rows = list(_rows(browser, runs))
        loads = [_loaded(browser, run) for run in runs]
        browser.close()
    text = HEAD + "\n".join(_line(*row) for row in rows) + "\n\n" + "\n".join(loads) + "\n"
    if chosen.write:
        PAGE.write_text(text, encoding="utf-8")
    else:
        sys.stdout.write(text)
    wide = [way for _, size, _, way in rows if size == "1280x800"]
    return int(any(way is None or way.clicks > 1 or way.scrolls for way in wide))


if __name__ == "__main__":
    sys.exit(main())
