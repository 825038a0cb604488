"""The committed cassettes: whole, small, without secrets, and asked for to the last interaction."""

import json
import re
import shutil
from collections.abc import Iterator, Sequence
from pathlib import Path

import pytest
from vcr.cassette import Cassette
from vcr.serializers import yamlserializer

from harness import __version__
from harness.cli.main import status
from harness.core.exchange import Exchange
from harness.core.jsonvalue import Json
from harness.core.record import Record
from harness.planning.options import Options, Output, Target
from harness.planning.plan import plan_digest
from harness.policy import off_tape
from harness.runner.execution.provider_run import ProgressListener
from harness.runner.recording import BENCHMARK_PLAN, BENCHMARK_TAPE, PLAN, load_tape, saved_plan
from harness.runner.run import execute_run
from harness.transport.bodies.images import ImageCollector
from harness.transport.cassettes.cassette import Tape, write_cassette
from tests.shipped import NAMES, SHIPPED
from tests.slow import some_in_ci

CASSETTES = Path(__file__).parents[1] / "cassettes"
FILES = sorted(CASSETTES.glob("*/*.yaml"))
MEGABYTE = 1_000_000

KEY_SHAPES = re.compile(
    rb"(sk-[A-Za-z0-9_-]{20,}|afk_[A-Za-z0-9_-]{8,}|Bearer\s+(?!scheme|auth \(|YOUR_KEY)\S"
    rb"|eyJ[A-Za-z0-9_-]{20,}"
    rb"|(?im:^[\s\"-]*(?:authorization|x-api-key|set-cookie)\"?\s*:)|emulator-key|AKIA[0-9A-Z]{16})"
)


def _name(file: Path) -> str:
    return f"{file.parent.name}-{file.stem}"


@pytest.fixture(params=FILES, ids=_name)
def file(request: pytest.FixtureRequest) -> Path:
    path: Path = request.param
    return path


def test_every_provider_has_a_cassette_of_its_generations() -> None:
    assert {file.parent.name for file in FILES if file.name == "generate.yaml"} == set(NAMES)


def test_stock_vcrpy_loads_it(file: Path) -> None:
    cassette = Cassette.load(path=str(file), serializer=yamlserializer)

    ours = Tape.load(file).exchanges
    assert len(cassette) == len(ours)
    assert [one.method for one in cassette.requests] == [one.request.method for one in ours]
    assert all(response["status"]["code"] for response in cassette.responses)


def test_it_says_what_it_is(file: Path) -> None:
    metadata = Tape.load(file).metadata

    assert metadata["provider"] == file.parent.name
    assert metadata["operation"] == (file.stem if file.stem != "benchmark" else "generate")
    assert metadata["evidence"] == "emulator"
    assert re.fullmatch(r"20\d\d-\d\d-\d\dT\d\d:\d\d:\d\d\+00:00", str(metadata["recorded"]))
    assert metadata["harness"] == __version__
    assert "harness" in str(metadata["by"])
    assert re.fullmatch(r"[0-9a-f]{64}", str(metadata["spec_digest"]))


def test_the_plan_beside_it_is_the_one_it_was_recorded_with(file: Path) -> None:
    beside = BENCHMARK_PLAN if file.name == BENCHMARK_TAPE else PLAN
    plan = saved_plan(CASSETTES, SHIPPED.provider(file.parent.name), file=beside)

    assert Tape.load(file).metadata["plan_digest"] == plan_digest(plan)
    assert Tape.load(file).metadata["seed"] == plan.seed


def test_it_holds_no_key_and_no_path_of_a_machine() -> None:
    for path in _committed():
        raw = path.read_bytes()
        text = raw if path.suffix in (".yaml", ".json") else b""

        assert not KEY_SHAPES.search(text), path
        assert b"/home/" not in text, path
        assert b"/tmp/" not in text, path


def test_it_is_small() -> None:
    """Six providers: OpenAI's four operations are recorded with a part of their values."""
    sizes = {path: path.stat().st_size for path in _committed()}

    # JPEG and WebP are another file for each compression asked; packed they take 0.6 MB in all.
    assert sum(sizes.values()) < 12 * MEGABYTE
    assert [str(path) for path, size in sizes.items() if size >= 1.25 * MEGABYTE] == []


def test_every_image_beside_it_is_named_in_it() -> None:
    for folder in sorted(CASSETTES.iterdir()):
        text = "".join(file.read_text(encoding="utf-8") for file in folder.glob("*.yaml"))
        strays = [image.name for image in folder.glob("images/*") if image.stem not in text]

        assert strays == [], folder.name


def _committed() -> Iterator[Path]:
    return (path for path in sorted(CASSETTES.rglob("*")) if path.is_file())


def _replayed(cassettes: Path, name: str, out: Path) -> tuple[Sequence[Record], list[str]]:
    options = Options(target=Target(providers=(name,)), output=Output(out=out, cassettes=cassettes))
    done = execute_run(options, ProgressListener(), catalogue=SHIPPED)
    return done.records, [*off_tape(done.records)]


@pytest.mark.parametrize("name", NAMES)
def test_a_replay_asks_for_every_interaction_and_for_nothing_else(
    name: str, tmp_path: Path
) -> None:
    tape = load_tape(CASSETTES / name, ImageCollector(lambda _name, _raw: None))

    records, off_tape = _replayed(CASSETTES, name, tmp_path / "run")
    for record in records:
        for exchange in record.exchanges:
            tape.take(exchange.request)

    assert off_tape == []
    assert tape.left() == ()


def _without(name: str, place: int, target: Path) -> Exchange:
    """Copy a cassette without one interaction, written and digested by our own writer."""
    shutil.copytree(CASSETTES / name, target / name)
    tape = Tape.load(CASSETTES / name / "generate.yaml")
    kept = [one for at, one in enumerate(tape.exchanges) if at != place]
    own = ("format", "base_url", "interactions_sha256")
    metadata: dict[str, Json] = {k: v for k, v in tape.metadata.items() if k not in own}
    write_cassette(
        target / name / "generate.yaml",
        kept,
        base_url=tape.base_url,
        metadata=metadata,
        picture_bytes=lambda image: (CASSETTES / name / "images" / image).read_bytes(),
    )
    return tape.exchanges[place]


MISSED_IN_CI = (("buble", 0), ("sub2api", -1), ("openai", -1))


@pytest.mark.parametrize(
    ("name", "place"),
    some_in_ci([(name, -(at % 2)) for at, name in enumerate(NAMES)], MISSED_IN_CI),
)
def test_a_replay_that_misses_one_interaction_fails_and_says_what_to_do(
    name: str, place: int, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    count = len(Tape.load(CASSETTES / name / "generate.yaml").exchanges)
    gone = _without(name, place % count, tmp_path)
    where = ["--cassettes", str(tmp_path), "--out", str(tmp_path / "run"), "--json"]

    code = status(["run", "--provider", name, *where])
    told = capsys.readouterr()

    (case,) = _cases_of(gone, tmp_path / "run")
    words = [one for one in json.loads(told.out)["verdicts"] if one["case"] == case]
    assert code == 3
    assert "1 request is not on the tape: " in told.err
    assert f"{gone.request.method} " in told.err
    assert re.search("the nearest in|the most similar|asked for once more|holds no GET", told.err)
    assert f"harness run --against emulator --record --provider {name}" in told.err
    assert words
    assert {one["status"] for one in words} == {"inconclusive"}


def _cases_of(gone: Exchange, run_folder: Path) -> set[str]:
    """Return the cases whose conversation stopped at what is not on the tape."""
    cases = set()
    for line in (run_folder / "journal.jsonl").read_text(encoding="utf-8").splitlines():
        item = json.loads(line)
        answer = item.get("exchange", {}).get("answer", {})
        if answer.get("kind") == "not_on_tape":
            assert item["exchange"]["request"]["target"] == gone.request.target
            cases.add(item["case"])
    return cases


def test_a_cassette_changed_by_hand_is_refused(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    shutil.copytree(CASSETTES / "buble", tmp_path / "buble")
    file = tmp_path / "buble" / "generate.yaml"
    file.write_text(file.read_text(encoding="utf-8").replace("success", "failure", 1))
    where = ["--cassettes", str(tmp_path), "--out", str(tmp_path / "run")]

    code = status(["run", "--provider", "buble", *where])
    told = capsys.readouterr().err

    assert code == 2
    assert "was altered after it was recorded" in told
    assert told.count("\n") == 1


def test_a_plan_changed_by_hand_is_refused(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    shutil.copytree(CASSETTES / "buble", tmp_path / "buble")
    file = tmp_path / "buble" / "plan.json"
    plan = json.loads(file.read_text(encoding="utf-8"))
    del plan["cases"][3]
    file.write_text(json.dumps(plan))
    where = ["--cassettes", str(tmp_path), "--out", str(tmp_path / "run")]

    code = status(["run", "--provider", "buble", *where])

    assert code == 2
    assert "the plan is not the one that was recorded" in capsys.readouterr().err


def test_the_folder_may_be_read_only(tmp_path: Path) -> None:
    shutil.copytree(CASSETTES / "aimlapi", tmp_path / "aimlapi")
    for path in (tmp_path / "aimlapi").rglob("*"):
        path.chmod(0o555 if path.is_dir() else 0o444)
    (tmp_path / "aimlapi").chmod(0o555)
    before = {path: path.stat().st_mtime_ns for path in (tmp_path / "aimlapi").rglob("*")}

    _, off_tape = _replayed(tmp_path, "aimlapi", tmp_path / "run")

    after = {path: path.stat().st_mtime_ns for path in (tmp_path / "aimlapi").rglob("*")}
    (tmp_path / "aimlapi").chmod(0o755)
    assert off_tape == []
    assert before == after
