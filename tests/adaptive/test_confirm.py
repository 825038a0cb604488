from collections.abc import Callable
from dataclasses import replace

import pytest

from harness.adaptive.confirm import FailureReducer
from harness.cases import prompts
from harness.cases.build import Builder
from harness.checks.judge import judge_records
from harness.core.case import Case
from harness.core.jsonvalue import Json
from harness.core.outcome import Fault, Images, Outcome, Usage
from harness.core.record import Record
from harness.core.verdict import Finding
from harness.diagnosis.findings import findings
from harness.planning.plan import planned_request
from harness.spec.tokens import expected
from tests.adaptive.world import REFUSED, Answering, World, base, fine, refusing, row, shuffled
from tests.checks.build import LIVE
from tests.shipped import shipped_provider as shipped

SUB2API = shipped("sub2api")
ACCEPTS = "accepts_what_it_documents"
LOST = Fault(error_class="network", why="reset", may_be_paid=True)

ROWS = [
    base(),
    row(1, quality="high", output_format="jpeg", background="opaque", moderation="low", n=2),
    row(2, quality="high", output_format="webp", moderation="auto", size="1024x1024"),
    row(3, quality="medium", output_format="jpeg", background="auto", output_compression=50),
    row(4, quality="high", size="1536x1024", background="auto", n=2),
]


def asked(answer: Answering, cases: list[Case], *, cap: int = 10) -> World:
    world = World(answer)
    world.run(FailureReducer(shipped(cases[0].provider), max_shrink=cap), cases)
    return world


def found(world: World, *, repeatable: bool = True) -> tuple[Finding, ...]:
    shops = {one.shot.case.provider: shipped(one.shot.case.provider) for one in world.records}
    verdicts = judge_records(world.records, shops)
    return findings(world.records, verdicts, shops, repeatable=repeatable)


def forbidden(constraint: str, name: str = "sub2api", **values: Json) -> Case:
    builder = Builder(shipped(name), "generate")
    rule = builder.operation.constraint(constraint)
    assert rule is not None
    given: dict[str, Json] = {**builder.base(prompt=prompts.PLAIN), **values}
    arguments: dict[str, Json] = {k: v for k, v in given.items() if v is not None}
    return builder.refuse(f"{constraint}/refuse/x", arguments, rule)


# ----------------------------------------------------------------------------------- isolating
@pytest.mark.parametrize(
    ("strict", "combination"),
    [
        (
            {"quality": "high", "output_format": "jpeg"},
            ("quality=high", "output_format=jpeg"),
        ),
        (
            {"quality": "high", "output_format": "jpeg", "moderation": "low"},
            ("quality=high", "output_format=jpeg", "moderation=low"),
        ),
        ({"n": 2, "background": "opaque"}, ("n=2", "background=opaque")),
    ],
)
def test_values_that_only_fail_together_are_found_as_their_combination(
    strict: dict[str, Json], combination: tuple[str, ...]
) -> None:
    world = asked(refusing(strict), ROWS)

    (one,) = found(world)

    assert (one.constraint, one.check, one.combination) == (None, ACCEPTS, combination)
    plain = base().arguments
    assert one.record.shot.case.arguments == {**plain, **strict}
    assert (one.standing, one.failed, one.tried) == ("confirmed", 2, 2)
    assert len(world.asked("isolate", "shrink")) <= 10
    assert "row" not in one.observed


def test_a_combination_is_told_in_words_with_what_was_expected() -> None:
    (one,) = found(asked(refusing({"quality": "high", "output_format": "jpeg"}), ROWS))

    assert one.observed.startswith("quality=high with output_format=jpeg: refused: HTTP 400")
    assert one.expected == "served: quality=high with output_format=jpeg, each documented"


def test_a_value_that_fails_alone_is_put_down_to_its_constraint() -> None:
    world = asked(refusing({"quality": "high"}), ROWS)

    (one,) = found(world)

    assert (one.constraint, one.combination) == ("quality.one_of", ())
    assert one.record.shot.case.arguments == {**base().arguments, "quality": "high"}
    assert one.observed.startswith("quality=high: refused")
    assert world.asked("isolate")[0].arguments == one.record.shot.case.arguments


def test_a_slice_without_the_plain_request_isolates_beside_what_was_served() -> None:
    strict = refusing({"quality": "high", "output_format": "jpeg"})

    world = asked(strict, [replace(case, depends_on=()) for case in ROWS[1:]])

    (finding,) = found(world)
    assert finding.combination == ("quality=high", "output_format=jpeg")
    assert "generate/base" not in {record.shot.case.id for record in world.records}


def test_a_companion_that_is_only_needed_is_no_part_of_the_combination() -> None:
    (one,) = found(asked(refusing({"output_compression": 50}), ROWS))

    assert (one.constraint, one.combination) == ("output_compression.range", ())


def test_a_companion_that_fails_with_the_value_is_part_of_the_combination() -> None:
    strict: dict[str, Json] = {"output_compression": 50, "output_format": "jpeg"}

    (one,) = found(asked(refusing(strict), ROWS))

    assert set(one.combination) == {"output_compression=50", "output_format=jpeg"}


def test_rows_that_fail_for_one_reason_are_one_finding_and_others_are_another() -> None:
    strict: list[dict[str, Json]] = [
        {"quality": "high", "output_format": "jpeg"},
        {"quality": "medium", "output_compression": 50},
    ]

    told = found(asked(refusing(*strict), ROWS))

    assert {one.combination for one in told} == {
        ("quality=high", "output_format=jpeg"),
        ("quality=medium", "output_compression=50"),
    }
    assert {one.standing for one in told} == {"confirmed"}


def test_a_fault_that_another_one_hides_is_found_too() -> None:
    rows = [*ROWS[:2], row(5, quality="medium", size="1024x1536"), row(6, quality="medium")]

    told = found(asked(refusing({"quality": "medium"}, {"size": "1024x1536"}), rows))

    assert {one.constraint for one in told} == {"quality.one_of", "size.format"}
    assert {one.standing for one in told} == {"confirmed"}


def test_wrong_content_is_isolated_like_a_refusal() -> None:
    def answer(case: Case) -> Outcome:
        served = fine(case)
        if {"high", "jpeg"} <= {case.arguments.get(k) for k in ("quality", "output_format")}:
            pictures = tuple(replace(one, format="png") for one in served.pictures)
            return replace(served, pictures=pictures)
        return served

    world = asked(answer, ROWS)

    (one,) = found(world)
    assert one.check == "images_have_the_asked_format"
    assert one.constraint == "output_format.one_of"
    assert one.combination == ("quality=high", "output_format=jpeg")
    assert one.standing == "confirmed"


def test_the_cap_ends_the_search_and_the_smallest_failing_request_is_told() -> None:
    strict: dict[str, Json] = {"quality": "high", "output_format": "jpeg", "moderation": "low"}

    world = asked(refusing(strict), ROWS, cap=3)

    (one,) = found(world)
    arguments = one.record.shot.case.arguments
    assert len(world.asked("isolate", "shrink")) <= 3
    assert all(arguments[name] == value for name, value in strict.items())
    assert one.constraint is None
    assert {"quality=high", "output_format=jpeg", "moderation=low"} < set(one.combination)


def test_nothing_is_isolated_where_the_plain_request_is_refused() -> None:
    world = asked(lambda _case: REFUSED, ROWS)

    assert world.asked("isolate", "shrink") == []


@pytest.mark.parametrize("order", range(6))
def test_the_order_of_completion_does_not_change_what_is_found(order: int) -> None:
    strict: dict[str, Json] = {"quality": "high", "output_format": "jpeg"}

    (one,) = found(asked(refusing(strict), shuffled(ROWS, order)))

    assert one.combination == ("quality=high", "output_format=jpeg")


def test_the_same_records_ask_the_same_again() -> None:
    answer = refusing({"quality": "high", "output_format": "jpeg"})
    world = asked(answer, ROWS)
    first, second = FailureReducer(SUB2API), FailureReducer(SUB2API)

    for record in world.records[:8]:
        first.on_record(record)
        second.on_record(record)

    assert first.on_idle() == second.on_idle()


def test_a_run_that_goes_on_asks_nothing_that_was_answered() -> None:
    world = asked(refusing({"quality": "high", "output_format": "jpeg"}), ROWS)
    known = {one.shot.case.id for one in world.records}
    later = FailureReducer(SUB2API)

    wanted = [shot_.case.id for one in world.records for shot_ in later.on_record(one)]

    assert set(wanted) <= known
    assert later.on_idle() == ()


# ------------------------------------------------------------------------------------ repeating
def test_no_paid_body_is_sent_twice() -> None:
    wrong = forbidden("n.range", n=11)

    world = asked(fine, [*ROWS, wrong])

    assert len(world.asked("confirm")) == 1
    assert len(world.paid_bodies()) == len(set(world.paid_bodies()))


def test_a_failure_is_asked_again_at_once_with_another_prompt() -> None:
    inquiry, wrong = FailureReducer(SUB2API), forbidden("n.range", n=11)
    record = Record(shot=planned_request(SUB2API, wrong), evidence=LIVE, outcome=fine(wrong))

    (again,) = inquiry.on_record(record)

    assert again.case.id == "generate/n.range/refuse/x/again"
    assert (again.case.stage, again.case.follows) == ("confirm", wrong.id)
    assert again.case.arguments["prompt"] != wrong.arguments["prompt"]
    assert {**again.case.arguments, "prompt": ""} == {**wrong.arguments, "prompt": ""}


@pytest.mark.parametrize("name", ["sub2api", "apiframe", "nanobanana", "aimlapi", "buble"])
def test_a_served_request_without_a_prompt_is_repeated_with_another_body(name: str) -> None:
    inquiry, shop = FailureReducer(shipped(name)), shipped(name)
    wrong = forbidden("prompt.required", name, prompt=None)

    (again,) = inquiry.on_record(
        Record(shot=planned_request(shop, wrong), evidence=LIVE, outcome=fine(wrong))
    )

    assert again.request.body != planned_request(shop, wrong).request.body
    assert "prompt" not in again.case.arguments


def test_a_repetition_is_no_request_of_the_plan_that_may_be_under_way() -> None:
    shop, wrong = SUB2API, forbidden("prompt.required", prompt=None)
    record = Record(shot=planned_request(shop, wrong), evidence=LIVE, outcome=fine(wrong))
    (alone,) = FailureReducer(shop).on_record(record)
    other = replace(alone.case, id="generate/prompt.required/drawn/x", stage="plan", follows=None)
    plan = [record.shot, planned_request(shop, other)]

    (again,) = FailureReducer(shop, planned=plan).on_record(record)

    assert again.request.body not in [planned.request.body for planned in plan]
    assert "prompt" not in again.case.arguments


def test_a_prompt_that_is_too_long_is_repeated_by_another_of_its_length() -> None:
    shop = shipped("buble")
    wrong = forbidden("prompt.max_length", "buble", prompt=prompts.plain_prompt(20001))

    (again,) = FailureReducer(shop).on_record(
        Record(shot=planned_request(shop, wrong), evidence=LIVE, outcome=fine(wrong))
    )

    text = again.case.arguments["prompt"]
    assert isinstance(text, str)
    assert len(text) == 20001
    assert text != wrong.arguments["prompt"]


def test_another_quality_than_asked_needs_no_plain_reply_to_be_asked_again() -> None:
    inquiry, high = FailureReducer(SUB2API), row(1, quality="high")
    image = fine(high)
    assert isinstance(image, Images)
    size = (image.pictures[0].width_px or 0, image.pictures[0].height_px or 0)
    assert SUB2API.model is not None
    assert SUB2API.model.tokens is not None
    low = expected(SUB2API.model.tokens, "low", [size])
    drawn = replace(image, usage=Usage(input=1, output=low, total=None))
    first = Record(shot=planned_request(SUB2API, high), evidence=LIVE, outcome=drawn)

    assert [one.case.follows for one in inquiry.on_record(first)] == [high.id]


def test_a_promise_is_asked_again_once_whatever_the_number_of_cases() -> None:
    first, second = forbidden("n.range", n=11), forbidden("n.range", n=0)
    second = replace(second, id=f"{second.id}-0")

    world = asked(fine, [base(), first, second])

    assert [case.follows for case in world.asked("confirm")] == [first.id]
    (one,) = found(world)
    assert (one.standing, one.failed, one.tried) == ("confirmed", 2, 2)


def test_a_few_rows_are_repeated_before_it_is_known_what_they_have_in_common() -> None:
    rows = [base(), *(row(number, quality="high") for number in range(9))]

    world = asked(refusing({"quality": "high"}), rows)

    assert len([one for one in world.asked("confirm") if "/row/" in str(one.follows)]) == 4


def _once(case_id: str) -> Callable[[Case], Outcome]:
    def answer(case: Case) -> Outcome:
        return REFUSED if case.id == case_id else fine(case)

    return answer


def test_what_does_not_come_again_is_flaky_and_not_isolated() -> None:
    world = asked(_once(ROWS[1].id), ROWS)

    (one,) = found(world)
    assert (one.standing, one.failed, one.tried) == ("flaky", 1, 2)
    assert world.asked("isolate", "shrink") == []


def test_a_repetition_that_tells_nothing_leaves_the_finding_unconfirmed() -> None:
    wrong = forbidden("n.range", n=11)

    world = asked(lambda case: LOST if case.stage == "confirm" else fine(case), [base(), wrong])

    (one,) = found(world)
    assert one.standing == "unconfirmed"
    assert "reset" in one.doubt


def test_after_the_budget_has_skipped_something_nothing_is_asked() -> None:
    inquiry = FailureReducer(SUB2API)
    dear = Record(
        shot=planned_request(SUB2API, ROWS[2]),
        evidence=LIVE,
        outcome=None,
        skipped="budget: 1 more would pass 4 images",
    )
    refused = Record(shot=planned_request(SUB2API, ROWS[1]), evidence=LIVE, outcome=REFUSED)
    plain = Record(shot=planned_request(SUB2API, base()), evidence=LIVE, outcome=fine(base()))

    wanted = [
        *inquiry.on_record(plain),
        *inquiry.on_record(dear),
        *inquiry.on_record(refused),
        *inquiry.on_idle(),
    ]

    assert wanted == []
    world = World(fine, [plain, dear, refused])
    (one,) = found(world)
    assert (one.standing, one.doubt) == ("unconfirmed", "not asked again: the budget ended")


def test_where_nothing_can_be_asked_again_what_was_seen_counts() -> None:
    wrong = forbidden("n.range", n=11)
    world = World(fine)
    world.ask(planned_request(SUB2API, wrong))

    (one,) = found(world, repeatable=False)

    assert (one.standing, one.failed, one.tried) == ("confirmed", 1, 1)


def test_nothing_is_asked_about_an_open_question() -> None:
    builder = Builder(SUB2API, "generate")
    rule = builder.operation.constraint("prompt.max_length")
    assert rule is not None
    arguments: dict[str, Json] = {**base().arguments, "prompt": prompts.plain_prompt(32001)}
    looked = builder.observe("prompt.max_length/observe/x", arguments, rule, "not said")

    world = asked(lambda case: replace(fine(case), missing=("usage",)), [looked])

    assert [one.shot.case.id for one in world.records] == [looked.id]


def test_a_probe_that_met_a_fault_is_asked_once_more_and_then_given_up() -> None:
    strict = refusing({"quality": "high"})

    def answer(case: Case) -> Outcome:
        return LOST if case.stage == "isolate" else strict(case)

    world = asked(answer, ROWS[:2])

    probes = [
        one for one in world.asked("isolate") if (one.follows or "").startswith("generate/row")
    ]
    asked_ = [one.id.removesuffix("/retry") for one in probes]
    assert 0 < len(asked_) <= 10
    assert asked_.count(asked_[0]) == 2 == max(asked_.count(one) for one in asked_)
    assert len({repr(one.arguments) for one in probes}) == len(asked_)


# ------------------------------------------------------------------------------------ shrinking
def test_a_refused_long_prompt_is_bisected_to_its_boundary() -> None:
    def answer(case: Case) -> Outcome:
        return REFUSED if len(str(case.arguments["prompt"])) > 15000 else fine(case)

    world = asked(answer, [base("buble"), row(1, "buble", prompt=prompts.plain_prompt(20000))])

    (one,) = found(world)
    refused = len(str(one.record.shot.case.arguments["prompt"]))
    assert one.constraint == "prompt.max_length"
    assert 15000 < refused <= 15200
    assert one.observed.startswith(f"prompt of {refused} characters: refused")
    assert len(world.asked("shrink", "isolate")) <= 10


def test_a_boundary_that_is_off_by_one_takes_one_probe() -> None:
    def answer(case: Case) -> Outcome:
        return REFUSED if len(str(case.arguments["prompt"])) == 20000 else fine(case)

    world = asked(answer, [base("buble"), row(1, "buble", prompt=prompts.plain_prompt(20000))])

    assert len(world.asked("shrink")) == 1


def test_a_number_in_a_combination_is_made_smaller_where_that_costs_little() -> None:
    def answer(case: Case) -> Outcome:
        several = case.arguments.get("n") != 1 and case.arguments.get("quality") == "high"
        return REFUSED if several else fine(case)

    rows = [
        base(),
        row(1, n=10, quality="high", moderation="low"),
        row(2, n=10),
        row(3, quality="high"),
    ]

    (one,) = found(asked(answer, rows))

    assert one.record.shot.case.arguments["n"] == 2
    assert one.combination == ("n=2", "quality=high")


def test_a_drawn_request_that_was_wrongly_served_is_cut_down_to_the_plain_one() -> None:
    wrong = forbidden("n.range", n=11, output_format="jpeg", quality="high", background="opaque")

    (one,) = found(asked(fine, [base(), wrong]))

    assert one.constraint == "n.range"
    assert one.record.shot.case.arguments == {**base().arguments, "n": 11}


def test_a_correct_provider_is_asked_nothing_more() -> None:
    def answer(case: Case) -> Outcome:
        return REFUSED if case.expect == "refuse" else fine(case)

    world = asked(answer, ROWS)

    assert len(world.records) == len(ROWS)
    assert all(isinstance(one.outcome, Images) for one in world.records)
