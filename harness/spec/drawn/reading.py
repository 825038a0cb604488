"""Token arithmetic on one reply: which quality its images were drawn in, and as asked or not."""

from collections.abc import Iterable
from dataclasses import dataclass, replace
from typing import Literal

from harness.core.outcome import Images
from harness.spec.drawn import sentences
from harness.spec.drawn.count import Count, counted
from harness.spec.drawn.delivery import Delivery, asked_model, is_model, sizes_of
from harness.spec.drawn.drawn import Agreement, Drawn
from harness.spec.drawn.money import by_money
from harness.spec.drawn.others import Fitting, of_another
from harness.spec.model import ImageTokens, Model
from harness.spec.provider import Operation, Provider
from harness.spec.rules import Arguments
from harness.spec.rules.lattice import Size, text
from harness.spec.tokens import LARGEST_PRODUCT, Counted, drawn_as, expected, mixed

TEXT_AMONG_THEM = "tokens of text may be among them"
TEXT_AT_MOST = 310
"""Output tokens of text that a reply was seen to count beside its images: 143 to 308."""


def reading(
    provider: Provider,
    operation: Operation,
    arguments: Arguments,
    images: Images,
    *,
    model: Model | None = None,
) -> Drawn | None:
    """Return which quality a reply's images were drawn in, by what it counts or charges.

    None where nothing can be read: the provider's document has no `[model].tokens`, a model was
    asked for that it does not know (among its `others` neither), an image is not decoded, and where
    nothing is counted, nor a charge in US dollars that is the maker's price of one quality alone.
    `arguments` are those of the request; a `model` that is given is meant, whatever they say.
    """
    given = operation.given(arguments)
    if model is None and provider.model is not None:
        model = asked_model(provider.model, operation, given)
    sizes = sizes_of(images.pictures)
    if model is None or model.tokens is None or not sizes:
        return None
    delivery = Delivery(
        provider=provider,
        model=model,
        operation=operation,
        arguments=given,
        images=images,
        sizes=sizes,
    )
    count = counted(operation, given, images.usage)
    if count is None:
        return by_money(delivery, model.tokens)
    if count.with_text and model.tokens.table:
        return None  # gpt-image-1.5 writes text beside an edit, and its sum is no count of images
    return _by_tokens(delivery, model.tokens, count)


@dataclass(frozen=True, slots=True, kw_only=True)
class _Fits:
    """The qualities whose count the tokens are, by what may have been counted."""

    whole: tuple[str, ...]
    """All images that came."""
    ordered: tuple[str, ...] = ()
    """More than came, up to those that were asked for."""
    number: int | None = None
    """How many, then."""
    one: tuple[str, ...] = ()
    """One image of several, or some of several of one size."""
    some: int = 1
    """How many, then."""
    asked_size: tuple[str, ...] = ()
    """Images of the size asked for, where others came."""
    mixtures: tuple[tuple[str, ...], ...] = ()
    """The images that came, not all of one quality."""

    @property
    def delivered(self) -> tuple[str, ...]:
        """Those that fit the pixels that came."""
        return tuple(dict.fromkeys((*self.whole, *self.ordered, *self.one)))

    def way(self, qualities: tuple[str, ...]) -> Literal["whole", "ordered", "one"]:
        """Return which images are counted, as qualities are told; all, where that is not one."""
        only = {*qualities} if len({*qualities}) == 1 else {*self.delivered}
        if only & {*self.whole} or not only:
            return "whole"
        return "ordered" if only & {*self.ordered} else "one"

    @property
    def counting(self) -> Literal["all", "some"] | None:
        """Return whether all images that came are counted, or some; None where it is open."""
        if self.whole and not (self.ordered or self.one or self.asked_size):
            return "all"
        return "some" if self.one and not (self.whole or self.ordered) else None

    @property
    def any_size(self) -> tuple[str, ...]:
        """Those, and what fits the pixels asked for."""
        return (*self.delivered, *self.asked_size)


def _by_tokens(delivery: Delivery, tokens: ImageTokens, count: Count) -> Drawn | None:
    fits = _fits(delivery, tokens, count)
    found = _by_fits(delivery, tokens, count, fits)
    if found is None or found.agreement != "several" or not (fits.whole and fits.one):
        return found
    if_all = _by_fits(delivery, tokens, count, replace(fits, one=()))
    return replace(found, if_all=if_all if if_all and if_all.decides else None)


def _by_fits(delivery: Delivery, tokens: ImageTokens, count: Count, fits: _Fits) -> Drawn | None:
    agreement, qualities = _judged(delivery, fits, count)
    if agreement not in _AGREEING and not _is_listed(tokens, delivery.sizes):
        return None
    another = of_another(delivery, count.tokens) if not fits.any_size else Fitting()
    if (agreement == "none" and another.names) or (fits.mixtures and another.whole):
        agreement, qualities = "other_model", ()
    unnamed = None if qualities else _unnamed(delivery, tokens, count)
    doubts = _doubts(delivery, count, agreement, another)
    if agreement in ("other", "mixed") and not doubts and _is_above(delivery, tokens, count, fits):
        doubts = "more than these images may be counted"
    if not doubts and agreement == "none" and unnamed is None:
        doubts = _text_doubts(delivery, tokens, count)
    agreement = "unclear" if doubts else agreement
    if agreement == "none" and unnamed and delivery.quality is None:
        agreement = "unasked"
    way = fits.way(qualities)
    told = sentences.Told(
        tokens=tokens,
        counted=count.tokens,
        unit=f"{count.tokens:,} tokens",
        qualities=qualities,
        asked_for=fits.number if way == "ordered" else None,
        number=delivery.number,
        some=fits.some if way == "one" else 0,
        of_asked_size=fits.asked_size,
        unnamed=unnamed,
        another="" if qualities else another.told,
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
        counting=fits.counting if len(delivery.sizes) > 1 else None,
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


_AGREEING = ("asked", "part", "asked_size")
"""What the count of the quality asked for is, whatever else a table does not list."""


def _is_listed(tokens: ImageTokens, sizes: tuple[Size, ...]) -> bool:
    """Tell whether it is known what images of these sizes take, in any quality."""
    return any(expected(tokens, name, sizes) is not None for name in tokens.qualities)


def _is_above(delivery: Delivery, tokens: ImageTokens, count: Count, fits: _Fits) -> bool:
    """Tell whether a count that is not of all images is more than the asked quality takes.

    Text that a reply does not tell apart, or a second attempt, may be counted then: who counts too
    much hits some sum of some images by chance.
    """
    if delivery.quality is None or fits.whole or fits.ordered:
        return False
    sizes = delivery.sizes
    ways = [(size,) for size in sizes] if fits.one else [sizes]
    takes = (expected(tokens, delivery.quality, way) for way in ways)
    return any(each is not None and count.tokens > each for each in takes)


def _doubts(delivery: Delivery, count: Count, agreement: Agreement, another: Fitting) -> str:
    """Say why nothing follows from a count; empty where something does."""
    if count.contradicted and (count.impossible or agreement != "asked"):
        return f"the reply contradicts itself: {count.contradicted}"
    if agreement in ("asked", "part", "shown", "unasked", "several"):
        return ""
    if delivery.other_model is not None and not _is_one(delivery.other_model, another):
        return f"the reply names the model {delivery.other_model!r}, which may count otherwise"
    if delivery.names_no_model and agreement in ("none", "mixed", "other_model"):
        return "the request does not name the model that draws"
    if count.with_text and agreement in ("none", "mixed", "other_model"):
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


def _is_one(word: str, models: Fitting) -> bool:
    """Tell whether a reply names the very model whose count it tells."""
    return any(is_model(word, name) for name in models.names)


def _fits(delivery: Delivery, tokens: ImageTokens, count: Count) -> _Fits:
    def of(sizes: tuple[Size, ...]) -> tuple[str, ...]:
        counted = Counted(tokens=count.tokens, images=sizes, partials=delivery.partials)
        return drawn_as(tokens, counted)

    sizes, number, asked = delivery.sizes, delivery.number, delivery.other_size
    each = dict.fromkeys(sizes)
    more, ordered = _numbered(delivery, tokens, count, range(len(sizes) + 1, number + 1))
    some, one = 1, _all(of((size,)) for size in each) if len(sizes) > 1 else ()
    if delivery.quality not in one:
        fewer, few = _numbered(delivery, tokens, count, range(2, len(sizes)))
        some, one = (fewer, (*one, *few)) if delivery.quality in few or not one else (some, one)
    found = _Fits(
        whole=of(sizes),
        ordered=ordered,
        number=more,
        one=one,
        some=some,
        asked_size=_all(of((asked,) * n) for n in {1, len(sizes), number}) if asked else (),
    )
    if found.any_size or (len(each) > 1 and _is_of_some(delivery, tokens, count)):
        return found
    return replace(found, mixtures=_mixtures(delivery, tokens, count))


def _is_of_some(delivery: Delivery, tokens: ImageTokens, count: Count) -> bool:
    """Tell whether images of several sizes may be counted in part, or beside some that never came.

    As a mixture of qualities is read only what is neither.
    """
    if delivery.number > len(delivery.sizes):
        return True
    sums = {0}
    for size in delivery.sizes:
        each = tokens.of_image(delivery.quality or "", *size) or 0
        sums |= {before + each for before in sums}
        if len(sums) > LARGEST_PRODUCT:
            return True  # with more sizes than this, no mixture is looked for either
    return count.tokens in sums


def _numbered(
    delivery: Delivery, tokens: ImageTokens, count: Count, numbers: range
) -> tuple[int, tuple[str, ...]]:
    """Return for how many images of one size the tokens are the count, and of which qualities.

    The number that agrees with the quality asked for comes first: one may have failed that was
    drawn, and a gateway that sends a request in parts may count one part of it. Such numbers are
    only read as that, to acquit; as other qualities only all that were asked for are read.
    """
    if len({*delivery.sizes}) > 1:
        return 0, ()
    size, whole = delivery.sizes[0], (delivery.number, len(delivery.sizes))
    found: list[tuple[int, tuple[str, ...]]] = []
    for number in numbers:
        partials = delivery.partials if number in whole else 0
        counts = Counted(tokens=count.tokens, images=(size,) * number, partials=partials)
        fitting = drawn_as(tokens, counts)
        if fitting and (number == delivery.number or delivery.quality in fitting):
            found.append((number, fitting))
    found.sort(key=lambda each: delivery.quality not in each[1])
    return found[0] if found else (0, ())


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
    shown = delivery.model.shown
    each = {text(size) for size in delivery.sizes}
    return any(
        row.quality == delivery.quality
        and each == {row.size}
        and count.tokens in (row.tokens, row.tokens * len(delivery.sizes))
        for row in shown
    )
