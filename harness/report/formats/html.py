"""`index.html`: the report as one file that opens from disk and loads nothing else."""

import base64
import hashlib
import json
from collections.abc import Iterator, Sequence
from dataclasses import replace
from functools import cache
from itertools import groupby
from pathlib import Path
from typing import TypeVar

from jinja2 import Environment, FileSystemLoader, StrictUndefined
from markupsafe import Markup

from harness.adaptive.discovery.question import Discovered
from harness.core.exchange import Request
from harness.report.anchors import case_anchor, cell_anchor
from harness.report.authenticity.sections import evidence_sections
from harness.report.benchmark.sections import sections
from harness.report.benchmark.words import bounds_s, figure_s, planned, tail_s
from harness.report.charts.latency import plot
from harness.report.choosing import choice_section
from harness.report.exhibits.fewer import fewer
from harness.report.explored import explored_sentence
from harness.report.formats.behind_cells import cell_words, links, pictured
from harness.report.formats.columns import column_classes, column_groups, filter_rules, row_states
from harness.report.formats.format import report_format
from harness.report.formats.room import (
    MOST_LISTED,
    PAGE_BYTES,
    ROOM_BYTES,
    SHARES,
    THUMBNAILS,
    Room,
)
from harness.report.labels import (
    about_provider,
    describe_provenance,
    failure_rate,
    fault_lines,
    waiting_advice,
)
from harness.report.model import Column, OpenQuestionResult, Report, Shown
from harness.report.overview.finding_ids import finding_id, finding_ids
from harness.report.overview.overview import overview
from harness.report.text import (
    amount_text,
    between,
    count,
    money_text,
    one_line,
    percent,
    pruned_json,
    seconds,
    shortened,
    visible,
)
from harness.report.transcripts.message import part_text
from harness.stats.conformance.latency import CONFIDENCE
from harness.stats.intervals import fewest_samples

ByProvider = TypeVar("ByProvider", Column, Discovered, OpenQuestionResult)

_TEMPLATES = Path(__file__).parents[1] / "templates"
_MOST_REQUEST = 6_000
_MOST_POINTS = 60
_MOST_ROOMY = 11  # columns of the matrix whose words fit at 1280 px

SYMBOLS = {
    "held": "✓",
    "broken": "✗",
    "flaky": "~",
    "unconfirmed": "✗?",
    "undocumented": "○",
    "inconclusive": "?",
    "not tried": "·",
    "absent": "-",
    "unclear": "?",
    "untested": "·",
}


@report_format("index.html", rank=20)
def html(report: Report) -> str:
    """Return the report as one HTML page: no script is needed, nothing is fetched.

    Foreign text is escaped, shortened, and shows its control characters; a request stands
    complete in its curl line only. A content policy forbids whatever this module did not write.
    Where all parts together are too large for a page, each has a smaller share of its room.
    """
    page = ""
    for share in SHARES:
        page = _drawn(report, Room(share))
        if len(page.encode("utf-8", "surrogatepass")) <= PAGE_BYTES:
            break
    return page


def _drawn(report: Report, room: Room) -> str:
    if room.share < 1:
        report = replace(report, transcripts=fewer(report.transcripts, room.share))
    groups = column_groups(report.matrix)
    anchors = finding_ids(report)
    listed = {anchors[shown.reproduction.folder] for shown in _listed(report)}
    style = _joined("style") + filter_rules(groups)
    script = _joined("script")
    return (
        _environment()
        .get_template("index.html.j2")
        .render(
            report=report,
            within=room.within,
            left_out=room.left_out,
            overview=overview(report),
            style=Markup(style),  # noqa: S704 - our own file
            script=Markup(script),  # noqa: S704 - our own file
            policy=f"default-src 'none'; img-src data:; style-src '{_digest(style)}';"
            f" script-src '{_digest(script)}'; base-uri 'none'; form-action 'none'",
            plot=plot(report.latency),
            sections=sections(report.benchmark) if report.benchmark else (),
            design=planned(report.benchmark.benchmark.design) if report.benchmark else "",
            evidence=tuple(evidence_sections(report.evidence)),
            chosen=choice_section(report.choice),
            most_points=_MOST_POINTS,
            tally=_tally(report),
            groups=groups,
            dense_from=_MOST_ROOMY,
            place=column_classes(groups),
            advice=waiting_advice(report),
            faults=fault_lines(report),
            explored=[explored_sentence(row) for row in report.explored],
            anchors=listed,
            link_of=links(report, listed, finding_id),
            pictured=pictured(report, int(ROOM_BYTES[THUMBNAILS] * room.share)),
            ids=lambda shown: anchors[shown.reproduction.folder],
            unlisted=lambda items: sum(
                anchors[shown.reproduction.folder] not in listed for shown in items
            ),
            methods=_methods(report),
            discovered=_by_provider(report.discovered),
            observed=_by_provider(report.observations),
            fewest_median=fewest_samples(0.5, confidence=CONFIDENCE),
            fewest_p95=fewest_samples(0.95, confidence=CONFIDENCE),
        )
    )


def _listed(report: Report) -> Iterator[Shown]:
    """Yield the findings that a page names: the first ones, and the first of each provider."""
    yield from report.all_findings[:MOST_LISTED]
    seen: set[str] = set()
    for shown in report.all_findings:
        if shown.finding.provider not in seen:
            seen.add(shown.finding.provider)
            yield shown


def request_shown(request: Request) -> str:
    """Return a request as people read it: long texts shortened, files named with their size.

    Of its headers only the one that makes a difference: its idempotency key.
    """
    lines = [f"{request.method} {shortened(request.target, 200)}"]
    lines += [
        f"{name}: {shortened(header, 200)}"
        for name, header in request.headers
        if name.lower() == "idempotency-key"
    ]
    head = visible("\n".join(lines), keep="\n")
    if request.form is not None:
        body = "\n".join(part_text(part) for part in request.form)
    elif request.body is None:
        return head
    else:
        body = json.dumps(pruned_json(request.body), indent=2, ensure_ascii=False)
    return f"{head}\n{visible(shortened(body, _MOST_REQUEST), keep=chr(10))}"


def _joined(folder: str) -> str:
    """Return the files of a folder of templates in one, in the order of their names."""
    files = sorted((_TEMPLATES / folder).iterdir())
    return "".join(file.read_text(encoding="utf-8") for file in files)


@cache  # to compile the templates takes three times as long as to fill them
def _environment() -> Environment:
    environment = Environment(
        loader=FileSystemLoader(_TEMPLATES),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.filters |= {
        "foreign": one_line,
        "visible": visible,
        "count": count,
        "seconds": seconds,
        "figure": figure_s,
        "bounds": bounds_s,
        "tail": tail_s,
        "percent": percent,
        "amount": amount_text,
        "money": lambda amount, unit: one_line(money_text(amount, unit), 40),
        "words": lambda evidence: one_line(describe_provenance(evidence), 120),
        "request": request_shown,
    }
    environment.tests["real"] = about_provider
    environment.globals |= {
        "symbols": SYMBOLS,
        "row_states": row_states,
        "cell_anchor": cell_anchor,
        "case_anchor": case_anchor,
        "cell_words": cell_words,
        "finding_anchor": finding_id,
        "between": between,
        "rate": failure_rate,
    }
    return environment


def _by_provider(rows: Sequence[ByProvider]) -> list[tuple[str, tuple[ByProvider, ...]]]:
    groups = groupby(rows, key=lambda row: row.provider)
    return [(provider, tuple(group)) for provider, group in groups]


def _digest(text: str) -> str:
    raw = hashlib.sha256(text.encode("utf-8")).digest()
    return "sha256-" + base64.b64encode(raw).decode("ascii")


def _tally(report: Report) -> dict[str, int]:
    """Count the rows of the matrix that have a cell in each state."""
    rows = [{cell.state for cell in row.cells} for row in report.matrix.rows]
    return {state: sum(state in states for states in rows) for state in SYMBOLS}


def _methods(report: Report) -> tuple[str, ...]:
    """Name each method that made an interval of this report, once."""
    estimates = [estimate for row in report.latency for estimate in (row.median, row.p95)]
    estimates += [row.before for row in report.completion]
    estimates += [row.share for row in report.errors]
    estimates += [shown.share for shown in report.flaky]
    estimates += [shown.other_share for shown in report.all_findings if shown.other_share]
    estimates += [row.overhead for row in report.authenticity if row.overhead]
    estimates += [row.share for row in report.authenticity if row.share]
    estimates += [row.false_positives for row in report.suspicions]
    return tuple(
        dict.fromkeys(estimate.method for estimate in estimates if estimate.low is not None)
    )
