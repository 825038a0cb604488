"""One record as a transcript: the request, the reply that tells, and what lay between them."""

from collections.abc import Iterator, Sequence

from harness.core.case import FollowUp
from harness.core.exchange import Exchange, Failure, Reply, Request, Step, submission
from harness.core.jsonvalue import texts
from harness.core.outcome import Fault, Images, Refused
from harness.core.record import Record
from harness.report.images import images_text
from harness.report.reproduction.curl import plain_headers, repeat
from harness.report.text import count, one_line, seconds
from harness.report.transcripts.message import failure_words, reply_message, request_message
from harness.report.transcripts.model import Transcript
from harness.spec.credentials import IN_WORDS
from harness.spec.provider import Provider

_LONGEST_CURL = 3_000
_LONGEST_NOTE = 400
_MOST_NOTES = 6
_MOST_IMAGES = 4

_TELLING: tuple[Step, ...] = ("submit", "poll", "result")
_NOUNS: dict[Step, str] = {
    "submit": "submission",
    "upload": "upload",
    "poll": "poll",
    "result": "request for the result",
    "download": "download",
    "cancel": "cancellation",
    "follow_up": "question after the end",
    "deliveries": "look at the webhooks that came",
}

_FOLLOWED: dict[FollowUp, str] = {
    "poll_again": "Polled once more after the end",
    "unknown_job": "Asked for a job that never was",
    "same_key": "Submitted again under the same key",
}


def transcript(
    record: Record, provider: Provider, *, does: str = "", written: Sequence[str] = ()
) -> Transcript:
    """Return a record as a page shows it; `does` says what the case is for, in words.

    `written` are the reference images that the run folder holds.
    """
    case = record.shot.case
    sent = submission(record.exchanges)
    telling = _telling(record)
    request = sent.request if sent else record.shot.request
    curl, notes = _repeated(record, provider, written)
    return Transcript(
        provider=case.provider,
        operation=case.operation,
        case=case.id,
        sent=request_message(request, plain_headers(request, provider.auth)),
        received=reply_message(telling.answer) if telling else None,
        why=_why(record, telling),
        summary=summary(record),
        does=one_line(does or case.why, _LONGEST_NOTE),
        asked=_asked(sent, telling),
        took=_took(sent, telling),
        submitted=reply_message(sent.answer) if sent and sent is not telling else None,
        curl=curl,
        notes=(
            f"{'Sent' if sent else 'Planned'} {IN_WORDS[case.credential]}.",
            *_afterwards(record),
            *notes,
        ),
        images=tuple(dict.fromkeys(_images(record)))[:_MOST_IMAGES],
        steps=tuple(_steps(record, shown=(sent, telling))),
    )


def summary(record: Record) -> str:
    """Say in a few words what a request came to: `1 image: png 1024x1024`."""
    return one_line(_came(record), 120)


def _came(record: Record) -> str:
    match record.outcome:
        case Images(pictures=pictures):
            return images_text(pictures)
        case Refused(error=error):
            return f"refused: {' '.join(filter(None, (str(error.status), error.code)))}"
        case Fault(error_class=error_class, why=why):
            return f"{error_class}: {why}"
        case None:
            return f"not sent: {record.skipped or 'no reason is kept'}"


def _telling(record: Record) -> Exchange | None:
    """Return the round trip that decided the outcome; None where nothing was sent."""
    steps = (*_TELLING, "download", "upload") if isinstance(record.outcome, Fault) else _TELLING
    found = [each for each in record.exchanges if each.step in steps]
    return found[-1] if found else None


def _why(record: Record, telling: Exchange | None) -> str:
    if telling is None:
        return one_line(f"Nothing was sent: {record.skipped or 'no round trip is kept'}", 300)
    return failure_words(telling.answer)


def _asked(sent: Exchange | None, telling: Exchange | None) -> str:
    """Return the request line that brought the telling reply, where it is not the submission's."""
    if telling is None or telling is sent:
        return ""
    return one_line(f"{telling.request.method} {telling.request.target}", 300)


def _took(sent: Exchange | None, telling: Exchange | None) -> str:
    """Return how long after the submission the telling reply was there."""
    if sent is None or telling is None:
        return ""
    return seconds(max(telling.times.end_s - sent.times.sent_s, 0.0))


def _steps(record: Record, *, shown: tuple[Exchange | None, ...]) -> Iterator[str]:
    """Name what is not shown by its kind, with its number and the time from its first to last."""
    rest: dict[Step, list[Exchange]] = {}
    for exchange in record.exchanges:
        if not any(exchange is each for each in shown):
            rest.setdefault(exchange.step, []).append(exchange)
    for step, exchanges in rest.items():
        lasted = exchanges[-1].times.end_s - exchanges[0].times.sent_s
        failed = sum(_failed(each.answer) for each in exchanges)
        bad = f", {failed:,} of them answered with an error or not at all" if failed else ""
        yield f"{_counted(len(exchanges), step)}{bad}, {seconds(max(lasted, 0.0))}"


def _afterwards(record: Record) -> Iterator[str]:
    """Say what came of each question that was asked once the job had ended."""
    for each in record.outcome.after if isinstance(record.outcome, Images) else ():
        job = f"job {each.job}" if each.job else ""
        came = f"HTTP {each.status}" if each.status else each.why
        told = ", ".join(filter(None, (came, job, each.state)))
        yield one_line(f"{_FOLLOWED[each.kind]}: {told}.", _LONGEST_NOTE)


def _counted(number: int, step: Step) -> str:
    """Return the number with the noun of a step; the plural is of its first word."""
    first, space, rest = _NOUNS[step].partition(" ")
    return f"{count(number, first)}{space}{rest}"


def _failed(answer: Reply | Failure) -> bool:
    return isinstance(answer, Failure) or answer.status >= 400  # noqa: PLR2004 - HTTP's errors


def _images(record: Record) -> Iterator[str]:
    if isinstance(record.outcome, Images):
        yield from (each.digest for each in record.outcome.pictures if each.state != "absent")


def _repeated(
    record: Record, provider: Provider, written: Sequence[str]
) -> tuple[str, tuple[str, ...]]:
    """Return the curl lines with what to do before they run; no lines where they are too long."""
    again = None if _is_long(record.shot.request) else repeat(record, provider, written=written)
    if again is None or len(again.text) > _LONGEST_CURL:
        why = "Its curl line is too long for this page; journal.jsonl holds the request whole."
        return "", (why,)
    notes = [one_line(note, _LONGEST_NOTE) for note in again.notes]
    if "BASE_URL" in again.text:
        notes.insert(0, "Set the address first: harness emulate --json prints the emulator's.")
    return again.text, tuple(notes[:_MOST_NOTES])


def _is_long(request: Request) -> bool:
    """Tell, without writing it, whether a request is too long for a curl line on a page."""
    said = (*texts(request.body), *(part.value or "" for part in request.form or ()))
    return len(request.target) + sum(map(len, said)) > _LONGEST_CURL
