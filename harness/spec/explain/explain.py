"""What a provider's documents say of one request: accepted, refused, left open, or no place for it.

Nothing is sent and nothing is drawn: this reads the rules, as `judge` does for recorded traffic.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from difflib import get_close_matches
from typing import Literal

from harness.core.case import Price
from harness.core.errors import UsageError
from harness.core.exchange import Part, Request
from harness.core.jsonvalue import Json
from harness.core.reference import ReferenceImage
from harness.spec import price
from harness.spec.evaluate import broken_when_sent
from harness.spec.explain.nearest import Change, nearest_request
from harness.spec.explain.neighbours import plain_value
from harness.spec.expressions import Status
from harness.spec.provider import PARAMETERS, Argument, Constraint, Operation, Provider
from harness.spec.request import Reading, build_request, form_part, missing_arguments, read_request
from harness.spec.rules import Arguments, Rule
from harness.spec.rules.body import BODY
from harness.spec.templates import as_text, segment

_NEEDED = ("prompt", "model", "mode", "images")
"""What a request has to have somewhere, and is hardly ever the question."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ExplainRequest:
    """A request to one provider's operation; a plain value stands in for what is `assumed`."""

    provider: Provider
    operation: str
    arguments: dict[str, Json]
    unknown: tuple[str, ...] = ()
    assumed: dict[str, Json] = field(default_factory=dict)


def with_plain_values(
    provider: Provider, operation: str | None, arguments: Mapping[str, Json]
) -> ExplainRequest:
    """Return a request for these arguments; what it needs besides gets a plain value.

    Without an operation it is an edit where images are given, else a generation.
    """
    name = _operation_of(provider, operation, arguments)
    documented = provider.operations.get(name)
    assumed = {} if documented is None else _assumed(documented, arguments)
    return ExplainRequest(
        provider=provider, operation=name, arguments={**assumed, **arguments}, assumed=assumed
    )


def _assumed(operation: Operation, arguments: Mapping[str, Json]) -> dict[str, Json]:
    return {
        name: plain_value(operation, name)
        for name, argument in operation.arguments.items()
        if name in _NEEDED and argument.required is not None and name not in arguments
    }


def _operation_of(provider: Provider, operation: str | None, arguments: Mapping[str, Json]) -> str:
    """Return the operation that is meant: by its name or its kind, of several the fitting one."""
    edits = "images" in arguments or "mask" in arguments
    word = operation or ("edit" if edits else "generate")
    fewest = sorted(
        provider.meant(word),
        key=lambda name: len(set(arguments) - set(provider.operation(name).arguments)),
    )
    return fewest[0] if fewest else word


def from_body(
    providers: Sequence[Provider],
    operation: str | None,
    body: Mapping[str, Json],
    *,
    over: Mapping[str, Json],
    where: str,
) -> tuple[ExplainRequest, ...]:
    """Return a request for what a body holds, with the arguments of `over` in its place.

    A body whose every key is a parameter, canonical or declared by one of the providers, is put to
    each of them; any other must be a wire body of one. Raises UsageError, which names `where` the
    body is from, where nobody, or more than one, could have been meant.
    """
    if not strange_names(providers, body):
        arguments = present({**body, **over})
        return tuple(
            ExplainRequest(
                provider=provider,
                operation=_operation_of(provider, operation, arguments),
                arguments=arguments,
            )
            for provider in providers
        )
    provider, reading = _read(providers, operation, body, where)
    return (
        ExplainRequest(
            provider=provider,
            operation=reading.operation,
            arguments=present({**reading.arguments, **over}),
            unknown=reading.unknown,
        ),
    )


def _read(
    providers: Sequence[Provider], operation: str | None, body: Mapping[str, Json], where: str
) -> tuple[Provider, Reading]:
    """Find the one provider whose wire body this is."""
    strange = strange_names(providers, body)
    readings = [
        (provider, reading)
        for provider in providers
        for reading in _readings(provider, operation, body)
    ]
    fitting = [pair for pair in readings if set(strange) - set(pair[1].unknown)]
    if not fitting and len(providers) > 1:
        near = get_close_matches(strange[0], known_names(providers), n=1)
        guess = f"did you mean {near[0]}? " if near else ""
        raise UsageError(
            f"{where}: unknown parameter {strange[0]!r}",
            hint=f"{guess}a wire body goes with --provider NAME",
        )
    least = min((_unexplained(*pair) for pair in readings), default=None)
    chosen = [pair for pair in fitting or readings if _unexplained(*pair) == least]
    meant_by = sorted({provider.name for provider, _ in chosen})
    if len(meant_by) > 1:
        raise UsageError(
            f"{where}: could be a body for any of {', '.join(meant_by)}", hint="say --provider NAME"
        )
    if not chosen:
        raise UsageError(f"{where}: {providers[0].name} has no operation {operation!r}")
    return chosen[0]


def known_names(providers: Sequence[Provider]) -> tuple[str, ...]:
    """Return the parameters that are known for any of the providers, the canonical ones first."""
    return tuple(dict.fromkeys(name for provider in providers for name in provider.parameters))


def strange_names(providers: Sequence[Provider], body: Mapping[str, Json]) -> list[str]:
    """Return the keys of a body that are no parameter of any of the providers."""
    return [key for key in body if key not in known_names(providers)]


def _unexplained(provider: Provider, reading: Reading) -> tuple[int, int]:
    return len(reading.unknown), missing_arguments(provider, reading)


def present(body: Mapping[str, Json]) -> dict[str, Json]:
    """Return what is given: a null is not."""
    return {name: content for name, content in body.items() if content is not None}


def _readings(provider: Provider, wanted: str | None, body: Mapping[str, Json]) -> list[Reading]:
    readings = [
        _reading(provider, operation, body)
        for name, operation in provider.operations.items()
        if wanted is None or name in provider.meant(wanted)
    ]
    return [reading for reading in readings if reading is not None]


def _reading(provider: Provider, operation: Operation, body: Mapping[str, Json]) -> Reading | None:
    """Read a body; what travels beside it may stand in it, under its name there."""
    wires = {argument.wire: argument.where for argument in operation.arguments.values()}
    placed = {key: wires.get(key, "body") for key in present(body)}
    texts = {key: as_text(body[key]) for key, where in placed.items() if where != "body"}
    inside = {key: content for key, content in body.items() if key not in texts}
    path = operation.path
    for key, text in texts.items():
        path = path.replace(f"{{{key}}}", segment(text)) if placed[key] == "path" else path
    return read_request(
        provider,
        operation.method,
        path,
        inside,
        _fields(operation, inside),
        query=[(key, text) for key, text in texts.items() if placed[key] == "query"],
        headers=[(key, text) for key, text in texts.items() if placed[key] == "header"],
    )


def _fields(operation: Operation, body: Mapping[str, Json]) -> tuple[Part, ...] | None:
    """Return a JSON object as the form that it stands for, where the operation takes forms."""
    if operation.body != "form":
        return None
    return tuple(
        form_part(key, entry)
        for key, content in present(body).items()
        for entry in (content if isinstance(content, list) else [content])
    )


Verdict = Literal["accepted", "refused", "open", "not mappable"]
"""`open` where the documents are silent or at odds on something that the request uses; `not
mappable` where they have no such operation or parameter."""

_INSTEAD = {
    "size": ("aspect_ratio", "resolution"),
    "aspect_ratio": ("size",),
    "resolution": ("size",),
    "stream": ("webhook_url",),
    "webhook_url": ("stream",),
}
"""Parameters that ask for the same in other words."""


@dataclass(frozen=True, slots=True, kw_only=True)
class RuleStatement:
    """One rule's objection or silence: what it says, where that is written, how sure it is.

    `about` is the constraint's id, or a parameter's name where its own place is in doubt.
    """

    about: str
    says: str
    status: Status
    source: str
    note: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Unknown:
    """What the documents do not mention, and what they have that comes nearest."""

    name: str
    kind: Literal["operation", "parameter", "wire key"]
    instead: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class RequestCost:
    """The documents' price of a request, and how sure it is."""

    price: Price
    status: Status


@dataclass(frozen=True, slots=True, kw_only=True)
class Near:
    """The nearest valid request: its arguments, what was changed for them, and what it costs."""

    arguments: dict[str, Json]
    changes: tuple[Change, ...]
    cost: RequestCost


@dataclass(frozen=True, slots=True, kw_only=True)
class Explanation:
    """All that one provider's documents say of a request to one operation.

    `breaks` are documented rules that it breaks; `open` is what it uses and no document settles.
    `cost` is missing where the request is not served by the documents. `request` is what the known
    arguments are on the wire, the key excepted; there is none for an unknown operation.
    """

    provider: str
    operation: str
    verdict: Verdict
    arguments: dict[str, Json]
    breaks: tuple[RuleStatement, ...] = ()
    open: tuple[RuleStatement, ...] = ()
    unknown: tuple[Unknown, ...] = ()
    nearest: Near | None = None
    cost: RequestCost | None = None
    request: Request | None = None


def explain(
    provider: Provider, operation_name: str, arguments: Arguments, *, unknown: Sequence[str] = ()
) -> Explanation:
    """Explain a request in canonical arguments; `unknown` are wire keys that no argument maps."""
    given = dict(arguments)
    if operation_name not in provider.operations:
        return Explanation(
            provider=provider.name,
            operation=operation_name,
            verdict="not mappable",
            arguments=given,
            unknown=(
                Unknown(name=operation_name, kind="operation", instead=tuple(provider.operations)),
            ),
        )
    operation = provider.operation(operation_name)
    mapped = {name: value for name, value in given.items() if name in operation.arguments}
    unmapped = (
        *(_unmapped_parameter(operation, name) for name in given if name not in mapped),
        *(_unmapped_key(operation, key) for key in unknown),
    )
    fields: dict[str, Json] = {BODY: dict.fromkeys(map(_name, unmapped))} if unmapped else {}
    objections, unspecified = broken_when_sent(operation, {**mapped, **fields})
    breaks = tuple(objection for objection in objections if _judged(objection, operation))
    doubts = (
        *(_statement(objection) for objection in objections if not _judged(objection, operation)),
        *(_statement(constraint) for constraint in unspecified),
        *_uncertain(operation, mapped, besides=objections),
    )
    verdict = _verdict(breaks=bool(breaks), unmapped=bool(unmapped), doubts=bool(doubts))
    return Explanation(
        provider=provider.name,
        operation=operation_name,
        verdict=verdict,
        arguments=given,
        breaks=tuple(_statement(constraint) for constraint in breaks),
        open=tuple(dict.fromkeys(doubts)),
        unknown=unmapped,
        nearest=_near(provider, operation, given),
        cost=_cost(provider, operation, mapped) if verdict in ("accepted", "open") else None,
        request=build_request(provider, operation, mapped),
    )


def _verdict(*, breaks: bool, unmapped: bool, doubts: bool) -> Verdict:
    if breaks:
        return "refused"
    if unmapped:
        return "not mappable"
    return "open" if doubts else "accepted"


def _judged(constraint: Constraint, operation: Operation) -> bool:
    """Tell whether breaking a rule is refused by the documents, and not only by hearsay."""
    return operation.is_judged(constraint)


def _near(provider: Provider, operation: Operation, given: dict[str, Json]) -> Near | None:
    nearest = nearest_request(operation, given)
    if nearest is None:
        return None
    return Near(
        arguments=nearest.arguments,
        changes=nearest.changes,
        cost=_cost(provider, operation, nearest.arguments),
    )


def _cost(provider: Provider, operation: Operation, arguments: Arguments) -> RequestCost:
    return RequestCost(
        price=price.price_of(provider, operation, arguments),
        status=price.price_status(provider, operation, arguments),
    )


def _statement(constraint: Constraint) -> RuleStatement:
    return _cited(constraint.id, constraint.describe(), constraint.rule)


def _cited(about: str, says: str, written: Rule | Argument) -> RuleStatement:
    sources = [written.source, *([written.second_source] if written.second_source else [])]
    return RuleStatement(
        about=about,
        says=says,
        status=written.status,
        source="; ".join(map(str, sources)),
        note=written.note,
    )


def _uncertain(
    operation: Operation, mapped: Arguments, *, besides: Sequence[Constraint]
) -> Iterator[RuleStatement]:
    """Yield what a request uses within the rules, and no document settles."""
    objected = {beside.parameter for beside in besides}
    objected |= {name for name in mapped if operation.arguments[name].status != "documented"}
    for name, value in mapped.items():
        argument = operation.arguments[name]
        if argument.status != "documented":
            yield _cited(name, "the parameter itself is in doubt", argument)
        if not _as_documented(operation, name, value):
            yield _cited(name, "files go there; what else would do is not said", argument)
    for constraint in operation.constraints:
        used = constraint.parameter in mapped and constraint.parameter not in objected
        if used and (doubt := constraint.rule.doubt(mapped[constraint.parameter])):
            yield _cited(constraint.id, f"{constraint.describe()}; {doubt}", constraint.rule)


def _as_documented(operation: Operation, name: str, value: Json) -> bool:
    """Tell whether images are what an operation takes: files in a form; else addresses, too."""
    if operation.arguments[name].type not in ("images", "file"):
        return True
    inline = operation.arguments[name].encode != "address"
    kinds = (str,) if operation.body == "json" and not inline else ()
    entries = value if isinstance(value, list) else [value]
    return all(
        isinstance(entry, kinds) or ((image := ReferenceImage.of(entry)) and image.media_type)
        for entry in entries
    )


def _name(unmapped: Unknown) -> str:
    return unmapped.name


def _unmapped_parameter(operation: Operation, name: str) -> Unknown:
    near = tuple(
        alternative for alternative in _INSTEAD.get(name, ()) if alternative in operation.arguments
    )
    if not near and name not in PARAMETERS:
        near = tuple(get_close_matches(name, operation.arguments, n=1))
    return Unknown(name=name, kind="parameter", instead=near)


def _unmapped_key(operation: Operation, key: str) -> Unknown:
    wires = [place for argument in operation.arguments.values() for place in argument.places]
    return Unknown(name=key, kind="wire key", instead=tuple(get_close_matches(key, wires, n=1)))
