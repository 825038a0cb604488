"""TOML against TOML: what the documents say otherwise, in the words of a changelog."""

from collections.abc import Iterator

from harness.comparing.documents.changelog import NOTHING, Changelog, changelog
from harness.comparing.model import Baseline, Change
from harness.comparing.scope import Scope
from harness.core.errors import SpecError


def compare_documents(scope: Scope) -> Iterator[Change]:
    """Yield a change for each limit, value, price or promise that moved, by provider.

    Its direction is `other`: who reads it decides. Layout, comments and quotes promise nothing and
    make no change. Where a run kept no TOML and the digests differ, that is said, and no more.
    """
    for name in scope.documented:
        if not _moved(scope, name):
            continue
        lacking = [side for side in (scope.base, scope.head) if name not in side.documents]
        if lacking:
            yield _change(name, _unkept(lacking))
            continue
        told = _compared(scope, name).told
        for each in told:
            yield _change(name, each.sentence, each.operation, each.promise)
        if not told:
            yield _change(
                name,
                "the documents moved, and what of them cannot be told: their digest "
                "differs, and the texts that are kept do not, or are no TOML",
            )


def moved_promises(scope: Scope) -> frozenset[tuple[str, str, str]]:
    """Return provider, operation and promise of all that the documents say otherwise.

    What is broken of these now is no news of the provider: it is asked for something else. A
    promise is a constraint's id, or the name of a check where it is about a reply as a whole.
    """
    return frozenset(
        (name, operation, promise)
        for name in scope.providers
        if _moved(scope, name)
        for operation, promise in _compared(scope, name).promises
    )


def _moved(scope: Scope, name: str) -> bool:
    return scope.base.spec_digests.get(name) != scope.head.spec_digests.get(name)


def _compared(scope: Scope, name: str) -> Changelog:
    """Return what moved of a provider; nothing where a text is missing, or is no TOML."""
    texts = [side.documents.get(name) for side in (scope.base, scope.head)]
    if None in texts:
        return NOTHING
    was, now = (text or "" for text in texts)
    try:
        return changelog(was, now)
    except SpecError:
        return NOTHING


def _unkept(lacking: list[Baseline]) -> str:
    """Say that the documents moved, and that nobody knows what of them."""
    days = " and ".join(f"{side.run} ({side.created[:10]})" for side in lacking)
    return (
        "the documents moved, and what of them cannot be told: their text is not kept by "
        f"{' '.join(days.split())}"
    )


def _change(provider: str, sentence: str, operation: str = "", promise: str = "") -> Change:
    return Change(
        kind="document",
        direction="other",
        standing="certain",
        provider=provider,
        operation=operation,
        promise=promise,
        sentence=sentence,
    )
