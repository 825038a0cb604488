"""A value for one argument, as a case tries it."""

from dataclasses import dataclass, field

from harness.core.jsonvalue import Json


@dataclass(frozen=True, slots=True, kw_only=True)
class Choice:
    """A value for one argument, the arguments it needs beside it, and a short name for ids."""

    value: Json
    slug: str
    beside: dict[str, Json] = field(default_factory=dict)
    wrong_type: bool = False
    open: bool = False
    """Whether the documents leave open what becomes of it: then it is only observed."""
    why: str = ""
    """What exactly is left open, where the rule's own note does not say it."""
