"""Operations and parameters of any name: what they are for, how they are found and misspelt."""

from typing import Any

import pytest

from harness.core.errors import UsageError
from harness.planning.options import refuse_unknown_operations
from harness.spec.explain.asked import from_body, with_plain_values
from harness.spec.explain.explain import explain
from harness.spec.load import parse_provider
from harness.spec.provider import PARAMETERS, Provider
from harness.spec.workload.fit import fit
from harness.spec.workload.workloads import select_workloads
from tests.declared.fluxo import fluxo
from tests.spec import small


def told(name: str, **argument: Any) -> tuple[str, ...]:  # noqa: ANN401 - any key of a TOML
    """What is wrong with the small provider once it has this argument."""
    raw = small.tables()
    table = {"wire": "own", "type": "string", "source": "page: Generate", **argument}
    raw["operations"]["generate"]["arguments"][name] = table
    raw["operations"]["edit"]["without"].append(name)
    found = parse_provider(raw)
    return () if isinstance(found, Provider) else tuple(map(str, found))


def test_an_operation_is_for_what_it_says_or_its_name_or_its_images_say() -> None:
    raw = small.tables()
    raw["operations"]["retouch"] = {**raw["operations"]["edit"], "path": "/retouch"}
    raw["operations"]["variation"] = {
        "extends": "generate", "path": "/variations", "kind": "edit", "source": "page: Edit",
    }  # fmt: skip
    described = parse_provider(raw)

    assert isinstance(described, Provider), described
    kinds = {name: described.kind(name) for name in described.operations}
    assert kinds == {
        "generate": "generate", "edit": "edit", "retouch": "edit", "variation": "edit",
    }  # fmt: skip
    assert described.meant("edit") == ("edit",)
    assert fluxo().meant("edit") == ("image_to_image",)
    assert fluxo().chosen(()) == ("text_to_image", "image_to_image")
    assert fluxo().chosen(("generate", "respond")) == ("text_to_image",)


@pytest.mark.parametrize("name", ["promt", "sizes", "output_fromat", "image"])
def test_a_name_that_is_nearly_a_canonical_one_is_a_mistake(name: str) -> None:
    near = {"promt": "prompt", "sizes": "size", "output_fromat": "output_format", "image": "images"}
    own = "unknown parameter (if the name is the provider's own, say declared = true)"
    guess = f"did you mean {near[name]!r}?"

    assert told(name) == (f"operations.generate.arguments.{name}: {own}; {guess}",)
    assert told(name, declared=True) == ()


@pytest.mark.parametrize(
    "name", ["seed", "guidance_scale", "image_size", "style", "task", "strength", "num_images"]
)
def test_a_name_of_its_own_needs_no_word(name: str) -> None:
    assert told(name) == ()


@pytest.mark.parametrize("name", ["Seed", "cfg-scale", "2x", "größe", ""])
def test_a_name_that_ids_cannot_hold_is_a_mistake(name: str) -> None:
    assert any("does not fit the pattern" in mistake for mistake in told(name))


@pytest.mark.parametrize(
    ("argument", "mistake"),
    [
        ({"type": "number", "default": "3.5"}, "default: '3.5' is no number"),
        ({"type": "integer", "cheapest": 1.5}, "cheapest: 1.5 is no integer"),
        ({"type": "array", "examples": [["a"], "b"]}, "examples.1: 'b' is no array"),
        ({"type": "number", "default": float("inf")}, "default: inf is no number of JSON"),
        (
            {"type": "integer", "range": {"min": 0.5, "source": "page: Generate"}},
            "range.min: 0.5 is no integer",
        ),
        ({"type": "integer", "edges": ["a", "b"]}, "edges: speak of a string"),
        ({"edges": ["a", "a"]}, "edges: the width and the height have one place"),
        ({"edges": ["size", "b"]}, "edges: 'size' is already the place of size"),
        ({"edges": ["a]", "b"]}, "edges: 'a]' is no place of a JSON body"),
    ],
    ids=str,
)
def test_what_contradicts_a_type_or_a_place_is_a_mistake(
    argument: dict[str, Any], mistake: str
) -> None:
    mistakes = told("its_own", **argument)

    place = "operations.generate.arguments.its_own."
    assert any(each.startswith(f"{place}{mistake}") for each in mistakes), mistakes


def test_a_word_for_a_size_of_two_numbers_needs_a_place() -> None:
    shape = {"shape": "size", "words": ["auto"], "source": "page: Generate"}
    raw = small.tables()
    table = {"type": "string", "source": "page: Generate", "format": shape}
    raw["operations"]["generate"]["arguments"]["canvas"] = {**table, "edges": ["width", "height"]}
    mistakes = parse_provider(raw)

    assert not isinstance(mistakes, Provider)
    place = "operations.generate.arguments.canvas.wire"
    assert str(mistakes[0]) == f"{place}: missing: the word 'auto' has no place on the wire"


def test_a_price_may_hang_on_a_declared_parameter_but_not_on_a_misspelt_one() -> None:
    raw = small.tables()
    raw["prices"]["rows"][0]["when"] = {"qualty": "low"}
    mistakes = parse_provider(raw)

    assert not isinstance(mistakes, Provider)
    (mistake,) = mistakes
    assert (mistake.key, mistake.nearest) == ("prices.rows.0.when.qualty", "quality")


def test_a_provider_knows_its_own_parameters_after_the_canonical_ones() -> None:
    own = fluxo().parameters

    assert own[: len(PARAMETERS)] == PARAMETERS
    assert own[len(PARAMETERS) :] == (
        "negative_prompt", "guidance_scale", "seed", "loras", "layout", "safety_checker",
        "acceleration", "strength",
    )  # fmt: skip


def test_an_operation_that_nobody_has_is_one_error_with_the_nearest() -> None:
    refuse_unknown_operations(["text_to_image", "edit"], [fluxo(), small.provider()])
    with pytest.raises(UsageError) as caught:
        refuse_unknown_operations(["text_to_imge"], [fluxo(), small.provider()])

    assert caught.value.message == "--operation text_to_imge: no such operation at fluxo, small"
    assert caught.value.hint == (
        "did you mean text_to_image? one of text_to_image, image_to_image, generate, edit"
    )


def test_explain_judges_declared_parameters_and_finds_what_is_nearest() -> None:
    asked = with_plain_values(
        fluxo(), None, {"size": "300x300", "guidance_scale": 21.5, "loras": ["film", "oil"]}
    )
    explanation = explain(fluxo(), asked.operation, asked.arguments)

    assert explanation.operation == "text_to_image"
    assert [each.about for each in explanation.breaks] == [
        "size.multiple_of", "guidance_scale.range", "loras.one_of",
    ]  # fmt: skip
    assert explanation.nearest is not None
    nearest = explanation.nearest.arguments
    assert (nearest["size"], nearest["guidance_scale"], nearest["loras"]) == (
        "304x304", 20.0, ["film"],
    )  # fmt: skip


def test_a_body_is_read_by_declared_names_or_as_one_of_the_wire() -> None:
    (words,) = from_body([fluxo()], None, {"prompt": "A", "seed": 7}, over={}, where="body")
    (wire,) = from_body(
        [fluxo()], None, {"prompt": "A", "image_url": "https://example.com/a.png"},
        over={"strength": 0.5}, where="body",
    )  # fmt: skip

    assert (words.operation, words.arguments) == ("text_to_image", {"prompt": "A", "seed": 7})
    assert wire.operation == "image_to_image"
    assert wire.arguments["images"] == ["https://example.com/a.png"]
    with pytest.raises(UsageError, match="guidance_scal"):
        from_body([fluxo(), small.provider()], None, {"guidance_scal": 2}, over={}, where="body")


def test_a_workload_is_served_by_the_operation_of_its_kind() -> None:
    (workload,) = select_workloads(["any-size-draft"])
    fitted = fit(fluxo(), workload)

    assert workload.operation == "generate"
    assert fitted.kind == "nearest"
