"""Hostile words and numbers of a provider through a whole run: every output can be read back."""

import ast
import csv
import json
import os
import subprocess
from collections.abc import Callable, Iterator
from html.parser import HTMLParser
from io import StringIO
from pathlib import Path
from typing import NoReturn
from xml.etree import ElementTree as ET

import pytest

from tests.cli.hostile_provider import HOSTILE, hostile_provider
from tests.runner.processes import Ended, environment, harness

VERDICTS = (0, 1, 4)
AMPLE = ("--max-images", "60", "--max-requests", "110")
MONEY_AT_MOST = 1e6


@pytest.fixture(scope="module")
def judged(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Path, Ended, str]]:
    folder = tmp_path_factory.mktemp("hostile") / "run"
    with hostile_provider() as url:
        at = ("--provider", "sub2api", "--base-url", f"sub2api={url}", "--operation", "generate")
        env = environment(PYTHONIOENCODING="ascii")
        options = (*at, *AMPLE, "--frames", "--json", "--out", folder)
        yield folder, harness("run", "--against", "live", *options, env=env), url


def strict(text: str) -> object:
    """Read JSON as the standard has it: no NaN, no Infinity."""

    def no_constant(word: str) -> NoReturn:
        raise AssertionError(f"{word} is no JSON")

    return json.loads(text, parse_constant=no_constant)


class _Whole(HTMLParser):
    """Collects the scripts and the handlers that a page holds."""

    def __init__(self) -> None:
        super().__init__()
        self.handlers: list[str] = []
        self.tags: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append(tag)
        self.handlers += [name for name, _ in attrs if name.startswith("on")]
        self.handlers += [text for _, text in attrs if text and text.startswith("javascript:")]


def html(text: str) -> None:
    page = _Whole()
    page.feed(text)
    page.close()
    assert page.handlers == []
    assert "<script>alert(1)" not in text
    assert page.tags.count("html") == 1


def table(text: str) -> None:
    rows = [*csv.reader(StringIO(text, newline=""), strict=True)]
    assert len({len(row) for row in rows}) == 1
    assert len(rows) > 1


def xml(text: str) -> None:
    root = ET.fromstring(text)  # noqa: S314 - our own file
    assert int(root.attrib["tests"]) == len([*root.iter("testcase")]) > 0


def lines(text: str) -> None:
    for line in text.rstrip("\n").split("\n"):
        assert strict(line) is not None


def markdown(text: str) -> None:
    assert "\x1b" not in text
    assert "<script>" not in text


READERS: dict[str, Callable[[str], object]] = {
    "index.html": html,
    "summary.json": strict,
    "summary.md": markdown,
    "junit.xml": xml,
    "attempts.csv": table,
    "verdicts.csv": table,
    "run.json": strict,
    "journal.jsonl": lines,
    "plan-sub2api.json": strict,
}


def test_the_run_ends_by_its_verdict_and_prints_json(judged: tuple[Path, Ended, str]) -> None:
    _, done, _ = judged

    assert done.code in VERDICTS, done.err
    assert "Traceback" not in done.err
    assert isinstance(strict(done.out), dict)
    assert len(HOSTILE) >= 60


@pytest.mark.parametrize("name", READERS)
def test_each_file_is_read_back_by_another_parser(
    judged: tuple[Path, Ended, str], name: str
) -> None:
    raw = (judged[0] / name).read_bytes()

    text = raw.decode("utf-8")

    assert "\0" not in text
    READERS[name](text)


def test_parquet_holds_what_the_csv_holds(judged: tuple[Path, Ended, str]) -> None:
    parquet = pytest.importorskip("pyarrow.parquet")

    for name in ("attempts", "verdicts"):
        rows = StringIO((judged[0] / f"{name}.csv").read_bytes().decode(), newline="")
        assert parquet.read_table(judged[0] / f"{name}.parquet").num_rows == (
            len([*csv.reader(rows)]) - 1
        )


def test_money_is_money_whatever_was_charged(judged: tuple[Path, Ended, str]) -> None:
    summary = json.loads((judged[0] / "summary.json").read_text())

    cost = summary["providers"]["sub2api"]["cost"]["amount"]

    assert 0 <= cost < MONEY_AT_MOST


def test_every_reproduction_is_a_program(judged: tuple[Path, Ended, str]) -> None:
    scripts = [*(judged[0] / "findings").rglob("*.sh")]
    programs = [*(judged[0] / "findings").rglob("*.py")]

    assert scripts
    for script in scripts:
        checked = subprocess.run(["/bin/bash", "-n", script], capture_output=True, check=False)
        assert checked.returncode == 0, checked.stderr
    for program in programs:
        ast.parse(program.read_text())


def test_the_run_is_judged_and_gone_on_with_from_its_folder(
    judged: tuple[Path, Ended, str],
) -> None:
    folder, done, _ = judged

    again = harness("report", folder)
    plain = harness("report", folder, env=environment(LANG="C", LC_ALL="C", PYTHONUTF8="0"))
    on = harness("run", "--resume", folder, *AMPLE, "--operation", "generate")

    assert again.code == plain.code == done.code
    assert on.code in VERDICTS, on.err
    for ended in (again, plain):
        assert "\x1b" not in ended.out
        assert "\u202e" not in ended.out
        assert os.linesep in ended.out
