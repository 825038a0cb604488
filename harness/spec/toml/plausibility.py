"""What no provider can mean: values of the right type that can only be slips.

Found in the raw tables like `validate`'s disagreements; each would be accepted in silence, and be
paid for later.
"""

import re
from collections.abc import Iterator
from copy import deepcopy
from typing import Any
from urllib.parse import urlsplit

from harness.core.errors import Mistake
from harness.sensitive.guard import KEY_LENGTH
from harness.spec.jsonpath import is_place, take
from harness.spec.rules import edges, member
from harness.spec.rules.base import Table, array, toml_table
from harness.spec.toml.spelling import toml

DAY_S = 86_400
HOUR_S = 3_600
LEAST_STATUS, MOST_STATUS = 100, 599
_TOKEN = re.compile(r"[!#$%&'*+.^_`|~0-9A-Za-z-]+")


def slips(raw: Table) -> Iterator[Mistake]:
    """Yield a mistake for every value that no working provider has, in the order of the file."""
    operations = toml_table(raw.get("operations"))
    yield from _base_url(raw, operations)
    yield from _auth(toml_table(raw.get("auth")))
    yield from _timeouts(toml_table(raw.get("timeouts")))
    yield from _prices(toml_table(raw.get("prices")), operations)
    yield from _errors(toml_table(raw.get("errors")))
    for name, operation in operations.items():
        yield from _operation(f"operations.{name}", toml_table(operation))
    for place, endpoint in enumerate(array(raw.get("endpoints"))):
        yield from _path(f"endpoints.{place}.path", toml_table(endpoint).get("path"))


def _base_url(raw: Table, operations: Table) -> Iterator[Mistake]:
    url = raw.get("base_url")
    if not isinstance(url, str) or not url:
        return
    try:
        parts = urlsplit(url)
        host, _ = parts.hostname, parts.port
    except ValueError:
        yield Mistake(key="base_url", reason=f"{toml(url)} is no address")
        return
    if parts.scheme not in ("http", "https") or not host:
        bare = re.fullmatch(r"[\w.-]+(:\d+)?(/\S*)?", url)
        yield Mistake(
            key="base_url",
            reason=f"{toml(url)} is no http(s) address",
            write=toml(f"https://{url}") if bare else "",
        )
    elif parts.query or parts.fragment or parts.username is not None:
        kept = f"{parts.scheme}://{host}{f':{parts.port}' if parts.port else ''}{parts.path}"
        yield Mistake(
            key="base_url", reason="an address without user, query and fragment", write=toml(kept)
        )
    else:
        yield from _doubled(url, parts.path.rstrip("/"), operations)


def _doubled(url: str, path: str, operations: Table) -> Iterator[Mistake]:
    for name, operation in operations.items():
        longer = toml_table(operation).get("path")
        if path and isinstance(longer, str) and longer.startswith(f"{path}/"):
            yield Mistake(
                key="base_url",
                reason=f"ends with {path}, with which operations.{name}.path begins, too: requests "
                f"would go to {path}{longer}",
                write=toml(url.rstrip("/").removesuffix(path)),
            )
            return


def _auth(auth: Table) -> Iterator[Mistake]:
    header, prefix = auth.get("header"), auth.get("prefix", "")
    yield from _header("auth.header", header)
    if not isinstance(prefix, str):
        return
    if any(len(word) >= KEY_LENGTH for word in prefix.split()):
        yield Mistake(
            key="auth.prefix",
            reason="holds what looks like a key; keys come from the environment only",
            write=toml(f"{prefix.split()[0]} ") if len(prefix.split()) > 1 else '""',
        )
    elif re.search(r"[A-Za-z]$", prefix) and str(header).lower().endswith("authorization"):
        yield Mistake(
            key="auth.prefix",
            reason="nothing stands between it and the key",
            write=toml(f"{prefix} "),
        )


def _header(key: str, name: object) -> Iterator[Mistake]:
    if isinstance(name, str) and not _TOKEN.fullmatch(name):
        first = re.split(r"[:\s]", name.strip())[0]
        yield Mistake(
            key=key,
            reason=f"{toml(name)} is no header's name",
            write=toml(first) if _TOKEN.fullmatch(first) else "",
        )


def _timeouts(timeouts: Table) -> Iterator[Mistake]:
    for name in ("normal_s", "large_s"):
        yield from _wait(f"timeouts.{name}", timeouts.get(name), DAY_S)
    normal, large = timeouts.get("normal_s"), timeouts.get("large_s")
    if isinstance(normal, int | float) and isinstance(large, int | float) and large < normal:
        yield Mistake(key="timeouts.large_s", reason=f"is below normal_s, {toml(normal)}")


def _wait(key: str, seconds: object, most: int) -> Iterator[Mistake]:
    if isinstance(seconds, int | float) and seconds > most and seconds != float("inf"):
        yield Mistake(
            key=key,
            reason=f"{toml(seconds)} is more than {most:,}; the unit is seconds, not milliseconds",
            write=f"{seconds / 1000:g}",
        )


def _prices(prices: Table, operations: Table) -> Iterator[Mistake]:
    seen: list[tuple[Any, Any]] = []
    for place, row in enumerate(map(toml_table, array(prices.get("rows")))):
        when, key = toml_table(row.get("when")), f"prices.rows.{place}"
        condition = (row.get("tier"), {name: (type(value), value) for name, value in when.items()})
        if condition in seen and not set(row) - {"tier", "when", "amount", "status", "note", "per"}:
            first = seen.index(condition)
            yield Mistake(key=key, reason=f"never counts: row {first} has the same conditions")
        seen.append(condition)
        for name, value in when.items():
            yield from _priced(f"{key}.when.{name}", name, value, operations)


def _priced(key: str, name: str, value: Any, operations: Table) -> Iterator[Mistake]:  # noqa: ANN401 - any value
    """Compare the value of a condition with what the operations list."""
    arguments = [
        toml_table(argument)
        for operation in map(toml_table, operations.values())
        if (argument := toml_table(operation.get("arguments")).get(name)) is not None
    ]
    lists = [array(toml_table(argument.get("one_of")).get("values")) for argument in arguments]
    if lists and all(lists):
        listed = [value for values in lists for value in values]
        if not member(value, listed):
            yield Mistake.none_of(
                key,
                f"{toml(value)} is not among the values of {name}",
                value,
                dict.fromkeys(value if isinstance(value, str) else toml(value) for value in listed),
            )


def _errors(errors: Table) -> Iterator[Mistake]:
    for place, rule in enumerate(map(toml_table, array(errors.get("classes")))):
        key = f"errors.classes.{place}"
        for name in ("code", "message"):
            pattern = rule.get(name)
            if isinstance(pattern, str) and pattern and _fits_nothing_at_all(pattern):
                yield Mistake(
                    key=f"{key}.{name}",
                    reason=f"{toml(pattern)} fits an empty text: it fits every error",
                )
        for status in array(rule.get("status")):
            if isinstance(status, int) and not LEAST_STATUS <= status <= MOST_STATUS:
                yield Mistake(key=f"{key}.status", reason=f"{toml(status)} is no HTTP status")


def _fits_nothing_at_all(pattern: str) -> bool:
    try:
        return re.search(pattern, "") is not None
    except (re.error, RecursionError, OverflowError):  # told as no regular expression
        return False


def _operation(key: str, operation: Table) -> Iterator[Mistake]:
    yield from _paths(key, operation)
    job = toml_table(operation.get("job"))
    yield from _wait(f"{key}.job.interval_s", job.get("interval_s"), HOUR_S)
    for table, name in (("reply", "images"), *(("job", name) for name in _EMPTY)):
        told_elsewhere = name == "failed" and ("result_url" in job or "result_path" in job)
        if toml_table(operation.get(table)).get(name) == [] and not told_elsewhere:
            yield Mistake(key=f"{key}.{table}.{name}", reason=f"empty: {_EMPTY[name]}")
    signature = toml_table(operation.get("webhook")).get("signature")
    yield from _header(f"{key}.webhook.signature", signature)
    idempotency = toml_table(job.get("idempotency"))
    yield from _header(f"{key}.job.idempotency.header", idempotency.get("header"))
    constant = toml_table(operation.get("constant"))
    for name, argument in toml_table(operation.get("arguments")).items():
        yield from _argument(f"{key}.arguments.{name}", toml_table(argument), constant)


def _paths(key: str, operation: Table) -> Iterator[Mistake]:
    yield from _path(f"{key}.path", operation.get("path"))
    for place, path in enumerate(array(operation.get("also"))):
        yield from _path(f"{key}.also.{place}", path)
    for table in ("job", "upload"):
        for name, value in toml_table(operation.get(table)).items():
            if name == "path" or name.endswith("_path"):
                yield from _path(f"{key}.{table}.{name}", value)


_EMPTY = {
    "images": "nothing says where a reply holds its images",
    "id": "nothing says where a reply holds the job's id",
    "state": "nothing says where a reply holds the job's state",
    "done": "nothing says when a job is done",
    "failed": "nothing says when a job has failed",
}


def _path(key: str, path: object) -> Iterator[Mistake]:
    if not isinstance(path, str) or path.startswith("/"):
        return
    if re.match(r"https?://", path):
        yield Mistake(
            key=key,
            reason="a path, without scheme and host: those stand in base_url",
            write=toml(urlsplit(path).path or "/")
            if path.isprintable() and "[" not in path
            else "",
        )
    else:
        yield Mistake(key=key, reason=f"{toml(path)} does not begin with /", write=toml(f"/{path}"))


def _argument(key: str, argument: Table, constant: Table) -> Iterator[Mistake]:
    wire = argument.get("wire")
    if isinstance(wire, str) and is_place(wire) and take(deepcopy(dict(constant)), wire)[0]:
        yield Mistake(
            key=f"{key}.wire", reason=f"{toml(wire)} is already a constant of the operation"
        )
    values = array(toml_table(argument.get("one_of")).get("values"))
    for place, value in enumerate(values):
        if member(value, values[:place]):
            yield Mistake(
                key=f"{key}.one_of.values.{place}", reason=f"{toml(value)} is listed twice"
            )
    limits = toml_table(argument.get("range"))
    for name in ("default", "cheapest"):
        yield from _within(f"{key}.{name}", argument.get(name), limits)
    shape = toml_table(argument.get("format"))
    for place, size in enumerate(array(shape.get("examples"))):
        if (
            shape.get("shape") == "size"
            and isinstance(size, str)
            and size not in array(shape.get("words"))
        ):
            yield from _size(f"{key}.format.examples.{place}", size)


def _within(key: str, value: object, limits: Table) -> Iterator[Mistake]:
    if not isinstance(value, int | float) or isinstance(value, bool):
        return
    if limits.get("status", "documented") != "documented":
        return
    least, most = limits.get("min"), limits.get("max")
    if isinstance(least, int | float) and value < least:
        yield Mistake(key=key, reason=f"{toml(value)} is below range.min, {toml(least)}")
    if isinstance(most, int | float) and value > most:
        yield Mistake(key=key, reason=f"{toml(value)} is above range.max, {toml(most)}")


def _size(key: str, size: str) -> Iterator[Mistake]:
    if edges(size) is None:
        near = re.sub(r"\s*[xX\u00d7*:]\s*", "x", size.strip())
        yield Mistake(
            key=key,
            reason=f"{toml(size)} is no size",
            write=toml(near) if edges(near) is not None else "",
        )
