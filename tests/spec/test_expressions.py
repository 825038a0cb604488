import jmespath
import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import TypeAdapter, ValidationError

from harness.core.jsonvalue import Json
from harness.spec.expressions import Compiled, Expression, Frozen, Paths, Pattern, first_match
from tests.strategies import json_values


class Holder(Frozen):
    """Holds expressions as a provider does."""

    one: Compiled = Expression("a")
    many: Paths = ()


def mistakes(given: dict[str, str]) -> list[str]:
    """What is told of these keys; any other exception ends the test."""
    try:
        Holder.model_validate(given)
    except ValidationError as error:
        return [item["msg"] for item in error.errors()]
    return []


def paths(*texts: str) -> Paths:
    return Holder.model_validate({"many": texts}).many


@given(
    st.text(max_size=12)
    | st.sampled_from(
        ["(" * 3000, "a." * 3000, "[9" * 50, "`{`", "'\\", "a" + ".a" * 3000, "9" * 5000]
    )
)
def test_any_text_is_an_expression_or_a_told_mistake(text: str) -> None:
    told = mistakes({"one": text})

    assert all("\n" not in mistake for mistake in told)
    assert told or Holder.model_validate({"one": text}).one.text == text


@pytest.mark.parametrize("text", ["nosuch(@)", "a && nosuch(b)", "[?nosuch(a)].b", "[*].nosuch(@)"])
def test_a_misspelt_function_is_found_before_it_is_called(text: str) -> None:
    with pytest.raises(ValidationError, match="calls nosuch, which JMESPath does not have"):
        Holder.model_validate({"one": text})


EXPRESSIONS = [
    Expression(text)
    for text in (
        "details && keys(details)[0]", "[result, result.images][] | [?type(@)=='string']",
        "data[*].[b64_json || url][]", "code != `0`", "sum(data)", "join(',', data)", "keys(@)",
    )
]  # fmt: skip


@given(json_values())
def test_no_body_makes_an_expression_fail(body: Json) -> None:
    for expression in EXPRESSIONS:
        expression.search(body)


@pytest.mark.parametrize("text", ["a", "a.b", "_1.a.b", "type", "true"])
@given(
    st.recursive(
        json_values(),
        lambda inner: st.dictionaries(st.sampled_from(("a", "b", "_1", "type", "true")), inner),
    )
)
def test_a_path_of_keys_finds_what_jmespath_finds(text: str, body: Json) -> None:
    assert Expression(text).search(body) == jmespath.search(text, body)


def test_the_first_expression_that_finds_something_wins() -> None:
    known = paths("result.images[*]", "result")

    assert first_match(known, {"result": "a"}) == "a"
    assert first_match(known, {"result": {"images": ["a", "b"]}}) == ["a", "b"]
    assert first_match(known, {}) is None


def test_zero_and_false_are_findings() -> None:
    known = paths("n", "m")

    assert first_match(known, {"n": 0, "m": 1}) == 0
    assert first_match(known, {"n": False, "m": 1}) is False


def test_a_pattern_is_checked_and_kept_as_written() -> None:
    adapter = TypeAdapter(Pattern)

    assert adapter.validate_python("a|b") == "a|b"
    with pytest.raises(ValidationError, match="is no regular expression"):
        adapter.validate_python("[")
