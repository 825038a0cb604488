"""Token arithmetic on one reply: which quality its images were drawn in, and as asked or not."""

from collections.abc import Iterable
from dataclasses import dataclass, replace

from harness.core.outcome import Images
from harness.spec import price
from harness.spec.drawn import sentences
from harness.spec.drawn.count import Count, counted, files_sent
from harness.spec.drawn.delivery import Delivery, asks_for, sizes_of
from harness.spec.drawn.drawn import Agreement, Drawn
from harness.spec.drawn.money import Paid, pays_for
from harness.spec.model import ImageTokens, Model
from harness.spec.provider import Operation, Provider
from harness.spec.rules import Arguments
from harness.spec.rules.lattice import Size, text
from harness.spec.tokens import Counted, drawn_as, expected, mixed

TEXT_AMONG_THEM = "tokens of text may be among them"
TEXT_AT_MOST = 310
"""Output tokens of text that a reply was seen to count beside its images: 143 to 308."""


def reading(
    provider: Provider, operation: Operation, arguments: Arguments, images: Images
) -> Drawn | None:
    """Return which quality a reply's images were drawn in, by what it counts or charges.

    None where nothing can be read: the provider's document has no `[model].tokens`, another model
    was asked for, an image is not decoded, and where nothing is counted, nor a charge in US dollars
    that is the maker's price of one quality alone. `arguments` are those of the request.
    """
    model, given = provider.model, operation.given(arguments)
    sizes = sizes_of(images.pictures)
    if model is None or model.tokens is None or not sizes:
        return None
    if not asks_for(model, operation, given):
        return None
    delivery = Delivery(
        provider=provider, operation=operation, arguments=given, images=images, sizes=sizes
    )
    count = counted(operation, given, images.usage)
    if count is not None:
        return _by_tokens(delivery, model.tokens, count)
    return _by_money(delivery, model, model.tokens)


@dataclass(frozen=True, slots=True, kw_only=True)
class _Fits:
    """The qualities whose count the tokens are, by what may have been counted."""

    whole: tuple[str, ...]
    """All images that came."""
    ordered: tuple[str, ...] = ()
    """All that were asked for, where fewer came."""
    one: tuple[str, ...] = ()
    """One image of several."""
    asked_size: tuple[str, ...] = ()
    """Images of the size asked for, where others came."""
    mixtures: tuple[tuple[str, ...], ...] = ()
    """The images that came, not all of one quality."""

    @property
    def delivered(self) -> tuple[str, ...]:
        """Those that fit the pixels that came."""
        return tuple(dict.fromkeys((*self.whole, *self.ordered, *self.one)))


def _by_tokens(delivery: Delivery, tokens: ImageTokens, count: Count) -> Drawn:
    fits = _fits(delivery, tokens, count)
    agreement, qualities = _judged(delivery, fits, count)
    unnamed = None if qualities else _unnamed(delivery, tokens, count)
    doubts = _doubts(delivery, count, agreement)
    if not doubts and agreement == "none" and unnamed is None:
        doubts = _text_doubts(delivery, tokens, count)
    agreement = "unclear" if doubts else agreement
    if agreement == "none" and unnamed and delivery.quality is None:
        agreement = "unasked"
    told = sentences.Told(
        tokens=tokens,
        counted=count.tokens,
        unit=f"{count.tokens:,} tokens",
        qualities=qualities,
        asked_for=delivery.number if fits.ordered and not fits.whole else None,
        one=bool(fits.one) and not (fits.whole or fits.ordered),
        of_asked_size=fits.asked_size,
        unnamed=unnamed,
        **delivery.facts(),
    )
    return Drawn(
        counted=count.tokens,
        sizes=delivery.sizes,
        qualities=qualities,
        asked=delivery.quality,
        basis="tokens",
        agreement=agreement,
        sentence=sentences.sentence(agreement, told, doubts),
    )


def _judged(delivery: Delivery, fits: _Fits, count: Count) -> tuple[Agreement, tuple[str, ...]]:
    """Return how a count stands to what was asked for, and the qualities that it is of.

    It is of another quality only where no way to read it agrees with the one asked for.
    """
    asked = delivery.quality
    if asked is None:
        return _unasked(delivery, fits)
    if asked in fits.whole or asked in fits.ordered:
        return "asked", (asked,)
    others = tuple(each for each in fits.delivered if each != asked)
    if asked in fits.asked_size or asked in fits.one:
        if others:
            return "several", (asked, *others)
        return ("part", (asked,)) if asked in fits.one else ("asked_size", ())
    if _is_shown(delivery, count):
        return "shown", others
    return _not_as_asked(fits, others)


def _not_as_asked(fits: _Fits, others: tuple[str, ...]) -> tuple[Agreement, tuple[str, ...]]:
    """Return how a count stands that agrees with what was asked for in no way at all."""
    if len(others) == 1 and not {*fits.asked_size} - {*others}:
        return "other", others
    if others or len(fits.mixtures) > 1:
        return "several", others or _all(fits.mixtures)
    return ("mixed", fits.mixtures[0]) if fits.mixtures else ("none", ())


def _unasked(delivery: Delivery, fits: _Fits) -> tuple[Agreement, tuple[str, ...]]:
    found = fits.delivered
    if not found:
        return ("unasked", fits.mixtures[0]) if fits.mixtures else ("none", ())
    if len(found) > 1:
        return "several", found
    differs = delivery.declared is not None and delivery.declared not in found
    return ("declared_other" if differs else "unasked"), found


def _doubts(delivery: Delivery, count: Count, agreement: Agreement) -> str:
    """Say why nothing follows from a count; empty where something does."""
    if count.contradicted and (count.impossible or agreement != "asked"):
        return f"the reply contradicts itself: {count.contradicted}"
    if agreement in ("asked", "part", "shown", "unasked", "several"):
        return ""
    if delivery.other_model is not None:
        return f"the reply names the model {delivery.other_model!r}, which may count otherwise"
    if delivery.names_no_model and agreement in ("none", "mixed"):
        return "the request does not name the model that draws"
    if count.with_text and agreement in ("none", "mixed"):
        return TEXT_AMONG_THEM
    return ""


def _text_doubts(delivery: Delivery, tokens: ImageTokens, count: Count) -> str:
    """Say that a bare sum may hold text: where it is a little above what was asked for."""
    names = (delivery.quality,) if delivery.quality else tokens.qualities
    for name in names if count.bare else ():
        each = expected(tokens, name, delivery.sizes)
        for partials in range(delivery.partials + 1) if each is not None else ():
            if 0 < count.tokens - (each or 0) - partials * tokens.partial <= TEXT_AT_MOST:
                return TEXT_AMONG_THEM
    return ""


def _fits(delivery: Delivery, tokens: ImageTokens, count: Count) -> _Fits:
    def of(sizes: tuple[Size, ...]) -> tuple[str, ...]:
        counted = Counted(tokens=count.tokens, images=sizes, partials=delivery.partials)
        return drawn_as(tokens, counted)

    sizes, number, asked = delivery.sizes, delivery.number, delivery.other_size
    each = dict.fromkeys(sizes)
    whole = of(sizes)
    ordered = of(sizes[:1] * number) if number > len(sizes) and len(each) == 1 else ()
    one = _all(of((size,)) for size in each) if len(sizes) > 1 else ()
    found = _Fits(
        whole=whole,
        ordered=ordered,
        one=one,
        asked_size=_all(of((asked,) * n) for n in {len(sizes), number}) if asked else (),
    )
    if found.delivered or found.asked_size:
        return found
    return replace(found, mixtures=_mixtures(delivery, tokens, count))


def _mixtures(delivery: Delivery, tokens: ImageTokens, count: Count) -> tuple[tuple[str, ...], ...]:
    """Return how the images can be of several qualities; partial images count all or not at all.

    Any number of them would make up any count.
    """
    extras = {0, tokens.partial * len(delivery.images.partials)}
    found = (
        mixed(tokens, Counted(tokens=count.tokens - extra, images=delivery.sizes))
        for extra in sorted(extras)
    )
    return tuple(dict.fromkeys(mixture for each in found for mixture in each))


def _all(found: Iterable[tuple[str, ...]]) -> tuple[str, ...]:
    return tuple(dict.fromkeys(name for each in found for name in each))


def _unnamed(delivery: Delivery, tokens: ImageTokens, count: Count) -> int | None:
    """Return the level that no quality names and whose count the tokens are."""
    for level in tokens.unnamed:
        each = [tokens.at_level(level, *size) or 0 for size in delivery.sizes]
        if sum(each) == count.tokens:
            return level
    return None


def _is_shown(delivery: Delivery, count: Count) -> bool:
    """Tell whether the provider's own document shows so many tokens for what was asked for."""
    shown = delivery.provider.model.shown if delivery.provider.model else ()
    each = {text(size) for size in delivery.sizes}
    return any(
        row.quality == delivery.quality
        and each == {row.size}
        and count.tokens in (row.tokens, row.tokens * len(delivery.sizes))
        for row in shown
    )


def _by_money(delivery: Delivery, model: Model, tokens: ImageTokens) -> Drawn | None:
    """Read a charge: it agrees, or nothing follows.

    A list of fixed prices that is documented says what a delivery costs, whatever is drawn.
    """
    charge, prices = delivery.images.charged, delivery.provider.prices
    if not charge or model.price is None or prices.unit.lower() != model.price.unit:
        return None
    listed = price.listed_price(delivery.provider, delivery.operation, delivery.arguments)
    if prices.status == "documented" and listed is not None:
        return None
    prompt = delivery.arguments.get("prompt")
    paid = Paid(
        charge=charge,
        sizes=delivery.sizes,
        prompt_bytes=len(prompt.encode(errors="replace")) if isinstance(prompt, str) else 0,
        references=files_sent(delivery.operation, delivery.arguments),
        partials=delivery.partials,
    )
    found = pays_for(tokens, model.price, paid)
    quality, counted = found or ("", 0)
    agreement: Agreement = "unclear"
    if found:
        agreement = "unasked" if delivery.quality is None else agreement
        agreement = "asked" if delivery.quality == quality else agreement
    told = sentences.Told(
        tokens=tokens,
        counted=counted,
        unit=f"{counted:,} tokens, which the charge of {charge} USD pays for,"
        if found
        else f"the {charge} USD charged",
        qualities=(quality,) if found else (),
        verb="charged as",
        **delivery.facts(),
    )
    doubts = "a price is no count" if agreement == "unclear" else ""
    return Drawn(
        counted=counted,
        sizes=delivery.sizes,
        qualities=told.qualities,
        asked=delivery.quality,
        basis="money",
        agreement=agreement,
        sentence=sentences.sentence(agreement, told, doubts),
        charge=charge,
    )
