"""Checks are found by their decorator; one that stands elsewhere joins them."""

import pytest

from harness.checks.check import (
    CHECKS,
    Assertion,
    CheckInput,
    CheckResult,
    Reproduced,
    check,
    failed,
)
from harness.checks.judge import judge_records
from harness.report.reproduction.generated_test import generated_test
from tests.report import builders as b
from tests.shipped import shipped_provider


def test_checks_stand_in_the_order_of_reports() -> None:
    names = list(CHECKS)
    at = names.index("images_have_the_asked_quality")

    assert len(names) >= 31
    assert names[:2] == ["accepts_what_it_documents", "refuses_what_it_forbids"]
    assert names[at - 1 : at + 2 : 2] == [
        "images_have_the_asked_aspect_ratio",
        "declares_what_was_asked",
    ]
    assert names[-1] == "webhook_agrees_with_the_polls"


def test_images_that_fail_what_their_bytes_can_tell_are_unusable() -> None:
    assert [name for name, check in CHECKS.items() if check.usability] == [
        "serves_as_many_images_as_asked",
        "images_are_different",
        "images_decode",
        "images_have_the_asked_format",
        "images_have_the_asked_dimensions",
        "images_have_the_asked_aspect_ratio",
        "images_have_the_asked_quality",
        "images_have_the_asked_background",
    ]


@pytest.fixture
def _joined(monkeypatch: pytest.MonkeyPatch) -> None:
    assert CHECKS
    monkeypatch.setattr(CHECKS, "_entries", dict(CHECKS._entries))

    def lines(again: Reproduced) -> tuple[str, ...]:
        return (f"assert len(content) > {len(again.arguments)}",)

    @check(rank=55, assertion=Assertion(lines=lines), slug="short")
    def reply_is_long(subject: CheckInput) -> tuple[CheckResult, ...]:
        """A reply is long."""
        return failed("it is short") if subject.record.shot.case.expect == "accept" else ()


@pytest.mark.usefixtures("_joined")
def test_a_check_from_elsewhere_is_judged_in_its_place_and_has_its_test() -> None:
    record = b.record(b.case(), b.images())
    verdicts = judge_records([record], {"sub2api": shipped_provider("sub2api")})
    (verdict,) = (one for one in verdicts if one.check == "reply_is_long")
    finding = b.finding(record, check=verdict.check)
    (shown,) = b.report([record], verdicts, [finding]).findings
    (test,) = (text for name, text in shown.reproduction.texts.items() if "test_" in name)

    assert (verdict.status, verdict.why) == ("fail", "it is short")
    names = list(CHECKS)
    at = names.index("reply_is_long")
    assert names[at - 1] == "reply_has_the_documented_fields"
    assert names[at + 1] == "serves_as_many_images_as_asked"
    assert shown.reproduction.folder.endswith("-short")
    assert f"    assert len(content) > {len(record.shot.case.arguments)}\n" in test


def test_what_was_never_registered_has_no_test() -> None:
    finding = b.finding(b.record(b.case(), b.images()), check="nobodys_check")
    made = generated_test(finding, shipped_provider("sub2api"), name="test_x", title="x", told=())

    assert (made.text, made.why) == (None, "nobodys check: no few lines can tell")
