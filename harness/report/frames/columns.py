"""The columns of the frames: each with its type and what it means, whatever a run holds.

Units end names: `_s` are seconds, `_bytes` bytes, `_px` pixels; `_at` are moments in UTC. The types
are those of pandas that hold a missing value and that Parquet keeps.
"""

from typing import NamedTuple, get_args

from harness.core.case import Expect, Stage
from harness.core.outcome import ErrorClass
from harness.core.record import EvidenceKind
from harness.core.verdict import Standing, Status

MOMENT = "datetime64[us, UTC]"
_TEXT, _WHOLE, _NUMBER, _TRUTH = "string", "Int64", "Float64", "boolean"


class Column(NamedTuple):
    """A column: its type in pandas, what it means, and all that it can hold where that is closed.

    What is closed is a text all the same: Parquet forgets the members of a category in a frame
    without rows, and frames of several runs would not be of one type.
    """

    type: str
    meaning: str
    members: tuple[str, ...] = ()


Columns = dict[str, Column]


def _one_of(meaning: str, *members: str) -> Column:
    return Column(_TEXT, meaning, members)


_PROVIDER = Column(_TEXT, "the provider's name")
_OPERATION = Column(_TEXT, "the operation's name (generate, edit)")
_CASE = Column(_TEXT, "the request's id, the same in each run with the same plan")
_EXPECT = _one_of("what the documents promise for the request", *get_args(Expect))
_EVIDENCE = _one_of(
    "what it rests on: our emulator, a recording, or the provider itself", *get_args(EvidenceKind)
)
_UNIT = Column(_TEXT, "the provider's own unit of money (usd, credit)")
_PROMISE = Column(
    _TEXT, "the promise: a constraint's id, values that fail together, or the check itself"
)

RUN: Columns = {
    "run": Column(_TEXT, "the run's id; its folder, where two of these runs have one id"),
}
"""Stands first where there is more than one run."""

ATTEMPTS: Columns = {
    "provider": _PROVIDER,
    "operation": _OPERATION,
    "case": _CASE,
    "stage": _one_of("why it was sent: by the plan, or for what came before", *get_args(Stage)),
    "expect": _EXPECT,
    "breaks": Column(_TEXT, "the one constraint that the request breaks"),
    "evidence": _EVIDENCE,
    "provenance": Column(_TEXT, "the same in words, with a recording's day and author"),
    "arguments_json": Column(_TEXT, "the request's arguments in canonical words, as JSON"),
    "outcome": _one_of("what came; missing where nothing was sent", "images", "refused", "fault"),
    "error_class": _one_of("the class of a refusal or a fault", *get_args(ErrorClass)),
    "error_message": Column(_TEXT, "what the provider, or our client, said of it"),
    "skipped": Column(_TEXT, "why nothing was sent"),
    "status": Column(_WHOLE, "the HTTP status of the submission"),
    "exchanges": Column(_WHOLE, "HTTP round trips, polls and downloads included"),
    "images_asked": Column(_WHOLE, "the most images that the request may bring, and be paid for"),
    "images": Column(_WHOLE, "images that came"),
    "images_may_be_paid": Column(_WHOLE, "of a fault: images that may be charged all the same"),
    "width_px": Column(_WHOLE, "width of the first image, decoded"),
    "height_px": Column(_WHOLE, "height of the first image, decoded"),
    "format": Column(_TEXT, "format of the first image: png, jpeg, webp"),
    "sent_at": Column(MOMENT, "when the submission left; missing for recordings"),
    "due_s": Column(_NUMBER, "when it was due, on the run's own clock"),
    "sent_s": Column(_NUMBER, "when it left, on the run's own clock"),
    "end_s": Column(_NUMBER, "when its last reply had ended, on the run's own clock"),
    "seconds_to_images": Column(
        _NUMBER, "from its departure to the end of the last reply that its images needed"
    ),
    "reply_bytes": Column(_WHOLE, "bytes of the bodies of all its replies"),
    "unit": _UNIT,
    "listed_amount": Column(_NUMBER, "what the documents ask for it, in the unit"),
    "charged_amount": Column(_NUMBER, "what its reply says that it cost, in the unit"),
    "workload": Column(_TEXT, "of a benchmark: its workload"),
    "block": Column(_WHOLE, "of a benchmark: its block, the same minutes for all providers"),
    "warm_up": Column(_TRUTH, "of a benchmark: whether it counts in no figure"),
}
"""One row a request, in the order in which they ended; `provider` and `case` tell them apart."""

VERDICTS: Columns = {
    "provider": _PROVIDER,
    "operation": _OPERATION,
    "case": _CASE,
    "constraint": Column(_TEXT, "the constraint's id; missing where the reply as a whole is meant"),
    "check": Column(_TEXT, "the check's name, a claim"),
    "status": _one_of("what the check says; only `fail` accuses", *get_args(Status)),
    "why": Column(_TEXT, "why, in a sentence"),
}
"""One row for each check on each request; joins attempts on `provider` and `case`."""

FINDINGS: Columns = {
    "provider": _PROVIDER,
    "operation": _OPERATION,
    "promise": _PROMISE,
    "check": Column(_TEXT, "the check that failed"),
    "standing": _one_of(
        "confirmed: asked again and broken again; only these fail a build", *get_args(Standing)
    ),
    "known": Column(_TRUTH, "whether a known deviation expects it: it fails no build"),
    "evidence": _EVIDENCE,
    "expected": Column(_TEXT, "what the documents promise"),
    "observed": Column(_TEXT, "what came instead"),
    "failed": Column(_WHOLE, "how many askings of this question broke the promise"),
    "tried": Column(_WHOLE, "of how many"),
    "case": Column(_TEXT, "the id of the smallest request that shows it"),
    "request_json": Column(_TEXT, "that request's arguments in canonical words, as JSON"),
    "curl": Column(_TEXT, "the commands that send it again; they name no key"),
    "source": Column(_TEXT, "document and section of the promise"),
    "doubt": Column(_TEXT, "why it is not confirmed"),
    "reproduction": Column(_TEXT, "its folder in the run folder, with a script and a test"),
}
"""One row for each broken promise, of every standing; `case` is one of attempts."""

PRICES: Columns = {
    "provider": _PROVIDER,
    "operation": _OPERATION,
    "case": _CASE,
    "expect": _EXPECT,
    "evidence": _EVIDENCE,
    "source": _one_of(
        "who says so: the documents (listed), or the reply (charged)", "listed", "charged"
    ),
    "unit": _UNIT,
    "amount": Column(_NUMBER, "the price of the whole request, in the unit"),
    "usd": Column(_NUMBER, "the same in US dollars, where a rate is known"),
    "images": Column(_WHOLE, "images for it: those listed, or those that came"),
    "amount_per_image": Column(_NUMBER, "amount / images; missing without an image"),
    "usd_per_image": Column(_NUMBER, "usd / images; missing without a rate or an image"),
    "at_most": Column(_TRUTH, "whether it may cost less, by what the reply counts"),
}
"""One row for each price of a request that was sent: by the documents, and by the reply."""

FRAMES: dict[str, Columns] = {
    "attempts": ATTEMPTS,
    "verdicts": VERDICTS,
    "findings": FINDINGS,
    "prices": PRICES,
}
"""Every frame by its name, in the order in which they are written."""
