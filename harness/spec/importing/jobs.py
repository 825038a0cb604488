"""Operations that answer with a job: where it is polled, and what its states mean."""

import re
from collections.abc import Iterator
from dataclasses import dataclass

from harness.spec.importing.document import Node, OpenApi
from harness.spec.importing.names import Table, cited
from harness.spec.importing.notes import few
from harness.spec.importing.replies import EACH, Spot, expression, images_of, spots
from harness.spec.importing.shapes import Reader, Shape

_DONE = {
    *("succeeded", "success", "successful", "completed", "complete", "done", "finished", "ready"),
    *("ok", "generated"),
}
_FAILED = {
    *("failed", "failure", "error", "errored", "canceled", "cancelled", "aborted", "expired"),
    *("timeout", "timedout", "rejected", "moderated", "terminated", "contentmoderated"),
    *("requestmoderated", "tasknotfound", "notfound"),
}
_PENDING = {
    *("queued", "pending", "processing", "starting", "started", "running", "inqueue", "inprogress"),
    *(
        "waiting",
        "submitted",
        "created",
        "active",
        "generating",
        "preparing",
        "booting",
        "accepted",
    ),
}
_STATES = ("status", "state", "jobstatus", "taskstatus")
_IDS = (*("jobid", "taskid", "requestid", "predictionid", "generationid", "id", "uuid", "name"),)
_PARAMETER = re.compile(r"\{([^{}/]+)\}")


@dataclass(frozen=True, slots=True, kw_only=True)
class Poll:
    """The GET by which a job is asked after: its path, its reply, and where that has a state."""

    path: str
    at: Node
    reply: Shape
    state: Spot
    statuses: tuple[str, ...]


def polls(reader: Reader) -> Iterator[Poll]:
    """Yield every GET with one thing in its path whose reply has a list of states."""
    for path, item in reader.document.root["paths"].members():
        node = reader.document.follow(item)["get"]
        if len(_PARAMETER.findall(path)) != 1 or not isinstance(node.value, dict):
            continue
        schema = answer(reader.document, node)
        if schema is None:
            continue
        shape = reader.shape([schema[1]])
        found = state_in(list(spots(reader, shape)))
        if found is not None:
            statuses = tuple(code for code, _ in node["responses"].members())
            yield Poll(path=path, at=node, reply=shape, state=found, statuses=statuses)


def answer(document: OpenApi, operation: Node) -> tuple[str, Node] | None:
    """Return the status and the JSON schema of a served reply; None where none is described."""
    for code, node in sorted(operation["responses"].members()):
        if not re.fullmatch(r"2(\d\d|XX)", code, re.IGNORECASE):
            continue
        schema = json_schema(document, node)
        if schema is not None:
            return code, schema
    return None


def json_schema(document: OpenApi, node: Node) -> Node | None:
    """Return the schema of a response's or a request's JSON content; None where there is none."""
    for media_type, content in document.follow(node)["content"].members():
        name = media_type.partition(";")[0].strip().lower()
        if name in ("application/json", "*/*") or name.endswith("+json"):
            schema = content["schema"]
            return None if schema.value is None else schema
    return None


def state_in(found: list[Spot]) -> Spot | None:
    """Return where a reply holds a job's state: a text of a few known words."""
    for spot in sorted(found, key=lambda one: len(one.path)):
        named = spot.key in _STATES and EACH not in spot.path
        words = [value for value in spot.shape.values or [] if isinstance(value, str)]
        if named and len(words) > 1 and any(_letters(word) in _DONE for word in words):
            return spot
    return None


def ids_in(found: list[Spot], parameter: str = "") -> list[str]:
    """Return where a reply holds a job's id, the likeliest place first."""
    wanted = [_letters(parameter), *_IDS]
    texts = [s for s in found if s.key in wanted and s.shape.kinds & {"string", "integer"}]
    texts = [spot for spot in texts if EACH not in spot.path]
    texts.sort(key=lambda spot: (len(spot.path), wanted.index(spot.key)))
    return list(dict.fromkeys(expression(spot.path) for spot in texts))[:2]


def poll_of(reader: Reader, operation: Node, path: str) -> Poll | None:
    """Return the poll that goes with an operation: the linked one, else the likeliest."""
    every = list(polls(reader))
    code_and_schema = answer(reader.document, operation)
    if code_and_schema is None or not every:
        return None
    code, schema = code_and_schema
    response = reader.document.follow(operation["responses"][code])
    for _, link in response["links"].members():
        linked = reader.document.follow(link)
        for poll in every:
            reference = linked.text("operationRef")
            if poll.at.text("operationId") == linked.text("operationId") != "":
                return poll
            if reference and reference.endswith(poll.at.at.removeprefix("#")):
                return poll
    own = reader.document.follow(schema).at

    def likeness(poll: Poll) -> tuple[bool, int]:
        served = answer(reader.document, poll.at)
        same = served is not None and reader.document.follow(served[1]).at == own
        return same, _shared(poll.path, path)

    return max(every, key=likeness)


def result_of(reader: Reader, poll: Poll) -> tuple[str, Shape] | None:
    """Return the GET beside a poll whose reply holds the images: its path with {id}, its shape."""
    found: list[tuple[int, str, Shape]] = []
    for path, item in reader.document.root["paths"].members():
        node = reader.document.follow(item)["get"]
        if path == poll.path or len(_PARAMETER.findall(path)) != 1 or node.value is None:
            continue
        served = answer(reader.document, node)
        if served is None:
            continue
        shape = reader.shape([served[1]])
        if images_of(spots(reader, shape)):
            found.append((_shared(path, poll.path), path, shape))
    if not found:
        return None
    _, path, shape = max(found, key=lambda one: one[0])
    return _PARAMETER.sub("{id}", path), shape


def cancel_of(reader: Reader, poll: Poll, prefix: str) -> Table:
    """Return how a job is cancelled, where the document describes it beside the poll."""
    stem = _PARAMETER.sub("{}", poll.path.partition("}")[0] + "}")
    for path, item in reader.document.root["paths"].members():
        plain = _PARAMETER.sub("{}", path)
        if len(_PARAMETER.findall(path)) != 1 or not plain.startswith(stem):
            continue
        node = reader.document.follow(item)
        named = re.search(r"cancel|abort|stop", plain.removeprefix(stem), re.IGNORECASE)
        for method in ("post", "put", "delete"):
            if node[method].value is not None and (named or (method == "delete" and plain == stem)):
                table: Table = {"cancel_path": prefix + _PARAMETER.sub("{id}", path)}
                return table if method == "post" else {**table, "cancel_method": method.upper()}
    return {}


def _shared(first: str, second: str) -> int:
    """Count the steps that two paths begin with alike."""
    pairs = zip(first.split("/"), second.split("/"), strict=False)
    return next((place for place, (a, b) in enumerate(pairs) if a != b), len(first.split("/")))


def job_table(reader: Reader, poll: Poll, submitted: list[Spot], code: str, prefix: str) -> Table:
    """Return the table of a job's life; `submitted` is what the first reply holds."""
    parameter = _PARAMETER.findall(poll.path)[0]
    after = list(spots(reader, poll.reply))
    ids = dict.fromkeys([*ids_in(submitted, parameter)[:1], *ids_in(after, parameter)[:1]])
    states = [str(value) for value in poll.state.shape.values or []]
    kinds = _sorted_states(reader, poll, states)
    errors = [
        expression(spot.path)
        for spot in after
        if spot.key in ("error", "errormessage", "failurereason", "failreason", "message")
        and "string" in spot.shape.kinds
        and EACH not in spot.path
    ]
    table: Table = {
        "id": list(ids),
        "poll_path": prefix + _PARAMETER.sub("{id}", poll.path),
        "state": [expression(poll.state.path)],
        **kinds,
        "error": errors or ["error.message", "error"],
        "interval_s": 2,
        "source": cited(poll.at.at),
        "note": "the interval is the harness' own: the document names none",
    }
    if code.isdigit():
        table["submitted_status"] = int(code)
    refused = [int(c) for c in poll.statuses if c in ("404", "410", "400", "403")]
    if refused and 404 not in refused:  # noqa: PLR2004 - the default
        table["unknown_status"] = refused[0]
    if poll.state.shape.enum is not None:
        table["states_listed"] = cited(poll.state.shape.enum.at)
    return table


def _sorted_states(reader: Reader, poll: Poll, states: list[str]) -> Table:
    """Sort the states by their words; `if` and `then` of a schema tell which are done."""
    done = _told_done(reader, poll) or [state for state in states if _letters(state) in _DONE]
    failed = [s for s in states if _letters(s) in _FAILED and s not in done]
    unknown = [s for s in states if _letters(s) not in _PENDING and s not in (*done, *failed)]
    if unknown:
        reader.notes.leave(
            poll.state.shape.at,
            f"what {few(unknown)} means is not said; taken as pending until it is",
        )
    pending = [state for state in states if state not in (*done, *failed)]
    return {"pending": pending, "done": done, "failed": failed}


def _told_done(reader: Reader, poll: Poll) -> list[str]:
    for node in poll.reply.conditions:
        shape = reader.shape([node["if"]])
        if "then" not in node:
            continue
        for spot in spots(reader, shape):
            if spot.path == poll.state.path and spot.shape.values:
                return [str(value) for value in spot.shape.values]
    return []


def _letters(word: str) -> str:
    return re.sub(r"[\W_]", "", word).lower()
