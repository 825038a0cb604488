"""Providers of other shapes than the shipped ones, by TOML alone."""

import tomllib

from harness.spec.load import parse_provider
from harness.spec.provider import Provider

HEAD = """
name = "{name}"
title = "{name}"
[documents]
page = {{ file = "page.html", title = "A page" }}
[auth]
{auth}
env = "SHAPE_TOKEN"
source = "page: Keys"
[timeouts]
normal_s = 60
large_s = 60
source = "page: Limits"
[prices]
unit = "usd"
status = "documented"
source = "page: Prices"
rows = [{{ amount = 0.04 }}]
[errors]
failed = "error || detail"
message = ["error.message", "detail[*].msg", "detail"]
code = ["error.status", "detail[0].type"]
parameter = ["detail[*].loc"]
names_parameter = "documented"
source = "page: Errors"
classes = [{{ class = "validation", status = [400, 422] }}]
"""

QUEUE = """
[operations.generate]
title = "Queue"
path = "/{model}"
protocol = "job"
source = "page: Queue"
headers = { X-Queue-Priority = "{mode}" }
reply = { images = ["images[*].url"] }
[operations.generate.arguments.model]
in = "path"
wire = "model"
type = "string"
source = "page: Queue"
required = { source = "page: Queue" }
one_of = { values = ["fal-ai/flux", "fal-ai/fast"], other_models = true, source = "page: Queue" }
[operations.generate.arguments.mode]
in = "query"
wire = "fal_mode"
type = "string"
source = "page: Queue"
[operations.generate.arguments.prompt]
wire = "prompt"
type = "string"
source = "page: Queue"
required = { source = "page: Queue" }
[operations.generate.arguments.n]
wire = "num_images"
type = "integer"
default = 1
source = "page: Queue"
range = { min = 1, max = 4, source = "page: Queue" }
[operations.generate.job]
id = ["request_id"]
poll_url = ["status_url"]
result_url = ["response_url"]
cancel_url = ["cancel_url"]
cancel_method = "PUT"
state = ["status"]
pending = ["IN_QUEUE", "IN_PROGRESS"]
done = ["COMPLETED"]
failed = ["ERROR", "CANCELLED"]
error = ["error"]
interval_s = 1
source = "page: Queue"
"""

PREDICTIONS = """
[operations.generate]
title = "Predict"
path = "/v1/predictions"
protocol = "job"
source = "page: Predictions"
headers = { Prefer = "wait=60" }
reply = { images = ["output", "output[*]"] }
[operations.generate.arguments.prompt]
wire = "input.prompt"
type = "string"
source = "page: Predictions"
required = { source = "page: Predictions" }
[operations.generate.arguments.n]
wire = "input.count"
type = "integer"
default = 1
source = "page: Predictions"
range = { min = 1, max = 4, source = "page: Predictions" }
[operations.generate.job]
id = ["id"]
poll_url = ["urls.get"]
cancel_url = ["urls.cancel"]
state = ["status"]
pending = ["starting", "processing"]
done = ["succeeded"]
failed = ["failed", "canceled"]
error = ["error"]
interval_s = 1
submitted_status = [201, 202]
source = "page: Predictions"
[operations.generate.job.idempotency]
field = "input.request_key"
source = "page: Predictions"
"""

CONTENT = """
[operations.edit]
title = "Content"
path = "/v1beta/models/{model}:generateContent"
protocol = "reply"
source = "page: Content"
constant = { contents = [{ role = "user" }] }
query = { alt = "json" }
reply = { images = ["candidates[*].content.parts[*].inlineData.data[]"] }
[operations.edit.arguments.model]
in = "path"
wire = "model"
type = "string"
default = "flash-image"
source = "page: Content"
[operations.edit.arguments.images]
wire = "contents[0].parts[]"
type = "images"
encode = "base64"
item = { inlineData = { mimeType = "{media_type}", data = "{image}" } }
source = "page: Content"
count = { min = 1, max = 3, source = "page: Content" }
[operations.edit.arguments.prompt]
wire = "contents[0].parts[0].text"
type = "string"
source = "page: Content"
required = { source = "page: Content" }
[operations.edit.arguments.n]
wire = "generationConfig.candidateCount"
type = "integer"
default = 1
source = "page: Content"
range = { min = 1, max = 4, source = "page: Content" }
"""

EDITS = """
[operations.generate]
title = "Edit in JSON"
path = "/v1/images/edits"
protocol = "reply"
source = "page: Edits"
reply = { images = ["data[*].url"] }
[operations.generate.arguments.images]
wire = "images"
type = "images"
encode = "data_url"
item = { image_url = "{image}" }
source = "page: Edits"
[operations.generate.arguments.mask]
wire = "mask"
type = "file"
encode = "data_url"
item = { image_url = "{image}" }
source = "page: Edits"
[operations.generate.arguments.prompt]
wire = "prompt"
type = "string"
source = "page: Edits"
required = { source = "page: Edits" }
[operations.edit]
extends = "generate"
title = "Edit as a form"
body = "form"
source = "page: Edits"
[operations.edit.arguments.images]
wire = "image[]"
"""

HEADER, QUERY = 'header = "Authorization"\nprefix = "Key "', 'query = "key"'


def provider(name: str, shape: str, *, auth: str = HEADER, more: str = "") -> Provider:
    """Return the provider that these tables describe; AssertionError with its mistakes."""
    return read(HEAD.format(name=name, auth=auth) + shape + more)


def read(text: str) -> Provider:
    """Return the provider of a TOML; AssertionError with its mistakes."""
    found = parse_provider(tomllib.loads(text))
    assert isinstance(found, Provider), found
    return found


def queue() -> Provider:
    return provider("queue", QUEUE)


def queue_without_result() -> Provider:
    """The queue as somebody describes it who read over its response address."""
    field = '{ path = "images", type = "array", source = "page: Queue" }'
    reply = 'reply = { images = ["images[*].url"] }'
    shape = QUEUE.replace('result_url = ["response_url"]\n', "")
    return provider("queue", shape.replace(reply, f"{reply[:-2]}, fields = [{field}] }}"))


def predictions() -> Provider:
    return provider("predictions", PREDICTIONS)


def content() -> Provider:
    return provider("content", CONTENT, auth=QUERY)


def edits() -> Provider:
    return provider("edits", EDITS)
