"""The life of jobs as a state machine: any order of requests, one set of promises.

What a rule can do is the same in every run (a rule that has nothing to do does nothing), for what
is drawn must not depend on a provider's clock.
"""

from collections.abc import Iterator, Mapping
from typing import Any

from hypothesis import HealthCheck, Phase, Verbosity, settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    RuleBasedStateMachine,
    invariant,
    precondition,
    rule,
    run_state_machine_as_test,
)

from harness.cases.boundaries import plain_case
from harness.cases.build import Builder
from harness.core.exchange import Reply, Request
from harness.core.placeholders import MISSING
from harness.spec.expressions import first_match
from harness.spec.lifecycle import job_id_of
from harness.wire.errors import is_error, refused_or_fault
from harness.wire.retry import send_once, send_until_answered
from tests.lifecycle.promises import books_agree, told_of
from tests.lifecycle.world import Known, World, whole

ANY = st.integers(0, 7)
"""Which of the known jobs is meant: the rest of a division by their number."""

UNKNOWN = st.uuids(version=4).map(str) | st.uuids(version=4).map(lambda one: f"gen_{one.hex}")
WAYS = st.sampled_from(("DELETE", "POST /cancel"))


class JobMachine(RuleBasedStateMachine):
    """Submits, polls, repeats, cancels and downloads in any order."""

    def __init__(self, world: World) -> None:
        super().__init__()
        self.world = world
        self.number = 0
        world.begin()

    # -------------------------------------------------------------------------- submissions
    @rule(n=st.integers(1, 2))
    def submit(self, n: int) -> None:
        self._submit(self._arguments(n))

    def _arguments(self, n: int = 1, more: Mapping[str, Any] | None = None) -> dict[str, Any]:
        """The cheapest valid request; no two ask for the same."""
        self.number += 1
        base: dict[str, Any] = dict(plain_case(Builder(self.world.provider, "generate")).arguments)
        base["prompt"] = f"{base['prompt']}, number {self.number}"
        if n > 1 and "n" in self.world.operation().arguments:
            base["n"] = n
        return {**base, **(more or {})}

    def _submit(self, arguments: Mapping[str, Any], operation: str = "generate") -> Known | None:
        """Make a job; None where there was no money, or trouble that says nothing."""
        world = self.world
        sent, images, listed = world.built(arguments, operation=operation)
        if not world.purse.take(images):
            return None
        answer = world.talk(send_once(sent))
        if not isinstance(answer, Reply):
            return None
        if is_error(world.provider.errors, answer):
            if self._is_free(answer):
                world.purse.give_back(images)
            return None
        made = job_id_of(first_match(world.job.id, answer.document))
        if not made:
            raise world.broken("a submission is answered with a job", str(answer.document))
        if made in world.jobs:
            raise world.broken("each submission makes a job of its own", made)
        known = Known(id=made, sent=sent, images=images, listed=listed)
        world.jobs[made] = known
        world.did["submitted"] += 1
        told_of(self.world, known, answer)
        return known

    def _is_free(self, answer: Reply) -> bool:
        """Tell whether an error proves that nothing was made."""
        ended = refused_or_fault(self.world.provider.errors, answer)
        return ended.kind == "refused" or not ended.may_be_paid

    def _some(self, pick: int) -> Known | None:
        """One of the known jobs; a new one where there is none."""
        jobs = [*self.world.jobs.values()]
        return jobs[pick % len(jobs)] if jobs else self._submit(self._arguments())

    # -------------------------------------------------------------------------------- polls
    @rule(pick=ANY)
    def poll(self, pick: int) -> None:
        if (known := self._some(pick)) is not None:
            self._poll(known)

    @rule(pick=ANY)
    def poll_to_the_end(self, pick: int) -> None:
        if (known := self._some(pick)) is not None:
            self._to_the_end(known)

    @rule(pick=ANY)
    def poll_an_old_job(self, pick: int) -> None:
        old = [one for one in self.world.jobs.values() if one.ended]
        if old:
            self._poll(old[pick % len(old)])
            self.world.did["polled an old job"] += 1

    @rule(unknown=UNKNOWN)
    def poll_an_unknown_job(self, unknown: str) -> None:
        world = self.world
        answer = world.talk(send_until_answered(self._polling(unknown), "poll"))
        if not isinstance(answer, Reply) or answer.status >= 500 or answer.status == 429:
            return
        world.did["polled an unknown job"] += 1
        if answer.status != world.job.unknown_status:
            raise world.broken(
                "a job that never was is not found", f"HTTP {answer.status}: {answer.document}"
            )

    def _polling(self, job_id: str) -> Request:
        target = self.world.job.poll_path.format(id=job_id)
        return Request(method="GET", target=target, timeout_s=60.0)

    def _poll(self, known: Known) -> None:
        self.world.pace(known)
        answer = self.world.talk(send_until_answered(self._polling(known.id), "poll"))
        if isinstance(answer, Reply):
            told_of(self.world, known, answer)

    def _to_the_end(self, known: Known) -> None:
        """Poll at the documented pace until the job has ended."""
        waited_s = 0.0
        patience_s = self.world.provider.timeouts.normal_s
        if not self.world.live:
            patience_s /= 4  # each poll takes longer than its share of the emulator's time
        while known.ended is None:
            if waited_s > patience_s:
                raise self.world.broken("every job ends", f"{known.id} is {known.seen[-1:]}")
            waited_s += self.world.job.interval_s
            self._poll(known)
        self.world.did["ended"] += 1

    # ---------------------------------------------------------------------------- the rest
    @rule(pick=ANY)
    def download(self, pick: int) -> None:
        known = self._some(pick)
        if known is not None:
            known.fetched = known.ended is not None
            self._fetch(known)

    def _fetch(self, known: Known) -> None:
        for url in known.urls:
            answer = self.world.talk(
                send_until_answered(Request(method="GET", target=url), "download")
            )
            if not isinstance(answer, Reply) or answer.status >= 500:
                continue
            shown = answer.document if isinstance(answer.document, str) else ""
            if not whole(answer.pictures.get(shown)):
                why = f"{url}: HTTP {answer.status}, no whole image"
                raise self.world.broken("every result is a whole image", why)
            self.world.did["downloaded"] += 1

    @rule(pick=ANY, way=WAYS)
    def try_to_cancel(self, pick: int, way: str) -> None:
        """Cancelling is not documented: whatever is said, the job is not undone."""
        known = self._some(pick)
        if known is None:
            return
        method, _, path = way.partition(" ")
        target = self._polling(known.id).target + path
        answer = self.world.talk(send_once(Request(method=method, target=target, body={})))
        refused = isinstance(answer, Reply) and answer.status >= 400
        known.cancel_refused |= refused and known.ended is None
        self.world.did["cancelled"] += 1
        self._poll(known)

    @precondition(lambda self: self.world.has_keys)
    @rule(pick=ANY, other=st.booleans())
    def submit_the_same_key(self, pick: int, other: bool) -> None:  # noqa: FBT001 - drawn
        world, known = self.world, self._some(pick)
        if known is None or known.doomed or not world.purse.take(known.images):
            return
        sent = known.sent
        body = {**sent.body, "prompt": "another"} if isinstance(sent.body, dict) and other else None
        repeated = Request(
            method=sent.method,
            target=sent.target,
            headers=sent.headers,
            body=body or sent.body,
            timeout_s=sent.timeout_s,
        )
        answer = world.talk(send_once(repeated))
        if not isinstance(answer, Reply):
            return  # it may have been paid: the money is not given back
        told = job_id_of(first_match(world.job.id, answer.document))
        if told and told != known.id:
            raise world.broken("a key makes no second job", f"{told} beside {known.id}")
        refused = is_error(world.provider.errors, answer)
        if told or (refused and self._is_free(answer)):
            world.purse.give_back(known.images)
            world.did["other body" if other else "same body"] += 1
        if told:
            self._poll(known)

    @precondition(lambda self: self.world.has_webhooks)
    @rule()
    def hear_of_it_before_the_first_poll(self) -> None:
        world = self.world
        address, wait = world.webhook()
        known = self._submit(self._arguments(more={"webhook_url": address}))
        if known is None:
            return
        answer = world.talk(send_until_answered(wait, "deliveries"))
        for delivery in self._delivered(answer):
            body, webhook = delivery.get("body"), world.operation().webhook
            assert webhook is not None
            if delivery.get("signature") != "valid":
                why = f"signature {delivery.get('signature')}"
                raise world.broken("every webhook is signed", why)
            if job_id_of(first_match(webhook.id, body)) != known.id:
                raise world.broken("a webhook tells of its own job", str(body))
            told = first_match(webhook.state, body)
            self._poll(known)
            if told in (*world.job.done, *world.job.failed) and known.ended != told:
                why = f"{told}, and the poll after it said {known.seen[-1]}"
                raise world.broken("a webhook tells the truth", why)
        world.did["webhook"] += 1

    def _delivered(self, answer: object) -> Iterator[dict[str, Any]]:
        document = answer.document if isinstance(answer, Reply) else None
        listed = document.get("deliveries") if isinstance(document, dict) else None
        if not listed and self.world.live:
            return  # our receiver may be out of reach
        if not isinstance(listed, list) or not listed:
            raise self.world.broken("the end is delivered", str(document or answer))
        yield from (one for one in listed if isinstance(one, dict))

    @precondition(lambda self: not self.world.live)
    @rule()
    def submit_what_must_fail(self) -> None:
        """A job that starts from an address with nothing behind it."""
        edit = dict(plain_case(Builder(self.world.provider, "edit")).arguments)
        known = self._submit({**edit, "images": [MISSING]}, "edit")
        if known is not None:
            known.doomed = True
            self._to_the_end(known)
            self.world.did["doomed"] += 1

    @precondition(lambda self: not self.world.live)
    @rule()
    def submit_what_is_forbidden(self) -> None:
        wrong = {"quality": "no-such"} if self.world.name == "apiframe" else {"resolution": "8K"}
        if self._submit(self._arguments(more=wrong)) is not None:
            raise self.world.broken("what is forbidden is refused", str(wrong))
        self.world.did["refused"] += 1

    @invariant()
    def the_books_agree(self) -> None:
        books_agree(self.world)

    def teardown(self) -> None:
        """See to the end whatever was made: it is paid."""
        if self.world.found:
            return
        for known in self.world.jobs.values():
            self._to_the_end(known)
            if not known.fetched:
                self._fetch(known)
            known.fetched = True
        self.the_books_agree()


def run(world: World, *, examples: int, steps: int = 12) -> None:
    """Run the machine in this world; raises BrokenError, or what Hypothesis makes of it."""

    class Here(JobMachine):
        def __init__(self) -> None:
            super().__init__(world)

    run_state_machine_as_test(
        Here,
        settings=settings(
            max_examples=examples,
            stateful_step_count=steps,
            derandomize=True,
            database=None,
            deadline=None,
            phases=(Phase.generate,),  # a provider cannot be rewound, so nothing is shrunk
            suppress_health_check=[*HealthCheck],
            report_multiple_bugs=False,
            print_blob=False,
            verbosity=Verbosity.quiet,
        ),
    )
