"""What must agree between the keys of a TOML: found in the raw tables, all of it at once.

A schema stops at the first level that does not fit; these checks read around what is malformed
(the schema reports that), so that a file never has to be loaded twice to learn of all mistakes.
"""

from collections.abc import Iterator
from copy import deepcopy
from difflib import get_close_matches

from harness.core.errors import Mistake
from harness.spec.jsonpath import adds, is_place, put, take
from harness.spec.provider import PARAMETERS, RESERVED, SHIPPED_PROTOCOLS
from harness.spec.rules import KINDS, edges
from harness.spec.rules.base import PYTHON_TYPES, Table, array, toml_table
from harness.spec.rules.values import in_words, listed, member
from harness.spec.toml.validate_prices import price_disagreements
from harness.spec.toml.validate_wire import beside, job_addresses, key_of, on_the_wire


def disagreements(raw: Table) -> Iterator[Mistake | str]:
    """Yield one sentence per disagreement, `key: reason`, in the order of the file."""
    if ("base_url" in raw) != ("base_url_source" in raw):
        yield "base_url: goes together with base_url_source"
    yield from beside("", raw, {})
    yield from key_of(toml_table(raw.get("auth")))
    operations = toml_table(raw.get("operations"))
    for name, operation in operations.items():
        if name == "benchmark":  # the file of a recorded benchmark bears that name
            yield f"operations.{name}: {name!r} has a meaning of its own, call it otherwise"
        yield from _operation(f"operations.{name}", toml_table(operation))
    declared = (
        toml_table(toml_table(operation).get("arguments")) for operation in operations.values()
    )
    known = dict.fromkeys((*PARAMETERS, *(name for arguments in declared for name in arguments)))
    yield from price_disagreements(raw, tuple(known))


def _operation(key: str, operation: Table) -> Iterator[Mistake | str]:
    arguments = toml_table(operation.get("arguments"))
    wires: dict[str, str] = {}
    for name, argument in arguments.items():
        place = f"{key}.arguments.{name}"
        yield from _name(place, name, toml_table(argument))
        for field, wire in _wires(toml_table(argument)):
            if _shared(toml_table(argument), wire, operation):
                continue
            if wires.setdefault(wire, name) != name:
                yield f"{place}.{field}: {wire!r} is already the place of {wires[wire]}"
        yield from _argument(place, toml_table(argument), arguments)
        yield from _edges(place, toml_table(argument))
    yield from on_the_wire(key, operation, arguments)
    if operation.get("body") != "form":
        yield from _places(key, operation, arguments)
    at = toml_table(operation.get("unknown_fields")).get("at")
    if isinstance(at, str) and at and (operation.get("body") == "form" or not is_place(at)):
        yield f"{key}.unknown_fields.at: {at!r} is no place of a JSON body"
    yield from _job(key, operation)
    yield from _beside(key, operation, arguments)


ALIKE = 0.8
"""From here on (difflib's measure) a name is taken for a canonical one, misspelt: `promt`."""


def _name(place: str, name: str, argument: Table) -> Iterator[Mistake | str]:
    """Yield that a name is nearly a canonical one: a misspelt one would lose its meaning."""
    if name in RESERVED:
        yield f"{place}: {name!r} has a meaning of its own in ids, call it otherwise and keep wire"
    near = get_close_matches(name, PARAMETERS, n=1, cutoff=ALIKE)
    if name not in PARAMETERS and near and argument.get("declared") is not True:
        reason = "unknown parameter (if the name is the provider's own, say declared = true)"
        yield Mistake(key=place, reason=reason, nearest=near[0])


def _wires(argument: Table) -> Iterator[tuple[str, str]]:
    """Yield the places of an argument, each with the key that names it."""
    for field in ("wire", "edges"):
        for place in listed(argument.get(field)):
            if isinstance(place, str):
                yield field, place


def _edges(place: str, argument: Table) -> Iterator[str]:
    """Compare the places of a size's edges with what else is said of it."""
    if "edges" not in argument:
        return
    if argument.get("type") != "string":
        yield f"{place}.edges: speak of a string that is WIDTHxHEIGHT"
    both = [name for name in array(argument["edges"]) if isinstance(name, str)]
    if len(both) > len(set(both)):
        yield f"{place}.edges: the width and the height have one place"
    shape = toml_table(argument.get("format"))
    values = array(toml_table(argument.get("one_of")).get("values"))
    words = [*array(shape.get("words")), *(value for value in values if edges(value) is None)]
    parents = {name.rpartition(".")[0] for name in both}
    if words and "wire" not in argument and (len(parents) > 1 or "" in parents):
        yield f"{place}.wire: missing: the word {words[0]!r} has no place on the wire"


def _shared(argument: Table, wire: str, operation: Table) -> bool:
    """Tell whether others may have the same place: beside the body, or in a list that grows."""
    in_body = argument.get("in", "body") == "body"
    return not in_body or (adds(wire) and operation.get("body") != "form")


def _places(key: str, operation: Table, arguments: Table) -> Iterator[str]:
    """Put a value at every place of a JSON body; yield those where it did not stay.

    A size has the places of its edges; a word of it stands elsewhere, or in their stead.
    """
    body = deepcopy(dict(toml_table(operation.get("constant"))))
    keys: dict[str, str] = {}
    for name, argument in arguments.items():
        for field, wire in _wires(toml_table(argument)):
            in_body = toml_table(argument).get("in", "body") == "body"
            if in_body and (field == "edges" or "edges" not in toml_table(argument)):
                keys.setdefault(wire, f"{key}.arguments.{name}.{field}")
    for wire in sorted(filter(is_place, keys), key=adds):
        put(body, wire, wire)
    for wire, place in sorted(keys.items(), key=lambda pair: adds(pair[0])):
        if not is_place(wire):
            yield f"{place}: {wire!r} is no place of a JSON body"
        elif not take(body, wire)[0]:
            yield f"{place}: {wire!r} has no room beside the constants and the other arguments"


def _beside(key: str, operation: Table, arguments: Table) -> Iterator[Mistake | str]:
    """Compare what goes on beside a request with the arguments it is about."""
    for name, kind in (("upload", "images"), ("webhook", "string")):
        argument = toml_table(operation.get(name)).get("argument")
        if isinstance(argument, str) and toml_table(arguments.get(argument)).get("type") != kind:
            fitting = [
                each for each in arguments if toml_table(arguments[each]).get("type") == kind
            ]
            reason = f"{argument!r} is no argument of type {kind}"
            yield Mistake.none_of(f"{key}.{name}.argument", reason, argument, fitting)
    if "webhook" in operation and "job" not in operation:
        yield f"{key}.webhook: goes together with the table 'job'"


def _argument(place: str, argument: Table, arguments: Table) -> Iterator[Mistake | str]:
    kind = argument.get("type")
    for name, rule in KINDS.items():
        types = rule.speaks_of
        if name in argument and isinstance(kind, str) and kind not in types:
            yield f"{place}.{name}: speaks of type {' or '.join(types)}, not of {kind}"
    for name in (name for name in KINDS if name in argument):
        raw = toml_table(argument[name])
        yield from KINDS[name].disagreements(f"{place}.{name}", raw, argument, arguments)
    yield from _values(place, argument)


def _values(place: str, argument: Table) -> Iterator[Mistake | str]:
    """Compare the values that an argument names itself with its type and its list."""
    wanted = PYTHON_TYPES.get(str(argument.get("type")))
    allowed = array(toml_table(argument.get("one_of")).get("values"))
    named = [(name, argument[name]) for name in ("default", "cheapest") if name in argument]
    named += [(f"examples.{at}", value) for at, value in enumerate(array(argument.get("examples")))]
    for name, value in named:
        whole = not isinstance(value, list) or member(value, allowed)
        if wanted and type(value) not in wanted:
            yield f"{place}.{name}: {value!r} is no {argument['type']}"
        elif allowed and not all(member(one, allowed) for one in ([value] if whole else value)):
            reason = f"{value!r} is not among the values of one_of"
            texts = [each if isinstance(each, str) else in_words(each) for each in allowed]
            yield Mistake.none_of(f"{place}.{name}", reason, value, texts)


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
