"""What a provider's documents promise of bodies, as far as JSON Schema (2020-12) can say it.

A schema knows two answers, allowed and forbidden; documents have a third one, silence. So only
documented rules of documented arguments become keywords, other keys stay allowed, and what no
keyword can say is left to the descriptions.
"""

import re
from collections.abc import Iterable, Iterator
from functools import reduce
from itertools import zip_longest

from harness.core.jsonvalue import Json
from harness.spec.expressions import Expression, Paths
from harness.spec.jsonpath import keys, steps
from harness.spec.lifecycle import Field_, UsagePaths
from harness.spec.provider import Argument, Constraint, Operation
from harness.spec.rules.base import Rule, Schema
from harness.spec.rules.lattice import edges
from harness.spec.rules.pairs import Conditional
from harness.spec.templates import slots

Path = tuple[str | int, ...]
"""Keys and indices on the way to a value; `EACH` stands for every item of a list."""

EACH = -1
FILE: Schema = {"type": "string", "contentMediaType": "application/octet-stream"}

_SIMPLE = re.compile(r"\w+(\[\*\])?(\.\w+(\[\*\])?)*", re.ASCII)
_TYPES: dict[str, Schema] = {
    **{name: {"type": name} for name in ("string", "integer", "array", "object")},
    "strings": {"type": "string"},
}


def says(operation: Operation, constraint: Constraint) -> bool:
    """Tell whether a request that breaks this constraint breaks the schema of the body, too."""
    rule, argument = constraint.rule, operation.arguments.get(constraint.parameter)
    if argument is not None and argument.edges and rule.presence is None:
        return operation.is_judged(constraint) and rule.edge_schema() is not None
    return operation.is_judged(constraint) and not isinstance(rule.json_schema(), str)


def of_body(operation: Operation, *, others: Iterable[str] = ()) -> Schema:
    """Return the schema of an operation's body; a form's fields stand as the values they write.

    `others` are places that make a request one of another operation at the same address.
    """
    return _together(
        *(at((key,), _constant(value), required=True) for key, value in operation.constant.items()),
        *(
            schema
            for name, argument in operation.arguments.items()
            if argument.status == "documented" and argument.where == "body"
            for schema in _placed(operation, name, argument)
        ),
        *(at(steps(place), {"not": {}}, required=False) for place in others),
        *_conditions(operation),
        *_closed(operation),
    )


def of_places(operation: Operation) -> Iterator[Schema]:
    """Yield an OpenAPI parameter for each argument in the path, the query or a header."""
    for name, argument in operation.arguments.items():
        if argument.where != "body" and argument.status == "documented":
            yield {
                "name": argument.wire,
                "in": argument.where,
                "required": argument.where == "path" or _required(argument),
                "schema": _argument(operation, name),
            }


def _closed(operation: Operation) -> Iterator[Schema]:
    """Yield that an object has no other fields, where the documents say so.

    A field of which they are unsure is none that they do not name.
    """
    rule = operation.unknown_fields
    if rule is None or rule.status != "documented":
        return
    for argument in operation.arguments.values():
        for place in (*argument.places, *argument.also):
            yield at(steps(place), {}, required=False)
    yield at(steps(rule.at), {"additionalProperties": False}, required=False)


def _required(argument: Argument) -> bool:
    return argument.required is not None and _kept(argument, argument.required)


def of_fields(fields: Iterable[Field_], usage: UsagePaths | None = None) -> Schema:
    """Return the schema of a reply that holds every documented field.

    Those at places that are no plain path (one of several places, for one) are not in it.
    """
    counts = usage.places if usage else {}
    return _together(
        *(
            at(path, _TYPES[field.type], required=True)
            for field in fields
            if field.status == "documented" and (path := simple(field.path.text)) is not None
        ),
        *(
            at(path, {"type": "number" if name == "seconds" else "integer"}, required=False)
            for name, place in counts.items()
            if (path := simple(place.text)) is not None
        ),
    )


def of_images(paths: Paths) -> Schema:
    """Return the schema of a reply with images at their documented places.

    It says where they may be, and no more: each place may lack, and another one hold a list.
    """
    places = [text.split(".") for path in paths for text in _places(path)]
    schemas = (
        _perhaps_at(place, {"type": ["string", "null"]})
        for place in places
        if not any(place == other[: len(place)] != other for other in places)
    )
    return reduce(merged, schemas, {})


def _perhaps_at(place: list[str], schema: Schema) -> Schema:
    """Return the schema of what holds a value at a place, if it is made so at all."""
    for step in reversed(place):
        schema = {"items": schema} if step == "*" else {"properties": {step: schema}}
    return schema


def _places(path: Expression) -> tuple[str, ...]:
    try:
        return keys((path,))
    except ValueError:
        return ()


def _together(*schemas: Schema) -> Schema:
    """Return the schema of an object that all of these are about."""
    return reduce(merged, schemas, {"type": "object"})


def simple(expression: str) -> Path | None:
    """Return the path that a JMESPath expression is, `a.b[*].c`, or None where it is more."""
    if _SIMPLE.fullmatch(expression) is None:
        return None
    path: list[str | int] = []
    for part in expression.split("."):
        path.append(part.removesuffix("[*]"))
        path += [EACH] if part.endswith("[*]") else []
    return tuple(path)


def at(path: Path, schema: Schema, *, required: bool) -> Schema:
    """Return the schema of a body that holds a value of `schema` at a path."""
    for step in reversed(path):
        match step:
            case str():
                schema = {"type": "object", "properties": {step: schema}}
                schema |= {"required": [step]} if required else {}
            case -1:
                schema = {"type": "array", "items": schema}
            case _:
                schema = {"type": "array", "prefixItems": [*([{}] * step), schema]}
                schema |= {"minItems": step + 1} if required else {}
    return schema


def merged(first: Schema, second: Schema) -> Schema:
    """Return the schema that the schemas of two places in one body make together."""
    both = {
        key: _joined(key, first[key], value) if key in first else value
        for key, value in second.items()
    }
    return {**first, **both}


def _joined(keyword: str, first: Json, second: Json) -> Json:
    match first, second:
        case dict(), dict():
            return merged(first, second)
        case list(), list() if keyword == "prefixItems":
            nothing: Schema = {}
            places = zip_longest(first, second, fillvalue=nothing)
            return [_joined("", mine, theirs) for mine, theirs in places]
        case list(), list():
            return [*first, *(entry for entry in second if entry not in first)]
        case int(), int():
            return max(first, second)
        case _:
            return second


def _kept(argument: Argument, rule: Rule) -> bool:
    return argument.status == rule.status == "documented"


def _constant(value: Json) -> Schema:
    match value:
        case dict():
            fields = value.items()
            return _together(
                *(at((key,), _constant(field), required=True) for key, field in fields)
            )
        case list():
            items: list[Json] = [_constant(content) for content in value]
            return {"type": "array", "prefixItems": items, "minItems": len(items)}
        case _:
            return {"const": value}


def _placed(operation: Operation, name: str, argument: Argument) -> Iterator[Schema]:
    """Yield what a body holds at each place of an argument."""
    required = _required(argument)
    if argument.edges is None:
        yield at(steps(argument.wire), _argument(operation, name), required=required)
        return
    description: Schema = {"description": _description(operation, name)}
    edge: Schema = {}
    for _, rule in argument.rules:
        if _kept(argument, rule):
            edge |= rule.edge_schema() or {}
    named = (*argument.listing, *(argument.format.words if argument.format else ()))
    words: list[Json] = [word for word in named if edges(word) is None]
    (*parents, width), (*others, height) = map(steps, argument.edges)
    together = parents == others and bool(parents)
    if together:
        both = merged(at((width,), edge, required=True), at((height,), edge, required=True))
        in_words = bool(words) and steps(argument.wire) == tuple(parents)
        either: Schema = {"anyOf": [both, {"enum": words}]} if in_words else both
        if in_words and argument.default in words:
            description["default"] = argument.default
        yield at(tuple(parents), {**description, **either}, required=required)
        words = [] if in_words else words
    else:
        for place in argument.edges:
            yield at(steps(place), {**description, **edge}, required=required and not words)
    if words:
        yield at(steps(argument.wire), {**description, "enum": words}, required=False)


def _argument(operation: Operation, name: str) -> Schema:
    """Return the schema of one argument's value, with all that is said of it in words."""
    argument = operation.arguments[name]
    words: Schema = {"description": _description(operation, name)}
    if argument.default is not None:
        words["default"] = argument.default
    if argument.absent is not None and _kept(argument, argument.absent):
        return {**words, "not": {}}
    match argument.type:
        case "images":
            return {**words, **_images(operation, argument)}
        case "file":
            return {**words, **(FILE if operation.body == "form" else _item(argument.item))}
        case plain:
            return {**words, **_nullable(argument, {"type": str(plain), **_keywords(argument)})}


def _nullable(argument: Argument, schema: Schema) -> Schema:
    """Allow `null` beside the argument's own type, where the documents do."""
    if argument.nullable is None or not _kept(argument, argument.nullable):
        return schema
    listed = schema.get("enum")
    null: Schema = {"enum": [*listed, None]} if isinstance(listed, list) else {}
    return {**schema, "type": [schema["type"], "null"], **null}


def _images(operation: Operation, argument: Argument) -> Schema:
    image: Schema = dict(FILE) if operation.body == "form" else _item(argument.item)
    several = merged({"type": "array", "items": image}, _keywords(argument))
    return {"anyOf": [several["items"], several]} if argument.single else several


def _item(template: Json) -> Schema:
    """Return the schema of what goes on the wire for each image."""
    match template:
        case dict():
            return _together(*(at((key,), _item(template[key]), required=True) for key in template))
        case str() if not slots(template):
            return {"const": template}
        case None | str():
            return {"type": "string"}
        case _:
            return _constant(template)


def _keywords(argument: Argument) -> Schema:
    """Return what the documented rules say of a value."""
    keywords: Schema = {}
    for _, rule in argument.rules:
        schema = rule.json_schema()
        if _kept(argument, rule) and not isinstance(schema, str):
            each = argument.type == "array" and rule.of_entries
            keywords = merged(keywords, {"items": schema} if each else schema)
    return keywords


def _conditions(operation: Operation) -> Iterator[Schema]:
    """Yield the rules about two arguments; an omitted one means its default, if it has one."""
    for constraint in operation.constraints:
        rule = constraint.rule
        if not isinstance(rule, Conditional) or not operation.is_judged(constraint):
            continue
        argument = operation.arguments[constraint.parameter]
        other = operation.arguments[rule.argument]
        if {argument.where, other.where} != {"body"}:
            continue  # no keyword of a body looks at what is beside it
        fits, own_values = rule.beside()
        required = other.default is not None and not rule.fits(other.default)
        place, other_place = steps(argument.wire), steps(other.wire)
        if not own_values and place[:-1] == other_place[:-1]:
            # Means the same as the other form; tools that generate requests know it better.
            then = at(other_place[-1:], fits, required=required)
            yield at(place[:-1], {"dependentSchemas": {str(place[-1]): then}}, required=False)
        else:
            when, then = (
                at(place, own_values, required=True),
                at(other_place, fits, required=required),
            )
            condition: Schema = {"title": constraint.describe(), "if": when, "then": then}
            yield {"allOf": [condition]}


def _description(operation: Operation, name: str) -> str:
    argument = operation.arguments[name]
    sentences = []
    for constraint in operation.constraints:
        if constraint.parameter == name:
            where = f"{constraint.describe()} ({constraint.rule.source})"
            if not _kept(argument, constraint.rule):
                where += f", {constraint.rule.status}: not in this schema"
            elif not says(operation, constraint):
                where += ", which no keyword can say"
            sentences.append(where)
    kind = argument.type_rule
    if kind is None or not _kept(argument, kind):
        sentences.append(f"{name} is shown as {argument.type}; whether others are refused is open")
    return "; ".join([*sentences, argument.note] if argument.note else sentences)
