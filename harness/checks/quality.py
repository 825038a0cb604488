"""Whether a served image was drawn in the quality asked for, by what its reply counts."""

from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from harness.checks.check import (
    Assertion,
    CheckInput,
    CheckResult,
    Reproduced,
    check,
    failed,
    passed,
    unclear,
)
from harness.checks.content import OPENED, PILLOW
from harness.core.outcome import Images
from harness.core.record import Record
from harness.spec.drawn.constant import STEADY, constant
from harness.spec.drawn.counting import counts_all, settled
from harness.spec.drawn.delivery import asked_model
from harness.spec.drawn.drawn import Drawn
from harness.spec.drawn.reading import reading
from harness.spec.model import Model
from harness.spec.provider import Provider


def _count_lines(again: Reproduced) -> tuple[str, ...]:
    """Hold the count against that of the asked quality at the pixels that come, by the formula.

    There are none for a model that has a table, and where partial images may be counted, too.
    """
    shown, sold = again.finding.record.outcome, again.provider.model
    model = sold and asked_model(sold, again.operation, again.arguments)
    quality = again.arguments.get("quality")
    levels = model.tokens.levels if model and model.tokens else {}
    shape = again.operation.stream if again.streamed else again.operation.reply
    usage = shape.usage if shape else None
    counted = shown.usage if isinstance(shown, Images) else None
    if usage is None or counted is None or again.arguments.get("partial_images"):
        return ()
    place = usage.image_output if "image_output" in counted.kinds else usage.output
    if place is None or not isinstance(quality, str) or quality not in levels:
        return ()
    found = f"[int(one) for one in found(content, {again.places((place,))})]"
    return (PILLOW, OPENED, *_formula(model, levels[quality]), f"assert {found} == [sum(tokens)]")


def _formula(model: Model | None, level: int) -> tuple[str, ...]:
    """Return the formula at a level as lines: `tokens` of each image that was `opened`."""
    if model is None or model.tokens is None:
        return ()
    added, per = model.tokens.added_pixels, model.tokens.pixels_per_token
    return (
        "edges = [sorted(image.size) for image in opened]",
        f"steps = [({2 * level} * short + long) // (2 * long) for short, long in edges]",
        f"pixels = [{added} + short * long for short, long in edges]",
        f"tokens = [-(-{level} * a * b // {per}) for a, b in zip(steps, pixels)]",
    )


@check(rank=110, assertion=Assertion(lines=_count_lines), usability=True, of_parameters=True)
def images_have_the_asked_quality(subject: CheckInput) -> tuple[CheckResult, ...]:
    """The tokens that a reply counts are those of the quality asked for, at the pixels that came.

    How many the model takes is arithmetic on its decoded pixels. It fails only where the count is
    another quality's, or makes up images of several, however it is read (for all images of a reply
    alone, where the provider's other replies count all of theirs); a count of no quality, one
    that stands still over other sizes, and one that the provider's own document shows for it decide
    nothing. Nor does a charge that differs: it may be another price. Where no quality was
    asked for, nothing is said, but for a reply whose count is at odds with what it says itself.
    """
    served = subject.served
    if served is None:
        return ()
    drawn = reading(subject.provider, subject.operation, subject.case.arguments, served)
    if drawn is None or (drawn.basis == "money" and not drawn.qualities):
        return ()
    drawn = settled(drawn, all_counted=subject.counts_all)
    about = subject.about("quality", "one_of")
    match drawn.agreement:
        case "unasked":
            return ()
        case _ if not subject.usage_moves:
            return unclear(f"{drawn.sentence}; {STEADY}", about)
        case "asked":
            return passed(drawn.sentence, about)
        case "other" | "mixed":
            return failed(drawn.sentence, about)
        case _:
            return unclear(drawn.sentence, about)


@dataclass(frozen=True, slots=True, kw_only=True)
class Usages:
    """What the replies of a run say together of how they count.

    `steady` are the records (provider and case) whose count is told for other pixels, too; `of_all`
    the operations (provider and name) whose replies count all images of several.
    """

    steady: frozenset[tuple[str, str]]
    of_all: frozenset[tuple[str, str]]


def usages(records: Iterable[Record], providers: Mapping[str, Provider]) -> Usages:
    """Return what the replies of a run say together of how they count."""
    read: defaultdict[tuple[str, str], dict[str, Drawn]] = defaultdict(dict)
    whole: defaultdict[str, dict[str, Drawn]] = defaultdict(dict)
    for record in records:
        case, provider = record.shot.case, providers[record.shot.case.provider]
        if not isinstance(record.outcome, Images):
            continue
        operation = provider.operation(case.operation)
        drawn = reading(provider, operation, case.arguments, record.outcome)
        if drawn is not None:
            read[case.provider, case.operation][case.id] = drawn
            whole[case.provider][case.id] = drawn
    still = {name: constant(drawn) for name, drawn in whole.items()}
    return Usages(
        steady=frozenset((name, case) for name, cases in still.items() for case in cases),
        of_all=frozenset(
            place
            for place, drawn in read.items()
            if counts_all(one for case, one in drawn.items() if case not in still[place[0]])
        ),
    )
