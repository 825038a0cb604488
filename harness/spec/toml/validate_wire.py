"""What must agree about how a request travels: paths, headers, queries, images, jobs' addresses.

Each function yields one sentence per disagreement, `key: reason`, out of the raw tables.
"""

import re
from collections.abc import Iterator

from harness.core.jsonvalue import texts
from harness.spec.jsonpath import adds, is_place
from harness.spec.rules.base import Table, array, toml_table
from harness.spec.templates import SLOT, slots

_TOKEN = re.compile(r"[A-Za-z0-9!#$%&'*+.^_`|~-]+", re.ASCII)
"""The name of a header (RFC 9110, section 5.6.2)."""

_OURS = frozenset(
    (
        *("host", "content-length", "content-type", "transfer-encoding", "connection", "te"),
        *("cookie", "upgrade", "trailer", "expect", "proxy-authorization", "keep-alive"),
    )
)
"""Headers that the client writes, or that say something secret."""

_IMAGES = ("images", "file")
_PLACES = ("body", "path", "query", "header")
_ENCODED = ("base64", "data_url")
_ITEM = ("{image}", "{media_type}")


def on_the_wire(key: str, operation: Table, arguments: Table) -> Iterator[str]:
    """Compare an operation's path, headers and query with its arguments, and its images' shapes."""
    yield from _paths(key, operation, arguments)
    yield from beside(f"{key}.", operation, arguments)
    for name, argument in arguments.items():
        place = f"{key}.arguments.{name}"
        yield from _in(place, toml_table(argument), operation)
        yield from _encoded(place, toml_table(argument), operation)
    reply = operation.get("reply")
    if isinstance(reply, dict) and reply.get("images") == []:
        yield f"{key}.reply.images: empty: say where a reply holds its images"
    for table in ("job.idempotency", "idempotency"):
        yield from _idempotency(f"{key}.{table}", operation, table)


def _paths(key: str, operation: Table, arguments: Table) -> Iterator[str]:
    wires = {
        str(toml_table(argument).get("wire")): name
        for name, argument in arguments.items()
        if toml_table(argument).get("in") == "path"
    }
    path = operation.get("path")
    named = slots(path) if isinstance(path, str) else ()
    if isinstance(path, str) and re.search(r"[{}]", SLOT.sub("", path)):
        yield f"{key}.path: {path!r} has a brace that is not closed"
    for name in named:
        if name not in wires:
            yield (
                f"{key}.path: no argument fills {{{name}}}: give one with in = 'path' and "
                f"wire = {name!r}"
            )
    for wire, name in wires.items():
        if isinstance(path, str) and wire not in named:
            yield f"{key}.arguments.{name}.wire: the path {path!r} has no place {{{wire}}}"
        argument = toml_table(arguments[name])
        if "required" not in argument and "default" not in argument:
            yield (
                f"{key}.arguments.{name}: an argument in the path is 'required', or has a 'default'"
            )


def beside(key: str, table: Table, arguments: Table) -> Iterator[str]:
    """Check constant headers and values of a query, and the arguments that they name.

    A provider's own, `key` is empty, may name any argument: what an operation lacks is left out.
    """
    for kind in ("headers", "query"):
        for name, text in toml_table(table.get(kind)).items():
            if kind == "headers":
                yield from _header(f"{key}headers.{name}", name)
            if not isinstance(text, str):
                continue
            unknown = [slot for slot in slots(text) if slot not in arguments]
            if key and unknown:
                yield f"{key}{kind}.{name}: {{{unknown[0]}}} is no argument of this operation"
            if not text.isprintable():
                yield f"{key}{kind}.{name}: {text!r} holds what no address or header can carry"


def _header(place: str, name: object) -> Iterator[str]:
    if not isinstance(name, str) or not _TOKEN.fullmatch(name):
        yield f"{place}: {name!r} is no name of a header"
    elif name.lower() in _OURS:
        yield f"{place}: {name} is written by the harness itself"
    elif name.lower() == "authorization":
        yield f"{place}: a key goes into the table 'auth', and comes from the environment"


def _in(place: str, argument: Table, operation: Table) -> Iterator[str]:
    """Check an argument that does not travel in the body."""
    where, wire = argument.get("in", "body"), argument.get("wire")
    if where not in _PLACES:
        return
    if where == "body" and operation.get("method") == "GET":
        yield f"{place}: a GET has no body: say in = 'query', 'path' or 'header'"
    if where == "body":
        return
    if argument.get("type") in _IMAGES and (where != "query" or "encode" in argument):
        yield f"{place}.in: an image travels in the body, or its address in the query"
    if where == "header":
        yield from _header(f"{place}.wire", wire)
    elif isinstance(wire, str) and adds(wire) and where == "path":
        yield f"{place}.wire: {wire!r} is no place of a path"


def _encoded(place: str, argument: Table, operation: Table) -> Iterator[str]:
    """Check how an image is written into a body."""
    is_image = argument.get("type") in _IMAGES
    for name in ("encode", "item"):
        if name in argument and not is_image:
            yield f"{place}.{name}: speaks of images or file, not of a {argument.get('type')}"
    upload = toml_table(operation.get("upload")).get("argument")
    if argument.get("encode") in _ENCODED:
        if isinstance(upload, str) and place.endswith(f".arguments.{upload}"):
            yield f"{place}.encode: these files are uploaded first, and their addresses sent"
        if "url_only" in argument:
            yield f"{place}.url_only: goes together with encode = 'address'"
    if is_image and "item" in argument:
        yield from _item(f"{place}.item", argument["item"])


def _item(place: str, item: object) -> Iterator[str]:
    if not isinstance(item, dict | list | str):
        yield f'{place}: write a table with "{{image}}" where the image goes'
        return
    inside = [*texts(item)]
    if inside.count("{image}") != 1:
        yield f'{place}: the text "{{image}}" stands in it once: where the image goes'
    for text in inside:
        if any(f"{{{slot}}}" not in _ITEM for slot in SLOT.findall(text)):
            yield f"{place}: {text!r} has a place for neither {{image}} nor {{media_type}}"
        elif "{image}" in text and text != "{image}":
            yield f"{place}: {text!r}: write encode = 'data_url' and \"{{image}}\" alone"


def _idempotency(place: str, operation: Table, path: str) -> Iterator[str]:
    table = operation
    for step in path.split("."):
        if not isinstance(table.get(step), dict):
            return
        table = table[step]
    if ("header" in table) == ("field" in table):
        yield f"{place}: give a header or a field, one of the two"
    field = table.get("field")
    in_json = operation.get("body") != "form"
    if isinstance(field, str) and in_json and (adds(field) or not is_place(field)):
        yield f"{place}.field: {field!r} is no place of a JSON body"


def job_addresses(key: str, job: Table) -> Iterator[str]:
    """Check that a job can be polled, that it can be done, and each address that has one."""
    if ("poll_path" in job) == ("poll_url" in job):
        yield f"{key}: give poll_path or poll_url, one of the two: where the job is polled"
    for name in ("poll_path", "result_path", "cancel_path"):
        path = job.get(name)
        if isinstance(path, str) and slots(path) != ("id",):
            yield f"{key}.{name}: {path!r} has no place for the job's {{id}}"
    for name in ("result", "cancel"):
        if f"{name}_path" in job and f"{name}_url" in job:
            yield f"{key}.{name}_path: goes without {name}_url: give one of the two"
    for name in ("poll_url", "result_url", "cancel_url"):
        if name in job and not array(job[name]):
            yield f"{key}.{name}: write a list of expressions into the reply"
    yield from _states(key, job)


def _states(key: str, job: Table) -> Iterator[str]:
    if "cancel_method" in job and not {"cancel_path", "cancel_url"} & job.keys():
        yield f"{key}.cancel_method: goes together with cancel_path or cancel_url"
    if "done" in job and not array(job["done"]):
        yield f"{key}.done: name a state in which the job has ended well"
    if job.get("state") == []:
        yield f"{key}.state: empty: say where a poll's reply holds the state"


def key_of(auth: Table) -> Iterator[str]:
    """Check that a key travels in a header or in the query."""
    if auth and ("header" in auth) == ("query" in auth):
        yield "auth: give a header or a query, one of the two: where the key travels"
    if "query" in auth and auth.get("prefix"):
        yield "auth.prefix: a key in the query stands alone"
