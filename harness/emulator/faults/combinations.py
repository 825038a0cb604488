"""Faults that show only where valid values meet: two or three of them, or one without another.

Each names values that the seed document of its provider allows, none of them a default, so that
what a request omits plays no part. An edit has them all, unless its document is silent or
contradicts itself about a parameter there.

A value in a request is a trait. `quality=high` is a parameter and its value as written; what a
request omits is no trait. Sizes, prompts and counts have classes besides: `size=largest`,
`prompt=longest`, `n=many`.
"""
# ruff: noqa: TID252 - absolute names would break when the folder is copied elsewhere

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

from ..received import Form
from ..rules import Refusal, aimlapi, apiframe, edits_api, operations_of
from ..rules.parameters import is_integer, parse_size

if TYPE_CHECKING:
    from collections.abc import Collection, Iterator, Mapping

# The longest prompts that the seed documents name; the other two name none.
LONGEST_PROMPT = {"buble": 20_000, "nanobanana": 2_000, "aimlapi": 32_000, "openai": 32_000}
# Those that answer in OpenAI's envelope, whose edits are forms or JSON on one path.
OPENAI_SHAPED = ("sub2api", "openai")
EDITS = ("edit", "edit_json")

LARGEST_PX, SMALLEST_PX = 8_294_400, 655_360
CLASSES = {
    "n=many": "n above 1",
    "size=largest": "exactly 8294400 px",
    "size=smallest": "exactly 655360 px",
    "size=3:1": "a long edge of exactly three times the short one",
    "size=portrait": "a size higher than wide",
    "prompt=longest": "a prompt of exactly the longest length",
    "images=many": "two references or more",
    "mask=given": "a mask",
}
Effect = Literal["refused", "blamed", "wrong_dimensions", "wrong_format", "needed"]
KINDS: dict[str, Effect] = {
    "both": "refused",
    "both_blamed": "blamed",
    "both_wrong_dimensions": "wrong_dimensions",
    "both_wrong_format": "wrong_format",
    "three": "refused",
    "three_wrong_dimensions": "wrong_dimensions",
    "three_wrong_format": "wrong_format",
    "undeclared": "needed",
}
MEANINGS: dict[Effect, str] = {
    "refused": "refused, naming no parameter",
    "blamed": "refused, naming the first of them alone",
    "wrong_dimensions": "served in 1254x1254",
    "wrong_format": "served in another format",
    "needed": "",
}
# A code that each provider uses for bodies that it refuses; the others have none.
CODES = {"buble": "invalid_request_body", "sub2api": "invalid_value", "openai": "invalid_value"}

NAMES: dict[str, tuple[str, ...]] = {
    "buble": (
        "both:resolution=2K+aspect_ratio=1:1",
        "both:resolution=2K+aspect_ratio=auto",
        "both:resolution=4K+aspect_ratio=9:16",
        "both:prompt=longest+resolution=2K",
        "both:prompt=longest+aspect_ratio=3:4",
        "both:images=many+resolution=2K",
        "both:images=many+aspect_ratio=4:3",
        "both_blamed:resolution=4K+aspect_ratio=1:1",
        "both_wrong_dimensions:resolution=2K+aspect_ratio=4:3",
        "both_wrong_dimensions:resolution=4K+aspect_ratio=3:4",
        "three:prompt=longest+resolution=2K+aspect_ratio=1:1",
        "three:prompt=longest+resolution=4K+aspect_ratio=4:3",
        "three:images=many+resolution=2K+aspect_ratio=9:16",
        "undeclared:aspect_ratio-needs-resolution",
    ),
    "sub2api": (
        "both:quality=high+output_format=jpeg",
        "both:quality=high+size=largest",
        "both:quality=medium+moderation=low",
        "both:n=many+background=opaque",
        "both:size=3:1+output_format=webp",
        "both:size=smallest+background=opaque",
        "both:moderation=low+output_format=webp",
        "both:output_compression=0+quality=low",
        "both:output_compression=100+background=opaque",
        "both:model=gpt-image-2-2026-04-21+quality=high",
        "both:stream=true+output_format=jpeg",
        "both:partial_images=3+quality=low",
        "both:images=many+size=portrait",
        "both:mask=given+output_format=webp",
        "both_blamed:quality=high+background=opaque",
        "both_wrong_dimensions:size=1536x1024+quality=high",
        "both_wrong_dimensions:size=3:1+output_format=jpeg",
        "both_wrong_format:quality=high+output_format=webp",
        "both_wrong_format:n=many+output_format=jpeg",
        "three:quality=high+output_format=jpeg+background=opaque",
        "three:quality=low+output_format=webp+moderation=low",
        "three:n=many+output_format=jpeg+quality=medium",
        "three_wrong_format:quality=medium+output_format=webp+background=opaque",
        "undeclared:output_compression-needs-quality",
        "undeclared:output_compression-needs-background",
        "undeclared:partial_images-needs-output_format",
    ),
    "apiframe": (
        "both:quality=high+output_format=jpeg",
        "both:quality=medium+output_format=png",
        "both:quality=low+background=opaque",
        "both:quality=medium+moderation=low",
        "both:n=many+background=opaque",
        "both:n=many+output_format=jpeg",
        "both:background=opaque+output_format=png",
        "both:moderation=low+output_format=jpeg",
        "both_blamed:quality=high+moderation=low",
        "both_wrong_format:quality=low+output_format=png",
        "both_wrong_format:background=opaque+output_format=jpeg",
        "three:quality=high+output_format=jpeg+background=opaque",
        "three:quality=low+output_format=png+moderation=low",
        "three:n=many+quality=medium+background=opaque",
        "undeclared:background-needs-quality",
        "undeclared:moderation-needs-output_format",
    ),
    "nanobanana": (
        "both:size=largest+quality=high",
        "both:size=3:1+quality=low",
        "both:size=smallest+quality=medium",
        "both:size=portrait+quality=medium",
        "both:prompt=longest+quality=high",
        "both:prompt=longest+size=portrait",
        "both:images=many+quality=medium",
        "both:images=many+size=3:1",
        "both_blamed:size=smallest+quality=low",
        "both_wrong_dimensions:size=3:1+quality=medium",
        "both_wrong_dimensions:size=portrait+quality=high",
        "three:prompt=longest+size=3:1+quality=low",
        "three:prompt=longest+size=portrait+quality=medium",
        "three:images=many+size=portrait+quality=low",
        "undeclared:size-needs-quality",
    ),
    "aimlapi": (
        "both:size=1536x1024+output_format=jpeg",
        "both:size=1536x1024+output_compression=0",
        "both:output_format=jpeg+output_compression=0",
        "both:prompt=longest+output_format=webp",
        "both:prompt=longest+size=1536x1024",
        "both:n=many+output_format=jpeg",
        "both:images=many+size=1536x1024",
        "both:mask=given+output_format=webp",
        "both_blamed:size=1536x1024+output_format=webp",
        "both_wrong_dimensions:size=1536x1024+output_format=webp",
        "both_wrong_format:size=1536x1024+output_format=jpeg",
        "three:size=1536x1024+output_format=webp+output_compression=0",
        "three:prompt=longest+size=1536x1024+output_format=jpeg",
        "undeclared:output_compression-needs-size",
    ),
    "openai": (
        "both:quality=high+output_format=jpeg",
        "both:quality=medium+background=opaque",
        "both:n=many+output_format=webp",
        "both:size=3:1+quality=medium",
        "both:size=smallest+background=opaque",
        "both:output_compression=0+quality=low",
        "both:model=gpt-image-2-2026-04-21+quality=high",
        "both:prompt=longest+output_format=jpeg",
        "both:stream=true+output_format=webp",
        "both:images=many+size=portrait",
        "both:mask=given+output_format=webp",
        "both_blamed:quality=high+background=opaque",
        "both_wrong_dimensions:size=1536x1024+quality=high",
        "both_wrong_format:quality=high+output_format=webp",
        "three:quality=high+output_format=jpeg+background=opaque",
        "three:n=many+output_format=webp+quality=medium",
        "undeclared:output_compression-needs-quality",
        "undeclared:partial_images-needs-output_format",
    ),
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Combination:
    """A fault of a combination: the traits that have to meet, its effect, and where it shows.

    For `needed`, `traits` are a parameter and the one that has to be there with it.
    """

    name: str
    effect: Effect
    traits: tuple[str, ...]
    operations: tuple[str, ...]

    @property
    def meaning(self) -> str:
        """Return what the fault does, in a line."""
        if self.effect == "needed":
            first, second = self.traits
            return f"{first} is refused unless {second} is given too, before any rule is looked at"
        texts = [
            f"{CLASSES[trait]} ({trait})" if trait in CLASSES else trait for trait in self.traits
        ]
        return f"{' with '.join(texts)} is {MEANINGS[self.effect]}"

    def meets(self, provider: str, operation: str, body: Mapping[str, object]) -> bool:
        """Whether a request of this operation has the combination."""
        if operation not in self.operations:
            return False
        if self.effect == "needed":
            values = values_of(provider, operation, body)
            first, second = (values.get(name) is not None for name in self.traits)
            return first and not second
        return _traits(provider, operation, body).issuperset(self.traits)


def combination(provider: str, name: str) -> Combination | None:
    """Return the fault of that name, None where the name is not that of a combination."""
    kind, _, traits_text = name.partition(":")
    if kind not in KINDS or not traits_text:
        return None
    traits = tuple(traits_text.split("-needs-" if kind == "undeclared" else "+"))
    operations = operations_meeting(provider, traits)
    return Combination(name=name, effect=KINDS[kind], traits=traits, operations=operations)


def operations_meeting(provider: str, traits: tuple[str, ...]) -> tuple[str, ...]:
    """Return where the values of a combination can meet.

    The document of sub2api names no parameter of the tool of the Responses API, and OpenAI's own
    documents do not agree on moderation in edits.
    """
    names = {trait.partition("=")[0] for trait in traits}
    wanted = {"generate", *EDITS}
    if names & {"images", "mask"} or (provider == "aimlapi" and "n" in names):
        wanted = {*EDITS}
    elif provider in OPENAI_SHAPED and "moderation" in names:
        wanted = {"generate"}
    return tuple(operation for operation in operations_of(provider) if operation in wanted)


def refusal_first(
    provider: str, operation: str, body: object, active: Collection[Combination]
) -> Refusal | None:
    """Return the refusal of an undeclared rule, which is checked before all others."""
    for fault in _meeting(provider, operation, body, active, ("needed",)):
        first, second = fault.traits
        return _refusal(provider, fault.name, first, f"{first} requires {second}.")
    return None


def refusal_last(
    provider: str, operation: str, body: object, active: Collection[Combination]
) -> Refusal | None:
    """Return the refusal of a combination of values that break no rule."""
    for fault in _meeting(provider, operation, body, active, ("refused", "blamed")):
        blamed = fault.traits[0].partition("=")[0] if fault.effect == "blamed" else None
        message = f"{blamed or 'The request'} could not be processed."
        return _refusal(provider, fault.name, blamed, message)
    return None


def content_faults(
    provider: str, operation: str, body: object, active: Collection[Combination]
) -> frozenset[str]:
    """Return the content faults that a combination in a request switches on for it alone."""
    faults = _meeting(provider, operation, body, active, ("wrong_dimensions", "wrong_format"))
    return frozenset(fault.effect for fault in faults)


def _meeting(
    provider: str,
    operation: str,
    body: object,
    active: Collection[Combination],
    effects: tuple[str, ...],
) -> Iterator[Combination]:
    """Yield the active combinations of these effects that a request has."""
    if isinstance(body, dict):
        operation = operation_of(provider, operation, body)
        for fault in active:
            if fault.effect in effects and fault.meets(provider, operation, body):
                yield fault


def operation_of(provider: str, operation: str, body: object) -> str:
    """Return what a body on the path of an operation asks for.

    At two providers an edit is sent to the path of generations, and at one edits as a form and as
    JSON to the same path: the body shows what it is.
    """
    if not isinstance(body, dict):
        return operation
    if provider == "buble" and body.get("mode") == "image_to_image":
        return "edit"
    if provider == "apiframe" and apiframe.input_images(body) is not None:
        return "edit"
    if provider == "openai" and operation == "edit" and not isinstance(body, Form):
        return "edit_json"
    return operation


def unnamed_refusal(provider: str, name: str) -> Refusal:
    """Return the refusal of valid values in the provider's words, which names no parameter."""
    return _refusal(provider, name, None, "The request could not be processed.")


def _refusal(provider: str, name: str, parameter: str | None, message: str) -> Refusal:
    if provider == "apiframe" and parameter is not None:
        parameter = f"{apiframe.PARAMS}.{parameter}"
    return Refusal(
        rule=name,
        parameter=parameter,
        message=message,
        code=CODES.get(provider),
        kind="invalid_request_error" if provider in OPENAI_SHAPED else None,
    )


def _traits(provider: str, operation: str, body: Mapping[str, object]) -> frozenset[str]:
    """Return the traits of a decoded body that broke no rule."""
    values = values_of(provider, operation, body)
    number, prompt = values.get("n"), values.get("prompt")
    has_mask = operation in EDITS and body.get("mask") is not None
    classes = {
        "n=many": is_integer(number) and number > 1,
        "prompt=longest": isinstance(prompt, str) and len(prompt) == LONGEST_PROMPT.get(provider),
        "images=many": _reference_count(provider, operation, body) > 1,
        "mask=given": has_mask,
        **_size_classes(values.get("size")),
    }
    written = {f"{name}={_text(value)}" for name, value in values.items() if _is_short(value)}
    return frozenset(written | {name for name, holds in classes.items() if holds})


def _reference_count(provider: str, operation: str, body: Mapping[str, object]) -> int:
    """Return how many reference images a body names or holds."""
    if provider in OPENAI_SHAPED:
        return edits_api.image_count(body) if operation in EDITS else 0
    if isinstance(body, Form):
        return sum(len(body.files(name)) for name in aimlapi.IMAGE_FIELDS)
    references: object = None
    if provider == "buble" and body.get("mode") == "image_to_image":
        references = body.get("image_urls")
    elif provider == "apiframe":
        references = apiframe.input_images(body)
    elif provider == "nanobanana" and operation == "edit":
        references = body.get("image")
    if references is None:
        return 0
    return len(references) if isinstance(references, list) else 1


def values_of(provider: str, operation: str, body: Mapping[str, object]) -> Mapping[str, object]:
    """Return a body's parameters by the names that all providers share here."""
    if provider == "apiframe":
        params = body.get(apiframe.PARAMS)
        inner = params if isinstance(params, dict) else {}
        return {**body, **inner, "n": inner.get("number_of_images")}
    if operation in EDITS and provider in OPENAI_SHAPED:
        return edits_api.edit_parameters(body)
    if operation == "edit" and provider == "aimlapi":
        return aimlapi.edit_parameters(body)
    return body


def _is_short(value: object) -> bool:
    return isinstance(value, int) or (isinstance(value, str) and len(value) < 50)


def _text(value: object) -> str:
    return str(value).lower() if isinstance(value, bool) else str(value)


def _size_classes(size: object) -> dict[str, bool]:
    """Return the classes of sizes, and whether a WIDTHxHEIGHT is in them."""
    edges = parse_size(size)
    if edges is None:
        return {}
    shorter, longer = sorted(edges)
    return {
        "size=largest": shorter * longer == LARGEST_PX,
        "size=smallest": shorter * longer == SMALLEST_PX,
        "size=3:1": longer == 3 * shorter,
        "size=portrait": edges[1] > edges[0],
    }
