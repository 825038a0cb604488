"""A judged run as a baseline: its promises, its fresh requests, its errors."""

from collections.abc import Sequence
from dataclasses import replace
from decimal import Decimal
from pathlib import Path

import pytest

from harness.comparing.codec import dumped_baseline, read_baseline
from harness.comparing.model import Baseline, PromiseShown
from harness.core.case import Case, Slot, Stage
from harness.core.errors import NothingTested, StoreError
from harness.core.jsonvalue import Json
from harness.core.outcome import CUT_OFF_WHY, Outcome
from harness.core.record import Record
from harness.core.verdict import Finding, Verdict
from harness.report.baseline import (
    baseline_of,
    fingerprint,
    late_s,
    question_of,
    write_baseline,
)
from harness.spec.provider import Provider
from tests.report import benchmarks as bm
from tests.report import builders as b
from tests.shipped import NAMES, shipped_provider

TEXT = "a lighthouse that nobody may know of"


def _asked(
    name: str,
    outcome: Outcome | None,
    *,
    stage: Stage = "plan",
    covers: tuple[str, ...] = ("n.range=1",),
    prompt: str = TEXT,
) -> Record:
    arguments: dict[str, Json] = {"model": "gpt-image-2", "prompt": prompt, "n": 1}
    made = b.record(b.case(id=name, covers=covers, arguments=arguments), outcome)
    return replace(made, shot=replace(made.shot, case=replace(made.shot.case, stage=stage)))


def _over(name: str, outcome: Outcome) -> Record:
    return b.record(b.case(id=name, expect="refuse", breaks="n.range"), outcome)


def _baseline(
    records: Sequence[Record],
    verdicts: Sequence[Verdict] = (),
    findings: Sequence[Finding] = (),
    **documents: str,
) -> Baseline:
    report = b.report(records, verdicts, findings)
    return baseline_of(report, records, _providers(), documents=documents)


def _providers() -> dict[str, Provider]:
    return {name: shipped_provider(name) for name in NAMES}


def _promise(run: Baseline, name: str) -> PromiseShown:
    return next(each for each in run.promises if each.promise == name)


# ------------------------------------------------------------------------------- promises
def test_promises_have_the_states_of_the_matrix_and_none_that_is_absent() -> None:
    report = b.sample()

    run = baseline_of(report, [], _providers(), documents={})

    states = {
        (column.provider, column.operation, row.id): cell.state
        for row in report.matrix.rows
        for column, cell in zip(report.matrix.columns, row.cells, strict=True)
        if cell.state != "absent"
    }
    assert {
        (each.provider, each.operation, each.promise): each.state for each in run.promises
    } == states


def test_a_broken_promise_names_its_checks_and_counts_first_askings() -> None:
    served, again = _over("over", b.images(11)), _over("over/again", b.images(11))
    again = replace(again, shot=replace(again.shot, case=replace(again.shot.case, stage="confirm")))
    held = _asked("n.range=1", b.images())
    verdicts = [
        b.verdict(held),
        b.verdict(served, "fail", constraint="n.range", check="refuses_what_it_forbids"),
        b.verdict(again, "fail", constraint="n.range", check="refuses_what_it_forbids"),
    ]
    found = replace(b.finding(served), cases=("over", "over/again"), failed=2, tried=2)

    shown = _promise(_baseline([held, served, again], verdicts, [found]), "n.range")

    assert (shown.state, shown.checks) == ("broken", ("refuses_what_it_forbids",))
    assert (shown.failed, shown.tried) == (1, 2)
    (deviation,) = shown.deviations
    assert (deviation.state, deviation.failed, deviation.tried) == ("broken", 2, 2)
    assert deviation.questions == (question_of(served.shot.case),)


def test_what_was_not_repeated_is_counted_among_those_that_asked_the_same() -> None:
    asked = [_asked(f"n.range=1/{at}", b.images()) for at in range(3)]
    verdicts = [
        b.verdict(each, "fail" if at == 0 else "pass", check="images_decode", constraint="n.range")
        for at, each in enumerate(asked)
    ]
    found = replace(b.finding(asked[0], check="images_decode"), standing="unconfirmed")

    (deviation,) = _promise(_baseline(asked, verdicts, [found]), "n.range").deviations

    assert (deviation.state, deviation.failed, deviation.tried) == ("unconfirmed", 1, 3)


def test_what_is_about_the_prompt_has_no_question_for_its_text_is_in_none() -> None:
    asked = _asked("long", b.refused())
    found = b.finding(asked, constraint="prompt.max_length", check="accepts_what_it_documents")

    (deviation,) = _promise(_baseline([asked], [], [found]), "prompt.max_length").deviations

    assert deviation.questions == ()


def test_values_that_fail_together_are_a_promise_of_their_own() -> None:
    asked = _asked("row", b.refused())
    found = replace(
        b.finding(asked, constraint=None, check="accepts_what_it_documents"),
        combination=("quality=high", "n=1"),
    )

    run = _baseline([asked], [], [found])
    (shown,) = (each for each in run.promises if each.kind == "combination")

    assert (shown.promise, shown.state) == ("quality=high with n=1", "broken")


def test_a_fingerprint_is_of_what_a_rule_promises_and_not_of_where_it_stands() -> None:
    rule = shipped_provider("sub2api").operation("generate").constraint("n.range")
    assert rule is not None
    cited = replace(rule, rule=rule.rule.model_copy(update={"note": "moved to another page"}))
    moved = replace(rule, rule=rule.rule.model_copy(update={"max": 4}))

    assert fingerprint(cited) == fingerprint(rule)
    assert fingerprint(moved) != fingerprint(rule)
    assert fingerprint(None) == ""


# -------------------------------------------------------------------------------- samples
def test_samples_are_the_valid_requests_that_were_sent_for_their_own_sake() -> None:
    records = [
        _asked("plain", b.images()),
        _asked("explored", b.images(), stage="explore"),
        _asked("again", b.images(), stage="confirm"),
        _asked("smaller", b.images(), stage="shrink"),
        _asked("probe", b.images(), stage="isolate"),
        _asked("unsent", None),
        _over("over", b.refused()),
    ]

    run = _baseline(records)

    assert [each.place for each in run.samples] == ["plain", "explored"]
    assert run.requests == {"sub2api generate": 3}


@pytest.mark.parametrize(
    ("outcome", "end", "error_class"),
    [
        (b.images(), "served", None),
        (b.refused(), "refused", "validation"),
        (b.refused(error_class="quota", status=429), "failed", "quota"),
        (b.fault("server"), "failed", "server"),
        (b.fault("timeout", may_be_paid=True), "timeout", "timeout"),
        (b.fault("unknown", why=CUT_OFF_WHY, may_be_paid=True), "cut_off", None),
    ],
)
def test_a_sample_says_how_it_ended(outcome: Outcome, end: str, error_class: str | None) -> None:
    (sample,) = _baseline([_asked("plain", outcome)]).samples

    assert (sample.end, sample.error_class) == (end, error_class)
    assert sample.seconds == 20.0
    assert sample.spent == (Decimal(1) if end == "served" else None)


def test_questions_are_equal_whatever_the_prompt() -> None:
    def asked(**arguments: str | int) -> Case:
        return b.case(arguments={"model": "gpt-image-2", "n": 1, **arguments})

    assert question_of(asked(prompt="a" * 30_000)) == question_of(asked(prompt="b"))
    assert question_of(asked(prompt="b", n=2)) != question_of(asked(prompt="b"))


def test_a_benchmark_has_its_slots_without_the_warm_up() -> None:
    def measured(block: int, *, warm_up: bool) -> Record:
        slot = Slot(workload="square", fit="exact", stage="closed-4", block=block, warm_up=warm_up)
        made = _asked(f"square/{block}", b.images(), stage="measure")
        return replace(made, shot=replace(made.shot, slot=slot))

    run = _baseline([measured(0, warm_up=True), measured(1, warm_up=False)])

    assert [(each.workload, each.place) for each in run.samples] == [
        ("square", "closed-4/1/square/1")
    ]


# --------------------------------------------------------------------- errors, and a file
def test_a_benchmark_tells_how_late_our_own_process_was() -> None:
    busy = replace(bm.benchmark(bm.design((bm.SQUARE,))), watched=(bm.WATCHED,) * 2)
    busy = replace(busy, watched=(*busy.watched, replace(bm.WATCHED, lag_p99_s=0.1234)))

    assert (late_s(busy), late_s(None)) == (0.123, 0.0)


def test_only_errors_that_nobody_asked_for_are_counted() -> None:
    records = [
        _asked("plain", b.fault("server")),
        _asked("again", b.fault("server"), stage="confirm"),
        _asked("cut", b.fault("unknown", why=CUT_OFF_WHY, may_be_paid=True)),
        _over("over", b.refused()),
    ]

    (error,) = _baseline(records).errors

    assert (error.error_class, error.count) == ("server", 1)


def test_a_baseline_holds_no_prompt_and_is_small(tmp_path: Path) -> None:
    run = _baseline([_asked(f"row/{at}", b.images()) for at in range(100)])
    path = tmp_path / "baseline.json"

    write_baseline(path, run)

    assert read_baseline(path) == run
    assert TEXT not in path.read_text()
    assert len(dumped_baseline(replace(run, promises=()))) < 100 * 300


def test_documents_of_providers_that_were_not_asked_are_left_out() -> None:
    run = _baseline([_asked("plain", b.images())], sub2api="one", buble="two")

    assert run.documents == {"sub2api": "one"}


def test_a_file_that_cannot_be_written_is_one_line(tmp_path: Path) -> None:
    with pytest.raises(StoreError, match=r"cannot be written: .*--baseline"):
        write_baseline(
            tmp_path / "nowhere" / "baseline.json", _baseline([_asked("plain", b.images())])
        )


def test_a_run_that_received_nothing_is_no_baseline(tmp_path: Path) -> None:
    with pytest.raises(NothingTested, match="received nothing: no baseline is written"):
        write_baseline(tmp_path / "baseline.json", _baseline([_asked("unsent", None)]))

    assert [*tmp_path.iterdir()] == []
