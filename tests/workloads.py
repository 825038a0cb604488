"""Hypothesis strategies for workloads, and options that ask for a benchmark."""

from pathlib import Path

from hypothesis import strategies as st

from harness.core.workload import Workload
from harness.planning.benchmark_options import Measuring
from harness.planning.options import Options, Output, Planning, Target
from tests.shipped import NAMES

SIZES = (
    *("1024x1024", "1536x1024", "1024x1536", "1536x864", "3840x2160", "2048x2048", "1000x1000"),
    *("512x512", "1024x1000", "3072x1024", "3840x1024", "816x816", "2560x1440", "7680x4320"),
)
QUALITIES = ("low", "medium", "high", "auto")
FORMATS = ("png", "jpeg", "webp")


@st.composite
def workloads(draw: st.DrawFn) -> Workload:
    """Any workload that a file may hold: what providers can be asked for, and what they cannot."""
    operation = draw(st.sampled_from(["generate", "edit", "respond"]))
    return Workload(
        name=draw(st.from_regex(r"[a-z0-9-]{1,12}", fullmatch=True)),
        operation=operation,
        size=draw(st.none() | st.sampled_from(SIZES)),
        quality=draw(st.none() | st.sampled_from(QUALITIES)),
        output_format=draw(st.none() | st.sampled_from(FORMATS)),
        n=draw(st.sampled_from([1, 1, 1, 2, 10, 11])),
        references=draw(st.sampled_from([1, 2, 14, 16, 17])) if operation == "edit" else 0,
        prompt_lengths=tuple(
            draw(st.lists(st.sampled_from([20, 48, 80, 400, 2000, 2001]), min_size=1, max_size=3))
        ),
        weight=draw(st.integers(1, 3)),
    )


def options(
    measuring: Measuring | None, *, seed: int = 0, providers: tuple[str, ...] = NAMES
) -> Options:
    """The choices of a run that measures."""
    return Options(
        target=Target(against="emulator", providers=providers),
        planning=Planning(seed=seed),
        output=Output(out=Path("out")),
        measuring=measuring,
    )
