"""A benchmark beside a reference: `--reference` and `--exchange-rate`, from run to report."""

import json
import shutil
from collections.abc import Iterator
from dataclasses import replace
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from harness.cli.main import status
from harness.core.rate import Rate
from harness.store.header import dumped_header, read_header
from harness.store.line import HEADER
from tests.runner.processes import KEYS, emulator

NAMES = ("sub2api", "aimlapi")


@pytest.fixture(scope="module")
def run(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """Measure two emulated providers once."""
    folder = tmp_path_factory.mktemp("beside") / "run"
    with emulator("--time-scale", "0.02") as shop, pytest.MonkeyPatch.context() as patch:
        for name, key in KEYS.items():
            patch.setenv(name, key)
        asked = ("--only", "benchmark", "--no-calibrate", "--blocks", "6", "--max-images", "99")
        where = ("--against", "live", *shop.at(*NAMES), "--out", str(folder))
        assert status(["run", *asked, *where, "--reference", "sub2api"]) == 0
        yield folder


def rows(folder: Path) -> list[dict[str, Any]]:
    summary = json.loads((folder / "summary.json").read_text(encoding="utf-8"))
    found: list[dict[str, Any]] = summary["benchmark"]["relative"]
    return found


def test_a_run_compares_the_other_with_its_reference(run: Path) -> None:
    found = rows(run)

    assert [(row["provider"], row["reference"]) for row in found] == [("aimlapi", "sub2api")] * 2
    assert {row["time"]["n"] for row in found} == {6}
    assert {row["price_why"] for row in found} == {"no rate for sub2api"}
    assert "times as long as sub2api" in (run / "summary.md").read_text(encoding="utf-8")


def test_a_report_may_name_another_reference_and_a_rate(run: Path, tmp_path: Path) -> None:
    other = ("--reference", "aimlapi", "--exchange-rate", "sub2api=0.05")
    code = status(["report", str(run), "--out", str(tmp_path), *other])
    was, now = rows(run), rows(tmp_path)
    turned = [1 / row["time"]["value"] for row in was]

    assert code == 0
    assert [(row["provider"], row["reference"]) for row in now] == [("sub2api", "aimlapi")] * 2
    assert [row["time"]["value"] for row in now] == pytest.approx(turned)
    assert all(row["price"] > 1 for row in now)


def test_a_report_knows_the_rates_of_the_configuration(
    run: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    rates = "[rates]\nsub2api = { unit = 'image', usd = 0.05 }\nnobody = { unit = 'x', usd = 1 }\n"
    (tmp_path / "harness.toml").write_text(rates, encoding="utf-8")
    monkeypatch.chdir(tmp_path)
    code = status(["report", str(run), "--out", str(tmp_path / "out"), "--reference", "aimlapi"])

    assert code == 0
    assert all(row["price"] > 1 for row in rows(tmp_path / "out"))
    page = (tmp_path / "out" / "summary.md").read_text(encoding="utf-8")
    assert "1 image of sub2api = 0.05 usd" in page
    assert "harness.toml:2" in page


def test_the_rate_that_a_run_was_begun_with_holds_against_the_configuration(
    run: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    begun, again = tmp_path / "begun", tmp_path / "again"
    shutil.copytree(run, begun)
    header = read_header((begun / HEADER).read_bytes(), begun)
    assert header.benchmark is not None
    kept = header.benchmark.beside(None, {"sub2api": Rate(usd=Decimal("0.07"))})
    (begun / HEADER).write_bytes(dumped_header(replace(header, benchmark=kept)))
    (tmp_path / "harness.toml").write_text(
        "[rates]\nsub2api = { unit = 'image', usd = 0.05 }\n", encoding="utf-8"
    )
    monkeypatch.chdir(tmp_path)

    assert status(["report", str(begun), "--out", str(again), "--reference", "aimlapi"]) == 0
    assert "1 image of sub2api = 0.07 usd" in (again / "summary.md").read_text(encoding="utf-8")


@pytest.mark.parametrize(
    ("more", "told"),
    [
        (("--reference", "buble"), "--reference buble: not measured in this benchmark"),
        (("--reference", "nobody"), "--reference nobody: not measured in this benchmark"),
        (("--exchange-rate", "sub2api"), "--exchange-rate sub2api: write NAME=USD"),
        (("--exchange-rate", "sub2api=0"), "'0' is not an amount above 0"),
        (("--exchange-rate", "sub2api=much"), "'much' is not an amount above 0"),
        (("--exchange-rate", "nobody=1"), "unknown provider 'nobody'"),
    ],
)
def test_a_wrong_reference_or_rate_is_wrong_usage(
    run: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str], more: tuple[str, ...], told: str
) -> None:
    assert status(["report", str(run), "--out", str(tmp_path / "out"), *more]) == 2

    assert told in capsys.readouterr().err
    assert not (tmp_path / "out").exists()


def test_a_run_names_its_reference_before_anything_is_sent(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    asked = ["--only", "benchmark", "--against", "emulator", "--provider", "sub2api"]
    assert status(["run", *asked, "--reference", "aimlapi", "--out", str(tmp_path / "out")]) == 2

    told = capsys.readouterr().err
    assert "--reference aimlapi: not measured in this benchmark" in told
    assert "--provider" in told


def test_a_run_for_conformance_has_no_reference(capsys: pytest.CaptureFixture[str]) -> None:
    assert status(["run", "--reference", "sub2api"]) == 2
    assert "--reference: for a benchmark only" in capsys.readouterr().err
