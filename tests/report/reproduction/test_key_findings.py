"""The reproduction of a finding about keys, run against the emulator with its fault and without."""

import os
import subprocess
import sys
from collections.abc import Iterator, Mapping
from pathlib import Path

import pytest

from harness.cases.build import Builder
from harness.cases.keys import TRIED, key_cases
from harness.core.exchange import Credential
from harness.core.outcome import ErrorReply, Refused
from harness.core.record import Record
from harness.core.verdict import Finding
from harness.planning.plan import planned_request
from harness.report.formats.write import write_report
from harness.runner.endpoints import emulator_process
from tests.emulator.conftest import MINIMAL, SUBMIT
from tests.loopback import ANY
from tests.report import builders as b
from tests.shipped import shipped_provider

CHECK = "refuses_what_it_forbids"
FAULTS = {
    "sub2api": "key_missing_served",
    "apiframe": "key_empty_served",
    "aimlapi": "key_other_header_served",
    "buble": "key_refused_with_500",
}
SENT: dict[str, Credential] = {
    "sub2api": "none",
    "apiframe": "empty",
    "aimlapi": "other_header",
    "buble": "wrong",
}


def _finding(name: str) -> Finding:
    provider = shipped_provider(name)
    cases = dict(zip(TRIED, key_cases(Builder(provider, "generate"), count=6, seed=0), strict=True))
    refused = Refused(
        error=ErrorReply(
            error_class="auth",
            status=500,
            code=None,
            message="no key",
            parameter=None,
            recognised=True,
        )
    )
    record = Record(
        shot=planned_request(provider, cases[SENT[name]]),
        evidence=b.EMULATOR,
        outcome=refused if name == "buble" else b.images(),
    )
    return b.finding(record, constraint="auth.required", check=CHECK)


@pytest.fixture(scope="module")
def served() -> Iterator[Mapping[str, str]]:
    with emulator_process(time_scale=0.0002, seed=0) as addresses:
        for name in FAULTS:  # the first key that it receives is an account's
            headers = {shipped_provider(name).auth.header: shipped_provider(name).auth.prefix + "k"}
            address = addresses[name] + SUBMIT[name]
            ANY.post(address, json=MINIMAL[name], headers=headers).raise_for_status()
        yield addresses


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    found = tuple(_finding(name) for name in FAULTS)
    made = tmp_path_factory.mktemp("run")
    records = [finding.record for finding in found]
    write_report(made, b.report(records, [], found, names=tuple(FAULTS)))
    return made / "findings"


def _environment(addresses: Mapping[str, str]) -> dict[str, str]:
    """Return surroundings without any key."""
    plain = {name: value for name, value in os.environ.items() if "API_KEY" not in name}
    urls = {f"{name.upper()}_BASE_URL": addresses[name] for name in FAULTS}
    return plain | urls | {"PYTEST_DISABLE_PLUGIN_AUTOLOAD": "1"}


def _run(folder: Path, addresses: Mapping[str, str], *, faults: bool) -> str:
    for name, fault in FAULTS.items():
        names = [fault] if faults else []
        url = f"{addresses[name]}/__emulator/faults"
        ANY.put(url, json={"faults": names}).raise_for_status()
    command = [sys.executable, "-m", "pytest", "-q", "-rs", "--tb=line", "-p", "no:cacheprovider"]
    command += ["-c", os.devnull, "--rootdir", ".", "."]
    done = subprocess.run(
        command,
        cwd=folder,
        env=_environment(addresses),
        capture_output=True,
        text=True,
        check=False,
    )
    return done.stdout + done.stderr


def test_each_ready_test_fails_with_the_fault_and_without_a_key_at_hand(
    folder: Path, served: Mapping[str, str]
) -> None:
    assert f"{len(FAULTS)} failed" in _run(folder, served, faults=True)


def test_each_ready_test_passes_without_the_fault(folder: Path, served: Mapping[str, str]) -> None:
    assert f"{len(FAULTS)} passed" in _run(folder, served, faults=False)


def test_no_script_asks_for_the_key(folder: Path) -> None:
    scripts = [path.read_text() for path in folder.rglob("repeat.sh")]

    assert len(scripts) == len(FAULTS)
    assert not [text for text in scripts if "API_KEY" in text]
