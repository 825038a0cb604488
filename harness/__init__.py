"""Benchmarks and checks the conformance of image APIs that resell gpt-image-2.

    from harness import Options, RunLimits, Target, api

    options = Options(target=Target(against="emulator"), limits=RunLimits(max_images=5))
    result = api.run(options)

The verbs (plan, run, judge, report, explain) are functions of `harness.api`, and only there: for
`harness.report` is a package. What they take, return and raise stands here as well. A name is
imported when it is asked for: the pytest plugin is loaded in every test run of an environment, and
needs none of them.
"""

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from harness import api as api
    from harness.api import (
        BenchmarkOptions,
        EmulatorError,
        EmulatorOptions,
        Explanation,
        Finding,
        Frames,
        FrozenDocuments,
        HarnessError,
        Measuring,
        NothingTested,
        Options,
        Output,
        Plan,
        Planning,
        ProgressListener,
        Provider,
        Rate,
        Record,
        RecordingError,
        Report,
        RunLimits,
        RunResult,
        SpecError,
        StoreError,
        Target,
        UsageError,
        Verdict,
        load_provider,
        read_config,
    )

    __version__: str

__all__ = [
    "BenchmarkOptions",
    "EmulatorError",
    "EmulatorOptions",
    "Explanation",
    "Finding",
    "Frames",
    "FrozenDocuments",
    "HarnessError",
    "Measuring",
    "NothingTested",
    "Options",
    "Output",
    "Plan",
    "Planning",
    "ProgressListener",
    "Provider",
    "Rate",
    "Record",
    "RecordingError",
    "Report",
    "RunLimits",
    "RunResult",
    "SpecError",
    "StoreError",
    "Target",
    "UsageError",
    "Verdict",
    "__version__",
    "api",
    "load_provider",
    "read_config",
]

if not TYPE_CHECKING:  # a type checker is to know the names above, and no others

    def __getattr__(name: str) -> object:
        """Import a public name when it is asked for; nobody pays for the others."""
        if name == "__version__":
            from harness.core.version import harness_version  # noqa: PLC0415 - as above

            return harness_version()
        if name not in __all__:
            raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
        import harness.api  # noqa: PLC0415 - as above

        return harness.api if name == "api" else getattr(harness.api, name)


def __dir__() -> list[str]:
    return sorted({*__all__, *globals()})
