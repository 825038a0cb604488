"""`harness config`, and what a configuration does to the other verbs."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from harness.cli.main import status

CASSETTES = Path(__file__).parents[2] / "cassettes"
TEXT = f"""cassettes = {str(CASSETTES)!r}
[target]
providers = ["nanobanana"]
[limits]
max_images = 20
budget = {{ nanobanana = 1.5 }}
concurrency = 2
[planning]
seed = 3
[benchmark]
blocks = 4
"""

Told = Callable[..., Any]


@pytest.fixture(autouse=True)
def _here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / ".git").mkdir()
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("COLUMNS", "160")
    Path("harness.toml").write_text(TEXT)


@pytest.fixture
def told(capsys: pytest.CaptureFixture[str]) -> Told:
    def run(*words: str) -> tuple[int, str, str]:
        code = status([*words])
        said = capsys.readouterr()
        return code, said.out, said.err

    return run


def test_each_choice_is_shown_with_its_value_and_where_it_comes_from(
    told: Told, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("NANOBANANA_API_KEY", "not-to-be-shown")
    code, out, _ = told("config", "--max-images", "20", "--json")
    whole = json.loads(out)
    choices = whole["choices"]

    assert code == 0
    assert (whole["file"], whole["chosen_by"]) == ("harness.toml", "found")
    assert choices["--max-images"] == {"value": 20, "from": "flag"}
    assert choices["--budget"] == {"value": {"nanobanana": 1.5}, "from": "harness.toml:6"}
    assert choices["--blocks"]["unused"] == "with --only benchmark"
    assert choices["--max-requests"] == {"value": None, "from": "default"}
    assert whole["providers"]["nanobanana"]["key_set"] is True
    assert whole["providers"]["buble"]["key_set"] is False
    assert "not-to-be-shown" not in out


def test_the_table_shows_the_same(told: Told) -> None:
    code, out, _ = told("config")
    lines = [line.split() for line in out.splitlines()]

    assert code == 0
    assert lines[0] == ["harness.toml", "(found)"]
    assert ["--max-images", "20", "harness.toml:5"] in lines
    assert ["--max-requests", "-", "default"] in lines
    assert ["--max-shrink-requests", "10", "default"] in lines


def test_a_plan_takes_budget_and_providers_of_the_file_and_says_so(told: Told) -> None:
    code, out, err = told("plan", "--json")
    plan = json.loads(out)

    assert code == 0
    assert plan["provider"] == "nanobanana"
    assert plan["seed"] == 3
    assert [row["budget"] for row in plan["budgets"]]
    assert err == "harness: harness.toml sets --provider, --max-images, --seed, --budget\n"


def test_a_replay_takes_the_cassettes_of_the_file_and_what_is_typed_wins(told: Told) -> None:
    code, _, err = told("run", "--out", "run")
    assert code == 0
    assert "sets --cassettes, --provider, --max-images, --budget, --concurrency\n" in err

    code, _, err = told("run", "--cassettes", "cassettes", "--out", "other")
    assert code == 2
    assert "cassettes holds no recording of nanobanana" in err


def test_a_configuration_is_named_or_left_out_before_the_verb(
    told: Told, monkeypatch: pytest.MonkeyPatch
) -> None:
    Path("other.toml").write_text("[limits]\nmax_images = 7\n")
    named = json.loads(told("--config", "other.toml", "config", "--json")[1])
    monkeypatch.setenv("HARNESS_CONFIG", "other.toml")
    by_environment = json.loads(told("config", "--json")[1])
    none = json.loads(told("--no-config", "config", "--json")[1])

    assert named["choices"]["--max-images"]["from"] == "other.toml:2"
    assert named["chosen_by"] == "--config"
    assert by_environment["chosen_by"] == "HARNESS_CONFIG"
    assert none["file"] is None
    assert none["choices"]["--max-images"]["from"] == "default"


def test_behind_the_verb_it_is_told_where_it_belongs(told: Told) -> None:
    code, _, err = told("run", "--config", "other.toml")

    assert code == 2
    assert err == "harness: --config stands before the verb: harness --config ...\n"


def test_a_mistake_in_the_file_ends_every_verb_that_reads_it_with_2(told: Told) -> None:
    Path("harness.toml").write_text("[limits]\nmax_imges = 7\n")
    for verb in ("run", "plan", "config"):
        code, _, err = told(verb)

        assert code == 2
        assert err.startswith("harness: harness.toml:2: limits.max_imges: unknown key; did you")


def test_an_error_says_which_of_its_flags_the_file_gives(told: Told) -> None:
    Path("harness.toml").write_text('[target]\noperations = ["edit"]\n')
    code, _, err = told("run", "--against", "emulator", "--record")

    assert code == 2
    assert "--operation stands in harness.toml:2)" in err


SPEC = Path(__file__).parents[2] / "harness" / "providers" / "nanobanana.toml"


def test_providers_of_the_file_are_known_to_every_verb_and_typed_ones_replace_them(
    told: Told,
) -> None:
    text = SPEC.read_text().replace('name = "nanobanana"', 'name = "acme"', 1)
    Path("acme.toml").write_text(text)
    Path("other.toml").write_text(text.replace('name = "acme"', 'name = "other"', 1))
    Path("harness.toml").write_text('specs = ["acme.toml"]\n')

    known = json.loads(told("config", "--json")[1])["providers"]
    assert known["acme"]["from"].endswith("acme.toml")
    assert "acme" in told("providers", "list")[1]
    assert told("providers", "show", "acme")[0] == 0
    assert told("explain", "--provider", "acme", "--n", "2")[0] == 1
    assert json.loads(told("plan", "--json")[1])["provider"] == "acme"
    assert json.loads(told("plan", "--spec", "other.toml", "--json")[1])["provider"] == "other"
    assert told("explain", "--spec", "other.toml", "--provider", "acme", "--n", "2")[0] == 2
    assert told("--no-config", "providers", "show", "acme")[0] == 2


def test_a_verbs_own_table_is_shown_with_its_defaults(told: Told) -> None:
    Path("harness.toml").write_text(TEXT + '[diff]\nslower = "20%"\nfail_on = []\n')
    _, out, _ = told("config", "--json")
    _, table, _ = told("config")
    diff = json.loads(out)["verbs"]["diff"]
    lines = [line.split() for line in table.splitlines()]

    assert diff["--slower"] == {"value": 0.2, "from": "harness.toml:13"}
    assert diff["--fail-on"] == {"value": [], "from": "harness.toml:14"}
    assert diff["--failing"] == {"value": None, "from": "default"}
    assert ["--slower", "20%", "harness.toml:13"] in lines
    assert ["--fail-on", "none", "harness.toml:14"] in lines
    assert ["--failing", "4", "default"] in lines
    assert "--slower" not in json.loads(out)["choices"]
