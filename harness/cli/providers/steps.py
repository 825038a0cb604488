"""What `harness providers try` shows: each round trip, and what every expression found in it."""

import json
from collections.abc import Iterator
from itertools import groupby

from rich.box import SIMPLE_HEAD
from rich.console import Console
from rich.table import Table

from harness.cli.conclude import note
from harness.cli.judged import outcome_text
from harness.cli.printing import echo_json
from harness.cli.terminal import terminal
from harness.core.case import PlannedRequest
from harness.core.exchange import Exchange, Failure, Reply, Request
from harness.core.jsonvalue import Json, with_texts
from harness.core.money import money
from harness.core.outcome import Fault, Images, Outcome, Refused
from harness.core.plain import carried_json, price_json
from harness.report.text import count
from harness.trial import Prepared, Step, Tried
from harness.wire.reading import Finding

LONGEST_TEXT = 200
"""Characters of a text within a body that are shown."""

MOST_LINES = 40
"""Lines of a body that are shown; the run folder holds all of it."""


def announce(prepared: Prepared) -> None:
    """Say what is about to be sent, and what it may cost."""
    request, provider = prepared.request, prepared.entry.provider
    case = request.case
    risk = money(request.at_risk)
    risk = risk if risk.startswith("at most") else f"at most {risk}"
    note(
        f"{provider.title}: one request of {case.operation}, "
        f"{count(request.at_risk.images, 'image')}, {risk} ({provider.prices.status} price)"
        f"{_where(prepared)}"
    )
    if case.why:
        note(f"{case.operation}: it {case.why}")


def _where(prepared: Prepared) -> str:
    """Say where it goes, unless that is our emulator."""
    target = prepared.options.target
    if target.against != "live":
        return ""
    typed = target.base_urls.get(prepared.entry.name)
    return f", to {typed or prepared.entry.provider.base_url or 'no address'}"


def show_request(prepared: Prepared, *, as_json: bool) -> None:
    """Print the request that would be sent."""
    planned = prepared.request
    address = prepared.options.target.base_urls.get(prepared.entry.name)
    base_url = address or prepared.entry.provider.base_url
    if as_json:
        echo_json(json.dumps({**_planned_json(planned), "base_url": base_url}, ensure_ascii=False))
        return
    console = terminal(soft_wrap=True)
    _print_request(console, planned.request, base_url)


def show(tried: Tried, *, as_json: bool) -> None:
    """Print a trial step by step, what it came to, and what would not be judged."""
    if as_json:
        echo_json(json.dumps(_tried_json(tried), ensure_ascii=False))
        return
    console = terminal(soft_wrap=True)
    base_url = tried.base_url
    number = 0
    for _, alike in groupby(tried.steps, key=_sameness):
        steps = [*alike]
        for step in steps[:1] + steps[1:][-1:]:
            number += 1
            _print_step(console, number, step, base_url)
        if len(steps) > 2:  # noqa: PLR2004 - the first and the last are shown
            console.print(f"({len(steps) - 2} more like these between them)\n")
    console.print(f"came to: {outcome_text(tried.record)}")
    for sentence in _of_images(tried.record.outcome):
        console.print(sentence)
    for sentence in tried.unjudged:
        console.print(f"not judged: {sentence}")
    note(f"kept: {tried.folder}")


def _of_images(outcome: Outcome | None) -> Iterator[str]:
    """Yield where images were found that were not in their place, and what else is not."""
    if isinstance(outcome, Images):
        yield from outcome.found_at
        if outcome.missing:
            yield f"missing: {', '.join(outcome.missing)}"


def _sameness(step: Step) -> tuple[str, str, str]:
    request = step.exchange.request
    return step.exchange.step, request.method, request.target


def _print_step(console: Console, number: int, step: Step, base_url: str) -> None:
    exchange = step.exchange
    console.print(f"{number}. {exchange.step}", style="bold")
    _print_request(console, exchange.request, base_url)
    _print_answer(console, exchange)
    if step.findings:
        table = Table(box=SIMPLE_HEAD, padding=(0, 1, 0, 0))
        for heading in ("key", "reads", "found"):
            table.add_column(heading, overflow="fold")
        for finding in step.findings:
            table.add_row(finding.key, "\n".join(finding.expressions), _found(finding))
        console.print(table)
    console.print()


def _found(finding: Finding) -> str:
    if finding.suggestion:
        return f"{finding.words}; try {finding.suggestion}"
    return finding.words


def _print_request(console: Console, request: Request, base_url: str) -> None:
    address = request.target if "://" in request.target else f"{base_url}{request.target}"
    console.print(f"   sent {request.method} {address}")
    for name, content in request.headers:
        console.print(f"        {name}: {content}")
    if request.body is not None or request.form is not None:
        _print_json(console, next(iter(carried_json(request).values())))


def _print_answer(console: Console, exchange: Exchange) -> None:
    times, answer = exchange.times, exchange.answer
    took_s = times.end_s - times.sent_s
    if isinstance(answer, Failure):
        arrived = "it may have arrived" if answer.sent else "nothing left"
        console.print(
            f"   came nothing: {answer.kind} after {took_s:.2f} s ({arrived}): {answer.why}"
        )
        return
    kind = answer.header("content-type") or "no content type"
    console.print(
        f"   came HTTP {answer.status}, {kind}, {answer.size_bytes:,} bytes, in {took_s:.2f} s"
    )
    whole = isinstance(answer.document, str) and answer.document in answer.pictures
    if answer.document is not None and not whole:
        _print_json(console, answer.document)
    elif answer.text:
        console.print(f"        {answer.text[:LONGEST_TEXT]}")
    for event in answer.events[:MOST_LINES]:
        console.print(f"        event {event.name} at {event.at_s - times.sent_s:.2f} s")
    for picture in answer.pictures.values():
        size = f"{picture.width_px}x{picture.height_px}" if picture.width_px else picture.why
        console.print(f"        image: {picture.format} {size}, {picture.size_bytes:,} bytes")


def _print_json(console: Console, body: Json) -> None:
    lines = json.dumps(with_texts(body, _cut), ensure_ascii=False, indent=2).splitlines()
    for line in lines[:MOST_LINES]:
        console.print(f"        {line}")
    if len(lines) > MOST_LINES:
        console.print(f"        ... {len(lines) - MOST_LINES} more lines")


def _cut(text: str) -> str:
    more = len(text) - LONGEST_TEXT
    return text if more <= 0 else f"{text[:LONGEST_TEXT]}... ({more:,} characters more)"


# ------------------------------------------------------------------------------------------ JSON
def _planned_json(planned: PlannedRequest) -> dict[str, Json]:
    return {
        "provider": planned.case.provider,
        "operation": planned.case.operation,
        "arguments": planned.case.arguments,
        "breaks": planned.case.why or None,
        "at_risk": price_json(planned.at_risk),
        "request": _request_json(planned.request),
    }


def _request_json(request: Request) -> dict[str, Json]:
    headers: dict[str, Json] = dict(request.headers)
    bare = request.body is None and request.form is None
    carried = {} if bare else carried_json(request)
    return {"method": request.method, "target": request.target, "headers": headers, **carried}


def _tried_json(tried: Tried) -> Json:
    return {
        **_planned_json(tried.record.shot),
        "base_url": tried.base_url,
        "steps": [_step_json(step) for step in tried.steps],
        "outcome": {"text": outcome_text(tried.record), **_outcome_json(tried)},
        "not_judged": list(tried.unjudged),
        "folder": str(tried.folder),
    }


def _step_json(step: Step) -> Json:
    exchange = step.exchange
    return {
        "step": exchange.step,
        "request": _request_json(exchange.request),
        "answer": _answer_json(exchange.answer),
        "seconds": round(exchange.times.end_s - exchange.times.sent_s, 3),
        "found": [
            {
                "key": finding.key,
                "expressions": list(finding.expressions),
                "found": finding.found,
                "words": finding.words,
                "elsewhere": list(finding.elsewhere),
                "suggestion": finding.suggestion or None,
            }
            for finding in step.findings
        ],
    }


def _answer_json(answer: Reply | Failure) -> Json:
    if isinstance(answer, Failure):
        return {"failure": answer.kind, "why": answer.why, "may_have_arrived": answer.sent}
    return {
        "status": answer.status,
        "headers": dict(answer.headers),
        "bytes": answer.size_bytes,
        "document": answer.document,
        "text": answer.text,
        "events": [event.name for event in answer.events],
    }


def _outcome_json(tried: Tried) -> dict[str, Json]:
    match tried.record.outcome:
        case Images(pictures=pictures, missing=missing):
            images: list[Json] = [
                {
                    "format": picture.format,
                    "width": picture.width_px,
                    "height": picture.height_px,
                    "bytes": picture.size_bytes,
                    "state": picture.state,
                }
                for picture in pictures
            ]
            return {"kind": "images", "images": images, "missing": list(missing)}
        case Refused(error=error):
            return {
                "kind": "refused",
                "class": error.error_class,
                "status": error.status,
                "code": error.code,
                "parameter": error.parameter,
                "message": error.message,
            }
        case Fault(error_class=error_class, why=why, may_be_paid=may_be_paid):
            return {
                "kind": "fault",
                "class": error_class,
                "why": why,
                "may_be_paid": may_be_paid,
            }
        case _:
            return {"kind": "nothing", "why": tried.record.skipped}
