from time import process_time
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st

from harness.core.record import Record
from harness.core.verdict import Verdict
from harness.report.formats.html import html
from harness.report.formats.markdown import markdown
from harness.report.model import Unjudged
from harness.report.unjudged import MOST_REASONS, constant_part, unjudged
from tests.report import builders as b


def _failed(why: str, at: int = 0, *, job: str | None = None, name: str = "buble") -> Record:
    return b.record(b.case(name=name, id=f"case {at}"), b.fault("job_failed", why=why, job=job))


def _inconclusive(records: list[Record], whys: list[str]) -> list[Verdict]:
    return [
        b.verdict(record, "inconclusive", why=why)
        for record, why in zip(records, whys, strict=True)
    ]


def _gathered(*whys: str) -> tuple[Unjudged, ...]:
    records = [_failed(why, at) for at, why in enumerate(whys)]
    return unjudged(_inconclusive(records, list(whys)), records)


def test_verdicts_without_judgement_are_gathered_by_reason_errors_first() -> None:
    served = [b.record(b.case(id=str(at)), b.images()) for at in range(3)]
    report = b.report(
        served,
        [
            b.verdict(served[0], "skip", why="no usage"),
            b.verdict(served[1], "inconclusive", why="no bytes"),
            b.verdict(served[2], "inconclusive", why="no bytes"),
            b.verdict(served[2], "inconclusive", check="usage_adds_up", why="no bytes"),
            b.verdict(served[0], "error", check="usage_adds_up", why="KeyError"),
        ],
    )

    assert [
        (item.status, item.why, [each.case for each in item.cases]) for item in report.unjudged
    ] == [
        ("error", "KeyError", ["0"]),
        ("inconclusive", "no bytes", ["1", "2"]),
        ("skip", "no usage", ["0"]),
    ]
    assert report.unjudged[1].checks == ("accepts_what_it_documents", "usage_adds_up")
    assert [item.why for item in report.harness_errors] == ["KeyError"]
    assert "`usage_adds_up` at sub2api, generate (1 case): KeyError" in markdown(report)


@pytest.mark.parametrize(
    ("one", "other", "constant"),
    [
        (
            f"job {UUID(int=7)} failed: upstream error",
            f"job {UUID(int=8 << 90)} failed: upstream error",
            "job … failed: upstream error",
        ),
        (
            "no image of https://cdn.one.example/a/b.png?sig=xyz came",
            "no image of http://two.example/c.webp came",
            "no image of … came",
        ),
        (
            "HTTP 502 without JSON: '<p>Ray ID: 7fd0c</p>'",
            "HTTP 502 without JSON: '<p>Ray ID: 81aa2</p>'",
            "HTTP 502 without JSON: '<p>Ray ID: …</p>'",
        ),
        (
            "charged 23 credit, listed 24 (the listed price is undocumented)",
            "charged 0.092680 credit, listed 1,024 (the listed price is undocumented)",
            "charged … credit, listed … (the listed price is undocumented)",
        ),
        ("late by 1 2 3", "late by 7, 8, 9, 10", "late by …"),
        ("at 2026-12-01 10:20:30 UTC", "at 2027-01-31T11:00:02Z UTC", "at … UTC"),
        ("queue ٣٤ full", "queue ③ full", "queue … full"),
        ("over\u200bload\u202e", "over\u2060load \x1b", "overload"),
        ("token " + "q" * 33, "token " + "w" * 40, "token …"),
    ],
)
def test_reasons_that_differ_in_ids_numbers_and_addresses_are_one_line(
    one: str, other: str, constant: str
) -> None:
    (row,) = _gathered(one, other)

    assert row.why == constant
    assert [case.why for case in row.cases] == [one, other]


def test_a_status_is_a_reason_of_its_own() -> None:
    assert [row.why for row in _gathered("HTTP 502: busy", "HTTP 503: busy")] == [
        "HTTP 502: busy",
        "HTTP 503: busy",
    ]


def test_a_reason_that_is_always_the_same_keeps_its_numbers() -> None:
    (row,) = _gathered("no reply within 300 s", "no reply within 300 s")

    assert row.why == "no reply within 300 s"
    assert {case.why for case in row.cases} == {""}


@given(jobs=st.lists(st.text(min_size=3, max_size=40), min_size=2, max_size=4, unique=True))
def test_the_ids_of_jobs_make_no_reasons_of_their_own(jobs: list[str]) -> None:
    assert {
        constant_part(f"job <{job}> failed", job) for job in jobs if job not in "job < > failed"
    } <= {"job <…> failed"}


def test_the_job_of_a_reason_is_that_of_its_record() -> None:
    jobs = ("Qwertz", "Asdf gh")
    whys = [f"job {job} failed" for job in jobs]
    records = [_failed(why, at, job=jobs[at]) for at, why in enumerate(whys)]

    assert [row.why for row in unjudged(_inconclusive(records, whys), records)] == ["job … failed"]


def test_providers_stand_apart() -> None:
    records = [_failed("down", name=name) for name in ("buble", "openai")]

    assert [row.provider for row in unjudged(_inconclusive(records, ["down"] * 2), records)] == [
        "buble",
        "openai",
    ]


def test_a_crash_of_ours_stands_once_for_each_place() -> None:
    records = [b.record(b.case(operation=name), b.images()) for name in ("generate", "edit")]
    errors = [b.verdict(record, "error", why="KeyError") for record in records for _ in "ab"]

    assert [row.operations for row in unjudged(errors, records)] == [("generate",), ("edit",)]


def _words(at: int) -> str:
    """Return a reason that shares no word with another number's, and holds no digit."""
    letters = "".join(chr(ord("a") + int(digit)) for digit in str(at))
    return f"the {letters} {letters[::-1]} is {letters}x"


def test_a_chatty_provider_fills_no_page() -> None:
    (*rows, rest) = _gathered("down", "down", *map(_words, range(1_000, 2_000)))

    assert len(rows) == MOST_REASONS
    assert rows[0].why == "down"
    assert rest.why == f"{1_000 - MOST_REASONS + 1} more reasons, none of more than 1"
    assert len(rest.cases) == 1_000 - MOST_REASONS + 1
    assert rest.cases[0].why == _words(1_000 + MOST_REASONS - 1)


def test_one_reason_more_than_are_shown_is_shown() -> None:
    assert len(_gathered(*map(_words, range(MOST_REASONS + 1)))) == MOST_REASONS + 1


HOSTILE = [
    "<script>window.__pwned=1</script>" * 40,
    "a" * 1_000_000,
    "a." * 500_000,
    "a://" * 250_000,
    "… " * 500_000,
    "HTTP 200 " * 100_000,
    "\u202e" * 500_000,
    "7" * 1_000_000,
]


def test_no_reason_takes_long() -> None:
    began = process_time()
    for why in HOSTILE:
        constant_part(why, job=why[:9])

    assert process_time() - began < 1


def test_a_hostile_reason_is_shown_as_text() -> None:
    records = [_failed("x", at) for at in range(2)]
    whys = [f"<b onclick=x()>\u202e\x1b[31m{at}</b>" for at in range(2)]
    page = html(b.report(records, _inconclusive(records, whys), names=("buble",)))
    section = page.partition('<section id="unjudged">')[2].partition("</section>")[0]

    assert "<b onclick" not in section
    assert "\u202e" not in section
    assert "\x1b" not in section
    assert section.count("<tr>") == 2  # the head, and one line


@given(why=st.text(max_size=200))
def test_what_is_constant_stays_when_it_is_read_again(why: str) -> None:
    assert constant_part(constant_part(why)) == constant_part(why)
