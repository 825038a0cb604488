"""A provider as an OpenAPI 3.1 document, for tools that know nothing of image APIs.

What the documents promise and JSON Schema can say is in the schemas; every constraint, said or
not, stands under `x-harness-constraints` with its source, its status and whether a schema says it.
"""

from collections.abc import Iterable, Iterator

from harness.core.jsonvalue import Json, digest
from harness.spec.export.schema import (
    FILE,
    at,
    merged,
    of_body,
    of_fields,
    of_images,
    of_places,
    says,
    simple,
)
from harness.spec.expressions import Cited, Paths
from harness.spec.lifecycle import Job, Stream, Upload
from harness.spec.provider import Argument, Constraint, Operation, Provider
from harness.spec.quotes import without_quotes
from harness.spec.request import build_request
from harness.spec.rules.base import Schema

VERSION = "3.1.0"
PROMPT = "A red cube on a white table, soft daylight"
JSON, FORM, EVENTS = "application/json", "multipart/form-data", "text/event-stream"
_ERROR: Schema = {"$ref": "#/components/schemas/Error"}

Named = tuple[str, Operation]


def openapi(provider: Provider) -> Schema:
    """Return the document; equal promises make equal documents, `info.version` is their digest.

    Operations that share an address stand there as one whose body is one of theirs.
    """
    document: Schema = {
        "openapi": VERSION,
        "info": _info(provider),
        "paths": _paths(provider),
        "components": {
            "securitySchemes": {"key": _security(provider)},
            "schemas": {"Error": _envelope(provider)},
        },
        "security": [{"key": []}],
    }
    return {**document, "servers": [{"url": provider.base_url}]} if provider.base_url else document


def _info(provider: Provider) -> Schema:
    documents = "; ".join(
        f"{document.title} ({document.file})" for document in provider.documents.values()
    )
    info: Schema = {
        "title": provider.title,
        "version": digest(without_quotes(provider.model_dump(mode="json")))[:12],
        "description": (
            f"What these documents promise: {documents}. Rules that they do not state are left "
            "out; a schema that allows something does not say that it is served."
        ),
    }
    if provider.open_questions:
        info["x-harness-open-questions"] = list(provider.open_questions)
    return info


def _security(provider: Provider) -> Schema:
    auth = provider.auth
    words: Schema = {"description": f"{auth.note or 'the key'} ({auth.source})"}
    if auth.header.lower() == "authorization" and auth.prefix.strip().lower() == "bearer":
        return {"type": "http", "scheme": "bearer", **words}
    place = {"in": "query", "name": auth.query} if auth.query else {"in": "header"}
    return {"type": "apiKey", "name": auth.header, **place, **words}


def _envelope(provider: Provider) -> Schema:
    """Return the schema of an error: its message at one of the places that are known."""
    paths = [simple(expression.text) for expression in provider.errors.message]
    places: list[Json] = [at(path, {"type": "string"}, required=True) for path in paths if path]
    description = f"told by `{provider.errors.failed.text}` (JMESPath; {provider.errors.source})"
    return {"type": "object", "description": description, "anyOf": places}


def _paths(provider: Provider) -> Schema:
    sharing: dict[tuple[str, str], list[Named]] = {}
    for name, operation in provider.operations.items():
        sharing.setdefault((operation.path, operation.method.lower()), []).append((name, operation))
    paths: Schema = {}
    for (path, method), together in sharing.items():
        paths = _with(paths, path, {method: _operation(provider, together)})
    for operation in provider.operations.values():
        if operation.upload is not None:
            paths = _with(paths, operation.upload.path, {"post": _upload(operation.upload)})
        if operation.job is not None and operation.job.poll_path:
            paths = _with(paths, operation.job.poll_path, {"get": _poll(operation, operation.job)})
    for endpoint in provider.endpoints:
        if endpoint.status == "documented":
            beside: Schema = {
                "summary": endpoint.title,
                "description": _cited(endpoint.note, endpoint.source),
                "responses": {"2XX": {"description": "not described"}, "4XX": _failed("an error")},
            }
            paths = _with(paths, endpoint.path, {endpoint.method.lower(): beside})
    return paths


def _with(paths: Schema, path: str, methods: Schema) -> Schema:
    present = paths.get(path)
    return {**paths, path: {**methods, **(present if isinstance(present, dict) else {})}}


def _operation(provider: Provider, together: list[Named]) -> Schema:
    first = together[0][1]
    addresses = [path for _, operation in together for path in operation.also]
    notes = [operation.note for _, operation in together if operation.note]
    notes += [f"also at {path}" for path in addresses]
    described: Schema = {
        "operationId": "_or_".join(name for name, _ in together),
        "summary": " or ".join(operation.title for _, operation in together),
        "description": _cited("; ".join(notes), first.source),
        "requestBody": {"required": True, "content": _content(provider, together)},
        "responses": _responses(provider, first),
        "x-harness-constraints": [
            _constraint(name, operation, constraint)
            for name, operation in together
            for constraint in operation.constraints
        ],
    }
    parameters: list[Json] = [*of_places(first), *_idempotency(first)]
    if parameters:
        described["parameters"] = parameters
    return described


def _idempotency(operation: Operation) -> Iterator[Schema]:
    known_by = operation.known_by
    if known_by is not None and known_by.header:
        yield {
            "name": known_by.header,
            "in": "header",
            "description": _cited("a repeated one makes no second job", known_by.source),
            "schema": {"type": "string"},
        }


def _constraint(name: str, operation: Operation, constraint: Constraint) -> Schema:
    argument, rule = operation.arguments.get(constraint.parameter), constraint.rule
    unsure = argument is not None and argument.status != "documented"
    status = argument.status if argument is not None and unsure else rule.status
    return {
        "operation": name,
        "id": constraint.id,
        "field": argument.wire if argument else getattr(rule, "at", ""),
        "says": constraint.describe(),
        "status": status,
        "source": str(constraint.rule.source),
        "in_schema": says(operation, constraint),
    }


def _content(provider: Provider, together: list[Named]) -> Schema:
    content: Schema = {}
    for media_type, body in ((JSON, "json"), (FORM, "form")):
        taking = [named for named in together if named[1].body == body]
        if not taking:
            continue
        schemas: list[Json] = [
            {"title": operation.title, **of_body(operation, others=_foreign(operation, taking))}
            for _, operation in taking
        ]
        whole: Schema = {"schema": schemas[0] if len(schemas) == 1 else {"anyOf": schemas}}
        whole |= _encoding(taking) if body == "form" else _examples(provider, taking)
        content[media_type] = whole
    return content


def _foreign(operation: Operation, together: Iterable[Named]) -> list[str]:
    """Name the fields that only another operation at the same address has."""
    fields = {place for argument in operation.arguments.values() for place in argument.places}
    return [
        place
        for _, other in together
        for argument in other.arguments.values()
        for place in argument.places
        if place not in fields and argument.status == "documented"
    ]


def _examples(provider: Provider, together: Iterable[Named]) -> Schema:
    """Return the cheapest valid request of each operation that needs no file."""
    examples: Schema = {}
    for name, operation in together:
        needed = {
            key: value
            for key, argument in operation.arguments.items()
            if argument.status == "documented"
            for value in [_usual(key, argument)]
            if value is not None
        }
        arguments = operation.arguments.values()
        if not any(argument.type == "images" and argument.required for argument in arguments):
            examples[name] = {"value": build_request(provider, operation, needed).body}
    return {"examples": examples} if examples else {}


def _usual(name: str, argument: Argument) -> Json:
    if name == "prompt":
        return PROMPT
    if argument.cheapest is not None:
        return argument.cheapest
    wanted = argument.required is not None and argument.one_of is not None
    return argument.one_of.values[0] if wanted and argument.one_of is not None else None


def _encoding(together: Iterable[Named]) -> Schema:
    """Return the media types that files may have."""
    encoding: Schema = {
        argument.wire: {"contentType": ", ".join(argument.media_type.values)}
        for _, operation in together
        for argument in operation.arguments.values()
        if argument.status == "documented"
        and argument.media_type is not None
        and argument.media_type.status == "documented"
    }
    return {"encoding": encoding} if encoding else {}


def _responses(provider: Provider, operation: Operation) -> Schema:
    if (job := operation.job) is not None:
        served = _answer("the job, which is polled", of_fields(job.submitted))
        statuses = [str(status) for status in job.submitted_status] or ["2XX"]
        taken = {status: {**served, **_links(job)} for status in statuses}
        return {**taken, "4XX": _failed("a refusal")}
    reply = _reply(operation)
    if provider.errors.any_status:
        reply = {"anyOf": [reply, _ERROR]}
    served = _answer("the images", reply)
    stream = operation.arguments.get("stream")
    if operation.stream is not None and stream is not None and stream.status == "documented":
        served = merged(served, {"content": {EVENTS: {"schema": _events(operation.stream)}}})
    return {"200": served, "4XX": _failed("a refusal")}


def _reply(operation: Operation) -> Schema:
    """Return the schema of a reply with images: where they may be, and what has to be there."""
    shape = operation.reply
    return merged(of_images(shape.images), of_fields(shape.fields, shape.usage))


def _events(stream: Stream) -> Schema:
    """Return the schema of one event's data: a partial image, the completed one, or an error."""
    index = simple(stream.index.text)
    partial, completed = (
        merged(
            at(("type",), {"const": name}, required=True),
            _first((path,), {"type": "string"}),
        )
        for name, path in (
            (stream.partial, stream.image),
            (stream.completed, (*stream.images, stream.image)[0]),
        )
    )
    if index is not None:
        partial = merged(partial, at(index, {"type": "integer"}, required=True))
    for paths in (stream.size, stream.quality, stream.output_format):
        path = simple(paths[0].text) if paths else None
        if path is not None:
            completed = merged(completed, at(path, {"type": "string"}, required=False))
    if stream.usage is not None:
        completed = merged(completed, of_fields((), stream.usage))
    failed = at(("type",), {"const": stream.error}, required=True)
    return {"anyOf": [partial, completed, failed]}


def _links(job: Job) -> Schema:
    path = simple(job.id[0].text)
    if path is None or not job.poll_path or not all(isinstance(step, str) for step in path):
        return {}
    place = f"$response.body#/{'/'.join(map(str, path))}"
    return {"links": {"poll": {"operationId": "poll", "parameters": {"id": place}}}}


def _poll(operation: Operation, job: Job) -> Schema:
    states: list[Json] = [*job.pending, *job.done, *job.failed]
    done: list[Json] = list(job.done)
    fields = _reply(operation)
    shape: Schema = {
        "if": _first(job.state, {"enum": done}),
        "then": fields,
        **_first(job.state, {"type": "string", "enum": states}),
    }
    job_id: Schema = {"name": "id", "in": "path", "required": True, "schema": {"type": "string"}}
    answers: Schema = {
        "200": _answer("the job", shape),
        str(job.unknown_status): _failed("no such job"),
        "4XX": _failed("an error"),
    }
    return {
        "operationId": "poll",
        "summary": "Poll a job",
        "description": _cited(job.note or f"every {job.interval_s:g} s", job.source),
        "parameters": [job_id],
        "responses": answers,
    }


def _upload(upload: Upload) -> Schema:
    form = at((upload.file,), FILE, required=True)
    for name, value in upload.fields.items():
        form = merged(form, at((name,), {"const": value}, required=True))
    shape = _first(upload.url, {"type": "string"})
    return {
        "operationId": "upload",
        "summary": "Upload a reference image",
        "description": _cited(upload.note, upload.source),
        "requestBody": {"required": True, "content": {FORM: {"schema": form}}},
        "responses": {"2XX": _answer("where the file is", shape), "4XX": _failed("a refusal")},
    }


def _first(paths: Paths, schema: Schema) -> Schema:
    path = simple(paths[0].text)
    return {"type": "object"} if path is None else at(path, schema, required=True)


def _answer(description: str, schema: Schema) -> Schema:
    return {"description": description, "content": {JSON: {"schema": schema}}}


def _failed(description: str) -> Schema:
    return _answer(description, _ERROR)


def _cited(words: str, source: Cited) -> str:
    return f"{words} ({source})" if words else f"({source})"
