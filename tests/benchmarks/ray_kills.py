"""Does a run on Ray pay twice, or lose a reply, when one of its machines dies? Writes a table.

    unshare -rn sh -c 'ip link set lo up && python -m tests.benchmarks.ray_kills --runs 20'

A cluster of three nodes on loopback, four slices, an emulator with a ledger. In each run one actor,
or one node with all that runs on it, is killed with SIGKILL at a random instant; what does not end
by itself goes on with `--resume`. Needs the extra `ray`. Nothing may leave loopback: Ray listens at
the machine's own address otherwise.
"""

import argparse
import json
import os
import random
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import psutil
from ray.cluster_utils import Cluster

from harness.core.outcome import CUT_OFF_WHY, Images
from harness.core.record import Record
from harness.store.reader import read_run
from tests.runner.processes import KNOWN, Emulator, emulator, environment

PROVIDER = "apiframe"
SLICES = 4
PORT = 20_001
HARNESS = (sys.executable, "-m", "harness")
ASKED = (
    *("--against", "live", "--operation", "generate", "--budget", f"{PROVIDER}=100000"),
    *("--max-requests", "2000", "--seed", "5", "--concurrency", "8"),
)
QUIET = {"RAY_USAGE_STATS_ENABLED": "0", "RAY_ENABLE_WINDOWS_OR_OSX_CLUSTER": "0"}
STORE_BYTES = 80 * 1024 * 1024
ENDS_S = 400.0
MOST_RESUMES = 4
_COLUMNS = (
    *("run", "killed", "after s", "seen", "moved", "exit", "resumed", "ended", "wanted", "paid"),
    *("twice", "lost", "in doubt", "beside", "verdicts", "report"),
)
_HEAD = f"| {' | '.join(_COLUMNS)} |\n|{' --- |' * len(_COLUMNS)}"
ELSEWHERE = "it goes on in another place"


@dataclass(frozen=True, slots=True, kw_only=True)
class Counted:
    """What one run came to, by the ledger and by its merged folder."""

    requests: int
    paid: int
    twice: int
    lost: int
    doubted: int
    """Requests that were cut off on their way, repetitions under a key with them."""
    beside: int
    """Questions that are asked beside the plan, in other words."""
    served: frozenset[str]
    """Cases of the plan that have their images."""
    open: frozenset[str]
    """Cases of which a request is in doubt, and those beside the plan."""
    verdicts: Counter[tuple[str, ...]]
    places: Mapping[str, str]
    """What the report says beside them, but for times and the number of polls, by its place."""


class Nodes:
    """Three nodes, of which the first is the head; a dead one is replaced."""

    def __init__(self) -> None:
        self.cluster = Cluster()
        self.head = self._added(ray_client_server_port=PORT, include_dashboard=False)
        self.others = [self._added() for _ in range(2)]
        self.is_headless = False

    def _added(self, **more: Any) -> Any:  # noqa: ANN401 - as Ray has them
        return self.cluster.add_node(
            num_cpus=2,
            object_store_memory=STORE_BYTES,
            node_ip_address="127.0.0.1",
            resources={"vantage:eu": 1.0, "vantage:us": 1.0},
            **more,
        )

    def actors(self) -> list[psutil.Process]:
        """Return the processes of the slices."""
        return [each for node in self.all for each in _below(node) if "SliceHost" in _name(each)]

    @property
    def all(self) -> list[Any]:
        """The nodes that are alive."""
        return [self.head, *self.others]

    def kill_node(self, node: Any) -> None:  # noqa: ANN401 - as Ray has them
        """Kill a machine: all of its processes at once."""
        for process in [*_below(node), *_roots(node)]:
            with suppress(psutil.NoSuchProcess):
                process.send_signal(signal.SIGKILL)
        if node is self.head:
            self.is_headless = True
        else:
            self.others.remove(node)
            with suppress(Exception):  # it is dead; Ray's own books are to know it, too
                self.cluster.remove_node(node, allow_graceful=False)

    def mend(self) -> bool:
        """Replace what is dead; False where that is the head, and with it the cluster."""
        while not self.is_headless and len(self.others) < 2:
            self.others.append(self._added())
        return not self.is_headless

    def close(self) -> None:
        """End all."""
        for node in self.all:
            for process in [*_below(node), *_roots(node)]:
                with suppress(psutil.NoSuchProcess):
                    process.kill()
        with suppress(Exception):  # as above
            self.cluster.shutdown()


def _roots(node: Any) -> list[psutil.Process]:  # noqa: ANN401 - as Ray has them
    found = []
    for each in (one for many in node.all_processes.values() for one in many):
        with suppress(psutil.NoSuchProcess):
            found.append(psutil.Process(each.process.pid))
    return found


def _below(node: Any) -> list[psutil.Process]:  # noqa: ANN401 - as Ray has them
    found: list[psutil.Process] = []
    for root in _roots(node):
        with suppress(psutil.NoSuchProcess):
            found += root.children(recursive=True)
    return found


def _name(process: psutil.Process) -> str:
    with suppress(psutil.NoSuchProcess):
        return " ".join(process.cmdline())
    return ""


@contextmanager
def _folder() -> Iterator[Path]:
    path = Path(tempfile.mkdtemp(prefix="ray-kills-"))
    try:
        yield path
    finally:
        shutil.rmtree(path, ignore_errors=True)


def _counted(shop: Emulator, folder: Path) -> Counted:
    posts = [each for each in shop.ledger(PROVIDER) if each["method"] == "POST"]
    paid = Counter(each["body_sha256"] for each in posts if each["paid"])
    run = read_run(folder)
    answered = [record for record in run.records if record.outcome is not None]
    beside = {one.shot.case.id for one in answered if one.shot.case.stage != "plan"}
    served = {one.shot.case.id for one in answered if isinstance(one.outcome, Images)}
    doubted = {one.shot.case.id: _in_doubt(one) for one in run.records if _in_doubt(one)}
    interrupted = sum("interrupted" in (record.skipped or "") for record in run.records)
    summary = json.loads((folder / "summary.json").read_text())
    return Counted(
        requests=len(answered),
        paid=sum(paid.values()),
        twice=sum(number - 1 for number in paid.values()),
        lost=interrupted,
        doubted=sum(doubted.values()),
        beside=len(beside),
        served=frozenset(served - beside),
        open=frozenset({*doubted, *beside}),
        verdicts=Counter(
            (each["case"], each["check"], each.get("constraint") or "", each["status"])
            for each in summary["verdicts"]
        ),
        places={
            place: json.dumps(content, sort_keys=True)
            for name, content in summary.items()
            if name not in _OF_THE_RUN
            for place, content in _leaves(name, _timeless(content))
        },
    )


_OF_THE_RUN = ("run", "verdicts", "latency")
_OF_THE_MOMENT = ("date", "requests", "source")


def _timeless(content: Any) -> Any:  # noqa: ANN401 - any JSON
    """Return a section without dates, ports and requests (polls are such), in one order."""
    if isinstance(content, dict):
        return {
            name: _timeless(each)
            for name, each in content.items()
            if name not in _OF_THE_MOMENT and not name.endswith("_s")
        }
    if isinstance(content, list):
        return sorted((_timeless(each) for each in content), key=json.dumps)
    return content


def _leaves(place: str, content: Any) -> Iterator[tuple[str, Any]]:  # noqa: ANN401 - the same
    """Yield what stands in no further object, with the names that lead there."""
    if not isinstance(content, dict):
        yield place, content
        return
    for name, each in content.items():
        yield from _leaves(f"{place}.{name}", each)


def _in_doubt(record: Record) -> int:
    """Count the requests that were cut off on the way: askings, and repetitions under a key."""
    after = record.outcome.after if isinstance(record.outcome, Images) else ()
    return len(record.in_doubt) + sum(each.why == CUT_OFF_WHY for each in after)


def _command(shop: Emulator, *more: str) -> list[str]:
    where = ("--provider", PROVIDER, "--base-url", f"{PROVIDER}={shop.urls[PROVIDER]}")
    return [*HARNESS, "run", *ASKED, *where, *more]


def _ended(command: list[str], env: Mapping[str, str]) -> "subprocess.CompletedProcess[str]":
    return subprocess.run(
        command, env=dict(env), capture_output=True, text=True, timeout=ENDS_S, check=False
    )


def _reference(env: Mapping[str, str], keep: Path | None) -> Counted:
    """One process, no Ray."""
    with emulator("--time-scale", "0.01", *KNOWN) as shop, _folder() as root:
        done = _ended(_command(shop, "--out", str(root / "one")), env)
        if done.returncode not in (0, 1):
            raise SystemExit(done.stderr)
        _kept(shop, root, keep)
        return _counted(shop, root / "one")


def _killed(nodes: Nodes, rng: random.Random, kind: str) -> str:
    """Kill what is drawn; return what it was."""
    actors = nodes.actors()
    if kind == "actor" and actors:
        victim = rng.choice(actors)
        with suppress(psutil.NoSuchProcess):
            victim.send_signal(signal.SIGKILL)
        return "actor"
    node = nodes.head if kind == "head" else rng.choice(nodes.others)
    nodes.kill_node(node)
    return "head" if kind == "head" else "node"


@dataclass(frozen=True, slots=True, kw_only=True)
class Trial:
    """One run in which something was killed."""

    kind: str
    after_s: float
    sent: int
    """How many requests the provider had seen by then."""
    elsewhere: int
    """How often a slice went on in another place, while the command ran."""
    ended_at: int
    resumes: int
    counted: Counted


def _trial(
    nodes: Nodes, env: Mapping[str, str], rng: random.Random, kind: str, how: argparse.Namespace
) -> tuple[Trial, Nodes]:
    """Run once, kill, let it end; return the trial and the nodes, which may be other ones."""
    with emulator("--time-scale", "0.01", *KNOWN) as shop, _folder() as root:
        out = root / "run"
        on = ("--on", f"ray://127.0.0.1:{PORT}")
        command = _command(shop, *on, "--slices", str(SLICES), "--out", str(out))
        after_s, first, said, sent = rng.uniform(0.0, how.last_s), 0, "", 0
        while not (out / "slices").exists():  # a head that does not listen yet refuses us
            with subprocess.Popen(
                command, env=dict(env), stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True
            ) as running:
                if _has_begun(out, running):
                    time.sleep(after_s)
                    sent = len(shop.ledger(PROVIDER))
                    kind = _killed(nodes, rng, kind)
                _, said = running.communicate(timeout=ENDS_S)
                first = running.returncode
        code, resumes, elsewhere = first, 0, said.count(ELSEWHERE)
        while code not in (0, 1) and resumes < MOST_RESUMES:
            resumes += 1
            if not nodes.mend():
                nodes.close()
                nodes = Nodes()
            done = _ended([*HARNESS, "run", "--resume", str(out), *on], env)
            code, said = done.returncode, done.stderr
        if code not in (0, 1):
            print(said, file=sys.stderr)  # noqa: T201 - whoever runs it is to see why
        counted = _counted(shop, out)
        _kept(shop, root, how.keep)
        return Trial(
            kind=kind,
            after_s=after_s,
            sent=sent,
            elsewhere=elsewhere,
            ended_at=first,
            resumes=resumes,
            counted=counted,
        ), nodes


def _kept(shop: Emulator, root: Path, keep: Path | None) -> None:
    """Keep a run's folder and the emulator's ledger, for whoever wants to know why."""
    if keep is not None:
        to = keep / root.name
        shutil.copytree(root, to)
        (to / "ledger.json").write_text(json.dumps(shop.ledger(PROVIDER)))


def _has_begun(out: Path, running: "subprocess.Popen[str]") -> bool:
    """Wait until the plan is everywhere: before, nothing can be lost."""
    state = out / "slices" / "state.json"
    while running.poll() is None:
        with suppress(OSError, ValueError):
            if json.loads(state.read_text())["begun"]:
                return True
        time.sleep(0.005)
    return False


def main() -> None:
    """Run all trials and write the table."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--runs", type=int, default=20)
    parser.add_argument("--first", type=int, default=1, help="the number of the first run")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--last-s", type=float, default=12.0)
    parser.add_argument("--keep", type=Path, help="where the folders of all runs are kept")
    parser.add_argument("--out", type=Path, default=Path(__file__).with_suffix(".md"))
    chosen = parser.parse_args()
    os.environ.update(QUIET)
    home = tempfile.mkdtemp(prefix="ray-kills-home-")
    os.environ["HOME"] = home
    env = environment(**QUIET, HOME=home)
    os.environ.update({name: key for name, key in env.items() if name.endswith("_API_KEY")})
    rng = random.Random(chosen.seed)
    reference = _reference(env, chosen.keep)
    print(f"one process: {reference.requests} requests, {reference.paid} paid")  # noqa: T201
    nodes = Nodes()
    kinds = [*("actor", "node") * 4, "actor", "head"]
    trials = []
    try:
        for number in range(chosen.first - 1, chosen.first - 1 + chosen.runs):
            if not nodes.mend():
                nodes.close()
                nodes = Nodes()
            kind = kinds[number % len(kinds)]
            trial, nodes = _trial(nodes, env, rng, kind, chosen)
            trials.append(trial)
            print(time.strftime("%T"), _row(number + 1, trial, reference), flush=True)  # noqa: T201
            chosen.out.write_text(_page(trials, reference), encoding="utf-8")
    finally:
        nodes.close()


def _row(number: int, trial: Trial, reference: Counted) -> str:
    counted = trial.counted
    cells = (
        number,
        trial.kind,
        f"{trial.after_s:.2f}",
        trial.sent,
        trial.elsewhere,
        trial.ended_at,
        trial.resumes,
        counted.requests,
        f"{len(counted.served & reference.served)} of {len(reference.served)}",
        counted.paid,
        counted.twice,
        counted.lost,
        counted.doubted,
        counted.beside,
        _compared(counted, reference),
        ", ".join(_other_places(counted, reference)) or "same",
    )
    return "| " + " | ".join(map(str, cells)) + " |"


def _compared(counted: Counted, reference: Counted) -> str:
    more, fewer = counted.verdicts - reference.verdicts, reference.verdicts - counted.verdicts
    if not more and not fewer:
        return "same"
    said = f"{sum(more.values())} more, {sum(fewer.values())} fewer"
    others = {case for case, *_ in (*more, *fewer)} - counted.open
    return f"{said}, of {len(others)} others" if others else f"{said}, of these"


def _other_places(counted: Counted, reference: Counted) -> list[str]:
    """Name the places of a report that say something else than those of one process."""
    names = {**reference.places, **counted.places}
    return [name for name in names if counted.places.get(name) != reference.places.get(name)]


def _page(trials: list[Trial], reference: Counted) -> str:
    rows = "\n".join(_row(at, trial, reference) for at, trial in enumerate(trials, 1))
    one = f"{reference.requests} requests end and {reference.paid} are charged"
    every = [trial.counted for trial in trials]
    twice, lost = sum(each.twice for each in every), sum(each.lost for each in every)
    whole = sum(each.served == reference.served for each in every)
    struck = sum(trial.elsewhere > 0 or trial.resumes > 0 for trial in trials)
    equal = sum(_compared(each, reference) == "same" for each in every)
    others = [_other_places(each, reference) for each in every]
    alike = others.count([])
    doubted = sum(all(".in_doubt." in place for place in places) for places in others)
    return f"""# Machines that die in a run on Ray

Evidence: emulator. `tests/benchmarks/ray_kills.py`, {len(trials)} runs: a cluster of three nodes
on loopback, {SLICES} slices of one run for conformance, the emulator's ledger as the truth. In one
process with the same seed {one}.

In {whole} of {len(trials)} runs every question of the plan that one process pays for has its
images; {twice} bodies were charged twice, {lost} requests were lost. In {struck} of them the kill
struck a slice at work. The verdicts are those of one process in {equal}, and all else that the
report says in {alike} ({doubted} but for the figures of what is in doubt): `summary.json` without
latencies, moments, ports, the number of requests (polls are such) and the order of lists.

In each run one actor, one node with all its processes, or the head is killed with SIGKILL, so many
seconds after every slice had its plan, when the provider had *seen* so many requests. *Moved* is
how often a slice went on elsewhere by itself, *exit* that of the command which was running,
*resumed* how often it went on with `--resume`. *Wanted* counts the paid questions of the plan that
have their images, *paid* all bodies that the ledger charged, *twice* those that it charged more
than once, *lost* requests without an outcome in the merged run.

*In doubt* are requests that had left when their machine died: whether they were received, nobody
can know. As in one process that is killed, each is asked again in other words, so it may be charged
beside what was wanted. One that repeated a served request under its idempotency key is not sent
again: the question is asked *beside* the plan, in other words, with a charge of its own. *Verdicts*
that differ "of these" are all of such questions. *Report* names the places of `summary.json` that
say something else.

{_HEAD}
{rows}
"""


if __name__ == "__main__":
    main()
