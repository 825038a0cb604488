"""The same question in another request: other words, or something else that does not matter."""

import hashlib
from collections.abc import Iterable, Iterator
from dataclasses import replace
from itertools import chain
from random import Random

from harness.cases import prompts
from harness.core.case import Case
from harness.core.jsonvalue import Json
from harness.spec.evaluate import broken, broken_when_sent, tokens
from harness.spec.provider import Argument, Operation

TEXTS = ("harness-again", "harness-once-more")
"""What a free text holds instead, the first time and the second."""


def variants(operation: Operation, case: Case) -> Iterator[dict[str, Json]]:
    """Yield the arguments with another prompt, then with something else that does not matter."""
    return _changed(
        operation, case, prompts=other_prompts(case.arguments.get("prompt")), texts=TEXTS
    )


def numbered_variants(operation: Operation, case: Case, number: int) -> Iterator[dict[str, Json]]:
    """Yield the arguments as `variants` does, with words that no other case and number has.

    A prompt keeps its length, and with it whatever rule of lengths the case is about.
    """
    words = (f"harness-{number}-{_seed(case.id, number) % 10_000_000}",)
    now = case.arguments.get("prompt")
    yield from _changed(
        operation, case, prompts=_numbered_prompts(now, case.id, number), texts=words
    )
    yield from variants(operation, case)
    for once in variants(operation, case):
        yield from variants(operation, replace(case, arguments=once))
    if case.expect == "refuse":
        yield from _with_another_argument(operation, case)


def _with_another_argument(operation: Operation, case: Case) -> Iterator[dict[str, Json]]:
    """Yield the arguments with one more that is documented: it does not make a request valid."""
    for name, argument in operation.arguments.items():
        listed = argument.one_of.certain if argument.one_of is not None else ()
        if name not in case.arguments and not _at_stake(case, name):
            yield from ({**case.arguments, name: member} for member in listed)


def _changed(
    operation: Operation, case: Case, *, prompts: Iterable[Json], texts: tuple[str, ...]
) -> Iterator[dict[str, Json]]:
    for name, others in (
        ("prompt", prompts),
        *(
            (name, _other_values(argument, case.arguments.get(name), texts))
            for name, argument in operation.arguments.items()
            if not _at_stake(case, name)
        ),
    ):
        for other in others:
            yield fresh_prompt(operation, {**case.arguments, name: other}, "again")


_SHORT, _MANY = 60, 16
"""How long a further prompt is at least in characters, and how many there are."""


def other_prompts(prompt: Json) -> Iterable[Json]:
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
            return tuple([text] for text in TEXTS)
        case dict():
            return tuple(dict.fromkeys(prompt, text) for text in TEXTS)
        case _:
            return ()


def _numbered_prompts(prompt: Json, case_id: str, number: int) -> Iterable[Json]:
    seed = _seed(case_id, number)
    match prompt:
        case str() if prompt.strip():
            return (prompts.numbered_prompt(prompt, seed + more) for more in range(_MANY))
        case bool() | None:
            return ()
        case int() | float():
            return (prompt + 3 + seed % 100_000,)
        case [str(), *_]:
            return ([prompts.numbered_prompt(str(prompt[0]), seed)],)
        case dict():
            return (dict.fromkeys(prompt, f"harness-{seed % 10_000_000}"),)
        case _:
            return ()


def _seed(case_id: str, number: int) -> int:
    """Return a number that stands for a case and the number of an asking; the same anywhere."""
    digest = hashlib.sha256(f"{case_id} {number}".encode()).digest()
    return Random(int.from_bytes(digest[:8], "big")).getrandbits(40)


def _at_stake(case: Case, name: str) -> bool:
    about = {(constraint_id or "").partition(".")[0] for constraint_id in (case.about, case.breaks)}
    return name in about or name == "prompt"


def _other_values(argument: Argument, now: Json, texts: tuple[str, ...]) -> tuple[Json, ...]:
    """Return what changes a body and nothing else: a free text, or the default written out."""
    shape = argument.format.shape if argument.format is not None else ""
    if argument.type == "string" and argument.one_of is None and shape == "string":
        return tuple(text for text in texts if text != now)
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


def same_question(operation: Operation, first: Case, other: Case) -> bool:
    """Tell whether two requests keep and break the same rules and hold the same values."""
    before, after = (
        [
            [constraint.id for constraint in constraints]
            for constraints in broken_when_sent(operation, case.arguments)
        ]
        for case in (first, other)
    )
    return before == after


def same_boundaries(operation: Operation, first: Case, other: Case) -> bool:
    """Tell whether a request covers all that another one does: list members and boundaries too."""
    return {*tokens(operation, first.arguments)} <= {*tokens(operation, other.arguments)}
