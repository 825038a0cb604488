import base64
import hashlib
import re
from collections.abc import Callable
from dataclasses import replace
from html.parser import HTMLParser
from pathlib import Path

import pytest

from harness.core.exchange import Part, Request
from harness.report.formats import html as module
from harness.report.formats.html import html, request_shown
from harness.report.model import Report
from harness.spec.request import form_part
from tests.report import builders as b

EVIL = (
    "<script>alert(1)</script><img src=https://evil.example/x onerror=alert(2)> \u202eabc\u202c \0"
)
VOID = {"meta", "link", "br", "wbr", "input", "img", "line", "circle"}
STYLE = "".join(
    file.read_text(encoding="utf-8")
    for file in sorted((Path(module.__file__).parents[1] / "templates" / "style").iterdir())
)


class Page(HTMLParser):
    """Reads a page: its tags with their attributes, the text outside of scripts, its balance."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.tags: list[tuple[str, dict[str, str | None]]] = []
        self.open: list[str] = []
        self.unbalanced: list[str] = []
        self.words: list[str] = []
        self.raw: dict[str, str] = {}
        self.feed(text)
        self.close()

    @property
    def text(self) -> str:
        return " ".join("".join(self.words).split())

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append((tag, dict(attrs)))
        self.words.append(" " if tag in {"td", "th", "p", "dd", "dt", "h1", "h2", "small"} else "")
        if tag not in VOID:
            self.open.append(tag)

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append((tag, dict(attrs)))

    def handle_endtag(self, tag: str) -> None:
        if tag in VOID:
            return
        if not self.open or self.open.pop() != tag:
            self.unbalanced.append(tag)

    def handle_data(self, data: str) -> None:
        if self.open and self.open[-1] in {"script", "style"}:
            self.raw[self.open[-1]] = self.raw.get(self.open[-1], "") + data
        else:
            self.words.append(data)


def _empty() -> Report:
    return b.report([])


def _hostile() -> Report:
    asked = b.case(
        id=f"case {EVIL}",
        expect="observe",
        about="response_format.one_of",
        arguments={"prompt": EVIL + "x" * 32_001, "response_format": EVIL},
        why=EVIL,
    )
    shown = b.record(asked, b.refused(EVIL + "y" * 10_240, code=EVIL))
    promise = b.finding(shown, expected=EVIL, observed=EVIL + "z" * 10_240)
    verdicts = [b.verdict(shown, status, why=EVIL) for status in ("error", "skip", "inconclusive")]
    return b.report([shown], verdicts, [promise], notes=(EVIL,))


MADE = pytest.mark.parametrize("made", [b.sample, _empty, _hostile])


@MADE
def test_the_page_fetches_nothing(made: Callable[[], Report]) -> None:
    text = html(made())
    page = Page(text)

    assert {tag for tag, _ in page.tags} & {"img", "iframe", "object", "embed", "form"} == set()
    for tag, attributes in page.tags:
        assert "src" not in attributes
        assert tag != "link" or attributes["href"] == "data:,"
        assert tag != "a" or (attributes["href"] or "").startswith(("#", "findings/"))
    assert "@import" not in STYLE
    assert "url(" not in STYLE
    assert not re.search(r"https?:|fetch\(|import\(", page.raw["script"])


@MADE
def test_tags_are_balanced_and_links_lead_somewhere(made: Callable[[], Report]) -> None:
    report = made()
    page = Page(html(report))
    places = {attributes["id"] for _, attributes in page.tags if "id" in attributes}
    places |= {f"{item.reproduction.folder}/" for item in report.all_findings}

    assert (page.unbalanced, page.open) == ([], [])
    for tag, attributes in page.tags:
        if tag == "a":
            assert (attributes["href"] or "").removeprefix("#") in places


@MADE
def test_the_policy_allows_only_our_own_style_and_script(made: Callable[[], Report]) -> None:
    page = Page(html(made()))
    policy = next(
        attributes["content"] or ""
        for tag, attributes in page.tags
        if tag == "meta" and attributes.get("http-equiv") == "Content-Security-Policy"
    )
    for kind in ("style", "script"):
        raw = hashlib.sha256(page.raw[kind].encode()).digest()
        assert f"{kind}-src 'sha256-{base64.b64encode(raw).decode()}'" in policy

    assert policy.startswith("default-src 'none'")
    assert sum(tag == "script" for tag, _ in page.tags) == 1
    assert not [key for _, attributes in page.tags for key in attributes if key.startswith("on")]
    assert not [key for _, attributes in page.tags for key in attributes if key == "style"]


def test_foreign_text_shows_its_control_characters_and_acts_as_none() -> None:
    text = html(_hostile())

    assert "\u202e" not in text
    assert "\0" not in text
    assert "<script>alert(1)</script>" in Page(text).text
    assert "\\u202eabc\\u202c" in Page(text).text


def test_a_message_of_ten_kilobytes_is_shortened_and_says_so() -> None:
    text = html(_hostile())

    assert "y" * 500 not in text
    assert "z" * 500 not in text
    assert "(10,3" in text  # 10,240 characters and the markup before them


def test_a_long_prompt_is_short_in_the_request_and_complete_in_the_curl_line() -> None:
    asked = b.case(arguments={"prompt": "x" * 32_001})
    text = html(b.report([], [], [b.finding(b.record(asked, b.images()))]))

    assert text.count("x" * 32_001) == 1
    assert '"prompt": "' + "x" * 160 + "… (32,001 characters)" in Page(text).text


def test_an_emulators_banner_is_the_first_thing_said() -> None:
    text = Page(html(b.sample())).text
    banner = text.index("Replay of an emulator recording: it says nothing about the real providers")

    assert banner < text.index("Emulated Buble")
    assert banner < text.index("Findings")


def test_a_live_run_has_no_word_of_an_emulator() -> None:
    served = b.record(b.case(), b.images())
    text = Page(html(b.report([served], [b.verdict(served)]))).text

    assert "emulator" not in text.lower()
    assert "Not the real provider" not in text


def test_each_cell_has_a_word_beside_its_colour() -> None:
    report = b.sample()
    page = Page(html(report))
    states = [cell.state for row in report.matrix.rows for cell in row.cells]

    for state in ("held", "broken", "undocumented", "inconclusive", "not tried"):
        assert page.text.count(f" {state}") >= states.count(state) > 0


def test_a_broken_cell_leads_to_its_finding() -> None:
    page = Page(html(b.sample()))
    links = [attributes["href"] for tag, attributes in page.tags if tag == "a"]

    assert "#finding-sub2api-generate-n.range" in links
    assert "#finding-sub2api-generate-size.multiple_of" in links


def test_each_promise_is_cited_at_the_provider_that_makes_it() -> None:
    page = Page(html(b.sample()))
    sources = page.text.partition("Where each promise is written")[2]

    assert "n.range nanobanana generate n is 1" in sources
    assert "n.range sub2api generate n is between 1 and 10" in sources


def test_equal_promises_of_two_operations_are_cited_at_both() -> None:
    records = [b.record(b.case(operation=name), b.images()) for name in ("generate", "edit")]
    sources = Page(html(b.report(records))).text.partition("Where each promise is written")[2]

    assert "n.range sub2api generate n is between 1 and 10" in sources
    assert "n.range sub2api edit n is between 1 and 10" in sources


def test_a_crashed_check_is_said_on_top_to_be_ours() -> None:
    served = b.record(b.case(), b.images())
    text = Page(html(b.report([served], [b.verdict(served, "error", why="KeyError: 'x'")]))).text

    assert text.index("The harness itself failed in 1 place") < text.index("No broken promise")
    assert "KeyError: 'x'" in text


def test_a_form_is_shown_with_its_files() -> None:
    request = Request(
        method="POST",
        target="/v1/images/edits",
        form=(
            Part(name="prompt", value="fox"),
            Part(
                name="image[]",
                filename="a.png",
                media_type="image/png",
                size_bytes=1234,
                width_px=16,
                height_px=32,
            ),
        ),
    )

    assert request_shown(request) == (
        "POST /v1/images/edits\nprompt = fox\nimage[] = @a.png (image/png, 1,234 bytes, 16x32)"
    )


def test_an_idempotency_key_is_shown_with_its_request() -> None:
    headers = (("Accept", "*/*"), ("Idempotency-Key", "this-run-base"))
    request = Request(method="POST", target="/v2/x", headers=headers, body={"n": 1})

    assert request_shown(request).startswith("POST /v2/x\nIdempotency-Key: this-run-base\n{")


def test_several_commands_are_shown_with_what_to_do_before_they_run() -> None:
    named = b.file_arguments("png-rgb-64x64-1.png")
    request = Request(method="POST", target="/e", form=(form_part("image[]", named),))
    shown = b.record(b.case(), b.images())
    shown = replace(shown, shot=replace(shown.shot, request=request))
    text = Page(html(b.report([shown], [], [b.finding(shown)]))).text

    assert "image[]=@files/png-rgb-64x64-1.png;type=image/png" in text
    assert "Run it in the folder of this report" in text


def luminance(colour: str) -> float:
    parts = colour.lstrip("#")
    parts = "".join(char * 2 for char in parts) if len(parts) == 3 else parts
    linear = [
        value / 12.92 if value <= 0.04045 else ((value + 0.055) / 1.055) ** 2.4
        for value in (int(parts[at : at + 2], 16) / 255 for at in (0, 2, 4))
    ]
    return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]


def contrast(one: str, other: str) -> float:
    """WCAG 2.2, relative luminance and contrast ratio."""
    light, dark = sorted((luminance(one), luminance(other)), reverse=True)
    return (light + 0.05) / (dark + 0.05)


@pytest.mark.parametrize("theme", [0, 1, 2])
def test_text_has_a_contrast_of_at_least_four_and_a_half(theme: int) -> None:
    colours = dict(
        re.findall(
            r"--([\w-]+): (#\w+);", re.findall(r":root \{(.*?)\n *\}", STYLE, re.DOTALL)[theme]
        )
    )
    pairs = [("ink", "paper"), ("soft", "paper"), ("link", "paper"), ("ink", "sheet")]
    pairs += [("soft", "sheet"), ("loud", "loud-paper"), ("loud", "paper")]
    pairs += [
        (state, f"{state}-paper")
        for state in ("held", "broken", "doubt", "undocumented", "inconclusive", "idle")
    ]

    for text, paper in pairs:
        assert contrast(colours[text], colours[paper]) >= 4.5, (text, paper)
