"""A finding as a ready pytest: it fails while the promise is broken and passes once it is kept.

A person runs it with a key. It needs pytest and httpx, nothing of this harness, and holds no key.
What it knows of a provider's protocol comes from the provider's description.
"""

import math
import re
from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from textwrap import wrap

from jinja2 import Environment, FileSystemLoader, StrictUndefined

from harness.checks.check import CHECKS, Reproduced, python_source, quoted
from harness.core.exchange import Part, Request
from harness.core.jsonvalue import Json
from harness.core.placeholders import ASSETS, BASE64, THIS_RUN, WEBHOOKS
from harness.core.verdict import Finding
from harness.report.reproduction.curl import (
    base_address,
    base_variable,
    inline_images,
    is_placeholder_address,
    plain_headers,
)
from harness.report.text import hidden
from harness.spec.credentials import key_headers, key_query, refusal_statuses, with_key
from harness.spec.error_rules import ErrorRule
from harness.spec.expressions import Paths
from harness.spec.jsonpath import keys
from harness.spec.provider import Operation, Provider
from harness.spec.request import form_part

_MOST_LINE = 88
_MOST_TEXT = 400
_LOOKED_UP = 'json.loads((HERE / "request.json").read_text("utf-8"))["arguments"]'


@dataclass(frozen=True, slots=True, kw_only=True)
class Words:
    """What the values of a request are called in the test that holds it.

    `uploaded` maps the files that are sent first to their media types; `arguments` are the
    canonical ones, where a text that is too long for a line is looked up.
    """

    uploaded: Mapping[str, str]
    arguments: Mapping[str, Json]


def python_literal(value: Json, words: Words, *, depth: int = 1) -> str:
    """Return a JSON value as a Python expression, `depth` levels deep in its file.

    ValueError where Python has no word for it, or where a long text is none of the arguments.
    """
    match value:
        case str():
            return _text(value, words)
        case dict() if value:
            lines = [
                f"{quoted(key)}: {python_literal(entry, words, depth=depth + 1)}"
                for key, entry in value.items()
            ]
            return _bracketed("{}", lines, depth)
        case list() if value:
            lines = [python_literal(entry, words, depth=depth + 1) for entry in value]
            return _bracketed("[]", lines, depth)
        case float() if not math.isfinite(value):
            raise ValueError(f"JSON has no word for {value}")
        case _:
            return repr(value)


def python_form(parts: tuple[Part, ...], words: Words) -> str:
    """Return a form as the list that httpx takes for `files`: each field a part of its own."""
    return _bracketed("[]", [_part(part, words) for part in parts], 1, always=True)


def python_header(value: str) -> str:
    """Return a header's value, with the run's own word where it has one."""
    if value.startswith(THIS_RUN):
        return f"RUN + {quoted(value.removeprefix(THIS_RUN))}"
    return quoted(value)


def _text(text: str, words: Words) -> str:
    name = text.removeprefix(ASSETS)
    if name != text and name in words.uploaded:
        return f"upload({quoted(name)}, {quoted(words.uploaded[name])})"
    if name != text:
        return f"ASSETS_URL + {quoted('/' + name)}"
    if text.startswith(WEBHOOKS):
        return "WEBHOOK_URL"
    if inline := _inline(text):
        return inline
    if len(text) <= _MOST_TEXT:
        return quoted(text)
    for name, argument in words.arguments.items():
        if argument == text:
            return f"{_LOOKED_UP}[{quoted(name)}]"
    raise ValueError(f"a text of {len(text):,} characters is none of the arguments")


def _inline(text: str) -> str:
    """Return the expression of a text that holds an image, or this run's word; else nothing."""
    if text.startswith(f"{THIS_RUN}-"):
        return python_header(text)
    head, found, name = text.rpartition(BASE64)
    if not found or not is_placeholder_address(name):
        return ""
    whole = f"base64.b64encode(FILES[{quoted(name)}].read_bytes()).decode()"
    return f"{quoted(head)} + {whole}" if head else whole


def _part(part: Part, words: Words) -> str:
    if part.value is not None:
        return f"({quoted(part.name)}, (None, {_text(part.value, words)}))"
    name = quoted(part.filename or "image")
    kind = quoted(part.media_type) if part.media_type else None
    return f"({quoted(part.name)}, ({name}, FILES[{name}].read_bytes(), {kind}))"


def _bracketed(pair: str, parts: list[str], depth: int, *, always: bool = False) -> str:
    line = f"{pair[0]}{', '.join(parts)}{pair[1]}"
    if not always and len(line) + 4 * depth <= _MOST_LINE and "\n" not in line and depth > 1:
        return line
    inner = "".join(f"{'    ' * (depth + 1)}{part},\n" for part in parts)
    return f"{pair[0]}\n{inner}{'    ' * depth}{pair[1]}"


_ACCOUNT = ("auth", "quota", "rate_limit", "server")
_MODULES = ("base64", "io", "json", "os", "re", "time", "uuid")
_WIDE = 99


@dataclass(frozen=True, slots=True, kw_only=True)
class GeneratedTest:
    """The text of a test, or why there is none."""

    text: str | None
    why: str = ""


def generated_test(
    finding: Finding, provider: Provider, *, name: str, title: str, told: Sequence[str]
) -> GeneratedTest:
    """Return the pytest that repeats a finding's request and holds its promise against the answer.

    `name` is a word of letters, digits and `_`; `title` and `told` are the first lines of its
    docstring. There is none for what takes more than a few lines to look at (webhooks, the order of
    states), or for a request that Python cannot spell.
    """
    operation = provider.operation(finding.operation)
    try:
        sent = _asking(finding, provider, operation)
        again = Reproduced(
            finding=finding, provider=provider, operation=operation, send=str(sent["send"])
        )
        answered = _answering(finding, provider, operation)
        context = {**sent, **answered, **_asserting(again, answered)}
    except ValueError as error:
        return GeneratedTest(text=None, why=str(error))
    head = {
        "title": _quotable(title),
        "told": [part for line in told for part in wrap(_quotable(line), _WIDE)],
        "name": name,
    }
    template = _environment().get_template("ready.py.j2")
    body = template.render(**head, **context, imports=())
    text = template.render(**head, **context, imports=_imports(body))
    return GeneratedTest(text=re.sub(r"\n{4,}", "\n\n\n", text).rstrip("\n") + "\n")


def _asking(finding: Finding, provider: Provider, operation: Operation) -> dict[str, object]:
    """Return what the test sends, and what it needs to send it."""
    case, request = finding.record.shot.case, finding.record.shot.request
    words = Words(uploaded=_uploaded(finding, operation), arguments=case.arguments)
    sent = ""
    if request.form is not None:
        sent = python_form(request.form, words)
    elif request.body is not None:
        sent = python_literal(request.body, words)
    files = [part.filename or "image" for part in request.form or () if part.value is None]
    files += [*words.uploaded, *inline_images(request)]
    kind = "files" if request.form is not None else "json"
    with_body = f", {kind}=asked()" if sent else ""
    made_up = request.credential != "own"
    keyed = key_query(provider.auth, request.credential, "") if made_up else ()
    target = quoted("/" + with_key(request.target, keyed).lstrip("/"))
    return {
        "env": provider.auth.env,
        "base_env": base_variable(provider),
        "base": base_address(provider, finding.record.evidence),
        "needs": [address for address in ("ASSETS_URL", "WEBHOOK_URL") if address in sent],
        "files": list(dict.fromkeys(files)) if "FILES" in sent or "upload(" in sent else [],
        "timeout_s": f"{request.timeout_s:g}",
        "key_query": "" if made_up else provider.auth.query,
        "headers": _headers(request, provider),
        "send": f"ask({quoted(request.method)}, {target}{with_body})",
        "sent": sent,
        "upload": _upload(operation) if "upload(" in sent else None,
    }


def _answering(finding: Finding, provider: Provider, operation: Operation) -> dict[str, object]:
    """Return how the test reads the answer."""
    job = operation.job
    streams = finding.record.shot.case.arguments.get("stream") is True
    streamed = operation.stream if streams else None
    keyed = finding.record.shot.case.credential == "own"
    statuses = () if keyed else refusal_statuses(provider)
    images = [*keys(operation.reply.images)]
    if streamed is not None:
        images = [f"*.{path}" for path in keys(streamed.images or (streamed.image,))] + images
    return {
        "errors": [*_followed(provider.errors.message), *_followed(provider.errors.code)],
        "trouble": _account_errors(provider.errors.classes) if keyed else [],
        "keyed": keyed,
        "statuses": statuses,
        "any_status": provider.errors.any_status,
        "images": images,
        "stream": streamed,
        "job": job,
        "ids": [*keys(job.id)] if job else [],
        "states": [*keys(job.state)] if job else [],
        "polled": [*keys(job.poll_url)] if job else [],
        "result": [*keys(job.result_url)] if job else [],
    }


def _asserting(again: Reproduced, answered: Mapping[str, object]) -> dict[str, object]:
    """Return what the test asserts, and where; ValueError where few lines cannot tell."""
    check = CHECKS.get(again.finding.check)
    assertion = check.assertion if check else None
    lines = assertion.lines(again) if assertion and assertion.lines else ()
    if assertion is None or (assertion.lines and not lines):
        raise ValueError(f"{again.finding.check.replace('_', ' ')}: no few lines can tell")
    return {
        "position": assertion.position,
        "assertions": lines,
        "skip_server": not assertion.server_errors and not answered["statuses"],
    }


def _uploaded(finding: Finding, operation: Operation) -> dict[str, str]:
    """Return the files that are sent before the request, with their media types."""
    given = finding.record.shot.case.arguments
    files = given.get(operation.upload.argument) if operation.upload else None
    parts = [form_part("", file) for file in (files if isinstance(files, list) else ())]
    return {part.filename: part.media_type or "" for part in parts if part.filename}


def _upload(operation: Operation) -> dict[str, object] | None:
    upload = operation.upload
    if upload is None:
        return None
    fields = [f"({quoted(name)}, (None, {quoted(value)}))" for name, value in upload.fields.items()]
    fields.append(f"({quoted(upload.file)}, (name, FILES[name].read_bytes(), media_type))")
    return {"path": upload.path, "fields": fields, "url": list(keys(upload.url))}


def _headers(request: Request, provider: Provider) -> list[tuple[str, str]]:
    auth = provider.auth
    prefix = f"{quoted(auth.prefix)} + " if auth.prefix else ""
    plain = [
        (name, python_header(value))
        for name, value in plain_headers(request, auth)
        if name.lower() != "content-type"  # httpx writes it
    ]
    if request.credential != "own":
        signed = key_headers(auth, request.credential, "")
        return [*((name, quoted(value)) for name, value in signed), *plain]
    if auth.query:
        return plain
    return [(auth.header, f"{prefix}KEY"), *plain]


def _followed(paths: Paths) -> tuple[str, ...]:
    """Return the places of those expressions that keys can follow."""
    followed: list[str] = []
    for path in paths:
        with suppress(ValueError):  # it computes something: the other places still tell
            followed += keys((path,))
    return tuple(followed)


def _account_errors(classes: Sequence[ErrorRule]) -> list[str]:
    """Return, as lines of source, what a provider's errors about the account or the line match."""
    rules = [rule for rule in classes if rule.error_class in _ACCOUNT]
    patterns = [pattern for rule in rules for pattern in (rule.code, rule.message) if pattern]
    if not patterns:
        return []
    lines = ["(?i)"]
    for at, pattern in enumerate(patterns):
        part = f"|{pattern}" if at else pattern
        if len(lines[-1]) + len(part) > _WIDE - len('    r""'):
            lines.append("")
        lines[-1] += part
    # Raw, where a line's quotes allow that.
    return [
        f'r"{line}"' if '"' not in line and not line.endswith("\\") else repr(line)
        for line in lines
    ]


def _imports(body: str) -> list[str]:
    imports = [f"import {name}" for name in _MODULES if re.search(rf"\b{name}\.[a-zA-Z]", body)]
    return [*imports, "from pathlib import Path"] if "Path(" in body else imports


def _quotable(text: str) -> str:
    """Return a line that a docstring shows as it is."""
    plain = "".join(char for char in text if not hidden(char))
    return plain.replace("\\", "\\\\").replace('"', "'")


@cache  # to compile the template takes ten times as long as to fill it
def _environment() -> Environment:
    environment = Environment(
        loader=FileSystemLoader(Path(__file__).parents[1] / "templates"),
        autoescape=False,  # noqa: S701 - it writes Python, where HTML's escapes would be wrong
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.filters |= {"py": python_source}
    return environment
