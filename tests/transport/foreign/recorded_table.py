"""What is read of each recorder's file, cell by cell: `tests/benchmarks/recorders.md`."""

import re
import tempfile
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from harness.checks.judge import judge_records
from harness.core.errors import RecordingError
from harness.core.exchange import Picture
from harness.core.outcome import Fault, Images, Refused
from harness.core.record import Record
from harness.runner.traffic.traffic import judge_file
from harness.transport.bodies.images import ImageCollector
from tests.shipped import PROVIDERS, shipped_provider
from tests.transport.foreign.cutting import shortened

RECORDED = Path(__file__).with_name("recorded")

COLUMNS = ("plain", "base64", "URL", "SSE", "edit", "error", "gzip", "br", "cut")
STEPS = ("plain", "plain", "plain", "base64", "URL", "URL", "SSE", "edit", "error", "gzip", "br")
"""The column of each interaction, in the order of the files."""

SIZES = dict.fromkeys(COLUMNS, (1024, 1024)) | {"plain": (1280, 720)}
PROVIDER = {"plain": "buble", "URL": "nanobanana"}

READ, INCONCLUSIVE, NAMED, LEFT_OUT = "read", "inconclusive", "named", "-"
"""`named`: unreadable, with the reason. `-`: the recorder writes no such recording."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Cell:
    """What came of a recording: a word, and in whose words it is so."""

    word: str
    why: str = ""


def cells(name: str) -> dict[str, Cell]:
    """Judge a recorder's file, and once more with a body cut off; return a cell for each column."""
    path = RECORDED / name
    row = _judged(path)
    if path.is_dir():
        return row
    text = shortened(path)
    if text is None:
        return row
    with tempfile.TemporaryDirectory() as folder:
        cut = Path(folder) / path.name
        cut.write_text(text, encoding="utf-8")
        changed = [cell for column, cell in _judged(cut).items() if cell != row.get(column)]
    row["cut"] = changed[0] if len(changed) == 1 else Cell(word=f"{len(changed)} cells changed")
    return row


def _judged(path: Path) -> dict[str, Cell]:
    row: dict[str, Cell] = {}
    for provider in ("buble", "nanobanana", "sub2api"):
        try:
            traffic = judge_file(path, shipped_provider(provider), _collector())
        except RecordingError as error:
            return {column: Cell(word=NAMED, why=str(error)) for column in COLUMNS}
        for record in traffic.records:
            column = _column(path, record)
            if PROVIDER.get(column, "sub2api") == provider:
                row[column] = _cell(column, record)
        for reason in traffic.unreadable:
            place = re.match(r"interaction (\d+): (.*)", reason, re.DOTALL)
            if place is not None and (column := _step(path, int(place[1]))) not in row:
                row[column] = Cell(word=NAMED, why=place[2])
    return row


def _collector() -> ImageCollector:
    return ImageCollector(lambda _name, _raw: None)


def _step(path: Path, index: int) -> str:
    if path.suffix == ".sse":
        return "SSE"
    steps = (*STEPS, "cut") if path.is_dir() else STEPS
    return steps[index] if index < len(steps) else "beyond"


def _column(path: Path, record: Record) -> str:
    _, _, column = str(record.shot.case.arguments.get("prompt", "")).rpartition("column ")
    step = _step(path, int(record.shot.case.id.rpartition("#")[2]))
    return column if column in COLUMNS and step != "cut" else step


def _cell(column: str, record: Record) -> Cell:
    verdicts = judge_records([record], PROVIDERS)
    broken = [f"{one.check}: {one.why}" for one in verdicts if one.status in ("fail", "error")]
    if broken:
        return Cell(word="CONVICTED", why="; ".join(broken))
    match record.outcome:
        case Refused(error=error) if column == "error":
            return Cell(word=READ, why=error.message)
        case Images(pictures=pictures) if _right(column, pictures):
            return Cell(word=READ, why=f"{pictures[0].width_px}x{pictures[0].height_px}")
        case Images(pictures=pictures) if all(picture.state == "absent" for picture in pictures):
            return Cell(word=INCONCLUSIVE, why="; ".join(picture.why for picture in pictures))
        case Fault(why=why):
            return Cell(word=INCONCLUSIVE, why=why)
        case _:
            return Cell(word="WRONG", why=str(record.outcome)[:300])


def _right(column: str, pictures: Sequence[Picture]) -> bool:
    if len(pictures) != 1:
        return False
    (picture,) = pictures
    size = picture.width_px, picture.height_px
    return (picture.state, picture.format, size) == ("decoded", "png", SIZES[column])


HEAD = """# Recorder formats by what a recording holds

Made by `python tests/benchmarks/recorders.py --write` of the files in
`tests/transport/foreign/recorded`, which the recorders' own libraries wrote of the same requests to
the emulator (its README names library and version). `read`: the outcome is the right one, and each
image decodes in its right size. `inconclusive`: nothing is held against the provider. `named`: left
unread, with the reason. `-`: the recorder writes no such recording. Every reason stands below.
"""


def table(rows: dict[str, dict[str, Cell]]) -> str:
    """Return the page: a row for each file, and below it the reasons of what was not read."""
    lines = [HEAD, "| file | " + " | ".join(COLUMNS) + " |", "|---|" + "---|" * len(COLUMNS)]
    reasons: list[str] = []
    for name, row in rows.items():
        words = [row[column].word if column in row else LEFT_OUT for column in COLUMNS]
        lines.append(f"| {name} | " + " | ".join(words) + " |")
        reasons += [
            f"- {name}, {column}: {cell.word}: {cell.why}"
            for column, cell in row.items()
            if cell.word != READ
        ]
    return "\n".join([*lines, "", *dict.fromkeys(reasons)]) + "\n"


_ALL = dict.fromkeys(COLUMNS, READ)
_CUT = {"cut": INCONCLUSIVE}

EXPECTED: dict[str, dict[str, str]] = {
    "axios_har_tracker.har": _ALL | _CUT,
    "azure_test_proxy.json": _ALL | _CUT,
    "charles.chlsj": _ALL | _CUT,
    "curl": _ALL | _CUT,
    "go_vcr.yaml": _ALL | _CUT,
    "go_vcr_1.yaml": _ALL | _CUT,
    "hoverfly.json": _ALL | _CUT,
    "mitmproxy.flow": {column: READ for column in COLUMNS if column != "cut"},
    "mitmproxy.har": _ALL | _CUT,
    "nock.json": _ALL | _CUT,
    "nock13.json": _ALL | _CUT,
    "nock_headers.json": _ALL | _CUT,
    # It writes images as text, in which their bytes are lost.
    "node_fetch_har.har": _ALL | _CUT | {"plain": INCONCLUSIVE, "URL": INCONCLUSIVE},
    # It leaves a request's body out that is no text.
    "polly.har": _ALL | _CUT | {"edit": NAMED},
    "ruby_vcr.yml": _ALL | _CUT,
    "transcript.sse": {"SSE": NAMED},
    # vcrpy's JSON holds no bytes: what has some cannot be recorded with it.
    "vcrpy.json": dict.fromkeys(("base64", "SSE", "error"), READ)
    | _CUT
    | {"plain": INCONCLUSIVE, "URL": INCONCLUSIVE},
    "vcrpy.yaml": _ALL | _CUT,
    "wiremock_journal.json": _ALL | _CUT,
    # A form's body is nothing that its recorder keeps.
    "wiremock_mappings.json": _ALL | _CUT | {"edit": NAMED},
}
"""What the table has to show; a column that a recorder cannot write is left out."""
