"""Claims about the output tokens of a served image: whether it has the requested quality."""

from dataclasses import dataclass

from harness.checks.check import CheckInput, CheckResult, check, failed, passed
from harness.core.outcome import Images, Outcome
from harness.spec import price
from harness.spec.rules import Arguments, edges

_BETTER = ("medium", "high")

_LARGE_PX = 500_000
"""Below this many pixels, how tokens grow with the size is nobody's guess."""

_SLACK = 1.25
"""How much more a pixel may take in low quality from one size to another: gpt-image-1's published
figures keep within 1 %, and medium takes four times as much as low."""


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

    Compared with the plain request's image, which is low: at its very size, or by the pixel where
    both are large. Partial images cost tokens of their own; then nothing is said.
    """
    case = subject.case
    quality = case.arguments.get("quality")
    alike = quality in _BETTER and subject.plain.get("quality") == "low"
    if not alike or case.expect == "refuse" or subject.operation.protocol == "responses":
        return ()
    if case.arguments.get("partial_images") or subject.plain.get("partial_images"):
        return ()
    output = _made(subject.outcome, case.arguments)
    low = _made(subject.base, subject.plain)
    if output is None or low is None:
        return ()
    about = subject.about("quality", "one_of")
    message = f"asked for {quality}, {output.tokens:g} output tokens an image"
    if (output.width_px, output.height_px) == (low.width_px, low.height_px):
        if output.tokens <= low.tokens:
            return failed(f"{message} as low takes", about)
        return passed(f"{message}, low takes {low.tokens:g}", about)
    if min(output.pixels, low.pixels) < _LARGE_PX:
        return ()
    share = (output.tokens / output.pixels) / (low.tokens / low.pixels)
    place = f"{low.width_px}x{low.height_px}"
    if share <= _SLACK:
        return failed(f"{message}: by the pixel {share:.2f} times what low takes at {place}", about)
    return passed(f"{message}: by the pixel {share:.1f} times what low takes at {place}", about)


def _made(outcome: Outcome | None, arguments: Arguments) -> _Made | None:
    """Return what each image took; None where the reply does not show it.

    An image of another size than requested is not comparable.
    """
    requested, size = price.images_asked(arguments), edges(arguments.get("size"))
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
