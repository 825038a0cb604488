"""What a reply holds by its schema: images, what is declared, and the shape of an error."""

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from harness.spec.importing.document import Node
from harness.spec.importing.names import Table, cited
from harness.spec.importing.notes import few
from harness.spec.importing.shapes import Reader, Shape

EACH = "[]"
"""A step into every entry of a list."""

DEEPEST = 7
"""How deep a reply is searched."""

Path = tuple[str, ...]
_WORD = re.compile(r"[A-Za-z_]\w*", re.ASCII)
_BASE64 = {
    "b64json",
    "b64",
    "base64",
    "imagebase64",
    "bytesbase64encoded",
    "imagebytes",
    "b64image",
}
_ADDRESS = {"url", "uri", "imageurl", "imageuri", "outputurl", "resulturl", "downloadurl"}
_LISTS = {
    *("images", "image", "urls", "output", "outputs", "imageurls", "result", "results"),
    *("artifacts", "samples", "generatedimages", "resulturls", "outputurls"),
}
_CONTAINERS = {
    *("data", "images", "image", "output", "outputs", "result", "results", "artifacts", "samples"),
    *("generations", "generatedimages", "predictions", "inlinedata", "items", "assets"),
}
_ELSEWHERE = {"links", "error", "errors", "input", "request", "params", "metadata"}
_MESSAGES = ("message", "msg", "detail", "errormessage", "error", "title", "reason", "description")
_CODES = ("code", "errorcode", "type", "errortype", "error")
_PARAMETERS = ("param", "parameter", "field", "loc", "location")
_TELLING = ("error", "errors", "detail")
"""Keys that only an error has; a `message` may stand in any reply."""

_FIELD_TYPES = ("string", "integer", "array", "object")
DECLARED = ("model", "size", "quality", "output_format")


@dataclass(frozen=True, slots=True, kw_only=True)
class Spot:
    """A value in a reply: the keys on the way to it, and whether every such reply has it."""

    path: Path
    shape: Shape
    required: bool

    @property
    def key(self) -> str:
        """The last key's letters: `imageURL` and `image_url` are the same."""
        named = [step for step in self.path if step != EACH]
        return _letters(named[-1]) if named else ""

    @property
    def is_text(self) -> bool:
        """Whether it is a text of any content."""
        return self.shape.kinds == {"string"} and self.shape.values is None


def spots(
    reader: Reader, shape: Shape, path: Path = (), *, required: bool = True
) -> Iterator[Spot]:
    """Yield every value that a reply may hold, outer ones first."""
    if path:
        yield Spot(path=path, shape=shape, required=required)
    if len(path) >= DEEPEST:
        return
    for node in shape.variants:
        one = reader.shape([node])
        for spot in spots(reader, one, path, required=False):
            if spot.path != path:
                yield spot
    for name, nodes in shape.properties.items():
        needed = required and name in shape.required
        yield from spots(reader, reader.shape(nodes), (*path, name), required=needed)
    if shape.items:
        yield from spots(reader, reader.shape(shape.items), (*path, EACH), required=required)


def expression(path: Path) -> str:
    """Return the JMESPath expression that follows these keys."""
    written, lists = "", 0
    for step in path:
        if step == EACH:
            written += "[*]" if lists == 0 else "[]"
            lists += 1
        else:
            name = step if _WORD.fullmatch(step) else _quoted(step)
            written += f".{name}" if written else name
    return written


def _quoted(key: str) -> str:
    escaped = key.replace("\\", "\\\\").replace('"', '\\"')
    return f'"{escaped}"'


def images_of(found: Iterable[Spot]) -> list[str]:
    """Return where a reply holds images: expressions that each give a list."""
    groups: dict[Path, dict[str, list[Spot]]] = {}
    for spot in found:
        if kind := _holds_image(spot):
            parent = spot.path[:-1] if kind != "list" else spot.path
            groups.setdefault(parent, {}).setdefault(kind, []).append(spot)
    return [_images_at(parent, kinds) for parent, kinds in groups.items()]


def _images_at(parent: Path, kinds: dict[str, list[Spot]]) -> str:
    if "list" in kinds:
        return expression(parent).removesuffix("[*]").removesuffix("[]")
    names = [spot.path[-1] for kind in ("base64", "address") for spot in kinds.get(kind, ())]
    words = [name if _WORD.fullmatch(name) else _quoted(name) for name in names]
    above = expression(parent)
    if EACH not in parent:
        places = " || ".join(f"{above}.{word}" if above else word for word in words)
        return f"[{places}][]"
    return f"{above}.[{' || '.join(words)}][]" if len(words) > 1 else f"{above}.{words[0]}"


def _holds_image(spot: Spot) -> str:
    """Tell whether a value is an image: as base64, as an address, or one of a list of these."""
    above = [_letters(step) for step in spot.path[:-1] if step != EACH]
    if not spot.is_text or set(above) & _ELSEWHERE:
        return ""
    coded = "base64" in (spot.shape.text("contentEncoding"), spot.shape.text("format"))
    if spot.path[-1] == EACH:
        return "list" if spot.key in _LISTS or spot.key in _ADDRESS else ""
    if spot.key in _BASE64 or coded or (spot.key == "data" and above[-1:] == ["inlinedata"]):
        return "base64"
    within = not above or above[-1] in _CONTAINERS
    if within and spot.key in _ADDRESS:
        return "address"
    return "address" if within and spot.key in _LISTS - {"result", "results"} else ""


def opaque(found: Iterable[Spot]) -> Spot | None:
    """Return a value of a reply that may hold images for all that is said of it."""
    for spot in found:
        loose = not spot.shape.typed or (spot.shape.kinds == {"object"})
        if spot.key in _CONTAINERS and loose and not (spot.shape.properties or spot.shape.items):
            return spot
    return None


def declared_in(found: Iterable[Spot]) -> Table:
    """Return where a reply repeats arguments: at the shallowest place of that name."""
    table: Table = {}
    for spot in sorted(found, key=lambda one: len(one.path)):
        for name in DECLARED:
            plain = EACH not in spot.path and "string" in spot.shape.kinds
            if name not in table and plain and spot.key == _letters(name):
                table[name] = [expression(spot.path)]
    return table


def usage_in(found: Iterable[Spot]) -> Table | None:
    """Return where a reply counts tokens; None where one of the three counts is missing."""
    parents: dict[Path, dict[str, Spot]] = {}
    for spot in found:
        if "integer" in spot.shape.kinds and EACH not in spot.path:
            parents.setdefault(spot.path[:-1], {})[spot.key] = spot
    for counts in parents.values():
        if {"inputtokens", "outputtokens", "totaltokens"} <= set(counts):
            places = {
                name: expression(counts[f"{name}tokens"].path)
                for name in ("input", "output", "total")
            }
            return {**places, "source": cited(counts["totaltokens"].shape.at)}
    return None


def fields_of(reader: Reader, found: Iterable[Spot]) -> list[Table]:
    """Return what every reply has to hold; of an object or a list, rather what is in it."""
    needed = [spot for spot in found if spot.required and spot.path[-1] != EACH]
    inner = {spot.path[:size] for spot in needed for size in range(1, len(spot.path))}
    fields: dict[Path, Table] = {}
    for spot in needed:
        types = [kind for kind in _FIELD_TYPES if kind in spot.shape.kinds]
        many = spot.path.count(EACH)
        if spot.path in inner:
            continue
        sure = len(types) == 1 and spot.shape.kinds == {types[0]} and not spot.shape.nullable
        if not sure or many > 1 or (many and types != ["string"]):
            named = few(sorted(spot.shape.kinds)) if len(spot.shape.kinds) < DEEPEST - 1 else "any"
            reader.notes.leave(
                spot.shape.at, f"no field of a reply is of type {named} ({expression(spot.path)})"
            )
            continue
        kind = "strings" if many else types[0]
        source = cited(spot.shape.at)
        fields[spot.path] = {"path": expression(spot.path), "type": kind, "source": source}
    return list(fields.values())


def errors_of(reader: Reader, nodes: Iterable[Node], served: Iterable[Shape]) -> Table | None:
    """Return how errors are worded, from the schemas of refusals; None where none is described."""
    shapes = [reader.shape([node]) for node in nodes]
    found = [spot for shape in shapes for spot in spots(reader, shape)]
    messages = _texts(found, _MESSAGES)
    if not messages:
        return None
    codes, parameters = _texts(found, _CODES, but=messages), _texts(found, _PARAMETERS)
    return {
        "failed": _failed(messages, list(served)),
        "message": messages,
        "code": codes,
        **({"parameter": parameters} if parameters else {}),
        "names_parameter": "documented" if parameters else "undocumented",
        "shape": "documented",
        "source": cited(shapes[0].at),
    }


def _texts(found: list[Spot], keys: tuple[str, ...], but: Iterable[str] = ()) -> list[str]:
    """Return the places of texts under these keys, the likeliest key and shallowest place first."""
    rank = {key: place for place, key in enumerate(keys)}
    texts = [spot for spot in found if spot.key in rank and "string" in spot.shape.kinds]
    texts = [spot for spot in texts if spot.path[-1] != EACH and spot.path.count(EACH) <= 1]
    texts.sort(key=lambda spot: (rank[spot.key], len(spot.path)))
    places = dict.fromkeys(expression(spot.path) for spot in texts)
    return [place for place in places if place not in but]


def _failed(messages: list[str], served: list[Shape]) -> str:
    """Return what is true of an error's body and of no served reply's."""
    keys = list(dict.fromkeys(message.split(".")[0].split("[")[0] for message in messages))
    taken = {name for shape in served for name in shape.properties}
    needed = [next((name for name in one.required if name not in keys), "") for one in served]
    guards = [f"!{expression((name,))}" for name in dict.fromkeys(needed)] if all(needed) else []
    told = []
    for key in sorted(keys, key=lambda one: one not in _TELLING):
        free = key.strip('"') not in taken
        if free and (key in _TELLING or not guards):
            told.append(key)
        elif guards:
            told.append(f"({' && '.join([key, *guards])})")
    return " || ".join(told) or "`false`"


def _letters(key: str) -> str:
    return re.sub(r"[\W_]", "", key).lower()
