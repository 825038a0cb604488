"""What a claim about an argument is compared with where the plain request does not show it."""

from dataclasses import replace

from harness.checks.judge import judge_records
from harness.core.jsonvalue import Json
from harness.core.record import Record
from harness.diagnosis.combinations import FailureGroup
from harness.diagnosis.history import CaseHistory
from tests.checks.build import case, found, picture, record, served
from tests.shipped import shipped_provider as shipped

PLAIN = replace(case(), id="generate/base")


def _sized(name: str, size: str, *, right: bool = True, **values: Json) -> Record:
    asked = case(id=name, size=size)
    width, height = map(int, size.split("x"))
    given = picture(width, height) if right else picture(width // 2, height // 2)
    return record(replace(asked, arguments={**asked.arguments, **values}), served(given))


def _group(*records: Record) -> FailureGroup:
    provider = shipped(PLAIN.provider)
    verdicts = judge_records(records, {provider.name: provider})
    groups = CaseHistory(provider, records, verdicts).failure_groups()
    (group,) = [one for one in groups if one.check == "images_have_the_asked_dimensions"]
    return group


HALF = _sized("half", "1536x1024", right=False, quality="high")
RIGHT = _sized("right", "1024x1536")
NO_SIZE = record(
    replace(case(id="no-size"), arguments={**PLAIN.arguments, "quality": "high"}), served(picture())
)


def test_a_request_without_a_size_clears_nothing_of_a_claim_about_sizes() -> None:
    group = _group(record(PLAIN, served(picture())), HALF, RIGHT, NO_SIZE)

    assert [assigned.id for assigned in group.passing] == ["generate/right"]


def test_the_plain_request_is_completed_with_a_size_that_was_served_rightly() -> None:
    group = _group(record(PLAIN, served(picture())), HALF, RIGHT)

    assert group.added == {"size"}
    assert (group.plain["size"], group.is_open) == ("1024x1536", False)


def test_where_no_size_was_right_the_one_that_failed_is_added_and_stays_open() -> None:
    group = _group(record(PLAIN, served(picture())), HALF)

    assert (group.plain["size"], group.is_open) == ("1536x1024", True)


def test_the_value_that_halves_every_size_is_named_without_a_size() -> None:
    wrong = [
        _sized("half-1", "1536x1024", right=False, quality="high"),
        _sized("half-2", "1024x1536", right=False, quality="high"),
    ]
    right = [_sized("right-1", "1536x1024"), _sized("right-2", "1024x1536")]

    (finding,) = found(record(PLAIN, served(picture())), *wrong, *right)

    assert (finding.constraint, finding.combination) == ("size.format", ("quality=high",))
    assert finding.observed.startswith("quality=high: ")
