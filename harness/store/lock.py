"""A folder that one process at a time may write to."""

import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from harness.core.errors import StoreError, UsageError
from harness.store.exclusive import hold
from harness.store.places import PLAIN

LOCK = ".lock"


@contextmanager
def locked(folder: Path, who: str) -> Iterator[None]:
    """Hold a folder, which is made where it is not there; the system lets go when a process ends.

    UsageError where another process holds it, StoreError where it cannot be written.
    """
    try:
        folder.mkdir(parents=True, exist_ok=True)
        descriptor = os.open(folder / LOCK, os.O_RDWR | os.O_CREAT | PLAIN)
    except OSError as error:
        raise StoreError(
            f"cannot write to {folder}: {error.strerror or error}", hint="choose another folder"
        ) from None
    try:
        try:
            hold(descriptor)
        except BlockingIOError:
            raise UsageError(
                f"another {who} is at {folder}", hint="wait until that has ended"
            ) from None
        yield
    finally:
        os.close(descriptor)
