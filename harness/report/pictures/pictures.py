"""Records to all pictures of a report."""

from collections.abc import Mapping, Sequence

from harness.core.inspection import Inspection
from harness.core.record import Record
from harness.core.verdict import Verdict
from harness.report.benchmark.answers import Benchmarked
from harness.report.pictures.coverage import coverage_maps
from harness.report.pictures.errors import error_timelines
from harness.report.pictures.gallery import galleries
from harness.report.pictures.model import Pictures
from harness.report.pictures.sizes import size_planes
from harness.report.pictures.times import times_charts
from harness.report.pictures.tradeoff import tradeoffs
from harness.report.pictures.waterfall import waterfalls
from harness.spec.provider import Provider
from harness.store.convoy import Passes


def pictures(
    records: Sequence[Record],
    verdicts: Sequence[Verdict],
    providers: Mapping[str, Provider],
    *,
    benchmark: Benchmarked | None,
    inspections: Mapping[str, Inspection],
) -> Pictures:
    """Return every picture that these records can carry; none is drawn of nothing."""
    with Passes(records) as passes:
        sizes = passes.begin(size_planes, records, verdicts, providers)
        times = passes.begin(times_charts, records, providers)
        errors = passes.begin(error_timelines, records, providers)
        falls = passes.begin(waterfalls, records, providers)
        shown = passes.begin(galleries, records, verdicts, providers, inspections)
        coverage = passes.begin(coverage_maps, records, providers)
    return Pictures(
        sizes=sizes.result,
        times=times.result,
        tradeoffs=tradeoffs(benchmark),
        errors=errors.result,
        waterfalls=falls.result,
        galleries=shown.result,
        coverage=coverage.result,
    )
