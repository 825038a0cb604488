"""A provider and all that its documents promise."""

from collections.abc import Iterator
from dataclasses import dataclass
from decimal import Decimal
from functools import cached_property
from typing import Annotated, Any, Literal, Self, get_args

from pydantic import Field, StringConstraints, field_validator, model_validator

from harness.core.jsontype import Json
from harness.core.outcome import ErrorClass
from harness.spec import rules as r
from harness.spec.source import Cited, Compiled, Document, Frozen, Paths, Status

PARAMETERS = (
    *("model", "prompt", "mode", "n", "size", "aspect_ratio", "resolution", "quality"),
    *("output_format", "output_compression", "background", "moderation", "stream"),
    *("partial_images", "user", "response_format", "images", "mask", "input_fidelity"),
    "webhook_url",
)
"""The canonical parameters, in one vocabulary for all providers."""

OPERATIONS = ("generate", "edit", "respond")

ArgumentType = Literal["string", "integer", "boolean", "images", "file"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Constraint:
    """A rule on a parameter under its stable id, `<parameter>.<rule>`."""

    id: str
    parameter: str
    rule: r.AnyRule

    @property
    def documented(self) -> bool:
        """Tell whether the rule is judged; the others are only observed."""
        return self.rule.status == "documented"


class Argument(Frozen):
    """A parameter: its place on the wire, type, default, and one rule under each rule's own name.

    `wire` is a path of JSON keys joined by dots, or the name of a form field. `status` is about
    the parameter itself: one that is not `documented` is never part of an `accept` case.
    """

    wire: str
    type: ArgumentType
    source: Cited
    status: Status = "documented"
    second_source: Cited | None = None
    note: str = ""
    default: r.Scalar | None = None
    single: bool = False
    """An `images` argument that goes on the wire as one plain value, not a list."""
    cheapest: r.Scalar | None = None
    """The value that costs least; the base of refusal cases sends it."""

    required: r.Required | None = None
    absent: r.Absent | None = None
    one_of: r.OneOf | None = None
    range: r.Range | None = None
    integer: r.Integer | None = None
    max_length: r.MaxLength | None = None
    count: r.Count | None = None
    format: r.Format | None = None
    multiple_of: r.MultipleOf | None = None
    max_edge: r.MaxEdge | None = None
    max_ratio: r.MaxRatio | None = None
    min_pixels: r.MinPixels | None = None
    max_pixels: r.MaxPixels | None = None
    url_only: r.UrlOnly | None = None
    max_bytes: r.MaxBytes | None = None
    media_type: r.MediaType | None = None
    alpha: r.Alpha | None = None
    same_size: r.SameSize | None = None
    same_format: r.SameFormat | None = None
    only_with: r.OnlyWith | None = None
    never_with: r.NeverWith | None = None

    @property
    def rules(self) -> Iterator[tuple[str, r.AnyRule]]:
        """Each rule with its name, in the order of the vocabulary."""
        for name, kind in type(self).model_fields.items():
            rule = getattr(self, name)
            if isinstance(rule, r.Rule) and name in _RULE_NAMES and kind is not None:
                yield name, rule  # type: ignore[misc]  # narrowed by _RULE_NAMES, not by its type

    @cached_property
    def type_rule(self) -> r.AnyRule | None:
        """The one rule that a value of the wrong JSON type breaks."""
        order = (self.integer, self.format, self.one_of, self.url_only, self.count, self.absent)
        return next((rule for rule in order if rule is not None), None)


_RULE_NAMES = frozenset(
    (
        *("required", "absent", "one_of", "range", "integer", "max_length", "count", "format"),
        *("multiple_of", "max_edge", "max_ratio", "min_pixels", "max_pixels", "url_only"),
        *("max_bytes", "media_type", "alpha", "same_size", "same_format", "only_with"),
        "never_with",
    )
)


class Field_(Frozen):  # noqa: N801 - `Field` is pydantic's
    """A field that a reply must hold: where, of which type, and who says so."""

    path: Compiled
    type: Literal["string", "integer", "array", "object", "strings"]
    source: Cited
    status: Status = "documented"
    note: str = ""


class UsagePaths(Frozen):
    """Where a reply counts tokens; the parts must add up to their whole."""

    input: Compiled
    output: Compiled
    total: Compiled
    input_parts: Compiled | None = None
    output_parts: Compiled | None = None
    source: Cited


class ReplyShape(Frozen):
    """How to read a reply that carries images, or addresses of images."""

    images: Paths
    fields: tuple[Field_, ...] = ()
    model: Paths = ()
    size: Paths = ()
    quality: Paths = ()
    output_format: Paths = ()
    charged: Paths = ()
    usage: UsagePaths | None = None
    default_format: str | None = None
    """The image format sent where the request names none, if the documents say so."""


class Job(Frozen):
    """The life cycle of an operation that answers with a job: submit, poll, fetch.

    States are listed in the order in which they may follow each other; `interval_s` is the
    documented pause between polls, in seconds.
    """

    id: Paths
    poll_path: str
    state: Paths
    pending: tuple[str, ...]
    done: tuple[str, ...]
    failed: tuple[str, ...]
    error: Paths
    interval_s: float
    source: Cited
    second_source: Cited | None = None
    note: str = ""
    submitted: tuple[Field_, ...] = ()


class Stream(Frozen):
    """The server-sent events of a streamed reply."""

    partial: str
    completed: str
    error: str
    image: Compiled
    index: Compiled
    source: Cited
    second_source: Cited | None = None
    note: str = ""
    model: Paths = ()
    size: Paths = ()
    quality: Paths = ()
    output_format: Paths = ()
    usage: UsagePaths | None = None


Protocol = Literal["reply", "job", "responses"]


class Operation(Frozen):
    """One thing a provider does: where to ask, with which arguments, and how it answers."""

    title: str
    method: Literal["POST", "GET"] = "POST"
    path: str
    also: tuple[str, ...] = ()
    """Other documented paths of the same operation."""
    body: Literal["json", "form"] = "json"
    protocol: Protocol
    source: Cited
    note: str = ""
    constant: dict[str, r.Scalar] = Field(default_factory=dict)
    """Wire fields that this operation always sends."""
    arguments: dict[str, Argument]
    reply: ReplyShape
    job: Job | None = None
    stream: Stream | None = None

    @field_validator("arguments")
    @classmethod
    def _in_vocabulary(cls, arguments: dict[str, Argument]) -> dict[str, Argument]:
        unknown = sorted(set(arguments) - set(PARAMETERS))
        if unknown:
            raise ValueError(f"not in the vocabulary of parameters: {', '.join(unknown)}")
        for name, argument in arguments.items():
            for rule_name, rule in argument.rules:
                other = getattr(rule, "argument", None)
                if other is not None and other not in arguments:
                    raise ValueError(
                        f"{name}.{rule_name} speaks of {other!r}, which is no argument"
                    )
        return arguments

    @model_validator(mode="after")
    def _job_is_described(self) -> Self:
        if (self.protocol == "job") != (self.job is not None):
            raise ValueError("protocol 'job' and the table 'job' go together")
        return self

    @cached_property
    def constraints(self) -> tuple[Constraint, ...]:
        """Every rule of every argument, under its id."""
        return tuple(
            Constraint(id=f"{name}.{rule_name}", parameter=name, rule=rule)
            for name, argument in self.arguments.items()
            for rule_name, rule in argument.rules
        )

    def constraint(self, constraint_id: str) -> Constraint | None:
        """Return the constraint of that id, or nothing."""
        return next((item for item in self.constraints if item.id == constraint_id), None)

    def default(self, name: str) -> Json:
        """Return what an omitted argument means by the documents, or None where they are silent."""
        argument = self.arguments.get(name)
        return argument.default if argument else None


class Auth(Frozen):
    """How a key travels: `header: prefix + key`; the key comes from the environment only."""

    header: str
    prefix: str = ""
    env: Annotated[str, StringConstraints(pattern=r"^[A-Z0-9_]+_API_KEY$")]
    key_shape: str = ""
    """A regular expression that this provider's keys match, to find leaked ones."""
    source: Cited


class Timeouts(Frozen):
    """How long to wait for a whole reply, in seconds; larger images may have longer."""

    normal_s: float
    large_s: float
    large_above_pixels: int = 3_686_400
    source: Cited
    status: Status = "documented"
    note: str = ""


class Retry(Frozen):
    """What the documents advise about trying again."""

    on: tuple[ErrorClass, ...]
    never: tuple[ErrorClass, ...] = ()
    advice: str
    source: Cited
    status: Status = "documented"


class ErrorRule(Frozen):
    """A pattern that names an error's class; every given part must fit.

    `code` and `message` are regular expressions, searched ignoring case.
    """

    error_class: ErrorClass = Field(alias="class")
    status: tuple[int, ...] = ()
    code: str = ""
    message: str = ""


class Errors(Frozen):
    """How this provider words an error.

    `failed` is an expression that is true in the body of an error, whatever the HTTP status.
    """

    failed: Compiled
    message: Paths
    code: Paths
    parameter: Paths = ()
    names_parameter: Status
    """Whether the documents show errors that name the offending parameter."""
    any_status: bool = False
    """Whether the envelope alone tells an error: its HTTP status is not documented."""
    source: Cited
    second_source: Cited | None = None
    classes: tuple[ErrorRule, ...] = ()


class Tier(Frozen):
    """A size class of the price list: images whose long edge is at most `long_edge_max` pixels."""

    name: str
    long_edge_max: int


class PriceRow(Frozen):
    """What one image costs where every argument in `when` (or `tier`) has the value given."""

    when: dict[str, r.Scalar] = Field(default_factory=dict)
    tier: str | None = None
    amount: Decimal


class WorkedExample(Frozen):
    """A price that the document itself works out."""

    arguments: dict[str, Any]
    amount: Decimal
    source: Cited


class Prices(Frozen):
    """The price list: the first fitting row is the price of one image."""

    unit: str
    status: Status
    source: Cited
    second_source: Cited | None = None
    note: str = ""
    tiers: tuple[Tier, ...] = ()
    auto_tier: str | None = None
    failed_free: Cited | None = None
    """Where the documents say that only successful generations cost anything."""
    rows: tuple[PriceRow, ...]
    examples: tuple[WorkedExample, ...] = ()


class Provider(Frozen):
    """Everything that one provider's documents promise."""

    name: Annotated[str, StringConstraints(pattern=r"^[a-z0-9_]+$")]
    title: str
    base_url: str = ""
    base_url_source: Cited | None = None
    documents: dict[str, Document]
    auth: Auth
    timeouts: Timeouts
    retry: Retry
    errors: Errors
    prices: Prices
    operations: dict[Literal["generate", "edit", "respond"], Operation]
    open_questions: tuple[str, ...] = ()

    def operation(self, name: str) -> Operation:
        """Return the operation of that name; KeyError where the provider has none."""
        return self.operations[name]  # type: ignore[index]  # a plain str that is looked up


assert set(_RULE_NAMES) <= set(Argument.model_fields)  # noqa: S101 - a typo here would drop a rule
assert len(get_args(r.AnyRule)) == len(_RULE_NAMES)  # noqa: S101 - the same
