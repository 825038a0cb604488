import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from harness.cases.build import Builder
from harness.cases.draw import accepted, refused
from harness.core.exchange import Part
from harness.core.jsontype import Json
from harness.spec.dialect import Reading, read, request, timeout_s
from harness.spec.load import NAMES, provider
from harness.spec.provider import Provider
from tests.spec import small
from tests.spec.small import picture

CASES = {
    name: accepted(builder) | refused(builder)
    for name in NAMES
    for builder in [Builder(provider(name), "generate")]
}


def read_again(one: Provider, operation: str, arguments: dict[str, Json]) -> Reading:
    """What is read back from the request made of these arguments."""
    sent = request(one, one.operation(operation), arguments)
    found = read(one, sent.method, f"/gateway{sent.target}", sent.body, sent.form)
    assert found is not None
    return found


@pytest.mark.parametrize("name", NAMES)
@settings(max_examples=150, deadline=None)
@given(data=st.data())
def test_a_drawn_request_is_read_back_as_its_arguments(name: str, data: st.DataObject) -> None:
    case = data.draw(CASES[name])
    found = read_again(provider(name), "generate", case.arguments)

    assert found.arguments == case.arguments
    assert found.operation == "generate"
    assert found.unknown == ()


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

    assert read_again(provider(name), "edit", arguments).arguments == arguments


@pytest.mark.parametrize("text", ["two", "1.5", "", "+1", "1" * 40, "\u0661", "True"])
def test_a_forms_text_of_another_type_stays_a_text(text: str) -> None:
    parts = tuple(
        Part(name=name, value=value)
        for name, value in (("prompt", "x"), ("n", text), ("image[]", "https://a.test"))
    )
    found = read(small.provider(), "POST", "/edits", None, parts)

    assert found is not None
    assert found.arguments["n"] == text


def test_nested_places_are_written_beside_each_other() -> None:
    one = small.provider()
    sent = request(
        one, one.operation("generate"), {"prompt": "x", "n": 2, "quality": "low", "size": "auto"}
    )

    assert sent.body == {
        "input": {"text": "x", "options": {"count": 2}, "quality": "low"},
        "size": "auto",
    }


def test_only_what_is_asked_is_sent() -> None:
    one = provider("apiframe")

    assert request(one, one.operation("generate"), {"prompt": "x"}).body == {"prompt": "x"}


def test_the_constants_of_an_operation_are_sent_and_read_away() -> None:
    one = provider("sub2api")
    sent = request(one, one.operation("respond"), {"prompt": "x", "model": "some-agent"})
    found = read(one, "POST", "/v1/responses", sent.body)

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
    found = read(provider("apiframe"), "POST", "/v2/images/generate", body)

    assert found is not None
    assert found.arguments == {"prompt": "x", "quality": "low"}
    assert set(found.unknown) == {
        "style", "empty", "gptImage2Params.seed", "gptImage2Params.deep.er",
    }  # fmt: skip


def test_null_and_an_empty_holder_of_arguments_are_nothing() -> None:
    body: Json = {"prompt": "x", "gptImage2Params": {}, "webhook_url": None}
    found = read(provider("apiframe"), "POST", "/v2/images/generate", body)

    assert found is not None
    assert (found.arguments, found.unknown) == ({"prompt": "x"}, ())


def test_what_is_read_leaves_the_recording_as_it_was() -> None:
    body: dict[str, Json] = {"prompt": "x", "gptImage2Params": {"quality": "low"}}
    read(provider("apiframe"), "POST", "/v2/images/generate", body)

    assert body == {"prompt": "x", "gptImage2Params": {"quality": "low"}}


@pytest.mark.parametrize("body", [None, 3, "text", [], [{"prompt": "x"}], {"gptImage2Params": 3}])
def test_a_body_of_any_kind_is_read(body: Json) -> None:
    found = read(provider("apiframe"), "POST", "/v2/images/generate", body)

    assert found is not None
    assert found.arguments == {}


@pytest.mark.parametrize(
    ("method", "path"),
    [("GET", "/v1/images/generate"), ("POST", "/v1/images/generated"), ("POST", "/v1/chat")],
)
def test_another_address_is_no_operation(method: str, path: str) -> None:
    assert read(provider("nanobanana"), method, path, {"prompt": "x"}) is None


@pytest.mark.parametrize("path", ["/v1/images/edit", "/api/v1/images/edits"])
def test_every_documented_path_is_known(path: str) -> None:
    found = read(provider("nanobanana"), "post", path, {"prompt": "x", "image": "https://a.test"})

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
    found = read(provider(name), "POST", path, body)

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
    assert timeout_s(provider(name), arguments) == seconds
