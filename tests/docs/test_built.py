"""The documentation builds without a warning, leads nowhere dead, and reads without a network."""

import io
import re
import sys
from collections.abc import Iterator
from contextlib import redirect_stderr
from dataclasses import dataclass, field
from html.parser import HTMLParser
from pathlib import Path
from typing import Any
from urllib.parse import unquote, urlsplit

import click
import furo
import pytest
from sphinx.cmd.build import build_main

import harness
from harness import api
from harness.cli.main import cli
from tests.docs.pages import DOCS, ROOT

EXTERNAL = {
    "github.com",  # the C2PA trust list, of which a user keeps a copy
}
LOADS = {("script", "src"), ("link", "href"), ("img", "src"), ("source", "src"), ("iframe", "src")}


@dataclass(slots=True)
class Page(HTMLParser):
    """What a built page has to lead to, leads to, and loads."""

    anchors: set[str] = field(default_factory=set)
    links: list[str] = field(default_factory=list)
    loads: list[str] = field(default_factory=list)

    def __post_init__(self) -> None:
        HTMLParser.__init__(self)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        for name, value in attrs:
            if value is None:
                continue
            if name == "id":
                self.anchors.add(value)
            elif tag == "a" and name == "href":
                self.links.append(value)
            elif (tag, name) in LOADS:
                self.loads.append(value)


def read(path: Path) -> Page:
    page = Page()
    page.feed(path.read_text(encoding="utf-8"))
    return page


@pytest.fixture(scope="module")
def built(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The site, built from nothing as `make docs` builds it, in this process.

    The navigation is in the pages at the top, and in one page of each folder: it is the same in all
    of them, and a third of the work.
    """
    site, said = tmp_path_factory.mktemp("site"), io.StringIO()
    navigation, shown = furo._compute_navigation_tree, set[str]()

    def once(context: dict[str, Any]) -> str:
        folder = context["pagename"].rpartition("/")[0]
        if folder and folder in shown:
            return ""
        shown.add(folder)
        return str(navigation(context))

    with pytest.MonkeyPatch.context() as patch, redirect_stderr(said):
        patch.setattr(furo, "_compute_navigation_tree", once)
        patch.setattr(sys, "path", [*sys.path])
        code = build_main([*options(), str(DOCS), str(site / "html")])

    assert code == 0, said.getvalue()
    return site / "html"


def options() -> list[str]:
    """Return what the Makefile gives Sphinx."""
    (line,) = re.findall(r"-m sphinx (.*) docs docs/_build/html$", _makefile(), re.MULTILINE)
    return [word for word in line.split() if word != "-E"]


def _makefile() -> str:
    return (ROOT / "Makefile").read_text(encoding="utf-8")


@pytest.fixture(scope="module")
def site(built: Path) -> dict[Path, Page]:
    return {path: read(path) for path in sorted(built.rglob("*.html"))}


def test_a_warning_stops_the_build() -> None:
    assert {"-W", "-n", "--keep-going"} <= set(options())


def test_every_link_leads_somewhere(built: Path, site: dict[Path, Page]) -> None:
    dead = [
        f"{path.relative_to(built)}: {link}"
        for path, page in site.items()
        for link in page.links
        if not leads(path, link, site)
    ]

    assert not dead


def leads(path: Path, link: str, site: dict[Path, Page]) -> bool:
    """Say whether a link leads to a file that is there, and to an anchor in it."""
    parts = urlsplit(link)
    if parts.scheme or parts.netloc:
        return parts.netloc in EXTERNAL
    target = (path.parent / unquote(parts.path)).resolve() if parts.path else path
    if not target.is_file():
        return False
    return not parts.fragment or target not in site or parts.fragment in site[target].anchors


def test_a_dead_link_is_seen(built: Path, site: dict[Path, Page]) -> None:
    index = built / "index.html"

    assert leads(index, "tutorials/qa.html#two-runs", site)
    assert not leads(index, "tutorials/nobody.html", site)
    assert not leads(index, "tutorials/qa.html#nothing", site)
    assert not leads(index, "https://elsewhere.test/", site)


def test_nothing_is_loaded_from_elsewhere(built: Path, site: dict[Path, Page]) -> None:
    loaded = [load for page in site.values() for load in page.loads if not load.startswith("data:")]
    styles = [sheet.read_text(encoding="utf-8") for sheet in built.rglob("*.css")]

    assert loaded
    assert not [load for load in loaded if urlsplit(load).scheme or load.startswith("//")]
    assert not [url for style in styles for url in re.findall(r"url\(\s*['\"]?(https?:|//)", style)]
    assert not [style for style in styles if "@import" in style and "http" in style]


def test_every_page_is_reached_from_the_first(built: Path, site: dict[Path, Page]) -> None:
    index = built / "index.html"
    seen, ahead = {index}, [index]
    while ahead:
        path = ahead.pop()
        for target in _local(path, site[path]):
            if target in site and target not in seen:
                seen.add(target)
                ahead.append(target)

    apart = {"search.html", "genindex.html", "py-modindex.html"}  # forms, and Sphinx's own indexes
    assert {path.name for path in set(site) - seen} <= apart


def _local(path: Path, page: Page) -> Iterator[Path]:
    for link in page.links:
        parts = urlsplit(link)
        if not parts.netloc and parts.path:
            yield (path.parent / unquote(parts.path)).resolve()


def test_all_public_names_stand_in_the_reference(built: Path, site: dict[Path, Page]) -> None:
    anchors = site[built / "reference" / "python.html"].anchors

    assert not {f"harness.api.{name}" for name in api.__all__} - anchors
    assert not {f"harness.api.{n}" for n in harness.__all__ if n not in {"api", "__version__"}} - (
        anchors
    )


def test_every_verb_and_option_stands_in_the_reference(built: Path, site: dict[Path, Page]) -> None:
    anchors = site[built / "reference" / "cli.html"].anchors

    wanted = {
        f"{'-'.join(words)}-{option.lstrip('-')}"
        for words, command in verbs(cli, ())
        for parameter in command.params
        if isinstance(parameter, click.Option) and not parameter.hidden
        for option in parameter.opts[:1]
        if option.startswith("--")
    }

    assert len(wanted) > 100
    assert not wanted - anchors
    assert "emulate-fault" in anchors


def verbs(
    group: click.Group, words: tuple[str, ...]
) -> Iterator[tuple[tuple[str, ...], click.Command]]:
    """Yield every command with the words that are typed for it."""
    context = click.Context(group)
    for name in group.list_commands(context):
        command = group.get_command(context, name)
        assert command
        if isinstance(command, click.Group):
            yield from verbs(command, (*words, name))
        yield (*words, name), command
