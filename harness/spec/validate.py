"""What must agree between the keys of a TOML: found in the raw tables, all of it at once.

A schema stops at the first level that does not fit; these checks read around what is malformed
(the schema reports that), so that a file never has to be loaded twice to learn of all mistakes.
"""

from collections.abc import Iterator, Mapping
from copy import deepcopy

from harness.spec.jsonpath import adds, is_place, put, take
from harness.spec.provider import PARAMETERS, SHIPPED_PROTOCOLS
from harness.spec.rules import KINDS
from harness.spec.rules.base import PYTHON_TYPES, Table, array, member, toml_table
from harness.spec.validate_wire import beside, job_addresses, key_of, on_the_wire


def disagreements(raw: Table) -> Iterator[str]:
    """Yield one sentence per disagreement, `key: reason`, in the order of the file."""
    if ("base_url" in raw) != ("base_url_source" in raw):
        yield "base_url: goes together with base_url_source"
    yield from beside("", raw, {})
    yield from key_of(toml_table(raw.get("auth")))
    for name, operation in toml_table(raw.get("operations")).items():
        yield from _operation(f"operations.{name}", toml_table(operation))
    yield from _prices(toml_table(raw.get("prices")))


def _among(value: object, names: object) -> bool:
    return isinstance(value, str) and isinstance(names, Mapping | list | tuple) and value in names


def _operation(key: str, operation: Table) -> Iterator[str]:
    arguments = toml_table(operation.get("arguments"))
    wires: dict[str, str] = {}
    for name, argument in arguments.items():
        place = f"{key}.arguments.{name}"
        if name not in PARAMETERS:
            yield f"{place}: not in the vocabulary of parameters"
        wire, where = toml_table(argument).get("wire"), toml_table(argument).get("in", "body")
        shared = isinstance(wire, str) and adds(wire) and operation.get("body") != "form"
        if isinstance(wire, str) and where == "body" and not shared:
            if wires.setdefault(wire, name) != name:
                yield f"{place}.wire: {wire!r} is already the place of {wires[wire]}"
        elif shared and where == "body":
            wires.setdefault(str(wire), name)
        yield from _argument(place, toml_table(argument), arguments)
    yield from on_the_wire(key, operation, arguments)
    if operation.get("body") != "form":
        yield from _places(key, operation, wires)
    at = toml_table(operation.get("unknown_fields")).get("at")
    if isinstance(at, str) and at and (operation.get("body") == "form" or not is_place(at)):
        yield f"{key}.unknown_fields.at: {at!r} is no place of a JSON body"
    yield from _job(key, operation)
    yield from _beside(key, operation, arguments)


def _places(key: str, operation: Table, wires: Mapping[str, str]) -> Iterator[str]:
    """Put a value at every place of a JSON body; yield those where it did not stay."""
    body = deepcopy(dict(toml_table(operation.get("constant"))))
    for wire in sorted(filter(is_place, wires), key=adds):
        put(body, wire, wire)
    for wire, name in sorted(wires.items(), key=lambda pair: adds(pair[0])):
        if not is_place(wire):
            yield f"{key}.arguments.{name}.wire: {wire!r} is no place of a JSON body"
        elif not take(body, wire)[0]:
            yield (
                f"{key}.arguments.{name}.wire: {wire!r} has no room beside the constants and the "
                "other arguments"
            )


def _beside(key: str, operation: Table, arguments: Table) -> Iterator[str]:
    """Compare what goes on beside a request with the arguments it is about."""
    for name, kind in (("upload", "images"), ("webhook", "string")):
        argument = toml_table(operation.get(name)).get("argument")
        if isinstance(argument, str) and toml_table(arguments.get(argument)).get("type") != kind:
            yield f"{key}.{name}.argument: {argument!r} is no argument of type {kind}"
    if "webhook" in operation and "job" not in operation:
        yield f"{key}.webhook: goes together with the table 'job'"


def _argument(place: str, argument: Table, arguments: Table) -> Iterator[str]:
    kind = argument.get("type")
    for name, rule in KINDS.items():
        types = rule.speaks_of
        if name in argument and isinstance(kind, str) and kind not in types:
            yield f"{place}.{name}: speaks of {' or '.join(types)}, not of a {kind}"
    for name in (name for name in KINDS if name in argument):
        raw = toml_table(argument[name])
        yield from KINDS[name].disagreements(f"{place}.{name}", raw, argument, arguments)
    yield from _values(place, argument)


def _values(place: str, argument: Table) -> Iterator[str]:
    """Compare the values that an argument names itself with its type and its list."""
    wanted = PYTHON_TYPES.get(str(argument.get("type")))
    listed = array(toml_table(argument.get("one_of")).get("values"))
    for name in (name for name in ("default", "cheapest") if name in argument):
        value = argument[name]
        if wanted and type(value) is not wanted:
            yield f"{place}.{name}: {value!r} is no {argument['type']}"
        elif listed and not member(value, listed):
            yield f"{place}.{name}: {value!r} is not among the values of one_of"


def _job(key: str, operation: Table) -> Iterator[str]:
    protocol = operation.get("protocol")
    if protocol in SHIPPED_PROTOCOLS and (protocol == "job") != ("job" in operation):
        yield f"{key}: protocol 'job' and the table 'job' go together"
    job = toml_table(operation.get("job"))
    if "job" in operation:
        yield from job_addresses(f"{key}.job", job)
    states = [state for kind in ("pending", "done", "failed") for state in array(job.get(kind))]
    for state in dict.fromkeys(repr(state) for state in states):
        if sum(repr(other) == state for other in states) > 1:
            yield f"{key}.job: the state {state} is listed twice"


def _prices(prices: Table) -> Iterator[str]:
    tiers = [toml_table(tier) for tier in array(prices.get("tiers"))]
    names = [tier.get("name") for tier in tiers]
    edges = [tier.get("long_edge_max") for tier in tiers]
    numbers = [edge for edge in edges if isinstance(edge, int)]
    if numbers != sorted(set(numbers)):
        yield "prices.tiers: write them from the smallest long edge to the largest"
    if "auto_tier" in prices and not _among(prices["auto_tier"], names):
        yield f"prices.auto_tier: {prices['auto_tier']!r} is no tier"
    for place, row in enumerate(array(prices.get("rows"))):
        given = toml_table(row)
        if "tier" in given and not _among(given["tier"], names):
            yield f"prices.rows.{place}.tier: {given['tier']!r} is no tier"
        for name in toml_table(given.get("when")):
            if name not in PARAMETERS:
                yield f"prices.rows.{place}.when.{name}: not in the vocabulary of parameters"
