"""A run of a provider that does not ship goes on by the TOML that its folder keeps, or not at all.

A folder may be a stranger's, and its TOML names the variable of a key: the key leaves only for an
address that this user is known to have sent it to.
"""

import shutil
import subprocess
import sys
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest

from harness.cli.main import status
from harness.core.jsonvalue import digest
from harness.core.record import RunHeader
from harness.spec.load import tables_of
from harness.spec.quotes import without_quotes
from harness.store.header import dumped_header
from harness.store.reader import read_run
from tests.cli.own import KEY, acme_toml, address

__all__ = ["address"]  # a fixture


@pytest.fixture(scope="module")
def begun(address: str, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with a live run that was stopped early by its limit, and its TOML beside."""
    folder = tmp_path_factory.mktemp("begun")
    toml = acme_toml(folder)
    where = ["--against", "live", "--base-url", f"acme={address}", "--out", str(folder / "run")]
    limits = ["--max-requests", "6", "--max-images", "2", "--operation", "generate"]
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("ACME_API_KEY", KEY)
        assert status(["run", "--spec", str(toml), *where, *limits]) in (0, 4)
    return folder


@pytest.fixture
def mine(begun: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A copy of it, and the key in the environment."""
    monkeypatch.setenv("ACME_API_KEY", KEY)
    return shutil.copytree(begun, tmp_path / "mine")


def altered(run: Path, change: Callable[[RunHeader], RunHeader]) -> None:
    header = replace(change(read_run(run).header), sealed_lines=0)
    (run / "run.json").write_bytes(dumped_header(header))


def edit(path: Path) -> str:
    """Another wait in a TOML; return its digest."""
    text = path.read_text("utf-8").replace("normal_s = 120", "normal_s = 121")
    path.write_text(text, "utf-8")
    return digest(without_quotes(tables_of(text, path.name)))


def went_on(run: Path) -> bool:
    return (run / "journal.jsonl").stat().st_size > 0 and bool(read_run(run).records)


def test_it_goes_on_where_it_began_when_its_toml_has_gone(
    mine: Path, address: str, capsys: pytest.CaptureFixture[str]
) -> None:
    (mine / "acme.toml").unlink()
    before = len(read_run(mine / "run").records)
    sent = [one for one in read_run(mine / "run").records if one.outcome is not None]
    more = ["--max-requests", "9"]
    assert status(["run", "--resume", str(mine / "run"), *more]) in (0, 4)
    assert f"acme: this run goes on at {address}" in capsys.readouterr().err
    after = [one for one in read_run(mine / "run").records if one.outcome is not None]
    assert len(after) > len(sent) > 0
    assert before


def test_a_toml_that_says_something_else_by_now_is_refused(
    mine: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    toml = mine / "acme.toml"
    resume = ["run", "--resume", str(mine / "run"), "--spec", str(toml)]
    assert status(resume) in (0, 4)  # the same as it began with
    edit(toml)
    capsys.readouterr()
    assert status(resume) == 2
    said = capsys.readouterr().err
    assert f"{toml} is not the TOML that this run began with" in said
    assert "leave --spec out: the run keeps the one that it began with" in said


def test_a_toml_of_another_provider_is_refused(
    mine: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    other = mine / "other.toml"
    other.write_text((mine / "acme.toml").read_text("utf-8").replace('"acme"', '"other"', 1))
    assert status(["run", "--resume", str(mine / "run"), "--spec", str(other)]) == 2
    assert "--spec: other is no provider of this run" in capsys.readouterr().err


def test_an_altered_copy_is_refused(mine: Path, capsys: pytest.CaptureFixture[str]) -> None:
    edit(mine / "run" / "providers" / "acme.toml")
    assert status(["run", "--resume", str(mine / "run")]) == 2
    assert "is not the TOML that this run began with" in capsys.readouterr().err


def test_a_strangers_copy_sends_no_key(
    mine: Path, address: str, capsys: pytest.CaptureFixture[str]
) -> None:
    run = mine / "run"
    new = edit(run / "providers" / "acme.toml")
    altered(run, lambda header: replace(header, spec_digests={"acme": new}))
    journal = (run / "journal.jsonl").read_bytes()
    for typed in ([], ["--base-url", f"acme={address}"]):
        assert status(["run", "--resume", str(run), *typed, "--max-requests", "9"]) == 2
        said = capsys.readouterr().err
        assert "an address that you have not confirmed for this key; nothing was sent" in said
        kept = run / "providers" / "acme.toml"
        assert f"--spec {kept} --base-url acme={address} --max-images 2" in said
    assert (run / "journal.jsonl").read_bytes() == journal


def test_pytest_judges_a_run_by_its_copy_or_by_a_given_toml(begun: Path, tmp_path: Path) -> None:
    (tmp_path / "acme.toml").write_text('name = "acme"\ntitle = 3\n')

    def session(*arguments: str) -> tuple[int, str]:
        command = [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", str(tmp_path)]
        done = subprocess.run(
            [*command, "--harness-run", str(begun / "run"), *arguments],
            capture_output=True,
            text=True,
            check=False,
            cwd=tmp_path,
        )
        return done.returncode, done.stdout + done.stderr

    code, said = session()
    assert code in (0, 4), said
    assert "exit code" in said
    for arguments in (["--harness-spec", "acme.toml"], ["-o", "harness_specs=acme.toml"]):
        code, said = session(*arguments)
        assert code == 2, said
        assert "acme.toml has 7 mistakes" in said
