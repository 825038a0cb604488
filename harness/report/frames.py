"""A run as two tidy frames of pandas: one row an attempt, one row a verdict; as CSV and Parquet.

Every column has a fixed type and its unit in its name, whatever the records hold: a run without a
single image has the same columns as any other.
"""

from collections.abc import Sequence
from dataclasses import asdict, dataclass, fields
from pathlib import Path
from typing import TYPE_CHECKING

from harness.core.errors import StoreError, UsageError
from harness.core.exchange import Reply, submission
from harness.core.jsonvalue import canonical
from harness.core.outcome import Fault, Images, Refused
from harness.core.record import Record
from harness.core.verdict import Verdict
from harness.stats.conformance.time_to_images import seconds_to_images
from harness.store.own import insist_own

if TYPE_CHECKING:  # pandas takes 0.3 s to load: it is loaded where a frame is made
    import pandas as pd

ATTEMPTS = {
    "provider": "string",
    "operation": "string",
    "case": "string",
    "stage": "string",
    "expect": "string",
    "breaks": "string",
    "provenance": "string",
    "arguments_json": "string",
    "outcome": "string",
    "error_class": "string",
    "error_message": "string",
    "skipped": "string",
    "status": "Int64",
    "exchanges": "Int64",
    "images": "Int64",
    "images_may_be_paid": "Int64",
    "width_px": "Int64",
    "height_px": "Int64",
    "format": "string",
    "due_s": "Float64",
    "sent_s": "Float64",
    "end_s": "Float64",
    "seconds_to_images": "Float64",
    "reply_bytes": "Int64",
    "unit": "string",
    "listed_amount": "Float64",
    "charged_amount": "Float64",
    "workload": "string",
    "block": "Int64",
    "warm_up": "boolean",
}
"""The columns of a frame of attempts with their types.

`outcome` is `images`, `refused` or `fault`, and missing where nothing was sent (then `skipped` says
why). `status`, `due_s` and `sent_s` are those of the submission; seconds count on the run's own
clock. Pixels and format are those of the first image. Amounts are in the provider's `unit`: listed
by its documents, charged by its reply. `images_may_be_paid` are those of a fault after which the
provider may have charged. `workload`, `block` and `warm_up` are of a benchmark.
"""

VERDICTS = {field.name: "string" for field in fields(Verdict)}
"""The columns of a frame of verdicts with their types: the fields of `Verdict`."""


_FORMULAS = {*"=+-@"}
"""What a spreadsheet takes for the beginning of a formula."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Frames:
    """A run's attempts and verdicts; `attempts` and `verdicts` join on provider and case."""

    attempts: "pd.DataFrame"
    verdicts: "pd.DataFrame"

    def write(self, folder: Path) -> tuple[Path, ...]:
        """Write both as CSV and Parquet; return the files.

        In the CSV a text that a spreadsheet would calculate has an apostrophe before it.
        UsageError where pyarrow, which writes Parquet, is not installed; StoreError where the
        folder cannot be written.
        """
        files = []
        try:
            for name, frame in (("attempts", self.attempts), ("verdicts", self.verdicts)):
                files += [folder / f"{name}.csv", folder / f"{name}.parquet"]
                for file in files[-2:]:
                    insist_own(file)  # what writes it would follow a link
                _as_text(frame).to_csv(files[-2], index=False)
                frame.to_parquet(files[-1], index=False)
        except ImportError:
            raise UsageError(
                "Parquet needs pyarrow", hint="install pyarrow (the extra `parquet`)"
            ) from None
        except OSError as error:
            raise StoreError(
                f"{folder}: {error.strerror or error}", hint="make the folder writable"
            ) from None
        return tuple(files)


def frames_of(records: Sequence[Record], verdicts: Sequence[Verdict]) -> Frames:
    """Return the frames of a run, in the order in which its requests ended."""
    return Frames(
        attempts=_frame(ATTEMPTS, list(map(_attempt, records))),
        verdicts=_frame(VERDICTS, list(map(asdict, verdicts))),
    )


def _frame(columns: dict[str, str], rows: Sequence[dict[str, object]]) -> "pd.DataFrame":
    import pandas as pd  # noqa: PLC0415 - see above

    return pd.DataFrame(
        {
            name: pd.array([_cell(row.get(name)) for row in rows], dtype=kind)  # type: ignore[call-overload]  # a name of a type
            for name, kind in columns.items()
        }
    )


def _cell(content: object) -> object:
    """Return a text without NUL, at which readers of CSV stop, as its escape."""
    return content.replace("\0", "\\u0000") if isinstance(content, str) else content


def _as_text(frame: "pd.DataFrame") -> "pd.DataFrame":
    kinds = ATTEMPTS | VERDICTS
    texts = {
        name: frame[name].map(_uncalculated) for name in frame.columns if kinds[name] == "string"
    }
    return frame.assign(**texts)


def _uncalculated(content: object) -> object:
    """Return a text that a spreadsheet would take for a formula with an apostrophe before it."""
    formula = isinstance(content, str) and content.lstrip()[:1] in _FORMULAS
    return f"'{content}" if formula else content


def _attempt(record: Record) -> dict[str, object]:
    planned, case = record.shot, record.shot.case
    sent = submission(record.exchanges)
    replies = [exchange.answer for exchange in record.exchanges]
    row: dict[str, object] = {
        "provider": case.provider,
        "operation": case.operation,
        "case": case.id,
        "stage": case.stage,
        "expect": case.expect,
        "breaks": case.breaks,
        "provenance": record.evidence.words,
        "arguments_json": canonical(case.arguments),
        "skipped": record.skipped,
        "exchanges": len(record.exchanges),
        "seconds_to_images": seconds_to_images(record),
        "reply_bytes": sum(reply.size_bytes for reply in replies if isinstance(reply, Reply)),
        "unit": planned.price.unit,
        "listed_amount": float(planned.price.amount),
    }
    if sent is not None:
        row |= {"due_s": sent.times.due_s, "sent_s": sent.times.sent_s}
        row |= {"end_s": record.exchanges[-1].times.end_s}
        row |= {"status": sent.answer.status if isinstance(sent.answer, Reply) else None}
    if (slot := planned.slot) is not None:
        row |= {"workload": slot.workload, "block": slot.block, "warm_up": slot.warm_up}
    return row | _outcome(record)


def _outcome(record: Record) -> dict[str, object]:
    match record.outcome:
        case None:
            return {"images": 0}
        case Images(pictures=pictures, charged=charged):
            first = pictures[0] if pictures else None
            return {
                "outcome": "images",
                "images": len(pictures),
                "width_px": first and first.width_px,
                "height_px": first and first.height_px,
                "format": first and first.format,
                "charged_amount": None if charged is None else float(charged),
            }
        case Refused(error=error):
            return {
                "outcome": "refused",
                "images": 0,
                "error_class": error.error_class,
                "error_message": error.message,
            }
        case Fault() as fault:
            return {
                "outcome": "fault",
                "images": 0,
                "images_may_be_paid": record.shot.at_risk.images if fault.may_be_paid else 0,
                "error_class": fault.error_class,
                "error_message": fault.why,
            }
