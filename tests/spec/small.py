"""A provider that exists nowhere, small enough to be broken in one place at a time."""

import tomllib
from pathlib import Path
from typing import Any

from harness.core.jsonvalue import Json
from harness.spec.load import parse_provider
from harness.spec.provider import Operation, Provider

TOML = """
name = "small"
title = "Small"
base_url = "https://small.test"
base_url_source = "page: Start"

[documents]
page = { file = "page.txt", title = "A page" }

[auth]
header = "Authorization"
env = "SMALL_API_KEY"
source = "page: Start"

[timeouts]
normal_s = 60
large_s = 120
source = "page: Start"

[prices]
unit = "credit"
status = "documented"
source = "page: Prices"
tiers = [{ name = "S", long_edge_max = 1024 }, { name = "L", long_edge_max = 4096 }]
auto_tier = "S"
rows = [
  { tier = "S", when = { quality = "low" }, amount = 1 },
  { tier = "S", when = { quality = "high" }, amount = 3 },
  { tier = "L", amount = 9 },
]
examples = [{ arguments = { quality = "high", n = 2 }, amount = 6, source = "page: Prices" }]

[errors]
failed = "error"
message = ["error.message"]
code = ["error.code"]
names_parameter = "documented"
source = "page: Errors"
classes = [{ class = "validation", code = "bad" }]

[operations.generate]
title = "Generate"
path = "/images"
protocol = "job"
source = "page: Generate"
reply = { images = ["urls"] }

[operations.generate.arguments.prompt]
wire = "input.text"
type = "string"
source = "page: Generate"
required = { source = "page: Generate" }
format = { shape = "string", source = "page: Generate" }
max_length = { characters = 100, source = "page: Generate" }

[operations.generate.arguments.n]
wire = "input.options.count"
type = "integer"
source = "page: Generate"
default = 1
integer = { source = "page: Generate" }
range = { min = 1, max = 4, source = "page: Generate" }

[operations.generate.arguments.size]
wire = "size"
type = "string"
source = "page: Generate"
default = "auto"
format = { shape = "size", words = ["auto"], source = "page: Generate" }
multiple_of = { pixels = 16, source = "page: Generate" }
max_edge = { pixels = 4096, source = "page: Generate" }
max_ratio = { ratio = 2, source = "page: Generate" }
min_pixels = { pixels = 65_536, source = "page: Generate" }
max_pixels = { pixels = 9_437_184, source = "page: Generate" }

[operations.generate.arguments.quality]
wire = "input.quality"
type = "string"
source = "page: Generate"
default = "low"
cheapest = "low"
one_of = { values = ["low", "high"], source = "page: Generate" }

[operations.generate.arguments.stream]
wire = "stream"
type = "boolean"
source = "page: Generate"
one_of = { values = [true, false], source = "page: Generate" }
never_with = { when = [true], argument = "n", above = 1, source = "page: Generate" }

[operations.generate.arguments.partial_images]
wire = "partial"
type = "integer"
source = "page: Generate"
range = { min = 0, max = 3, source = "page: Generate" }
integer = { source = "page: Generate" }
only_with = { argument = "stream", values = [true], source = "page: Generate" }

[operations.generate.arguments.webhook_url]
wire = "hook"
type = "string"
source = "page: Generate"
format = { shape = "url", source = "page: Generate" }

[operations.generate.job]
id = ["id"]
poll_path = "/jobs/{id}"
state = ["state"]
pending = ["queued"]
done = ["done"]
failed = ["failed"]
error = ["error.message"]
interval_s = 1
source = "page: Jobs"

[operations.edit]
extends = "generate"
without = ["stream", "partial_images"]
moved = { "page: Generate" = "page: Edit" }
title = "Edit"
path = "/edits"
body = "form"
source = "page: Edit"

[operations.edit.arguments.prompt]
wire = "prompt"

[operations.edit.arguments.n]
wire = "n"

[operations.edit.arguments.quality]
wire = "quality"

[operations.edit.arguments.images]
wire = "image[]"
type = "images"
source = "page: Edit"
required = { source = "page: Edit" }
count = { min = 1, max = 2, source = "page: Edit" }
max_bytes = { bytes = 1000, source = "page: Edit" }
media_type = { values = ["image/png", "image/webp"], source = "page: Edit" }

[operations.edit.arguments.mask]
wire = "mask"
type = "file"
source = "page: Edit"
same_size = { argument = "images", source = "page: Edit" }
same_format = { argument = "images", source = "page: Edit" }
max_bytes = { bytes = 1000, under = true, source = "page: Edit" }
alpha = { source = "page: Edit" }

[operations.edit.arguments.input_fidelity]
wire = "input_fidelity"
type = "string"
source = "page: Edit"
absent = { source = "page: Edit" }
"""


def tables() -> dict[str, Any]:
    """The small provider as parsed, fresh each time."""
    return tomllib.loads(TOML)


def provider() -> Provider:
    """The small provider."""
    found = parse_provider(tables())
    assert isinstance(found, Provider), found
    return found


def operation(name: str = "generate") -> Operation:
    """One operation of the small provider."""
    return provider().operation(name)


def picture(**changed: Json) -> Json:
    """The description of a small PNG file."""
    return {"media_type": "image/png", "bytes": 100, "width": 64, "height": 64, **changed}


def written(folder: Path, text: str = TOML) -> Path:
    """The small provider, or another text, as a file."""
    path = folder / "small.toml"
    path.write_text(text, encoding="utf-8")
    return path
