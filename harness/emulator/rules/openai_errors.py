"""How OpenAI words a refusal; sub2api hands those words on.

Source: the measured table of the second source, rows I-1 to I-20.
"""

from __future__ import annotations

from .kinds import kind_of
from .switches import Refusal


def missing_parameter(rule: str, key: str) -> Refusal:
    """Refuse a request that leaves a parameter out."""
    return Refusal(
        rule=rule,
        parameter=key,
        message=f"Missing required parameter: '{key}'.",
        code="missing_required_parameter",
        kind="invalid_request_error",
    )


def wrong_kind_error(rule: str, key: str, expected: str, value: object) -> Refusal:
    """Refuse a value of another JSON type than expected."""
    return Refusal(
        rule=rule,
        parameter=key,
        message=f"Invalid type for '{key}': expected {expected}, but got {kind_of(value)} instead.",
        code="invalid_type",
        kind="invalid_request_error",
    )


def invalid_value_error(rule: str, key: str, code: str, reason: str) -> Refusal:
    """Refuse a value for a reason with a code of its own."""
    return Refusal(
        rule=rule,
        parameter=key,
        message=f"Invalid '{key}': {reason}",
        code=code,
        kind="invalid_request_error",
    )


def user_error(rule: str, key: str, message: str, code: str = "invalid_value") -> Refusal:
    """Refuse what the image model itself cannot do."""
    return Refusal(
        rule=rule,
        parameter=key,
        message=message,
        code=code,
        kind="image_generation_user_error",
    )
