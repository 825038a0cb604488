"""A request as one curl line that a reader can paste: complete, and without a key in it."""

import json
import re
import shlex
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from types import MappingProxyType
from urllib.parse import parse_qsl, quote, urlsplit

from harness.core.case import PlannedRequest
from harness.core.exchange import Part, Request
from harness.core.jsonvalue import Json, texts
from harness.core.placeholders import ASSETS, BASE64, MISSING, THIS_RUN, WEBHOOKS
from harness.core.recipe import parse_recipe
from harness.core.record import Provenance, Record
from harness.reference_images import reference_json
from harness.report.labels import about_provider
from harness.report.text import hidden
from harness.spec.auth import Auth
from harness.spec.credentials import key_headers, key_query, with_key
from harness.spec.lifecycle import Upload
from harness.spec.provider import Provider

_MOST_ARGUMENT_BYTES = 100_000
"""Linux allows one argument 131,072 bytes; a longer body is piped in."""

_SECRET_HEADERS = frozenset(["authorization", "x-api-key", "api-key", "cookie"])
_PLAIN = re.compile(r"[A-Za-z0-9/_.~%?&=+:@,-]*", re.ASCII)
_NONE: Mapping[str, str] = MappingProxyType({})

FILES = "files/"
"""Where a run folder holds the reference images that its findings name."""


def curl_line(
    request: Request,
    *,
    provider: Provider,
    evidence: Provenance | None,
    variables: Mapping[str, str] = _NONE,
) -> str:
    """Return the curl command that sends this request again, for a POSIX shell.

    The key is named as an environment variable, never spelled; a made-up one is spelled. In the
    query, curl quotes it (`--url-query`, curl 7.87 of 2022). The
    address is the one the evidence names; else the provider's own, or `$NAME_BASE_URL` where it has
    none or the replies were an emulator's (which has another port each time, and whose findings
    should not cost real money).
    An absolute target is fetched without the key. A text of the body that is a key of `variables`
    becomes the value of that shell variable. A file of a form is named by its place: our own ones
    under `FILES`, others, whose bytes nobody kept, in the current folder. A NUL or a lone
    surrogate, which no command line can hold, becomes U+FFFD in a form's text.
    """
    words = ["curl -sS -X", shlex.quote(_clean(request.method))]
    words += _addressed(request, provider=provider, evidence=evidence)
    words += [
        f"-H {shlex.quote(_clean(f'{name}: {header}'))}"
        for name, header in plain_headers(request, provider.auth)
    ]
    if request.form is not None:
        return " ".join([*words, *(_part(part) for part in request.form)])
    if request.body is None:
        return " ".join(words)
    body = shlex.quote(shell_quoted(request.body))
    for text, variable in variables.items():
        # Leaves the single quotes around the body, and goes back into them.
        body = body.replace(json.dumps(text), f'"\'"${variable}"\'"')
    images = inline_images(request)
    for name in images:
        body = body.replace(f"{BASE64}{name}", _READ.format(f"{FILES}{name}"))
    if images or len(body.encode()) > _MOST_ARGUMENT_BYTES:
        return f"printf %s {body} | {' '.join([*words, '--data-binary @-'])}"
    return " ".join([*words, "--data-raw", body])


def _addressed(
    request: Request, *, provider: Provider, evidence: Provenance | None
) -> Iterator[str]:
    """Yield the words of a command that say where a request goes, and with which key."""
    absolute = request.target.startswith(("http://", "https://"))
    signed, auth = request.signed or not absolute, provider.auth
    made_up = request.credential != "own"
    pairs = key_query(auth, request.credential, "") if signed and made_up else ()
    target = with_key(request.target, pairs)
    address = shlex.quote(_clean(target))
    if not absolute:
        address = _address(target, provider=provider, evidence=evidence)
    if signed and auth.query and not made_up:
        name = quote(auth.query, safe="")
        address += f' --url-query "{name}=${auth.env}"'  # curl quotes what it puts in the place
    yield address
    if signed and made_up:
        yield from (f"-H {_spelled(pair)}" for pair in key_headers(auth, request.credential, ""))
    elif signed and auth.header:
        prefix = _in_double_quotes(auth.prefix)
        yield f'-H "{_in_double_quotes(auth.header)}: {prefix}${auth.env}"'


_READ = "'\"$(base64 <{} | tr -d '\\n')\"'"
"""Leaves the single quotes around a body, and goes back into them."""


def inline_images(request: Request) -> tuple[str, ...]:
    """Name the reference images whose bytes stand in a body, each once."""
    named = (text.rpartition(BASE64) for text in texts(request.body))
    names = (name for _, found, name in named if found and is_placeholder_address(name))
    return tuple(dict.fromkeys(names))


def _spelled(header: tuple[str, str]) -> str:
    """Return a header as curl takes it, which drops one that ends with its colon."""
    name, value = header
    return shlex.quote(f"{name}: {value}" if value else f"{name};")


def is_placeholder_address(name: str, *, digest: str | None = None) -> bool:
    """Tell whether a file is a reference image that this harness makes, byte for byte."""
    wanted = parse_recipe(name)
    try:
        return wanted is not None and digest in (None, reference_json(wanted).digest)
    except ValueError:  # a stranger's name that asks for the impossible
        return False


def shell_quoted(body: Json) -> str:
    """Return a body as JSON on one line, with every hidden character escaped."""
    text = json.dumps(body, ensure_ascii=False)
    if text.isascii() and text.isprintable():
        return text
    escaped = {ord(char): _escaped(char) for char in set(text) if hidden(char)}
    return text.translate(escaped)


def _escaped(char: str) -> str:
    units = char.encode("utf-16-be", "surrogatepass")
    return "".join(f"\\u{units[at : at + 2].hex()}" for at in range(0, len(units), 2))


def base_address(provider: Provider, evidence: Provenance | None) -> str:
    """Return where a request is repeated, without a closing slash; empty where nobody can know."""
    source = evidence.source if evidence else ""
    named = source if source.startswith(("http://", "https://")) else ""
    emulated = evidence is not None and not about_provider(evidence)
    base = _clean(named or ("" if emulated else provider.base_url)).rstrip("/")
    scheme, colon, address = base.partition("://")
    host = address.rpartition("@")[2]  # a password in an address is a secret, too
    return f"{scheme}{colon}{host}"


def base_variable(provider: Provider) -> str:
    """Return the environment variable that says where a provider is reached."""
    return provider.auth.env.removesuffix("_API_KEY") + "_BASE_URL"


def plain_headers(request: Request, auth: Auth) -> tuple[tuple[str, str], ...]:
    """Return the headers of a request that say nothing secret and that a client does not write."""
    secret = {*_SECRET_HEADERS, auth.header.lower()}
    if request.form is not None:
        secret.add("content-type")  # the client writes it, with the boundary
    return tuple(header for header in request.headers if header[0].lower() not in secret)


def _address(target: str, *, provider: Provider, evidence: Provenance | None) -> str:
    base = base_address(provider, evidence)
    path = "/" + _clean(target).lstrip("/")
    if base:
        return shlex.quote(f"{base}{path}")
    variable = base_variable(provider)
    if _PLAIN.fullmatch(path):
        return f'"${variable}{path}"'
    return f'"${variable}"{shlex.quote(path)}'


def _in_double_quotes(text: str) -> str:
    return re.sub(r'([\\"$`])', r"\\\1", _clean(text))


def _part(part: Part) -> str:
    if part.value is not None:
        text = f"{part.name}={part.value}".replace("\0", "�")
        text = text.encode("utf-16", "surrogatepass").decode("utf-16", "replace")
        return f"--form-string {shlex.quote(text)}"
    place = FILES if is_placeholder_address(part.filename or "", digest=part.digest) else ""
    name = re.sub(r'([\\"])', r"\\\1", place + _clean(part.filename or "image"))
    kind = f";type={_clean(part.media_type)}" if part.media_type else ""
    quoted = name if _PLAIN.fullmatch(name) and "," not in name else f'"{name}"'
    return f"-F {shlex.quote(f'{part.name}=@{quoted}{kind}')}"


def _clean(text: str) -> str:
    """Drop what has no place in an address, a header or a file's name."""
    return "".join(char for char in text if not hidden(char))


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
    the others, and what to put in the place of placeholder addresses and keys.
    """
    upload = provider.operation(record.shot.case.operation).upload
    lines: list[str] = []
    variables: dict[str, str] = {}
    sent = uploads(record)
    for at, part_request in enumerate(sent, 1):
        variable = "FILE" if len(sent) == 1 else f"FILE_{at}"
        command = curl_line(part_request, provider=provider, evidence=record.evidence)
        lines.append(_stored(command, variable, upload))
        variables |= {f"{ASSETS}{name}": variable for name in _of_form(part_request.form)}
    request = record.shot.request
    last = curl_line(request, provider=provider, evidence=record.evidence, variables=variables)
    lines.append(last)
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
    fetched = (name for name in addressed if is_placeholder_address(name))
    return tuple(dict.fromkeys([*_sent(record), *fetched]))


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


def _stored(command: str, variable: str, upload: Upload | None) -> str:
    """Return a line that stores the address of an upload in a variable, or prints the reply."""
    path = upload.url[0].text if upload and upload.url else ""
    if not _PATH.fullmatch(path):
        return f"{command} &&\n{variable}='the address that this reply names'"
    first, *inner = (f'["{key}"]' for key in path.split("."))
    read = (
        "import json, sys; said = sys.stdin.read(); found = json.loads(said);"
        f" print(found{first}{''.join(inner)}) if {first[1:-1]} in found else sys.exit(said)"
    )
    return f"{variable}=$({command} | python3 -c '{read}')"


def _of_form(form: tuple[Part, ...] | None) -> tuple[str, ...]:
    return tuple(part.filename or "" for part in form or () if part.value is None)


def _sent(record: Record) -> list[str]:
    """Name the files of ours that a record's uploads and its request send as they are."""
    requests = (*uploads(record), record.shot.request)
    parts = (part for request in requests for part in request.form or ())
    files = [part.filename or "" for part in parts if _held(part)]
    return [*files, *inline_images(record.shot.request)]


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
    inside = (text.rpartition(BASE64) for text in texts(record.shot.request.body))
    foreign += [
        f"{BASE64}{known}"
        for _, found, known in inside
        if found and not is_placeholder_address(known)
    ]
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
    query = (value for _, value in parse_qsl(urlsplit(request.target).query))
    if any(text.startswith(WEBHOOKS) for text in (*texts(request.body), *query)):
        yield (
            "Put an address that takes a POST from the provider in the place of"
            f" {WEBHOOKS} (a run does so with --webhook-url)."
        )


def _on_keys(planned: PlannedRequest) -> Iterator[str]:
    sent = planned.request
    values = (*(value for _, value in sent.headers), *texts(sent.body))
    if any(value.startswith(f"{THIS_RUN}-") for value in values):
        twice = "; sent twice, the line shows what a repetition makes"
        yield (
            f"Put a new word in the place of {THIS_RUN}: a key that was used before makes no new"
            f" job{twice if 'same_key' in planned.case.follow_ups else ''}."
        )
