"""The plan of a trial: one plain request of one operation, which asks for one image at most."""

from harness.cases import prompts
from harness.cases.build import Builder
from harness.core.case import Case, Plan
from harness.core.errors import UsageError
from harness.core.jsonvalue import Json
from harness.planning.options import Trial
from harness.planning.plan import make_plan
from harness.spec.catalogue import Entry
from harness.spec.evaluate import broken_when_sent


def trial_plan(entry: Entry, trial: Trial) -> Plan:
    """Return the plan of a trial, which is observed and judges nothing.

    It is the cheapest valid request unless its arguments say otherwise. Raises UsageError for an
    unknown operation or argument, and for a request that could cost more than one image.
    """
    provider = entry.provider
    name = trial.operation or next(iter(provider.operations))
    if name not in provider.operations:
        known = ", ".join(provider.operations)
        raise UsageError(f"{provider.name} has no operation {name!r}", hint=f"one of {known}")
    operation = provider.operation(name)
    for argument in trial.arguments:
        if argument not in operation.arguments:
            known = ", ".join(operation.arguments)
            raise UsageError(f"{name} has no argument {argument!r}", hint=f"one of {known}")
    plain = Builder(provider, name).base(prompt=prompts.PLAIN)
    merged = {**plain, **trial.arguments}
    arguments: dict[str, Json] = {
        each: content for each, content in merged.items() if content is not None
    }
    violated, _ = broken_when_sent(operation, arguments)
    case = Case(
        id=f"{name}/try",
        provider=provider.name,
        operation=name,
        expect="observe",
        about=None,
        breaks=None,
        covers=(),
        why="; ".join(f"breaks {each.id}: {each.describe()}" for each in violated),
        arguments=arguments,
    )
    plan = make_plan(provider, [case], seed=0, spec_digest=entry.digest)
    images, most = plan.shots[0].at_risk.images, trial.most_images
    if images > most:
        allowed = "one" if most == 1 else f"{most} at most"
        raise UsageError(
            f"this request could cost {images} images; a trial costs {allowed}",
            hint="leave n out: what costs more is asked for in a run",
        )
    return plan
