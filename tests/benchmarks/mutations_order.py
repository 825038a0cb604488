"""Re-ordered, merged with strangers, rewritten addresses: what proxies, browsers and editors do."""

import copy
import json
from collections.abc import Callable
from datetime import timedelta
from random import Random

from tests.benchmarks.mutations_kinds import harmless
from tests.benchmarks.mutations_tape import Tape, Taped, split

HTML = b"<html><head><title>502 Bad Gateway</title></head><body><h1>502</h1></body></html>"


# -------------------------------------------------------------------------------- re-ordered
@harmless("re-ordered")
def shuffled(tape: Tape, rng: Random) -> bool:
    rng.shuffle(tape.exchanges)
    return len(tape.exchanges) > 1


@harmless("re-ordered")
def turned_round(tape: Tape, rng: Random) -> bool:
    """Put the newest first, as Charles and Fiddler show them."""
    del rng
    tape.exchanges.reverse()
    return len(tape.exchanges) > 1


@harmless("re-ordered")
def sorted_by_address(tape: Tape, rng: Random) -> bool:
    del rng
    tape.exchanges.sort(key=lambda each: each.url)
    return len(tape.exchanges) > 1


@harmless("re-ordered")
def calls_interleaved(tape: Tape, rng: Random) -> bool:
    """Mix calls that ran at once; each keeps its own order."""
    rows = [tape.of_call(number) for number in sorted({each.call for each in tape.exchanges})]
    if len(rows) < 2:
        return False
    mixed: list[Taped] = []
    while rows := [row for row in rows if row]:
        mixed.append(rng.choice(rows).pop(0))
    tape.exchanges = mixed
    return True


@harmless("re-ordered")
def ordered_by_their_end(tape: Tape, rng: Random) -> bool:
    """Write concurrent calls when they end, as recorders do."""
    for each in tape.exchanges:
        each.at += timedelta(seconds=rng.randrange(3))
    tape.exchanges.sort(key=lambda each: each.at + timedelta(milliseconds=each.ms))
    return len(tape.exchanges) > 1


@harmless("re-ordered")
def one_exchange_twice(tape: Tape, rng: Random) -> bool:
    at = rng.randrange(len(tape.exchanges))
    double = copy.deepcopy(tape.exchanges[at])
    tape.exchanges.insert(rng.randrange(len(tape.exchanges) + 1), double)
    return True


@harmless("re-ordered")
def everything_twice(tape: Tape, rng: Random) -> bool:
    """Append the session to itself, as a merge of two exports does."""
    double = copy.deepcopy(tape.exchanges)
    tape.exchanges = (
        [*tape.exchanges, *double]
        if rng.random() < 0.5
        else [one for pair in zip(tape.exchanges, double, strict=True) for one in pair]
    )
    return True


@harmless("re-ordered")
def polls_merged(tape: Tape, rng: Random) -> bool:
    """Keep one poll of each call: the last, or the first (recorders that record a request once)."""
    at, numbers = rng.choice((-1, -1, 0)), {each.call for each in tape.of("poll")}
    kept = [[one for one in tape.of("poll") if one.call == number][at] for number in numbers]
    tape.exchanges = [
        each for each in tape.exchanges if each.role != "poll" or any(each is one for one in kept)
    ]
    return bool(numbers)


@harmless("re-ordered")
def last_poll_first(tape: Tape, rng: Random) -> bool:
    """Update a cassette in place: the newest reply stands where the first stood."""
    del rng
    numbers = {each.call for each in tape.of("poll")}
    for number in numbers:
        places = [
            at for at, one in enumerate(tape.exchanges) if one.role == "poll" and one.call == number
        ]
        first, last = places[0], places[-1]
        polls = tape.exchanges
        polls[first], polls[last] = polls[last], polls[first]
    return any(len([one for one in tape.of("poll") if one.call == each]) > 1 for each in numbers)


# ------------------------------------------------------------------------------------ merged
def _stranger(  # noqa: PLR0913 - an exchange has many parts
    near: Taped, *, method: str, url: str, status: int = 200, body: bytes, kind: str
) -> Taped:
    return Taped(
        method=method,
        url=url,
        sent=[("User-Agent", "Mozilla/5.0"), ("Accept", "*/*")],
        asked=b"",
        status=status,
        reason="OK",
        headers=[("Content-Type", kind), ("Content-Length", str(len(body)))],
        body=body,
        at=near.at - timedelta(milliseconds=30),
        ms=20.0,
        role="stranger",
        call=-1,
    )


def _origin(each: Taped) -> str:
    address = split(each.url)
    return f"{address.scheme}://{address.netloc}"


@harmless("merged", lossless=True)
def preflights(tape: Tape, rng: Random) -> bool:
    status, mixed = rng.choice((200, 204)), []
    for each in tape.exchanges:
        extra = _stranger(
            each, method="OPTIONS", url=each.url, status=status, body=b"", kind="text/plain"
        )
        extra.headers.append(("Access-Control-Allow-Origin", "*"))
        mixed += [extra, each]
    tape.exchanges = mixed
    return True


@harmless("merged", lossless=True)
def telemetry(tape: Tape, rng: Random) -> bool:
    for _ in range(rng.randint(1, 4)):
        at = rng.randrange(len(tape.exchanges))
        host = rng.choice(
            ("https://o1.ingest.sentry.io/api/1/envelope/", "https://a.example.com/t")
        )
        extra = _stranger(
            tape.exchanges[at], method="POST", url=host, body=b"{}", kind="application/json"
        )
        extra.asked = b'{"event":"click","n":11}'
        extra.sent.append(("Content-Type", "application/json"))
        tape.exchanges.insert(at, extra)
    return True


@harmless("merged", lossless=True)
def other_endpoints(tape: Tape, rng: Random) -> bool:
    """Add what else a client asks of the same host: models, balance, chat."""
    first = tape.of("submit", "poll", "download", "upload")[0]
    for path in rng.sample(("/v1/models", "/v1/chat/completions", "/", "/favicon.ico"), 2):
        method = "POST" if path.endswith("completions") else "GET"
        extra = _stranger(
            first,
            method=method,
            url=_origin(first) + path,
            body=b'{"object":"list","data":[]}',
            kind="application/json",
        )
        if method == "POST":
            extra.asked = b'{"model":"gpt-5.4","messages":[{"role":"user","content":"hi"}]}'
        tape.exchanges.insert(rng.randrange(len(tape.exchanges) + 1), extra)
    return True


@harmless("merged")
def redirects(tape: Tape, rng: Random) -> bool:
    """Let a gateway answer with a redirect first, which the client follows."""
    status, mixed = rng.choice((301, 302, 307, 308)), []
    for each in tape.exchanges:
        if each.role in ("submit", "download") and rng.random() < 0.7:
            extra = copy.deepcopy(each)
            extra.url = each.url.replace("https://", "http://")
            extra.status, extra.reason, extra.body, extra.coded = status, "Redirect", b"", None
            extra.headers = [("Location", each.url), ("Content-Length", "0")]
            extra.role, extra.call = "stranger", -1
            mixed.append(extra)
        mixed.append(each)
    tape.exchanges = mixed
    return True


@harmless("merged")
def rate_limited_first(tape: Tape, rng: Random) -> bool:
    """Let the same request be answered with 429 or 503 before."""
    each = rng.choice(tape.of("submit") or [tape.exchanges[0]])
    if each.role != "submit":
        return False
    extra = copy.deepcopy(each)
    extra.status, extra.reason = rng.choice(((429, "Too Many Requests"), (503, "Unavailable")))
    extra.body, extra.coded, extra.packing = HTML, None, ""
    extra.headers = [("Content-Type", "text/html"), ("Retry-After", "2")]
    extra.at -= timedelta(seconds=5)
    tape.exchanges.insert(_index(tape, each), extra)
    return True


def _index(tape: Tape, wanted: Taped) -> int:
    return next(at for at, each in enumerate(tape.exchanges) if each is wanted)


@harmless("merged")
def gateway_page_in_place_of_a_reply(tape: Tape, rng: Random) -> bool:
    """Let a proxy between answer with its own page."""
    each = rng.choice(tape.exchanges)
    each.status = rng.choice((502, 503, 504, 407, 511, 403))
    each.reason, each.body, each.coded, each.packing = "Proxy", HTML, None, ""
    each.headers = [("Content-Type", "text/html"), ("Via", "1.1 proxy")]
    return True


@harmless("merged")
def aborted_requests(tape: Tape, rng: Random) -> bool:
    """Let a browser abort or block a request: status 0 and no reply."""
    if not tape.form.startswith(("har", "polly")):
        return False
    each = rng.choice(tape.exchanges)
    each.status, each.reason, each.body, each.headers = 0, "", b"", []
    each.coded, each.packing = None, ""
    if rng.random() < 0.5:
        each.unset.add("reply")
    return True


@harmless("merged")
def downloads_seen_again(tape: Tape, rng: Random) -> bool:
    """Let a browser show a downloaded image again: from its cache, in a range, or HEAD."""
    found = tape.of("download")
    for each in found:
        extra = copy.deepcopy(each)
        extra.body, extra.role = b"", "stranger"
        extra.status, extra.method = rng.choice(((304, "GET"), (200, "HEAD"), (206, "GET")))
        if extra.status == 206:
            extra.body = each.body[:1000]
            extra.put("Content-Range", f"bytes 0-999/{len(each.body)}")
            extra.put("content-length", "1000")
        tape.exchanges.insert(_index(tape, each) + rng.randrange(2), extra)
    return bool(found)


# ------------------------------------------------------------------------------- addresses
def _moved(tape: Tape, change: Callable[[str], str], roles: tuple[str, ...]) -> bool:
    found = tape.of(*roles)
    for each in found:
        each.url = change(each.url)
    return bool(found)


API = ("submit", "poll", "upload")


@harmless("rewritten", lossless=True)
def through_a_proxy_host(tape: Tape, rng: Random) -> bool:
    host = rng.choice(
        ("https://proxy.example.com", "http://localhost:8080", "http://10.0.0.7:4000")
    )
    return _moved(tape, lambda url: host + split(url).path, API)


@harmless("rewritten", lossless=True)
def path_prefix(tape: Tape, rng: Random) -> bool:
    prefix = rng.choice(("/api/gateway", "/openai", "/proxy/7", "/llm/images"))
    return _moved(tape, lambda url: url.replace(split(url).path, prefix + split(url).path), API)


@harmless("rewritten")
def trailing_slash(tape: Tape, rng: Random) -> bool:
    del rng
    return _moved(tape, lambda url: url + "/", API)


@harmless("rewritten")
def query_added(tape: Tape, rng: Random) -> bool:
    query = rng.choice(("api-version=2026-04-01", "key=REDACTED", "_=1795930074", "utm_source=x"))
    return _moved(tape, lambda url: f"{url}?{query}", API)


@harmless("rewritten", lossless=True)
def plain_http(tape: Tape, rng: Random) -> bool:
    del rng
    return _moved(tape, lambda url: url.replace("https://", "http://"), API)


@harmless("rewritten", lossless=True)
def port_written_out(tape: Tape, rng: Random) -> bool:
    del rng

    def change(url: str) -> str:
        host = split(url).netloc
        return url.replace(host, f"{host}:443") if ":" not in host else url

    return _moved(tape, change, API)


@harmless("rewritten")
def double_slashes(tape: Tape, rng: Random) -> bool:
    del rng
    return _moved(tape, lambda url: url.replace("/v1/", "//v1/").replace("/v2/", "//v2/"), API)


@harmless("rewritten")
def percent_encoded(tape: Tape, rng: Random) -> bool:
    word = rng.choice((("images", "im%61ges"), ("generat", "gener%61t"), ("/v1/", "/v%31/")))
    return _moved(tape, lambda url: url.replace(*word), API)


@harmless("rewritten")
def hosts_replaced(tape: Tape, rng: Random) -> bool:
    host = rng.choice(
        ("https://api.example.com", "https://HOST", "https://redacted", "http://x.invalid")
    )
    everything = (*API, "download")
    return _moved(tape, lambda url: host + split(url).path, everything)


@harmless("rewritten")
def hosts_replaced_by_a_word(tape: Tape, rng: Random) -> bool:
    host = rng.choice(("https://<HOST>", "<BASE_URL>", "{{base_url}}", "https://[HOST]"))
    return _moved(tape, lambda url: host + split(url).path, API)


@harmless("rewritten", lossless=True)
def upper_case_hosts(tape: Tape, rng: Random) -> bool:
    del rng

    def change(url: str) -> str:
        return url.replace(split(url).netloc, split(url).netloc.upper())

    return _moved(tape, change, API)


@harmless("rewritten")
def signatures_of_downloads(tape: Tape, rng: Random) -> bool:
    """Sign the addresses of results, and filter the signature in one place or in both."""
    found = tape.of("download")
    where = rng.choice(("both", "asked", "told", "neither"))
    for each in found:
        plain, secret = each.url, f"{rng.getrandbits(128):032x}"
        asked = "REDACTED" if where in ("both", "asked") else secret
        told = "REDACTED" if where in ("both", "told") else secret
        each.url = f"{plain}?Expires=1795930074&Signature={asked}"
        new = json.dumps(f"{plain}?Expires=1795930074&Signature={told}")[1:-1]
        for reply in tape.replies:
            reply.body = reply.body.replace(plain.encode(), new.encode())
    return bool(found)


@harmless("rewritten")
def downloads_at_another_host(tape: Tape, rng: Random) -> bool:
    """Let a mirror or proxy serve the results: their address in the reply is the old one."""
    host = rng.choice(("https://mirror.example.com", "http://localhost:9000"))
    return _moved(tape, lambda url: host + split(url).path, ("download",))
