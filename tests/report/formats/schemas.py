"""The schemas that report formats are held against, and what reads a text by them."""

import json
import re
from datetime import datetime
from functools import cache
from pathlib import Path
from typing import Any
from uuid import UUID

from jsonschema import Draft4Validator, Draft7Validator, FormatChecker
from xmlschema import XMLSchema10

SCHEMAS = Path(__file__).parents[2] / "schemas"

_FORMATS = FormatChecker(formats=())
_URI = re.compile(
    r"(?:[A-Za-z][A-Za-z0-9+.-]*:)?"
    r"(?:[A-Za-z0-9._~:/?#\[\]@!$&'()*+,;=-]|%[0-9A-Fa-f]{2})*"
)
"""The characters that RFC 3986 allows, a scheme first where there is one."""


@_FORMATS.checks("uri-reference")
def _is_reference(text: object) -> bool:
    return not isinstance(text, str) or _URI.fullmatch(text) is not None


@_FORMATS.checks("uri")
def _is_uri(text: object) -> bool:
    return not isinstance(text, str) or (_is_reference(text) and ":" in text)


@_FORMATS.checks("date-time", raises=ValueError)
def _is_moment(text: object) -> bool:
    return not isinstance(text, str) or datetime.fromisoformat(text).tzinfo is not None


@_FORMATS.checks("uuid", raises=ValueError)
def _is_uuid(text: object) -> bool:
    return not isinstance(text, str) or bool(UUID(text))


def _load(name: str) -> Any:  # noqa: ANN401 - JSON
    return json.loads((SCHEMAS / name).read_text("utf-8"))


@cache
def _sarif_validator() -> Draft4Validator:
    return Draft4Validator(_load("sarif-2.1.0.json"), format_checker=_FORMATS)


@cache
def _ctrf_validator() -> Draft7Validator:
    return Draft7Validator(_load("ctrf.json"), format_checker=_FORMATS)


@cache
def _xsd(name: str) -> XMLSchema10:
    return XMLSchema10(str(SCHEMAS / name))


def sarif_log(text: str) -> Any:  # noqa: ANN401 - JSON
    """Return a log that keeps the schema of SARIF; ValidationError for any other."""
    log = json.loads(text)
    _sarif_validator().validate(log)
    return log


def ctrf_report(text: str) -> Any:  # noqa: ANN401 - JSON
    """Return a report that keeps the schema of CTRF; ValidationError for any other."""
    report = json.loads(text)
    _ctrf_validator().validate(report)
    return report


def junit_mistakes(text: str) -> list[str]:
    """Return what Jenkins, or Ant's schema, would find wrong in a JUnit file."""
    return [
        f"{name}: {mistake.path}: {mistake.reason}"
        for name in ("jenkins-junit.xsd", "ant-junit.xsd")
        for mistake in _xsd(name).iter_errors(text)
    ]
