"""The plane of sizes: what each request tells of a size, and what the page shows of it."""

import re
from dataclasses import replace

import pytest

from harness.core.case import Expect
from harness.core.outcome import Images, Outcome
from harness.core.record import Record
from harness.report.formats.html import html
from harness.report.pictures.sizes import MOST_MARKS, SizePlane, size_planes
from harness.report.transcripts.model import Message, Transcript, Transcripts
from harness.spec.rules.lattice import Size
from tests.report.builders import (
    Arguments,
    case,
    fault,
    images,
    picture,
    record,
    refused,
    report,
    verdict,
)
from tests.shipped import PROVIDERS


def of_size(*sizes: Size) -> Images:
    came = tuple(replace(picture(), width_px=wide, height_px=high) for wide, high in sizes)
    return replace(images(), pictures=came)


def asking(
    size: str | None, outcome: Outcome, *, expect: Expect = "accept", breaks: str | None = None
) -> Record:
    arguments: Arguments = {"model": "gpt-image-2", "prompt": "a fox"}
    if size is not None:
        arguments["size"] = size
    asked = case(id=f"size={size}/{expect}", breaks=breaks, arguments=arguments)
    return record(replace(asked, expect=expect), outcome)


def plane_of(*records: Record) -> SizePlane:
    (plane,) = size_planes(records, (), PROVIDERS)
    return plane


@pytest.mark.parametrize(
    ("made", "kind"),
    [
        (asking("1024x1024", of_size((1024, 1024))), "served"),
        (asking("1024x1024", of_size((1254, 1254))), "other"),
        (asking("1024x1536", of_size((1024, 1536), (1536, 1024))), "other"),
        (asking("1024x1024", refused()), "refused"),
        (asking("1024x1024", refused(error_class="moderation")), "unknown"),
        (asking("1024x1024", fault("server")), "unknown"),
        (asking("1024x1024", images(0)), "unknown"),
        (asking(None, of_size((1024, 1024))), "received"),
        (asking("auto", of_size((1024, 1024))), "received"),
        (
            asking("1000x1000", refused(), expect="refuse", breaks="size.multiple_of"),
            "turned_away",
        ),
        (
            asking("1000x1000", of_size((1000, 1000)), expect="refuse", breaks="size.multiple_of"),
            "wrongly_served",
        ),
    ],
)
def test_a_request_has_the_mark_of_what_became_of_its_size(made: Record, kind: str) -> None:
    plane = plane_of(made)

    assert [mark.kind for mark in plane.marks] == [kind]


def test_an_arrow_leads_from_the_asked_size_to_the_one_that_came() -> None:
    plane = plane_of(asking("2048x2048", of_size((1024, 1024))))
    (mark,) = plane.marks

    assert mark.to is not None
    assert mark.to[0] < mark.at[0]
    assert mark.to[1] > mark.at[1]
    assert mark.title == "2048x2048: came otherwise, as 1024x1024"


def test_a_refusal_for_another_rule_tells_nothing_of_a_size() -> None:
    made = asking("1024x1024", refused(), expect="refuse", breaks="n.range")

    assert size_planes([made], (), PROVIDERS) == ()


def test_equal_requests_are_one_mark_with_their_number() -> None:
    made = asking("1024x1024", of_size((1024, 1024)))
    plane = plane_of(*[made] * 10_000)

    assert [mark.times for mark in plane.marks] == [10_000]
    assert plane.tally == (("served", 10_000),)


def test_too_many_different_sizes_are_counted_and_what_is_wrong_stays() -> None:
    served = [asking(f"{16 * at}x1024", of_size((16 * at, 1024))) for at in range(40, 240)]
    plane = plane_of(*served, asking("1024x1024", refused()))

    assert len(plane.marks) == MOST_MARKS
    assert plane.left_out == 201 - MOST_MARKS
    assert plane.marks[-1].kind == "refused"


def test_an_image_of_another_ratio_than_asked_came_otherwise() -> None:
    asked = case(
        name="buble",
        arguments={"model": "openai/gpt-image-2", "prompt": "a", "aspect_ratio": "16:9"},
    )
    made = record(asked, of_size((1024, 1024)))
    wrong = verdict(made, "fail", check="images_have_the_asked_aspect_ratio")

    (plane,) = size_planes([made], [wrong], PROVIDERS)

    assert [mark.kind for mark in plane.marks] == ["other"]
    assert plane.sentences == ("In another shape than asked came 16:9.",)
    assert [ray.name for ray in plane.documents.rays] == ["1:1", "16:9", "9:16", "4:3", "3:4"]


def test_refused_words_of_a_size_are_named_though_they_have_no_place() -> None:
    asked = case(name="buble", arguments={"model": "m", "prompt": "a", "resolution": "4K"})
    made = [record(asked, refused()), record(case(name="buble"), of_size((1024, 1024)))]

    (plane,) = size_planes(made, (), PROVIDERS)

    assert plane.sentences == ("Refused were 4K.",)
    assert plane.unplaced == ("4K: refused, though the documents allow it (1)",)


def tall_refused() -> list[Record]:
    edges = (640, 1024, 1536, 2048, 2560)
    return [
        asking(f"{wide}x{high}", refused() if high > 2000 else of_size((wide, high)))
        for wide in edges
        for high in edges
        if wide * high >= 655_360
    ]


@pytest.fixture(scope="module")
def page() -> str:
    composed = report(tall_refused())
    known = "size=640x2048/accept"
    nothing = Message(first_line="")
    kept = Transcript(
        provider="sub2api",
        operation="generate",
        case=known,
        sent=nothing,
        received=None,
        why="",
        summary="",
        curl="",
    )
    held = Transcripts(by_case={("sub2api", "generate", known): kept})
    return html(replace(composed, transcripts=held))


def section(page: str) -> str:
    found = re.search(r'<section id="sizes">.*?</section>', page, re.DOTALL)
    assert found is not None
    return found[0]


def test_the_page_shows_a_hidden_limit_as_an_area_and_in_a_sentence(page: str) -> None:
    shown = section(page)

    assert shown.count('class="sz-beyond" fill="url(#sz-hatch)" points') == 1
    assert "all 10 sizes with a height of 2,048 px or more were refused" in shown


def test_only_a_case_with_a_transcript_is_a_link(page: str) -> None:
    links = re.findall(r'<a href="#(case-[^"]+)"[^>]*class="sz-mark"', section(page))

    assert len(links) == 1
    assert "640x2048" in links[0]


def test_a_plane_takes_little_room_and_no_inline_style(page: str) -> None:
    shown = section(page)

    assert len(shown) < 60_000
    assert " style=" not in shown


def test_planes_with_a_limit_come_first() -> None:
    harmless = record(case(name="aimlapi", arguments={"model": "m", "prompt": "a"}), images())
    planes = size_planes([harmless, *tall_refused()], (), PROVIDERS)

    assert [plane.provider for plane in planes] == ["sub2api", "aimlapi"]
    assert [plane.limited for plane in planes] == [True, False]


def test_hostile_words_of_a_request_stay_text() -> None:
    asked = case(
        name="buble",
        arguments={"model": "m", "prompt": "a", "resolution": "<script>alert(1)</script>"},
    )
    shown = section(html(report([record(asked, of_size((1024, 1024)))], names=("buble",))))

    assert "<script>" not in shown
    assert "&lt;script&gt;" in shown
