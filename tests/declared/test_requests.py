"""Declared parameters on the wire: two edges for a size, null, lists and numbers in a form."""

import pytest

from harness.core.jsonvalue import Json
from harness.spec.evaluate import broken_when_sent
from harness.spec.load import parse_provider
from harness.spec.provider import Provider
from harness.spec.request import build_request, read_request
from tests.declared.fluxo import fluxo
from tests.spec import small

SOURCE = {"source": "page: Generate"}


def body_of(**arguments: Json) -> Json:
    return build_request(fluxo(), fluxo().operation("text_to_image"), arguments).body


def reading_of(body: Json) -> dict[str, Json]:
    reading = read_request(fluxo(), "POST", "/fluxo/v1", body)
    assert reading is not None
    return reading.arguments


def broken_by(arguments: dict[str, Json]) -> list[str]:
    violated, unspecified = broken_when_sent(fluxo().operation("text_to_image"), arguments)
    return [constraint.id for constraint in (*violated, *unspecified)]


def test_a_size_goes_out_as_two_whole_numbers_and_a_word_in_their_place() -> None:
    constant = {"sync_mode": True, "weights": [0.5, 0.25]}

    assert body_of(size="640x480") == {**constant, "image_size": {"width": 640, "height": 480}}
    assert body_of(size="portrait_4_3") == {**constant, "image_size": "portrait_4_3"}


@pytest.mark.parametrize(
    ("given", "canonical", "broken"),
    [
        ({"width": 640, "height": 480}, "640x480", []),
        ("square_hd", "square_hd", []),
        ({"width": 641, "height": 480}, "641x480", ["size.multiple_of"]),
        ({"width": "640", "height": 480}, '"640"x480', ["size.format"]),
        ({"width": 640.5, "height": 480}, "640.5x480", ["size.format"]),
        ({"width": 640}, "640x", ["size.format"]),
        ({"width": True, "height": 480}, "truex480", ["size.format"]),
        ({"width": -640, "height": 480}, "-640x480", ["size.format"]),
        ("640x480x1", "640x480x1", ["size.format"]),
        ([640, 480], [640, 480], ["size.format"]),
    ],
    ids=str,
)
def test_a_size_is_read_from_two_numbers_and_judged_by_its_rules(
    given: Json, canonical: Json, broken: list[str]
) -> None:
    arguments = reading_of({"prompt": "A cat", "image_size": given})

    assert arguments["size"] == canonical
    assert broken_by(arguments) == broken


def test_a_third_edge_is_an_unknown_field() -> None:
    body: Json = {"prompt": "A cat", "image_size": {"width": 640, "height": 480, "depth": 2}}
    reading = read_request(fluxo(), "POST", "/fluxo/v1", body)

    assert reading is not None
    assert reading.unknown == ("image_size.depth",)


def test_null_leaves_out_what_may_be_null_and_is_open_elsewhere() -> None:
    assert broken_by({"prompt": "A cat", "seed": None, "negative_prompt": None}) == []
    assert broken_by({"prompt": "A cat", "guidance_scale": None}) == ["guidance_scale.number"]


def test_numbers_are_compared_by_value_and_types_are_kept() -> None:
    assert broken_by({"prompt": "A cat", "guidance_scale": 20}) == []
    assert broken_by({"prompt": "A cat", "guidance_scale": 20.000001}) == ["guidance_scale.range"]
    assert broken_by({"prompt": "A cat", "guidance_scale": True}) == ["guidance_scale.number"]
    assert broken_by({"prompt": "A cat", "loras": ["film", 7]}) == ["loras.array"]
    assert broken_by({"prompt": "A cat", "loras": ["film", "oil"]}) == ["loras.one_of"]
    assert broken_by({"prompt": "A cat", "layout": [{"columns": 2}]}) == ["layout.object"]


def in_form(**arguments: Json) -> tuple[Provider, dict[str, Json]]:
    """The small provider's edits, which are forms, with declared parameters, and what is read."""
    raw = small.tables()
    raw["operations"]["edit"]["arguments"] |= {
        "guidance": {"wire": "guidance", "type": "number", **SOURCE},
        "tags": {"wire": "tags", "type": "array", **SOURCE},
        "layout": {"wire": "layout", "type": "object", **SOURCE},
        "canvas": {
            "edges": ["width", "height"],
            "type": "string",
            **SOURCE,
            "format": {"shape": "size", **SOURCE},
        },
    }
    described = parse_provider(raw)
    assert isinstance(described, Provider), described
    request = build_request(described, described.operation("edit"), arguments)
    reading = read_request(described, "POST", "/edits", None, request.form)
    assert reading is not None
    assert reading.unknown == ()
    return described, reading.arguments


@pytest.mark.parametrize(
    "arguments",
    [
        {"guidance": 1.5},
        {"guidance": 2},
        {"guidance": -0.25},
        {"tags": ["film", "ink"]},
        {"layout": {"columns": 2, "gap": 0.5}},
        {"canvas": "640x480"},
    ],
    ids=str,
)
def test_a_form_carries_declared_types_and_they_are_read_back(arguments: dict[str, Json]) -> None:
    _, back = in_form(**arguments)

    assert back == arguments
    assert [type(value) for value in back.values()] == [type(v) for v in arguments.values()]


def test_a_size_without_a_place_for_words_sends_no_word() -> None:
    described, back = in_form(canvas="bogus")

    assert back == {}
    assert described.operation("edit").arguments["canvas"].places == ("width", "height")
