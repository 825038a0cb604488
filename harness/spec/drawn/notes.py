"""What a provider's own document shows and the maker contradicts, in sentences for a report."""

from harness.spec.model import ImageTokens, ShownUsage
from harness.spec.provider import Provider
from harness.spec.rules import edges
from harness.spec.tokens import Counted, drawn_as


def document_contradictions(provider: Provider) -> tuple[str, ...]:
    """Return a sentence for each sample of usage that is at odds with what the maker counts."""
    model = provider.model
    if model is None or model.tokens is None:
        return ()
    sentences = (_sentence(provider, model.name, model.tokens, row) for row in model.shown)
    return tuple(one for one in sentences if one)


def _sentence(provider: Provider, name: str, tokens: ImageTokens, row: ShownUsage) -> str:
    size = edges(row.size)
    takes = None if size is None else tokens.of_image(row.quality, *size)
    if size is None or takes == row.tokens:
        return ""
    fitting = drawn_as(tokens, Counted(tokens=row.tokens, images=(size,)))
    whose = f"{' or '.join(fitting)}'s count" if fitting else "the count of no quality"
    instead = "" if takes is None else f"; {row.quality} takes {takes:,}"
    return (
        f"{provider.title}'s document ({row.source}) shows {row.tokens:,} output tokens for "
        f"{row.quality} at {row.size}: that is {whose} of {name}{instead}. A reply that shows the "
        "same proves nothing, here"
    )
