"""Outages: what a refusal without a reason is worth that comes right after one."""

import re
from array import array
from collections import defaultdict
from dataclasses import dataclass, field

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


class Outages:
    """Which faults came right before each record, in the order of sending.

    A refusal without a reason ends no outage: a gateway that comes back may answer so for a while.
    Records are added in their order, then the line `end`s; of each one 24 bytes are held.
    """

    def __init__(self) -> None:
        self._lines: defaultdict[tuple[str, str], _Line] = defaultdict(_Line)
        self._number = 0
        self._faults = array("L")
        self._classes = array("H")
        self._words: list[tuple[str, ...]] = []

    def add(self, record: Record) -> None:
        """Take the next record of the run."""
        at, self._number = self._number, self._number + 1
        if record.outcome is None or record.shot.case.credential != "own":
            return
        source = record.evidence.by if record.evidence.kind == "recorded" else ""
        line = self._lines[record.shot.case.provider, source]
        line.places.append(at)
        line.sent_s.append(_sent_s(record))
        line.kinds.append(_kind(record))

    def end(self) -> None:
        """Order the records by when they were sent."""
        if any(line.has_fault for line in self._lines.values()):
            self._faults = array("L", bytes(self._faults.itemsize * self._number))
            self._classes = array("H", bytes(2 * self._number))
            numbers: dict[tuple[str, ...], int] = {}
            for line in self._lines.values():
                self._put(line, numbers)
            self._words = [*numbers]
        self._lines.clear()

    def _put(self, line: "_Line", numbers: dict[tuple[str, ...], int]) -> None:
        faults, classes = 0, dict[str, None]()
        for at in sorted(range(len(line.places)), key=line.sent_s.__getitem__):
            if faults:
                self._faults[line.places[at]] = faults
                self._classes[line.places[at]] = numbers.setdefault(tuple(classes), len(numbers))
            kind = line.kinds[at]
            if kind >= _FAULT:
                faults += 1
                classes[_OF_THE_LINE[kind - _FAULT]] = None
            elif kind == _ANSWER:
                faults, classes = 0, {}

    def before(self, place: int) -> str:
        """Say which faults came right before the record at a place; empty where none did."""
        faults = self._faults[place] if self._faults else 0
        if not faults:
            return ""
        number = "1 fault" if faults == 1 else f"{faults} faults"
        return f"right after {number} ({', '.join(self._words[self._classes[place]])})"


_OF_THE_LINE = tuple(sorted(OF_THE_LINE))
_NOTHING, _ANSWER, _FAULT = 0, 1, 2
"""What a record is to an outage: nothing, its end, or one fault more of the class that follows."""


@dataclass(slots=True)
class _Line:
    """What one line of requests came to: places in the run, seconds, and kinds."""

    places: "array[int]" = field(default_factory=lambda: array("Q"))
    sent_s: "array[float]" = field(default_factory=lambda: array("d"))
    kinds: bytearray = field(default_factory=bytearray)

    @property
    def has_fault(self) -> bool:
        return any(kind >= _FAULT for kind in self.kinds)


def _kind(record: Record) -> int:
    match record.outcome:
        case Fault(error_class=error_class) if error_class in OF_THE_LINE:
            return _FAULT + _OF_THE_LINE.index(error_class)
        case Refused(error=error) if gives_no_reason(error):
            return _NOTHING
        case _:
            return _ANSWER


def _sent_s(record: Record) -> float:
    sent = submission(record.exchanges)
    return sent.times.sent_s if sent is not None else 0.0
