"""What stands behind a cell or a finding: opened, closed, linked to and read without a script."""

from collections.abc import Iterator

import pytest
from playwright.sync_api import Locator, Page

from tests.browser.chromium import CHROMIUM, Noted
from tests.browser.pages import Pages

_DIALOG = """() => {
  const dialog = document.querySelector("dialog[open]"), at = document.activeElement;
  const link = at.closest(".matrix td a");
  return { open: dialog !== null, inside: dialog?.contains(at) ?? false,
           title: dialog && at.id === dialog.getAttribute("aria-labelledby"),
           cell: link?.hash ?? "", fragment: location.hash };
}"""


@pytest.fixture(scope="module")
def shared(pages: Pages) -> Iterator[Noted]:
    """A page with broken promises, loaded once."""
    with CHROMIUM.opened(pages.conformance) as noted:
        yield noted


@pytest.fixture
def shop(shared: Noted, pages: Pages) -> Noted:
    shared.page.goto("about:blank")
    shared.page.set_viewport_size({"width": 1280, "height": 800})
    shared.page.goto(pages.conformance.as_uri())
    shared.told()
    return shared


def _cell(page: Page, state: str = "broken") -> Locator:
    return page.locator(f".matrix td.{state} a[href^='#cell-']").first


def _place(cell: Locator) -> str:
    return cell.get_attribute("href") or ""


def test_a_click_opens_a_cell_and_escape_gives_the_focus_back(shop: Noted) -> None:
    page, cell = shop.page, _cell(shop.page)
    cell.click()
    opened = shop.run(_DIALOG)
    page.keyboard.press("Escape")
    page.wait_for_function("() => !document.querySelector('dialog[open]')")

    assert (opened["open"], opened["title"]) == (True, True)
    assert opened["fragment"] == _place(cell)
    assert shop.run(_DIALOG) == {
        "open": False,
        "inside": False,
        "title": None,
        "cell": _place(cell),
        "fragment": "",
    }
    assert shop.told() == []


def test_enter_opens_a_cell_and_history_closes_and_opens_it(shop: Noted) -> None:
    page, cell = shop.page, _cell(shop.page, "held")
    cell.focus()
    page.keyboard.press("Enter")
    opened = shop.run(_DIALOG)
    page.go_back()
    page.wait_for_function("() => !document.querySelector('dialog[open]')")
    closed = shop.run(_DIALOG)
    page.go_forward()
    page.wait_for_function("() => document.querySelector('dialog[open]')")
    page.locator("dialog button", has_text="Close").click()
    page.wait_for_function("() => !document.querySelector('dialog[open]')")

    assert (opened["open"], opened["inside"]) == (True, True)
    assert (closed["open"], closed["cell"]) == (False, _place(cell))
    assert shop.run(_DIALOG)["fragment"] == ""
    assert shop.told() == []


def test_a_direct_link_opens_a_cell_and_closing_it_leaves_the_report(
    shop: Noted, pages: Pages
) -> None:
    page, place = shop.page, _place(_cell(shop.page))
    page.goto("about:blank")
    page.goto(pages.conformance.as_uri() + place)
    opened = shop.run(_DIALOG)
    page.keyboard.press("Escape")
    page.wait_for_function("() => !document.querySelector('dialog[open]')")
    closed = shop.run(_DIALOG)

    assert (opened["open"], opened["fragment"]) == (True, place)
    assert (closed["cell"], closed["fragment"]) == (place, "")
    assert page.url.startswith(pages.conformance.as_uri())


@pytest.mark.parametrize(
    "fragment", ["cell-nobody", "cell-", "cell-%", "cell-%22%5D", "cell-<b>", "case-%E0%A4%A"]
)
def test_a_link_to_no_cell_opens_nothing_and_breaks_nothing(shop: Noted, fragment: str) -> None:
    shop.run("(to) => { location.hash = to; }", fragment)
    shop.page.wait_for_function("() => location.hash.length > 3")
    still = shop.run(_DIALOG)["open"]
    _cell(shop.page).click()

    assert not still
    assert shop.run(_DIALOG)["open"]
    assert shop.told() == []


def test_a_cell_shows_the_sentence_the_request_the_reply_and_a_curl(shop: Noted) -> None:
    _cell(shop.page).click()
    sheet = shop.page.locator("dialog[open]")
    text = sheet.inner_text()
    twice = shop.run(
        """() => { const ids = [...document.querySelectorAll("[id]")].map((each) => each.id);
          return ids.filter((id, at) => ids.indexOf(id) !== at); }"""
    )

    assert sheet.locator("blockquote").first.inner_text().strip()
    assert sheet.locator(".quotation figcaption").first.inner_text().strip()
    assert "POST /v1/images/generations" in text
    assert "HTTP 200" in text
    assert "content-type" in text
    assert "curl -sS -X POST" in text
    assert sheet.get_by_role("link", name="Permanent link").get_attribute("href") == _place(
        _cell(shop.page)
    )
    assert twice == []


def test_copies_in_a_cell_have_buttons_that_work(shop: Noted) -> None:
    _cell(shop.page).click()
    button = shop.page.locator("dialog[open] .copy > button").first
    button.click()
    shop.page.wait_for_function(
        """() => [...document.querySelectorAll("dialog[open] .copy > button")]
          .some((each) => each.textContent !== "Copy")"""
    )
    chosen = shop.run("() => getSelection().toString()")

    assert chosen.startswith("curl")
    assert shop.told() == []


def test_the_tab_key_stays_in_an_open_cell(shop: Noted) -> None:
    _cell(shop.page).click()
    outside = []
    for _ in range(12):
        shop.page.keyboard.press("Tab")
        outside += shop.run(
            """() => { const at = document.activeElement;
              return at === document.body || at.closest("dialog[open]") ? [] : [at.outerHTML]; }"""
        )

    assert outside == []


def test_a_transcript_that_a_cell_links_to_closes_it_and_is_shown(shop: Noted) -> None:
    _cell(shop.page).click()
    link = shop.page.locator("dialog[open] a[href^='#case-']").first
    place = _place(link)
    link.click()
    shop.page.wait_for_function("() => !document.querySelector('dialog[open]')")

    assert shop.page.locator(f"[id='{place[1:]}']").is_visible()
    assert shop.run(_DIALOG)["fragment"] == place


def test_the_filter_of_the_matrix_outlives_an_opened_cell(shop: Noted) -> None:
    page = shop.page
    page.locator("#promises").get_by_label("broken").check()
    rows = "() => [...document.querySelectorAll('.matrix tbody tr')].filter((row) => row.getClientRects().length).length"  # noqa: E501 - one expression
    before = shop.run(rows)
    _cell(page).click()
    page.keyboard.press("Escape")
    page.wait_for_function("() => !document.querySelector('dialog[open]')")

    assert shop.run(_DIALOG)["fragment"] == "#promises?state=broken"
    assert shop.run(rows) == before


def test_a_finding_has_a_permanent_link_to_itself(shop: Noted, pages: Pages) -> None:
    page = shop.page
    link = page.locator(".finding .permalink").first
    place = _place(link)
    link.click()
    clicked = shop.run(_DIALOG)["fragment"]
    page.goto("about:blank")
    page.goto(pages.conformance.as_uri() + place)

    assert clicked == place
    assert page.locator(f"[id='{place[1:]}']").evaluate(
        "(each) => { const top = each.getBoundingClientRect().top; return top >= -2 && top < 800; }"
    )


def test_without_a_script_a_cell_leads_to_its_evidence(pages: Pages) -> None:
    with CHROMIUM.opened(pages.conformance, script=False) as plain:
        link = _cell(plain.page)
        place = _place(link)
        link.click()
        shown = plain.page.locator(f"[id='{place[1:]}']")
        text = shown.inner_text() if shown.is_visible() else ""
        case = shown.locator("a[href^='#case-']").first
        behind = _place(case)
        case.click()
        transcript = plain.page.locator(f"[id='{behind[1:]}']")

        assert "Broken in" in text
        assert transcript.is_visible()
        assert "curl -sS -X POST" in transcript.inner_text()
