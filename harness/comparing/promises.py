"""Promises newly broken, newly kept, tried by one run only, and flaky rates."""

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field

from harness.comparing.model import (
    Change,
    ChangeKind,
    Comparison,
    DeviationShown,
    Direction,
    PromiseShown,
    PromiseState,
    Standing,
)
from harness.comparing.scope import TRIED, Scope
from harness.stats.difference import difference_estimate
from harness.stats.exact import METHOD, chance_of_more
from harness.stats.intervals import proportion_estimate

FAILS = "fails_where_it_should_serve"
"""The check of requests that end in faults: of a single one, chance may be the reason."""

SURE = 0.01
"""A rate has moved where chance moves it as rarely as this."""

_SHOWN = 3
_TEXT = 160

Place = tuple[str, str, str]


@dataclass(frozen=True, slots=True, kw_only=True)
class _Pair:
    """One promise in both runs; None where a run has not got it."""

    place: Place
    base: PromiseShown | None
    head: PromiseShown | None
    same_plan: bool
    known_in_base: bool
    broken_elsewhere: frozenset[str] = field(default_factory=frozenset)
    served_in_base: frozenset[str] = field(default_factory=frozenset)
    served_in_head: frozenset[str] = field(default_factory=frozenset)

    @property
    def either(self) -> PromiseShown:
        shown = self.head or self.base
        assert shown is not None  # noqa: S101 - a pair is made of what one of the runs has
        return shown

    @property
    def rule_moved(self) -> bool:
        """Whether the documents say otherwise of this promise than they did."""
        if self.base is None or self.head is None:
            return False
        return bool(self.base.fingerprint) and self.base.fingerprint != self.head.fingerprint


# ------------------------------------------------------------------------------- promises
def compare_promises(scope: Scope) -> Iterator[Change]:
    """Yield a change for each promise whose state differs, one for each check that says so.

    A promise is newly broken where HEAD has confirmed that it is and BASE has not: where BASE held
    it, or asked for it and learned nothing because of faults. What BASE never asked for is not
    newly broken, and only suspected: nobody knows how long it has been so. The same is true where
    BASE has seen it broken now and then, or once. Where the documents moved the rule, it is a new
    promise that is broken (`other`), unless a request that BASE was served fails.
    """
    pairs = tuple(_pairs(scope))
    for pair in pairs:
        checks = (
            each.check for shown in (pair.head, pair.base) if shown for each in shown.deviations
        )
        for check in dict.fromkeys(checks):
            yield from _of_check(pair, check)
    for name in scope.providers:
        mine = [pair for pair in pairs if pair.place[0] == name]
        yield from _tried_by_one(mine, name)


def _pairs(scope: Scope) -> Iterator[_Pair]:
    base, head = _by_place(scope.base.promises), _by_place(scope.head.promises)
    served = [
        frozenset((each.provider, each.question) for each in run.samples if each.end == "served")
        for run in (scope.base, scope.head)
    ]
    for place in dict.fromkeys((*head, *base)):
        if place[0] in scope.providers:
            first, second = (
                frozenset(question for name, question in each if name == place[0])
                for each in served
            )
            yield _Pair(
                place=place,
                base=base.get(place),
                head=head.get(place),
                same_plan=place[0] in scope.same_plan,
                known_in_base=place[0] in scope.known_in_base,
                broken_elsewhere=frozenset(
                    deviation.check
                    for other, shown in base.items()
                    if (other[0], other[2]) == (place[0], place[2]) and other != place
                    for deviation in shown.deviations
                ),
                served_in_base=first,
                served_in_head=second,
            )


def _by_place(promises: Sequence[PromiseShown]) -> dict[Place, PromiseShown]:
    return {(each.provider, each.operation, each.promise): each for each in promises}


def _of_check(pair: _Pair, check: str) -> Iterator[Change]:
    """Yield what one check says of a promise in HEAD that it did not say in BASE."""
    before, after = _deviation(pair.base, check), _deviation(pair.head, check)
    match (before and before.state, after and after.state):
        case (_, "broken") if after is not None:
            yield from _broken(pair, check, before, after)
        case ("broken", "flaky") if before is not None and after is not None:
            words = f"flaky in HEAD: broken {_times(after)}; BASE broke it {_times(before)}"
            yield _change(pair, check, words, kind="flaky", direction="better", sure=False)
        case (None, "flaky") if after is not None:
            words = f"flaky in HEAD: broken {_times(after)}; {_state_in_base(pair, after)}"
            yield _change(pair, check, words, kind="flaky", sure=False)
        case (None, "unconfirmed") if after is not None:
            yield _unconfirmed(pair, check, after)
        case ("broken" | "flaky", None) if before is not None:
            yield from _kept(pair, check, before)
        case _:
            pass


def _broken(
    pair: _Pair, check: str, before: DeviationShown | None, after: DeviationShown
) -> Iterator[Change]:
    """Yield what a promise that HEAD has confirmed to be broken was in BASE."""
    match before:
        case DeviationShown(state="broken"):
            yield from _otherwise(pair, check, before, after)
        case DeviationShown(state="flaky"):
            moved = chance_of_more(after.failed, after.tried, before.failed, before.tried) <= SURE
            words = f"broken {_times(after)}; flaky in BASE, {_times(before)}"
            yield _change(pair, check, _with_observed(words, after), sure=moved)
        case DeviationShown(state="unconfirmed") if check != FAILS or before.failed > 1:
            words = f"broken {_times(after)}; BASE had seen it too, and could not confirm it"
            yield _change(pair, check, _with_observed(words, after), sure=False)
        case _:
            yield _newly_broken(pair, check, after)


def _unconfirmed(pair: _Pair, check: str, after: DeviationShown) -> Change:
    """Return the change of a promise that HEAD has seen broken and did not ask for again.

    Where each request that asked for the same failed, and more than one, it is as sure as if one of
    them had been repeated. Faults that convict nobody prove nothing so.
    """
    if check != FAILS and 1 < after.failed == after.tried:
        return _newly_broken(pair, check, after)
    words = f"seems broken in HEAD, unconfirmed; {_state_in_base(pair, after)}"
    return _change(pair, check, _with_observed(words, after), sure=False)


def _newly_broken(pair: _Pair, check: str, after: DeviationShown) -> Change:
    """Return the change of a promise that BASE did not see broken."""
    was_served = bool(set(after.questions) & pair.served_in_base)
    if pair.rule_moved and not was_served:
        words = "broken in HEAD; the documents moved its rule, so that BASE tried another one"
        return _change(pair, check, _with_observed(words, after), direction="other")
    if after.failed < after.tried:  # not repeated, and served to others that asked the same
        moved = chance_of_more(after.failed, after.tried, 0, _learned(pair.base, after)) <= SURE
        words = f"broken {_times(after)}; {_state_in_base(pair, after)}"
        return _change(pair, check, _with_observed(words, after), sure=moved)
    if was_served or _was_asked(pair, after):
        words = f"newly broken: {_times(after)}; {_state_in_base(pair, after)}"
        return _change(pair, check, _with_observed(words, after))
    words = f"broken: {_times(after)}; {_state_in_base(pair, after)}, so it may not be new"
    return _change(pair, check, _with_observed(words, after), sure=False)


def _was_asked(pair: _Pair, after: DeviationShown) -> bool:
    """Tell whether BASE asked for a promise, or would have but for a few faults.

    What it was served tells nothing of what it is to be refused. Where it learned little of the
    provider at all (an outage, a refused key), or broke the same promise at another operation, a
    lost answer proves nothing.
    """
    if _learned(pair.base, after):
        return True
    asked = pair.same_plan or (pair.base is not None and pair.base.state == "inconclusive")
    return asked and pair.known_in_base and after.check not in pair.broken_elsewhere


def _learned(shown: PromiseShown | None, after: DeviationShown) -> int:
    """Return how many requests of the same kind told a run of a promise."""
    if shown is None:
        return 0
    return shown.refusals if after.of_refusal else shown.tried - shown.refusals


def _otherwise(
    pair: _Pair, check: str, before: DeviationShown, after: DeviationShown
) -> Iterator[Change]:
    """Yield a change where the same question that is broken in both runs came to something else."""
    same = set(before.questions) & set(after.questions)
    if same and _gist(before.observed) != _gist(after.observed):
        was, now = _short(before.observed), _short(after.observed)
        words = f"broken in both, but differently: {was} in BASE, {now} in HEAD"
        yield _change(pair, check, words, direction="other")


def _kept(pair: _Pair, check: str, before: DeviationShown) -> Iterator[Change]:
    """Yield what became of a promise that this check found broken in BASE and not in HEAD."""
    combined = pair.either.kind == "combination"
    learned = _learned(pair.head, before)  # another check may say what is wrong with it now
    held = bool(learned) and pair.head is not None and pair.head.state != "inconclusive"
    if combined:
        held = bool(set(before.questions) & pair.served_in_head)
    if held:
        flaky = before.state == "flaky"
        cases = "" if combined else _in_cases(learned)
        words = f"held in HEAD{cases}; BASE broke it {_times(before)}"
        kind: ChangeKind = "flaky" if flaky else "broken"
        yield _change(
            pair,
            check,
            words if flaky else f"newly kept: {words}",
            kind=kind,
            direction="better",
            sure=not flaky,
        )
    elif before.state == "broken":
        words = f"broken in BASE; HEAD {_why_unknown(pair)}"
        yield _change(pair, check, words, kind="tried", direction="other")


def _deviation(shown: PromiseShown | None, check: str) -> DeviationShown | None:
    if shown is None:
        return None
    return next((each for each in shown.deviations if each.check == check), None)


# ----------------------------------------------------------------------------- in words
def _change(  # noqa: PLR0913 - a change has this many parts
    pair: _Pair,
    check: str,
    words: str,
    *,
    kind: ChangeKind = "broken",
    direction: Direction = "worse",
    sure: bool = True,
) -> Change:
    provider, operation, promise = pair.place
    standing: Standing = "certain" if sure else "suspected"
    by = "" if check == promise else f" [{check}]"
    return Change(
        kind=kind,
        direction=direction,
        standing=standing,
        provider=provider,
        operation=operation,
        promise=promise,
        check=check,
        sentence=f"{provider} {operation} {promise}{by}: {words}",
    )


def _times(shown: DeviationShown) -> str:
    if shown.state == "unconfirmed":
        if shown.tried == 2:  # noqa: PLR2004 - the word for two
            return "both requests for it failed, and neither was repeated"
        return f"all {shown.tried:,} requests for it failed, and none was repeated"
    if shown.tried == 1:
        return "the one time it was asked"
    return f"{shown.failed} of {shown.tried} times"


def _with_observed(words: str, after: DeviationShown) -> str:
    """Say what was observed behind the first half of a sentence: `broken (11 images); held ...`."""
    said, then, rest = words.partition("; ")
    return f"{said} ({_short(after.observed)}){then}{rest}" if after.observed else words


def _short(text: str) -> str:
    return text if len(text) <= _TEXT else f"{text[:_TEXT]}…"


def _gist(observed: str) -> str:
    """Return what was observed without what differs each time: ids, times and counts."""
    return re.sub(r"[0-9a-f-]*\d[\w.-]*", "#", observed.lower())


def _in_cases(number: int) -> str:
    return f" ({number:,} case{'' if number == 1 else 's'})" if number else ""


def _state_in_base(pair: _Pair, after: DeviationShown) -> str:
    """Say what BASE knew of a promise, as the second half of a sentence."""
    shown = pair.base
    if shown is None or pair.either.kind == "combination":
        return _of_unlisted(pair)
    if after.check in pair.broken_elsewhere and not _learned(shown, after):
        return "BASE learned nothing of it here, but saw the same at another operation"
    if shown.deviations:
        return f"in BASE only {', '.join(each.check for each in shown.deviations)} found it broken"
    return _told_in_base(shown.state, _in_cases(_learned(shown, after)), same_plan=pair.same_plan)


def _told_in_base(state: PromiseState, cases: str, *, same_plan: bool) -> str:
    """Say what BASE knew of a promise that it did not see broken."""
    if cases:
        return f"{'held in BASE' if state == 'held' else 'not seen in BASE'}{cases}"
    if state == "inconclusive" or (state == "held" and same_plan):
        return "BASE asked for it, but learned nothing because of faults"
    if state == "not tried" and same_plan:
        return "BASE planned the same request and has no answer to it"
    return _UNTRIED


_UNTRIED = "BASE had not tried it"


def _of_unlisted(pair: _Pair) -> str:
    """Say what BASE knew of values together, or of a promise that it does not name."""
    deviations = pair.head.deviations if pair.head is not None else ()
    if any(set(each.questions) & pair.served_in_base for each in deviations):
        return "the same was served in BASE"
    return "BASE planned the same request and did not see it" if pair.same_plan else _UNTRIED


def _why_unknown(pair: _Pair) -> str:
    if pair.head is not None and pair.head.state in ("inconclusive", "held"):
        return "asked for it, but learned nothing because of faults"
    return "did not try it"


# ------------------------------------------------------------------------ tried by one only
def _tried_by_one(pairs: Sequence[_Pair], name: str) -> Iterator[Change]:
    """Yield a sentence for all promises of a provider that only HEAD tried, and one for BASE."""
    single = [pair for pair in pairs if pair.either.kind != "combination"]
    untried = ("not tried", "absent", None)
    for words, side, other in (("newly tried", 1, 0), ("no longer tried", 0, 1)):
        mine = [
            " ".join(pair.place[1:])
            for pair in single
            if (states := _states(pair))[side] in TRIED and states[other] in untried
        ]
        if mine:
            more = f" and {len(mine) - _SHOWN} more" if len(mine) > _SHOWN else ""
            promises = "1 promise" if len(mine) == 1 else f"{len(mine)} promises"
            yield Change(
                kind="tried",
                direction="other",
                standing="certain",
                provider=name,
                sentence=f"{name}: {promises} {words}: {', '.join(mine[:_SHOWN])}{more}",
            )


def _states(pair: _Pair) -> tuple[str | None, str | None]:
    return (
        pair.base.state if pair.base is not None else None,
        pair.head.state if pair.head is not None else None,
    )


# ------------------------------------------------------------------------------ flaky rates
def compare_flaky(scope: Scope) -> Iterator[Comparison]:
    """Yield a comparison for each promise that was flaky in one of the runs.

    Counted are first askings: what was repeated because it had failed would make rates larger than
    they are.
    """
    for pair in _pairs(scope):
        base, head = pair.base, pair.head
        if base is None or head is None or pair.rule_moved or not (base.tried and head.tried):
            continue
        if pair.either.kind == "combination" or "flaky" not in (base.state, head.state):
            continue
        provider, operation, promise = pair.place
        yield Comparison(
            kind="flaky",
            provider=provider,
            operation=operation,
            workload="",
            promise=promise,
            base=proportion_estimate(base.failed, base.tried),
            head=proportion_estimate(head.failed, head.tried),
            change=difference_estimate([(head.failed, head.tried)], [(base.failed, base.tried)]),
            p=chance_of_more(head.failed, head.tried, base.failed, base.tried),
            p_better=chance_of_more(base.failed, base.tried, head.failed, head.tried),
            method=METHOD,
        )
