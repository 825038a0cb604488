"""Whether a served image was drawn in the quality asked for, by what its reply counts."""

from array import array
from collections import defaultdict
from collections.abc import Mapping

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
from harness.spec.drawn.constant import STEADY, Counted, counted, still
from harness.spec.drawn.counting import all_counted, settled
from harness.spec.drawn.delivery import asked_model
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


class Usages:
    """What the replies of a run say together of how they count.

    Records are added in their order, then it is at its `end`; of each one 5 bytes are held.
    `of_all` are the operations (provider and name) whose replies count all images of several.
    """

    def __init__(self, providers: Mapping[str, Provider]) -> None:
        self._providers = providers
        self._read = array("L")
        self._kinds: dict[tuple[str, str, Counted, str | None], int] = {}
        self._steady: frozenset[int] = frozenset()
        self.of_all: frozenset[tuple[str, str]] = frozenset()

    def add(self, record: Record) -> None:
        """Take the next record of the run."""
        self._read.append(self._kind(record))

    def _kind(self, record: Record) -> int:
        """Return the number of how a reply counts, the same where another one counts alike."""
        if not isinstance(record.outcome, Images):
            return 0
        case, provider = record.shot.case, self._providers[record.shot.case.provider]
        operation = provider.operation(case.operation)
        drawn = reading(provider, operation, case.arguments, record.outcome)
        if drawn is None:
            return 0
        kind = (case.provider, case.operation, counted(drawn), drawn.counting)
        return self._kinds.setdefault(kind, len(self._kinds) + 1)

    def end(self) -> None:
        """Tell what all replies of a provider say."""
        by_provider: defaultdict[str, dict[int, Counted]] = defaultdict(dict)
        for (provider, _, told, _), number in self._kinds.items():
            by_provider[provider][number] = told
        self._steady = frozenset(
            number for kinds in by_provider.values() for number in still(kinds)
        )
        ways: defaultdict[tuple[str, str], set[str | None]] = defaultdict(set)
        for (provider, operation, _, way), number in self._kinds.items():
            if number not in self._steady:
                ways[provider, operation].add(way)
        self.of_all = frozenset(place for place, told in ways.items() if all_counted(told))

    def is_steady(self, place: int) -> bool:
        """Tell whether the count of the record at a place is told for other pixels, too."""
        return self._read[place] in self._steady
