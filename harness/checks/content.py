"""Claims about what a served reply holds: its fields, its images, its numbers.

A request that the documents leave open may keep these claims but never break them: there is no
promise to break. Missing bytes (a recording that left them out) are never held against anybody.
"""

from collections.abc import Callable, Iterator

from harness.checks.check import CheckInput, CheckResult, failed, passed, skipped, unclear
from harness.checks.spelling import dimensions, known_value, means_something, media_format
from harness.core.exchange import Picture
from harness.core.outcome import Images, Usage
from harness.spec import price
from harness.spec.rules import edges

RATIO_TOLERANCE = 0.05
"""The pixels behind an aspect ratio are not documented; multiples of 16 move it by about 1 %."""


def reply_has_the_documented_fields(subject: CheckInput) -> tuple[CheckResult, ...]:
    """A served reply holds every field that the documents show."""
    served = _served(subject)
    if served is None:
        return ()
    if served.missing:
        return failed(f"missing or of another type: {', '.join(served.missing)}")
    return passed("every documented field is there")


def serves_as_many_images_as_asked(subject: CheckInput) -> tuple[CheckResult, ...]:
    """As many images come as were asked for."""
    served = _served(subject)
    if served is None:
        return ()
    if served.missing and not served.pictures:
        return skipped("the reply lacks a documented field")
    arguments, operation = subject.record.shot.case.arguments, subject.operation
    came = len(served.pictures)
    about = _about(subject, "n", "range", "one_of")
    if not came and subject.operation.protocol == "responses":
        return unclear("the agent answered without drawing anything")
    if "n" not in arguments and operation.default("n") is None:
        # No number was asked for and none is documented: one image is the least that serves.
        return passed(f"{came}, no number asked") if came else failed("served no image", about)
    asked = price.images_asked(arguments)
    if came == asked:
        return passed(f"{came} of {asked}", about)
    return failed(f"asked for {asked} images, got {came}", about)


def images_decode(subject: CheckInput) -> tuple[CheckResult, ...]:
    """Every image is whole and can be decoded."""
    served = _served(subject)
    if served is None or not served.pictures:
        return ()
    broken = [picture for picture in served.pictures if picture.state == "undecodable"]
    if broken:
        return failed(f"{len(broken)} of {len(served.pictures)} do not decode: {broken[0].why}")
    absent = [picture for picture in served.pictures if picture.state == "absent"]
    if absent:
        return unclear(absent[0].why)
    return passed(f"{len(served.pictures)} decoded")


def images_have_the_asked_format(subject: CheckInput) -> tuple[CheckResult, ...]:
    """The decoded format is the one asked for, or the documented default."""
    wanted = subject.record.shot.case.arguments.get("output_format")
    wanted = wanted or subject.operation.reply.default_format
    about = _about(subject, "output_format", "one_of")
    return _compare(
        subject,
        media_format(wanted) if isinstance(wanted, str) else None,
        _format,
        "format",
        about,
    )


def images_have_the_asked_dimensions(subject: CheckInput) -> tuple[CheckResult, ...]:
    """The decoded dimensions are those asked for."""
    arguments, operation = subject.record.shot.case.arguments, subject.operation
    asked = arguments.get("size", operation.default("size"))
    size = edges(asked)
    return _compare(
        subject,
        f"{size[0]}x{size[1]}" if size else None,
        _dimensions,
        "dimensions",
        _about(subject, "size", "format", "one_of"),
    )


def images_have_the_asked_aspect_ratio(subject: CheckInput) -> tuple[CheckResult, ...]:
    """The decoded image has the aspect ratio asked for, within 5 %."""
    served = _served(subject)
    arguments, operation = subject.record.shot.case.arguments, subject.operation
    asked = arguments.get("aspect_ratio", operation.default("aspect_ratio"))
    wide, colon, high = str(asked).partition(":")
    if served is None or not (colon and wide.isdigit() and high.isdigit() and int(high)):
        return ()
    wanted = int(wide) / int(high)
    about = _about(subject, "aspect_ratio", "one_of")
    decoded = [picture for picture in served.pictures if picture.state == "decoded"]
    for picture in decoded:
        real = (picture.width_px or 1) / (picture.height_px or 1)
        if abs(real / wanted - 1) > RATIO_TOLERANCE:
            return failed(f"asked for {asked}, decoded {_dimensions(picture)}", about)
    return passed(f"{asked}: {_dimensions(decoded[0])}", about) if decoded else ()


def declares_what_was_asked(subject: CheckInput) -> tuple[CheckResult, ...]:
    """Size, format and quality that a reply declares are those asked for."""
    served = _served(subject)
    if served is None:
        return ()
    declared = served.declared
    words: list[CheckResult] = []
    for name, said in (
        ("size", declared.size),
        ("output_format", declared.output_format),
        ("quality", declared.quality),
    ):
        asked = subject.record.shot.case.arguments.get(name)
        if not isinstance(asked, str) or asked == "auto" or said is None:
            continue
        words += _declared(subject, name, asked, said)
    return tuple(words)


def _declared(subject: CheckInput, name: str, asked: str, said: str) -> tuple[CheckResult, ...]:
    about = _about(subject, name, "one_of", "format")
    argument = subject.operation.arguments.get(name)
    if known_value(name, said) == known_value(name, asked):
        return passed(f"{name} {said}", about)
    told = f"asked for {name} {asked}, the reply declares {said}"
    if not means_something(name, known_value(name, said), argument):
        return unclear(f"{told}, which no document explains", about)
    return failed(told, about)


def images_match_their_declaration(subject: CheckInput) -> tuple[CheckResult, ...]:
    """Where the request leaves it open, the image is what the reply says it is."""
    served = _served(subject)
    if served is None:
        return ()
    arguments = subject.record.shot.case.arguments
    words: list[CheckResult] = []
    size = edges(dimensions(served.declared.size or ""))
    if edges(arguments.get("size")) is None and size is not None:
        about = _about(subject, "size", "format", "one_of")
        words += _compare(subject, f"{size[0]}x{size[1]}", _dimensions, "declared size", about)
    if "output_format" not in arguments and served.declared.output_format:
        said = media_format(served.declared.output_format)
        about = _about(subject, "output_format", "one_of")
        words += _compare(subject, said, _format, "declared format", about)
    return tuple(words)


def usage_adds_up(subject: CheckInput) -> tuple[CheckResult, ...]:
    """Tokens in and out add up to the total, and their details to each of them."""
    served = _served(subject)
    usage = served.usage if served else None
    if usage is None:
        return ()
    wrong = next(_wrong_sums(usage), None)
    return failed(wrong) if wrong else passed(f"{usage.input} + {usage.output} = {usage.total}")


def _wrong_sums(usage: Usage) -> Iterator[str]:
    if (
        usage.input is not None
        and usage.output is not None
        and usage.total is not None
        and usage.input + usage.output != usage.total
    ):
        yield f"{usage.input} + {usage.output} is not the declared total {usage.total}"
    for name, whole, parts in (
        ("input", usage.input, usage.input_parts),
        ("output", usage.output, usage.output_parts),
    ):
        if whole is None or not parts:
            continue
        # One detail alone (the other left out) may be a part; it may not be more than the whole.
        if sum(parts) > whole or (len(parts) > 1 and sum(parts) != whole):
            yield f"{name} details {' + '.join(map(str, parts))} are not {whole}"


def charges_the_list_price(subject: CheckInput) -> tuple[CheckResult, ...]:
    """What a reply says it cost is what the price list asks."""
    served = _served(subject)
    if served is None or served.charged is None:
        return ()
    case, listed = subject.record.shot.case, subject.record.shot.price
    said = f"charged {served.charged} {listed.unit}, listed {listed.amount}"
    status = price.price_status(subject.provider, subject.operation, case.arguments)
    if status != "documented":
        return skipped(f"{said} (the listed price is {status})")
    if case.expect == "observe":
        return skipped(said)
    if served.charged == listed.amount:
        return passed(said)
    return failed(said)


def _served(subject: CheckInput) -> Images | None:
    """Return a served outcome that these claims may be held against."""
    wrongly = subject.record.shot.case.expect == "refuse"
    return subject.outcome if isinstance(subject.outcome, Images) and not wrongly else None


def _compare(
    subject: CheckInput,
    wanted: str | None,
    real: Callable[[Picture], str],
    noun: str,
    about: str | None,
) -> tuple[CheckResult, ...]:
    served = _served(subject)
    if served is None or wanted is None:
        return ()
    decoded = [picture for picture in served.pictures if picture.state == "decoded"]
    for picture in decoded:
        found = real(picture)
        if found != wanted:
            return failed(f"{noun} {wanted} wanted, decoded {found}", about)
    return passed(f"{noun} {wanted}", about) if decoded else ()


def _format(picture: Picture) -> str:
    return media_format(picture.format)


def _dimensions(picture: Picture) -> str:
    return f"{picture.width_px}x{picture.height_px}"


def _about(subject: CheckInput, parameter: str, *rules: str) -> str | None:
    """Return the id of the first of these rules that the operation has for a parameter."""
    ids = [f"{parameter}.{rule}" for rule in rules]
    return next((one for one in ids if subject.operation.constraint(one) is not None), None)
