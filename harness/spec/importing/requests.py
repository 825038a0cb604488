"""An operation of the document as one of the TOML, or as several."""

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace

from harness.core.errors import UsageError
from harness.core.jsonvalue import Json
from harness.core.tomltext import can_be_written
from harness.spec.importing import toml
from harness.spec.importing.arguments import Arguments
from harness.spec.importing.bodies import Body, Leaf, Where, body_of, choices, plant
from harness.spec.importing.conditions import conditional_rules
from harness.spec.importing.document import Node
from harness.spec.importing.jobs import answer, cancel_of, job_table, poll_of, result_of, state_in
from harness.spec.importing.names import Table, canonical_name, cited, declared_name
from harness.spec.importing.notes import few
from harness.spec.importing.operations import Encoded, Listed, ways
from harness.spec.importing.replies import (
    Spot,
    declared_in,
    expression,
    fields_of,
    images_of,
    opaque,
    spots,
    usage_in,
)
from harness.spec.importing.security import AUTH_HEADERS
from harness.spec.importing.shapes import Reader
from harness.spec.importing.streams import stream_table
from harness.spec.templates import slots

RESPONSES = "responses"
"""OpenAI's Responses API with its image tool: known by that tool, and read by its own protocol."""

EXTENDS = "extends"
_OUTPUT = "output[?type=='image_generation_call']"
MOST_FORMS = 4
"""Of how many whole bodies an operation may have the choice, without --where."""
MODEL = "gpt-image-2"
"""Of many bodies, the one for this model is meant unless --where says otherwise."""

_TOKEN = re.compile(r"[!#$%&'*+.^_`|~0-9A-Za-z-]+", re.ASCII)
_PLAIN = re.compile(r"[^.\[\]\s]+")
_NOT_SENT = ("accept", "content-type", *AUTH_HEADERS)
_PLACES: dict[str, Where] = {"path": "path", "query": "query", "header": "header"}


@dataclass(frozen=True, slots=True, kw_only=True)
class _Way:
    """One way to send an operation, and the one body of several that it means."""

    encoded: Encoded
    title: str
    body: Body
    edits: bool = False
    """Whether another body of the same operation has no place for images."""


@dataclass(slots=True)
class Operations:
    """Makes the tables of operations; `prefix` is the path of the server's address."""

    reader: Reader
    where: Mapping[str, str]
    prefix: str

    def put(self, operations: dict[str, Table], one: Listed) -> None:
        """Add one operation of the document: each body and encoding is an operation of its own."""
        for way in self._ways(one):
            table = self._operation(one, way)
            name = ""
            for found, part in _parts(table, whole=way.edits):
                if EXTENDS in part:
                    part[EXTENDS] = name
                kind = "respond" if table["protocol"] == RESPONSES else found
                name = self._name(operations, one, kind, form=way.encoded.form)
                operations[name] = part if name == kind else {"kind": kind, **part}

    def _name(self, taken: Mapping[str, Table], one: Listed, kind: str, *, form: bool) -> str:
        own = declared_name(one.id or one.path.rstrip("/").rpartition("/")[2] or kind)
        encoding = "form" if form else "json"
        tries = [kind, f"{kind}_{encoding}", own, f"{own}_{encoding}"]
        tries += [f"{own}_{number}" for number in range(2, len(taken) + 3)]
        return next(name for name in tries if name not in taken)

    def _ways(self, one: Listed) -> list[_Way]:
        # The form first: of two encodings it has the plain name, for it takes files as they are.
        found = [
            _Way(encoded=way, title=title, body=self._body(node, way))
            for way in sorted(ways(self.reader, one), key=lambda way: not way.form)
            for title, node in self._bodies(one, way)
        ]
        if not found:
            raise UsageError(
                f"{self.reader.document.file}: {one.name} has no JSON or multipart body to import"
            )
        return _apart(found)

    def _body(self, node: Node, way: Encoded) -> Body:
        return body_of(self.reader, self.reader.shape([node]), form=way.form)

    def _bodies(self, one: Listed, way: Encoded) -> list[tuple[str, Node]]:
        """Return the bodies of which a request is one: those that --where allows, if few.

        Without it, one of many is taken, and a note says which others there are.
        """
        shape = self.reader.shape([way.schema])
        if not shape.variants:
            return [("", way.schema)]
        forms = list(choices(self.reader, shape))
        fitting = [(title, node) for title, node in forms if self._fits(node)]
        if fitting and len(fitting) <= MOST_FORMS:
            if shape.properties:
                self.reader.notes.leave(shape.at, "fields beside a choice of bodies are left out")
            return fitting
        titles = few([title or node.at for title, node in fitting or forms], 8)
        if fitting and not self.where:
            taken = next((each for each in fitting if MODEL in each[0]), fitting[0])
            self.reader.notes.leave(
                shape.at,
                f"{one.name} has {len(forms)} bodies; taken is {taken[0] or taken[1].at}; choose "
                f"with --where FIELD=VALUE: {titles}",
            )
            return [taken]
        what = "none of them fits --where" if not fitting else "one has to be chosen"
        raise UsageError(
            f"{self.reader.document.file}: {one.name} has {len(forms)} bodies, and {what}",
            hint=f"--where FIELD=VALUE; they are: {titles}",
        )

    def _fits(self, node: Node) -> bool:
        shape = self.reader.shape([node])
        for name, wanted in self.where.items():
            nodes = shape.properties.get(name)
            values = self.reader.shape(nodes).values if nodes else []
            if values is not None and wanted not in map(str, values):
                return False
        return True

    def _operation(self, one: Listed, way: _Way) -> Table:
        body = way.body
        by_tool = body.fixed.get("tools[0].type") == "image_generation"
        aliases = {"input": "prompt"} if by_tool else {}
        making = Arguments(self.reader, way.encoded.form, way.encoded.parts, aliases)
        fixed = {
            place: value
            for place, value in body.fixed.items()
            if not canonical_name(place.rpartition(".")[2]) and can_be_written(value)
        }
        leaves = [leaf for leaf in body.leaves if leaf.place not in fixed]
        named = making.named([*leaves, *self._parameters(one)])
        arguments = {name: making.table(name, *pair) for name, pair in named.items()}
        places = {leaf.place: name for name, (leaf, _) in named.items()}
        conditional_rules(self.reader, body, places, arguments)
        answered = self._answered(one, responses=by_tool)
        summary = way.title or one.node.text("summary") or one.id or one.path
        table: Table = {"title": toml.first_sentence(summary)}
        if one.method != "post":
            table["method"] = one.method.upper()
        table["path"] = self.prefix + one.path
        if way.encoded.form:
            table["body"] = "form"
        protocol = RESPONSES if by_tool else "job" if "job" in answered else "reply"
        table |= {"protocol": protocol, "source": cited(one.node.at)}
        if constant := _constant(fixed):
            table["constant"] = constant
        if body.closed:
            table["unknown_fields"] = self._closed(body)
        self._note_unfilled(one, [leaf for leaf, _ in named.values()])
        if not arguments:
            self.reader.notes.need("arguments", f"no field of {one.name} is described")
        self._streamed(one, arguments, answered)
        if by_tool and isinstance(stream := answered.get("stream"), dict):
            stream["images"] = [f"response.{_OUTPUT}.result"]
        self._idempotent(one, table, answered)
        return {**table, "arguments": arguments, **answered}

    def _note_unfilled(self, one: Listed, leaves: list[Leaf]) -> None:
        filled = {leaf.place for leaf in leaves if leaf.where == "path"}
        for name in slots(one.path):
            if name not in filled:
                self.reader.notes.need("path", f"no parameter of {one.name} fills {{{name}}}")

    def _closed(self, body: Body) -> Table:
        at, *others = sorted(body.closed, key=len)
        for other in others:
            self.reader.notes.leave(body.closed[other], f"only one object is checked, not {other}")
        return {**({"at": at} if at else {}), "source": cited(body.closed[at])}

    def _parameters(self, one: Listed) -> Iterator[Leaf]:
        """Yield what goes into the path, the query and the headers."""
        for holder in (one.node, one.shared):
            for entry in holder["parameters"].entries():
                parameter = self.reader.document.follow(entry)
                name, place = parameter.text("name"), parameter.text("in")
                if not _has_place(one, name, place) or "schema" not in parameter:
                    self.reader.notes.leave(
                        parameter.at, f"{name!r:.40} has no place in {place!r:.20}"
                    )
                elif name.lower() not in _NOT_SENT and not _is_idempotency(name):
                    shape = self.reader.shape([parameter["schema"]])
                    required = parameter["required"]
                    yield Leaf(
                        place=name,
                        key=name,
                        shape=shape,
                        required=required.at if required.value is True else "",
                        where=_PLACES[place],
                    )

    def _idempotent(self, one: Listed, table: Table, answered: Table) -> None:
        for holder in (one.node, one.shared):
            for entry in holder["parameters"].entries():
                parameter = self.reader.document.follow(entry)
                name = parameter.text("name")
                sendable = parameter.text("in") == "header" and _has_place(one, name, "header")
                if not (sendable and _is_idempotency(name)):
                    continue
                known: Table = {"header": name, "source": cited(parameter.at)}
                job = answered.get("job")
                (job if isinstance(job, dict) else table)["idempotency"] = known

    def _answered(self, one: Listed, *, responses: bool) -> Table:
        """Return the reply, and the job where the first reply is not the images' yet."""
        served = answer(self.reader.document, one.node)
        if responses:
            return {"reply": {"images": [f"{_OUTPUT}.result"], "model": ["model"]}}
        if served is None:
            at = one.node["responses"].at
            self.reader.notes.need("reply.images", f"no JSON reply is described ({at})")
            return {"reply": {"images": []}}
        code, schema = served
        first = list(spots(self.reader, self.reader.shape([schema])))
        if images_of(first) and state_in(first) is None:
            return {"reply": self._reply(first)}
        poll = poll_of(self.reader, one.node, one.path)
        if poll is None:
            return {"reply": self._reply(first)}
        after = list(spots(self.reader, poll.reply))
        then = [self.reader.shape([node["then"]]) for node in poll.reply.conditions]
        after += [spot for shape in then for spot in spots(self.reader, shape)]
        job = job_table(self.reader, poll, first, code, self.prefix)
        if not images_of(after) and (result := result_of(self.reader, poll)) is not None:
            job["result_path"] = self.prefix + result[0]
            after = list(spots(self.reader, result[1]))
        job |= cancel_of(self.reader, poll, self.prefix)
        self.reader.notes.need("job.interval_s", "how often to poll is not said; 2 s is ours")
        if submitted := fields_of(self.reader, first):
            job["submitted"] = submitted
        return {"reply": self._reply(after), "job": job}

    def _reply(self, found: list[Spot]) -> Table:
        images = images_of(found)
        if not images:
            images = self._guessed(found)
        table: Table = {"images": images, **declared_in(found)}
        if usage := usage_in(found):
            table["usage"] = usage
        if fields := fields_of(self.reader, found):
            table["fields"] = fields
        return table

    def _guessed(self, found: list[Spot]) -> list[str]:
        """Return where images may be in a value of which nothing is said; nothing without one."""
        spot = opaque(found)
        if spot is None:
            self.reader.notes.need("reply.images", "where a reply holds its images is not said")
            return []
        place = expression(spot.path)
        self.reader.notes.need(
            "reply.images",
            f"{place} holds anything ({spot.shape.at}); these are its usual forms: see with "
            "`harness providers try`",
        )
        return [
            f"{place}.images[*].[url || @][]",
            f"{place}[*].[url || @][]",
            f"[{place}.url || {place}][]",
        ]

    def _streamed(self, one: Listed, arguments: dict[str, Table], answered: Table) -> None:
        """Add the stream's table; without one, no request that must be served asks for it."""
        stream = stream_table(self.reader, one)
        if stream is not None and "stream" in arguments:
            answered["stream"] = stream
        elif "stream" in arguments:
            for name in ("stream", "partial_images"):
                if name in arguments:
                    arguments[name]["status"] = "undocumented"
                    arguments[name]["note"] = "the document does not describe the events"
            self.reader.notes.need("stream", "the events of a stream are not described")


def _apart(found: list[_Way]) -> list[_Way]:
    """Leave out what a body forbids only to be told apart from another body."""
    allowed = [{leaf.place for leaf in way.body.leaves if not leaf.shape.never} for way in found]
    told = []
    for mine, way in enumerate(found):
        others = [places for at, places in enumerate(allowed) if at != mine]
        elsewhere = frozenset[str]().union(*others)
        images = {leaf.place for leaf in way.body.leaves if canonical_name(leaf.key) == "images"}
        missing = any(not images & places for places in others)
        way.body.leaves[:] = [
            leaf for leaf in way.body.leaves if not (leaf.shape.never and leaf.place in elsewhere)
        ]
        one_schema = [other.encoded for other in found].count(way.encoded) > 1
        told.append(replace(way, edits=one_schema and missing and bool(images & allowed[mine])))
    return told


def _parts(table: Table, *, whole: bool) -> Iterator[tuple[str, Table]]:
    """Yield an operation as it is, or as two where references are optional: without, and with.

    The second says only what it has beside the first.
    """
    arguments = table["arguments"]
    images = arguments.get("images") if isinstance(arguments, dict) else None
    if not isinstance(arguments, dict) or images is None or "absent" in images:
        yield "generate", table
    elif "required" in images or whole:
        yield "edit", table
    else:
        beside = {name: arguments[name] for name in ("images", "mask") if name in arguments}
        alone = {name: argument for name, argument in arguments.items() if name not in beside}
        yield "generate", {**table, "arguments": alone}
        note = "what makes the request an edit: without it, it generates"
        required = {"status": "undocumented", "source": images["source"], "note": note}
        kept = {name: entry for name, entry in images.items() if name != "nullable"}
        with_images = {**beside, "images": {**kept, "required": required}}
        shared = {key: table[key] for key in ("title", "source")}
        yield "edit", {EXTENDS: "", **shared, "arguments": with_images}


def _constant(fixed: Mapping[str, Json]) -> dict[str, Json]:
    constant: dict[str, Json] = {}
    for place, value in fixed.items():
        plant(constant, place, value)
    return constant


def _has_place(one: Listed, name: str, place: str) -> bool:
    """Tell whether a parameter can be sent: a header by a token, a part of the path where it is."""
    match place:
        case "path":
            return f"{{{name}}}" in one.path
        case "header":
            return _TOKEN.fullmatch(name) is not None
        case _:
            return place in _PLACES and bool(_PLAIN.fullmatch(name))


def _is_idempotency(name: str) -> bool:
    return "idempotency" in name.lower()
