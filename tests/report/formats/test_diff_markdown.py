"""A diff as Markdown for GitHub: the sentence first, nothing foreign acts, and it always fits."""

import re

from hypothesis import given, settings

from harness.comparing.model import Change, ChangeKind, Diff
from harness.report.formats.diff_markdown import MOST_CHARACTERS, diff_markdown
from tests.comparing import diffs as d

CODE = re.compile(r"^(`{3,})sh\n[^\n]*\n\1$|`[^`\n]*`", re.MULTILINE)
"""A block or a span of code: nothing in it acts."""

LIMIT = 65_536
"""Characters of a comment on GitHub."""


def test_the_sentence_stands_first_then_a_row_for_each_failing_change() -> None:
    found = d.diff(
        d.change("broken", sentence="nanobanana generate breaks n.range."),
        d.change("slower", workload="square", sentence="slower at square: +25 % [15, 36]."),
        d.change("flaky", sentence="flakier"),
        known=(d.shown("stale"), d.shown("expected")),
    )
    lines = diff_markdown(found).splitlines()
    rows = [line for line in lines if line.startswith("|")]

    assert lines[0].startswith("**✗ HEAD newly breaks 1 promise, and is slower at 1 place")
    assert rows[2:] == [
        "| **broken** | nanobanana | generate n.range | nanobanana generate breaks n.range. |",
        "| **slower** | nanobanana | generate square | slower at square: +25 % \\[15, 36\\]. |",
        "| **stale** | nanobanana | generate n.range | nanobanana n.range: stale. |",
    ]
    assert "flakier" not in "\n".join(rows)
    assert "<details><summary>Other changes: 1</summary>" in lines


def test_a_broken_promise_stands_with_the_request_that_shows_it() -> None:
    shown_by = {
        "request": "POST /v1/images n=`11`|",
        "reproduction": "head/findings/01 a/repeat.sh",
    }
    text = diff_markdown(d.diff(d.change("broken", sentence="breaks n.range.", **shown_by)))

    assert "| breaks n.range.<br>`POST /v1/images n=11`<br>`head/findings/01 a/repeat.sh` |" in text


def test_marks_say_whether_it_fails() -> None:
    assert diff_markdown(d.diff()).startswith("**✓ Nothing changed")
    assert diff_markdown(d.diff(unclear="nobody answered")).startswith("**? HEAD tells nothing")


def test_the_emulators_caution_is_not_folded_away() -> None:
    text = diff_markdown(d.diff())

    assert text.index("says nothing about the real provider") < text.index("<details>")


def test_a_suspicion_stands_with_its_command() -> None:
    text = diff_markdown(d.diff(d.change(standing="suspected")))

    assert "```sh\nharness diff reports/base reports/head --confirm\n```" in text


def test_a_path_with_a_fence_or_a_line_end_in_it_stays_what_it_is() -> None:
    suspected = d.change(standing="suspected")
    fenced = diff_markdown(d.diff(suspected, head=d.side(source="a```\n# owned")))
    ticks = diff_markdown(d.diff(suspected, head=d.side(source="a````b")))

    assert "\n# owned" not in fenced
    assert "`````sh\nharness diff reports/base 'a````b' --confirm\n`````" in ticks


def _many(number: int, sentence: str, **more: object) -> tuple[Change, ...]:
    kinds: tuple[ChangeKind, ...] = ("broken", "slower", "flaky")
    return tuple(
        d.change(kinds[at % 3], sentence=f"{at} {sentence}", **more) for at in range(number)
    )


def test_five_thousand_changes_fit_and_the_others_are_counted() -> None:
    hostile = "&<>|`*_[]#1 @octocat \u202e" * 40
    found = d.diff(
        *_many(5_000, hostile),
        *_many(500, hostile, standing="suspected"),
        *_many(500, hostile, direction="better"),
        not_compared=(hostile,) * 500,
        known=tuple(d.shown("expired", promise=hostile) for _ in range(500)),
        base=d.side(evidence={hostile + str(at): d.LIVE for at in range(200)}),
    )
    text = diff_markdown(found)

    assert len(text) <= MOST_CHARACTERS < LIMIT
    assert re.search(r"… and 3,\d{3} more, all in the JSON\.", text)
    assert text.count("<details>") == text.count("</details>") == 5
    assert text.rstrip().endswith("</details>")


@settings(max_examples=50)
@given(d.diffs())
def test_nothing_foreign_acts_as_markdown_or_html(found: Diff) -> None:
    text = diff_markdown(found)
    outside = CODE.sub("", text)

    assert len(text) <= MOST_CHARACTERS
    assert "\u202e" not in text
    assert "\x1b" not in text
    assert set(re.findall(r"<[^>]*>", outside)) <= {
        *("<details>", "</details>", "<summary>", "</summary>", "<br>"),
    }
    assert "@octocat" not in outside
    assert "#12" not in outside.replace("&#", "")
    assert "://" not in outside
    assert not re.search(r"(?<!\w)www\.", outside)
    assert not re.search(r"(?<!\\)!\[", outside)


@settings(max_examples=25)
@given(d.diffs())
def test_every_row_has_as_many_cells(found: Diff) -> None:
    text = diff_markdown(found)
    rows = [line for line in text.splitlines() if line.startswith("| ")]

    assert {len(re.findall(r"(?<!\\)\|", row)) for row in rows} <= {5}
