from collections.abc import Sequence
from dataclasses import replace

import pytest

from harness.core.outcome import Outcome
from harness.core.record import Record
from harness.core.verdict import Finding, Standing, Verdict
from harness.report.matrix import matrix
from harness.report.model import Matrix, MatrixCell
from tests.report import builders as b
from tests.shipped import shipped_provider

ACCEPT = b.case(id="n=10", covers=("n.range=10", "prompt.required"))
REFUSE = b.case(id="n=11", expect="refuse", breaks="n.range")
OBSERVE = b.case(id="stream", expect="observe", breaks="stream.never_with", covers=("n.range",))


def table(
    records: list[Record], verdicts: list[Verdict], findings: Sequence[Finding] = ()
) -> Matrix:
    return matrix(records, verdicts, findings, {"sub2api": shipped_provider("sub2api")})


def cell(drawn: Matrix, promise: str, column: int = 0) -> MatrixCell:
    return next(row for row in drawn.rows if row.id == promise).cells[column]


def test_a_served_accept_case_supports_all_that_it_covers() -> None:
    served = b.record(ACCEPT, b.images(10))
    found = cell(table([served], [b.verdict(served)]), "n.range")

    assert (found.state, found.accepts, found.refuses) == ("held", 1, 0)


def test_a_passing_refusal_supports_the_constraint_it_names() -> None:
    turned = b.record(REFUSE, b.refused())
    drawn = table([turned], [b.verdict(turned, constraint="n.range")])

    assert (cell(drawn, "n.range").accepts, cell(drawn, "n.range").refuses) == (0, 1)
    assert cell(drawn, "prompt.required").state == "not tried"


def test_two_checks_on_one_case_are_one_case() -> None:
    served = b.record(ACCEPT, b.images(10))
    drawn = table([served], [b.verdict(served), b.verdict(served, check="delivers_the_size")])

    assert cell(drawn, "n.range").accepts == 1


def test_what_a_refused_accept_case_covers_is_not_held() -> None:
    turned = b.record(ACCEPT, b.refused())
    drawn = table(
        [turned],
        [b.verdict(turned, "fail"), b.verdict(turned, check="wording_is_kept")],
        [b.finding(turned, constraint=None, check="accepts_what_it_documents")],
    )

    assert cell(drawn, "n.range").state == "not tried"
    assert cell(drawn, "accepts_what_it_documents").state == "broken"


def test_one_failure_outweighs_any_number_of_passes() -> None:
    good = [b.record(b.case(id=str(at), covers=("n.range",)), b.images()) for at in range(5)]
    bad = b.record(REFUSE, b.images(11))
    drawn = table(
        [*good, bad],
        [*(b.verdict(item) for item in good), b.verdict(bad, "fail", constraint="n.range")],
        [b.finding(bad)],
    )

    assert cell(drawn, "n.range").state == "broken"
    assert cell(drawn, "n.range").fails == 1


def test_a_finding_breaks_its_cell_without_any_verdict() -> None:
    bad = b.record(REFUSE, b.images(11))
    drawn = matrix([bad], [], [b.finding(bad)], {"sub2api": shipped_provider("sub2api")})

    assert cell(drawn, "n.range").state == "broken"


def test_a_finding_about_the_reply_as_a_whole_stands_under_its_check() -> None:
    bad = b.record(ACCEPT, b.images(1))
    promise = b.finding(bad, constraint=None, check="delivers_the_asked_number")
    drawn = matrix([bad], [], [promise], {"sub2api": shipped_provider("sub2api")})

    assert cell(drawn, "delivers_the_asked_number").state == "broken"
    assert drawn.rows[-1].kind == "reply"


def test_a_check_that_has_nothing_to_look_at_is_absent_where_others_speak() -> None:
    names = ("buble", "sub2api", "apiframe")
    first, second, third = (b.record(b.case(name=name), b.images()) for name in names)
    verdicts = [b.verdict(first, check="job_moves_forward"), b.verdict(second)]
    drawn = matrix(
        [first, second, third], verdicts, [], {name: shipped_provider(name) for name in names}
    )

    assert [cell(drawn, "job_moves_forward", at).state for at in range(3)] == [
        "held",
        "absent",
        "not tried",
    ]


def test_a_fault_makes_the_constraint_inconclusive_with_its_reason() -> None:
    down = b.record(REFUSE, b.fault())
    drawn = table(
        [down], [b.verdict(down, "inconclusive", constraint="n.range", why="reset by peer")]
    )

    assert cell(drawn, "n.range").state == "inconclusive"
    assert cell(drawn, "n.range").note == "inconclusive: reset by peer"


def test_what_was_never_sent_is_not_tried_and_says_why() -> None:
    left = b.record(REFUSE, None, skipped="budget spent")
    drawn = table([left], [b.verdict(left, "skip", constraint="n.range", why="not sent")])

    assert cell(drawn, "n.range").state == "not tried"
    assert cell(drawn, "n.range").note == "budget spent"


@pytest.mark.parametrize(
    ("outcome", "counts"),
    [(b.images(), (1, 0, 0)), (b.refused(), (0, 1, 0)), (b.fault(), (0, 0, 1))],
)
def test_an_undocumented_constraint_counts_what_came(
    outcome: Outcome, counts: tuple[int, int, int]
) -> None:
    seen = b.record(OBSERVE, outcome)
    found = cell(table([seen], []), "stream.never_with")

    assert found.state == "undocumented"
    assert (found.served, found.turned_away, found.unanswered) == counts


def test_an_undocumented_constraint_is_never_convicted() -> None:
    seen = b.record(OBSERVE, b.images())
    drawn = table([seen], [b.verdict(seen, "fail", constraint="stream.never_with")])

    assert cell(drawn, "stream.never_with").state == "undocumented"


def test_an_observed_case_counts_for_nothing_that_it_merely_keeps() -> None:
    seen = b.record(OBSERVE, b.images())

    assert cell(table([seen], []), "n.range").served == 0


def test_a_missing_promise_is_absent_with_the_reason() -> None:
    names = ("buble", "sub2api")
    records = [b.record(b.case(name=name), b.images()) for name in names]
    drawn = matrix(records, [], [], {name: shipped_provider(name) for name in names})

    assert cell(drawn, "n.range", 0) == MatrixCell(state="absent", note="no such parameter")
    assert cell(drawn, "aspect_ratio.one_of", 1).note == ("no such parameter")


def test_operations_without_a_case_have_no_column_and_are_named() -> None:
    drawn = table([b.record(ACCEPT, b.images())], [])

    assert [column.operation for column in drawn.columns] == ["generate"]
    assert [column.operation for column in drawn.unplanned] == ["edit", "respond"]


def test_rows_follow_the_vocabulary() -> None:
    ids = [row.id for row in table([b.record(ACCEPT, b.images())], []).rows]

    assert ids.index("prompt.required") < ids.index("n.range") < ids.index("size.max_edge")
    assert ids.index("size.multiple_of") < ids.index("size.max_ratio")


def test_a_cell_words_its_rule_and_its_source() -> None:
    found = cell(table([b.record(ACCEPT, b.images())], []), "n.range")

    assert found.rule == "n is between 1 and 10"
    assert found.source == "001_5b0aab872a4ee831.txt: Generation Parameters"


def test_a_reply_check_that_only_skips_had_no_promise_to_hold_anyone_to() -> None:
    record = b.record(ACCEPT, b.images())
    check = "charges_the_list_price"
    said = b.verdict(record, "skip", check=check, why="the price list is open")

    found = cell(table([record], [said]), check)

    assert found.state == "undocumented"
    assert found.note == "the price list is open"


def test_a_constraint_is_broken_by_its_own_findings_only() -> None:
    row = b.case(id="generate/row/1", covers=("n.range=10", "size.one_of=auto"))
    turned = b.record(row, b.refused())
    blamed = b.finding(turned, constraint="size.one_of", check="accepts_what_it_documents")
    drawn = table([turned], [b.verdict(turned, "fail")], [blamed])

    assert cell(drawn, "size.one_of").state == "broken"
    assert cell(drawn, "n.range").state == "not tried"
    assert "accepts_what_it_documents" not in {row.id for row in drawn.rows}


@pytest.mark.parametrize("standing", ["flaky", "unconfirmed"])
def test_a_doubtful_finding_has_a_mark_of_its_own(standing: Standing) -> None:
    bad = b.record(REFUSE, b.images(11))
    doubted = replace(b.finding(bad), standing=standing)
    turned = b.record(b.case(id="n=0", expect="refuse", breaks="n.range"), b.refused())
    said = [b.verdict(turned, constraint="n.range"), b.verdict(bad, "fail", constraint="n.range")]

    assert cell(table([bad, turned], said, [doubted]), "n.range").state == standing


def test_values_that_fail_together_break_no_single_promise() -> None:
    row = b.case(id="generate/row/1", covers=("quality.one_of=high", "output_format.one_of=jpeg"))
    turned = b.record(row, b.refused())
    served = b.record(b.case(id="generate/row/2", covers=row.covers), b.images())
    together = replace(
        b.finding(turned, constraint=None, check="accepts_what_it_documents"),
        combination=("quality=high", "output_format=jpeg"),
    )
    drawn = table([turned, served], [b.verdict(turned, "fail"), b.verdict(served)], [together])

    assert {cell(drawn, one).state for one in ("quality.one_of", "output_format.one_of")} == {
        "held"
    }
    assert "broken" not in {one.state for row in drawn.rows for one in row.cells}
    assert [(one.name, one.state) for one in drawn.interactions] == [
        ("quality=high with output_format=jpeg", "broken")
    ]
