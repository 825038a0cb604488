"""The providers that a command knows: those that ship, those of installed packages, and files.

A catalogue is built once, where a command or a call of the Python API begins, and handed down as a
value. A package offers a provider by an entry point of the group `harness.providers`: an object
that is the path of its TOML.
"""

import os
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from difflib import get_close_matches
from functools import cache
from importlib.metadata import EntryPoint, entry_points
from pathlib import Path
from types import MappingProxyType
from typing import Literal

from harness.core.errors import HarnessError, SpecError, UsageError
from harness.core.jsonvalue import digest
from harness.spec.export.toml import toml_of
from harness.spec.frozen import FrozenDocuments, read_frozen
from harness.spec.load import load_provider_file, provider_in, tables_of, toml_text
from harness.spec.provider import Provider
from harness.spec.quotes import without_quotes

GROUP = "harness.providers"
"""The entry points by which packages offer providers."""

FOLDER = Path(__file__).parent.parent / "providers"
_FIRST = ("buble", "sub2api", "apiframe", "nanobanana", "aimlapi", "openai")
_SHOWN_MISTAKES = 3

Kind = Literal["shipped", "installed", "file", "value", "kept", "frozen"]
"""Where a TOML is from: this package, another one, the user's file, a value of the Python API, the
copy that a run folder keeps, or a frozen set."""

Spec = Path | Provider | FrozenDocuments
"""What describes providers beside those that are known: a TOML file, the value itself, or a frozen
set, which stands for all of its providers."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Entry:
    """A provider with the TOML that it was read from; equal where the TOMLs say the same.

    `digest` is the SHA-256 over the TOML as parsed, but for its quotes: neither they nor layout and
    comments change it, for they promise nothing. `origin` says in words where the TOML is from;
    `frozen` is the day of the set that it is of, empty for others.
    """

    digest: str
    provider: Provider = field(compare=False)
    text: str = field(compare=False, repr=False)
    origin: str = field(compare=False)
    kind: Kind = field(compare=False)
    frozen: str = field(default="", compare=False)

    @property
    def name(self) -> str:
        """The provider's name."""
        return self.provider.name

    @property
    def shipped(self) -> bool:
        """Whether the provider ships with the harness."""
        return self.kind == "shipped"


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Catalogue(Mapping[str, Entry]):
    """Providers by their names: shipped ones in their fixed order, installed ones, then files.

    `broken` holds, by the name under which it would be asked for, why a TOML cannot be used; it
    spoils none of the others. `asked` are the names of those that the user gave as files or values,
    `frozen` those of the frozen sets.
    """

    entries: Mapping[str, Entry]
    broken: Mapping[str, UsageError] = field(default_factory=dict)
    asked: tuple[str, ...] = ()
    frozen: tuple[str, ...] = ()

    def __getitem__(self, name: str) -> Entry:
        return self.entries[name]

    def __iter__(self) -> Iterator[str]:
        return iter(self.entries)

    def __len__(self) -> int:
        return len(self.entries)

    @property
    def providers(self) -> dict[str, Provider]:
        """All providers by name, in their order."""
        return {name: entry.provider for name, entry in self.entries.items()}

    def entry(self, name: str) -> Entry:
        """Return an entry; UsageError for an unknown name, SpecError where its TOML is broken."""
        if name in self.entries:
            return self.entries[name]
        if name in self.broken:
            raise self.broken[name]
        near = get_close_matches(name, self.entries, n=1)
        guess = f"did you mean {near[0]}? " if near else ""
        raise UsageError(
            f"unknown provider {name!r}",
            hint=f"{guess}one of {', '.join(self.entries)}; or give its TOML with --spec FILE",
        )

    def provider(self, name: str) -> Provider:
        """Return a provider, as `entry` does."""
        return self.entry(name).provider

    def chosen(self, names: Sequence[str] = ()) -> tuple[str, ...]:
        """Return which providers these names mean, each once, in the catalogue's order.

        Without a name: those that were given as files or frozen, or else all. A broken TOML is left
        out (`left_out` says so). Raises UsageError for an unknown name, and where no provider is
        left.
        """
        meant = self._meant(names)
        for name in meant:
            if name not in self.broken:
                self.entry(name)
        found = tuple(name for name in self.entries if name in meant)
        if not found:
            raise _together([self.broken[name] for name in meant])
        return found

    def left_out(self, names: Sequence[str] = ()) -> tuple[str, ...]:
        """Return a sentence for each provider that these names mean and whose TOML is broken."""
        return tuple(
            f"{name} is left out: {_in_a_line(self.broken[name])}"
            for name in self._meant(names)
            if name in self.broken
        )

    def _meant(self, names: Sequence[str]) -> tuple[str, ...]:
        given = tuple(dict.fromkeys((*self.asked, *self.frozen)))
        return tuple(names) or given or (*self.entries, *self.broken)

    def with_copies(
        self, copies: Mapping[str, str], frozen: Mapping[str, str] = MappingProxyType({})
    ) -> "Catalogue":
        """Return the catalogue of a run folder, which keeps the TOMLs of others than shipped ones.

        A copy holds against a package's TOML that says something else by now, and not against a
        file that the user gives. Against a shipped one it holds only where the run was planned by a
        frozen set: `frozen` are the days of these, by provider.
        """
        entries, broken = dict(self.entries), dict(self.broken)
        for name, text in copies.items():
            known = entries.get(name)
            of_shipped = known is not None and known.shipped and name not in frozen
            if name in (*self.asked, *self.frozen) or of_shipped:
                continue
            place = f"providers/{name}.toml"
            try:
                kept = entry_of_text(text, place, kind="kept", origin=f"the run's {place}")
                if kept.name != name:
                    raise SpecError(place, (f"name: another provider's, {kept.name!r}",))
            except UsageError as error:
                entries.pop(name, None)
                broken[name] = error
            else:
                broken.pop(name, None)
                kept = replace(kept, frozen=frozen.get(name, ""))
                same = known is not None and known == kept and not known.shipped
                entries[name] = known if same and known is not None else kept
        return replace(self, entries=entries, broken=broken)


def named_provider(name_or_path: str | Path) -> Provider:
    """Return a shipped or installed provider by its name, or that of a TOML file by its path.

    A text that has a suffix or a slash is a path. Raises UsageError for an unknown name or an
    unreadable file, SpecError for a TOML with mistakes.
    """
    path = Path(name_or_path)
    if isinstance(name_or_path, Path) or path.suffix or len(path.parts) > 1:
        return load_provider_file(path)
    return catalogue_of().provider(name_or_path)


def catalogue_of(specs: Iterable[Spec] = ()) -> Catalogue:
    """Return the catalogue with these TOMLs beside the shipped and the installed providers.

    A TOML with mistakes is among the `broken`. Raises UsageError for a file that cannot be read,
    and for a name that two TOMLs have.
    """
    known = _with_installed(shipped_catalogue(), entry_points(group=GROUP))
    entries, broken = dict(known.entries), dict(known.broken)
    asked: dict[str, None] = {}
    specs = tuple(specs)
    frozen = _with_frozen(entries, broken, specs)
    for spec in specs:
        if isinstance(spec, FrozenDocuments):
            continue
        try:
            entry = entry_of(spec) if isinstance(spec, Provider) else _entry_of_file(spec)
        except SpecError as error:
            name = spec.name if isinstance(spec, Provider) else _name_in(spec)
            broken[name] = error
        else:
            name = entry.name
            _refuse_taken(entry, entries.get(name))
            broken.pop(name, None)
            entries[name] = entry
        asked[name] = None
    return Catalogue(entries=entries, broken=broken, asked=tuple(asked), frozen=frozen)


def _with_frozen(
    entries: dict[str, Entry], broken: dict[str, UsageError], specs: Iterable[Spec]
) -> tuple[str, ...]:
    """Let the providers of frozen sets stand in place of those that are known; return their names.

    That is what a set is for: a shipped name means its documents of that day. UsageError for a name
    that is in two sets.
    """
    of: dict[str, Path] = {}
    for spec in specs:
        if not isinstance(spec, FrozenDocuments):
            continue
        frozen = read_frozen(spec.folder)
        origin = f"the documents frozen on {frozen.day} ({spec.folder})"
        for name, text in frozen.texts.items():
            if name in of:
                raise UsageError(
                    f"{of[name]} and {spec.folder} both hold {name!r}", hint="give one of the two"
                )
            of[name] = spec.folder
            file = str(spec.folder / f"{name}.toml")
            try:
                entry = entry_of_text(text, file, kind="frozen", origin=origin)
            except SpecError as error:  # of a vocabulary that this version does not know
                entries.pop(name, None)
                broken[name] = error
            else:
                broken.pop(name, None)
                entries[name] = replace(entry, frozen=frozen.day)
    return tuple(of)


def found(provider: Provider | str | None, specs: Sequence[Spec] = ()) -> tuple[Catalogue, Entry]:
    """Return the entry of a provider, given as a value or by its name, and the catalogue around it.

    Without one, that of the only one of the `specs`. Raises UsageError for an unknown name, and
    where none is meant.
    """
    if isinstance(provider, Provider):
        specs, provider = (*specs, provider), provider.name
    catalogue = catalogue_of(specs)
    if provider is not None:
        return catalogue, catalogue.entry(provider)
    given = catalogue.asked or catalogue.frozen
    if len(given) != 1:
        raise UsageError(
            "whose documents apply is not said", hint="name one --provider, or one TOML by --spec"
        )
    return catalogue, catalogue.entry(*given)


@cache
def shipped_catalogue() -> Catalogue:
    """Return the providers that ship with the harness: one for each TOML in its folder."""
    files = {path.stem: path for path in sorted(FOLDER.glob("*.toml"))}
    entries: dict[str, Entry] = {}
    broken: dict[str, UsageError] = {}
    for name in dict.fromkeys([name for name in _FIRST if name in files] + [*files]):
        try:
            entries[name] = _entry_of_file(files[name], kind="shipped", origin="the harness")
        except UsageError as error:
            broken[name] = error
    return Catalogue(entries=entries, broken=broken)


def entry_of_text(text: str, file: str, *, kind: Kind, origin: str) -> Entry:
    """Read a TOML's text; SpecError with every mistake, each under the name of its `file`."""
    tables = tables_of(text, file)
    provider = provider_in(tables, text, file)
    return Entry(
        digest=digest(without_quotes(tables)),
        provider=provider,
        text=text,
        origin=origin,
        kind=kind,
    )


def text_digest(text: str, file: str) -> str:
    """Return the digest of a TOML's text, also where this version cannot use it.

    SpecError where it is no TOML at all.
    """
    return digest(without_quotes(tables_of(text, file)))


def entry_of(provider: Provider) -> Entry:
    """Return the entry of a provider that is given as a value: of a shipped one, if it equals that.

    Any other is written as a TOML, whose digest it has. Raises UsageError for another one under a
    shipped one's name, and for one that no TOML can say.
    """
    shipped = shipped_catalogue().get(provider.name)
    if shipped is not None and shipped.provider == provider:
        return shipped
    try:
        text = toml_of(provider)
    except TypeError as error:
        raise SpecError(provider.name, (str(error),)) from None
    entry = entry_of_text(text, provider.name, kind="value", origin="a value in Python")
    _refuse_taken(entry, shipped)
    return entry


def _entry_of_file(path: Path, *, kind: Kind = "file", origin: str = "") -> Entry:
    return entry_of_text(toml_text(path), path.name, kind=kind, origin=origin or str(path))


def _with_installed(known: Catalogue, offers: Iterable[EntryPoint]) -> Catalogue:
    """Add what installed packages offer, in the order of their names; none can spoil another."""
    entries, broken = dict(known.entries), dict(known.broken)
    for offer in sorted(offers, key=lambda each: (each.name, each.value)):
        package = offer.dist.name if offer.dist is not None else offer.value
        origin = f"the package {package}"
        try:
            path = Path(os.fspath(_object(offer, origin)))
            entry = _entry_of_file(path, kind="installed", origin=origin)
            _refuse_taken(entry, entries.get(entry.name))
        except UsageError as error:
            broken.setdefault(offer.name, error)
        else:
            entries[entry.name] = entry
    return replace(known, entries=entries, broken=broken)


def _object(offer: EntryPoint, origin: str) -> "str | os.PathLike[str]":
    """Return the path that an entry point stands for; SpecError where it is none."""
    try:
        found = offer.load()
    except Exception as error:  # noqa: BLE001 - another's code: whatever it raises spoils only itself
        raise SpecError(
            origin, (f"{GROUP}: {offer.value} cannot be loaded: {type(error).__name__}: {error}",)
        ) from None
    if isinstance(found, str | os.PathLike):
        return found
    raise SpecError(origin, (f"{GROUP}: {offer.value} is not the path of a TOML",))


def _refuse_taken(entry: Entry, known: Entry | None) -> None:
    """Raise UsageError where a name is another provider's: nothing is overridden silently."""
    if known is None or known is entry or (known == entry and not known.shipped):
        return
    if known.shipped:
        raise UsageError(
            f"{entry.origin}: {entry.name} is the name of a provider that ships with the harness",
            hint=f'give yours another name, like name = "my_{entry.name}"',
        )
    raise UsageError(
        f"{known.origin} and {entry.origin} both describe {entry.name!r}",
        hint="give one of them another name",
    )


def _name_in(path: Path) -> str:
    """Return the name that a broken TOML gives itself, or else its file's."""
    try:
        name = tables_of(toml_text(path), path.name).get("name")
    except UsageError:
        name = None
    return name if isinstance(name, str) and name else path.stem


def _in_a_line(error: UsageError) -> str:
    if not isinstance(error, SpecError):
        return str(error)
    count = len(error.mistakes)
    shown = "; ".join(" ".join(str(each).split()) for each in error.mistakes[:_SHOWN_MISTAKES])
    more = f"; and {count - _SHOWN_MISTAKES} more" if count > _SHOWN_MISTAKES else ""
    return f"{error.file} has {'1 mistake' if count == 1 else f'{count} mistakes'}: {shown}{more}"


def _together(errors: Sequence[UsageError]) -> HarnessError:
    if len(errors) == 1:
        return errors[0]
    return UsageError("\n".join(map(str, errors)) or "no provider is known")
