"""Which providers of a run can answer: those with recordings, or with a twin in the emulator.

One that cannot is named and left out. Only where none is left, nothing can be run.
"""

import shlex
from collections.abc import Callable, Iterable, Sequence
from pathlib import Path

from harness.core.errors import UsageError
from harness.planning.options import Against, Options
from harness.runner.recording import (
    BENCHMARK,
    BENCHMARK_TAPE,
    RECORD_BENCHMARK,
    into,
    is_recorded,
    sample_folder,
)
from harness.spec.catalogue import Entry

A_FEW = "--max-images 5"
"""What a live run may spend that is proposed: a first look."""

EMULATED = ("buble", "sub2api", "apiframe", "nanobanana", "aimlapi", "openai")
"""The providers that have a twin in the emulator."""


def cassette_folder(options: Options, *, against: Against) -> Path:
    """Return the folder of the cassettes: one that was named, one that is here, or the samples.

    UsageError for a replay where there is none of them.
    """
    named = options.output.cassettes
    if named is not None or against != "cassettes" or is_recorded(options.cassettes):
        return options.cassettes
    samples = sample_folder()
    if samples is None:
        raise UsageError(
            f"there are no recorded replies in {options.cassettes}",
            hint="record some, or go without: harness run --against emulator",
        )
    return samples


def available(
    entries: Sequence[Entry],
    *,
    against: Against,
    cassettes: Path,
    benchmark: bool,
    left_out: Callable[[str], None],
) -> tuple[str, ...]:
    """Return the names of those that can answer; `left_out` receives a sentence for each other.

    Raises UsageError where there is none, with what can be run instead.
    """
    if against == "live":
        return tuple(entry.name for entry in entries)
    if against == "emulator":
        found = [entry for entry in entries if entry.name in EMULATED]
        lack = "the emulator has no twin of {}"
    else:
        found = [entry for entry in entries if _recorded(cassettes / entry.name, benchmark)]
        kind = "recorded benchmark" if benchmark else "recording"
        lack = f"{cassettes} holds no {kind} of {{}}"
    if not found:
        names = ", ".join(entry.name for entry in entries)
        raise UsageError(lack.format(names), hint=f"run instead: {_instead(entries, benchmark)}")
    for entry in entries:
        if entry not in found:
            record = record_command(entry, cassettes, benchmark=benchmark)
            hint = "" if against == "emulator" else f"; record it: {record}"
            left_out(f"{entry.name} is left out: {lack.format('it')}{hint}")
    return tuple(entry.name for entry in found)


def _recorded(folder: Path, benchmark: bool) -> bool:  # noqa: FBT001 - one of two kinds
    """Tell whether anything of a recording is there; whether it is whole is seen as it is read."""
    if benchmark:
        return (folder / BENCHMARK).exists() or (folder / BENCHMARK_TAPE).exists()
    return any(file.name != BENCHMARK_TAPE for file in folder.glob("*.yaml"))


def _instead(entries: Iterable[Entry], benchmark: bool) -> str:  # noqa: FBT001 - as above
    """Return a command that runs these providers: at the emulator, if it has one of them."""
    kind = " --only benchmark" if benchmark else ""
    live = [entry for entry in entries if entry.name not in EMULATED]
    if len(live) < len([*entries]):
        return f"harness run{kind} --against emulator"
    return f"harness run{kind} --against live {' '.join(map(_live_flags, live))}"


def _live_flags(entry: Entry) -> str:
    """Return the flags by which a provider is run live."""
    name = entry.name
    known = f"--spec {shlex.quote(entry.origin)}" if entry.kind == "file" else f"--provider {name}"
    address = "" if entry.provider.base_url else f" --base-url {name}=https://..."
    return f"{known}{address} {A_FEW}"


def record_command(entry: Entry, cassettes: Path, *, benchmark: bool) -> str:
    """Return the command that records a provider where its cassettes are looked for."""
    where = into(cassettes)
    if entry.name not in EMULATED:
        kind = " --only benchmark" if benchmark else ""
        return f"harness run{kind} --against live --record {_live_flags(entry)}{where}"
    if benchmark:
        return f"{RECORD_BENCHMARK}{where}"
    return f"harness run --against emulator --record --provider {entry.name}{where}"
