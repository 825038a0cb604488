"""The choices of `harness plan`, with their flags; light to import, for `--help` reads them."""

from dataclasses import dataclass
from decimal import Decimal
from pathlib import Path

from harness.planning.benchmark_options import BenchmarkOptions
from harness.planning.flags import option, topic
from harness.planning.option_values import read_budgets_to_compare
from harness.planning.options import Distribution, Planning, RunLimits, Target

IMAGE_S = 30.0
"""How long an image is expected to take, in seconds: providers were seen to take 10 to 90."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Comparison:
    """The amounts at which plans of a provider are compared, in its own unit."""

    budgets: dict[str, tuple[Decimal, ...]] = option(
        "--budget",
        "An amount to spend at a provider, in its own unit; several are compared.",
        default={},
        metavar="NAME=AMOUNT",
        repeatable=True,
        read=read_budgets_to_compare,
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class Listing:
    """What is shown of a plan, and written beside it."""

    cases: bool = option("--cases/--no-cases", "List every case, or only the totals.", default=True)
    image_seconds: float = option(
        "--image-seconds",
        "Expected duration of an image.",
        default=IMAGE_S,
        least=0,
        show_default=True,
    )
    assets_url: str | None = option(
        "--assets-url",
        "Address of the reference images, to show in requests.",
        default=None,
        metavar="URL",
    )
    write_assets: Path | None = option(
        "--write-assets",
        "Write the reference images that requests name by address into this folder.",
        default=None,
        folder=True,
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class PlanOptions:
    """All choices of `harness plan`; those that it shares with a run are a run's."""

    target: Target = topic(
        Target,
        "Providers",
        without=(
            "against",
            "base_urls",
            "assets_url",
            "webhook_url",
            "receive_port",
            "allow_private",
        ),
    )
    planning: Planning = topic(Planning, "Requests", without=("explore",))
    comparison: Comparison = topic(Comparison, "Limits")
    limits: RunLimits = topic(
        RunLimits,
        "Limits",
        without=("budgets", "max_minutes", "max_shrink"),
    )
    benchmark: BenchmarkOptions = topic(
        BenchmarkOptions, "Benchmark (--only benchmark)", without=("calibrate",)
    )
    distribution: Distribution = topic(
        Distribution,
        "Slices",
        without=("start_at", "vantage", "on", "slices", "vantages"),
        typed_only=True,
    )
    listing: Listing = topic(Listing, "Output")
