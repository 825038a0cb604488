"""What `harness diff` says of real runs: nothing changed, one promise broken, a document moved.

    python tests/benchmarks/gate_promises.py [--pairs 200] [--each 4] [--write]

Every run is one of `harness.api.run` against an emulator, which stays for all runs of a process:
before each its ledger is emptied, its faults are switched, and its draws begin at a seed that no
other run has. No two pairs share a run. `--write` puts the tables into gate_promises.md beside this
file. Exits with 1 where a planted fault that `harness run` names, or a moved document, gives no
alarm, where one names a neighbour, and where more than one pair without a change gives one.
"""

import argparse
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from concurrent.futures import ProcessPoolExecutor
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, replace
from functools import cache
from itertools import chain
from pathlib import Path
from random import Random
from typing import Any

sys.path.insert(0, str(Path(__file__).parents[2]))  # run as a script

import pytest

from harness import api
from harness.comparing.asked_again.recheck import is_open
from harness.comparing.compare import compare
from harness.comparing.model import Baseline, Diff
from harness.core.verdict import Finding
from harness.emulator.faults.catalogue import NamedFault, catalogue
from harness.emulator.faults.planted import DOCUMENTED
from harness.planning.benchmark_options import BenchmarkOptions
from harness.planning.options import (
    EmulatorOptions,
    Options,
    Output,
    Planning,
    RunLimits,
    Target,
)
from harness.report.labels import finding_name
from harness.report.tally import broken_promise
from harness.run_result import RunResult
from harness.runner import endpoints, plans
from harness.runner.endpoints import emulator_process
from harness.spec.catalogue import entry_of_text
from harness.spec.frozen import FrozenDocuments, write_frozen
from tests.benchmarks.gate_promises_tables import HEAD, Row, of_documents, of_nulls, of_plants
from tests.faults.at_values import covers_the_values, planted
from tests.faults.expectation import expected
from tests.faults.runs import planned as planned_once
from tests.loopback import ANY
from tests.shipped import NAMES, SHIPPED, shipped_provider

WORKERS = 6
PAGE = Path(__file__).with_suffix(".md")
CONFORMANCE, BENCHMARK = 0.002, 0.02
"""Scales of time: latencies are drawn as they are without, and waited for so much shorter."""

RANDOM = ("outage", "fails", "unanswered", "error_200", "refused", "other_size")
"""What comes in 5 % of all requests: an outage of anything, or of whatever quality is asked for; in
the last one, an image of another size."""
FAMILIES = (
    *("single_rule", "boundary", "interaction", "content", "charging", "job_and_stream", "keys"),
    *("valid_request", "content_interaction", "count", "type", "refusal_shape", "hidden_limit"),
)
BLOCKS = 30
AGAIN = 40
"""Images that asking again may cost, per provider."""


# ------------------------------------------------------------------------------- emulators
_OPEN = ExitStack()


@cache
def _emulator(scale: float) -> dict[str, str]:
    """Return the addresses of this process' emulator of such a scale; the first call starts it."""
    return _OPEN.enter_context(emulator_process(time_scale=scale, seed=0))


@contextmanager
def _at(scale: float, draws: int) -> Iterator[None]:
    """Let runs have the emulator of this scale for their own, drawing from this seed."""
    served, kept = _emulator(scale), endpoints.emulator_process

    @contextmanager
    def switched(*, chosen: EmulatorOptions, **_: Any) -> Iterator[Mapping[str, str]]:  # noqa: ANN401 - what a fresh one is told
        for provider, address in served.items():
            own = [each.removeprefix(f"{provider}:") for each in chosen.faults]
            names = [name for name, full in zip(own, chosen.faults, strict=True) if name != full]
            ANY.put(f"{address}/__emulator/faults", json={"faults": names}).raise_for_status()
            ANY.post(f"{address}/__emulator/reset", json={"seed": draws}).raise_for_status()
        yield served

    endpoints.emulator_process = switched  # type: ignore[assignment]
    try:
        yield
    finally:
        endpoints.emulator_process = kept


@dataclass(frozen=True, slots=True, kw_only=True)
class Asked:
    """What a run is of: a provider with a fault, how much, and from which seeds."""

    provider: str
    faults: tuple[str, ...] = ()
    images: int | None = None
    seed: int = 0
    draws: int = 0
    benchmark: bool = False
    operations: tuple[str, ...] = ()
    specs: tuple[FrozenDocuments, ...] = ()


def _options(asked: Asked, out: Path) -> Options:
    return Options(
        target=Target(
            against="emulator",
            providers=(asked.provider,),
            operations=asked.operations,
            specs=asked.specs,
        ),
        planning=Planning(seed=asked.seed, only="benchmark" if asked.benchmark else "conformance"),
        benchmark=BenchmarkOptions(blocks=BLOCKS, calibrate=False)
        if asked.benchmark
        else BenchmarkOptions(),
        limits=RunLimits(max_images=asked.images),
        emulator=EmulatorOptions(
            time_scale=BENCHMARK if asked.benchmark else CONFORMANCE,
            faults=tuple(f"{asked.provider}:{each}" for each in asked.faults),
        ),
        output=Output(out=out),
    )


def _run(asked: Asked, out: Path) -> RunResult:
    with _at(BENCHMARK if asked.benchmark else CONFORMANCE, asked.draws):
        return api.run(_options(asked, out))


def _again(diff: Diff, base: Baseline, head: RunResult, asked: Asked, out: Path) -> Diff:
    """Return the diff after `--confirm`, with draws of its own."""
    options = Options(
        target=Target(against="emulator", specs=asked.specs),
        limits=RunLimits(max_images=AGAIN),
        output=Output(out=out),
    )
    with _at(BENCHMARK if asked.benchmark else CONFORMANCE, asked.draws + 500_000):
        return api.recheck(diff, base, head, options=options)[0]


# ---------------------------------------------------------------------------------- a pair
def _row(name: str, diff: Diff, after: Diff | None = None, **more: Any) -> Row:  # noqa: ANN401 - fields
    open_ = [each for each in diff.changes if is_open(diff, each) and not diff.fails(each)]
    return Row(
        name=name,
        code=diff.exit_code,
        kinds=tuple(each.kind for each in diff.failing),
        doubts=tuple(each.kind for each in open_),
        said=tuple(each.sentence for each in (*diff.failing, *open_)),
        promises=diff.promises_compared,
        after=None if after is None else after.exit_code,
        after_said=() if after is None else tuple(each.sentence for each in after.failing),
        requests=0 if after is None or after.recheck is None else after.recheck.requests,
        **more,
    )


def unchanged(number: int) -> Row:
    """Compare two runs of one emulator; ask again what fails, and what is suspected."""
    providers = sorted(NAMES)
    provider = providers[number % len(providers)]
    is_benchmark = number % 5 in (1, 3)
    kind = "outage" if is_benchmark else RANDOM[number // len(providers) % len(RANDOM)]
    seeds = (0, 0) if number % 2 else (2 * number, 2 * number + 1)
    images = None if number % 4 == 0 else (6, 10, 20)[number % 3]
    first, second = (
        Asked(
            provider=provider,
            faults=_faults(provider, kind),
            images=None if is_benchmark else images,
            operations=() if is_benchmark else ("generate",),
            seed=seed,
            draws=2 * number + place,
            benchmark=is_benchmark,
        )
        for place, seed in enumerate(seeds)
    )
    with tempfile.TemporaryDirectory() as folder:
        base, head = _run(first, Path(folder) / "base"), _run(second, Path(folder) / "head")
        diff = compare(base.baseline, head.baseline)
        after = None
        if any(is_open(diff, each) for each in diff.changes):
            after = _again(diff, base.baseline, head, second, Path(folder) / "again")
        what = "benchmark" if is_benchmark else "conformance"
        of = f"{'the same' if seeds[0] == seeds[1] else 'another'} plan"
        return _row(f"{what}, {kind}, {of}", diff, after)


def _faults(provider: str, kind: str) -> tuple[str, ...]:
    """Return faults that strike 5 % of all requests: at every value of one parameter, where so."""
    if kind == "outage":
        return ("outage@0.05",)
    parameter = "quality" if "quality" in DOCUMENTED[provider] else "aspect_ratio"
    return tuple(f"{kind}@0.05:{parameter}={each}" for each in DOCUMENTED[provider][parameter])


# ---------------------------------------------------------------------------- one promise
@cache
def _whole(provider: str, operation: str) -> Baseline:
    with tempfile.TemporaryDirectory() as folder:
        asked = Asked(provider=provider, operations=(operation,))
        return _run(asked, Path(folder) / "base").baseline


def sample(each: int) -> list[tuple[str, str]]:
    """Draw faults of each kind of name of every family, of another provider each where it may."""
    draw = Random("a promise newly broken")
    kinds: dict[tuple[str, str], list[NamedFault]] = {}
    for one in catalogue():
        if one.family in FAMILIES and _breaks(one.provider, one.name):
            kind = one.name.partition(":")[0] if ":" in one.name else ""
            kinds.setdefault((one.family, kind), []).append(one)
    found: list[tuple[str, str]] = []
    for several in kinds.values():
        draw.shuffle(several)
        of_each: Counter[str] = Counter()
        turns = {}
        for one in several:
            of_each[one.provider] += 1
            turns[one] = of_each[one.provider]
        found += [(one.provider, one.name) for one in sorted(several, key=turns.get)[:each]]  # type: ignore[arg-type]
    return found


def _breaks(provider: str, fault: str) -> bool:
    return bool(expected(provider, fault, shipped_provider(provider).operations).promises)


def _showing(provider: str, fault: str) -> str:
    """Return the first operation that a fault shows on."""
    names = shipped_provider(provider).operations
    return next(each for each in names if expected(provider, fault, (each,)).promises)


def broken(places: Sequence[tuple[str, str]]) -> list[Row]:
    """Compare a run at the default budget with those whose emulator has each of these faults."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(
            plans, "plan_for", planned_once
        )  # without heavy files where they show nothing
        return [_broken(*place) for place in places]


def _broken(provider: str, fault: str) -> Row:
    operation = _showing(provider, fault)
    asked = Asked(provider=provider, faults=(fault,), operations=(operation,))
    base = _whole(provider, operation)
    with tempfile.TemporaryDirectory() as folder:
        head = _run(asked, Path(folder) / "head")
        diff = compare(base, head.baseline)
        after = None
        if any(is_open(diff, each) for each in diff.changes):
            after = _again(diff, base, head, asked, Path(folder) / "again")
        found = head.report.findings
    return _row(
        f"{provider} {fault}",
        diff,
        after,
        found=len(found),
        misnamed=tuple(_misnamed(provider, fault, diff, [each.finding for each in found])),
    )


def _misnamed(provider: str, fault: str, diff: Diff, found: Sequence[Finding]) -> Iterator[str]:
    """Yield what a diff calls broken and the fault does not break."""
    awaited = expected(provider, fault, (_showing(provider, fault),)).promises
    at = planted(fault)
    fitting = {
        (each.operation, broken_promise(each) or finding_name(each), each.check)
        for each in found
        if (each.operation, each.constraint, each.check) in awaited
        or (at is not None and covers_the_values(each, at))
        or each.combination
    }
    for each in diff.failing:
        if each.kind == "broken" and (each.operation, each.promise, each.check) not in fitting:
            yield each.sentence


# ------------------------------------------------------------------------------- documents
MOVED = (
    ("aimlapi", "characters = 32000", "characters = 4000", "4,000"),
    ("sub2api", "range = { min = 1, max = 10", "range = { min = 1, max = 8", "8"),
    ("apiframe", 'values = ["webp", "png", "jpeg"]', 'values = ["webp", "png"]', "jpeg"),
    ("apiframe", "range = { min = 1, max = 10", "range = { min = 1, max = 4", "4"),
    ("openai", "image_output = 30", "image_output = 40", "40"),
    ("openai", "range = { min = 0, max = 3", "range = { min = 0, max = 5", "5"),
    ("nanobanana", "count = { min = 1, max = 14", "count = { min = 1, max = 10", "10"),
)
"""Of a provider's TOML: what stands there, what is written for it once, and what tells of it."""


def moved(change: tuple[str, str, str, str]) -> Row:
    """Compare a run by the shipped TOML with one by an edited one."""
    provider, before, after, told = change
    text = SHIPPED[provider].text
    if before not in text:
        raise ValueError(change)
    base = _whole(provider, "generate")
    with tempfile.TemporaryDirectory() as folder:
        documents = _frozen(provider, text.replace(before, after, 1), Path(folder) / "documents")
        asked = Asked(provider=provider, specs=(documents,), operations=("generate",))
        head = _run(asked, Path(folder) / "head")
        diff = compare(base, head.baseline, fail_on=("broken", "document"))
    said = [each.sentence for each in diff.failing if each.kind == "document"]
    row = _row(f"{provider}: `{before}` to `{after}`", diff)
    return replace(row, said=tuple(said), is_told=any(told in each for each in said))


def _frozen(provider: str, text: str, folder: Path) -> FrozenDocuments:
    """Write a provider's TOML as that of another day."""
    entry = entry_of_text(text, f"{provider}.toml", kind="file", origin="edited")
    digests = {provider: entry.digest}
    write_frozen(folder, {provider: text}, digests, day="2026-12-02", harness="0.2")
    return FrozenDocuments(folder)


# ------------------------------------------------------------------------------------ page
def report(pairs: int, each: int) -> Iterator[str]:
    """Yield the page, section by section, and at its end a line where a goal was missed."""
    started = time.monotonic()
    with ProcessPoolExecutor(WORKERS) as pool:
        yield HEAD.format(pairs=pairs, each=each)
        nulls = [*_progress(pool.map(unchanged, range(pairs)), pairs)]
        yield of_nulls(nulls)
        places = sorted(sample(each))
        size = -(-len(places) // WORKERS)  # of few providers each: a base is run once in a process
        shares = [places[at : at + size] for at in range(0, len(places), size)]
        plants = [*_progress(chain.from_iterable(pool.map(broken, shares)), len(places))]
        yield of_plants(plants)
        documents = [*_progress(pool.map(moved, MOVED), len(MOVED))]
        yield of_documents(documents)
    missed = sum(row.code == 1 for row in nulls) > 1
    missed |= any(bool(row.found) and (row.code != 1 or row.misnamed) for row in plants)
    missed |= not all(row.is_told and row.code == 1 for row in documents)
    minutes = (time.monotonic() - started) / 60
    yield f"\n{minutes:.0f} minutes on 2 cores that others used, too.{MISSED if missed else ''}\n"


MISSED = " A goal was missed."


def _progress(rows: Iterable[Row], number: int) -> Iterator[Row]:
    for place, row in enumerate(rows, 1):
        words = [row.name, f"exit {row.code}", *row.kinds, *(f"({each}?)" for each in row.doubts)]
        words += [f"after: {row.after}"] if row.after is not None else []
        text = "\n    ".join((" ".join(words), *row.said, *row.after_said))
        print(f"{place}/{number} {text}", file=sys.stderr, flush=True)  # noqa: T201 - progress
        yield row


def main() -> int:
    """Run all, print the page."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--pairs", type=int, default=200)
    parser.add_argument("--each", type=int, default=4)
    parser.add_argument("--write", action="store_true")
    asked = parser.parse_args()
    parts = []
    for part in report(asked.pairs, asked.each):
        print(part, end="", flush=True)  # noqa: T201 - prints its page
        parts.append(part)
    page = "".join(parts)
    if asked.write:
        PAGE.write_text(page, encoding="utf-8")
    return int(MISSED in page)


if __name__ == "__main__":
    sys.exit(main())
