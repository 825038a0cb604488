"""The verb that watches: a small canary each day, within what a month may cost."""

import os
from collections.abc import Mapping, Sequence
from contextlib import AbstractContextManager
from dataclasses import replace
from datetime import UTC, date, datetime
from decimal import Decimal
from pathlib import Path
from typing import TypeVar

from harness.api.asking import cases_of, free_of, served_of, with_cases
from harness.api.runs import report, run
from harness.api.watched import Watched, reached_only, round_name, spent_by
from harness.core.case import Price
from harness.core.errors import NothingTested, UsageError
from harness.core.money import money, unit_of
from harness.core.placeholders import ASSETS, WEBHOOKS
from harness.diagnosis.known_file import known_of
from harness.planning.canary import canary_plan, first_id, never_asked, turn_of
from harness.planning.options import (
    Canary,
    Options,
    Output,
    RunLimits,
    refuse_unknown_operations,
)
from harness.planning.plan import total_price
from harness.planning.rotation import LONGEST
from harness.planning.watch_options import WEBHOOK_URL, WatchOptions
from harness.report.text import count
from harness.run_result import RunResult
from harness.runner.execution.provider_run import ProgressListener
from harness.spec.catalogue import Catalogue, Entry, catalogue_of
from harness.spec.provider import Provider
from harness.store.lock import locked
from harness.transport.webhook_post import check_hook, post_hook
from harness.watching.decide import decided, suspicions, worth_another_round
from harness.watching.expected import overdue_sentences
from harness.watching.files import (
    ALERT,
    RUNS,
    STATUS,
    canary_name,
    kept_baseline,
    run_names,
    write,
)
from harness.watching.ledger import (
    AGAIN,
    AGAIN_IMAGES,
    DEFAULT_IMAGES,
    ROUNDS,
    Budget,
    Share,
    month_of,
    share_of,
)
from harness.watching.model import Day, Spent, Suspicion, WatchResult, asks_dear
from harness.watching.words import (
    alert_markdown,
    hook_json,
    plain,
    spent_sentence,
    status_markdown,
    still_sentence,
)

__all__ = ["WatchOptions", "WatchResult", "watch"]

NEW, NOTHING_NEW, UNREACHED = 1, 0, 4
"""Exit codes: a change alerted now; nothing new; nobody reached, keys refused, or nothing clear."""

INTERRUPTED = 130
NUMBERS_A_DAY = 16
NAMED = 6
"""How many rules that are not asked for are named."""

Amount = TypeVar("Amount", int, Decimal)

HEADROOM = 12
"""How many images a canary may take beside its share: where a refusal is served, all that it asked
for is paid, and what looks wrong is asked again."""


def watch(
    options: WatchOptions,
    folder: str | Path,
    *,
    listener: ProgressListener | None = None,
    environment: Mapping[str, str] | None = None,
) -> WatchResult:
    """Send today's canary, compare it with those of the days before, and alert what is confirmed.

    Made to be called by cron or CI, once a day or more often; `folder` keeps all that it knows. A
    call that was cut off is gone on with by the next one: nothing paid is lost or repeated. What is
    alerted once is not alerted again, and told once when it is back. A hook that does not answer is
    tried again at the next call.

    Raises UsageError for choices that do not go together, and where another call is at the folder;
    and as `run` does.

        watch(WatchOptions(target=Target(against="emulator", providers=("buble",))), "watched")
    """
    environment = os.environ if environment is None else environment
    watching = _Watch(options, Path(folder), listener or ProgressListener(), environment)
    if options.watch.dry_run:
        return watching.planned()
    with watching.lock():
        return watching.called()


class _Watch:
    def __init__(
        self,
        options: WatchOptions,
        folder: Path,
        listener: ProgressListener,
        environment: Mapping[str, str],
    ) -> None:
        self.options, self.folder, self.listener = options, folder, listener
        self.environment = environment
        self.day = _day(options.watch.today)
        self.hook = options.watch.webhook or environment.get(WEBHOOK_URL, "").strip()
        if self.hook:
            check_hook(self.hook)
        if options.target.against == "cassettes":
            raise UsageError(
                "a watch asks somebody: cassettes do not change",
                hint="add --against emulator or live",
            )
        self.catalogue = catalogue_of(options.target.documents)
        self.entries = _entries(options, self.catalogue)
        self.known = known_of(options.watch.known, (), self.catalogue).entries
        self.notes: list[str] = []
        self.budgets = {entry.name: self._budget(entry) for entry in self.entries}
        self.kept = Watched(
            folder, catalogue=self.catalogue, specs=options.target.documents, known=self.known
        )

    # -------------------------------------------------------------------------- what it costs
    def _budget(self, entry: Entry) -> Budget:
        month = self.options.watch
        images, amount = month.month_images, month.month_budgets.get(entry.name)
        if images is None and amount is None:
            if self.options.target.against == "live":
                plan = canary_plan(entry, self._plainly(entry, images=DEFAULT_IMAGES // 40))
                cost = total_price(plan.shots, entry.provider.prices.unit)
                raise UsageError(
                    f"a live watch needs a month's budget for {entry.name}; nothing was sent",
                    hint=f"--max-images {DEFAULT_IMAGES}, or --budget "
                    f"{entry.name}={plain(40 * cost.amount)}; a day's canary costs about "
                    f"{money(cost)}",
                )
            images = DEFAULT_IMAGES
        return Budget(images=images, amount=amount)

    def _share(self, entry: Entry) -> Share:
        return share_of(self.budgets[entry.name], self.kept.state.spent, entry.name, self.day)

    def _plainly(self, entry: Entry, *, images: int | None) -> Canary:
        """Return a canary of the operations that are asked, without what no address leads to."""
        target = self.options.target
        places = ((ASSETS, target.assets_url), (WEBHOOKS, target.webhook_url))
        live = target.against == "live"
        return Canary(
            number=0,
            operations=tuple(entry.provider.chosen(target.operations)),
            unreachable=tuple(name for name, place in places if live and place is None),
            images=images,
        )

    def _canary(self, entry: Entry, number: int) -> Canary:
        share = self._share(entry)
        plain_price = canary_plan(entry, self._plainly(entry, images=1)).shots
        dearest = max((shot.price.amount for shot in plain_price), default=Decimal(0))
        open_here = [each for each in self.kept.state.open if each.provider == entry.name]
        spared = [each for each in open_here if each.dear and not asks_dear(f"{self.day}")]
        asked: dict[str, int] = {}
        for place, day in enumerate(self.kept.days, 1):
            for sample in day.shown.samples:
                if sample.provider == entry.name:
                    asked[first_id(sample.place)] = place
        return replace(
            self._plainly(entry, images=share.canary.images),
            number=number,
            amount=share.canary.amount,
            most_images=_most(share.canary.images, share.again.images, HEADROOM),
            most_amount=_most(share.canary.amount, share.again.amount, dearest * HEADROOM),
            asked=asked,
            first=tuple(case for each in open_here if each not in spared for case in each.cases),
            spared=tuple(case for each in spared for case in each.cases),
        )

    def planned(self) -> WatchResult:
        """Say what today and the month cost at most, and what is asked; nothing is sent."""
        self.kept.load(self.day)
        for entry in self.entries:
            canary = self._canary(entry, 0)
            plan = canary_plan(entry, canary)
            cost = total_price(plan.shots, entry.provider.prices.unit)
            served = sum(shot.case.expect == "accept" for shot in plan.shots)
            budget, share = self.budgets[entry.name], self._share(entry)
            most = _amounts(budget, entry.provider)
            self.notes.append(
                f"{entry.name}: today {len(plan.shots)} requests, {served} of them valid, at most "
                f"{_cost(cost)}; to confirm what is suspected at most "
                f"{_amounts(share.again, entry.provider)} more; the month at most {most}"
            )
            turn = turn_of(entry, canary)
            self.notes.append(
                f"{entry.name}: each single value that a day's share pays for is asked within "
                f"{turn} {'day' if turn == 1 else 'days'}"
                if turn
                else f"{entry.name}: not each single value is asked within {LONGEST} days"
            )
            left = never_asked(entry, canary)
            if left:
                self.notes.append(
                    f"{entry.name}: a day's share does not pay for {', '.join(left[:NAMED])}"
                    f"{f' and {len(left) - NAMED} more' if len(left) > NAMED else ''}"
                )
        return WatchResult(
            exit_code=NOTHING_NEW,
            why="nothing was sent",
            day=f"{self.day}",
            notes=tuple(self.notes),
            spent=self._spent(),
        )

    def _spent(self) -> dict[str, Spent]:
        spent = self.kept.state.spent
        return {entry.name: month_of(spent, entry.name, self.day) for entry in self.entries}

    # -------------------------------------------------------------------------- one call
    def lock(self) -> AbstractContextManager[None]:
        """Hold the folder for this call alone; UsageError where another call is at it."""
        return locked(self.folder, "harness watch")

    def called(self) -> WatchResult:
        """Go on with what was cut off, send today's canary, decide, tell."""
        self.kept.load(self.day)
        self.notes += self.kept.notes
        self.kept.save()  # a state that is missing later was lost
        name = self._cut_off()
        if name is not None:
            try:
                return self._canary_of(name)
            except UsageError as error:  # its documents were edited meanwhile, say
                self.notes.append(f"{name} was cut off, and cannot be gone on with: {error}")
                self.kept.note_spent(name, self.kept.spent_of(name))
                self.kept.note_decided(name)
        if self._is_used_up():
            return self._ended(
                NOTHING_NEW, "today's share of the month's budget is used up: nothing was sent"
            )
        return self._canary_of(canary_name(self.folder, f"{self.day}"))

    def _cut_off(self) -> str | None:
        """Return the first canary that did not end, or of which nothing was decided."""
        for name in run_names(self.folder):
            if AGAIN not in name and name not in self.kept.state.decided:
                self.notes.append(f"goes on with the canary of {name}, which was cut off")
                return name
        return None

    def _is_used_up(self) -> bool:
        """Tell whether nobody can be asked for a single image any more today."""
        return not any(
            shot.case.expect == "accept"
            for entry in self.entries
            for shot in canary_plan(entry, self._canary(entry, 0)).shots
        )

    def _canary_of(self, name: str) -> WatchResult:
        shown = kept_baseline(self.folder, name) if name in self.kept.state.spent else None
        result: RunResult | None = None
        if shown is None:
            numbers = {entry.name: self._canary(entry, self._number()) for entry in self.entries}
            result = self._sent(name, numbers)
            if result.header.interrupted:
                return self._ended(INTERRUPTED, result.why, run=name)
            shown = result.baseline
        reached = reached_only(shown)
        today = Day(run=name, shown=reached)
        if not reached.evidence:
            self.kept.note_decided(name)
            why = result.why if result is not None else "nobody was reached"
            return self._ended(UNREACHED, why, run=name)
        suspected = suspicions(self.kept.state, self.kept.days, today, known=self.known)
        again: RunResult | None = None
        for number in range(1, ROUNDS + 1):
            if number > 1:
                unclear = [
                    each
                    for each in suspected
                    if worth_another_round(self.kept.state, each, self.kept.days, today)
                ]
            else:
                unclear = [each for each in suspected if not each.certain]
            again = self._asked_again(name, number, unclear, result) if unclear else None
            if again is None:
                break
            if again.header.interrupted:
                return self._ended(INTERRUPTED, again.why, run=name)
            today = replace(today, again=(*today.again, again.baseline))
        return self._decide(today, suspected, result)

    def _decide(
        self, today: Day, suspected: Sequence[Suspicion], result: RunResult | None
    ) -> WatchResult:
        before = self.kept.state
        come_to = decided(before, self.kept.days, today, known=self.known)
        self.kept.state = replace(
            come_to.state,
            alerted=tuple(
                with_cases(each, result) if each.since == today.date else each
                for each in come_to.state.alerted
            ),
        )
        new = {each.key for each in come_to.alert.changes} if come_to.alert else set()
        for each in suspected:
            if each.key not in new:
                how = "refuted by asking again" if today.again else "not asked again"
                self.notes.append(f"suspected, {how}: {each.sentence}")
        self.notes += [still_sentence(each) for each in self.kept.state.open if each.key not in new]
        self.notes += overdue_sentences(today, self.known)
        self.kept.save()
        for message in come_to.messages:
            write(self.folder / ALERT, alert_markdown(message).encode())
            if message.kind == "back":
                self.notes += message.sentences
        code = NEW if come_to.alert else NOTHING_NEW
        why = "nothing new"
        if come_to.alert:
            why = f"alert: {'; '.join(come_to.alert.sentences)}"
        elif any(message.kind == "back" for message in come_to.messages):
            why = "nothing new; what was alerted is resolved"
        elif self.kept.state.open:
            why = "nothing new; what was alerted is not resolved"
        again = self.folder / RUNS / today.again[-1].run if today.again else None
        return self._ended(code, why, run=today.run, again=again)

    def _ended(
        self,
        code: int,
        why: str,
        *,
        run: str = "",
        again: Path | None = None,
    ) -> WatchResult:
        self._tell()
        untold = [each for each in self.kept.state.messages if not each.told]
        if code in (NOTHING_NEW, UNREACHED) and any(each.kind == "alert" for each in untold):
            code, why = (
                NEW,
                f"alert: {'; '.join(untold[0].sentences)}",
            )  # an earlier call was cut off
        self.kept.tell_all()
        self.kept.save()
        spent = self._spent()
        ledger = {
            entry.name: spent_sentence(
                entry.name,
                entry.provider.prices.unit,
                spent[entry.name],
                self.budgets[entry.name],
            )
            for entry in self.entries
        }
        page = status_markdown(self.kept.state, why, self.notes, day=f"{self.day}", ledger=ledger)
        write(self.folder / STATUS, page.encode())
        return WatchResult(
            exit_code=code,
            why=why,
            day=f"{self.day}",
            messages=tuple(untold),
            notes=(*self.notes, *ledger.values()),
            run=self.folder / RUNS / run if run else None,
            again=again,
            spent=spent,
        )

    # -------------------------------------------------------------------------- runs
    def _number(self) -> int:
        """Return a number that no earlier run of this watch has had."""
        today = [name for name in run_names(self.folder) if name.startswith(f"{self.day}")]
        return self.day.toordinal() * NUMBERS_A_DAY + len(today)

    def _sent(self, name: str, canary: Mapping[str, Canary]) -> RunResult:
        """Send a run, or go on with it; what it showed and cost is kept when it has ended."""
        path = self.folder / RUNS / name
        begun = (path / "run.json").exists()
        most = [each.most_images for each in canary.values() if each.most_images is not None]
        amounts = {
            provider: each.most_amount
            for provider, each in canary.items()
            if each.most_amount is not None
        }
        target = replace(self.options.target, providers=tuple(canary))
        result = run(
            Options(
                target=target,
                limits=RunLimits(max_images=max(most, default=None), budgets=amounts, max_shrink=0),
                emulator=self.options.emulator,
                output=Output(resume=path) if begun else Output(out=path),
                canary=dict(canary),
            ),
            watch=self.listener,
            environment=self.environment,
        )
        if not result.header.interrupted:
            self.kept.keep(name, result.baseline, spent_by(result.records, result.providers))
        return result

    def _asked_again(
        self, name: str, number: int, suspected: Sequence[Suspicion], result: RunResult | None
    ) -> RunResult | None:
        """Ask again for what is suspected; None where there is no money for it."""
        path = round_name(name, number)
        if path in self.kept.state.spent:
            return report(self.folder / RUNS / path, specs=self.options.target.documents)
        canaries = {}
        for entry in self.entries:
            mine = [each for each in suspected if each.provider == entry.name]
            if mine:
                canary = self._again(entry, number, mine, result)
                if canary_plan(entry, canary).shots:
                    canaries[entry.name] = canary
        try:
            return self._sent(path, canaries) if canaries else None
        except NothingTested:
            return None

    def _again(
        self,
        entry: Entry,
        number: int,
        suspected: Sequence[Suspicion],
        result: RunResult | None,
    ) -> Canary:
        """Return what is asked again at a provider, as far as there is money."""
        share = self._share(entry)
        only: list[str] = []
        operations = self._plainly(entry, images=None).operations
        figures = [each for each in suspected if each.kind != "broken"]
        for each in suspected:
            if each.kind == "broken":
                only += cases_of(each.key, result)
                only.append(f"{each.key[2]} {each.key[3]}")
        if figures:
            only += operations
            only += free_of(result, entry.name)
        if any(each.kind == "authenticity" for each in figures):
            only += served_of(result, entry.name)
        most = AGAIN_IMAGES[number - 1]
        times = max(most // len(operations), 2) if figures else 2
        images = share.again.images
        return replace(
            self._plainly(entry, images=most if images is None else min(images, most)),
            number=self._number(),
            amount=share.again.amount,
            most_images=images,
            most_amount=share.again.amount,
            only=tuple(dict.fromkeys(only)),
            times=times,
        )

    def _tell(self) -> None:
        """Post what no hook has taken yet; what fails is posted again at the next call."""
        if not self.hook:
            return
        messages = []
        for message in self.kept.state.messages:
            if not message.sent:
                why = post_hook(self.hook, hook_json(message))
                if why:
                    self.notes.append(f"{why}: the alert is kept, and posted at the next call")
                message = replace(message, sent=not why)  # noqa: PLW2901 - as it is told
            messages.append(message)
        self.kept.state = replace(self.kept.state, messages=tuple(messages))


# ------------------------------------------------------------------------------ what is given
def _day(text: str | None) -> date:
    """Read the day of `--today`, or return that of the clock in UTC."""
    if text is None:
        return datetime.now(UTC).date()
    try:
        return date.fromisoformat(text)
    except ValueError:
        raise UsageError(f"--today {text}: no day", hint="like 2026-12-01") from None


def _entries(options: WatchOptions, catalogue: Catalogue) -> list[Entry]:
    """Return whom to ask: a watch asks nobody that the user did not name."""
    names = options.target.providers or tuple(catalogue.asked)
    if not names:
        raise UsageError("a watch asks the providers that are named", hint="add --provider NAME")
    entries = [catalogue.entry(name) for name in catalogue.chosen(names)]
    words = options.target.operations
    refuse_unknown_operations(words, [entry.provider for entry in entries])
    entries = [entry for entry in entries if entry.provider.chosen(words)]
    for name in options.watch.month_budgets:
        if name not in {entry.name for entry in entries}:
            raise UsageError(
                f"--budget {name}: this watch asks no such provider",
                hint=f"it asks {', '.join(entry.name for entry in entries)}",
            )
    return entries


def _most(canary: Amount | None, again: Amount | None, headroom: Amount) -> Amount | None:
    """Return what a canary may take: its share, and of what is kept back what may go wrong."""
    return None if canary is None or again is None else canary + min(again, headroom)


def _cost(price: Price) -> str:
    """Return what requests cost, in words; images once where they are the unit."""
    images = "" if price.unit == "image" else f"{count(price.images, 'image')}, "
    return f"{images}{money(price)}"


def _amounts(budget: Budget, provider: Provider) -> str:
    """Return what a budget holds, in words."""
    said = [] if budget.images is None else [f"{budget.images} images"]
    if budget.amount is not None:
        said.append(f"{plain(budget.amount)} {unit_of(budget.amount, provider.prices.unit)}")
    return " and ".join(said) or "without a limit"
