"""The named ways to break a promise: the catalogue, how a user names one, the active set."""
# ruff: noqa: TID252 - absolute names would break when the folder is copied elsewhere

from __future__ import annotations

from dataclasses import dataclass, field
from difflib import get_close_matches
from functools import cached_property

from ..rules import RULE_MODULES, RuleSwitches, operations_of
from .combinations import NAMES, Combination, combination
from .named_faults import ALL, NAMED, SHOWS_ON

REFERENCES = ("images", "mask", "input_fidelity")


@dataclass(frozen=True, slots=True, kw_only=True)
class NamedFault:
    """One fault of one provider.

    `family` is single_rule, boundary, interaction, content, job_and_stream or charging, or outage
    for trouble that must convict nobody. `breaks` is the id of the broken constraint or the kind of
    promise. `operations` are those of the provider on which the fault can show.
    """

    provider: str
    name: str
    family: str
    breaks: str
    meaning: str
    operations: tuple[str, ...]


class UnknownFaultError(ValueError):
    """No provider asked about has a fault of that name."""


def catalogue() -> list[NamedFault]:
    """Return every fault of every provider."""
    return [
        fault
        for provider in RULE_MODULES
        for fault in (*_of_rules(provider), *_of_combinations(provider), *_named(provider))
    ]


def _of_rules(provider: str) -> list[NamedFault]:
    book = RULE_MODULES[provider]
    lower: dict[str, str] = getattr(book, "LOWER", {})
    listed: list[tuple[str, str, str]] = []
    listed += [(f"ignore:{r}", "single_rule", f"not enforced: {m}") for r, m in book.RULES.items()]
    listed += [
        (f"strict:{r}", _side(r), f"refuses {value}") for r, value in book.BOUNDARIES.items()
    ]
    listed += [(f"strict:{r}:min", "boundary", f"refuses {value}") for r, value in lower.items()]
    listed += [(f"loose:{r}", _side(r), f"accepts {value}") for r, value in book.LOOSE.items()]
    return [
        NamedFault(
            provider=provider,
            name=name,
            family=family,
            breaks=name.split(":")[1],
            meaning=meaning,
            operations=_where(provider, name),
        )
        for name, family, meaning in listed
    ]


def _side(rule: str) -> str:
    """Return the family of a fault at the edge of a rule: a list of words has no boundary."""
    return "single_rule" if rule.endswith((".one_of", ".media_type")) else "boundary"


def _of_combinations(provider: str) -> list[NamedFault]:
    found = (combination(provider, name) for name in NAMES[provider])
    return [
        NamedFault(
            provider=provider,
            name=one.name,
            family="interaction",
            breaks="content" if one.effect.startswith("wrong") else "combination",
            meaning=one.meaning,
            operations=one.operations,
        )
        for one in found
        if one is not None
    ]


def _named(provider: str) -> list[NamedFault]:
    served = operations_of(provider)
    return [
        NamedFault(
            provider=provider,
            name=name,
            family=family,
            breaks=breaks,
            meaning=meaning,
            operations=tuple(one for one in served if one in _shown(provider, name)),
        )
        for family, listed in NAMED.items()
        for name, breaks, meaning, providers in listed
        if provider in providers
    ]


def _shown(provider: str, name: str) -> tuple[str, ...]:
    return SHOWS_ON.get(f"{provider}:{name}", SHOWS_ON.get(name, operations_of(provider)))


def parse_fault(text: str, providers: tuple[str, ...] = ALL) -> list[tuple[str, str]]:
    """Return the (provider, fault name) pairs meant by "[PROVIDER:]NAME" among `providers`.

    Raises UnknownFaultError, which names close matches.
    """
    head, colon, tail = text.partition(":")
    name = text
    if colon and head in RULE_MODULES:
        providers = tuple(provider for provider in providers if provider == head)
        name = tail
    faults = [fault for fault in catalogue() if fault.provider in providers]
    found = [(fault.provider, fault.name) for fault in faults if fault.name == name]
    if found:
        return found
    close = get_close_matches(name, {fault.name for fault in faults}, n=3, cutoff=0.5)
    hint = f"; close: {', '.join(close)}" if close else "; --list-faults lists them"
    raise UnknownFaultError(f"no fault {text!r}{hint}")


def _where(provider: str, name: str) -> tuple[str, ...]:
    """Return where a rule's fault can show.

    That is where its book's WHERE says so by fault, rule or parameter; else references and masks
    are those of edits, and everything else is everywhere.
    """
    rule = name.split(":")[1]
    parameter = rule.partition(".")[0]
    where: dict[str, tuple[str, ...]] = getattr(RULE_MODULES[provider], "WHERE", {})
    served = operations_of(provider)
    usual = ("edit",) if parameter in REFERENCES else served
    wanted = where.get(name, where.get(rule, where.get(parameter, usual)))
    return tuple(operation for operation in served if operation in wanted)


@dataclass(frozen=True)
class ActiveFaults:
    """The faults that are on at one provider."""

    names: frozenset[str] = frozenset()
    provider: str = field(default="", compare=False)

    def __contains__(self, name: str) -> bool:
        return name in self.names

    @cached_property
    def combinations(self) -> tuple[Combination, ...]:
        """Those of them that show only where values meet."""
        found = (combination(self.provider, name) for name in sorted(self.names))
        return tuple(one for one in found if one is not None)

    @cached_property
    def switches(self) -> RuleSwitches:
        """The provider's rules under these faults."""
        ignored = self._of_kind("ignore")
        if "mask_ignored" in self.names:
            ignored |= {
                rule
                for book in RULE_MODULES.values()
                for rule in book.RULES
                if rule.startswith("mask.")
            }
        return RuleSwitches(
            ignored=ignored, tightened=self._of_kind("strict"), loosened=self._of_kind("loose")
        )

    def _of_kind(self, kind: str) -> frozenset[str]:
        """Return the rules of the active faults `kind:RULE`."""
        start = f"{kind}:"
        return frozenset(name.removeprefix(start) for name in self.names if name.startswith(start))
