"""Faults of JSON types and of the shape of refusals, each about one parameter.

`takes:PARAMETER=FORM` reads a value of another type than the document's as if it had the right one:
`takes:n=text` reads "3" as 3. `other_shape:PARAMETER` refuses what breaks a rule of that parameter
in an envelope of another API. Forms of multipart bodies have texts only, so that these faults are
those of JSON bodies.
"""
# ruff: noqa: TID252 - absolute names would break when the folder is copied elsewhere

from __future__ import annotations

from typing import TYPE_CHECKING, Literal

from ..received import Form
from ..rules import apiframe, operations_of
from ..rules.parameters import is_integer
from ..rules.uploads import ATOI, ResolvedBody
from .combinations import operations_meeting

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping

Type = Literal["integer", "boolean", "string", "list"]
TYPES: Mapping[str, Type] = {
    "n": "integer",
    "output_compression": "integer",
    "partial_images": "integer",
    "stream": "boolean",
    "images": "list",
}
"""Of the parameters that are no strings."""
FORMS = {
    "text": "a text",
    "true": "true or false",
    "fraction": "a number that is no whole one",
    "number": "a number",
    "list": "a list of the one value",
}
TAKES, OTHER_SHAPE = "takes", "other_shape"
JSON_OPERATIONS = {
    "sub2api": ("generate",),
    "aimlapi": ("generate",),
    "openai": ("generate", "edit_json"),
}
"""Of those providers that take edits as forms; all operations of the others have JSON bodies."""

# Only parameters of which the provider's document names the type. Several documents name none, or
# name two.
NAMES: Mapping[str, tuple[str, ...]] = {
    "buble": ("takes:images=text", "takes:resolution=list", "takes:aspect_ratio=list"),
    "sub2api": (
        *("takes:n=text", "takes:n=true", "takes:n=fraction", "takes:n=list"),
        *("takes:partial_images=text", "takes:partial_images=fraction"),
        *("takes:stream=text", "takes:stream=number"),
        *("takes:quality=list", "takes:size=list", "takes:prompt=list", "takes:prompt=number"),
    ),
    "apiframe": (
        *("takes:n=text", "takes:n=true", "takes:n=fraction", "takes:n=list"),
        *("takes:quality=list", "takes:prompt=list", "takes:prompt=number"),
    ),
    "nanobanana": (
        *("takes:n=text", "takes:n=true", "takes:n=fraction"),
        *("takes:quality=list", "takes:size=list", "takes:prompt=list"),
    ),
    "aimlapi": (
        *("takes:output_compression=text", "takes:output_compression=true"),
        *("takes:output_compression=fraction", "takes:output_compression=list"),
        *("takes:quality=list", "takes:size=list", "takes:prompt=number"),
    ),
    "openai": (
        *("takes:n=text", "takes:n=true", "takes:n=fraction", "takes:n=list"),
        *("takes:output_compression=text", "takes:partial_images=fraction"),
        *("takes:stream=text", "takes:stream=number"),
        *("takes:quality=list", "takes:size=list", "takes:prompt=list", "takes:prompt=number"),
    ),
}
SHAPES: Mapping[str, tuple[str, ...]] = {
    "buble": ("other_shape:resolution", "other_shape:aspect_ratio"),
    "sub2api": ("other_shape:n", "other_shape:size", "other_shape:background"),
    "apiframe": ("other_shape:n", "other_shape:quality"),
    "nanobanana": ("other_shape:size", "other_shape:quality"),
    "aimlapi": ("other_shape:size", "other_shape:output_compression"),
    "openai": ("other_shape:n", "other_shape:size", "other_shape:quality"),
}


def type_meaning(name: str) -> str:
    """Return what one of NAMES or SHAPES does, in a line."""
    kind, _, about = name.partition(":")
    if kind == OTHER_SHAPE:
        return f"refusals about {about} come in the envelope of another API"
    parameter, _, form = about.partition("=")
    return f"{FORMS[form]} is taken for {parameter}, as if it were of the documented type"


def type_operations(provider: str, name: str) -> tuple[str, ...]:
    """Return the operations on which one of NAMES or SHAPES can show."""
    kind, _, about = name.partition(":")
    parameter = about.partition("=")[0]
    shown = operations_meeting(provider, (f"{parameter}=",))
    served = operations_of(provider)
    json_only = JSON_OPERATIONS.get(provider, served) if kind == TAKES else served
    return tuple(operation for operation in shown if operation in json_only)


def has_other_shape(names: Collection[str], rule: str) -> bool:
    """Whether the refusal of a rule comes in another envelope under these faults."""
    return f"{OTHER_SHAPE}:{rule.partition('.')[0]}" in names


def other_shape(parameter: str, message: str) -> dict[str, object]:
    """Return a refusal as FastAPI's validation words it; no document of the six shows this."""
    return {"detail": [{"loc": ["body", parameter], "msg": message, "type": "value_error"}]}


def taken(provider: str, body: object, names: Collection[str]) -> object:
    """Return a decoded JSON body with the values that the active faults read as another type.

    The body itself stays as it was sent, and so does a form.
    """
    faults = [name.removeprefix(f"{TAKES}:") for name in names if name.startswith(f"{TAKES}:")]
    if not faults or not isinstance(body, dict) or isinstance(body, Form):
        return body
    changed = body
    for fault in faults:
        parameter, _, form = fault.partition("=")
        changed = _with_taken(provider, changed, parameter, form)
    return changed


def _with_taken(
    provider: str, body: dict[str, object], parameter: str, form: str
) -> dict[str, object]:
    inner = body.get(apiframe.PARAMS)
    if provider == "apiframe" and parameter != "prompt" and isinstance(inner, dict):
        key = "number_of_images" if parameter == "n" else parameter
        return _like(body, {apiframe.PARAMS: _with(inner, key, TYPES.get(parameter), form)})
    key = "image_urls" if parameter == "images" else parameter
    return _like(body, _with(body, key, TYPES.get(parameter), form))


def _with(
    values: Mapping[str, object], key: str, kind: Type | None, form: str
) -> dict[str, object]:
    if key not in values:
        return dict(values)
    return {**values, key: _read_as(values[key], kind or "string", form)}


def _like(body: Mapping[str, object], changes: Mapping[str, object]) -> dict[str, object]:
    """Return a body with changes, which keeps what its addresses served."""
    merged = {**body, **changes}
    return ResolvedBody(merged, body.references) if isinstance(body, ResolvedBody) else merged


def _read_as(value: object, kind: Type, form: str) -> object:
    """Return a value of the form as the documented type; any other value stays."""
    match form, value:
        case "text", str(text):
            return _text_as(text, kind)
        case "true", bool(truth):
            return int(truth)
        case "fraction", float(number) if not number.is_integer():
            return int(number)
        case "number", int() | float() if not isinstance(value, bool):
            return _number_as(value, kind)
        case "list", [only]:
            return only
        case _:
            return value


def _text_as(text: str, kind: Type) -> object:
    if kind == "list":
        return [text]
    if kind == "boolean":
        return {"true": True, "false": False}.get(text.lower(), text)
    return int(text) if kind == "integer" and ATOI.fullmatch(text.strip()) else text


def _number_as(number: object, kind: Type) -> object:
    if kind == "boolean":
        return bool(number) if is_integer(number) and number in (0, 1) else number
    return str(number)
