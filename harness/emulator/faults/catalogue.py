"""The named ways to break a promise: the catalogue, how a user names one, the active set."""
# ruff: noqa: TID252 - absolute names would break when the folder is copied elsewhere

from __future__ import annotations

from dataclasses import dataclass, field
from difflib import get_close_matches
from functools import cached_property

from ..rules import RULE_MODULES, RuleSwitches, operations_of
from . import keys, planted_names, type_faults
from .combinations import EDITS, NAMES, Combination, combination
from .named_faults import ALL, NAMED, operations_showing
from .planted import OUTAGE, PlantedFault, outage_share, planted_fault

REFERENCES = ("images", "mask", "input_fidelity")


@dataclass(frozen=True, slots=True, kw_only=True)
class NamedFault:
    """One fault of one provider.

    `family` is single_rule, boundary, interaction, content, job_and_stream, charging, keys, alpha,
    hidden_limit, valid_request, content_interaction, count, type, refusal_shape or authenticity, or
    outage for trouble that breaks no documented promise. `breaks` is the id of the broken
    constraint or the kind of promise. `operations` are those of the provider on which the fault can
    show.
    """

    provider: str
    name: str
    family: str
    breaks: str
    meaning: str
    operations: tuple[str, ...]


class UnknownFaultError(ValueError):
    """No provider has a fault of that name."""


# Name, family, what it breaks, meaning, operations.
Row = tuple[str, str, str, str, tuple[str, ...]]


def catalogue() -> list[NamedFault]:
    """Return every fault of every provider."""
    return [
        NamedFault(
            provider=provider,
            name=name,
            family=family,
            breaks=breaks,
            meaning=meaning,
            operations=operations,
        )
        for provider in RULE_MODULES
        for rows in (
            _of_rules(provider),
            _of_combinations(provider),
            _of_types(provider),
            _planted(provider),
            _named(provider),
            keys.rows(provider),
        )
        for name, family, breaks, meaning, operations in rows
    ]


def _of_rules(provider: str) -> list[Row]:
    module = RULE_MODULES[provider]
    lower: dict[str, str] = getattr(module, "LOWER", {})
    listed = [
        *((f"ignore:{rule}", f"not enforced: {text}") for rule, text in module.RULES.items()),
        *((f"strict:{rule}", f"refuses {edge}") for rule, edge in module.BOUNDARIES.items()),
        *((f"strict:{rule}:min", f"refuses {edge}") for rule, edge in lower.items()),
        *((f"loose:{rule}", f"accepts {value}") for rule, value in module.LOOSE.items()),
    ]
    return [
        (name, _family(name), name.split(":")[1], meaning, _operations_of_rule(provider, name))
        for name, meaning in listed
    ]


def _family(name: str) -> str:
    """Return the family of a rule's fault; a list of words has no boundary."""
    kind, rule = name.split(":")[:2]
    is_single = kind == "ignore" or rule.endswith((".one_of", ".media_type"))
    return "single_rule" if is_single else "boundary"


def _operations_of_rule(provider: str, name: str) -> tuple[str, ...]:
    """Return the operations on which a rule's fault can show.

    Its module's WHERE names them by fault, rule or parameter; of those that it does not name,
    references and masks are those of edits, and everything else is everywhere.
    """
    rule = name.split(":")[1]
    parameter = rule.partition(".")[0]
    where: dict[str, tuple[str, ...]] = getattr(RULE_MODULES[provider], "WHERE", {})
    served = operations_of(provider)
    usual = EDITS if parameter in REFERENCES else served
    wanted = where.get(name, where.get(rule, where.get(parameter, usual)))
    return tuple(operation for operation in served if operation in wanted)


def _of_combinations(provider: str) -> list[Row]:
    faults = [combination(provider, name) for name in NAMES[provider]]
    return [
        (
            fault.name,
            "interaction",
            "content" if fault.effect.startswith("wrong") else "combination",
            fault.meaning,
            fault.operations,
        )
        for fault in faults
        if fault is not None
    ]


def _of_types(provider: str) -> list[Row]:
    listed = [
        *((name, "type") for name in type_faults.NAMES[provider]),
        *((name, "refusal_shape") for name in type_faults.SHAPES[provider]),
    ]
    return [
        (
            name,
            family,
            "errors" if family == "refusal_shape" else f"{_parameter(name)}.type",
            type_faults.type_meaning(name),
            type_faults.type_operations(provider, name),
        )
        for name, family in listed
    ]


def _parameter(name: str) -> str:
    """Return the parameter of `KIND:PARAMETER=FORM`."""
    return name.partition(":")[2].partition("=")[0]


def _planted(provider: str) -> list[Row]:
    listed = [
        (family, planted_fault(provider, name))
        for family, names in planted_names.NAMES.items()
        for name in names.get(provider, ())
    ]
    return [
        (
            fault.name,
            family,
            "content" if fault.effect == "content" else "combination",
            fault.meaning,
            fault.where.operations,
        )
        for family, fault in listed
        if fault is not None
    ]


def _named(provider: str) -> list[Row]:
    return [
        (name, family, breaks, meaning, operations_showing(provider, name))
        for family, groups in NAMED.items()
        for breaks, rows in groups
        for name, providers, meaning in rows
        if provider in providers
    ]


def parse_fault(text: str, providers: tuple[str, ...] = ALL) -> list[tuple[str, str]]:
    """Return the (provider, fault name) pairs meant by "[PROVIDER:]NAME" among `providers`.

    A name is one of the catalogue, or plants a fault at values of one's own choice (see `planted`).
    Raises UnknownFaultError, which names close matches.
    """
    head, colon, tail = text.partition(":")
    name = text
    if colon and head in RULE_MODULES:
        providers = tuple(provider for provider in providers if provider == head)
        name = tail
    faults = [fault for fault in catalogue() if fault.provider in providers]
    pairs = [(fault.provider, fault.name) for fault in faults if fault.name == name]
    pairs = pairs or [(provider, name) for provider in providers if _can_plant(provider, name)]
    if pairs:
        return pairs
    close = get_close_matches(name, {fault.name for fault in faults}, n=3, cutoff=0.5)
    hint = f"; close: {', '.join(close)}" if close else "; --list-faults lists them"
    raise UnknownFaultError(f"no fault {text!r}{hint}")


def _can_plant(provider: str, name: str) -> bool:
    return OUTAGE.fullmatch(name) is not None or planted_fault(provider, name) is not None


@dataclass(frozen=True)
class ActiveFaults:
    """The faults that are on at one provider."""

    names: frozenset[str] = frozenset()
    provider: str = field(default="", compare=False)

    def __contains__(self, name: str) -> bool:
        return name in self.names

    @cached_property
    def combinations(self) -> tuple[Combination, ...]:
        """Return those of them that show only where values meet."""
        faults = (combination(self.provider, name) for name in sorted(self.names))
        return tuple(fault for fault in faults if fault is not None)

    @cached_property
    def planted(self) -> tuple[PlantedFault, ...]:
        """Return those of them that are planted at values."""
        faults = (planted_fault(self.provider, name) for name in sorted(self.names))
        return tuple(fault for fault in faults if fault is not None)

    @cached_property
    def outage_share(self) -> float:
        """Return the share of all requests that fail by chance."""
        return outage_share(self.names)

    def also(self, names: frozenset[str]) -> ActiveFaults:
        """Return these faults and some that are on for one request alone."""
        return ActiveFaults(self.names | names, self.provider) if names else self

    @cached_property
    def switches(self) -> RuleSwitches:
        """Return the provider's rules under these faults."""
        ignored = self._rules_of("ignore")
        if "mask_ignored" in self.names:
            modules = RULE_MODULES.values()
            rules = {rule for module in modules for rule in module.RULES}
            ignored |= {rule for rule in rules if rule.startswith("mask.")}
        return RuleSwitches(
            ignored=ignored, tightened=self._rules_of("strict"), loosened=self._rules_of("loose")
        )

    def _rules_of(self, kind: str) -> frozenset[str]:
        """Return the rules of the active faults `kind:RULE`."""
        start = f"{kind}:"
        return frozenset(name.removeprefix(start) for name in self.names if name.startswith(start))
