"""Claims about what a served reply holds: its fields, its images, its numbers.

A request that the documents leave open may keep these claims but never break them: there is no
promise to break. Missing bytes (a recording that left them out) are never held against anybody.
"""

import re
from collections.abc import Callable, Iterable, Iterator

from harness.checks.background import contradiction
from harness.checks.check import (
    Assertion,
    CheckInput,
    CheckResult,
    Reproduced,
    check,
    failed,
    passed,
    quoted,
    skipped,
    unclear,
)
from harness.checks.gaps import left_out, unread_image, unread_result
from harness.checks.naming import (
    BACKGROUNDS,
    dimensions,
    known_value,
    means_something,
    media_format,
)
from harness.core.exchange import Picture
from harness.core.outcome import Images, Usage
from harness.spec import price
from harness.spec.jsonpath import keys
from harness.spec.lifecycle import Field_, declared_places
from harness.spec.provider import Operation
from harness.spec.rules import edges
from harness.spec.rules.lattice import text
from harness.wire.images import lacking

_EDGE = re.compile("0{0,3}[1-9][0-9]{0,5}")
RATIO_TOLERANCE = 0.05
"""The pixels behind an aspect ratio are not documented; multiples of 16 move it by about 1 %."""
RATIO_ROUNDED = 0.10
"""As far as grids of pixels move a ratio, where the list has none that is nearer."""

_KINDS = {"string": "str", "integer": "int", "array": "list", "object": "dict", "strings": "str"}
PILLOW = 'Image = pytest.importorskip("PIL.Image")'
OPENED = "opened = [Image.open(io.BytesIO(raw)) for raw in images]"
"""Lines of a ready test that has Pillow decode its images."""


def _field_lines(again: Reproduced) -> tuple[str, ...]:
    job = again.operation.job
    fields = [("read(reply)", field) for field in (job.submitted if job else ())]
    fields += [("content", field) for field in again.operation.reply.fields]
    return tuple(_field_line(field, at) for at, field in fields if field.status == "documented")


def _field_line(field: Field_, at: str) -> str:
    kind, places = _KINDS[field.type], list(keys((field.path,)))
    message = quoted(f"missing or of another type: {', '.join(places)}")
    if len(places) == 1:
        return f"assert any(isinstance(one, {kind}) for one in found({at}, {places})), {message}"
    anywhere = f"for place in {places} for one in found({at}, [place])"
    return f"assert any(isinstance(one, {kind}) {anywhere}), {message}"


@check(rank=50, assertion=Assertion(lines=_field_lines))
def reply_has_the_documented_fields(subject: CheckInput) -> tuple[CheckResult, ...]:
    """A served reply holds every field that the documents show."""
    served = subject.served
    if served is None:
        return ()
    if served.missing and (gap := unread_result(subject)):
        return unclear(gap)
    filtered = left_out(subject, served)
    missing = tuple(name for name in served.missing if name not in filtered)
    if missing:
        fields = subject.operation.reply.fields
        return failed("; ".join(lacking(fields, served.document, missing)))
    if filtered:
        return unclear(f"the recording holds something else at {', '.join(filtered)}")
    return passed("every documented field is there")


def _count_lines(again: Reproduced) -> tuple[str, ...]:
    return (f"assert len(images) == {price.images_asked(again.operation, again.arguments)}",)


@check(rank=60, assertion=Assertion(lines=_count_lines), usability=True)
def serves_as_many_images_as_asked(subject: CheckInput) -> tuple[CheckResult, ...]:
    """As many images come as were asked for."""
    served = subject.served
    if served is None:
        return ()
    if served.missing and not served.pictures:
        return skipped("the reply lacks a documented field")
    arguments, operation = subject.arguments, subject.operation
    received = len(served.pictures)
    about = subject.about("n", "range", "one_of")
    if not received and subject.operation.protocol == "responses":
        return unclear("the agent answered without drawing anything")
    asked = price.images_asked(operation, arguments)
    if served.found_at:
        return unclear("; ".join(served.found_at), about)
    if received < asked and (gap := unread_image(subject) or unread_result(subject)):
        return unclear(gap, about)
    if "n" not in arguments and operation.default("n") is None:
        # No number was asked for and none is documented: one image is the least that serves.
        why = f"{received}, no number asked"
        return passed(why) if received else failed("served no image", about)
    if received == asked:
        return passed(f"{received} of {asked}", about)
    noun = "image" if asked == 1 else "images"
    return failed(f"asked for {asked} {noun}, got {received}", about)


def _decode_lines(_: Reproduced) -> tuple[str, ...]:
    return (PILLOW, "for raw in images:", "    Image.open(io.BytesIO(raw)).load()")


@check(rank=70, assertion=Assertion(lines=_decode_lines), usability=True)
def images_decode(subject: CheckInput) -> tuple[CheckResult, ...]:
    """Every image is whole and can be decoded."""
    served = subject.served
    if served is None or not served.pictures:
        return ()
    broken = [picture for picture in served.pictures if picture.state == "undecodable"]
    if broken and all(picture.only_recognised for picture in broken):
        return unclear(broken[0].why)
    if broken:
        return failed(f"{len(broken)} of {len(served.pictures)} do not decode: {broken[0].why}")
    absent = [picture for picture in served.pictures if picture.state == "absent"]
    if absent:
        return unclear(absent[0].why)
    return passed(f"{len(served.pictures)} decoded")


def _format_lines(again: Reproduced) -> tuple[str, ...]:
    wanted = again.arguments.get("output_format") or again.operation.reply.default_format
    formats = "{image.format.lower() for image in opened}"
    return (PILLOW, OPENED, f"assert {formats} == {{{quoted(media_format(str(wanted)))}}}")


@check(rank=80, assertion=Assertion(lines=_format_lines), usability=True, of_parameters=True)
def images_have_the_asked_format(subject: CheckInput) -> tuple[CheckResult, ...]:
    """The decoded format is the one asked for, or the documented default."""
    wanted = subject.arguments.get("output_format")
    wanted = wanted or subject.operation.reply.default_format
    about = subject.about("output_format", "one_of")
    wanted = media_format(wanted) if isinstance(wanted, str) else None
    return _compare(subject, wanted, _format, "format", about)


def _dimension_lines(again: Reproduced) -> tuple[str, ...]:
    size = again.operation.size_px(again.arguments)
    return (PILLOW, OPENED, f"assert {{image.size for image in opened}} == {{{size}}}")


@check(rank=90, assertion=Assertion(lines=_dimension_lines), usability=True, of_parameters=True)
def images_have_the_asked_dimensions(subject: CheckInput) -> tuple[CheckResult, ...]:
    """The decoded dimensions are those asked for."""
    size = subject.operation.size_px(subject.arguments)
    wanted, about = size and text(size), subject.about("size", "format", "one_of")
    return _compare(subject, wanted, _dimensions, "dimensions", about)


def _ratio_lines(again: Reproduced) -> tuple[str, ...]:
    requested = str(again.arguments.get("aspect_ratio", again.operation.default("aspect_ratio")))
    listed = ", ".join(text.replace(":", " / ") for text in _listed_ratios(again.operation))
    return (
        PILLOW,
        OPENED,
        f"listed, wanted = [{listed}], {requested.replace(':', ' / ')}",
        "for image in opened:",
        "    ratio = image.width / image.height",
        "    off = {each: abs(ratio / each - 1) for each in {wanted, *listed}}",
        f"    nearest = off[wanted] <= {RATIO_ROUNDED} and off[wanted] == min(off.values())",
        f"    assert off[wanted] <= {RATIO_TOLERANCE} or nearest",
    )


def _listed_ratios(operation: Operation) -> tuple[str, ...]:
    argument = operation.arguments.get("aspect_ratio")
    values = argument.one_of.values if argument and argument.one_of else ()
    return tuple(text for text in map(str, values) if _ratio(text) is not None)


def _ratio(text: str) -> float | None:
    wide, colon, high = text.partition(":")
    fits = colon and _EDGE.fullmatch(wide) and _EDGE.fullmatch(high)
    return int(wide) / int(high) if fits else None


def _is_of(picture: Picture, wanted: float, others: Iterable[float | None]) -> bool:
    """Tell whether an image may be one of that ratio.

    Makers draw on grids: Imagen's documented 3:4 has 896x1280 pixels, 7 % off. As far as that may
    be where no other ratio of the list is nearer.
    """
    real = (picture.width_px or 1) / (picture.height_px or 1)
    off = abs(real / wanted - 1)
    if off <= RATIO_TOLERANCE:
        return True
    return off <= RATIO_ROUNDED and all(off <= abs(real / each - 1) for each in others if each)


@check(rank=100, assertion=Assertion(lines=_ratio_lines), usability=True, of_parameters=True)
def images_have_the_asked_aspect_ratio(subject: CheckInput) -> tuple[CheckResult, ...]:
    """The decoded image has the aspect ratio asked for.

    Within 5 %, or within 10 % where no other ratio of the list is nearer.
    """
    served = subject.served
    arguments, operation = subject.arguments, subject.operation
    requested = arguments.get("aspect_ratio", operation.default("aspect_ratio"))
    wanted = _ratio(str(requested))
    if served is None or wanted is None:
        return ()
    others = [*map(_ratio, _listed_ratios(operation))]
    about = subject.about("aspect_ratio", "one_of")
    decoded = [picture for picture in served.pictures if picture.state == "decoded"]
    for picture in decoded:
        if not _is_of(picture, wanted, others):
            return failed(f"asked for {requested}, decoded {_dimensions(picture)}", about)
    return passed(f"{requested}: {_dimensions(decoded[0])}", about) if decoded else ()


def _declared_lines(again: Reproduced) -> tuple[str, ...]:
    name = (again.finding.constraint or "").partition(".")[0]
    requested = str(known_value(name, str(again.arguments.get(name))))
    return (f"assert [str(one) for one in {_found(again, name)}[:1]] == [{quoted(requested)}]",)


def _found(again: Reproduced, name: str) -> str:
    """Return the expression that reads what a reply declares."""
    shape = (again.operation.stream if again.streamed else None) or again.operation.reply
    return f"found(content, {again.places(declared_places(shape, name))})"


@check(rank=120, assertion=Assertion(lines=_declared_lines), of_parameters=True)
def declares_what_was_asked(subject: CheckInput) -> tuple[CheckResult, ...]:
    """What a reply declares of the arguments is what was asked for.

    That is size, format and quality, and any word of a documented list that it repeats beside them.
    """
    served = subject.served
    if served is None:
        return ()
    results: list[CheckResult] = []
    for name in ("size", "output_format", "quality", *served.declared.others):
        requested = subject.arguments.get(name)
        declared = served.declared.word(name)
        if isinstance(requested, str) and requested != "auto" and declared is not None:
            results += _declared(subject, name, requested, declared)
    return tuple(results)


def _declared(
    subject: CheckInput, name: str, requested: str, declared: str
) -> tuple[CheckResult, ...]:
    about = subject.about(name, "one_of", "format")
    if known_value(name, declared) == known_value(name, requested):
        return passed(f"{name} {declared}", about)
    message = f"asked for {name} {requested}, the reply declares {declared}"
    argument = subject.operation.arguments.get(name)
    if not means_something(name, known_value(name, declared), argument):
        return unclear(f"{message}, which no document explains", about)
    return failed(message, about)


def _match_lines(again: Reproduced) -> tuple[str, ...]:
    if (again.finding.constraint or "").startswith("size"):
        return (
            PILLOW,
            OPENED,
            "sizes = {f'{image.width}x{image.height}' for image in opened}",
            f"assert sizes == {{str(one) for one in {_found(again, 'size')}[:1]}}",
        )
    if (again.finding.constraint or "").startswith("background"):
        return ()  # the reply's word decides which of two claims it is
    formats = f"str(one).lower().replace('jpg', 'jpeg') for one in {_found(again, 'output_format')}"
    return (
        PILLOW,
        OPENED,
        "formats = {image.format.lower() for image in opened}",
        f"assert formats == {{{formats}[:1]}}",
    )


@check(rank=130, assertion=Assertion(lines=_match_lines), of_parameters=True)
def images_match_their_declaration(subject: CheckInput) -> tuple[CheckResult, ...]:
    """Where the request leaves it open, the image is what the reply says it is."""
    served = subject.served
    if served is None:
        return ()
    arguments = subject.arguments
    results: list[CheckResult] = []
    size = edges(dimensions(served.declared.size or ""))
    if edges(arguments.get("size")) is None and size is not None:
        about = subject.about("size", "format", "one_of")
        results += _compare(subject, text(size), _dimensions, "declared size", about)
    if "output_format" not in arguments and served.declared.output_format:
        declared_format = media_format(served.declared.output_format)
        about = subject.about("output_format", "one_of")
        results += _compare(subject, declared_format, _format, "declared format", about)
    return (*results, *_declared_background(subject, served))


def _declared_background(subject: CheckInput, served: Images) -> tuple[CheckResult, ...]:
    """Hold pixels against the ground that a reply declares, where the request left it open."""
    declared = known_value("background", served.declared.word("background") or "")
    requested = subject.arguments.get("background")
    decoded = [picture for picture in served.pictures if picture.state == "decoded"]
    if requested in BACKGROUNDS or declared not in BACKGROUNDS or not decoded:
        return ()
    about = subject.about("background", "one_of", "format")
    if wrong := contradiction(declared, decoded):
        return failed(f"the reply declares background {declared}, {wrong}", about)
    if declared == "transparent" and any(one.alpha_kind == "opaque" for one in decoded):
        return unclear("declared transparent, and no pixel of the image is clear", about)
    known = all(picture.alpha_kind for picture in decoded)
    return passed(f"declared background {declared}", about) if known else ()


def _sum_lines(again: Reproduced) -> tuple[str, ...]:
    operation = again.operation
    usage = (operation.stream and operation.stream.usage) or operation.reply.usage
    if usage is None or usage.input is None or usage.output is None or usage.total is None:
        return ()
    into, out, total = (
        f"sum(found(content, {again.places((path,))}))"
        for path in (usage.input, usage.output, usage.total)
    )
    lines = [f"assert {into} + {out} == {total}"]
    for whole, parts in ((into, usage.input_parts), (out, usage.output_parts)):
        if parts is not None and "details" in again.finding.observed:
            places = again.places((parts,))
            added = " + ".join(f"sum(found(content, {[place]}))" for place in places)
            lines.append(f"assert {added} == {whole}")
    return tuple(lines)


@check(rank=140, assertion=Assertion(lines=_sum_lines))
def usage_adds_up(subject: CheckInput) -> tuple[CheckResult, ...]:
    """Tokens in and out add up to the total, and their details to each of them."""
    served = subject.served
    usage = served.usage if served else None
    if usage is None or {usage.input, usage.output, usage.total} == {None}:
        return ()
    wrong = next(_wrong_sums(usage), None)
    return failed(wrong) if wrong else passed(f"{usage.input} + {usage.output} = {usage.total}")


def _wrong_sums(usage: Usage) -> Iterator[str]:
    into, out, total = usage.input, usage.output, usage.total
    if None not in (into, out, total) and (into or 0) + (out or 0) != total:
        yield f"{into} + {out} is not the declared total {total}"
    for name, whole, parts in (
        ("input", usage.input, usage.input_parts),
        ("output", usage.output, usage.output_parts),
    ):
        if whole is None or not parts:
            continue
        # One detail alone (the other left out) may be a part; it may not be more than the whole.
        if sum(parts) > whole or (len(parts) > 1 and sum(parts) != whole):
            yield f"{name} details {' + '.join(map(str, parts))} are not {whole}"


def _compare(
    subject: CheckInput,
    wanted: str | None,
    real: Callable[[Picture], str],
    noun: str,
    about: str | None,
) -> tuple[CheckResult, ...]:
    served = subject.served
    if served is None or wanted is None:
        return ()
    decoded = [picture for picture in served.pictures if picture.state == "decoded"]
    if noun.endswith("format"):  # which the first bytes of an image tell, too
        decoded += [picture for picture in served.pictures if picture.only_recognised]
    for picture in decoded:
        decoded_text = real(picture)
        if decoded_text != wanted:
            got = "received" if picture.only_recognised else "decoded"
            return failed(f"{noun} {wanted} wanted, {got} {decoded_text}", about)
    return passed(f"{noun} {wanted}", about) if decoded else ()


def _format(picture: Picture) -> str:
    return media_format(picture.format)


def _dimensions(picture: Picture) -> str:
    return f"{picture.width_px}x{picture.height_px}"
