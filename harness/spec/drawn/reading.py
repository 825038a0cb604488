"""Token arithmetic on one reply: which quality its images were drawn in, and as asked or not."""

import re
from collections.abc import Iterable
from dataclasses import dataclass, replace
from functools import cached_property
from typing import TypedDict

from harness.core.exchange import Picture
from harness.core.outcome import Images
from harness.spec import price
from harness.spec.drawn import sentences
from harness.spec.drawn.count import Count, counted, files_sent
from harness.spec.drawn.drawn import Agreement, Drawn
from harness.spec.drawn.money import Paid, pays_for
from harness.spec.model import ImageTokens, Model
from harness.spec.provider import Operation, Provider
from harness.spec.rules import Arguments
from harness.spec.rules.lattice import Size, text
from harness.spec.tokens import Counted, drawn_as, mixed

PARTIALS_AT_MOST = 100
"""More partial images than this are not added up: every count would be that of some quality."""

IMAGES_AT_MOST = 100
"""More images than this are asked for by mistake, and nobody delivers them."""

_DATED = re.compile(r"[-@]\d{4}-?\d{2}-?\d{2}$", re.ASCII)
"""How a snapshot of a model is named: `gpt-image-2-2026-04-21`."""


def reading(
    provider: Provider, operation: Operation, arguments: Arguments, images: Images
) -> Drawn | None:
    """Return which quality a reply's images were drawn in, by what it counts or charges.

    None where nothing can be read: the provider's document has no `[model].tokens`, another model
    was asked for, an image is not decoded, and where nothing is counted, nor a charge in US dollars
    that is the maker's price of one quality alone. `arguments` are those of the request.
    """
    model, given = provider.model, operation.given(arguments)
    sizes = _sizes(images.pictures)
    if model is None or model.tokens is None or not sizes:
        return None
    if not asks_for(model, operation, given):
        return None
    request = _Request(
        provider=provider, operation=operation, arguments=given, images=images, sizes=sizes
    )
    count = counted(operation, given, images.usage)
    if count is not None:
        return _by_tokens(request, model.tokens, count)
    return _by_money(request, model, model.tokens)


def is_model(word: str, name: str) -> bool:
    """Tell whether a word names a model: its maker before it and a date behind change nothing."""
    bare = re.split(r"[/:]", word.strip().lower())[-1]
    return name.lower() in (bare, _DATED.sub("", bare))


class _AsTold(TypedDict):
    sizes: tuple[Size, ...]
    model: str
    asked: str | None
    declared: str | None
    declared_by: str
    asked_size: Size | None


@dataclass(frozen=True, kw_only=True)
class _Request:
    """What was asked for, and what came: the pixels of each image (`sizes`)."""

    provider: Provider
    operation: Operation
    arguments: Arguments
    images: Images
    sizes: tuple[Size, ...]

    def told(self) -> _AsTold:
        """Return what every sentence may name."""
        model = self.provider.model
        return {
            "sizes": self.sizes,
            "model": model.name if model else "the model",
            "asked": self.quality,
            "declared": self.declared,
            "declared_by": "the reply says"
            if self._known(self.images.declared.quality)
            else "the document says that without one it is",
            "asked_size": self.other_size,
        }

    @cached_property
    def number(self) -> int:
        """How many images were asked for; as many as came where that is past all counting."""
        number = price.images_asked(self.operation, self.arguments)
        return number if number <= IMAGES_AT_MOST else len(self.sizes)

    @cached_property
    def quality(self) -> str | None:
        """The quality asked for, where it is one that the model's table knows."""
        return self._known(self.arguments.get("quality"))

    @cached_property
    def declared(self) -> str | None:
        """The quality that the reply names, or that the document takes without one."""
        given = self.arguments.get("quality")
        default = self.operation.default("quality") if given is None else None
        return self._known(self.images.declared.quality) or self._known(default)

    def _known(self, word: object) -> str | None:
        tokens = self.provider.model.tokens if self.provider.model else None
        return word if isinstance(word, str) and tokens and word in tokens.qualities else None

    @cached_property
    def partials(self) -> int:
        """The most partial images that may be counted: those that came, or all asked for."""
        asked = self.arguments.get("partial_images")
        each = asked if isinstance(asked, int) and not isinstance(asked, bool) else 0
        most = max(each * max(self.number, len(self.sizes)), len(self.images.partials))
        return min(max(most, 0), PARTIALS_AT_MOST)

    @cached_property
    def other_size(self) -> Size | None:
        """The size asked for, where an image came in other pixels."""
        size = self.operation.size_px(self.arguments)
        alike = size is None or all(sorted(one) == sorted(size) for one in self.sizes)
        return None if alike else size

    @cached_property
    def other_model(self) -> str | None:
        """The other model that the reply names; an agent's reply names the model of text."""
        word = self.images.declared.model
        if word is None or self.operation.protocol == "responses" or self.provider.model is None:
            return None
        asked = self.arguments.get("model")
        return None if word == asked or is_model(word, self.provider.model.name) else word


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


def _by_tokens(request: _Request, tokens: ImageTokens, count: Count) -> Drawn:
    fits = _fits(request, tokens, count)
    agreement, qualities = _judged(request, fits, count)
    doubts = _doubts(request, count, agreement)
    agreement = "unclear" if doubts else agreement
    unnamed = _unnamed(request, tokens, count)
    if agreement == "none" and unnamed and request.quality is None:
        agreement = "unasked"
    told = sentences.Told(
        tokens=tokens,
        counted=count.tokens,
        unit=f"{count.tokens:,} tokens",
        qualities=qualities,
        asked_for=request.number if fits.ordered and not fits.whole else None,
        one=bool(fits.one) and not (fits.whole or fits.ordered),
        of_asked_size=fits.asked_size,
        unnamed=unnamed,
        **request.told(),
    )
    return Drawn(
        counted=count.tokens,
        sizes=request.sizes,
        qualities=qualities,
        asked=request.quality,
        basis="tokens",
        agreement=agreement,
        sentence=sentences.sentence(agreement, told, doubts),
    )


def _judged(request: _Request, fits: _Fits, count: Count) -> tuple[Agreement, tuple[str, ...]]:
    """Return how a count stands to what was asked for, and the qualities that it is of.

    It is of another quality only where no way to read it agrees with the one asked for.
    """
    asked = request.quality
    if asked is None:
        return _unasked(request, fits)
    if asked in fits.whole or asked in fits.ordered:
        return "asked", (asked,)
    others = tuple(each for each in fits.delivered if each != asked)
    if asked in fits.asked_size or asked in fits.one:
        if others:
            return "several", (asked, *others)
        return ("part", (asked,)) if asked in fits.one else ("asked_size", ())
    if _is_shown(request, count):
        return "shown", others
    return _not_as_asked(fits, others)


def _not_as_asked(fits: _Fits, others: tuple[str, ...]) -> tuple[Agreement, tuple[str, ...]]:
    """Return how a count stands that agrees with what was asked for in no way at all."""
    if len(others) == 1 and not {*fits.asked_size} - {*others}:
        return "other", others
    if others or len(fits.mixtures) > 1:
        return "several", others or _all(fits.mixtures)
    return ("mixed", fits.mixtures[0]) if fits.mixtures else ("none", ())


def _unasked(request: _Request, fits: _Fits) -> tuple[Agreement, tuple[str, ...]]:
    found = fits.delivered
    if not found:
        return ("unasked", fits.mixtures[0]) if fits.mixtures else ("none", ())
    if len(found) > 1:
        return "several", found
    differs = request.declared is not None and request.declared not in found
    return ("declared_other" if differs else "unasked"), found


def _doubts(request: _Request, count: Count, agreement: Agreement) -> str:
    """Say why nothing follows from a count; empty where something does."""
    if count.contradicted and (count.impossible or agreement != "asked"):
        return f"the reply contradicts itself: {count.contradicted}"
    if agreement in ("asked", "part", "shown", "unasked", "several"):
        return ""
    if request.other_model is not None:
        return f"the reply names the model {request.other_model!r}, which may count otherwise"
    if count.with_text and agreement in ("none", "mixed"):
        return "tokens of text may be among them"
    return ""


def _fits(request: _Request, tokens: ImageTokens, count: Count) -> _Fits:
    def of(sizes: tuple[Size, ...]) -> tuple[str, ...]:
        counted = Counted(tokens=count.tokens, images=sizes, partials=request.partials)
        return drawn_as(tokens, counted)

    sizes, number, asked = request.sizes, request.number, request.other_size
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
    return replace(found, mixtures=_mixtures(request, tokens, count))


def _mixtures(request: _Request, tokens: ImageTokens, count: Count) -> tuple[tuple[str, ...], ...]:
    """Return how the images can be of several qualities; partial images count all or not at all.

    Any number of them would make up any count.
    """
    extras = {0, tokens.partial * len(request.images.partials)}
    found = (
        mixed(tokens, Counted(tokens=count.tokens - extra, images=request.sizes))
        for extra in sorted(extras)
    )
    return tuple(dict.fromkeys(mixture for each in found for mixture in each))


def _all(found: Iterable[tuple[str, ...]]) -> tuple[str, ...]:
    return tuple(dict.fromkeys(name for each in found for name in each))


def _unnamed(request: _Request, tokens: ImageTokens, count: Count) -> int | None:
    """Return the level that no quality names and whose count the tokens are."""
    for level in tokens.unnamed:
        each = [tokens.at_level(level, *size) or 0 for size in request.sizes]
        if sum(each) == count.tokens:
            return level
    return None


def _is_shown(request: _Request, count: Count) -> bool:
    """Tell whether the provider's own document shows so many tokens for what was asked for."""
    shown = request.provider.model.shown if request.provider.model else ()
    each = {text(size) for size in request.sizes}
    return any(
        row.quality == request.quality
        and each == {row.size}
        and count.tokens in (row.tokens, row.tokens * len(request.sizes))
        for row in shown
    )


def asks_for(model: Model, operation: Operation, arguments: Arguments) -> bool:
    """Tell whether a request asks for the model; an agent's request names that of text."""
    if operation.protocol == "responses":
        return True
    asked = arguments.get("model", operation.default("model"))
    if asked is None:
        return True
    if not isinstance(asked, str):
        return False
    return is_model(asked, model.name) or _only_word(operation) == asked


def _only_word(operation: Operation) -> str | None:
    """Return the one model that an operation's document lists, whatever it calls it."""
    argument = operation.arguments.get("model")
    values = argument.one_of.values if argument and argument.one_of else ()
    only = values[0] if len(values) == 1 else None
    return only if isinstance(only, str) else None


def _sizes(pictures: Iterable[Picture]) -> tuple[Size, ...]:
    """Return the pixels of each image; none where one is not decoded."""
    sizes = []
    for picture in pictures:
        if picture.state != "decoded" or not picture.width_px or not picture.height_px:
            return ()
        sizes.append((picture.width_px, picture.height_px))
    return tuple(sizes)


def _by_money(request: _Request, model: Model, tokens: ImageTokens) -> Drawn | None:
    """Read a charge: it agrees, or nothing follows.

    A list of fixed prices that is documented says what a request costs, whatever is drawn.
    """
    charge, prices = request.images.charged, request.provider.prices
    if not charge or model.price is None or prices.unit.lower() != model.price.unit:
        return None
    listed = price.listed_price(request.provider, request.operation, request.arguments)
    if prices.status == "documented" and listed is not None:
        return None
    prompt = request.arguments.get("prompt")
    paid = Paid(
        charge=charge,
        sizes=request.sizes,
        prompt_bytes=len(prompt.encode(errors="replace")) if isinstance(prompt, str) else 0,
        references=files_sent(request.operation, request.arguments),
        partials=request.partials,
    )
    found = pays_for(tokens, model.price, paid)
    quality, counted = found or ("", 0)
    agreement: Agreement = "unclear"
    if found:
        agreement = "unasked" if request.quality is None else agreement
        agreement = "asked" if request.quality == quality else agreement
    told = sentences.Told(
        tokens=tokens,
        counted=counted,
        unit=f"{counted:,} tokens, which the charge of {charge} USD pays for,"
        if found
        else f"the {charge} USD charged",
        qualities=(quality,) if found else (),
        verb="charged as",
        **request.told(),
    )
    doubts = "a price is no count" if agreement == "unclear" else ""
    return Drawn(
        counted=counted,
        sizes=request.sizes,
        qualities=told.qualities,
        asked=request.quality,
        basis="money",
        agreement=agreement,
        sentence=sentences.sentence(agreement, told, doubts),
        charge=charge,
    )
