"""The shapes in which a rule is broken: near and far, and as real callers misspell values.

Each shape is a strategy of values that break one rule of their argument and no other. Values are
listed or put together from what the documents allow, so that nothing is filtered while it is drawn;
what the documents leave open (an empty text, `01024x1024`, null) is in none of them.
"""

import unicodedata
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from math import ceil, floor

from hypothesis import strategies as st
from hypothesis.strategies import SearchStrategy

from harness.cases import prompts
from harness.cases.build import Builder
from harness.cases.strays import stray_fields
from harness.cases.values import forbidden_values, wrong_types
from harness.core.jsonvalue import Json
from harness.spec.evaluate import evaluate
from harness.spec.places import can_be_sent
from harness.spec.provider import Argument, Constraint, Operation
from harness.spec.request import carried
from harness.spec.rules import Choice, OneOf, Range
from harness.spec.rules.body import UnknownFields
from harness.spec.rules.lattice import Lattice, text
from harness.spec.rules.size import MultipleOf, SizeRule, lattice
from harness.spec.rules.text import Format, MaxLength

Spelling = Callable[[str], str]


@dataclass(frozen=True, slots=True, kw_only=True)
class Shape:
    """One way to break a rule: its name, and the choices that do; None where absence does."""

    name: str
    choices: SearchStrategy[Choice] | None


PLAIN_SHAPES = ("missing", "near", "far", "below", "above", "long", "long-wide")
"""Shapes that differ from what is written in how far they are from the boundary, or not at all."""

_LIKELY_OF_TYPE: Mapping[str, tuple[str, ...]] = {
    "integer": ("fraction", "true", "list"),
    "number": ("true", "list"),
    "boolean": ("number",),
    "array": ("no-list",),
    "object": ("text",),
    "images": ("no-list",),
}
_LIKELY_NAMES = ("list", "case", "spaces")
_LIKELY_SIZES = ("spaces", "list", "case", "parts", "separators")
_LIKELY_TEXTS = ("list",)


def likely_shapes(constraint: Constraint, operation: Operation) -> tuple[str, ...]:
    """Return the names of the shapes that lenient servers read most often, likeliest first.

    Parsers cut decimals, take the only entry of a list, cut spaces off and ignore case. A number as
    text, and a text of digits as number, are not among them: they are written for every rule.
    """
    rule, argument = constraint.rule, operation.arguments.get(constraint.parameter)
    if argument is None:
        return ()
    if argument.type != "string":
        return _LIKELY_OF_TYPE.get(argument.type, ())
    if isinstance(rule, OneOf):
        return _LIKELY_NAMES
    if isinstance(rule, Format) and rule.shape == "size":
        return _LIKELY_SIZES
    return _LIKELY_TEXTS


def shapes_of(constraint: Constraint, builder: Builder) -> tuple[Shape, ...]:
    """Return the shapes in which requests may break a rule; none where nothing breaks it alone."""
    operation = builder.operation
    if constraint.rule.presence == "required":
        in_path = operation.makes_the_path(constraint.parameter)
        return () if in_path else (Shape(name="missing", choices=None),)
    if isinstance(constraint.rule, UnknownFields):
        fields = stray_fields(constraint.rule, operation)
        return tuple(Shape(name=kind, choices=choices) for kind, choices in fields)
    grid = lattice(operation.arguments[constraint.parameter])
    if grid is not None and isinstance(constraint.rule, SizeRule):
        return _sizes(constraint.rule, grid)
    return (
        *_written(constraint, builder),
        *_numbers(constraint),
        *_lengths(constraint),
        *_listed(_texts(constraint, operation), constraint, operation),
        *_listed(_other_types(constraint, operation), constraint, operation),
    )


_KINDS = {
    "in-a-list": "list", "no-list": "no-list", "an-object": "object", "text": "text",
    "1.5": "fraction", "true": "true", "123": "number", "0": "number", "1": "number",
}  # fmt: skip
"""The shapes of values of another type, by the names of what is written."""


def _written(constraint: Constraint, builder: Builder) -> Iterator[Shape]:
    """Yield what is written for the rule, to be tried beside other arguments, too."""
    base = builder.base(prompt=prompts.PLAIN)
    choices = [
        choice
        for choice in forbidden_values(constraint, builder.operation)
        for arguments in [builder.with_choice(base, constraint, choice)]
        if not choice.open and builder.breaks_only(arguments, constraint)
    ]
    kinds: dict[str, list[Choice]] = {}
    for choice in choices:
        kind = _KINDS.get(choice.slug, "other") if choice.wrong_type else "near"
        kinds.setdefault(kind, []).append(choice)
    for kind, of_kind in kinds.items():
        yield Shape(name=kind, choices=st.sampled_from(of_kind))


def _sizes(rule: SizeRule, grid: Lattice) -> tuple[Shape, ...]:
    """Return sizes outside one rule of a lattice: the nearest tenth, and all the others."""
    if isinstance(rule, MultipleOf) and not grid.off_step:
        return ()
    if isinstance(rule, MultipleOf):
        return (Shape(name="near", choices=_as_choices(_off_step(grid).map(text))),)
    outside = rule.outsiders(grid)
    near = -(-len(outside) // 10)
    parts = {"near": outside[:near], "far": outside[near:]}
    return tuple(
        Shape(name=name, choices=_as_choices(_indexed(part).map(text)))
        for name, part in parts.items()
        if part
    )


def _off_step(grid: Lattice) -> SearchStrategy[tuple[int, int]]:
    """Draw sizes of which one edge, or both, is no multiple of the step."""
    offsets = st.tuples(st.integers(0, grid.step - 1), st.integers(1, grid.step - 1))
    return st.builds(
        lambda size, offset, turned: (size[0] + offset[1 - turned], size[1] + offset[turned]),
        _indexed(grid.off_step),
        offsets,
        st.booleans(),
    )


def _indexed(items: Sequence[tuple[int, int]]) -> SearchStrategy[tuple[int, int]]:
    """Pick from a long list; `sampled_from` looks at every item each time it is made."""
    return st.integers(0, len(items) - 1).map(items.__getitem__)


def _as_choices(values: SearchStrategy[Json]) -> SearchStrategy[Choice]:
    return values.map(lambda value: Choice(value=value, slug="drawn"))


_FARTHEST = 2**31 - 1
"""What every gateway can read: a larger number may fail before it is a parameter."""

_BEYOND = 1_000
"""How far a number goes beyond a bound that is itself larger than that."""


def _numbers(constraint: Constraint) -> Iterator[Shape]:
    """Yield numbers far outside a range; not above that of images, all of which may be made."""
    rule = constraint.rule
    if type(rule) is not Range:
        return
    # Numbers that need not be whole are, far away: a half more or less tells nothing there.
    if rule.min is not None:
        nearest = ceil(rule.min) - 2
        below = st.integers(min(-_FARTHEST, nearest - _BEYOND), nearest)
        yield Shape(name="below", choices=_as_choices(below))
    if rule.max is not None and constraint.parameter != "n":
        nearest = floor(rule.max) + 2
        above = st.integers(nearest, max(_FARTHEST, nearest + _BEYOND))
        yield Shape(name="above", choices=_as_choices(above))


_LONGER = 500
"""How many characters a drawn text has at most beyond what is allowed."""


def _lengths(constraint: Constraint) -> Iterator[Shape]:
    rule = constraint.rule
    if isinstance(rule, MaxLength):
        beyond = st.integers(rule.characters + 2, rule.characters + _LONGER)
        yield Shape(name="long", choices=_as_choices(beyond.map(prompts.plain_prompt)))
        yield Shape(name="long-wide", choices=_as_choices(beyond.map(prompts.wide_prompt)))


def _listed(
    groups: Mapping[str, Iterable[Json]], constraint: Constraint, operation: Operation
) -> Iterator[Shape]:
    """Yield a shape for each group of values, without those that do not break the rule alone."""
    for name, values in groups.items():
        argument = operation.arguments[constraint.parameter]
        fitting = [
            value
            for value in values
            if can_be_sent(argument, value) and _alone(value, constraint, operation)
        ]
        if fitting:
            yield Shape(name=name, choices=_as_choices(st.sampled_from(fitting)))


def _alone(value: Json, constraint: Constraint, operation: Operation) -> bool:
    """Tell whether a value breaks this rule, and no other that looks at its argument alone."""
    sent = carried(operation, {constraint.parameter: value})
    return all(
        evaluate(other, operation, sent) == ("violated" if other is constraint else "satisfied")
        for other in operation.constraints
        if other.parameter == constraint.parameter and other.rule.partner is None
    )


# --------------------------------------------------------------------------------------- texts
_FULL_WIDTH = {letter: letter + 0xFEE0 for letter in range(0x21, 0x7F)}
_FULL_WIDTH_DIGITS = {digit: digit + 0xFEE0 for digit in range(0x30, 0x3A)}
_ARABIC_DIGITS = {digit: digit + 0x630 for digit in range(0x30, 0x3A)}
_CYRILLIC = {
    "a": "CYRILLIC SMALL LETTER A", "e": "CYRILLIC SMALL LETTER IE",
    "o": "CYRILLIC SMALL LETTER O", "p": "CYRILLIC SMALL LETTER ER",
    "x": "CYRILLIC SMALL LETTER HA", "i": "CYRILLIC SMALL LETTER BYELORUSSIAN-UKRAINIAN I",
    "K": "CYRILLIC CAPITAL LETTER KA",
}  # fmt: skip
_ALIKE = str.maketrans({letter: unicodedata.lookup(name) for letter, name in _CYRILLIC.items()})
"""Latin letters, and those that look like them in another script."""

_CASES: tuple[Spelling, ...] = (str.upper, str.lower, str.capitalize, str.swapcase)
_SPACED: tuple[Spelling, ...] = (" {}".format, "{} ".format, " {} ".format)
_SPACED_ODDLY: tuple[Spelling, ...] = (
    "\t{}".format, "{}\N{NO-BREAK SPACE}".format, lambda word: f"{word[:1]} {word[1:]}",
)  # fmt: skip
_SCRIPTS: tuple[Spelling, ...] = (
    lambda word: word.translate(_FULL_WIDTH),
    lambda word: word.translate(_FULL_WIDTH_DIGITS),
    lambda word: word.translate(_ARABIC_DIGITS),
    lambda word: word.translate(_ALIKE),
)
_MARKS: tuple[Spelling, ...] = (
    "\N{RIGHT-TO-LEFT OVERRIDE}{}".format,
    "{}\N{LEFT-TO-RIGHT MARK}".format,
    "{}\N{COMBINING ACUTE ACCENT}".format,
    "\N{ZERO WIDTH SPACE}{}".format,
    "\N{ZERO WIDTH NO-BREAK SPACE}{}".format,
)
_NEAR: tuple[Spelling, ...] = (
    lambda word: word + word[-1:], lambda word: word[:-1] or "x", "{}1".format, "{}_".format,
    '"{}"'.format, "[{}]".format, "{0},{0}".format,
)  # fmt: skip
_LONG: tuple[Spelling, ...] = (
    lambda word: word * (800 // len(word)),
    lambda word: word + "x" * 700,
)

_WORDS: dict[str, tuple[str, ...]] = {
    "low": ("niedrig", "basse", "baja", "低", "низкое"),
    "medium": ("mittel", "moyenne", "media", "中", "среднее"),
    "high": ("hoch", "haute", "alta", "高", "высокое", "hd", "best"),
    "auto": ("automatisch", "automatique", "automático", "自动", "default"),
    "opaque": ("undurchsichtig", "opaco", "不透明", "solid"),
    "transparent": ("durchsichtig", "transparente", "透明", "none"),
    "jpeg": ("jpg", "JPEG 2000", "image/jpeg", ".jpeg"),
    "png": ("image/png", ".png", "apng"),
    "webp": ("image/webp", ".webp", "web-p"),
    "url": ("URL-Adresse", "adresse", "uri", "link"),
    "16:9": ("16/9", "16x9", "1.78", "widescreen"),
    "1:1": ("1/1", "1", "square", "quadratisch"),
    "1K": ("1024", "1000", "1k px"),
    "4K": ("2160p", "UHD", "4096"),
    "text_to_image": ("text-to-image", "textToImage", "t2i", "generate"),
    "image_to_image": ("image-to-image", "imageToImage", "i2i", "edit"),
}
"""Words of documents in other languages and in other dialects."""

_EXACT = ("spaces", "spaces-odd", "case", "script")
"""What is done to the name of a model: another name may be another model that is served."""


def _texts(constraint: Constraint, operation: Operation) -> dict[str, list[Json]]:
    """Return texts that are almost right, by the kind of what is wrong with them."""
    rule, argument = constraint.rule, operation.arguments[constraint.parameter]
    if isinstance(rule, OneOf) and argument.type == "string":
        words = [word for word in rule.values if isinstance(word, str)]
        kinds = _misspelled(words)
        kinds["words"] += [text for word in words for text in _WORDS.get(word, ())]
        if rule.other_models:
            return {kind: kinds[kind] for kind in _EXACT}
        return kinds
    if isinstance(rule, Format) and rule.shape == "size":
        return _misspelled_sizes(argument, rule)
    if isinstance(rule, Format) and rule.shape == "url":
        return {"address": list(_NO_ADDRESSES)}
    return {}


def _misspelled(names: Iterable[str]) -> dict[str, list[Json]]:
    words = tuple(names)
    kinds = {
        "case": _CASES,
        "spaces": _SPACED,
        "spaces-odd": _SPACED_ODDLY,
        "script": (*_SCRIPTS, *_MARKS),
        "words": (*_NEAR, *_LONG),
    }
    return {
        kind: [spelling(word) for word in words for spelling in spellings]
        for kind, spellings in kinds.items()
    }


_SIZES = ("1024x1024", "1536x1024", "1024x1536")
_SIZE_FORMS: dict[str, tuple[str, ...]] = {
    "spaces-odd": ("{0} x {1}", "{0}x {1}", "{0} {1}"),
    "parts": ("{0}x{1}x1", "{0}x{1}x{1}"),
    "separators": ("{0}*{1}", "{0}\N{MULTIPLICATION SIGN}{1}", "{0}x{1}px"),
    "parts-odd": (
        "{0},{1}", "{0}:{1}", "{0}/{1}", "{0}-{1}", "{0}x", "x{1}", "{0}", "x", "{0}xx{1}",
    ),
    "numbers": ("1e3x{1}", "{0}.0x{1}", "-{0}x{1}", "{0}x-{1}", "+{0}x{1}", "{0}_0x{1}"),
    "words": (
        "square", "landscape", "1K", "4K", "large", "{0}px x {1}px", "size={0}x{1}",
        "{0}x{1}" * 80,
    ),
}  # fmt: skip
_NO_ADDRESSES = (
    "not-a-url", "example.com/hook", "//example.com/hook", "/hook", "ftp://example.com/hook",
    "mailto:hook@example.com", "http:/example.com", " https", "example",
)  # fmt: skip


def _misspelled_sizes(argument: Argument, rule: Format) -> dict[str, list[Json]]:
    """Return texts that are no `WIDTHxHEIGHT`, made of sizes that the other rules allow."""
    grid = lattice(argument)
    sizes = [
        *rule.examples,
        *([] if grid is None else map(text, grid.sizes[:: max(1, len(grid.sizes) // 5)])),
    ]
    edges = [size.split("x") for size in sizes or _SIZES]
    kinds: dict[str, list[Json]] = {
        kind: [form.format(*pair) for pair in edges for form in forms]
        for kind, forms in _SIZE_FORMS.items()
    }
    for kind, spellings in _misspelled("x".join(pair) for pair in edges).items():
        kinds[kind] = [*kinds.get(kind, ()), *spellings]
    words = [word for spellings in _misspelled(rule.words).values() for word in spellings]
    return {**kinds, "words-odd": words}


# --------------------------------------------------------------------------------------- types
_NO_NUMBERS = ("one", "zwei", "n/a", "NaN", "1e", "0x", "1,5", "many")
_NO_BOOLEANS = ("yes", "no", "on", "off", "wahr", "да", "maybe")


def _other_types(constraint: Constraint, operation: Operation) -> dict[str, list[Json]]:
    """Return numbers and booleans as texts, for the rule that wants their type."""
    text_alone = operation.writes_text(constraint.parameter)
    argument = operation.arguments[constraint.parameter]
    if argument.type_rule is not constraint.rule or constraint.rule.presence is not None:
        return {}
    if argument.type == "number":
        number = str(wrong_types(argument)["text"])
        as_text = [] if text_alone else [f" {number}", f"+{number}", f"{number}x"]
        return {"numeral": [*as_text], "word": [*_NO_NUMBERS]}
    if argument.type == "integer":
        number = str(wrong_types(argument)["text"])
        if text_alone:  # spaces may be cut off
            return {"word": [*_NO_NUMBERS]}
        near = (f" {number}", number.translate(_FULL_WIDTH), f"+{number}", f"{number}.5")
        return {"numeral": [*near], "fraction-odd": [0.5, 2.25], "word": [*_NO_NUMBERS]}
    if argument.type == "boolean":
        spelled: dict[str, list[Json]] = {"spelled": ["True", "FALSE", " true", "1", "0"]}
        return {"word": [*_NO_BOOLEANS], **({} if text_alone else spelled)}
    return {}
