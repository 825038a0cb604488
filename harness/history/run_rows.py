"""What a run's folder holds, as rows: of its summary, and of its journal or its Parquet.

Nothing is judged again, and nothing is written. Whatever a file holds, the rows are there or a note
says why not.
"""

import json
import os
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from itertools import chain
from pathlib import Path
from typing import Any

from harness.core.errors import HarnessError
from harness.core.files import read_at_most
from harness.core.jsonvalue import canonical
from harness.core.record import RunHeader
from harness.history.extract import SCHEMA
from harness.history.folders import MOST_BYTES, OWN, SUMMARY, is_text, run_folders
from harness.report.frames.columns import VERDICTS
from harness.report.frames.frames import attempts_of, plain, prices_of
from harness.report.frames.rows import Row
from harness.store.reader import joined, read_run
from harness.store.spool import Spool

HEADER, JOURNAL = OWN
PARQUET = ("attempts.parquet", "prices.parquet")
_FILES = (SUMMARY, *OWN, *PARQUET)

_STANDINGS = (("findings", "confirmed"), ("flaky", "flaky"), ("unconfirmed", "unconfirmed"))
_AS_THEY_ARE = (
    *("provider", "operation", "check", "evidence", "expected", "observed", "failed", "tried"),
    *("curl", "source", "reproduction"),
)


@dataclass(frozen=True, slots=True, kw_only=True)
class RunFiles:
    """The plain files of a run's folder that are read: `(size, time of its last change)` by name.

    `path` is the folder below the one looked through, `.` for that itself.
    """

    path: str
    files: dict[str, tuple[int, int]]

    @property
    def mark(self) -> str:
        """A text that is another one once a file is."""
        return json.dumps(self.files, sort_keys=True)

    @property
    def has_parquet(self) -> bool:
        """Tell whether there is Parquet that was written after all that it is of."""
        if not all(self.files.get(name, (0, 0))[0] for name in PARQUET):
            return False
        written = min(self.files[name][1] for name in PARQUET)
        return JOURNAL not in self.files or self.files[JOURNAL][1] <= written


@dataclass(frozen=True, slots=True, kw_only=True)
class RunRows:
    """A run: `about` it, its rows by the name of their frame, and `notes` on what is missing."""

    about: Row
    rows: dict[str, Sequence[Row]] = field(default_factory=dict)
    notes: tuple[str, ...] = ()


def find_runs(folder: Path, notes: list[str]) -> Iterator[RunFiles]:
    """Yield the runs below a folder; `notes` hears what is passed over. OSError as it arises."""
    for path, entries in run_folders(folder, notes):
        if not is_text(path):
            notes.append(
                f"{path.encode(errors='backslashreplace').decode()}: its name is not UTF-8"
            )
            continue
        yield RunFiles(path=path, files=dict(_own_files(entries)))


def _own_files(entries: list[os.DirEntry[str]]) -> Iterator[tuple[str, tuple[int, int]]]:
    for entry in entries:
        if entry.name in _FILES and entry.is_file(follow_symlinks=False):
            known = entry.stat(follow_symlinks=False)
            yield entry.name, (known.st_size, known.st_mtime_ns)


def rows_of(folder: Path, run: RunFiles, *, parquet: bool = False) -> RunRows:
    """Read a run; with `parquet` its attempts and prices are read elsewhere, and left out here."""
    notes: list[str] = []
    place = folder / run.path
    summary = _summary(place / SUMMARY, notes) if SUMMARY in run.files else None
    header, sent = (None, {}) if parquet else _sent(place, run, notes)
    if summary is None and header is None:
        return RunRows(about={}, notes=tuple(notes or ["nothing in it can be read"]))
    if summary is None and SUMMARY not in run.files:
        notes.append(f"is under way or was cut off (no {SUMMARY}): no verdicts, no findings")
    rows: dict[str, Sequence[Row]] = {**sent, "verdicts": [*_verdicts(summary)]}
    rows["findings"] = [*_findings(summary, sent.get("attempts", ()))]
    return RunRows(about=_about(summary, header), rows=rows, notes=tuple(notes))


def _summary(file: Path, notes: list[str]) -> dict[str, Any] | None:
    """Return a summary; None, and a note, for what is none of this version."""
    try:
        content = json.loads(read_at_most(file, MOST_BYTES), parse_constant=lambda _name: None)
    except OSError as error:
        notes.append(f"its {SUMMARY} cannot be read ({error.strerror})")
    except (ValueError, RecursionError):
        notes.append(f"its {SUMMARY} is no JSON of a run (cut off, or damaged)")
    else:
        if isinstance(content, dict) and content.get("schema") == SCHEMA:
            return content
        notes.append(f"its {SUMMARY} is not a run's of schema {SCHEMA}")
    return None


def _sent(
    place: Path, run: RunFiles, notes: list[str]
) -> tuple[RunHeader | None, dict[str, Sequence[Row]]]:
    """Return a run's header and the rows of what was sent, as its journal has them."""
    if HEADER not in run.files:
        notes.append("has no journal: no attempts, no prices")
        return None, {}
    try:
        header, records = joined([read_run(place)])
        attempts, prices = Spool(attempts_of(records, header)), Spool(prices_of(records, header))
    except (HarnessError, OSError, ValueError, RecursionError) as error:
        said = str(error).splitlines()[0][:200] if str(error) else type(error).__name__
        notes.append(f"no attempts, no prices: {said}")
        return None, {}
    notes += [said for said in header.notes if said.startswith(JOURNAL)]  # torn, or lines removed
    return header, {"attempts": attempts, "prices": prices}


def _about(summary: dict[str, Any] | None, header: RunHeader | None) -> Row:
    """Return what is known of a run as a whole."""
    run = _dict(summary, "run")
    if not run and header is not None:
        run = {
            name: getattr(header, name)
            for name in ("run", "harness", "created", "finished", "against", "interrupted", "seed")
        }
    traffic = [
        [name, str(said.get("evidence")), said.get("requests") or 0]
        for name, said in _dict(summary, "providers").items()
        if isinstance(said, dict)
    ]
    benchmark = bool(_dict(summary, "benchmark")) or bool(header and header.benchmark)
    return {
        "run": run.get("run"),
        "harness": run.get("harness"),
        "created": run.get("created"),
        "finished": run.get("finished"),
        "interrupted": run.get("interrupted"),
        "against": run.get("against"),
        "seed": str(run.get("seed", "")),
        "benchmark": benchmark,
        "traffic": json.dumps(sorted(traffic, key=str)),
    }


def _verdicts(summary: dict[str, Any] | None) -> Iterator[Row]:
    for said in _dicts(summary, "verdicts"):
        yield {name: said.get(name) for name in VERDICTS}


def _findings(summary: dict[str, Any] | None, attempts: Sequence[Row]) -> Iterator[Row]:
    shown = {
        (said.get("provider"), case)
        for key, _ in _STANDINGS
        for said in _dicts(summary, key)
        for case in _list(said, "cases")
        if isinstance(said.get("provider"), str) and isinstance(case, str)
    }
    by_case = {
        case: row["arguments_json"]
        for row in (attempts if shown else ())
        if (case := (row["provider"], row["case"])) in shown
    }
    for said, standing in chain.from_iterable(
        ((said, standing) for said in _dicts(summary, key)) for key, standing in _STANDINGS
    ):
        request = canonical(said.get("arguments"))
        cases = [case for case in _list(said, "cases") if isinstance(case, str)]
        provider = said.get("provider")
        smallest = (case for case in cases if by_case.get((provider, case)) == request)
        values = [value for value in _list(said, "combination") if isinstance(value, str)]
        yield {name: said.get(name) for name in _AS_THEY_ARE} | {
            "promise": said.get("constraint") or "+".join(values) or said.get("check"),
            "standing": standing,
            "known": said.get("known") is True,
            "case": next(smallest, cases[0] if cases else None),
            "request_json": request,
            "doubt": said.get("doubt") or None,
        }


def _dict(content: dict[str, Any] | None, key: str) -> dict[str, Any]:
    found = (content or {}).get(key)
    return found if isinstance(found, dict) else {}


def _list(content: dict[str, Any] | None, key: str) -> list[Any]:
    found = (content or {}).get(key)
    return found if isinstance(found, list) else []


def _dicts(content: dict[str, Any] | None, key: str) -> Iterator[dict[str, Any]]:
    return (each for each in _list(content, key) if isinstance(each, dict))


def written(row: Row, folder: str) -> str:
    """Return a row of a folder as JSON that DuckDB reads: no NaN, no half of a surrogate pair."""
    return json.dumps({"folder": folder, **{name: _written(cell) for name, cell in row.items()}})


def _written(cell: object) -> object:
    if isinstance(cell, float) and cell != cell:  # noqa: PLR0124 - NaN alone is not itself
        return None
    if cell is None or isinstance(cell, bool | int | float):
        return cell
    return plain(cell if isinstance(cell, str) else str(cell))
