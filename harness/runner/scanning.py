"""A scan of what is written or committed: with this user's keys, and by shape."""

import os
from collections.abc import Iterable, Iterator, Mapping, Sequence
from itertools import chain
from pathlib import Path

from harness.core.errors import UsageError
from harness.sensitive.files import Leak, files_below, scan_file
from harness.sensitive.search import Search
from harness.spec.catalogue import Catalogue, Spec, catalogue_of
from harness.spec.load import load_provider_file
from harness.spec.provider import Provider
from harness.store.line import HEADER, SPECS
from harness.transport.redaction import Redactor


def environment_keys(environment: Mapping[str, str], catalogue: Catalogue) -> dict[str, str]:
    """Return the keys of a catalogue's providers that are set, by their variables."""
    return _keys_of(catalogue.providers.values(), environment)


def _keys_of(providers: Iterable[Provider], environment: Mapping[str, str]) -> dict[str, str]:
    names = dict.fromkeys(provider.auth.env for provider in providers)
    return {name: key for name in names if (key := environment.get(name, "").strip())}


def search_for(keys: Mapping[str, str], catalogue: Catalogue) -> Search:
    """Return the search for these keys by name, and for whatever looks like a secret."""
    return _search(keys, catalogue.providers.values())


def _search(keys: Mapping[str, str], providers: Iterable[Provider]) -> Search:
    shapes = dict.fromkeys(provider.auth.key_shape for provider in providers)
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
    are known, those of the `specs`, and those whose TOMLs the run folders keep that a path holds or
    lies in. Raises UsageError for a path that is not there or cannot be read, and for a TOML with
    mistakes: whose key it names is not known.

        [leak.path for leak in scan(["cassettes", "reports"])]
    """
    catalogue = catalogue_of(specs)
    for name in catalogue.asked:
        catalogue.entry(name)
    places = [Path(path) for path in paths]
    providers = [*catalogue.providers.values(), *_kept_by_runs(places)]
    keys = _keys_of(providers, os.environ if environment is None else environment)
    return tuple(scan_paths(places, _search(keys, providers)))


def _kept_by_runs(paths: Iterable[Path]) -> Iterator[Provider]:
    """Yield the providers whose TOMLs are kept by run folders around, at, or below these paths."""
    seen: set[Path] = set()
    for path in paths:
        below = path.rglob(HEADER) if path.is_dir() else ()
        above = (folder / HEADER for folder in path.absolute().parents)
        for header in chain(below, above):
            folder = header.parent / SPECS
            if folder.resolve() in seen or not header.is_file():
                continue
            seen.add(folder.resolve())
            for file in sorted(folder.glob("*.toml")):
                yield load_provider_file(file)
