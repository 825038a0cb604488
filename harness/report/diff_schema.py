"""The JSON Schema of a diff's JSON, made from its types.

`python -m harness.report.diff_schema` writes it again; a test holds the file against the types.
"""

from pathlib import Path

from harness.report.diff_model import DiffDocument
from harness.report.summary_schema import AsWritten, written_schema

SCHEMA_FILE = Path(__file__).with_name("diff.schema.json")


def schema_text() -> str:
    """Return the text of `diff.schema.json`: every key that is always written is required."""
    return written_schema(DiffDocument, "JSON of harness diff, schema 1", AsWritten)


if __name__ == "__main__":
    SCHEMA_FILE.write_text(schema_text(), encoding="utf-8")
