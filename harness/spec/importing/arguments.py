"""One place of a request as an argument of the TOML: its name, its type, its rules."""

import math
import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from difflib import get_close_matches
from typing import get_args

from harness.spec.importing import toml
from harness.spec.importing.bodies import Leaf, address_in, is_file, is_sized
from harness.spec.importing.document import Node
from harness.spec.importing.names import (
    USUAL_TYPES,
    Table,
    canonical_name,
    cited,
    declared_name,
)
from harness.spec.importing.notes import Notes, few
from harness.spec.importing.shapes import Reader, Shape, is_open
from harness.spec.importing.values import fits_type, whole
from harness.spec.provider import PARAMETERS, RESERVED
from harness.spec.rules.lattice import edges
from harness.spec.rules.text import LONGEST_LEAST, URL
from harness.spec.rules.typed import ItemType
from harness.spec.rules.values import member
from harness.spec.toml.validate import ALIKE

TODO = "todo"
"""How a value begins that has to be exchanged before anything is sent."""

_BY_WEIGHT = ("string", "boolean", "array", "object", "number", "integer")
_COUNT = r"(?:\[[01]-9\]|\\d)(?:[+*]|\{\d+(?:,\d*)?\}|(?:\[0-9\]|\\d)[+*]?|\[0-9\]\{\d+,\d*\})*"
_SIZE = re.compile(rf"\^\(?(?:\?:)?((?:[\w-]+\|)*)\(?{_COUNT}\)?x\(?{_COUNT}\)?\)?\$", re.ASCII)


@dataclass(slots=True)
class Arguments:
    """Makes the arguments of one operation; their names are its own."""

    reader: Reader
    form: bool
    media_types: Mapping[str, Node]
    aliases: Mapping[str, str] = field(default_factory=dict)
    """Wire keys that mean a canonical parameter in this operation only."""

    @property
    def notes(self) -> Notes:
        """Where what cannot be said is noted."""
        return self.reader.notes

    def named(self, leaves: Iterable[Leaf]) -> dict[str, tuple[Leaf, str]]:
        """Give each place a name and a type; a canonical name goes to its outermost place."""
        found: dict[str, tuple[Leaf, str]] = {}
        others: list[tuple[Leaf, str]] = []
        for leaf in sorted(leaves, key=lambda one: one.place.count(".") + one.place.count("[")):
            name = self.aliases.get(leaf.key) or canonical_name(leaf.key)
            kind = self.kind(leaf, name)
            fits = kind == USUAL_TYPES.get(name, "string") or (name == "images" and kind == "file")
            if name and name not in found and fits:
                found[name] = (leaf, "images" if name == "images" else kind)
            elif kind:
                others.append((leaf, kind))
        for leaf, kind in others:
            found[self._free(leaf, found)] = (leaf, kind)
        order = {name: place for place, name in enumerate(PARAMETERS)}
        return dict(sorted(found.items(), key=lambda pair: order.get(pair[0], len(order))))

    def _free(self, leaf: Leaf, taken: Mapping[str, object]) -> str:
        """Return a name that no canonical parameter and no other argument has."""
        own = declared_name(leaf.key)
        whole = declared_name(leaf.place)
        tries = [own, whole, *(f"{whole}_{number}" for number in range(2, len(taken) + 4))]
        return next(name for name in tries if name not in (*taken, *PARAMETERS, *RESERVED))

    def kind(self, leaf: Leaf, name: str) -> str:
        """Return the type of an argument; empty, with a note, where none fits."""
        shape, kinds = leaf.shape, leaf.shape.kinds
        usual = USUAL_TYPES.get(name, "string")
        if shape.never:
            return usual
        if name in ("images", "mask") and (picture := self._picture(leaf, name)):
            return picture
        if is_file(shape) and "string" in kinds:
            return "file"
        if is_sized(shape):
            return "string" if name == "size" else "object"
        if not shape.typed and shape.enum is None and kinds - {"object", "array"}:
            self.notes.leave(shape.at, f"no type is said of {leaf.place}; read as a {usual}")
            shape.unsure = shape.unsure or "no type is said"
            return usual
        return self._only(leaf)

    def _only(self, leaf: Leaf) -> str:
        """Return the one type that a value has; of several, one, and a note."""
        kinds = leaf.shape.kinds
        kinds = kinds - {"integer"} if "number" in kinds else kinds
        kind = next((one for one in _BY_WEIGHT if one in kinds), "")
        if kinds - {kind}:
            others = few(sorted(kinds - {kind}))
            self.notes.leave(leaf.shape.at, f"{leaf.place} may be {others}, too; read as a {kind}")
            leaf.shape.unsure = leaf.shape.unsure or f"of other types, too: {others}"
        if not kind:
            self.notes.leave(leaf.shape.at, f"no value is allowed for {leaf.place}")
        return kind

    def _picture(self, leaf: Leaf, name: str) -> str:
        """Return the type of what holds images; empty where it is no text or file."""
        shape = leaf.shape
        entry = self.reader.shape(shape.items) if shape.items else shape
        holds = entry.kinds <= {"string"} or bool(address_in(entry))
        if not entry.kinds or not holds:
            return ""
        return "images" if name == "images" else "file" if not shape.items else ""

    def table(self, name: str, leaf: Leaf, kind: str) -> Table:
        """Return an argument's table, its rules in the order of the vocabulary."""
        shape = leaf.shape
        words = toml.first_sentence(shape.text("description"))
        table: Table = {
            **({toml.COMMENT: words} if words else {}),
            "wire": leaf.place,
            "type": kind,
        }
        if name not in PARAMETERS and get_close_matches(name, PARAMETERS, n=1, cutoff=ALIKE):
            table["declared"] = True
        if leaf.where != "body":
            table["in"] = leaf.where
        if kind == "string" and is_sized(shape):
            table |= {"edges": [f"{leaf.place}.width", f"{leaf.place}.height"]}
        if kind == "images" and (shape.single or shape.kinds == {"string"}) and not self.form:
            table["single"] = True
        table["source"] = cited(shape.at)
        table |= self._default(kind, shape)
        if shape.said.get("deprecated"):
            table["note"] = "deprecated, says the document"
        if kind in ("images", "file"):
            table |= self._encoding(leaf)
        table |= self._presence(leaf)
        rules = self._rules(leaf, kind)
        if leaf.required and kind == "string" and name != "prompt" and "one_of" not in rules:
            table |= self._value_to_send(name, leaf)
        return {**table, **rules}

    def _value_to_send(self, name: str, leaf: Leaf) -> Table:
        """Return a value for a required text: the document's own, or one to be exchanged."""
        told = leaf.shape.said.get("default")
        shown = [told.value if told else None, *leaf.shape.examples, *leaf.shape.words]
        known = next((value for value in shown if fits_type("string", value) and value), None)
        if known is not None:
            return {"cheapest": known}
        self.notes.need(f"arguments.{name}.cheapest", f"which {leaf.place} to send is not said")
        return {"ours": True, "cheapest": f"{TODO}-{name}"}

    def _default(self, kind: str, shape: Shape) -> Table:
        if "default" not in shape.said or shape.said["default"].value is None:
            return {}
        value, at = shape.said["default"]
        fits = fits_type(kind, value) and (
            kind not in ("string", "integer", "boolean", "number")
            or shape.values is None
            or member(value, shape.values)
        )
        if not fits:
            self.notes.leave(at, f"the default {value!r:.60} is none of the argument's own values")
            return {}
        return {"default": value}

    def _encoding(self, leaf: Leaf) -> Table:
        """Return how images travel: as addresses, unless the document says base64."""
        shape = leaf.shape
        entry = self.reader.shape(shape.items) if shape.items else shape
        if is_file(entry):
            return {}
        if key := address_in(entry):
            for other in entry.properties:
                if other != key:
                    self.notes.leave(entry.at, f"an image is sent as {key}, never as {other}")
            return {"item": {key: "{image}"}}
        if entry.text("format") == "byte" or entry.text("contentEncoding") == "base64":
            return {"encode": "base64"}
        return {}

    def _presence(self, leaf: Leaf) -> Table:
        table: Table = {}
        if leaf.required:
            table["required"] = {"source": cited(leaf.required)}
        if leaf.shape.nullable and not leaf.required:
            table["nullable"] = {"source": cited(leaf.shape.nullable)}
        elif leaf.shape.nullable:
            self.notes.leave(leaf.shape.nullable, f"{leaf.place} is required, and may be null")
        if leaf.shape.never:
            table["absent"] = {"source": cited(leaf.shape.never)}
        return table

    def _rules(self, leaf: Leaf, kind: str) -> Table:
        shape = leaf.shape
        if shape.never:
            return {}
        makers = {
            "string": self._text,
            "integer": self._integer,
            "number": self._number,
            "boolean": self._boolean,
            "array": self._array,
            "object": self._object,
            "images": self._images,
            "file": self._images,
        }
        rules = dict(makers[kind](leaf, shape))
        if "not" in shape.said:
            self.notes.leave(shape.said["not"].at, f"no rule says what {leaf.place} is not")
        if shape.unsure:
            for rule in rules.values():
                rule["status"] = "undocumented"
                rule["note"] = shape.unsure
        return dict(rules)

    def _text(self, leaf: Leaf, shape: Shape) -> Iterator[tuple[str, Table]]:
        values = shape.values
        if values is not None:
            least, most = shape.number("minLength"), shape.number("maxLength")
            least, most = least or 0, math.inf if most is None else most
            texts = [value for value in values if isinstance(value, str)]
            texts = [text for text in texts if least <= len(text) <= most]
            if "pattern" in shape.said:
                self.notes.leave(shape.said["pattern"].at, "no rule says it beside a list")
            if texts and shape.enum is not None:
                yield "one_of", {"values": texts, "source": cited(shape.enum.at)}
            else:
                self.notes.leave(shape.at, f"no text is allowed for {leaf.place}")
        yield from self._lengths(shape, always=values is None)
        if values is None:
            yield "format", self._shape_of_text(leaf, shape)

    def _lengths(self, shape: Shape, *, always: bool) -> Iterator[tuple[str, Table]]:
        for keyword, rule in (("minLength", "min_length"), ("maxLength", "max_length")):
            number = shape.number(keyword)
            if number is None or not always or (keyword == "minLength" and number <= 0):
                continue
            most = LONGEST_LEAST if keyword == "minLength" else math.inf
            if not 1 <= number <= most or not float(number).is_integer() or self._reversed(shape):
                self.notes.leave(shape.said[keyword].at, f"no rule says {keyword} {number:g}")
            else:
                source = cited(shape.said[keyword].at)
                yield rule, {"characters": int(number), "source": source}

    def _reversed(self, shape: Shape) -> bool:
        least, most = shape.number("minLength"), shape.number("maxLength")
        return least is not None and most is not None and least > most

    def _shape_of_text(self, leaf: Leaf, shape: Shape) -> Table:
        pattern, texts = shape.text("pattern"), [v for v in shape.examples if isinstance(v, str)]
        sized = _SIZE.fullmatch(pattern)
        if is_sized(shape):
            self._note_edges(shape)
        if is_sized(shape) or sized:
            words = [word for word in sized[1].split("|") if word] if sized else []
            words += [word for word in shape.words if isinstance(word, str)]
            if sized and "[1-9][0-9]{0,5}x[1-9][0-9]{0,5}" not in pattern:
                self.notes.leave(
                    shape.said["pattern"].at, f"{pattern!r} is read as WIDTHxHEIGHT in pixels"
                )
            examples = [text for text in texts if edges(text) is not None]
            source = cited(shape.source("pattern"))
            table: Table = {"shape": "size", "words": list(dict.fromkeys(words))}
            return {**table, **({"examples": examples} if examples else {}), "source": source}
        if pattern == URL["pattern"]:
            return {"shape": "url", "source": cited(shape.said["pattern"].at)}
        if pattern:
            self.notes.leave(shape.said["pattern"].at, f"no rule says the pattern {pattern!r:.80}")
        if shape.text("format") in ("uri", "url"):
            self.notes.leave(
                shape.said["format"].at,
                f"{leaf.place} is a URI; the TOML's word for that, shape = 'url', is http(s) only",
            )
        elif named := shape.text("format"):
            self.notes.leave(shape.said["format"].at, f"no rule says the format {named!r:.40}")
        return {"shape": "string", "source": cited(shape.at)}

    def _note_edges(self, shape: Shape) -> None:
        """Note what a schema says of a width and a height alone."""
        for name in ("width", "height"):
            edge = self.reader.shape(shape.properties[name])
            for keyword in ("minimum", "maximum", "exclusiveMinimum", "exclusiveMaximum"):
                if (number := edge.number(keyword)) is not None and number != 0:
                    self.notes.leave(
                        edge.said[keyword].at, f"no rule says {keyword} {number:g} of a {name}"
                    )

    def _integer(self, leaf: Leaf, shape: Shape) -> Iterator[tuple[str, Table]]:
        values = [v for v in shape.values or [] if isinstance(v, int) and not isinstance(v, bool)]
        if values and shape.enum is not None:
            yield "one_of", {"values": values, "source": cited(shape.enum.at)}
        low, high = whole(shape, "minimum", up=True), whole(shape, "maximum", up=False)
        yield from self._range(leaf, shape, low, high)
        yield "integer", {"source": cited(shape.at)}

    def _number(self, leaf: Leaf, shape: Shape) -> Iterator[tuple[str, Table]]:
        values = [v for v in shape.values or [] if fits_type("number", v)]
        if values and shape.enum is not None:
            yield "one_of", {"values": values, "source": cited(shape.enum.at)}
        for keyword in ("exclusiveMinimum", "exclusiveMaximum"):
            if keyword in shape.said:
                number = shape.number(keyword)
                self.notes.leave(
                    shape.said[keyword].at, f"no rule says {keyword} {number} of {leaf.place}"
                )
        yield from self._range(leaf, shape, shape.number("minimum"), shape.number("maximum"))
        yield "number", {"source": cited(shape.at)}

    def _range(
        self, leaf: Leaf, shape: Shape, low: float | None, high: float | None
    ) -> Iterator[tuple[str, Table]]:
        if low is not None and high is not None and low > high:
            self.notes.leave(shape.at, f"nothing lies between {low:g} and {high:g}: {leaf.place}")
        elif low is not None or high is not None:
            bounds: Table = {} if low is None else {"min": low}
            bounds |= {} if high is None else {"max": high}
            keywords = ("minimum", "maximum", "exclusiveMinimum", "exclusiveMaximum")
            yield "range", {**bounds, "source": cited(shape.source(*keywords))}

    def _boolean(self, leaf: Leaf, shape: Shape) -> Iterator[tuple[str, Table]]:
        values = shape.values
        allowed = [value for value in (False, True) if values is None or member(value, values)]
        if shape.enum is None:
            yield "boolean", {"source": cited(shape.at)}
        elif allowed:
            yield "one_of", {"values": allowed, "source": cited(shape.enum.at)}
        else:
            self.notes.leave(shape.at, f"no value is allowed for {leaf.place}")

    def _array(self, leaf: Leaf, shape: Shape) -> Iterator[tuple[str, Table]]:
        yield from self._count(shape)
        entry = self.reader.shape(shape.items) if shape.items else None
        kinds: frozenset[str] = frozenset() if entry is None else entry.kinds
        kind = "number" if kinds == {"number", "integer"} else "".join(kinds)
        items: Table = {"items": kind} if kind in get_args(ItemType) else {}
        listed = (
            [] if entry is None else [one for one in entry.values or [] if fits_type(kind, one)]
        )
        if entry is not None and listed and entry.enum is not None:
            yield "one_of", {"values": listed, "source": cited(entry.enum.at)}
        elif entry is not None and (entry.properties or not (is_open(entry) and items)):
            self.notes.leave(entry.at, f"no rule says what the entries of {leaf.place} hold")
        yield "array", {**items, "source": cited(shape.at)}

    def _object(self, leaf: Leaf, shape: Shape) -> Iterator[tuple[str, Table]]:
        if shape.properties or shape.variants:
            self.notes.leave(shape.at, f"no rule says what is in {leaf.place}")
        yield "object", {"source": cited(shape.at)}

    def _images(self, leaf: Leaf, shape: Shape) -> Iterator[tuple[str, Table]]:
        entry = self.reader.shape(shape.items) if shape.items else shape
        if shape.items:
            yield from self._count(shape)
        if entry.text("pattern") == URL["pattern"]:
            yield "url_only", {"source": cited(entry.said["pattern"].at)}
        if leaf.key in self.media_types:
            node = self.media_types[leaf.key]
            listed = [part.strip() for part in str(node.value).split(",") if part.strip()]
            if all(part.startswith("image/") and "*" not in part for part in listed):
                yield "media_type", {"values": listed, "source": cited(node.at)}
        if shape.single and "pattern" not in entry.said and "format" in entry.said:
            return
        if entry.text("format") in ("uri", "url"):
            self.notes.leave(
                entry.said["format"].at,
                f"an image of {leaf.place} is a URI; url_only would say http(s) only",
            )

    def _count(self, shape: Shape) -> Iterator[tuple[str, Table]]:
        low, high = whole(shape, "minItems", up=True), whole(shape, "maxItems", up=False)
        if high is None and low is not None and low > 0:
            yield "count", {"min": low, "source": cited(shape.source("minItems"))}
        elif high is not None and (high < 1 or (low or 0) > high):
            self.notes.leave(shape.at, f"no list has {low or 0} to {high} entries")
        elif high is not None:
            source = cited(shape.source("minItems", "maxItems"))
            yield "count", {"min": max(low or 0, 0), "max": high, "source": source}
