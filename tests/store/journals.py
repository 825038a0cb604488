"""Run folders with a journal of many lines, written in batches as a run at a concurrency does."""

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from zlib import crc32

from harness.core.exchange import Exchange, Reply, Times
from harness.core.outcome import Fault
from harness.store.folder import RunFolder
from harness.store.header import dumped_header, read_header
from harness.store.line import HEADER, Ended, Exchanged, JournalLine, Sent
from harness.store.seal import read_journal
from tests.runner.journals import EVIDENCE, header
from tests.wire.by_hand import BASES, shot_of

SHOT = shot_of(BASES["sub2api", "generate"])
TIMES = Times(due_s=0, sent_s=0, end_s=1)


def sent(number: int) -> Sent:
    """The line of a request before it leaves."""
    case = replace(SHOT.case, id=f"generate/{number}")
    shot = replace(SHOT, case=case)
    return Sent(provider="sub2api", case=case.id, shot=shot, evidence=EVIDENCE)


def exchanged(number: int) -> Exchanged:
    """The line of its reply."""
    reply = Reply(status=200, document={"id": f"job-{number}", "cost": number + 0.25})
    exchange = Exchange(request=SHOT.request, answer=reply, times=TIMES)
    return Exchanged(provider="sub2api", case=f"generate/{number}", exchange=exchange)


def ended(number: int) -> Ended:
    """The line of its end."""
    fault = Fault(error_class="network", why=f"reset {number}", may_be_paid=False)
    return Ended(provider="sub2api", case=f"generate/{number}", outcome=fault)


def batches(requests: int, at_once: int) -> Iterator[list[JournalLine]]:
    """Yield the lines of so many requests, `at_once` of them in one batch."""
    for first in range(0, requests, at_once):
        numbers = range(first, min(first + at_once, requests))
        for line in (sent, exchanged, ended):
            yield [line(number) for number in numbers]


def written(path: Path, *, requests: int = 12, at_once: int = 3, finished: bool = False) -> Path:
    """A folder of that many requests; of a run that was killed, unless it is finished."""
    folder = RunFolder.create(path)
    folder.write_header(header())
    for batch in batches(requests, at_once):
        folder.append(*batch)
    if finished:
        folder.write_header(replace(header(), finished="2026-01-02T03:05:05+00:00"))
    folder.close()
    return path


def lines_of(journal: bytes) -> list[JournalLine | None]:
    """Return the lines that can be read of a journal's bytes."""
    lines: list[JournalLine | None] = []
    read_journal([journal], lambda line, _behind: lines.append(line))
    return lines


def set_header(path: Path, **changes: object) -> None:
    """Change members of a folder's `run.json`, with a checksum that fits."""
    old = read_header((path / HEADER).read_bytes(), path)
    (path / HEADER).write_bytes(dumped_header(replace(old, **changes)))  # type: ignore[arg-type]


def resealed(line: bytes) -> bytes:
    """Return an altered line of a journal with a checksum that fits, and its end."""
    body = line.rpartition(b',"crc":')[0]
    return body + b',"crc":"%08x"}\n' % crc32(body)
