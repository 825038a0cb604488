import json
import os
import re
import subprocess
import sys
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from shutil import copytree
from xml.etree import ElementTree as ET

import pytest

from harness.api import judge
from harness.cli.main import status
from tests.diagnosis.test_known import BOTH_REFUSED
from tests.known.entries import N_RANGE, known_file
from tests.report.folders import ENDINGS, HEADER, written

ROOT = Path(__file__).parents[2]
RECORDINGS = Path(__file__).parents[1] / "runner" / "recordings"
IGNORING = "ignore:n.range/run.json"
REFUSES = "nanobanana/generate/n.range/refuses-2-0"
RUN = ["run", "--against", "emulator", "--provider", "nanobanana", "--time-scale", "0.0002"]
RUN += ["--max-images", "8"]
CODES = {
    "held": 0,
    "broken": 1,
    "flaky only": 0,
    "unconfirmed only": 4,
    "inconclusive": 4,
    "nothing tested": 2,
    "interrupted": 130,
    "killed": 130,
    "crashed": 3,
}


COLLECTED = ["--import-mode=prepend", "--collect-only"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Ended:
    """How a pytest session ended."""

    code: int
    out: str
    err: str


def sessions(cwd: Path, arguments: Mapping[str, list[str]]) -> dict[str, Ended]:
    """Run the sessions, one after the other in one process."""
    done = subprocess.run(
        [sys.executable, str(Path(__file__).with_name("sessions.py"))],
        input=json.dumps(arguments),
        capture_output=True,
        text=True,
        cwd=cwd,
        check=False,
        env={**os.environ, "PYTHONPATH": str(ROOT)},
    )
    assert done.returncode == 0, done.stderr
    return {name: Ended(**ended) for name, ended in json.loads(done.stdout).items()}


def _test(folder: Path, name: str, text: str) -> str:
    folder.mkdir()
    (folder / f"test_{name}.py").write_text(text)
    return str(folder)


@pytest.fixture(scope="module")
def runs(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder of all run folders."""
    return tmp_path_factory.mktemp("runs")


@pytest.fixture(scope="module")
def ended(runs: Path) -> dict[str, Ended]:
    """A session for a run folder of each kind, and for what may be beside one."""
    here, every = runs, (*ENDINGS, "ignore:n.range", "outage", "fine tape", "odd tape")
    for ending, (_, header, records) in ENDINGS.items():
        written(here / ending, header, records)
    for fault in ("ignore:n.range", "outage"):
        status([*RUN, "--out", str(here / fault), "--fault", f"nanobanana:{fault}"])
    for name, tape in (("fine tape", "sub2api.ruby.yml"), ("odd tape", "sub2api.vcrpy.yaml")):
        judge([RECORDINGS / tape], "sub2api", out=here / name)
    copytree(here / "ignore:n.range", here / "again")
    written(here / "kept again", HEADER, BOTH_REFUSED)
    known = str(known_file(here, N_RANGE))
    (here / "none").mkdir()
    none = str(here / "none")
    passes = _test(here / "passes", "passes", "def test_passes(): pass\n")
    (here / "passes" / "conftest.py").write_text("")
    fails = _test(here / "fails", "fails", "def test_fails(): assert False\n")
    broken = _test(here / "cannot", "cannot", "import nothing_of_this_name\n")
    run = "--harness-run"
    return sessions(
        here,
        {
            **{name: [none, run, name] for name in every},
            "known": [none, run, "broken", "--harness-known", known],
            "known by a setting": [none, run, "broken", "-o", f"harness_known={known}"],
            "stale": [none, run, "kept again", "--harness-known", known],
            "no such file": [none, run, "broken", "--harness-known", "none.toml"],
            "no run": [none, run, none],
            "beside a test that passes": [passes, run, "inconclusive"],
            "beside a test that fails": [fails, run, "inconclusive"],
            "beside a module that is broken": [broken, run, "held"],
            "in part": [none, run, "broken", "-k", "reply/images_decode"],
            "failed last": [none, run, "ignore:n.range", "--lf"],
            "by its line": [f"{IGNORING}::{REFUSES}"],
            "by its file": [IGNORING],
            "named twice": [f"{IGNORING}::{REFUSES}", run, "ignore:n.range"],
            "without one": [none, run, "ignore:n.range", "--deselect", f"{IGNORING}::{REFUSES}"],
            "what costs": [none, run, "ignore:n.range", "-m", "paid", "--collect-only"],
            "only collected": [none, run, "ignore:n.range", "--collect-only"],
            "as XML": [none, run, "ignore:n.range", "--junitxml", "junit.xml"],
            "two runs": [none, run, "unconfirmed only", run, "broken"],
            "two folders": ["ignore:n.range", "again", *COLLECTED],
            "a finding": ["ignore:n.range/findings", *COLLECTED],
            "another process": [none, run, "unconfirmed only", "-n", "1"],
        },
    )


@pytest.fixture(scope="module")
def junit(ended: dict[str, Ended], runs: Path) -> ET.Element:
    """What pytest wrote of a run whose promise is broken."""
    assert ended["as XML"].code == 1
    return ET.parse(runs / "junit.xml").getroot()  # noqa: S314 - pytest wrote it


@pytest.mark.parametrize("ending", ENDINGS)
def test_a_session_ends_with_the_code_of_every_other_door(
    ending: str, ended: dict[str, Ended]
) -> None:
    assert ended[ending].code == ENDINGS[ending][0] == CODES[ending], ended[ending].out


@pytest.mark.parametrize("ending", ENDINGS)
def test_the_summary_says_how_each_run_ended_and_why(ending: str, ended: dict[str, Ended]) -> None:
    assert f"{ending}: exit code {CODES[ending]}: " in ended[ending].out


@pytest.mark.parametrize(
    ("ending", "line"),
    [
        ("flaky only", r"XFAIL .*n\.range.*flaky, 1 of 2 times: served with 11 images"),
        ("unconfirmed only", r"XFAIL .*n\.range.*unconfirmed, not asked again: served with"),
        ("nothing tested", r"SKIPPED .*skip: budget: --max-requests 1 is too low"),
        ("inconclusive", r"SKIPPED .*inconclusive: "),
        ("broken", r"FAILED broken/run\.json::sub2api/generate/n\.range/refuses-11-0 - "),
        ("crashed", r"our own failure: crashes crashed on generate/base: ZeroDivisionError"),
    ],
)
def test_a_verdict_is_told_with_its_reason(ending: str, line: str, ended: dict[str, Ended]) -> None:
    assert re.search(line, " ".join(ended[ending].out.split()))


def test_a_known_deviation_is_an_expected_failure_with_its_reason(
    ended: dict[str, Ended],
) -> None:
    for name in ("known", "known by a setting"):
        out = " ".join(ended[name].out.split())
        assert ended[name].code == 0
        assert re.search(r"XFAIL .*n\.range.*known until 2030-12-31: they mean to document it", out)
        assert " failed" not in out
    assert ended["no such file"].code == 2


def test_a_known_deviation_that_holds_again_is_a_test_that_fails(ended: dict[str, Ended]) -> None:
    out = " ".join(ended["stale"].out.split())

    assert ended["stale"].code == 1
    assert re.search(r"FAILED .*::sub2api/generate/n\.range/known-refuses_what_it_forbids", out)
    assert "1 failed" in out
    assert "known deviation stale: sub2api generate n.range" in out


def test_a_kept_promise_is_a_passing_test(ended: dict[str, Ended]) -> None:
    assert " passed" in ended["held"].out
    assert "fail" not in ended["held"].out


def test_a_suspicion_is_an_expected_failure_and_fails_nothing(ended: dict[str, Ended]) -> None:
    for ending in ("flaky only", "unconfirmed only"):
        assert "1 xfailed" in ended[ending].out
        assert " failed" not in ended[ending].out


def test_a_broken_promise_fails_in_the_check_s_own_words(ended: dict[str, Ended]) -> None:
    done = ended["ignore:n.range"]

    assert done.code == 1, done.out
    assert "refuses what it forbids: served with" in done.out
    assert "  expected: refused: n is " in done.out
    assert "  request:  POST /v1/images/generate n=0 " in done.out
    assert "  again:    sh ignore:n.range/findings/01-" in done.out
    assert "  sure:     confirmed, 2 of 2 times; emulator" in done.out
    assert "Traceback" not in done.out


def test_a_broken_promise_fails_one_test_of_its_operation(ended: dict[str, Ended]) -> None:
    failed = re.findall(r"^FAILED (.*?) - ", ended["ignore:n.range"].out, re.MULTILINE)

    assert failed == [
        f"{IGNORING}::{REFUSES}",
        f"{IGNORING}::{REFUSES}".replace("generate", "edit"),
    ]


def test_what_failed_last_is_all_that_is_run_again(ended: dict[str, Ended]) -> None:
    assert ended["failed last"].code == 1
    assert re.search(r"^2 failed, \d+ deselected", ended["failed last"].out, re.MULTILINE)


def test_the_id_that_pytest_prints_selects_the_test(ended: dict[str, Ended]) -> None:
    for name in ("by its line", "named twice"):
        assert re.search(r"^1 failed, \d+ warn", ended[name].out, re.MULTILINE), ended[name].out
    assert f"FAILED {IGNORING}::{REFUSES} - " in ended["by its line"].out


def test_the_file_of_a_run_is_as_good_as_its_option(ended: dict[str, Ended]) -> None:
    def counted(name: str) -> str:
        return ended[name].out.splitlines()[-1].rpartition(" in ")[0]

    assert ended["by its file"].code == 1
    assert counted("by its file") == counted("ignore:n.range")


def test_a_test_is_left_out_by_its_id(ended: dict[str, Ended]) -> None:
    assert re.search(r"^1 failed, .*1 deselected", ended["without one"].out, re.MULTILINE)


def test_what_costs_has_a_marker(ended: dict[str, Ended]) -> None:
    assert ended["what costs"].code == 0
    assert f"{IGNORING}::nanobanana/generate/n.range/serves" in ended["what costs"].out
    assert "refuses" not in ended["what costs"].out


def test_what_is_only_collected_ends_with_0(ended: dict[str, Ended]) -> None:
    assert ended["only collected"].code == 0
    assert f"{IGNORING}::{REFUSES}" in ended["only collected"].out


def test_what_runs_keep_of_their_findings_is_collected_where_it_is_named(
    ended: dict[str, Ended],
) -> None:
    assert ended["two folders"].code == pytest.ExitCode.NO_TESTS_COLLECTED, ended["two folders"].out
    assert ended["a finding"].code == 0, ended["a finding"].out
    assert "findings/01-" in ended["a finding"].out


def test_junit_s_properties_say_what_a_test_rests_on_and_costs(
    ended: dict[str, Ended], junit: ET.Element
) -> None:
    properties = {
        case.attrib["name"]: {
            each.attrib["name"]: each.attrib["value"] for each in case.iter("property")
        }
        for case in junit.iter("testcase")
    }
    serves = properties["nanobanana/generate/n.range/serves"]

    assert ended["as XML"].code == 1
    assert {"evidence": "emulator", "run": "ignore:n.range"}.items() <= serves.items()
    assert int(serves["images"]) > 0
    assert serves["price"].endswith(" credits")
    assert properties[REFUSES]["request"].startswith("POST /v1/images/generate n=0 ")


def test_an_outage_skips_with_its_reason(ended: dict[str, Ended]) -> None:
    done = ended["outage"]

    assert done.code == 4, done.out
    assert "inconclusive: server" in done.out
    assert "failed" not in done.out


def test_traffic_that_was_judged_ends_alike(
    ended: dict[str, Ended], capsys: pytest.CaptureFixture[str]
) -> None:
    tapes = {"fine tape": "sub2api.ruby.yml", "odd tape": "sub2api.vcrpy.yaml"}

    codes = {
        name: status(["judge", str(RECORDINGS / tape), "--provider", "sub2api"])
        for name, tape in tapes.items()
    }
    capsys.readouterr()

    assert codes == {name: ended[name].code for name in tapes} == {"fine tape": 0, "odd tape": 1}


def test_other_tests_decide_only_if_they_fail(ended: dict[str, Ended]) -> None:
    assert ended["beside a test that passes"].code == 4
    assert ended["beside a test that fails"].code == 1


def test_a_module_that_cannot_be_collected_decides(ended: dict[str, Ended]) -> None:
    assert ended["beside a module that is broken"].code == pytest.ExitCode.INTERRUPTED


def test_where_verdicts_are_deselected_pytests_own_code_stands(ended: dict[str, Ended]) -> None:
    assert ended["in part"].code == 0, ended["in part"].out
    assert "deselected" in ended["in part"].out


def test_of_several_runs_the_gravest_decides(ended: dict[str, Ended]) -> None:
    assert ended["two runs"].code == 1
    assert ended["two runs"].out.count("exit code") == 2


def test_processes_that_share_the_verdicts_agree(ended: dict[str, Ended]) -> None:
    assert ended["another process"].code == 4, ended["another process"].out
    assert "1 xfailed" in ended["another process"].out


def test_a_folder_that_is_no_run_is_one_line_of_usage(ended: dict[str, Ended]) -> None:
    done = ended["no run"]

    assert done.code == 2
    assert "is no run folder" in done.err
    assert "Traceback" not in done.err + done.out


LIGHT = {"harness", "harness.pytest_plugin"}
"""All that a test run pays for which has no run folder."""

HEAVY = (
    *("harness", "pydantic", "scipy", "numpy", "pandas", "jinja2", "duckdb", "httpx", "click"),
    "rich",
)


def test_a_session_without_a_run_imports_nothing_of_the_harness(tmp_path: Path) -> None:
    (tmp_path / "conftest.py").write_text(
        "import sys\n\ndef pytest_unconfigure():\n"
        f"    names = [name for name in sys.modules if name.split('.')[0] in {HEAVY}]\n"
        "    print('LOADED', *names)\n"
    )
    (tmp_path / "test_own.py").write_text("def test_own():\n    pass\n")
    command = [sys.executable, "-m", "pytest", "-q", "-s", "-p", "harness.pytest_plugin"]

    done = subprocess.run(
        command,
        capture_output=True,
        text=True,
        cwd=tmp_path,
        check=True,
        env={**os.environ, "PYTEST_DISABLE_PLUGIN_AUTOLOAD": "1"},
    )

    assert set(done.stdout.partition("LOADED ")[2].split()) == LIGHT
