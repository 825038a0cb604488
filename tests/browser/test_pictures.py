"""The pictures: curves that can be hidden and read, planes that grow, images that decode."""

from collections.abc import Iterator

import pytest

from tests.browser.chromium import CHROMIUM, Noted
from tests.browser.pages import Pages

_HIDDEN = """(figure) => [...figure.querySelectorAll(".curves .curve")].map((curve) =>
  getComputedStyle(curve).display === "none")"""


@pytest.fixture(scope="module")
def shop(pages: Pages) -> Iterator[Noted]:
    with CHROMIUM.opened(pages.conformance) as noted:
        yield noted


@pytest.fixture(scope="module")
def measured(pages: Pages) -> Iterator[Noted]:
    with CHROMIUM.opened(pages.benchmark) as noted:
        yield noted


@pytest.mark.parametrize("script", [True, False], ids=["with a script", "without"])
def test_a_curve_is_hidden_and_shown_again(*, script: bool, pages: Pages) -> None:
    with CHROMIUM.opened(pages.benchmark, script=script) as noted:
        figure = noted.page.locator(".times-figure").first
        box = figure.locator("[data-who]").first
        box.uncheck()
        hidden = figure.evaluate(_HIDDEN) if script else _seen(noted)
        box.check()
        shown = figure.evaluate(_HIDDEN) if script else _seen(noted)

        assert hidden == [True, False]
        assert shown == [False, False]
        assert noted.told() == []


def _seen(noted: Noted) -> list[bool]:
    """Tell which curves are hidden where no script of a page runs."""
    curves = noted.page.locator(".times-figure").first.locator(".curves text.name").all()
    return [not curve.is_visible() for curve in curves]


def test_a_slider_and_the_pointer_read_the_curves_at_a_moment(measured: Noted) -> None:
    figure = measured.page.locator(".times-figure").first
    said = figure.locator("output")
    before = said.inner_text()
    slider = figure.get_by_role("slider")
    slider.focus()
    measured.page.keyboard.press("End")
    at_end = said.inner_text()
    figure.locator("[data-who]").first.uncheck()
    one_left = said.inner_text()
    figure.locator("[data-who]").first.check()
    chart = figure.locator(".curves")
    chart.scroll_into_view_if_needed()
    chart.hover(position={"x": 3, "y": 100})
    pointed = said.inner_text()

    assert before.startswith("Point at the curves")
    assert at_end.startswith("After ")
    assert "sub2api" in at_end
    assert "apiframe" in at_end
    assert at_end.count(" %") > one_left.count(" %")
    assert pointed.startswith("After ")
    assert pointed != at_end
    assert figure.locator(".cursor").get_attribute("visibility") == "visible"
    assert measured.told() == []


def test_a_plane_of_sizes_grows_and_shrinks(shop: Noted) -> None:
    shop.page.set_viewport_size({"width": 1280, "height": 800})
    button = shop.page.locator(".sz-zoom").first
    width = "() => document.querySelector('.sz > svg').getBoundingClientRect().width"
    small = shop.run(width)
    button.press("Enter")
    state, large = button.get_attribute("aria-pressed"), shop.run(width)
    button.click()

    assert (state, button.get_attribute("aria-pressed")) == ("true", "false")
    assert large > 1.5 * small
    assert shop.run(width) == small
    assert shop.told() == []


def test_a_mark_of_a_plane_tells_itself_to_the_pointer_and_to_the_keyboard(shop: Noted) -> None:
    tip = shop.page.locator(".sz-tip")
    mark = shop.page.locator("a.sz-mark").first
    words = mark.get_attribute("aria-label")
    mark.scroll_into_view_if_needed()
    mark.focus()
    focused = tip.inner_text()
    shop.page.keyboard.press("Escape")
    gone = tip.count()
    mark.dispatch_event("pointerenter")
    pointed = tip.inner_text()
    inside = tip.evaluate("(each) => each.getBoundingClientRect().right <= innerWidth")
    mark.dispatch_event("pointerleave")

    assert (focused, gone, pointed, tip.count()) == (words, 0, words, 0)
    assert inside


def test_images_that_came_decode_and_say_what_they_are(shop: Noted, measured: Noted) -> None:
    for noted in (shop, measured):
        images = noted.run(
            """async () => { const found = [];
              for (const each of document.images) {
                each.loading = "eager"; // one that is far below would be waited for without end
                await each.decode().catch(() => null);
                found.push([each.naturalWidth, each.naturalHeight, each.alt]);
              }
              return found; }"""
        )
        copies = noted.run(
            """async () => { const found = [];
              for (const each of document.querySelectorAll("symbol image")) {
                const copy = new Image();
                copy.src = each.getAttribute("href");
                await copy.decode().catch(() => null);
                found.push(copy.naturalWidth);
              }
              return found; }"""
        )

        assert all(0 < wide <= 128 and 0 < high <= 128 for wide, high, _ in images)
        assert all(len(words) > 10 for *_, words in images)
        assert copies
        assert 0 < min(copies) <= max(copies) <= 128
        assert noted.told() == []


def test_each_picture_has_a_name_and_its_figures_in_words(shop: Noted, measured: Noted) -> None:
    for noted in (shop, measured):
        unnamed = noted.run(
            """() => [...document.querySelectorAll("main svg")].filter((each) =>
              !each.parentElement.closest("svg") && each.getAttribute("aria-hidden") !== "true"
              && each.getAttribute("role") !== "presentation"
              && !each.getAttribute("aria-label") && !each.querySelector("title"))
              .map((each) => each.outerHTML.slice(0, 120))"""
        )

        assert unnamed == []


def test_who_serves_a_workload_is_answered_for_each_provider(measured: Noted) -> None:
    section = measured.page.locator("#choice")
    named = section.locator("tbody th bdi").all_inner_texts()
    standing = section.locator("tbody th .state").all_inner_texts()
    reasons = [row.inner_text() for row in section.locator("tbody td:last-child").all()]

    assert section.locator(".answer").inner_text().strip()
    assert sorted(named) == ["apiframe", "sub2api"]
    assert all(standing)
    assert len(standing) == len(named)
    assert all(reason.strip() for reason in reasons)
