"""Diffs made by hand, and Hypothesis strategies for any."""

from typing import Any

from hypothesis import strategies as st
from hypothesis.strategies import SearchStrategy

from harness.comparing.model import (
    FAIL_ON,
    Change,
    ChangeKind,
    Comparison,
    Diff,
    Recheck,
    Side,
    Thresholds,
)
from harness.core.record import Provenance
from harness.core.verdict import Estimate
from harness.known.model import KnownDeviation, KnownShown, KnownState

EMULATOR = Provenance(kind="emulator", source="emulator", date="2026-11-30", by="")
LIVE = Provenance(kind="live", source="https://images.example", date="2026-11-30", by="")

HOSTILE = (
    *("@octocat", "#12", "GH-12", "acme/shop#7", "https://evil.example/?a=1", "www.evil.example"),
    *("a|b", "`code`", "```", "<script>alert(1)</script>", "</details>", "<!--", "![x](y)"),
    *(
        "**bold**",
        "\u202eright to left",
        "\x1b[31mred\x1b[0m",
        "\x00",
        "line\nline\r\n",
        "\\",
        "$x$",
    ),
    *(
        "[bold]rich[/bold]",
        "# heading",
        "- item",
        "猫" * 50,
        "x" * 3000,
        "\ud800",
        "&lt;",
        "~~gone~~",
    ),
)


def side(**more: Any) -> Side:  # noqa: ANN401 - fields of the value
    whole: dict[str, Any] = {
        "source": "reports/base",
        "run": "2026-11-01T093000-emulator",
        "created": "2026-11-01T09:30:00+00:00",
        "harness": "0.9.0",
        "against": "emulator",
        "evidence": {"nanobanana": EMULATOR},
    }
    return Side(**{**whole, **more})


def estimate(value: float | None, low: float | None = None, high: float | None = None) -> Estimate:
    return Estimate(
        value=value, low=low, high=high, confidence=0.95, n=60, unit="s", method="by hand"
    )


def comparison(kind: ChangeKind = "slower", workload: str = "square", **more: Any) -> Comparison:  # noqa: ANN401 - fields of the value
    whole: dict[str, Any] = {
        "kind": kind,
        "provider": "nanobanana",
        "operation": "generate",
        "workload": workload,
        "promise": "",
        "base": estimate(10.0, 9.0, 11.0),
        "head": estimate(12.5, 11.5, 13.5),
        "change": estimate(1.25, 1.15, 1.36),
        "p": 0.0001,
        "p_better": 0.9999,
        "method": "by hand",
    }
    return Comparison(**{**whole, **more})


def change(kind: ChangeKind = "broken", **more: Any) -> Change:  # noqa: ANN401 - fields of the value
    whole: dict[str, Any] = {
        "kind": kind,
        "direction": "worse",
        "standing": "certain",
        "provider": "nanobanana",
        "operation": "generate",
        "promise": "n.range" if kind == "broken" else "",
        "check": "refuses_what_it_forbids" if kind == "broken" else "",
        "sentence": f"nanobanana generate: {kind}.",
    }
    return Change(**{**whole, **more})


def known(**more: Any) -> KnownDeviation:  # noqa: ANN401 - fields of the value
    whole: dict[str, Any] = {
        "provider": "nanobanana",
        "operation": "generate",
        "promise": "n.range",
        "check": "refuses_what_it_forbids",
        "reason": "they know",
        "expires": "2027-01-31",
    }
    return KnownDeviation(**{**whole, **more})


def shown(state: KnownState = "expected", **more: Any) -> KnownShown:  # noqa: ANN401 - fields of the value
    return KnownShown(known=known(**more), state=state, sentence=f"nanobanana n.range: {state}.")


def diff(*changes: Change, **more: Any) -> Diff:  # noqa: ANN401 - fields of the value
    whole: dict[str, Any] = {
        "base": side(),
        "head": side(source="reports/head", run="2026-12-01T093000-emulator"),
        "changes": changes,
        "comparisons": (),
        "not_compared": (),
        "fail_on": ("broken", "slower", "dearer", "failing"),
        "thresholds": Thresholds(),
        "promises_compared": 40,
    }
    return Diff(**{**whole, **more})


def texts() -> SearchStrategy[str]:
    """Any text, the hostile ones often."""
    return st.one_of(
        st.sampled_from(HOSTILE),
        st.text(max_size=12),
        st.tuples(st.sampled_from(HOSTILE), st.sampled_from(HOSTILE)).map("".join),
    )


NUMBERS = (None, 0.0, 0.3, -1.0, 12.5, float("nan"), float("inf"), float("-inf"))


def comparisons() -> SearchStrategy[Comparison]:
    """Any figure of two runs, which may be no number."""
    return st.builds(
        _compared,
        st.sampled_from(FAIL_ON),
        texts(),
        st.tuples(*(st.sampled_from(NUMBERS) for _ in range(3))),
        st.booleans(),
    )


def _compared(
    kind: ChangeKind,
    text: str,
    numbers: tuple[float | None, float | None, float | None],
    of_workload: bool,  # noqa: FBT001 - drawn
) -> Comparison:
    first, second, third = numbers
    return comparison(
        kind,
        text if of_workload else "",
        provider=text,
        operation=text,
        change=estimate(first, second, third),
        base=estimate(third),
        p=second,
        method=text,
    )


def deviations() -> SearchStrategy[KnownDeviation]:
    return st.builds(
        KnownDeviation,
        provider=texts(),
        operation=texts(),
        promise=texts(),
        check=texts(),
        reason=texts(),
        expires=st.just("2027-01-31"),
        link=texts(),
    )


def changes() -> SearchStrategy[Change]:
    return st.builds(
        Change,
        kind=st.sampled_from((*FAIL_ON, "tried")),
        direction=st.sampled_from(("worse", "better", "other")),
        standing=st.sampled_from(("certain", "suspected", "confirmed", "refuted")),
        provider=texts(),
        sentence=texts(),
        operation=texts(),
        workload=texts(),
        promise=texts(),
        check=texts(),
        comparison=st.one_of(st.none(), comparisons()),
        p_adjusted=st.sampled_from(NUMBERS),
        known=st.one_of(st.none(), st.none(), deviations()),
        request=texts(),
        reproduction=texts(),
    )


def _sides() -> SearchStrategy[Side]:
    return st.builds(
        Side,
        source=texts(),
        run=texts(),
        created=texts(),
        harness=texts(),
        against=texts(),
        evidence=st.dictionaries(texts(), st.sampled_from([EMULATOR, LIVE]), max_size=3),
        exit_why=texts(),
    )


def diffs() -> SearchStrategy[Diff]:
    """Any diff: a change may stand in any order, a figure may be no number."""
    return st.builds(
        Diff,
        base=_sides(),
        head=_sides(),
        changes=st.lists(changes(), max_size=6).map(tuple),
        comparisons=st.lists(comparisons(), max_size=4).map(tuple),
        not_compared=st.lists(texts(), max_size=4).map(tuple),
        fail_on=st.lists(st.sampled_from(FAIL_ON), unique=True).map(tuple),
        thresholds=st.just(Thresholds()),
        known=st.lists(
            st.builds(
                KnownShown,
                known=deviations(),
                state=st.sampled_from(("expected", "stale", "expired", "not tried", "unclear")),
                sentence=texts(),
            ),
            max_size=3,
        ).map(tuple),
        recheck=st.one_of(st.none(), st.builds(_recheck, texts())),
        promises_compared=st.integers(0, 10**6),
        unclear=st.one_of(st.just(""), texts()),
    )


def _recheck(sentence: str) -> Recheck:
    return Recheck(
        run="reports/recheck",
        requests=4,
        images=4,
        spent={},
        whole_requests=200,
        whole_images=200,
        sentence=sentence,
    )
