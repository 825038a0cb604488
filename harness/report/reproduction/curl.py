"""A request as one curl line that a reader can paste: complete, and without a key in it."""

import json
import re
import shlex
from collections.abc import Mapping
from types import MappingProxyType

from harness.core.exchange import Part, Request
from harness.core.jsonvalue import Json
from harness.core.record import Provenance
from harness.reference_images import parse_recipe, reference_json
from harness.report.labels import about_provider
from harness.report.text import hidden
from harness.spec.provider import Auth, Provider

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

    The key is named as an environment variable, never spelled. The address is the one the evidence
    names; else the provider's own, or `$NAME_BASE_URL` where it has none or the replies were an
    emulator's (which has another port each time, and whose findings should not cost real money).
    An absolute target is fetched without the key. A text of the body that is a key of `variables`
    becomes the value of that shell variable. A file of a form is named by its place: our own ones
    under `FILES`, others, whose bytes nobody kept, in the current folder. A NUL or a lone
    surrogate, which no command line can hold, becomes U+FFFD in a form's text.
    """
    absolute = request.target.startswith(("http://", "https://"))
    words = ["curl -sS -X", shlex.quote(_clean(request.method))]
    words.append(
        shlex.quote(_clean(request.target))
        if absolute
        else _address(request.target, provider=provider, evidence=evidence)
    )
    words += [] if absolute else [_key(provider.auth)]
    words += _headers(request, provider.auth)
    if request.form is not None:
        return " ".join([*words, *(_part(part) for part in request.form)])
    if request.body is None:
        return " ".join(words)
    body = shlex.quote(shell_quoted(request.body))
    for text, variable in variables.items():
        # Leaves the single quotes around the body, and goes back into them.
        body = body.replace(json.dumps(text), f'"\'"${variable}"\'"')
    if len(body.encode()) > _MOST_ARGUMENT_BYTES:
        return f"printf %s {body} | {' '.join([*words, '--data-binary @-'])}"
    return " ".join([*words, "--data-raw", body])


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
    return "".join(_escaped(char) if hidden(char) else char for char in text)


def _escaped(char: str) -> str:
    units = char.encode("utf-16-be", "surrogatepass")
    return "".join(f"\\u{units[at : at + 2].hex()}" for at in range(0, len(units), 2))


def base_address(provider: Provider, evidence: Provenance | None) -> str:
    """Return where a request is repeated, without a closing slash; empty where nobody can know."""
    source = evidence.source if evidence else ""
    named = source if source.startswith(("http://", "https://")) else ""
    emulated = evidence is not None and not about_provider(evidence)
    base = _clean(named or ("" if emulated else provider.base_url)).rstrip("/")
    scheme, colon, rest = base.partition("://")
    host = rest.rpartition("@")[2]  # a password in an address is a secret, too
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


def _key(auth: Auth) -> str:
    return f'-H "{_in_double_quotes(auth.header)}: {_in_double_quotes(auth.prefix)}${auth.env}"'


def _in_double_quotes(text: str) -> str:
    return re.sub(r'([\\"$`])', r"\\\1", _clean(text))


def _headers(request: Request, auth: Auth) -> list[str]:
    return [
        f"-H {shlex.quote(_clean(f'{name}: {value}'))}"
        for name, value in plain_headers(request, auth)
    ]


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
