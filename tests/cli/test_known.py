"""Known deviations from the command line of a CI job: run, report, judge, and harness.toml."""

import json
from dataclasses import dataclass, replace
from pathlib import Path

import pytest

from harness.cli.main import status
from harness.known.model import KnownDeviation
from tests.known.entries import N_RANGE, known, known_file
from tests.report.folders import ENDINGS, written

RECORDINGS = Path(__file__).parents[1] / "runner" / "recordings"
RUN = (
    *("run", "--against", "emulator", "--provider", "buble", "--operation", "generate"),
    *("--max-images", "4", "--max-requests", "24", "--time-scale", "0.0002"),
)
SERVED_8K = ("--fault", "buble:loose:resolution.one_of")
NOTES = ("harness: ", "looking at images: ")  # the second is told where it takes its time
ANY_MODEL = ("--fault", "buble:ignore:model.one_of")
RESOLUTION = KnownDeviation(
    provider="buble",
    operation="generate",
    promise="resolution.one_of",
    check="refuses_what_it_forbids",
    reason="8K is served, too",
    link="https://tracker.example/8",
    expires="2999-12-31",
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Ended:
    """How a command ended; `why` is the line on stderr that says so."""

    code: int
    out: str
    err: str

    @property
    def why(self) -> str:
        return next(line for line in self.err.splitlines() if not line.startswith(NOTES))


class Job:
    """A CI job's working directory."""

    def __init__(self, folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
        self.folder = folder
        self._capsys = capsys

    def __call__(self, *words: str | Path) -> Ended:
        code = status([*map(str, words)])
        out, err = self._capsys.readouterr()
        return Ended(code=code, out=out, err=err)


@pytest.fixture
def job(tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> Job:
    monkeypatch.chdir(tmp_path)
    return Job(tmp_path, capsys)


def test_a_run_is_green_where_only_what_is_known_is_broken_and_red_beside_another_one(
    job: Job,
) -> None:
    known_file(job.folder, RESOLUTION)
    green = job(*RUN, *SERVED_8K, "--known", "known.toml", "--out", "green")
    beside = job(*RUN, *SERVED_8K, *ANY_MODEL, "--known", "known.toml", "--out", "beside")
    resumed = job("run", "--resume", "green")
    again = job("report", "green", "--json")
    expired = job(
        "report",
        "green",
        "--known",
        known_file(job.folder, replace(RESOLUTION, expires="2001-01-01")),
    )

    assert green.code == 0
    assert green.why == "all other promises that were tried held; 1 known deviation, as expected"
    assert "known: buble generate resolution.one_of: served with 1 image" in green.out
    assert "known until 2999-12-31: 8K is served, too (https://tracker.example/8)" in green.out
    assert beside.code == 1
    assert beside.why == (
        "1 promise broken: buble generate model.one_of; 1 known deviation, as expected"
    )
    assert (resumed.code, resumed.why) == (0, green.why)
    assert (again.code, again.why) == (0, green.why)
    assert [each["state"] for each in json.loads(again.out)["known"]] == ["expected"]
    assert expired.code == 1
    assert expired.why.startswith("known deviation expired: buble generate resolution.one_of")


def test_a_run_is_red_where_what_is_known_holds_again(job: Job) -> None:
    known_file(job.folder, RESOLUTION)
    (job.folder / "harness.toml").write_text('known = "known.toml"\n')
    done = job(*RUN, "--out", "run")

    assert "harness.toml sets --known" in done.err
    assert done.code == 1
    assert done.why.startswith(
        "known deviation stale: buble generate resolution.one_of (refuses_what_it_forbids): holds"
    )
    assert (job.folder / "run" / "known.toml").read_bytes() == (
        (job.folder / "known.toml").read_bytes()
    )


def test_a_report_goes_by_the_file_then_by_what_the_folder_keeps_then_by_the_configuration(
    job: Job,
) -> None:
    folder = written(job.folder / "run", *ENDINGS["broken"][1:])
    file = known_file(job.folder, N_RANGE)
    plain = job("report", folder)
    (job.folder / "harness.toml").write_text('known = "known.toml"\n')
    configured = job("report", folder)
    file.unlink()
    kept = job("report", folder)
    empty = job.folder / "empty.toml"
    empty.touch()
    typed = job("report", folder, "--known", empty)

    assert [each.code for each in (plain, configured, kept, typed)] == [1, 0, 0, 1]
    assert typed.why == plain.why == "1 promise broken"


def test_traffic_of_others_is_judged_by_it_too(job: Job) -> None:
    traffic = ("judge", RECORDINGS / "sub2api.vcrpy.yaml", "--provider", "sub2api")
    found = job(*traffic, "--json")
    findings = json.loads(found.out)["findings"]
    entries = [
        known(
            provider=each["provider"],
            operation=each["operation"],
            promise=each["constraint"] or "",
            check=each["check"],
        )
        for each in findings
    ]
    file = known_file(job.folder, *entries)
    green = job(*traffic, "--known", file, "--out", "judged")
    one = job(*traffic, "--known", known_file(job.folder, *entries[1:]))

    assert (found.code, len(findings)) == (1, 2)
    assert green.code == 0
    assert "2 known deviations, as expected" in green.err
    assert job("report", "judged").code == 0
    assert one.code == 1
    assert (
        "1 promise broken: sub2api generate quality.one_of; 1 known deviation, as expected"
        in one.err
    )


def test_a_file_with_mistakes_is_refused_before_anything_is_sent(job: Job) -> None:
    known_file(job.folder, known(promise="n.rang"))
    done = job(*RUN, "--known", "known.toml", "--out", "run")
    missing = job(*RUN, "--known", "none.toml", "--out", "run")

    assert (done.code, missing.code) == (2, 2)
    assert "known.toml:4: known.0.promise: sub2api generate has no promise n.rang" in done.err
    assert "did you mean 'n.range'?" in done.err
    assert "none.toml: there is no such file" in missing.err
    assert not (job.folder / "run").exists()
