"""How a generated test holds a check's promise: lines of Python, declared beside the check."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Literal

from harness.core.jsonvalue import Json
from harness.core.verdict import Finding
from harness.spec.expressions import Paths
from harness.spec.jsonpath import keys
from harness.spec.provider import Operation

Position = Literal["refusal", "reply", "job", "images", "alone"]
"""Where the lines stand: once the request was refused (`refusal`); once it was served (`reply`),
its job is known (`job`), its images are there (`images`); or instead of the request (`alone`)."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Reproduced:
    """A finding whose request a test sends again.

    `send` is the Python expression that sends it. Lines may use `reply`, its `content`, the ids in
    `job`, the bytes in `images`, and the functions of the test: `found(content, places)` above all.
    """

    finding: Finding
    operation: Operation
    send: str

    @property
    def arguments(self) -> Mapping[str, Json]:
        """The canonical arguments of the request."""
        return self.finding.record.shot.case.arguments

    @property
    def streamed(self) -> bool:
        """Whether `content` is the data of a stream's last events, not the body of a reply."""
        return self.arguments.get("stream") is True

    def places(self, paths: Paths) -> list[str]:
        """Return where `content` holds what these expressions read, as keys joined by dots."""
        return [f"*.{place}" if self.streamed else place for place in keys(paths)]


Lines = Callable[[Reproduced], tuple[str, ...]]
"""Returns no line where it takes more than a few; ValueError where places are more than keys."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Assertion:
    """The promise of a check in a line or two.

    Without `lines`, what every test of this `position` asserts is the promise. An answer of 500 or
    above proves nothing unless it is what the check is about (`server_errors`).
    """

    position: Position = "images"
    lines: Lines | None = None
    server_errors: bool = False


def quoted(text: str) -> str:
    """Return a text as Python source, between double quotes where that needs no escapes."""
    return f'"{repr(text)[1:-1]}"' if '"' not in text and "'" not in text else repr(text)


def python_source(value: object) -> str:
    """Return a value as Python source, its texts between double quotes."""
    match value:
        case str():
            return quoted(value)
        case list() | tuple():
            return f"[{', '.join(map(python_source, value))}]"
        case _:
            return repr(value)
