"""A file judged as `harness judge` judges it, in this process."""

import traceback
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from harness import api
from harness.core.errors import HarnessError, NothingTested, RecordingError, UsageError
from harness.core.record import Record
from harness.core.verdict import Verdict

UNREAD = (UsageError, NothingTested, RecordingError)
"""How a file ends that holds nothing to be judged: told in one line, and nobody is blamed."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Judged:
    """What was said of one file; `code` is the exit code, `crash` a traceback or a failure of ours.

    `blamed` are the sentences against the provider: failed verdicts and findings.
    """

    code: int
    why: str
    notes: tuple[str, ...]
    records: Sequence[Record] = ()
    verdicts: tuple[Verdict, ...] = ()
    blamed: tuple[str, ...] = ()
    crash: str = ""

    @property
    def passed(self) -> int:
        return sum(verdict.status == "pass" for verdict in self.verdicts)


def judge(path: Path, provider: str) -> Judged:
    """Judge a file; every exception that the command line would show as a traceback is a crash."""
    notes: list[str] = []
    try:
        result = api.judge([path], provider, note=notes.append)
    except UNREAD as error:
        return Judged(code=error.exit_code, why=str(error), notes=tuple(notes))
    except HarnessError as error:
        return Judged(code=error.exit_code, why=str(error), notes=tuple(notes), crash=str(error))
    except Exception:  # noqa: BLE001 - whatever it is, it is what is looked for
        return Judged(code=70, why="traceback", notes=tuple(notes), crash=traceback.format_exc())
    verdicts = result.report.verdicts
    crashed = [verdict for verdict in verdicts if verdict.status == "error"]
    crash = "; ".join(f"{each.check}: {each.why}" for each in crashed)
    return Judged(
        code=result.exit_code,
        why=result.why,
        notes=tuple(notes),
        records=result.records,
        verdicts=tuple(verdicts),
        blamed=_blamed(verdicts, result.exit_code, result.why),
        crash=crash or (result.why if result.exit_code not in (0, 1, 2, 4) else ""),
    )


def _blamed(verdicts: Sequence[Verdict], code: int, why: str) -> tuple[str, ...]:
    said = [f"{each.check}: {each.why}" for each in verdicts if each.status == "fail"]
    return tuple(said or ([f"exit code 1: {why}"] if code == 1 else []))
