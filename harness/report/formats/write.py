"""A report in its run folder, with the files that its findings name: each whole or not at all."""

import errno
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory

from harness.core.errors import StoreError
from harness.reference_images import reference_bytes
from harness.report.formats.format import FORMATS, ON_REQUEST, FormatOnRequest, Judged
from harness.report.model import Report, Reproduction
from harness.report.reproduction.curl import FILES
from harness.report.reproduction.folder import FOLDER
from harness.store.disk import move_whole, write_whole
from harness.store.own import insist_own

_FULL = "free some space, then write it again with `harness report`; no record is lost"
_FORBIDDEN = "make the folder writable, or choose another one with --out"
_HINTS = {
    errno.ENOSPC: _FULL,
    errno.EDQUOT: _FULL,
    errno.EACCES: _FORBIDDEN,
    errno.EPERM: _FORBIDDEN,
    errno.EROFS: "choose a folder on a writable disk with --out",
}


def write_report(folder: Path, report: Report) -> tuple[Path, ...]:
    """Write every registered format, `summary.json` first; return the paths in that order.

    Where open questions were measured, a `discovered-NAME.toml` for each provider is with them. All
    are drawn before the first is written, and each replaces its predecessor in one step.
    The reference images that the report names follow, under `files/`, and a folder for each finding
    under `findings/`; of folders of an earlier report what was written there is removed. StoreError
    with the path and the reason where one cannot be written; UsageError for a link among them.
    """
    with TemporaryDirectory(prefix="harness-") as aside:
        pages = {
            **{file: _drawn(draw(report), Path(aside) / file) for file, draw in FORMATS.items()},
            **{f"discovered-{name}.toml": text for name, text in report.discovered_toml.items()},
        }
        for inside in (FILES, FOLDER):
            insist_own(folder / inside)
        paths = tuple(_put(folder / name, content) for name, content in pages.items())
    for name in report.files:
        content = reference_bytes(name)
        if not _holds(folder / FILES / name, content):
            _replace(folder / FILES / name, content)
    _clear(folder / FOLDER)
    for shown in report.all_findings:
        _reproduce(folder, shown.reproduction)
    return paths


def write_on_request(
    judged: Judged, names: Sequence[str], *, environment: Mapping[str, str]
) -> tuple[str, ...]:
    """Write these formats into the run folder; return a sentence for each file: `sarif: PATH`.

    A format that is appended to a file of the environment is, as long as there is room for it; a
    sentence says so, or why not. Raises as `write_report` does. The names are known ones.
    """
    said: list[str] = []
    for name in dict.fromkeys(names):
        form = ON_REQUEST[name]
        drawn = form.draw(judged)
        files = {form.file: drawn} if isinstance(drawn, str) else drawn
        for file, content in files.items():
            path = _put(judged.folder / file, content)
            said.append(f"{name}: {path}")
        if isinstance(drawn, str) and (place := environment.get(form.appended_to)):
            said.append(_append(Path(place), drawn, form))
    return tuple(said)


def _drawn(text: str | Iterator[str], aside: Path) -> str | Path:
    """Return a text, or the file aside into which its parts were written."""
    if isinstance(text, str):
        return text
    with _writing(aside), aside.open("w", encoding="utf-8", newline="") as file:
        for part in text:
            file.write(part)
    return aside


def _put(path: Path, content: str | bytes | Path) -> Path:
    """Put a text, bytes or a file at a path, whole or not at all."""
    if isinstance(content, Path):
        with _writing(path):
            path.parent.mkdir(parents=True, exist_ok=True)
            move_whole(path, content)
        return path
    return _replace(path, content.encode() if isinstance(content, str) else content)


def _append(place: Path, text: str, form: FormatOnRequest) -> str:
    """Append a text to a file that is another's; return a sentence that says what became of it."""
    where = f"{form.appended_to} ({place})"
    if place.exists() and not place.is_file():  # a pipe would wait for a reader
        return f"not appended to {where}: it is no file"
    try:
        with place.open("ab") as file:
            content = (b"\n" if file.tell() else b"") + text.encode()
            if form.most_bytes and file.tell() + len(content) >= form.most_bytes:
                return f"not appended to {where}: it would have {form.most_bytes:,} bytes or more"
            file.write(content)
    except OSError as error:
        return f"not appended to {where}: {error.strerror or error}"
    return f"appended to {where}"


def _reproduce(folder: Path, again: Reproduction) -> None:
    """Write what it takes to see a finding again; its files are there twice, but once on disk."""
    place = folder / again.folder
    for name, text in again.texts.items():
        path = _replace(place / name, text.encode("utf-8", "backslashreplace"))
        if path.suffix == ".sh":
            path.chmod(0o755)
    for name in again.files:
        with _writing(place / FILES / name):
            (place / FILES).mkdir(parents=True, exist_ok=True)
            _link(folder / FILES / name, place / FILES / name)


def _link(whole: Path, name: Path) -> None:
    name.unlink(missing_ok=True)
    try:
        name.hardlink_to(whole)
    except OSError:  # another file system, or one that knows no links
        write_whole(name, whole.read_bytes())


def _clear(findings: Path) -> None:
    """Remove what an earlier report wrote there; what somebody put beside it stays."""
    with _writing(findings):
        for place in sorted(findings.glob("[0-9][0-9]*-*/")):
            written = [*place.glob("test_*.py"), *place.glob(f"{FILES}*")]
            for path in (place / "request.json", place / "repeat.sh", *written):
                path.unlink(missing_ok=True)
            for emptied in (place / FILES, place):
                if emptied.is_dir() and not any(emptied.iterdir()):
                    emptied.rmdir()


def _holds(path: Path, content: bytes) -> bool:
    """Tell whether a file is there already: an unread or unreadable one is written again."""
    try:
        return path.stat().st_size == len(content) and path.read_bytes() == content
    except OSError:
        return False


def _replace(path: Path, content: bytes) -> Path:
    with _writing(path):
        path.parent.mkdir(parents=True, exist_ok=True)
        write_whole(path, content)
    return path


@contextmanager
def _writing(path: Path) -> Iterator[None]:
    """Raise an OSError as a StoreError that names the path, the reason and a remedy."""
    try:
        yield
    except OSError as error:
        hint = _HINTS.get(error.errno or 0, "choose another folder with --out")
        reason = error.strerror or str(error)
        raise StoreError(f"{path}: cannot be written: {reason}", hint=hint) from error
