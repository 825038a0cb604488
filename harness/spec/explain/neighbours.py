"""Values near one that a rule forbids: what might stand in a valid request instead of it.

These are proposals, nearest first; `harness.spec.explain.nearest` proves what it takes of them.
"""

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from difflib import SequenceMatcher
from math import isfinite, isqrt

from harness.core.jsonvalue import Json, canonical
from harness.core.placeholders import ASSETS, WEBHOOKS
from harness.core.reference import ReferenceImage
from harness.spec.provider import Argument, Operation
from harness.spec.rules.base import Arguments, Rule, Span
from harness.spec.rules.lattice import Size, edges
from harness.spec.rules.size import sides
from harness.spec.rules.text import WEB
from harness.spec.rules.values import listed, member

KEPT = 0.01
"""How far a ratio may be off and still count as kept: edges come in steps."""

_STEP_PX = 16
_EDGE_PX = 16_384
"""Where no rule names a step or an edge: fine enough to be near, few enough to be tried at once."""


def nearest_size(rules: Sequence[Rule], wanted: Size) -> Size | None:
    """Return the size that keeps these rules and is nearest to `wanted`; None where there is none.

    Nearest is, in this order: the aspect ratio kept (within `KEPT`, else the nearest that any
    allowed size has), more edges left as they are, fewer times more or less pixels, the larger one.
    """
    rows = tuple(_rows(rules))
    ratios_off = (
        ratio_off((row.width, high), wanted) for row in rows for high in row.beside(wanted)
    )
    limit = max(KEPT, min(ratios_off, default=KEPT))
    sizes = (
        (row.width, high)
        for row in rows
        for high in row.within(wanted, limit)
        if ratio_off((row.width, high), wanted) <= limit
    )
    return min(sizes, key=lambda size: _distance(size, wanted), default=None)


@dataclass(frozen=True, slots=True, kw_only=True)
class _Row:
    """The allowed heights of one width: multiples of `step` from `low` to `high`."""

    width: int
    step: int
    low: int
    high: int

    def _clamped(self, height: int) -> int:
        return min(max(height, self.low), self.high)

    def beside(self, wanted: Size) -> tuple[int, int]:
        """Return the allowed heights on either side of the one that keeps the ratio."""
        below = self.width * wanted[1] // wanted[0] // self.step * self.step
        return self._clamped(below), self._clamped(below + self.step)

    def within(self, wanted: Size, limit: float) -> range:
        """Return the heights whose ratio is off by about `limit` at most, and a few around them."""
        line = self.width * wanted[1] / wanted[0]
        low = int(line / (1 + limit)) // self.step * self.step
        high = int(line * (1 + limit)) + self.step
        return range(max(self.low, low), min(self.high, high) + 1, self.step)


def _rows(rules: Sequence[Rule]) -> Iterator[_Row]:
    stated = sides(rules)
    step, ratio = stated.get("step", _STEP_PX), stated.get("ratio", _EDGE_PX)
    least, most = stated.get("least", 1), stated.get("most", _EDGE_PX**2)
    edge = stated.get("edge", min(_EDGE_PX, isqrt(most * ratio)))
    for width in range(step, edge + 1, step):
        low = max(-(-width // ratio), -(-least // width), 1)
        high = min(edge, width * ratio, most // width)
        row = _Row(width=width, step=step, low=-(-low // step) * step, high=high // step * step)
        if row.low <= row.high:
            yield row


def ratio_off(size: Size, wanted: Size) -> float:
    """Return by which part the ratio of a size is off: 0 where it is kept."""
    return factor_between(size[0] * wanted[1], size[1] * wanted[0]) - 1


def factor_between(first: int, second: int) -> float:
    """Return how many times the smaller of two numbers the larger one is."""
    return max(first, second) / min(first, second)


def _distance(size: Size, wanted: Size) -> tuple[int, float, int, float]:
    pixels, meant = size[0] * size[1], wanted[0] * wanted[1]
    moved = (size[0] != wanted[0]) + (size[1] != wanted[1])
    return (moved, factor_between(pixels, meant), -pixels, ratio_off(size, wanted))


PROMPT = "A lighthouse on a cliff at dusk, painted in oil."
"""A prompt that no filter minds."""

ALIKE = 0.6
"""From here on, two words count as one word and its misspelling (difflib's own bound)."""

FAR = 1e9
"""How unlike two values are that have nothing in common."""

_SPELT = 1e6
"""Added to what differs in spelling, so that what can be measured comes first."""

_PAIR = re.compile(r"\D*(\d{1,6})\s*[^\d\s]+\s*(\d{1,6})\D*", re.ASCII)
_RATIO = re.compile(r"(\d{1,6}):(\d{1,6})", re.ASCII)
_NUMBER = re.compile(r"\D*(\d{1,6})\D*", re.ASCII)
_SCHEME = re.compile(r"[a-zA-Z][a-zA-Z0-9+.-]*:/*")
_YES, _NO = ("true", "yes", "on", "1"), ("false", "no", "off", "0")


def plain_value(operation: Operation, name: str) -> Json:
    """Return a plain value for an argument that has to be there and of which nothing is known.

    A file is described, not made: its name is a recipe of `harness.reference_images`.
    """
    argument = operation.arguments[name]
    if name == "prompt":
        return PROMPT
    if argument.cheapest is not None:
        return argument.cheapest
    match argument.type:
        case "images":
            least = max(1, argument.span("entries")[0] or 1)
            return [_file(operation, name, seed=seed) for seed in range(1, least + 1)]
        case "file":
            return _file(operation, name, seed=1, clear=True)
        case _:
            return next(near(operation, name, None, {}), argument.default)


def near(operation: Operation, name: str, value: Json, arguments: Arguments) -> Iterator[Json]:
    """Yield values for an argument in place of `value`, nearest first; some may be forbidden, too.

    `arguments` are those that stand beside it: a mask goes by its image.
    """
    argument = operation.arguments[name]
    if argument.one_of is not None and argument.type != "array":
        yield from _listed(argument.one_of.values, value, argument.default)
        return
    match argument.type:
        case "integer" | "number":
            yield from _numbers(argument, value)
        case "boolean":
            yield from _listed((False, True), value, argument.default)
        case "array" | "object":
            yield from _whole(argument, value)
        case "images":
            yield from _images(operation, name, value, arguments)
        case "file":
            mended = _mended(operation, name, value, arguments)
            yield from () if mended is None else (mended,)
        case "string":
            yield from _texts(argument, name, value)


def _listed(values: tuple[Json, ...], value: Json, default: Json) -> Iterator[Json]:
    """Yield the values of a list: alike in what they measure or spelling, the default, the rest."""
    ranked = [(_unlike(value, entry), place) for place, entry in enumerate(values)]
    yield from (values[place] for unlike, place in sorted(ranked) if unlike < FAR)
    if default is not None:
        yield default
    yield from values


def _whole(argument: Argument, value: Json) -> Iterator[Json]:
    """Yield lists or objects: a list put right, then what the TOML names as a whole."""
    known = [item for item in argument.listing if not isinstance(item, list)]
    if argument.type == "array" and value is not None:
        yield _as_many(argument, listed(value), known)
    named = (argument.default, argument.cheapest, *argument.examples)
    yield from (content for content in named if content is not None)
    for item in known:
        yield [item]


def _as_many(argument: Argument, entries: list[Json], known: Sequence[Json]) -> list[Json]:
    """Return a list without entries that are not listed, and as long as it may be."""
    least, most = argument.span("entries")
    fitting = [entry for entry in entries if not known or member(entry, known)]
    more = known or fitting
    lacking = range(len(fitting), least or 0) if more else ()
    return [*fitting, *(more[place % len(more)] for place in lacking)][:most]


def _unlike(value: Json, listed: Json) -> float:
    """Return how unlike two values are: what they measure first, then their spelling."""
    if isinstance(listed, dict | list) or listed is None:
        return FAR
    if isinstance(listed, bool):
        words = _YES if listed else _NO
        return 0 if canonical(value).strip('"').lower() in words else FAR
    if isinstance(listed, str) and isinstance(value, str):
        measure, listed_measure = _shape(value), _shape(listed)
        if measure and listed_measure:
            return (
                abs(measure[0] / listed_measure[0] - 1)
                + abs(measure[1] / listed_measure[1] - 1) / 1e3
            )
        alike = SequenceMatcher(None, value[:200].lower(), listed.lower()).ratio()
        return _SPELT + 1 - alike if alike >= ALIKE else FAR
    number = _number(value)
    return abs(number - listed) if number is not None and not isinstance(listed, str) else FAR


def _shape(text: str) -> tuple[float, int] | None:
    """Return what a size, a ratio or a resolution measures: a form, and how much of it."""
    if (size := edges(text)) is not None:
        return size[0] / size[1], size[0] * size[1]
    ratio = _RATIO.fullmatch(text)
    if ratio and int(ratio[1]) and int(ratio[2]):
        return int(ratio[1]) / int(ratio[2]), 1
    number = re.fullmatch(r"(\d{1,3})[kK]", text, re.ASCII)
    return (float(number[1]), 1) if number and int(number[1]) else None


def _number(value: Json) -> float | None:
    """Return a number, or the one that a text writes."""
    if isinstance(value, str):
        try:
            value = float(value)
        except ValueError:
            return None
    if isinstance(value, bool) or not isinstance(value, int | float) or not isfinite(value):
        return None
    return value


def _numbers(argument: Argument, value: Json) -> Iterator[Json]:
    low, high = argument.bounds
    number = _number(value)
    if number is not None and argument.type == "integer":
        number = round(number)
    if number is not None:
        number = number if low is None else max(number, low)
        yield number if high is None else min(number, high)
    yield from (bound for bound in (argument.default, low, high) if bound is not None)
    if low is None and high is None:
        yield 1


def _texts(argument: Argument, name: str, value: Json) -> Iterator[Json]:
    shape = argument.format.shape if argument.format else "string"
    match shape:
        case "size":
            yield from _sizes(argument, value)
        case "url":
            address = _SCHEME.sub("", value, count=1).strip() if isinstance(value, str) else ""
            yield from (f"https://{address}",) if address else ()
            yield f"{WEBHOOKS}delivered"
        case _:
            span = argument.span("characters")
            if isinstance(value, str):
                yield _as_long(value, span)
            elif isinstance(value, bool | int | float):
                yield _as_long(canonical(value), span)
            yield _as_long(PROMPT if name == "prompt" else "text", span)


def _as_long(text: str, span: Span) -> str:
    return text[: span[1]].ljust(span[0] or 0, ".")


def _sizes(argument: Argument, value: Json) -> Iterator[Json]:
    """Yield the size that is nearest to what a text seems to mean, then sizes that are named."""
    rules = [rule for _, rule in argument.rules]
    words = argument.format.words if argument.format else ()
    if isinstance(value, str):
        yield from (word for word in words if _unlike(value, word) < FAR)
    nearest = nearest_size(rules, wanted) if (wanted := _meant(value)) else None
    yield from (f"{nearest[0]}x{nearest[1]}",) if nearest else ()
    yield from (default for default in (argument.default,) if default is not None)
    yield from (*words, *(argument.format.examples if argument.format else ()))


def _meant(value: Json) -> Size | None:
    """Return the size that a value seems to mean: `1024*1024`, `1024 x 768`, `1024`."""
    text = canonical(value) if isinstance(value, int | float) else value
    if not isinstance(text, str) or len(text) > 100:  # noqa: PLR2004 - no size is that long
        return None
    pair, single = _PAIR.fullmatch(text), _NUMBER.fullmatch(text)
    edges = (pair[1], pair[2]) if pair else (single[1], single[1]) if single else ("0", "0")
    wide, high = int(edges[0]), int(edges[1])
    return (wide, high) if wide and high else None


def _images(operation: Operation, name: str, value: Json, arguments: Arguments) -> Iterator[Json]:
    least, most = operation.arguments[name].span("entries")
    mended = [_mended(operation, name, entry, arguments) for entry in listed(value)]
    usable: list[Json] = [entry for entry in mended if entry is not None]
    yield usable[:most] if usable and len(usable) >= (least or 0) else plain_value(operation, name)


def _mended(operation: Operation, name: str, entry: Json, arguments: Arguments) -> Json:
    """Return an image as its rules want it: the same picture, written otherwise.

    None where that cannot be: a JPEG has no alpha channel, a number is no image.
    """
    argument = operation.arguments[name]
    image = ReferenceImage.of(entry)
    if argument.url_only is not None:
        public = isinstance(entry, str) and entry.startswith(WEB)
        return entry if public else f"{ASSETS}{(image and image.filename) or 'image.png'}"
    if argument.type == "file" and image is None:
        entry = _file(operation, name, seed=1, clear=True)  # a plain mask for the first image
        image = ReferenceImage.of(entry)
    if image is not None:
        return _rewritten(argument, image, arguments)
    return entry if isinstance(entry, str) else None


def _rewritten(argument: Argument, file: ReferenceImage, arguments: Arguments) -> Json:
    """Mend a file rule by rule; those that look at another one say first how it must be."""
    mended: ReferenceImage | None = replace(file, digest=None)
    for rule in sorted((rule for _, rule in argument.rules), key=lambda rule: not rule.partner):
        mended = mended and rule.mended(mended, arguments.get(rule.partner or ""))
    return None if mended is None else mended.as_json()


def _file(operation: Operation, name: str, *, seed: int, clear: bool = False) -> Json:
    rule = operation.arguments[name].media_type
    kinds = rule.values if rule else ("image/png",)
    kind = "png" if "image/png" in kinds else kinds[0].removeprefix("image/")
    mode = "rgba" if clear and kind != "jpeg" else "rgb"
    filename = f"{kind}-{mode}-512x512-{seed}.{kind}"
    if not operation.takes_files(name):
        return f"{ASSETS}{filename}"
    return ReferenceImage(
        filename=filename,
        media_type=f"image/{kind}",
        width_px=512,
        height_px=512,
        alpha=mode == "rgba",
    ).as_json()
