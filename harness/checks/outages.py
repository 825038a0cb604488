"""Outages: what a refusal without a reason is worth that comes right after one."""

import re
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from typing import Literal

from harness.core.exchange import submission
from harness.core.outcome import ErrorClass, ErrorReply, Fault, Refused
from harness.core.record import Record

OF_THE_LINE: frozenset[ErrorClass] = frozenset(("server", "network", "timeout", "rate_limit"))
"""Classes of faults that tell of an outage."""

_NO_REASON = re.compile(
    r"(an? )?((unknown|internal|unexpected|unspecified|generic|server|system|upstream|processing"
    r"|service|gateway|bad) )*(error|failure|exception|problem|gateway)"
    r"( (has )?(occurred|happened))?"
    r"|(something|it) (went|has gone) wrong|(bad|invalid) request|unknown|none|null|no message"
    r"|(the |your |this )?(request|operation|task|generation|image generation|upstream request)"
    r" (has )?(failed|could not be (processed|completed|handled|fulfilled))"
    r"|(unable|failed) to (process|complete|handle|fulfil+|generate) (the |your |this |an? )?\w*"
    r"|(generate |generation )?fail(ed|ure)?|(oops|sorry|whoops)\b.*",
    re.IGNORECASE,
)
"""Messages that name no reason, between their politeness."""

_POLITE = re.compile(
    r"\b(please|kindly)?\s*(try|retry|contact|check)\b.*$|\(?request[ _-]?id\b.*$|^error[:\s]+",
    re.IGNORECASE,
)


def gives_no_reason(error: ErrorReply) -> bool:
    """Tell whether a refusal says nothing of what is wrong: no parameter, and no word of one."""
    words = " ".join(_POLITE.sub("", error.message.strip()).replace("_", " ").split())
    said = words.strip(" .!,;:-")
    return not error.parameter and (not said or _NO_REASON.fullmatch(said) is not None)


def outages(records: Iterable[Record]) -> Mapping[tuple[str, str], str]:
    """Say by provider and case which faults came right before a record, in the order of sending.

    A refusal without a reason ends no outage: a gateway that comes back may answer so for a while.
    """
    lines: defaultdict[tuple[str, str], list[Record]] = defaultdict(list)
    for record in records:
        if record.outcome is not None and record.shot.case.credential == "own":
            source = record.evidence.by if record.evidence.kind == "recorded" else ""
            lines[record.shot.case.provider, source].append(record)
    return {
        (provider, case): f"right after {why}"
        for (provider, _), line in lines.items()
        for case, why in _before(sorted(line, key=_sent_s))
    }


def _before(line: Sequence[Record]) -> Iterable[tuple[str, str]]:
    faults: list[Fault] = []
    for record in line:
        if faults:
            yield record.shot.case.id, _in_words(faults)
        match _kind(record):
            case "fault":
                faults += [record.outcome] if isinstance(record.outcome, Fault) else []
            case "answer":
                faults = []
            case "nothing":
                pass


def _kind(record: Record) -> Literal["fault", "answer", "nothing"]:
    match record.outcome:
        case Fault(error_class=error_class) if error_class in OF_THE_LINE:
            return "fault"
        case Refused(error=error) if gives_no_reason(error):
            return "nothing"
        case _:
            return "answer"


def _in_words(faults: Sequence[Fault]) -> str:
    classes = ", ".join(dict.fromkeys(fault.error_class for fault in faults))
    return f"1 fault ({classes})" if len(faults) == 1 else f"{len(faults)} faults ({classes})"


def _sent_s(record: Record) -> float:
    sent = submission(record.exchanges)
    return sent.times.sent_s if sent is not None else 0.0
