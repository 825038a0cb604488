"""The same question once more, with nothing changed that it is about."""

from collections.abc import Callable, Iterable, Iterator
from dataclasses import replace
from itertools import chain

from harness.cases import prompts
from harness.core.case import Case
from harness.core.jsonvalue import Json
from harness.core.outcome import Refused
from harness.core.record import Record
from harness.spec.evaluate import broken, broken_when_sent
from harness.spec.provider import Argument, Operation, Provider

Taken = Callable[[Case], bool]
"""Tells whether a body was sent before."""

_TEXTS = ("harness-again", "harness-once-more")


def repeat_case(provider: Provider, record: Record, taken: Taken) -> Case | None:
    """Return a case that repeats a record's request as `<id>/again`, or None.

    Its body was not sent before, unless the first was refused and nothing in it can be changed: a
    refusal is free. None where that leaves no way to ask without paying twice for one body.
    """
    first = record.shot.case
    operation = provider.operation(first.operation)
    again = replace(first, id=f"{first.id}/again", stage="confirm", follows=first.id)
    for arguments in _variants(operation, first):
        case = replace(again, arguments=arguments)
        if not taken(case) and _same_question(operation, first, case):
            return case
    return again if isinstance(record.outcome, Refused) else None


def reprompted(operation: Operation, case: Case, taken: Taken) -> Case | None:
    """Return the case itself, or with the first other prompt under which it was not sent before."""
    if not taken(case):
        return case
    variants = (replace(case, arguments=variant) for variant in _variants(operation, case))
    return next((variant for variant in variants if not taken(variant)), None)


def _variants(operation: Operation, case: Case) -> Iterator[dict[str, Json]]:
    """Yield the arguments with another prompt, then with something else that does not matter."""
    for name, others in (
        ("prompt", _other_prompts(case.arguments.get("prompt"))),
        *(
            (name, _other_values(argument, case.arguments.get(name)))
            for name, argument in operation.arguments.items()
            if not _at_stake(case, name)
        ),
    ):
        for other in others:
            yield fresh_prompt(operation, {**case.arguments, name: other}, "again")


_SHORT, _MANY = 60, 16
"""How long a further prompt is at least in characters, and how many there are."""


def _other_prompts(prompt: Json) -> Iterable[Json]:
    """Return other prompts of the same kind, be it of the wrong type."""
    match prompt:
        case str() if prompt.strip():
            length = max(len(prompt), _SHORT)
            further = (prompts.distinct_prompt(n, length, seed=0) for n in range(_MANY))
            return chain(prompts.other_prompts(prompt), further if prompt.isascii() else ())
        case bool() | None:
            return ()
        case int() | float():
            return (prompt + 1, prompt + 2)
        case [str(), *_]:
            return tuple([text] for text in _TEXTS)
        case dict():
            return tuple(dict.fromkeys(prompt, text) for text in _TEXTS)
        case _:
            return ()


def _at_stake(case: Case, name: str) -> bool:
    about = {(constraint_id or "").partition(".")[0] for constraint_id in (case.about, case.breaks)}
    return name in about or name == "prompt"


def _other_values(argument: Argument, now: Json) -> tuple[Json, ...]:
    """Return what changes a body and nothing else: a free text, or the default written out."""
    shape = argument.format.shape if argument.format is not None else ""
    if argument.type == "string" and argument.one_of is None and shape == "string":
        return tuple(text for text in _TEXTS if text != now)
    aloud = now is None and argument.default is not None and argument.status == "documented"
    return (argument.default,) if aloud else ()


def fresh_prompt(operation: Operation, arguments: dict[str, Json], word: str) -> dict[str, Json]:
    """Give a webhook another address: that tells deliveries apart."""
    hook = operation.webhook.argument if operation.webhook is not None else ""
    address = arguments.get(hook)
    if not isinstance(address, str):
        return arguments
    breaks, _ = broken(operation, {hook: address})
    is_valid = all(constraint.parameter != hook for constraint in breaks)
    return {**arguments, hook: f"{address}-{word}"} if is_valid else arguments


def _same_question(operation: Operation, first: Case, other: Case) -> bool:
    """Tell whether two requests keep and break the same rules and hold the same values."""
    before, after = (
        [
            [constraint.id for constraint in constraints]
            for constraints in broken_when_sent(operation, case.arguments)
        ]
        for case in (first, other)
    )
    return before == after
