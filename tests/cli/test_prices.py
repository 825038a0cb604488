"""`harness providers prices`, as its user reads it: on a screen, in a pipe, as JSON."""

import json
from pathlib import Path

import pytest

from harness.cli.main import status
from tests.cli.own import acme_toml

TODAY = "2026-11-29"


@pytest.fixture(autouse=True)
def _here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / ".git").mkdir()
    monkeypatch.chdir(tmp_path)


def printed(capsys: pytest.CaptureFixture[str], *words: str, code: int = 0) -> str:
    assert status(["providers", "prices", *words]) == code
    told = capsys.readouterr()
    return told.out if code == 0 else told.err


def test_a_claim_is_refuted_offline(capsys: pytest.CaptureFixture[str]) -> None:
    told = printed(capsys, "nanobanana")

    assert "roughly 80% of OpenAI's official per-image cost\": refuted." in told
    assert "1 credit = $0.0082 (1536x1024 medium, 4 credits)" in told
    assert "3840x2160* high 133 0.4003 0.0024" in " ".join(told.split())
    assert "Input (the prompt, reference images) is left out" in told


def test_all_providers_are_shown_with_rows_or_a_reason(capsys: pytest.CaptureFixture[str]) -> None:
    told = printed(capsys)

    assert "sub2api (sub2api), in images\n  no price list" in told
    assert "AI/ML API (aimlapi), in usd" in told
    assert told.count("gpt-image-2: 30 usd for 1,000,000 tokens of images") == 1
    assert "\x1b" not in told
    assert "─" not in told


def test_a_rate_of_the_configuration_is_used_and_named(
    capsys: pytest.CaptureFixture[str],
) -> None:
    rate = 'unit = "credit", usd = 0.002, date = 2020-01-31, source = "its page of prices"'
    Path("harness.toml").write_text(f"[rates]\nnanobanana = {{ {rate} }}\n")
    told = printed(capsys, "nanobanana")

    assert "1 credit = 0.002 usd (its page of prices in harness.toml:2, 2020-01-31: " in told
    assert " days old)" in told
    assert "2048x1152* high 67 0.134 0.1695 79.1 % 21 %" in " ".join(told.split())
    assert "no other exchange rate would do" in told


def test_a_typed_rate_goes_before_the_configurations(capsys: pytest.CaptureFixture[str]) -> None:
    Path("harness.toml").write_text('[rates]\nbuble = { unit = "credit", usd = 0.002 }\n')
    told = printed(capsys, "buble", "--exchange-rate", f"buble=0.05@{TODAY}")

    assert f"1 credit = 0.05 usd (--exchange-rate, {TODAY}" in told


@pytest.mark.parametrize(
    ("rate", "why"),
    [
        ("nobody=1", "nobody"),
        ("buble=0", "not an amount above 0"),
        ("buble=0.05@yesterday", "'yesterday' is no day"),
    ],
)
def test_a_rate_that_cannot_be_used_is_one_clear_line(
    rate: str, why: str, capsys: pytest.CaptureFixture[str]
) -> None:
    told = printed(capsys, "--exchange-rate", rate, code=2)

    assert why in told
    assert "Traceback" not in told


@pytest.mark.parametrize("columns", ["30", "44", "80", "120"])
def test_it_fits_the_screen(
    columns: str, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("COLUMNS", columns)
    monkeypatch.setenv("FORCE_COLOR", "1")  # rich takes it for a terminal
    monkeypatch.setenv("NO_COLOR", "1")
    told = printed(capsys, "nanobanana", "--exchange-rate", "nanobanana=0.002")
    plain = told.replace("\x1b[1m", "").replace("\x1b[0m", "")

    assert max(map(len, plain.splitlines())) <= int(columns)
    assert "…" not in plain


def test_as_json_it_is_one_document_of_numbers(capsys: pytest.CaptureFixture[str]) -> None:
    found = json.loads(printed(capsys, "nanobanana", "aimlapi", "--json"))

    assert [each["provider"] for each in found] == ["nanobanana", "aimlapi"]
    claims = found[0]["claims"]
    assert [each["verdict"] for each in claims] == ["refuted", "refuted"]
    (row,) = found[1]["rows"]
    assert row["ratio"] == pytest.approx(0.0536705 / 0.05268)
    assert row["maker_usd"] == 0.05268
    examples = [each for each in found[0]["rows"] if each["example"]]
    assert [round(each["usd_per_unit"], 4) for each in examples] == [
        0.0047,
        0.0082,
        0.002,
        0.0024,
    ]


def test_a_users_provider_without_a_model_has_one_clear_line(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path = acme_toml(tmp_path)
    whole = path.read_text()
    start = whole.index("[model]")
    end = whole.index("\n[errors]", start)
    path.write_text(whole[:start] + whole[end + 1 :])
    told = printed(capsys, "--spec", str(path))

    assert told.startswith("Acme Images (acme), in images\n  not compared: its TOML has no [model]")
    assert len(told.strip().splitlines()) == 2


def test_an_unknown_provider_is_guessed(capsys: pytest.CaptureFixture[str]) -> None:
    assert "did you mean buble?" in printed(capsys, "bubble", code=2)
