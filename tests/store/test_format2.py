"""Run folders of format 2, as the last version without checksums wrote them: read and gone on with.

`format2/runs.tar.xz` holds, images and pages left out, a run against the emulator that ended, and
one that was killed.
"""

import tarfile
from collections import Counter
from pathlib import Path

import pytest

from harness.core.errors import UsageError
from harness.core.outcome import Fault
from harness.store.folder import RunFolder
from harness.store.line import JOURNAL, Ended
from harness.store.reader import read_run

ARCHIVE = Path(__file__).parent / "format2" / "runs.tar.xz"
OUTCOMES = {
    "finished": {"refused": 15, "images": 2},
    "unfinished": {"refused": 8, "images": 1},
}
EXCHANGES = {"finished": 17, "unfinished": 16}


@pytest.fixture
def folders(tmp_path: Path) -> Path:
    with tarfile.open(ARCHIVE) as archive:
        if hasattr(tarfile, "data_filter"):  # not in Debian's 3.11.2
            archive.extraction_filter = tarfile.data_filter
        archive.extractall(tmp_path)  # noqa: S202 - an archive of our own
    return tmp_path


@pytest.mark.parametrize("name", OUTCOMES)
def test_every_record_is_read_back(folders: Path, name: str) -> None:
    past = read_run(folders / name)

    assert past.header.format == 2
    kinds = ("skipped" if one.outcome is None else one.outcome.kind for one in past.records)
    assert Counter(kinds) == OUTCOMES[name]
    assert sum(len(record.exchanges) for record in past.records) == EXCHANGES[name]
    assert len(past.unfinished) == (4 if name == "unfinished" else 0)


def test_it_is_gone_on_with_in_todays_format(folders: Path) -> None:
    path = folders / "unfinished"
    old, lines = read_run(path), (path / JOURNAL).read_bytes()
    outcome = Fault(error_class="network", why="reset", may_be_paid=False)

    folder = RunFolder.reopen(path)
    folder.write_header(old.header)
    for cut in old.unfinished:
        folder.append(Ended(provider="buble", case=cut.line.case, outcome=outcome))
    folder.close()

    past = read_run(path)
    assert (path / JOURNAL).read_bytes().startswith(lines)
    assert (past.header.format, past.header.unchecked_bytes) == (3, len(lines))
    assert past.unfinished == ()
    assert past.records[: len(old.records)] == old.records


def test_what_todays_format_added_is_checked(folders: Path) -> None:
    path = folders / "unfinished"
    old = read_run(path)
    folder = RunFolder.reopen(path)
    folder.write_header(old.header)
    for cut in old.unfinished:
        outcome = Fault(error_class="network", why="reset", may_be_paid=False)
        folder.append(Ended(provider="buble", case=cut.line.case, outcome=outcome))
    folder.close()

    raw = (path / JOURNAL).read_bytes()
    (path / JOURNAL).write_bytes(raw.replace(b'"why":"reset"', b'"why":"reser"', 1))

    with pytest.raises(UsageError, match=r"journal\.jsonl, line \d+: its checksum differs"):
        read_run(path)


def test_a_line_that_a_crash_cut_off_is_kept_beside_the_journal(folders: Path) -> None:
    path = folders / "unfinished"
    whole, old = (path / JOURNAL).read_bytes(), read_run(path)
    (path / JOURNAL).write_bytes(whole + b'{"line":"exchanged","provider":"bu')

    folder = RunFolder.reopen(path)
    folder.close()

    assert folder.mended is not None
    assert (path / JOURNAL).read_bytes() == whole
    assert (path / "journal.torn").read_bytes() == b'{"line":"exchanged","provider":"bu'
    assert read_run(path).records == old.records
