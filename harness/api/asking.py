"""Which cases of a canary are asked again, and each day once they showed a broken promise."""

from dataclasses import replace

from harness.planning.canary import first_id
from harness.run_result import RunResult
from harness.watching.model import Alerted, Key

DEAR_IMAGES = 2
"""From how many images on a refusal that is served is asked only now and then."""

FREE = 10
"""How many refusals are asked again beside them, each as often."""


def with_cases(alerted: Alerted, result: RunResult | None) -> Alerted:
    """Return what is alerted with the cases that showed it, which are asked each day then."""
    if alerted.kind != "broken" or alerted.cases or result is None:
        return alerted
    cases = tuple(cases_of(alerted.key, result))
    risks = [
        record.shot.at_risk.images
        for record in result.records
        if record.shot.case.id in cases and record.shot.case.expect == "refuse"
    ]
    return replace(alerted, cases=cases, dear=max(risks, default=0) > DEAR_IMAGES)


def cases_of(key: Key, result: RunResult | None) -> list[str]:
    """Return ids of the planned cases that showed a promise broken."""
    provider, _, operation, promise = key
    follows = {
        record.shot.case.id: record.shot.case.follows or record.shot.case.id
        for record in (result.records if result else ())
        if record.shot.case.provider == provider
    }
    found = []
    for shown in result.report.all_findings if result else ():
        finding = shown.finding
        names = {finding.constraint, finding.check, "+".join(finding.combination)}
        if (finding.provider, finding.operation) == (provider, operation) and promise in names:
            found += [first_id(follows.get(case, case)) for case in finding.cases]
    return list(dict.fromkeys(found))[:4]


def free_of(result: RunResult | None, provider: str) -> list[str]:
    """Return ids of refusals of a canary: they are free, and fail where everything does."""
    cases = (record.shot.case for record in (result.records if result else ()))
    free = [case.id for case in cases if (case.provider, case.expect) == (provider, "refuse")]
    return free[:FREE]


def served_of(result: RunResult | None, provider: str) -> list[str]:
    """Return ids of what a canary asked to be served, beside the plain requests."""
    cases = (record.shot.case for record in (result.records if result else ()))
    return [
        first_id(case.id)
        for case in cases
        if (case.provider, case.expect, case.stage) == (provider, "accept", "plan")
    ]
