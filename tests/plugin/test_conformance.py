"""Sessions of `pytest --pyargs harness.conformance`, all of them in one process."""

import re
import xml.etree.ElementTree as ET
from pathlib import Path

import pytest

from harness.known.model import KnownDeviation
from tests.known.entries import LINK, known_file
from tests.plugin.test_pytest_plugin import Ended, sessions

ROOT = Path(__file__).parents[2]
HERE = "harness.conformance"
OURS = ["--pyargs", HERE]
EMULATED = ["--provider", "sub2api", "--operation", "generate", "--against", "emulator"]
FAULT = ["--fault", "sub2api:ignore:n.range", "--time-scale", "0.0002"]
REFUSES = f"{HERE}::sub2api/generate/n.range/refuses-11-0"
SHORT = REFUSES.removesuffix("-0")
FAULTY = ["--provider", "apiframe", f"--cassettes={ROOT / 'cassettes-with-faults'}"]
BROKEN = [*OURS, *FAULTY, "--operation", "generate", "-k", "output_format or n.range"]
SERVES = f"{HERE}::apiframe/generate/output_format.one_of/serves"
CACHE = ["-p", "cacheprovider"]
WEBP = KnownDeviation(
    provider="apiframe",
    operation="generate",
    promise="output_format.one_of",
    check="images_have_the_asked_format",
    reason="they mean to serve webp",
    link=LINK,
    expires="2030-12-31",
)
THEIRS = """
def pytest_addoption(parser):
    parser.addoption("--provider", default="theirs")
    parser.addoption("--base-url", default="theirs")
"""
OWN_TEST = """
def test_own(request):
    assert request.config.getoption("--provider") == "theirs"
"""


@pytest.fixture(scope="module")
def here(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A project with options and tests of its own."""
    folder = tmp_path_factory.mktemp("project")
    elsewhere = tmp_path_factory.mktemp("elsewhere")
    (elsewhere / "pytest.ini").write_text("[pytest]\n")
    (folder / "conftest.py").write_text(THEIRS)
    (folder / "test_own.py").write_text(OWN_TEST)
    (folder / "pytest.ini").write_text("[pytest]\naddopts = --strict-markers\n")
    known_file(folder, WEBP)
    return folder


@pytest.fixture(scope="module")
def ended(here: Path) -> dict[str, Ended]:
    """A session of each kind; `last failed` follows `broken`."""
    replayed = [*OURS, "--provider", "nanobanana", "--operation", "generate"]
    fine = [*OURS, "--provider", "apiframe", "--operation", "generate"]
    known = ["-k", "output_format", "--known", "known.toml"]
    return sessions(
        here,
        {
            "plan": [*replayed, "--collect-only"],
            "held": [*replayed, "test_own.py"],
            "free": [*replayed, "-m", "not paid", "--collect-only"],
            "broken": [*BROKEN, *CACHE, "--junitxml", "junit.xml"],
            "last failed": [*BROKEN, *CACHE, "--lf"],
            "known": [*OURS, *FAULTY, "--operation", "generate", *known],
            "stale": [*fine, *known],
            "by its id": ["--pyargs", SHORT, *EMULATED, *FAULT, "-n", "1", "--out", "apart"],
            "a wrong number": [*OURS, "--seed", "x"],
            "a path elsewhere": [*OURS, "--cassettes", str(here.parent / "elsewhere0")],
            "no value": [*OURS, "-q", "--budget"],
            "no such provider": [*OURS, "--provider", "sub2apo"],
            "theirs alone": ["test_own.py"],
        },
    )


def _selected(ended: Ended) -> list[str]:
    return [line for line in ended.out.splitlines() if line.startswith(f"{HERE}::")]


def test_what_is_collected_is_the_plan_and_nothing_is_sent(ended: dict[str, Ended]) -> None:
    ids = _selected(ended["plan"])

    assert f"{HERE}::nanobanana/generate/n.range/refuses-2-0" in ids
    assert f"{HERE}::nanobanana/generate/reply/images_decode" in ids
    assert "selected of nanobanana: " in ended["plan"].out
    assert "run folder" not in ended["plan"].out


def test_a_session_without_a_broken_promise_ends_with_0(ended: dict[str, Ended]) -> None:
    assert ended["held"].code == 0, ended["held"].out
    assert "exit code 0: " in ended["held"].out
    assert "read it: harness report reports/" in ended["held"].out


def test_tests_of_the_users_run_beside_ours_with_options_of_the_same_names(
    ended: dict[str, Ended],
) -> None:
    assert ended["held"].code == ended["theirs alone"].code == 0, ended["theirs alone"].out
    assert "1 passed" in ended["theirs alone"].out


def test_not_paid_selects_what_costs_nothing(ended: dict[str, Ended]) -> None:
    ids = _selected(ended["free"])

    assert f"{HERE}::nanobanana/generate/n.range/refuses-2-0" in ids
    assert not [each for each in ids if each.endswith("/serves")]


def test_one_broken_promise_is_one_failed_test_with_its_request(ended: dict[str, Ended]) -> None:
    out = ended["broken"].out

    assert ended["broken"].code == 1, out
    assert "1 failed" in out
    assert f"FAILED {SERVES}" in out
    assert "expected: images have the asked format" in out
    assert "request:  POST /v2/images/generate" in out
    assert "again:    " in out


def test_the_last_failed_one_runs_alone_and_sends_less(ended: dict[str, Ended]) -> None:
    out = ended["last failed"].out

    assert ended["last failed"].code == 1, out
    assert "1 failed" in out
    assert "passed" not in out
    assert _requests(ended["last failed"]) < _requests(ended["broken"]) < 170


def _requests(ended: Ended) -> int:
    found = re.search(r"selected of apiframe: (\d+) requests", ended.out)
    assert found, ended.out
    return int(found[1])


def test_junit_names_the_test_by_its_id_with_evidence_price_and_images(
    ended: dict[str, Ended], here: Path
) -> None:
    cases = ET.parse(here / "junit.xml").getroot().iter("testcase")  # noqa: S314 - our own file
    failed = [case for case in cases if case.find("failure") is not None]
    properties = {each.get("name"): each.get("value") for each in failed[0].iter("property")}

    assert ended["broken"].code == 1
    assert [case.get("name") for case in failed] == [SERVES.removeprefix(f"{HERE}::")]
    assert "recorded" in str(properties["evidence"])
    assert {"price", "images", "run"} <= {*properties}


def test_a_test_is_selected_by_its_id_and_another_process_sends_it(
    ended: dict[str, Ended], here: Path
) -> None:
    out = ended["by its id"].out

    assert ended["by its id"].code == 1, out
    assert "1 failed" in out
    assert "exit code 1: 1 promise broken" in out
    assert (here / "apart" / "part-1" / "summary.json").exists(), out


def test_a_known_deviation_is_an_expected_failure(ended: dict[str, Ended]) -> None:
    assert ended["known"].code == 0, ended["known"].out
    assert "1 xfailed" in ended["known"].out
    assert WEBP.reason in ended["known"].out


def test_a_known_deviation_that_holds_again_fails(ended: dict[str, Ended]) -> None:
    assert ended["stale"].code == 1, ended["stale"].out
    assert "output_format" in ended["stale"].out.split("short test summary")[-1]


@pytest.mark.parametrize(
    "name", ["a wrong number", "a path elsewhere", "no value", "no such provider"]
)
def test_wrong_usage_is_told_and_ends_with_2(name: str, ended: dict[str, Ended]) -> None:
    said = ended[name].err.strip()

    assert ended[name].code == 2, ended[name].out
    assert len(said.splitlines()) == 1
    assert "harness: " in said
