"""`harness.sarif`: each finding as a result of SARIF 2.1.0, at the line of the promise it breaks.

The format: OASIS, Static Analysis Results Interchange Format Version 2.1.0, Errata 01. The limits
are those that GitHub's code scanning names for an upload.
"""

import json
import zlib
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from urllib.parse import quote

from harness.core.jsonvalue import Json, digest
from harness.core.verdict import Standing
from harness.known.model import KnownShown
from harness.report.formats.format import Judged, format_on_request
from harness.report.formats.markdown_text import code, escaped
from harness.report.formats.toml_places import (
    HARNESS,
    RUN,
    SOURCE_ROOT,
    promise_of,
    promise_place,
    repository,
)
from harness.report.jsontext import json_text
from harness.report.known import in_order, reason_text
from harness.report.labels import confirmation_text, failure_rate, short_provenance
from harness.report.model import Shown
from harness.report.moments import moment
from harness.report.text import count, one_line, shortened, visible
from harness.spec.credentials import constraint_of
from harness.spec.rules.base import Rule

MOST_RESULTS = 5_000
"""GitHub shows no more results of a run than these."""
MOST_BYTES = 9_000_000
"""What results take at most, packed as gzip packs them: GitHub takes 10 MB of a packed file."""
SCHEMA = (
    "https://docs.oasis-open.org/sarif/sarif/v2.1.0/errata01/os/schemas/sarif-schema-2.1.0.json"
)

_LONGEST_CURL = 2_000
_CODES_OF_A_WHOLE_RUN = (0, 1)
_LEVELS: dict[Standing, str] = {"confirmed": "error", "flaky": "warning", "unconfirmed": "note"}
_IN_WORDS: dict[Standing, str] = {
    "confirmed": "is broken",
    "flaky": "is broken now and then",
    "unconfirmed": "seems broken, not confirmed",
}
_BASES = {
    SOURCE_ROOT: "The repository of whoever ran the harness.",
    HARNESS: "The repository of the harness, or the folder that its package is installed in.",
    RUN: "The run folder.",
}

Object = dict[str, Json]


@format_on_request("sarif", file="harness.sarif", rank=10)
def sarif(judged: Judged) -> str:
    """Return the run as SARIF: a rule for each promise that is broken, a result for each finding.

    Confirmed findings are errors, flaky ones warnings, unconfirmed ones notes; one that is known is
    a note that is suppressed, with its reason. A known deviation that is stale or has expired is an
    error. The gravest stand first; what GitHub would not take is counted in a notification.
    """
    log = _Log(judged)
    results, left_out = _fitting(log.results())
    ids = list(dict.fromkeys(str(result["ruleId"]) for result in results))
    for result in results:
        result["ruleIndex"] = ids.index(str(result["ruleId"]))
    run: Object = {
        "tool": {
            "driver": {
                "name": "image-provider-harness",
                "version": visible(judged.report.header.harness) or "unknown",
                "shortDescription": {
                    "text": "Conformance of image providers with their own documents."
                },
                "rules": [log.rules[each] for each in ids],
            }
        },
        "automationDetails": {"id": log.category},
        "invocations": [log.invocation(left_out)],
        "originalUriBaseIds": {
            name: {"description": {"text": text}} for name, text in _BASES.items()
        },
        "columnKind": "unicodeCodePoints",
        "results": [*results],
        "properties": {
            "run": one_line(judged.report.header.run),
            "evidence": f"{judged.report.banner.title}. {judged.report.banner.text}",
        },
    }
    return json_text({"$schema": SCHEMA, "version": "2.1.0", "runs": [run]})


def _fitting(results: Iterable[Object]) -> tuple[list[Object], int]:
    """Return the first results that GitHub takes, and how many there are besides."""
    everything = list(results)
    packer, room = zlib.compressobj(), MOST_BYTES
    for at, result in enumerate(everything):
        room -= len(packer.compress(json.dumps(result).encode()))
        room -= len(packer.flush(zlib.Z_SYNC_FLUSH))
        if room < 0 or at >= MOST_RESULTS:
            return everything[:at], len(everything) - at
    return everything, 0


@dataclass(frozen=True)
class _Log:
    """What becomes one run of a log; `rules` are those that the drawn results break, by id."""

    judged: Judged
    rules: dict[str, Object] = field(default_factory=dict)

    @cached_property
    def root(self) -> Path:
        return repository(Path.cwd())

    @property
    def category(self) -> str:
        """What GitHub tells uploads apart by, up to the last slash; behind it the run's name."""
        header = self.judged.report.header
        words = ("image-provider-harness", header.against, "+".join(header.evidence), header.run)
        return "/".join(one_line(word).replace("/", "-") or "-" for word in words)

    def results(self) -> Iterator[Object]:
        report = self.judged.report
        for each in in_order(report.failing_known):
            yield self._of_known(each)
        for shown in (*report.broken, *report.doubted, *report.expected):
            yield self._of_finding(shown)

    def _of_known(self, each: KnownShown) -> Object:
        known = each.known
        promise = known.promise or known.check
        name = f"known-deviation/{each.state}"
        words = (known.provider, known.operation, promise, known.check)
        self.rules[name] = _rule(
            name,
            f"A known deviation is {each.state}.",
            "An entry of the file of known deviations expects what is no longer so, or its last"
            " day is over.",
            "Take the entry out of the file, or give it a later day.",
        )
        return {
            **_result(name, "error", f"{each.sentence}. {reason_text(known)}", (name, *words)),
            "locations": [self._location(known.provider, known.operation, promise)],
            "properties": {"state": each.state, "provider": known.provider},
        }

    def _of_finding(self, shown: Shown) -> Object:
        finding = shown.finding
        words = (finding.provider, finding.operation, shown.name, finding.check)
        name = one_line("/".join((*words[:2], finding.constraint or finding.check)))
        evidence = short_provenance(finding.record.evidence)
        often = "; ".join(filter(None, (failure_rate(finding), f"evidence: {evidence}")))
        said = f"{_IN_WORDS[finding.standing]}: {confirmation_text(finding)} ({often})."
        message = f"{shown.title}, {finding.operation}: {shortened(shown.name, 200)} {said}"
        level = "note" if shown.known else _LEVELS[finding.standing]
        result = _result(name, level, message, words)
        if shown.known:
            reason = _plain(reason_text(shown.known))
            result["suppressions"] = [
                {"kind": "external", "status": "accepted", "justification": reason}
            ]
        result |= {
            "locations": [self._location(finding.provider, finding.operation, promise_of(finding))],
            "occurrenceCount": max(1, len(finding.cases)),
            "attachments": [
                {
                    "description": {"text": "Sends the request again."},
                    "artifactLocation": {
                        "uri": quote(f"{shown.reproduction.folder}/repeat.sh"),
                        "uriBaseId": RUN,
                    },
                }
            ],
            "properties": {
                "standing": finding.standing,
                "evidence": evidence,
                "run": one_line(self.judged.report.header.run),
                "expected": _plain(finding.expected),
                "failed": finding.failed,
                "tried": finding.tried,
                "check": finding.check,
                "request": visible(shortened(shown.curl, _LONGEST_CURL), keep="\n"),
            },
        }
        if name not in self.rules:
            self.rules[name] = self._rule_of(name, shown)
        return result

    def _rule_of(self, name: str, shown: Shown) -> Object:
        finding = shown.finding
        entry = self.judged.entries.get(finding.provider)
        provider = entry.provider if entry else None
        operation = provider.operations.get(finding.operation) if provider else None
        found = (
            constraint_of(provider, operation, finding.constraint)
            if provider and operation
            else None
        )
        asked = found.describe() if found else finding.expected
        quoted = _quotes(found.rule) if found else ()
        full = f"{shown.title}, {finding.operation}: {asked}."
        documents = f" Promised in {shown.source}." + "".join(f" “{each}”" for each in quoted)
        again = f"Run repeat.sh in {shown.reproduction.folder} of the run folder to send it again."
        return {
            **_rule(name, asked, f"{full}{documents}", again),
            "help": {
                "text": _plain(f"{full}{documents} {again}", 2_000),
                "markdown": _help(shown, asked, quoted),
            },
            "properties": {
                "provider": finding.provider,
                "operation": finding.operation,
                "check": finding.check,
                "tags": ["conformance", finding.provider],
            },
        }

    def _location(self, provider: str, operation: str, promise: str) -> Object:
        name = one_line(f"{provider}/{operation}/{promise.rstrip('.')}")
        location: Object = {"logicalLocations": [{"fullyQualifiedName": name, "kind": "member"}]}
        if entry := self.judged.entries.get(provider):
            place = promise_place(
                entry, operation, promise, folder=self.judged.folder, root=self.root
            )
            artifact: Object = {"uri": place.uri}
            region: Object = {"startLine": place.line}
            if place.base:
                artifact["uriBaseId"] = place.base
            if place.snippet:
                region["snippet"] = {"text": _plain(place.snippet)}
            location["physicalLocation"] = {"artifactLocation": artifact, "region": region}
        return location

    def invocation(self, left_out: int) -> Object:
        report = self.judged.report
        told = [
            *(("note", one_line(note, 1_000)) for note in report.header.notes),
            *([("warning", _left_out(left_out))] if left_out else ()),
        ]
        told += [
            ("error", one_line(f"{', '.join(each.checks)}: {each.why}", 1_000))
            for each in report.harness_errors
        ]
        invocation: Object = {
            "executionSuccessful": report.exit is None or report.exit.code in _CODES_OF_A_WHOLE_RUN,
            "toolExecutionNotifications": [
                {"level": level, "message": {"text": _unlinked(text)}} for level, text in told
            ],
        }
        if report.exit is not None:
            why = _plain(report.exit.why, 1_000)
            invocation |= {"exitCode": report.exit.code, "exitCodeDescription": why}
        for key, text in (
            ("startTimeUtc", report.header.created),
            ("endTimeUtc", report.header.finished),
        ):
            if utc := moment(text):
                invocation[key] = utc.strftime("%Y-%m-%dT%H:%M:%SZ")
        return invocation


def _left_out(number: int) -> str:
    return (
        f"{count(number, 'more result')} left out, the gravest not among them: GitHub shows"
        f" {MOST_RESULTS:,} and takes 10 MB. summary.json has them all."
    )


def _rule(name: str, short: str, full: str, again: str) -> Object:
    return {
        "id": name,
        "shortDescription": {"text": _plain(short)},
        "fullDescription": {"text": _plain(full, 1_000)},
        "help": {"text": _plain(f"{full} {again}", 2_000)},
        "defaultConfiguration": {"level": "error"},
    }


def _result(name: str, level: str, message: str, words: Sequence[str]) -> Object:
    """Return the parts that every result has; what `words` name it by is the same in every run."""
    mark = digest([*words])
    return {
        "ruleId": name,
        "level": level,
        "kind": "fail",
        "message": {"text": _plain(message, 1_000)},
        "partialFingerprints": {"promise/v1": mark, "primaryLocationLineHash": f"{mark[:16]}:1"},
    }


def _help(shown: Shown, asked: str, quoted: Sequence[str]) -> str:
    """Return how to see it again, as Markdown in which foreign text does nothing."""
    finding, again = shown.finding, f"{shown.reproduction.folder}/repeat.sh"
    lines = [
        f"**{escaped(shown.title)}, {escaped(finding.operation)}**: {escaped(asked)}",
        f"Promised in {escaped(shown.source)}.",
        *(f"> {escaped(each)}" for each in quoted),
        f"To send the request again, run {code(again)} of the run folder.",
    ]
    return "\n\n".join(lines)


def _quotes(rule: Rule) -> tuple[str, ...]:
    return tuple(filter(None, (rule.quote, rule.second_quote)))


def _plain(text: str, longest: int = 400) -> str:
    """Return foreign text as one line that no reader of SARIF takes for a link."""
    return _unlinked(one_line(text, longest)) or "-"


def _unlinked(text: str) -> str:
    return text.replace("](", "] (")
