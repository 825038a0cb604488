"""What each expression of a TOML finds in a reply, and where else the reply holds what it seeks.

The wire asks the same expressions of the same replies; here nothing follows from what they find.
"""

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace

from pydantic import BaseModel

from harness.core.exchange import Exchange, Reply
from harness.core.jsonvalue import Json, canonical
from harness.spec.expressions import Expression, Paths, first_match
from harness.spec.lifecycle import Field_, Job, Stream, job_id_of
from harness.spec.provider import Operation, Provider
from harness.wire.errors import is_error, read_error
from harness.wire.images import image_texts, missing_fields
from harness.wire.places import ADDRESS, SUGGESTED, addresses_of_job, places_of_images, quoted, seen

SHOWN = 80
"""Characters of a value that are shown of it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Finding:
    """What a key of the TOML found in one reply, in words.

    `expressions` are those of the key. `found` is None where they found nothing; then `elsewhere`
    are places that look like what is sought, as expressions that find them. `expected` says that
    nothing is known to be wrong where nothing is found: an image in an error, an error in an image.
    """

    key: str
    expressions: tuple[str, ...]
    found: Json
    words: str
    elsewhere: tuple[str, ...] = ()
    expected: bool = False

    @property
    def suggestion(self) -> str:
        """What to write instead, as a line of the TOML; empty where nothing looks like it."""
        name = self.key.rpartition(".")[2]
        listed = ", ".join(f'"{each}"' for each in self.elsewhere)
        if not self.elsewhere:
            return ""
        single = name in ("failed", "image", "index", "partial", "completed")
        return f'{name} = "{self.elsewhere[0]}"' if single else f"{name} = [{listed}]"


def read(provider: Provider, operation: Operation, exchange: Exchange) -> tuple[Finding, ...]:
    """Return what the TOML's expressions find in the reply of one round trip; none in a failure."""
    reply = exchange.answer
    if not isinstance(reply, Reply) or exchange.step in ("download", "deliveries", "cancel"):
        return ()
    reading = _Reading(provider=provider, operation=operation, reply=reply)
    return tuple(reading.findings(exchange.step))


@dataclass(frozen=True, slots=True, kw_only=True)
class _Reading:
    provider: Provider
    operation: Operation
    reply: Reply

    def findings(self, step: str) -> Iterator[Finding]:
        error = is_error(self.provider.errors, self.reply)
        yield self._failed(error=error)
        if error:
            yield from self._error()
            return
        upload, job, stream = self.operation.upload, self.operation.job, self.operation.stream
        if step == "upload" and upload is not None:
            yield from self._group("upload", upload)
            return
        if job is not None:
            yield from self._job(job, step)
        if self.reply.events and stream is not None:
            yield from self._stream(stream)
        elif self._holds_result(job, step):
            yield from self._reply()

    # --------------------------------------------------------------------------------- errors
    def _failed(self, *, error: bool) -> Finding:
        failed = self.provider.errors.failed
        told = bool(failed.search(self.reply.document))
        status = self.reply.status
        words = "true: an error" if told else "false: no error"
        elsewhere: tuple[str, ...] = ()
        if error and not told:
            words = f"false, although HTTP {status} is an error: it is read as a fault, no refusal"
            elsewhere = self._top_level()
        return Finding(
            key="errors.failed",
            expressions=(failed.text,),
            found=told,
            words=words,
            elsewhere=elsewhere,
        )

    def _top_level(self) -> tuple[str, ...]:
        document = self.reply.document
        keys = [*document] if isinstance(document, dict) else []
        named = [key for key in keys if _WORDS["message"].search(key)]
        return tuple(quoted(key) for key in (named or keys)[:1])

    def _error(self) -> Iterator[Finding]:
        errors = self.provider.errors
        yield from self._paths("errors", "message", errors.message)
        yield from self._paths("errors", "code", errors.code)
        yield from self._paths("errors", "parameter", errors.parameter)
        error = read_error(errors, self.reply)
        yield Finding(
            key="errors.classes", expressions=(), found=error.error_class, words=error.error_class
        )

    # ----------------------------------------------------------------------------- jobs, images
    def _job(self, job: Job, step: str) -> Iterator[Finding]:
        document = self.reply.document
        for name, paths in _paths_of(job):
            if name == "error" and first_match(job.state, document) not in job.failed:
                continue
            finding = self._finding("job", name, paths)
            if name == "state" and finding.found is not None:
                finding = replace(finding, words=_stage(job, finding.found))
            if name == "id" and finding.found is not None:
                finding = replace(finding, words=job_id_of(finding.found) or "no id")
            later = step == "submit" and name != "id"  # a poll may tell it
            yield _later(finding) if later and finding.found is None else finding
        if step == "submit":
            yield from self._fields("job.submitted", job.submitted)

    def _holds_result(self, job: Job | None, step: str) -> bool:
        """Tell whether this reply is one that images are looked for in."""
        if job is None or step == "result":
            return True
        state = first_match(job.state, self.reply.document)
        return step in ("poll", "submit") and isinstance(state, str) and state in job.done

    def _reply(self) -> Iterator[Finding]:
        shape = self.operation.reply
        for name, paths in _paths_of(shape):
            finding = self._finding("reply", name, paths)
            if name == "images":
                finding = self._images(finding)
            yield finding
        if shape.usage is not None:
            yield from self._group("reply.usage", shape.usage)
        yield from self._fields("reply.fields", shape.fields)

    def _images(self, finding: Finding) -> Finding:
        texts = image_texts(self.operation.reply, self.reply.document)
        if not texts:
            job = self.operation.job
            known = addresses_of_job(job, self.reply) if job is not None else ()
            seen = places_of_images(self.reply, besides=known)
            return replace(finding, found=None, words="nothing", elsewhere=seen)
        inside = [text for text in texts if text in self.reply.pictures]
        addresses = [text for text in texts if ADDRESS.fullmatch(text)]
        others = len(texts) - len(inside) - len(addresses)
        counted = (
            (len(addresses), "address", "addresses"),
            (len(inside), "image in the reply", "images in the reply"),
            (others, "text that is neither", "texts that are neither"),
        )
        words = ", ".join(f"{n} {one if n == 1 else many}" for n, one, many in counted if n)
        return replace(finding, words=words)

    def _stream(self, stream: Stream) -> Iterator[Finding]:
        names = [event.name for event in self.reply.events]
        for key in ("partial", "completed", "error"):
            name = getattr(stream, key)
            count = names.count(name)
            others = tuple(dict.fromkeys(each for each in names if each not in _named(stream)))
            yield Finding(
                key=f"stream.{key}",
                expressions=(name,),
                found=count or None,
                words=f"{count} of {len(names)} events",
                elsewhere=() if count or key == "error" else others[:SUGGESTED],
                expected=key == "error",
            )

    def _fields(self, key: str, fields: Sequence[Field_]) -> Iterator[Finding]:
        for field in fields:
            missing = missing_fields((field,), self.reply.document)
            kind = _KINDS[field.type]
            words = f"missing, or not {kind}" if missing else kind
            found = None if missing else field.path.search(self.reply.document)
            name = re.sub(r"\W+", "", field.path.text.rpartition(".")[2])
            yield Finding(
                key=key,
                expressions=(field.path.text,),
                found=found,
                words=words,
                elsewhere=self._elsewhere(name) if missing else (),
            )

    # --------------------------------------------------------------------------------- any key
    def _group(self, key: str, group: BaseModel) -> Iterator[Finding]:
        for name, paths in _paths_of(group):
            yield self._finding(key, name, paths)

    def _paths(self, key: str, name: str, paths: Paths) -> Iterator[Finding]:
        if paths:
            yield self._finding(key, name, paths)

    def _finding(self, key: str, name: str, paths: Paths) -> Finding:
        found = first_match(paths, self.reply.document)
        return Finding(
            key=f"{key}.{name}",
            expressions=tuple(path.text for path in paths),
            found=found,
            words="nothing" if found is None else _shown(found),
            elsewhere=self._elsewhere(name) if found is None else (),
        )

    def _elsewhere(self, name: str) -> tuple[str, ...]:
        """Return expressions for values whose key looks like what is sought under this name."""
        pattern = _WORDS.get(name, re.compile(rf"^{re.escape(name)}$", re.IGNORECASE))

        def fits(place: str, content: Json) -> bool:
            last = re.split(r"[.\[\]\"]+", place.rstrip('"]'))[-1]
            is_address = isinstance(content, str) and bool(ADDRESS.fullmatch(content))
            return is_address == name.endswith("url") and bool(pattern.search(last))

        return seen(self.reply, fits)


_WORDS = {
    name: re.compile(words, re.IGNORECASE)
    for name, words in {
        "id": r"^id$|(job|task|request|prediction|generation|response)_?(id)?$|_id$|Id$|^uuid$",
        "state": r"^(status|state|phase|stage)$|_status$",
        "error": r"error|reason|message|detail|fail",
        "message": r"message|error|detail|reason|^msg$|title",
        "code": r"code|^type$|^status$|^error$",
        "parameter": r"param|field|^loc$|location|pointer|path",
        "poll_url": r"status|poll|get|self|^url$",
        "result_url": r"result|response|output",
        "cancel_url": r"cancel",
        "url": r"url|address|href|link",
        "charged": r"cost|price|credit|charge|amount",
        "input": r"(input|prompt).*tokens?$|^input$",
        "output": r"(output|completion).*tokens?$|^output$",
        "total": r"total.*tokens?$|^total$",
        "output_format": r"format|mime|content_?type",
        "size": r"^size$|resolution|dimensions",
    }.items()
}
"""What keys are usually called, by the name under which a TOML reads them."""


_KINDS = {
    "string": "a text",
    "integer": "a whole number",
    "array": "a list",
    "object": "an object",
    "strings": "a list of texts",
}


def _paths_of(group: BaseModel) -> Iterator[tuple[str, Paths]]:
    """Yield every key of a group of the vocabulary that holds expressions, also those to come."""
    for name in type(group).model_fields:
        content = getattr(group, name)
        if isinstance(content, Expression):
            yield name, (content,)
        elif isinstance(content, tuple) and content and isinstance(content[0], Expression):
            yield name, content


def _named(stream: Stream) -> tuple[str, ...]:
    return (stream.partial, stream.completed, stream.error)


def _stage(job: Job, state: Json) -> str:
    for stage in ("pending", "done", "failed"):
        if state in getattr(job, stage):
            return f"{_shown(state)} -> {stage}"
    known = ", ".join((*job.pending, *job.done, *job.failed))
    return f"{_shown(state)}, which is in no list ({known}): polled on, and not judged"


def _shown(content: Json) -> str:
    text = canonical(content)
    return text if len(text) <= SHOWN else f"{text[:SHOWN]}... ({len(text):,} characters)"


def _later(finding: Finding) -> Finding:
    """Return what found nothing yet: a later reply may hold it."""
    return replace(finding, words="nothing here", elsewhere=(), expected=True)
