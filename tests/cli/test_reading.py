"""What `judge` tells about how far it has read: on stderr, and only where somebody would wait."""

import io
import json
from collections.abc import Callable
from pathlib import Path

import pytest

from harness.cli import progress
from harness.cli.main import status
from harness.cli.terminal import terminal
from tests.transport.foreign.recording import entry, har, served


def ticking(step_s: float) -> Callable[[], float]:
    at_s = 0.0

    def clock() -> float:
        nonlocal at_s
        at_s += step_s
        return at_s

    return clock


def test_elsewhere_than_on_a_terminal_a_line_comes_every_ten_seconds(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path = tmp_path / "large.har"
    path.write_bytes(bytes(500))
    with progress.reading(ticking(3.0)) as watch:
        for number in range(8):
            watch(path, 100 * number, number)
    told = capsys.readouterr()

    assert told.out == ""
    assert told.err.splitlines() == [
        "reading large.har: 30%, 3 interactions (each read twice)",
        "reading large.har: 70%, 7 interactions (each read twice)",
    ]


def test_a_terminal_has_one_line_that_is_written_anew(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("TERM", "xterm-256color")
    monkeypatch.setenv("FORCE_COLOR", "1")
    screen = io.StringIO()
    console = terminal(file=screen, width=100)
    monkeypatch.setattr(progress, "terminal", lambda **_said: console)
    path = tmp_path / "large.har"
    path.write_bytes(bytes(500))
    with progress.reading() as watch:
        watch(path, 400, 1_234)
    told = screen.getvalue()

    assert "reading large.har" in told
    assert "1,234 interactions" in told


def test_a_small_file_is_read_in_silence(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path = har(tmp_path / "x.har", entry(json.dumps(served())))

    assert status(["judge", str(path), "--provider", "sub2api", "--json"]) == 0
    assert "reading" not in capsys.readouterr().err
