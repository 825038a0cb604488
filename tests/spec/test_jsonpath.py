"""Places in JSON bodies: what is put somewhere is found there, and strange bodies harm nobody."""

from copy import deepcopy
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from harness.core.jsonvalue import Json
from harness.spec.expressions import Expression
from harness.spec.jsonpath import is_place, keys, leaves, put, steps, take, without_place
from tests.shipped import NAMES, shipped_provider
from tests.strategies import json_objects, json_values

KEYS = st.sampled_from(("a", "b", "gptImage2Params", "tools", "image[]"[:5], "0", "\u732b"))
PLACES = st.lists(KEYS, min_size=1, max_size=4).map(".".join)
HOSTILE = (
    "", ".", "..", "a.", ".a", "a..b", "[]", "[0]", "a[0]", "a[0].b", "a[-1].b", "a[x].b",
    "a[\u0661].b", "a[0", "a]0[", "a[00000].b", "a[0][0].b", "[0].a", "a.[0]", "a b", "a[].b",
)  # fmt: skip


# ------------------------------------------------------------------------------------------ names
@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("size", ("size",)),
        ("gptImage2Params.quality", ("gptImage2Params", "quality")),
        ("tools[0].size", ("tools", 0, "size")),
        ("a[1][2].b", ("a", 1, 2, "b")),
        ("image[]", ("image[]",)),
    ],
)
def test_a_place_is_read_as_keys_and_indices(text: str, expected: tuple[str | int, ...]) -> None:
    assert steps(text) == expected


@pytest.mark.parametrize(
    "text",
    ["size", "a.b.c", "tools[0].size", "a[1][2].b", "a[9999].b", "\u732b", "image[]", "a[0].b[]"],
)
def test_a_place_of_a_body_ends_with_a_key(text: str) -> None:
    assert is_place(text)


@pytest.mark.parametrize("text", [*(one for one in HOSTILE if one not in {
    "a[0].b", "a[00000].b", "a[0][0].b", "a b",
}), "a[00000].b", "a[12345].b", "a[" + "9" * 5000 + "].b"])  # fmt: skip
def test_what_ends_otherwise_is_no_place(text: str) -> None:
    assert not is_place(text)


@pytest.mark.parametrize(
    ("name", "operation"),
    [
        (name, operation)
        for name in NAMES
        for operation, described in shipped_provider(name).operations.items()
        if described.body == "json"
    ],
)
def test_every_wire_of_a_shipped_json_body_is_a_place(name: str, operation: str) -> None:
    arguments = shipped_provider(name).operation(operation).arguments.values()

    assert all(is_place(argument.wire) for argument in arguments)


# ------------------------------------------------------------------------------------ put and take
@given(PLACES, json_values())
def test_what_is_put_into_an_empty_body_is_taken_from_it(place: str, value: Json) -> None:
    body: dict[str, Json] = {}
    put(body, place, value)

    assert take(body, place) == (True, value)
    assert take(body, place) == (False, None)


@given(json_objects(), json_values(), st.sampled_from(("new.place", "new", "new.a.b")))
def test_what_is_put_beside_others_leaves_them_alone(
    body: dict[str, Json], value: Json, place: str
) -> None:
    body.pop("new", None)
    before = deepcopy(body)
    put(body, place, value)
    taken = take(body, place)
    body.pop("new", None)

    assert taken == (True, value)
    assert body == before


def test_a_value_takes_the_place_of_an_earlier_one() -> None:
    body: dict[str, Json] = {"a": {"b": 1, "c": 2}}
    put(body, "a.b", 3)

    assert body == {"a": {"b": 3, "c": 2}}


def test_an_object_in_a_list_is_reached_by_its_index() -> None:
    body: dict[str, Json] = {"tools": [{"type": "x"}, {"type": "y"}]}
    put(body, "tools[1].size", "auto")

    assert body == {"tools": [{"type": "x"}, {"type": "y", "size": "auto"}]}
    assert take(body, "tools[1].size") == (True, "auto")


@pytest.mark.parametrize("body", [{"tools": {}}, {"tools": None}, {"tools": "x"}, {"tools": [1]}])
def test_nothing_is_put_where_something_else_stands(body: dict[str, Json]) -> None:
    before = deepcopy(body)
    put(body, "tools[0].size", "auto")

    assert take(body, "tools[0].size") == (False, None)
    assert list(leaves(body, {"tools"})) == list(leaves(before, {"tools"}))


@pytest.mark.parametrize("inner", [None, 3, "text", True, [], [{"b": 1}]])
def test_nothing_is_taken_through_what_is_no_object(inner: Json) -> None:
    assert take({"a": inner}, "a.b") == (False, None)


@pytest.mark.parametrize("inner", [None, 3, "text", True, [], [{"b": 1}]])
def test_nothing_is_put_through_what_is_no_object(inner: Json) -> None:
    body: dict[str, Json] = {"a": inner}
    put(body, "a.b", 1)

    assert body == {"a": inner}


@given(json_objects(), st.sampled_from([one for one in HOSTILE if steps(one)]), json_values())
def test_a_strange_place_breaks_nothing(body: dict[str, Json], place: str, value: Json) -> None:
    put(body, place, value)
    found, taken = take(body, place)

    assert not found or taken == value


# ---------------------------------------------------------------------------------------- without
TOOL: dict[str, Json] = {"tools": [{"type": "image_generation"}]}


@given(json_objects(), json_objects())
def test_a_constant_is_taken_away_from_a_copy(
    body: dict[str, Json], constant: dict[str, Json]
) -> None:
    before = deepcopy(body)
    without_place(body, constant)

    assert body == before


@given(json_objects())
def test_a_body_that_is_its_constant_has_nothing_left(constant: dict[str, Json]) -> None:
    assert list(leaves(without_place(constant, constant), set())) == []


@pytest.mark.parametrize(
    ("body", "constant", "left"),
    [
        ({"a": 1, "b": 2}, {"a": 1}, {"b": 2}),
        ({"a": 2}, {"a": 1}, {"a": 2}),
        ({"a": True}, {"a": 1}, {"a": True}),
        ({"a": None}, {"a": 1}, {}),
        ({}, {"a": 1}, {}),
        ({"a": {"b": 1, "c": 2}}, {"a": {"b": 1}}, {"a": {"c": 2}}),
        ({"a": {"b": 1}}, {"a": {"b": 1}}, {}),
        ({"a": ["x", "y"]}, {"a": ["x"]}, {"a": [{}, "y"]}),
        ({"a": 3}, {"a": ["x"]}, {"a": 3}),
        ({"tools": [{"type": "image_generation", "size": "auto"}]}, TOOL,
         {"tools": [{"size": "auto"}]}),
        ({"tools": [{"type": "web"}, {"type": "image_generation", "size": "auto"}]}, TOOL,
         {"tools": [{"size": "auto"}, {"type": "web"}]}),
        ({"tools": [{"type": "web"}]}, TOOL, {"tools": [{}, {"type": "web"}]}),
        ({"tools": []}, TOOL, {"tools": [{}]}),
    ],
)  # fmt: skip
def test_what_a_constant_does_not_say_is_left(
    body: dict[str, Json], constant: dict[str, Json], left: dict[str, Json]
) -> None:
    assert without_place(body, constant) == left


def test_each_constant_of_a_list_takes_an_object_of_its_own() -> None:
    twice: dict[str, Json] = {"tools": [{"type": "x"}, {"type": "x"}]}
    body: dict[str, Json] = {"tools": [{"type": "x", "n": 1}, {"type": "x", "n": 2}]}

    assert without_place(body, twice) == {"tools": [{"n": 1}, {"n": 2}]}


# ----------------------------------------------------------------------------------------- leaves
@pytest.mark.parametrize(
    ("body", "parents", "named"),
    [
        ({}, set(), []),
        ({"a": 1, "b": None}, set(), ["a"]),
        ({"a": {"b": 1, "c": {"d": "x"}}}, set(), ["a.b", "a.c.d"]),
        ({"a": {}}, set(), ["a"]),
        ({"a": {}}, {"a"}, []),
        ({"a": []}, set(), ["a"]),
        ({"a": [1, {}]}, set(), ["a"]),
        ({"a": [{"b": 1}, {"c": 2}]}, set(), ["a[0].b", "a[1].c"]),
        ({"a": [{}, {"c": 2}]}, set(), ["a[1].c"]),
        ({"a": False, "b": 0, "c": ""}, set(), ["a", "b", "c"]),
    ],
)
def test_every_place_that_holds_something_is_named(
    body: Json, parents: set[str], named: list[str]
) -> None:
    assert list(leaves(body, parents)) == named


@given(st.dictionaries(PLACES.filter(lambda place: "." not in place), json_values(), max_size=4))
def test_a_body_of_which_all_is_taken_has_no_leaves(body: dict[str, Any]) -> None:
    for key in list(body):
        take(body, key)

    assert list(leaves(body, set())) == []


@given(json_objects())
def test_a_leaf_can_be_looked_up_by_anybody(body: dict[str, Json]) -> None:
    assert all(isinstance(place, str) for place in leaves(body, set()))


# ------------------------------------------------------------------------------------------ keys
@pytest.mark.parametrize(
    ("text", "places"),
    [
        ("error.message", ("error.message",)),
        ("data[*].[b64_json || url][]", ("data.*.b64_json", "data.*.url")),
        ("output[?type=='image_generation_call'].result", ("output.*.result",)),
        ("output[*].quality | [0]", ("output.*.quality",)),
        ("usage.details.[text, image]", ("usage.details.text", "usage.details.image")),
        (
            "[result, (result.images[*].[url || @][])][] | [?type(@)=='string']",
            ("result", "result.images.*.url", "result.images.*"),
        ),
    ],
)
def test_an_expression_of_names_and_lists_is_keys(text: str, places: tuple[str, ...]) -> None:
    assert keys((Expression(text),)) == places


@pytest.mark.parametrize("text", ["details && 'details'", "keys(details)[0]", "type(@) == 'x'"])
def test_an_expression_that_computes_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match="more than keys"):
        keys((Expression(text),))


@pytest.mark.parametrize("name", NAMES)
def test_the_images_jobs_and_uploads_of_every_provider_are_found_by_keys(name: str) -> None:
    for operation in shipped_provider(name).operations.values():
        paths = [operation.reply.images]
        paths += [operation.job.id, operation.job.state] if operation.job else []
        paths += [operation.upload.url] if operation.upload else []

        assert all(keys(path) for path in paths)


# --------------------------------------------------------------------------- lists made on the way
def test_lists_on_the_way_are_made() -> None:
    body: dict[str, Json] = {}
    put(body, "contents[0].parts[0].text", "a fox")

    assert body == {"contents": [{"parts": [{"text": "a fox"}]}]}


def test_a_place_that_ends_with_brackets_takes_each_entry_behind_what_is_there() -> None:
    body: dict[str, Json] = {"parts": [{"text": "a fox"}]}
    put(body, "parts[]", [{"data": 1}, {"data": 2}])
    put(body, "others[]", "x")

    assert body == {"parts": [{"text": "a fox"}, {"data": 1}, {"data": 2}], "others": ["x"]}


def test_entries_are_taken_from_a_list_where_they_fit() -> None:
    body: dict[str, Json] = {"parts": [{"text": "a"}, {"data": 1}, {}, {"data": 2}]}

    taken = take(body, "parts[]", fits=lambda entry: isinstance(entry, dict) and "data" in entry)

    assert taken == (True, [{"data": 1}, {"data": 2}])
    assert body == {"parts": [{"text": "a"}, {}, {}, {}]}


def test_an_index_means_the_first_entry_that_has_the_key_where_nothing_is_fixed() -> None:
    body: dict[str, Json] = {"parts": [{"data": 1}, {"text": "a"}]}

    assert take(body, "parts[0].text") == (False, None)
    assert take(body, "parts[0].text", fixed={"parts": [{"data": 1}]}) == (False, None)
    assert take(body, "parts[0].text", fixed={"parts": []}) == (True, "a")


def test_a_place_far_beyond_a_lists_end_has_no_room() -> None:
    body: dict[str, Json] = {}
    put(body, "a[9999].b", 1)

    assert take(body, "a[9999].b") == (False, None)
