"""The rule about fields that no document names: on the wire, in the plan, in what is exported."""

from typing import Any

import pytest

from harness.cases.boundaries import single_violations
from harness.cases.build import Builder
from harness.cases.draw import drawn_cases, refused_arguments
from harness.core.case import Case
from harness.spec.explain.explain import explain
from harness.spec.export.openapi import openapi
from harness.spec.export.schema import of_body
from harness.spec.load import parse_provider
from harness.spec.provider import Provider
from harness.spec.request import build_request
from tests.shipped import NAMES, shipped_provider
from tests.spec import small

RULE = "body.unknown_fields"


def closed(at: str = "", status: str = "documented", operation: str = "generate") -> Provider:
    """The small provider, whose documents say that other fields are refused."""
    raw = small.tables()
    table: dict[str, Any] = {"source": "page: Generate", "status": status, "at": at}
    raw["operations"][operation]["unknown_fields"] = table
    if operation == "generate":
        raw["operations"]["edit"]["unknown_fields"] = {"at": ""}  # it is a form, and inherits
    for name in ("images", "mask"):
        raw["operations"]["edit"]["arguments"][name]["max_bytes"]["bytes"] = 1_000_000
    found = parse_provider(raw)
    assert isinstance(found, Provider), found
    return found


def about(provider: Provider, operation: str = "generate") -> list[Case]:
    cases = single_violations(Builder(provider, operation))
    return [case for case in cases if case.breaks == RULE]


@pytest.mark.parametrize(
    ("at", "body"),
    [("", {"harness_unknown": "x"}), ("input", {"input": {"harness_unknown": "x"}})],
)
def test_a_request_with_an_unknown_field_must_be_refused(at: str, body: dict[str, Any]) -> None:
    provider = closed(at)
    (case,) = about(provider)
    sent: Any = build_request(provider, provider.operation("generate"), case.arguments).body
    plain: Any = build_request(
        provider,
        provider.operation("generate"),
        {name: value for name, value in case.arguments.items() if name != "body"},
    ).body

    assert (case.expect, case.id) == ("refuse", f"generate/{RULE}/refuse/harness_unknown")
    inside = {**plain["input"], **body["input"]} if at else plain["input"]
    assert sent == {**plain, **body, "input": inside}


def test_a_form_has_an_unknown_field_of_its_own() -> None:
    provider = closed(operation="edit")
    (case,) = about(provider, "edit")
    form = build_request(provider, provider.operation("edit"), case.arguments).form

    assert form is not None
    assert ("harness_unknown", "x") in [(part.name, part.value) for part in form]


def test_drawn_requests_have_fields_of_many_names_and_none_that_is_known() -> None:
    builder = Builder(closed("input"), "generate")
    wires = {argument.wire for argument in builder.operation.arguments.values()}
    drawn = drawn_cases(refused_arguments(builder), count=600, seed_=0)
    fields = {
        field
        for case in drawn
        if case.breaks == RULE and isinstance(case.arguments["body"], dict)
        for field in case.arguments["body"]
    }

    assert len(fields) > 5
    assert all(field.startswith("input.") for field in fields)
    assert fields & wires == set()


def test_documents_that_do_not_say_it_forbid_nothing() -> None:
    assert {case.expect for case in about(closed(status="undocumented"))} == {"observe"}
    for name in NAMES:
        operations = shipped_provider(name).operations.values()
        rules = [one.unknown_fields for one in operations if one.unknown_fields is not None]
        assert all(rule.status == "undocumented" for rule in rules)


def test_an_unknown_field_is_explained_by_its_rule() -> None:
    given = {"prompt": "a fox"}
    refused = explain(closed(), "generate", given, unknown=("sneaky",))
    unsaid = explain(small.provider(), "generate", given, unknown=("sneaky",))
    doubted = explain(closed(status="contradictory"), "generate", given, unknown=("sneaky",))

    assert refused.verdict == "refused"
    assert [statement.about for statement in refused.breaks] == [RULE]
    assert (unsaid.verdict, unsaid.breaks) == ("not mappable", ())
    assert [statement.about for statement in doubted.open] == [RULE]


def test_a_schema_closes_the_object_that_the_rule_is_about() -> None:
    whole: Any = of_body(closed().operation("generate"))
    inner: Any = of_body(closed("input").operation("generate"))
    paths: Any = openapi(closed())["paths"]
    rules = {
        rule["id"]: rule["in_schema"] for rule in paths["/images"]["post"]["x-harness-constraints"]
    }

    assert whole["additionalProperties"] is False
    assert "additionalProperties" not in inner
    assert inner["properties"]["input"]["additionalProperties"] is False
    assert "additionalProperties" not in of_body(small.operation())
    assert rules[RULE] is True


@pytest.mark.parametrize(("operation", "at"), [("generate", "a[]b"), ("edit", "input")])
def test_a_rule_about_a_place_that_a_body_has_not_is_a_mistake(operation: str, at: str) -> None:
    raw = small.tables()
    raw["operations"][operation]["unknown_fields"] = {"source": "page: Generate", "at": at}
    mistakes = parse_provider(raw)

    assert isinstance(mistakes, tuple)
    assert any("unknown_fields.at" in mistake.key for mistake in mistakes)
