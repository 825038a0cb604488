"""Each shipped provider, exported as OpenAPI and imported again: no rule is lost on the way."""

import json
from functools import cache
from typing import Any

import pytest

from harness.core.jsonvalue import Json
from harness.spec.export.openapi import openapi
from harness.spec.export.schema import says
from harness.spec.provider import PARAMETERS, Constraint, Provider
from tests.shipped import NAMES, shipped_provider
from tests.spec.importing.documents import provider

EVERY = [(name, operation) for name in NAMES for operation in shipped_provider(name).operations]

KNOWN_OTHERWISE = {
    "model.one_of": "no keyword says that other models lie outside the document's subject"
}
"""Rules that come back without a part that JSON Schema has no word for."""


@cache
def returned(name: str) -> Provider:
    """A provider after the way there and back, all its operations named."""
    document: dict[str, Any] = json.loads(json.dumps(openapi(shipped_provider(name))))
    wanted = [
        node["operationId"]
        for path in document["paths"].values()
        for method, node in path.items()
        if method == "post" and node.get("x-harness-constraints")
    ]
    return provider(document, *wanted)


def rule(constraint: Constraint) -> dict[str, Json]:
    """What a rule asks, without who says so, and without what `KNOWN_OTHERWISE` tells of."""
    dumped: dict[str, Json] = constraint.rule.model_dump(
        mode="json",
        exclude={"source", "quote", "second_source", "second_quote", "note", "other_models"},
    )
    return dumped


@pytest.mark.parametrize(("name", "operation"), EVERY)
def test_every_rule_that_a_schema_says_comes_back_equal(name: str, operation: str) -> None:
    before = shipped_provider(name).operation(operation)
    after = returned(name).operation(operation)

    said = [constraint for constraint in before.constraints if says(before, constraint)]
    back = {constraint.id: constraint for constraint in after.constraints}

    assert said or (name, operation) == ("sub2api", "respond")
    for constraint in said:
        assert constraint.id in back
        assert rule(back[constraint.id]) == rule(constraint)
        assert after.is_judged(back[constraint.id])


@pytest.mark.parametrize(("name", "operation"), EVERY)
def test_places_types_and_defaults_come_back_equal(name: str, operation: str) -> None:
    before = shipped_provider(name).operation(operation)
    after = returned(name).operation(operation)

    at = {argument.wire: (name, argument) for name, argument in after.arguments.items()}
    for key, argument in before.arguments.items():
        if argument.status == "documented" and argument.absent is None:
            called, other = at[argument.wire]
            assert called == key or key not in PARAMETERS
            assert (other.type, other.default) == (argument.type, argument.default)


@pytest.mark.parametrize(("name", "operation"), EVERY)
def test_addresses_and_lives_come_back_equal(name: str, operation: str) -> None:
    before = shipped_provider(name).operation(operation)
    after = returned(name).operation(operation)

    assert (after.method, after.path, after.body, after.protocol) == (
        before.method,
        before.path,
        before.body,
        before.protocol,
    )
    assert (after.job is None) == (before.job is None)
    if before.job is not None and after.job is not None:
        for field in ("poll_path", "pending", "done", "failed", "submitted_status"):
            assert getattr(after.job, field) == getattr(before.job, field)
    stream = before.stream
    if stream is not None and after.stream is not None:
        assert (after.stream.partial, after.stream.completed) == (stream.partial, stream.completed)


@pytest.mark.parametrize("name", NAMES)
def test_keys_travel_as_before(name: str) -> None:
    before, after = shipped_provider(name), returned(name)

    assert (after.auth.header, after.auth.prefix) == (before.auth.header, before.auth.prefix)
    assert after.base_url == before.base_url
