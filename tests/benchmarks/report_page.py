"""How large and how slow the page of a long run is: 5 providers x 1,000 and x 10,000 records.

    python tests/benchmarks/report_page.py [--write] [--records 1000 10000]

The records are those of the committed recordings, repeated under other case ids until each provider
has so many: real requests and replies, every operation, no findings but those of the recording.
Times are of the processor, in one process; the ratio between the two sizes is what counts. The page
is opened in Debian's chromium; memory is the private memory of its renderer beside an empty page's.
"""

import argparse
import resource
import shutil
import sys
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from itertools import cycle, islice
from pathlib import Path
from tempfile import TemporaryDirectory
from time import perf_counter, process_time

import psutil
from playwright.sync_api import Browser, sync_playwright

from harness import Options, Target, api
from harness.checks.judge import judge_records
from harness.core.record import Record, RunHeader
from harness.diagnosis.findings import findings, settled
from harness.planning.options import Output
from harness.report.compose import compose
from harness.report.formats.html import html
from harness.spec.catalogue import catalogue_of

TABLE = Path(__file__).with_suffix(".md")
NAMES = ("buble", "sub2api", "apiframe", "nanobanana", "aimlapi")
CHROMIUM = ("chromium", "chromium-browser", "google-chrome")


@dataclass(frozen=True, slots=True, kw_only=True)
class Page:
    """What one report came to."""

    records: int
    judge_s: float
    compose_s: float
    html_s: float
    page_bytes: int
    judged_mb: float
    peak_mb: float
    load_s: float
    renderer_mb: float
    heap_mb: float
    nodes: int


def repeated(records: Sequence[Record], number: int) -> Iterator[Record]:
    """Yield so many records for each provider: its own, over and over, under other case ids."""
    for name in NAMES:
        own = [record for record in records if record.shot.case.provider == name]
        for at, record in enumerate(islice(cycle(own), number)):
            again = at // len(own)
            if again == 0:
                yield record
                continue
            case = replace(record.shot.case, id=f"{record.shot.case.id}~{again}")
            yield replace(record, shot=replace(record.shot, case=case))


def measured(records: Sequence[Record], header: RunHeader, browser: Browser, each: int) -> Page:
    """Compose a report of so many records for each provider, draw its page, and open it."""
    catalogue = catalogue_of()
    providers = {name: catalogue.provider(name) for name in NAMES}
    header = replace(header, evidence={name: header.evidence[name] for name in NAMES})
    many = list(repeated(records, each))
    started_s = process_time()
    verdicts = judge_records(many, providers)
    found = findings(many, verdicts, providers, repeatable=False)
    told = settled(verdicts, found)
    judged_s, judged_mb = process_time(), _peak_mb()
    report = compose(header, many, told, found, providers)
    composed_s = process_time()
    page = html(report)
    drawn_s = process_time()
    with TemporaryDirectory() as folder:
        file = Path(folder) / "index.html"
        file.write_text(page, encoding="utf-8")
        load_s, renderer_mb, heap_mb, nodes = opened(browser, file)
    return Page(
        records=each,
        judge_s=judged_s - started_s,
        compose_s=composed_s - judged_s,
        html_s=drawn_s - composed_s,
        page_bytes=len(page.encode()),
        judged_mb=judged_mb,
        peak_mb=_peak_mb(),
        load_s=load_s,
        renderer_mb=renderer_mb,
        heap_mb=heap_mb,
        nodes=nodes,
    )


def opened(browser: Browser, file: Path) -> tuple[float, float, float, int]:
    """Open a page; return seconds to `load`, its renderer's memory, its heap, its DOM nodes."""
    page = browser.new_page(viewport={"width": 1280, "height": 800})
    session = page.context.new_cdp_session(page)
    session.send("Performance.enable")
    empty_mb = _renderers_mb()
    started_s = perf_counter()
    page.goto(file.as_uri(), wait_until="load")
    load_s = perf_counter() - started_s
    metrics = {
        entry["name"]: entry["value"] for entry in session.send("Performance.getMetrics")["metrics"]
    }
    grown_mb = _renderers_mb() - empty_mb
    page.close()
    return load_s, grown_mb, metrics["JSHeapUsedSize"] / 2**20, int(metrics["Nodes"])


def _peak_mb() -> float:
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024


def _renderers_mb() -> float:
    """Return the memory of our browser's renderers that they share with nobody."""
    total = 0
    for process in psutil.Process().children(recursive=True):
        try:
            if "--type=renderer" in process.cmdline():
                total += process.memory_full_info().uss
        except psutil.Error:
            continue
    return total / 2**20


def table(pages: Sequence[Page]) -> str:
    """Return the figures as a Markdown table."""
    head = (
        "| records for each of 5 providers | judge | compose | draw | page | peak memory, judged "
        "| drawn | load in chromium | its renderer | JavaScript heap | DOM nodes |"
    )
    rows = [
        f"| {page.records:,} | {page.judge_s:.1f} s | {page.compose_s:.1f} s | {page.html_s:.1f} s "
        f"| {page.page_bytes / 1e6:.2f} MB | {page.judged_mb:,.0f} MB | {page.peak_mb:,.0f} MB "
        f"| {page.load_s:.2f} s | "
        f"{page.renderer_mb:.0f} MB | {page.heap_mb:.1f} MB | {page.nodes:,} |"
        for page in pages
    ]
    return "\n".join([head, "|--:" * 11 + "|", *rows])


def main() -> None:
    """Measure, print the table, and write it with `--write`."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--records", type=int, nargs="+", default=[1_000, 10_000])
    parser.add_argument("--write", action="store_true")
    asked = parser.parse_args()
    chromium = next(filter(None, map(shutil.which, CHROMIUM)), None)
    if chromium is None:
        raise SystemExit("no chromium on PATH: apt-get install chromium")
    with TemporaryDirectory() as folder:
        target = Target(providers=NAMES)
        run = api.run(Options(target=target, output=Output(out=Path(folder) / "run")))
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=chromium, args=["--no-sandbox"])
        pages = [measured(run.records, run.header, browser, each) for each in asked.records]
        browser.close()
    text = table(pages)
    sys.stdout.write(f"{text}\n")
    if asked.write:
        about = (__doc__ or "").strip()
        TABLE.write_text(f"# The page of a long run\n\n{about}\n\n{text}\n", encoding="utf-8")


if __name__ == "__main__":
    main()
