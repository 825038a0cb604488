"""How each provider bills: what its own replies charge for what was not delivered."""

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from decimal import Decimal

from harness.core.record import Record
from harness.spec.price import WorkedOut, agrees, listed_price, price_status, worked_out
from harness.spec.provider import Provider
from harness.stats.money.billed import ShortDelivery, amount_words, short_deliveries
from harness.stats.money.charges import (
    Charge,
    all_read,
    charges_of,
    failed_for_good,
    refused,
)
from harness.stats.money.model import BillingNote
from harness.stats.money.own_charges import is_one_price
from harness.stats.money.repeated import Repeated, duplicates, retries

NOTHING = Decimal(0)
_BILLED = {"asked": "billed_as_asked", "delivered": "billed_as_delivered"}


def billing(
    records: Iterable[Record], providers: Mapping[str, Provider]
) -> tuple[BillingNote, ...]:
    """Return what each provider's own charges say of how it bills, in the order of the records.

    Each provider's first note says how many requests have a charge stated in their replies; of
    what no reply states, nothing is concluded. KeyError for a record of a provider that is not
    given.
    """
    groups: dict[str, list[Record]] = {}
    for record in records:
        groups.setdefault(record.shot.case.provider, []).append(record)
    notes: list[BillingNote] = []
    for name, group in groups.items():
        charges = charges_of(group, providers[name])
        if charges:
            notes += _Billing(provider=providers[name], charges=charges).notes()
    return tuple(notes)


@dataclass(slots=True, kw_only=True)
class _Billing:
    """Makes the notes of one provider, and adds up what was paid for nothing."""

    provider: Provider
    charges: Sequence[Charge]
    undelivered: dict[tuple[str, str], tuple[str, Decimal]] = field(default_factory=dict)

    @property
    def unit(self) -> str:
        return self.provider.prices.unit

    def notes(self) -> Iterator[BillingNote]:
        yield self._stated()
        short = short_deliveries(self.charges)
        yield from self._short(short)
        yield from self._for_nothing()
        yield from self._repeated("charged_for_duplicate", duplicates(self.charges))
        yield from self._repeated("charged_for_retry", retries(self.charges))
        yield from self._partials()
        yield from self._off_list(short)
        yield from self._sums()

    def _note(  # noqa: PLR0913 - a note has this many parts
        self,
        kind: str,
        sentence: str,
        shown: Sequence[Charge],
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
            count=len(shown),
            of=of,
            unit=unit or self.unit,
            amount=amount,
            cases=tuple(dict.fromkeys(each.case for each in shown)),
            good=good,
        )

    def _stated(self) -> BillingNote:
        stated = [each for each in self.charges if each.stated is not None]
        counted = sum(each.tokens is not None for each in self.charges)
        of, served = len(self.charges), [each for each in self.charges if each.served]
        if stated:
            of_served = sum(each.stated is not None for each in served)
            others = of - len(served)
            told = [_of(of_served, len(served), "served request")] if served else []
            told += [f"{_of(len(stated) - of_served, others, 'other request')}"] if others else []
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
                    self._undelivered(each.charge, "short", each.over, unit)
                over = sum((each.over for each in shown), NOTHING)
                yield self._note(
                    kind,
                    _short_words(shown, len(alike)),
                    [each.charge for each in shown],
                    len(alike),
                    amount=over if billed == "asked" else None,
                    unit=unit,
                    good=billed == "delivered",
                )

    # ------------------------------------------------------------------------ for nothing
    def _for_nothing(self) -> Iterator[BillingNote]:
        empty = [each for each in self.charges if _came_empty(each)]
        failed = [each for each in self.charges if failed_for_good(each)]
        yield from self._of_nothing("charged_for_failure", "request that failed", failed)
        words = "served request that brought no image"
        yield from self._of_nothing("charged_for_failure", words, empty)
        refusals = [each for each in self.charges if refused(each)]
        yield from self._of_nothing("charged_for_refusal", "request that was refused", refusals)

    def _of_nothing(self, kind: str, what: str, charges: Sequence[Charge]) -> Iterator[BillingNote]:
        """Yield what was charged for requests that brought nothing, where replies say it."""
        stated = [each for each in charges if each.stated is not None]
        paid = [each for each in stated if each.stated]
        if not stated:
            return
        over = sum((each.stated or NOTHING for each in paid), NOTHING)
        for each in paid:
            self._undelivered(each, "nothing", each.stated or NOTHING, self.unit)
        noun = what.replace("request", "requests", 1)
        of = what if len(stated) == 1 else noun
        verb = "was" if len(paid) == 1 else "were"
        sentence = f"{len(paid)} of {len(stated)} {of} {verb} charged by the reply"
        if paid:
            sentence += f": {amount_words(over, self.unit)} in all"
            if self.provider.prices.failed_free and kind == "charged_for_failure":
                sentence += f", which is said to be free ({self.provider.prices.failed_free})"
        yield self._note(
            kind, sentence, paid, len(stated), amount=over if paid else None, good=not paid
        )

    def _repeated(self, kind: str, repeated: Sequence[Repeated]) -> Iterator[BillingNote]:
        if not repeated:
            return
        paid = [each for each in repeated if each.amount]
        over = sum((each.amount for each in paid), NOTHING)
        slot = "duplicate" if kind == "charged_for_duplicate" else "nothing"
        for each in paid:
            again = slot if failed_for_good(each.charge) else f"{slot}, again"
            self._undelivered(each.charge, again, each.amount, self.unit)
        what = "a request that was repeated under its key"
        if kind == "charged_for_retry":
            what = "a request that had failed and was sent again"
        sentence = (
            f"{len(paid)} of {len(repeated)} times {what} was charged"
            f"{' again' if kind == 'charged_for_duplicate' else ', and so was the next'}"
        )
        if paid:
            sentence += f": {amount_words(over, self.unit)} in all"
        shown = [each.charge for each in paid]
        amount = over if paid else None
        yield self._note(kind, sentence, shown, len(repeated), amount=amount, good=not paid)

    # ---------------------------------------------------------------------- partial images
    def _partials(self) -> Iterator[BillingNote]:
        """Yield what partial images cost: with them, beside without, at equal size and quality."""
        groups: defaultdict[tuple[str, str], list[tuple[Charge, Decimal]]] = defaultdict(list)
        for charge in self.charges:
            spent, unit = _spent(charge)
            if spent is not None and charge.served and len(charge.served.pictures) == charge.images:
                groups[_alike(charge), unit].append((charge, spent))
        compared: defaultdict[str, list[tuple[Charge, Decimal]]] = defaultdict(list)
        for (_, unit), group in groups.items():
            plain = [spent for charge, spent in group if not _partial_images(charge)]
            for charge, spent in group:
                if plain and _partial_images(charge):
                    more = spent - max(plain)
                    compared[unit].append((charge, max(more, NOTHING)))
        for unit, found in compared.items():
            dearer = [(charge, more) for charge, more in found if more]
            over = sum((more for _, more in dearer), NOTHING)
            verb = "costs" if len(dearer) == 1 else "cost"
            sentence = (
                f"{_of(len(dearer), len(found), 'request')} with partial images {verb} more than"
                " the same without, at equal size and quality"
            )
            number = sum(_partial_images(charge) for charge, _ in dearer)
            as_said = unit == "token" and over == number * self._partial_tokens
            may_be_text = unit == "token" and any(_is_bare_sum(charge) for charge, _ in dearer)
            if dearer:
                sentence += f": {amount_words(over, unit)} for {_n(number, 'partial image')}"
                beside = " and whatever text the sums hold" if may_be_text else ""
                sentence += ", as the maker counts them" if as_said else beside
            charges = [charge for charge, _ in dearer]
            amount = over if dearer else None
            yield self._note(
                "charged_for_partials",
                sentence,
                charges,
                len(found),
                amount=amount,
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
        as_delivered = {id(each.charge.record) for each in short if each.billed == "delivered"}
        compared = [
            (charge, listed)
            for charge in self.charges
            if id(charge.record) not in as_delivered and (listed := _listed(charge)) is not None
        ]
        off = [
            (charge, listed.charged - listed.asked.high)
            for charge, listed in compared
            if not agrees(listed.charged, listed.asked, self.unit, worked=listed.worked)
        ]
        if not compared:
            return
        more = sum((each for _, each in off if each > 0), NOTHING)
        less = -sum((each for _, each in off if each < 0), NOTHING)
        sentence = f"{_of(len(off), len(compared), 'charge')} {'is' if len(off) == 1 else 'are'}"
        sentence += " not what the list asks"
        sides = [(more, "more"), (less, "less")]
        told = [f"{amount_words(each, self.unit)} {word}" for each, word in sides if each]
        sentence += f": {' and '.join(told)} in all" if told else ""
        if self.provider.prices.status != "documented":
            sentence += f" (its list is {self.provider.prices.status})"
        shown = [charge for charge, _ in off]
        amount = more or None
        yield self._note("off_list", sentence, shown, len(compared), amount=amount, good=not off)

    # --------------------------------------------------------------------------------- sums
    def _undelivered(self, charge: Charge, slot: str, amount: Decimal, unit: str) -> None:
        """Note what a request cost for nothing: the same charge counts once."""
        if amount > 0:
            place = charge.case, slot
            _, known = self.undelivered.get(place, (unit, NOTHING))
            self.undelivered[place] = unit, max(known, amount)

    def _sums(self) -> Iterator[BillingNote]:
        by_unit: defaultdict[str, list[tuple[str, Decimal]]] = defaultdict(list)
        for (case, _), (unit, amount) in self.undelivered.items():
            by_unit[unit].append((case, amount))
        for unit, found in by_unit.items():
            cases = {case for case, _ in found}
            shown = [each for each in self.charges if each.case in cases]
            total = sum((amount for _, amount in found), NOTHING)
            sentence = f"{amount_words(total, unit)} {'was' if total == 1 else 'were'} paid for"
            sentence += " what was not delivered"
            if unit == self.unit:
                stated = sum((each.stated or NOTHING for each in self.charges), NOTHING)
                sentence += f", of {amount_words(stated, unit)} in all replies"
            of = len(self.charges)
            yield self._note("paid_undelivered", sentence, shown, of, amount=total, unit=unit)


# ------------------------------------------------------------------------------------ readings
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
