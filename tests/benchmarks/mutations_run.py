"""What is tried: a mutation of an honest tape, and a fault planted in one, by seed and number."""

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from random import Random

from harness.core.verdict import Verdict
from tests.benchmarks import (
    mutations_bodies,
    mutations_cut,
    mutations_order,
    mutations_packed,
    mutations_placeholders,
    mutations_stripped,
    mutations_wrong_images,
    mutations_wrong_jobs,
    mutations_wrong_refusals,
    mutations_wrong_replies,
)
from tests.benchmarks.mutations_by_hand import by_hand
from tests.benchmarks.mutations_forms import FORMS, suffix, written
from tests.benchmarks.mutations_honest import honest, recorded
from tests.benchmarks.mutations_judged import Judged, judge
from tests.benchmarks.mutations_kinds import CATALOGUE, Harmless
from tests.benchmarks.mutations_planted import FAULTS, Fault
from tests.benchmarks.mutations_tape import Tape

FILLING = (
    *(mutations_cut, mutations_stripped, mutations_placeholders, mutations_bodies),
    *(mutations_packed, mutations_order),
    *(mutations_wrong_images, mutations_wrong_replies, mutations_wrong_refusals),
    mutations_wrong_jobs,
)
"""Where the catalogues of mutations and of faults are filled."""

TRIES = 1_000
HIDE_LENGTHS = ("content_length_gone", "newline_after_bodies")
"""Harmless, and yet not on top of a fault that only a declared length shows."""


def tapes_of(seed: int) -> list[Tape]:
    """Return all honest tapes of a seed; an emulator is started for them, and stopped."""
    return [*honest(recorded(seed), seed), *by_hand()]


@dataclass(frozen=True, slots=True, kw_only=True)
class Tried:
    """One file that blames nobody, and what was said of it; `chain` is what was done to it."""

    index: int
    tape: str
    form: str
    chain: tuple[str, ...]
    judged: Judged
    size_bytes: int

    @property
    def is_wrong(self) -> bool:
        return bool(self.judged.blamed or self.judged.crash)

    @property
    def end(self) -> str:
        """Return how the file ended: one word."""
        if self.judged.crash:
            return "crashed"
        if self.judged.blamed:
            return "convicted"
        return {0: "judged", 2: "unread"}.get(self.judged.code, "inconclusive")


def mutated(
    tapes: Sequence[Tape], seed: int, index: int, among: Sequence[Harmless]
) -> tuple[Tape, tuple[str, ...]]:
    """Return the tape of this seed and number, and the names of what was done to it."""
    rng = Random(f"{seed}/{index}")
    wanted, tape, done = rng.randint(1, 3), _base(tapes, rng), list[str]()
    for _ in range(TRIES):
        one, changed = rng.choice(among), tape.copy()
        if one.name not in done and one.change(changed, rng) and changed.exchanges:
            tape, done = changed, [*done, one.name]
        elif not done:
            tape = _base(tapes, rng)
        if len(done) == min(wanted, len(among)):
            break
    assert done, f"no tape fits {[one.name for one in among]}"
    return tape, tuple(done)


def _base(tapes: Sequence[Tape], rng: Random) -> Tape:
    tape = rng.choice(tapes).copy()
    tape.form = rng.choice([*FORMS])
    return tape


def tried(tape: Tape, chain: tuple[str, ...], index: int, folder: Path) -> Tried:
    """Write a tape, judge the file, and leave it in the folder only where the word is wrong."""
    raw = written(tape)
    path = folder / f"{index:05}-{tape.name}-{tape.form}{suffix(tape.form)}"
    path.write_bytes(raw)
    one = Tried(
        index=index,
        tape=tape.name,
        form=tape.form,
        chain=chain,
        judged=judge(path, tape.provider),
        size_bytes=len(raw),
    )
    if not one.is_wrong:
        path.unlink()
    return one


def untouched(tapes: Sequence[Tape], folder: Path) -> Iterator[Tried]:
    """Judge honest tapes as they are: each of a single call in every form, the others in one."""
    forms = [*FORMS]
    for index, tape in enumerate(tapes):
        several = "several" in tape.name
        for form in [forms[index % len(forms)]] if several else forms:
            copy = tape.copy()
            copy.form = form
            yield tried(copy, (), index, folder)


@dataclass(frozen=True, slots=True, kw_only=True)
class Sought:
    """A planted fault and what was said of the request that got it; `found` is the sentence."""

    index: int
    fault: Fault
    tape: str
    form: str
    on_top: str
    found: str
    judged: Judged


def planted(
    tapes: Sequence[Tape], seed: int, index: int, kinds: Sequence[Fault]
) -> tuple[Tape, Fault, int, str]:
    """Return a tape with the fault of this seed and number, its call, and what is done on top.

    The kinds of faults take turns; every other file has a harmless mutation on top, one that leaves
    in the file what shows the fault.
    """
    rng = Random(f"fault/{seed}/{index}")
    one = kinds[index % len(kinds)]
    fitting = [each for each in tapes if each.provider in one.providers and each.calls]
    for _ in range(TRIES):
        tape = rng.choice(fitting).copy()
        tape.form = rng.choice(PLANTED_IN)
        call = rng.choice(sorted({each.call for each in tape.exchanges}))
        if one.change(tape, call, rng):
            on_top = index // len(kinds) % 2 != index % 2
            return tape, one, call, _on_top(tape, one, rng) if on_top else ""
    raise AssertionError(f"no call for {one.name}")


PLANTED_IN = [form for form in FORMS if form not in ("wiremock", "nock")]
"""WireMock's mappings and nock's scopes keep less of a request than was sent."""


def _on_top(tape: Tape, one: Fault, rng: Random) -> str:
    hiding = HIDE_LENGTHS if one.needs_length else ()
    among = [each for each in CATALOGUE.values() if each.lossless and each.name not in hiding]
    for _ in range(TRIES):
        harmless = rng.choice(among)
        if harmless.change(tape, rng):
            return harmless.name
    raise AssertionError("no harmless mutation fits")


def sought(
    tapes: Sequence[Tape],
    seed: int,
    index: int,
    folder: Path,
    *,
    kinds: Sequence[Fault] = tuple(FAULTS.values()),
) -> Sought:
    """Plant a fault, judge the file, and look for it on the record of its request.

    A call is known by its prompt, which ends in its number. A file whose fault is missed stays.
    """
    tape, one, call, on_top = planted(tapes, seed, index, kinds)
    path = folder / f"fault-{index:03}-{one.name}-{tape.name}-{tape.form}{suffix(tape.form)}"
    path.write_bytes(written(tape))
    judged = judge(path, tape.provider)
    found = _found(one, judged, f"number {call} ")
    if found:
        path.unlink()
    return Sought(
        index=index,
        fault=one,
        tape=tape.name,
        form=tape.form,
        on_top=on_top,
        found=found,
        judged=judged,
    )


def _found(one: Fault, judged: Judged, prompt: str) -> str:
    cases = {
        record.shot.case.id
        for record in judged.records
        if prompt in str(record.shot.case.arguments.get("prompt"))
    }
    about = [verdict for verdict in judged.verdicts if verdict.case in cases]
    for verdict in about:
        if verdict.check in one.checks and (verdict.status == "fail" or _is_observed(verdict)):
            return f"{verdict.check}: {verdict.why}"
    for verdict in about if one.told else ():
        if re.search(one.told, verdict.why):
            return f"{verdict.check} ({verdict.status}): {verdict.why}"
    return ""


def _is_observed(verdict: Verdict) -> bool:
    """Tell whether a failure was seen on a request on which the documents promise nothing."""
    return verdict.status == "inconclusive" and verdict.why.startswith("observed: ")
