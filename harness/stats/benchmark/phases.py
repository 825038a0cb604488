"""The measured parts of a served attempt, in seconds."""

from collections.abc import Iterable, Sequence

from harness.core.exchange import Exchange, Reply, Times, submission
from harness.core.record import Record
from harness.spec.provider import Provider
from harness.stats.conformance.completion import End as JobEnd
from harness.stats.conformance.latency import NEEDED


def phase_durations(record: Record, provider: Provider, job: JobEnd | None) -> dict[str, float]:
    """Return what was measured of `measured.PHASES`; what was not is left out.

    `dns`, `connect` and `tls` are sums over all connections that the images needed; `upload` is the
    sending of files first and of the request's own body; `download` that of the results'
    addresses. `completion` is a point only where the reply itself brings the images; that of a job
    is an interval (`Observation.completion`), or what a `webhook` told.
    """
    sent = submission(record.exchanges)
    if sent is None:
        return {}
    needed = [exchange for exchange in record.exchanges if exchange.step in (*NEEDED, "upload")]
    start_s = record.exchanges[0].times.due_s
    found = {
        "late": needed[0].times.sent_s - start_s,
        "dns": _sum(exchange.times.dns_s for exchange in needed),
        "connect": _sum(exchange.times.connect_s for exchange in needed),
        "tls": _sum(exchange.times.tls_s for exchange in needed),
        "upload": _upload_s(needed, sent.times),
        "headers": _since(start_s, sent.times.headers_s),
        "first_byte": _since(start_s, sent.times.first_byte_s),
        "first_partial": _first_partial_s(record, provider, sent, start_s),
        "completion": None if job else sent.times.end_s - start_s,
        "webhook": _webhook_s(job, sent, start_s),
        "download": _sum(
            exchange.times.end_s - exchange.times.sent_s
            for exchange in needed
            if exchange.step == "download"
        ),
        "decode": _sum(exchange.times.decode_s for exchange in needed),
        "pixels": max(exchange.times.pixels_s for exchange in needed) - start_s,
    }
    return {name: max(seconds, 0.0) for name, seconds in found.items() if seconds is not None}


def _since(start_s: float, at_s: float | None) -> float | None:
    return None if at_s is None else at_s - start_s


def _sum(parts: Iterable[float | None]) -> float | None:
    """Return the sum of what was measured; nothing where nothing was."""
    known = [part for part in parts if part is not None]
    return sum(known) if known else None


def _upload_s(needed: Sequence[Exchange], sent: Times) -> float | None:
    files = [
        exchange.times.end_s - exchange.times.sent_s
        for exchange in needed
        if exchange.step == "upload"
    ]
    if sent.written_s is None:
        return _sum(files)
    setting_up = sum(part or 0.0 for part in (sent.dns_s, sent.connect_s, sent.tls_s))
    return _sum([*files, sent.written_s - sent.sent_s - setting_up])


def _first_partial_s(
    record: Record, provider: Provider, sent: Exchange, start_s: float
) -> float | None:
    stream = provider.operation(record.shot.case.operation).stream
    if stream is None or not isinstance(sent.answer, Reply):
        return None
    came = (event.at_s for event in sent.answer.events if event.name == stream.partial)
    return _since(start_s, next(came, None))


def _webhook_s(job: JobEnd | None, sent: Exchange, start_s: float) -> float | None:
    if job is None or job.delivered_s is None:
        return None
    return job.delivered_s + sent.times.sent_s - start_s
