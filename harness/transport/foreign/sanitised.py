"""What sanitisers put in place of a text: `<PROMPT>`, `REDACTED`, `***`, `{{model}}`."""

import re
from collections.abc import Iterator, Mapping

from harness.core.jsonvalue import Json

_DECLARED = ("background", "model", "output_format", "quality", "size")
JUDGED = frozenset((*_DECLARED, "code", "created", "state", "status", "usage"))
"""Fields of a reply that say what was served, and are held against what was promised."""

LEVELS = 6
"""How deep such fields stand at most."""

AT_MOST = 120
"""Characters of a placeholder."""

_WORD = r"(?:REDACTED|FILTERED|MASKED|REMOVED|SCRUBBED|OMITTED|HIDDEN|SANITI[SZ]ED|PLACEHOLDER)"
_PLACEHOLDER = re.compile(
    rf"<[A-Za-z_][^<>{{}}\"]*>|\*{{3,}}|[xX]{{6,}}|\$\{{?[A-Z_]{{3,}}\}}?|%[A-Z_]{{3,}}%"
    rf"|\{{\{{\s*[\w.-]+\s*\}}\}}|[\W_]*(?:[A-Z]+[ _:-])?{_WORD}(?:[ _:-][A-Z]+)?[\W_]*"
    rf"|(?i:[\W_]*{_WORD}[\W_]*)|(?i:[\[(<]+[^\[\](){{}}<>\"]*{_WORD}[^\[\](){{}}<>\"]*[\])>]+)"
)


def is_placeholder(text: str) -> bool:
    """Tell whether a text is nothing but what a sanitiser writes."""
    return len(text) <= AT_MOST and _PLACEHOLDER.fullmatch(text.strip()) is not None


def placeholders(values: Mapping[str, Json]) -> Iterator[str]:
    """Yield the names under which a placeholder stands, alone or in a list."""
    for name, content in values.items():
        texts = content if isinstance(content, list) else [content]
        if any(isinstance(text, str) and is_placeholder(text) for text in texts):
            yield name


def hidden_field(reply: Json, *, levels: int = LEVELS) -> str:
    """Return the name of a field that says what was served and holds a placeholder; or nothing."""
    if isinstance(reply, list) and levels:
        return next(filter(None, (hidden_field(each, levels=levels - 1) for each in reply)), "")
    if not isinstance(reply, dict) or not levels:
        return ""
    for name, content in reply.items():
        if name in JUDGED and _holds_placeholder(content, levels):
            return name
    inside = (hidden_field(content, levels=levels - 1) for content in reply.values())
    return next(filter(None, inside), "")


def _holds_placeholder(content: Json, levels: int) -> bool:
    if isinstance(content, str):
        return is_placeholder(content)
    if isinstance(content, dict) and levels:
        return any(_holds_placeholder(inside, levels - 1) for inside in content.values())
    return False
