"""Every kind of rule answers every question: one that does not, and gives no reason, fails here."""

from collections.abc import Mapping
from inspect import isabstract
from types import FunctionType
from typing import Any, cast

import pytest
from jsonschema import Draft202012Validator

from harness.cases.build import Builder
from harness.cases.values import allowed_values, context, forbidden_values
from harness.core.errors import Mistake
from harness.core.jsonvalue import Json
from harness.spec.evaluate import evaluate
from harness.spec.load import parse_provider
from harness.spec.provider import Argument, Constraint, Provider
from harness.spec.request import carried
from harness.spec.rules import KINDS, Evaluation, Rule
from harness.spec.rules.base import EVERY_TYPE
from harness.spec.rules.pairs import Conditional
from harness.spec.rules.text import MaxLength
from tests.shipped import NAMES, shipped_provider
from tests.spec import small

CITED: dict[str, Any] = {"source": {"document": "page.txt", "section": "Rules"}}

Promise = tuple[Builder, Constraint]

PROMISES: tuple[Promise, ...] = tuple(
    (builder, constraint)
    for described in map(shipped_provider, NAMES)
    for builder in (Builder(described, operation) for operation in described.operations)
    for constraint in builder.operation.constraints
)
"""Every rule of the shipped providers."""


EXAMPLES: dict[str, tuple[dict[str, Any], dict[str, Any]]] = {
    "number": ({"type": "number"}, {}),
    "boolean": ({"type": "boolean"}, {}),
    "array": ({"type": "array"}, {"items": "string"}),
    "object": ({"type": "object", "examples": [{"width": 512}]}, {}),
    "min_length": ({"type": "string"}, {"characters": 2}),
    "nullable": ({"type": "integer"}, {}),
}
"""For a kind that no shipped document has: an argument of somebody's own, and the rule's table."""


def of_kind(name: str) -> list[Promise]:
    """Some rules of a kind: the shipped ones, or its example."""
    if name in EXAMPLES:
        raw, (argument, rule) = small.tables(), EXAMPLES[name]
        cited = {"source": "page: Generate"}
        declared = {"wire": "own", **argument, **cited, name: {**rule, **cited}}
        raw["operations"]["generate"]["arguments"]["its_own"] = declared
        described = parse_provider(raw)
        assert isinstance(described, Provider), described
        builder = Builder(described, "generate")
        constraint = builder.operation.constraint(f"its_own.{name}")
        return [(builder, constraint)] if constraint else []
    return [promise for promise in PROMISES if type(promise[1].rule) is KINDS[name]]


def unanswered(kind: type[Rule], promises: list[Promise]) -> list[str]:
    """The questions that a kind leaves without an answer and without a reason."""
    rules = [constraint.rule for _, constraint in promises]
    contexts = [context(constraint, of.operation) for of, constraint in promises]
    answers = {
        "example": bool(rules),
        "evaluate": not isabstract(kind),
        "docstring": bool(kind.__doc__),
        "speaks_of": bool(kind.speaks_of) and set(kind.speaks_of) <= set(EVERY_TYPE),
        "describe": all(rule.describe() for rule in rules),
        "json_schema": all(rule.json_schema() != "" for rule in rules),
        "allowed": any(map(kind.allowed, rules, contexts)) or bool(kind.none_allowed),
        "forbidden": any(map(kind.forbidden, rules, contexts)) or bool(kind.none_forbidden),
    }
    return [question for question, answered in answers.items() if not answered]


@pytest.mark.parametrize("name", KINDS)
def test_a_kind_answers_every_question(name: str) -> None:
    assert unanswered(KINDS[name], of_kind(name)) == []


class Half(Rule):
    """A kind that is judged and no more."""

    def evaluate(self, value: Json, other: Json) -> Evaluation:  # noqa: ARG002 - as all kinds have it
        return "satisfied"


class Longest(MaxLength):
    none_allowed = "because"

    def doubts(self) -> str:
        return ""


def test_a_kind_that_leaves_a_question_open_is_found() -> None:
    builder = Builder(small.provider(), "generate")

    def example(rule: Rule) -> list[Promise]:
        return [(builder, Constraint(id="prompt.new", parameter="prompt", rule=rule))]

    half = ["describe", "json_schema", "allowed", "forbidden"]
    assert unanswered(Half, example(Half(**CITED))) == half
    assert unanswered(Longest, example(Longest(characters=3, **CITED))) == ["docstring"]
    assert unanswered(Longest, []) == ["example", "docstring", "forbidden"]
    assert "evaluate" in unanswered(Rule, [])  # type: ignore[type-abstract]  # that is tested


METHODS = (FunctionType, classmethod, property)
ITS_OWN = {"OneOf": {"certain"}, "MaxBytes": {"most", "least_too_big"}}
"""What a kind says beside the answers: it is asked by those who are about that kind alone."""


def unasked(kind: type[Rule]) -> set[str]:
    """The public methods of a kind that nobody asks for: an answer that is spelled wrong."""
    own = {name for name, method in vars(kind).items() if isinstance(method, METHODS)}
    asked = {name for base in kind.__mro__[1:] for name in vars(base)}
    return {name for name in own if name[0] != "_"} - asked


@pytest.mark.parametrize("kind", KINDS.values())
def test_a_kind_gives_no_answer_that_nobody_asks_for(kind: type[Rule]) -> None:
    assert unasked(kind) == ITS_OWN.get(kind.__name__, set())


def test_an_answer_that_is_spelled_wrong_is_found() -> None:
    assert unasked(Longest) == {"doubts"}


def words(builder: Builder, constraint: Constraint, *, inside: bool) -> list[Evaluation]:
    """What a rule says of its own boundary values, as far as they are not open."""
    choices = (allowed_values if inside else forbidden_values)(constraint, builder.operation)
    base = builder.base(prompt="A cat")
    sent = [builder.with_choice(base, constraint, choice) for choice in choices if not choice.open]
    operation = builder.operation
    return [evaluate(constraint, operation, carried(operation, arguments)) for arguments in sent]


@pytest.mark.parametrize("name", KINDS)
def test_a_kind_judges_its_own_boundary_values_as_it_should(name: str) -> None:
    for builder, constraint in of_kind(name):
        assert set(words(builder, constraint, inside=True)) <= {"satisfied"}, constraint.id
        assert set(words(builder, constraint, inside=False)) <= {"violated"}, constraint.id


@pytest.mark.parametrize("name", KINDS)
def test_what_a_kind_says_to_json_schema_is_json_schema(name: str) -> None:
    for _, constraint in of_kind(name):
        said = constraint.rule.json_schema()
        for schema in [said] if isinstance(said, dict) else []:
            Draft202012Validator.check_schema(schema)
        if isinstance(constraint.rule, Conditional):
            for schema in constraint.rule.beside():
                Draft202012Validator.check_schema(schema)


@pytest.mark.parametrize("name", KINDS)
def test_a_kind_says_its_rule_in_words_of_its_own(name: str) -> None:
    phrases = {constraint.rule.describe() for _, constraint in of_kind(name)}
    others = {
        constraint.rule.describe()
        for _, constraint in PROMISES
        if type(constraint.rule) is not KINDS[name]
    }

    assert not phrases & others


def table(rule: Rule) -> dict[str, Any]:
    """A rule as a TOML has it."""
    values = rule.model_dump(mode="json", exclude_defaults=True)
    return {**values, "source": "page: Generate"} | (
        {"second_source": "page: Generate"} if "second_source" in values else {}
    )


def loaded(argument: Mapping[str, Any]) -> Provider | tuple[Mistake, ...]:
    """The small provider with one more argument of `generate`, beside one that it may look at."""
    raw = small.tables()
    argument = {**argument, "source": "page: Generate"}
    other = {"wire": "other", "type": argument["type"], "source": "page: Generate"}
    raw["operations"]["generate"]["arguments"] |= {"background": other, "moderation": argument}
    raw["operations"]["edit"]["without"] += ["background", "moderation"]
    return parse_provider(raw)


@pytest.mark.parametrize("name", KINDS)
def test_a_kind_is_read_from_a_toml_and_only_for_types_that_it_speaks_of(name: str) -> None:
    builder, constraint = of_kind(name)[0]
    rule, own = constraint.rule, builder.operation.arguments[constraint.parameter].type
    written = table(rule) | ({"argument": "background"} if rule.partner else {})
    described = loaded({"wire": "own", "type": own, name: written})

    assert isinstance(described, Provider), described
    assert described.operation("generate").constraint(f"moderation.{name}") is not None
    for kind in set(EVERY_TYPE) - set(rule.speaks_of):
        (mistake, *_) = cast(
            "tuple[str, ...]", loaded({"wire": "own", "type": kind, name: written})
        )
        place = f"operations.generate.arguments.moderation.{name}"
        assert mistake == f"{place}: speaks of {' or '.join(rule.speaks_of)}, not of a {kind}"


def test_the_vocabulary_has_the_fields_of_an_argument_and_nothing_else() -> None:
    rules = [name for name, field in Argument.model_fields.items() if name in KINDS]

    assert rules == list(KINDS)
    assert all(issubclass(kind, Rule) for kind in KINDS.values())
