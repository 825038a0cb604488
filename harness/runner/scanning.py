"""A scan of what is written or committed: with this user's keys, and by shape."""

import os
from collections.abc import Iterable, Iterator, Mapping, Sequence
from pathlib import Path

from harness.core.errors import UsageError
from harness.sensitive.files import Leak, files_below, scan_file
from harness.sensitive.search import Search
from harness.spec.catalogue import Catalogue, Spec, catalogue_of
from harness.transport.redaction import Redactor


def environment_keys(environment: Mapping[str, str], catalogue: Catalogue) -> dict[str, str]:
    """Return the keys of a catalogue's providers that are set, by their variables."""
    names = dict.fromkeys(provider.auth.env for provider in catalogue.providers.values())
    return {name: key for name in names if (key := environment.get(name, "").strip())}


def search_for(keys: Mapping[str, str], catalogue: Catalogue) -> Search:
    """Return the search for these keys by name, and for whatever looks like a secret."""
    shapes = dict.fromkeys(provider.auth.key_shape for provider in catalogue.providers.values())
    return Redactor(dict(keys), tuple(filter(None, shapes))).search


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
    paths: Sequence[str | Path],
    *,
    specs: Sequence[Spec] = (),
    environment: Mapping[str, str] | None = None,
) -> tuple[Leak, ...]:
    """Return the keys and personal data that files and folders hold; none of it is shown.

    Found are the values of the providers' key variables in the `environment` (that of the process
    by default) in every spelling, and what has the shape of a secret. The providers are those that
    are known and those of the `specs`. Raises UsageError for a path that is not there or cannot be
    read, and for a TOML with mistakes: whose key it names is not known.

        [leak.path for leak in scan(["cassettes", "reports"])]
    """
    catalogue = catalogue_of(specs)
    for name in catalogue.asked:
        catalogue.entry(name)
    keys = environment_keys(os.environ if environment is None else environment, catalogue)
    return tuple(scan_paths([Path(path) for path in paths], search_for(keys, catalogue)))
