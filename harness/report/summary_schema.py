"""The JSON Schema of `summary.json`, made from its types.

`python -m harness.report.summary_schema` writes it again; a test holds the file against the types.
"""

import json
from collections.abc import Mapping
from inspect import cleandoc
from pathlib import Path
from types import MappingProxyType
from typing import Any, ClassVar

from pydantic import TypeAdapter
from pydantic.json_schema import GenerateJsonSchema, JsonSchemaValue
from pydantic_core import core_schema
from typing_extensions import override

from harness.report.jsontext import LEFT_OUT, json_names
from harness.report.summary_model import BenchmarkSummary, RunReport
from harness.spec.provider import NAME

SCHEMA_FILE = Path(__file__).with_name("summary.schema.json")


def schema_text() -> str:
    """Return the text of `summary.schema.json`: every key that is always written is required."""
    return written_schema(
        RunReport, "summary.json of a run of the image provider harness, schema 1", _OfSummary
    )


def written_schema(kind: Any, title: str, generator: "type[AsWritten]") -> str:  # noqa: ANN401 - any type
    """Return the text of the JSON Schema of values of this type, as `json_safe` writes them."""
    schema = TypeAdapter(kind).json_schema(mode="serialization", schema_generator=generator)
    defined = schema.pop("$defs")
    whole = {"$schema": generator.schema_dialect, **schema, "title": title, "$defs": defined}
    return json.dumps(whole, ensure_ascii=False, indent=2) + "\n"


class AsWritten(GenerateJsonSchema):
    """Describes values as `jsontext.json_safe` writes them, in the words of their docstrings."""

    closed: ClassVar[tuple[type, ...]] = ()
    """What has no other keys than these; keys may be added to everything else."""

    by_name: ClassVar[Mapping[str, JsonSchemaValue]] = {}
    """What is known of a key of this name wherever it stands."""

    @override
    def dataclass_schema(self, schema: core_schema.DataclassSchema) -> JsonSchemaValue:
        fields, kind = super().dataclass_schema(schema)["properties"], schema["cls"]
        properties, words = {}, cleandoc(kind.__doc__ or "")
        for field, name in json_names(kind).items():
            properties[name] = fields.get(field, {"type": "integer"})  # a property `n`
            words = words.replace(f"`{field}`", f"`{name}`")
        return {
            "title": kind.__name__,
            "description": words,
            "type": "object",
            "properties": self._named(properties),
            "required": [name for name in properties if name not in LEFT_OUT.get(kind, ())],
        }

    @override
    def typed_dict_schema(self, schema: core_schema.TypedDictSchema) -> JsonSchemaValue:
        written = super().typed_dict_schema(schema)
        closed = {"additionalProperties": False} if schema.get("cls") in self.closed else {}
        return {**written, "properties": self._named(written["properties"]), **closed}

    @override
    def decimal_schema(self, schema: core_schema.DecimalSchema) -> JsonSchemaValue:
        return {"type": "number"}

    @override
    def default_schema(self, schema: core_schema.WithDefaultSchema) -> JsonSchemaValue:
        return self.generate_inner(schema["schema"])

    @override
    def field_title_should_be_set(self, schema: object) -> bool:
        return False

    @override
    def sort(self, value: JsonSchemaValue, parent_key: str | None = None) -> JsonSchemaValue:
        return value

    def _named(self, properties: JsonSchemaValue) -> JsonSchemaValue:
        return {name: self.by_name.get(name, _counted(kind)) for name, kind in properties.items()}


class _OfSummary(AsWritten):
    """A TOML names its operations, and any number is a seed."""

    closed = (RunReport, BenchmarkSummary)
    by_name = MappingProxyType(
        {"operation": {"type": "string", "pattern": NAME}, "seed": {"type": "integer"}}
    )


def _counted(described: JsonSchemaValue) -> JsonSchemaValue:
    """Say that whole numbers count something, and are not negative."""
    if "items" in described:
        return {**described, "items": _counted(described["items"])}
    return {**described, "minimum": 0} if described == {"type": "integer"} else described


if __name__ == "__main__":
    SCHEMA_FILE.write_text(schema_text(), encoding="utf-8")
