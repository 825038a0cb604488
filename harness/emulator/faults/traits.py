"""What a request gives, in the words in which faults of combinations are named.

`quality=high` is a parameter and its value as written; what a request leaves out is no trait. Of
sizes, prompts and counts there are classes besides: `size=largest`, `prompt=longest`, `n=many`.
"""
# ruff: noqa: TID252 - absolute names would break when the folder is copied elsewhere

from __future__ import annotations

from typing import TYPE_CHECKING

from ..received import Form
from ..rules import aimlapi_edits, apiframe, sub2api_edits
from ..rules.kinds import is_integer
from ..rules.lattice import parse_size

if TYPE_CHECKING:
    from collections.abc import Mapping

# The longest prompts that the seed documents name; the other two name none.
LONGEST_PROMPT = {"buble": 20_000, "nanobanana": 2_000, "aimlapi": 32_000}
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


def request_traits(provider: str, operation: str, body: Mapping[str, object]) -> frozenset[str]:
    """Return the traits of a decoded body that broke no rule."""
    values = _values(provider, operation, body)
    found = {f"{key}={_written(value)}" for key, value in values.items() if _is_short(value)}
    number, prompt = values.get("n"), values.get("prompt")
    if is_integer(number) and number > 1:
        found.add("n=many")
    if isinstance(prompt, str) and len(prompt) == LONGEST_PROMPT.get(provider):
        found.add("prompt=longest")
    if reference_traits(provider, operation, body) > 1:
        found.add("images=many")
    if operation == "edit" and body.get("mask") is not None:
        found.add("mask=given")
    return frozenset(found | _of_size(values.get("size")))


def given_traits(provider: str, operation: str, body: Mapping[str, object]) -> frozenset[str]:
    """Return the parameters that a decoded body gives, whatever their values; null gives none."""
    values = _values(provider, operation, body)
    return frozenset(key for key, value in values.items() if value is not None)


def reference_traits(provider: str, operation: str, body: Mapping[str, object]) -> int:
    """Return how many reference images a body names or holds."""
    if provider == "sub2api":
        return sub2api_edits.image_count(body) if operation == "edit" else 0
    if isinstance(body, Form):
        return sum(len(body.files(name)) for name in aimlapi_edits.IMAGE_FIELDS)
    given: object = None
    if provider == "buble" and body.get("mode") == "image_to_image":
        given = body.get("image_urls")
    elif provider == "apiframe":
        given = apiframe.input_images(body)
    elif provider == "nanobanana" and operation == "edit":
        given = body.get("image")
    if given is None:
        return 0
    return len(given) if isinstance(given, list) else 1


def _values(provider: str, operation: str, body: Mapping[str, object]) -> Mapping[str, object]:
    """Return a body's parameters by the names that all providers share here."""
    if provider == "apiframe":
        params = body.get(apiframe.PARAMS)
        inner = params if isinstance(params, dict) else {}
        return {**body, **inner, "n": inner.get("number_of_images")}
    if operation == "edit" and provider == "sub2api":
        return sub2api_edits.sub2api_edit_parameters(body)
    if operation == "edit" and provider == "aimlapi":
        return aimlapi_edits.edit_parameters(body)
    return body


def _is_short(value: object) -> bool:
    return isinstance(value, int) or (isinstance(value, str) and len(value) < 50)


def _written(value: object) -> str:
    return str(value).lower() if isinstance(value, bool) else str(value)


def _of_size(size: object) -> set[str]:
    edges = parse_size(size)
    if edges is None:
        return set()
    shorter, longer = sorted(edges)
    found = {
        "size=largest": shorter * longer == LARGEST_PX,
        "size=smallest": shorter * longer == SMALLEST_PX,
        "size=3:1": longer == 3 * shorter,
        "size=portrait": edges[1] > edges[0],
    }
    return {name for name, holds in found.items() if holds}
