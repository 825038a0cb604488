"""Records to the transcripts that a report shows, within the room that a page has."""

from array import array
from collections.abc import Collection, Iterator, Mapping, Sequence
from itertools import chain, groupby

from markupsafe import escape

from harness.core.record import Record
from harness.core.verdict import Finding, Verdict
from harness.report.exhibits.choice import (
    HELD,
    Candidates,
    Standings,
    candidates,
    choose,
    standings,
)
from harness.report.exhibits.conversation import transcript
from harness.report.exhibits.quotations import quotations
from harness.report.tally import Place, Tally, tallies
from harness.report.transcripts.model import CellDetail, Message, Transcript, Transcripts
from harness.spec.provider import Provider

ROOM_BYTES = 850_000
"""What all transcripts of a page may take of it."""

DETAILS_ROOM_BYTES = 450_000
"""What the details of all cells may take."""

_MARKUP_BYTES = 1_300
_DETAIL_BYTES = 700

Words = Mapping[tuple[str, str], str]


def transcripts(  # noqa: PLR0913 - all that evidence is made of
    records: Sequence[Record],
    verdicts: Sequence[Verdict],
    findings: Sequence[Finding],
    providers: Mapping[str, Provider],
    *,
    words: Words,
    written: Sequence[str] = (),
    tallied: Mapping[Place, Tally] | None = None,
) -> Transcripts:
    """Return what stands behind the cells of the matrix: broken ones first, until the page is full.

    `words` say what cases do, by provider and case; `written` are the reference images that the
    run folder holds. `tallied` is what speaks for each promise, where that was counted before.
    Equal input, equal choice; of a promise of which very many cases speak, one of the first ones.
    """
    shown = [finding.record for finding in findings]
    counted = tallies(records, verdicts, findings) if tallied is None else tallied
    found = candidates(_in_order(counted, providers), findings)
    held = _Held(shown, records)
    page = _Page(held, providers, words, written)
    weighed = standings(held.each(), found)
    held.know({*weighed.order, *map(_place, shown)})
    for record in shown:
        page.put(_place(record))
    for _ in range(2):  # first each provider in its share of the room, then what is left of it
        _fill(page, found, weighed)
        page.share_rest()
    details = dict(_details(found, weighed, page))
    return Transcripts(
        by_case=page.by_case,
        details=details,
        left_out=sum(bool(each.such_as) for each in details.values()),
        cases=held.cases,
    )


def _in_order(
    counted: Mapping[Place, Tally], providers: Mapping[str, Provider]
) -> Mapping[Place, Tally]:
    """Return what only looked first, by its operation's place in the documents; then the others."""
    order = {
        (name, operation): at
        for at, (name, operation) in enumerate(
            (name, operation) for name in providers for operation in providers[name].operations
        )
    }
    looked = [place for place, tally in counted.items() if tally.observed]
    looked.sort(key=lambda place: order.get(place[:2], len(order)))
    return {place: counted[place] for place in dict.fromkeys((*looked, *counted))}


class _Held:
    """The records of a run by their places, those of findings first; no record is held."""

    def __init__(self, shown: Sequence[Record], records: Sequence[Record]) -> None:
        self._shown, self._records = shown, records
        self._of: dict[Place, int] = {}
        digests = array("q")
        names: dict[str, None] = {}
        for place, _ in self.each():
            digests.append(hash(place))
            names[place[0]] = None
        self.names = (*names,)
        self.cases = sum(1 for _ in groupby(sorted(digests)))

    def each(self) -> Iterator[tuple[Place, Record]]:
        """Yield every record with its place."""
        for record in chain(self._shown, self._records):
            yield _place(record), record

    def know(self, places: Collection[Place]) -> None:
        """Note where the last records of these places are."""
        for at, (place, _) in enumerate(self.each()):
            if place in places:
                self._of[place] = at

    def __contains__(self, place: object) -> bool:
        """Tell whether a place was noted, and there is a record of it."""
        return place in self._of

    def __getitem__(self, place: Place) -> Record:
        """Return the last record of a place."""
        at = self._of[place] - len(self._shown)
        return self._records[at] if at >= 0 else self._shown[at]


def _fill(page: "_Page", found: Sequence[Candidates], weighed: Standings) -> None:
    """Put the transcripts of all promises on a page: one of each held one before their second."""
    for each in found:
        picks = choose(each, weighed, page.by_case)
        page.put_all(each, picks[:1] if each.rank == HELD else picks)
    for each in found:
        page.put_all(each, choose(each, weighed, page.by_case))


class _Page:
    """The transcripts chosen so far, and the room that is left for more.

    Each provider has an equal share of the room, so that none can fill the page alone.
    """

    def __init__(
        self,
        held: _Held,
        providers: Mapping[str, Provider],
        words: Words,
        written: Sequence[str],
    ) -> None:
        self.by_case: dict[Place, Transcript] = {}
        self.providers = providers
        self._held = held
        self._words = words
        self._written = written
        self._room = ROOM_BYTES
        self._shares = dict.fromkeys(held.names, ROOM_BYTES // max(len(held.names), 1))
        self._waiting: dict[Place, tuple[Transcript, int]] = {}

    def share_rest(self) -> None:
        """Let every provider take what others left."""
        self._shares = dict.fromkeys(self._shares, self._room)

    def put_all(self, each: Candidates, cases: Sequence[str]) -> None:
        """Add the transcripts of a promise's cases that there is room for."""
        for case in cases:
            self.put((*each.place[:2], case))

    def put(self, place: Place) -> None:
        """Add a case's transcript, if there is room for it."""
        if place in self.by_case or place not in self._held:
            return
        made, size = self._made(place)
        if size > min(self._room, self._shares[place[0]]):
            self._waiting[place] = made, size
            return
        self._room -= size
        self._shares[place[0]] -= size
        self.by_case[place] = made

    def _made(self, place: Place) -> tuple[Transcript, int]:
        """Return a transcript with what it takes of the room, made once."""
        if place in self._waiting:
            return self._waiting[place]
        provider, _, case = place
        made = transcript(
            self._held[place],
            self.providers[provider],
            does=self._words.get((provider, case), ""),
            written=self._written,
        )
        return made, room_of(made)


def room_of(made: Transcript) -> int:
    """Return about how many bytes a transcript takes of a page, rather too many than too few."""
    return _MARKUP_BYTES + sum(_size(text) for text in _texts(made))


def room_of_detail(detail: CellDetail) -> int:
    """Return about how many bytes the detail of a cell takes of a page."""
    return _DETAIL_BYTES + sum(_size(row.text) + _size(row.place) for row in detail.quotations)


def _place(record: Record) -> Place:
    case = record.shot.case
    return case.provider, case.operation, case.id


def _details(
    found: Sequence[Candidates], weighed: Standings, page: _Page
) -> Iterator[tuple[Place, CellDetail]]:
    """Yield what stands behind each promise, the gravest first, until their room is full."""
    room = DETAILS_ROOM_BYTES
    for each in (*found, *_unseen(found, page)):
        detail = _detail(each, weighed, page)
        room -= room_of_detail(detail)
        if room < 0:
            return
        yield each.place, detail


def _unseen(found: Sequence[Candidates], page: _Page) -> Iterator[Candidates]:
    """Yield the promises of the documents of which no case speaks, in operations with some."""
    seen = {each.place for each in found}
    for name, kind in dict.fromkeys(each.place[:2] for each in found):
        for constraint in page.providers[name].operation(kind).constraints:
            if (place := (name, kind, constraint.id)) not in seen:
                yield Candidates(place=place, rank=HELD + 1)


def _detail(each: Candidates, weighed: Standings, page: _Page) -> CellDetail:
    name, kind, promise = each.place
    picks = choose(each, weighed, page.by_case)
    shown = [case for case in picks if (name, kind, case) in page.by_case]
    if picks and not shown:
        others = [case for case in each.cases if (name, kind, case) in page.by_case]
        shown = list(filter(None, [weighed.best(each, others, page.by_case)]))
    provider = page.providers[name]
    return CellDetail(
        provider=name,
        operation=kind,
        promise=promise,
        quotations=quotations(provider, provider.operation(kind), promise),
        cases=tuple(shown),
        more=len(each.cases - set(shown)) + each.unnamed,
        such_as=picks[0] if picks and not shown else "",
    )


def _size(text: str) -> int:
    return len(escape(text).encode("utf-8", "surrogatepass"))


def _texts(made: Transcript) -> Iterator[str]:
    """Yield every text of a transcript that a page writes, as often as it does."""
    yield from (
        made.case,
        made.case,
        made.summary,
        made.curl,
        made.why,
        made.asked,
        made.took,
        made.does,
    )
    yield from (*made.notes, *made.steps)
    for message in (made.sent, made.received, made.submitted):
        if message is not None:
            yield from _words_of(message)


def _words_of(message: Message) -> Iterator[str]:
    yield from (message.first_line, message.body, message.cut)
    for pair in message.headers:
        yield from pair
