"""Requests, sizes and violations of a provider's documents, as ordinary Hypothesis strategies."""

from collections.abc import Sequence
from copy import deepcopy
from pathlib import Path
from typing import Literal, overload

from hypothesis import assume
from hypothesis import strategies as st
from hypothesis.strategies import DrawFn, SearchStrategy

from harness.cases.build import Builder
from harness.cases.draw import AnySlot, argument_slots, breakers
from harness.cases.shapes import Shape, shapes_of
from harness.cases.turns import breakable_rules
from harness.cases.values import forbidden_values
from harness.core.errors import UsageError, nearest_hint
from harness.core.jsonvalue import Json
from harness.spec.catalogue import named_provider
from harness.spec.credentials import KEY_REQUIRED
from harness.spec.provider import Constraint, Provider
from harness.spec.rules.size import SizeRule
from harness.strategies.values import values_of
from harness.strategies.wire import WireRequest, wire_request

ProviderLike = Provider | str | Path
"""A provider: its value, the name of a shipped or installed one, or the path of a TOML."""

Arguments = dict[str, Json]
"""A request in canonical words: a value by the name of each argument."""

_SHAPE = ("aspect_ratio", "resolution")
"""The arguments by which providers without a `size` have images of one."""


@overload
def requests(
    provider: ProviderLike, operation: str = "generate", *, wire: Literal[False] = False
) -> SearchStrategy[Arguments]: ...


@overload
def requests(
    provider: ProviderLike, operation: str = "generate", *, wire: Literal[True]
) -> SearchStrategy[WireRequest]: ...


def requests(
    provider: ProviderLike, operation: str = "generate", *, wire: bool = False
) -> SearchStrategy[Arguments] | SearchStrategy[WireRequest]:
    """Draw requests that keep every rule that a provider documents, alone and across arguments.

    What is required is always there, and of the other documented arguments any. Values are those
    that the documents allow without a doubt: what they leave open is not drawn. Raises UsageError
    for an unknown provider or operation, SpecError for a TOML with mistakes.

        requests("sub2api", "edit")            # {"prompt": ..., "images": [...], "n": 3}
        requests("mine.toml", wire=True)       # WireRequest(method="POST", path="/v1/images", ...)
    """
    builder = _builder(provider, operation)
    drawn = _valid(builder)
    return _on_the_wire(drawn, builder) if wire else drawn


def sizes(provider: ProviderLike, operation: str = "generate") -> SearchStrategy[Json]:
    """Draw sizes that a provider documents, as the text `WIDTHxHEIGHT`; every other on a boundary.

    Words that are as good as a size (`auto`) are among them where the documents have such. Of a
    provider that lists sizes, it is one of the list. Of one that has no sizes but ratios and
    resolutions, it is a dict of these (`{"aspect_ratio": "16:9", "resolution": "2K"}`). Raises
    UsageError where the documents name neither, and as `requests` does.
    """
    builder = _builder(provider, operation)
    slots = _slots(builder)
    by_name = {slot.name: slot for slot in slots}
    if "size" in by_name:
        return by_name["size"].fitting({}).filter(lambda size: size is not None)
    shape = [slot for slot in slots if slot.name in _SHAPE]
    if not shape:
        raise UsageError(f"{builder.provider.name} {operation}: its documents settle no sizes")
    return _together(shape)


@overload
def violations(
    provider: ProviderLike, rule: str, operation: str = "generate", *, wire: Literal[False] = False
) -> SearchStrategy[Arguments]: ...


@overload
def violations(
    provider: ProviderLike, rule: str, operation: str = "generate", *, wire: Literal[True]
) -> SearchStrategy[WireRequest]: ...


def violations(
    provider: ProviderLike, rule: str, operation: str = "generate", *, wire: bool = False
) -> SearchStrategy[Arguments] | SearchStrategy[WireRequest]:
    """Draw requests that break one documented rule and keep all others; `rules` lists the ids.

    Values are near the boundary and far from it, of other types, and spelled as real callers
    misspell them. A field that no document names stands under `body`
    (`{"body": {"harness_field": 1}}`). Raises UsageError for an unknown rule (with the nearest),
    for one that is not documented, and for one that no request breaks alone; else as `requests`.

        violations("sub2api", "n.range")            # {"prompt": ..., "n": 11}
        violations("sub2api", "size.multiple_of")   # {"prompt": ..., "size": "680x984"}
    """
    builder = _builder(provider, operation)
    constraint = _constraint(builder, rule)
    shapes = _shapes(constraint, builder)
    if not shapes:
        raise UsageError(
            f"{_of(builder)}: no request breaks {rule} and nothing else",
            hint=f"one that some do: {', '.join(_breakable(builder))}",
        )
    breaking = st.one_of([breakers(constraint, shape, builder) for shape in shapes])
    whole = _valid(builder)

    @st.composite
    def broken(draw: DrawFn) -> Arguments:
        valid = draw(whole)
        arguments = deepcopy(draw(breaking)(valid))
        assume(builder.breaks_only(arguments, constraint))  # none was seen that does not
        return arguments

    return _on_the_wire(broken(), builder) if wire else broken()


def rules(provider: ProviderLike, operation: str = "generate") -> tuple[str, ...]:
    """Return the ids of the rules that `violations` can break, in the order of the documents.

    They are documented, and a request can break each without breaking another. Raises as
    `requests` does.

        rules("nanobanana")  # ("model.required", "model.one_of", "prompt.required", "n.range", ...)
    """
    return _breakable(_builder(provider, operation))


def _builder(provider: ProviderLike, operation: str) -> Builder:
    one = provider if isinstance(provider, Provider) else named_provider(provider)
    if operation not in one.operations:
        raise UsageError(
            f"{one.name} has no operation {operation!r}",
            hint=nearest_hint(operation, one.operations),
        )
    return Builder(one, operation)


def _of(builder: Builder) -> str:
    return f"{builder.provider.name} {builder.name}"


def _slots(builder: Builder) -> tuple[AnySlot, ...]:
    return argument_slots(builder.operation, values_of)


_OFTEN = 7
"""For each draw without an argument, so many are with it, of those that have to come often."""


def _valid(builder: Builder) -> SearchStrategy[Arguments]:
    """Draw valid arguments; each that may be left out has a choice of its own, so that it goes.

    What can only stand beside another, and that other, come more often than the rest, else both
    would be rare together; so does a size, which has several bounds.
    """
    slots, names = _slots(builder), tuple(builder.operation.arguments)
    paired = {name for slot in slots if slot.partners for name in (slot.name, *slot.partners)}
    chances = {
        slot.name: st.integers(0, _OFTEN if slot.name in {*paired, "size"} else 2) for slot in slots
    }

    @st.composite
    def valid(draw: DrawFn) -> Arguments:
        chosen: Arguments = {}
        for slot in slots:
            wanted = slot.required or draw(chances[slot.name]) > 0
            if wanted and slot.is_possible(chosen):
                chosen[slot.name] = draw(slot.fitting(chosen))
        return deepcopy({name: chosen[name] for name in names if name in chosen})

    return valid()


def _together(slots: Sequence[AnySlot]) -> SearchStrategy[Json]:
    @st.composite
    def together(draw: DrawFn) -> Json:
        chosen: Arguments = {}
        for slot in slots:
            if slot.is_possible(chosen):
                chosen[slot.name] = draw(slot.fitting(chosen))
        return chosen

    return together()


def _on_the_wire(drawn: SearchStrategy[Arguments], builder: Builder) -> SearchStrategy[WireRequest]:
    @st.composite
    def sent(draw: DrawFn) -> WireRequest:  # a mapped value would be shown as a call
        return wire_request(builder.provider, builder.operation, draw(drawn))

    return sent()


def _breakable(builder: Builder) -> tuple[str, ...]:
    return tuple(rule.constraint.id for rule in breakable_rules(builder))


def _constraint(builder: Builder, rule: str) -> Constraint:
    """Return the documented rule of that id."""
    operation, where = builder.operation, _of(builder)
    if rule == KEY_REQUIRED:
        raise UsageError(
            f"{where}: {rule} is broken by what is sent beside a request, and by none",
            hint="send one of requests(...) without a key",
        )
    constraint = operation.constraint(rule)
    if constraint is None:
        raise UsageError(
            f"{where}: there is no rule {rule[:80]!r}",
            hint=nearest_hint(rule, _breakable(builder)),
        )
    if not operation.is_judged(constraint):
        status = constraint.rule.status if not constraint.documented else "undocumented"
        raise UsageError(
            f"{where}: {rule} is {status}: nobody promises that what breaks it is refused",
            hint=f"documented are {', '.join(_breakable(builder))}",
        )
    return constraint


def _shapes(constraint: Constraint, builder: Builder) -> Sequence[Shape]:
    """Return the shapes that break a rule, simplest first: of a size, what is nearest."""
    shapes = shapes_of(constraint, builder)
    if not shapes or not isinstance(constraint.rule, SizeRule):
        return shapes
    nearby = forbidden_values(constraint, builder.operation)
    return (Shape(name="nearest", choices=st.sampled_from(nearby)), *shapes) if nearby else shapes
