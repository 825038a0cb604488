"""The matrix of promises: its filter, the fragment that keeps it, its keys and its edges."""

from collections.abc import Iterator

import pytest
from playwright.sync_api import Page

from tests.browser.chromium import CHROMIUM, Noted
from tests.browser.pages import Pages
from tests.shipped import NAMES, shipped_provider

_ROWS = "() => [...document.querySelectorAll('.matrix tbody tr')]"
_LEFT = f"({_ROWS})().filter((row) => row.getClientRects().length)"
_STATE = f"""() => ({{
  left: {_LEFT}.map((row) => row.cells[0].textContent),
  parameters: [...new Set({_LEFT}.map((row) => row.dataset.parameter))],
  all: ({_ROWS})().length,
  count: document.querySelector(".shown").textContent,
  columns: [...document.querySelectorAll(".matrix thead tr:first-child [colspan]")]
    .filter((head) => head.getClientRects().length).map((head) => head.textContent),
}})"""


@pytest.fixture(scope="module")
def wide(pages: Pages) -> Iterator[Noted]:
    """A matrix of all operations of all providers."""
    with CHROMIUM.opened(pages.wide) as noted:
        yield noted


@pytest.fixture(scope="module")
def shop(pages: Pages) -> Iterator[Noted]:
    """A matrix with broken promises."""
    with CHROMIUM.opened(pages.conformance) as noted:
        yield noted


def _load(noted: Noted, pages: Pages, name: str, fragment: str = "") -> Page:
    noted.page.goto("about:blank")
    noted.page.set_viewport_size({"width": 1280, "height": 800})
    noted.page.goto(pages[name].as_uri() + fragment)
    noted.told()
    return noted.page


def _fragment(page: Page) -> str:
    return "#" + page.url.partition("#")[2]


def test_each_choice_is_in_the_fragment_and_back_undoes_it(wide: Noted, pages: Pages) -> None:
    page = _load(wide, pages, "wide")
    everything = wide.run(_STATE)
    section = page.locator("#promises")
    section.get_by_label("held").check()
    section.get_by_label("buble").check()
    section.get_by_label("parameter").select_option("aspect_ratio")
    section.locator(".finder").get_by_label("text").press_sequentially("one")
    chosen = wide.run(_STATE)
    fragment = _fragment(page)
    page.go_back()
    before = _fragment(page), wide.run(_STATE)
    page.reload()
    again = wide.run(_STATE)
    for _ in range(3):
        page.go_back()

    assert fragment == "#promises?state=held&provider=buble&parameter=aspect_ratio&q=one"
    assert chosen["left"] == ["aspect_ratio.one_of"]
    assert chosen["columns"] == ["buble"]
    assert chosen["count"] == f"1 of {everything['all']} promises"
    assert before[0] == "#promises?state=held&provider=buble&parameter=aspect_ratio"
    assert again == before[1]
    assert wide.run(_STATE) == everything
    assert wide.told() == []


def test_a_fragment_restores_the_filter_and_odd_words_in_it_do_no_harm(
    wide: Noted, pages: Pages
) -> None:
    _load(wide, pages, "wide", "#promises?provider=openai&parameter=size&q=ratio")
    sizes = wide.run(_STATE)
    _load(
        wide, pages, "wide", "#promises?state=%22%5D&provider=%3Cb%3E&parameter=no&q=%E0%A4%A&x=1"
    )
    odd = wide.run(_STATE)

    assert sizes["columns"] == ["openai"]
    assert sizes["parameters"] == ["size"]
    assert sizes["count"] == f"{len(sizes['left'])} of {sizes['all']} promises"
    assert odd["columns"] != ["openai"]
    assert wide.told() == []


def test_fragments_of_other_parts_leave_the_filter_alone(shop: Noted, pages: Pages) -> None:
    page = _load(shop, pages, "conformance", "#promises?state=broken")
    chosen = shop.run(_STATE)
    finding = page.locator("[id^='finding-']").first.get_attribute("id")
    shop.run("(id) => { location.hash = id; }", finding)
    page.wait_for_function("() => location.hash.startsWith('#finding-')")

    assert 0 < len(chosen["left"]) < chosen["all"]
    assert shop.run(_STATE) == chosen
    page.go_back()
    assert shop.run(_STATE) == chosen


def test_typing_is_one_step_back(wide: Noted, pages: Pages) -> None:
    page = _load(wide, pages, "wide")
    page.locator(".finder").get_by_label("text").press_sequentially("ratio", delay=1)
    found = wide.run(_STATE)
    page.go_back()

    assert 0 < len(found["left"]) < found["all"]
    assert len(wide.run(_STATE)["left"]) == found["all"]


def test_nothing_found_is_said_and_clearing_brings_all_back(wide: Noted, pages: Pages) -> None:
    page = _load(wide, pages, "wide")
    page.locator(".finder").get_by_label("text").fill("no such promise <b>")
    none = wide.run(_STATE)
    page.get_by_role("button", name="Clear").click()

    assert none["count"] == f"0 of {none['all']} promises"
    assert page.locator(".shown").get_attribute("aria-live") == "polite"
    assert len(wide.run(_STATE)["left"]) == none["all"]
    assert _fragment(page) == "#promises"


def test_state_and_provider_are_chosen_without_a_script(pages: Pages) -> None:
    with CHROMIUM.opened(pages.conformance, script=False) as plain:
        rows = plain.page.locator(".matrix tbody tr")
        everything = rows.count()
        plain.page.locator("#promises").get_by_label("broken").check()
        left = [row for row in rows.all() if row.is_visible()]

        assert 0 < len(left) < everything
        assert all("broken" in (row.get_attribute("class") or "") for row in left)


def test_all_operations_stand_side_by_side_at_1280_px(wide: Noted, pages: Pages) -> None:
    _load(wide, pages, "wide")
    sizes = wide.run(
        """() => { const table = document.querySelector(".matrix"), box = table.closest(".scroll");
          return [table.offsetWidth, box.clientWidth, table.rows[1].cells.length]; }"""
    )

    assert sizes[2] == sum(len(shipped_provider(name).operations) for name in NAMES)
    assert sizes[0] <= sizes[1]


def test_heads_stay_in_sight(wide: Noted, pages: Pages) -> None:
    page = _load(wide, pages, "wide")
    page.set_viewport_size({"width": 380, "height": 800})
    places = wide.run(
        """async () => { const table = document.querySelector(".matrix");
          const box = table.closest(".scroll"), frame = box.parentElement;
          box.scrollIntoView();
          const edges = () => ["before", "after"].map((name) => frame.classList.contains(name));
          const frames = (done) => requestAnimationFrame(() => requestAnimationFrame(done));
          const tick = () => new Promise(frames);
          await tick();
          const first = edges();
          box.scrollTo(200, 400); await tick();
          const at = box.getBoundingClientRect();
          const row = [...table.tBodies[0].rows].find(
            (each) => each.getBoundingClientRect().top > at.top + 200);
          const result = { first, second: edges(),
            top: table.tHead.rows[0].cells[1].getBoundingClientRect().top - at.top,
            left: row.cells[0].getBoundingClientRect().left - at.left };
          box.scrollTo(box.scrollWidth, 0); await tick();
          return { ...result, last: edges() }; }"""
    )

    assert (places["first"], places["second"], places["last"]) == (
        [False, True],
        [True, True],
        [True, False],
    )
    assert -1 <= places["top"] <= 2
    assert -1 <= places["left"] <= 2
    assert page.locator(".cue").is_visible()


def test_arrows_walk_the_cells_and_escape_leaves(shop: Noted, pages: Pages) -> None:
    page = _load(shop, pages, "conformance")
    where = """() => { const cell = document.activeElement.closest("td");
      return cell && [cell.parentElement.sectionRowIndex, cell.cellIndex - 1]; }"""
    shop.run(
        """() => { const cell = document.querySelector(".matrix td");
          (cell.querySelector("a, button") ?? cell).focus(); }"""
    )
    steps = []
    for key in ("ArrowRight", "ArrowDown", "End", "ArrowRight", "ArrowUp", "ArrowUp", "Home"):
        page.keyboard.press(key)
        steps.append(shop.run(where))
    page.keyboard.press("Escape")

    assert steps == [[0, 1], [1, 1], [1, 2], [1, 2], [0, 2], [0, 2], [0, 0]]
    assert shop.run("() => document.activeElement.name") == "q"


def test_arrows_walk_only_what_the_filter_shows_and_enter_opens_it(
    shop: Noted, pages: Pages
) -> None:
    page = _load(shop, pages, "conformance", "#promises?state=broken")
    page.locator(".matrix td.broken a, .matrix td.broken button").first.focus()
    page.keyboard.press("ArrowDown")
    inside = shop.run(f"() => {_LEFT}.includes(document.activeElement.closest('tr'))")
    page.locator(".matrix td.broken a, .matrix td.broken button").first.focus()
    page.keyboard.press("Enter")
    page.wait_for_function(
        "() => !location.hash.startsWith('#promises') || document.querySelector('dialog[open]')"
    )
    opened = shop.run("() => [...document.querySelectorAll('dialog[open]')].length > 0")
    place = _fragment(page)[1:]

    assert inside
    assert opened or page.locator(f"[id='{place}']").is_visible()
    assert shop.told() == []
