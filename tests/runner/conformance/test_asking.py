"""What is asked once there are answers: first, once, journaled, and whole when it is replayed."""

import asyncio
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from functools import cache
from pathlib import Path
from random import Random

from harness.core.case import Plan, PlannedRequest
from harness.core.outcome import Fault, Images
from harness.core.record import Record
from harness.planning.options import EmulatorOptions, Options, Output, RunLimits, Target
from harness.planning.plan import planned_request
from harness.policy import off_tape
from harness.runner.conformance.session import Session
from harness.runner.execution.budget import Budget
from harness.runner.execution.conversation import Journal
from harness.runner.execution.failures import CUT_OFF, WRONG_TWICE
from harness.runner.execution.provider_run import ProgressListener, ProviderRun
from harness.runner.recording import record as write_cassettes
from harness.runner.run import execute_run
from harness.runner.scanning import search_for
from harness.spec.provider import Provider
from harness.store.folder import RunFolder
from harness.store.line import Ended, Sent
from harness.store.reader import read_run
from tests.loopback import HUNG_S
from tests.runner.journals import EVIDENCE, header, part
from tests.runner.orders import fault
from tests.runner.till import Shop, once, plan_at
from tests.shipped import SHIPPED, shipped_provider

BASE = "generate/base"


@cache
def plan() -> Plan:
    """The plain request, and three rows."""
    full = plan_at("buble")
    rows = [one for one in full.shots if one.case.id.startswith("generate/row/")]
    return replace(full, shots=(full.shots[0], *rows[:3]))


def planned() -> list[str]:
    """The ids of the rows."""
    return [one.case.id for one in plan().shots[1:]]


def again(one: PlannedRequest, number: int) -> PlannedRequest:
    """The same request with another prompt, for a second look."""
    name = f"{one.case.id}/again-{number}"
    arguments = {**one.case.arguments, "prompt": name}
    case = replace(
        one.case,
        id=name,
        arguments=arguments,
        stage="confirm",
        follows=one.case.id,
        depends_on=(),
        follow_ups=(),
    )
    return planned_request(shipped_provider(case.provider), case)


@dataclass(slots=True)
class Curious:
    """Asks for the base twice more: once when it has ended, and once when all is done."""

    heard: list[str] = field(default_factory=list)
    base: PlannedRequest | None = None

    def on_record(self, record: Record) -> Sequence[PlannedRequest]:
        self.heard.append(record.shot.case.id)
        if record.shot.case.id != BASE:
            return ()
        self.base = record.shot
        return (again(record.shot, 0),)

    def on_idle(self) -> Sequence[PlannedRequest]:
        return (again(self.base, 1),) if self.base else ()


ASKED = [f"{BASE}/again-{number}" for number in range(2)]


def session(path: Path, shop: Shop, asker: Curious, *, images: int | None = None) -> ProviderRun:
    """Run a session to its end, in a new folder or going on with what is there."""
    past = read_run(path) if path.exists() else None

    async def go() -> ProviderRun:
        folder = RunFolder.reopen(path) if past else RunFolder.create(path)
        if past is None:
            folder.write_header(header("buble"))
        journal = Journal(folder)
        made = part(plan(), lambda: shop, journal, budget=Budget(images=images), past=past)
        async with asyncio.timeout(HUNG_S):
            await Session(part=made, concurrency=1, strategy=asker).run()
        journal.close()
        return made

    return asyncio.run(go())


def open_shop() -> Shop:
    shots = [*plan().shots, *(again(plan().shots[0], number) for number in range(2))]
    listed = {one.case.id: once(one) for one in shots}
    return Shop("buble", listed, Random(0), 0.0, failed_free=False)


def test_what_is_asked_leaves_first_and_what_an_idle_session_is_asked_last(tmp_path: Path) -> None:
    asker, shop = Curious(), open_shop()

    made = session(tmp_path / "run", shop, asker)

    order = [BASE, ASKED[0], *planned(), ASKED[1]]
    assert [one.shot.case.id for one in made.records] == order
    assert asker.heard == order
    assert shop.submissions.total() == made.total == len(order)
    assert [one.shot.case.id for one in read_run(tmp_path / "run").records] == order
    whole = [one.case.id for one in made.whole_plan().shots]
    assert whole == [BASE, *planned(), *ASKED]


def test_what_was_asked_and_answered_in_an_earlier_run_is_told_and_not_sent_again(
    tmp_path: Path,
) -> None:
    path, shop = tmp_path / "run", open_shop()
    session(path, shop, Curious())
    sent, asker = shop.submissions.total(), Curious()

    made = session(path, shop, asker)

    assert shop.submissions.total() == sent
    assert asker.heard == [BASE, ASKED[0], *planned(), ASKED[1]]
    assert [one.case.id for one in made.whole_plan().shots] == [BASE, *planned(), *ASKED]


def test_what_was_asked_for_and_cut_off_is_asked_in_other_words(
    tmp_path: Path,
) -> None:
    path, shop = tmp_path / "run", open_shop()
    begun = again(plan().shots[0], 0)
    folder = RunFolder.create(path)
    folder.write_header(header("buble"))
    line = Sent(provider="buble", case=begun.case.id, shot=begun, evidence=EVIDENCE)
    folder.append(line)
    folder.close()
    asker = Curious()

    made = session(path, shop, asker)

    outcomes = {one.shot.case.id: one.outcome for one in made.records}
    assert isinstance(outcomes[ASKED[0]], Images)
    assert sorted(asker.heard) == sorted([BASE, *planned(), *ASKED])
    assert shop.submissions.total() == len(asker.heard)
    assert [one.in_doubt for one in made.records if one.in_doubt] == [(begun,)]
    assert read_run(path).unfinished == ()


def test_what_was_cut_off_ends_so_where_its_rule_was_wrongly_accepted_twice(tmp_path: Path) -> None:
    path, begun = tmp_path / "run", plan().shots[0]
    folder = RunFolder.create(path)
    folder.write_header(header("buble"))
    folder.append(Sent(provider="buble", case=BASE, shot=begun, evidence=EVIDENCE))
    folder.close()

    async def skipped() -> Record:
        journal = Journal(RunFolder.reopen(path))
        mine = part(plan(), open_shop, journal, past=read_run(path))
        entry = next(each for each in mine.begin() if each.shot.case.id == BASE)
        record = await mine.skip(entry, f"generate n.range {WRONG_TWICE}")
        journal.close()
        return record

    assert asyncio.run(skipped()).outcome == CUT_OFF
    stored = read_run(path)
    assert not stored.unfinished
    assert [record.outcome for record in stored.records] == [CUT_OFF]


def test_what_is_asked_waits_for_money_like_all_others_and_is_told_when_it_is_skipped(
    tmp_path: Path,
) -> None:
    asker, shop = Curious(), open_shop()

    made = session(tmp_path / "run", shop, asker, images=2)

    assert shop.images.total() == 2
    skipped = {one.shot.case.id: one.skipped for one in made.records if one.skipped}
    assert {*skipped} == {*planned(), ASKED[1]}
    assert {*asker.heard} == {BASE, *planned(), *ASKED}
    assert [one.case.id for one in made.whole_plan().shots] == [BASE, *planned(), ASKED[0]]


def test_a_base_that_met_trouble_at_no_cost_is_asked_again_when_a_run_goes_on(
    tmp_path: Path,
) -> None:
    path, shop = tmp_path / "run", open_shop()
    folder = RunFolder.create(path)
    folder.write_header(header("buble"))
    line = Sent(provider="buble", case=BASE, shot=plan().shots[0], evidence=EVIDENCE)
    folder.append(line)
    folder.append(Ended(provider="buble", case=BASE, outcome=fault("quota", "no balance")))
    folder.close()

    made = session(path, shop, Curious())

    assert not [one for one in made.records if one.skipped or isinstance(one.outcome, Fault)]
    assert shop.submissions.total() == len(made.records)


def _asker(made: list[Curious]) -> Callable[[Provider, Plan], Curious]:
    def make(described: Provider, plan: Plan) -> Curious:
        del described, plan
        made.append(Curious())
        return made[-1]

    return make


def test_a_recorded_run_replays_what_was_asked_on_the_way(tmp_path: Path) -> None:
    options = Options(
        target=Target(against="emulator", providers=("nanobanana",), operations=("generate",)),
        limits=RunLimits(max_images=12),
        emulator=EmulatorOptions(time_scale=0.0002),
        output=Output(out=tmp_path / "run", cassettes=tmp_path / "cassettes"),
    )
    askers: list[Curious] = []
    done = execute_run(options, ProgressListener(), catalogue=SHIPPED, strategy=_asker(askers))
    plan = done.plans["nanobanana"]
    write_cassettes(
        done.folder,
        done.records,
        plan,
        base_url=done.addresses["nanobanana"],
        cassettes=options.cassettes,
        search=search_for({}, SHIPPED),
    )

    replayed = execute_run(
        Options(
            target=replace(options.target, against="cassettes"),
            output=replace(options.output, out=tmp_path / "again"),
        ),
        ProgressListener(),
        catalogue=SHIPPED,
        strategy=_asker(askers),
    )

    assert len(askers) == 1  # a replay asks only for what is on its tape
    assert [one.case.id for one in plan.shots][-2:] == ASKED
    assert [*off_tape(replayed.records)] == []
    answered = {one.shot.case.id for one in done.records if one.outcome is not None}
    assert {one.shot.case.id for one in replayed.records if one.outcome} == answered
    assert {*ASKED} <= answered
