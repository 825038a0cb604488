"""What of two runs may be compared, and what not, with the reason."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime

from harness.comparing.model import Baseline
from harness.core.errors import NothingTested
from harness.core.record import Provenance

TRIED = ("held", "broken", "flaky", "unconfirmed")
"""States of a promise that was asked for, and of which something is known."""

_SHOWN = 3


@dataclass(frozen=True, slots=True, kw_only=True)
class Scope:
    """Two runs with the providers that are compared.

    `providers` are in both, on the same kind of evidence; `timed` are those of them whose times may
    be compared (a replay's are those of its recording). `documented` are all that are in both:
    documents are compared whatever the evidence. `same_plan` are those that both runs were to ask
    the same; `known_in_base` those of which BASE learned about most of what HEAD did.
    `not_compared` says the rest in sentences.
    """

    base: Baseline
    head: Baseline
    providers: tuple[str, ...]
    timed: tuple[str, ...]
    documented: tuple[str, ...] = ()
    same_plan: tuple[str, ...] = ()
    known_in_base: tuple[str, ...] = ()
    not_compared: tuple[str, ...] = ()


def scope_of(base: Baseline, head: Baseline) -> Scope:
    """Return what of two runs may be compared; NothingTested where nothing may.

    Documents that moved are told wherever both runs have the provider.
    """
    shared = tuple(name for name in base.evidence if name in head.evidence)
    apart = {name: why for name in shared if (why := _why_apart(base, head, name))}
    providers = tuple(name for name in shared if name not in apart)
    missing = tuple(_in_one_only(base, head))
    moved = [name for name in shared if base.spec_digests.get(name) != head.spec_digests.get(name)]
    if not providers and not moved:
        raise NothingTested(
            f"nothing of these runs can be compared: {'; '.join((*apart.values(), *missing))}",
            hint="compare runs of the same provider, on the same kind of evidence",
        )
    return Scope(
        base=base,
        head=head,
        providers=providers,
        timed=tuple(name for name in providers if not _replayed(base, head, name)),
        documented=shared,
        same_plan=tuple(name for name in providers if _same_plan(base, head, name)),
        known_in_base=tuple(name for name in providers if _knows_most(base, head, name)),
        not_compared=(
            *missing,
            *apart.values(),
            *_of_times(base, head, providers),
            *_of_plans(base, head, providers),
            *_of_runs(base, head),
            *_of_promises(base, head, providers),
        ),
    )


# --------------------------------------------------------------------------- by provider
def _in_one_only(base: Baseline, head: Baseline) -> Iterator[str]:
    for side, run, other in (("BASE", base, head), ("HEAD", head, base)):
        names = [name for name in run.evidence if name not in other.evidence]
        if names:
            verb = "is" if len(names) == 1 else "are"
            yield f"{', '.join(names)} {verb} in {side} only"
    if not base.evidence and not head.evidence:
        yield "no provider is in either of them"


def _why_apart(base: Baseline, head: Baseline, name: str) -> str:
    """Say why a provider that is in both is not compared; empty where it is."""
    first, second = base.evidence[name], head.evidence[name]
    if first.emulated != second.emulated:
        return (
            f"{name}: BASE rests on {_evidence(first)}, HEAD on {_evidence(second)}: an emulator "
            "says nothing about the provider"
        )
    for side, run in (("BASE", base), ("HEAD", head)):
        if not _asked(run, name):
            return f"{name}: {side} received nothing from it{_ending(run)}"
    return ""


def _asked(run: Baseline, name: str) -> bool:
    return any(place.partition(" ")[0] == name for place in run.requests)


def _ending(run: Baseline) -> str:
    if run.finished is None:
        return " before it was cut off"
    return " before it was interrupted" if run.interrupted else ""


def _evidence(evidence: Provenance) -> str:
    return evidence.words if evidence.emulated else f"the provider itself ({evidence.kind})"


def _replayed(base: Baseline, head: Baseline, name: str) -> bool:
    return "recorded" in (base.evidence[name].kind, head.evidence[name].kind)


def _same_plan(base: Baseline, head: Baseline, name: str) -> bool:
    """Tell whether both runs were to ask a provider the same, and all of BASE is there."""
    began = base.plan_digests.get(name)
    whole = not base.interrupted and not any(_damages(base))
    return began is not None and began == head.plan_digests.get(name) and whole


def _knows_most(base: Baseline, head: Baseline, name: str) -> bool:
    """Tell whether a run learned about most of what another one did: it met no outage, say."""
    first, second = (
        {
            (each.operation, each.promise)
            for each in run.promises
            if each.provider == name and each.state in TRIED and each.kind != "combination"
        }
        for run in (base, head)
    )
    return 2 * len(first & second) >= len(second)


def _damages(run: Baseline) -> Iterator[str]:
    """Yield the notes that say what of a run's journal is missing."""
    yield from (note for note in run.notes if note.startswith("journal.jsonl: "))


# -------------------------------------------------------------------------- in sentences
def _of_times(base: Baseline, head: Baseline, providers: tuple[str, ...]) -> Iterator[str]:
    replayed = [name for name in providers if _replayed(base, head, name)]
    if replayed:
        yield f"times of {_named(replayed)}: those of a replay are those of its recording"
    if base.benchmark != head.benchmark:
        which = "BASE" if base.benchmark else "HEAD"
        yield (
            f"times, failures and prices by workload: only {which} is a benchmark; the promises "
            "that both tried are compared"
        )


def _of_plans(base: Baseline, head: Baseline, providers: tuple[str, ...]) -> Iterator[str]:
    """Say what was asked otherwise, or judged by other documents."""
    if base.seed != head.seed and base.benchmark == head.benchmark:
        yield (
            f"BASE has seed {base.seed}, HEAD seed {head.seed}: promises are compared where both "
            "tried them, times where both asked the same"
        )
    elif others := [
        name
        for name in providers
        if base.plan_digests.get(name) != head.plan_digests.get(name)
        and base.benchmark == head.benchmark
    ]:
        yield (
            f"the plans of {_named(others)} differ: promises are compared where both tried them, "
            "times where both asked the same"
        )
    moved = [
        name for name in providers if base.spec_digests.get(name) != head.spec_digests.get(name)
    ]
    if moved:
        kept = [name for name in moved if name in base.documents and name in head.documents]
        lost = [name for name in moved if name not in kept]
        if lost:
            yield (
                f"the documents of {_named(lost)} moved, and the runs do not keep both: what moved "
                "in them cannot be told"
            )
        if kept:
            yield (
                f"the documents of {_named(kept)} moved: a promise whose rule moved is not newly "
                "broken unless a request that BASE was served fails"
            )
    if base.harness != head.harness:
        yield (
            f"BASE was made by version {base.harness}, HEAD by {head.harness}: both may judge "
            "otherwise"
        )


def _of_runs(base: Baseline, head: Baseline) -> Iterator[str]:
    """Say what came to no end, and whose clock went backwards."""
    for side, run in (("BASE", base), ("HEAD", head)):
        if run.finished is None:
            yield f"{side} was cut off or is still under way: it is compared as far as it went"
        elif run.interrupted:
            yield f"{side} was interrupted: it is compared as far as it went"
        yield from (f"{side}: {note}" for note in _damages(run))
        began, ended = _instant(run.created), _instant(run.finished)
        if began is None:
            yield f"the day of {side} is unreadable: {run.created!r:.40}"
        if ended is None and run.finished is not None:
            yield f"when {side} ended is unreadable: {run.finished!r:.40}"
        elif began is not None and ended is not None and ended < began:
            yield f"the clock went backwards while {side} ran: its dates tell nothing"
    first, second = _instant(base.created), _instant(head.created)
    if first and second and second < first:
        yield (
            f"HEAD is older than BASE ({head.created[:19]} and {base.created[:19]}): are they the "
            "wrong way round, or did a clock go backwards?"
        )


def _instant(text: str | None) -> datetime | None:
    try:
        instant = datetime.fromisoformat(text or "")
    except ValueError:
        return None
    return instant if instant.tzinfo is not None else None


def _of_promises(base: Baseline, head: Baseline, providers: tuple[str, ...]) -> Iterator[str]:
    """Say how many promises a run asked for without learning anything, because of faults."""
    for name in providers:
        known = {
            (each.operation, each.promise)
            for each in base.promises
            if each.provider == name and each.state in TRIED
        }
        open_ = [
            f"{each.operation} {each.promise}"
            for each in head.promises
            if each.provider == name
            and each.state == "inconclusive"
            and (each.operation, each.promise) in known
        ]
        if open_:
            promises = "promise is" if len(open_) == 1 else "promises are"
            yield (
                f"{name}: {len(open_)} {promises} inconclusive in HEAD, which is no change "
                f"({_named(open_)})"
            )


def _named(names: list[str]) -> str:
    more = f" and {len(names) - _SHOWN} more" if len(names) > _SHOWN else ""
    return f"{', '.join(names[:_SHOWN])}{more}"
