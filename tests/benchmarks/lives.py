"""Runs that are ended by force and go on, beside the same runs undisturbed (`kills`, `power`).

A series is one provider and operation, or a benchmark, at the documented emulator or with one of
its faults. Each of its lives has an emulator of its own, whose ledger says what was charged.
"""

import json
import socket
import subprocess
import tempfile
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from random import Random
from typing import Any

from harness.core.errors import HarnessError
from harness.core.exchange import Exchange, Reply
from harness.core.outcome import CUT_OFF_WHY, Fault
from harness.core.record import Record
from harness.store.line import JOURNAL
from harness.store.reader import StoredRun, read_run
from tests.loopback import ANY, HUNG_S
from tests.runner.processes import HARNESS, KNOWN, Emulator, emulator, started
from tests.shipped import NAMES

SCALE = ("--time-scale", "0.02")
SMALL = ("--max-images", "16", "--max-requests", "120", "--concurrency", "16")
LOOK_S = 0.01
AT_MOST_TURNS = 30
"""After so many beginnings of one run something is wrong with it."""
FREE = 500
TOO_MANY = 429


@dataclass(frozen=True, slots=True, kw_only=True)
class Series:
    """What a run is of; without an operation it is a benchmark."""

    provider: str
    operation: str | None
    fault: str | None = None

    @property
    def name(self) -> str:
        """The words for it in a table."""
        words = [self.provider, self.operation or "benchmark", self.fault]
        return " ".join(word for word in words if word)

    def options(self) -> tuple[str, ...]:
        """Return what the command is given beside an address and a folder."""
        if self.operation is None:
            return ("--only", "benchmark", "--blocks", "6", "--no-calibrate", *self.limits())
        return ("--operation", self.operation, *SMALL)

    def limits(self) -> tuple[str, ...]:
        """Return the limits, which a run that goes on is given again."""
        return ("--budget", f"{self.provider}=100000") if self.operation is None else SMALL


BROKEN = {
    ("buble", "generate"): "ignore:resolution.one_of",
    ("buble", "edit"): "ignore:aspect_ratio.one_of",
    ("sub2api", "generate"): "ignore:quality.one_of",
    ("sub2api", "edit"): "ignore:n.range",
    ("apiframe", "generate"): "ignore:quality.one_of",
    ("apiframe", "edit"): "ignore:n.range",
    ("nanobanana", "generate"): "ignore:n.range",
    ("nanobanana", "edit"): "ignore:quality.one_of",
    ("aimlapi", "generate"): "ignore:quality.one_of",
    ("aimlapi", "edit"): "ignore:n.range",
    ("openai", "generate"): "ignore:quality.one_of",
    ("openai", "edit"): "ignore:n.range",
    ("openai", "edit_json"): "ignore:n.range",
}
"""A broken promise for each provider and operation."""

ALL_SERIES = (
    *(Series(provider=name, operation=operation) for name, operation in BROKEN),
    *(Series(provider=n, operation=o, fault=f"{n}:{f}") for (n, o), f in BROKEN.items()),
    *(Series(provider=name, operation=None) for name in NAMES),
)

Standing = dict[tuple[str, ...], str]
"""(operation, promise, check) -> fail, pass or another word: what a run says of each promise."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Undisturbed:
    """What a series comes to where nothing happens; `took_s` from its first line to its end."""

    standing: Standing
    findings: frozenset[tuple[str, ...]]
    took_s: float
    code: int


@dataclass(slots=True, kw_only=True)
class Life:
    """One run that was ended by force `ends` times and went on to its end."""

    series: Series
    ends: int = 0
    code: int = -1
    twice: int = 0
    acknowledged: int = 0
    lost: int = 0
    in_doubt: int = 0
    compared: int = 0
    told: list[str] = field(default_factory=list)
    differ: list[str] = field(default_factory=list)
    findings_lost: list[str] = field(default_factory=list)
    charged: int = 0
    reported: int = 0
    unsettled: int = 0
    trouble: str = ""

    @property
    def books_agree(self) -> bool:
        """Whether what is reported as spent, and what is in doubt, hold all that was charged."""
        return self.reported <= self.charged <= self.reported + self.unsettled


Commanded = Sequence[str]


@dataclass(frozen=True, slots=True, kw_only=True)
class Served:
    """An emulator of a life's own, a folder, and a port where it finds reference images."""

    emulator: Emulator
    folder: Path
    port: int


@contextmanager
def serving(series: Series) -> Iterator[Served]:
    """Start the emulator of a life, and stop it in the end."""
    faults = ("--fault", series.fault) if series.fault else ()
    with emulator(*SCALE, *KNOWN, *faults) as found, tempfile.TemporaryDirectory() as parent:
        with socket.create_server(("127.0.0.1", 0)) as free:
            port = free.getsockname()[1]
        yield Served(emulator=found, folder=Path(parent) / "run", port=port)


def undisturbed(series: Series) -> Undisturbed:
    """Run a series to its end, and take its time. RuntimeError where it does not end."""
    with serving(series) as served:
        process = begun(series, served)
        while not lines(served.folder) and process.poll() is None:
            time.sleep(LOOK_S)
        begun_s = time.monotonic()
        _, err = process.communicate(timeout=HUNG_S)
        took_s = time.monotonic() - begun_s
        if process.returncode not in (0, 1, 4):
            raise RuntimeError(f"{series.name}: exit code {process.returncode}: {err}")
        summary = json.loads((served.folder / "summary.json").read_text(encoding="utf-8"))
    return Undisturbed(
        standing=standing(summary),
        findings=findings(summary),
        took_s=took_s,
        code=process.returncode,
    )


def begun(
    series: Series, served: Served, *, command: Commanded = HARNESS
) -> "subprocess.Popen[str]":
    """Start a run, or let it go on where its folder has begun."""
    assets = f"http://127.0.0.1:{served.port}/assets"
    live = (
        *("--against", "live", *served.emulator.at(series.provider)),
        *("--assets-url", assets, "--receive-port", str(served.port)),
    )
    folder = served.folder
    if (folder / "run.json").exists():
        more = series.limits()
        return started("run", "--resume", folder, *live, *more, command=command)
    return started("run", *live, *series.options(), "--out", folder, command=command)


def lived(
    series: Series,
    like: Undisturbed,
    seed: int,
    *,
    command: Commanded = HARNESS,
    after_kill: Callable[[Path], None] = lambda _folder: None,
) -> Life:
    """Kill a run at random instants, one to three times, and compare what it comes to.

    `after_kill` may change what the disk holds then.
    """
    random = Random(seed)
    life = Life(series=series)
    acknowledged: dict[tuple[str, ...], str] = {}
    with serving(series) as served:
        folder = served.folder
        left = random.choice((1, 1, 2, 3))
        for _ in range(AT_MOST_TURNS):
            process = begun(series, served, command=command)
            if left and killed(process, folder, random.uniform(0, like.took_s * 1.1)):
                left, life.ends = left - 1, life.ends + 1
                after_kill(folder)
                try:
                    acknowledged |= _replies(folder)
                except HarnessError as error:
                    life.trouble = str(error)
                    break
                continue
            _, err = process.communicate(timeout=HUNG_S)
            life.code = process.returncode
            life.trouble = "" if life.code in (0, 1, 4) else err[-300:]
            break
        compare(life, like, served, acknowledged)
    return life


def killed(process: "subprocess.Popen[str]", folder: Path, after_s: float) -> bool:
    """Kill a run so long after its journal has a new line; tell whether it was still there."""
    before = lines(folder)
    while lines(folder) <= before and process.poll() is None:
        time.sleep(LOOK_S)
    try:
        process.wait(after_s)
    except subprocess.TimeoutExpired:
        process.kill()
        process.communicate()
        return True
    return False


def lines(folder: Path) -> int:
    """Return how many lines the journal of a run has."""
    journal = folder / JOURNAL
    return journal.read_bytes().count(b"\n") if journal.exists() else 0


def compare(
    life: Life,
    like: Undisturbed,
    served: Served,
    acknowledged: Mapping[tuple[str, ...], str],
) -> None:
    """Hold a run that went on to its end beside the ledger and the undisturbed one."""
    folder = served.folder
    ledger = ANY.get(f"{served.emulator.urls[life.series.provider]}/__emulator/ledger").json()
    life.twice = len(ledger["duplicates"]) + len(ledger["repeats"])
    life.charged = ledger["totals"]["images"]
    if life.trouble:
        return
    summary = json.loads((folder / "summary.json").read_text(encoding="utf-8"))
    past = read_run(folder)
    kept = _replies(folder)
    life.acknowledged = len(acknowledged)
    life.lost = sum(key not in kept for key in acknowledged)
    life.in_doubt = sum(map(_is_in_doubt, past.records))
    row = summary["providers"][life.series.provider]
    life.reported, life.unsettled = row["images_paid"], row["images_unsettled"]
    mine, doubtful = standing(summary), _doubtful(past)
    life.compared = len(like.standing)
    for key, status in like.standing.items():
        if mine.get(key) != status:
            line = f"{life.series.name}: {' '.join(key)}: {status}, {mine.get(key, 'not tried')}"
            (life.told if key[:2] in doubtful else life.differ).append(line)
    life.findings_lost = sorted(map(" ".join, like.findings - findings(summary)))


def standing(summary: Mapping[str, Any]) -> Standing:
    """Return what a summary says of each promise: the gravest of its verdicts."""
    ranks = {"fail": 0, "pass": 1}
    found: Standing = {}
    for verdict in summary["verdicts"]:
        key = (verdict["operation"], verdict["constraint"] or "-", verdict["check"])
        before = found.get(key, "zzz")
        found[key] = min(before, verdict["status"], key=lambda word: ranks.get(word, 2))
    return found


def findings(summary: Mapping[str, Any]) -> frozenset[tuple[str, ...]]:
    """Return the broken promises of a summary."""
    return frozenset(
        (each["operation"], each["constraint"] or "-", each["check"])
        for each in summary["findings"]
    )


def _replies(folder: Path) -> dict[tuple[str, ...], str]:
    """Return every reply that a journal holds, but those that may be asked for again for nothing.

    A later attempt takes the place of one that cost nothing: a 429, or an error of the server.
    """
    if not (folder / "run.json").exists():
        return {}
    past = read_run(folder)
    exchanges = [(r.shot.case.id, each) for r in past.records for each in r.exchanges]
    exchanges += [(u.line.case, each) for u in past.unfinished for each in u.exchanges]
    return {
        (case, each.step, repr(each.times.end_s)): case
        for case, each in exchanges
        if _is_answered(each)
    }


def _is_answered(exchange: Exchange) -> bool:
    answer = exchange.answer
    return isinstance(answer, Reply) and answer.status < FREE and answer.status != TOO_MANY


def _is_in_doubt(record: Record) -> bool:
    """Tell whether a request, or an earlier asking of its question, may be paid without a reply."""
    cut_off = isinstance(record.outcome, Fault) and record.outcome.why == CUT_OFF_WHY
    return cut_off or bool(record.in_doubt)


def _doubtful(past: StoredRun) -> set[tuple[str, str]]:
    """Return the operations and promises of requests that are said to be in doubt."""
    return {
        (record.shot.case.operation, promise)
        for record in past.records
        if _is_in_doubt(record)
        for promise in (record.shot.case.breaks or "-", "-", *record.shot.case.arguments)
    }


def table(lives: Sequence[Life]) -> Iterator[str]:
    """Yield a table: a row for each series."""
    yield (
        "| series | lives | ends | paid twice | acknowledged | lost | in doubt | promises | differ,"
        " in doubt | differ | findings lost | charged | reported | unsettled |"
    )
    yield "|---|" + "---:|" * 13
    for name in dict.fromkeys(life.series.name for life in lives):
        mine = [life for life in lives if life.series.name == name]
        numbers = [
            len(mine),
            *(
                sum(getattr(life, column) for life in mine)
                for column in ("ends", "twice", "acknowledged", "lost", "in_doubt", "compared")
            ),
            *(
                sum(len(getattr(life, column)) for life in mine)
                for column in ("told", "differ", "findings_lost")
            ),
            *(
                sum(getattr(life, column) for life in mine)
                for column in ("charged", "reported", "unsettled")
            ),
        ]
        yield f"| {name} | " + " | ".join(map(str, numbers)) + " |"
