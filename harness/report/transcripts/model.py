"""What was sent and what came, cut to a size that a page can hold."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from types import MappingProxyType


@dataclass(frozen=True, slots=True, kw_only=True)
class Message:
    """One message of an exchange as text: its first line, its headers, its body cut to size.

    `cut` says how much of the body is not shown; empty where it is whole. `more_headers` counts
    those that are not shown.
    """

    first_line: str
    headers: tuple[tuple[str, str], ...] = ()
    body: str = ""
    cut: str = ""
    more_headers: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class Transcript:
    """One case as it was sent and answered; no text in it holds a hidden character.

    `received` is the reply that tells: of a job, its last state, which `asked` (a request line)
    asked for; `submitted` then is what the submission itself was answered. `took` is how long
    after the request it came (`24.3 s`). `received` is missing where no reply came; `why` says what
    happened. `summary` is the outcome in a few words
    (`refused: 400 invalid_value`). `images` are digests, the first at most four. `steps` names the
    round trips that are not shown, with their number and how long they took (`12 polls, 24.3 s`).
    `curl` is empty where its lines are too long for a page.
    """

    provider: str
    operation: str
    case: str
    sent: Message
    received: Message | None
    why: str
    summary: str
    curl: str
    does: str = ""
    asked: str = ""
    took: str = ""
    submitted: Message | None = None
    notes: tuple[str, ...] = ()
    images: tuple[str, ...] = ()
    steps: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Quotation:
    """A sentence of a document word for word, and its place; `text` is empty where none is kept."""

    text: str
    place: str


@dataclass(frozen=True, slots=True, kw_only=True)
class CellDetail:
    """What stands behind one cell of the matrix: the document's words, and the cases that show it.

    `cases` are ids of transcripts of this provider, the telling ones first. `more` counts those
    that are only in the journal, `such_as` names one of them where no transcript is shown.
    """

    provider: str
    operation: str
    promise: str
    quotations: tuple[Quotation, ...] = ()
    cases: tuple[str, ...] = ()
    more: int = 0
    such_as: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Transcripts:
    """All transcripts that a report holds, by provider, operation and case; and what they are of.

    `details` are by provider, operation and promise. `left_out` counts the cells that some case
    speaks of and whose transcripts the page has no room for, `cases` all cases of the run.
    """

    by_case: Mapping[tuple[str, str, str], Transcript] = field(
        default_factory=lambda: MappingProxyType({})
    )
    details: Mapping[tuple[str, str, str], CellDetail] = field(
        default_factory=lambda: MappingProxyType({})
    )
    left_out: int = 0
    cases: int = 0
