"""The rule about a request's body as a whole: fields that no document names."""

from collections.abc import Mapping

from harness.core.jsonvalue import Json
from harness.spec.rules.base import Evaluation, Rule

BODY = "body"
"""What stands for the parameter of such a rule. As an argument it holds the unknown fields of a
request: each one's place in the body, and what is in it."""


class UnknownFields(Rule):
    """A request with a field that the documents do not name is refused.

    `at` is the object whose fields are meant, as a place in the JSON body; without it, it is the
    body itself, or the form.
    """

    at: str = ""
    """The object whose fields are meant, as a place in the JSON body; without it, the body itself:
    `at = "input"`."""

    presence = "forbidden"
    phrase = "holds no unknown field"
    keywords = {}  # `additionalProperties` of the whole object says it
    none_allowed = "every request without an unknown field keeps it"

    def evaluate(self, value: Json, other: Json) -> Evaluation:
        return "violated" if value else "satisfied"

    def describe(self) -> str:
        return f"holds no unknown field in {self.at}" if self.at else self.phrase

    def place(self, field: str) -> str:
        """Return where a field of that name stands in the body."""
        return f"{self.at}.{field}" if self.at else field


def unknown_fields(arguments: Mapping[str, Json]) -> dict[str, Json]:
    """Return the unknown fields that a request has on purpose, by their places in the body."""
    fields = arguments.get(BODY)
    return fields if isinstance(fields, dict) else {}
