"""Workloads from TOML: the sets that ship with the harness, and files of a user's own."""

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from difflib import get_close_matches
from functools import cache
from pathlib import Path
from typing import Annotated, Any, Literal, Self

from pydantic import Field, StrictInt, StringConstraints, ValidationError, model_validator

from harness.core import tomltext
from harness.core.benchmark import Purchase
from harness.core.errors import UsageError
from harness.core.files import MEBIBYTE, read_at_most
from harness.core.workload import Workload
from harness.spec.expressions import Frozen
from harness.spec.rules.lattice import SIZE
from harness.spec.workload.mistakes import sentence
from harness.spec.workload.purchase import TABLE, read_purchase

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


@dataclass(frozen=True, slots=True, kw_only=True)
class WorkloadFile:
    """What a file asks for, and what it is bought for; nothing where it has no `[purchase]`."""

    workloads: tuple[Workload, ...]
    purchase: Purchase | None = None


def load_workloads(path: Path) -> tuple[Workload, ...]:
    """Return the workloads of a file; raises as `load_workload_file` does."""
    return load_workload_file(path).workloads


def load_workload_file(path: Path) -> WorkloadFile:
    """Read a file of workloads.

    Raises UsageError with one line where it cannot be read, is no TOML, or has a mistake: the
    file, the entry, the key, what is wrong, and how many mistakes there are besides.
    """
    try:
        text = read_at_most(path, MEBIBYTE).decode("utf-8-sig")
        raw = tomltext.loaded(text)
    except OSError as error:
        raise UsageError(f"{path}: {error.strerror or error}") from None
    except (ValueError, RecursionError) as error:  # a number of thousands of digits is one, too
        raise UsageError(f"{path}: not valid TOML: {error}") from None
    workloads, mistakes = _workloads(raw)
    purchase = None
    if TABLE in raw:
        purchase, wrong = read_purchase(raw[TABLE], text)
        mistakes += wrong
    if mistakes:
        more = f" (and {len(mistakes) - 1} more)" if len(mistakes) > 1 else ""
        raise UsageError(f"{path}: {mistakes[0]}{more}")
    return WorkloadFile(workloads=tuple(workloads), purchase=purchase)


def _workloads(raw: dict[str, Any]) -> tuple[list[Workload], list[str]]:
    """Return the workloads of a file, and what is wrong with them."""
    entries, mistakes = _entries(raw)
    workloads: list[Workload] = []
    for place, entry in enumerate(entries, start=1):
        title = _title(place, entry)
        try:
            workload = _Entry.model_validate(entry).workload()
        except ValidationError as error:
            mistakes += [
                f"{title}: {sentence(problem, _Entry.model_fields)}" for problem in error.errors()
            ]
            continue
        if any(workload.name == other.name for other in workloads):
            mistakes.append(f"{title}: name: an earlier workload has it; give each its own")
        workloads.append(workload)
    return workloads, mistakes


def _entries(raw: dict[str, Any]) -> tuple[list[Any], list[str]]:
    """Return the entries of a file, and what is wrong with it as a whole."""
    entries = raw.get("workload")
    if not isinstance(entries, list) or not entries:
        return [], ["no workload in it: write [[workload]] with name and operation"]
    strange = [key for key in raw if key not in ("workload", TABLE)]
    return entries, [
        f"{key}: unknown key; write [[workload]] above each, [{TABLE}] above what is asked of them"
        for key in strange
    ]


def _title(place: int, entry: object) -> str:
    name = entry.get("name") if isinstance(entry, dict) else None
    named = f" ({name[:60]!r})" if isinstance(name, str) else ""
    return f"workload {place}{named}"


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


def select_purchase(given: Sequence[str]) -> Purchase | None:
    """Return what the files among these words are bought for; None where none of them says.

    Raises UsageError where two files say different things.
    """
    files = [file for word in given for file in (_file(word),) if file is not None]
    asked = [load_workload_file(file).purchase for file in dict.fromkeys(files)]
    purchases = [purchase for purchase in asked if purchase is not None]
    if any(purchase != purchases[0] for purchase in purchases):
        raise UsageError(
            f"--workload: two files have a [{TABLE}], and not the same",
            hint="choose for one of them at a time",
        )
    return next(iter(purchases), None)


def _file(word: str) -> Path | None:
    """Return the file that a word means, with or without a workload of it; None for a set."""
    front, colon, name = word.rpartition(":")
    for text in (word, front if colon and _NAME.fullmatch(name) else ""):
        if text and text not in SETS and (text.endswith(".toml") or Path(text).is_file()):
            return Path(text)
    return None


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
