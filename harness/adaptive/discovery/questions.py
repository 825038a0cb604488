"""Which questions one operation's documents leave open."""

from collections.abc import Callable

from harness.adaptive.discovery.fields import Fields
from harness.adaptive.discovery.limits import Ladder
from harness.adaptive.discovery.question import (
    SILENT,
    OperationHistory,
    ProbeRecord,
    ProbeResult,
    Question,
    QuestionResult,
    against_documents,
    is_open,
)
from harness.adaptive.discovery.sizes import open_size, size_questions
from harness.adaptive.discovery.values import Defaults, Members, Noted, Unit
from harness.cases import prompts
from harness.cases.values import allowed_values
from harness.core.jsonvalue import Json
from harness.spec.provider import Argument, Constraint, Operation
from harness.spec.rules import Count, OneOf, Range, Rule, Scalar

LONGEST_PROMPT = 200_000
MOST_REFERENCES = 32
MOST_IMAGES = 11
_OPENAI_CHARACTERS = 32_000
_PERCENT, _FEW = 100, 16

_ROUND = (
    *(256, 500, 512, 800, 1000, 1024, 1500, 2000, 2048, 2500, 3000, 4000, 4096, 5000, 6000, 8000),
    *(8192, 10_000, 12_000, 15_000, 16_000, 16_384, 20_000, 25_000, 30_000, 32_000, 32_768),
    *(40_000, 50_000, 64_000, 65_535, 65_536, 100_000, 128_000, 131_072, 150_000, LONGEST_PROMPT),
)
_ELSEWHERE: dict[str, tuple[Scalar, ...]] = {
    "size": ("auto",),
    "quality": ("auto", "standard", "hd", "xhigh"),
    "output_format": ("avif",),
    "background": ("transparent",),
    "moderation": ("auto", "low"),
    "response_format": ("url", "b64_json"),
    "input_fidelity": ("high", "low"),
    "aspect_ratio": ("16:9", "auto"),
}
"""Values that OpenAI's schema or another reseller knows."""


def stages(history: OperationHistory) -> tuple[tuple[Question, ...], ...]:
    """Return the open questions of one operation; a stage waits until the one before has ended.

    Limits come first, for each of their probes covers many values; what costs nothing is last.
    """
    operation = history.operation
    limits: list[Question] = [Fields(), *_limits(operation, history)]
    if (size := operation.arguments.get("size")) is not None and open_size(size):
        limits += size_questions(size)
    lists: list[Question] = [
        Members(parameter=name, elsewhere=values)
        for name, values in _ELSEWHERE.items()
        if name in operation.arguments and _open_list(operation.arguments[name])
    ]
    names = {question.name for question in (*limits, *lists)}
    free: list[Question] = [Defaults()]
    free += [
        Noted(constraint=constraint)
        for constraint in operation.constraints
        if constraint.id not in names
    ]
    return tuple(limits), tuple(lists), tuple(free)


def questions(history: OperationHistory) -> tuple[Question, ...]:
    """Return all the open questions of one operation."""
    return tuple(question for stage in stages(history) for question in stage)


def _open_list(argument: Argument) -> bool:
    if argument.absent is not None:
        return False
    if argument.one_of is None and argument.format is not None and argument.format.words:
        return argument.status != "documented"
    return is_open(argument, argument.one_of)


def _limits(operation: Operation, history: OperationHistory) -> list[Question]:
    limits: list[Question] = []
    for name, argument in operation.arguments.items():
        if name == "prompt" and is_open(argument, argument.max_length):
            ladder = _prompt(argument, len(str(history.base.get(name, ""))))
            limits += [ladder, Unit(limit=ladder)]
        elif argument.type == "images" and is_open(argument, argument.count):
            base = history.base.get(name)
            least = len(base) if isinstance(base, list) else 0
            limits.append(_references(name, argument, operation, least))
        elif name == "n" and _open_number(argument):
            limits.append(_number(argument))
    return limits


def _open_number(argument: Argument) -> bool:
    sure = (rule for rule in (argument.range, argument.one_of) if rule is not None)
    return argument.status != "documented" or all(rule.status != "documented" for rule in sure)


def _compared(
    rule: Rule | None, most: int | None, noun: str
) -> Callable[[int, int | None], QuestionResult]:
    """Return how a bracket compares with the most that a rule allows."""

    def documents(low: int, high: int | None) -> QuestionResult:
        if rule is None or most is None:
            return SILENT
        agrees = low <= most and (high is None or high > most)
        return against_documents(rule, f"{most:,} {noun}{'' if most == 1 else 's'}", agrees=agrees)

    return documents


def _prompt(argument: Argument, base: int) -> Ladder:
    rule = argument.max_length
    most = rule.characters if rule else None

    def index(text: Json, word: ProbeResult) -> int | None:
        """Return a text's length; one beyond ASCII may be too long in another unit."""
        counts = isinstance(text, str) and (word == "served" or text.isascii())
        return len(text) if counts and isinstance(text, str) else None

    return Ladder(
        parameter="prompt",
        rule="max_length",
        question="the longest prompt",
        unit="characters",
        value=prompts.plain_prompt,
        index=index,
        floor=base,
        top=LONGEST_PROMPT,
        hint=_OPENAI_CHARACTERS if most is None else most,
        marks=_ROUND,
        near=lambda low, high: high - low <= max(_FEW, low // _PERCENT),
        documents=_compared(rule, most, "character"),
    )


def _references(name: str, argument: Argument, operation: Operation, least: int) -> Ladder:
    rule = argument.count

    def several(number: int) -> Json:
        wanted = Count(source=argument.source, min=number, max=number)
        constraint = Constraint(id=f"{name}.count", parameter=name, rule=wanted)
        return allowed_values(constraint, operation)[0].value

    return Ladder(
        parameter=name,
        rule="count",
        question="the most reference images",
        unit="images",
        value=several,
        index=lambda images, _: len(images) if isinstance(images, list) else None,
        floor=least,
        top=MOST_REFERENCES,
        hint=rule.max if rule else None,
        marks=(4, 8, 10, 14, 16),
        documents=_compared(rule, rule.max if rule else None, "image"),
    )


def _number(argument: Argument) -> Ladder:
    rule: Range | OneOf | None = argument.range or argument.one_of
    values = argument.one_of.values if argument.one_of else ()
    listed = max((number for number in values if isinstance(number, int)), default=None)
    bound = argument.range.max if argument.range else listed
    most = None if bound is None else int(bound)

    def honoured(probe: ProbeRecord) -> bool:
        number_ = probe.arguments.get("n")
        return not isinstance(number_, int) or len(probe.pictures) >= number_

    return Ladder(
        parameter="n",
        rule="range",
        question="the most images of one request",
        unit="images",
        value=lambda number: number,
        index=lambda number, _: number if isinstance(number, int) and number > 0 else None,
        floor=1,
        top=MOST_IMAGES,
        hint=1 if most is None else most,
        marks=(4, 10),
        honoured=honoured,
        images=lambda number: number,
        documents=_compared(rule, most, "image"),
    )
