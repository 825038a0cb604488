"""What holds in every world, whatever crashed and whatever got lost."""

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from harness.checks.judge import judge_records
from harness.core.exchange import Exchange, Reply
from harness.core.outcome import CUT_OFF_WHY, Fault, Images
from harness.core.record import Record
from harness.core.verdict import Finding, Verdict
from harness.diagnosis.findings import findings, settled
from harness.runner.execution.earlier import MOST_IN_DOUBT
from harness.spec.provider import Provider
from harness.store.reader import CUT_OFF
from tests.simulation.broken import BrokenError
from tests.simulation.entries import entry
from tests.simulation.world import KEY, World

Promise = tuple[str, str, str]
"""An operation, a check, and the constraint that it is about, if any."""


def check_world(world: World, undisturbed: World | None) -> None:
    """Raise BrokenError for the first invariant that a world breaks.

    `undisturbed` is the same world without crashes; None where the verdicts are not compared.
    """
    judgement = judged(world)
    for invariant, broken in (
        ("charged at most once", _charged_twice(world)),
        ("no limit is passed", _limits_passed(world)),
        ("acknowledged replies are reported", _lost_replies(world)),
        ("jobs are seen to their end", _left_jobs(world)),
        ("every case is reported", _unreported(world)),
        ("keys stay out", _leaks(world)),
        ("nobody is convicted wrongly", _convicted_wrongly(world, judgement)),
        ("verdicts converge", _diverging(judgement, undisturbed)),
    ):
        why = next(broken, None)
        if why is not None:
            raise BrokenError(invariant, why)


def _charged_twice(world: World) -> Iterator[str]:
    charges = world.provider.ledger.charges
    for body, number in Counter(charge.body for charge in charges).items():
        if number > 1:
            yield f"{number} times: {body}"
    for key, number in Counter(charge.key for charge in charges if charge.key).items():
        if number > 1:
            yield f"{number} times under the key {key}"


def _limits_passed(world: World) -> Iterator[str]:
    ledger, budget = world.provider.ledger, world.scenario.limits.budget()
    submissions = ledger.submissions.total()
    for most, spent, what in (
        (budget.amount, ledger.amount, "money"),
        (budget.images, ledger.images, "images"),
        (budget.requests, submissions, "requests"),
    ):
        if most is not None and spent > most:
            yield f"{spent} {what}, {most} allowed"
    for operation, number in ledger.submissions.items():
        if number > (budget.per_operation.requests or number):
            yield f"{number} requests of {operation}"


def _lost_replies(world: World) -> Iterator[str]:
    """Yield what the journal acknowledged and the report does not know."""
    reported = {record.shot.case.id: record.exchanges for record in world.records}
    for case, exchanges in world.acknowledged.exchanges.items():
        present = {exchange.times.end_s: exchange for exchange in reported.get(case, ())}
        for exchange in exchanges:
            if present.get(exchange.times.end_s) != exchange:
                yield f"{case}: {exchange.request.method} {exchange.request.target}"


def _left_jobs(world: World) -> Iterator[str]:
    """Yield jobs whose id was kept, and that nobody saw ending or speaks of."""
    records = {record.shot.case.id: record for record in world.records}
    for case, exchanges in world.acknowledged.exchanges.items():
        for job in filter(None, map(_job_of, exchanges)):
            if case not in records or job not in _jobs_reported(records[case]):
                yield f"{case}: nobody speaks of {job}"
            elif world.scenario.share == 0.0 and not world.provider.jobs[job].seen:
                yield f"{case}: {job} is never seen to its end"


def _jobs_reported(record: Record) -> set[str | None]:
    """Return the jobs that a record names: its outcome's, or of one cut off all that it shows."""
    if isinstance(record.outcome, Images | Fault):
        return {record.outcome.job}
    return {*map(_job_of, record.exchanges)} if record.skipped == CUT_OFF else set()


def _job_of(exchange: Exchange) -> str | None:
    """Return the job that a submission was answered with."""
    answer = exchange.answer
    if exchange.step != "submit" or not isinstance(answer, Reply):
        return None
    document = answer.document if isinstance(answer.document, dict) else {}
    data = document.get("data")
    job = (
        document.get("jobId")
        or document.get("request_id")
        or (data.get("id") if isinstance(data, dict) else None)
    )
    return job if isinstance(job, str) else None


def _unreported(world: World) -> Iterator[str]:
    """Yield cases that nothing is said of, or that wait for a run to go on although one ended."""
    reported = {record.shot.case.id for record in world.records}
    yield from (shot.case.id for shot in world.scenario.plan.shots if shot.case.id not in reported)
    for record in world.records if world.scenario.share == 0.0 else ():
        if record.skipped == CUT_OFF:
            yield f"{record.shot.case.id}: cut off, and not gone on with"


def _leaks(world: World) -> Iterator[str]:
    if KEY.encode() in world.disk.durable_bytes():
        yield "the key is on the disk"


@dataclass(frozen=True, slots=True, kw_only=True)
class Judgement:
    """What the records of a world come to."""

    decided: Mapping[Promise, str]
    convicted: frozenset[Promise]
    suspected: frozenset[Promise]
    """What one asking showed, another was cut off of, and nobody could repeat in other words."""
    in_doubt: frozenset[str]
    spent: bool
    """A limit kept some request from being sent."""
    given_up: bool
    """A question is left in doubt: it was cut off too often, or has no words to change."""

    @property
    def open(self) -> bool:
        """Whether the report says that something was not asked, or not answered, for a reason."""
        return self.spent or self.given_up


def judged(world: World) -> Judgement:
    """Judge the records of a world as a report does."""
    records, name = world.records, world.scenario.kind
    providers: dict[str, Provider] = {name: entry(name).provider}
    verdicts = judge_records(records, providers)
    all_findings = findings(records, verdicts, providers, repeatable=True)
    cut_off = {record.shot.case.id for record in records if record.in_doubt}
    return Judgement(
        decided=_decided(settled(verdicts, all_findings)),
        convicted=frozenset(
            _promise(finding) for finding in all_findings if finding.standing == "confirmed"
        ),
        suspected=frozenset(
            _promise(finding) for finding in all_findings if cut_off & {*finding.cases}
        ),
        in_doubt=frozenset(_in_doubt(records)),
        spent=_spent(world),
        given_up=any(map(_given_up, records)),
    )


def _promise(finding: Finding) -> Promise:
    return finding.operation, finding.check, finding.constraint or ""


def _given_up(record: Record) -> bool:
    fault = isinstance(record.outcome, Fault) and record.outcome.why == CUT_OFF_WHY
    often = len(record.in_doubt) + 1 >= MOST_IN_DOUBT
    return fault and (often or not isinstance(record.shot.case.arguments.get("prompt"), str))


def _spent(world: World) -> bool:
    """Tell whether a limit kept something from being asked, or from being asked again."""
    skipped = any("budget" in (record.skipped or "") for record in world.records)
    return skipped or (not world.scenario.limits.wide and any(_in_doubt(world.records)))


def _decided(verdicts: Sequence[Verdict]) -> dict[Promise, str]:
    decided: dict[Promise, str] = {}
    for verdict in verdicts:
        if verdict.status in ("pass", "fail"):
            promise = (verdict.operation, verdict.check, verdict.constraint or "")
            worst = "fail" in (verdict.status, decided.get(promise))
            decided[promise] = "fail" if worst else "pass"
    return decided


def _in_doubt(records: Sequence[Record]) -> Iterator[str]:
    for record in records:
        outcome = record.outcome
        if isinstance(outcome, Fault) and outcome.why == CUT_OFF_WHY:
            yield record.shot.case.id


def _convicted_wrongly(world: World, judgement: Judgement) -> Iterator[str]:
    """Yield convictions of what this provider does as its documents say."""
    breach = world.scenario.breach.kind
    for finding in sorted(judgement.convicted if not world.provider.puzzled else ()):
        if finding[1] not in CONVICTED_BY[breach]:
            yield f"{finding}, and its breach is {breach}"


CONVICTED_BY = {
    "none": (),
    "lenient": ("refuses_what_it_forbids",),
    "strict": ("accepts_what_it_documents",),
    "format": ("images_have_the_asked_format", "declares_what_was_asked"),
}
"""The checks that may convict a provider, by the promise that it breaks."""


def _diverging(here: Judgement, undisturbed: World | None) -> Iterator[str]:
    """Yield promises on which the verdicts of a disturbed run and an undisturbed one differ."""
    if undisturbed is None or undisturbed.provider.puzzled:
        return
    there = judged(undisturbed)
    if here.open or there.open:
        return
    for finding in sorted(here.convicted ^ there.convicted):
        other, where = (there, "disturbed") if finding in here.convicted else (here, "undisturbed")
        if not any(_alike(finding, found) for found in other.convicted | other.suspected):
            yield f"convicted of {finding} {where} only; in doubt: {len(here.in_doubt)}"
    for promise, status in sorted(there.decided.items()):
        if promise not in here.decided:
            doubt = f"in doubt: {len(here.in_doubt)}"
            yield f"nothing decided on {promise}, undisturbed: {status}; {doubt}"


def _alike(finding: Promise, other: Promise) -> bool:
    """Tell whether two findings are of the same promise; one may be told less exactly."""
    return finding[:2] == other[:2] and (finding[2] == other[2] or "" in (finding[2], other[2]))
