"""A folder for each finding with all that it takes to see it again: data, curl lines, a pytest."""

import re
from collections.abc import Sequence

from harness.checks.check import CHECKS
from harness.core.exchange import Request
from harness.core.jsonvalue import Json
from harness.core.plain import carried_json
from harness.core.verdict import Finding, more_cases
from harness.report.jsontext import json_safe, json_text
from harness.report.labels import describe_provenance, failure_rate, finding_name
from harness.report.model import Reproduction
from harness.report.reproduction.curl import IN_FOLDER, Repeat, files_of, plain_headers, repeat
from harness.report.reproduction.generated_test import generated_test
from harness.report.text import count, money_text, one_line
from harness.spec.auth import Auth
from harness.spec.credentials import key_headers, key_query, with_key
from harness.spec.provider import Provider

FOLDER = "findings/"
"""Where a run folder holds the reproductions of its findings."""

_MOST_SLUG = 60


def reproduction(
    finding: Finding, provider: Provider, *, number: int, source: str, written: Sequence[str]
) -> Reproduction:
    """Return the folder of a finding: `request.json`, `repeat.sh`, a ready pytest where one can be.

    `number` counts the findings of a report from 1; files of `written` lie in the folder's own
    `files/`. No text of it holds a key.
    """
    again = repeat(finding.record, provider, written=written)
    folder = f"{number:02}-{_slug(finding.provider, finding.operation, _about(finding))}"
    word = re.sub(r"\W+", "_", folder, flags=re.ASCII)
    title = f"{finding.provider} {finding.operation}, {finding_name(finding)}: {finding.expected}"
    observed = _observed(finding)
    test = generated_test(
        finding,
        provider,
        name=word,
        title=one_line(title, 200),
        told=(f"Promised in {one_line(source, 160)}.", one_line(observed, 300), _cost(finding)),
    )
    texts = {
        "request.json": json_text(
            _request(finding, provider.auth, source=source, no_test=test.why)
        ),
        "repeat.sh": _script(again, provider, title=title, told=(observed, _cost(finding))),
    }
    if test.text is not None:
        texts[f"test_{word}.py"] = test.text
    return Reproduction(
        folder=f"{FOLDER}{folder}",
        texts=texts,
        files=tuple(name for name in files_of(finding.record) if name in written),
        no_test=test.why,
    )


def _about(finding: Finding) -> str:
    """Name a finding so that no other one of its operation has the name."""
    check = CHECKS.get(finding.check)
    how = check.slug if check else finding.check
    if finding.combination:
        return f"{'-'.join(finding.combination)}-{how}"
    return f"{finding.constraint}-{how}" if finding.constraint else how


def _slug(*parts: str) -> str:
    plain = (re.sub(r"[^a-z0-9._]+", "_", part.lower()).strip("._") for part in parts[:2])
    last = re.sub(r"[^a-z0-9._-]+", "_", parts[2].lower())[:_MOST_SLUG].strip("._-")
    return "-".join([*plain, last])


def _observed(finding: Finding) -> str:
    record = finding.record
    often = f" {failure_rate(finding)}" if failure_rate(finding) else ""
    doubt = f" Not confirmed: {finding.doubt}." if finding.doubt else ""
    large = f" Not made smaller: {finding.not_reduced}." if finding.not_reduced else ""
    day = f" ({record.evidence.date})" if record.evidence.kind == "emulator" else ""
    evidence = describe_provenance(record.evidence)
    rests_on = f"{evidence[:1].upper()}{evidence[1:]}{day}"
    return f"Seen{often}: {finding.observed.rstrip('.')}. {rests_on}.{doubt}{large}"


def _cost(finding: Finding) -> str:
    planned = finding.record.shot
    cost = money_text(planned.at_risk.amount, planned.at_risk.unit)
    images = count(planned.at_risk.images, "image")
    most = images if planned.at_risk.unit == "image" else f"{images}, {cost}"
    if planned.case.expect == "refuse":
        return f"A run costs up to {most} while the promise is broken, nothing once it is kept."
    return f"A run costs up to {most}."


def _script(again: Repeat, provider: Provider, *, title: str, told: Sequence[str]) -> str:
    notes = [note for note in again.notes if note != IN_FOLDER]
    comments = [one_line(line, 600) for line in (title, *told, *notes)]
    keys = [provider.auth.env] if f"${provider.auth.env}" in again.text else []
    needed = dict.fromkeys([*keys, *re.findall(r"\$([A-Z0-9_]+_BASE_URL)", again.text)])
    return "\n".join(
        [
            "#!/bin/sh",
            *(f"# {line}" for line in comments),
            "set -eu",
            *(f': "${{{variable}:?is not set: nothing was sent}}"' for variable in needed),
            'cd "$(dirname "$0")"',
            again.text,
            "",
        ]
    )


def _headers(request: Request, auth: Auth) -> tuple[tuple[str, str], ...]:
    """Return what a request says beside its body, a made-up key included."""
    plain = plain_headers(request, auth)
    if request.credential == "own":
        return plain
    return (*key_headers(auth, request.credential, ""), *plain)


def _request(finding: Finding, auth: Auth, *, source: str, no_test: str) -> dict[str, Json]:
    planned, evidence = finding.record.shot, finding.record.evidence
    return {
        "provider": finding.provider,
        "operation": finding.operation,
        "constraint": finding.constraint,
        "combination": list(finding.combination),
        "check": finding.check,
        "source": source,
        "standing": finding.standing,
        "expected": finding.expected,
        "observed": finding.observed,
        "failed": finding.failed,
        "tried": finding.tried,
        "doubt": finding.doubt,
        "not_reduced": finding.not_reduced,
        "evidence": json_safe(evidence),
        "arguments": json_safe(planned.case.arguments),
        "request": json_safe(
            {
                "method": planned.request.method,
                "path": with_key(
                    planned.request.target, key_query(auth, planned.request.credential, "")
                )
                if planned.request.credential != "own"
                else planned.request.target,
                "headers": dict(_headers(planned.request, auth)),
                **carried_json(planned.request),
            }
        ),
        "costs_at_most": {
            "amount": float(planned.at_risk.amount),
            "unit": planned.at_risk.unit,
            "images": planned.at_risk.images,
        },
        "cases": list(finding.cases),
        **({"cases_left_out": more} if (more := more_cases(finding.cases)) else {}),
        "no_test": no_test or None,
    }
