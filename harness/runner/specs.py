"""The TOMLs of a run: those it is judged by, and those of the day on which it was planned."""

from collections.abc import Iterable, Iterator, Mapping, Sequence

from harness.core.errors import SpecError, UsageError
from harness.core.record import RunHeader
from harness.planning.options import Options
from harness.spec.catalogue import Catalogue, Entry, Spec, catalogue_of, text_digest
from harness.store.folder import RunFolder
from harness.store.line import DOCUMENTS
from harness.store.reader import StoredRun


def keep_toml(folder: RunFolder, entry: Entry) -> None:
    """Keep a provider's TOML in a run folder: one that ships apart, for today's judges the run."""
    keep = folder.keep_document if entry.shipped else folder.keep_spec
    keep(entry.name, entry.text)


def catalogue_with(documents: Sequence[Spec], runs: Iterable[StoredRun]) -> Catalogue:
    """Return what is known of providers beside these documents: what the runs keep, too."""
    catalogue = catalogue_of(documents)
    for run in runs:
        catalogue = catalogue.with_copies(run.specs, run.header.frozen)
    return catalogue


def documents_of(run: StoredRun, catalogue: Catalogue) -> dict[str, str]:
    """Return the TOMLs by which a run was planned, as texts by provider.

    What the run keeps, else what the catalogue has, where that is still the same; a provider of
    which neither is so has none. UsageError where a shipped one's was altered; of others, that is
    `judged_otherwise`'s to say.
    """
    found: dict[str, str] = {}
    for name in run.header.evidence:
        began = run.header.spec_digests.get(name, "")
        if name in run.documents:
            _refuse_altered(run.documents[name], f"{DOCUMENTS}/{name}.toml", began)
            found[name] = run.documents[name]
        elif name in run.specs and _is_of(run.specs[name], began):
            found[name] = run.specs[name]
        entry = catalogue.get(name)
        if name not in found and entry is not None and entry.digest == began:
            found[name] = entry.text
    return found


def _is_of(text: str, began: str) -> bool:
    try:
        return text_digest(text, "") == began
    except SpecError:
        return False


def _refuse_altered(text: str, place: str, began: str) -> None:
    if not _is_of(text, began):
        raise UsageError(
            f"the run's {place} was altered: it is not the TOML that the run was planned by",
            hint="put it back, or remove it: the run is then not compared by it",
        )


def frozen_days(entries: Iterable[Entry]) -> dict[str, str]:
    """Return the day of each provider's documents, where they are of a frozen set."""
    return {entry.name: entry.frozen for entry in entries if entry.frozen}


def frozen_notes(entries: Sequence[Entry]) -> tuple[str, ...]:
    """Say by which frozen documents providers are planned and judged: a sentence for each day."""
    days = frozen_days(entries)
    return tuple(
        f"by the documents frozen on {day}: {', '.join(n for n in days if days[n] == day)}"
        for day in dict.fromkeys(days.values())
    )


def other_specs(catalogue: Catalogue) -> dict[str, str]:
    """Return the digest of each TOML that does not ship with the harness, by provider."""
    return {name: entry.digest for name, entry in catalogue.items() if not entry.shipped}


def refuse_other_specs(past: RunHeader, catalogue: Catalogue) -> None:
    """Refuse a TOML that says something else than the one that a run began with.

    Its plan was made by that one, which the folder keeps: a run goes on by the promises that it
    began to test.
    """
    for name in past.evidence:
        entry, began = catalogue.get(name), past.spec_digests.get(name)
        if entry is None or entry.shipped or entry.digest == began:
            continue
        hint = "start a new run with it"
        if entry.kind != "kept":
            hint += ", or leave --spec out: the run keeps the one that it began with"
        raise UsageError(f"{entry.origin} is not the TOML that this run began with", hint=hint)
    for name in catalogue.asked:
        if name not in past.evidence:
            raise UsageError(f"--spec: {name} is no provider of this run", hint="leave it out")


def judged_otherwise(
    header: RunHeader, catalogue: Catalogue, documents: Mapping[str, str]
) -> Iterator[str]:
    """Say which providers are judged by another TOML than their run was planned by.

    Of a shipped one that moved on, whether the run kept `documents` of its day. That a run's own
    copy holds in place of a shipped TOML is said, whatever the run itself says of it.

    UsageError where that is the run folder's own copy: it was altered.
    """
    for name, began in header.spec_digests.items():
        entry = catalogue.get(name)
        if entry is None:
            continue
        if entry.digest == began:
            known = frozen_notes([entry]) if entry.kind == "kept" else ()
            yield from (note for note in known if not _is_said(name, note, header))
            continue
        if entry.shipped:
            yield _moved_on(name, header, kept=name in documents)
            continue
        if entry.kind == "kept":
            raise UsageError(
                f"{entry.origin} was altered: it is not the TOML that the run was planned by",
                hint="put it back, or give the one to judge by with --spec FILE",
            )
        yield (
            f"{name} is judged by {entry.origin}, which says something else than the TOML that the "
            "run was planned by"
        )


def _is_said(name: str, note: str, header: RunHeader) -> bool:
    """Tell whether a run's own notes name the frozen documents of a provider already."""
    day = note.rpartition(": ")[0]
    return any(each.startswith(day) and name in each for each in header.notes)


def _moved_on(name: str, header: RunHeader, *, kept: bool) -> str:
    known = (
        "what it could not have known is not scored"
        if kept
        else ("the run kept none of that day, so that what it could not have known cannot be told")
    )
    return (
        f"{name} is judged by the documents that ship today, which say something else than those "
        f"of {header.created[:10]}, when the run was planned: {known}"
    )


def keys_by_variable(options: Options, catalogue: Catalogue) -> dict[str, str]:
    """Return the keys by the variables that they are from."""
    return {catalogue.provider(name).auth.env: key for name, key in options.target.keys.items()}
