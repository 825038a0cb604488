"""Values moved towards the boundary: how long a prompt, how large a number, still fails."""

from collections.abc import Iterator

from harness.adaptive.isolate import Stand, assignment_text
from harness.cases import prompts
from harness.cases.shrink import Choice, shrink
from harness.core.jsonvalue import Json
from harness.core.outcome import Images
from harness.diagnosis.assignment import assignment, changes
from harness.diagnosis.history import ACCEPTS, CaseHistory
from harness.diagnosis.suspicion import AssignedRecord, FailureGroup
from harness.spec import price
from harness.spec.provider import Provider

_NEAR = 100
"""A boundary of a text is close enough when it is known to this part of it."""

_IMAGES_AT_MOST = 2
"""No smaller number is tried that could cost more images than this."""


def moved_towards_boundary(
    provider: Provider, evidence: CaseHistory, trouble: FailureGroup, now: Stand
) -> dict[str, Json] | None:
    """Return the next request whose answer makes a found combination's values smaller, if any.

    Only what the documents promise to serve is asked: a forbidden value that was served stands
    next to its boundary already.
    """
    if trouble.check != ACCEPTS or trouble.breaks is not None:
        return None
    if now.names == ("prompt",):
        return _shorter(evidence, trouble, now.current)
    return _lower(provider, evidence, trouble, now)


def _shorter(
    evidence: CaseHistory, trouble: FailureGroup, current: AssignedRecord
) -> dict[str, Json] | None:
    """Return a shorter prompt: one character less first, then half-way to the longest served."""
    text = _prompt(current.record.shot.case.arguments)
    if len(text) <= prompts.A_LINE:
        return None
    outcomes = dict(_answered_prompts(evidence, trouble))
    refused = min([length for length, fails in outcomes.items() if fails] + [len(text)])
    served = max((n for n, fails in outcomes.items() if not fails and n < refused), default=0)
    if refused == len(text) and refused - 1 not in outcomes:
        length = refused - 1
    elif refused - served <= max(1, refused // _NEAR):
        return None
    else:
        length = (refused + served) // 2
    write = prompts.plain_prompt if text.isascii() else prompts.wide_prompt
    return {**trouble.arguments(current, frozenset({"prompt"})), "prompt": write(length)}


def _answered_prompts(evidence: CaseHistory, trouble: FailureGroup) -> Iterator[tuple[int, bool]]:
    """Yield how long prompts were, and whether they were refused; refusals of other things not."""
    for record in evidence.records.values():
        case = record.shot.case
        if case.operation != trouble.operation_name or case.expect != "accept":
            continue
        length = len(_prompt(case.arguments))
        if isinstance(record.outcome, Images):
            yield length, False
        elif case.stage == "shrink" and evidence.said(case.id, trouble.check, None) == "fail":
            yield length, True


def _prompt(arguments: dict[str, Json]) -> str:
    text = arguments.get("prompt")
    return text if isinstance(text, str) else ""


def _lower(
    provider: Provider, evidence: CaseHistory, trouble: FailureGroup, now: Stand
) -> dict[str, Json] | None:
    """Return a request with lower numbers that Hypothesis' shrinker wants answered, if any."""
    own = trouble.arguments(now.current, changes(trouble.base, now.current.items))
    ladders = {name: _ladder(trouble, name, own[name]) for name in now.names if name in own}
    if all(len(steps) == 1 for steps in ladders.values()):
        return None
    answers = dict(_answers(evidence, trouble))

    def arguments(choice: Choice) -> dict[str, Json]:
        rungs = zip(ladders, choice, strict=True)
        return {**own, **{name: ladders[name][step] for name, step in rungs}}

    def fails(choice: Choice) -> bool | None:
        asked = arguments(choice)
        known = answers.get(assignment_text(assignment(trouble.operation, asked)))
        if known is not None:
            return known
        dear = price.price_of(provider, trouble.operation, asked).images > _IMAGES_AT_MOST
        return False if dear or not trouble.asks_the_same(asked) else None

    _, wanted = shrink([len(steps) for steps in ladders.values()], fails)
    return None if wanted is None else arguments(wanted)


def _ladder(trouble: FailureGroup, name: str, value: Json) -> tuple[Json, ...]:
    """Return a few numbers from the least that is documented, or of the plain request, upwards."""
    bounds = (
        trouble.operation.arguments[name].range if name in trouble.operation.arguments else None
    )
    if bounds is None or not isinstance(value, int) or isinstance(value, bool):
        return (value,)
    plain = trouble.plain.get(name)
    least = bounds.min if bounds.min is not None else value
    start = plain + 1 if isinstance(plain, int) else least
    rungs = sorted({start, (start + value) // 2, value})
    return tuple(rung for rung in rungs if start <= rung <= value) or (value,)


def _answers(
    evidence: CaseHistory, trouble: FailureGroup
) -> Iterator[tuple[tuple[tuple[str, str], ...], bool]]:
    """Yield every question that was answered, and whether it failed."""
    for assigned in (*trouble.passing, *trouble.failing):
        yield assignment_text(assigned.items), assigned in trouble.failing
    for record in evidence.records.values():
        case = record.shot.case
        if case.stage == "shrink" and case.operation == trouble.operation_name:
            said = evidence.said(case.id, trouble.check, None)
            if said in ("fail", "pass"):
                yield assignment_text(assignment(trouble.operation, case.arguments)), said == "fail"
