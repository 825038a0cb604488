"""Workloads from TOML: the sets that ship with the harness, and files of a user's own."""

import re
import tomllib
from collections.abc import Iterator, Sequence
from difflib import get_close_matches
from functools import cache
from pathlib import Path
from typing import Annotated, Any, Literal, Self

from pydantic import Field, StrictInt, StringConstraints, ValidationError, model_validator

from harness.core.errors import UsageError
from harness.core.files import MEBIBYTE, read_at_most
from harness.core.workload import Workload
from harness.spec.expressions import Frozen
from harness.spec.rules.lattice import SIZE

FOLDER = Path(__file__).parents[2] / "workloads"
SETS = tuple(sorted(path.stem for path in FOLDER.glob("*.toml")))
"""The sets that ship with the harness: one for each TOML in the folder."""

DEFAULT = "default"
SHORTEST_PROMPT = 20
"""Characters: in fewer, there are not enough harmless prompts for each request to have its own."""

_LENGTH = 80
_NAME = re.compile(r"[a-z0-9-]+", re.ASCII)

_Length = Annotated[StrictInt, Field(ge=SHORTEST_PROMPT, le=100_000)]
_Some = Annotated[StrictInt, Field(ge=1, le=100)]


class _Entry(Frozen):
    """One `[[workload]]`, as it is written."""

    name: Annotated[str, StringConstraints(pattern=r"^[a-z0-9-]+$", max_length=60)]
    operation: Literal["generate", "edit", "respond"]
    size: Annotated[str, StringConstraints(pattern=f"^{SIZE.pattern}$")] | None = None
    quality: Literal["low", "medium", "high", "auto"] | None = None
    output_format: Literal["png", "jpeg", "webp"] | None = None
    n: _Some = 1
    references: Annotated[StrictInt, Field(ge=0, le=100)] = 0
    prompt_lengths: Annotated[tuple[_Length, ...], Field(min_length=1)] | None = None
    prompt_length: _Length | None = None
    weight: _Some = 1

    @model_validator(mode="after")
    def _makes_sense(self) -> Self:
        if self.operation == "edit" and not self.references:
            raise ValueError("an edit needs references: write references = 1, or more")
        if self.operation != "edit" and self.references:
            raise ValueError(
                'references go with edits: write operation = "edit", or leave them out'
            )
        if self.prompt_length is not None and self.prompt_lengths is not None:
            raise ValueError("write prompt_length or prompt_lengths, not both")
        return self

    def workload(self) -> Workload:
        """Return it as the rest of the harness knows it."""
        lengths = self.prompt_lengths or (self.prompt_length or _LENGTH,)
        shared = self.model_dump(exclude={"prompt_length", "prompt_lengths"})
        return Workload(**shared, prompt_lengths=lengths)


def load_workloads(path: Path) -> tuple[Workload, ...]:
    """Read a file of workloads.

    Raises UsageError with one line where it cannot be read, is no TOML, or has a mistake: the
    file, the entry, the key, what is wrong, and how many mistakes there are besides.
    """
    try:
        raw = tomllib.loads(read_at_most(path, MEBIBYTE).decode("utf-8-sig"))
    except OSError as error:
        raise UsageError(f"{path}: {error.strerror or error}") from None
    except (ValueError, RecursionError) as error:  # a number of thousands of digits is one, too
        raise UsageError(f"{path}: not valid TOML: {error}") from None
    entries, mistakes = _entries(raw)
    workloads: list[Workload] = []
    for place, entry in enumerate(entries, start=1):
        title = _title(place, entry)
        try:
            workload = _Entry.model_validate(entry).workload()
        except ValidationError as error:
            mistakes += [f"{title}: {_sentence(problem)}" for problem in error.errors()]
            continue
        if any(workload.name == other.name for other in workloads):
            mistakes.append(f"{title}: name: an earlier workload has it; give each its own")
        workloads.append(workload)
    if mistakes:
        more = f" (and {len(mistakes) - 1} more)" if len(mistakes) > 1 else ""
        raise UsageError(f"{path}: {mistakes[0]}{more}")
    return tuple(workloads)


def _entries(raw: dict[str, Any]) -> tuple[list[Any], list[str]]:
    """Return the entries of a file, and what is wrong with it as a whole."""
    entries = raw.get("workload")
    if not isinstance(entries, list) or not entries:
        return [], ["no workload in it: write [[workload]] with name and operation"]
    strange = [key for key in raw if key != "workload"]
    return entries, [f"{key}: unknown key; write [[workload]] above each" for key in strange]


def _title(place: int, entry: object) -> str:
    name = entry.get("name") if isinstance(entry, dict) else None
    named = f" ({name[:60]!r})" if isinstance(name, str) else ""
    return f"workload {place}{named}"


_SAYS = {"name": "lower-case letters, digits and dashes", "size": "WIDTHxHEIGHT, like 1024x1024"}


def _sentence(error: Any) -> str:  # noqa: ANN401 - pydantic's own error details
    path = [str(part) for part in error["loc"]]
    key, given, kind = ".".join(path), error["input"], error["type"]
    if kind == "extra_forbidden":
        near = get_close_matches(key, _Entry.model_fields, n=1)
        expected = (
            f"did you mean {near[0]}?" if near else f"one of {', '.join(_Entry.model_fields)}"
        )
        return f"{key}: unknown key; {expected}"
    if kind == "missing":
        return f"{key}: missing; write one"
    reason = error["msg"].removeprefix("Value error, ")
    if kind == "string_pattern_mismatch":
        reason = f"write {_SAYS[path[0]]}"
    if isinstance(given, str | int | float):
        reason += f", got {str(given)[:60]!r}" if isinstance(given, str) else f", got {given}"
    return f"{key}: {reason}" if key else reason


@cache
def shipped_workloads(name: str) -> tuple[Workload, ...]:
    """Return a set that ships with the harness; KeyError for another name."""
    if name not in SETS:
        raise KeyError(name)
    return load_workloads(FOLDER / f"{name}.toml")


def select_workloads(given: Sequence[str]) -> tuple[Workload, ...]:
    """Return the workloads that these words mean, each once, in their order; the default for none.

    A word is a shipped set's name, a shipped workload's name or a file, and may end in `:WORKLOAD`
    to mean that one only. Raises UsageError where it means nothing, and where two different
    workloads have one name.
    """
    workloads: dict[str, Workload] = {}
    for word in given or (DEFAULT,):
        for workload in _meant(word):
            if workloads.setdefault(workload.name, workload) != workload:
                raise UsageError(
                    f"--workload {word}: another workload is called {workload.name!r}",
                    hint="rename one of the two: reports tell them apart by name",
                )
    return tuple(workloads.values())


def _meant(word: str) -> tuple[Workload, ...]:
    if (whole := _group(word)) is not None:
        return whole
    front, colon, name = word.rpartition(":")
    group = _group(front) if colon and _NAME.fullmatch(name) else None
    if group is None:
        single = [workload for workload in _all_shipped() if workload.name == word]
        if not single:
            raise _nothing(word)
        return tuple(single)
    chosen = tuple(workload for workload in group if workload.name == name)
    if not chosen:
        names = ", ".join(workload.name for workload in group)
        raise UsageError(f"--workload {word}: {front} has no {name!r}", hint=f"one of {names}")
    return chosen


def _group(word: str) -> tuple[Workload, ...] | None:
    """Return a shipped set, or the workloads of a file; None where the word is neither."""
    if word in SETS:
        return shipped_workloads(word)
    path = Path(word)
    if word.endswith(".toml") or (word and path.is_file()):
        return load_workloads(path)
    return None


def _all_shipped() -> Iterator[Workload]:
    return (shipped_workload for name in SETS for shipped_workload in shipped_workloads(name))


def _nothing(word: str) -> UsageError:
    names = [*SETS, *(workload.name for workload in _all_shipped())]
    near = get_close_matches(word, names, n=1)
    guess = f"did you mean {near[0]}? " if near else ""
    return UsageError(
        f"--workload {word}: no such workload, set or file",
        hint=f"{guess}sets are {', '.join(SETS)}; a file ends in .toml",
    )
