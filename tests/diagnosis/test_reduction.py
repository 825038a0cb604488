"""Smaller requests that confirm a failure, and why a request was not made smaller."""

from dataclasses import replace

import pytest

from harness.core.case import Case
from harness.core.jsonvalue import Json
from harness.core.outcome import Images, Outcome
from harness.core.record import Record
from harness.diagnosis.reduction import limit_of
from tests.checks.build import case, found, picture, record, refused, served


def _ten(*, missing: int = 0) -> Images:
    return served(*(picture(number=number) for number in range(10 - missing)))


def _probe(first: Record, outcome: Outcome | None, *, skipped: str = "", **values: int) -> Record:
    failed = first.shot.case
    arguments = {**failed.arguments, **values}
    probe = replace(
        failed, id=f"{failed.id}/probe", arguments=arguments, stage="isolate", follows=failed.id
    )
    return record(probe, outcome, skipped=skipped)


PLAIN = replace(case(), id="generate/base")
FIRST = case(id="ten", n=10, quality="high")


def _plain() -> Record:
    return record(PLAIN, served(picture()))


def test_a_smaller_request_that_fails_confirms() -> None:
    first = record(FIRST, _ten(missing=1))

    (finding,) = found(_plain(), first, _probe(first, served(picture()), n=2))

    assert (finding.standing, finding.failed, finding.tried) == ("confirmed", 2, 2)
    assert finding.record.shot.case.arguments["n"] == 2


def test_a_smaller_request_that_passes_makes_nothing_flaky_and_is_named() -> None:
    first = record(FIRST, _ten(missing=1))
    two = served(picture(), picture(number=1))

    (finding,) = found(_plain(), first, _probe(first, two, n=2))

    assert finding.standing == "unconfirmed"
    assert finding.doubt == "not asked again; served as documented: n=2 with quality=high"


def test_an_equal_question_decides_before_smaller_ones() -> None:
    first = record(FIRST, _ten(missing=1))
    again = replace(FIRST, id="generate/ten/again", stage="confirm", follows=FIRST.id)

    (finding,) = found(
        _plain(), first, _probe(first, served(picture()), n=2), record(again, _ten())
    )

    assert (finding.standing, finding.failed, finding.tried) == ("flaky", 1, 2)
    assert finding.not_reduced == "it does not fail each time"


def _webp(name: str, kind: str, **values: Json) -> Record:
    asked = case(id=name, output_format="webp")
    asked = replace(asked, arguments={**asked.arguments, **values})
    return record(asked, served(picture(kind=kind)))


def test_a_value_that_was_served_elsewhere_is_not_what_fails_alone() -> None:
    passed = [_webp(f"ok-{number}", "webp", user=f"{number}") for number in range(7)]
    failed = [
        _webp("bad-1", "png", quality="high", background="opaque"),
        _webp("bad-2", "png", quality="high", moderation="low"),
    ]

    (finding,) = found(_plain(), *passed, *failed)

    assert set(finding.combination) == {"quality=high", "output_format=webp"}
    assert finding.not_reduced == "no smaller request was sent"
    assert set(finding.cases) == {"generate/bad-1", "generate/bad-2"}


def test_the_limit_that_ended_the_reduction_is_named() -> None:
    wide = case(id="wide", size="1536x1024", quality="high", background="opaque")
    first = record(wide, served(picture()))
    why = "budget: --max-images 6 is too low: the next case may need 1 image, after 6 spent"

    (finding,) = found(_plain(), first, _probe(first, None, skipped=why))

    assert finding.not_reduced == "the image limit was reached"
    assert finding.standing == "unconfirmed"


def test_a_request_with_one_value_beside_the_plain_ones_is_the_smallest() -> None:
    (finding,) = found(_plain(), record(case(id="wide", size="1536x1024"), served(picture())))

    assert finding.not_reduced == ""


def test_without_a_served_plain_request_nothing_is_made_smaller() -> None:
    both: Case = case(id="both", n=2, quality="high")

    reasons = {
        finding.not_reduced
        for finding in found(record(PLAIN, refused()), record(both, served(picture())))
    }

    assert "the plain request was not served" in reasons


@pytest.mark.parametrize(
    ("skipped", "words"),
    [
        ("budget: --max-images 6 is too low: more", "the image limit was reached"),
        ("budget: --max-requests 9 is too low: more", "the request limit was reached"),
        ("budget: --budget 2 is too low: more", "the budget ended"),
        (
            "budget: the default of 40 images for edit is too low: more",
            "the default limit of 40 images for edit was reached",
        ),
        ("budget: 7 credits spent, more than the list", "the budget ended"),
    ],
)
def test_a_limit_is_said_in_words(skipped: str, words: str) -> None:
    assert limit_of(skipped) == words
