"""Corners of OpenAPI that real documents turn: each read as its authors mean it, or noted."""

from typing import Any

import pytest

from tests.spec.importing.documents import body, document, imported, operation, provider


def secured(security: list[Any], **schemes: Any) -> dict[str, Any]:  # noqa: ANN401 - JSON
    return document(body({}), security=security, components={"securitySchemes": schemes})


BEARER = {"type": "http", "scheme": "bearer"}


@pytest.mark.parametrize(
    ("scheme", "header", "prefix"),
    [
        (BEARER, "Authorization", "Bearer "),
        ({"type": "apiKey", "in": "header", "name": "x-key"}, "x-key", ""),
        ({"type": "oauth2", "flows": {}}, "Authorization", "Bearer "),
    ],
)
def test_how_a_key_travels(scheme: dict[str, Any], header: str, prefix: str) -> None:
    auth = provider(secured([{"key": []}], key=scheme)).auth

    assert (auth.header, auth.prefix, auth.env) == (header, prefix, "ACME_API_KEY")
    assert auth.required is not None


def test_a_key_that_may_lack_is_not_required() -> None:
    raw = secured([{}, {"key": []}], key=BEARER)

    assert provider(raw).auth.required is None
    assert any("without a key" in note for note in imported(raw).notes.unsaid)


def test_a_document_without_a_key_says_so() -> None:
    found = imported(document(body({})))

    assert any(note.startswith("auth: ") for note in found.notes.missing)


def test_the_path_of_a_server_goes_before_every_path() -> None:
    server = {
        "url": "https://{place}.acme.test/v{n}/",
        "variables": {"place": {"default": "eu"}, "n": {"default": "2"}},
    }
    found = provider({**document(body({})), "servers": [server]})

    assert found.base_url == "https://eu.acme.test"
    assert found.operation("generate").path == "/v2/images"


@pytest.mark.parametrize("url", ["/v1", "ftp://acme.test", "https://", "http://[", "\u202e"])
def test_a_server_without_an_address_is_missing(url: str) -> None:
    found = imported({**document(body({})), "servers": [{"url": url}]})

    assert "base_url" not in found.head
    assert any(note.startswith("base_url: ") for note in found.notes.missing)


def test_a_required_constant_is_always_sent() -> None:
    fixed = {"kind": {"const": "image"}, "quality": {"type": "string", "enum": ["high"]}}
    found = operation(document(body(fixed, required=["kind", "quality"])))

    assert found.constant == {"kind": "image"}
    assert found.arguments["quality"].required is not None


def test_what_is_required_in_an_optional_object_is_noted() -> None:
    inner = {"type": "object", "required": ["seed"], "properties": {"seed": {"type": "integer"}}}
    raw = document(body({"options": inner}))

    assert operation(raw).arguments["seed"].wire == "options.seed"
    assert operation(raw).arguments["seed"].required is None
    assert any("only where options is there" in note for note in imported(raw).notes.unsaid)


def test_names_of_one_word_are_each_an_argument() -> None:
    found = operation(
        document(body({"seedValue": {"type": "integer"}, "seed_value": {"type": "integer"}}))
    )

    places = {argument.wire: name for name, argument in found.arguments.items()}
    assert places["seedValue"] != places["seed_value"]


@pytest.mark.parametrize(
    ("key", "name"),
    [("num_images", "n"), ("numberOfImages", "n"), ("imageSize", "size"), ("batch", "batch"),
     ("aspectRatio", "aspect_ratio"), ("negativePrompt", "negative_prompt")],
)  # fmt: skip
def test_canonical_names_are_recognised(key: str, name: str) -> None:
    kind = "integer" if name in ("n", "batch") else "string"
    found = operation(document(body({key: {"type": kind}})))

    assert found.arguments[name].wire == key


def test_a_canonical_name_of_another_type_is_somebody_elses() -> None:
    found = operation(document(body({"n": {"type": "string"}, "prompt": {"type": "string"}})))

    assert "n" not in found.arguments
    assert [argument.wire for argument in found.arguments.values()] == ["prompt", "n"]


def test_beside_a_reference_keywords_count_since_3_1() -> None:
    schemas = {"Size": {"type": "string"}}
    schema = body({"size": {"$ref": "#/components/schemas/Size", "maxLength": 9}})

    new = document(schema, components={"schemas": schemas})
    old = document(schema, version="3.0.3", components={"schemas": schemas})

    assert operation(new).arguments["size"].max_length is not None
    assert operation(old).arguments["size"].max_length is None
    assert any("since 3.1 only" in note for note in imported(old).notes.unsaid)


REFUSED = {
    "type": "object",
    "required": ["error"],
    "properties": {
        "error": {
            "type": "object",
            "properties": {name: {"type": "string"} for name in ("message", "code", "param")},
        }
    },
}


def refusing(schema: dict[str, Any], reply: dict[str, Any] | None = None) -> dict[str, Any]:
    """A document with a schema for its refusals."""
    raw = document(body({}), reply=reply)
    responses = raw["paths"]["/images"]["post"]["responses"]
    responses["422"] = {"content": {"application/problem+json": {"schema": schema}}}
    return raw


def test_errors_are_read_where_the_document_has_them() -> None:
    errors = provider(refusing(REFUSED)).errors

    assert errors.failed.text == "error"
    assert [path.text for path in errors.message] == ["error.message"]
    assert [path.text for path in errors.code] == ["error.code"]
    assert [path.text for path in errors.parameter] == ["error.param"]
    assert errors.names_parameter == "documented"


def test_a_message_that_any_reply_may_have_tells_no_error_alone() -> None:
    worded = {"type": "object", "properties": {"message": {"type": "string"}}}
    errors = provider(refusing(worded)).errors

    assert errors.failed.text == "(message && !data)"
    assert errors.failed.search({"message": "refused"})
    assert not errors.failed.search({"message": "ok", "data": [{"url": "x"}]})


def test_an_error_that_every_reply_has_is_told_by_its_status() -> None:
    error = {"error": {"type": "string"}}
    reply = {"type": "object", "properties": {"url": {"type": "string"}, **error}}
    worded = {"type": "object", "properties": {"error": {"type": "string"}}}

    assert provider(refusing(worded, reply)).errors.failed.text == "`false`"


@pytest.mark.parametrize(
    ("reply", "images"),
    [
        ({"image": {"type": "string"}}, ["[image][]"]),
        ({"images": {"type": "array", "items": {"type": "string"}}}, ["images"]),
        ({"data": {"type": "object", "properties": {"url": {"type": "string"}}}}, ["[data.url][]"]),
        ({"result-url": {"type": "string"}}, ['["result-url"][]']),
        ({"links": {"type": "object", "properties": {"url": {"type": "string"}}}}, []),
    ],
)
def test_images_are_found_by_their_keys(reply: dict[str, Any], images: list[str]) -> None:
    raw = document(body({}), reply={"type": "object", "properties": reply})
    found = imported(raw).operations["generate"]["reply"]

    assert isinstance(found, dict)
    assert found["images"] == images
    if not images:
        assert any("where a reply holds its images" in n for n in imported(raw).notes.missing)


def test_optional_references_make_an_edit_that_extends() -> None:
    schema = body({"image": {"type": "string", "format": "uri"}, "mask": {"type": "string"}})
    found = provider(document(schema))

    assert list(found.operations) == ["generate", "edit"]
    assert set(found.operation("generate").arguments) == {"prompt"}
    assert {"images", "mask", "prompt"} == set(found.operation("edit").arguments)
    assert found.operation("edit").arguments["images"].single
