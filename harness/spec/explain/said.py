"""What the documents say of one request: rules it breaks, what they leave open, what is unknown.

`harness explain` prints it, and `harness judge` reads recorded requests by it: one word in both.
"""

from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass

from harness.core.jsonvalue import Json
from harness.core.reference import ReferenceImage
from harness.spec.evaluate import broken_when_sent
from harness.spec.expressions import Status
from harness.spec.provider import Argument, Constraint, Operation
from harness.spec.rules import Arguments, Rule
from harness.spec.rules.body import BODY

TOOL = "image_generation"
"""The tool of the Responses API that draws."""


@dataclass(frozen=True, slots=True, kw_only=True)
class RuleStatement:
    """One rule's objection or silence: what it says, where that is written, how sure it is.

    `about` is the constraint's id, or a parameter's name where its own place is in doubt. `cited`
    are the places one by one, each with the document's own words, empty where they are not quoted.
    """

    about: str
    says: str
    status: Status
    source: str
    note: str
    cited: tuple[tuple[str, str], ...] = ()

    @property
    def places(self) -> tuple[str, ...]:
        """Where it is written: a line for each place, `"the sentence": place`.

        One line with all places where no sentence is quoted.
        """
        if not any(words for _, words in self.cited):
            return (self.source,)
        return tuple(f'"{words}": {place}' if words else place for place, words in self.cited)


@dataclass(frozen=True, slots=True, kw_only=True)
class Said:
    """What the documents say of a request to one operation.

    `breaks` are documented rules that it breaks, `unsettled` those that it breaks or touches and
    that no document settles; `doubts` is all else that it uses and no document settles. `unknown`
    are its fields that no document names.
    """

    breaks: tuple[Constraint, ...] = ()
    unsettled: tuple[Constraint, ...] = ()
    doubts: tuple[RuleStatement, ...] = ()
    unknown: tuple[str, ...] = ()

    @property
    def open(self) -> tuple[RuleStatement, ...]:
        """Everything that no document settles, each once."""
        return tuple(dict.fromkeys((*map(statement, self.unsettled), *self.doubts)))


def said_of(
    operation: Operation,
    arguments: Arguments,
    *,
    unknown: Sequence[str] = (),
    odd: Collection[str] = (),
) -> Said:
    """Return what the documents say of a request in canonical arguments.

    `unknown` are its fields that no argument maps, `odd` what has another shape than documented
    (`harness.spec.request.Reading`).
    """
    mapped = {name: value for name, value in arguments.items() if name in operation.arguments}
    strange = [*(name for name in arguments if name not in mapped), *unknown]
    fields: dict[str, Json] = {BODY: dict.fromkeys(strange)} if strange else {}
    objections, unspecified = broken_when_sent(operation, {**mapped, **fields})
    judged = tuple(each for each in objections if operation.is_judged(each))
    return Said(
        breaks=judged,
        unsettled=(*(each for each in objections if each not in judged), *unspecified),
        doubts=(
            *_of_shape(operation, odd),
            *_uncertain(operation, mapped, besides=objections),
        ),
        unknown=tuple(strange),
    )


def statement(constraint: Constraint) -> RuleStatement:
    """Return what a rule asks, with its source."""
    return _cited(constraint.id, constraint.describe(), constraint.rule)


def _cited(about: str, says: str, written: Rule | Argument) -> RuleStatement:
    cited = [(str(written.source), written.quote)]
    if written.second_source is not None:
        cited.append((str(written.second_source), written.second_quote))
    return RuleStatement(
        about=about,
        says=says,
        status=written.status,
        source="; ".join(place for place, _ in cited),
        note=written.note,
        cited=tuple(cited),
    )


def _of_shape(operation: Operation, odd: Collection[str]) -> Iterator[RuleStatement]:
    """Yield what no document settles of a request as a whole, and of the shape that it has."""
    if operation.protocol == "responses":
        yield _silent(operation, TOOL, "an agent decides whether it draws: no image is promised")
    for name in odd:
        if name in operation.arguments:
            says = "one plain value is documented; of a list nothing is said"
            yield _cited(name, says, operation.arguments[name])
    if BODY in odd:
        named, other = ("a form", "JSON") if operation.body == "form" else ("JSON", "a form")
        yield _silent(operation, BODY, f"the documents want {named}; of {other} they say nothing")


def _silent(operation: Operation, about: str, says: str) -> RuleStatement:
    source = str(operation.source)
    return RuleStatement(
        about=about,
        says=says,
        status="undocumented",
        source=source,
        note="",
        cited=((source, operation.quote),),
    )


def _uncertain(
    operation: Operation, mapped: Arguments, *, besides: Sequence[Constraint]
) -> Iterator[RuleStatement]:
    """Yield what a request uses within the rules, and no document settles.

    That is a parameter whose own place is in doubt, and a value of a list of which only some stand
    in the document itself. A rule on which documents contradict each other is safe to keep.
    """
    objected = {beside.parameter for beside in besides}
    for name, value in mapped.items():
        argument = operation.arguments[name]
        if argument.status != "documented":
            yield _cited(name, "the parameter itself is in doubt", argument)
        if not _as_documented(operation, name, value):
            yield _cited(name, "files go there; what else would do is not said", argument)
    for constraint in operation.constraints:
        name, rule = constraint.parameter, constraint.rule
        if name not in mapped or operation.arguments[name].status != "documented":
            continue
        if name not in objected and (doubt := rule.doubt(mapped[name])):
            yield _cited(constraint.id, f"{constraint.describe()}; {doubt}", rule)


def _as_documented(operation: Operation, name: str, value: Json) -> bool:
    """Tell whether images are what an operation takes: files in a form; else addresses, too."""
    if operation.arguments[name].type not in ("images", "file"):
        return True
    inline = operation.arguments[name].encode != "address"
    kinds = (str,) if operation.body == "json" and not inline else ()
    entries = value if isinstance(value, list) else [value]
    return all(
        isinstance(entry, kinds) or ((image := ReferenceImage.of(entry)) and image.media_type)
        for entry in entries
    )
