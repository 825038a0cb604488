"""What a world is, drawn from its seed: provider, plan, limits, faults, crashes."""

import random
from collections.abc import Sequence
from dataclasses import dataclass, replace
from decimal import Decimal
from functools import cache

from harness.core.case import Plan, PlannedRequest
from harness.core.jsonvalue import Json
from harness.core.placeholders import ASSETS
from harness.planning.conformance import new_plan
from harness.planning.plan import Allowance
from harness.runner.execution.budget import Budget
from harness.runner.shutdown import GRACE_S
from tests.simulation.disk import Crash
from tests.simulation.documents import RESULTS, Kind, knows, mistake, parameters
from tests.simulation.entries import entry
from tests.simulation.provider import Breach

KINDS: tuple[Kind, ...] = ("sub2api", "apiframe", "buble")
QUEUES = 4
"""Of so many seeds one is of the `queue`, the last, so that the others keep their worlds."""
LONGEST_PROMPT = 200
CRASHES_AT_MOST = 6
STOPS_AT_MOST = 5
ROOM = 16 * 1024 * 1024
"""More than what a run folder holds back at its beginning."""
FILLS = 0.1


@dataclass(frozen=True, slots=True, kw_only=True)
class Limits:
    """What a run may spend; None is no limit but the allowance of each operation."""

    amount: Decimal | None = None
    images: int | None = None
    requests: int | None = None

    @property
    def wide(self) -> bool:
        """Whether only the allowance of each operation holds."""
        return self.amount is None and self.images is None and self.requests is None

    def budget(self) -> Budget:
        """Return a run's budget, as the command line would make it."""
        return Budget(
            amount=self.amount, images=self.images, requests=self.requests, per_operation=ALLOWANCE
        )


ALLOWANCE = Allowance(images=40, requests=100)


@dataclass(frozen=True, slots=True, kw_only=True)
class Stop:
    """A SIGTERM `after_s` seconds after a process begins; what is under way ends `grace_s` later.

    A grace shorter than the harness' own is that of a second signal.
    """

    after_s: float
    grace_s: float = GRACE_S


@dataclass(frozen=True, slots=True, kw_only=True)
class Scenario:
    """A world before it begins.

    `crashes` are the steps after which each process ends, and how; `stops` when each is told to
    end, None for one that is not; `share` of the round trips meet a fault; the disk is full once it
    has taken `room` bytes.
    """

    seed: int
    kind: Kind
    plan: Plan
    breach: Breach
    limits: Limits
    concurrency: int
    share: float
    crashes: tuple[tuple[int, Crash], ...]
    room: int | None
    stops: tuple[Stop | None, ...] = ()

    @property
    def fails(self) -> bool:
        """Whether some jobs fail, as the luck of their requests has it."""
        return self.seed % 5 == 0

    @property
    def compared(self) -> bool:
        """Whether crashes and stops alone tell this world from the undisturbed one.

        Where requests fail by chance, what is asked after them depends on their order.
        """
        return not self.fails and self.share == 0.0 and self.room is None

    @property
    def undisturbed(self) -> "Scenario":
        """Return the same world without a crash, a stop, a fault of the network or a full disk."""
        return replace(self, crashes=(), stops=(), share=0.0, room=None)

    def describe(self) -> str:
        """Return the scenario in a line."""
        stops = [stop and (round(stop.after_s, 3), round(stop.grace_s, 3)) for stop in self.stops]
        limits = "wide" if self.limits.wide else str(self.limits)
        return (
            f"{self.kind}, {len(self.plan.shots)} cases, {self.concurrency} at once, breach "
            f"{self.breach.kind} {self.breach.parameter}, limits {limits}, "
            f"faults {self.share:.0%}, crashes {[*self.crashes]}, stops {stops}, "
            f"room {self.room}"
        )


def drawn(seed: int) -> Scenario:
    """Return the world of a seed: the same in every process."""
    rng = random.Random(seed)
    kind = rng.choice(KINDS)
    kind = "queue" if seed % QUEUES == QUEUES - 1 else kind
    plan = _plan(kind, rng)
    return Scenario(
        seed=seed,
        kind=kind,
        plan=plan,
        breach=_breach(plan.shots, rng),
        limits=_limits(rng),
        concurrency=rng.randrange(1, 5),
        share=rng.choice((0.0, 0.0, 0.0, 0.1, 0.3)),
        crashes=_crashes(rng),
        room=ROOM + rng.randrange(2_000, 80_000) if rng.random() < FILLS else None,
        stops=_stops(rng),
    )


def _plan(kind: Kind, rng: random.Random) -> Plan:
    whole, pool = _pool(kind)
    operations = [name for name in ("generate", "edit") if f"{name}/base" in pool]
    operation = rng.choice(operations)
    mine = [shot for shot in pool.values() if shot.case.operation == operation]
    accepts = [shot for shot in mine if shot.case.expect == "accept"]
    refuses = [shot for shot in mine if shot.case.expect == "refuse"]
    most = rng.choice((2, 2, 3, 6))
    chosen = [*_some(accepts, most, rng), *_some(refuses, most, rng)]
    ids = {shot.case.id for shot in chosen} | {f"{operation}/base"}
    return replace(whole, shots=tuple(shot for shot in mine if shot.case.id in ids))


@cache
def _pool(kind: Kind) -> tuple[Plan, dict[str, PlannedRequest]]:
    """Return a provider's plan, and those of its requests that the simulated one can judge."""
    known = entry(kind)
    operations = tuple(name for name in ("generate", "edit") if name in known.provider.operations)
    whole = new_plan(known, seed=0, operations=operations)
    return whole, {shot.case.id: shot for shot in whole.shots if _simulated(kind, shot)}


def _simulated(kind: Kind, shot: PlannedRequest) -> bool:
    body = shot.request.body
    if not isinstance(body, dict) or len(str(body.get("prompt", ""))) > LONGEST_PROMPT:
        return False
    if shot.case.expect == "observe" or "max_bytes" in str(shot.case.breaks):
        return False
    if isinstance(urls := body.get("image_urls"), list):
        body = body | {"image_urls": [_uploaded(url) for url in urls]}
    if not knows(kind, body):
        return False
    refused = mistake(kind, body) is not None or shot.case.credential != "own"
    return refused == (shot.case.expect == "refuse")


def _uploaded(url: Json) -> Json:
    return f"{RESULTS}up/1" if isinstance(url, str) and url.startswith(ASSETS) else url


def _breach(shots: Sequence[PlannedRequest], rng: random.Random) -> Breach:
    """Draw a promise of those that the plan tests, to be broken; in some worlds none is."""
    kind = rng.choice(("none", "lenient", "lenient", "strict", "format"))
    own = [shot for shot in shots if shot.case.credential == "own"]
    if kind == "format":
        return Breach(kind="format")
    if kind == "lenient":
        broken = sorted({_wire_name(shot) for shot in own if shot.case.breaks} - {""})
        return Breach(kind="lenient", parameter=rng.choice(broken)) if broken else Breach()
    if kind == "strict":
        bodies = [
            parameters(shot.request.body)
            for shot in own
            if shot.case.expect == "accept" and isinstance(shot.request.body, dict)
        ]
        base = bodies[0] if bodies else {}
        pairs = [
            (name, content)
            for body in bodies[1:]
            for name, content in sorted(body.items())
            if name not in ("prompt", "image_urls", "model") and base.get(name) != content
        ]
        if pairs:
            name, content = rng.choice(pairs)
            return Breach(kind="strict", parameter=name, content=content)
    return Breach()


def _wire_name(shot: PlannedRequest) -> str:
    """Return the parameter that a refusal is about, as the provider calls it."""
    body = shot.request.body
    if not isinstance(body, dict) or shot.case.expect != "refuse":
        return ""
    name = (shot.case.breaks or "").partition(".")[0]
    return {"n": "number_of_images" if "gptImage2Params" in body else "n", "images": ""}.get(
        name, name
    )


def _limits(rng: random.Random) -> Limits:
    match rng.choice(("wide", "wide", "wide", "images", "amount", "requests")):
        case "images":
            return Limits(images=rng.randrange(2, 15))
        case "amount":
            return Limits(amount=Decimal(rng.randrange(4, 120)))
        case "requests":
            return Limits(requests=rng.randrange(5, 40))
        case _:
            return Limits()


def _crashes(rng: random.Random) -> tuple[tuple[int, Crash], ...]:
    number = rng.choice((0, 1, 1, 2, 3, rng.randrange(CRASHES_AT_MOST + 1)))
    kinds: tuple[Crash, ...] = ("kill", "power")
    return tuple((rng.randrange(1, 90), rng.choice(kinds)) for _ in range(number))


def _stops(rng: random.Random) -> tuple[Stop | None, ...]:
    return tuple(_stop(rng) for _ in range(rng.choice((0, 0, 1, 1, 2, STOPS_AT_MOST))))


def _stop(rng: random.Random) -> Stop | None:
    after_s = rng.random() * rng.choice((1.0, 30.0, 300.0, 1000.0))
    grace_s = rng.choice((1.0, 1.0, rng.random())) * GRACE_S
    return rng.choice((None, *(Stop(after_s=after_s, grace_s=grace_s),) * 3))


def _some(shots: Sequence[PlannedRequest], most: int, rng: random.Random) -> list[PlannedRequest]:
    return rng.sample(shots, min(len(shots), rng.randrange(1, most + 1)))
