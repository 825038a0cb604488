"""Figures of images that moved: drawn as asked, signed, fresh."""

from collections.abc import Iterator

from harness.comparing.model import AuthenticityShown, Comparison
from harness.comparing.scope import Scope
from harness.stats.difference import difference_estimate
from harness.stats.intervals import proportion_estimate
from harness.stats.two_shares import METHOD, compared_shares


def compare_authenticity(scope: Scope) -> Iterator[Comparison]:
    """Yield a comparison for each figure of authenticity that both runs have.

    `change` is negative where fewer images have it, which is the worse; its `promise` names the
    figure.
    """
    earlier = {(each.provider, each.figure): each for each in scope.base.authenticity if each.of}
    for each in scope.head.authenticity:
        before = earlier.get((each.provider, each.figure))
        if before is not None and each.of and each.provider in scope.providers:
            yield _comparison(before, each)


def _comparison(base: AuthenticityShown, head: AuthenticityShown) -> Comparison:
    first, second = ((each.count, each.of) for each in (base, head))
    test = compared_shares(first, second)
    return Comparison(
        kind="authenticity",
        provider=head.provider,
        operation="",
        workload="",
        promise=head.figure,
        base=proportion_estimate(*first),
        head=proportion_estimate(*second),
        change=difference_estimate([second], [first]),
        p=test.down,
        p_better=test.up,
        method=METHOD,
        least_p=test.least,
    )
