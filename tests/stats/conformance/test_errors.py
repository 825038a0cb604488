import pytest

from harness.core.outcome import ErrorClass
from harness.stats.conformance.errors import errors_by_class
from tests.report import builders as b


def test_a_refusal_that_was_asked_for_is_apart_from_one_that_was_not() -> None:
    rows = errors_by_class(
        [
            b.record(b.case(id="a"), b.images()),
            b.record(b.case(id="b"), b.refused()),
            b.record(b.case(id="c", expect="refuse", breaks="n.range"), b.refused()),
            b.record(b.case(id="d", expect="observe", about="n.range"), b.refused()),
        ]
    )

    assert [(row.occasion, row.error_class, row.count, row.share.n) for row in rows] == [
        ("unexpected", "validation", 1, 4),
        ("observed", "validation", 1, 1),
        ("asked_for", "validation", 1, 1),
    ]


@pytest.mark.parametrize("error_class", ["auth", "quota", "rate_limit", "server"])
def test_a_refusal_for_another_reason_than_the_request_was_not_asked_for(
    error_class: ErrorClass,
) -> None:
    asked = b.case(expect="refuse", breaks="n.range")
    rows = errors_by_class([b.record(asked, b.refused(error_class=error_class, status=429))])

    assert rows[0].occasion == "unexpected"


@pytest.mark.parametrize("error_class", ["protocol", "unknown"])
def test_a_fault_is_never_asked_for(error_class: ErrorClass) -> None:
    asked = b.case(expect="refuse", breaks="n.range")
    rows = errors_by_class([b.record(asked, b.fault(error_class))])

    assert (rows[0].occasion, rows[0].error_class) == ("unexpected", error_class)


def test_a_share_has_an_interval_and_counts_only_what_was_sent() -> None:
    records = [b.record(b.case(id=str(at)), b.images()) for at in range(9)]
    records += [b.record(b.case(id="x"), b.fault("network"))]
    records += [b.record(b.case(id="y"), None, skipped="budget")]
    share = errors_by_class(records)[0].share

    assert (share.value, share.n) == (0.1, 10)
    assert share.low == pytest.approx(0.0179, abs=1e-4)
    assert share.high == pytest.approx(0.4042, abs=1e-4)


def test_no_error_makes_no_row() -> None:
    assert errors_by_class([b.record(b.case(), b.images())]) == ()
