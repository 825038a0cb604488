"""The exported documents, against the harness' own cases and hand-written expectations."""

import tomllib
from functools import cache
from typing import Any, cast

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from jsonschema import Draft202012Validator

from harness.cases.build import Builder
from harness.cases.draw import refused_arguments
from harness.core.case import Case
from harness.core.jsonvalue import Json
from harness.spec.export.openapi import openapi
from harness.spec.export.schema import of_body, says
from harness.spec.load import parse_provider
from harness.spec.provider import Provider
from harness.spec.request import build_request
from tests.cases.strategies import accepted_arguments
from tests.shipped import NAMES, shipped_provider
from tests.spec import small

EVERY = [(name, operation) for name in NAMES for operation in shipped_provider(name).operations]
JUDGED = [pair for pair in EVERY if pair != ("sub2api", "respond")]
"""All operations with documented rules."""


@cache
def document(name: str) -> dict[str, Any]:
    return openapi(shipped_provider(name))


def content(name: str, operation: str) -> dict[str, Any]:
    """The request body of the address at which an operation is served, and its media type."""
    described = shipped_provider(name).operation(operation)
    found = document(name)["paths"][described.path]["post"]["requestBody"]["content"]
    media_type = "multipart/form-data" if described.body == "form" else "application/json"
    return cast("dict[str, Any]", found[media_type])


@cache
def validator(name: str, operation: str) -> Draft202012Validator:
    return Draft202012Validator(content(name, operation)["schema"])


def sent(case: Case) -> Json:
    """The body of a case as a schema sees it: in forms, the values that the texts write."""
    described = shipped_provider(case.provider)
    operation = described.operation(case.operation)
    if operation.body == "json":
        return build_request(described, operation, case.arguments).body
    found: dict[str, Json] = dict(operation.constant)
    for name, value in case.arguments.items():
        argument = operation.arguments[name]
        files = argument.type in ("images", "file")
        found[argument.wire] = _shown(value) if files else value
    return found


def _shown(value: Json) -> Json:
    if isinstance(value, list):
        return [_shown(item) for item in value]
    return "bytes" if isinstance(value, dict) and "media_type" in value else value


@pytest.mark.parametrize("name", NAMES)
def test_every_schema_is_one(name: str) -> None:
    schemas = list(_schemas(document(name)))

    assert len(schemas) > 4
    for schema in schemas:
        Draft202012Validator.check_schema(schema)


def _schemas(value: object) -> "list[dict[str, Any]]":
    if isinstance(value, list):
        return [one for item in value for one in _schemas(item)]
    if not isinstance(value, dict):
        return []
    own = [value["schema"]] if isinstance(value.get("schema"), dict) else []
    return own + [one for item in value.values() for one in _schemas(item)]


@pytest.mark.parametrize(("name", "operation"), EVERY)
@settings(max_examples=60, deadline=None)
@given(data=st.data())
def test_every_valid_request_fits_the_schema(
    name: str, operation: str, data: st.DataObject
) -> None:
    case = data.draw(accepted_arguments(Builder(shipped_provider(name), operation)))

    assert [error.message for error in validator(name, operation).iter_errors(sent(case))] == []


@pytest.mark.parametrize(("name", "operation"), JUDGED)
@settings(max_examples=30, deadline=None)
@given(data=st.data())
def test_a_request_that_breaks_one_rule_fits_unless_a_schema_can_say_it(
    name: str, operation: str, data: st.DataObject
) -> None:
    case = data.draw(refused_arguments(Builder(shipped_provider(name), operation)))
    described = shipped_provider(name).operation(operation)
    constraint = described.constraint(case.breaks or "")
    assert constraint is not None

    assert validator(name, operation).is_valid(sent(case)) is not says(described, constraint)


def constraints(name: str) -> dict[str, dict[str, Any]]:
    return {
        f"{one['operation']} {one['id']}": one
        for path in document(name)["paths"].values()
        for operation in path.values()
        for one in operation.get("x-harness-constraints", ())
    }


@pytest.mark.parametrize("name", NAMES)
def test_every_constraint_stands_there_with_its_source(name: str) -> None:
    listed = constraints(name)
    known = {
        f"{operation} {one.id}": str(one.rule.source)
        for operation, described in shipped_provider(name).operations.items()
        for one in described.constraints
    }

    assert {key: one["source"] for key, one in listed.items()} == known


def test_what_no_keyword_can_say_is_told_in_words() -> None:
    listed = constraints("sub2api")
    size = content("sub2api", "generate")["schema"]["properties"]["size"]
    rules = ("multiple_of", "max_edge", "max_ratio", "min_pixels", "max_pixels")

    assert [listed[f"generate size.{rule}"]["in_schema"] for rule in rules] == [False] * 5
    assert listed["generate size.format"]["in_schema"]
    assert "multiples of 16 px" in size["description"]
    assert "no keyword can say" in size["description"]


def test_what_is_not_documented_is_in_no_schema() -> None:
    properties = content("sub2api", "generate")["schema"]["properties"]

    assert "maxLength" not in properties["prompt"]
    assert "response_format" not in properties
    assert "additionalProperties" not in content("sub2api", "generate")["schema"]
    assert "model" not in content("apiframe", "generate")["schema"]["anyOf"][0]["required"]
    assert "aspect_ratio" not in str(content("apiframe", "generate")["schema"])


def test_an_omitted_argument_means_its_documented_default() -> None:
    fits = validator("sub2api", "generate").is_valid
    plain = {"model": "gpt-image-2", "prompt": "a cup"}

    assert not fits({**plain, "partial_images": 1})  # stream is false then
    assert fits({**plain, "partial_images": 1, "stream": True})
    assert fits({**plain, "output_compression": 9})  # which format is the default is not said
    assert not fits({**plain, "output_compression": 9, "output_format": "png"})


def test_operations_of_one_address_are_told_apart_by_their_fields() -> None:
    fits = validator("buble", "edit").is_valid
    plain = {"model": "openai/gpt-image-2", "prompt": "a cup"}
    address = ["https://a.test/1.png"]

    assert fits({**plain, "mode": "text_to_image"})
    assert fits({**plain, "mode": "image_to_image", "image_urls": address})
    assert not fits({**plain, "mode": "text_to_image", "image_urls": address})
    assert not fits({**plain, "mode": "image_to_image"})
    assert not fits({**plain, "image_urls": address * 17})


def test_a_key_travels_as_the_documents_say() -> None:
    bearer = document("sub2api")["components"]["securitySchemes"]["key"]
    header = document("apiframe")["components"]["securitySchemes"]["key"]

    assert (bearer["type"], bearer["scheme"]) == ("http", "bearer")
    assert (header["type"], header["in"], header["name"]) == ("apiKey", "header", "X-API-Key")


def test_a_reply_has_its_documented_fields() -> None:
    replies = document("sub2api")["paths"]["/v1/images/generations"]["post"]["responses"]
    served = replies["200"]["content"]
    schema = served["application/json"]["schema"]
    whole: dict[str, Json] = {"data": [{"b64_json": "AA=="}], "size": "auto", "quality": "low"}
    whole |= {"output_format": "png", "usage": {"total_tokens": 7}}

    assert list(replies) == ["200", "4XX"]
    assert "text/event-stream" in served
    assert Draft202012Validator(schema).is_valid(whole)
    assert not Draft202012Validator(schema).is_valid({**whole, "data": [{"url": "x"}]})
    assert not Draft202012Validator(schema).is_valid({**whole, "usage": {"total_tokens": "7"}})
    assert all(
        not Draft202012Validator(schema).is_valid({k: v for k, v in whole.items() if k != left})
        for left in whole
    )


def test_an_error_has_a_message_at_one_of_its_places() -> None:
    fits = Draft202012Validator(document("sub2api")["components"]["schemas"]["Error"]).is_valid

    assert fits({"error": {"message": "no"}})
    assert fits({"code": "NO", "message": "no"})
    assert not fits({"error": {"message": 5}})
    assert not fits({"detail": "no"})


def test_a_job_is_submitted_and_polled() -> None:
    paths = document("apiframe")["paths"]
    submitted = paths["/v2/images/generate"]["post"]["responses"]["202"]
    poll = paths["/v2/jobs/{id}"]["get"]
    fits = Draft202012Validator(
        poll["responses"]["200"]["content"]["application/json"]["schema"]
    ).is_valid

    assert submitted["links"]["poll"]["parameters"] == {"id": "$response.body#/jobId"}
    assert poll["operationId"] == "poll"
    assert fits({"status": "QUEUED"})
    assert not fits({"status": "LOST"})
    assert list(poll["responses"]) == ["200", "404", "4XX"]


def test_a_finished_job_holds_its_result() -> None:
    poll = document("buble")["paths"]["/api/v1/generations/{id}"]["get"]
    fits = Draft202012Validator(
        poll["responses"]["200"]["content"]["application/json"]["schema"]
    ).is_valid
    image = {"images": [{"url": "https://a.test/1.png"}]}

    assert fits({"data": {"id": "j", "status": "pending"}})
    assert fits({"data": {"id": "j", "status": "success", "result": image}})
    assert not fits({"data": {"id": "j", "status": "success"}})


def test_an_upload_stands_beside_the_edit_that_needs_it() -> None:
    upload = document("buble")["paths"]["/api/v1/files"]["post"]
    form = upload["requestBody"]["content"]["multipart/form-data"]["schema"]

    assert set(form["required"]) == {"file", "file_type", "model", "mode"}


def test_the_example_is_the_cheapest_request() -> None:
    examples = content("sub2api", "generate")["examples"]["generate"]["value"]

    assert examples["quality"] == "low"
    assert examples["n"] == 1
    assert validator("sub2api", "generate").is_valid(examples)


def test_equal_promises_make_equal_documents() -> None:
    assert openapi(shipped_provider("aimlapi")) == openapi(shipped_provider("aimlapi"))
    assert document("aimlapi")["info"]["version"] != document("buble")["info"]["version"]


def sixth(extra: str) -> Provider:
    found = parse_provider(tomllib.loads(small.TOML + extra))
    assert isinstance(found, Provider), found
    return found


PAIRS = """
[operations.generate.arguments.background]
wire = "input.options.background"
type = "string"
source = "page: Generate"
one_of = { values = ["plain", "vivid"], source = "page: Generate" }
never_with = { when = ["vivid"], argument = "n", above = 1, source = "page: Generate" }

[operations.generate.arguments.output_compression]
wire = "compression"
type = "integer"
source = "page: Generate"
only_with = { argument = "background", values = ["plain"], unless = [0], source = "page: Generate" }
"""


@pytest.mark.parametrize(
    ("options", "compression", "kept"),
    [
        ({"background": "vivid", "count": 1}, None, True),
        ({"background": "vivid", "count": 2}, None, False),
        ({"background": "plain", "count": 2}, None, True),
        ({"background": "plain"}, 7, True),
        ({"background": "vivid"}, 7, False),
        ({"background": "vivid"}, 0, True),
        ({}, 7, True),  # no default is named: the documents are silent
    ],
)
def test_rules_about_two_arguments_hold_wherever_they_stand(
    options: dict[str, Json], compression: int | None, *, kept: bool
) -> None:
    schema = of_body(sixth(PAIRS).operation("generate"))
    body: dict[str, Json] = {"input": {"text": "a cup", "options": options}}
    if compression is not None:
        body["compression"] = compression

    assert Draft202012Validator(schema).is_valid(body) is kept


def test_what_an_operation_always_sends_is_required() -> None:
    fits = validator("sub2api", "respond").is_valid

    assert fits({"input": "a cup", "model": "any", "tools": [{"type": "image_generation"}]})
    assert not fits({"input": "a cup", "model": "any", "tools": [{"type": "web_search"}]})
    assert not fits({"input": "a cup", "model": "any"})


TOOL = """
[operations.respond]
title = "Tool"
path = "/respond"
protocol = "responses"
source = "page: Generate"
constant = { tools = [{ type = "paint" }] }
reply = { images = ["urls"] }

[operations.respond.arguments.prompt]
wire = "input"
type = "string"
source = "page: Generate"
required = { source = "page: Generate" }

[operations.respond.arguments.quality]
wire = "tools[0].quality"
type = "string"
source = "page: Generate"
required = { source = "page: Generate" }
one_of = { values = ["low", "high"], source = "page: Generate" }
"""


def test_an_argument_stands_inside_what_is_always_sent() -> None:
    schema = of_body(sixth(TOOL).operation("respond"))
    fits = Draft202012Validator(schema).is_valid

    assert fits({"input": "a cup", "tools": [{"type": "paint", "quality": "low"}]})
    assert not fits({"input": "a cup", "tools": [{"type": "paint", "quality": "best"}]})
    assert not fits({"input": "a cup", "tools": [{"type": "paint"}]})
    assert not fits({"input": "a cup", "tools": [{"type": "draw", "quality": "low"}]})
    assert not fits({"input": "a cup", "tools": []})
