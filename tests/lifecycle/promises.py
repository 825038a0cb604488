"""What must hold of a job whatever was asked before: held against each reply, and the books."""

from harness.core.exchange import Reply
from harness.core.jsonvalue import read_amount
from harness.spec.expressions import first_match
from harness.spec.lifecycle import job_id_of
from harness.wire.errors import OK, REDIRECT
from harness.wire.images import image_texts
from tests.lifecycle.world import Known, World


def told_of(world: World, known: Known, answer: Reply) -> None:
    """Hold what is told of a job against what was told before."""
    job = world.job
    if answer.status == job.unknown_status:
        raise world.broken("a job that was is found", f"{known.id}: HTTP {answer.status}")
    if not OK <= answer.status < REDIRECT:
        return  # an outage, or a limit: nothing is told of the job
    named = job_id_of(first_match(job.id, answer.document))
    if named != known.id:
        raise world.broken("a job is told of under its own id", f"{named}, not {known.id}")
    state = first_match(job.state, answer.document)
    order = [*job.pending, "the end"]
    ends = (*job.done, *job.failed)
    if not isinstance(state, str) or state not in (*job.pending, *ends):
        raise world.broken("every state is documented", repr(state))
    if known.ended is not None and state != known.ended:
        raise world.broken("an end is for good", f"{known.ended}, then {state}")
    before = known.seen[-1] if known.seen else job.pending[0]
    places = [order.index("the end" if one in ends else one) for one in (before, state)]
    if places[1] < places[0]:
        raise world.broken("states only move forward", f"{before}, then {state}")
    known.seen.append(state)
    if known.ended is None and state in ends:
        known.ended = state
        _ended(world, known, answer)


def _ended(world: World, known: Known, answer: Reply) -> None:
    job = world.job
    if known.cancel_refused and (known.ended or "").upper().startswith("CANCEL"):
        raise world.broken("a refused cancellation changes nothing", known.id)
    if known.ended in job.done:
        if known.doomed:
            raise world.broken("nothing is made of an image that is not there", known.id)
        known.urls = image_texts(world.operation().reply, answer.document)
        if len(known.urls) != known.images:
            told = f"{known.images} images were asked for, {len(known.urls)} came"
            raise world.broken("as many images come as were asked for", told)
        return
    world.did["failed"] += 1
    if not first_match(job.error, answer.document):
        raise world.broken("a failed job says why", str(answer.document))
    charged = read_amount(first_match(world.operation().reply.charged, answer.document))
    if charged and world.provider.prices.failed_free is not None:
        raise world.broken("a failed job costs nothing", f"{charged}")
    if charged == 0:
        world.purse.give_back(known.images)


def books_agree(world: World) -> None:
    """Every charge is for a job that we know: its price once, or nothing where it failed."""
    charged: dict[str | None, float] = {}
    for entry in world.entries():
        charged[entry["job"]] = charged.get(entry["job"], 0.0) + entry["cost"]["amount"]
    for job_id, paid in charged.items():
        known = world.jobs.get(job_id or "")
        if known is None:
            due: set[float] = {0.0}
        elif known.ended is None:
            due = {0.0, float(known.listed)}
        else:
            due = {float(known.listed) if known.ended in world.job.done else 0.0}
        if paid not in due:
            raise world.broken("the books agree", f"{job_id} cost {paid}, not {due}")
