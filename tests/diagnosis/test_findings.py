from dataclasses import replace

from harness.checks.judge import judge_records
from harness.core.outcome import Outcome
from harness.core.record import Record
from harness.diagnosis.findings import findings
from tests.checks.build import case, found, picture, record, refused, served
from tests.shipped import shipped_provider as shipped

MATCHES = "images_match_their_declaration"


def test_a_promise_broken_by_many_cases_is_one_finding_with_the_smallest_request() -> None:
    long = case(expect="refuse", breaks="n.range", id="long", n=11, size="1024x1024")
    short = case(expect="refuse", breaks="n.range", id="short", n=11)

    broken = found(record(long, served(picture())), record(short, served(picture())))

    assert len(broken) == 1
    assert broken[0].record.shot.case.id == "generate/short"
    assert set(broken[0].cases) == {"generate/long", "generate/short"}
    assert broken[0].observed == "served with 1 image"
    assert broken[0].expected.startswith("refused: n is between 1 and 10")


def test_two_promises_are_two_findings() -> None:
    forbidden = case(expect="refuse", breaks="n.range", n=11)
    valid = case(about="quality.one_of", covers=("quality.one_of=high",), quality="high")

    broken = found(record(forbidden, served(picture())), record(valid, refused()))

    assert {(one.constraint, one.check) for one in broken} == {
        ("n.range", "refuses_what_it_forbids"),
        ("quality.one_of", "accepts_what_it_documents"),
    }


def test_two_checks_on_one_case_are_two_findings() -> None:
    asked = case(size="1024x1024", output_format="png")

    broken = found(record(asked, served(picture(512, 512, kind="webp"))))

    assert {one.check for one in broken} == {
        "images_have_the_asked_dimensions",
        "images_have_the_asked_format",
    }


def test_a_declaration_that_only_repeats_another_finding_is_left_out() -> None:
    asks = record(case(id="a", size="1024x1024"), served(picture(512, 512), size="1024x1024"))
    open_ = record(case(id="b"), served(picture(512, 512), size="1024x1024"))

    assert [one.check for one in found(asks, open_)] == ["images_have_the_asked_dimensions"]
    assert [one.check for one in found(open_)] == [MATCHES]


def test_a_refused_valid_request_is_blamed_on_nothing_where_only_the_combination_fails() -> None:
    both = case(id="both", covers=("n.range=10", "quality.one_of=high"), n=10, quality="high")
    first = case(id="first", covers=("n.range=10",), n=10)
    second = case(id="second", covers=("quality.one_of=high",), quality="high")
    ten = served(*(picture(number=number) for number in range(10)))

    broken = found(record(both, refused()), record(first, ten), record(second, served(picture())))

    assert [(one.constraint, one.check) for one in broken] == [(None, "accepts_what_it_documents")]


def test_nothing_is_found_where_nothing_failed() -> None:
    assert found(record(case(), served(picture()))) == ()


def test_providers_are_kept_apart() -> None:
    mine = record(case("sub2api", expect="refuse", breaks="n.range", n=11), served(picture()))
    theirs = record(
        case("apiframe", expect="refuse", breaks="n.range", n=11), refused(parameter="n")
    )

    assert [one.provider for one in found(mine, theirs)] == ["sub2api"]


def test_blame_for_a_refusal_does_not_move_what_another_check_says_of_the_case() -> None:
    strict = record(case(id="x", covers=("n.range=10",), n=10), refused())
    shops = {"sub2api": shipped("sub2api")}
    told = judge_records([strict], shops)
    also = replace(told[0], check="usage_adds_up", constraint=None, status="fail")

    broken = findings([strict], [*told, also], shops)

    assert {(one.constraint, one.check) for one in broken} == {
        ("n.range", "accepts_what_it_documents"),
        (None, "usage_adds_up"),
    }


def _again(one: Record, outcome: Outcome | None, *, skipped: str = "") -> Record:
    case_ = one.shot.case
    repeated = replace(case_, id=f"{case_.id}/again", stage="confirm", follows=case_.id)
    return record(repeated, outcome, skipped=skipped)


def test_a_failure_that_came_again_is_confirmed() -> None:
    first = record(case(expect="refuse", breaks="n.range", n=11), served(picture()))

    (one,) = found(first, _again(first, served(picture())))

    assert (one.standing, one.failed, one.tried, one.doubt) == ("confirmed", 2, 2, "")


def test_a_failure_that_did_not_come_again_is_flaky() -> None:
    first = record(case(expect="refuse", breaks="n.range", n=11), served(picture()))

    (one,) = found(first, _again(first, refused(parameter="n")))

    assert (one.standing, one.failed, one.tried) == ("flaky", 1, 2)


def test_a_failure_that_only_the_repetition_showed_is_flaky() -> None:
    first = record(case(expect="refuse", breaks="n.range", n=11), refused(parameter="n"))

    (one,) = found(first, _again(first, served(picture())))

    assert (one.standing, one.failed, one.tried) == ("flaky", 1, 2)


def test_two_cases_of_a_promise_do_not_confirm_each_other() -> None:
    first = record(case(expect="refuse", breaks="n.range", id="a", n=11), served(picture()))
    second = record(case(expect="refuse", breaks="n.range", id="b", n=0), served(picture()))

    (one,) = found(first, second)

    assert (one.standing, one.doubt) == ("unconfirmed", "not asked again")


def test_a_repetition_that_was_not_sent_says_why() -> None:
    first = record(case(expect="refuse", breaks="n.range", n=11), served(picture()))

    (one,) = found(first, _again(first, None, skipped="budget: 1 more would pass 4 images"))

    assert one.standing == "unconfirmed"
    assert one.doubt == "not asked again: budget: 1 more would pass 4 images"


def test_a_cleared_pair_is_told_as_a_combination_without_any_probe() -> None:
    both = case(id="both", covers=("n.range=10", "quality.one_of=high"), n=10, quality="high")
    first = case(id="first", covers=("n.range=10",), n=10)
    second = case(id="second", covers=("quality.one_of=high",), quality="high")
    ten = served(*(picture(number=number) for number in range(10)))

    (one,) = found(record(both, refused()), record(first, ten), record(second, served(picture())))

    assert one.combination == ("n=10", "quality=high")
    assert one.expected == "served: n=10 with quality=high, each documented"
    assert one.observed.startswith("n=10 with quality=high: refused: HTTP 400")


def test_the_same_fault_at_another_size_is_the_same_finding() -> None:
    sizes = ("3840x2160", "2160x3840")
    both = [record(case(id=size, size=size, quality="high"), refused()) for size in sizes]
    alone = [
        record(case(id=f"{s}-low", size=s), served(picture(*map(int, s.split("x"))))) for s in sizes
    ]
    high = record(case(id="high", quality="high"), served(picture()))

    (one,) = found(*both, *alone, high)

    assert set(one.cases) == {f"generate/{size}" for size in sizes}
    assert len(one.combination) == 2
