"""A scan of what is written or committed: with this user's keys, and by shape."""

import os
from collections.abc import Iterable, Iterator, Mapping, Sequence
from pathlib import Path

from harness.core.errors import UsageError
from harness.spec.load import NAMES
from harness.spec.load import shipped_provider as shipped
from harness.transport.redaction import Redactor
from harness.transport.sensitive.files import Leak, files_below, scan_file
from harness.transport.sensitive.search import Search


def environment_keys(environment: Mapping[str, str]) -> dict[str, str]:
    """Return the keys of the shipped providers that are set, by their variables."""
    names = dict.fromkeys(shipped(name).auth.env for name in NAMES)
    return {name: key for name in names if (key := environment.get(name, "").strip())}


def search_for(keys: Mapping[str, str]) -> Search:
    """Return the search for these keys by name, and for whatever looks like a secret."""
    auths = [shipped(name).auth for name in NAMES]
    return Redactor(dict(keys), tuple(auth.key_shape for auth in auths if auth.key_shape)).search


def scan_paths(paths: Iterable[Path], search: Search) -> Iterator[Leak]:
    """Yield what the files and folders hold that must not be in them.

    Raises UsageError for a path that is not there or cannot be read.
    """
    for path in paths:
        if not path.exists():
            raise UsageError(f"{path} is not there", hint="name files or folders")
        for file in files_below(path):
            try:
                yield from scan_file(file, search)
            except OSError as error:
                raise UsageError(f"{file} cannot be read: {error.strerror or error}") from None


def scan(
    paths: Sequence[str | Path], *, environment: Mapping[str, str] | None = None
) -> tuple[Leak, ...]:
    """Return the keys and personal data that files and folders hold; none of it is shown.

    Found are the values of the providers' key variables in the `environment` (that of the process
    by default) in every spelling, and what has the shape of a secret. Raises UsageError for a path
    that is not there or cannot be read.

        [leak.path for leak in scan(["cassettes", "reports"])]
    """
    keys = environment_keys(os.environ if environment is None else environment)
    return tuple(scan_paths([Path(path) for path in paths], search_for(keys)))
