"""What it takes to send a finding's request again: its lines, its files, and what to put in."""

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from harness.core.case import PlannedRequest
from harness.core.exchange import Part, Request
from harness.core.jsonvalue import Json, texts
from harness.core.placeholders import ASSETS, MISSING, THIS_RUN, WEBHOOKS
from harness.core.record import Record
from harness.reference_images import parse_recipe, reference_json
from harness.report.reproduction.curl import FILES, curl_line, is_placeholder_address
from harness.spec.lifecycle import Upload
from harness.spec.provider import Provider

FILES_AT_MOST_BYTES = 64 * 1024 * 1024
"""The most that the files of all findings of a run may take on disk."""

IN_FOLDER = f"Run it in the folder of this report: {FILES} there holds what it sends."

_PATH = re.compile(r"[A-Za-z_]\w*(\.[A-Za-z_]\w*)*", re.ASCII)
_MAKE = (
    "python -c 'import sys; from harness.reference_images import reference_bytes;"
    ' open(sys.argv[1], "wb").write(reference_bytes(sys.argv[1].rpartition("/")[2]))\''
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Repeat:
    """Shell lines, of which each runs if the last one did, and what to do before they run."""

    text: str
    notes: tuple[str, ...]


def repeat(record: Record, provider: Provider, *, written: Sequence[str]) -> Repeat:
    """Return how to send a record's request again, its uploads first.

    Files of `written` lie in the run folder under `files/`; notes say how to make or where to get
    the others, and what to put in the place of stand-in addresses and keys.
    """
    upload = provider.operation(record.shot.case.operation).upload
    lines: list[str] = []
    variables: dict[str, str] = {}
    sent = uploads(record)
    for at, part_request in enumerate(sent, 1):
        variable = "FILE" if len(sent) == 1 else f"FILE_{at}"
        command = curl_line(part_request, provider=provider, evidence=record.evidence)
        lines.append(_kept(command, variable, upload))
        variables |= {f"{ASSETS}{name}": variable for name in _of_form(part_request.form)}
    request = record.shot.request
    lines.append(
        curl_line(request, provider=provider, evidence=record.evidence, variables=variables)
    )
    return Repeat(
        text=" &&\n".join(lines),
        notes=(
            *_on_files(record, written),
            *_on_addresses(request, set(variables)),
            *_on_keys(record.shot),
        ),
    )


def uploads(record: Record) -> tuple[Request, ...]:
    """Return the requests that uploaded a record's files, each file once."""
    sent = [exchange.request for exchange in record.exchanges if exchange.step == "upload"]
    return tuple({_of_form(request.form): request for request in reversed(sent)}.values())[::-1]


def files_of(record: Record) -> tuple[str, ...]:
    """Name the reference images that a record's request needs, each once, and that we can make."""
    addressed = (text.removeprefix(ASSETS) for text in _addresses(record.shot.request.body))
    return tuple(
        dict.fromkeys(
            [*_sent(record), *(name for name in addressed if is_placeholder_address(name))]
        )
    )


def fitting(names: Sequence[str], *, at_most: int = FILES_AT_MOST_BYTES) -> tuple[str, ...]:
    """Choose as many files as fit into `at_most` bytes together, the smallest first."""
    chosen: list[str] = []
    room = at_most
    for size, name in sorted((size_bytes(name), name) for name in dict.fromkeys(names)):
        room -= size
        if room < 0:
            break
        chosen.append(name)
    return tuple(chosen)


def size_bytes(name: str) -> int:
    """Return the size of a reference image; ValueError where the name stands for none."""
    wanted = parse_recipe(name)
    if wanted is None:
        raise ValueError(f"{name!r} names no reference image")
    return reference_json(wanted).size_bytes or 0


def _kept(command: str, variable: str, upload: Upload | None) -> str:
    """Keep the address that an upload is answered with in a shell variable, or show the answer."""
    path = upload.url[0].text if upload and upload.url else ""
    if not _PATH.fullmatch(path):
        return f"{command} &&\n{variable}='the address that this reply names'"
    first, *rest = (f'["{key}"]' for key in path.split("."))
    read = (
        "import json, sys; said = sys.stdin.read(); found = json.loads(said);"
        f" print(found{first}{''.join(rest)}) if {first[1:-1]} in found else sys.exit(said)"
    )
    return f"{variable}=$({command} | python3 -c '{read}')"


def _of_form(form: tuple[Part, ...] | None) -> tuple[str, ...]:
    return tuple(part.filename or "" for part in form or () if part.value is None)


def _sent(record: Record) -> list[str]:
    """Name the files of ours that a record's uploads and its request send as they are."""
    requests = (*uploads(record), record.shot.request)
    parts = (part for request in requests for part in request.form or ())
    return [part.filename or "" for part in parts if _held(part)]


def _held(part: Part) -> bool:
    return part.value is None and is_placeholder_address(part.filename or "", digest=part.digest)


def _addresses(body: Json) -> Iterator[str]:
    """Find every address of a reference image in a body."""
    return (text for text in texts(body) if text.startswith(ASSETS))


def _on_files(record: Record, written: Sequence[str]) -> Iterator[str]:
    if any(name in written for name in _sent(record)):
        yield IN_FOLDER
    for name in files_of(record):
        if name not in written:
            yield (
                f"{FILES}{name} ({size_bytes(name):,} bytes) is too large to be kept here; make it"
                f" with this harness: {_MAKE} {FILES}{name}"
            )
    parts = [part for part in record.shot.request.form or () if part.value is None]
    foreign = [part.filename or "image" for part in parts if not _held(part)]
    if foreign:
        yield f"Nobody kept {', '.join(foreign)}: put your own into the current folder."


def _on_addresses(request: Request, uploaded: set[str]) -> Iterator[str]:
    addresses = {text for text in _addresses(request.body) if text not in uploaded}
    if addresses - {MISSING}:
        yield (
            f"Put an address at which the provider can fetch this report's {FILES} in the place of"
            f" {ASSETS} (a run does so with --assets-url)."
        )
    if MISSING in addresses:
        yield f"Put an address at which there is nothing in the place of {MISSING}."
    if any(text.startswith(WEBHOOKS) for text in texts(request.body)):
        yield (
            "Put an address that takes a POST from the provider in the place of"
            f" {WEBHOOKS} (a run does so with --webhook-url)."
        )


def _on_keys(shot: PlannedRequest) -> Iterator[str]:
    if any(value.startswith(THIS_RUN) for _, value in shot.request.headers):
        twice = "; sent twice, the line shows what a repetition makes"
        yield (
            f"Put a new word in the place of {THIS_RUN}: a key that was used before makes no new"
            f" job{twice if 'same_key' in shot.case.follow_ups else ''}."
        )
