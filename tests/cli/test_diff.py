"""`harness diff` from the command line: what is read, what is printed, and how it ends."""

import json
import os
import subprocess
import sys
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from jsonschema import Draft202012Validator

from harness.cli.compared import show
from harness.cli.main import status
from harness.comparing.codec import dumped_baseline
from harness.comparing.model import PromiseShown
from harness.known.file import read_known
from harness.report.diff_schema import SCHEMA_FILE
from harness.spec.catalogue import entry_of_text, shipped_catalogue
from tests.comparing import diffs as d
from tests.comparing.test_known import head, promise

Told = Callable[..., tuple[int, str, str]]
MINE = "refuses_what_it_forbids"


@pytest.fixture(autouse=True)
def _here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / ".git").mkdir()
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("COLUMNS", "80")


@pytest.fixture
def told(capsys: pytest.CaptureFixture[str]) -> Told:
    def run(*words: str) -> tuple[int, str, str]:
        code = status([*words])
        said = capsys.readouterr()
        return code, said.out, said.err

    return run


def saved(name: str, *promises: PromiseShown, **more: Any) -> str:  # noqa: ANN401 - fields
    Path(name).write_bytes(dumped_baseline(head(*promises, **more)))
    return name


HELD = promise("held")
BROKEN = promise("broken", (MINE,))
BOTH = promise("broken", (MINE, "accepts_what_it_documents"))


def test_the_same_run_twice_changes_nothing(told: Told) -> None:
    name = saved("base.json", HELD)
    code, out, err = told("diff", name, name)

    assert (code, err) == (0, "")
    assert out.startswith("Nothing changed from BASE to HEAD: 1 promise was compared.\n")


def test_a_run_that_asked_nothing_compares_nothing(told: Told) -> None:
    code, out, err = told("diff", saved("base.json", HELD), saved("empty.json"))

    assert (code, out) == (2, "")
    assert "HEAD received nothing from it" in err


def test_documents_that_moved_are_told_though_nothing_else_can_be_compared(told: Told) -> None:
    text = shipped_catalogue()["buble"].text
    moved = text.replace("characters = 20000", "characters = 32000")
    assert moved != text
    for name, documents in (("base.json", text), ("head.json", moved)):
        digest = entry_of_text(documents, "buble.toml", kind="file", origin="a file").digest
        more = {"documents": {"buble": documents}, "spec_digests": {"buble": digest}}
        saved(name, evidence={"buble": d.EMULATOR}, **more)
    code, out, _ = told("diff", "base.json", "head.json")
    asked, _, _ = told("diff", "base.json", "head.json", "--fail-on", "document")

    assert (code, asked) == (2, 1)
    assert out.startswith("Nothing of BASE and HEAD could be compared: buble: BASE received")
    assert "has at most 32,000 characters, was 20,000" in " ".join(out.split())


def test_a_head_without_an_answer_ends_with_4(told: Told) -> None:
    code, out, _ = told(
        "diff", saved("base.json", HELD), saved("head.json", promise("inconclusive"))
    )

    assert code == 4
    assert out.startswith("HEAD tells nothing: every verdict is inconclusive.")


@pytest.mark.parametrize(
    ("words", "says"),
    [
        (["base.json"], "HEAD is missing (write harness diff BASE HEAD --accept)"),
        (["--accept", "base.json", "base.json"], "--accept took base.json for its file"),
        ([], "Missing argument 'BASE'"),
        (["nowhere", "base.json"], "nowhere"),
        (["base.json", "base.json", "--fail-on", "slow"], "did you mean slower?"),
        (["base.json", "base.json", "--slower", "10"], "--slower 10: '10' is not a percentage"),
        (["base.json", "base.json", "--failing", "nan"], "not a finite number"),
        (["base.json", "base.json", "--failing", "-1"], "--failing"),
        (["base.json", "base.json", "--alarm", "0"], "--alarm"),
        (["base.json", "base.json", "--alarm", "0.2", "--suspicion", "0.1"], "is above"),
        (["base.json", "base.json", "--json", "--markdown"], "leave one out"),
        (["base.json", "base.json", "--expires", "2999-01-01"], "goes with --accept"),
        (["base.json", "base.json", "--accept=k.toml", "--expires", "20270131"], "no day"),
        (["base.json", "base.json", "--accept=k.toml", "--expires", "2020-01-31"], "is over"),
        (["base.json", "base.json", "--known", "nowhere.toml"], "nowhere.toml"),
        (["base.json", "base.json", "--spec", "nowhere.toml"], "nowhere.toml"),
    ],
)
def test_wrong_usage_is_one_line_and_ends_with_2(told: Told, words: list[str], says: str) -> None:
    saved("base.json", HELD)
    code, out, err = told("diff", *words)

    assert (code, out) == (2, "")
    assert says in err
    assert len(err.splitlines()) == 1
    assert not Path("k.toml").exists()


def test_json_fits_its_schema_and_stdout_holds_nothing_else(told: Told) -> None:
    name = saved("base.json", HELD)
    code, out, err = told("diff", name, name, "--json", "--fail-on", "none", "--slower", "20%")
    whole = json.loads(out)
    validator = Draft202012Validator(json.loads(SCHEMA_FILE.read_text(encoding="utf-8")))

    assert list(validator.iter_errors(whole)) == []
    assert whole["exit_code"] == code == 0
    assert (whole["fail_on"], whole["thresholds"]["slower"]) == ([], 0.2)
    assert whole["why"] in err


def test_markdown_goes_to_stdout_and_both_files_to_a_folder(told: Told) -> None:
    name = saved("base.json", HELD)
    code, out, _ = told("diff", name, name, "--markdown", "--out", "deep/er")

    assert code == 0
    assert out.startswith("**✓ Nothing changed")
    assert Path("deep/er/diff.md").read_text(encoding="utf-8") == out
    assert json.loads(Path("deep/er/diff.json").read_text(encoding="utf-8"))["schema"] == 1


def test_a_folder_that_cannot_be_written_is_our_own_failure(told: Told) -> None:
    name = saved("base.json", HELD)
    Path("taken").write_text("")
    code, out, err = told("diff", name, name, "--out", "taken/below")

    assert (code, out) == (3, "")
    assert "taken" in err


def test_a_configuration_says_what_fails_and_a_typed_flag_wins(told: Told) -> None:
    Path("harness.toml").write_text('[diff]\nfail_on = ["flaky"]\nslower = "30%"\n')
    name = saved("base.json", HELD)
    _, out, err = told("diff", name, name, "--json")
    _, typed, _ = told("diff", name, name, "--json", "--slower", "5%")

    assert json.loads(out)["fail_on"] == ["flaky"]
    assert json.loads(out)["thresholds"]["slower"] == 0.3
    assert "harness.toml sets --fail-on, --slower" in err
    assert json.loads(typed)["thresholds"]["slower"] == 0.05
    assert json.loads(typed)["fail_on"] == ["flaky"]


# ------------------------------------------------------------------------- known deviations
KNOWN = """# ours
[[known]]
provider = "nanobanana"
operation = "generate"
promise = "n.range"
check = "refuses_what_it_forbids"
reason = "they know"
expires = {day}
"""


@pytest.mark.parametrize(
    ("now", "day", "code", "says"),
    [
        (BROKEN, "2027-01-31", 0, "as expected until 2027-01-31"),
        (HELD, "2027-01-31", 1, "1 promise listed as a known deviation is kept again"),
        (BROKEN, "2026-11-30", 1, "1 known deviation expired"),
    ],
)
def test_a_known_deviation_is_green_until_it_is_stale_or_expires(
    told: Told, now: PromiseShown, day: str, code: int, says: str
) -> None:
    Path("known.toml").write_text(KNOWN.format(day=day))
    ended, out, _ = told(
        "diff", saved("base.json", now), saved("head.json", now), "--known", "known.toml"
    )

    assert ended == code
    assert says in " ".join(out.split())


def test_the_shown_sentences_keep_to_80_columns_and_to_40(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    hostile = " ".join(each for each in d.HOSTILE if each.isprintable())
    found = d.diff(
        *(d.change(sentence=f"{at}: {hostile}") for at in range(150)),
        *(d.change(standing="suspected", sentence=hostile) for _ in range(30)),
        not_compared=(hostile,) * 30,
    )
    for columns in (80, 40, 10):
        monkeypatch.setenv("COLUMNS", str(columns))
        show(found)
        lines = capsys.readouterr().out.splitlines()
        commands = [line for line in lines if line.startswith("  harness diff ")]

        wide = [line for line in lines if _cells(line) > max(columns, 40) and line not in commands]
        assert wide == []
        assert commands == ["  harness diff reports/base reports/head --confirm"]
        assert any("and 50 more" in line for line in lines)
        assert sum("and 10 more" in line for line in lines) == 2


def _cells(line: str) -> int:
    from rich.cells import cell_len  # noqa: PLC0415 - as the command has it

    return cell_len(line)


def test_nothing_hidden_reaches_the_terminal(capsys: pytest.CaptureFixture[str]) -> None:
    show(d.diff(*(d.change(sentence=each, provider=each) for each in d.HOSTILE)))
    out = capsys.readouterr().out

    assert not set(out) & {"\x1b", "\u202e", "\x00", "\r"}
    assert "[bold]rich[/bold]" in out


# -------------------------------------------------------------------------- where it runs
def _process(*words: str, **more: Any) -> subprocess.CompletedProcess[str]:  # noqa: ANN401 - of subprocess
    return subprocess.run(
        [sys.executable, "-m", "harness", "diff", *words],
        capture_output=True,
        text=True,
        check=False,
        **more,
    )


def test_it_runs_where_nothing_can_be_written_in_ascii_without_colour() -> None:
    name = saved("base.json", HELD, evidence={"nanobanana": replace(d.EMULATOR, kind="recorded")})
    Path(name).chmod(0o444)
    Path.cwd().chmod(0o555)
    environment = {"LANG": "C", "LC_ALL": "C", "NO_COLOR": "1", "COLUMNS": "40", "PYTHONUTF8": "0"}
    try:
        done = _process(name, name, env={**_plain_environment(), **environment})
    finally:
        Path.cwd().chmod(0o755)

    assert (done.returncode, done.stderr) == (0, "")
    assert max(map(len, done.stdout.splitlines())) <= 40
    assert done.stdout.isascii()
    assert "\x1b" not in done.stdout
    assert {each.name for each in Path.cwd().iterdir()} == {".git", name}


def _plain_environment() -> dict[str, str]:
    return {name: os.environ[name] for name in ("PATH", "HOME") if name in os.environ}


def test_the_file_of_the_configuration_is_known_and_is_what_accept_writes(told: Told) -> None:
    Path("harness.toml").write_text('known = "gate.toml"\n')
    base, now = saved("base.json", HELD), saved("head.json", BROKEN)
    code, _, err = told("diff", base, now, "--accept", "--expires", "2027-02-28")
    after, out, _ = told("diff", base, now)

    assert (code, after) == (0, 0)
    assert "gate.toml: 1 known deviation more; write their reasons" in err
    assert [each.expires for each in read_known(Path("gate.toml"))] == ["2027-02-28"]
    assert "as expected until 2027-02-28" in " ".join(out.split())


def test_another_promise_broken_beside_a_known_one_fails(told: Told) -> None:
    Path("known.toml").write_text(KNOWN.format(day="2027-01-31"))
    other: dict[str, Any] = {"promise": "size.one_of"}
    base = saved("base.json", BROKEN, promise("held", **other))
    now = saved("head.json", BROKEN, promise("broken", ("accepts_what_it_documents",), **other))
    code, out, _ = told("diff", base, now, "--known", "known.toml")

    assert code == 1
    assert "newly breaks 1 promise" in out
    assert "as expected until 2027-01-31" in " ".join(out.split())


def test_a_sentence_with_line_ends_forges_no_section(capsys: pytest.CaptureFixture[str]) -> None:
    show(d.diff(d.change(sentence="odd\n\nBetter:\n- all")))

    assert "- odd Better: - all" in capsys.readouterr().out.splitlines()
