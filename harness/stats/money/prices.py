"""Every price list beside the maker's own prices, for the same images; nothing is sent."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal

from harness.core.money import currency
from harness.core.rate import Rate, rate_of
from harness.spec.model import Claim, ImageTokens, MakerPrices, Model
from harness.spec.price import listed_price
from harness.spec.provider import Provider
from harness.spec.rules.lattice import area, edges, text
from harness.stats.money.claims import judged_claims
from harness.stats.money.listed import (
    ListedImage,
    generating,
    listed_images,
    open_examples,
)
from harness.stats.money.model import PriceComparison, PriceRatio

BASIS = (
    "An image's price by the list, beside what the maker asks for the tokens that it takes. Input"
    " (the prompt, reference images) is left out; so is what the maker takes off for batches and"
    " cached input."
)
"""What every row is about; a table is read with it."""

NO_MODEL = (
    "not compared: its TOML has no [model] with the maker's price and tokens; copy that table from"
    " a shipped provider's TOML if it sells the same model"
)


def compare_prices(
    providers: Iterable[Provider], rates: Mapping[str, Rate], *, on: date
) -> tuple[PriceComparison, ...]:
    """Return each provider's list beside the maker's prices, with what is claimed of it.

    `rates` say by provider what a unit of its list is worth, as the user knows it; `on` is the day
    from which their age is counted. Without a rate for it, a list in a unit of its own has no
    ratio, and none is invented.
    """
    return tuple(_compared(provider, rates, on) for provider in providers)


def price_comparison(provider: Provider, rates: Mapping[str, Rate]) -> tuple[PriceRatio, ...]:
    """Return a provider's prices beside the maker's: its worked examples, then its list's classes.

    Of each size class: the smallest and the largest size, and plain ones; of a list that tells no
    sizes apart, the same of all sizes. Each size stands in one orientation.
    """
    return _rows(provider, rates)[0]


def _compared(provider: Provider, rates: Mapping[str, Rate], on: date) -> PriceComparison:
    unit, model, rate = provider.prices.unit, provider.model, _rate(provider, rates)
    words = rate.describe(unit, on) if rate else ""
    rows, notes = _rows(provider, rates)
    return PriceComparison(
        provider=provider.name,
        title=provider.title,
        unit=unit,
        maker=_maker(model) if model and rows else "",
        rows=rows,
        claims=judged_claims(provider, model.claim if model else (), rows, rate=words),
        rate=rate,
        rate_words=words,
        notes=(*notes, *_unused(provider, rates)),
    )


def _maker(model: Model) -> str:
    price = model.price
    if price is None:
        return ""
    return (
        f"{model.name}: {price.image_output.normalize():f} usd for {price.per:,} tokens of images,"
        f" {price.text_input.normalize():f} of a prompt's text, which is left out ({model.source})"
    )


def _rate(provider: Provider, rates: Mapping[str, Rate]) -> Rate | None:
    unit = provider.prices.unit
    return None if currency(unit) == "usd" else rate_of(provider.name, unit, rates)


def _unused(provider: Provider, rates: Mapping[str, Rate]) -> Iterator[str]:
    """Say of a rate why it is not used."""
    unit, rate = provider.prices.unit, rates.get(provider.name)
    if rate is not None and currency(unit) == "usd":
        yield "its rate is not used: the list is in US dollars"
    elif rate is not None and not rate.of_unit(unit):
        yield f"its rate is not used: it is for 1 {rate.unit}, and the list is in {unit}"


def _rows(
    provider: Provider, rates: Mapping[str, Rate]
) -> tuple[tuple[PriceRatio, ...], tuple[str, ...]]:
    """Return the rows, and in sentences why there are none or what they suppose."""
    model, rate = provider.model, _rate(provider, rates)
    if model is None or not model.tokens or not model.price or not model.price.image_output:
        return (), (NO_MODEL,)
    if provider.prices.unit == "image" and rate is None:
        word = f"--exchange-rate {provider.name}=USD"
        return (), (f"no price list: it counts images; {word} says what one costs you",)
    beside = _BesideMaker(provider=provider, tokens=model.tokens, price=model.price, rate=rate)
    images = listed_images(provider, model.tokens)
    found: dict[tuple[str, str], PriceRatio] = {}
    for image in images:
        row = beside.row(image, model.claim)
        if row is not None:
            found.setdefault((row.size, row.quality), row)
    rows = _ordered(provider, found.values(), model.tokens.qualities)
    return rows, (*_notes(provider, rows, rate), *beside.unknown(images, rows))


def _ordered(
    provider: Provider, rows: Iterable[PriceRatio], qualities: Sequence[str]
) -> tuple[PriceRatio, ...]:
    """Return rows by size class, size and quality, each from the smallest on."""
    classes = [tier.name for tier in provider.prices.tiers]

    def place(row: PriceRatio) -> tuple[int, int, str, int]:
        of_class = classes.index(row.tier) if row.tier in classes else 0
        pixels = area(edges(row.size) or (0, 0))
        return of_class, pixels, row.size, qualities.index(row.quality)

    return tuple(sorted(rows, key=place))


@dataclass(frozen=True, slots=True, kw_only=True)
class _BesideMaker:
    """Prices an image by a provider's list and at the maker."""

    provider: Provider
    tokens: ImageTokens
    price: MakerPrices
    rate: Rate | None

    def row(self, image: ListedImage, claims: Sequence[Claim]) -> PriceRatio | None:
        """Return an image's prices; None where either of them is not known."""
        tokens = self.tokens.of_image(image.quality, *image.size)
        listed = None if tokens is None else self._listed(image, tokens)
        if tokens is None or listed is None:
            return None
        prices = self.provider.prices
        maker_usd = tokens * self.price.image_output / self.price.per
        in_usd = currency(prices.unit) == "usd"
        usd = listed if in_usd else None
        if self.rate is not None:
            usd = listed * self.rate.usd
        claimed = next(
            (each.share for each in claims if image.quality in (each.qualities or image.quality)),
            None,
        )
        share = Decimal(1) if claimed is None else claimed
        return PriceRatio(
            provider=self.provider.name,
            size=text(image.size),
            quality=image.quality,
            listed=listed,
            unit=prices.unit,
            tokens=tokens,
            maker_usd=maker_usd,
            usd=usd,
            ratio=usd / maker_usd if usd is not None and maker_usd else None,
            usd_per_unit=maker_usd * share / listed if listed and not in_usd else None,
            claimed=claimed,
            tier=image.tier,
            example=image.amount is not None,
            supposed=image.supposed,
        )

    def _listed(self, image: ListedImage, tokens: int) -> Decimal | None:
        """Return what the list asks for an image; None where only a reply tells."""
        if image.amount is not None:
            return image.amount
        prices, kinds = self.provider.prices, {}
        drawn = Decimal(0)
        if prices.tokens is not None:
            kinds = prices.tokens.kinds
            each = kinds.get("image_output", kinds.get("output"))
            if each is None:
                return None
            drawn = tokens * each
        of_rows = prices.model_copy(update={"tokens": None})
        known = self.provider.model_copy(update={"prices": of_rows})
        amount = listed_price(known, generating(self.provider), image.arguments)
        return None if amount is None else amount + drawn

    def unknown(self, images: Sequence[ListedImage], rows: Sequence[PriceRatio]) -> Iterator[str]:
        """Say why nothing is compared, where that is so."""
        if rows:
            return
        if not images:
            yield "not compared: it names no quality that the maker has"
        elif any(row.per == "second" for row in self.provider.prices.rows):
            yield "not compared: it asks by the second, which only a reply counts"
        else:
            yield "not compared: of its sizes the maker's tokens are not known"


def _notes(provider: Provider, rows: Sequence[PriceRatio], rate: Rate | None) -> Iterator[str]:
    prices = provider.prices
    if not rows:
        return
    if rate is None and currency(prices.unit) != "usd":
        yield (
            f"no rate is known for 1 {prices.unit}: with one in [rates] of harness.toml, or"
            f" --exchange-rate {provider.name}=USD, it is compared in US dollars"
        )
    if prices.status != "documented" and prices.tokens is None:
        yield f"its prices are {prices.status}" + (f": {prices.note}" if prices.note else "")
    supposed = dict.fromkeys(name for row in rows for name in row.supposed)
    if supposed:
        what = " and ".join("pixels" if name == "size" else name for name in supposed)
        sizes = ", ".join(dict.fromkeys(row.size for row in rows))
        yield f"its documents do not say the {what} of an image; supposed: " + (
            sizes if "size" in supposed else "each quality in turn"
        )
    skipped = [*open_examples(provider)]
    if skipped and len(skipped) < len(prices.examples):
        yield f"left out, for it leaves open what is drawn: the example {'; '.join(skipped)}"
    if all(row.ratio == 1 for row in rows):
        yield "it asks what the maker asks"
    if len(rows) == 1 and provider.model and provider.model.price:
        yield from _besides(rows[0], provider.model.price)


def _besides(row: PriceRatio, price: MakerPrices) -> Iterator[str]:
    """Say what a price holds that is a little more than the image drawn."""
    more = (row.usd or 0) - row.maker_usd
    if currency(row.unit) == "usd" and 0 < more < row.maker_usd / 10:
        tokens = (more * price.per / price.text_input).quantize(Decimal(1))
        yield (
            f"{row.listed.normalize():f} usd is {row.tokens:,} tokens drawn"
            f" ({row.maker_usd.normalize():f}) and {more.normalize():f} besides, as much as"
            f" {tokens:,} tokens of text at the maker"
        )
