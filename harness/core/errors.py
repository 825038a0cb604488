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
    `-- EmulatorError            3: our emulator did not start
"""

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


class SpecError(UsageError):
    """A provider's TOML is wrong; `mistakes` lists every one with its key."""

    def __init__(self, file: str, mistakes: tuple[str, ...]) -> None:
        lines = "\n".join(f"  {file}: {mistake}" for mistake in mistakes)
        count = "1 mistake" if len(mistakes) == 1 else f"{len(mistakes)} mistakes"
        super().__init__(f"{file} has {count}:\n{lines}")
        self.file = file
        self.mistakes = mistakes


class ConfigError(UsageError):
    """A configuration is wrong; `mistakes` lists every one with its file, line and key."""

    def __init__(self, file: str, mistakes: tuple[str, ...]) -> None:
        lines = "\n".join(f"  {mistake}" for mistake in mistakes)
        super().__init__(
            mistakes[0] if len(mistakes) == 1 else f"{file} has {len(mistakes)} mistakes:\n{lines}"
        )
        self.file = file
        self.mistakes = mistakes


class RecordingError(UsageError):
    """A recording cannot be read, or is not what was once written."""


class NothingTested(UsageError):  # noqa: N818 - a state that ends a command, named as users read it
    """The selection left no case to try."""


class StoreError(HarnessError):
    """The run folder cannot be written or read back."""


class EmulatorError(HarnessError):
    """Our emulator did not start or ended early."""
