"""What of two runs may be compared, and what not, with the reason."""

from dataclasses import dataclass

from harness.comparing.model import Baseline


@dataclass(frozen=True, slots=True, kw_only=True)
class Scope:
    """Two runs with the providers that are compared.

    `providers` are in both, on the same kind of evidence; `timed` are those of them whose times may
    be compared (a replay's are those of its recording). `not_compared` says the rest in sentences.
    """

    base: Baseline
    head: Baseline
    providers: tuple[str, ...]
    timed: tuple[str, ...]
    not_compared: tuple[str, ...] = ()


def scope_of(base: Baseline, head: Baseline) -> Scope:
    """Return what of two runs may be compared."""
    shared = tuple(name for name in base.evidence if name in head.evidence)
    return Scope(base=base, head=head, providers=shared, timed=shared)
