"""What is typed holds, then what the configuration says, where a run has a use for it."""

from decimal import Decimal
from pathlib import Path

import pytest

from harness.config.choices import Place
from harness.config.read import Config
from harness.config.settled import configured, explain, settled
from harness.core.errors import UsageError

ALL: dict[Place, object] = {
    ("target", "base_urls"): {"buble": "https://a.example"},
    ("target", "operations"): ("edit",),
    ("planning", "seed"): 5,
    ("planning", "discover"): True,
    ("limits", "max_images"): 20,
    ("limits", "budgets"): {"buble": Decimal(5), "aimlapi": Decimal(1)},
    ("benchmark", "rates"): ("2/s",),
    ("benchmark", "arrivals"): "poisson",
    ("benchmark", "blocks"): 4,
    ("emulator", "faults"): ("buble:wrong_format",),
    ("output", "cassettes"): Path("recorded"),
}
CONFIG = Config(
    path=Path("harness.toml"), values=ALL, lines={place: n for n, place in enumerate(ALL, 1)}
)
LIVE = {("target", "against"): "live"}
MEASURE = {("planning", "only"): "benchmark"}


def names(typed: dict[Place, object]) -> set[str]:
    return {name for _, name in settled(CONFIG, typed).values}


def test_a_replay_takes_what_it_has_a_use_for() -> None:
    assert names({}) == {"operations", "max_images", "budgets", "cassettes"}
    assert configured(CONFIG, against="cassettes", only="conformance").limits.max_images == 20
    assert configured(CONFIG, against="cassettes", only="conformance").target.base_urls == {}
    assert configured(CONFIG, against="live", only="conformance").target.base_urls == {
        "buble": "https://a.example"
    }


def test_live_runs_the_emulator_and_benchmarks_take_theirs() -> None:
    conformance = {"operations", "seed", "discover", "max_images", "budgets", "cassettes"}

    assert names({**LIVE}) == {*conformance, "base_urls", "against"}
    assert names({("target", "against"): "emulator"}) == {*conformance, "faults", "against"}
    assert names({**LIVE, **MEASURE}) >= {"rates", "arrivals", "blocks", "seed"}
    assert not names({**LIVE, **MEASURE}) & {"operations", "discover"}
    assert not names({**MEASURE}) & {"rates", "arrivals", "blocks"}


def test_what_does_not_hold_says_when_it_would() -> None:
    unused = settled(CONFIG, {}).unused

    assert unused["benchmark", "blocks"] == "with --only benchmark"
    assert unused["emulator", "faults"] == "with --against emulator"
    assert unused["target", "base_urls"] == "with --against live"


def test_what_is_typed_wins_be_it_the_default() -> None:
    found = settled(CONFIG, {("output", "cassettes"): Path("cassettes")})

    assert found.values["output", "cassettes"] == Path("cassettes")
    assert found.origins["output", "cassettes"] == "flag"
    assert found.origins["limits", "max_images"] == "harness.toml:5"


def test_of_budgets_each_provider_is_a_choice() -> None:
    found = settled(CONFIG, {("limits", "budgets"): {"buble": Decimal(9)}})

    assert found.values["limits", "budgets"] == {"buble": Decimal(9), "aimlapi": Decimal(1)}
    assert found.origins["limits", "budgets"] == "flag, harness.toml:6"


def test_a_default_of_the_file_never_contradicts_what_is_typed() -> None:
    emulator: dict[Place, object] = {("target", "against"): "emulator"}

    assert "discover" not in names({**emulator, ("planning", "quick"): True})
    assert not names({**LIVE, **MEASURE, ("limits", "concurrency"): 8}) & {"rates", "arrivals"}


def test_a_run_that_is_resumed_goes_on_as_it_began() -> None:
    assert names({("output", "resume"): Path("run")}) == {"resume", "cassettes"}


def test_an_error_about_a_flag_says_where_in_the_file_it_stands() -> None:
    error = UsageError("--operation, --seed: not together", hint="leave one out")
    explain(error, {"--operation": "harness.toml:2", "--seeds": "harness.toml:3"})

    assert str(error).endswith("(leave one out; --operation stands in harness.toml:2)")


@pytest.mark.parametrize("typed", [{}, {**LIVE}, {**LIVE, **MEASURE}])
def test_a_verb_takes_only_the_options_that_it_has(typed: dict[Place, object]) -> None:
    found = settled(CONFIG, typed, known=[("limits", "max_images"), *typed])

    assert set(found.values) == {("limits", "max_images"), *typed}


def test_a_command_in_a_hint_is_no_flag_of_the_file() -> None:
    error = UsageError("nothing to replay", hint="run instead: harness run --spec acme.toml")
    explain(error, {"--spec": "harness.toml:1"})

    assert "stands in" not in str(error)
