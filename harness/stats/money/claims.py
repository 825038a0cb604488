"""What a list and the maker's prices say of a sentence like "about 80 % of the maker's price"."""

from collections import defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from decimal import Decimal
from operator import itemgetter
from typing import Literal

from harness.core.money import currency, unit_of
from harness.spec.model import Claim
from harness.spec.provider import Provider
from harness.stats.money.model import ClaimVerdict, PriceRatio

_SHOWN = 4
"""How many prices a sentence names at most."""

Span = tuple[Decimal, Decimal]


def judged_claims(
    provider: Provider, claims: Sequence[Claim], rows: Sequence[PriceRatio], *, rate: str | None
) -> tuple[ClaimVerdict, ...]:
    """Return what the compared prices say of each claim; `rate` is the rate behind them, in words.

    Prices of supposed images say nothing of it.
    """
    return tuple(_judged(provider, claim, rows, rate or "") for claim in claims)


def _judged(
    provider: Provider, claim: Claim, rows: Sequence[PriceRatio], rate: str
) -> ClaimVerdict:
    spoken_of = [
        row
        for row in rows
        if not row.supposed and (not claim.qualities or row.quality in claim.qualities)
    ]
    listed = provider.prices
    apart = listed.tokens is not None or any(
        "size" in row.when or row.per == "megapixel" for row in listed.rows
    )
    prices = _Prices(claim=claim, rows=spoken_of, rate=rate, unit=listed.unit, sizes_apart=apart)
    verdict, why = prices.judged()
    low, high = prices.worth
    return ClaimVerdict(
        provider=provider.name,
        says=claim.says,
        source=str(claim.source),
        share=claim.share,
        within=claim.within,
        verdict=verdict,
        sentence=f'{provider.title} says "{claim.says}": {verdict}. {why}',
        low_usd=low,
        high_usd=high,
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class _Prices:
    """The prices that a claim speaks of; `sizes_apart` tells whether the list has one by size."""

    claim: Claim
    rows: Sequence[PriceRatio]
    rate: str
    unit: str
    sizes_apart: bool

    @property
    def least(self) -> Decimal:
        return max(self.claim.share - self.claim.within, Decimal(0))

    @property
    def most(self) -> Decimal:
        return self.claim.share + self.claim.within

    @property
    def range_words(self) -> str:
        least, most = (f"{share.normalize():f}" for share in (self.least, self.most))
        return f"{least} to {most} of the maker's price"

    @property
    def decisive(self) -> list[list[PriceRatio]]:
        """Prices in groups, one of each has to be in range: worked examples, else whole classes.

        An example stands for itself, and so does the price of one size. A class of sizes with one
        price is an average at best: any of its sizes may be the one that is meant.
        """
        alone = [[row] for row in self.rows if row.example or self.sizes_apart]
        examples = [group for group in alone if group[0].example]
        if alone:
            return examples or alone
        classes: defaultdict[tuple[str, str, Decimal], list[PriceRatio]] = defaultdict(list)
        for row in self.rows:
            classes[row.tier, row.quality, row.listed].append(row)
        return [*classes.values()]

    @property
    def basis(self) -> str:
        return "worked examples" if any(row.example for row in self.rows) else "list prices"

    @property
    def worth(self) -> tuple[Decimal | None, Decimal | None]:
        """From what to what a unit has to be worth for the claim to be true; None: no worth does.

        Also None where the list is in US dollars.
        """
        if currency(self.unit) == "usd" or not self.rows:
            return None, None
        spans = [*map(self._span, self.decisive)]
        known = [span for span in spans if span is not None]
        if len(known) < len(spans):
            return None, None
        low, high = max(low for low, _ in known), min(high for _, high in known)
        return (low, high) if low <= high else (None, None)

    def _span(self, group: Sequence[PriceRatio]) -> Span | None:
        """Return what a unit is worth where a group is in range; None for what is free."""
        if not all(row.listed for row in group):
            return None
        each = [row.maker_usd / row.listed for row in group]
        return self.least * min(each), self.most * max(each)

    def judged(self) -> tuple[Literal["proven", "refuted", "undecided"], str]:
        """Return the verdict and why, in sentences."""
        if not self.rows:
            return "undecided", "No price of its list could be compared with the maker's."
        ratios = [row.ratio for row in self.rows]
        if None in ratios:
            return self._at_any_rate()
        return self._at_the_rate()

    def _at_any_rate(self) -> tuple[Literal["refuted", "undecided"], str]:
        low, high = self.worth
        if low is None or high is None:
            implied = "; ".join(self._implied())
            return "refuted", (
                f"Its own {self.basis} imply 1 {self.unit} = {implied}: no exchange rate puts all"
                f" of them at {self.range_words}."
            )
        return "undecided", (
            f"By its {self.basis} it is true only where 1 {self.unit} is worth {dollars(low)} to"
            f" {dollars(high)} ({self.range_words}), and no rate is known."
        )

    def _implied(self) -> Iterator[str]:
        """Yield what a unit is worth by the claim, by each price: the furthest apart first."""
        rows = [row for group in self.decisive for row in group if row.listed]
        worth = [(row.maker_usd * self.claim.share / row.listed, row) for row in rows]
        ranked = sorted(worth, key=itemgetter(0), reverse=True)
        shown = ranked if len(ranked) <= _SHOWN else [*ranked[:2], *ranked[-2:]]
        for usd, row in shown:
            amount = f"{row.listed.normalize():f} {unit_of(row.listed, self.unit)}"
            yield f"{dollars(usd)} ({row.size} {row.quality}, {amount})"
        for row in (row for group in self.decisive for row in group if not row.listed):
            yield f"nothing, for it is free ({row.size} {row.quality})"

    def _at_the_rate(self) -> tuple[Literal["proven", "refuted", "undecided"], str]:
        groups = self.decisive
        in_range = [[self._fits(row) for row in group] for group in groups]
        at = f"At {self.rate}, its" if self.rate else "Its"
        stand = f"{at} {self.basis} stand at {self._spread(groups)} of the maker's price"
        if not all(map(any, in_range)):
            none = ""
            if self.worth == (None, None) and self.rate:
                none = ", and no other exchange rate would do"
            off = [group[0] for group, fits in zip(groups, in_range, strict=True) if not any(fits)]
            named = ", ".join(
                f"{row.size} {row.quality} at {figure(row.ratio or Decimal(0))}"
                for row in off[:_SHOWN]
            )
            return "refuted", f"{stand}; outside {self.range_words}: {named}{none}."
        if all(map(all, in_range)):
            others = [row for row in self.rows if not row.example and not self._fits(row)]
            more = f"; other sizes stand at {self._spread([others])}" if others else ""
            return "proven", f"{stand}, all within {self.range_words}{more}."
        return "undecided", (
            f"{stand}: sizes of one price are within {self.range_words} and outside it, and the"
            " sentence does not say which it is about."
        )

    def _fits(self, row: PriceRatio) -> bool:
        return row.ratio is not None and self.least <= row.ratio <= self.most

    def _spread(self, groups: Sequence[Sequence[PriceRatio]]) -> str:
        ratios = [row.ratio or Decimal(0) for group in groups for row in group]
        low, high = figure(min(ratios)), figure(max(ratios))
        return low if low == high else f"{low} to {high}"


def figure(number: Decimal) -> str:
    """Return a ratio with three digits that say something: `0.803`, `12.4`."""
    return f"{_rounded(number, 3):f}"


def dollars(amount: Decimal) -> str:
    """Return an amount in US dollars with two digits that say something: `$0.0082`, `$1.5`."""
    return f"${_rounded(amount, 2):f}"


def _rounded(number: Decimal, digits: int) -> Decimal:
    if not number:
        return Decimal(0)
    step = Decimal(1).scaleb(min(number.adjusted() - digits + 1, 0))
    return number.quantize(step)
