"""A fault of a type takes one wrong type for one parameter; one of a shape spoils its refusals."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from harness.emulator.faults.catalogue import catalogue
from harness.emulator.faults.type_faults import taken
from harness.emulator.rules import check
from tests.emulator.bodies import ADDRESS, body

if TYPE_CHECKING:
    from tests.emulator.conftest import Emulator

RIGHT: dict[str, Any] = {
    "n": 1, "output_compression": 50, "partial_images": 1, "stream": True, "quality": "low",
    "size": "1024x1024", "prompt": "a cat", "resolution": "2K", "aspect_ratio": "1:1",
}  # fmt: skip
NEEDED: dict[str, dict[str, Any]] = {
    "output_compression": {"output_format": "webp"},
    "partial_images": {"stream": True},
}
ROWS = [
    (fault.provider, operation, fault.name)
    for fault in catalogue()
    if fault.family == "type"
    for operation in fault.operations
]


def _wrong(parameter: str, form: str) -> object:
    """Return a value of the form that is as good as the right one, if its type did not count."""
    right = RIGHT[parameter]
    return {
        "text": str(right).lower(),
        "true": True,
        "fraction": 1.5,
        "number": int(right) if isinstance(right, bool) else 5,
        "list": [right],
    }[form]


def _body(provider: str, operation: str, parameter: str, value: object) -> dict[str, Any]:
    if parameter == "images":
        return body(provider, operation) | {"image_urls": value}
    return body(provider, operation, **(NEEDED.get(parameter, {}) | {parameter: value}))


@pytest.mark.parametrize(("provider", "operation", "name"), ROWS)
def test_the_wrong_type_is_refused_until_the_fault_takes_it(
    provider: str, operation: str, name: str
) -> None:
    parameter, _, form = name.partition(":")[2].partition("=")
    value = ADDRESS if parameter == "images" else _wrong(parameter, form)
    wrong = _body(provider, operation, parameter, value)

    assert check(provider, operation, wrong) is not None
    assert check(provider, operation, taken(provider, wrong, {name})) is None


@pytest.mark.parametrize(("provider", "operation", "name"), ROWS)
def test_a_right_type_and_another_wrong_one_stay_as_they_are(
    provider: str, operation: str, name: str
) -> None:
    parameter = name.partition(":")[2].partition("=")[0]
    right = [ADDRESS] if parameter == "images" else RIGHT[parameter]
    for value in (right, {"a": 1}, None):
        asked = _body(provider, operation, parameter, value)

        assert taken(provider, asked, {name}) == asked


def test_a_form_stays_a_form() -> None:
    form = body("sub2api", "edit", n=2)

    assert taken("sub2api", form, {"takes:n=text"}) is form


def test_a_taken_value_out_of_range_is_still_refused(emulator: Emulator) -> None:
    emulator.switch("sub2api", "takes:n=text")
    replies = [emulator.submit("sub2api", emulator.body("sub2api", n=n)) for n in ("3", "11", 1.5)]

    assert [reply.status_code for reply in replies] == [200, 400, 400]
    assert len(replies[0].json()["data"]) == 3


@pytest.mark.parametrize(
    ("provider", "parameter", "bad"),
    [
        ("buble", "resolution", "8K"),
        ("sub2api", "size", "1x1"),
        ("apiframe", "quality", "ultra"),
        ("nanobanana", "quality", "ultra"),
        ("aimlapi", "size", "1x1"),
    ],
)
def test_refusals_of_one_parameter_come_in_another_envelope(
    emulator: Emulator, provider: str, parameter: str, bad: str
) -> None:
    asked = emulator.body(provider, **{parameter: bad})
    usual = emulator.submit(provider, asked)
    emulator.switch(provider, f"other_shape:{parameter}")
    other = emulator.submit(provider, asked)
    about_model = emulator.submit(provider, asked | {"model": "dall-e-3"})

    assert other.status_code == usual.status_code
    assert "detail" not in usual.json()
    assert list(other.json()) == ["detail"]
    assert other.json()["detail"][0]["loc"] == ["body", parameter]
    assert "detail" not in about_model.json()
