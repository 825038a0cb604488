"""The page of a history in a browser: nothing fetched, nothing clipped, everything reachable."""

from pathlib import Path

import pytest

from harness.history.history import history_of
from harness.history.page import write_page
from tests.browser.chromium import CHROMIUM, SCHEMES
from tests.browser.test_page import _BROKEN_LINKS, _CLIPPED
from tests.history.runs import dearer, documents, kept_but_in, slower, write_runs

_UNREACHED = """() => [...document.querySelectorAll("svg a")]
  .filter((each) => { each.focus(); return document.activeElement !== each; }).length"""


@pytest.fixture(scope="module")
def page(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("history")
    changes = (slower(40, 1.5), dearer(50), kept_but_in(range(30, 45)), documents(50))
    write_runs(folder, 80, *changes, providers=("buble", "openai"))
    write_page(history_of(folder), folder / "history.html")
    return folder / "history.html"


def test_a_history_fits_a_phone_and_a_screen_and_its_marks_have_focus(page: Path) -> None:
    with CHROMIUM.opened(page) as noted:
        for width, scheme in zip((380, 1280), SCHEMES, strict=True):
            noted.page.emulate_media(color_scheme=scheme)
            noted.page.set_viewport_size({"width": width, "height": 800})
            noted.shoot(f"history-{width}-{scheme}", full=True)
            assert noted.run(_CLIPPED) == []
        assert noted.run(_BROKEN_LINKS) == []
        assert noted.run("() => document.querySelectorAll('svg a').length") >= 6
        assert noted.run(_UNREACHED) == 0
        assert noted.told() == []
