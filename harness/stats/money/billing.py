"""How each provider bills: what its own replies charge for what was not delivered."""

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from decimal import Decimal

from harness.core.record import Record
from harness.spec.price import WorkedOut, agrees, listed_price, price_status, worked_out
from harness.spec.provider import Provider
from harness.stats.grouped import First
from harness.stats.money.billed import ShortDelivery, amount_words, short_deliveries
from harness.stats.money.charges import (
    Charge,
    Charges,
    all_read,
    failed_for_good,
    refused,
)
from harness.stats.money.model import BillingNote
from harness.stats.money.own_charges import is_one_price
from harness.stats.money.repeated import Repeated, duplicates, retries
from harness.store.convoy import Passes

NOTHING = Decimal(0)
_BILLED = {"asked": "billed_as_asked", "delivered": "billed_as_delivered"}


def billing(
    records: Sequence[Record], providers: Mapping[str, Provider]
) -> tuple[BillingNote, ...]:
    """Return what each provider's own charges say of how it bills, in the order of the records.

    Each provider's first note says how many requests have a charge stated in their replies; of
    what no reply states, nothing is concluded. KeyError for a record of a provider that is not
    given.
    """
    names = [*dict.fromkeys(record.shot.case.provider for record in records)]
    with Passes(records) as passes:
        parts = [passes.begin(_notes, records, providers[name]) for name in names]
    return tuple(note for part in parts for note in part.result)


def _notes(records: Sequence[Record], provider: Provider) -> tuple[BillingNote, ...]:
    charges = Charges(records, provider)
    return tuple(_Billing(provider=provider, charges=charges).notes()) if charges else ()


@dataclass(slots=True, kw_only=True)
class _Billing:
    """Makes the notes of one provider, and adds up what was paid for nothing."""

    provider: Provider
    charges: Charges
    undelivered: dict[tuple[str, str], tuple[str, Decimal]] = field(default_factory=dict)

    @property
    def unit(self) -> str:
        return self.provider.prices.unit

    def notes(self) -> Iterator[BillingNote]:
        charges = self.charges
        with Passes(charges) as passes:
            stated = passes.begin(self._stated)
            short = passes.begin(short_deliveries, charges)
            for_nothing = passes.begin(_for_nothing, charges)
            again = passes.begin(duplicates, charges)
            retried = passes.begin(retries, charges)
            partials = passes.begin(lambda: tuple(self._partials()))
        yield stated.result
        yield from self._short(short.result)
        yield from self._of_nothings(for_nothing.result)
        yield from self._repeated("charged_for_duplicate", again.result)
        yield from self._repeated("charged_for_retry", retried.result)
        yield from partials.result
        with Passes(charges) as passes:
            off_list = passes.begin(lambda: tuple(self._off_list(short.result)))
            sums = passes.begin(lambda: tuple(self._sums()))
        yield from off_list.result
        yield from sums.result

    def _note(  # noqa: PLR0913 - a note has this many parts
        self,
        kind: str,
        sentence: str,
        shown: "_Cases",
        of: int,
        *,
        amount: Decimal | None = None,
        unit: str = "",
        good: bool = False,
    ) -> BillingNote:
        return BillingNote(
            provider=self.provider.name,
            kind=kind,
            sentence=sentence,
            count=shown.number,
            of=of,
            unit=unit or self.unit,
            amount=amount,
            cases=shown.first.told,
            good=good,
        )

    def _stated(self) -> BillingNote:
        stated = _Cases()
        of, counted, served, of_served = len(self.charges), 0, 0, 0
        for each in self.charges:
            counted += each.tokens is not None
            served += each.served is not None
            if each.stated is not None:
                stated.add(each.case)
                of_served += each.served is not None
        if stated.number:
            others = of - served
            told = [_of(of_served, served, "served request")] if served else []
            told += [_of(stated.number - of_served, others, "other request")] if others else []
            sentence = f"{' and '.join(told)} say in a reply what they cost"
        else:
            sentence = f"no reply of {_n(of, 'request')} says what it cost: no evidence of money"
        if counted:
            sentence += f"; {counted} count image tokens"
        note = self._note("charges_stated", sentence, stated, of, good=True)
        return replace(note, cases=())  # of hundreds that say what they cost, nobody asks which

    # ------------------------------------------------------------------ less than was asked
    def _short(self, short: Sequence[ShortDelivery]) -> Iterator[BillingNote]:
        whats = dict.fromkeys((each.what, each.unit) for each in short)
        for what, unit in whats:
            alike = [each for each in short if (each.what, each.unit) == (what, unit)]
            for billed, kind in (
                ("asked", "billed_as_asked"),
                ("delivered", "billed_as_delivered"),
            ):
                shown = [each for each in alike if each.billed == billed]
                if not shown:
                    continue
                for each in shown:
                    self._undelivered(each.case, "short", each.over, unit)
                over = sum((each.over for each in shown), NOTHING)
                yield self._note(
                    kind,
                    _short_words(shown, len(alike)),
                    _Cases(each.case for each in shown),
                    len(alike),
                    amount=over if billed == "asked" else None,
                    unit=unit,
                    good=billed == "delivered",
                )

    # ------------------------------------------------------------------------ for nothing
    def _of_nothings(self, found: "_ForNothing") -> Iterator[BillingNote]:
        for case, amount in found.charges:
            self._undelivered(case, "nothing", amount, self.unit)
        yield from self._of_nothing("charged_for_failure", "request that failed", found.failed)
        words = "served request that brought no image"
        yield from self._of_nothing("charged_for_failure", words, found.empty)
        words = "request that was refused"
        yield from self._of_nothing("charged_for_refusal", words, found.refused)

    def _of_nothing(self, kind: str, what: str, found: "_Paid") -> Iterator[BillingNote]:
        """Yield what was charged for requests that brought nothing, where replies say it."""
        if not found.stated:
            return
        paid, stated, over = found.paid, found.stated, found.over
        noun = what.replace("request", "requests", 1)
        of = what if stated == 1 else noun
        verb = "was" if paid.number == 1 else "were"
        sentence = f"{paid.number} of {stated} {of} {verb} charged by the reply"
        if paid.number:
            sentence += f": {amount_words(over, self.unit)} in all"
            if self.provider.prices.failed_free and kind == "charged_for_failure":
                sentence += f", which is said to be free ({self.provider.prices.failed_free})"
        amount = over if paid.number else None
        yield self._note(kind, sentence, paid, stated, amount=amount, good=not paid.number)

    def _repeated(self, kind: str, repeated: Sequence[Repeated]) -> Iterator[BillingNote]:
        if not repeated:
            return
        paid = [each for each in repeated if each.amount]
        over = sum((each.amount for each in paid), NOTHING)
        slot = "duplicate" if kind == "charged_for_duplicate" else "nothing"
        for each in paid:
            again = slot if each.failed else f"{slot}, again"
            self._undelivered(each.case, again, each.amount, self.unit)
        what = "a request that was repeated under its key"
        if kind == "charged_for_retry":
            what = "a request that had failed and was sent again"
        sentence = (
            f"{len(paid)} of {len(repeated)} times {what} was charged"
            f"{' again' if kind == 'charged_for_duplicate' else ', and so was the next'}"
        )
        if paid:
            sentence += f": {amount_words(over, self.unit)} in all"
        shown = _Cases(each.case for each in paid)
        amount = over if paid else None
        yield self._note(kind, sentence, shown, len(repeated), amount=amount, good=not paid)

    # ---------------------------------------------------------------------- partial images
    def _partials(self) -> Iterator[BillingNote]:
        """Yield what partial images cost: with them, beside without, at equal size and quality."""
        if not any(map(_partial_images, self.charges)):
            return
        plain = self._plain()
        compared = {kind: _Partials() for kind in plain}
        for charge in self.charges:
            spent, unit = _spent_whole(charge)
            most = plain.get((_alike(charge), unit)) if _partial_images(charge) else None
            if spent is not None and most is not None:
                compared[_alike(charge), unit].add(charge, max(spent - most, NOTHING))
        by_unit: defaultdict[str, list[_Partials]] = defaultdict(list)
        for (_, unit), each in compared.items():
            if each.of:
                by_unit[unit].append(each)
        for unit, found in by_unit.items():
            yield self._of_partials(unit, found)

    def _plain(self) -> dict[tuple[str, str], Decimal | None]:
        """Return the most that equal requests without partial images cost; None without such."""
        plain: dict[tuple[str, str], Decimal | None] = {}
        for charge in self.charges:
            spent, unit = _spent_whole(charge)
            if spent is not None:
                most = plain.setdefault((_alike(charge), unit), None)
                if not _partial_images(charge):
                    plain[_alike(charge), unit] = spent if most is None else max(most, spent)
        return plain

    def _of_partials(self, unit: str, found: Sequence["_Partials"]) -> BillingNote:
        """Return what partial images cost in one unit."""
        shown = _Cases.joined(each.dearer for each in found)
        over = sum((each.over for each in found), NOTHING)
        number, dearer = sum(each.images for each in found), shown.number
        of = sum(each.of for each in found)
        verb = "costs" if dearer == 1 else "cost"
        sentence = (
            f"{_of(dearer, of, 'request')} with partial images {verb} more than"
            " the same without, at equal size and quality"
        )
        as_said = unit == "token" and over == number * self._partial_tokens
        may_be_text = unit == "token" and any(each.bare_sum for each in found)
        if dearer:
            sentence += f": {amount_words(over, unit)} for {_n(number, 'partial image')}"
            beside = " and whatever text the sums hold" if may_be_text else ""
            sentence += ", as the maker counts them" if as_said else beside
        return self._note(
            "charged_for_partials",
            sentence,
            shown,
            of,
            amount=over if dearer else None,
            unit=unit,
            good=not dearer or as_said or may_be_text,
        )

    @property
    def _partial_tokens(self) -> int:
        model = self.provider.model
        return model.tokens.partial if model and model.tokens else 0

    # ------------------------------------------------------------------------- off the list
    def _off_list(self, short: Sequence[ShortDelivery]) -> Iterator[BillingNote]:
        """Yield how many charges are not what the list asks; the check judges each by itself."""
        as_delivered = {each.at for each in short if each.billed == "delivered"}
        compared, off, more, less = 0, _Cases(), NOTHING, NOTHING
        for at, charge in enumerate(self.charges):
            listed = None if at in as_delivered else _listed(charge)
            if listed is None:
                continue
            compared += 1
            if agrees(listed.charged, listed.asked, self.unit, worked=listed.worked):
                continue
            apart = listed.charged - listed.asked.high
            off.add(charge.case)
            more += max(apart, NOTHING)
            less += max(-apart, NOTHING)
        if not compared:
            return
        sentence = f"{_of(off.number, compared, 'charge')} {'is' if off.number == 1 else 'are'}"
        sentence += " not what the list asks"
        sides = [(more, "more"), (less, "less")]
        told = [f"{amount_words(each, self.unit)} {word}" for each, word in sides if each]
        sentence += f": {' and '.join(told)} in all" if told else ""
        if self.provider.prices.status != "documented":
            sentence += f" (its list is {self.provider.prices.status})"
        amount = more or None
        yield self._note("off_list", sentence, off, compared, amount=amount, good=not off.number)

    # --------------------------------------------------------------------------------- sums
    def _undelivered(self, case: str, slot: str, amount: Decimal, unit: str) -> None:
        """Note what a request cost for nothing: the same charge counts once."""
        if amount > 0:
            place = case, slot
            _, known = self.undelivered.get(place, (unit, NOTHING))
            self.undelivered[place] = unit, max(known, amount)

    def _sums(self) -> Iterator[BillingNote]:
        by_unit: defaultdict[str, list[tuple[str, Decimal]]] = defaultdict(list)
        for (case, _), (unit, amount) in self.undelivered.items():
            by_unit[unit].append((case, amount))
        for unit, found in by_unit.items():
            cases = {case for case, _ in found}
            shown = _Cases(each.case for each in self.charges if each.case in cases)
            total = sum((amount for _, amount in found), NOTHING)
            sentence = f"{amount_words(total, unit)} {'was' if total == 1 else 'were'} paid for"
            sentence += " what was not delivered"
            if unit == self.unit:
                stated = sum((each.stated or NOTHING for each in self.charges), NOTHING)
                sentence += f", of {amount_words(stated, unit)} in all replies"
            of = len(self.charges)
            yield self._note("paid_undelivered", sentence, shown, of, amount=total, unit=unit)


# ------------------------------------------------------------------------------------ readings
class _Cases:
    """How many requests show something, and the first of them."""

    def __init__(self, cases: Iterable[str] = ()) -> None:
        self.number = 0
        self.first = First()
        for case in cases:
            self.add(case)

    @classmethod
    def joined(cls, parts: Iterable["_Cases"]) -> "_Cases":
        """Return several as one, in their order."""
        made = cls()
        for part in parts:
            made.number += part.number
            made.first.extend(part.first.told)
        return made

    def add(self, case: str) -> None:
        """Add a request."""
        self.number += 1
        self.first.add(case)


@dataclass(slots=True)
class _Paid:
    """How many requests have a charge stated, and what those cost that cost something."""

    stated: int = 0
    over: Decimal = NOTHING
    paid: _Cases = field(default_factory=_Cases)

    def add(self, case: str, amount: Decimal) -> None:
        """Add a request with its charge."""
        self.stated += 1
        if amount:
            self.over += amount
            self.paid.add(case)


@dataclass(slots=True)
class _ForNothing:
    """What was charged for requests that brought nothing, by what became of them."""

    failed: _Paid = field(default_factory=_Paid)
    empty: _Paid = field(default_factory=_Paid)
    refused: _Paid = field(default_factory=_Paid)
    charges: list[tuple[str, Decimal]] = field(default_factory=list)
    """The cases, and what each cost; those that cost nothing are left out."""


def _for_nothing(charges: Iterable[Charge]) -> _ForNothing:
    found = _ForNothing()
    kinds = (
        (failed_for_good, found.failed),
        (_came_empty, found.empty),
        (refused, found.refused),
    )
    for each in charges:
        if each.stated is None:
            continue
        for tells, paid in kinds:
            if tells(each):
                paid.add(each.case, each.stated)
                if each.stated:
                    found.charges.append((each.case, each.stated))
    return found


@dataclass(slots=True)
class _Partials:
    """What requests with partial images cost beyond equal ones without: how many did, and more."""

    of: int = 0
    over: Decimal = NOTHING
    images: int = 0
    bare_sum: bool = False
    dearer: _Cases = field(default_factory=_Cases)

    def add(self, charge: Charge, more: Decimal) -> None:
        """Add a request."""
        self.of += 1
        if more:
            self.over += more
            self.images += _partial_images(charge)
            self.bare_sum = self.bare_sum or _is_bare_sum(charge)
            self.dearer.add(charge.case)


@dataclass(frozen=True, slots=True, kw_only=True)
class _Listed:
    """What was charged, beside what the list asks; `worked` out of the reply, or known before."""

    charged: Decimal
    asked: WorkedOut
    worked: bool


def _listed(charge: Charge) -> _Listed | None:
    """Return a served request's charge beside its list price; None where either is unknown."""
    provider, operation, arguments = charge.provider, charge.operation, charge.arguments
    served = charge.served
    if served is None or charge.stated is None or charge.record.shot.case.expect == "refuse":
        return None
    if (
        is_one_price(provider.prices)
        and price_status(provider, operation, arguments) != "documented"
    ):
        return None  # one price that somebody saw once is no list
    listed = listed_price(provider, operation, arguments)
    if listed is not None:
        exact = WorkedOut(low=listed, high=listed)
        return _Listed(charged=charge.stated, asked=exact, worked=False)
    asked = worked_out(provider, operation, arguments, served)
    return None if asked is None else _Listed(charged=charge.stated, asked=asked, worked=True)


def _came_empty(charge: Charge) -> bool:
    """Tell whether a request was served without any image, and none was only not read."""
    served = charge.served
    if served is None or served.pictures or served.missing:
        return False
    own_key = charge.record.shot.request.credential == "own"
    return charge.operation.protocol != "responses" and own_key and all_read(charge)


def _spent(charge: Charge) -> tuple[Decimal | None, str]:
    """Return what a request cost, in money or else in tokens, and the unit."""
    if charge.stated is not None:
        return charge.stated, charge.provider.prices.unit
    tokens = charge.tokens
    return None if tokens is None else Decimal(tokens), "token"


def _spent_whole(charge: Charge) -> tuple[Decimal | None, str]:
    """Return the same of a request that brought as many images as it asked for."""
    whole = charge.served and len(charge.served.pictures) == charge.images
    return _spent(charge) if whole else (None, "")


def _partial_images(charge: Charge) -> int:
    return len(charge.served.partials) if charge.served else 0


def _is_bare_sum(charge: Charge) -> bool:
    """Tell whether a reply counts its output in one sum, in which there may be text."""
    usage = charge.served.usage if charge.served else None
    return usage is not None and usage.count("image_output") is None


def _alike(charge: Charge) -> str:
    """Return one spelling of what decides a request's price, partial images aside."""
    names = ("size", "quality", "n", "resolution", "aspect_ratio")
    chosen = (f"{name}={charge.arguments.get(name)}" for name in names)
    sizes = sorted(charge.sizes or ())
    return " ".join((charge.record.shot.case.operation, *chosen, str(sizes)))


def _short_words(shown: Sequence[ShortDelivery], of: int) -> str:
    first = shown[0]
    less = {
        "size": "images came smaller than asked",
        "count": "images were fewer than asked",
        "class": "images have no more pixels than those of a cheaper class",
    }
    came = f"{_of(len(shown), of, 'request')} whose {less[first.what]}"
    billed = "as asked" if first.billed == "asked" else "as delivered"
    verb = "was" if len(shown) == 1 else "were"
    asked = f"{first.asked_words} is {amount_words(first.asked, first.unit)}"
    delivered = f"{first.delivered_words} came, which is"
    return (
        f"{came} {verb} billed {billed}: {asked}, {delivered}"
        f" {amount_words(first.delivered, first.unit)} {first.basis}"
    )


def _of(count: int, of: int, noun: str) -> str:
    return f"{count} of {of} {noun}{'' if of == 1 else 's'}"


def _n(count: int, noun: str) -> str:
    return f"{count} {noun}{'' if count == 1 else 's'}"
