"""Run folders of each kind of ending, written without a run."""

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

from harness.core.case import Stage
from harness.core.outcome import Outcome
from harness.core.record import Record, RunHeader
from harness.store.folder import RunFolder
from harness.store.line import Ended, Exchanged, Sent, Skipped
from tests.report import builders as b

BASE = b.record(b.case(id="generate/base"), b.images(), evidence=b.EMULATOR)
HEADER = replace(b.header({"sub2api": b.EMULATOR}), against="emulator")
DOWN = "connection refused"
SHORT = "budget: --max-requests 1 is too low: the next case may need 4 requests (retries included)"


def over(
    outcome: Outcome | None, *, stage: Stage = "plan", at: int = 0, skipped: str = ""
) -> Record:
    """A request for 11 images, which are one too many; with `at`, the same once more."""
    asked = b.case(
        id=f"generate/n.range/refuse/11{f'/{stage}-{at}' if at else ''}",
        expect="refuse",
        breaks="n.range",
        arguments={"model": "gpt-image-2", "prompt": f"a red fox {at}", "n": 11},
    )
    follows = "generate/n.range/refuse/11" if at else None
    record = b.record(asked, outcome, evidence=b.EMULATOR, skipped=skipped or None)
    case = replace(record.shot.case, stage=stage, follows=follows)
    return replace(record, shot=replace(record.shot, case=case))


def asked(*outcomes: Outcome) -> list[Record]:
    """The plain request, and as many for 11 images as there are outcomes: all but one are again."""
    records = [
        over(outcome, stage="confirm" if at else "plan", at=at)
        for at, outcome in enumerate(outcomes)
    ]
    return [BASE, *records]


REFUSED = b.refused("Invalid value for n")
FAILED = replace(BASE, outcome=b.fault(why=DOWN))
UNSENT = b.record(b.case(id="generate/base"), None, evidence=b.EMULATOR, skipped=SHORT)

ENDINGS: dict[str, tuple[int, RunHeader, Sequence[Record]]] = {
    "held": (0, HEADER, asked(REFUSED)),
    "broken": (1, HEADER, asked(b.images(11), b.images(11))),
    "flaky only": (0, HEADER, asked(b.images(11), REFUSED)),
    "unconfirmed only": (4, HEADER, asked(b.images(11))),
    "inconclusive": (4, HEADER, [FAILED, over(b.fault(why=DOWN))]),
    "nothing tested": (2, HEADER, [UNSENT, over(None, skipped=SHORT)]),
    "interrupted": (130, replace(HEADER, interrupted=True), asked(REFUSED)),
    "killed": (130, replace(HEADER, finished=None), asked(b.images(11), b.images(11))),
    "crashed": (3, HEADER, asked(b.images(11), b.images(11))),
}
"""The exit code, the header and the records of a run, by how it ended; where it is `crashed`, one
of today's checks does."""


def written(folder: Path, header: RunHeader, records: Sequence[Record]) -> Path:
    """Write a run folder as a run would have."""
    run = RunFolder.create(folder)
    run.write_header(header)
    for record in records:
        name, case, shot = record.shot.case.provider, record.shot.case.id, record.shot
        evidence, why = record.evidence, record.skipped or ""
        if record.outcome is None:
            run.append(Skipped(provider=name, case=case, shot=shot, evidence=evidence, why=why))
            continue
        run.append(Sent(provider=name, case=case, shot=shot, evidence=evidence))
        for exchange in record.exchanges:
            run.append(Exchanged(provider=name, case=case, exchange=exchange))
        run.append(Ended(provider=name, case=case, outcome=record.outcome))
    run.close()
    return folder
