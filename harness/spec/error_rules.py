"""How a provider words its errors, and what each of them means."""

from typing import Self

from pydantic import Field, StrictBool, model_validator

from harness.core.outcome import ErrorClass
from harness.spec.expressions import (
    Cited,
    Compiled,
    Frozen,
    Paths,
    Pattern,
    Quote,
    Quoted,
    Status,
)
from harness.spec.rules.base import Positive


class ErrorRule(Frozen):
    """A pattern that names an error's class; every given part must fit.

    `code` and `message` are regular expressions, searched ignoring case.
    """

    error_class: ErrorClass = Field(alias="class")
    """What such an error means: `class = "moderation"`."""
    status: tuple[Positive, ...] = ()
    """HTTP statuses, one of which it has: `status = [402]`."""
    code: Pattern = ""
    """A regular expression for its code: `code = "^insufficient_quota$"`."""
    message: Pattern = ""
    """A regular expression for its message: `message = "safety system"`."""

    @model_validator(mode="after")
    def _asks_something(self) -> Self:
        if not (self.status or self.code or self.message):
            raise ValueError("give status, code or message; a rule without them fits every error")
        return self


class ErrorRules(Quoted):
    """How this provider words an error.

    `failed` is an expression that is true in the body of an error, whatever the HTTP status.
    """

    failed: Compiled
    """An expression that is true in the body of an error, whatever the HTTP status:
    `failed = "error"`."""
    message: Paths
    """Where an error says what is wrong; the first place that is there counts:
    `message = ["error.message"]`."""
    code: Paths
    """Where an error holds its code: `code = ["error.code", "error.type"]`."""
    parameter: Paths = ()
    """Where an error names the parameter that it is about: `parameter = ["error.param"]`."""
    names_parameter: Status
    """Whether the documents show errors that name the offending parameter."""
    shape: Status | None = None
    """Whether the documents show what a refusal's body looks like; where nothing is said of it,
    they do where they show errors that name the parameter."""
    any_status: StrictBool = False
    """Whether the envelope alone tells an error: its HTTP status is not documented."""
    source: Cited
    """Where the document shows an error: `source = "page: Errors"`."""
    second_source: Cited | None = None
    """What else says so: `second_source = "facts: 3. Acme"`."""
    second_quote: Quote = ""
    """What that says, word for word: `second_quote = "You can ask for up to four images."`."""
    classes: tuple[ErrorRule, ...] = ()
    """What kinds of error there are; the first that fits counts. What fits none is classed by its
    HTTP status."""

    @property
    def shape_documented(self) -> bool:
        """Tell whether a refusal in another shape breaks a promise."""
        return (self.shape or self.names_parameter) == "documented"
