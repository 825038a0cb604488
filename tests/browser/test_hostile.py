"""What a provider writes stays text: nothing runs, nothing is drawn from it, nothing spoofs."""

import ast
import json
import re
import subprocess
import unicodedata
from dataclasses import dataclass
from html.parser import HTMLParser
from pathlib import Path
from xml.etree import ElementTree as ET

import jsonschema
import pytest
from markdown_it import MarkdownIt

from harness.cli.conclude import publish
from harness.cli.judged import show
from harness.report.formats.write import write_report
from harness.report.model import Report
from harness.run_result import RunResult
from tests.browser.chromium import CHROMIUM
from tests.browser.hostile import ATTACKS, Poison, hostile

SCHEMA = Path(__file__).parents[2] / "harness" / "report" / "summary.schema.json"

# What an attack would leave behind: an element or attribute of its own, a style, a script, a link.
_TRACES = """() => {
  const found = [...document.querySelectorAll("pwned-x, [pwned], iframe, object, embed, base")];
  found.push(...[...document.images].filter((each) => !each.src.startsWith("data:image/")));
  found.push(...[...document.querySelectorAll("[href]")].filter((each) =>
    !each.getAttribute("href").startsWith("#") &&
    /^\\s*(javascript|vbscript|data:text|https?:)|pwned\\./i.test(each.getAttribute("href"))));
  found.push(...[...document.querySelectorAll("*")].filter((each) =>
    [...each.attributes].some(({ name, value }) =>
      name.startsWith("on") || (name === "style" && value.includes("pwned")))));
  found.push(...[...document.scripts].filter((each) => /^\\s*window.__pwned/.test(each.text)));
  const style = getComputedStyle(document.documentElement).getPropertyValue("--pwned");
  const ran = "__pwned" in window;
  return [ran, style, found.map((each) => each.outerHTML.slice(0, 200)), document.title];
}"""
# Whatever a click opens is filled by a script, and is looked at as well.
_CLICKED = """() => {
  const cells = [...document.querySelectorAll(".matrix td :is(a, button)")];
  for (const each of [cells[0], cells.at(-1)]) each?.click();
}"""
_OPENED = """() => { for (const fold of document.querySelectorAll("details")) fold.open = true; }"""


@dataclass(frozen=True, slots=True, kw_only=True)
class Attacked:
    """A report with an attack in each field, as files."""

    folder: Path
    report: Report
    poison: Poison

    def text(self, name: str) -> str:
        return (self.folder / name).read_bytes().decode()


@pytest.fixture(scope="module", params=range(len(ATTACKS)))
def attacked(
    request: pytest.FixtureRequest, shop_run: RunResult, tmp_path_factory: pytest.TempPathFactory
) -> Attacked:
    """Each field holds each of the attacks in one of these."""
    folder = tmp_path_factory.mktemp("attacked")
    report, poison = hostile(shop_run.records, folder, request.param)
    write_report(folder, report)
    return Attacked(folder=folder, report=report, poison=poison)


def _acting(text: str) -> set[str]:
    """Return the characters that turn text round, hide in it or drive a terminal."""
    return {
        f"{char!r}"
        for char in text
        if unicodedata.category(char) in {"Cc", "Cf", "Zl", "Zp"} and char != "\n"
    }


def test_nothing_runs_and_nothing_is_made_of_what_a_provider_writes(attacked: Attacked) -> None:
    with CHROMIUM.opened(attacked.folder / "index.html") as noted:
        noted.run(_OPENED)
        noted.run(_CLICKED)
        noted.page.mouse.move(600, 400)
        ran, style, traces, title = noted.run(_TRACES)
        noted.shoot(f"attacked-{attacked.poison.at}")
        told = noted.told()

    assert attacked.poison.places > 200
    assert (ran, style, traces) == (False, "", [])
    assert title.startswith("Image providers, run ")
    assert told == []


def test_no_character_turns_round_hides_or_drives_a_terminal(
    attacked: Attacked, capsys: pytest.CaptureFixture[str]
) -> None:
    publish(attacked.report, "done", None, as_json=False)
    show([shown.finding.record for shown in attacked.report.all_findings], attacked.report)
    printed = "".join(capsys.readouterr())

    assert _acting(attacked.text("index.html")) == set()
    assert _acting(attacked.text("summary.md")) == set()
    assert _acting(attacked.text("junit.xml")) == set()
    assert _acting(attacked.text("summary.json")) == set()
    assert _acting(printed) == set()
    assert "pwned" in printed


def test_the_formats_for_machines_stay_valid(attacked: Attacked) -> None:
    summary = json.loads(attacked.text("summary.json"))
    cases = ET.fromstring(attacked.text("junit.xml")).iter()  # noqa: S314 - our own file

    jsonschema.validate(summary, json.loads(SCHEMA.read_text(encoding="utf-8")))
    assert {element.tag for element in cases} <= {
        *("testsuites", "testsuite", "testcase", "failure", "error", "skipped"),
        *("properties", "property", "system-out", "system-err"),
    }


def test_a_script_of_a_finding_sends_its_requests_and_runs_nothing_else(
    attacked: Attacked, tmp_path: Path
) -> None:
    noted = tmp_path / "noted"
    curl = tmp_path / "bin" / "curl"
    curl.parent.mkdir()
    curl.write_text('#!/bin/sh\nprintf \'%s\\0\' "$@" >> "$NOTED"\nprintf {}\n', encoding="utf-8")
    curl.chmod(0o755)
    environment = {"PATH": f"{curl.parent}:/usr/bin:/bin", "NOTED": str(noted)}
    environment |= {"SUB2API_API_KEY": "k", "SUB2API_BASE_URL": "http://127.0.0.1:9"}
    places = [attacked.folder / shown.reproduction.folder for shown in attacked.report.all_findings]
    ended, bodies = [], []
    for place in places:
        ended.append(_run(place / "repeat.sh", environment))
        words = noted.read_bytes().decode().split("\0")
        noted.unlink()
        bodies += [
            json.loads(words[at + 1]) for at, word in enumerate(words) if word == "--data-raw"
        ]
    sent = [shown.finding.record.shot.request for shown in attacked.report.all_findings]

    assert places
    assert all(re.fullmatch(r"[a-z0-9][a-z0-9._+-]*", place.name) for place in places)
    assert ended == [0] * len(places)
    assert bodies == [request.body for request in sent if request.form is None]
    assert [*attacked.folder.rglob("pwned*"), *tmp_path.rglob("pwned*")] == []


def _run(script: Path, environment: dict[str, str]) -> int:
    asked = subprocess.run(
        [script], env=environment, cwd=script.parent, check=False, capture_output=True
    )
    return asked.returncode


def test_a_test_of_a_finding_is_python_whose_attacks_are_texts(attacked: Attacked) -> None:
    tests = sorted(attacked.folder.glob("findings/*/test_*.py"))
    names = {
        node.id
        for path in tests
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8")))
        if isinstance(node, ast.Name)
    }

    assert tests
    assert not any("pwned" in name for name in names)


class _Tags(HTMLParser):
    def __init__(self, text: str) -> None:
        super().__init__()
        self.tags: set[str] = set()
        self.places: set[str] = set()
        self.feed(text)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.add(tag)
        self.places |= {value or "" for name, value in attrs if name in {"href", "src"}}


def test_markdown_shows_an_attack_as_text(attacked: Attacked) -> None:
    renderer = MarkdownIt("commonmark", {"html": True}).enable("table")
    page = _Tags(renderer.render(attacked.text("summary.md")))

    assert page.tags <= _PLAIN
    assert {place for place in page.places if "pwned" in place} == set()


_PLAIN = frozenset(
    (
        *("h1", "h2", "h3", "h4", "p", "ul", "ol", "li", "a", "br", "hr", "blockquote"),
        *("table", "thead", "tbody", "tr", "th", "td", "code", "pre", "em", "strong"),
        *("details", "summary", "sub", "sup"),
    )
)
