from dataclasses import replace
from functools import cache

from markupsafe import escape

from harness.core.case import Case
from harness.core.exchange import Reply, Request, Times
from harness.core.outcome import FollowUpResult, Outcome
from harness.core.record import Record
from harness.core.verdict import Finding, Verdict
from harness.report.exhibits.exhibits import ROOM_BYTES, transcripts
from harness.report.model import Report
from harness.report.transcripts.model import CellDetail, Transcript, Transcripts
from tests.report import builders as b
from tests.shipped import shipped_provider

ACCEPT = b.case(id="n=10", covers=("n.range=10", "prompt.required"))
REFUSE = b.case(id="n=11", expect="refuse", breaks="n.range")
OBSERVE = b.case(id="style", expect="observe", breaks="style.one_of")


def shown(
    records: list[Record], verdicts: list[Verdict], findings: tuple[Finding, ...] = ()
) -> Transcripts:
    providers = {"sub2api": shipped_provider("sub2api")}
    return transcripts(records, verdicts, findings, providers, words={})


def detail(of: Transcripts, promise: str) -> CellDetail:
    return of.details["sub2api", "generate", promise]


def one(asked: Case, outcome: Outcome | None, **more: object) -> Transcript:
    made = replace(b.record(asked, outcome), **more)  # type: ignore[arg-type] # any field
    return shown([made], [b.verdict(made)]).by_case["sub2api", "generate", asked.id]


@cache
def large() -> Report:
    return b.sample()


def test_a_held_promise_shows_one_accepted_and_one_refused_case() -> None:
    served, turned = b.record(ACCEPT, b.images(10)), b.record(REFUSE, b.refused())
    others = [b.record(replace(ACCEPT, id=f"n={at}"), b.images(10)) for at in range(5)]
    records = [served, *others, turned]
    verdicts = [b.verdict(each) for each in records[:-1]] + [
        b.verdict(turned, constraint="n.range")
    ]
    found = detail(shown(records, verdicts), "n.range")

    assert found.cases == ("n=10", "n=11")
    assert found.more == 5


def test_a_value_at_a_promises_edge_tells_more_than_a_request_that_merely_keeps_it() -> None:
    plain = b.record(b.case(id="base", covers=("n.range", "prompt.required")), b.images())
    edge = b.record(b.case(id="n=10", covers=("n.range=10",)), b.images(10))
    found = shown([plain, edge], [b.verdict(plain), b.verdict(edge)])

    assert detail(found, "n.range").cases == ("n=10",)
    assert detail(found, "prompt.required").cases == ("base",)


def test_few_transcripts_serve_many_promises() -> None:
    alone = [
        b.record(b.case(id=f"only {name}", covers=(f"{name}=1",)), b.images())
        for name in ("n.range", "size.max_edge")
    ]
    both = b.record(b.case(id="both", covers=("n.range=1", "size.max_edge=1")), b.images())
    records = [*alone, both]
    found = shown(records, [b.verdict(each) for each in records])

    assert detail(found, "n.range").cases == detail(found, "size.max_edge").cases == ("both",)


def test_a_broken_promise_shows_the_finding_and_not_what_passed() -> None:
    served, wrong = b.record(ACCEPT, b.images(10)), b.record(REFUSE, b.images())
    verdicts = [b.verdict(served), b.verdict(wrong, "fail", constraint="n.range")]
    found = shown([served, wrong], verdicts, (b.finding(wrong),))

    assert detail(found, "n.range").cases == ("n=11",)
    assert detail(found, "prompt.required").cases == ("n=10",)


def test_the_request_of_values_that_fail_together_is_shown_too() -> None:
    wrong = b.record(ACCEPT, b.refused())
    together = replace(b.finding(wrong, constraint=None), combination=("n=10", "quality=high"))
    found = shown([wrong], [b.verdict(wrong, "fail")], (together,))

    assert ("sub2api", "generate", "n=10") in found.by_case


def test_a_promise_of_which_no_case_speaks_has_the_documents_place() -> None:
    served = b.record(ACCEPT, b.images())
    found = detail(shown([served], [b.verdict(served)]), "size.max_edge")

    assert found.cases == ()
    assert "Size" in found.quotations[0].place or found.quotations[0].place


def test_what_only_looked_and_what_could_not_be_judged_is_shown() -> None:
    looked = b.record(OBSERVE, b.refused())
    failed = b.record(b.case(id="late", about="n.range"), b.fault("timeout"))
    found = shown([looked, failed], [b.verdict(failed, "inconclusive", constraint="n.range")])

    assert detail(found, "style.one_of").cases == ("style",)
    assert detail(found, "n.range").cases == ("late",)


def test_a_job_shows_its_submission_its_last_state_and_counts_the_rest() -> None:
    submit = Request(method="POST", target="/jobs")
    rounds = [
        b.exchange("submit", 0.0, 0.5, document={"id": "j1"}, request=submit),
        *(b.exchange("poll", at, at + 0.1, document={"state": "busy"}) for at in (2.0, 4.0)),
        b.exchange("poll", 6.0, 6.1, document={"state": "done"}),
        b.exchange("download", 6.2, 8.0),
    ]
    told = one(ACCEPT, b.images(), exchanges=tuple(rounds))

    assert told.submitted is not None
    assert '"id": "j1"' in told.submitted.body
    assert told.received is not None
    assert '"state": "done"' in told.received.body
    assert (told.asked, told.took) == ("GET /x", "6.1 s")
    assert told.steps == ("2 polls, 2.1 s", "1 download, 1.8 s")


def test_what_was_asked_after_the_end_is_told_with_its_answer() -> None:
    again = FollowUpResult(kind="same_key", status=202, job="j2", state="QUEUED")
    lost = FollowUpResult(kind="unknown_job", why="connection reset")
    told = one(ACCEPT, replace(b.images(), job="j1", after=(again, lost)))

    assert told.notes[:3] == (
        "Sent with the user's key.",
        "Submitted again under the same key: HTTP 202, job j2, QUEUED.",
        "Asked for a job that never was: connection reset.",
    )


def test_what_was_not_sent_or_not_answered_says_why() -> None:
    unsent = one(ACCEPT, None, skipped="budget: spent")
    silent = one(ACCEPT, b.fault("timeout", why="300 s"))

    assert (unsent.received, unsent.why) == (None, "Nothing was sent: budget: spent")
    assert (silent.received, silent.why) == (None, "timeout: 300 s")
    assert (unsent.summary, silent.summary) == ("not sent: budget: spent", "timeout: 300 s")


def test_a_curl_line_that_is_too_long_is_left_to_the_journal() -> None:
    told = one(b.case(arguments={"prompt": "a " * 16_000}), b.images())

    assert told.curl == ""
    assert "journal.jsonl holds the request whole" in " ".join(told.notes)
    assert len(told.sent.body) < 1_000


def test_outcomes_are_told_in_a_few_words() -> None:
    assert one(ACCEPT, b.images(2)).summary == "2 images: png 1024x1024"
    assert one(REFUSE, b.refused()).summary == "refused: 400 invalid_value"


def hostile(number: int, name: str = "sub2api") -> Record:
    evil = "<script>\u202e\x1b[31m&'\"" * 400
    headers = tuple((f"x-ratelimit-{at}{evil}", evil) for at in range(50))
    asked = b.case(
        name=name,
        id=f"{number} {evil}",
        covers=(f"n.range={number}",),
        arguments={"prompt": evil},
        why=evil,
    )
    made = b.record(asked, b.refused(evil, code=evil))
    reply = Reply(status=400, headers=headers, document={evil: [evil] * 90}, size_bytes=10**6)
    sent = replace(made.exchanges[0], answer=reply, times=Times(due_s=0, sent_s=0, end_s=1))
    return replace(made, exchanges=(sent,))


def test_a_full_page_keeps_its_room_shows_findings_first_and_counts_the_rest() -> None:
    records = [hostile(number) for number in range(60)]
    findings = tuple(b.finding(each, constraint=f"x.{at}") for at, each in enumerate(records))
    found = shown(records, [b.verdict(each, "fail") for each in records], findings)
    told = sum(len(escape(str(each)).encode()) for each in found.by_case.values())

    assert 0 < len(found.by_case) < 60
    assert told < ROOM_BYTES * 1.2  # a dataclass spells its fields' names, too
    assert found.left_out > 0
    assert found.left_out == sum(not each.cases for each in found.details.values() if each.such_as)
    assert next(iter(found.by_case))[2] == records[0].shot.case.id


def test_one_provider_whose_replies_are_huge_leaves_the_others_their_share() -> None:
    records = [hostile(number) for number in range(40)]
    findings = [b.finding(each, constraint=f"x.{at}") for at, each in enumerate(records)]
    other = hostile(0, "buble")
    providers = {name: shipped_provider(name) for name in ("sub2api", "buble")}
    verdicts = [b.verdict(other, constraint="prompt.required")]
    found = transcripts([*records, other], verdicts, findings, providers, words={})

    assert len(found.by_case) < 40
    assert ("buble", "generate", other.shot.case.id) in found.by_case


def test_equal_runs_choose_equal_transcripts_and_every_named_one_is_there() -> None:
    first, again = large().transcripts, b.sample().transcripts

    assert (first.by_case, first.details) == (again.by_case, again.details)
    assert list(first.by_case) == list(again.by_case)
    for each in first.details.values():
        for case in each.cases:
            assert (each.provider, each.operation, case) in first.by_case


def test_every_cell_that_promises_something_has_its_detail() -> None:
    report = large()
    columns = report.matrix.columns
    missing = [
        (column.provider, row.id, cell.state)
        for row in report.matrix.rows
        for column, cell in zip(columns, row.cells, strict=True)
        if cell.state not in {"absent", "not tried"}
        and (column.provider, column.operation, row.id) not in report.transcripts.details
    ]

    assert missing == []
