"""The rules of the providers: pure functions of a decoded request body."""

from __future__ import annotations

from typing import TYPE_CHECKING

from . import (
    aimlapi,
    apiframe,
    buble,
    nanobanana,
    openai,
    openai_edits,
    sub2api,
    sub2api_edits,
    sub2api_responses,
)
from .switches import AS_WRITTEN, Refusal, RuleSwitches

if TYPE_CHECKING:
    from collections.abc import Callable
    from types import ModuleType

__all__ = ["AS_WRITTEN", "RULE_MODULES", "Refusal", "RuleSwitches", "check", "operations_of"]

# The modules that hold each provider's RULES, BOUNDARIES and LOOSE; in the order of the ports under
# --port.
RULE_MODULES: dict[str, ModuleType] = {
    "buble": buble,
    "sub2api": sub2api,
    "apiframe": apiframe,
    "nanobanana": nanobanana,
    "aimlapi": aimlapi,
    "openai": openai,
}

# The check of each operation that is served. An edit's body is decoded JSON or a Form.
CHECKS: dict[tuple[str, str], Callable[[object, RuleSwitches], Refusal | None]] = {
    ("buble", "generate"): buble.check_buble,
    ("buble", "edit"): buble.check_buble_edit,
    ("sub2api", "generate"): sub2api.check_sub2api,
    ("sub2api", "edit"): sub2api_edits.check_sub2api_edit,
    ("sub2api", "respond"): sub2api_responses.check_sub2api_response,
    ("apiframe", "generate"): apiframe.check_apiframe,
    ("apiframe", "edit"): apiframe.check_apiframe,
    ("nanobanana", "generate"): nanobanana.check_nanobanana,
    ("nanobanana", "edit"): nanobanana.check_nanobanana_edit,
    ("aimlapi", "generate"): aimlapi.check_aimlapi,
    ("aimlapi", "edit"): aimlapi.check_aimlapi_edit,
    ("openai", "generate"): openai.check_openai,
    ("openai", "edit"): openai_edits.check_openai_edit,
    ("openai", "edit_json"): openai_edits.check_openai_edit,
    ("openai", "respond"): openai.check_openai_response,
}


def check(
    provider: str, operation: str, body: object, switches: RuleSwitches = AS_WRITTEN
) -> Refusal | None:
    """Return why `provider` refuses the decoded `body`, or None where it accepts.

    Raises ValueError for a provider or an operation that is not served.
    """
    if provider not in RULE_MODULES:
        raise ValueError(
            f"provider {provider!r} is not served; these are: {', '.join(RULE_MODULES)}"
        )
    if (provider, operation) not in CHECKS:
        served = ", ".join(operations_of(provider))
        raise ValueError(f"operation {operation!r} is not served by {provider}; it has: {served}")
    return CHECKS[provider, operation](body, switches)


def operations_of(provider: str) -> tuple[str, ...]:
    """Return the operations that a provider serves."""
    return tuple(operation for name, operation in CHECKS if name == provider)
