"""What every report keeps in a browser: nothing is fetched, clipped or led nowhere."""

import itertools

import pytest

from tests.browser.chromium import A4, CHROMIUM, SCHEMES, SIZES, Noted
from tests.browser.pages import Pages

# Ids that lead nowhere, ids there twice, and labels that name nothing.
_BROKEN_LINKS = """() => {
  const ids = [...document.querySelectorAll("[id]")].map((each) => each.id);
  const twice = ids.filter((id, at) => ids.indexOf(id) !== at).map((id) => `twice: ${id}`);
  const known = new Set(ids);
  const lost = [...document.querySelectorAll('a[href^="#"]')]
    .map((link) => decodeURIComponent(link.getAttribute("href").slice(1)))
    .filter((id) => id && !known.has(id)).map((id) => `nowhere: ${id}`);
  const named = ["for", "aria-labelledby", "aria-describedby", "aria-controls"].flatMap((name) =>
    [...document.querySelectorAll(`[${name}]`)].flatMap((each) =>
      each.getAttribute(name).split(" ").filter((id) => id && !known.has(id))
        .map((id) => `${name}: ${id}`)));
  return [...twice, ...lost, ...named];
}"""

# What is wider than the page, or has text that its own box cuts off and nothing scrolls.
_CLIPPED = """() => {
  const wide = document.documentElement.scrollWidth;
  const found = wide > innerWidth ? [`page: ${wide} px in ${innerWidth}`] : [];
  const scrolls = (each) => /auto|scroll/.test(getComputedStyle(each).overflowX);
  for (const each of document.querySelectorAll("main *, header *")) {
    if (each.closest("svg, script, style") || !each.getClientRects().length) continue;
    const style = getComputedStyle(each);
    const words = each.textContent.trim().slice(0, 50);
    const name = `${each.tagName.toLowerCase()}.${each.className} ${words}`;
    const unseen = style.clipPath !== "none" || parseFloat(style.opacity) === 0;
    if (unseen || !each.textContent.trim()) continue;
    const cut = /hidden|clip/.test(style.overflowX) && style.textOverflow !== "ellipsis";
    if (cut && each.scrollWidth > each.clientWidth + 1) found.push(`cut: ${name}`);
    const box = each.getBoundingClientRect();
    let above = each.parentElement;
    while (above && !scrolls(above) && getComputedStyle(above).position !== "fixed")
      above = above.parentElement;
    if (!above && (box.right > innerWidth + 1 || box.left < -1) && style.position !== "absolute")
      found.push(`outside: ${name} ${Math.round(box.left)} to ${Math.round(box.right)}`);
  }
  return found.slice(0, 12);
}"""

_TEXTS = "() => document.body.innerText.replace(/\\s+/g, ' ')"


def test_a_page_loads_nothing_and_says_nothing_on_the_console(report: Noted, pages: Pages) -> None:
    sizes = {name: pages[name].stat().st_size for name in ("conformance", "benchmark", "wide")}
    report.write(f"{report.page.url}: loaded in {report.load_s:.2f} s; bytes of pages: {sizes}")

    assert report.told() == []
    assert max(sizes.values()) < 3_000_000
    assert report.load_s < 10


def test_links_lead_somewhere_and_no_id_is_there_twice(report: Noted) -> None:
    assert report.run(_BROKEN_LINKS) == []


@pytest.mark.parametrize("size", SIZES, ids=str)
def test_nothing_is_clipped_and_the_page_does_not_scroll_sideways(
    report: Noted, size: tuple[int, int], request: pytest.FixtureRequest
) -> None:
    report.page.set_viewport_size({"width": size[0], "height": size[1]})
    for scheme in SCHEMES:
        report.page.emulate_media(color_scheme=scheme)
        report.shoot(f"{request.node.callspec.params['report']}-{size[0]}-{scheme}")

    assert report.run(_CLIPPED) == []
    assert report.told() == []


def test_dark_is_dark(report: Noted) -> None:
    colour = "() => getComputedStyle(document.body).backgroundColor"
    light = report.run(colour)
    report.page.emulate_media(color_scheme="dark")

    assert light != report.run(colour)
    assert sum(map(int, report.run(colour)[4:-1].split(","))) < 3 * 60


def test_paper_holds_the_whole_page(report: Noted, request: pytest.FixtureRequest) -> None:
    """Of what is folded only the transcripts are left out, which the page says."""
    report.page.locator(".matrix td a[href^='#cell-']").first.click()
    report.page.emulate_media(media="print")
    report.page.set_viewport_size({"width": A4[0], "height": A4[1]})
    sheet = report.page.locator("dialog").is_visible()
    folded = report.run(
        """() => [...document.querySelectorAll("main details:not([open])")].filter((each) =>
          !each.closest("#transcripts") && ![...each.children].some((child) =>
            child.tagName !== "SUMMARY"
            && (child.getClientRects().length || !child.textContent.trim()))).length"""
    )
    scrolling = report.run(
        """() => [...document.querySelectorAll("main *")].filter((each) =>
          each.getClientRects().length && each.textContent.trim() && !each.closest("svg")
          && /auto|scroll|hidden/.test(getComputedStyle(each).overflow)
          && getComputedStyle(each).clipPath === "none"
          && (each.scrollHeight > each.clientHeight + 2))
          .map((each) => `${each.tagName}.${each.className}`).slice(0, 9)"""
    )
    wide = report.run(
        """() => [...document.querySelectorAll("body *")].filter((each) => {
            const box = each.getBoundingClientRect();
            return box.width && box.height && box.right > innerWidth + 1;
          }).map((each) => `${each.outerHTML.slice(0, 60)}`).slice(0, 9)"""
    )
    page = report.run("() => document.documentElement.scrollWidth")
    said = report.page.get_by_text("Transcripts are left out of the print").is_visible()
    report.shoot(f"{request.node.callspec.params['report']}-print")
    report.page.emulate_media(media="screen")
    report.page.keyboard.press("Escape")

    assert (sheet, said) == (False, True)
    assert folded == 0
    assert scrolling == []
    assert (wide, page) == ([], A4[0])


def test_a_palette_of_the_system_hides_no_state_and_no_key(report: Noted) -> None:
    report.page.emulate_media(forced_colors="active")
    pale = report.run(
        """() => { const paper = getComputedStyle(document.body).backgroundColor;
          return [...document.querySelectorAll(".key-part")].filter((each) => {
            const style = getComputedStyle(each);
            return style.backgroundColor === paper && style.backgroundImage === "none";
          }).map((each) => each.className); }"""
    )
    silent = report.run(
        """() => [...document.querySelectorAll(".state, .mark, .matrix td:not(.absent)")]
          .filter((each) => !each.textContent.trim()).map((each) => each.outerHTML.slice(0, 90))"""
    )
    report.page.emulate_media(forced_colors="none")

    assert pale == []
    assert silent == []


def test_nothing_moves_by_itself(report: Noted) -> None:
    report.page.emulate_media(reduced_motion="reduce")
    moving = report.run(
        """() => [...document.querySelectorAll("*")].filter((each) => {
            const style = getComputedStyle(each);
            return style.animationName !== "none" || style.scrollBehavior === "smooth"
              || style.transitionDuration.split(",").some((time) => parseFloat(time) > 0);
          }).map((each) => each.outerHTML.slice(0, 90)).slice(0, 9)"""
    )
    report.page.emulate_media(reduced_motion="no-preference")

    assert moving == []
    assert report.run("() => document.getAnimations().length") == 0


def test_the_tab_key_goes_through_the_first_screen_as_it_is_read(report: Noted) -> None:
    """From top to bottom, and to the top again only in a column further right."""
    address = report.page.url.partition("#")[0]
    report.page.goto("about:blank")  # the tab key goes on where the last test clicked
    report.page.goto(address)
    report.told()
    places = []
    for _ in range(60):
        report.page.keyboard.press("Tab")
        place = report.run(
            """() => { const at = document.activeElement, box = at.getBoundingClientRect();
              const where = at.closest("header, #answer, .skip");
              const words = at.textContent.trim().slice(0, 40);
              return where && [words, box.top + scrollY, box.left]; }"""
        )
        if place is None:
            break
        places.append(place)
    steps = itertools.pairwise(places)
    backwards = [
        (before[0], after[0])
        for before, after in steps
        if after[1] < before[1] - 8 and after[2] <= before[2]
    ]

    assert places[0][0] == "Skip to the answer"
    assert 10 < len(places) < 60
    assert backwards == []


def test_a_fold_opens_and_closes_by_the_keyboard(report: Noted) -> None:
    folds = report.page.locator("main details > summary")
    is_open = "(summary) => summary.parentElement.open"
    fold = next(each for each in folds.all() if each.is_visible() and not each.evaluate(is_open))
    fold.focus()
    report.page.keyboard.press("Enter")
    opened = fold.evaluate(is_open)
    report.page.keyboard.press("Enter")

    assert (opened, fold.evaluate(is_open)) == (True, False)


def test_the_tab_key_reaches_a_page_in_few_steps_and_always_shows_where_it_is(
    report: Noted,
) -> None:
    report.run("() => { document.activeElement.blur(); scrollTo(0, 0); }")
    unseen = []
    for _ in range(12):
        report.page.keyboard.press("Tab")
        state = report.run(
            """() => { const at = document.activeElement, style = getComputedStyle(at);
              return [at.outerHTML.slice(0, 90), style.outlineStyle !== "none"
                || style.boxShadow !== "none", at.getClientRects().length > 0]; }"""
        )
        unseen += [state[0]] if not all(state[1:]) else []

    assert unseen == []
    assert report.run("() => document.querySelectorAll('.matrix td [tabindex=\"0\"]').length") <= 1


@pytest.mark.parametrize("name", ["conformance", "benchmark"])
def test_a_page_is_readable_without_a_script(name: str, pages: Pages) -> None:
    with CHROMIUM.opened(pages[name], script=False) as plain:
        text = plain.page.locator("body").inner_text()
        shown = {
            heading.inner_text()
            for heading in plain.page.locator("main > section > h2").all()
            if heading.is_visible()
        }
        search = plain.page.locator(".finder").is_visible()
        plain.shoot(f"{name}-without-script")
        told = plain.told()
    with CHROMIUM.opened(pages[name]) as whole:
        headings = {each.inner_text() for each in whole.page.locator("main > section > h2").all()}

    assert told == []
    assert shown == headings
    assert len(text) > 2_000
    assert not search


@pytest.mark.parametrize("name", ["conformance", "benchmark"])
def test_a_link_into_a_page_opens_what_it_names(name: str, pages: Pages) -> None:
    """A permanent link to what stands behind a cell shows it when the page is loaded."""
    with CHROMIUM.opened(pages[name]) as noted:
        places = noted.run(
            """() => [...document.querySelectorAll("[id]")].map((each) => each.id).filter(
              (id) => /^(cell|case|finding)-/.test(id))"""
        )
        wanted = [places[at] for at in {0, len(places) // 2, len(places) - 1}] if places else []
        hidden = []
        for place in wanted:
            noted.page.goto(f"{pages[name].as_uri()}#{place}")
            if not noted.page.locator(f"[id='{place}']").is_visible():
                hidden.append(place)
        told = noted.told()

    assert hidden == []
    assert told == []
