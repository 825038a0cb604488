"""What a ready test holds against an answer: the promise of each check in a line or two."""

from harness.checks.content import RATIO_TOLERANCE
from harness.checks.naming import names_of
from harness.checks.spelling import known_value, media_format
from harness.core.verdict import Finding
from harness.report.reproduction.paths import path_keys
from harness.report.reproduction.python_source import python_quoted
from harness.spec import price
from harness.spec.expressions import Paths
from harness.spec.lifecycle import Field_, UsagePaths
from harness.spec.provider import Operation
from harness.spec.rules import edges

REFUSALS = frozenset(
    ["refuses_what_it_forbids", "refusal_is_a_client_error", "refusal_names_the_parameter"]
)
"""Checks on an answer that must be a refusal."""

_WHOLE = frozenset(
    [
        *REFUSALS,
        "accepts_what_it_documents",
        "streams_where_asked",
        "job_is_taken_with_the_documented_status",
        "the_same_key_makes_no_second_job",
        "unknown_jobs_are_not_found",
    ]
)
"""Checks that the frame of a test holds already: it is refused, it is served, its job is taken."""

_KINDS = {"string": "str", "integer": "int", "array": "list", "object": "dict", "strings": "str"}
_PILLOW = 'Image = pytest.importorskip("PIL.Image")'
_OPENED = "opened = [Image.open(io.BytesIO(raw)) for raw in images]"


class NoFewLinesError(Exception):
    """A promise that takes more than a few lines to look at."""


def lines(finding: Finding, operation: Operation) -> tuple[str, ...]:
    """Return the lines that hold a finding's promise against `content`, `images` and `reply`.

    NoFewLinesError where it takes more than a few lines; ValueError where the documents' places
    are more than keys.
    """
    if finding.check in _WHOLE:
        return ()
    found = (
        _of_images(finding, operation)
        or _of_words(finding, operation)
        or _of_events(finding, operation)
    )
    if not found:
        raise NoFewLinesError(f"{finding.check.replace('_', ' ')}: no few lines can tell")
    return found


def names(finding: Finding, operation: Operation) -> tuple[str, ...]:
    """Return the names by which a refusal may blame what the request breaks."""
    return names_of(finding.record.shot.case.breaks, operation)


def _of_images(finding: Finding, operation: Operation) -> tuple[str, ...]:
    arguments = finding.record.shot.case.arguments
    match finding.check:
        case "serves_as_many_images_as_asked":
            return (f"assert len(images) == {price.images_asked(arguments)}",)
        case "images_decode":
            return (_PILLOW, "for raw in images:", "    Image.open(io.BytesIO(raw)).load()")
        case "images_have_the_asked_format":
            wanted = arguments.get("output_format") or operation.reply.default_format
            formats = "{image.format.lower() for image in opened}"
            return (
                _PILLOW,
                _OPENED,
                f"assert {formats} == {{{python_quoted(media_format(str(wanted)))}}}",
            )
        case "images_have_the_asked_dimensions":
            size = edges(arguments.get("size", operation.default("size")))
            return (_PILLOW, _OPENED, f"assert {{image.size for image in opened}} == {{{size}}}")
        case "images_have_the_asked_aspect_ratio":
            asked = str(arguments.get("aspect_ratio", operation.default("aspect_ratio")))
            ratio = f"image.width / image.height / ({asked.replace(':', ' / ')}) - 1"
            return (
                _PILLOW,
                _OPENED,
                f"assert all(abs({ratio}) <= {RATIO_TOLERANCE} for image in opened)",
            )
        case "images_match_their_declaration":
            return (_PILLOW, _OPENED, *_declaration(finding, operation))
        case _:
            return ()


def _declaration(finding: Finding, operation: Operation) -> tuple[str, ...]:
    if (finding.constraint or "").startswith("size"):
        said = _declared(finding, operation, "size")
        return (
            "sizes = {f'{image.width}x{image.height}' for image in opened}",
            f"assert sizes == {{str(one) for one in {said}[:1]}}",
        )
    said = _declared(finding, operation, "output_format")
    return (
        "formats = {image.format.lower() for image in opened}",
        f"assert formats == {{str(one).lower().replace('jpg', 'jpeg') for one in {said}[:1]}}",
    )


def _of_words(finding: Finding, operation: Operation) -> tuple[str, ...]:
    record = finding.record
    match finding.check:
        case "declares_what_was_asked":
            name = (finding.constraint or "").partition(".")[0]
            asked = str(known_value(name, str(record.shot.case.arguments.get(name))))
            said = _declared(finding, operation, name)
            return (f"assert [str(one) for one in {said}[:1]] == [{python_quoted(asked)}]",)
        case "charges_the_list_price":
            places = list(path_keys(operation.reply.charged))
            amount = f"{record.shot.price.amount:f}"
            return (f"assert [float(one) for one in found(content, {places})] == [{amount}]",)
        case "usage_adds_up":
            usage = (operation.stream and operation.stream.usage) or operation.reply.usage
            return _sums(finding, usage, _prefix(finding))
        case "reply_has_the_documented_fields":
            submitted = operation.job.submitted if operation.job else ()
            return (
                *(_field(field, "read(reply)") for field in submitted if _judged(field)),
                *(_field(field, "content") for field in operation.reply.fields if _judged(field)),
            )
        case "terminal_states_stay" if operation.job:
            again = f'read(ask("GET", {python_quoted(operation.job.poll_path)}.format(id=job[0])))'
            return (f"assert found({again}, STATE)[0] in {operation.job.done!r}",)
        case _:
            return ()


def _of_events(finding: Finding, operation: Operation) -> tuple[str, ...]:
    stream = operation.stream
    if stream is None:
        return ()
    named = "names = [name for name, _ in events(reply)]"
    partial, completed = python_quoted(stream.partial), python_quoted(stream.completed)
    match finding.check:
        case "sends_no_more_partials_than_asked":
            asked = finding.record.shot.case.arguments.get("partial_images")
            return (named, f"assert names.count({partial}) <= {asked!r}")
        case "the_completed_event_is_the_last":
            return (named, f"assert {partial} not in names[names.index({completed}) :]")
        case "partials_are_numbered_in_order":
            places = list(path_keys((stream.index,)))
            return (
                f"partials = [data for name, data in events(reply) if name == {partial}]",
                f"numbers = [found(data, {places})[0] for data in partials]",
                "assert numbers == list(range(len(partials)))",
            )
        case _:
            return ()


def _declared(finding: Finding, operation: Operation, name: str) -> str:
    streamed = operation.stream if _prefix(finding) else None
    places: Paths = getattr(streamed or operation.reply, name)
    return f"found(content, {[_prefix(finding) + one for one in path_keys(places)]})"


def _prefix(finding: Finding) -> str:
    """Return what stands before a place in the data of a stream's last events."""
    return "*." if finding.record.shot.case.arguments.get("stream") is True else ""


def _sums(finding: Finding, usage: UsagePaths | None, prefix: str) -> tuple[str, ...]:
    if usage is None:
        return ()
    into, out, total = (
        f"sum(found(content, {[prefix + one for one in path_keys((path,))]}))"
        for path in (usage.input, usage.output, usage.total)
    )
    found = [f"assert {into} + {out} == {total}"]
    for whole, parts in ((into, usage.input_parts), (out, usage.output_parts)):
        if parts is not None and "details" in finding.observed:
            added = " + ".join(
                f"sum(found(content, {[prefix + one]}))" for one in path_keys((parts,))
            )
            found.append(f"assert {added} == {whole}")
    return tuple(found)


def _judged(field: Field_) -> bool:
    return field.status == "documented"


def _field(field: Field_, where: str) -> str:
    kind = _KINDS[field.type]
    places = list(path_keys((field.path,)))
    told = python_quoted(f"missing or of another type: {', '.join(places)}")
    if len(places) == 1:
        return f"assert any(isinstance(one, {kind}) for one in found({where}, {places})), {told}"
    anywhere = f"for place in {places} for one in found({where}, [place])"
    return f"assert any(isinstance(one, {kind}) {anywhere}), {told}"
