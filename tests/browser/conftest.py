from collections.abc import Iterator
from pathlib import Path

import pytest

from harness.run_result import RunResult
from tests.browser.chromium import CHROMIUM, Noted, executable
from tests.browser.pages import SHOP, Pages, benchmark, conformance, played, wide

HERE = Path(__file__).parent


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Give these tests to one worker: they share one chromium and one page of each report."""
    for item in items:
        if HERE in item.path.parents:
            item.add_marker(pytest.mark.xdist_group("browser"))


@pytest.hookimpl(trylast=True)
def pytest_runtest_teardown(nextitem: pytest.Item | None) -> None:
    """End chromium with the last of these tests: its event loop would be in others' way."""
    if nextitem is None or HERE not in nextitem.path.parents:
        CHROMIUM.close()


@pytest.fixture(scope="session")
def shop_run(tmp_path_factory: pytest.TempPathFactory) -> RunResult:
    """The recordings of one provider, played."""
    return played(tmp_path_factory.mktemp("played") / "run", SHOP)


@pytest.fixture(scope="session")
def pages(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Pages:
    executable()  # before anything is played for it
    shop_run = request.getfixturevalue("shop_run")
    folder = tmp_path_factory.mktemp("reports")
    return Pages(
        conformance=conformance(folder / "conformance", shop_run),
        benchmark=benchmark(folder / "benchmark"),
        wide=wide(folder / "wide"),
    )


@pytest.fixture(scope="module", params=["conformance", "benchmark"])
def report(request: pytest.FixtureRequest, pages: Pages) -> Iterator[Noted]:
    """A page of a report, shared by the tests of a module."""
    with CHROMIUM.opened(pages[request.param]) as noted:
        yield noted


@pytest.fixture(autouse=True)
def _as_it_was(request: pytest.FixtureRequest) -> None:
    """Show the shared page as it opens: what a test chose is not the next one's."""
    if "report" in request.fixturenames:
        noted: Noted = request.getfixturevalue("report")
        noted.page.emulate_media(media="screen", color_scheme="light")
        noted.page.set_viewport_size({"width": 1280, "height": 800})
