"""Reference images and masks: on each side of every rule about files, and as Hypothesis draws them.

Where a provider takes files (in a form, or uploaded first), a reference is the description of one;
where it takes addresses, it is the stand-in address at which the file is served.
"""

import base64
from dataclasses import dataclass, replace

from hypothesis import strategies as st
from hypothesis.strategies import SearchStrategy

from harness.cases.choice import Choice
from harness.core.jsonvalue import Json
from harness.core.placeholders import ASSETS, MISSING
from harness.core.reference import ReferenceImage
from harness.reference_images import MODES, Recipe, parse_recipe, reference_bytes, reference_json
from harness.spec import rules as r
from harness.spec.provider import Argument, Constraint, Operation

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

_CUT = "undocumented: what becomes of a file that ends half-way is not said"
_GONE = "undocumented: what becomes of an address that answers 404 is not said"
_MODE = (
    "undocumented: of pixel modes nothing is said, and OpenAI was seen to refuse some (facts 1.2)"
)


def reference_value(wanted: Recipe, name: str, operation: Operation) -> Json:
    """Return one reference as the argument holds it."""
    return (
        reference_json(wanted).as_json()
        if operation.takes_files(name)
        else f"{ASSETS}{wanted.name}"
    )


def plain_reference(name: str, operation: Operation) -> Json:
    """Return what the cheapest valid request sends for an argument of this type."""
    if operation.arguments[name].type == "file":
        return reference_value(_mask(name, operation), name, operation)
    image = _like(PLAIN, name, operation)
    seeds = range(1, _least(name, operation) + 1)
    return [reference_value(replace(image, seed=seed), name, operation) for seed in seeds]


def _least(name: str, operation: Operation) -> int:
    count = operation.arguments[name].count
    return max(1, count.min) if count else 1


def _types(name: str, operation: Operation) -> tuple[str, ...]:
    """Return the formats that an argument's files may have, of those that can be made."""
    rule = operation.arguments[name].media_type
    named = [kind.removeprefix("image/") for kind in rule.values] if rule else _KINDS
    return tuple(kind for kind in named if kind in MODES)


def _like(wanted: Recipe, name: str, operation: Operation) -> Recipe:
    """Return the image in a format that the argument may have, if this one is none."""
    known = sorted(_types(name, operation), key=_KINDS.index)
    able = tuple(kind for kind in known if wanted.mode in MODES[kind]) or tuple(known)
    if wanted.format in known or not able:
        return wanted
    modes = MODES[able[0]]
    mode = wanted.mode if wanted.mode in modes else modes[0]
    return replace(wanted, format=able[0], mode=mode)


def _mask(name: str, operation: Operation) -> Recipe:
    """Return the plain mask, in the format of the plain image where it has to have that."""
    mask, rule = _like(MASK, name, operation), operation.arguments[name].same_format
    kind = _like(PLAIN, rule.argument, operation).format if rule else mask.format
    return replace(mask, format=kind) if mask.mode in MODES[kind] else mask


def allowed_references(constraint: Constraint, operation: Operation) -> tuple[Choice, ...]:
    """Return what stands on the allowed side of a rule about files or addresses."""
    name = constraint.parameter
    match constraint.rule:
        case r.Count(min=least, max=most):
            numbers = dict.fromkeys((least, most))
            some = (number for number in numbers if number or operation.body == "json")
            return tuple(_many(number, name, operation) for number in some)
        case r.MediaType(values=types) if operation.arguments[name].type == "images":
            known = _types(name, operation)
            kinds = tuple(_of_type(kind, name, operation) for kind in known)
            return (*kinds, *_odd_modes(types, name, operation))
        case r.MaxBytes() as rule:
            return _sized(rule.most, name, operation)
        case r.SameFormat(argument=other):
            return (_masked(replace(MASK, format="webp"), name, other, operation, first="webp"),)
        case r.SameSize(argument=other):
            small = replace(_mask(name, operation), width_px=256, height_px=384)
            kind = _like(PLAIN, other, operation).format
            return (_masked(small, name, other, operation, first=kind, slug="256x384"),)
        case r.Alpha() | r.MediaType():
            return (Choice(value=plain_reference(name, operation), slug=MASK.mode),)
        case r.UrlOnly() if (count := operation.arguments[name].count) and count.max > 1:
            two = [reference_value(replace(PLAIN, seed=seed), name, operation) for seed in (1, 2)]
            return (Choice(value=two, slug="two"),)
        case _:
            return ()


def forbidden_references(  # noqa: C901, PLR0911 - one answer per kind of rule
    constraint: Constraint, operation: Operation
) -> tuple[Choice, ...]:
    """Return what breaks a rule about files or addresses, and no other rule."""
    name = constraint.parameter
    listed = operation.arguments[name].type == "images"
    match constraint.rule:
        case r.Count(min=least, max=most):
            none = (Choice(value=[], slug="none"),) if least and operation.body == "json" else ()
            return (_many(most + 1, name, operation), *none)
        case r.MediaType(values=types) if listed:
            others = [kind for kind in reversed(_KINDS) if f"image/{kind}" not in types]
            alien = (replace(PLAIN, format=kind, mode=MODES[kind][0]) for kind in others[:1])
            return (*(_one(one, name, operation) for one in alien), _cut(name, operation))
        case r.MediaType(values=types):
            others = [kind for kind in ("webp", "png") if f"image/{kind}" not in types]
            return tuple(_one(replace(MASK, format=kind), name, operation) for kind in others)
        case r.MaxBytes() as rule:
            return _sized(rule.least_too_big, name, operation)
        case r.Alpha():
            return (_one(replace(_mask(name, operation), mode="rgb"), name, operation),)
        case r.SameSize():
            return (_one(replace(_mask(name, operation), width_px=256), name, operation),)
        case r.SameFormat():
            kind = "png" if _mask(name, operation).format == "webp" else "webp"
            return (_one(replace(MASK, format=kind), name, operation),)
        case r.UrlOnly():
            return _no_addresses()
        case _:
            return ()


def partner_references(name: str, operation: Operation) -> dict[str, Json]:
    """Return the images that a plain mask belongs to; nothing for other arguments."""
    argument = operation.arguments[name]
    partners = {rule.argument for rule in (argument.same_size, argument.same_format) if rule}
    return {partner: plain_reference(partner, operation) for partner in sorted(partners)}


def first_file(chosen: Json) -> Recipe | None:
    """Return the recipe of the first reference of a list, where it is a file."""
    image = ReferenceImage.of(chosen[0]) if isinstance(chosen, list) and chosen else None
    return parse_recipe(image.filename) if image and image.filename else None


def drawn_references(name: str, argument: Argument, operation: Operation) -> SearchStrategy[Json]:
    """Draw a list of references: their format, mode, dimensions and number."""
    kinds = _types(name, operation) if argument.media_type else ("png", "jpeg")
    recipes = [
        Recipe(format=kind, mode=mode, width_px=wide, height_px=high)
        for kind in kinds
        for mode in [one for one in ("rgb", "rgba") if one in MODES[kind]] or MODES[kind]
        for wide in _EDGES
        for high in _EDGES
    ]
    least = _least(name, operation)
    most = min(argument.count.max, max(least, _FEW)) if argument.count else _FEW

    @st.composite
    def references(draw: st.DrawFn) -> Json:
        number = draw(st.integers(least, most))
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

    def welcome(self, chosen: dict[str, Json]) -> bool:
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
        if "rgba" not in MODES[kind] or kind not in _types(self.name, self.operation):
            return None
        return replace(first, format=kind, mode="rgba", cut=False, size_bytes=None)


def _one(wanted: Recipe, name: str, operation: Operation) -> Choice:
    item = reference_value(wanted, name, operation)
    listed = operation.arguments[name].type == "images"
    slug = wanted.name.removeprefix(f"{wanted.format}-").removesuffix(f".{wanted.format}")
    others = plain_reference(name, operation) if listed else None
    rest = others[1:] if isinstance(others, list) else []
    return Choice(
        value=[item, *rest] if listed else item,
        slug=f"{wanted.format}-{slug}",
        beside=partner_references(name, operation),
    )


def _many(number: int, name: str, operation: Operation) -> Choice:
    """Return a list of so many references, no two alike."""
    image = _like(PLAIN, name, operation)
    items = [reference_value(replace(image, seed=at + 1), name, operation) for at in range(number)]
    return Choice(value=items, slug=str(number))


def _of_type(kind: str, name: str, operation: Operation) -> Choice:
    mode = PLAIN.mode if PLAIN.mode in MODES[kind] else MODES[kind][0]
    return _one(replace(PLAIN, format=kind, mode=mode), name, operation)


def _odd_modes(types: tuple[str, ...], name: str, operation: Operation) -> tuple[Choice, ...]:
    if "image/png" not in types:
        return ()
    odd = (replace(PLAIN, mode=mode) for mode in ("p", "la"))
    return tuple(replace(_one(one, name, operation), open=True, why=_MODE) for one in odd)


def _cut(name: str, operation: Operation) -> Choice:
    cut = replace(_like(PLAIN, name, operation), cut=True)
    return replace(_one(cut, name, operation), open=True, why=_CUT)


def _sized(size_bytes: int, name: str, operation: Operation) -> tuple[Choice, ...]:
    """Return a file of that size: none where it may not be a PNG, for only that can be padded."""
    is_file = operation.arguments[name].type == "file"
    whole = _mask(name, operation) if is_file else _like(PLAIN, name, operation)
    if whole.format != "png":
        return ()
    sized = _one(replace(whole, size_bytes=size_bytes), name, operation)
    return (replace(sized, slug=f"{size_bytes}-bytes"),)


def _masked(  # noqa: PLR0913 - both files of a pair
    mask: Recipe, name: str, other: str, operation: Operation, *, first: str = "png", slug: str = ""
) -> Choice:
    """Return a mask with an image that it fits."""
    image = replace(mask, format=first, mode=MODES[first][0], seed=1)
    belongs = [reference_value(image, other, operation)]
    more = plain_reference(other, operation)
    return Choice(
        value=reference_value(mask, name, operation),
        slug=slug or mask.format,
        beside={other: [*belongs, *(more[1:] if isinstance(more, list) else [])]},
    )


def _no_addresses() -> tuple[Choice, ...]:
    text = base64.b64encode(reference_bytes(TINY.name)).decode()
    return (
        Choice(value=[text], slug="base64"),
        Choice(value=[f"data:image/png;base64,{text}"], slug="data-url"),
        Choice(value=[MISSING], slug="address-404", open=True, why=_GONE),
    )
