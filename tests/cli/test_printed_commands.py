"""Every command that the harness prints runs as it is printed, in the state it is printed in."""

import re
import shlex
import shutil
from collections.abc import Sequence
from pathlib import Path

import pytest

from harness.cli.interruption import Interruption
from harness.cli.main import status
from harness.core.jsonvalue import Json
from harness.planning.kept import owners_flags
from harness.store.reader import read_run
from tests.cli.own import KEY, acme_toml, address

__all__ = ["address"]  # a fixture

FOLDER = "it's a run"
FEW = ("--max-requests", "4", "--max-images", "2", "--operation", "generate")
PRINTED = re.compile(r"harness (?:run|judge|plan|report|providers) .*")
ENDED = (0, 4)
"""What a run ends with that was stopped by its limit, and broke nothing."""


def printed(text: str) -> list[list[str]]:
    """The arguments of each command in a text, as a shell would take them."""
    found = [line.rstrip() for line in PRINTED.findall(text)]
    return [shlex.split(line.removesuffix(")"))[1:] for line in found]


def started(toml: Path, address: str, out: Path, *more: str) -> None:
    where = ["--against", "live", "--base-url", f"acme={address}", "--out", str(out)]
    assert status(["run", "--spec", str(toml), *where, *more]) in ENDED


@pytest.fixture(scope="module")
def begun(address: str, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A live run with a budget that stopped before its plan did."""
    folder = tmp_path_factory.mktemp("begun")
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("ACME_API_KEY", KEY)
        started(acme_toml(folder), address, folder / FOLDER, "--budget", "acme=2", *FEW)
    return folder / FOLDER


@pytest.fixture
def run(begun: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("ACME_API_KEY", KEY)
    monkeypatch.chdir(tmp_path)
    return shutil.copytree(begun, tmp_path / FOLDER)


def runs(commands: Sequence[Sequence[str]], capsys: pytest.CaptureFixture[str]) -> None:
    assert commands
    for command in commands:
        code = status([*command])
        said = capsys.readouterr().err
        assert code in ENDED, said
        assert "needs a budget" not in said


def test_what_an_interrupted_run_says_goes_on(
    run: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    interrupted = Interruption()
    interrupted.opened(run)

    runs(printed(interrupted._hint()), capsys)

    assert read_run(run).header.choices["budgets"] == {"acme": "2"}


def test_what_a_report_says_goes_on_in_its_folder(
    run: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(run)

    runs([["run", "--resume", "."]], capsys)


def test_a_folder_begun_with_another_key_goes_on_as_it_says(
    run: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("ACME_API_KEY", "sk-of-somebody-else-0123456789")
    before = (run / "journal.jsonl").read_bytes()

    refused = status(["run", "--resume", str(run)])
    said = capsys.readouterr().err
    untouched = (run / "journal.jsonl").read_bytes() == before
    (command,) = printed(said)

    assert refused == 2
    assert untouched
    assert command[-6:] == ["--budget", "acme=2", "--max-images", "2", "--max-requests", "4"]
    runs([command], capsys)


def test_a_live_run_without_a_budget_says_what_is_enough_for_it(
    begun: Path, address: str, run: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    toml, live = begun.parent / "acme.toml", ["--against", "live"]
    command = ["run", "--spec", str(toml), *live, "--base-url", f"acme={address}"]
    command += ["--operation", "generate", "--max-requests", "4"]

    bare = status(command)
    said = capsys.readouterr().err
    (flags,) = re.findall(r"nothing was sent \((.*)\)$", said, re.MULTILINE)

    assert bare == 2
    assert not (run.parent / "reports").exists()
    runs([[*command, *shlex.split(flags)]], capsys)


def test_a_run_by_a_configuration_goes_on_without_it(
    begun: Path, address: str, run: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    toml, out = begun.parent / "acme.toml", run.parent / "configured"
    config = run.parent / "mine.toml"
    config.write_text(
        f"specs = ['{toml}']\n[limits]\nmax_images = 1\nmax_requests = 4\n"
        f"[target]\nbase_url = {{ acme = '{address}' }}\n",
        "utf-8",
    )

    first = ["--config", str(config), "run", "--against", "live", "--operation", "generate"]
    assert status([*first, "--out", str(out)]) in ENDED, capsys.readouterr().err

    runs([["run", "--resume", str(out)]], capsys)


def test_what_to_run_next_with_a_new_toml_runs(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)

    assert status(["providers", "new", "acme", "--like", "buble", "--out", "a b's.toml"]) == 0
    told = capsys.readouterr()
    commands = printed(told.out + told.err)

    assert commands == [
        ["providers", "validate", "a b's.toml"],
        ["providers", "try", "a b's.toml"],
        ["plan", "--spec", "a b's.toml"],
    ]
    assert status(commands[0]) == 0, capsys.readouterr().err


def test_an_owners_choices_are_typed_as_a_shell_takes_them() -> None:
    kept: dict[str, Json] = {
        "budgets": {"acme": "0.50"},
        "max_minutes": 1.5,
        "quick": True,
        "allow_private": True,
        "assets_url": "https://a.example/x y",
        "discover": True,
    }

    typed = shlex.split(" ".join(owners_flags(kept)))

    assert sorted(typed) == sorted(
        [
            *("--budget", "acme=0.50", "--max-minutes", "1.5", "--quick", "--allow-private"),
            *("--assets-url", "https://a.example/x y"),
        ]
    )
