"""What seems newly broken is asked again, of an emulator over sockets."""

import json
import signal
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path

import pytest

from harness import Output, ProgressListener, UsageError
from harness.api.rechecks import recheck
from harness.cli.main import status
from harness.comparing.asked_again.verdicts import concluded
from harness.comparing.model import HELD, REGRESSED, Diff
from harness.core.case import Asking
from harness.run_result import RunResult
from harness.runner.execution.provider_run import ProviderRun
from tests.comparing.rechecking import NAME, asked, broken, diff_of, run_of
from tests.loopback import HUNG_S
from tests.runner.processes import KEYS, KNOWN, Emulator, emulator, environment

FAULT = "ignore:size.max_edge"


@dataclass(frozen=True, slots=True, kw_only=True)
class Pair:
    """A run without a fault, one with it, and what is newly broken in that."""

    emulated: Emulator
    base: RunResult
    head: RunResult
    diff: Diff


@pytest.fixture(scope="module")
def pair(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Pair]:
    folder = tmp_path_factory.mktemp("pair")
    with emulator("--time-scale", "0", *KNOWN) as emulated:
        base = run_of(emulated, folder / "base")
        head = run_of(emulated, folder / "head", FAULT)
        changes = broken(base.baseline, head.baseline)
        diff = diff_of(base.baseline, head.baseline, changes)
        yield Pair(emulated=emulated, base=base, head=head, diff=diff)


def again(
    pair: Pair,
    out: Path,
    *faults: str,
    watch: ProgressListener | None = None,
    most: int = 20,
    requests: int = 99,
) -> tuple[Diff, RunResult | None]:
    pair.emulated.switch(NAME, *faults)
    return recheck(
        pair.diff,
        pair.base.baseline,
        pair.head,
        options=asked(pair.emulated, out, max_images=most, max_requests=requests),
        watch=watch,
        environment=KEYS,
    )


def test_what_is_broken_again_is_confirmed_and_fails_the_build(pair: Pair, tmp_path: Path) -> None:
    before = pair.emulated.posts(NAME)
    diff, result = again(pair, tmp_path / "again", FAULT)

    (change,) = diff.changes
    assert change.standing == "confirmed"
    assert "came again in 1 of 1 (2 of 2 controls served)" in change.sentence
    assert diff.failing == (change,)
    assert diff.recheck is not None
    assert (diff.recheck.requests, diff.recheck.images) == (3, 3)
    assert diff.recheck.sentence.startswith("Asking again took 3 requests (3 images, ")
    assert diff.recheck.sentence.endswith("1 of 1 change confirmed.")
    assert result is not None
    assert result.header.notes[0].startswith("a recheck of head against ")
    assert not {*pair.emulated.posts(NAME)[len(before) :]} & {*before}


def test_what_does_not_come_again_is_refuted_and_fails_no_build(pair: Pair, tmp_path: Path) -> None:
    diff, _ = again(pair, tmp_path / "again")

    (change,) = diff.changes
    assert change.standing == "refuted"
    assert "did not come again" in change.sentence
    assert diff.failing == ()


def test_where_plain_requests_are_not_served_nothing_else_is_asked(
    pair: Pair, tmp_path: Path
) -> None:
    diff, _ = again(pair, tmp_path / "again", FAULT, "fails:quality=low")

    assert [change.standing for change in diff.changes] == ["suspected"]
    assert diff.failing == ()


def test_where_the_plain_request_afterwards_fails_as_well_nobody_is_accused(
    pair: Pair, tmp_path: Path
) -> None:
    def outage(part: ProviderRun) -> None:
        if len(part.records) == 2:  # the plain request before, and what came again
            pair.emulated.switch(NAME, FAULT, "fails:quality=low")

    diff, _ = again(pair, tmp_path / "again", FAULT, watch=ProgressListener(progress=outage))

    (change,) = diff.changes
    assert (change.standing, diff.failing) == ("suspected", ())
    assert "only 1 of 2 controls were served" in change.sentence


@pytest.mark.parametrize("limits", [{"most": 0}, {"requests": 0}])
def test_without_money_what_two_runs_are_certain_of_fails_and_it_is_said(
    pair: Pair, tmp_path: Path, limits: dict[str, int]
) -> None:
    before = len(pair.emulated.posts(NAME))
    diff, result = again(
        pair,
        tmp_path / "again",
        FAULT,
        most=limits.get("most", 20),
        requests=limits.get("requests", 99),
    )

    (change,) = diff.changes
    assert (result, change.standing, diff.failing) == (None, "certain", (change,))
    assert "; could not be asked again: " in change.sentence
    assert change.sentence.endswith("; it counts as the two runs have it")
    assert diff.recheck is not None
    assert diff.recheck.sentence == (
        "Nothing was asked again: 0 of 1 change confirmed, 1 certain by the two runs alone."
    )
    assert len(pair.emulated.posts(NAME)) == before


def test_a_limit_is_never_passed(pair: Pair, tmp_path: Path) -> None:
    diff, result = again(pair, tmp_path / "again", FAULT, most=2)

    assert diff.recheck is not None
    assert diff.recheck.images <= 2
    assert result is not None
    assert sum(record.outcome is not None for record in result.records) <= 2


def test_without_money_what_is_suspected_stays_so(pair: Pair, tmp_path: Path) -> None:
    (change,) = pair.diff.changes
    doubted = replace(pair.diff, changes=(replace(change, standing="suspected"),))
    options = asked(pair.emulated, tmp_path / "again", max_images=0)
    diff, _ = recheck(doubted, pair.base.baseline, pair.head, options=options)

    assert [each.standing for each in diff.changes] == ["suspected"]
    assert diff.exit_code == HELD


def test_what_was_planned_and_never_sent_was_not_asked(pair: Pair) -> None:
    case = pair.head.records[0].shot.case
    asking = Asking(check="any", constraint=None, cases=(case,), controls=(), enough=1)

    assert concluded(asking, (), ()) == "nothing was sent"


def test_of_a_baseline_nothing_is_asked_again_and_the_two_runs_count(
    pair: Pair, tmp_path: Path
) -> None:
    file = tmp_path / "head.json"
    file.write_text("{}", encoding="utf-8")
    diff, result = recheck(
        pair.diff, pair.base.baseline, file, options=asked(pair.emulated, tmp_path / "a")
    )

    (change,) = diff.changes
    assert (result, change.standing, diff.exit_code) == (None, "certain", REGRESSED)
    assert "head.json is a baseline, which keeps no requests; it counts" in change.sentence


def test_head_is_asked_again_where_it_was(pair: Pair, tmp_path: Path) -> None:
    options = asked(pair.emulated, tmp_path / "again")
    elsewhere = replace(options, target=replace(options.target, against="emulator"))

    with pytest.raises(UsageError, match="--against emulator: head is against live"):
        recheck(pair.diff, pair.base.baseline, pair.head, options=elsewhere)


def test_the_command_asks_again_and_fails_only_for_what_comes_again(
    pair: Pair, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    for name, key in KEYS.items():
        monkeypatch.setenv(name, key)
    url = f"{NAME}={pair.emulated.urls[NAME]}"
    runs = [str(pair.base.folder), str(pair.head.folder)]
    limits = ["--confirm", "--base-url", url, "--max-images", "9"]
    codes = []
    for place, faults in (("came", [FAULT]), ("went", [])):
        pair.emulated.switch(NAME, *faults)
        codes.append(status(["diff", *runs, *limits, "--out", str(tmp_path / place)]))
    said = capsys.readouterr().out

    assert codes == [1, 0]
    assert "confirmed: nanobanana generate size.max_edge" in said
    assert "not confirmed: " in said
    assert "\n  POST /" in said
    assert f"\n  {pair.head.folder}/findings/01-" in said
    written = json.loads((tmp_path / "went" / "diff.json").read_text(encoding="utf-8"))
    assert written["recheck"]["requests"] == 4
    assert (tmp_path / "went" / "recheck" / "journal.jsonl").exists()


def test_what_is_for_asking_again_goes_with_it(
    pair: Pair, capsys: pytest.CaptureFixture[str]
) -> None:
    code = status(["diff", str(pair.base.folder), str(pair.head.folder), "--max-images", "9"])

    assert code == 2
    assert "--max-images: for --confirm only (add --confirm)" in capsys.readouterr().err


KILLED = """
import os, sys
from pathlib import Path
from harness import ProgressListener
from harness.api.regressions import baseline
from harness.api.rechecks import recheck
from tests.comparing.rechecking import asked, broken, diff_of
from tests.runner.processes import KEYS, Emulator

def killing(part):
    if part.records:
        os.kill(os.getpid(), 9)

url, base, head, out = sys.argv[1:]
sides = [baseline(base), baseline(head)]
recheck(
    diff_of(*sides, broken(*sides)),
    sides[0],
    head,
    options=asked(Emulator(urls={"nanobanana": url}), Path(out)),
    watch=ProgressListener(progress=killing),
    environment=KEYS,
)
"""


def test_a_recheck_that_was_killed_goes_on_and_pays_for_nothing_twice(
    pair: Pair, tmp_path: Path
) -> None:
    pair.emulated.switch(NAME, FAULT)
    out, before = tmp_path / "again", len(pair.emulated.posts(NAME))
    command = [sys.executable, "-c", KILLED, pair.emulated.urls[NAME]]
    folders = [str(pair.base.folder), str(pair.head.folder), str(out)]
    killed = subprocess.run(
        [*command, *folders], check=False, timeout=HUNG_S, env=environment(), cwd=Path.cwd()
    )
    sent = len(pair.emulated.posts(NAME)) - before
    options = replace(asked(pair.emulated, out), output=Output(resume=out))
    diff, _ = recheck(pair.diff, pair.base.baseline, pair.head, options=options, environment=KEYS)

    posts = pair.emulated.posts(NAME)[before:]
    assert (killed.returncode, sent) == (-signal.SIGKILL, 1)
    assert [change.standing for change in diff.changes] == ["confirmed"]
    assert len(posts) == len({*posts}) == 3
