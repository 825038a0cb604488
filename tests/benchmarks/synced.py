"""What of a run folder a power loss leaves: only what was synced is certain to be there.

`record_syncs` is called in the process that runs the command, before it does anything: from then on
each fsync of a file keeps a copy of its content beside the folder, and each fsync of a folder keeps
its names. It looks at what is synced only, however it was written. After that process was killed,
`cut` lays the folder out anew as a disk may have it that lost its power: contents as they were
synced, perhaps with some blocks of what was written since; names as they were synced, perhaps with
some of what was made, renamed or removed since.
"""

import json
import os
import shutil
import stat
from pathlib import Path
from random import Random
from threading import Lock
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from _typeshed import FileDescriptorLike

BLOCKS = (512, 4096)
"""Sizes in bytes of what a disk writes at once."""

_held: dict[int, int] = {}
"""Descriptors of all files that were synced: so no file gets the number of another one."""
_lock = Lock()


def record_syncs(shadow: Path) -> None:
    """Keep what is synced by this process from now on under `shadow`; nothing waits for a disk."""
    shadow.mkdir(parents=True, exist_ok=True)

    def sync(fd: "FileDescriptorLike") -> None:
        with _lock:
            _keep(fd if isinstance(fd, int) else fd.fileno(), shadow)

    os.fsync = sync
    os.fdatasync = sync


def _keep(descriptor: int, shadow: Path) -> None:
    status = os.fstat(descriptor)
    number = status.st_ino
    if number not in _held:
        _held[number] = os.dup(descriptor)
    temporary = shadow / f".{number}"
    if stat.S_ISDIR(status.st_mode):
        temporary.write_text(json.dumps(_names(descriptor)), encoding="utf-8")
        temporary.replace(shadow / f"{number}.names")
        return
    with Path(f"/proc/self/fd/{descriptor}").open("rb") as source, temporary.open("wb") as copy:
        shutil.copyfileobj(source, copy)
    temporary.replace(shadow / f"{number}.bytes")


def _names(folder: int | Path) -> dict[str, int]:
    return {name: entry.st_ino for name, entry in _entries(folder).items()}


def _entries(folder: int | Path) -> dict[str, os.stat_result]:
    with os.scandir(folder) as entries:
        return {entry.name: entry.stat(follow_symlinks=False) for entry in entries}


def cut(folder: Path, shadow: Path, random: Random) -> None:
    """Lay a folder out anew as a power loss would have left it; its process must be gone.

    A folder or a file that was never synced may be empty. Each name, and each block that was
    written since the last sync, is there by chance.
    """
    after = folder.with_name(f"{folder.name}.cut")
    shutil.rmtree(after, ignore_errors=True)
    _lay_out(folder, after, shadow, _numbers(folder), random)
    shutil.rmtree(folder)
    after.rename(folder)
    shutil.rmtree(shadow)


def _numbers(folder: Path) -> dict[int, Path]:
    """Return every file and folder by its number."""
    return {path.lstat().st_ino: path for path in folder.rglob("*")}


def _lay_out(
    folder: Path, after: Path, shadow: Path, numbers: dict[int, Path], random: Random
) -> None:
    after.mkdir()
    synced_names = shadow / f"{folder.stat().st_ino}.names"
    synced: dict[str, int] = json.loads(synced_names.read_text()) if synced_names.exists() else {}
    current = _names(folder)
    for name in sorted({*synced, *current}):
        number = (synced if random.random() < 0.5 else current).get(name)
        if number is None:
            continue
        source = numbers.get(number)
        if source is not None and source.is_dir():
            _lay_out(source, after / name, shadow, numbers, random)
            continue
        kept = shadow / f"{number}.bytes"
        durable = kept.read_bytes() if kept.exists() else b""
        now = source.read_bytes() if source is not None else durable
        (after / name).write_bytes(torn(durable, now, random))
        if source is not None:
            shutil.copystat(source, after / name)


def torn(durable: bytes, now: bytes, random: Random) -> bytes:
    """Return what a file may hold that was synced with one content and has another one now.

    Nothing of what was written since; a part of it from its beginning; or some of its blocks, in
    any order, with zeros where the others would be.
    """
    way = random.choice(("synced", "begun", "blocks"))
    if way == "synced" or not now.startswith(durable):
        return durable
    if way == "begun":
        return now[: random.randint(len(durable), len(now))]
    size = random.choice(BLOCKS)
    raw = bytearray(now)
    for start in range(len(durable) - len(durable) % size, len(now), size):
        if random.random() < 0.5:
            first = max(start, len(durable))
            raw[first : start + size] = bytes(len(raw[first : start + size]))
    return bytes(raw[: random.randint(len(durable), len(raw))])
