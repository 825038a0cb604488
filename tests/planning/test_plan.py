import json
import tomllib
from collections import Counter
from collections.abc import Callable, Iterator
from copy import deepcopy
from dataclasses import replace
from decimal import Decimal
from typing import Any

import pytest

from harness.cases.build import Builder
from harness.cases.references import PLAIN
from harness.core.case import Case, Plan
from harness.core.errors import RecordingError
from harness.core.jsonvalue import Json, with_texts
from harness.core.longtext import text_of
from harness.core.placeholders import THIS_RUN
from harness.planning.plan import (
    Allowance,
    Limits,
    dumped,
    make_plan,
    plan_digest,
    plan_from_json,
    plan_to_json,
    total_price,
)
from harness.reference_images import reference_json
from harness.spec.load import parse_provider
from harness.spec.provider import Provider
from tests.plans import plan_of
from tests.shipped import FOLDER, NAMES, shipped_provider


def whole(name: str) -> Plan:
    """A provider's plan with all that its documents leave open."""
    return plan_of(name, seed=5, discover=True)


OF_A_PLAN = {"provider", "seed", "cases"}
BESIDE = {"about", "why", "follow_ups", "depends_on", "stage", "follows", "at_risk", "due_s"}
OF_COVERAGE = {"operation", "strength", "values", "combinations", "refusals", "left_out"}
OF_A_CASE = {
    "id", "operation", "expect", "breaks", "covers", "arguments", "request", "price",
}  # fmt: skip
OF_A_FILE = {"name", "filename", "media_type", "bytes", "width", "height"}


def saved(name: str = "nanobanana") -> Any:  # noqa: ANN401 - JSON to be broken in any way
    """A plan as it lies on disk."""
    return json.loads(json.dumps(plan_to_json(whole(name))))


def planned(name: str, *cases: Case) -> Plan:
    return make_plan(shipped_provider(name), cases, seed=0, spec_digest="0" * 64)


def case(
    name: str, expect: str = "accept", operation: str = "generate", /, **arguments: Json
) -> Case:
    """A case with these arguments beside the base request."""
    builder = Builder(shipped_provider(name), operation)
    given = builder.base(prompt="x") | arguments
    made = builder.accept("one", given, None)
    return replace(made, expect=expect)  # type: ignore[arg-type]  # one of the three


# ----------------------------------------------------------------------------------------- shape
def requests_of(name: str) -> Iterator[tuple[Any, Any]]:
    """Each case of a plan on disk, with its request."""
    for item in saved(name)["cases"]:
        yield item, item["request"]


def is_form(name: str, item: Any) -> bool:  # noqa: ANN401 - a case of a plan on disk
    return shipped_provider(name).operation(item["operation"]).body == "form"


@pytest.mark.parametrize("name", NAMES)
def test_a_plan_has_the_keys_of_the_contract(name: str) -> None:
    found = saved(name)

    assert set(found) == OF_A_PLAN | {"spec_digest", "coverage"}
    assert [one["operation"] for one in found["coverage"]] == list(
        shipped_provider(name).operations
    )
    assert all(set(one) == OF_COVERAGE for one in found["coverage"])
    for item, request in requests_of(name):
        content = {"form"} if is_form(name, item) else {"json"}
        drawn = {"drawn"} if "/drawn/" in item["id"] else set()
        assert set(item) - {"credential"} == OF_A_CASE | BESIDE | drawn
        assert item.get("credential") != "own"
        assert set(request) == {"method", "path", "headers", "timeout_s"} | content
        bound = {"at_most"} if shipped_provider(name).prices.at_most else set()
        assert set(item["at_risk"]) == {"amount", "unit", "images"} | bound
        assert set(item["price"]) - bound == {"amount", "unit", "images"}


@pytest.mark.parametrize("name", ["sub2api", "aimlapi"])
def test_a_part_of_a_form_has_the_keys_of_the_contract(name: str) -> None:
    parts = [part for _, sent in requests_of(name) for part in sent.get("form", ())]

    assert {frozenset(part) for part in parts} == {
        frozenset({"name", "value"}),
        frozenset(OF_A_FILE | {"digest"}),
    }


@pytest.mark.parametrize("name", NAMES)
def test_no_request_of_a_plan_carries_an_api_key(name: str) -> None:
    auth = shipped_provider(name).auth
    for _, sent in requests_of(name):
        headers = {header.lower() for header in sent["headers"]}

        assert auth.header.lower() not in headers
        assert headers <= {"content-type", "accept", "idempotency-key"}


@pytest.mark.parametrize("name", NAMES)
def test_json_says_that_it_is_json_and_a_form_leaves_it_to_the_transport(name: str) -> None:
    for item, sent in requests_of(name):
        assert ("Content-Type" in sent["headers"]) is not is_form(name, item)
        assert sent["headers"].get("Content-Type", "application/json") == "application/json"


@pytest.mark.parametrize("name", NAMES)
def test_events_are_accepted_where_a_stream_is_asked_for(name: str) -> None:
    for item, sent in requests_of(name):
        streaming = item["arguments"].get("stream") is True
        kind = "text/event-stream" if streaming else "application/json"

        assert sent["headers"]["Accept"] == kind


def test_each_submission_has_a_key_of_its_own_in_each_run() -> None:
    keys = [sent["headers"].get("Idempotency-Key") for _, sent in requests_of("apiframe")]

    assert None not in keys
    assert len(set(keys)) == len(keys)
    assert all(THIS_RUN in key and len(key) <= 255 for key in keys)


@pytest.mark.parametrize("name", [name for name in NAMES if name != "apiframe"])
def test_a_provider_without_idempotency_is_sent_no_key(name: str) -> None:
    assert not any("Idempotency-Key" in sent["headers"] for _, sent in requests_of(name))


@pytest.mark.parametrize("name", NAMES)
def test_a_plan_names_files_and_holds_none(name: str) -> None:
    longest = max(json.dumps(saved(name), ensure_ascii=False).split('"'), key=len)

    assert len(longest) < 33_000  # the longest prompt; one file in base64 can be 70 million


def test_a_form_is_told_part_by_part() -> None:
    file: Json = {"media_type": "image/png", "bytes": 9, "width": 4, "height": 5, "filename": "a"}
    one = shipped_provider("sub2api")
    made = replace(case("sub2api"), operation="edit", arguments={"prompt": "x", "images": [file]})
    found = plan_to_json(make_plan(one, [made], seed=0, spec_digest="0" * 64))
    request: Any = found["cases"]
    form = request[0]["request"]["form"]

    assert form[0] == {"name": "prompt", "value": "x"}
    assert {key: form[1][key] for key in ("name", "filename", "media_type")} == {
        "name": "image[]", "filename": "a", "media_type": "image/png",
    }  # fmt: skip
    assert (form[1]["bytes"], form[1]["width"], form[1]["height"]) == (9, 4, 5)


def test_two_forms_that_differ_in_a_file_are_both_sent() -> None:
    files = (reference_json(replace(PLAIN, seed=seed)).as_json() for seed in (1, 2, 1))
    made = [
        replace(case("aimlapi", "accept", "edit", images=[file]), id=f"edit/{place}")
        for place, file in enumerate(files)
    ]

    assert [shot.case.id for shot in planned("aimlapi", *made).shots] == ["edit/0", "edit/1"]


def test_one_body_goes_to_two_addresses() -> None:
    # Their bodies are alike where neither names an image.
    made = [
        replace(case("nanobanana"), operation=operation, id=f"{operation}/bare")
        for operation in ("generate", "edit")
    ]

    assert len(planned("nanobanana", *made).shots) == 2


def test_one_request_of_two_operations_is_sent_once() -> None:
    # Apiframe's edit without an image is a generation.
    made = [
        replace(case("apiframe"), operation=operation, id=f"{operation}/bare")
        for operation in ("generate", "edit")
    ]

    assert [shot.case.id for shot in planned("apiframe", *made).shots] == ["generate/bare"]


def test_two_forms_that_differ_are_both_sent() -> None:
    one = shipped_provider("sub2api")
    made = [
        replace(
            case("sub2api"), id=f"edit/{prompt}", operation="edit", arguments={"prompt": prompt}
        )
        for prompt in ("a", "b", "a")
    ]
    found = make_plan(one, made, seed=0, spec_digest="0" * 64)

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
def test_the_bases_leave_first_then_what_is_free_then_rows_then_what_is_open(name: str) -> None:
    shots = whole(name).shots
    operations = list(shipped_provider(name).operations)
    bases, others = shots[: len(operations)], shots[len(operations) :]
    rank = {"refuse": 1, "accept": 2, "observe": 3}
    ranks = [rank[shot.case.expect] for shot in others]

    assert [shot.case.id for shot in bases] == [f"{one}/base" for one in operations]
    assert {shot.case.expect for shot in bases} == {"accept"}
    assert set(ranks) == {1, 2, 3}
    assert ranks == sorted(ranks)


@pytest.mark.parametrize("name", NAMES)
def test_rows_leave_in_the_order_in_which_they_were_bought_and_operations_by_turns(
    name: str,
) -> None:
    rows = [shot.case for shot in whole(name).shots if "/row/" in shot.case.id]
    places: Counter[str] = Counter()
    turns = []
    for case in rows:
        turns.append(places[case.operation])
        places[case.operation] += 1

    assert turns == sorted(turns)
    for operation in places:
        alone = [
            shot.case.id
            for shot in plan_of(name, seed=5, operations=(operation,)).shots
            if "/row/" in shot.case.id
        ]
        assert [case.id for case in rows if case.operation == operation] == alone


@pytest.mark.parametrize("name", NAMES)
def test_each_rule_is_tried_once_before_any_is_tried_twice(name: str) -> None:
    places: Counter[tuple[str, str | None]] = Counter()
    turns: dict[str, list[int]] = {}
    for shot in whole(name).shots:
        case = shot.case
        if case.expect == "refuse" and case.credential == "own" and "/drawn/" not in case.id:
            turns.setdefault(case.operation, []).append(places[case.operation, case.breaks])
            places[case.operation, case.breaks] += 1

    assert all(one == sorted(one) for one in turns.values())
    assert any(one[-1] > 0 for one in turns.values())


@pytest.mark.parametrize("name", NAMES)
def test_every_case_depends_on_the_plain_request_of_its_operation(name: str) -> None:
    for item, _ in requests_of(name):
        plain = f"{item['operation']}/base"

        assert item["depends_on"] == ([] if item["id"] == plain else [plain])
        assert (item["stage"], item["follows"]) == ("plan", None)


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


@pytest.mark.parametrize(
    ("name", "arguments", "amount", "images"),
    [
        ("buble", {"resolution": "4K"}, "2", 1),
        ("sub2api", {"n": 10}, "10", 10),
        ("apiframe", {"quality": "medium", "n": 10}, "90", 10),
        ("nanobanana", {"quality": "high", "size": "2048x1152"}, "67", 1),
        ("aimlapi", {"n": 10}, "0.536705", 10),
    ],
)
def test_an_edit_costs_what_the_price_list_says(
    name: str, arguments: dict[str, Json], amount: str, images: int
) -> None:
    shot = planned(name, replace(case(name, "accept", "edit"), arguments=arguments)).shots[0]

    assert (shot.price.amount, shot.price.images) == (Decimal(amount), images)


def test_what_is_submitted_twice_may_cost_twice() -> None:
    made = replace(case("apiframe", quality="high"), follow_ups=("same_key",))
    shot = planned("apiframe", made).shots[0]

    assert (str(shot.price.amount), shot.price.images) == ("23", 1)
    assert (str(shot.at_risk.amount), shot.at_risk.images) == ("46", 2)


def test_asking_for_a_job_again_costs_nothing() -> None:
    made = replace(case("apiframe"), follow_ups=("poll_again", "unknown_job"))
    shot = planned("apiframe", made).shots[0]

    assert shot.at_risk == shot.price


def test_the_total_is_the_sum_of_what_is_expected() -> None:
    cases = [case("apiframe"), case("apiframe", "refuse", n=2), case("apiframe", n=10)]
    found = total_price(planned("apiframe", *cases).shots, "credit")

    assert (str(found.amount), found.images, found.unit) == ("44", 11, "credit")


# ------------------------------------------------------------------------------------ round trip
@pytest.mark.parametrize("name", NAMES)
def test_a_saved_plan_is_read_back_as_it_was(name: str) -> None:
    again = plan_from_json(saved(name), provider=shipped_provider(name), where="plan.json")

    assert again == whole(name)
    assert plan_digest(again) == plan_digest(whole(name))


@pytest.mark.parametrize("name", NAMES)
def test_a_plan_in_a_file_is_read_back_and_is_what_is_printed(name: str) -> None:
    file = json.loads(dumped(whole(name)))

    assert plan_from_json(file, provider=shipped_provider(name), where="plan.json") == whole(name)
    assert with_texts(file, text_of) == plan_to_json(whole(name))


@pytest.mark.parametrize("name", ["buble", "nanobanana", "aimlapi"])
def test_a_file_names_the_long_prompts_that_are_printed(name: str) -> None:
    printed = [str(item["arguments"].get("prompt")) for item in saved(name)["cases"]]
    file = dumped(whole(name)).decode()

    assert max(map(len, printed)) >= 2_000
    assert max(map(len, file.split('"'))) < 1_000
    assert len(file) < 600_000


def test_a_long_prompt_whose_name_was_altered_is_refused() -> None:
    file = dumped(whole("buble")).decode()
    assert ":20001:" in file

    for old, new in ((":20001:", ":20000:"), ("longtext:ascii-1:", "longtext:quiet-1:")):
        with pytest.raises(RecordingError, match="was another one when it was saved") as caught:
            plan_from_json(
                json.loads(file.replace(old, new)), provider=shipped_provider("buble"), where="p"
            )
        assert "\n" not in str(caught.value)


def test_a_departure_survives() -> None:
    one = whole("buble")
    late = replace(one, shots=(replace(one.shots[0], due_s=2.5), *one.shots[1:]))
    again = plan_from_json(
        json.loads(json.dumps(plan_to_json(late))), provider=shipped_provider("buble"), where="x"
    )

    assert again.shots[0].due_s == 2.5
    assert plan_digest(again) != plan_digest(one)


Edit = Callable[[Any], object]


def first(found: Any, expect: str) -> Any:  # noqa: ANN401 - JSON to be broken in any way
    return next(item for item in found["cases"] if item["expect"] == expect)


def an_edit(found: Any) -> Any:  # noqa: ANN401 - JSON to be broken in any way
    return next(item for item in found["cases"] if item["id"] == "edit/base")


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
    "a follow-up more": lambda found: found["cases"][0].update(follow_ups=["same_key"]),
    "an unknown follow-up": lambda found: found["cases"][0].update(follow_ups=["again"]),
    "no follow-ups": lambda found: found["cases"][0].pop("follow_ups"),
    "a reference": lambda found: an_edit(found)["arguments"].update(images=["https://a.test"]),
    "a reference in the body": lambda found: an_edit(found)["request"]["json"].update(image="x"),
}


@pytest.mark.parametrize("edit", EDITS.values(), ids=EDITS)
def test_a_plan_altered_by_hand_is_refused(edit: Edit) -> None:
    found = saved()
    base = next(item for item in found["cases"] if item["arguments"].get("n") is None)
    base["arguments"]["n"] = base["request"]["json"]["n"] = 1  # stands for a 1 that becomes true
    plain = deepcopy(found)
    assert plan_from_json(plain, provider=shipped_provider("nanobanana"), where="p").seed == 5
    edit(found)

    with pytest.raises(RecordingError) as caught:
        plan_from_json(found, provider=shipped_provider("nanobanana"), where="plan.json")

    assert caught.value.message.startswith("plan.json: ")
    assert "\n" not in str(caught.value)
    assert "harness run --against emulator --record" in caught.value.hint


EDITS_OF_A_FORM: dict[str, Edit] = {
    "a value": lambda form: form[1].update(value="other"),
    "a file's name": lambda form: form[-1].update(filename="png-rgb-64x64-1.png"),
    "a file's digest": lambda form: form[-1].update(digest="0" * 64),
    "a file's size": lambda form: form[-1].update(bytes=1),
    "a file's type": lambda form: form[-1].update(media_type="image/gif"),
    "a part less": lambda form: form.pop(),
    "a part more": lambda form: form.append({"name": "n", "value": "1"}),
    "the order": lambda form: form.reverse(),
    "no form": lambda form: form.clear(),
}


@pytest.mark.parametrize("edit", EDITS_OF_A_FORM.values(), ids=EDITS_OF_A_FORM)
def test_a_form_altered_by_hand_is_refused(edit: Edit) -> None:
    found = saved("aimlapi")
    edit(an_edit(found)["request"]["form"])

    with pytest.raises(RecordingError, match=r"^plan\.json: "):
        plan_from_json(found, provider=shipped_provider("aimlapi"), where="plan.json")


def test_a_form_is_no_json() -> None:
    found = saved("aimlapi")
    sent = an_edit(found)["request"]
    sent["json"] = sent.pop("form")

    with pytest.raises(RecordingError, match="differ"):
        plan_from_json(found, provider=shipped_provider("aimlapi"), where="plan.json")


def test_true_in_the_arguments_is_not_one_in_the_body() -> None:
    found = saved("sub2api")
    about = "generate/output_compression.only_with/refuse/50-with-png"
    open_ = next(item for item in found["cases"] if item["id"] == about)
    assert open_["request"]["json"]["n"] == 1
    open_["arguments"]["n"] = True

    with pytest.raises(RecordingError, match="differ"):
        plan_from_json(found, provider=shipped_provider("sub2api"), where="plan.json")


def test_an_expectation_that_the_rules_do_not_share_is_refused() -> None:
    found = saved("apiframe")
    open_ = next(item for item in found["cases"] if "/observe/2001-" in item["id"])
    open_.update(expect="accept", breaks=None)

    with pytest.raises(RecordingError, match="expects accept"):
        plan_from_json(found, provider=shipped_provider("apiframe"), where="plan.json")


def test_a_free_case_turned_into_another_free_one_is_refused() -> None:
    found = saved("nanobanana")
    refused = first(found, "refuse")
    refused["breaks"] = refused["about"] = "prompt.max_length"

    with pytest.raises(RecordingError, match="expects refuse"):
        plan_from_json(found, provider=shipped_provider("nanobanana"), where="plan.json")


@pytest.mark.parametrize("value", [None, 3, "text", [], {}, {"cases": 1}, [{"provider": "buble"}]])
def test_json_that_is_no_plan_is_refused(value: Json) -> None:
    with pytest.raises(RecordingError, match="not a plan this harness wrote"):
        plan_from_json(value, provider=shipped_provider("buble"), where="plan.json")


def test_a_plan_made_from_another_toml_is_refused() -> None:
    text = (FOLDER / "nanobanana.toml").read_text(encoding="utf-8")
    other = parse_provider(
        tomllib.loads(text.replace('path = "/v1/images/generate"', 'path = "/v2"'))
    )
    assert isinstance(other, Provider)

    with pytest.raises(RecordingError, match="differ from what nanobanana's TOML makes"):
        plan_from_json(saved(), provider=other, where="plan.json")


@pytest.mark.parametrize(
    ("limits", "allowed"),
    [
        (Limits(), Allowance(images=40, requests=100, rows=26)),
        (Limits(images=80), Allowance(requests=100, rows=26)),
        (Limits(images=81), Allowance()),
        (Limits(images=80, amount=Decimal(5)), Allowance(requests=100, rows=26)),
        (Limits(amount=Decimal(5)), Allowance()),
        (Limits(requests=9), Allowance(images=40, rows=26)),
    ],
)
def test_a_limit_of_images_no_larger_than_the_default_leaves_the_default_of_requests(
    limits: Limits, allowed: Allowance
) -> None:
    assert limits.allowance(2) == allowed
