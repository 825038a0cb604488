"""The images that a price list is compared for: the sizes and qualities that it tells apart."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from decimal import Decimal

from harness.core.jsonvalue import Json
from harness.spec.model import ImageTokens
from harness.spec.price import images_asked, tier
from harness.spec.price_list import Prices
from harness.spec.provider import Operation, Provider
from harness.spec.rules.choice import OneOf
from harness.spec.rules.lattice import Size, area, edges, text
from harness.spec.rules.size import SizeRule, is_bounded, lattice

PLAIN: tuple[Size, ...] = ((1024, 1024), (1536, 1024), (2048, 1152), (2048, 2048), (3840, 2160))
"""Sizes that people ask for; those that a provider's documents allow are compared."""

SUPPOSED: dict[str, Size] = {"1K": (1024, 1024), "2K": (2048, 1152), "4K": (3840, 2160)}
"""What a class of resolution is taken for where no document names its pixels."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ListedImage:
    """One image that a list has a price for.

    `arguments` ask for it. `amount` is the price where the document works it out itself. `tier` is
    its size class, `supposed` what no document says of it (`size`, `quality`).
    """

    size: Size
    quality: str
    arguments: dict[str, Json] = field(default_factory=dict)
    amount: Decimal | None = None
    tier: str = ""
    supposed: tuple[str, ...] = ()


def generating(provider: Provider) -> Operation:
    """Return the operation that a list is about first: one that generates, where there is one."""
    operations = provider.operations
    made = (name for name in operations if provider.kind(name) == "generate")
    return operations[next(made, next(iter(operations)))]


def listed_images(provider: Provider, tokens: ImageTokens) -> tuple[ListedImage, ...]:
    """Return the images to compare: worked examples, then those of every class of the list.

    An undocumented list that names one price for all sizes (all qualities) is about its defaults
    only: nobody says that others cost as much.
    """
    operation, prices = generating(provider), provider.prices
    found = [*_examples(provider, operation, tokens)]
    for size, asked, supposed_size in _sizes(operation, prices):
        for quality, supposed in _qualities(operation, prices, tokens):
            arguments = dict(asked)
            if not supposed:
                arguments["quality"] = quality
            if "n" in operation.arguments:
                arguments["n"] = 1
            found.append(
                ListedImage(
                    size=size,
                    quality=quality,
                    arguments=arguments,
                    tier=_tier(operation, prices, arguments),
                    supposed=(*supposed_size, *supposed),
                )
            )
    return tuple(found)


def open_examples(provider: Provider) -> Iterator[str]:
    """Yield the worked examples in words that leave the size or the quality open."""
    operation = generating(provider)
    for example in provider.prices.examples:
        if _drawn(operation, example.arguments) is None:
            yield ", ".join(f"{name} {value}" for name, value in example.arguments.items())


def _drawn(operation: Operation, arguments: dict[str, Json]) -> tuple[Size, str] | None:
    """Return what a request draws by the documents; None where it leaves that open."""
    size = operation.size_px(arguments)
    quality = arguments.get("quality", operation.default("quality"))
    return (size, quality) if size is not None and isinstance(quality, str) else None


def _examples(
    provider: Provider, operation: Operation, tokens: ImageTokens
) -> Iterator[ListedImage]:
    for example in provider.prices.examples:
        drawn = _drawn(operation, example.arguments)
        if drawn is not None and drawn[1] in tokens.qualities:
            yield ListedImage(
                size=drawn[0],
                quality=drawn[1],
                amount=example.amount / images_asked(operation, example.arguments),
                tier=_tier(operation, provider.prices, example.arguments),
            )


def _tier(operation: Operation, prices: Prices, arguments: dict[str, Json]) -> str:
    known = tier(prices, operation, arguments) if prices.tiers else arguments.get("resolution")
    return known if isinstance(known, str) else ""


def _depends(prices: Prices, name: str) -> bool:
    """Tell whether a list tells the values of an argument apart."""
    by_size = prices.tiers or any(row.per == "megapixel" for row in prices.rows)
    named = any(name in row.when for row in prices.rows)
    return bool(named or prices.tokens or (name == "size" and by_size))


def _only_default(prices: Prices, name: str) -> bool:
    return prices.status != "documented" and not _depends(prices, name)


def _qualities(
    operation: Operation, prices: Prices, tokens: ImageTokens
) -> Sequence[tuple[str, tuple[str, ...]]]:
    """Return the qualities that are compared, each with what is supposed of it."""
    argument = operation.arguments.get("quality")
    if argument is None:
        return [(name, ("quality",)) for name in tokens.qualities]
    if _only_default(prices, "quality") and argument.default in tokens.qualities:
        return [(str(argument.default), ())]
    named = [*argument.listing, *(row.when.get("quality") for row in prices.rows)]
    listed = [name for name in tokens.qualities if name in named]
    words = [name for name in named if name is not None]
    return [(name, ()) for name in (listed if words else tokens.qualities)]


def _sizes(
    operation: Operation, prices: Prices
) -> Iterator[tuple[Size, dict[str, Json], tuple[str, ...]]]:
    """Yield the sizes that are compared, with how they are asked for and what is supposed."""
    if "size" in operation.arguments:
        for size in _of_argument(operation, prices):
            yield size, {"size": _spelt(operation, size)}, ()
        return
    argument = operation.arguments.get("resolution")
    words = [word for word in argument.listing if word in SUPPOSED] if argument else []
    for word in words:
        yield SUPPOSED[str(word)], {"resolution": word}, ("size",)
    if not words:
        yield PLAIN[0], {}, ("size",)


def _spelt(operation: Operation, size: Size) -> str:
    """Return a size as it is asked for: the word for its pixels, where there is one."""
    words = operation.arguments["size"].word_sizes
    return next((word for word, pixels in words.items() if edges(pixels) == size), text(size))


def _of_argument(operation: Operation, prices: Prices) -> Sequence[Size]:
    argument = operation.arguments["size"]
    usual = operation.size_px({})
    if _only_default(prices, "size") and usual is not None:
        return [usual]
    named = [*(row.when.get("size") for row in prices.rows), *argument.listing]
    pixels = (operation.size_px({"size": word}) for word in named if word is not None)
    listed = {_wide(size): size for size in pixels if size is not None}
    if listed:
        return [*listed.values()]
    rules = [rule for _, rule in argument.rules if isinstance(rule, SizeRule | OneOf)]
    plain = [
        size
        for size in PLAIN
        if all(rule.evaluate(text(size), None) != "violated" for rule in rules)
    ]
    return [*dict.fromkeys([*plain, *_ends(operation, prices)])]


def _ends(operation: Operation, prices: Prices) -> Iterator[Size]:
    """Yield the smallest and the largest size of each class of the list."""
    argument = operation.arguments["size"]
    grid = lattice(argument) if is_bounded(argument) else None
    classes: dict[str, list[Size]] = {}
    for size in grid.sizes if grid else ():
        if size[0] >= size[1]:
            classes.setdefault(_tier(operation, prices, {"size": text(size)}), []).append(size)
    for sizes in classes.values():
        yield min(sizes, key=lambda size: (area(size), size))
        yield max(sizes, key=lambda size: (area(size), size))


def _wide(size: Size) -> Size:
    return max(size), min(size)
