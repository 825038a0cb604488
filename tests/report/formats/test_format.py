from pathlib import Path

import pytest

from harness.report.formats.format import FORMATS, report_format
from harness.report.formats.write import write_report
from harness.report.model import Report
from tests.report import builders as b


def test_a_format_from_elsewhere_is_written_in_its_place(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert list(FORMATS) == ["summary.json", "index.html", "summary.md", "junit.xml"]
    monkeypatch.setattr(FORMATS, "_entries", dict(FORMATS._entries))

    @report_format("count.txt", rank=15)
    def counted(report: Report) -> str:
        return f"{len(report.verdicts)}\n"

    paths = write_report(tmp_path, b.sample())

    assert [path.name for path in paths][:3] == ["summary.json", "count.txt", "index.html"]
    assert paths[1].read_text(encoding="utf-8") == counted(b.sample())
