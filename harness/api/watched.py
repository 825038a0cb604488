"""What the folder of a watch keeps: its state, its days, what they may have cost."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from datetime import date
from pathlib import Path

from harness.api.runs import report
from harness.comparing.model import Baseline
from harness.core.errors import HarnessError
from harness.core.record import Record
from harness.known.model import KnownDeviation
from harness.spec.catalogue import Catalogue, Spec
from harness.spec.provider import Provider
from harness.stats.conformance.cost import paid_of
from harness.store.reader import read_run
from harness.watching.decide import decided
from harness.watching.files import (
    RUNS,
    STATE,
    dumped_state,
    keep_baseline,
    kept_baseline,
    read_state,
    run_names,
    write,
)
from harness.watching.ledger import AGAIN, ROUNDS
from harness.watching.model import Day, Spent, State

REMEMBERED = 120
"""How many runs are compared with at most: of earlier ones the state says what is left."""


class Watched:
    """A watch's folder as it stands; `notes` say what was mended."""

    def __init__(
        self,
        folder: Path,
        *,
        catalogue: Catalogue,
        specs: Sequence[Spec],
        known: Sequence[KnownDeviation],
    ) -> None:
        self.folder, self.catalogue, self.specs, self.known = folder, catalogue, specs, known
        self.state = State()
        self.days: list[Day] = []
        self.notes: list[str] = []

    def load(self, day: date) -> None:
        """Read it; a state that is lost or damaged is made again from the run folders.

        Days after this one are left out.
        """
        state, names = read_state(self.folder), run_names(self.folder)
        self.state = state or State()
        finished = [name for name in names if self._is_finished(name) and name[:10] <= f"{day}"]
        canaries = [name for name in finished if AGAIN not in name]
        lost = bool(names) and (state is None or len(self._undecided(canaries)) > 1)
        if lost:
            self.state = State()
        for name in finished:
            if name not in self.state.spent:
                self.note_spent(name, self.spent_of(name))
        if lost:
            self._made_again(finished, canaries)
            return
        shown = self._shown_days(finished[-REMEMBERED:])
        self.days = [each for each in shown if each.run in self.state.decided]

    def _undecided(self, canaries: Sequence[str]) -> list[str]:
        """Return those that nothing was decided of: a call that was cut off leaves one at most."""
        return [name for name in canaries if name not in self.state.decided]

    def _made_again(self, finished: Sequence[str], canaries: Sequence[str]) -> None:
        """Decide each day again, and tell nothing of it again."""
        for one in self._shown_days(finished):
            self.state = decided(self.state, self.days, one, known=self.known).state
            self.days.append(one)
        for name in self._undecided(canaries):  # it reached nobody
            self.note_decided(name)
        self._tell_lost()

    def _shown_days(self, names: Sequence[str]) -> Iterator[Day]:
        """Yield the canaries among these runs that reached anybody, with what was asked again."""
        shown = {name: each for name in names if (each := self._shown(name)) is not None}
        for name, each in shown.items():
            reached = reached_only(each)
            if AGAIN not in name and reached.evidence:
                yield Day(run=name, shown=reached, again=_rounds(name, shown))

    def tell_all(self) -> None:
        """Say that a call ended with all that there was to tell."""
        told = tuple(replace(each, told=True) for each in self.state.messages)
        self.state = replace(self.state, messages=told)

    def _tell_lost(self) -> None:
        told = tuple(replace(each, told=True, sent=True) for each in self.state.messages)
        self.state = replace(self.state, messages=told)
        self.notes.append(
            f"{self.folder / STATE} was lost or damaged: made again from the run folders; "
            "what they show is not alerted again"
        )

    def save(self) -> None:
        """Write the state, whole."""
        write(self.folder / STATE, dumped_state(self.state))

    def keep(self, name: str, shown: Baseline, spent: Mapping[str, Spent]) -> None:
        """Keep what a run showed and what it may have cost."""
        keep_baseline(self.folder, name, shown)
        self.note_spent(name, spent)
        self.save()

    def note_spent(self, name: str, spent: Mapping[str, Spent]) -> None:
        """Count what a run may have cost."""
        self.state = replace(self.state, spent={**self.state.spent, name: dict(spent)})

    def note_decided(self, name: str) -> None:
        """Say that a run is done with."""
        self.state = replace(self.state, decided=(*self.state.decided, name))

    def _is_finished(self, name: str) -> bool:
        if name in self.state.spent:
            return True
        try:
            header = read_run(self.folder / RUNS / name).header
        except HarnessError:
            return False
        return header.finished is not None and not header.interrupted

    def _shown(self, name: str) -> Baseline | None:
        kept = kept_baseline(self.folder, name)
        if kept is not None:
            return kept
        try:
            shown = report(self.folder / RUNS / name, specs=self.specs).baseline
        except HarnessError as error:
            self.notes.append(f"{name} is left out: {error}")
            return None
        keep_baseline(self.folder, name, shown)
        return shown

    def spent_of(self, name: str) -> dict[str, Spent]:
        """Return what a run may have cost, by its folder; nothing where that holds no run."""
        try:
            stored = read_run(self.folder / RUNS / name)
        except HarnessError:
            return {}
        catalogue = self.catalogue.with_copies(stored.specs)
        providers = {each: catalogue.provider(each) for each in stored.header.evidence}
        spent = spent_by(stored.records, providers)
        for unfinished in stored.unfinished:
            shot = unfinished.line.shot
            risk = Spent(images=shot.at_risk.images, amount=shot.at_risk.amount)
            spent[shot.case.provider] = spent[shot.case.provider].plus(risk)
        return spent


def spent_by(records: Sequence[Record], providers: Mapping[str, Provider]) -> dict[str, Spent]:
    """Return what records may have cost by provider: what is unsettled counts as spent."""
    total = dict.fromkeys(providers, Spent())
    for record in records:
        name = record.shot.case.provider
        for doubtful in record.in_doubt:
            risk = doubtful.at_risk
            total[name] = total[name].plus(Spent(images=risk.images, amount=risk.amount))
        if record.outcome is None:
            continue
        cost, risk = paid_of(providers[name], record), record.shot.at_risk
        images, amount = (risk.images, risk.amount) if cost is None else (cost.images, cost.amount)
        total[name] = total[name].plus(Spent(images=images, amount=amount))
    return total


def round_name(name: str, number: int) -> str:
    """Return the name of the run that asks again for the canary of that name."""
    return f"{name}{AGAIN}" if number == 1 else f"{name}{AGAIN}-{number}"


def _rounds(name: str, shown: Mapping[str, Baseline]) -> tuple[Baseline, ...]:
    """Return what was asked again for a canary, in its rounds."""
    names = (round_name(name, number) for number in range(1, ROUNDS + 1))
    return tuple(shown[each] for each in names if each in shown)


def reached_only(shown: Baseline) -> Baseline:
    """Return what was shown without the providers that served nothing at all.

    That one could not be reached, or took no key, says nothing of its promises.
    """
    served = {sample.provider for sample in shown.samples if sample.end in ("served", "refused")}
    if served >= set(shown.evidence):
        return shown
    return replace(
        shown,
        evidence={name: each for name, each in shown.evidence.items() if name in served},
        promises=tuple(each for each in shown.promises if each.provider in served),
        samples=tuple(each for each in shown.samples if each.provider in served),
        errors=tuple(each for each in shown.errors if each.provider in served),
        authenticity=tuple(each for each in shown.authenticity if each.provider in served),
    )
