"""A configuration is found, read with every mistake at once, and never holds a key."""

import os
from dataclasses import fields
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from harness.config.choices import CONFIGURABLE, EXCHANGE_RATES, TYPED_ONLY, choices
from harness.config.read import Config, load_config
from harness.config.settled import read_config
from harness.core.benchmark import Slo
from harness.core.errors import ConfigError, UsageError
from harness.core.rate import Rate
from harness.planning.flags import TOPIC, flagged
from harness.planning.options import Options, RunLimits

WHOLE = """
specs = ["acme.toml"]
workloads = ["print", "mine.toml:big", "sub/other.toml"]
cassettes = "recorded"
trust_anchors = ["lists/c2pa.pem"]

[limits]
max_images = 20
max_minutes = 3
budget = { buble = 5.50, sub2api = 3 }

[target]
provider = ["buble"]
base_urls = { buble = "https://images.example.com/" }

[benchmark]
slo = "p95<2min"
rates = ["2/s"]
calibrate = false

[rates]
apiframe = { unit = "credit", usd = 0.002 }
"""


@pytest.fixture(autouse=True)
def _here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / ".git").mkdir()
    monkeypatch.chdir(tmp_path)


def read(text: str) -> Config:
    Path("harness.toml").write_text(text)
    return load_config()


def mistakes(text: str) -> list[str]:
    with pytest.raises(ConfigError) as raised:
        read(text)
    error = raised.value
    return [mistake.located(error.file) for mistake in error.mistakes]


def test_every_option_of_a_verb_may_stand_in_a_file_or_is_said_for_each_run() -> None:
    names = {
        each.name
        for verb in CONFIGURABLE.values()
        for group, each in flagged(verb)
        if not group.metadata[TOPIC].typed_only
    }

    known = {choice.place[1] for choice in choices()}

    assert known | TYPED_ONLY | {EXCHANGE_RATES[1]} == names


def test_values_are_those_that_their_flags_would_give() -> None:
    values = read(WHOLE).values

    assert values["limits", "max_images"] == 20
    assert values["limits", "max_minutes"] == 3.0
    assert values["limits", "budgets"] == {"buble": Decimal("5.50"), "sub2api": Decimal(3)}
    assert values["target", "providers"] == ("buble",)
    assert values["target", "base_urls"] == {"buble": "https://images.example.com"}
    assert values["benchmark", "slo"] == Slo(quantile=0.95, seconds=120)
    assert values["benchmark", "rates"] == ("2/s",)
    assert values["benchmark", "calibrate"] is False
    assert values["output", "cassettes"] == Path("recorded")
    assert values["output", "trust_anchors"] == (Path("lists/c2pa.pem"),)


def test_files_are_meant_from_where_the_configuration_lies(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    read(WHOLE)
    below = tmp_path / "below" / "deeper"
    below.mkdir(parents=True)
    monkeypatch.chdir(below)
    values = load_config().values

    assert values["target", "specs"] == (tmp_path / "acme.toml",)
    assert values["output", "cassettes"] == tmp_path / "recorded"
    assert values["benchmark", "workloads"] == (
        "print",
        f"{tmp_path / 'mine.toml'}:big",
        f"{tmp_path / 'sub' / 'other.toml'}",
    )


def test_each_value_knows_its_line_and_rates_name_their_source() -> None:
    config = read(WHOLE)

    assert config.where(("limits", "max_images")) == "harness.toml:8"
    assert config.values["benchmark", "exchange_rates"] == {
        "apiframe": Rate(usd=Decimal("0.002"), unit="credit", source="harness.toml:22")
    }
    assert read_config(only="benchmark").benchmark.exchange_rates.keys() == {"apiframe"}


@pytest.mark.parametrize("day", ["2026-11-01", "'2026-11-01'"])
def test_a_rate_says_of_which_day_it_is_and_who_says_so(day: str) -> None:
    said = f'unit = "credit", usd = 0.002, date = {day}, source = "its page of prices"'
    (rate,) = read(f"[rates]\nbuble = {{ {said} }}\n").rates.values()

    assert rate.date == "2026-11-01"
    assert rate.source == "its page of prices in harness.toml:2"


@pytest.mark.parametrize("day", ["20261101", "1.5", "'soon'", "2026-11-01T10:00:00", "true"])
def test_a_rate_without_a_day_in_its_date_is_a_mistake(day: str) -> None:
    (told,) = mistakes(f"[rates]\nbuble = {{ unit = 'credit', usd = 1, date = {day} }}\n")

    assert told.startswith("harness.toml:2: rates.buble.date: write a day: date = 2026-11-01")


def test_the_nearest_file_up_to_a_git_is_taken(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    read("[limits]\nmax_images = 1\n")
    inner = tmp_path / "inner"
    (inner / "deeper").mkdir(parents=True)
    monkeypatch.chdir(inner / "deeper")
    assert load_config().path == tmp_path / "harness.toml"
    (inner / ".git").mkdir()
    assert load_config().path is None
    project = inner / "pyproject.toml"
    project.write_text("[project]\nname = 'harness'\n")
    assert load_config().path is None
    project.write_text("[project]\n[tool.harness.limits]\nmax_images = 2\n")
    config = load_config()

    assert config.values["limits", "max_images"] == 2
    assert config.where(("limits", "max_images")) == "../pyproject.toml:3".replace("..", str(inner))


def test_a_mistake_in_a_pyproject_is_named_with_its_whole_key() -> None:
    Path("pyproject.toml").write_text("[tool.harness.limits]\nmax_imges = 2\n")
    with pytest.raises(ConfigError, match=r"^pyproject.toml:2: tool.harness.limits.max_imges: "):
        load_config()


def test_all_mistakes_are_told_at_once_each_with_its_line_and_what_is_meant() -> None:
    told = mistakes(
        "max_images = 3\n[limit]\n[limits]\nmax_imges = 20\nmax_requests = 'two'\n"
        "budget = { buble = 1, sub2api = -1 }\nbudgets = { buble = 2 }\nconcurrency = 300\n"
        "[target]\nagainst = 'live'\nallow_private = true\noperations = 'gen'\n"
        "[output]\nrecord = true\n[rates]\na = { unit = 'x', eur = 1 }\n"
    )
    starts = [each.split(": ")[:2] for each in told]

    assert starts == [
        ["harness.toml:1", "max_images"],
        ["harness.toml:2", "limit"],
        ["harness.toml:4", "limits.max_imges"],
        ["harness.toml:5", "limits.max_requests"],
        ["harness.toml:6", "limits.budget.sub2api"],
        ["harness.toml:8", "limits.concurrency"],
        ["harness.toml:10", "target.against"],
        ["harness.toml:11", "target.allow_private"],
        ["harness.toml:12", "target.operations"],
        ["harness.toml:14", "output.record"],
        ["harness.toml:16", "rates.a.usd"],
        ["harness.toml:16", "rates.a.eur"],
    ]
    assert "max_images stands in [limits]" in told[0]
    assert "did you mean 'limits'?" in told[1]
    assert "did you mean 'max_images'? allowed: " in told[2]
    assert "--against live" in told[6]


def test_one_choice_under_two_names_is_a_mistake() -> None:
    (told,) = mistakes("[limits]\nbudget = { buble = 1 }\nbudgets = { buble = 2 }\n")

    assert told.startswith("harness.toml:3: limits.budgets: says again")


@pytest.mark.parametrize(
    "line",
    [
        "api_key = 'my-own-words'",
        "key = 'my-own-words'",
        "BUBLE_API_KEY = 'my-own-words'",
        "target.auth = { token = 'my-own-words' }",
        "cassettes = 'sk-proj-my-own-words-0123456789'",
        "target.fault = ['Bearer my-own-words-0123456789']",
        "target.base_url = { buble = 'https://h.example/?api_key=my-own-words-0123' }",
        "cassettes = 'x/the-users-my-own-words'",
    ],
)
def test_what_looks_like_a_key_is_refused_and_not_repeated(
    line: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SOME_API_KEY", "the-users-my-own-words")
    (told,) = mistakes(f"{line}\nnonsense = 'my-own-words'\n")

    assert told.startswith("harness.toml:1: ")
    assert "environment only" in told
    assert "own-words" not in told


def test_a_line_that_is_no_toml_is_not_repeated_where_it_looks_like_a_key() -> None:
    (told,) = mistakes("[limits]\napi_key = sk-my-own-words\n")

    assert told.startswith("harness.toml:2: ")
    assert "environment only" in told
    assert "own-words" not in told


def test_names_that_only_end_in_key_are_no_keys() -> None:
    rates: Any = read("[rates]\nturkey = { unit = 'credit', usd = 1 }\n").values[EXCHANGE_RATES]

    assert rates["turkey"].unit == "credit"


def test_a_file_that_is_no_toml_or_not_there_is_one_line() -> None:
    (told,) = mistakes("[limits\n")
    assert told.startswith("harness.toml:1: ")
    assert "not valid TOML" in told
    with pytest.raises(UsageError, match="No such file"):
        load_config("missing.toml")
    Path("pyproject.toml").write_text("[project]\n")
    with pytest.raises(UsageError, match=r"no table \[tool.harness\]"):
        load_config("pyproject.toml")


@pytest.mark.skipif(not hasattr(os, "geteuid"), reason="files have no owners here")
def test_another_users_file_is_not_taken_unasked(monkeypatch: pytest.MonkeyPatch) -> None:
    read("[limits]\nmax_images = 1\n")
    owner = Path("harness.toml").stat().st_uid
    monkeypatch.setattr(os, "geteuid", lambda: owner + 1)
    if owner == 0:
        os.chown("harness.toml", 4242, -1)

    with pytest.raises(UsageError, match="another user"):
        load_config()
    assert load_config("harness.toml").values["limits", "max_images"] == 1


def test_no_two_verbs_have_a_table_of_one_name() -> None:
    names = [group.name for verb in CONFIGURABLE.values() for group in fields(verb)]

    assert len(set(names)) == len(names)


def test_a_verb_has_a_table_of_its_own_that_no_run_takes() -> None:
    config = read(
        """
[limits]
max_images = 20
[diff]
fail_on = ["document", "broken"]
slower = "20%"
failing = 2
"""
    )
    values = {place[1]: value for place, value in config.values.items() if place[0] == "diff"}

    assert values == {
        "fail_on": ("broken", "document"),
        "slower": 0.2,
        "failing": 2.0,
    }
    assert read_config() == Options(limits=RunLimits(max_images=20))


def test_no_kind_at_all_may_fail() -> None:
    assert read("[diff]\nfail_on = []").values["diff", "fail_on"] == ()
    assert read('[diff]\nfail_on = ["none"]').values["diff", "fail_on"] == ()


def test_every_mistake_of_a_verbs_table_has_its_line() -> None:
    assert mistakes(
        """
slower = "10%"
[diff]
fail_on = ["slow"]
slower = 0.1
dearer = "1"
failing = 101
alarm = 0
suspicion = "0.1"
speed = "10%"
max_images = 3
known = "known.toml"
"""
    ) == [
        "harness.toml:2: slower: unknown key here; slower stands in [diff]",
        (
            "harness.toml:4: diff.fail_on: no kind of change (did you mean slower? one of broken, "
            "slower, dearer, failing, document, flaky, errors, authenticity, or none)"
        ),
        'harness.toml:5: diff.slower: must be a valid string, like "10%"',
        "harness.toml:6: diff.dearer: '1' is not a percentage (like 10% or 0.5%)",
        "harness.toml:7: diff.failing: must be less than or equal to 100",
        "harness.toml:8: diff.alarm: must be greater than 0",
        "harness.toml:9: diff.suspicion: must be a valid number",
        (
            "harness.toml:10: diff.speed: unknown key; allowed: fail_on, slower, failing, dearer, "
            "alarm, suspicion"
        ),
        "harness.toml:11: diff.max_images: unknown key here; max_images stands in [limits]",
        "harness.toml:12: diff.known: unknown key here; known stands before all tables",
    ]


def test_no_file_has_anything_asked_again() -> None:
    (said,) = mistakes('[confirm]\nconfirm = true\nagainst = "live"\n')

    assert said.startswith("harness.toml:1: confirm: unknown key")


def test_a_list_and_a_table_are_asked_for_as_they_are_written() -> None:
    assert mistakes("diff = 3") == ["harness.toml:1: diff: write a table, [diff]"]
    assert mistakes('[diff]\nfail_on = "broken"') == [
        'harness.toml:2: diff.fail_on: must be a valid list, like ["broken", "slower"]'
    ]
