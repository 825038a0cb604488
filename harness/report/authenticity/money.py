"""The section `Money`: what was billed, and how each price list stands to the maker's prices."""

from collections.abc import Iterable, Sequence
from decimal import Decimal

from harness.report.authenticity.images import Named, shown_by
from harness.report.authenticity.section import EvidenceSection, EvidenceTable, Point
from harness.report.text import amount_text, money_text
from harness.stats.money.model import (
    BillingNote,
    MakerCost,
    PriceComparison,
    PriceRatio,
)

_LEAD = (
    "How each provider bills, by the charges that its own replies state; and its price list beside"
    " what the maker asks for the tokens of the same image. Amounts are in each provider's own"
    " unit; a rate into US dollars is the user's, and never invented."
)
STATED = "charges_stated"
"""The note that says how many replies state a charge: evidence of how much there is."""

_SIGNIFICANT = 3
_MOST_LINES = 6


def money_section(
    bills: Sequence[BillingNote],
    comparisons: Sequence[PriceComparison],
    costs: Sequence[MakerCost],
    named: Named,
) -> EvidenceSection | None:
    """Return the section; None where there is nothing about money."""
    tables = (*_costs(costs, named), *(_prices(each) for each in comparisons if each.rows))
    notes = (*_bills(bills, named, good=True), *_notes(comparisons))
    points = (*_bills(bills, named, good=False), *_claims(comparisons))
    if not (points or tables or notes):
        return None
    return EvidenceSection(
        id="money",
        title="Bills and price lists",
        lead=_LEAD,
        points=points,
        tables=tables,
        notes=notes,
    )


def bill_lines(bills: Iterable[BillingNote], named: Named) -> tuple[str, ...]:
    """Return a line for each way in which a provider billed for what it did not deliver."""
    found = [note for note in bills if _is_against(note)]
    lines = [f"billed: {named(note.provider)}: {note.sentence}" for note in found[:_MOST_LINES]]
    more = len(found) - _MOST_LINES
    return (*lines, *([f"billed: {more} more notes"] if more > 0 else ()))


def _is_against(note: BillingNote) -> bool:
    return not note.good and note.kind != STATED and note.count > 0


def _bills(bills: Iterable[BillingNote], named: Named, *, good: bool) -> Iterable[Point]:
    for note in bills:
        if _is_against(note) is not good:
            amount = "" if note.amount is None else money_text(note.amount, note.unit)
            yield Point(
                mark="billed" if not good else named(note.provider),
                text=note.sentence if good else f"{named(note.provider)}: {note.sentence}",
                small="; ".join(filter(None, [amount, shown_by(note.cases)])),
                loud=not good,
            )


def _claims(comparisons: Iterable[PriceComparison]) -> Iterable[Point]:
    for comparison in comparisons:
        for claim in comparison.claims:
            yield Point(
                mark=claim.verdict,
                text=claim.sentence,
                small=str(claim.source),
                loud=claim.verdict == "refuted",
            )


def _notes(comparisons: Iterable[PriceComparison]) -> Iterable[Point]:
    for comparison in comparisons:
        for note in comparison.notes:
            yield Point(mark=comparison.title, text=note)


_COST = (
    "provider",
    "images",
    "the maker asks",
    "and for input",
    "charged",
    "in US dollars",
    "of the maker's",
)


def _costs(costs: Sequence[MakerCost], named: Named) -> tuple[EvidenceTable, ...]:
    if not costs:
        return ()
    return (
        EvidenceTable(
            caption="What was charged for the images delivered, and what the maker asks for them",
            head=_COST,
            rows=tuple(_cost(row, named) for row in costs),
            numbers=True,
        ),
    )


def _cost(row: MakerCost, named: Named) -> tuple[str, ...]:
    return (
        named(row.provider),
        f"{row.images:,} of {row.of:,}",
        usd_text(row.maker_usd),
        usd_text(row.input_usd),
        f"{money_text(row.charged, row.unit)}{'' if row.stated else ' (by the price list)'}",
        usd_text(row.usd),
        ratio_text(row.ratio),
    )


_PRICES = (
    *("size", "quality", "list price", "tokens", "the maker asks", "list in US dollars"),
    *("of the maker's", "a unit would be worth"),
)


def _prices(comparison: PriceComparison) -> EvidenceTable:
    rate = f", {comparison.rate_words}" if comparison.rate_words else ""
    maker = f"; {comparison.maker}" if comparison.maker else ""
    return EvidenceTable(
        caption=f"{comparison.title}: its list beside the maker's prices{rate}{maker}",
        head=_PRICES,
        rows=tuple(_price(row) for row in comparison.rows),
        numbers=True,
        folded=True,
    )


def _price(row: PriceRatio) -> tuple[str, ...]:
    tier = f" ({row.tier})" if row.tier and row.tier != row.size else ""
    example = ", its own example" if row.example else ""
    supposed = f", {' and '.join(row.supposed)} supposed" if row.supposed else ""
    return (
        f"{row.size}{tier}{example}{supposed}",
        row.quality,
        money_text(row.listed, row.unit),
        f"{row.tokens:,}",
        usd_text(row.maker_usd),
        usd_text(row.usd),
        ratio_text(row.ratio),
        usd_text(row.usd_per_unit),
    )


def usd_text(amount: Decimal | None) -> str:
    """Return an amount in US dollars with three significant digits at the least: `$0.0527`."""
    if amount is None:
        return "-"
    return f"${amount_text(_rounded(amount))}"


def ratio_text(ratio: Decimal | None) -> str:
    """Return a share of the maker's price with what it takes off: `80 % (-20 %)`."""
    if ratio is None:
        return "-"
    percent = (100 * ratio).quantize(Decimal(1))
    return f"{percent} % ({percent - 100:+} %)"


def _rounded(amount: Decimal) -> Decimal:
    if amount == 0:
        return Decimal(0)
    places = min(max(_SIGNIFICANT - 1 - amount.adjusted(), 2), 6)
    return amount.quantize(Decimal(1).scaleb(-places))
