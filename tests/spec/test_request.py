from dataclasses import replace
from functools import cache

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from harness.cases.build import Builder
from harness.cases.draw import refused_arguments
from harness.cases.references import MASK, PLAIN
from harness.core.case import Case
from harness.core.exchange import Part
from harness.core.jsonvalue import Json, canonical
from harness.core.placeholders import ASSETS
from harness.reference_images import reference_bytes, reference_json
from harness.spec.evaluate import broken
from harness.spec.load import parse_provider
from harness.spec.provider import Operation, Provider
from harness.spec.request import Reading, build_request, carried, read_request, timeout_s
from harness.spec.rules.body import BODY
from tests.cases.strategies import accepted_arguments, boundary_cases
from tests.shipped import NAMES, shipped_provider
from tests.spec import small
from tests.spec.small import picture
from tests.strategies import json_values

EVERY = [(name, operation) for name in NAMES for operation in shipped_provider(name).operations]


@cache
def cases(name: str, operation: str) -> st.SearchStrategy[Case]:
    """What may be asked of an operation, and what may not."""
    builder = Builder(shipped_provider(name), operation)
    return accepted_arguments(builder) | refused_arguments(builder)


def read_again(one: Provider, operation: str, arguments: dict[str, Json]) -> Reading:
    """What is read back from the request made of these arguments."""
    sent = build_request(one, one.operation(operation), arguments)
    found = read_request(one, sent.method, f"/gateway{sent.target}", sent.body, sent.form)
    assert found is not None
    return found


def received(operation: Operation, arguments: dict[str, Json]) -> dict[str, Json]:
    """The arguments as far as they can be seen on the wire, written without a look at `read`.

    Of a file in a form its type and its size are seen, of an uploaded one its address.
    """
    return {
        name: value
        if operation.arguments[name].encode != "address"  # inside the JSON, whole
        else [_of_file(operation, item) for item in value]
        if isinstance(value, list)
        else _of_file(operation, value)
        for name, value in arguments.items()
    }


def _of_file(operation: Operation, value: Json) -> Json:
    if not (isinstance(value, dict) and "media_type" in value):
        return value
    if operation.body == "json":
        return f"{ASSETS}{value['filename']}"
    kept = ("media_type", "bytes", "width", "height", "alpha")
    return {key: value[key] for key in kept if key in value}


def written_as_text(operation: Operation, arguments: dict[str, Json]) -> dict[str, Json]:
    """What a form makes of a wrong type: `123` and `1.5` are texts in it like any other."""
    if operation.body == "json":
        return arguments
    found = dict(arguments)
    for name, value in arguments.items():
        kind = operation.arguments[name].type
        right = (kind == "integer" and type(value) is int) or (kind == "boolean" and value is True)
        if isinstance(value, int | float) and not right and value is not False:
            found[name] = str(value)
    return found


@pytest.mark.parametrize(("name", "operation"), EVERY)
@settings(max_examples=60, deadline=None)
@given(data=st.data())
def test_a_drawn_request_is_read_back_as_its_arguments(
    name: str, operation: str, data: st.DataObject
) -> None:
    case = data.draw(cases(name, operation))
    described = shipped_provider(name).operation(operation)
    found = read_again(shipped_provider(name), operation, case.arguments)

    assert found.arguments == received(described, written_as_text(described, case.arguments))
    assert found.operation == operation
    assert found.unknown == ()


A_GENERATION = "edit/images.required/observe/missing"
"""Apiframe's edit without an image is a generation."""


@pytest.mark.parametrize(("name", "operation"), EVERY)
def test_every_written_request_is_read_back_as_its_arguments(name: str, operation: str) -> None:
    described = shipped_provider(name).operation(operation)
    for case in boundary_cases(shipped_provider(name), operation):
        if None in case.arguments.values():
            continue  # read as left out
        found = read_again(shipped_provider(name), operation, case.arguments)
        same = operation if (name, case.id) != ("apiframe", A_GENERATION) else "generate"
        arguments = dict(case.arguments)
        fields = arguments.pop(BODY, {})
        unknown = tuple(fields) if isinstance(fields, dict) else ()

        assert found.arguments == received(described, written_as_text(described, arguments))
        assert (found.operation, found.unknown) == (same, unknown), case.id


@pytest.mark.parametrize(("name", "operation"), EVERY)
def test_what_is_promised_is_promised_of_the_request_when_it_is_read(
    name: str, operation: str
) -> None:
    described = shipped_provider(name).operation(operation)
    accepts = [c for c in boundary_cases(shipped_provider(name), operation) if c.expect == "accept"]
    broken_ = {
        case.id: [item.id for item in breaks]
        for case in accepts
        for found in [read_again(shipped_provider(name), operation, case.arguments)]
        for breaks, _ in [broken(described, found.arguments)]
    }

    assert broken_ == {case.id: [] for case in accepts}


VALUES: dict[str, st.SearchStrategy[Json]] = {
    "prompt": st.text(min_size=1).map(lambda text: f"a {text}"),
    "n": st.integers(-5, 20),
    "size": st.sampled_from(["auto", "1024x1024", "bogus"]),
    "quality": st.sampled_from(["low", "high", ""]),
    "stream": st.booleans(),
    "partial_images": st.integers(0, 3),
    "webhook_url": st.text(),
    "images": st.lists(
        st.sampled_from(["https://a.test/1.png", picture(), picture(bytes=7)]), min_size=1
    ),
    "mask": st.just(picture(width=5)),
}


def drawn(operation: str) -> st.SearchStrategy[dict[str, Json]]:
    names = [name for name in small.operation(operation).arguments if name in VALUES]
    needed = ["prompt", "images"] if operation == "edit" else ["prompt"]
    return st.fixed_dictionaries(
        {name: VALUES[name] for name in needed},
        optional={name: VALUES[name] for name in names if name not in needed},
    )


@settings(deadline=None)
@given(drawn("generate"))
def test_nested_places_are_read_back(arguments: dict[str, Json]) -> None:
    found = read_again(small.provider(), "generate", arguments)

    assert found.arguments == arguments
    assert found.unknown == ()


@settings(deadline=None)
@given(drawn("edit"))
def test_a_form_is_read_back_with_its_types(arguments: dict[str, Json]) -> None:
    found = read_again(small.provider(), "edit", arguments)

    assert found.operation == "edit"
    assert found.arguments == arguments
    assert found.unknown == ()


@pytest.mark.parametrize("name", ["sub2api", "aimlapi"])
def test_numbers_and_booleans_of_a_form_are_no_texts(name: str) -> None:
    arguments: dict[str, Json] = {
        "model": "gpt-image-2", "prompt": "007", "n": 2, "output_compression": 50,
        "images": [picture()],
    }  # fmt: skip

    assert read_again(shipped_provider(name), "edit", arguments).arguments == arguments


SUB2API_FORM = shipped_provider("sub2api").operation("edit")


@pytest.mark.parametrize(
    ("given_", "seen"),
    [
        ({"prompt": "x"}, {"prompt": "x"}),
        ({"prompt": 123}, {"prompt": "123"}),
        ({"prompt": True}, {"prompt": "true"}),
        ({"prompt": {"value": "x"}}, {"prompt": '{"value":"x"}'}),
        ({"prompt": ["a", "b"]}, {"prompt": '["a","b"]'}),
        ({"n": 2}, {"n": 2}),
        ({"n": "2"}, {"n": 2}),
        ({"n": -1}, {"n": -1}),
        ({"n": 1.5}, {"n": "1.5"}),
        ({"n": "two"}, {"n": "two"}),
        ({"n": True}, {"n": "true"}),
        ({"stream": True}, {"stream": True}),
        ({"stream": "false"}, {"stream": False}),
        ({"stream": 2}, {"stream": "2"}),
        ({"stream": "yes"}, {"stream": "yes"}),
        ({"images": [picture()], "mask": picture()}, {"images": [picture()], "mask": picture()}),
        ({"images": ["https://a.test"]}, {"images": ["https://a.test"]}),
        ({"hat": 3}, {"hat": 3}),
    ],
)
def test_a_form_carries_texts_and_files_only(
    given_: dict[str, Json], seen: dict[str, Json]
) -> None:
    found = carried(SUB2API_FORM, given_)

    assert canonical(found) == canonical(seen)
    assert canonical(carried(SUB2API_FORM, found)) == canonical(found)


@given(st.dictionaries(st.sampled_from(("prompt", "n", "stream", "size", "hat")), json_values()))
def test_json_carries_every_value_as_it_is(arguments: dict[str, Json]) -> None:
    generate = shipped_provider("sub2api").operation("generate")

    assert canonical(carried(generate, arguments)) == canonical(arguments)


@given(
    st.dictionaries(
        st.sampled_from(("prompt", "n", "stream", "size", "user", "output_compression")),
        json_values(),
    )
)
def test_what_a_form_carries_is_what_is_read_from_it(arguments: dict[str, Json]) -> None:
    found = read_again(shipped_provider("sub2api"), "edit", arguments)

    assert canonical(found.arguments) == canonical(carried(SUB2API_FORM, arguments))
    assert found.unknown == ()


def test_carrying_leaves_the_arguments_as_they_were() -> None:
    arguments: dict[str, Json] = {"n": "2"}
    carried(SUB2API_FORM, arguments)

    assert arguments == {"n": "2"}


def form(*fields: tuple[str, str]) -> tuple[Part, ...]:
    """The parts of a form that holds texts."""
    return tuple(Part(name=name, value=value) for name, value in fields)


FILE = Part(name="image", filename="a.png", media_type="image/png", size_bytes=9)


def read_form(*parts: Part, one: Provider | None = None, path: str = "/v1/images/edits") -> Reading:
    """What is read from a form sent to sub2api, or to another provider."""
    found = read_request(one or shipped_provider("sub2api"), "POST", path, None, parts)
    assert found is not None
    return found


@pytest.mark.parametrize("field", ["image", "image[]"])
def test_references_are_found_under_every_name_that_clients_give_them(field: str) -> None:
    for name in ("sub2api", "aimlapi"):
        found = read_form(
            replace(FILE, name=field), replace(FILE, name=field), one=shipped_provider(name)
        )

        assert found.unknown == ()
        assert isinstance(found.arguments["images"], list)
        assert [item["bytes"] for item in found.arguments["images"]] == [9, 9]  # type: ignore[call-overload, index]  # files


def test_references_under_two_names_are_not_passed_over() -> None:
    found = read_form(FILE, replace(FILE, name="image[]"))

    assert isinstance(found.arguments["images"], list)
    assert len(found.arguments["images"]) == 1
    assert found.unknown == ("image",)


@pytest.mark.parametrize(
    "part", [replace(FILE, name="photo"), Part(name="photo"), *form(("photo", ""))]
)
def test_a_part_that_no_argument_has_is_named(part: Part) -> None:
    assert read_form(*form(("prompt", "x")), part).unknown == ("photo",)


def test_the_names_of_a_form_are_no_paths() -> None:
    raw = small.tables()
    raw["operations"]["edit"]["arguments"]["n"]["wire"] = "options[n].count"
    one = parse_provider(raw)
    assert isinstance(one, Provider)
    found = read_again(one, "edit", {"prompt": "x", "n": 2})

    assert build_request(one, one.operation("edit"), {"n": 2}).form == form(
        ("options[n].count", "2")
    )
    assert (found.arguments, found.unknown) == ({"prompt": "x", "n": 2}, ())


def test_the_constants_of_a_form_are_sent_and_read_away() -> None:
    raw = small.tables()
    raw["operations"]["edit"]["constant"] = {"safe": True, "mode": "edit"}
    one = parse_provider(raw)
    assert isinstance(one, Provider)
    sent = build_request(one, one.operation("edit"), {"prompt": "x"}).form

    assert sent == form(("safe", "true"), ("mode", "edit"), ("prompt", "x"))
    assert read_form(*sent, one=one, path="/edits").unknown == ()
    assert read_form(*form(("safe", "false")), one=one, path="/edits").unknown == ("safe",)


def test_a_form_of_files_is_told_by_its_parts() -> None:
    one = shipped_provider("sub2api")
    images: list[Json] = [reference_json(PLAIN).as_json(), reference_json(MASK).as_json()]
    mask = reference_json(MASK).as_json()
    arguments: dict[str, Json] = {"prompt": "x", "images": images, "mask": mask}
    sent = build_request(one, one.operation("edit"), arguments)

    assert sent.body is None
    assert sent.headers == (("Accept", "application/json"),)
    assert sent.form == (
        Part(name="prompt", value="x"),
        *(
            Part(
                name=name,
                filename=recipe.name,
                media_type="image/png",
                digest=reference_json(recipe).digest,
                size_bytes=len(reference_bytes(recipe.name)),
                width_px=512,
                alpha=recipe.mode == "rgba",
                height_px=512,
            )
            for name, recipe in (("image[]", PLAIN), ("image[]", MASK), ("mask", MASK))
        ),
    )


def test_a_streamed_form_asks_for_events() -> None:
    one = shipped_provider("sub2api")
    sent = build_request(one, one.operation("edit"), {"prompt": "x", "stream": True})

    assert sent.headers == (("Accept", "text/event-stream"),)
    assert sent.form == form(("prompt", "x"), ("stream", "true"))


def test_an_uploaded_file_stands_in_the_body_under_a_stand_in() -> None:
    one = shipped_provider("buble")
    arguments: dict[str, Json] = {"prompt": "x", "images": [reference_json(PLAIN).as_json()]}
    sent = build_request(one, one.operation("edit"), arguments)

    assert sent.form is None
    assert sent.body == {"prompt": "x", "image_urls": [f"{ASSETS}{PLAIN.name}"]}


@pytest.mark.parametrize(
    ("images", "wire"),
    [
        (["https://a.test"], "https://a.test"),
        (["https://a.test", "https://b.test"], ["https://a.test", "https://b.test"]),
        ([], []),
    ],
)
def test_one_address_goes_without_a_list_where_the_document_shows_it_so(
    images: list[Json], wire: Json
) -> None:
    one = shipped_provider("nanobanana")
    sent = build_request(one, one.operation("edit"), {"prompt": "x", "images": images})

    assert sent.body == {"prompt": "x", "image": wire}
    assert read_again(one, "edit", {"prompt": "x", "images": images}).arguments["images"] == images


def test_an_address_where_a_list_must_be_is_no_list() -> None:
    body: Json = {"mode": "image_to_image", "prompt": "x", "image_urls": "https://a.test"}
    found = read_request(shipped_provider("buble"), "POST", "/api/v1/generations", body)

    assert found is not None
    assert found.arguments["images"] == "https://a.test"


def test_an_unknown_empty_list_in_json_for_a_form_is_unknown() -> None:
    body: dict[str, Json] = {"model": "openai/gpt-image-2", "prompt": "a fox", "tags": []}
    found = read_request(shipped_provider("aimlapi"), "POST", "/v1/images/edits", body)

    assert found is not None
    assert found.unknown == ("tags",)


def test_one_image_of_an_edit_in_json_is_a_list_of_one() -> None:
    body: Json = {"prompt": "x", "image": {"type": "Buffer"}}
    found = read_request(shipped_provider("aimlapi"), "POST", "/v1/images/edits", body)

    assert found is not None
    assert found.arguments["images"] == [{"type": "Buffer"}]


def test_the_image_tool_is_found_among_others() -> None:
    tool: Json = {"type": "image_generation", "size": "auto"}
    body: Json = {"input": "x", "tools": [{"type": "web_search"}, tool]}
    found = read_request(shipped_provider("sub2api"), "POST", "/v1/responses", body)

    assert found is not None
    assert found.arguments == {"prompt": "x", "size": "auto"}
    assert found.unknown == ("tools[1].type",)


@pytest.mark.parametrize(
    ("name", "operation", "sent"),
    [
        ("apiframe", "generate", True),
        ("apiframe", "edit", True),
        ("buble", "generate", False),
        ("sub2api", "edit", False),
    ],
)
def test_a_key_goes_out_where_the_provider_knows_one(
    name: str,
    operation: str,
    sent: bool,  # noqa: FBT001 - a column
) -> None:
    one = shipped_provider(name)
    found = build_request(one, one.operation(operation), {"prompt": "x"}, key="run-1")

    assert (("Idempotency-Key", "run-1") in found.headers) is sent


@pytest.mark.parametrize("text", ["two", "1.5", "", "+1", "1" * 40, "\u0661", "True"])
def test_a_forms_text_of_another_type_stays_a_text(text: str) -> None:
    parts = tuple(
        Part(name=name, value=value)
        for name, value in (("prompt", "x"), ("n", text), ("image[]", "https://a.test"))
    )
    found = read_request(small.provider(), "POST", "/edits", None, parts)

    assert found is not None
    assert found.arguments["n"] == text


def test_nested_places_are_written_beside_each_other() -> None:
    one = small.provider()
    sent = build_request(
        one, one.operation("generate"), {"prompt": "x", "n": 2, "quality": "low", "size": "auto"}
    )

    assert sent.body == {
        "input": {"text": "x", "options": {"count": 2}, "quality": "low"},
        "size": "auto",
    }


def test_only_what_is_asked_is_sent() -> None:
    one = shipped_provider("apiframe")

    assert build_request(one, one.operation("generate"), {"prompt": "x"}).body == {"prompt": "x"}


def test_the_constants_of_an_operation_are_sent_and_read_away() -> None:
    one = shipped_provider("sub2api")
    sent = build_request(one, one.operation("respond"), {"prompt": "x", "model": "some-agent"})
    found = read_request(one, "POST", "/v1/responses", sent.body)

    assert sent.body == {
        "tools": [{"type": "image_generation"}], "input": "x", "model": "some-agent",
    }  # fmt: skip
    assert found is not None
    assert found.arguments == {"prompt": "x", "model": "some-agent"}
    assert found.unknown == ()


def test_keys_that_no_argument_has_are_named_with_their_place() -> None:
    body: Json = {
        "prompt": "x", "style": "vivid", "empty": {}, "none": None,
        "gptImage2Params": {"quality": "low", "seed": 1, "deep": {"er": [1]}},
    }  # fmt: skip
    found = read_request(shipped_provider("apiframe"), "POST", "/v2/images/generate", body)

    assert found is not None
    assert found.arguments == {"prompt": "x", "quality": "low"}
    assert set(found.unknown) == {
        "style", "empty", "gptImage2Params.seed", "gptImage2Params.deep.er",
    }  # fmt: skip


def test_null_and_an_empty_holder_of_arguments_are_nothing() -> None:
    body: Json = {"prompt": "x", "gptImage2Params": {}, "webhook_url": None}
    found = read_request(shipped_provider("apiframe"), "POST", "/v2/images/generate", body)

    assert found is not None
    assert (found.arguments, found.unknown) == ({"prompt": "x"}, ())


def test_what_is_read_leaves_the_recording_as_it_was() -> None:
    body: dict[str, Json] = {"prompt": "x", "gptImage2Params": {"quality": "low"}}
    read_request(shipped_provider("apiframe"), "POST", "/v2/images/generate", body)

    assert body == {"prompt": "x", "gptImage2Params": {"quality": "low"}}


@pytest.mark.parametrize("body", [None, 3, "text", [], [{"prompt": "x"}], {"gptImage2Params": 3}])
def test_a_body_of_any_kind_is_read(body: Json) -> None:
    found = read_request(shipped_provider("apiframe"), "POST", "/v2/images/generate", body)

    assert found is not None
    assert found.arguments == {}


@pytest.mark.parametrize(
    ("method", "path"),
    [("GET", "/v1/images/generate"), ("POST", "/v1/images/generated"), ("POST", "/v1/chat")],
)
def test_another_address_is_no_operation(method: str, path: str) -> None:
    assert read_request(shipped_provider("nanobanana"), method, path, {"prompt": "x"}) is None


@pytest.mark.parametrize("path", ["/v1/images/edit", "/api/v1/images/edits"])
def test_every_documented_path_is_known(path: str) -> None:
    found = read_request(
        shipped_provider("nanobanana"), "post", path, {"prompt": "x", "image": "https://a.test"}
    )

    assert found is not None
    assert found.operation == "edit"
    assert found.arguments["images"] == ["https://a.test"]


@pytest.mark.parametrize(
    ("name", "path", "body", "operation"),
    [
        ("buble", "/api/v1/generations", {"mode": "text_to_image", "prompt": "x"}, "generate"),
        ("buble", "/api/v1/generations", {"prompt": "x"}, "generate"),
        ("buble", "/api/v1/generations", {"mode": "image_to_image", "prompt": "x"}, "edit"),
        ("buble", "/api/v1/generations", {"image_urls": ["https://a.test"]}, "edit"),
        ("apiframe", "/v2/images/generate", {"prompt": "x"}, "generate"),
        ("apiframe", "/v2/images/generate",
         {"prompt": "x", "gptImage2Params": {"input_images": "https://a.test"}}, "edit"),
    ],
)  # fmt: skip
def test_operations_on_one_path_are_told_apart(
    name: str, path: str, body: Json, operation: str
) -> None:
    found = read_request(shipped_provider(name), "POST", path, body)

    assert found is not None
    assert found.operation == operation


@pytest.mark.parametrize(
    ("name", "arguments", "seconds"),
    [
        ("sub2api", {}, 120),
        ("sub2api", {"size": "auto"}, 120),
        ("sub2api", {"size": "2560x1440"}, 120),
        ("sub2api", {"size": "2560x1456"}, 300),
        ("sub2api", {"size": "3840x2160"}, 300),
        ("buble", {"resolution": "1K"}, 300),
        ("buble", {"resolution": "4K"}, 600),
    ],
)
def test_large_images_may_take_longer(
    name: str, arguments: dict[str, Json], seconds: float
) -> None:
    assert timeout_s(shipped_provider(name), arguments) == seconds
