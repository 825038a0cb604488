"""Replies of which a sanitiser has taken out how it went: a state, a status, a code."""

from harness.core.elided import holds_filtered
from harness.core.jsonvalue import Json

HOW_IT_WENT = frozenset(("code", "state", "status"))
"""Fields without which nobody can tell whether anything was served."""

LEVELS = 6
"""How deep such fields stand at most."""


def hidden_state(reply: Json, *, levels: int = LEVELS) -> str:
    """Return the name of a field that says how it went and holds a placeholder; or nothing."""
    if isinstance(reply, list) and levels:
        return next(filter(None, (hidden_state(each, levels=levels - 1) for each in reply)), "")
    if not isinstance(reply, dict) or not levels:
        return ""
    for name, content in reply.items():
        if name in HOW_IT_WENT and holds_filtered(content):
            return name
    inside = (hidden_state(content, levels=levels - 1) for content in reply.values())
    return next(filter(None, inside), "")
