"""The output tokens of a reply's images, apart from those of text where it tells them apart."""

from dataclasses import dataclass

from harness.core.outcome import Usage
from harness.spec.provider import Operation
from harness.spec.rules import Arguments


@dataclass(frozen=True, slots=True, kw_only=True)
class Count:
    """Output `tokens` of all images of a reply.

    `with_text` says that tokens of text may be among them, `bare` that the reply tells nothing of
    what its sum holds. `contradicted` says that the reply's own
    counts contradict each other, in words: an empty text where they do not. It is `impossible`
    where there are more tokens of images than in all.
    """

    tokens: int
    with_text: bool = False
    bare: bool = False
    contradicted: str = ""
    impossible: bool = False


def counted(operation: Operation, arguments: Arguments, usage: Usage | None) -> Count | None:
    """Return what a reply counts for its images; None where it counts nothing of them.

    The usage of a Responses reply counts the tokens of the model of text: of its images, only what
    stands apart is one (`image_output`).
    """
    if usage is None:
        return None
    drawn = usage.kinds.get("image_output")
    whole = None if operation.protocol == "responses" else usage.output
    if drawn is not None and (drawn > 0 or any(usage.output_parts)):
        return _apart(drawn, whole, usage) if drawn > 0 else None
    if whole is None or whole <= 0:
        return None
    parts = [part for part in usage.output_parts if part]
    with_text = len(parts) > 1 or files_sent(operation, arguments) > 0
    return Count(tokens=whole, with_text=with_text, bare=not parts)


def _apart(drawn: int, whole: int | None, usage: Usage) -> Count:
    """Return the tokens of images that a reply tells apart; details of zeros tell nothing."""
    parts = sum(usage.output_parts)
    if whole is None or (drawn <= whole and parts in (0, whole)):
        return Count(tokens=drawn)
    words = f"it counts {drawn:,} output tokens for images, and {whole:,} in all"
    return Count(tokens=drawn, contradicted=words, impossible=drawn > whole)


def files_sent(operation: Operation, arguments: Arguments) -> int:
    """Return how many images a request sends: replies to such were seen to count text, too."""
    given = (
        arguments.get(name)
        for name, argument in operation.arguments.items()
        if argument.type in ("images", "file")
    )
    return sum(len(one) if isinstance(one, list) else 1 for one in given if one not in (None, ""))
