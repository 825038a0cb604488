"""Claims about the output tokens of a served image: whether it has the requested quality."""

from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from harness.checks.check import CheckInput, CheckResult, check, failed, passed, unclear
from harness.core.outcome import Images, Outcome
from harness.core.record import Record
from harness.spec import price
from harness.spec.provider import Operation, Provider
from harness.spec.rules import Arguments, edges

_BETTER = ("medium", "high")

_LEVELS = {"low": 16, "medium": 48, "high": 96}
"""How fine the maker's own calculator draws in each quality."""

_LARGE_PX = 500_000
"""Below this many pixels, how tokens grow with the size is nobody's guess."""

_SLACK = 1.25
"""How much more a pixel may take in low quality from one size to another: gpt-image-1's published
figures keep within 1 %, and medium takes four times as much as low."""


STEADY = "usage does not move with size or quality: nothing follows from it"

_OTHER_SIZE, _OTHER_TOKENS = 1.25, 1.1
"""How many times the pixels of one image another has, and the calculator's tokens of it or the
other way round, that takes other tokens for certain: a wide image may take fewer than a square."""


@dataclass(frozen=True, slots=True, kw_only=True)
class _Made:
    """What one image took: output tokens, and its size in pixels."""

    tokens: float
    width_px: int
    height_px: int

    @property
    def pixels(self) -> int:
        return self.width_px * self.height_px


@check(rank=110, usability=True)
def images_have_the_asked_quality(subject: CheckInput) -> tuple[CheckResult, ...]:
    """A medium or high image takes more output tokens than a low one.

    Compared with the plain request's image, which is low: at its very size. At another one, with
    what the maker's calculator gives for low there, if it gives the plain image's tokens, too; else
    by the pixel where both are large. Partial images cost tokens of their own; then nothing is
    said. Where the counts are the same whatever was drawn, they are no evidence.
    """
    case = subject.case
    quality = case.arguments.get("quality")
    alike = quality in _BETTER and subject.plain.get("quality") == "low"
    if not alike or case.expect == "refuse" or subject.operation.protocol == "responses":
        return ()
    if case.arguments.get("partial_images") or subject.plain.get("partial_images"):
        return ()
    output = _made(subject.operation, subject.outcome, case.arguments)
    low = _made(subject.operation, subject.base, subject.plain)
    if output is None or low is None:
        return ()
    about = subject.about("quality", "one_of")
    message = f"asked for {quality}, {output.tokens:g} output tokens an image"
    if not subject.usage_moves:
        return unclear(f"{message}: {STEADY}", about)
    compared = _as_low(output, low)
    if compared is None:
        return ()
    lower, words = compared
    return (failed if lower else passed)(f"{message}{words}", about)


def _as_low(output: _Made, low: _Made) -> tuple[bool, str] | None:
    """Tell whether an image took no more than low does, in words; None where they are not alike."""
    size = output.width_px, output.height_px
    if size == (low.width_px, low.height_px):
        if output.tokens <= low.tokens:
            return True, " as low takes"
        return False, f", low takes {low.tokens:g}"
    if low.tokens == calculated_tokens("low", low.width_px, low.height_px):
        counted = calculated_tokens("low", *size)
        return output.tokens <= counted, f", low takes {counted} at {size[0]}x{size[1]}"
    if min(output.pixels, low.pixels) < _LARGE_PX:
        return None
    share = (output.tokens / output.pixels) / (low.tokens / low.pixels)
    place = f"{low.width_px}x{low.height_px}"
    digits = 2 if share <= _SLACK else 1
    return share <= _SLACK, f": by the pixel {share:.{digits}f} times what low takes at {place}"


def calculated_tokens(quality: str, width_px: int, height_px: int) -> int:
    """Return the output tokens of one image of gpt-image-2, as the maker's calculator gives them.

    Tokens by the pixel are not constant there: a medium image of 3072x1024 takes hardly more than a
    low one of 816x816. Source: authenticity facts, 1.
    """
    level = _LEVELS[quality]
    short, long = sorted((width_px, height_px))
    steps = (2 * level * short + long) // (2 * long)  # rounds half up
    return -(-(level * steps * (2_000_000 + width_px * height_px)) // 4_000_000)


def _made(operation: Operation, outcome: Outcome | None, arguments: Arguments) -> _Made | None:
    """Return what each image took; None where the reply does not show it.

    An image of another size than requested is not comparable.
    """
    requested, size = price.images_asked(operation, arguments), edges(arguments.get("size"))
    if not isinstance(outcome, Images) or outcome.usage is None or not outcome.usage.output:
        return None
    sizes = {
        (picture.width_px, picture.height_px)
        for picture in outcome.pictures
        if picture.state == "decoded"
    }
    if len(sizes) != 1 or len(outcome.pictures) != requested or (size and sizes != {size}):
        return None
    width_px, height_px = next(iter(sizes))
    if not width_px or not height_px:
        return None
    tokens = outcome.usage.output_parts[0] if outcome.usage.output_parts else outcome.usage.output
    each = tokens / requested
    return _Made(tokens=each, width_px=width_px, height_px=height_px) if each else None


def steady_usage(
    records: Iterable[Record], providers: Mapping[str, Provider]
) -> frozenset[tuple[str, str]]:
    """Return the providers and operations whose images took the same tokens, whatever their sizes.

    Images of one size alone do not show it: there, the same tokens may be the same quality.
    """
    made: defaultdict[tuple[str, str], list[tuple[_Made, int]]] = defaultdict(list)
    for record in records:
        case, provider = record.shot.case, providers[record.shot.case.provider]
        operation = provider.operation(case.operation)
        one = _made(operation, record.outcome, case.arguments)
        if one is not None and not case.arguments.get("partial_images"):
            count = price.images_asked(operation, case.arguments)
            made[case.provider, case.operation].append((one, count))
    return frozenset(place for place, images in made.items() if _is_steady(images))


def _is_steady(made: list[tuple[_Made, int]]) -> bool:
    each = {one.tokens for one, _ in made}
    whole = {one.tokens * count for one, count in made}
    sizes = {(one.pixels, calculated_tokens("low", one.width_px, one.height_px)) for one, _ in made}
    apart = any(
        more >= _OTHER_SIZE * fewer and max(one, other) >= _OTHER_TOKENS * min(one, other)
        for fewer, one in sizes
        for more, other in sizes
    )
    return apart and 1 in (len(each), len(whole))
