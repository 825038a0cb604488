"""What a request came to: images, a refusal, or a fault that says nothing about a promise."""

from dataclasses import dataclass, field
from typing import Literal

from harness.core.case import FollowUp
from harness.core.exchange import Picture
from harness.core.jsonvalue import Charged, Json

ErrorClass = Literal[
    "validation",
    "auth",
    "quota",
    "rate_limit",
    "moderation",
    "not_found",
    "conflict",
    "server",
    "timeout",
    "network",
    "protocol",
    "content",
    "job_failed",
    "unknown",
]
"""The closed set of error classes."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Usage:
    """Token counts as the provider declares them; `parts` are the details of input and output.

    `kinds` counts tokens by the names that a price list has for them (`image_input`); `seconds` is
    how long the provider says that it worked.
    """

    input: int | None
    output: int | None
    total: int | None
    input_parts: tuple[int, ...] = ()
    output_parts: tuple[int, ...] = ()
    kinds: dict[str, int] = field(default_factory=dict)
    seconds: Charged = None

    def count(self, kind: str) -> int | None:
        """Return how many tokens of a kind there were; None where the reply does not say."""
        match kind:
            case "input":
                return self.input
            case "output":
                return self.output
            case _:
                return self.kinds.get(kind)


@dataclass(frozen=True, slots=True, kw_only=True)
class Declared:
    """What a reply says about its images, word for word, where it says anything.

    `others` are further arguments that it repeats beside these, by their canonical names.
    """

    model: str | None = None
    size: str | None = None
    quality: str | None = None
    output_format: str | None = None
    others: dict[str, str] = field(default_factory=dict)

    def word(self, name: str) -> str | None:
        """Return what is declared for an argument of that name; None where nothing is."""
        match name:
            case "model":
                return self.model
            case "size":
                return self.size
            case "quality":
                return self.quality
            case "output_format":
                return self.output_format
            case _:
                return self.others.get(name)


@dataclass(frozen=True, slots=True, kw_only=True)
class FollowUpResult:
    """What a follow-up came to: the reply's status, and the job and state that it names.

    `status` is missing where no reply came; `why` says what happened instead.
    """

    kind: FollowUp
    status: int | None = None
    job: str | None = None
    state: str | None = None
    why: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Images:
    """The request was served.

    `charged` is in the provider's own unit and missing where the reply names no price, or what is
    none (the document holds its words); `missing` lists documented reply fields that were absent or
    of another type, as keys of the reply (`data.url or data[].url`). `found_at` says, in sentences,
    where images were taken from that did not stand where the documents say.
    """

    pictures: tuple[Picture, ...]
    partials: tuple[Picture, ...] = ()
    declared: Declared = Declared()
    usage: Usage | None = None
    charged: Charged = None
    missing: tuple[str, ...] = ()
    found_at: tuple[str, ...] = ()
    document: Json = None
    job: str | None = None
    after: tuple[FollowUpResult, ...] = ()
    kind: Literal["images"] = "images"


@dataclass(frozen=True, slots=True, kw_only=True)
class ErrorReply:
    """An error as the provider put it; `parameter` is the wire name it blames, if it names one."""

    error_class: ErrorClass
    status: int
    code: str | None
    message: str
    parameter: str | None
    recognised: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Refused:
    """The provider would not serve this request, and said so."""

    error: ErrorReply
    kind: Literal["refused"] = "refused"


@dataclass(frozen=True, slots=True, kw_only=True)
class Fault:
    """Our network, our harness or an outage: convicts nobody.

    `may_be_paid` says that the request may have reached the provider and cost money; `job` is the
    id of a job that was made.
    """

    error_class: ErrorClass
    why: str
    may_be_paid: bool
    status: int | None = None
    job: str | None = None
    kind: Literal["fault"] = "fault"

    @property
    def can_be_picked_up(self) -> bool:
        """Tell whether a paid job may still bring its images: we stopped waiting, it did not."""
        return self.job is not None and self.error_class != "job_failed"


Outcome = Images | Refused | Fault

CUT_OFF_WHY = (
    "the run was cut off while this was under way; it may have been paid, so it was not sent again"
)
"""Why a request is a fault that we cut off ourselves: no provider is to blame for it."""


def error_of(outcome: Outcome | None) -> tuple[ErrorClass, str] | None:
    """Return the class of an error and its message; None for images and for what was not sent."""
    match outcome:
        case Refused(error=error):
            return error.error_class, error.message
        case Fault(error_class=error_class, why=why):
            return error_class, why
        case _:
            return None
