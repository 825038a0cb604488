import os
from pathlib import Path

import pytest

from harness.core.errors import UsageError
from harness.planning.options import FORMAT_HELP
from harness.report.formats.format import (
    ON_REQUEST,
    Judged,
    format_on_request,
    refuse_unknown_formats,
)
from harness.report.formats.write import write_on_request
from tests.report import builders as b


def _judged(folder: Path) -> Judged:
    return Judged(report=b.sample(), records=(), entries={}, folder=folder)


@pytest.fixture(autouse=True)
def _own_entries(monkeypatch: pytest.MonkeyPatch) -> None:
    len(ON_REQUEST)
    monkeypatch.setattr(ON_REQUEST, "_entries", dict(ON_REQUEST._entries))


def test_a_format_from_elsewhere_is_written_where_it_is_named(tmp_path: Path) -> None:
    @format_on_request("count", file="count.txt", rank=1)
    def count(judged: Judged) -> str:
        return f"{len(judged.report.verdicts)}\n"

    said = write_on_request(_judged(tmp_path), ["count", "count"], environment={})

    assert said == (f"count: {tmp_path / 'count.txt'}",)
    assert (tmp_path / "count.txt").read_text("utf-8") == count(_judged(tmp_path))


def test_a_format_may_be_several_files_of_bytes(tmp_path: Path) -> None:
    @format_on_request("both", rank=1)
    def _both(_judged: Judged) -> dict[str, str | bytes]:
        return {"a.bin": b"\0\xff", "b.txt": "b"}

    said = write_on_request(_judged(tmp_path), ["both"], environment={})

    assert len(said) == 2
    assert (tmp_path / "a.bin").read_bytes() == b"\0\xff"
    assert (tmp_path / "b.txt").read_bytes() == b"b"


def test_a_text_is_appended_to_what_the_environment_names_while_there_is_room(
    tmp_path: Path,
) -> None:
    @format_on_request("ten", file="ten.txt", rank=1, appended_to="STEP", most_bytes=25)
    def _ten(_judged: Judged) -> str:
        return "0123456789"

    step = tmp_path / "step"
    found = {"STEP": str(step)}
    said = [write_on_request(_judged(tmp_path), ["ten"], environment=found)[1] for _ in range(3)]

    assert said[0] == said[1] == f"appended to STEP ({step})"
    assert said[2] == f"not appended to STEP ({step}): it would have 25 bytes or more"
    assert step.read_text("utf-8") == "0123456789\n0123456789"


def test_a_file_that_cannot_be_appended_to_is_said_and_ends_nothing(tmp_path: Path) -> None:
    found = {"GITHUB_STEP_SUMMARY": str(tmp_path / "none" / "step")}

    said = write_on_request(_judged(tmp_path), ["github"], environment=found)

    assert said[1].startswith("not appended to GITHUB_STEP_SUMMARY (")
    assert said[1].endswith("No such file or directory")


def test_a_pipe_is_not_waited_for(tmp_path: Path) -> None:
    pipe = tmp_path / "pipe"
    os.mkfifo(pipe)

    said = write_on_request(
        _judged(tmp_path), ["github"], environment={"GITHUB_STEP_SUMMARY": str(pipe)}
    )

    assert said[1] == f"not appended to GITHUB_STEP_SUMMARY ({pipe}): it is no file"


def test_an_unknown_name_is_refused_with_the_nearest() -> None:
    refuse_unknown_formats([*ON_REQUEST])

    with pytest.raises(UsageError, match=r"--format githb: no such format \(did you mean github\?"):
        refuse_unknown_formats(["github", "githb"])


def test_the_help_names_every_format() -> None:
    assert [name for name in ON_REQUEST if name not in FORMAT_HELP] == []
