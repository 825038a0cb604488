"""What a provider's documents say of one request: accepted, refused, left open, or no place for it.

Nothing is sent and nothing is drawn: this reads the rules, as `judge` does for recorded traffic.
"""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from difflib import get_close_matches
from typing import Literal

from harness.core.case import Price
from harness.core.exchange import Request
from harness.core.jsonvalue import Json
from harness.spec import price
from harness.spec.explain.nearest import Change, nearest_request
from harness.spec.explain.said import RuleStatement, said_of, statement
from harness.spec.expressions import Status
from harness.spec.provider import PARAMETERS, Operation, Provider
from harness.spec.request import build_request
from harness.spec.rules import Arguments

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
    provider: Provider,
    operation_name: str,
    arguments: Arguments,
    *,
    unknown: Sequence[str] = (),
    odd: Collection[str] = (),
) -> Explanation:
    """Explain a request in canonical arguments.

    `unknown` are wire keys that no argument maps, `odd` what has another shape than documented.
    """
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
    said = said_of(operation, given, unknown=unknown, odd=odd)
    verdict = _verdict(breaks=bool(said.breaks), unmapped=bool(unmapped), doubts=bool(said.open))
    return Explanation(
        provider=provider.name,
        operation=operation_name,
        verdict=verdict,
        arguments=given,
        breaks=tuple(map(statement, said.breaks)),
        open=said.open,
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
