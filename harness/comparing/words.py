"""A diff in words: the sentence over all of it, its changes in groups, and what it rests on."""

import shlex
from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Literal

from harness.comparing.model import (
    DEFAULT_FAIL_ON,
    HELD,
    INTERRUPTED,
    NOTHING,
    UNCLEAR,
    Change,
    ChangeKind,
    Diff,
    Side,
)
from harness.core.record import Provenance

GroupName = Literal["fails", "suspected", "known", "other", "better"]

HEADINGS: Mapping[GroupName, str] = {
    "fails": "Fails",
    "suspected": "Suspected regressions, which fail nothing",
    "known": "Known deviations",
    "other": "Other changes",
    "better": "Improvements",
}
"""The heading of each group, in the order in which they are shown."""


_ENOUGH = 5
"""Images that decide about a promise in most cases: three askings, and two requests beside them."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Group:
    """Sentences of one kind of importance; `command` is what decides them, if anything does.

    `shown_by` has for each sentence the request that shows it and the script that sends it again,
    as far as they are known.
    """

    name: GroupName
    sentences: tuple[str, ...]
    shown_by: tuple[tuple[str, ...], ...]
    command: str = ""

    @property
    def heading(self) -> str:
        """The heading over the sentences."""
        return HEADINGS[self.name]


def group_of(diff: Diff, change: Change) -> GroupName:
    """Return the group of a change."""
    if diff.fails(change):
        return "fails"
    if change.known is not None:
        return "known"
    if change.direction == "better":
        return "better"
    return "suspected" if change.standing == "suspected" else "other"


def groups(diff: Diff) -> tuple[Group, ...]:
    """Return every group that holds anything, with its sentences by weight."""
    said: dict[GroupName, list[tuple[str, tuple[str, ...]]]] = {name: [] for name in HEADINGS}
    for change in diff.changes:
        name = group_of(diff, change)
        if name != "known":  # what HEAD says of the deviation stands there, once
            shown_by = (change.request, change.reproduction)
            said[name].append((_said(change), tuple(filter(None, shown_by))))
    for shown in diff.known:
        said["fails" if shown.fails else "known"].append((shown.sentence, ()))
    listed = {shown.known for shown in diff.known}
    said["known"] += [
        (change.sentence, ())
        for change in diff.changes
        if group_of(diff, change) == "known" and change.known not in listed
    ]
    return tuple(
        Group(
            name=name,
            sentences=tuple(sentence for sentence, _ in pairs),
            shown_by=tuple(shown_by for _, shown_by in pairs),
            command=confirming(diff) if name == "suspected" and not diff.recheck else "",
        )
        for name, pairs in said.items()
        if pairs
    )


def _said(change: Change) -> str:
    """Return a change's sentence, and before it what asking again came to, where that is news."""
    words = {"refuted": "not confirmed: ", "confirmed": "confirmed: "}
    return f"{words.get(change.standing, '')}{change.sentence}"


def confirming(diff: Diff) -> str:
    """Return the command that asks again for what is suspected, of whom HEAD asked it."""
    words = ["harness", "diff", diff.base.source, diff.head.source]
    if diff.fail_on != DEFAULT_FAIL_ON:
        words += ["--fail-on", ",".join(diff.fail_on) or "none"]
    words.append("--confirm")
    live = {
        name: each.source
        for name, each in diff.head.evidence.items()
        if each.kind == "live" and _is_doubted(diff, name)
    }
    for name, address in live.items():
        words += ["--base-url", f"{name}={address}"]
    if live:
        words += ["--max-images", f"{_ENOUGH * max(_doubted(diff).values(), default=1)}"]
    return shlex.join(words)


def _is_doubted(diff: Diff, name: str) -> bool:
    return name in (_doubted(diff) or diff.head.evidence)


def _doubted(diff: Diff) -> Counter[str]:
    """Count by provider what is suspected and would fail the build."""
    return Counter(
        change.provider
        for change in diff.changes
        if change.standing == "suspected" and diff.fails(replace(change, standing="confirmed"))
    )


# ------------------------------------------------------------------------------ the sentence
def sentence(diff: Diff) -> str:
    """Return what the diff comes to: why its exit code is the one that it is."""
    if diff.exit_code == INTERRUPTED and diff.recheck is not None:
        again = f"{confirming(diff)} --resume {shlex.quote(diff.recheck.run)}"
        return f"Asking again was interrupted; {again} goes on."
    if diff.exit_code == UNCLEAR:
        return f"HEAD tells nothing: {diff.unclear}."
    if diff.exit_code == NOTHING:
        why = diff.not_compared[0].rstrip(".") if diff.not_compared else "they share no request"
        return f"Nothing of BASE and HEAD could be compared: {why}."
    if diff.exit_code == HELD:
        return f"{_held(diff)}: {_compared(diff)}.{_undecided(diff)}"
    return _regressed(diff)


def _undecided(diff: Diff) -> str:
    """Say what HEAD seems to break and nobody has confirmed: a build is green in spite of it."""
    number = sum(
        change.kind == "broken" and group_of(diff, change) == "suspected" for change in diff.changes
    )
    if not number or diff.recheck is not None or "broken" not in diff.fail_on:
        return ""
    return (
        f" HEAD may break {_count(number, 'promise')}, which was not confirmed and fails nothing; "
        f"to find out: {confirming(diff)}"
    )


def _regressed(diff: Diff) -> str:
    kinds = Counter(change.kind for change in diff.failing)
    told = [*(_PREDICATES[kind](diff, number) for kind, number in kinds.items())]
    stale, expired = (
        sum(shown.state == state for shown in diff.known) for state in ("stale", "expired")
    )
    clauses = [f"HEAD {_listed(told)}"] if told else []
    clauses += [_kept_again(stale)] if stale else []
    clauses += [f"{_count(expired, 'known deviation')} expired"] if expired else []
    reasons = [*kinds, *(["a stale known deviation"] if stale else [])]
    reasons += ["an expired known deviation"] if expired else []
    unclear = f" Otherwise HEAD tells nothing: {diff.unclear}." if diff.unclear else ""
    return f"{'; '.join(clauses)}: fails on {', '.join(reasons)}.{unclear}"


def _kept_again(number: int) -> str:
    if number == 1:
        return "1 promise listed as a known deviation is kept again"
    return f"{number:,} promises listed as known deviations are kept again"


def _held(diff: Diff) -> str:
    numbers = {group.name: len(group.sentences) for group in groups(diff)}
    told = [_count(numbers[name], noun) for name, noun in _NOUNS.items() if name in numbers]
    if not diff.changes:
        beside = f", beside {_listed(told)}" if told else ""
        return f"Nothing changed from BASE to HEAD{beside}"
    on = ", ".join(diff.fail_on) or "--fail-on none"
    return f"Nothing fails ({on}); {_listed(told)} from BASE to HEAD"


_NOUNS: Mapping[GroupName, str] = {
    "suspected": "suspected regression",
    "known": "known deviation",
    "other": "other change",
    "better": "improvement",
}


def _compared(diff: Diff) -> str:
    """Say how much was compared."""
    parts = (
        _count(diff.promises_compared, "promise") if diff.promises_compared else "",
        _count(len(diff.comparisons), "figure") if diff.comparisons else "",
    )
    found = [*filter(None, parts)]
    one = diff.promises_compared + len(diff.comparisons) == 1
    return (
        f"{' and '.join(found)} {'was' if one else 'were'} compared"
        if found
        else "little to compare"
    )


def _breaks(_diff: Diff, number: int) -> str:
    return f"newly breaks {_count(number, 'promise')}"


def _documents(_diff: Diff, number: int) -> str:
    return f"goes by documents with {_count(number, 'change')}"


def _flaky(diff: Diff, number: int) -> str:
    return f"breaks promises more often {_of('flaky', diff, number)}"


def _errors(_diff: Diff, number: int) -> str:
    noun = "class of errors" if number == 1 else "classes of errors"
    return f"meets {number:,} {noun} that BASE did not"


def _authenticity(diff: Diff, number: int) -> str:
    return f"has worse images {_of('authenticity', diff, number)}"


def _at(words: str, kind: ChangeKind) -> Callable[[Diff, int], str]:
    return lambda diff, number: f"{words} {_of(kind, diff, number)}"


def _tried(_diff: Diff, number: int) -> str:
    return f"tries {_count(number, 'promise')} otherwise"


_PREDICATES: Mapping[ChangeKind, Callable[[Diff, int], str]] = {
    "broken": _breaks,
    "slower": _at("is slower", "slower"),
    "dearer": _at("is dearer", "dearer"),
    "failing": _at("fails more often", "failing"),
    "document": _documents,
    "flaky": _flaky,
    "errors": _errors,
    "authenticity": _authenticity,
    "tried": _tried,
}


def _of(kind: ChangeKind, diff: Diff, number: int) -> str:
    """Say at how many of the places that were compared: `at 1 of 4 workloads`."""
    made = [each for each in diff.comparisons if each.kind == kind]
    if len(made) < number:
        return f"at {_count(number, 'place')}"
    one_provider = len({each.provider for each in made}) == 1
    if one_provider and all(each.workload for each in made):
        return f"at {number:,} of {_count(len(made), 'workload')}"
    if one_provider and all(each.operation and not each.promise for each in made):
        return f"at {number:,} of {_count(len(made), 'operation')}"
    return f"in {number:,} of {_count(len(made), 'comparison')}"


# ------------------------------------------------------------------------------ its ground
def ground(diff: Diff) -> tuple[str, ...]:
    """Say what a diff rests on: the two runs, their evidence, and what that does not tell."""
    return (
        _side("BASE", diff.base),
        _side("HEAD", diff.head),
        *cautions(diff),
        _limits(diff),
    )


def _side(name: str, side: Side) -> str:
    by_words: dict[str, list[str]] = {}
    for provider, evidence in side.evidence.items():
        by_words.setdefault(_evidence(evidence), []).append(provider)
    rests = "; ".join(f"{', '.join(names)}: {words}" for words, names in by_words.items())
    run = f" (run {side.run})" if side.run and side.run not in side.source else ""
    why = f" It ended so: {side.exit_why.rstrip('.')}." if side.exit_why else ""
    created = f"{side.created[:16].replace('T', ' ')}, " if side.created else ""
    return (
        f"{name} is {side.source}{run}: {created}harness {side.harness}; {rests or 'nobody'}.{why}"
    )


def _evidence(evidence: Provenance) -> str:
    if evidence.kind == "live":
        return f"live, {evidence.source}" + (f", {evidence.date[:10]}" if evidence.date else "")
    return evidence.words


def cautions(diff: Diff) -> Iterator[str]:
    """Yield what the evidence of both runs does not tell."""
    both: dict[str, list[Provenance]] = {}
    for side in (diff.base, diff.head):
        for name, evidence in side.evidence.items():
            both.setdefault(name, []).append(evidence)
    emulated = [name for name, seen in both.items() if any(each.emulated for each in seen)]
    if emulated:
        yield (
            f"The emulator answered for {', '.join(emulated)}: "
            "this says nothing about the real provider."
        )
    recorded = [name for name, seen in both.items() if any(e.kind == "recorded" for e in seen)]
    if recorded:
        yield f"Times of {', '.join(recorded)} are those of a recording, and not of today."


def _limits(diff: Diff) -> str:
    limits = diff.thresholds
    return (
        f"Fails on {', '.join(diff.fail_on) or 'nothing'}. Thresholds: slower "
        f"{limits.slower * 100:g} %, dearer {limits.dearer * 100:g} %, failing "
        f"{limits.failing:g} percentage points. False discovery rate at most "
        f"{limits.alarm * 100:g} % of the certain changes, {limits.suspicion * 100:g} % of the "
        "suspected (Benjamini and Hochberg)."
    )


def _count(number: int, noun: str) -> str:
    return f"{number:,} {noun}" if number == 1 else f"{number:,} {noun}s"


def _listed(parts: Sequence[str]) -> str:
    """Join parts with commas, and the last with an `and`."""
    if len(parts) <= 1:
        return "".join(parts)
    return f"{', '.join(parts[:-1])}, and {parts[-1]}"
