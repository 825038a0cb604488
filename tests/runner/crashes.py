"""A run that crashes at a line of its journal, and goes on: one session after another."""

import asyncio
import time
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from harness.adaptive.confirm import FailureReducer
from harness.core.case import Plan
from harness.core.record import Record
from harness.policy import Conclusion
from harness.runner.conformance.session import Session
from harness.runner.execution.budget import Budget
from harness.runner.execution.conversation import Journal
from harness.runner.execution.provider_run import ProviderRun
from harness.store.folder import RunFolder
from harness.store.line import JournalLine
from harness.store.reader import read_run
from harness.transport.bodies.images import ImageCollector
from harness.transport.callbacks.server import CallbackServer
from harness.transport.client import Live, LiveEndpoint
from harness.transport.redaction import Redactor
from tests.loopback import HUNG_S
from tests.runner.journals import header, part
from tests.runner.processes import KEYS, Emulator
from tests.shipped import conclude, shipped_provider

SCALE = 0.0001


class CrashedError(Exception):
    """The process is gone: nothing is written any more."""


class CrashingJournal(Journal):
    """Writes so many lines, and none after them; None is no limit."""

    def __init__(self, folder: RunFolder, lines: int | None) -> None:
        super().__init__(folder)
        self._lines = lines

    async def append(self, line: JournalLine) -> None:
        if self._lines is not None:
            if not self._lines:
                raise CrashedError
            self._lines -= 1
        await super().append(line)


@dataclass(frozen=True, slots=True, kw_only=True)
class Story:
    """A provider that breaks some promises, and what is planned of it."""

    plan: Plan
    faults: tuple[str, ...]
    concurrency: int = 1


def session(
    shop: Emulator,
    path: Path,
    story: Story,
    *,
    lines: int | None = None,
    budget: Budget | None = None,
) -> ProviderRun | None:
    """Go on in a folder, or begin in it; None where the process crashed after so many lines."""
    name = story.plan.provider
    past = read_run(path) if path.exists() else None

    async def go() -> ProviderRun | None:
        folder = RunFolder.reopen(path) if past else RunFolder.create(path)
        if past is None:
            folder.write_header(header(name))
        journal, begun_s = CrashingJournal(folder, lines), time.monotonic()
        provider = shipped_provider(name)
        outside = CallbackServer(
            now_s=time.monotonic,
            assets_url=None,
            webhook_url=None,
            port=None,
            local=False,
            run_word="word-of-this-run",
            webhooks={},
        )

        def transport() -> Live:
            return Live(
                LiveEndpoint(
                    base_url=shop.urls[name],
                    auth=provider.auth,
                    key=KEYS[f"{name.upper()}_API_KEY"],
                ),
                pictures=ImageCollector(folder.keep_image),
                redactor=Redactor({}),
                now_s=lambda: time.monotonic() - begun_s,
                time_scale=SCALE,
                outside=outside,
            )

        own = part(story.plan, transport, journal, budget=budget, past=past)
        strategy = FailureReducer(provider)
        asking = Session(part=own, concurrency=story.concurrency, strategy=strategy)
        try:
            async with asyncio.timeout(HUNG_S):
                await asking.run()
        except CrashedError:
            return None
        finally:
            journal.close()
        return own

    return asyncio.run(go())


def concluded(story: Story, records: Sequence[Record]) -> Conclusion:
    """What the policy makes of a run."""
    return conclude(header(story.plan.provider), records)


def findings(conclusion: Conclusion) -> list[tuple[object, ...]]:
    """What a report convicts a provider of, in every series."""
    return sorted(
        (
            shown.finding.standing,
            shown.finding.operation,
            str(shown.finding.constraint),
            str(shown.finding.combination),
            shown.finding.check,
        )
        for shown in conclusion.report.all_findings
    )


def promises(conclusion: Conclusion) -> dict[tuple[str, int], str]:
    """What became of each promise."""
    return {
        (row.id, at): cell.state
        for row in conclusion.report.matrix.rows
        for at, cell in enumerate(row.cells)
    }


def paid_twice(shop: Emulator, name: str, *, times: int = 2) -> list[object]:
    """The requests that this provider was paid for twice, or more `times`."""
    paid = Counter(entry["request_sha256"] for entry in shop.ledger(name) if entry["paid"])
    return [request for request, number in paid.items() if number >= times]
