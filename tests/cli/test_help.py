"""What `--help` shows, and what it does not load; what is typed becomes one value."""

import subprocess
import sys
from dataclasses import fields
from decimal import Decimal
from pathlib import Path

import click
import pytest

from harness.cli.main import status
from harness.cli.options import TopicCommand, choices_of
from harness.core.benchmark import Slo
from harness.planning.benchmark_options import BenchmarkOptions
from harness.planning.flags import FLAG, TOPIC
from harness.planning.options import EmulatorOptions, Options, Output, Planning, RunLimits, Target

HEAVY = {
    *("scipy", "pandas", "numpy", "jinja2", "hypothesis", "httpx", "h11", "vcr", "yaml", "rich"),
    *("PIL", "uvicorn", "starlette", "duckdb"),
}

RUN_FLAGS = """
--spec --frozen --provider --operation --against --base-url --assets-url --webhook-url
--receive-port
--allow-private --only --seed
--quick --strength --discover --explore --budget --max-images --max-requests --max-minutes
--max-shrink-requests
--concurrency --workload --blocks --warm-up --arrivals --rate --sweep --ramp --until-decided --slo
--timeout --reference --exchange-rate
--calibrate
--slice --start-at --vantage --on --slices --vantages --time-scale --fault --natural --signed --port
--out --resume
--retry-unknown --keep-images
--decoders --record
--cassettes --frames --format --otel --trust-anchors --known
--json --help
"""

PLAN_FLAGS = """
--spec --frozen --provider --operation --only --seed --quick --strength --discover --budget
--max-images --max-requests --concurrency --workload --blocks --warm-up --arrivals --rate
--sweep --ramp
--until-decided --slo
--timeout --reference --exchange-rate --slice
--cases --image-seconds --assets-url --write-assets --json --help
"""


@pytest.mark.parametrize(
    "words",
    [
        ["run", "--help"],
        ["run", "--wrong"],
        ["run", "--max-images", "many"],
        ["run", "--budget", "buble"],
        ["plan", "--help"],
        ["config", "--help"],
        ["judge", "--help"],
        ["report", "--help"],
        ["merge", "--help"],
        ["diff", "--help"],
        ["history", "--help"],
        ["watch", "--help"],
        ["explain", "--help"],
        ["--version"],
        ["runn"],
    ],
    ids=" ".join,
)
def test_what_asks_for_no_work_loads_nothing_that_works(words: list[str]) -> None:
    program = (
        "import sys; from harness.cli.main import status; "
        f"code = status({words}); print('LOADED', code, *sys.modules)"
    )

    done = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, check=True
    )
    code, *loaded = done.stdout.rpartition("LOADED ")[2].split()

    assert code == ("0" if {"--help", "--version"} & set(words) else "2")
    assert HEAVY & {name.split(".")[0] for name in loaded} == set()
    assert "click" in loaded


def _help(verb: str, capsys: pytest.CaptureFixture[str]) -> dict[str, list[str]]:
    """The flags of a verb, in their order, by the heading over them."""
    assert status([verb, "--help"]) == 0
    topics: dict[str, list[str]] = {}
    heading = ""
    for line in capsys.readouterr().out.splitlines():
        if line and not line.startswith(" "):
            heading = line.rstrip(":")
        words = [word for word in line.split() if word.startswith("--")]
        if line.startswith("  -") and words:
            topics.setdefault(heading, []).append(words[0])
    return topics


@pytest.mark.parametrize(("verb", "flags"), [("run", RUN_FLAGS), ("plan", PLAN_FLAGS)])
def test_every_flag_stands_in_the_help_once(
    verb: str, flags: str, capsys: pytest.CaptureFixture[str]
) -> None:
    shown = [flag for topic in _help(verb, capsys).values() for flag in topic]

    assert sorted(shown) == sorted(flags.split())


def test_flags_stand_under_their_topic(capsys: pytest.CaptureFixture[str]) -> None:
    topics = _help("run", capsys)

    assert list(topics) == [
        *("Providers", "Requests", "Limits", "Benchmark (--only benchmark)"),
        "Slices and vantage points",
        *("Emulator (--against emulator)", "Output", "Options"),
    ]
    for group in fields(Options):
        if TOPIC in group.metadata:
            assert isinstance(group.type, type)
            own = [
                each.metadata[FLAG].spelling.partition("/")[0]
                for each in fields(group.type)
                if FLAG in each.metadata
            ]
            more = ["--json"] if group.name == "output" else []
            assert topics[group.metadata[TOPIC].heading] == own + more


def _typed(*words: str) -> Options:
    seen: list[Options] = []

    @click.command(cls=TopicCommand)
    @choices_of(Options)
    def probe(*, options: Options) -> None:
        seen.append(options)

    probe.main(args=list(words), standalone_mode=False)
    (options,) = seen
    return options


def test_where_nothing_is_typed_every_choice_has_its_default() -> None:
    assert _typed() == Options()


def test_what_is_typed_is_in_its_group() -> None:
    options = _typed(
        *("--provider", "buble", "--provider", "apiframe", "--operation", "edit"),
        *("--against", "live", "--base-url", "buble=https://a.example/", "--receive-port", "2000"),
        "--allow-private",
        *("--assets-url", "https://b.example", "--webhook-url", "https://c.example"),
        *("--only", "benchmark", "--seed", "0", "--strength", "3", "--discover"),
        *("--budget", "buble=1", "--budget", "buble=2.5", "--max-images", "0"),
        *("--max-requests", "7", "--max-minutes", "0.5", "--max-shrink-requests", "0"),
        *("--concurrency", "3", "--workload", "print", "--blocks", "2", "--warm-up", "0"),
        *("--arrivals", "poisson", "--rate", "2/s", "--sweep", "1,2", "--ramp", "1:4"),
        *("--until-decided", "--slo", "p95<1min", "--timeout", "9", "--no-calibrate"),
        *("--time-scale", "0", "--fault", "reset", "--port", "3000"),
        *("--out", "o", "--resume", "r", "--retry-unknown", "--record", "--cassettes", "c"),
        *("--trust-anchors", "/lists/a.pem", "--trust-anchors", "/lists/b.pem"),
    )

    assert options == Options(
        target=Target(
            providers=("buble", "apiframe"),
            operations=("edit",),
            against="live",
            base_urls={"buble": "https://a.example"},
            assets_url="https://b.example",
            webhook_url="https://c.example",
            receive_port=2000,
            allow_private=True,
        ),
        planning=Planning(only="benchmark", seed=0, strength=3, discover=True),
        limits=RunLimits(
            budgets={"buble": Decimal("2.5")},
            max_images=0,
            max_requests=7,
            max_minutes=0.5,
            max_shrink=0,
            concurrency=3,
        ),
        benchmark=BenchmarkOptions(
            workloads=("print",),
            blocks=2,
            warm_up=0,
            arrivals="poisson",
            rates=("2/s",),
            sweep="1,2",
            ramp="1:4",
            until_decided=True,
            slo=Slo(quantile=0.95, seconds=60.0),
            timeout=9.0,
            calibrate=False,
        ),
        emulator=EmulatorOptions(time_scale=0.0, faults=("reset",), port=3000),
        output=Output(
            out=Path("o"),
            resume=Path("r"),
            retry_unknown=True,
            record=True,
            cassettes=Path("c"),
            trust_anchors=(Path("/lists/a.pem"), Path("/lists/b.pem")),
        ),
    )
    assert (options.max_shrink, options.time_scale, options.seed) == (0, 0.0, 0)
