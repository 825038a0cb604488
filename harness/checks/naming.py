"""The spellings of a parameter's name and of its values in requests, replies and errors."""

import re

from harness.core.outcome import ErrorReply
from harness.spec.provider import Argument, Operation
from harness.spec.rules import edges, member

IN_WORDS = {
    "size": ("width", "height", "edge", "dimension", "resolution", "pixel", "aspect ratio"),
    "n": ("number of images", "image count", "images per request"),
}
"""What a message may call a parameter instead of its name."""


def names_of(constraint_id: str | None, operation: Operation) -> tuple[str, ...]:
    """Return the names, on the wire and canonical, that an error about a broken rule may blame."""
    constraint = operation.constraint(constraint_id or "")
    if constraint is None or constraint.parameter not in operation.arguments:
        return ()
    names = [constraint.parameter]
    if (partner := constraint.rule.partner) is not None:
        names.append(partner)
    wires = [place for name in names for place in operation.arguments[name].places]
    if operation.upload is not None and operation.upload.argument in names:
        wires.append(operation.upload.file)
    return tuple(dict.fromkeys((*wires, *names)))


def same_name(blamed: str, names: tuple[str, ...]) -> bool:
    """Compare names without indices, case and underscores: one that stands within the other.

    `images[0].image_url` is `images`; `body.size` is `size`; `number_of_images`, `numberOfImages`
    and the object that holds it, `gptImage2Params`, are `gptImage2Params.number_of_images`.
    """
    got = _parts(blamed)
    wanted = filter(None, map(_parts, names if got else ()))
    return any(parts[-1] in got or got == parts[: len(got)] for parts in wanted)


def blames(error: ErrorReply, token: str, operation: Operation) -> bool:
    """Tell whether an error names the very parameter that a token (`n.range=10`) is about."""
    name = token.partition(".")[0]
    argument = operation.arguments.get(name)
    blamed_parts = _parts(error.parameter or "")
    names = (*argument.places, name) if argument else ()
    return any(parts and parts[-1] in blamed_parts for parts in map(_parts, names))


def mentions(message: str, names: tuple[str, ...]) -> bool:
    """Tell whether a message names one of these parameters, or says in words which is meant."""
    phrases = [f"{phrase}s?" for name in names for phrase in IN_WORDS.get(name, ())]
    return _occurrences([*_spellings(names), *phrases], message) > 0


def named_in(text: str, names: tuple[str, ...]) -> int:
    """Count how often a text names a parameter by any of its names."""
    return _occurrences(_spellings(names), text)


def _spellings(names: tuple[str, ...]) -> list[str]:
    lasts = {re.sub(r"\[\d*\]$", "", name.rsplit(".", 1)[-1]) for name in names}
    return [r"[\s_-]?".join(map(re.escape, last.split("_"))) for last in lasts]


def _occurrences(patterns: list[str], text: str) -> int:
    pattern = rf"(?<![a-z0-9_])(?:{'|'.join(patterns)})(?![a-z0-9_])"
    return len(re.findall(pattern, text, re.IGNORECASE)) if patterns else 0


def _parts(name: str) -> tuple[str, ...]:
    words = re.findall(r"[a-z0-9]+", name.replace("_", "").lower())
    return tuple(word for word in words if not word.isdigit())


BACKGROUNDS = ("opaque", "transparent")

_JPEG = frozenset(("jpeg", "jpg", "jpe", "jfif", "mpo"))
"""`mpo` is Pillow's name for a JPEG that carries further pictures (a thumbnail, a depth map)."""


def media_format(name: str) -> str:
    """Return `jpeg` for `JPG`, `.jpg`, `image/jpeg` and Pillow's MPO; other names in lower case."""
    lowered = name.strip().lower().removeprefix("image/").removeprefix(".")
    return "jpeg" if lowered in _JPEG else lowered


def dimensions(size: str) -> str:
    """Return `1024x1024` for `1024X1024`, `1024 x 1024` and the multiplication sign."""
    return "".join(size.lower().replace("\N{MULTIPLICATION SIGN}", "x").split())


def known_value(name: str, spelling: str) -> str:
    """Return a declared or requested value of a parameter in its normal spelling."""
    if name == "output_format":
        return media_format(spelling)
    return dimensions(spelling) if name == "size" else spelling.strip().lower()


def means_something(name: str, declared: str, argument: Argument | None) -> bool:
    """Tell whether a declared value has a documented meaning.

    A size in pixels does; so do the two grounds that an image may have, and a member of the
    documented list. `auto`, or a word of another dialect (`standard`, `hd`), leaves it open: the
    decoded image decides.
    """
    if declared == "auto":
        return False
    if edges(declared) is not None and name == "size":
        return True
    if name == "background" and declared in BACKGROUNDS:
        return True
    listed = argument.one_of if argument else None
    return listed is not None and member(declared, listed.values)
