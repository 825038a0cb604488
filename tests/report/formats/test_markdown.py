import re

from hypothesis import given
from hypothesis import strategies as st

from harness.report.formats.markdown import MOST_CHARACTERS, markdown
from harness.report.formats.markdown_text import escaped
from tests.report import builders as b


def test_an_emulators_banner_stands_before_all_results() -> None:
    text = markdown(b.sample())

    assert text.index("says nothing about the real providers") < text.index("| Provider |")


def test_each_table_has_as_many_cells_in_every_row() -> None:
    for block in markdown(b.sample()).split("\n\n"):
        if block.startswith("|"):
            widths = {len(re.findall(r"(?<!\\)\|", row)) for row in block.splitlines()}
            assert len(widths) == 1


@given(st.text(st.one_of(st.characters(), st.sampled_from(list("|\n\r`<>*_[]#@\\\u202e")))))
def test_foreign_text_stays_in_its_cell(text: str) -> None:
    found = escaped(text)

    assert "\n" not in found
    assert not re.search(r"(?<!\\)(?:\\\\)*\|", found)
    assert "<" not in found
    assert "\u202e" not in found


def test_nothing_a_provider_says_becomes_a_mention_a_link_or_an_image() -> None:
    found = escaped("@octocat #12 https://evil.example ![x](https://evil.example) www.evil.example")

    assert "@" not in found.replace("&#64;", "")
    assert "://" not in found
    assert "www." not in found
    assert "![" not in found
    assert "#12" not in found.replace("&#", "")


def test_a_finding_shows_its_promise_its_request_and_its_source() -> None:
    served = b.record(b.case(expect="refuse", breaks="n.range"), b.images(11))
    text = markdown(b.report([served], [], [b.finding(served)]))

    assert "### sub2api, generate: `n.range`" in text
    assert "- **Expected:** a refusal: n is 1 to 10" in text
    assert "```sh\ncurl -sS -X POST" in text


def test_backticks_in_a_prompt_do_not_end_the_block() -> None:
    asked = b.case(arguments={"prompt": "``````\n# owned"})
    text = markdown(b.report([b.record(asked, b.images())], [], [b.finding(b.record(asked, None))]))

    assert "\n```````sh\n" in text
    assert "\n# owned" not in text


def test_a_flood_of_findings_still_fits_a_comment() -> None:
    asked = b.case(arguments={"prompt": "x" * 3_000})
    shown = [b.finding(b.record(asked, b.images()), observed="y" * 10_000) for _ in range(200)]
    text = markdown(b.report([shown[0].record], [], shown))

    assert len(text) <= MOST_CHARACTERS
    assert re.search(r"… and \d+ more findings; `index.html` of this run shows them all", text)


def test_a_request_too_long_for_a_comment_is_left_to_the_page() -> None:
    asked = b.case(arguments={"prompt": "x" * 32_001})
    text = markdown(b.report([], [], [b.finding(b.record(asked, b.images()))]))

    assert "too long for this page" in text
    assert "x" * 100 not in text
