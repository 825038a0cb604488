"""Without signatures: what is said, and with which exit code."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING

import pytest

from harness.emulator.__main__ import main

if TYPE_CHECKING:
    from pathlib import Path

    from tests.emulator.conftest import Emulator


@pytest.mark.parametrize("missing", ["c2pa", "cryptography"])
def test_without_the_extra_one_line_names_it(
    missing: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    for name in [one for one in sys.modules if one.startswith("harness.emulator.signing")]:
        monkeypatch.delitem(sys.modules, name)
    monkeypatch.setitem(sys.modules, missing, None)
    code = main(["--signed"])

    told = capsys.readouterr()
    assert (code, told.out) == (2, "")
    assert told.err.count("\n") == 1
    assert missing in told.err
    assert "provenance" in told.err


def test_a_file_that_cannot_be_written_is_wrong_usage(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    pytest.importorskip("c2pa")
    code = main(["--signed", str(tmp_path)])

    assert code == 2
    assert str(tmp_path) in capsys.readouterr().err


def test_a_fault_of_signatures_cannot_be_switched_on_where_none_are_made(
    emulator: Emulator,
) -> None:
    reply = emulator.switch("openai", "manifest_moved")

    assert reply.status_code == 400
    assert "--signed" in reply.json()["error"]
    assert (
        emulator.client.get(f"{emulator.urls['openai']}/__emulator/trust_anchors").status_code
        == 404
    )
