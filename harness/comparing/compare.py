"""Two runs to one Diff: every comparison first, then which of them are changes, and how sure."""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import replace

from harness.comparing.documents.moved import compare_documents
from harness.comparing.errors import compare_errors
from harness.comparing.figures.authenticity import compare_authenticity
from harness.comparing.figures.decide import decided
from harness.comparing.figures.samples import (
    compare_failures,
    compare_prices,
    compare_times,
    sample_obstacles,
)
from harness.comparing.known import with_known
from harness.comparing.model import (
    DEFAULT_FAIL_ON,
    Baseline,
    Change,
    ChangeKind,
    Diff,
    Side,
    Thresholds,
)
from harness.comparing.order import by_weight
from harness.comparing.promises import compare_flaky, compare_promises
from harness.comparing.scope import scope_of
from harness.comparing.telling import promises_compared, unclear
from harness.known.model import KnownShown


def compare(  # noqa: PLR0913 - two runs, and how they are compared
    base: Baseline,
    head: Baseline,
    *,
    sources: tuple[str, str] = ("BASE", "HEAD"),
    fail_on: Sequence[ChangeKind] = DEFAULT_FAIL_ON,
    thresholds: Thresholds | None = None,
    known: Sequence[KnownShown] = (),
) -> Diff:
    """Return what differs between two runs; equal input, equal Diff; reads no clock and no file.

    What cannot be compared is said in `not_compared`. `sources` are the names of the two, `known`
    what HEAD says of the known deviations.
    """
    thresholds = thresholds or Thresholds()
    scope = scope_of(base, head)
    comparisons = (
        *compare_times(scope),
        *compare_failures(scope),
        *compare_prices(scope),
        *compare_flaky(scope),
        *compare_authenticity(scope),
    )
    of_figures = tuple(decided(comparisons, thresholds))
    changes = (
        *_but_for(of_figures, compare_promises(scope)),
        *compare_documents(scope),
        *compare_errors(scope),
        *of_figures,
    )
    diff = Diff(
        base=_side(base, sources[0]),
        head=_side(head, sources[1]),
        changes=tuple(with_known(changes, known)),
        comparisons=comparisons,
        not_compared=(*scope.not_compared, *sample_obstacles(scope)),
        fail_on=tuple(fail_on),
        thresholds=thresholds,
        known=tuple(known),
        providers=scope.providers,
        promises_compared=promises_compared(scope),
        unclear=unclear(head),
    )
    return replace(diff, changes=by_weight(diff))


def _but_for(of_figures: Sequence[Change], changes: Iterable[Change]) -> Iterator[Change]:
    """Yield changes of promises, but for flaky ones whose rate says the same with figures."""
    said = {
        (each.provider, each.operation, each.promise) for each in of_figures if each.kind == "flaky"
    }
    for change in changes:
        place = change.provider, change.operation, change.promise
        if change.kind != "flaky" or place not in said:
            yield change


def _side(run: Baseline, source: str) -> Side:
    return Side(
        source=source,
        run=run.run,
        created=run.created,
        harness=run.harness,
        against=run.against,
        evidence=run.evidence,
    )
