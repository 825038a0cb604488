"""The verbs of the harness as Python functions: plan, run, judge, report, diff, watch and more.

    from harness import Options, RunLimits, Target, api

    result = api.run(
        Options(
            target=Target(against="emulator", providers=("nanobanana",)),
            limits=RunLimits(max_images=5),
        )
    )
    print(result.exit_code, result.why)

The command line and the pytest plugin are doors to these functions. None of them prints or ends the
process. A broken promise is a value (`RunResult.exit_code` 1, `RunResult.report.findings`); what
keeps a function from its work is raised as a HarnessError, whose text says what to do next, and
whose `exit_code` is that of the command line: 2 for wrong usage or nothing to test, 3 for our own
failure.
"""

from harness.api.acceptance import accept
from harness.api.canaries import WatchOptions, WatchResult, watch
from harness.api.histories import database, history, history_page
from harness.api.merges import merge
from harness.api.rechecks import recheck
from harness.api.regressions import baseline, diff
from harness.api.runs import (
    choose,
    explain,
    frames,
    inspect,
    judge,
    load_provider,
    plan,
    report,
    run,
)
from harness.api.telemetry import export_spans, spans
from harness.choosing.model import Choice
from harness.comparing.model import Baseline, Diff, Thresholds
from harness.config.settled import read_config
from harness.core.case import Plan
from harness.core.errors import (
    EmulatorError,
    ExportError,
    HarnessError,
    NothingTested,
    RecordingError,
    SpecError,
    StoreError,
    UsageError,
)
from harness.core.rate import Rate
from harness.core.record import Record
from harness.core.verdict import Finding, Verdict
from harness.history.model import History
from harness.inspection.model import FilesInspected
from harness.planning.benchmark_options import BenchmarkOptions, Measuring
from harness.planning.options import EmulatorOptions, Options, Output, Planning, RunLimits, Target
from harness.report.frames.frames import Frames
from harness.report.model import Report
from harness.run_result import RunResult
from harness.runner.execution.provider_run import ProgressListener
from harness.runner.exported import export_cassette
from harness.runner.scanning import scan
from harness.sensitive.files import Leak
from harness.spec.explain.explain import Explanation
from harness.spec.frozen import FrozenDocuments
from harness.spec.provider import Provider
from harness.transport.cassettes.stock import StockCassette

__all__ = [
    "Baseline",
    "BenchmarkOptions",
    "Choice",
    "Diff",
    "EmulatorError",
    "EmulatorOptions",
    "Explanation",
    "ExportError",
    "FilesInspected",
    "Finding",
    "Frames",
    "FrozenDocuments",
    "HarnessError",
    "History",
    "Leak",
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
    "StockCassette",
    "StoreError",
    "Target",
    "Thresholds",
    "UsageError",
    "Verdict",
    "WatchOptions",
    "WatchResult",
    "accept",
    "baseline",
    "choose",
    "database",
    "diff",
    "explain",
    "export_cassette",
    "export_spans",
    "frames",
    "history",
    "history_page",
    "inspect",
    "judge",
    "load_provider",
    "merge",
    "plan",
    "read_config",
    "recheck",
    "report",
    "run",
    "scan",
    "spans",
    "watch",
]
