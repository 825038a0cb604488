"""One spelling for values that providers and decoders write in several ways."""

from harness.spec.provider import Argument
from harness.spec.rules import edges, member

_JPEG = frozenset(("jpeg", "jpg", "jpe", "jfif", "mpo"))
"""`mpo` is Pillow's name for a JPEG that carries further pictures (a thumbnail, a depth map)."""


def media_format(said: str) -> str:
    """Return `jpeg` for `JPG`, `.jpg`, `image/jpeg` and Pillow's MPO; other names in lower case."""
    name = said.strip().lower().removeprefix("image/").removeprefix(".")
    return "jpeg" if name in _JPEG else name


def dimensions(said: str) -> str:
    """Return `1024x1024` for `1024X1024`, `1024 x 1024` and the multiplication sign."""
    return "".join(said.lower().replace("\N{MULTIPLICATION SIGN}", "x").split())


def known_value(name: str, said: str) -> str:
    """Return a declared or asked value of a parameter in its one spelling."""
    if name == "output_format":
        return media_format(said)
    return dimensions(said) if name == "size" else said.strip().lower()


def means_something(name: str, value: str, argument: Argument | None) -> bool:
    """Tell whether a declared value says by the documents what the image is.

    A size in pixels does; so does a member of the documented list. `auto`, or a word of another
    dialect (`standard`, `hd`), leaves open what was made: the decoded image has the last word.
    """
    if value == "auto":
        return False
    if edges(value) is not None and name == "size":
        return True
    listed = argument.one_of if argument else None
    return listed is not None and member(value, listed.values)
