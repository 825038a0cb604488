"""Where a reply holds what is sought: places of images and addresses, as expressions.

The documented place comes first. Where that is empty, an image that was paid for is taken from
wherever else the reply holds it (`images_elsewhere`), and the outcome says where that was.
"""

import re
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from typing import NamedTuple
from urllib.parse import urlsplit

from harness.core.exchange import Picture, Reply
from harness.core.jsonvalue import Json, canonical
from harness.spec.lifecycle import Job

SUGGESTED = 3
"""How many places are named for one expression."""

ADDRESS = re.compile(r"https?://[^\s\"<>](?:[^\s\"<>]|<[^\"<>\n]{1,80}>)*", re.IGNORECASE)
"""What was cut out of a query stands there in brackets: `?Signature=<signature>`."""

A_FILE = re.compile(
    r"\.(png|jpe?g|webp|gif|avif|heic|heif|jxl|tiff?|bmp|svg)([?#]|$)", re.IGNORECASE
)
_NAME = re.compile(r"[A-Za-z_][A-Za-z0-9_]*", re.ASCII)
_HELD = re.compile(r"image|output|result|artifact|sample|picture|photo|media", re.IGNORECASE)
"""Under such names stand images, and addresses of images."""

_AN_ADDRESS = re.compile(r"(^|\.)(url|uri|src)$|(url|uri)s?\[\d+\]$", re.IGNORECASE)
_NO_RESULT = re.compile(
    r"input|reference|mask|request|webhook|callback|argument|param|partial|doc|help|terms|status",
    re.IGNORECASE,
)
"""Under such names stand what was sent, and what is no image at all."""

_SMALLER = re.compile(r"thumb|preview|small|tiny|icon|low_?res", re.IGNORECASE)
_RELATIVE = re.compile(r"(?://|\.{0,2}/)?[^\s\"<>:/][^\s\"<>]*")
_IN_MARKDOWN = re.compile(r"!\[[^\]\n]{0,200}\]\((https?://[^\s\"<>)]{1,2000})\)")
"""An image among an agent's words."""

_BASE64_JPEG = "/9j/"
_ADDRESS_AT_MOST = 4096


Steps = tuple[str | int, ...]
"""Keys and numbers that lead to a value."""


class Elsewhere(NamedTuple):
    """A text that is an image or the address of one, and where it stands: `output[0].image`.

    `beside` is the object in which it stands.
    """

    text: str
    place: str
    beside: dict[str, Json]


def is_address(text: str) -> bool:
    """Tell whether a text may be an address, absolute or relative to that of its reply.

    `//host/path` and `/path` are such, and a name that ends as a file of an image does.
    """
    text = text.strip()
    try:
        urlsplit(text)
    except ValueError:
        return False
    if ADDRESS.fullmatch(text):
        return True
    if len(text) > _ADDRESS_AT_MOST or text.startswith(_BASE64_JPEG):
        return False
    rooted = text.startswith(("/", "./", "../"))
    return bool(_RELATIVE.fullmatch(text) and (rooted or A_FILE.search(text)))


def images_elsewhere(
    document: Json, pictures: Mapping[str, Picture], *, besides: Collection[str] = ()
) -> tuple[Elsewhere, ...]:
    """Return the images of a reply, wherever they stand; of those in one object, the best.

    Images themselves are better than addresses, whole ones better than small ones. `besides` are
    texts that do not count: addresses that the request named, or that a job is asked at.
    """
    inline: list[tuple[Steps, Elsewhere]] = []
    addresses: list[tuple[Steps, Elsewhere]] = []
    for steps, content in values((), document):
        place = expression(steps, general=False)
        if not isinstance(content, str) or _NO_RESULT.search(place):
            continue
        in_words = _IN_MARKDOWN.search(content)
        text = in_words[1] if in_words else content
        one = Elsewhere(text, place, _around(document, steps))
        if text in besides:
            continue
        if text in pictures:
            inline.append((steps, one))
        elif in_words or _may_be_image(place, text):
            addresses.append((steps, one))
    found = inline or addresses
    whole = [one for one in found if not _SMALLER.search(one[1].place)] or found
    by_object: dict[Steps, Elsewhere] = {}
    for steps, one in whole:
        listed = steps and isinstance(steps[-1], int)
        by_object.setdefault(steps if listed else steps[:-1], one)
    return tuple({one.text: one for one in by_object.values()}.values())


def _around(document: Json, steps: Steps) -> dict[str, Json]:
    """Return the object in which a value stands; an empty one where it stands in none."""
    node: Json = document
    held: dict[str, Json] = {}
    for step in steps:
        if isinstance(node, dict):
            held, node = node, node[str(step)]
        elif isinstance(node, list) and isinstance(step, int):
            node = node[step]
    return held


def _may_be_image(place: str, text: str) -> bool:
    if not is_address(text):
        return False
    absolute = ADDRESS.fullmatch(text.strip())
    named = _HELD.search(place) or _AN_ADDRESS.search(place)
    return bool(A_FILE.search(text) or (absolute and named))


def places_of_images(
    reply: Reply, *, besides: Collection[Json] = (), listed: bool = True
) -> tuple[str, ...]:
    """Return expressions that find a reply's images, or addresses that look like such.

    An address looks so that ends like an image's, or stands under a name such as `output`;
    `besides` are texts that do not count. `listed` expressions find every item of a list.
    """

    def fits(place: str, content: Json) -> bool:
        return content not in besides and _is_image(reply, place, content)

    return seen(reply, fits, listed=listed)


def places_of_addresses(
    reply: Reply, *, about: str, besides: Collection[Json] = ()
) -> tuple[str, ...]:
    """Return expressions that find addresses in which a text, like a job's id, stands.

    Those of files, by their ending, are none; `besides` are addresses that do not count.
    """

    def fits(_place: str, content: Json) -> bool:
        if not isinstance(content, str) or content in besides or about not in content:
            return False
        return bool(ADDRESS.fullmatch(content)) and not A_FILE.search(content)

    return seen(reply, fits)


def addresses_of_job(job: Job, reply: Reply) -> frozenset[str]:
    """Return the addresses in a reply at which its job is polled, fetched or cancelled."""
    paths = (*job.poll_url, *job.result_url, *job.cancel_url)
    found = (path.search(reply.document) for path in paths)
    return frozenset(address for address in found if isinstance(address, str))


def seen(
    reply: Reply, fits: Callable[[str, Json], bool], *, listed: bool = False
) -> tuple[str, ...]:
    """Return expressions for the values that fit; `listed` ones find every item of a list."""
    found: dict[str, None] = {}
    for steps, content in values((), reply.document):
        place = expression(steps, general=listed)
        if fits(expression(steps, general=False), content):
            found[place if not listed or "[]" in place else f"[{place}]"] = None
    return tuple(found)[:SUGGESTED]


def values(steps: Steps, node: Json) -> Iterator[tuple[Steps, Json]]:
    """Yield every value below a node that is no list or object, with the keys that lead to it."""
    if isinstance(node, dict):
        for key, inner in node.items():
            yield from values((*steps, key), inner)
    elif isinstance(node, list):
        for place, inner in enumerate(node):
            yield from values((*steps, place), inner)
    elif node is not None and node != "":
        yield steps, node


def expression(steps: Sequence[str | int], *, general: bool) -> str:
    """Return keys as an expression; a `general` one stands for every item of a list."""
    text = ""
    for step in steps:
        if isinstance(step, int):
            text += "[]" if general else f"[{step}]"
        else:
            text += f"{'.' if text else ''}{quoted(step)}"
    return text


def quoted(key: str) -> str:
    """Return a key as an expression names it."""
    return key if _NAME.fullmatch(key) else canonical(key)


def _is_image(reply: Reply, place: str, content: Json) -> bool:
    """Tell whether a text is a decoded image, or an address of what looks like one."""
    if not isinstance(content, str):
        return False
    if content in reply.pictures:
        return True
    if not ADDRESS.fullmatch(content):
        return False
    return bool(A_FILE.search(content) or _HELD.search(place))
