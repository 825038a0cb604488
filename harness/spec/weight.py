"""How many bytes a provider's replies can have, of what its documents let a request ask for."""

from dataclasses import dataclass

from harness.spec.provider import Argument, Operation, Provider

PIXELS = 8_294_400
"""The largest image of gpt-image-2, for documents that name none that is larger."""

PIXEL_BYTES = 4
"""Of an image that is not compressed at all."""

BESIDE_BYTES = 16 * 1024 * 1024
"""Room for what stands beside images, and for a reply without any."""

MARGIN = 2
"""By how much a bound is above the largest reply that documents allow."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ReplyBounds:
    """The most bytes of one body, unpacked: of a reply to a request, of a result's address."""

    reply_bytes: int
    download_bytes: int


def reply_bounds(provider: Provider | None = None) -> ReplyBounds:
    """Return the bounds of a provider's replies; of what documents commonly allow without one.

    A result's address holds one image, which may have 16 bits a channel.
    """
    operations = tuple(provider.operations.values()) if provider else ()
    image = PIXEL_BYTES * max((PIXELS, *map(_pixels, operations)))
    count = max((10, *map(_images, operations)))
    return ReplyBounds(
        reply_bytes=MARGIN * (count * image * 4 // 3 + BESIDE_BYTES),
        download_bytes=MARGIN * (2 * image + BESIDE_BYTES),
    )


def _pixels(operation: Operation) -> int:
    size = operation.arguments.get("size")
    rule = size.max_pixels if size else None
    return rule.pixels if rule else 0


def _images(operation: Operation) -> int:
    """Return how many images a reply may hold; a stream repeats the last one at its end."""
    partial = _most(operation.arguments.get("partial_images"))
    return max(_most(operation.arguments.get("n")), partial + 2)


def _most(argument: Argument | None) -> int:
    if argument is None:
        return 0
    most = argument.range.max if argument.range else None
    listed = argument.one_of.values if argument.one_of else ()
    return max((int(most or 0), *(count for count in listed if isinstance(count, int))))
