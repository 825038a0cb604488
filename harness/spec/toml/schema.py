"""The JSON Schema of a provider's TOML, made from the models that read it.

Editors complete and check a file by it; messages and the reference page take from it which keys a
table has, and of which type they are. There is one description of the vocabulary: the models.
"""

import ast
import inspect
import re
import sys
import tomllib
from collections.abc import Iterator, Mapping
from copy import deepcopy
from functools import cache
from inspect import cleandoc
from itertools import pairwise
from typing import Any

from pydantic import BaseModel
from pydantic.json_schema import GenerateJsonSchema, JsonSchemaValue
from pydantic_core import core_schema
from typing_extensions import override

from harness.spec.provider import Argument, Operation, Provider
from harness.spec.rules import KINDS
from harness.spec.rules.base import EVERY_TYPE

Node = Mapping[str, Any]
"""A JSON Schema, or a part of one."""

PROMISE = ("source", "quote", "second_source", "second_quote", "note", "status")
"""Keys that most tables have: described once, and named last."""

INHERITING: dict[str, dict[str, Any]] = {
    "extends": {
        "type": "string",
        "description": "The operation from which this one takes whatever it does not say itself; "
        "one that extends no other.",
        "examples": ["generate"],
    },
    "without": {
        "type": "array",
        "items": {"type": "string"},
        "default": [],
        "description": "Arguments that are not inherited.",
        "examples": [["stream", "partial_images"]],
    },
    "moved": {
        "type": "object",
        "additionalProperties": {"type": "string", "format": "source"},
        "default": {},
        "description": "Where the document repeats what is inherited: from each source that the "
        "other operation cites to the place where this one's stands.",
        "examples": [{"page: Generate": "page: Edit"}],
    },
}
"""The keys of an operation that are gone once it has been given what it inherits."""


_ANYTHING = "Json"
"""The definition of a value of any kind: it holds itself."""


@cache
def provider_schema() -> Node:
    """Return the schema of a provider's tables once operations have what they inherit."""
    return Provider.model_json_schema(schema_generator=_AsRead)


@cache
def all_keys() -> frozenset[str]:
    """Return every key that some table of a provider's TOML may have."""
    schema = provider_schema()
    tables = (schema, *schema["$defs"].values())
    return frozenset(key for table in tables for key in table.get("properties", ()))


def editor_schema() -> dict[str, Any]:
    """Return the schema of a provider's TOML as it is written, as JSON Schema 2020-12.

    An operation that `extends` another may leave out whatever that one says.
    """
    schema: dict[str, Any] = deepcopy(dict(provider_schema()))
    defined: dict[str, Any] = schema.pop("$defs")
    whole, argument = Operation.__name__, defined[Argument.__name__]
    argument["allOf"] = [_kinds_of(kind) for kind in EVERY_TYPE]
    argument["required"] = [key for key in argument["required"] if key != "wire"]
    argument["anyOf"] = [{"required": ["wire"]}, {"required": ["edges"]}]
    parts = {_part(name): _partly(definition) for name, definition in defined.items()}
    part = parts.pop(_part(whole))
    part["properties"] = {**INHERITING, **part["properties"]}
    required = {"required": defined[whole]["required"], "properties": defined[whole]["properties"]}
    written = {
        **part,
        "if": {"required": ["extends"]},
        "else": {
            **required,
            "properties": dict.fromkeys(("without", "moved"), False) | required["properties"],
        },
    }
    defined |= {name: parts[name] for name in _reached(parts, part)}
    defined[whole] = written
    title = "A provider of the image provider harness: what its documents promise"
    head = {"$schema": _AsRead.schema_dialect, **schema, "title": title}
    return {**head, "$defs": dict(sorted(defined.items()))}


def _part(name: str) -> str:
    return f"{name}Part"


def _partly(node: Any) -> Any:  # noqa: ANN401 - any part of a schema
    """Return a table's schema where every key may be left out, and of its tables as well.

    Items of lists are whole: a list is not merged with the one that it replaces.
    """
    if not isinstance(node, Mapping):
        return node
    if "$ref" in node:
        name = str(node["$ref"]).rpartition("/")[2]
        return node if name == _ANYTHING else {**node, "$ref": f"#/$defs/{_part(name)}"}
    partly = {key: value for key, value in node.items() if key not in ("required", "default")}
    if "properties" in node:
        partly.pop("anyOf", None)
    for key in ("properties", "additionalProperties", *(("anyOf",) if "anyOf" in partly else ())):
        match node.get(key):
            case Mapping() as inner if key == "properties":
                partly[key] = {name: _partly(value) for name, value in inner.items()}
            case Mapping() as inner:
                partly[key] = _partly(inner)
            case list() as several:
                partly[key] = [_partly(value) for value in several]
            case _:
                continue
    return partly


def _reached(parts: Mapping[str, Node], start: Node) -> set[str]:
    """Name the definitions among `parts` that a schema leads to."""
    reached: set[str] = set()
    waiting: list[Any] = [start]
    while waiting:
        node = waiting.pop()
        if isinstance(node, list):
            waiting += node
        elif isinstance(node, Mapping):
            waiting += node.values()
            name = str(node.get("$ref", "")).rpartition("/")[2]
            if name in parts and name not in reached:
                reached.add(name)
                waiting.append(parts[name])
    return reached


def _kinds_of(argument_type: str) -> Node:
    """Say which kinds of rule an argument of a type has not."""
    foreign = [name for name, kind in KINDS.items() if argument_type not in kind.speaks_of]
    return {
        "if": {"properties": {"type": {"const": argument_type}}, "required": ["type"]},
        "then": {"properties": dict.fromkeys(foreign, False)},
    }


class _AsRead(GenerateJsonSchema):
    """Describes each key in the words of its docstring, or of the table that it holds."""

    @override
    def model_schema(self, schema: core_schema.ModelSchema) -> JsonSchemaValue:
        model = super().model_schema(schema)
        described = descriptions(schema["cls"])
        properties = {
            name: {**node, **_in_words(name, described.get(name, ""))}
            for name, node in model.get("properties", {}).items()
        }
        text = cleandoc(schema["cls"].__doc__ or "")
        return {**model, "description": text, "properties": properties}

    @override
    def dict_schema(self, schema: core_schema.DictSchema) -> JsonSchemaValue:
        """Say of every name at once what stands under it, and how names look."""
        node = super().dict_schema(schema)
        for pattern, value in node.pop("patternProperties", {}).items():
            node |= {"additionalProperties": value, "propertyNames": {"pattern": pattern}}
        return node

    @override
    def field_title_should_be_set(self, schema: object) -> bool:
        return False

    @override
    def nullable_schema(self, schema: core_schema.NullableSchema) -> JsonSchemaValue:
        return self.generate_inner(schema["schema"])  # TOML has no null

    @override
    def default_schema(self, schema: core_schema.WithDefaultSchema) -> JsonSchemaValue:
        node = super().default_schema(schema)
        return {key: value for key, value in node.items() if key != "default" or value is not None}

    @override
    def sort(self, value: JsonSchemaValue, parent_key: str | None = None) -> JsonSchemaValue:
        return value


def descriptions(model: type[BaseModel]) -> dict[str, str]:
    """Return what the docstrings say of a model's keys: its own, or that of the table it holds."""
    words: dict[str, str] = {}
    for kind in reversed(model.__mro__):
        if issubclass(kind, BaseModel) and kind is not BaseModel:
            words |= _field_docstrings(kind)
    described = {}
    for name, field in model.model_fields.items():
        held = next((kind for kind in _models(field.annotation)), None)
        text = words.get(name) or (cleandoc(held.__doc__ or "") if held else "")
        if text:
            described[field.alias or name] = text
    return described


def _in_words(key: str, text: str) -> dict[str, Any]:
    """Return a key's description and, where its docstring ends with one, its example.

    An example is a line of a TOML, `key = value`, after a colon.
    """
    found = re.search(r":\s+`([^`]+)`\.?$", text)
    try:
        line = tomllib.loads(found[1].replace("\n", " ")) if found else {}
    except ValueError:
        line = {}
    if found is None or [*line] != [key]:
        return {"description": text} if text else {}
    return {"description": f"{text[: found.start()]}.", "examples": [line[key]]}


def _models(annotation: object) -> Iterator[type[BaseModel]]:
    if inspect.isclass(annotation) and issubclass(annotation, BaseModel):
        yield annotation
    for inner in getattr(annotation, "__args__", ()):
        yield from _models(inner)


@cache
def _field_docstrings(model: type[BaseModel]) -> dict[str, str]:
    """Read the texts under the fields of a class; Python keeps none of them."""
    found = (node for node in ast.walk(_parsed(model.__module__)) if isinstance(node, ast.ClassDef))
    body = next((node.body for node in found if node.name == model.__name__), [])
    return {
        field.target.id: cleandoc(text.value.value)
        for field, text in pairwise(body)
        if isinstance(field, ast.AnnAssign)
        and isinstance(field.target, ast.Name)
        and isinstance(text, ast.Expr)
        and isinstance(text.value, ast.Constant)
        and isinstance(text.value.value, str)
    }


@cache
def _parsed(module: str) -> ast.Module:
    return ast.parse(inspect.getsource(sys.modules[module]))


# How a schema is read: by messages and by the reference page.


def alternatives(node: Node, schema: Node | None = None) -> Iterator[Node]:
    """Yield the schemas of which a value has to fit one, none of them a reference or a choice."""
    defined = (schema or provider_schema())["$defs"]
    kept = {key: value for key, value in node.items() if key not in ("$ref", "anyOf")}
    if "$ref" in node:
        name = str(node["$ref"]).rpartition("/")[2]
        inside = [{}] if name == _ANYTHING else alternatives(defined[name], schema)
        for inner in inside:
            yield {**inner, **kept}
    elif "anyOf" in node:
        for option in node["anyOf"]:
            for inner in alternatives(option, schema):
                yield {**inner, **kept}
    elif node.get("type") != "null":
        yield node


def at(path: tuple[str | int, ...]) -> list[Node]:
    """Return the alternatives for the value at a path; none where no key leads there."""
    nodes = list(alternatives(provider_schema()))
    for key in path:
        nodes = [found for node in nodes for found in _inside(node, key)]
    return nodes


def _inside(node: Node, key: str | int) -> Iterator[Node]:
    if isinstance(key, int):
        first = node.get("prefixItems", ())
        inner = first[key] if key < len(first) else node.get("items")
    else:
        inner = node.get("properties", {}).get(key, node.get("additionalProperties"))
    if isinstance(inner, Mapping):
        yield from alternatives(inner)
