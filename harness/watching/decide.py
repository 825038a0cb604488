"""From a canary to an alert: what is suspected, whether asking again confirms it, what is back.

A pure function of what was shown: the same days give the same alerts, so that a state that was lost
is made again from the run folders.
"""

from collections.abc import Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass, replace

from harness.comparing.documents.moved import compare_documents
from harness.comparing.model import Baseline, ChangeKind, PromiseShown
from harness.comparing.scope import scope_of
from harness.core.errors import NothingTested
from harness.known.model import KnownDeviation
from harness.watching.expected import is_expected, places_expected
from harness.watching.figures import FIGURES, Moved, shown_on
from harness.watching.model import Alerted, Day, Key, Message, State, Suspicion, asks_dear

WINDOW = 14
"""How many earlier canaries today's is compared with."""

WHOLE_TURN = 10
"""After how many canaries all that the money allows was asked."""

LEAST_DAYS = 3
"""How many there are before a figure is compared: fewer do not say what is usual."""

SUSPECT, FEW_FAIL = 0.15, 0.2
"""How unlikely a figure is where nothing changed, to be asked again; of failures, which are few."""

UNCLEAR, AGAIN = (0.12, 0.03, 0.008), 0.03
"""The same of all of a day, after each round, to be asked once more; and of what is asked again
alone, which is fresh."""

SURE, SURE_FAILING = 0.0001, 0.0001
"""The same in all of it together; what few failures come to lies apart, and reaches it seldom."""

EVENTS: frozenset[ChangeKind] = frozenset(("document", "dearer"))
"""What is over with its day: what it became is the usual."""

BACK, BACK_WAVERING = 2, 6
"""How many canaries in a row keep a promise again before it is told to be back: the second, where
it is broken only now and then."""

BACK_FIGURES, AS_BEFORE = 3, 0.01
"""How many canaries together show a figure to be back, and how unlikely that is by chance."""

_DEVIATING = ("broken", "flaky")
_WORST = "fails_where_it_should_serve"


@dataclass(frozen=True, slots=True, kw_only=True)
class Decided:
    """What a canary came to: the state after it, and what is told once of it."""

    state: State
    messages: tuple[Message, ...] = ()

    @property
    def alert(self) -> Message | None:
        """The alert, if there is one."""
        return next((each for each in self.messages if each.kind == "alert"), None)


# ------------------------------------------------------------------------------ suspicion
def suspicions(
    state: State, earlier: Sequence[Day], today: Day, *, known: Sequence[KnownDeviation] = ()
) -> tuple[Suspicion, ...]:
    """Return what today shows otherwise than the days before, and is not alerted already.

    A promise of which each check that finds it broken is among the `known` deviations is left out.
    """
    open_keys = {each.key for each in state.open}
    found = [
        *_documents(earlier, today),
        *_promises(state, earlier, today.shown),
        *_figures(state, earlier, today),
    ]
    expected = places_expected(known, today)
    return tuple(
        each
        for each in found
        if each.key not in open_keys and not is_expected(each, today.shown, expected)
    )


def _documents(earlier: Sequence[Day], today: Day) -> Iterator[Suspicion]:
    """Yield a change of each provider's documents since it was asked last; it is certain."""
    for provider, digest in today.shown.spec_digests.items():
        last = next((d.shown for d in reversed(earlier) if provider in d.shown.spec_digests), None)
        if last is None or last.spec_digests[provider] == digest:
            continue
        said: list[str] = []
        with suppress(NothingTested):  # asked elsewhere than yesterday, say
            said = [
                change.sentence
                for change in compare_documents(scope_of(last, today.shown))
                if change.provider == provider
            ]
        what = "; ".join(said) or f"the documents of {provider} were edited"
        yield Suspicion(key=(provider, "document", "", ""), sentence=what, certain=True)


def _promises(state: State, earlier: Sequence[Day], shown: Baseline) -> Iterator[Suspicion]:
    """Yield each promise that is broken and was kept when it was asked for before."""
    usual = _usual_promises(earlier[-WINDOW:])
    ended = {each.key: each.until for each in state.alerted if each.until is not None}
    failing = {each.provider for each in state.open if each.kind == "failing"}
    for promise in shown.promises:
        if promise.state not in _DEVIATING:
            continue
        before = usual.get((promise.provider, promise.operation, promise.promise))
        if (until := ended.get(_key(promise))) is not None:
            since = [day for day in earlier[-WINDOW:] if day.date >= until]
            before = _usual_promises(since).get(
                (promise.provider, promise.operation, promise.promise)
            )
        if before is None and not _is_new(promise, earlier):
            continue  # asked for the first time: nobody knows since when
        if before is not None and (before.broken or before.fingerprint != promise.fingerprint):
            continue  # as before, or asked for something else: its document was edited
        if promise.provider in failing and {*promise.checks} <= {_WORST}:
            continue  # that is what was alerted
        yield Suspicion(key=_key(promise), sentence=_broken(promise), check=_check(promise))


def _is_new(promise: PromiseShown, earlier: Sequence[Day]) -> bool:
    """Tell whether a combination of values, which has a row only where it fails, fails anew.

    It does where the same question was served before, or where all was asked in turn by now.
    """
    if promise.kind != "combination":
        return False
    questions = {each for deviation in promise.deviations for each in deviation.questions}
    return len(earlier) >= WHOLE_TURN or any(
        sample.question in questions and sample.end == "served"
        for shown in shown_on(earlier)
        for sample in shown.samples
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class _Asked:
    """What the askings of a promise came to: whether it is `broken` for some time, or `lately`.

    One that only the last canary that asked found broken is so lately: today's may confirm it.
    """

    broken: bool
    lately: bool
    fingerprint: str


def _usual_promises(earlier: Sequence[Day]) -> dict[tuple[str, str, str], _Asked]:
    """Return what each promise was when it was asked for before today."""
    usual: dict[tuple[str, str, str], _Asked] = {}
    for day in earlier:
        for place, (broken, fingerprint) in _askings(day).items():
            before = usual.get(place)
            since = before is not None and (before.broken or before.lately)
            usual[place] = _Asked(
                broken=since or (broken and before is None),
                lately=broken and before is not None and not since,
                fingerprint=fingerprint,
            )
    return usual


def _askings(day: Day) -> dict[tuple[str, str, str], tuple[bool, str]]:
    """Return of each promise whether a day found it broken; what was asked again says the last."""
    found: dict[tuple[str, str, str], tuple[bool, str]] = {}
    for rounds in ((day.shown,), day.again):
        now: dict[tuple[str, str, str], tuple[bool, str]] = {}
        for baseline in rounds:
            for promise in baseline.promises:
                if promise.state in ("held", *_DEVIATING):
                    place = promise.provider, promise.operation, promise.promise
                    broken = promise.state in _DEVIATING or now.get(place, (False, ""))[0]
                    now[place] = broken, promise.fingerprint
        found |= now
    return found


def _key(promise: PromiseShown) -> Key:
    return promise.provider, "broken", promise.operation, promise.promise


def _check(promise: PromiseShown) -> str:
    return ", ".join(promise.checks)


def _broken(promise: PromiseShown) -> str:
    rule = f" ({promise.rule})" if promise.rule else ""
    came = f": {promise.observed}" if promise.observed else ""
    return f"broken: {promise.provider} {promise.operation} {promise.promise}{rule}{came}"


def _figures(state: State, earlier: Sequence[Day], today: Day) -> Iterator[Suspicion]:
    for provider in today.shown.evidence:
        for kind in FIGURES:
            if any((each.provider, each.kind) == (provider, kind) for each in state.open):
                continue
            moved = _least_likely(state, (*earlier, today), provider, kind)
            if moved is not None and moved.p <= (FEW_FAIL if kind == "failing" else SUSPECT):
                key: Key = (provider, kind, "", "")
                yield Suspicion(key=key, sentence=moved.sentence, p=moved.p)


def _least_likely(
    state: State, days: Sequence[Day], provider: str, kind: ChangeKind
) -> Moved | None:
    """Return how the last canary, or the last two, differ from those before, whichever do more."""
    found = []
    for width in (1, 2):
        usual = _usual(state, days[:-width], provider, kind)
        if len(usual) >= LEAST_DAYS and len(days) > width:
            moved = FIGURES[kind](shown_on(usual), shown_on(days[-width:]), provider)
            if moved is not None:
                found.append(moved)
    return min(found, key=lambda moved: moved.p, default=None)


def _usual(
    state: State, earlier: Sequence[Day], provider: str, kind: ChangeKind
) -> tuple[Day, ...]:
    """Return the days that say what is usual: those of an alert's time are apart."""
    mine = [each for each in state.alerted if (each.provider, each.kind) == (provider, kind)]
    asked = [day for day in earlier if provider in day.shown.evidence]
    for each in mine:
        if each.until is None:  # the new level is the usual one
            asked = [day for day in asked if day.date >= each.since]
        else:
            asked = [day for day in asked if not each.since <= day.date < each.until]
    return tuple(asked[-WINDOW:])


# ------------------------------------------------------------------------------ decision
def decided(
    state: State, earlier: Sequence[Day], today: Day, *, known: Sequence[KnownDeviation] = ()
) -> Decided:
    """Return what a day comes to, with what was asked again on it."""
    suspected = suspicions(state, earlier, replace(today, again=()), known=known)
    found = ((each, _confirmed(state, each, earlier, today)) for each in suspected)
    sure = [(each, said) for each, said in found if said]
    new = tuple(
        Alerted(
            provider=each.key[0],
            kind=each.kind,
            operation=each.key[2],
            promise=each.key[3],
            sentence=said,
            since=today.date,
            event=each.kind in EVENTS,
            wavering=_wavers(today, each.key),
        )
        for each, said in sure
    )
    kept = [_followed(each, earlier, today) for each in state.alerted]
    back = tuple(
        now for was, now in zip(state.alerted, kept, strict=True) if was.until != now.until
    )
    messages = (
        *([_message("alert", today, new)] if new else ()),
        *([_message("back", today, back)] if back else ()),
    )
    after = replace(
        state,
        alerted=(*kept, *new),
        decided=(*state.decided, today.run),
        messages=(*state.messages, *messages),
    )
    return Decided(state=after, messages=messages)


def _wavers(today: Day, key: Key) -> bool:
    """Tell whether a promise was kept in some askings of today."""
    states = {each.state for each in today.shown.promises if _key(each) == key}
    again = {_deviates([each], key) for each in today.again}
    return "flaky" in states or False in again


def _message(kind: str, today: Day, changes: tuple[Alerted, ...]) -> Message:
    if kind == "alert":
        said = tuple(each.sentence for each in changes)
        return Message(
            id=f"{today.run}-alert", day=today.date, kind="alert", sentences=said, changes=changes
        )
    said = tuple(f"resolved on {each.until}: {each.sentence}" for each in changes)
    return Message(
        id=f"{today.run}-back", day=today.date, kind="back", sentences=said, changes=changes
    )


def _confirmed(state: State, suspicion: Suspicion, earlier: Sequence[Day], today: Day) -> str:
    """Say what changed, where what was asked afterwards shows it, too; else return nothing.

    A document needs nothing more.

    That is what was asked again today. Where nothing could be, today's canary confirms what
    yesterday's showed.
    """
    if suspicion.certain:
        return suspicion.sentence
    if suspicion.kind == "broken":
        again = _deviates(today.again, suspicion.key)
        provider, _, operation, promise = suspicion.key
        before = _usual_promises(earlier).get((provider, operation, promise))
        lately = before is not None and before.lately
        return suspicion.sentence if (lately if again is None else again) else ""
    days = (*earlier, today)
    for width in (1, 2):
        asked = today.again if width == 1 else (today.shown, *today.again)
        usual = _usual(state, days[:-width], suspicion.provider, suspicion.kind)
        if not asked or len(usual) < LEAST_DAYS:
            continue
        compare = FIGURES[suspicion.kind]
        alone = compare(shown_on(usual), asked, suspicion.provider)
        whole = compare(shown_on(usual), shown_on(days[-width:]), suspicion.provider)
        if alone is None or whole is None or not (alone.enough and whole.enough):
            continue
        if alone.p <= AGAIN and whole.p <= _sure(suspicion.kind):
            return whole.sentence
    return ""


def _sure(kind: ChangeKind) -> float:
    return SURE_FAILING if kind == "failing" else SURE


def worth_another_round(
    state: State, suspicion: Suspicion, earlier: Sequence[Day], today: Day
) -> bool:
    """Tell whether what was asked again neither confirms a suspicion nor speaks against it."""
    if suspicion.certain or suspicion.kind == "broken" or not today.again:
        return False
    if _confirmed(state, suspicion, earlier, today):
        return False
    compare = FIGURES[suspicion.kind]
    days = (*earlier, today)
    found = []
    for width in (1, 2):
        usual = _usual(state, days[:-width], suspicion.provider, suspicion.kind)
        if len(usual) >= LEAST_DAYS:
            found.append(compare(shown_on(usual), shown_on(days[-width:]), suspicion.provider))
    most = UNCLEAR[min(len(today.again), len(UNCLEAR)) - 1]
    return any(each is not None and each.enough and each.p <= most for each in found)


def _deviates(shown: Sequence[Baseline], key: Key) -> bool | None:
    """Tell whether a promise is broken there; None where nothing is known of it."""
    states = {
        promise.state in _DEVIATING
        for baseline in shown
        for promise in baseline.promises
        if _key(promise) == key and promise.state in ("held", *_DEVIATING)
    }
    return any(states) if states else None


# ------------------------------------------------------------------------------ afterwards
def _followed(alerted: Alerted, earlier: Sequence[Day], today: Day) -> Alerted:
    """Return what was alerted as it stands after today: open, or back."""
    if alerted.until is not None or alerted.event:
        return alerted
    if alerted.kind != "broken":
        back = _is_back(alerted, (*earlier, today))
        return replace(alerted, until=today.date) if back else alerted
    if alerted.dear and not asks_dear(today.date):
        return alerted
    deviates = _deviates((today.shown, *today.again), alerted.key)
    if deviates is None and not _was_asked(alerted, today.shown):
        return alerted
    held = 0 if deviates else alerted.held + 1
    wavering = alerted.wavering or bool(deviates and alerted.held)
    enough = held >= (BACK_WAVERING if wavering else BACK)
    until = today.date if enough else None
    return replace(alerted, held=held, wavering=wavering, until=until)


def _was_asked(alerted: Alerted, shown: Baseline) -> bool:
    """Tell whether a combination of values was asked for: it has a row only where it fails."""
    mine = (alerted.provider, alerted.operation)
    asked = any((each.provider, each.operation) == mine for each in shown.promises)
    return asked and "=" in alerted.promise


def _is_back(alerted: Alerted, days: Sequence[Day]) -> bool:
    """Tell whether the last canaries together are as those before the alert, not as those since."""
    asked = [day for day in days if alerted.provider in day.shown.evidence]
    before = [day for day in asked if day.date < alerted.since][-WINDOW:]
    since = [day for day in asked if day.date >= alerted.since]
    now, since = shown_on(since[-BACK_FIGURES:]), since[:-BACK_FIGURES]
    if not before or not since:
        return False
    compare = FIGURES[alerted.kind]
    still = compare(shown_on(before), now, alerted.provider, back=False)
    better = compare(shown_on(since), now, alerted.provider, back=True)
    gone = still is None or not still.enough
    return gone and better is not None and better.enough and better.p <= AS_BEFORE
