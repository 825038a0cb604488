"""Reference images and masks: plain, with one thing changed, and as Hypothesis draws them.

Where a provider takes files (in a form, or uploaded first), a reference is the description of one;
where it takes addresses, it is the placeholder address at which the file is served.
"""

import base64
from dataclasses import dataclass, replace
from typing import Unpack

from hypothesis import strategies as st
from hypothesis.strategies import SearchStrategy
from typing_extensions import override

from harness.cases import prompts
from harness.cases.declared import plain_items
from harness.core.jsonvalue import Json
from harness.core.placeholders import ASSETS
from harness.core.recipe import MODES, Recipe, parse_recipe
from harness.core.reference import ReferenceImage
from harness.reference_images import reference_bytes, reference_json
from harness.spec.provider import Argument, Operation
from harness.spec.rules.base import Choice, Choices, Context, FileChanges, Letters, choice

PLAIN = Recipe(format="png", mode="rgb", width_px=512, height_px=512)
MASK = Recipe(format="png", mode="rgba", width_px=512, height_px=512, seed=2)
TINY = Recipe(format="png", mode="rgb", width_px=64, height_px=64)
"""Short as text; only for what must be refused."""

_KINDS = ("png", "webp", "jpeg", "gif")
"""The formats, the one first that is sent where the documents allow it."""

_EDGES = (256, 384, 512)
"""No document names a smallest reference: nothing smaller is asked for, lest that be refused."""

_SEEDS = 3
_FEW = 4
"""How many references a drawn request has at most; the bound itself is a written case."""


def reference_value(wanted: Recipe, name: str, operation: Operation) -> Json:
    """Return one reference as the argument holds it."""
    as_file = operation.takes_files(name)
    return reference_json(wanted).as_json() if as_file else f"{ASSETS}{wanted.name}"


def reference_values(plain: Recipe, number: int, name: str, operation: Operation) -> list[Json]:
    """Return so many references that differ in their seeds only, from 1 on."""
    recipes = (replace(plain, seed=seed) for seed in range(1, number + 1))
    return [reference_value(recipe, name, operation) for recipe in recipes]


def plain_reference(name: str, operation: Operation) -> Json:
    """Return what the cheapest valid request sends for an argument of this type."""
    whole = plain_recipe(name, operation)
    if operation.arguments[name].type == "file":
        return reference_value(whole, name, operation)
    return reference_values(whole, _least(name, operation), name, operation)


def plain_recipe(name: str, operation: Operation) -> Recipe:
    """Return the plain image, or the plain mask, in a format that the argument may have."""
    is_file = operation.arguments[name].type == "file"
    return _mask(name, operation) if is_file else _like(PLAIN, name, operation)


def _least(name: str, operation: Operation) -> int:
    least, _ = operation.arguments[name].span("entries")
    return max(1, least or 1)


def types(name: str, operation: Operation) -> tuple[str, ...]:
    """Return the formats that an argument's files may have, of those that can be made."""
    rule = operation.arguments[name].media_type
    named = [kind.removeprefix("image/") for kind in rule.values] if rule else _KINDS
    return tuple(kind for kind in named if kind in MODES)


def _like(wanted: Recipe, name: str, operation: Operation) -> Recipe:
    """Return the image in a format that the argument may have, if this one is none."""
    kinds = sorted(types(name, operation), key=_KINDS.index)
    able = tuple(kind for kind in kinds if wanted.mode in MODES[kind]) or tuple(kinds)
    if wanted.format in kinds or not able:
        return wanted
    modes = MODES[able[0]]
    mode = wanted.mode if wanted.mode in modes else modes[0]
    return replace(wanted, format=able[0], mode=mode)


def _mask(name: str, operation: Operation) -> Recipe:
    """Return the plain mask, in the format of the plain image where it has to have that."""
    mask, rule = _like(MASK, name, operation), operation.arguments[name].same_format
    kind = _like(PLAIN, rule.argument, operation).format if rule else mask.format
    return replace(mask, format=kind) if mask.mode in MODES[kind] else mask


@dataclass(frozen=True, slots=True, kw_only=True)
class Making(Context):
    """The place of a rule in an operation, with the texts and files that its boundaries need."""

    operation: Operation
    whole: Recipe
    """The plain file."""

    @override
    def text(self, characters: int, letters: Letters) -> str:
        made_of = {
            "ascii": prompts.plain_prompt,
            "wide": prompts.wide_prompt,
            "astral": prompts.astral_prompt,
        }
        return made_of[letters](characters)

    @override
    def base64(self) -> str:
        return base64.b64encode(reference_bytes(TINY.name)).decode()

    @override
    def file(
        self, *, slug: str = "", why: str = "", fits: str = "", **changed: Unpack[FileChanges]
    ) -> Choice:
        is_file = self.argument.type == "file"
        of_any_format = MASK if is_file else PLAIN
        wanted = replace(of_any_format if "format" in changed else self.whole, **changed)
        if wanted.mode not in MODES[wanted.format]:
            wanted = replace(wanted, mode=MODES[wanted.format][0])
        entry = reference_value(wanted, self.name, self.operation)
        name = wanted.name.removeprefix(f"{wanted.format}-").removesuffix(f".{wanted.format}")
        return choice(
            entry if is_file else [entry, *_others(self.name, self.operation)],
            slug=slug or f"{wanted.format}-{name}",
            why=why,
            beside=self._fitting(wanted, fits) if fits else None,
        )

    def _fitting(self, mask: Recipe, other: str) -> dict[str, Json]:
        """Return the other argument with a first image that a mask goes with."""
        image = _like(replace(mask, mode=PLAIN.mode, seed=1), other, self.operation)
        first = reference_value(image, other, self.operation)
        return {other: [first, *_others(other, self.operation)]}

    @override
    def files(self, number: int, *, slug: str = "") -> Choice:
        entries: Json = reference_values(self.whole, number, self.name, self.operation)
        return choice(entries, slug=slug or str(number))

    @override
    def entries(self, number: int) -> Choices:
        if self.argument.type == "images":
            return (self.files(number),)
        items = plain_items(self.argument, number)
        return () if items is None else (choice(items, slug=str(number)),)


def _others(name: str, operation: Operation) -> list[Json]:
    """Return what has to follow the first of a list of references."""
    images = plain_reference(name, operation)
    return images[1:] if isinstance(images, list) else []


def partner_references(name: str, operation: Operation) -> dict[str, Json]:
    """Return the images that a plain mask belongs to; nothing for other arguments."""
    argument = operation.arguments[name]
    partners = {rule.argument for rule in (argument.same_size, argument.same_format) if rule}
    return {partner: plain_reference(partner, operation) for partner in sorted(partners)}


def first_file(chosen: Json) -> Recipe | None:
    """Return the recipe of the first reference of a list, where it is a file."""
    image = ReferenceImage.of(chosen[0]) if isinstance(chosen, list) and chosen else None
    return parse_recipe(image.filename) if image and image.filename else None


_HEAVIEST = 150_000
"""Bytes that every image drawn here stays below: it is weighed where fewer are allowed."""


def _light(recipes: list[Recipe], argument: Argument) -> list[Recipe]:
    """Return the images of as few bytes as the documents allow, whatever the seed."""
    most = argument.max_bytes.most if argument.max_bytes else _HEAVIEST
    if most >= _HEAVIEST:
        return recipes
    return [one for one in recipes if (reference_json(one).size_bytes or 0) * 1.1 < most]


def drawn_references(
    name: str, argument: Argument, operation: Operation, *, cheap: bool = False
) -> SearchStrategy[Json]:
    """Draw a list of references: their format, mode, dimensions and number; `cheap`, the fewest."""
    kinds = types(name, operation) if argument.media_type else ("png", "jpeg")
    recipes = [
        Recipe(format=kind, mode=mode, width_px=wide, height_px=high)
        for kind in kinds
        for mode in [mode for mode in MODES[kind] if "rgb" in mode] or MODES[kind]
        for wide in _EDGES
        for high in _EDGES
    ]
    recipes = _light(recipes, argument) or recipes
    least = _least(name, operation)
    _, most = argument.span("entries")
    few = _FEW if most is None else min(most, max(least, _FEW))
    few = least if cheap else few

    @st.composite
    def references(draw: st.DrawFn) -> Json:
        number = draw(st.integers(least, few))
        return [
            reference_value(replace(draw(st.sampled_from(recipes)), seed=seed + 1), name, operation)
            for seed in range(number)
        ]

    return references()


@dataclass(frozen=True, slots=True, kw_only=True)
class MaskSlot:
    """A mask's place in a drawn request: it follows the first image that was chosen."""

    name: str
    argument: Argument
    operation: Operation
    required: bool = False

    @property
    def partners(self) -> set[str]:
        """The arguments that must be chosen before this one."""
        return {*partner_references(self.name, self.operation)}

    def is_possible(self, chosen: dict[str, Json]) -> bool:
        """Tell whether a mask can go with the images; to a JPEG's format none can."""
        return self._fitting(chosen) is not None

    def fitting(self, chosen: dict[str, Json]) -> SearchStrategy[Json]:
        """Return masks of the first image's dimensions (and format, where that is asked)."""
        like = self._fitting(chosen) or MASK
        return st.integers(1, _SEEDS).map(
            lambda seed: reference_value(replace(like, seed=seed), self.name, self.operation)
        )

    def _fitting(self, chosen: dict[str, Json]) -> Recipe | None:
        partner = next(iter(self.partners), "")
        first = first_file(chosen.get(partner))
        if first is None:
            return None
        same = self.argument.same_format is not None
        kind = first.format if same else _like(MASK, self.name, self.operation).format
        if "rgba" not in MODES[kind] or kind not in types(self.name, self.operation):
            return None
        return replace(first, format=kind, mode="rgba", cut=False, size_bytes=None)
