"""Documents of the shapes that image APIs publish, imported whole.

The fixtures are written from facts (names, types, limits) that the providers publish, in words of
ours: see `info.description` in each.
"""

import json
from functools import cache
from pathlib import Path
from typing import Any

import pytest
from jsonschema import Draft202012Validator

from harness.core.case import Case
from harness.core.errors import UsageError
from harness.core.jsonvalue import Json
from harness.spec.importing.imported import Imported
from harness.spec.provider import Operation, Provider
from harness.spec.request import build_request
from tests.cases.strategies import boundary_cases
from tests.spec.importing.documents import imported, provider

FOLDER = Path(__file__).parent / "fixtures"
ASKED: dict[str, tuple[tuple[str, ...], dict[str, str]]] = {
    "apiframe": ((), {"model": "gpt-image-2"}),
    "openai": ((), {}),
    "queue": (("POST:/house/image",), {}),
    "predictions": ((), {}),
}


@cache
def raw(name: str) -> dict[str, Any]:
    read: dict[str, Any] = json.loads((FOLDER / f"{name}.json").read_text(encoding="utf-8"))
    return read


@cache
def read(name: str) -> Imported:
    wanted, where = ASKED[name]
    return imported(raw(name), *wanted, **where)


@cache
def made(name: str) -> Provider:
    """The provider of an imported document."""
    wanted, where = ASKED[name]
    return provider(raw(name), *wanted, **where)


@pytest.mark.parametrize("name", ASKED)
def test_it_becomes_a_valid_file(name: str) -> None:
    assert made(name).name == "acme"


@pytest.mark.parametrize("name", ASKED)
def test_every_source_is_a_pointer_into_the_document(name: str) -> None:
    pointers = set(_sources(read(name).operations))

    assert len(pointers) > 5
    for source in pointers:
        document, _, pointer = source.partition(": ")
        assert document == "openapi"
        found: Any = raw(name)
        for step in pointer.removeprefix("#").split("/")[1:]:
            key = step.replace("~1", "/").replace("~0", "~")
            found = found[int(key)] if isinstance(found, list) else found[key]


def _sources(value: object) -> "list[str]":
    if isinstance(value, list):
        return [one for entry in value for one in _sources(entry)]
    if not isinstance(value, dict):
        return []
    own = [value["source"]] if isinstance(value.get("source"), str) else []
    return own + [one for entry in value.values() for one in _sources(entry)]


def test_of_many_bodies_the_one_for_our_model_is_taken_and_the_others_are_named() -> None:
    found = imported(raw("apiframe"))

    assert found.operations == read("apiframe").operations
    (note,) = [each for each in found.notes.unsaid if "has 6 bodies" in each]
    assert "taken is model=gpt-image-2; choose with --where FIELD=VALUE: model=" in note
    with pytest.raises(UsageError, match="none of them fits --where"):
        imported(raw("apiframe"), model="gpt-image-3")


def test_apiframe_is_a_job_with_its_options_in_an_object() -> None:
    generate = made("apiframe").operation("generate")

    assert generate.arguments["n"].wire == "gptImage2Params.number_of_images"
    assert generate.arguments["webhook_url"].wire == "webhookUrl"
    assert generate.job is not None
    assert generate.job.poll_path == "/v2/jobs/{id}"
    assert generate.job.done == ("COMPLETED",)
    assert generate.job.failed == ("FAILED", "CANCELLED")
    assert generate.job.idempotency is not None
    assert "images" not in generate.arguments
    assert made("apiframe").operation("edit").arguments["images"].wire.endswith("input_images")
    assert made("apiframe").auth.header == "X-API-Key"


def test_what_apiframe_leaves_open_is_told() -> None:
    notes = read("apiframe").notes

    assert any("result holds anything" in note for note in notes.missing)
    assert any(note.startswith("prices: no price is said") for note in notes.missing)
    assert any("webhookUrl/format" in note for note in notes.unsaid)


def test_openai_has_two_encodings_of_its_edits() -> None:
    found = made("openai")
    edit, other = found.operation("edit"), found.operation("edit_json")

    assert found.base_url == "https://api.openai.com"
    assert (edit.body, other.body) == ("form", "json")
    assert edit.path == other.path == "/v1/images/edits"
    assert edit.arguments["images"].wire == "image"
    assert other.arguments["images"].item == {"image_url": "{image}"}
    assert edit.stream is not None
    assert edit.stream.partial == "image_edit.partial_image"
    generate = found.operation("generate")
    assert generate.arguments["model"].one_of is None  # any text: the list shows examples
    assert generate.arguments["n"].nullable is not None
    assert generate.arguments["style"].one_of is not None


def test_a_queue_has_its_images_behind_another_address() -> None:
    generate = read("queue").operations["generate"]
    job, reply = generate["job"], generate["reply"]

    assert isinstance(job, dict)
    assert isinstance(reply, dict)
    assert job["poll_path"] == "/house/image/requests/{id}/status"
    assert job["result_path"] == "/house/image/requests/{id}"
    assert (job["cancel_path"], job["cancel_method"]) == (
        "/house/image/requests/{id}/cancel",
        "PUT",
    )
    assert reply["images"] == ["images[*].url"]
    size = made("queue").operation("generate").arguments["size"]
    assert size.edges == ("image_size.width", "image_size.height")
    assert size.format is not None
    assert "square_hd" in size.format.words


def test_predictions_have_arguments_in_their_path() -> None:
    generate = made("predictions").operation("generate")

    assert generate.path == "/v1/models/{owner}/{name}/predictions"
    assert {generate.arguments[name].where for name in ("owner", "name")} == {"path"}
    assert generate.arguments["prefer"].where == "header"
    assert generate.arguments["prompt"].wire == "input.prompt"
    assert generate.reply.images[0].text == "output"


def as_2020(schema: Any) -> Any:  # noqa: ANN401 - any part of a document
    """Schemas of OpenAPI 3.0 in the words of 3.1: `nullable`, and exclusive bounds as flags."""
    if isinstance(schema, list):
        return [as_2020(entry) for entry in schema]
    if not isinstance(schema, dict):
        return schema
    kept = {key: as_2020(value) for key, value in schema.items() if key != "nullable"}
    for bound in ("Minimum", "Maximum"):
        flag, inclusive = kept.get(f"exclusive{bound}"), bound.lower()
        if isinstance(flag, bool):
            kept.pop(f"exclusive{bound}")
            kept |= {f"exclusive{bound}": kept.pop(inclusive)} if flag else {}
    return {"anyOf": [kept, {"type": "null"}]} if schema.get("nullable") is True else kept


def validator(name: str, operation: Operation) -> Draft202012Validator:
    """Judges bodies of an operation by the document itself."""
    path = operation.path if operation.path in raw(name)["paths"] else operation.path[len("/v1") :]
    media_type = "multipart/form-data" if operation.body == "form" else "application/json"
    body = raw(name)["paths"][path]["post"]["requestBody"]["content"][media_type]["schema"]
    return Draft202012Validator({**as_2020(raw(name)), **as_2020(body)})


def sent(described: Provider, case: Case) -> Json:
    """The body of a case; of a form, the values that its texts write."""
    operation = described.operation(case.operation)
    if operation.body == "json":
        return build_request(described, operation, case.arguments).body
    found: dict[str, Json] = dict(operation.constant)
    for name, value in case.arguments.items():
        argument = operation.arguments.get(name)
        found[argument.wire if argument else name] = _shown(value)
    return found


def _shown(value: Json) -> Json:
    if isinstance(value, list):
        return [_shown(entry) for entry in value]
    return "bytes" if isinstance(value, dict) and "media_type" in value else value


CASES = [
    (name, operation)
    for name, operations in (
        ("apiframe", ("generate", "edit")),
        ("openai", ("generate", "edit", "edit_json")),
        ("queue", ("generate",)),
        ("predictions", ("generate",)),
    )
    for operation in operations
]


@pytest.mark.parametrize(("name", "operation"), CASES)
def test_cases_of_the_harness_are_judged_alike_by_the_document(name: str, operation: str) -> None:
    """What an imported file says is served is allowed; what it says is refused is forbidden."""
    described = made(name)
    judge = validator(name, described.operation(operation))
    judged = {"accept": 0, "refuse": 0}

    for case in boundary_cases(described, operation):
        if case.expect in judged:
            judged[case.expect] += 1
            body = sent(described, case)
            assert judge.is_valid(body) is (case.expect == "accept"), (case.id, body)

    assert min(judged.values()) > 3
