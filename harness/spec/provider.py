"""A provider and all that its documents promise."""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Annotated, Literal, get_args

from pydantic import (
    AfterValidator,
    Field,
    StringConstraints,
    WithJsonSchema,
)

from harness.core.jsonvalue import Json
from harness.spec.auth import Auth
from harness.spec.error_rules import ErrorRules
from harness.spec.expressions import (
    Cited,
    Document,
    Frozen,
    NotAmong,
    Promise,
    Quote,
    Quoted,
    Status,
)
from harness.spec.lifecycle import Idempotency, Job, ReplyShape, Seconds, Stream, Upload, Webhook
from harness.spec.model import Model
from harness.spec.price_list import Prices
from harness.spec.rules import RuleSet
from harness.spec.rules.base import Arguments, Described, Positive, Rule
from harness.spec.rules.body import BODY, UnknownFields
from harness.spec.rules.lattice import Size, edges

PARAMETERS = (
    *("model", "prompt", "mode", "n", "size", "aspect_ratio", "resolution", "quality"),
    *("output_format", "output_compression", "background", "moderation", "stream"),
    *("partial_images", "user", "response_format", "images", "mask", "input_fidelity"),
    "webhook_url",
)
"""The canonical parameters, in one vocabulary for all providers; a TOML may declare others."""

Kind = Literal["generate", "edit", "respond"]
OPERATIONS: tuple[Kind, ...] = get_args(Kind)
"""What operations are for, and the names that those of most providers have, too."""

RESERVED = (BODY, "auth", "reply")
"""What stands for a request's body, its key and its reply where ids name a parameter."""


NAME = "^[a-z][a-z0-9_]*$"
"""How operations and arguments are named, as a regular expression."""


def _well_formed(name: str) -> str:
    if re.fullmatch(NAME, name, re.ASCII) is None:
        raise ValueError("a name is of lower-case letters, digits and _, and begins with a letter")
    return name


Name = Annotated[
    str,
    AfterValidator(_well_formed),
    WithJsonSchema({"type": "string", "pattern": "^[a-z][a-z0-9_]*$"}),
]
"""The name of an operation or of an argument: a TOML may declare any."""

SHIPPED_PROTOCOLS = ("reply", "job", "responses")
"""The protocols of the harness. `job` and the table of that name go together; a protocol from
elsewhere may use the table or not."""

_protocols = set(SHIPPED_PROTOCOLS)


def admit_protocol(name: str) -> None:
    """Let the TOMLs that are loaded from now on name a protocol."""
    _protocols.add(name)


def _spoken_protocol(name: str) -> str:
    if name not in _protocols:
        raise NotAmong(f"unknown wire protocol {name!r}", name, sorted(_protocols))
    return name


ProtocolName = Annotated[str, AfterValidator(_spoken_protocol)]
"""Validated as a file is loaded; whoever speaks the protocol has to be imported before."""


Texts = dict[str, str]
"""Texts by name, with `{argument}` in them."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Constraint:
    """A rule on a parameter under its stable id, `<parameter>.<rule>`."""

    id: str
    parameter: str
    rule: Rule

    @property
    def documented(self) -> bool:
        """Tell whether the rule is judged; the others are only observed."""
        return self.rule.status == "documented"

    def describe(self) -> str:
        """Return what the rule asks, in one short phrase: `n is between 1 and 10`."""
        return f"{self.parameter} {self.rule.describe()}"


class Argument(RuleSet, Described):
    """A parameter with all its rules: each rule under its kind's name."""


class Operation(Quoted):
    """One thing a provider does: where to ask, with which arguments, and how it answers."""

    title: str
    """What the operation is called in reports: `title = "Generate"`."""
    kind: Kind | None = None
    """What it is for, where its name does not say so; see `Provider.kind`."""
    method: Literal["POST", "GET"] = "POST"
    """The HTTP method of its request: `method = "POST"`."""
    path: str
    """Where the request goes, below `base_url`: `path = "/v1/images/generations"`."""
    also: tuple[str, ...] = ()
    """Other documented paths of the same operation: `also = ["/v1/images"]`."""
    body: Literal["json", "form"] = "json"
    """How the request is encoded: a JSON object, or a multipart form, which can carry files:
    `body = "form"`."""
    protocol: ProtocolName
    """How the answer comes: `reply` in the same exchange, `job` by polling, `responses` as OpenAI's
    Responses: `protocol = "reply"`."""
    source: Cited
    """Where the document describes the operation: `source = "page: Generate"`."""
    note: str = ""
    """What is unclear, in your own words: `note = "beta"`."""
    constant: dict[str, Json] = Field(default_factory=dict)
    """Wire fields that this operation always sends:
    `constant = { tools = [{ type = "image_generation" }] }`."""
    headers: Texts = Field(default_factory=dict)
    """Headers beside those of arguments: `{name}` in one is the argument of that name; it is left
    out where the argument is: `headers = { Prefer = "wait=60" }`."""
    query: Texts = Field(default_factory=dict)
    """Values of the query, in the same way: `query = { version = "{model}" }`."""
    idempotency: Idempotency | None = None
    """By what a repeated request is known, where the operation makes no job."""
    arguments: dict[Name, Argument]
    """What a request may say, each argument under its canonical name: a table
    [operations.generate.arguments.NAME]."""
    unknown_fields: UnknownFields | None = None
    """What the documents say of fields that they do not name."""
    reply: ReplyShape
    job: Job | None = None
    stream: Stream | None = None
    upload: Upload | None = None
    webhook: Webhook | None = None

    @cached_property
    def constraints(self) -> tuple[Constraint, ...]:
        """Every rule of every argument, under its id, and that about the body as a whole."""
        of_arguments = (
            Constraint(id=f"{name}.{rule_name}", parameter=name, rule=rule)
            for name, argument in self.arguments.items()
            for rule_name, rule in argument.rules
        )
        unknown = self.unknown_fields
        rules = () if unknown is None else (("unknown_fields", unknown),)
        of_body = (
            Constraint(id=f"{BODY}.{name}", parameter=BODY, rule=rule) for name, rule in rules
        )
        return (*of_arguments, *of_body)

    def given(self, arguments: Arguments) -> dict[str, Json]:
        """Return the arguments but for those that are `null`, where documents say: left out."""
        return {name: value for name, value in arguments.items() if not self.omits(name, value)}

    def omits(self, name: str, value: Json) -> bool:
        """Tell whether a value means that the argument is left out: `null`, where it may be."""
        argument = self.arguments.get(name)
        return value is None and argument is not None and argument.nullable is not None

    def is_judged(self, constraint: Constraint) -> bool:
        """Tell whether breaking a rule is refused by the documents, and not only by hearsay.

        A rule of a parameter whose own place is in doubt is only observed.
        """
        argument = self.arguments.get(constraint.parameter)
        known = argument is None or argument.status == "documented"
        return constraint.documented and known

    def constraint(self, constraint_id: str) -> Constraint | None:
        """Return the constraint of that id, or nothing."""
        return next(
            (constraint for constraint in self.constraints if constraint.id == constraint_id), None
        )

    def default(self, name: str) -> Json:
        """Return what an omitted argument means by the documents, or None where they are silent."""
        argument = self.arguments.get(name)
        return argument.default if argument else None

    def size_px(self, arguments: Arguments) -> Size | None:
        """Return the width and height that a request asks for; None where they are not said.

        A word of a size stands for the pixels that the documents give for it.
        """
        argument = self.arguments.get("size")
        size = arguments.get("size", self.default("size"))
        words = argument.word_sizes if argument else {}
        return edges(words.get(size, size) if isinstance(size, str) else size)

    def takes_files(self, name: str) -> bool:
        """Tell whether an argument for images holds files; else it holds addresses."""
        uploaded = self.upload is not None and self.upload.argument == name
        argument = self.arguments.get(name)
        inline = argument is not None and argument.encode != "address"
        return self.body == "form" or uploaded or inline

    def writes_text(self, name: str) -> bool:
        """Tell whether an argument travels as text, so that its JSON type cannot be seen."""
        argument = self.arguments.get(name)
        return self.body == "form" or (argument is not None and argument.where != "body")

    def makes_the_path(self, name: str) -> bool:
        """Tell whether an argument stands in the path: without it, the address is another one."""
        argument = self.arguments.get(name)
        return argument is not None and argument.where == "path"

    @property
    def known_by(self) -> Idempotency | None:
        """By what a repeated submission is known, if the documents say so."""
        return self.job.idempotency if self.job and self.job.idempotency else self.idempotency


class Timeouts(Quoted):
    """How long to wait for a whole reply, in seconds; larger images may have longer."""

    normal_s: Seconds
    """Seconds for a whole reply: `normal_s = 120`."""
    large_s: Seconds
    """Seconds for the reply to a larger image: `large_s = 300`."""
    large_above_pixels: Positive = 3_686_400
    """From how many pixels (width times height) on an image is a larger one:
    `large_above_pixels = 3_686_400`."""
    source: Cited
    """Where the document says so: `source = "page: Limits"`."""
    status: Status = "documented"
    """`undocumented` where the figures are your own: `status = "undocumented"`."""
    note: str = ""
    """What is unclear, in your own words: `note = "not stated; our own"`."""


class Endpoint(Promise):
    """Another address that the documents name; the harness does not call it by itself."""

    method: Literal["GET", "POST"]
    """Its HTTP method: `method = "GET"`."""
    path: str
    """Its path below `base_url`: `path = "/v1/models"`."""
    title: str
    """What it is for: `title = "List of models"`."""
    body: Literal["json", "form"] | None = None
    """How its request is encoded, if it has a body: `body = "json"`."""
    fields: tuple[str, ...] = ()
    """What the request carries, in the provider's words: `fields = ["file", "purpose"]`."""


class Statement(Promise):
    """A sentence that no single request can keep or break: how fast, how reliable, what else.

    `says` is the sentence in few words, `seconds` its figure where it is about time.
    """

    about: Literal[
        "latency", "price", "availability", "capability", "guidance", "idempotency", "webhook"
    ]
    """Of what the sentence speaks: `about = "latency"`."""
    says: str
    """The sentence, in few words: `says = "about 15 s an image"`."""
    seconds: Seconds | None = None
    """Its figure, where it is about time: `seconds = 15`."""


class Provider(Frozen):
    """Everything that one provider's documents promise."""

    name: Annotated[str, StringConstraints(pattern=r"^[a-z0-9_]+$")]
    """The name under which every command knows it: `name = "acme"`."""
    title: str
    """What reports call it: `title = "Acme Images"`."""
    base_url: str = ""
    """The address below which all paths are; leave it out where everybody hosts their own:
    `base_url = "https://api.acme.test"`."""
    base_url_source: Cited | None = None
    """Where the document names the address; goes together with `base_url`:
    `base_url_source = "page: Base URL"`."""
    base_url_quote: Quote = ""
    """What it says there, word for word:
    `base_url_quote = "All requests go to https://api.acme.test."`."""
    documents: dict[str, Document]
    """What sources may cite, each document under a short key: a table [documents]."""
    auth: Auth
    headers: Texts = Field(default_factory=dict)
    """Headers of every request to the provider: submissions, polls, results, uploads:
    `headers = { X-Client = "harness" }`."""
    query: Texts = Field(default_factory=dict)
    """Values of the query of every request to the provider: `query = { api-version = "2" }`."""
    timeouts: Timeouts
    errors: ErrorRules
    prices: Prices
    model: Model | None = None
    operations: Annotated[dict[Name, Operation], Field(min_length=1)]
    """What the provider does: a table [operations.NAME] each."""
    endpoints: tuple[Endpoint, ...] = ()
    """Other addresses that the documents name."""
    statements: tuple[Statement, ...] = ()
    """Sentences of the documents that no single request can keep or break."""
    open_questions: tuple[str, ...] = ()
    """What the documents leave open, one sentence each:
    `open_questions = ["the longest prompt"]`."""

    def operation(self, name: str) -> Operation:
        """Return the operation of that name; KeyError where the provider has none."""
        return self.operations[name]

    def kind(self, name: str) -> Kind:
        """Return what an operation is for.

        That is what it says itself, else its own name where that is a kind; else it edits where it
        takes images, and generates where it takes none. KeyError where the provider has none.
        """
        operation = self.operations[name]
        if operation.kind is not None:
            return operation.kind
        takes_images = any(argument.type == "images" for argument in operation.arguments.values())
        named = (kind for kind in OPERATIONS if kind == name)
        return next(named, "edit" if takes_images else "generate")

    def meant(self, word: str) -> tuple[str, ...]:
        """Return the operations that a name means: that one, else all that are of this kind."""
        if word in self.operations:
            return (word,)
        return tuple(name for name in self.operations if self.kind(name) == word)

    def chosen(self, words: Sequence[str]) -> tuple[str, ...]:
        """Return the operations that these words mean, in the TOML's order; all without a word."""
        meant = {name for word in words for name in self.meant(word)}
        return tuple(name for name in self.operations if name in meant or not words)

    @cached_property
    def parameters(self) -> tuple[str, ...]:
        """Every parameter that is known for this provider: the canonical ones, then its own."""
        own = (name for operation in self.operations.values() for name in operation.arguments)
        return tuple(dict.fromkeys((*PARAMETERS, *own)))
