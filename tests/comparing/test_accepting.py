"""Newly broken promises become known deviations; a file keeps all that it has."""

import os
import stat
from datetime import date
from pathlib import Path

import pytest

from harness.api.acceptance import accept
from harness.comparing.accepting import REASON
from harness.comparing.model import HELD, REGRESSED
from harness.core.errors import StoreError, UsageError
from harness.known.file import read_known
from tests.comparing import diffs as d

TODAY = date(2026, 12, 1)
NEW = d.change("broken", promise="size.one_of", check="accepts_what_it_documents")


def test_what_head_newly_breaks_is_accepted_for_30_days_and_fails_no_longer(
    tmp_path: Path,
) -> None:
    file = tmp_path / "known.toml"
    found = d.diff(d.change("broken"), NEW, d.change("slower"))
    result = accept(found, file, today=TODAY)
    kept = read_known(file)

    assert [each.promise for each in kept] == ["n.range", "size.one_of"]
    assert {(each.since, each.expires, each.reason) for each in kept} == {
        ("2026-12-01", "2026-12-31", REASON)
    }
    assert [each.kind for each in result.diff.failing] == ["slower"]
    assert result.diff.changes[0].kind == "slower"
    assert found.exit_code == result.diff.exit_code == REGRESSED
    assert accept(d.diff(NEW), file, today=TODAY).known == ()


def test_only_what_is_newly_and_surely_broken_is_accepted(tmp_path: Path) -> None:
    file = tmp_path / "known.toml"
    found = d.diff(
        d.change("broken", standing="suspected"),
        d.change("broken", standing="refuted"),
        d.change("broken", direction="better"),
        d.change("broken", known=d.known()),
        d.change("slower"),
        d.change("broken", check=""),
    )

    assert accept(found, file, today=TODAY).known == ()
    assert not file.exists()


def test_a_reply_as_a_whole_is_named_by_its_check_alone(tmp_path: Path) -> None:
    file = tmp_path / "known.toml"
    whole = d.change("broken", promise="decodes_as_declared", check="decodes_as_declared")
    result = accept(d.diff(whole), file, expires=date(2027, 3, 1), today=TODAY)

    assert [(each.promise, each.expires) for each in read_known(file)] == [("", "2027-03-01")]
    assert result.diff.exit_code == HELD


def test_all_that_a_file_has_stays_as_it_is(tmp_path: Path) -> None:
    file, link = tmp_path / "known.toml", tmp_path / "link.toml"
    before = (
        '# ours\n[[known]]\nprovider = "nanobanana"\noperation = "generate"\n'
        'promise = "n.range"  # mine\ncheck = "refuses_what_it_forbids"\nreason = "they know"\n'
        "expires = 2026-11-01\n"
    )
    file.write_text(before)
    file.chmod(0o640)
    link.symlink_to(file)
    result = accept(d.diff(d.change("broken"), NEW), link, today=TODAY)

    assert file.read_text().startswith(before)
    assert [each.promise for each in result.known] == ["size.one_of"]
    assert [each.promise for each in result.diff.failing] == ["n.range"]
    assert link.is_symlink()
    assert stat.S_IMODE(file.stat().st_mode) == 0o640
    assert sorted(each.name for each in tmp_path.iterdir()) == ["known.toml", "link.toml"]


@pytest.mark.parametrize(
    "content",
    [b"[[known", b"known = 3\n", b"\xff\xfe", b'[[known]]\nprovider = "a"\n', b"other = 1\n"],
)
def test_a_file_that_cannot_be_read_is_left_alone(tmp_path: Path, content: bytes) -> None:
    file = tmp_path / "known.toml"
    file.write_bytes(content)
    with pytest.raises(UsageError, match=r"known\.toml"):
        accept(d.diff(NEW), file, today=TODAY)

    assert file.read_bytes() == content


def test_what_is_no_file_is_left_alone(tmp_path: Path) -> None:
    pipe = tmp_path / "pipe"
    os.mkfifo(pipe)
    for path in (tmp_path, pipe):
        with pytest.raises(UsageError, match="no plain file"):
            accept(d.diff(NEW), path, today=TODAY)


def test_a_place_that_does_not_exist_is_our_own_failure(tmp_path: Path) -> None:
    with pytest.raises(StoreError, match="No such file or directory"):
        accept(d.diff(NEW), tmp_path / "nowhere" / "known.toml", today=TODAY)


@pytest.mark.parametrize("hostile", [*d.HOSTILE])
def test_hostile_names_are_written_so_that_they_read_the_same_or_not_at_all(
    tmp_path: Path, hostile: str
) -> None:
    file = tmp_path / "known.toml"
    change = d.change("broken", promise=hostile)
    try:
        result = accept(d.diff(change), file, today=TODAY)
    except UsageError:
        assert not file.exists()
    else:
        assert len(read_known(file)) == len(result.known) == 1
        assert result.diff.exit_code == HELD
