"""Which providers can answer, and what a run says of those that cannot."""

from pathlib import Path

import pytest

from harness.core.errors import UsageError
from harness.emulator.serving import NAMES as TWINS
from harness.planning.options import Against
from harness.runner.availability import EMULATED, available
from harness.spec.catalogue import Entry, catalogue_of
from tests.shipped import FOLDER, NAMES, SHIPPED


def test_a_twin_is_named_for_each_provider_of_the_emulator_and_for_no_other() -> None:
    assert set(EMULATED) == set(TWINS) == set(NAMES)


@pytest.fixture
def acme(tmp_path: Path) -> Entry:
    text = (FOLDER / "buble.toml").read_text("utf-8")
    (tmp_path / "acme.toml").write_text(text.replace('name = "buble"', 'name = "acme"', 1), "utf-8")
    return catalogue_of([tmp_path / "acme.toml"]).entry("acme")


def asked(
    *entries: Entry, folder: Path, against: Against = "cassettes", benchmark: bool = False
) -> tuple[tuple[str, ...], list[str]]:
    said: list[str] = []
    found = available(
        entries, against=against, cassettes=folder, benchmark=benchmark, left_out=said.append
    )
    return found, said


def test_a_live_run_takes_any(acme: Entry, tmp_path: Path) -> None:
    assert asked(acme, folder=tmp_path, against="live") == (("acme",), [])


def test_who_has_no_recording_is_named_with_how_to_make_one(acme: Entry, tmp_path: Path) -> None:
    buble, folder = SHIPPED.entry("buble"), tmp_path / "tapes"
    (folder / "buble").mkdir(parents=True)
    (folder / "buble" / "generate.yaml").write_text("")
    found, said = asked(buble, acme, folder=folder)
    assert found == ("buble",)
    command = f"harness run --against live --record --spec {tmp_path / 'acme.toml'}"
    (sentence,) = said
    assert sentence == (
        f"acme is left out: {folder} holds no recording of it; record it: {command} --max-images 5 "
        f"--cassettes {folder}"
    )


@pytest.mark.parametrize("file", ["benchmark.json", "benchmark.yaml"])
def test_a_recorded_benchmark_is_no_recording_of_conformance(file: str, tmp_path: Path) -> None:
    buble = SHIPPED.entry("buble")
    (tmp_path / "buble").mkdir()
    (tmp_path / "buble" / file).write_text("")
    assert asked(buble, folder=tmp_path, benchmark=True) == (("buble",), [])
    with pytest.raises(UsageError, match="holds no recording of buble") as refused:
        asked(buble, folder=tmp_path)
    assert refused.value.hint == "run instead: harness run --against emulator"


def test_where_nobody_has_a_twin_a_live_run_is_named(acme: Entry, tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="the emulator has no twin of acme") as refused:
        asked(acme, folder=tmp_path, against="emulator", benchmark=True)
    assert refused.value.hint == (
        "run instead: harness run --only benchmark --against live "
        f"--spec {tmp_path / 'acme.toml'} --max-images 5"
    )
