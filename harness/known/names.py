"""Whether the names in a known deviation are those of something: of a provider, a promise, a check.

A name that is none would expect nothing, and the build would fail for another reason than the one
that a reader sees.
"""

import re
from collections.abc import Collection, Iterator, Mapping

from harness.core.errors import Mistake
from harness.known.model import KnownDeviation, about_of, is_combination
from harness.spec.credentials import KEY_REQUIRED
from harness.spec.provider import Operation, Provider

_ARGUMENT = re.compile(r"no (?P<left_out>\S+)$|(?P<given>[^\s=]+)=|(?P<prompt>prompt) ")


def unknown_names(
    known: KnownDeviation, providers: Mapping[str, Provider | None] | None, checks: Collection[str]
) -> Iterator[tuple[str, Mistake]]:
    """Yield the keys of an entry whose names nobody has, each with the nearest that there is."""
    if checks and known.check not in checks:
        reason = f"no such check: {known.check}"
        yield "check", Mistake.none_of("", reason, known.check, checks)
    if providers is None:
        return
    if known.provider not in providers:
        reason = f"unknown provider: {known.provider}"
        yield "provider", Mistake.none_of("", reason, known.provider, providers)
        return
    provider = providers[known.provider]
    if provider is None:
        return
    operation = provider.operations.get(known.operation)
    if operation is None:
        reason = f"{known.provider} has no operation {known.operation}"
        yield "operation", Mistake.none_of("", reason, known.operation, provider.operations)
        return
    for mistake in _unknown_promise(known, operation):
        yield "promise", mistake


def _unknown_promise(known: KnownDeviation, operation: Operation) -> Iterator[Mistake]:
    has = f"{known.provider} {known.operation} has no"
    ids = (*(constraint.id for constraint in operation.constraints), KEY_REQUIRED)
    if not known.promise:
        return
    if not is_combination(known.promise):
        if known.promise not in ids:
            yield Mistake.none_of("", f"{has} promise {known.promise}", known.promise, ids)
        return
    about, values = about_of(known.promise)
    if about and about not in ids:
        yield Mistake.none_of("", f"{has} promise {about}", about, ids)
    for each in values:
        found = _ARGUMENT.match(each)
        name = next(filter(None, found.groups()), "") if found else ""
        if not name:
            yield Mistake(key="", reason=f"{each!r} is no value; write it like quality=high")
        elif name not in operation.arguments:
            yield Mistake.none_of("", f"{has} parameter {name}", name, operation.arguments)
