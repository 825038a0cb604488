"""Files of traffic that others recorded, as records with a header: what a run folder holds."""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path
from urllib.parse import urlsplit

from harness.core.errors import NothingTested, RecordingError, UsageError
from harness.core.record import Record, RunHeader
from harness.core.version import harness_version
from harness.runner.endpoints import today
from harness.runner.recording import withheld_notes
from harness.runner.specs import frozen_days, frozen_notes, keep_toml
from harness.runner.traffic.traffic import Traffic, judge_file, traffic_notes
from harness.spec.catalogue import Entry
from harness.spec.provider import Provider
from harness.store.folder import RunFolder
from harness.store.line import Ended, Exchanged, JournalLine, Sent
from harness.store.spool import chained
from harness.transport.bodies.images import ImageCollector

WatchFile = Callable[[Path, int, int], None]
"""Takes a file, how many bytes of it (it is read twice) and how many interactions were read."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Recorded:
    """The provider's exchanges in some files: a header, whose notes name all else, and records."""

    header: RunHeader
    records: Sequence[Record]


def read_traffic(  # noqa: PLR0913 - what is read, with what, and who hears of it
    files: Iterable[Path],
    entry: Entry,
    pictures: ImageCollector,
    *,
    note: Callable[[str], None],
    keys: Mapping[str, str] | None = None,
    watch: WatchFile = lambda _name, _size, _entries: None,
) -> Recorded:
    """Read every file; one that is no recording is named in a `note` and does not hide the others.

    The `keys` by name are cut out, as are those that the files hold. `watch` receives a file
    and what `judge_file` reports of it. Raises UsageError where none
    is a recording, NothingTested where none holds an exchange of the provider.
    """
    names, provider = _names(files), entry.provider
    traffic: list[Traffic] = []
    unread: list[str] = []
    for file, name in names.items():
        try:
            watched = partial(watch, file)
            traffic.append(
                judge_file(file, provider, pictures, name=name, keys=keys, watch=watched)
            )
        except RecordingError as error:
            unread.append(str(error))
    records = chained(each.records for each in traffic)
    notes = (
        *traffic_notes(traffic, provider),
        *unread,
        *_sources(records, provider),
        *withheld_notes(pictures.withheld),
    )
    for sentence in (*notes, _count(traffic, unread, provider)):
        note(sentence)
    if not traffic:
        raise UsageError("none of these files is a recording")
    if not records:
        raise NothingTested(
            f"no exchange of {provider.name} in {_several(len(names), 'file')}",
            hint="what they hold is named above; is it another --provider's?",
        )
    return Recorded(header=_header(entry, records, notes), records=records)


def _names(files: Iterable[Path]) -> dict[Path, str]:
    """Return each file once, under the shortest end of its path that no other one shares."""
    once = {file.resolve(): file for file in files}
    names: dict[Path, str] = {}
    for path, file in once.items():
        ends = (path.parts[-length:] for length in range(1, len(path.parts)))
        others = [other.parts for other in once if other != path]
        free = (end for end in ends if all(parts[-len(end) :] != end for parts in others))
        names[file] = "/".join(next(free, (file.name,)))
    return names


def _sources(records: Sequence[Record], provider: Provider) -> tuple[str, ...]:
    """Say who answered, where that was not the provider's own address: verdicts are about them."""
    own_host = urlsplit(provider.base_url).hostname
    hosts = dict.fromkeys(record.evidence.source for record in records)
    address = f"own address is {own_host}" if own_host else "address is each deployment's own"
    return tuple(
        "recorded from the harness's own emulator: what follows says nothing about the provider"
        if host == "emulator"
        else f"recorded at {host}; {provider.name}'s {address}: what follows is about {host}, "
        f"judged by {provider.name}'s documents"
        for host in hosts
        if host != own_host
    )


def _count(traffic: Sequence[Traffic], unread: Sequence[str], provider: Provider) -> str:
    exchanges = sum(len(each.records) for each in traffic)
    observed = sum(
        record.shot.case.expect == "observe" for each in traffic for record in each.records
    )
    strangers = sum(len(each.strangers) for each in traffic)
    unreadable = sum(len(each.unreadable) for each in traffic)
    files = (
        "1 file is no recording" if len(unread) == 1 else f"{len(unread)} files are no recordings"
    )
    return (
        f"{_several(exchanges, 'exchange')} of {provider.name}: its documents say of "
        f"{exchanges - observed} whether it is served, {observed} only observed; "
        f"{strangers} of other endpoints; "
        f"{unreadable} unreadable; {files}"
    )


def _several(count: int, noun: str) -> str:
    return f"{count} {noun}" if count == 1 else f"{count} {noun}s"


def _header(entry: Entry, records: Sequence[Record], notes: Sequence[str]) -> RunHeader:
    now, name = today(), entry.name
    first = records[0].evidence
    days = sorted(
        {record.evidence.date[:10] for record in records if record.evidence.date != "unknown"}
    )
    date = " to ".join(dict.fromkeys((days[0], days[-1]))) if days else "unknown"
    hosts = ", ".join(sorted({record.evidence.source for record in records}))
    return RunHeader(
        run=f"judged {name}",
        harness=harness_version(),
        created=now,
        finished=now,
        against="recordings",
        seed=0,
        evidence={name: replace(first, source=hosts, date=date, by="others")},
        spec_digests={name: entry.digest},
        plan_digests={},
        frozen=frozen_days([entry]),
        notes=(*notes, *frozen_notes([entry])),
    )


def keep(folder: RunFolder, recorded: Recorded, entry: Entry) -> None:
    """Write what was read into a run folder, as a run would have."""
    keep_toml(folder, entry)
    folder.write_header(recorded.header)
    for start in range(0, len(recorded.records), _AT_ONCE):
        records = recorded.records[start : start + _AT_ONCE]
        folder.append(*(line for record in records for line in _lines(record)))


_AT_ONCE = 64
"""How many records are written in one step."""


def _lines(record: Record) -> Iterator[JournalLine]:
    name, case = record.shot.case.provider, record.shot.case.id
    yield Sent(provider=name, case=case, shot=record.shot, evidence=record.evidence)
    for exchange in record.exchanges:
        yield Exchanged(provider=name, case=case, exchange=exchange)
    if record.outcome is not None:
        yield Ended(provider=name, case=case, outcome=record.outcome)
