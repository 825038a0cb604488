import json
import tomllib
from collections.abc import Callable
from copy import deepcopy
from dataclasses import replace
from decimal import Decimal
from typing import Any

import pytest

from harness.cases.build import Builder
from harness.core.case import Case, Plan
from harness.core.errors import RecordingError
from harness.core.jsontype import Json
from harness.plan import from_json, plan, plan_digest, to_json, total
from harness.runner.prepare import new_plan
from harness.spec.load import FOLDER, NAMES, parse, provider
from harness.spec.provider import Provider

PLANS = {name: new_plan(name, seed=5) for name in NAMES}

OF_A_PLAN = {"provider", "seed", "cases"}
OF_A_CASE = {
    "id", "operation", "expect", "breaks", "covers", "arguments", "request", "price",
}  # fmt: skip


def saved(name: str = "nanobanana") -> Any:  # noqa: ANN401 - JSON to be broken in any way
    """A plan as it lies on disk."""
    return json.loads(json.dumps(to_json(PLANS[name])))


def planned(name: str, *cases: Case) -> Plan:
    return plan(provider(name), cases, seed=0, spec_digest="0" * 64)


def case(name: str, expect: str = "accept", /, **arguments: Json) -> Case:
    """A case with these arguments beside the base request."""
    builder = Builder(provider(name), "generate")
    given = builder.base(prompt="x") | arguments
    made = builder.accept("one", given, None)
    return replace(made, expect=expect)  # type: ignore[arg-type]  # one of the three


# ----------------------------------------------------------------------------------------- shape
@pytest.mark.parametrize("name", NAMES)
def test_a_plan_has_the_keys_of_the_contract(name: str) -> None:
    found = saved(name)

    assert set(found) == OF_A_PLAN | {"spec_digest"}
    for item in found["cases"]:
        assert set(item) == OF_A_CASE | {"about", "why", "at_risk", "due_s"}
        assert set(item["request"]) == {"method", "path", "headers", "json", "timeout_s"}
        assert set(item["price"]) == set(item["at_risk"]) == {"amount", "unit", "images"}


@pytest.mark.parametrize("name", NAMES)
def test_no_request_of_a_plan_carries_a_key(name: str) -> None:
    for item in saved(name)["cases"]:
        headers = {header.lower() for header in item["request"]["headers"]}

        assert headers == {"content-type", "accept"}


def test_a_form_is_told_part_by_part() -> None:
    file: Json = {"media_type": "image/png", "bytes": 9, "width": 4, "height": 5, "filename": "a"}
    one = provider("sub2api")
    made = replace(case("sub2api"), operation="edit", arguments={"prompt": "x", "images": [file]})
    found = to_json(plan(one, [made], seed=0, spec_digest="0" * 64))
    request: Any = found["cases"]
    form = request[0]["request"]["form"]

    assert form[0] == {"name": "prompt", "value": "x"}
    assert {key: form[1][key] for key in ("name", "filename", "media_type")} == {
        "name": "image[]", "filename": "a", "media_type": "image/png",
    }  # fmt: skip
    assert (form[1]["bytes"], form[1]["width"], form[1]["height"]) == (9, 4, 5)


def test_two_forms_that_differ_are_both_sent() -> None:
    one = provider("sub2api")
    made = [
        replace(
            case("sub2api"), id=f"edit/{prompt}", operation="edit", arguments={"prompt": prompt}
        )
        for prompt in ("a", "b", "a")
    ]
    found = plan(one, made, seed=0, spec_digest="0" * 64)

    assert [shot.case.id for shot in found.shots] == ["edit/a", "edit/b"]


def test_one_body_is_sent_once_and_true_is_not_one() -> None:
    found = planned(
        "sub2api",
        replace(case("sub2api"), id="a"),
        replace(case("sub2api"), id="b"),
        replace(case("sub2api"), id="c", arguments={**case("sub2api").arguments, "n": True}),
    )

    assert [shot.case.id for shot in found.shots] == ["a", "c"]


# ----------------------------------------------------------------------------------------- order
@pytest.mark.parametrize("name", NAMES)
def test_the_base_leaves_first_then_what_is_free_then_what_is_open_then_the_cheapest(
    name: str,
) -> None:
    shots = PLANS[name].shots
    rank = {"refuse": 1, "observe": 2, "accept": 3}
    ranks = [rank[shot.case.expect] for shot in shots[1:]]
    served = [shot.price.amount for shot in shots[1:] if shot.case.expect == "accept"]

    assert shots[0].case.id == "generate/base"
    assert shots[0].case.expect == "accept"
    assert set(ranks) == {1, 2, 3}
    assert ranks == sorted(ranks)
    assert served == sorted(served)


# ---------------------------------------------------------------------------------------- prices
@pytest.mark.parametrize(
    ("name", "arguments", "amount", "unit", "images"),
    [
        ("buble", {}, "1", "credit", 1),
        ("buble", {"resolution": "4K"}, "2", "credit", 1),
        ("sub2api", {"n": 10}, "10", "image", 10),
        ("apiframe", {}, "4", "credit", 1),
        ("apiframe", {"quality": "medium", "n": 10}, "90", "credit", 10),
        ("apiframe", {"quality": "auto", "n": 2}, "46", "credit", 2),
        ("nanobanana", {}, "1", "credit", 1),
        ("nanobanana", {"quality": "high", "size": "2048x1152"}, "67", "credit", 1),
        ("nanobanana", {"quality": "auto"}, "14", "credit", 1),
        ("aimlapi", {"quality": "medium"}, "0.0536705", "usd", 1),
    ],
)
def test_a_case_costs_what_the_price_list_says(
    name: str, arguments: dict[str, Json], amount: str, unit: str, images: int
) -> None:
    shot = planned(name, case(name, **arguments)).shots[0]

    assert (shot.price.amount, shot.price.unit, shot.price.images) == (
        Decimal(amount),
        unit,
        images,
    )
    assert shot.at_risk == shot.price


def test_a_refusal_is_free_and_its_risk_is_kept() -> None:
    shot = planned("apiframe", case("apiframe", "refuse", quality="high", n=3)).shots[0]

    assert (str(shot.price.amount), shot.price.images) == ("0", 0)
    assert (str(shot.at_risk.amount), shot.at_risk.images) == ("69", 3)


def test_an_open_question_costs_as_if_it_were_served() -> None:
    shot = planned("apiframe", case("apiframe", "observe", quality="high", n=3)).shots[0]

    assert shot.price == shot.at_risk
    assert shot.price.amount == 69


def test_the_total_is_the_sum_of_what_is_expected() -> None:
    cases = [case("apiframe"), case("apiframe", "refuse", n=2), case("apiframe", n=10)]
    found = total(planned("apiframe", *cases).shots, "credit")

    assert (str(found.amount), found.images, found.unit) == ("44", 11, "credit")


# ------------------------------------------------------------------------------------ round trip
@pytest.mark.parametrize("name", NAMES)
def test_a_saved_plan_is_read_back_as_it_was(name: str) -> None:
    again = from_json(saved(name), provider=provider(name), where="plan.json")

    assert again == PLANS[name]
    assert plan_digest(again) == plan_digest(PLANS[name])


def test_a_departure_survives() -> None:
    one = PLANS["buble"]
    late = replace(one, shots=(replace(one.shots[0], due_s=2.5), *one.shots[1:]))
    again = from_json(json.loads(json.dumps(to_json(late))), provider=provider("buble"), where="x")

    assert again.shots[0].due_s == 2.5
    assert plan_digest(again) != plan_digest(one)


Edit = Callable[[Any], object]


def first(found: Any, expect: str) -> Any:  # noqa: ANN401 - JSON to be broken in any way
    return next(item for item in found["cases"] if item["expect"] == expect)


EDITS: dict[str, Edit] = {
    "no plan at all": lambda found: found.clear(),
    "another provider": lambda found: found.update(provider="buble"),
    "a seed as text": lambda found: found.update(seed="5"),
    "an unknown key": lambda found: found.update(colour=1),
    "a missing key": lambda found: found["cases"][0].pop("covers"),
    "an unknown key in a case": lambda found: found["cases"][0].update(colour=1),
    "a price": lambda found: found["cases"][0]["price"].update(amount=0),
    "a risk": lambda found: found["cases"][0]["at_risk"].update(images=0),
    "a path": lambda found: found["cases"][0]["request"].update(path="/v1/other"),
    "a header": lambda found: found["cases"][0]["request"]["headers"].update({"X-Key": "1"}),
    "a wait": lambda found: found["cases"][0]["request"].update(timeout_s=1.0),
    "the arguments": lambda found: found["cases"][0]["arguments"].update(prompt="other"),
    "the body": lambda found: found["cases"][0]["request"]["json"].update(prompt="other"),
    "a number for a boolean": lambda found: first(found, "accept")["arguments"].update(n=True),
    "both, so that they agree": lambda found: (
        found["cases"][0]["arguments"].update(quality="ultra"),
        found["cases"][0]["request"]["json"].update(quality="ultra"),
    ),
    "an expectation": lambda found: first(found, "refuse").update(expect="observe"),
    "an unknown operation": lambda found: found["cases"][0].update(operation="upscale"),
    "an unknown expectation": lambda found: found["cases"][0].update(expect="hope"),
    "another broken rule": lambda found: first(found, "refuse").update(breaks="n.range"),
    "cases that are none": lambda found: found.update(cases=[3]),
}


@pytest.mark.parametrize("edit", EDITS.values(), ids=EDITS)
def test_a_plan_altered_by_hand_is_refused(edit: Edit) -> None:
    found = saved()
    base = next(item for item in found["cases"] if item["arguments"].get("n") is None)
    base["arguments"]["n"] = base["request"]["json"]["n"] = 1  # stands for a 1 that becomes true
    plain = deepcopy(found)
    assert from_json(plain, provider=provider("nanobanana"), where="p").seed == 5
    edit(found)

    with pytest.raises(RecordingError) as caught:
        from_json(found, provider=provider("nanobanana"), where="plan.json")

    assert caught.value.message.startswith("plan.json: ")
    assert "\n" not in str(caught.value)
    assert "harness run --record" in caught.value.hint


def test_true_in_the_arguments_is_not_one_in_the_body() -> None:
    found = saved("sub2api")
    open_ = next(item for item in found["cases"] if item["id"].endswith("refuse/50-with-png"))
    assert open_["request"]["json"]["n"] == 1
    open_["arguments"]["n"] = True

    with pytest.raises(RecordingError, match="differ"):
        from_json(found, provider=provider("sub2api"), where="plan.json")


def test_an_expectation_that_the_rules_do_not_share_is_refused() -> None:
    found = saved("apiframe")
    open_ = next(item for item in found["cases"] if "/observe/2001-" in item["id"])
    open_.update(expect="accept", breaks=None)

    with pytest.raises(RecordingError, match="expects accept"):
        from_json(found, provider=provider("apiframe"), where="plan.json")


def test_a_free_case_turned_into_another_free_one_is_refused() -> None:
    found = saved("nanobanana")
    refused = first(found, "refuse")
    refused["breaks"] = refused["about"] = "prompt.max_length"

    with pytest.raises(RecordingError, match="expects refuse"):
        from_json(found, provider=provider("nanobanana"), where="plan.json")


@pytest.mark.parametrize("value", [None, 3, "text", [], {}, {"cases": 1}, [{"provider": "buble"}]])
def test_json_that_is_no_plan_is_refused(value: Json) -> None:
    with pytest.raises(RecordingError, match="not a plan this harness wrote"):
        from_json(value, provider=provider("buble"), where="plan.json")


def test_a_plan_made_from_another_toml_is_refused() -> None:
    text = (FOLDER / "nanobanana.toml").read_text(encoding="utf-8")
    other = parse(tomllib.loads(text.replace('path = "/v1/images/generate"', 'path = "/v2"')))
    assert isinstance(other, Provider)

    with pytest.raises(RecordingError, match="differ from what nanobanana's TOML makes"):
        from_json(saved(), provider=other, where="plan.json")
