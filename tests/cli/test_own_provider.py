"""A provider that does not ship: one TOML outside the package, from its plan to its report."""

import json
import re
import shutil
from dataclasses import dataclass
from pathlib import Path

import pytest

from harness import Options, Output, RunLimits, SpecError, Target, api, load_provider
from harness.cli.main import status
from harness.store.reader import read_run
from tests.cli.own import BAD, KEY, acme_toml, address

__all__ = ["address"]  # a fixture


@dataclass(frozen=True)
class Recorded:
    """A live run of acme that wrote cassettes, whose TOML has gone since."""

    folder: Path
    toml: Path
    run: Path
    said: str


@pytest.fixture(scope="module")
def recorded(address: str, tmp_path_factory: pytest.TempPathFactory) -> Recorded:
    folder = tmp_path_factory.mktemp("acme")
    toml, run = acme_toml(folder), folder / "run"
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("ACME_API_KEY", KEY)
        result = api.run(
            Options(
                target=Target(specs=(toml,), against="live", base_urls={"acme": address}),
                limits=RunLimits(max_images=4, max_requests=24),
                output=Output(out=run, record=True, cassettes=folder / "cassettes"),
            )
        )
    said = [*result.notes, result.why]
    assert result.exit_code == 0, said
    moved = folder / "moved" / "acme.toml"
    moved.parent.mkdir()
    return Recorded(folder, toml.rename(moved), run, "\n".join(said))


@pytest.fixture(autouse=True)
def _keyless(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("ACME_API_KEY", raising=False)


def told(capsys: pytest.CaptureFixture[str]) -> str:
    done = capsys.readouterr()
    return done.out + done.err


def test_a_live_run_keeps_its_toml_and_no_key(recorded: Recorded) -> None:
    kept = recorded.run / "providers" / "acme.toml"
    assert kept.read_bytes() == recorded.toml.read_bytes()
    assert "recorded acme: " in recorded.said
    files = [path for path in recorded.folder.rglob("*") if path.is_file()]
    assert len(files) > 10
    assert not [path for path in files if KEY.encode() in path.read_bytes()]


def test_its_cassettes_replay_with_the_same_verdicts(
    recorded: Recorded, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    where = ["--cassettes", str(recorded.folder / "cassettes"), "--out", str(tmp_path / "again")]
    code = status(["run", "--spec", str(recorded.toml), *where, "--json"])
    replayed = json.loads(capsys.readouterr().out)
    assert code == 0
    live = json.loads((recorded.run / "summary.json").read_text("utf-8"))
    assert replayed["providers"]["acme"]["source"].startswith("http://127.0.0.1:")
    assert [word["status"] for word in replayed["verdicts"]] == [
        word["status"] for word in live["verdicts"]
    ]
    assert replayed["verdicts"]


def test_a_report_of_its_run_needs_no_toml(
    recorded: Recorded, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert status(["report", str(recorded.run), "--out", str(tmp_path)]) == 0
    assert "Acme Images" in (tmp_path / "index.html").read_text("utf-8")
    assert "acme" in told(capsys)


def test_a_report_by_a_mended_toml_says_so(
    recorded: Recorded, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    mended = tmp_path / "mended.toml"
    text = recorded.toml.read_text("utf-8")
    mended.write_text(text.replace("Acme Images", "Acme, mended"), "utf-8")
    result = api.report(recorded.run, specs=[mended])
    assert result.header.notes[-1] == (
        f"acme is judged by {mended}, which says something else than the TOML that the run was "
        "planned by"
    )
    assert status(["report", str(recorded.run), "--spec", str(mended), "--out", str(tmp_path)]) == 0
    assert "Acme, mended" in (tmp_path / "index.html").read_text("utf-8")
    told(capsys)


def test_a_copy_that_was_altered_is_refused(
    recorded: Recorded, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    run = shutil.copytree(recorded.run, tmp_path / "run")
    copy = run / "providers" / "acme.toml"
    copy.write_text(copy.read_text("utf-8").replace("normal_s = 120", "normal_s = 121"), "utf-8")
    assert status(["report", str(run)]) == 2
    assert "providers/acme.toml was altered" in told(capsys)
    copy.unlink()
    assert status(["report", str(run)]) == 2
    assert "unknown provider 'acme'" in told(capsys)
    assert status(["report", str(run), "--spec", str(recorded.toml)]) == 0


def test_its_traffic_is_judged_by_its_toml(
    recorded: Recorded, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    cassette = str(recorded.folder / "cassettes" / "acme" / "generate.yaml")
    out = tmp_path / "judged"
    assert status(["judge", cassette, "--spec", str(recorded.toml), "--out", str(out)]) == 0
    assert "exchanges of acme" in told(capsys)
    assert status(["report", str(out)]) == 0
    assert status(["judge", cassette]) == 2
    assert "whose documents apply is not said" in told(capsys)


def test_it_is_planned_listed_shown_and_explained(
    recorded: Recorded, capsys: pytest.CaptureFixture[str]
) -> None:
    spec = ["--spec", str(recorded.toml)]
    assert status(["plan", *spec, "--json", "--max-images", "3", "--operation", "generate"]) == 0
    (line,) = capsys.readouterr().out.splitlines()
    plan = json.loads(line)
    stored = read_run(recorded.run).header
    assert (plan["provider"], plan["spec_digest"]) == ("acme", stored.spec_digests["acme"])
    assert status(["providers", "list", *spec, "--json"]) == 0
    assert json.loads(capsys.readouterr().out)[-1]["key"] == "ACME_API_KEY"
    assert status(["providers", "show", "acme", *spec]) == 0
    assert status(["providers", "export", *spec]) == 0
    assert status(["providers", "export", "--openapi", *spec]) == 0
    told(capsys)
    assert status(["explain", *spec, "--size", "3840x1024"]) == 1
    assert "Acme Images, generate: refused" in told(capsys)


def test_a_provider_without_recordings_is_named_and_left_out(
    recorded: Recorded, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    where = ["--cassettes", str(recorded.folder / "cassettes"), "--out", str(tmp_path / "run")]
    both = ["--provider", "acme", "--provider", "buble", "--spec", str(recorded.toml)]
    assert status(["run", *both, *where]) == 0
    sentence = (
        f"buble is left out: {recorded.folder / 'cassettes'} holds no recording of it; record it: "
        "harness run --against emulator --record --provider buble "
        f"--cassettes {recorded.folder / 'cassettes'}"
    )
    assert sentence in told(capsys)
    assert sentence in read_run(tmp_path / "run").header.notes


def test_a_provider_without_a_twin_is_left_out_of_a_run_at_the_emulator(
    recorded: Recorded, tmp_path: Path
) -> None:
    target = Target(
        specs=(recorded.toml,),
        providers=("acme", "nanobanana"),
        against="emulator",
        operations=("generate",),
    )
    limits = RunLimits(max_images=1, max_requests=2)
    result = api.run(Options(target=target, limits=limits, output=Output(out=tmp_path / "run")))
    assert [*result.header.evidence] == ["nanobanana"]
    assert "acme is left out: the emulator has no twin of it" in result.header.notes


@pytest.mark.parametrize(
    ("arguments", "instead"),
    [
        (["--against", "emulator", "--spec", "acme.toml"], r"the emulator has no twin of acme \("),
        (["--spec", "acme.toml"], "cassettes holds no recording of acme"),
    ],
)
def test_where_nobody_is_left_one_line_says_what_to_run(
    arguments: list[str],
    instead: str,
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    acme_toml(tmp_path)
    monkeypatch.chdir(tmp_path)
    assert status(["run", *arguments]) == 2
    (line,) = told(capsys).splitlines()
    assert re.search(instead, line)
    assert (
        "run instead: harness run --against live --spec acme.toml --base-url acme=https://... "
        "--max-images 5" in line
    )


def test_a_broken_toml_spoils_only_itself(
    recorded: Recorded, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    bad = tmp_path / "bad.toml"
    bad.write_text(BAD)
    both = ["--spec", str(bad), "--spec", str(recorded.toml)]
    where = ["--cassettes", str(recorded.folder / "cassettes"), "--out", str(tmp_path / "run")]
    assert status(["run", *both, *where]) == 0
    assert "bad is left out: bad.toml has 7 mistakes: " in told(capsys)
    assert any(
        note.startswith("bad is left out") for note in read_run(tmp_path / "run").header.notes
    )
    assert status(["explain", *both, "--n", "1"]) == 0
    assert "bad is left out" in told(capsys)
    assert status(["plan", *both, "--no-cases", "--only", "benchmark"]) == 0
    assert "bad is left out" in told(capsys)
    assert status(["run", "--spec", str(bad), "--out", str(tmp_path / "none")]) == 2
    assert "bad.toml has 7 mistakes:\n" in told(capsys)


def test_its_key_is_searched_for(
    recorded: Recorded,
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("ACME_API_KEY", "plain words of acme")
    (tmp_path / "note.txt").write_text("my key: plain words of acme\n")
    assert status(["scan", str(tmp_path / "note.txt")]) == 0
    assert status(["scan", str(tmp_path / "note.txt"), "--spec", str(recorded.toml)]) == 4
    assert "ACME_API_KEY" in told(capsys)
    (tmp_path / "bad.toml").write_text(BAD)
    with pytest.raises(SpecError):
        api.scan([tmp_path / "note.txt"], specs=[tmp_path / "bad.toml"])


@pytest.mark.parametrize("scanned", ["run", ".", "run/notes/note.txt"])
def test_a_scan_of_a_run_folder_knows_the_keys_of_the_tomls_that_it_keeps(
    scanned: str,
    recorded: Recorded,
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    run = tmp_path / "run"
    where = ["--cassettes", str(recorded.folder / "cassettes"), "--out", str(run)]
    assert status(["run", "--spec", str(recorded.toml), *where]) == 0
    (run / "notes").mkdir()
    (run / "notes" / "note.txt").write_text("my key: plain words of acme\n")
    monkeypatch.setenv("ACME_API_KEY", "plain words of acme")
    assert status(["scan", str(tmp_path / scanned)]) == 4
    found = capsys.readouterr().out.splitlines()[-1]
    assert "note.txt:1: " in found
    assert "ACME_API_KEY" in found


def test_an_installed_package_s_provider_needs_no_file(
    recorded: Recorded, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    metadata = tmp_path / "acme_images-1.dist-info"
    metadata.mkdir()
    (metadata / "METADATA").write_text("Metadata-Version: 2.1\nName: acme-images\nVersion: 1\n")
    (metadata / "entry_points.txt").write_text("[harness.providers]\nacme = acme_images:TOML\n")
    (tmp_path / "acme_images.py").write_text(f"TOML = {str(recorded.toml)!r}\n")
    monkeypatch.syspath_prepend(tmp_path)
    where = ["--cassettes", str(recorded.folder / "cassettes"), "--out", str(tmp_path / "run")]
    assert status(["run", "--provider", "acme", *where]) == 0
    assert status(["explain", "--provider", "acme", "--size", "3840x1024"]) == 1
    kept = tmp_path / "run" / "providers" / "acme.toml"
    assert kept.read_bytes() == recorded.toml.read_bytes()
    metadata.rename(tmp_path / "gone")
    assert status(["report", str(tmp_path / "run")]) == 0


def test_a_value_is_a_provider_too(recorded: Recorded, tmp_path: Path) -> None:
    mine = load_provider(recorded.toml).model_copy(update={"name": "mine"})
    plan = api.plan(mine, max_images=3, operations=("generate",))
    assert plan.provider == "mine"
    assert re.fullmatch(r"[0-9a-f]{64}", plan.spec_digest)
    assert api.explain(mine, {"n": 1}).verdict == "accepted"
    cassettes = tmp_path / "cassettes"
    shutil.copytree(recorded.folder / "cassettes" / "acme", cassettes / "acme")
    acme = load_provider(recorded.toml)
    target = Target(specs=(acme,), operations=("generate",))
    result = api.run(
        Options(target=target, output=Output(out=tmp_path / "run", cassettes=cassettes))
    )
    assert result.exit_code == 0
    assert load_provider(tmp_path / "run" / "providers" / "acme.toml").title == "Acme Images"
    assert api.report(tmp_path / "run").exit_code == 0
