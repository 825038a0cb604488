"""Ready tests, run as a person runs them: by pytest in a folder of their own, with a key."""

import ast
import json
import os
import re
import subprocess
import sys
from collections.abc import Iterator, Mapping
from dataclasses import replace
from pathlib import Path

import pytest

from harness.core.jsonvalue import Json
from harness.core.outcome import Usage
from harness.core.verdict import Finding
from harness.report.formats.write import write_report
from harness.report.model import Report, Reproduction
from harness.runner.endpoints import emulator_process
from tests.loopback import ANY
from tests.report import builders as b
from tests.shipped import shipped_provider

KEY = "sk-of-this-test"
FAULTS = {
    "sub2api": ["ignore:n.range", "wrong_dimensions"],
    "buble": ["undecodable_image"],
    "nanobanana": ["ignore:model.one_of"],
    "openai": ["lower_quality_served"],
}
"""Every finding below is what one of these makes of its provider."""

PROMPT: Json = "a small red fox in the snow"
IMAGE = b.file_arguments("png-rgb-512x512-1.png")


def _finding(
    name: str, operation: str, check: str, constraint: str | None, **arguments: Json
) -> Finding:
    refuse = check == "refuses_what_it_forbids"
    case = b.case(
        name=name,
        operation=operation,
        id=f"{operation}/{check}/{constraint}",
        expect="refuse" if refuse else "accept",
        breaks=constraint if refuse else None,
        arguments={"prompt": PROMPT} | arguments,
    )
    record = b.record(case, b.images(), evidence=b.EMULATOR)
    return b.finding(record, constraint=constraint, check=check)


OVER = _finding(
    "sub2api", "generate", "refuses_what_it_forbids", "n.range", model="gpt-image-2", n=11
)
FORM = _finding(
    *("sub2api", "edit", "images_have_the_asked_dimensions", "size.one_of"),
    model="gpt-image-2",
    images=[IMAGE],
    size="1536x1024",
)
UPLOADED = _finding(
    *("buble", "edit", "images_decode", None),
    model="openai/gpt-image-2",
    mode="image_to_image",
    images=[IMAGE],
)
ENVELOPE = _finding(
    *("nanobanana", "generate", "refuses_what_it_forbids", "model.one_of"), model="gpt-image-9"
)
LOWER = _finding(
    *("openai", "generate", "images_have_the_asked_quality", "quality.one_of"),
    model="gpt-image-2",
    quality="high",
)
LOWER = replace(
    LOWER,
    record=replace(
        LOWER.record,
        outcome=replace(
            b.images(),
            usage=Usage(
                input=9, output=196, total=205, output_parts=(196, 0), kinds={"image_output": 196}
            ),
        ),
    ),
)
FOUND = (OVER, FORM, UPLOADED, ENVELOPE, LOWER)


def _report(*findings: Finding) -> Report:
    names = tuple(dict.fromkeys(finding.provider for finding in findings))
    return b.report([finding.record for finding in findings], [], findings, names=names)


@pytest.fixture(scope="module")
def served() -> Iterator[Mapping[str, str]]:
    with emulator_process(time_scale=0.0002, seed=0) as addresses:
        yield addresses


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    made = tmp_path_factory.mktemp("run")
    write_report(made, _report(*FOUND))
    return made / "findings"


def _switch(served: Mapping[str, str], faults: Mapping[str, list[str]]) -> None:
    for name in FAULTS:
        url = f"{served[name]}/__emulator/faults"
        ANY.put(url, json={"faults": faults.get(name, [])}).raise_for_status()


def _run(folder: Path, addresses: Mapping[str, str], *, key: str = KEY) -> str:
    """Run every test of the folder with pytest and httpx alone; return what is printed."""
    environment = {name: value for name, value in os.environ.items() if "API_KEY" not in name}
    environment |= {"PYTEST_DISABLE_PLUGIN_AUTOLOAD": "1"}
    for name in FAULTS:
        environment[f"{name.upper()}_BASE_URL"] = addresses[name]
        environment |= {shipped_provider(name).auth.env: key} if key else {}
    command = [sys.executable, "-m", "pytest", "-q", "-rs", "--tb=line", "-p", "no:cacheprovider"]
    command += ["-c", os.devnull, "--rootdir", ".", "."]
    done = subprocess.run(
        command, cwd=folder, env=environment, capture_output=True, text=True, check=False
    )
    return done.stdout + done.stderr


def test_with_the_fault_each_ready_test_fails_and_says_what_came(
    folder: Path, served: Mapping[str, str]
) -> None:
    _switch(served, FAULTS)
    printed = _run(folder, served)

    assert "5 failed" in printed, printed
    served_wrongly = re.findall(r"(\w+)\.py:\d+: AssertionError: served with HTTP 200", printed)
    assert sorted({name[:7] for name in served_wrongly}) == ["test_01", "test_04"]
    assert re.search(r"\[(\d+)\] == \[(?!\1)\d{4,5}\]", printed)
    assert "{(1254, 1254)} == {(1536, 1024)}" in printed
    assert re.search("OSError: .*truncated|SyntaxError: broken PNG", printed)


def test_without_the_fault_each_ready_test_passes(folder: Path, served: Mapping[str, str]) -> None:
    _switch(served, {})

    assert "5 passed" in _run(folder, served)


def test_without_a_key_each_ready_test_is_skipped_with_the_reason(
    folder: Path, served: Mapping[str, str]
) -> None:
    printed = _run(folder, served, key="")

    assert "5 skipped" in printed
    assert "BUBLE_API_KEY is not set: nothing was sent" in printed


def test_trouble_of_the_account_or_the_line_proves_nothing(
    folder: Path, served: Mapping[str, str]
) -> None:
    trouble = {"sub2api": "quota", "buble": "outage", "nanobanana": "quota", "openai": "outage"}
    _switch(served, {name: [fault] for name, fault in trouble.items()})
    printed = _run(folder, served)

    assert "5 skipped" in printed, printed
    assert "proves nothing" in printed


def _test(again: Reproduction) -> str:
    return next(text for name, text in again.texts.items() if name.startswith("test_"))


def test_a_ready_test_is_short_and_knows_nothing_of_this_harness() -> None:
    for item in _report(*FOUND).findings:
        text = _test(item.reproduction)
        imported = {
            name.name
            for one in ast.walk(ast.parse(text))
            if isinstance(one, ast.Import)
            for name in one.names
        }

        assert imported <= {"base64", "io", "json", "os", "re", "time", "httpx", "pytest"}
        assert len(text.splitlines()) <= (130 if item.finding is UPLOADED else 110)
    assert len(_test(_report(OVER).findings[0].reproduction).splitlines()) <= 82


def test_a_ready_test_says_what_a_run_costs() -> None:
    refused, served_ = (_test(item.reproduction) for item in _report(OVER, UPLOADED).findings)

    assert "A run costs up to 1 image while the promise is broken, nothing once" in refused
    assert "A run costs up to 1 image, 1 credit." in served_


def test_what_a_few_lines_cannot_tell_has_no_ready_test_and_says_so() -> None:
    finding = replace(OVER, check="webhook_is_signed")
    again = _report(finding).findings[0].reproduction

    assert sorted(again.texts) == ["repeat.sh", "request.json"]
    assert again.no_test == "webhook is signed: no few lines can tell"
    assert json.loads(again.texts["request.json"])["no_test"] == again.no_test


def test_a_text_too_long_for_a_line_is_read_from_the_file_beside_it() -> None:
    long = _finding(
        *("sub2api", "generate", "refuses_what_it_forbids", "prompt.max_length"),
        prompt="x" * 32_001,
    )
    text = _test(_report(long).findings[0].reproduction)

    assert 'read_text("utf-8"))["arguments"]["prompt"]' in text
    assert "xxxx" not in text


def test_foreign_text_stays_in_the_docstring_and_in_comments() -> None:
    evil = 'x"""\nimport os\n# \\\u202e'
    finding = replace(OVER, observed=evil, expected=evil)
    again = _report(finding).findings[0].reproduction
    script = again.texts["repeat.sh"].splitlines()
    tree = ast.parse(_test(again))

    assert sum(isinstance(one, ast.Import) for one in tree.body) == 4
    assert [line[:1] for line in script[:4]] == ["#", "#", "#", "#"]
    assert script[4] == "set -eu"


def test_no_text_of_a_reproduction_holds_a_key() -> None:
    keyed = replace(
        OVER.record.shot.request,
        headers=(("Authorization", f"Bearer {KEY}"), ("X-Api-Key", KEY), ("Cookie", KEY)),
    )
    shot = replace(OVER.record.shot, request=keyed)
    finding = replace(OVER, record=replace(OVER.record, shot=shot))

    for text in _report(finding).findings[0].reproduction.texts.values():
        assert KEY not in text
