"""How a command ends: 1 comes from a verdict alone, and each failure of ours is one line and 3."""

import errno
import os
import subprocess
import sys
from pathlib import Path

import pytest

from harness import api
from harness.cli.main import status
from harness.runner.execution.provider_run import ProviderRun
from harness.store.line import JOURNAL
from tests.loopback import HUNG_S
from tests.runner.processes import environment

MODULE = (sys.executable, "-m", "harness")
LIST = "exec {} -m harness providers list"


def shell(line: str, **variables: str) -> "subprocess.CompletedProcess[bytes]":
    return subprocess.run(
        ["/bin/sh", "-c", line.format(sys.executable)],
        capture_output=True,
        check=False,
        timeout=HUNG_S,
        env=environment(**variables),
    )


@pytest.mark.parametrize(
    ("error", "name"),
    [
        (TypeError("no\nsuch \x1b[2J thing"), "TypeError"),
        (RecursionError(), "RecursionError"),
        (MemoryError(), "MemoryError"),
        (OverflowError("too large"), "OverflowError"),
        (UnicodeEncodeError("ascii", "\ud800", 0, 1, "no"), "UnicodeEncodeError"),
        (ImportError("no module named x"), "ImportError"),
        (KeyError("x"), "KeyError"),
        (AssertionError(), "AssertionError"),
        (ExceptionGroup("two", [ValueError("a"), ValueError("b")]), "ExceptionGroup"),
        (GeneratorExit(), "GeneratorExit"),
    ],
    ids=lambda content: content if isinstance(content, str) else "",
)
def test_an_exception_of_ours_is_one_line_and_3(
    error: BaseException,
    name: str,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    tmp_path: Path,
) -> None:
    def fails(*_: object, **__: object) -> None:
        raise error

    monkeypatch.setattr(api, "report", fails)
    monkeypatch.setattr(api, "judge", fails)

    code = status(["report", str(tmp_path)])
    err = capsys.readouterr().err
    traced = status(["--traceback", "report", str(tmp_path)])
    more = capsys.readouterr().err

    assert code == traced == 3
    assert err.startswith(f"harness: internal error: {name}")
    assert len(err.splitlines()) == 1
    assert "\x1b" not in err
    assert "HARNESS_TRACEBACK=1" in err
    assert "Traceback" in more


def test_a_bug_on_the_way_says_where_all_that_was_received_lies(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    def fails(*_: object, **__: object) -> None:
        raise IndexError("list index out of range")

    monkeypatch.setattr(ProviderRun, "complete", fails)
    options = ("--against", "cassettes", "--provider", "nanobanana", "--out", str(tmp_path / "run"))

    code = status(["run", *options])

    err = capsys.readouterr().err
    assert code == 3
    assert "harness: internal error: IndexError: list index out of range" in err
    assert f"what was received is in {tmp_path / 'run'}" in err
    assert (tmp_path / "run" / JOURNAL).stat().st_size


def test_a_secret_of_the_environment_is_in_no_error(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    monkeypatch.setenv("BUBLE_API_KEY", "a-key-to-be-kept")

    def fails(*_: object, **__: object) -> None:
        raise ValueError(f"a header {os.environ['BUBLE_API_KEY']} is odd")

    monkeypatch.setattr(api, "report", fails)

    codes = [status([*more, "report", str(tmp_path)]) for more in ((), ("--traceback",))]

    assert codes == [3, 3]
    assert "a-key-to-be-kept" not in capsys.readouterr().err


def test_an_error_of_the_system_is_3(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    def fails(*_: object, **__: object) -> None:
        raise OSError(errno.EIO, os.strerror(errno.EIO), "a.png")

    monkeypatch.setattr(api, "report", fails)

    assert status(["report", str(tmp_path)]) == 3
    assert capsys.readouterr().err == "harness: a.png: Input/output error\n"


@pytest.mark.parametrize(
    ("line", "codes"),
    [
        (f"{LIST} >&-", (0,)),
        (f"{LIST} 2>&-", (0,)),
        (f"{LIST} <&- >&- 2>&-", (0,)),
        (f"{LIST} >/dev/full", (3,)),
        ("exec {} -m harness plan --provider buble --json >/dev/full", (3,)),
        ("exec {} -m harness report /nowhere 2>/dev/full", (2,)),
        ("exec {} -m harness report /nowhere 2>&-", (2,)),
        ("{} -m harness plan --provider buble | head -c 1 >/dev/null; exit 0", (0,)),
    ],
)
def test_closed_and_full_streams_are_never_a_broken_promise(
    line: str, codes: tuple[int, ...]
) -> None:
    done = shell(line)

    assert done.returncode in codes, done.stderr
    assert b"Traceback" not in done.stderr


@pytest.mark.parametrize("encoding", ["ascii", "latin-1", "cp1252", "utf-16"])
def test_any_encoding_of_the_terminal_is_written_to(encoding: str) -> None:
    done = shell("exec {} -m harness plan --provider buble --cases", PYTHONIOENCODING=encoding)

    assert done.returncode == 0, done.stderr
    assert done.stdout


def test_an_installation_that_cannot_be_imported_is_3(tmp_path: Path) -> None:
    (tmp_path / "click.py").write_text("raise ImportError('broken')\n")

    done = shell("exec {} -m harness providers list", PYTHONPATH=str(tmp_path))

    assert done.returncode == 3
    assert done.stderr == b"harness: internal error: ImportError: broken\n"


def test_the_installed_command_is_the_guarded_one() -> None:
    text = (Path(__file__).parents[2] / "pyproject.toml").read_text()

    assert 'harness = "harness.__main__:main"' in text
