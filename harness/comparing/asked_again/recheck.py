"""From what seems worse to what is asked again, and from what came of that to what is confirmed."""

from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from decimal import Decimal
from math import ceil, log, sqrt
from statistics import NormalDist, variance

from harness.comparing.asked_again.figures import Fresh, effect_of, figure_standing, moved_as_well
from harness.comparing.asked_again.verdicts import FAULTS, concluded, of_case
from harness.comparing.figures.authenticity import compare_authenticity
from harness.comparing.figures.samples import compare_failures, compare_prices, compare_times
from harness.comparing.model import (
    Baseline,
    Change,
    ChangeKind,
    Comparison,
    Diff,
    Recheck,
    Sample,
    Standing,
)
from harness.comparing.order import by_weight
from harness.comparing.scope import scope_of
from harness.core.errors import NothingTested
from harness.core.jsonvalue import Amount
from harness.core.money import unit_of
from harness.core.record import Record
from harness.core.verdict import Finding, Verdict
from harness.planning.doubts import (
    FEWEST,
    PromiseDoubt,
    RecheckPlan,
    SampleDoubt,
    askings,
    share_of,
)

ASKED: frozenset[ChangeKind] = frozenset(
    ("broken", "flaky", "slower", "failing", "dearer", "authenticity")
)
"""What can be asked again: a document cannot, and a class of errors comes as it likes."""

PROMISES: frozenset[ChangeKind] = frozenset(("broken", "flaky"))

_POWER = NormalDist().inv_cdf(0.98) + NormalDist().inv_cdf(0.9)
"""By so many standard errors a change is seen in 90 of 100 rechecks at a level of 2 %."""

_AUTHENTICITY = 20
"""Images that are looked at again."""

Findings = Mapping[tuple[str, str, str], Sequence[Finding]]
"""Those of a run, by provider, operation and the name of the promise."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Doubts:
    """What is to be asked again, and why other changes cannot be, by their names."""

    promises: tuple[PromiseDoubt, ...] = ()
    samples: tuple[SampleDoubt, ...] = ()
    not_asked: dict[str, str]


@dataclass(frozen=True, slots=True, kw_only=True)
class Whole:
    """What a run came to as a whole: requests, images, and money by unit."""

    requests: int
    images: int
    spent: dict[str, Amount]


def name_of(change: Change) -> str:
    """Name a change: equal for the same change of two diffs of the same runs."""
    parts = (change.kind, change.provider, change.operation, change.workload)
    return " ".join((*parts, change.promise, change.check))


def is_open(diff: Diff, change: Change) -> bool:
    """Tell whether a change would fail the build if it were confirmed, and can be asked again.

    A price list that moved leaves nothing to chance, and nothing to ask.
    """
    would_fail = diff.fails(replace(change, standing="confirmed"))
    listed = change.kind == "dearer" and (change.comparison is None or change.comparison.p is None)
    fresh = change.standing in ("suspected", "certain")
    return would_fail and fresh and change.kind in ASKED and not listed


def doubts_of(diff: Diff, base: Baseline, head: Baseline, findings: Findings) -> Doubts:
    """Return what asks again whether a diff's worse changes are there; `findings` are HEAD's."""
    promises: list[PromiseDoubt] = []
    samples: list[SampleDoubt] = []
    not_asked: dict[str, str] = {}
    for change in diff.changes:
        if not is_open(diff, change):
            continue
        if change.kind not in PROMISES:
            samples.append(_sample_doubt(change, head, diff.comparisons))
            continue
        finding = _finding(change, findings)
        if finding is None:
            not_asked[name_of(change)] = "HEAD keeps no request that shows it"
        elif (slot := finding.record.shot.slot) is not None:
            most, _ = _askings(change, finding, base)
            samples.append(
                SampleDoubt(
                    name=name_of(change),
                    provider=change.provider,
                    operation=change.operation,
                    workload=slot.workload,
                    requests=most,
                )
            )
        else:
            most, enough = _askings(change, finding, base)
            promises.append(
                PromiseDoubt(
                    name=name_of(change),
                    planned=finding.record.shot,
                    check=finding.check,
                    constraint=finding.constraint,
                    most=most,
                    enough=enough,
                )
            )
    return Doubts(promises=tuple(promises), samples=tuple(samples), not_asked=not_asked)


def _finding(change: Change, findings: Findings) -> Finding | None:
    """Return the finding that a change is about, the one of its check if there are several."""
    mine = findings.get((change.provider, change.operation, change.promise), ())
    of_check = [each for each in mine if each.check in change.check.split(", ")]
    return next(iter((*of_check, *mine)), None)


def _askings(change: Change, finding: Finding, base: Baseline) -> tuple[int, int]:
    """Return how often a promise is asked for, and how often it has to fail.

    A request that was not served may have met an outage: it has to fail more often than BASE's
    requests of its operation do.
    """
    tried = max(finding.tried, finding.failed)
    if finding.check == FAULTS:
        ends = [
            each.end
            for each in base.samples
            if (each.provider, each.operation) == (change.provider, change.operation)
        ]
        failed = sum(end in ("failed", "timeout") for end in ends)
        return askings(finding.failed, tried, past=share_of(failed, len(ends)))
    place = (change.provider, change.operation, change.promise)
    before = [
        each for each in base.promises if (each.provider, each.operation, each.promise) == place
    ]
    past = max((share_of(each.failed, each.tried) for each in before if each.failed), default=0.0)
    return askings(finding.failed, tried, past=past)


def _sample_doubt(change: Change, head: Baseline, comparisons: Sequence[Comparison]) -> SampleDoubt:
    return SampleDoubt(
        name=name_of(change),
        provider=change.provider,
        operation=change.operation,
        workload=change.workload,
        requests=_requests(change, head),
        moved=tuple(moved_as_well(change, comparisons)),
    )


def _requests(change: Change, head: Baseline) -> int:
    """Return how many requests show a change of this size again; as many as HEAD had at most.

    By the interval of the change, which is narrower by the root of more requests; and by how far
    HEAD's times of one question are apart, for fresh ones need not go with BASE's as HEAD's did.
    """
    asked = [
        each
        for each in head.samples
        if each.provider == change.provider
        and change.operation in ("", each.operation)
        and change.workload in ("", each.workload)
    ]
    most = max(len(asked), 1)
    effect = effect_of(change.comparison) if change.comparison is not None else None
    if change.kind == "authenticity":
        return min(_AUTHENTICITY, most)
    if effect is None or effect.error is None or effect.size <= 0:
        return min(FEWEST, most) if change.kind == "dearer" else most
    needed = most * (_POWER * effect.error / effect.size) ** 2
    if change.kind == "slower":
        needed = max(needed, 2 * (_POWER * _spread(asked) / effect.size) ** 2)
    return min(max(ceil(needed), FEWEST), most)


def _spread(samples: Sequence[Sample]) -> float:
    """Return how far apart served times of the same question are: of logarithms, pooled."""
    questions: dict[tuple[str, str], list[float]] = {}
    for each in samples:
        if each.end == "served" and each.seconds:
            questions.setdefault((each.workload, each.question), []).append(log(each.seconds))
    several = [logs for logs in questions.values() if len(logs) > 1]
    free = sum(len(logs) - 1 for logs in several)
    squares = sum(variance(logs) * (len(logs) - 1) for logs in several)
    return sqrt(squares / free) if free else 0.0


# ------------------------------------------------------------------------------ afterwards
@dataclass(frozen=True, slots=True, kw_only=True)
class Came:
    """What came of a recheck: its records with their verdicts, and what they show as a run.

    `plan` is what it was to ask, `not_asked` says why that lacks other changes. `findings` are
    those of HEAD.
    """

    plan: RecheckPlan
    not_asked: Mapping[str, str]
    records: Sequence[Record]
    verdicts: Sequence[Verdict]
    shown: Baseline | None
    findings: Findings


def rechecked(  # noqa: PLR0913 - two runs, what was asked, and what it cost
    diff: Diff,
    base: Baseline,
    came: Came,
    *,
    run: str,
    cost: Whole,
    whole: Whole,
) -> Diff:
    """Return the diff with what came of asking again; reads no clock and no file.

    What was confirmed may fail the build, what was refuted never does, and what was asked and not
    decided is suspected, be it certain by the two runs alone. What could not be asked again counts
    as the two runs have it. `cost` is what the recheck came to, `whole` what the run of HEAD did.
    """
    fresh = _fresh(diff, base, came)
    return _after(
        diff,
        lambda change: _concluded(change, came, fresh),
        Recheck(
            run=run,
            requests=cost.requests,
            images=cost.images,
            spent=cost.spent,
            whole_requests=whole.requests,
            whole_images=whole.images,
            sentence="",
            interrupted=came.shown is not None and came.shown.interrupted,
        ),
        _paid(whole),
    )


def unasked(diff: Diff, why: str) -> Diff:
    """Return the diff where nothing could be asked again, for one reason."""
    nothing = Recheck(
        run="", requests=0, images=0, spent={}, whole_requests=0, whole_images=0, sentence=""
    )
    return _after(diff, lambda change: _as_it_was(change, why), nothing, "")


def _after(
    diff: Diff,
    concluded_of: Callable[[Change], tuple[Standing, str]],
    recheck: Recheck,
    paid_for_whole: str,
) -> Diff:
    """Return the diff with what became of each change, and the sentence over all of them."""
    changes: list[Change] = []
    counts: Counter[Standing] = Counter()
    for change in diff.changes:
        if not is_open(diff, change):
            changes.append(change)
            continue
        standing, said = concluded_of(change)
        counts[standing] += 1
        sentence = f"{change.sentence.rstrip('.')}; {said}"
        changes.append(replace(change, standing=standing, sentence=sentence))
    told = replace(recheck, sentence=_sentence(recheck, paid_for_whole, counts))
    after = replace(diff, changes=tuple(changes), recheck=told)
    return replace(after, changes=by_weight(after))


def _fresh(diff: Diff, base: Baseline, came: Came) -> Fresh | None:
    if came.shown is None or not came.plan.figures:
        return None
    places = {(each.case.provider, each.case.id) for each in came.plan.figures}
    samples = tuple(
        each
        for each in came.shown.samples
        if any(
            each.provider == name and f"/{each.place}".endswith(f"/{case}") for name, case in places
        )
    )
    try:
        scope = scope_of(base, replace(came.shown, samples=samples))
    except NothingTested:  # it was cut off before anything came
        return None
    comparisons = (
        *compare_times(scope),
        *compare_failures(scope),
        *compare_prices(scope),
        *compare_authenticity(scope),
    )
    return Fresh(comparisons=comparisons, thresholds=diff.thresholds)


def _concluded(change: Change, came: Came, fresh: Fresh | None) -> tuple[Standing, str]:
    """Return what a change stands as now, and what says so."""
    found = _asked(change, came, fresh)
    if isinstance(found, str):
        return _as_it_was(change, found)
    standing, said = found
    return standing, f"asked again: {said}"


def _as_it_was(change: Change, why: str) -> tuple[Standing, str]:
    return change.standing, f"could not be asked again: {why}; it counts as the two runs have it"


def _asked(change: Change, came: Came, fresh: Fresh | None) -> tuple[Standing, str] | str:
    """Return what came of asking again for a change; where nothing was asked, why not."""
    name = name_of(change)
    why = came.plan.unasked.get(name) or came.not_asked.get(name)
    if why is not None or name not in came.plan.asked:
        return why or "nothing was sent"
    if (asking := came.plan.questions.get(name)) is not None:
        return concluded(asking, came.records, came.verdicts)
    if change.kind in PROMISES:
        return _of_workload(change, came)
    if fresh is None:
        return "nothing came of it"
    return figure_standing(change, fresh, came.plan.controls.get(name, ()))


def _of_workload(change: Change, came: Came) -> tuple[Standing, str] | str:
    """Conclude a promise that a benchmark showed, by the fresh requests of its workload."""
    finding = _finding(change, came.findings)
    slot = finding.record.shot.slot if finding is not None else None
    if finding is None or slot is None:
        return "nothing was sent"
    cases = [
        each.shot.case
        for each in came.records
        if each.shot.slot is not None and each.shot.slot.workload == slot.workload
        if each.shot.case.provider == change.provider
    ]
    states = [
        of_case(case, came.verdicts, check=finding.check, constraint=finding.constraint)
        for case in cases
    ]
    failed, kept = states.count("failed"), states.count("kept")
    if failed:
        return "confirmed", f"it came again in {failed} of {failed + kept}"
    if kept == len(states) and kept:
        return "refuted", f"it was kept in {kept} of {kept} and did not come again"
    if all(each == "not asked" for each in states):
        return "nothing was sent"
    return "suspected", f"{kept} of {len(states)} were answered; it is suspected"


_WORDS: Mapping[Standing, str] = {
    "refuted": "refuted",
    "suspected": "suspected",
    "certain": "certain by the two runs alone",
}


def _sentence(asked: Recheck, whole: str, counts: Mapping[Standing, int]) -> str:
    number = sum(counts.values())
    told = [f"{counts['confirmed']} of {_many(number, 'change')} confirmed"]
    told += [f"{counts[each]} {word}" for each, word in _WORDS.items() if counts[each]]
    ended = ", ".join(told) if number else "nothing was in doubt"
    if not asked.requests:
        return f"Nothing was asked again: {ended}."
    paid = _paid(Whole(requests=asked.requests, images=asked.images, spent=asked.spent))
    return (
        f"Asking again took {_many(asked.requests, 'request')} ({paid}), where the whole run took "
        f"{asked.whole_requests} ({whole}): {ended}."
    )


def _paid(cost: Whole) -> str:
    money = [_money(amount, unit) for unit, amount in cost.spent.items() if unit != "image"]
    return ", ".join((_many(cost.images, "image"), *money))


def _money(amount: Decimal, unit: str) -> str:
    return f"{amount.normalize():f} {unit_of(amount, unit)}"


def _many(number: int, noun: str) -> str:
    return f"{number} {noun}" if number == 1 else f"{number} {noun}s"
