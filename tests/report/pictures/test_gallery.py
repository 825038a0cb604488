"""What came beside what was asked: prompts side by side, operations with wrong images first."""

import re
from collections.abc import Sequence
from dataclasses import replace

import pytest
from PIL import Image

from harness.core.case import Slot
from harness.core.exchange import Picture
from harness.core.inspection import Inspection
from harness.core.outcome import Images, Outcome
from harness.core.record import Record
from harness.core.verdict import Verdict
from harness.report.compose import compose
from harness.report.formats.html import html
from harness.report.pictures.gallery import PROMPTS_AT_MOST, TILES_AT_MOST, Gallery, galleries
from harness.transport.inspection.thumbnails import thumbnail_of
from tests.report import builders as b
from tests.shipped import shipped_provider

NAMES = ("buble", "sub2api", "openai")
PROVIDERS = {name: shipped_provider(name) for name in NAMES}
SMALL = thumbnail_of(Image.new("RGB", (64, 32), (200, 40, 40)))
HOSTILE = '"><script>alert(1)</script>\u202e\x1b[31m'


def served(number: int = 0, **changed: object) -> Images:
    return Images(pictures=(replace(b.picture(number), **changed),))  # type: ignore[arg-type]


def attempt(name: str, block: int, outcome: Outcome, *, workload: str = "square") -> Record:
    asked = b.case(
        name=name,
        id=f"{workload}-{block}",
        arguments={"prompt": f"a fox, {workload} {block}", "quality": "low"},
    )
    made = b.record(asked, outcome, evidence=b.EMULATOR, seconds=4.2)
    slot = Slot(workload=workload, fit="exact", stage="c1", block=block)
    return replace(made, shot=replace(made.shot, slot=slot))


def asked(number: int, **arguments: object) -> Record:
    base = {"model": "gpt-image-2", "prompt": "a fox", **arguments}
    made = b.case(id=f"row/{number}", arguments=base)  # type: ignore[arg-type]
    return b.record(made, served(number), evidence=b.EMULATOR)


def seen(records: Sequence[Record]) -> dict[str, Inspection]:
    pictures = (one for each in records for one in getattr(each.outcome, "pictures", ()))
    return {
        one.digest: Inspection(digest=one.digest, state="none", thumbnail=SMALL)
        for one in pictures
        if one.state == "decoded" and not one.withheld
    }


def shown(records: Sequence[Record], verdicts: Sequence[Verdict] = ()) -> tuple[Gallery, ...]:
    return galleries(records, verdicts, PROVIDERS, seen(records))


def test_a_prompt_shows_what_every_provider_made_of_it() -> None:
    late = b.fault("timeout", why="no reply within 300 s", may_be_paid=True)
    records = [attempt("buble", 1, served(1)), attempt("sub2api", 1, served(2))]
    (gallery,) = shown([*records, attempt("openai", 1, late)])

    assert (gallery.kind, gallery.title) == ("prompt", "a fox, square 1")
    assert [tile.title for tile in gallery.tiles] == ["Buble", "sub2api", "OpenAI"]
    assert [tile.digest[-1:] for tile in gallery.tiles] == ["1", "2", ""]
    assert gallery.tiles[2].missing == "fault: timeout"
    first = gallery.tiles[0]
    assert (first.asked, first.received) == ("quality low", "png 1024x1024, 1.2 MB")
    assert (first.time, first.price) == ("4.2 s", "1 credit")


def test_the_prompts_that_most_providers_served_come_first_and_each_workload_has_its_turn() -> None:
    records = [
        attempt(name, block, served(block * 9 + place), workload=workload)
        for workload in ("square", "wide")
        for block in range(9)
        for place, name in enumerate(NAMES[: 1 + (block == 7) + (block > 5)])
    ]

    found = shown(records)
    assert len(found) == PROMPTS_AT_MOST
    assert [(gallery.workload, len(gallery.tiles)) for gallery in found[:4]] == [
        ("square", 3),
        ("wide", 3),
        ("square", 2),
        ("wide", 2),
    ]


def test_an_operation_shows_wrong_images_first_then_one_of_each_kind() -> None:
    records = [asked(number, size="1024x1024") for number in range(12)]
    records += [asked(12, size="1536x1024"), asked(13, size="1024x1024", quality="high")]
    wrong = b.verdict(records[11], "fail", check="images_have_the_asked_dimensions")
    (gallery,) = shown(records, [wrong, b.verdict(records[3], "fail", check="usage_adds_up")])

    assert [tile.case for tile in gallery.tiles[:4]] == ["row/11", "row/0", "row/12", "row/13"]
    assert [tile.flags for tile in gallery.tiles[:2]] == [("wrong size",), ()]
    assert (len(gallery.tiles), gallery.more, gallery.wrong) == (TILES_AT_MOST, 6, 1)


@pytest.mark.parametrize(
    ("picture", "words"),
    [
        ({"state": "absent"}, "the recording holds no bytes of it"),
        ({"state": "undecodable", "why": "cut off"}, "cannot be decoded: cut off"),
        ({"withheld": "a key in its metadata"}, "not kept: it holds a key in its metadata"),
    ],
)
def test_an_image_that_is_not_shown_says_why(picture: dict[str, str], words: str) -> None:
    record = b.record(b.case(id="other"), served(5, **picture), evidence=b.EMULATOR)
    (gallery,) = shown([asked(1), record])

    assert [tile.missing for tile in gallery.tiles] == ["", words]


def test_without_small_copies_there_is_no_gallery() -> None:
    assert galleries([asked(1)], (), PROVIDERS, {}) == ()
    assert galleries([asked(1)], (), PROVIDERS, {"x": Inspection(digest="x", state="none")}) == ()


def page(records: Sequence[Record], inspections: dict[str, Inspection]) -> str:
    header = b.header({"sub2api": b.EMULATOR})
    report = compose(
        header, records, (), (), {"sub2api": PROVIDERS["sub2api"]}, inspections=inspections
    )
    whole = html(report)
    return whole[whole.index('<section id="gallery"') :].partition("</section>")[0]


def test_the_page_holds_the_copy_with_what_was_asked_and_nothing_of_a_stranger_runs() -> None:
    odd = Picture(digest="f" * 64, format=HOSTILE, size_bytes=1, state="undecodable", why=HOSTILE)
    records = [
        asked(1, size="1024x1024"),
        asked(2, size=HOSTILE),
        b.record(b.case(id=HOSTILE), Images(pictures=(odd,)), evidence=b.EMULATOR),
    ]
    text = page(records, seen(records))

    assert text.count('<use href="#thumb-') == 2
    assert 'aria-label="What sub2api drew, asked for size 1024x1024"' in text
    assert "<summary>sub2api, generate <small>3 of 3 served requests" in text
    assert "An emulator draws test patterns" in text
    assert "<script" not in text
    assert not re.search("[\u202e\x1b]", text)
    assert "cannot be decoded: " in text
