"""Rules about an argument being there at all."""

from harness.core.jsonvalue import Json
from harness.spec.rules.base import Choices, Context, Evaluation, Positive, Rule, choice

_EMPTY = "undocumented: whether an empty text counts as given is not said"


class Required(Rule):
    """The argument must be there."""

    presence = "required"
    phrase = "is required"
    keywords = {}  # `required` stands beside the value
    none_allowed = "every valid request has the argument"

    def evaluate(self, value: Json, other: Json) -> Evaluation:
        return "satisfied"

    def forbidden(self, context: Context) -> Choices:
        return (choice("", slug="empty", why=_EMPTY),) if context.name == "prompt" else ()

    def doubt(self, value: Json) -> str:
        blank = isinstance(value, str) and not value.strip()
        return "whether an empty text counts is not said" if blank else ""


class Absent(Rule):
    """The argument must not be there."""

    presence = "forbidden"
    type_rank = 5
    phrase = "must be left out"
    keywords = {"not": {}}
    none_allowed = "every request without the argument keeps it"

    def evaluate(self, value: Json, other: Json) -> Evaluation:
        return "violated"

    def forbidden(self, context: Context) -> Choices:
        return tuple(map(choice, context.foreign_values))


class KeyRule(Rule):
    """A request without a valid key is refused.

    `refused_with` are the HTTP statuses that the documents show for that; none where they show
    none.
    """

    presence = "required"
    phrase = "is required: a request without a valid key is refused"
    refused_with: tuple[Positive, ...] = ()
    """The HTTP statuses that the documents show for a wrong or missing key:
    `refused_with = [401, 403]`."""

    def evaluate(self, value: Json, other: Json) -> Evaluation:
        return "satisfied"
