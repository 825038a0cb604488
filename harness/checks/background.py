"""Claims about the ground of a served image, read from its alpha channel.

A recording that holds no count of its pixels (one of before it was counted) decides nothing.
"""

from harness.checks.check import (
    Assertion,
    CheckInput,
    CheckResult,
    Reproduced,
    check,
    failed,
    passed,
    unclear,
)
from harness.checks.naming import BACKGROUNDS, media_format
from harness.core.exchange import Picture

_OPENED = (
    'Image = pytest.importorskip("PIL.Image")',
    "opened = [Image.open(io.BytesIO(raw)) for raw in images]",
)
_LINES = {
    "opaque": (
        'grounds = [image.convert("RGBA").getchannel("A") for image in opened]',
        "assert all(ground.getextrema()[0] == 255 for ground in grounds)",
    ),
    "transparent": ("assert all(image.has_transparency_data for image in opened)",),
}


def _background_lines(again: Reproduced) -> tuple[str, ...]:
    requested = str(again.arguments.get("background"))
    return (*_OPENED, *_LINES[requested]) if requested in _LINES else ()


@check(rank=125, assertion=Assertion(lines=_background_lines), usability=True, of_parameters=True)
def images_have_the_asked_background(subject: CheckInput) -> tuple[CheckResult, ...]:
    """An opaque image has no pixel that is not; a transparent one has an alpha channel.

    An alpha channel that hides nothing is an opaque image, too. Under `transparent` it is
    inconclusive: what is drawn may fill the picture, and no document says how much is left clear.
    `auto`, or no word at all, promises neither; a format without alpha cannot be transparent.
    """
    requested = subject.arguments.get("background")
    served = subject.served
    if served is None or requested not in BACKGROUNDS:
        return ()
    decoded = [picture for picture in served.pictures if picture.state == "decoded"]
    if not decoded or (requested == "transparent" and _no_alpha_asked(subject)):
        return ()
    about = subject.about("background", "one_of", "format")
    if requested == "opaque" and all(media_format(picture.format) == "jpeg" for picture in decoded):
        # No evidence: a provider that ignores the word sends the same JPEG.
        return unclear("a JPEG is always opaque: it does not show whether the word counts", about)
    return _judged(str(requested), decoded, about)


def _judged(requested: str, decoded: list[Picture], about: str | None) -> tuple[CheckResult, ...]:
    shown = [ground(picture) for picture in decoded]
    wrong = contradiction(requested, decoded)
    if wrong is not None:
        return failed(f"asked for background {requested}, {wrong}", about)
    if "" in shown:
        return unclear("the alpha channel was not looked at", about)
    if requested == "transparent" and any(picture.alpha_kind == "opaque" for picture in decoded):
        return unclear("transparent asked: there is an alpha channel, and it hides nothing", about)
    return passed(f"background {requested}: {shown[0]}", about)


def contradiction(background: str, pictures: list[Picture]) -> str | None:
    """Say which decoded image cannot have this background; None where each may have it."""
    wrong = ("none",) if background == "transparent" else ("partial", "full")
    for number, picture in enumerate(pictures, 1):
        if picture.alpha_kind in wrong:
            which = f"image {number} of {len(pictures)}" if len(pictures) > 1 else "the image"
            return f"{which} has {ground(picture)}"
    return None


def ground(picture: Picture) -> str:
    """Word what the alpha of an image is; empty where it is not known."""
    match picture.alpha_kind:
        case "none":
            return "no alpha channel"
        case "opaque":
            return "an alpha channel without a clear pixel"
        case "partial" | "full":
            return f"{_percent(picture.translucent_share or 0.0)} of its pixels not opaque"
        case None:
            return ""


def _percent(share: float) -> str:
    return f"{share:.1%}" if share >= 0.001 else "less than 0.1%"  # noqa: PLR2004 - as written


def _no_alpha_asked(subject: CheckInput) -> bool:
    """Tell whether the request named a format that has no alpha, or has it by default."""
    wanted = subject.arguments.get("output_format") or subject.operation.reply.default_format
    return isinstance(wanted, str) and media_format(wanted) == "jpeg"
