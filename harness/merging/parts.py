"""Folders that are to be joined: what they have in common, what is missing, what is there twice."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from harness.core.case import Plan
from harness.core.errors import UsageError
from harness.core.record import RunHeader
from harness.core.slicing import Slice
from harness.planning.slicing import sliced
from harness.runner.plans import plan_of
from harness.runner.specs import catalogue_with, documents_of
from harness.spec.catalogue import Catalogue, Spec, entry_of_text
from harness.spec.provider import Provider
from harness.store.reader import StoredRun, read_run

_MOST_NAMED = 8


@dataclass(frozen=True, slots=True, kw_only=True)
class SliceFolder:
    """A run folder that holds one slice."""

    path: Path
    run: StoredRun
    slice: Slice

    @property
    def header(self) -> RunHeader:
        """The run's header."""
        return self.run.header

    @property
    def is_whole(self) -> bool:
        """Whether the run came to its end."""
        return self.header.finished is not None and not self.header.interrupted


@dataclass(frozen=True, slots=True, kw_only=True)
class Parts:
    """The slices of one run, in the order of their numbers, and the whole plans they are of.

    `missing` are the numbers of slices that have cases and no folder. `providers` are those of the
    documents by which the run was planned.
    """

    folders: tuple[SliceFolder, ...]
    plans: Mapping[str, Plan]
    providers: Mapping[str, Provider]
    of: int
    missing: tuple[int, ...]

    @property
    def header(self) -> RunHeader:
        """The header of the first slice: all say the same of the whole."""
        return self.folders[0].header

    @property
    def unfinished(self) -> tuple[SliceFolder, ...]:
        """Slices that were interrupted, or are still under way."""
        return tuple(each for each in self.folders if not each.is_whole)


def read_parts(
    paths: Sequence[Path], specs: Sequence[Spec] = (), *, partial: bool = False
) -> Parts:
    """Read the folders of slices; UsageError where they are not the slices of one run.

    It names the folders and what they differ in: other plans, seeds, documents or designs, a slice
    that is there twice, and, unless it is to be `partial`, slices that are missing or have not come
    to their end.
    """
    folders = sorted(map(_slice_folder, paths), key=lambda each: each.slice.index)
    if not folders:
        raise UsageError("no run folder is given", hint="name the folders of all slices")
    for each in folders[1:]:
        _refuse_different(folders[0], each)
    _refuse_twice(folders)
    catalogue = catalogue_with(specs, [each.run for each in folders])
    providers = _providers(folders[0], catalogue)
    plans = _plans(folders[0], providers)
    of = folders[0].slice.of
    there = {each.slice.index for each in folders}
    missing = tuple(
        index
        for index in range(1, of + 1)
        if index not in there and _holds_any(plans, Slice(index=index, of=of))
    )
    parts = Parts(folders=tuple(folders), plans=plans, providers=providers, of=of, missing=missing)
    if not partial:
        _refuse_partial(parts)
    return parts


def _slice_folder(path: Path) -> SliceFolder:
    run = read_run(path)
    header = run.header
    if header.parts:
        raise UsageError(
            f"{path} is merged already, of {len(header.parts)} slices",
            hint="name the folders of the slices themselves",
        )
    if header.slice is None:
        raise UsageError(
            f"{path} is no slice: its run sends a whole plan",
            hint="report or compare whole runs; slices are run with --slice I/N",
        )
    return SliceFolder(path=path, run=run, slice=header.slice)


_SAME: Mapping[str, Callable[[SliceFolder], object]] = {
    "numbers of slices": lambda each: each.slice.of,
    "kinds of evidence (--against)": lambda each: each.header.against,
    "questions (--only)": lambda each: each.header.benchmark is None,
    "providers": lambda each: set(each.header.evidence),
    "seeds": lambda each: each.header.seed,
    "documents of their providers": lambda each: each.header.spec_digests,
    "benchmark designs": lambda each: each.header.benchmark and each.header.benchmark.design,
    "plans": lambda each: each.header.plan_digests,
    "known deviations": lambda each: each.run.known,
}


def _refuse_different(first: SliceFolder, other: SliceFolder) -> None:
    for what, of in _SAME.items():
        one, two = of(first), of(other)
        if one != two:
            told = f": {one} and {two}" if isinstance(one, int | str) else _differing(one, two)
            raise UsageError(
                f"{first.path} and {other.path} are no slices of one run: they differ in their "
                f"{what}{told}",
                hint="merge slices that were started with the same options and the same harness",
            )


def _differing(one: object, two: object) -> str:
    """Name the providers that differ, where a value is by provider; nothing else."""
    if not isinstance(one, dict) or not isinstance(two, dict):
        return ""
    names = sorted(name for name in {**one, **two} if one.get(name) != two.get(name))
    return f" ({', '.join(names)})"


def _refuse_twice(folders: Sequence[SliceFolder]) -> None:
    seen: dict[int, SliceFolder] = {}
    for each in folders:
        before = seen.setdefault(each.slice.index, each)
        if before is not each:
            raise UsageError(
                f"slice {each.slice} is there twice: {before.path} and {each.path}",
                hint="name one of them; a case that was paid for twice counts once in no report",
            )


def _providers(first: SliceFolder, catalogue: Catalogue) -> dict[str, Provider]:
    """Return the providers as they were when the run was planned, as far as that is kept."""
    texts = documents_of(first.run, catalogue)
    return {
        name: entry_of_text(
            texts[name], f"{name}.toml", kind="kept", origin=str(first.path)
        ).provider
        if name in texts and catalogue.entry(name).digest != first.header.spec_digests.get(name)
        else catalogue.provider(name)
        for name in first.header.evidence
    }


def _plans(first: SliceFolder, providers: Mapping[str, Provider]) -> dict[str, Plan]:
    digests = first.header.plan_digests
    return {
        name: plan_of(first.path, provider, digest=digests.get(name))
        for name, provider in providers.items()
    }


def _holds_any(plans: Mapping[str, Plan], part: Slice) -> bool:
    return any(sliced(plan, part).shots for plan in plans.values())


def _refuse_partial(parts: Parts) -> None:
    reasons = list(_lacking(parts))
    if reasons:
        going_on = [f"harness run --resume {each.path}" for each in parts.unfinished]
        hint = "; ".join(
            [*going_on[:_MOST_NAMED], "or --partial, which leaves them out and says so"]
        )
        raise UsageError(f"not the whole run: {'; '.join(reasons)}", hint=hint)


def _lacking(parts: Parts) -> Iterator[str]:
    """Say which slices are missing, and which have not come to their end."""
    if parts.missing:
        names = [f"{index}/{parts.of}" for index in parts.missing]
        more = f" and {len(names) - _MOST_NAMED} more" if len(names) > _MOST_NAMED else ""
        yield f"no folder of slice {', '.join(names[:_MOST_NAMED])}{more}"
    for each in parts.unfinished:
        why = "was interrupted" if each.header.interrupted else "was cut off or is still under way"
        yield f"slice {each.slice} ({each.path}) {why}"


def lacking_notes(parts: Parts) -> tuple[str, ...]:
    """Return the sentences by which a merged run says what it lacks."""
    return tuple(f"not the whole run: {reason}" for reason in _lacking(parts))


def with_dependencies(plan: Plan) -> dict[str, tuple[str, ...]]:
    """Return what each case of a whole plan depends on, by its id; equal ones are one object."""
    known: dict[tuple[str, ...], tuple[str, ...]] = {}
    return {
        shot.case.id: known.setdefault(shot.case.depends_on, shot.case.depends_on)
        for shot in plan.shots
    }
