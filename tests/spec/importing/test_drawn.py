"""Drawn schemas, imported, and held against a validator that is not ours.

What an imported rule calls broken, the schema forbids; what the schema forbids, a rule calls
broken, unless the import noted that no rule says it.
"""

from typing import Any

from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st
from jsonschema import Draft202012Validator

from harness.core.jsonvalue import Json
from harness.spec.evaluate import evaluate
from harness.spec.provider import Operation
from tests.spec.importing.documents import body, document, imported, operation

Schema = dict[str, Any]
NAME = "its_own"
AT = f"/properties/{NAME}"

WORDS = ("png", "auto", "", "a", "1024x1024", "https://a.test/b", "not-a-url", "x" * 12)
VALUES: list[Any] = [
    *(None, True, False, 0, 1, 2, 3, 5, 9, 100, -1, 0.5, 1.0, 2.5, -0.5, 1e9),
    *WORDS,
    *([], ["a"], ["a", "b"], ["a", "b", "c", "d"], [1], [1.5], [True], [None], {}, {"a": 1}),
]

small = st.integers(-2, 10)


def some(**keywords: st.SearchStrategy[Any]) -> st.SearchStrategy[Schema]:
    """A schema with any of these keywords."""
    return st.fixed_dictionaries({}, optional=keywords)


words = st.lists(st.sampled_from(WORDS), min_size=1, max_size=4, unique=True)
strings = some(
    minLength=st.integers(0, 12),
    maxLength=st.integers(0, 12),
    enum=words,
    pattern=st.sampled_from(
        ("^https?://", "^(auto|[1-9][0-9]{0,5}x[1-9][0-9]{0,5})$", "^[a-z]+$", "^\\d+:\\d+$")
    ),
    format=st.sampled_from(("uri", "uuid")),
).map(lambda keywords: {"type": "string", **keywords})
bounds = dict.fromkeys(("minimum", "maximum", "exclusiveMinimum", "exclusiveMaximum"), small)
integers = some(enum=st.lists(small, min_size=1, max_size=3, unique=True), **bounds).map(
    lambda keywords: {"type": "integer", **keywords}
)
numbers = some(multipleOf=st.just(0.5), **{key: small.map(lambda n: n / 2) for key in bounds}).map(
    lambda keywords: {"type": "number", **keywords}
)
booleans = some(const=st.booleans()).map(lambda keywords: {"type": "boolean", **keywords})
scalars = strings | integers | numbers | booleans
lists = st.builds(
    lambda items, keywords: {"type": "array", "items": items, **keywords},
    st.sampled_from(({"type": "string"}, {"type": "integer"}, {"type": "number"}, {})) | strings,
    some(minItems=st.integers(0, 4), maxItems=st.integers(0, 4), uniqueItems=st.booleans()),
)
objects = st.just({"type": "object"}) | st.just({"type": "object", "minProperties": 1})
plain = scalars | lists | objects
combined: st.SearchStrategy[Schema] = (
    plain
    | plain.map(lambda schema: {"anyOf": [schema, {"type": "null"}]})
    | plain.map(lambda schema: {**schema, "type": [schema["type"], "null"]})
    | st.lists(scalars, min_size=2, max_size=3).map(lambda many: {"anyOf": many})
    | st.lists(scalars, min_size=2, max_size=3).map(lambda many: {"allOf": many})
    | st.just({})
    | st.just({"not": {}})
)


def broken(described: Operation, arguments: dict[str, Json]) -> list[str]:
    """The judged rules that these arguments break."""
    return [
        constraint.id
        for constraint in described.constraints
        if described.is_judged(constraint)
        and evaluate(constraint, described, arguments) == "violated"
    ]


@settings(
    max_examples=300, deadline=None, suppress_health_check=[HealthCheck.too_slow], derandomize=True
)
@given(schema=combined)
@example(schema={"type": "string", "minLength": 2, "maxLength": 1})
@example(schema={"anyOf": [{"type": "string"}, {"type": "integer"}]})
@example(schema={"type": "number", "exclusiveMinimum": 0})
@example(schema={"type": "string", "enum": ["png"], "maxLength": 0})
@example(schema={"allOf": [{"type": "string"}, {"type": "integer"}]})
def test_rules_and_schema_say_the_same(schema: Schema) -> None:
    raw = document(body({NAME: schema}))
    described = operation(raw)  # it validates
    unsaid = any(AT in note for note in imported(raw).notes.unsaid)
    validator = Draft202012Validator(schema)

    for value in VALUES:
        allowed = validator.is_valid(value)
        told = broken(described, {"prompt": "a", NAME: value})
        assert not (told and allowed), (value, told)
        open_to_us = value is None or (isinstance(value, float) and value.is_integer())
        if not allowed and not unsaid and not open_to_us:
            assert told, value


@given(required=st.booleans(), closed=st.booleans(), present=st.booleans(), more=st.booleans())
def test_what_must_and_what_may_be_there(
    *, required: bool, closed: bool, present: bool, more: bool
) -> None:
    keywords: Schema = {"required": ["quality"]} if required else {}
    keywords |= {"additionalProperties": False} if closed else {}
    schema = body({"quality": {"type": "string"}}, **keywords)
    described = operation(document(schema))

    sent: dict[str, Json] = {"prompt": "a", **({"quality": "low"} if present else {})}
    told = broken(described, {**sent, **({"body": {"zzz": 1}} if more else {})})
    allowed = Draft202012Validator(schema).is_valid({**sent, **({"zzz": 1} if more else {})})

    assert bool(told) is not allowed
