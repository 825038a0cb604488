"""Our own failures, drawn as the tree they form.

A provider's fault is a value (`harness.core.outcome.Fault`); only *our* failures and wrong usage
are exceptions. Each says what happened and where, and carries a hint that says what to do next:

    HarnessError                 exit code 3: our own failure
    |-- UsageError               2: the command, a file or a name the user gave cannot be used
    |   |-- SpecError            2: a provider's TOML has mistakes (all of them, one a line)
    |   |-- ConfigError          2: a configuration has mistakes (all of them, one a line)
    |   |-- RecordingError       2: a cassette or foreign recording cannot be read or was altered
    |   `-- NothingTested        2: no case was left to try
    |-- StoreError               3: the run folder cannot be written (disk full, no permission)
    |-- ExportError              3: a receiver of spans did not take them
    `-- EmulatorError            3: our emulator did not start
"""

import re
from collections.abc import Collection, Iterable
from dataclasses import dataclass
from difflib import get_close_matches
from typing import ClassVar


class HarnessError(Exception):
    """A failure of the harness itself, or of what it was given; ends a command with one line."""

    exit_code: ClassVar[int] = 3

    def __init__(self, message: str, *, hint: str = "") -> None:
        super().__init__(message)
        self.message = message
        self.hint = hint

    def __str__(self) -> str:
        return f"{self.message} ({self.hint})" if self.hint else self.message


class UsageError(HarnessError):
    """What the user gave cannot be used as it is."""

    exit_code = 2


def nearest(given: str, allowed: Iterable[str]) -> str:
    """Return the name that was probably meant; nothing where none is near.

    Cases, spaces and the marks that join words do not count.
    """
    simple = {_simple(name): name for name in allowed}
    if _simple(given) in simple:
        return simple[_simple(given)]
    near = get_close_matches(_simple(given), list(simple), n=1)
    return simple[near[0]] if near else ""


def nearest_hint(given: str, allowed: Collection[str]) -> str:
    """Return what to do about an unknown name: the one that was probably meant, and all there are.

    `did you mean n.range? one of n.range, n.integer`
    """
    near = nearest(given, allowed)
    guess = f"did you mean {near}? " if near else ""
    return f"{guess}one of {', '.join(allowed)}"


def _simple(name: str) -> str:
    return re.sub(r"[\s_.-]+", "_", name[:_COMPARED].strip().casefold())


_COMPARED = 60
"""Characters of a name that are compared: a longer one is no slip of the pen."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Mistake:
    """What is wrong at one place of a file that a user wrote.

    `key` is dotted (`prices.rows.0.amount`; empty for the file as a whole), `line` counts from 1
    and is None where no text was read. `write` is what should stand there, as the file spells it,
    `nearest` is the name among `allowed` that was probably meant; empty where none is known.
    """

    key: str
    reason: str
    line: int | None = None
    nearest: str = ""
    write: str = ""
    allowed: tuple[str, ...] = ()

    @classmethod
    def of(cls, sentence: str) -> "Mistake":
        """Read `key: reason`."""
        key, _, reason = sentence.partition(": ")
        return cls(key=key, reason=reason) if reason else cls(key="", reason=key)

    @classmethod
    def none_of(cls, key: str, reason: str, given: object, allowed: Iterable[str]) -> "Mistake":
        """Return the mistake of a name that is none of those that may stand there."""
        names = tuple(allowed)
        near = nearest(given, names) if isinstance(given, str) else ""
        return cls(key=key, reason=reason, nearest=near, allowed=names)

    @property
    def suggestion(self) -> str:
        """What to write instead; empty where nobody can know."""
        return self.write or self.nearest

    def __str__(self) -> str:
        """Return the mistake as one line, without its place in a file."""
        text = f"{self.key or '(the file as a whole)'}: {self.reason}"
        if self.write:
            text += f"; write {self.write}"
        elif self.nearest:
            text += f"; did you mean {self.nearest!r}?"
        if self.allowed:
            text += " " if text.endswith("?") else "; "
            text += f"allowed: {', '.join(self.allowed)}"
        return text

    def located(self, file: str) -> str:
        """Return the mistake as one line that begins with its place: `acme.toml:41: ...`."""
        return f"{file}: {self}" if self.line is None else f"{file}:{self.line}: {self}"


class SpecError(UsageError):
    """A provider's TOML is wrong; `mistakes` lists every one: line, key, reason, what to write.

    A mistake may be given as a sentence, `key: reason`.
    """

    def __init__(self, file: str, told: Iterable[Mistake | str]) -> None:
        mistakes = tuple(each if isinstance(each, Mistake) else Mistake.of(each) for each in told)
        lines = "\n".join(f"  {mistake.located(file)}" for mistake in mistakes)
        count = "1 mistake" if len(mistakes) == 1 else f"{len(mistakes)} mistakes"
        super().__init__(f"{file} has {count}:\n{lines}")
        self.file = file
        self.mistakes = mistakes


class ConfigError(UsageError):
    """A configuration is wrong; `mistakes` lists every one."""

    def __init__(self, file: str, mistakes: tuple[Mistake, ...]) -> None:
        lines = [mistake.located(file) for mistake in mistakes]
        count = f"{file} has {len(lines)} mistakes:"
        super().__init__(lines[0] if len(lines) == 1 else "\n  ".join([count, *lines]))
        self.file = file
        self.mistakes = mistakes


class RecordingError(UsageError):
    """A recording cannot be read, or is not what was once written."""


class NothingTested(UsageError):  # noqa: N818 - a state that ends a command, named as users read it
    """The selection left no case to try."""


class StoreError(HarnessError):
    """The run folder cannot be written or read back."""


class ExportError(HarnessError):
    """A receiver of spans did not take all of them."""


class EmulatorError(HarnessError):
    """Our emulator did not start or ended early."""
