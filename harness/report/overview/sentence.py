"""The verdict of a run in one sentence, and how sure it is."""

from collections import Counter
from collections.abc import Iterator, Sequence

from harness.report.benchmark.answers import Benchmarked
from harness.report.benchmark.words import ceiling, name
from harness.report.model import Report, Summary
from harness.report.overview.model import Decision, Fact, Tone
from harness.report.text import count, one_line

_TRAFFIC = "recordings"
_MOST_NAMED = 6
_MOST_PLACES = 4
_LONGEST_WHY = 200


def sentence(report: Report, decided: Sequence[Decision]) -> str:
    """Return the verdict; an interrupted run says so first, as does judged traffic.

    It never says more than the exit code: what leaves a run inconclusive, or is our own failure,
    stands in it.
    """
    before = "Interrupted; so far: " if report.header.interrupted else ""
    if report.header.against == _TRAFFIC:
        before += "In this traffic: "
    if report.benchmark is not None and any(row.cases for row in report.providers):
        said = f"{_benchmark(report, decided)}{_late(report.benchmark)}"
    else:
        said = _conformance(report)
    return f"{before}{said}{_but(report)}"


_OURS, _UNCLEAR = 3, 4
"""Exit codes: our own failure; unreachable, keys refused, or inconclusive throughout."""


def _but(report: Report) -> str:
    """Say what keeps the exit code from being that of the verdict; nothing where nothing does."""
    if report.exit is None:
        return ""
    why = one_line(report.exit.why.rstrip("."), _LONGEST_WHY)
    if report.exit.code == _OURS:
        return f" The harness itself failed, which says nothing about a provider: {why}."
    kept = all(row.standing == "held" for row in report.providers)
    if report.exit.code == _UNCLEAR and kept:
        return f" Inconclusive all the same: {why}."
    return ""


def tone(report: Report, decided: Sequence[Decision]) -> Tone:
    """Return how the verdict is to be taken; good only where the exit code is that of success."""
    if report.broken or report.failing_known or _missing(report.benchmark):
        return "bad"
    if report.findings:
        return "open"
    if report.header.interrupted or (report.exit is not None and report.exit.code):
        return "open"
    if report.benchmark is not None:
        settled = decided and all(each.decided for each in decided)
        return "good" if settled else "open"
    judged = [row.standing for row in report.providers]
    return "good" if judged and all(standing == "held" for standing in judged) else "open"


def _missing(benchmark: Benchmarked | None) -> list[str]:
    """Return who missed the ceiling on time for certain, at any workload under any load."""
    rows = () if benchmark is None else benchmark.measured.reliability
    return [*dict.fromkeys(one_line(row.provider, 40) for row in rows if row.slo == "missed")]


def _late(benchmark: Benchmarked) -> str:
    late = _missing(benchmark)
    slo = benchmark.design.slo
    return f" {_listed(late)} missed the ceiling {ceiling(slo)}." if late and slo else ""


def _conformance(report: Report) -> str:
    rows = report.providers
    if not any(row.cases for row in rows):
        return "Nothing was tested."
    return _conforming(report) + _failing_known(report)


def _failing_known(report: Report) -> str:
    """Say that a build fails on the file of known deviations; empty where it does not."""
    told = [
        f"{count(number, f'{state} known deviation')}"
        for state in ("stale", "expired")
        if (number := sum(each.state == state for each in report.known))
    ]
    return f" The build fails on {' and '.join(told)}." if told else ""


def _conforming(report: Report) -> str:
    rows = report.providers
    if report.broken:
        return _breaking(report)
    if report.doubted:
        in_doubt = {shown.finding.provider for shown in report.doubted}
        who = _listed([_title(row) for row in rows if row.provider in in_doubt])
        doubts = count(len(report.doubted), "promise")
        known = f"; beside them {_known(report)}" if report.expected else ""
        return f"No promise is broken for certain; {doubts} of {who} in doubt{known}."
    if report.expected:
        return _breaking_known(report)
    held = [row for row in rows if row.standing == "held"]
    if len(held) == len(rows):
        return _keeping(held)
    others = [row for row in rows if row.standing != "held"]
    open_ = f"{_listed([_title(row) for row in others])} could not be judged"
    return f"{_keeping(held)[:-1]}; {open_}." if held else f"{open_[:1].upper()}{open_[1:]}."


def _breaking(report: Report) -> str:
    rows = report.providers
    new = Counter(shown.finding.provider for shown in report.broken)
    broken = [(row, new[row.provider]) for row in rows if new[row.provider]]
    also = f", beside {_known(report)}" if report.expected else ""
    if len(rows) == 1:
        ((row, number),) = broken
        held = f"{',' if also else ''} and keeps {row.held:,}" if row.held else ""
        return f"{_title(row)} breaks {count(number, 'promise')}{also}{held}."
    named = [f"{one_line(row.title, 40)} {number}" for row, number in broken]
    emulated = "emulated " if all(map(_emulated, rows)) else ""
    verb = "breaks" if len(broken) == 1 else "break"
    of = f"{len(broken)} of {len(rows)} {emulated}providers"
    return f"{of} {verb} promises: {_listed(named)}{also}."


def _known(report: Report) -> str:
    """Count what is broken as expected."""
    return count(len(report.expected), "known deviation")


def _breaking_known(report: Report) -> str:
    """Say that nothing is broken but what is known."""
    rows = report.providers
    if len(rows) == 1:
        (row,) = rows
        held = f", {row.held:,} kept" if row.held else ""
        return f"{_title(row)} newly breaks no promise: {_known(report)}{held}."
    emulated = "emulated " if all(map(_emulated, rows)) else ""
    named = [f"{one_line(row.title, 40)} {row.known}" for row in rows if row.known]
    others = [_title(row) for row in rows if row.standing in ("unclear", "untested")]
    open_ = f" {_listed(others)} could not be judged." if others else ""
    kept = sum(row.held for row in rows)
    return (
        f"None of {len(rows)} {emulated}providers newly breaks a promise: {_known(report)}"
        f" ({_listed(named)}), {kept:,} kept.{open_}"
    )


def _keeping(held: Sequence[Summary]) -> str:
    number = sum(row.held for row in held)
    if len(held) == 1:
        promises = "the one promise" if number == 1 else f"all {number:,} promises"
        return f"{_title(held[0])} keeps {promises} tested."
    emulated = "emulated " if all(map(_emulated, held)) else ""
    return f"{len(held)} {emulated}providers keep all {number:,} promises tested."


def _benchmark(report: Report, decided: Sequence[Decision]) -> str:
    broken = len(report.broken)
    also = f" {count(broken, 'promise')} broken." if broken else ""
    also += (
        f" Broken as expected: {count(len(report.expected), 'promise')}." if report.expected else ""
    )
    if not decided:
        return f"Nobody is ranked.{also}"
    if len(decided) == 1:
        return f"{decided[0].sentence}{also}"
    ranked = [each for each in decided if each.places and len(each.places[0].providers) == 1]
    if not ranked:
        return f"Who is fastest is decided at none of {count(len(decided), 'workload')}.{also}"
    named = ", ".join(f"{each.places[0].providers[0]} at {each.workload}" for each in ranked)
    of = f"{len(ranked)} of {count(len(decided), 'workload')}"
    return f"Who is fastest is decided at {of}: {named}.{also}"


def certainty(report: Report) -> str:
    """Say what the verdict rests on, and on how much of it."""
    return " ".join(_certain(report))


def _certain(report: Report) -> Iterator[str]:
    rows = report.providers
    sent = sum(row.cases for row in rows)
    if not sent:
        why = next((row.sentence for row in rows), "No provider was part of this run.")
        yield one_line(why, 300)
        return
    if report.benchmark is not None:
        yield _measured(report.benchmark)
    else:
        valid = sum(row.faults.valid for row in rows)
        yield f"n = {sent:,} cases sent, {valid:,} of them valid requests."
        yield from _doubts(report)
    if report.harness_errors:
        number = count(len(report.harness_errors), "place")
        yield f"The harness itself failed in {number}: that is ours."


def _measured(benchmark: Benchmarked) -> str:
    design = benchmark.design
    sent = sorted({row.sent for row in benchmark.measured.reliability})
    if not sent:
        return "Nothing was measured."
    number = f"{sent[0]}" if len(sent) == 1 else f"{sent[0]} to {sent[-1]}"
    doubts = count(len(benchmark.cautions), "caution")
    below = f" {doubts} about the measurement below." if benchmark.cautions else ""
    return (
        f"n = {number} requests for each provider and workload, in shared randomised blocks; a rank"
        f" takes a pair test at an error rate of {design.alpha:g} over all pairs.{below}"
    )


def _doubts(report: Report) -> Iterator[str]:
    if report.findings:
        yield "Each broken promise was seen at least twice, or in a smaller request."
    counts = (
        (sum(not shown.known for shown in report.flaky), "flaky"),
        (sum(not shown.known for shown in report.unconfirmed), "only suspected"),
        (sum(row.inconclusive for row in report.providers), "inconclusive"),
        (sum(row.not_tried for row in report.providers), "not tried"),
    )
    open_ = ", ".join(f"{number:,} {word}" for number, word in counts if number)
    if open_:
        yield f"Open: {open_}."


def objective(benchmark: Benchmarked | None) -> Fact | None:
    """Say whether each provider met the ceiling that was asked for; None where none was."""
    if benchmark is None or benchmark.design.slo is None:
        return None
    rows = [row for row in benchmark.measured.reliability if row.slo is not None]
    parts, words = [], {row.slo for row in rows}
    for word in ("missed", "open", "met"):
        where = dict.fromkeys(
            f"{one_line(row.provider, 40)} ({name(row.workload)})"
            for row in rows
            if row.slo == word
        )
        more = f" and {len(where) - _MOST_PLACES} more" if len(where) > _MOST_PLACES else ""
        if where:
            parts.append(f"{word}: {', '.join([*where][:_MOST_PLACES])}{more}")
    held: Tone = "bad" if "missed" in words else "good" if words == {"met"} else "open"
    verdict = {"bad": "missed", "good": "met by all", "open": "open"}[held]
    return Fact(
        text=f"{ceiling(benchmark.design.slo)}: {verdict}",
        small="; ".join(parts) or "nothing was sent",
        tone=held,
        anchor="bench-reliability" if benchmark.measured.reliability else "benchmark",
    )


def _emulated(row: Summary) -> bool:
    return row.evidence is not None and not row.about_provider


def _title(row: Summary) -> str:
    title = one_line(row.title, 40)
    return f"emulated {title}" if _emulated(row) else title


def _listed(names: Sequence[str]) -> str:
    shown = [*names[:_MOST_NAMED]]
    if len(names) > _MOST_NAMED:
        shown.append(f"{len(names) - _MOST_NAMED} more")
    *others, last = shown
    return f"{', '.join(others)} and {last}" if others else last
