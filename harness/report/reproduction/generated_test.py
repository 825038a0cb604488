"""A finding as a ready pytest: it fails while the promise is broken and passes once it is kept.

A person runs it with a key. It needs pytest and httpx, nothing of this harness, and holds no key.
What it knows of a provider's protocol comes from the provider's description.
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from textwrap import wrap

from jinja2 import Environment, FileSystemLoader, StrictUndefined

from harness.core.exchange import Request
from harness.core.verdict import Finding
from harness.report.reproduction import assertions
from harness.report.reproduction.curl import base_address, base_variable, plain_headers
from harness.report.reproduction.paths import path_keys
from harness.report.reproduction.python_source import (
    Words,
    python_form,
    python_header,
    python_literal,
    python_quoted,
)
from harness.report.text import hidden
from harness.spec.expressions import Paths
from harness.spec.provider import ErrorRule, Operation, Provider
from harness.spec.request import form_part

_TROUBLE = ("auth", "quota", "rate_limit", "server")
_MODULES = ("base64", "io", "json", "os", "re", "time", "uuid")
_WIDE = 99
_NEVER_WAS = "00000000-0000-4000-8000-000000000000"


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
        context = {
            **_asking(finding, provider, operation),
            **_answering(finding, provider, operation),
        }
    except (ValueError, assertions.NoFewLinesError) as error:
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
    kind = "files" if request.form is not None else "json"
    with_body = f", {kind}=asked()" if sent else ""
    target = python_quoted("/" + request.target.lstrip("/"))
    return {
        "env": provider.auth.env,
        "base_env": base_variable(provider),
        "base": base_address(provider, finding.record.evidence),
        "needs": [one for one in ("ASSETS_URL", "WEBHOOK_URL") if one in sent],
        "files": _files(request, words) if "FILES" in sent or "upload(" in sent else [],
        "timeout_s": f"{request.timeout_s:g}",
        "headers": _headers(request, provider),
        "send": f"ask({python_quoted(request.method)}, {target}{with_body})",
        "sent": sent,
        "upload": _upload(operation) if "upload(" in sent else None,
    }


def _answering(finding: Finding, provider: Provider, operation: Operation) -> dict[str, object]:
    """Return how the test reads the answer, and what it holds against it."""
    job, check = operation.job, finding.check
    claimed = assertions.lines(finding, operation)
    streamed = (
        operation.stream if finding.record.shot.case.arguments.get("stream") is True else None
    )
    images = [*path_keys(operation.reply.images)]
    if streamed is not None:
        images = [f"*.{one}" for one in path_keys(streamed.images or (streamed.image,))] + images
    return {
        "check": check,
        "refuse": check in assertions.REFUSALS,
        "claims": claimed,
        "names": assertions.names(finding, operation),
        "errors": [*_followed(provider.errors.message), *_followed(provider.errors.code)],
        "trouble": _trouble(provider.errors.classes),
        "any_status": provider.errors.any_status,
        "skip_server": check != "refusal_is_a_client_error",
        "images": images,
        "stream": streamed,
        "job": job,
        "ids": [*path_keys(job.id)] if job else [],
        "states": [*path_keys(job.state)] if job else [],
        "never": _NEVER_WAS,
    }


def _uploaded(finding: Finding, operation: Operation) -> dict[str, str]:
    """Return the files that are sent before the request, with their media types."""
    given = finding.record.shot.case.arguments
    items = given.get(operation.upload.argument) if operation.upload else None
    parts = [form_part("", item) for item in (items if isinstance(items, list) else ())]
    return {part.filename: part.media_type or "" for part in parts if part.filename}


def _files(request: Request, words: Words) -> list[str]:
    """Name the files that are sent as they are, each once."""
    parts = [part.filename or "image" for part in request.form or () if part.value is None]
    return list(dict.fromkeys([*parts, *words.uploaded]))


def _upload(operation: Operation) -> dict[str, object] | None:
    upload = operation.upload
    if upload is None:
        return None
    fields = [
        f"({python_quoted(name)}, (None, {python_quoted(value)}))"
        for name, value in upload.fields.items()
    ]
    fields.append(f"({python_quoted(upload.file)}, (name, FILES[name].read_bytes(), media_type))")
    return {"path": upload.path, "fields": fields, "url": list(path_keys(upload.url))}


def _headers(request: Request, provider: Provider) -> list[tuple[str, str]]:
    auth = provider.auth
    prefix = f"{python_quoted(auth.prefix)} + " if auth.prefix else ""
    plain = [
        (name, python_header(value))
        for name, value in plain_headers(request, auth)
        if name.lower() != "content-type"  # httpx writes it
    ]
    return [(auth.header, f"{prefix}KEY"), *plain]


def _followed(paths: Paths) -> tuple[str, ...]:
    """Return the places of those expressions that keys can follow."""
    found: list[str] = []
    for path in paths:
        try:
            found += path_keys((path,))
        except ValueError:  # it computes something: the other places still tell
            continue
    return tuple(found)


def _trouble(classes: Sequence[ErrorRule]) -> list[str]:
    """Return, as lines of source, what a provider's errors about the account or the line match."""
    rules = [rule for rule in classes if rule.error_class in _TROUBLE]
    patterns = [pattern for rule in rules for pattern in (rule.code, rule.message) if pattern]
    if not patterns:
        return []
    lines = ["(?i)"]
    for at, pattern in enumerate(patterns):
        part = f"|{pattern}" if at else pattern
        if len(lines[-1]) + len(part) > _WIDE - len('    r""'):
            lines.append("")
        lines[-1] += part
    return [_regex(line) for line in lines]


def _imports(body: str) -> list[str]:
    found = [f"import {name}" for name in _MODULES if re.search(rf"\b{name}\.[a-zA-Z]", body)]
    return [*found, "from pathlib import Path"] if "Path(" in body else found


def _quotable(text: str) -> str:
    """Return a line that a docstring shows as it is."""
    plain = "".join(char for char in text if not hidden(char))
    return plain.replace("\\", "\\\\").replace('"', "'")


def _environment() -> Environment:
    environment = Environment(
        loader=FileSystemLoader(Path(__file__).parents[1] / "templates"),
        autoescape=False,  # noqa: S701 - it writes Python, where HTML's escapes would be wrong
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.filters |= {"py": _python}
    return environment


def _python(value: object) -> str:
    """Return a value as Python source, its texts between double quotes."""
    match value:
        case str():
            return python_quoted(value)
        case list() | tuple():
            return f"[{', '.join(map(_python, value))}]"
        case _:
            return repr(value)


def _regex(pattern: str) -> str:
    """Return a pattern as Python source: raw, where its quotes allow that."""
    return f'r"{pattern}"' if '"' not in pattern and not pattern.endswith("\\") else repr(pattern)
