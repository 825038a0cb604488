"""What Schemathesis reported in one run, as a set of kinds that two runs can be compared by.

Its own report counts one failure per check and operation, so a fault would hide behind any false
alarm of the same check. Here each failing case counts, under what it is about:

* an accepted invalid request: the keyword and the place that the request violates, and whether by
  a null (`accepted /properties/n/maximum`); a request that violates several counts for each;
* a refused valid request, one of the written cases (examples, coverage): the request itself;
* a refused valid request, a generated one: the parameter that the error names, and its message
  with quoted words and numbers taken out, for other draws have other ones;
* anything else: the check, the kind of failure and its message, likewise.
"""

import base64
import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

Json = dict[str, Any]

_VARYING = re.compile(r"'[^']*'|\"[^\"]*\"|`[^`]*`|\d+")
_VIOLATED = re.compile(r"violates `(\w+)` at (/properties/[^\s]+)")
_WRITTEN = ("examples", "coverage")


def kinds(report: Path) -> frozenset[str]:
    """Return the kinds of failure in an NDJSON report."""
    found: set[str] = set()
    with report.open(encoding="utf-8") as lines:
        for line in lines:
            scenario = json.loads(line).get("ScenarioFinished")
            if scenario is not None:
                found.update(_failures(scenario["phase"], scenario["recorder"]))
    return frozenset(found)


def checks(report: Path) -> frozenset[str]:
    """Return the names of the checks that failed at all."""
    return frozenset(kind.partition(":")[0] for kind in kinds(report))


def _failures(phase: str, recorder: Json) -> Iterator[str]:
    for case_id, results in recorder.get("checks", {}).items():
        for result in results:
            if result["status"] == "failure":
                case = recorder["cases"][case_id]["value"]
                answer = (recorder["interactions"].get(case_id) or {}).get("response") or {}
                failure = result["failure_info"]["failure"]
                for about in _about(phase, failure, case, answer):
                    yield f"{result['name']}: {about}"


def _about(phase: str, failure: Json, case: Json, answer: Json) -> Iterator[str]:
    if failure["type"] == "AcceptedNegativeData":
        yield from _accepted(case)
    elif failure["type"] == "RejectedPositiveData":
        if phase in _WRITTEN:
            yield f"refused {json.dumps(case.get('body'), sort_keys=True)}"
        error = _error(answer)
        message = _VARYING.sub("*", str(error.get("message", "")))
        # The name of an unknown parameter is drawn like its value.
        named = "*" if error.get("code") == "unknown_parameter" else error.get("param")
        yield f"refused {answer.get('status_code')} {named} {message}"
    else:
        message = _VARYING.sub("*", failure["message"])[:160]
        yield f"{case['method']} {failure['type']} {failure['title']} {message}"


def _accepted(case: Json) -> Iterator[str]:
    told = case["meta"]["phase"].get("data") or {}
    description = str(told.get("description", ""))
    places = [f"{place}/{keyword}" for keyword, place in _VIOLATED.findall(description)]
    if not places and told.get("location"):
        places = [str(told["location"])]
    for place in places:
        field, body = place.split("/")[2], case.get("body")
        null = isinstance(body, dict) and body.get(field, 0) is None
        yield f"accepted {place}{' by null' if null else ''}"
    if not places:
        yield f"accepted {_VARYING.sub('*', description)}"


def _error(answer: Json) -> Json:
    try:
        raw = base64.b64decode(answer["content"]["$base64"])
        error = json.loads(raw)["error"]
    except (KeyError, TypeError, ValueError):
        return {}
    return error if isinstance(error, dict) else {}
