"""`ctrf.json`: one test for each promise and operation, in the Common Test Report Format.

The format: ctrf.io, specification version 0.0.0.
"""

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from urllib.parse import unquote

from harness.core.jsonvalue import Json
from harness.core.record import Record
from harness.report.formats.format import Judged, format_on_request
from harness.report.formats.toml_places import promise_of, promise_place, repository
from harness.report.jsontext import json_text
from harness.report.known import in_order, reason_text
from harness.report.labels import short_provenance
from harness.report.moments import moment
from harness.report.promises import Ending, PromiseResult, promise_results, records_about
from harness.report.tally import Place
from harness.report.text import one_line, shortened, visible
from harness.stats.conformance.cost import cost_by_provider

_STATUSES: Mapping[Ending, str] = {
    "passed": "passed",
    "failed": "failed",
    "flaky": "passed",
    "unclear": "other",
    "known": "skipped",
    "skipped": "skipped",
}
_ALL = ("passed", "failed", "skipped", "pending", "other")
_LONGEST_CURL = 2_000
_LONGEST = 1_000

Object = dict[str, Json]


@format_on_request("ctrf", file="ctrf.json", rank=20)
def ctrf(judged: Judged) -> str:
    """Return the run as CTRF: a test for each promise of each operation, named as in every run.

    A confirmed finding is failed; a flaky one passed and is flaky, as the format has it; a known
     deviation is skipped, with its reason; what could not be judged is `other`. A test lasts
    as long as the requests that were made for its promise, and says what these cost. Where a run
    failed and no test did, it is a failed test itself.
    """
    tests = [*_Tests(judged).all()]
    counts = Counter(str(test["status"]) for test in tests)
    header, end = judged.report.header, judged.report.exit
    start_ms = _unix_ms(header.created)
    stop_ms = max(start_ms, _unix_ms(header.finished) or start_ms)
    return json_text(
        {
            "reportFormat": "CTRF",
            "specVersion": "0.0.0",
            "runId": one_line(header.run) or "-",
            "generatedBy": "image-provider-harness",
            "results": {
                "tool": {
                    "name": "image-provider-harness",
                    "version": one_line(header.harness),
                },
                "summary": {
                    "tests": len(tests),
                    **{status: counts[status] for status in _ALL},
                    "flaky": sum(test.get("flaky") is True for test in tests),
                    "suites": len({tuple(map(str, _suite(test))) for test in tests}),
                    "start": start_ms,
                    "stop": stop_ms,
                    "duration": stop_ms - start_ms,
                    "extra": {
                        "verdict": one_line(end.why, _LONGEST) if end else "",
                        "exit_code": end.code if end else None,
                        "evidence": f"{judged.report.banner.title}.",
                        "against": header.against,
                    },
                },
                "tests": [*tests],
            },
        }
    )


def _suite(test: Object) -> Sequence[Json]:
    suite = test["suite"]
    return suite if isinstance(suite, list) else []


@dataclass(frozen=True)
class _Tests:
    """The tests of a run."""

    judged: Judged

    @cached_property
    def _about(self) -> Mapping[Place, Sequence[Record]]:
        return records_about(self.judged.records)

    @cached_property
    def _root(self) -> Path:
        return repository(Path.cwd())

    def all(self) -> Iterator[Object]:
        report = self.judged.report
        failed = False
        for result in promise_results(report):
            failed = failed or result.ending == "failed"
            yield self._test(result)
        for test in self._others():
            failed = True
            yield test
        if report.exit is not None and report.exit.code and not failed:
            yield _failed("run", ("harness",), f"exit code {report.exit.code}: {report.exit.why}")

    def _others(self) -> Iterator[Object]:
        """Yield a failed test for each known deviation that fails a build, and each own error."""
        report = self.judged.report
        for each in in_order(report.failing_known):
            message = f"{each.sentence}; {reason_text(each.known)}"
            yield _failed(f"{each.state}: {each.known.named}", ("known deviations",), message)
        for error in report.harness_errors:
            name = f"error of the harness: {', '.join(error.checks)}"
            yield _failed(name, (error.provider, *error.operations), error.why)

    def _test(self, result: PromiseResult) -> Object:
        test: Object = {
            "name": one_line(result.id) or "-",
            "testId": one_line(result.id) or "-",
            "suite": [result.provider, result.operation],
            "status": _STATUSES[result.ending],
            "rawStatus": "known" if result.ending == "known" else result.state,
            "duration": self._duration_ms(result),
            "type": "conformance",
            "extra": self._extra(result),
        }
        if result.ending != "passed" and result.why:
            test["message"] = one_line(result.why, _LONGEST)
        if shown := result.shown:
            finding = shown.finding
            test["trace"] = visible(shortened(shown.curl, _LONGEST_CURL), keep="\n")
            test["flaky"] = result.ending == "flaky"
            test["retries"] = max(0, finding.tried - 1)
            test |= self._place(result, promise_of(finding))
        return test

    def _place(self, result: PromiseResult, promise: str) -> Object:
        entry = self.judged.entries.get(result.provider)
        if entry is None:
            return {}
        place = promise_place(
            entry, result.operation, promise, folder=self.judged.folder, root=self._root
        )
        return {"filePath": unquote(place.uri), "line": place.line}

    def _records(self, result: PromiseResult) -> Sequence[Record]:
        return self._about.get((result.provider, result.operation, result.promise), ())

    def _duration_ms(self, result: PromiseResult) -> int:
        """Return how long its requests took together, each from its start to its end."""
        times = self.judged.report.case_times_s
        cases = {
            (case.provider, case.operation, case.id)
            for case in (record.shot.case for record in self._records(result))
        }
        return round(sum(times.get(place, 0.0) for place in cases) * 1_000)

    def _extra(self, result: PromiseResult) -> Object:
        evidence = self.judged.report.header.evidence.get(result.provider)
        extra: Object = {
            "promise": one_line(result.rule),
            "source": one_line(result.source),
            "evidence": short_provenance(evidence),
        }
        if result.shown:
            extra["reproduction"] = result.shown.reproduction.folder
        return extra | self._spent(self._records(result))

    def _spent(self, records: Iterable[Record]) -> Object:
        """Return what requests cost, in the provider's own unit; nothing where none was sent."""
        providers = {name: entry.provider for name, entry in self.judged.entries.items()}
        known = [record for record in records if record.shot.case.provider in providers]
        for cost in cost_by_provider(known, providers):
            return {
                "requests": cost.requests,
                "images_paid": cost.images_paid,
                "price": float(cost.amount),
                "unit": cost.unit,
            }
        return {}


def _failed(name: str, suite: Sequence[str], message: str) -> Object:
    return {
        "name": one_line(name) or "-",
        "suite": [one_line(each) for each in suite],
        "status": "failed",
        "duration": 0,
        "message": one_line(message, _LONGEST),
    }


def _unix_ms(text: str | None) -> int:
    """Return a moment as milliseconds since 1970; 0 where it is none."""
    found = moment(text)
    return round(found.timestamp() * 1_000) if found else 0
