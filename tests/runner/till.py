"""A provider whose till knows nothing of the harness: it charges as it likes, up to its list."""

import asyncio
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from decimal import Decimal
from functools import cache
from random import Random

from harness.core.case import Plan, PlannedRequest, Price
from harness.core.exchange import Exchange, Failure, Reply, Request, Times
from harness.core.jsonvalue import Json
from tests.plans import plan_of
from tests.wire.by_hand import IMAGE, said
from tests.wire.replies import ADDRESS, BUSY

LOST = Failure(kind="timeout", why="no reply", sent=True)
NEVER_LEFT = Failure(kind="network", why="no route", sent=False)
DOWN = said({"error": {"code": "internal", "message": "something broke"}}, 500)
INVALID = said({"error": {"code": "invalid_parameter", "message": "not allowed"}}, 400)
STATES = {
    "buble": ("processing", "success", "failed"),
    "apiframe": ("QUEUED", "COMPLETED", "FAILED"),
}


@dataclass(slots=True)
class Job:
    """What was ordered and charged; `left` polls find it unfinished."""

    charged: Decimal
    left: int
    fails: bool


@dataclass(slots=True)
class Shop:
    """Serves one provider's jobs with random delays, prices and failures.

    `listed` is the price of each prompt. The till counts what was really made: `amount`, `images`
    and `submissions` by operation. `trouble` is the share of requests that go wrong in some way.
    """

    provider: str
    listed: Mapping[str, Price]
    random: Random
    trouble: float
    failed_free: bool
    amount: Decimal = Decimal(0)
    images: Counter[str] = field(default_factory=Counter)
    submissions: Counter[str] = field(default_factory=Counter)
    jobs: dict[str, Job] = field(default_factory=dict)

    @property
    def dearest(self) -> Price:
        """What is listed for a question in other words, of which nobody knows which it is."""
        return max(self.listed.values(), key=lambda price: price.amount)

    async def send(self, request: Request, *, due_s: float) -> Exchange:
        for _ in range(self.random.randrange(6)):
            await asyncio.sleep(0)
        answer = self._answered(request)
        for _ in range(self.random.randrange(6)):
            await asyncio.sleep(0)
        times = Times(due_s=due_s, sent_s=0, end_s=1)
        return Exchange(request=request, answer=answer, times=times)

    async def pause(self, seconds: float) -> None:
        await asyncio.sleep(min(seconds, 0))

    async def aclose(self) -> None:
        pass

    def _answered(self, request: Request) -> Reply | Failure:
        wrong = self.random.random() < self.trouble
        kind = self.random.choice(("never left", "error", "error", "error", "lost"))
        if wrong and kind == "never left":
            return NEVER_LEFT
        if request.method == "POST":
            answer = self._posted(request, error=wrong and kind == "error")
        elif request.target == ADDRESS:
            answer = IMAGE
        else:
            answer = self._told(request.target.rpartition("/")[2], poll=True)
        return LOST if wrong and kind == "lost" else answer

    def _posted(self, request: Request, *, error: bool) -> Reply:
        operation = _operation(request)
        self.submissions[operation] += request.form is None  # an upload asks for no image
        if error:
            return self.random.choice((BUSY, BUSY, BUSY, DOWN, INVALID))
        if request.form is not None:
            return said({"data": {"url": "https://files.test/1.png"}})
        return self._told(self._ordered(request, operation), poll=False)

    def _ordered(self, request: Request, operation: str) -> str:
        body = request.body
        assert isinstance(body, dict)
        listed = self.listed.get(str(body["prompt"]), self.dearest)
        fails = self.random.random() < self.trouble / 2
        if not (fails and self.failed_free):
            charged = listed.amount * self.random.choice((0, 1, 1, 1)) / self.random.choice((1, 2))
            self.amount += charged
            self.images[operation] += listed.images
        else:
            charged = Decimal(0)
        name = f"job-{len(self.jobs)}"
        self.jobs[name] = Job(charged, self.random.randrange(4), fails)
        return name

    def _told(self, name: str, *, poll: bool) -> Reply:
        job = self.jobs.get(name)
        if job is None:
            return said({"error": {"code": "not_found", "message": "no such job"}}, 404)
        pending, done, failed = STATES[self.provider]
        job.left -= poll
        state = pending if not poll or job.left > 0 else (failed if job.fails else done)
        result: Json = {"images": [{"url": ADDRESS}]} if state == done else None
        document: dict[str, Json] = {"id": name, "jobId": name, "status": state, "result": result}
        cost = float(job.charged)
        if self.provider == "buble":
            return said({"data": {**document, "cost_credits": cost}})
        return said({**document, "creditCost": cost}, 200 if poll else 202)


def _operation(request: Request) -> str:
    if request.form is not None:
        return "edit"
    body = request.body
    name = str(body["prompt"]).partition("/")[0] if isinstance(body, dict) else ""
    return name if name in OPERATIONS else "generate"


def tagged(shot: PlannedRequest) -> PlannedRequest:
    """The shot with its id as its prompt, by which the shop knows what was ordered."""
    body = shot.request.body
    assert isinstance(body, dict)
    return replace(shot, request=replace(shot.request, body={**body, "prompt": shot.case.id}))


def once(shot: PlannedRequest) -> Price:
    """What one submission of a shot costs at most: a repetition was set aside as well."""
    share = 2 if "same_key" in shot.case.follow_ups else 1
    at_risk = shot.at_risk
    return replace(at_risk, amount=at_risk.amount / share, images=at_risk.images // share)


OPERATIONS = ("generate", "edit")


@cache
def plan_at(name: str) -> Plan:
    """The plan of a shop's provider, without forms, and tagged."""
    whole = plan_of(name, seed=0, operations=OPERATIONS)
    kept = [shot for shot in whole.shots if isinstance(shot.request.body, dict)]
    return replace(whole, shots=tuple(map(tagged, kept)))
