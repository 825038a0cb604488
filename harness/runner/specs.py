"""The TOMLs of a run that do not ship with the harness: given, installed, or kept by its folder."""

from collections.abc import Iterator

from harness.core.errors import UsageError
from harness.core.record import RunHeader
from harness.planning.options import Options
from harness.spec.catalogue import Catalogue


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


def judged_otherwise(header: RunHeader, catalogue: Catalogue) -> Iterator[str]:
    """Say which providers are judged by another TOML than their run was planned by.

    UsageError where that is the run folder's own copy: it was altered.
    """
    for name, began in header.spec_digests.items():
        entry = catalogue.get(name)
        if entry is None or entry.shipped or entry.digest == began:
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


def keys_by_variable(options: Options, catalogue: Catalogue) -> dict[str, str]:
    """Return the keys by the variables that they are from."""
    return {catalogue.provider(name).auth.env: key for name, key in options.target.keys.items()}
