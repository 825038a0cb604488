"""Records in which a provider writes an attack wherever it may write at all."""

import json
import re
from base64 import b64encode
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, fields, is_dataclass, replace
from itertools import chain
from pathlib import Path
from typing import Any, Literal, get_args, get_origin, get_type_hints

from harness.api import load_provider
from harness.core.exchange import Event, Exchange, Failure, Reply, Request
from harness.core.inspection import Inspection
from harness.core.outcome import Declared, FollowUpResult, Images, Refused, Usage
from harness.core.record import Record
from harness.core.verdict import Standing, Verdict
from harness.report.compose import compose
from harness.report.model import Report
from harness.spec.catalogue import FOLDER
from tests.report import builders as b

SHOP = "sub2api"

_SCRIPT = "<script>window.__pwned=1</script>"

ATTACKS: tuple[str, ...] = (
    (
        f'"><pwned-x pwned onclick="window.__pwned=1">{_SCRIPT}'
        "<img pwned src=x onerror=window.__pwned=1></style><style>:root{--pwned:1}</style>"
    ),
    (
        "' pwned onmouseover='window.__pwned=1' x='--></title></template></pre>"
        "<svg pwned onload=window.__pwned=1>]]><pwned-x/>"
        "\u202epwned\u202c\u2066x\u2069\u200f\u061c\u200b"
    ),
    (
        "[x](javascript:window.__pwned=1) ![y](http://pwned.example/z.png) <http://pwned.example>"
        "\n\n```\n<pwned-x pwned>\n| a | b |\n# pwned `<pwned-x pwned>"
    ),
    (
        "\x1b[31mpwned\x1b]8;;http://pwned.example\x07x\x1b]8;;\x07\x9b2J\r\b\x00\x85\u2028"
        f"[bold red]pwned[/] {{{{7*7}}}}{{% raw %}}</script>{_SCRIPT}"
    ),
    "javascript:window.__pwned=1",
    (
        "=2+5 $(touch pwned) `touch pwned` '; touch pwned; ' \"; touch pwned; \" \\'; touch pwned\n"
        "touch pwned\n#!/bin/sh\n${IFS} && touch pwned || !pwned %s \\x $\\color{white}pwned$"
    ),
)
"""HTML, script and style; attributes, ends and bidi; markdown; ANSI and templates; an address;
shells, spreadsheets and formulas."""

NO_PICTURES = (
    "data:text/html,<script>window.__pwned=1</script>",
    b64encode(b"<svg xmlns='http://www.w3.org/2000/svg' onload='window.__pwned=1'/>").decode(),
    "data:image/svg+xml,<svg xmlns='http://www.w3.org/2000/svg' onload='window.__pwned=1'/>",
    '"><img pwned src=x onerror=window.__pwned=1>',
    "A" * 10_000_000,
)
"""What an altered run folder may name as the small copy of an image."""

STANDINGS: tuple[Standing, ...] = ("confirmed", "unconfirmed", "flaky")

OURS = frozenset(
    ("digest", "kind", "method", "withheld", "state", "error_class", "format", "mode")
    # `state` to `mode` are our decoder's words for an image.
)
"""Fields of replies and outcomes that we write, whatever a provider sends."""


@dataclass(slots=True)
class Poison:
    """Hands out the attacks in turn, beginning with the one at `at`; counts the fields."""

    at: int
    places: int = 0

    def attack(self) -> str:
        self.places += 1
        return ATTACKS[(self.at + self.places) % len(ATTACKS)]

    def into(self, value: Any, hint: Any = str) -> Any:  # noqa: ANN401 - any value of a record
        """Return the value with an attack in every text in it, keys of documents included."""
        if is_dataclass(value) and not isinstance(value, type):
            return replace(value, **dict(self._fields(value)))
        match value:
            case str() | None:
                return self.attack() if _free(hint) else value
            case tuple():
                return tuple(self.into(entry) for entry in value)
            case list():
                return [*map(self.into, value), self.attack()]
            case dict():
                held = {key: self.into(entry) for key, entry in value.items()}
                return held if _dataclasses(value) else {**held, self.attack(): self.attack()}
            case _:
                return value

    def _fields(self, value: Any) -> Iterator[tuple[str, Any]]:  # noqa: ANN401 - any dataclass
        hints = get_type_hints(type(value))
        for each in fields(value):
            if each.name not in OURS:
                yield each.name, self.into(getattr(value, each.name), hints[each.name])


def _free(hint: Any) -> bool:  # noqa: ANN401 - any annotation
    """Tell whether a field may hold any text: an enumeration may not, a number neither."""
    if hint is str:
        return True
    if get_origin(hint) is Literal:
        return False
    parts = get_args(hint)
    return str in parts and not any(get_origin(part) is Literal for part in parts)


def _dataclasses(value: dict[Any, Any]) -> bool:
    return any(map(is_dataclass, value.values()))


def own_provider(folder: Path, poison: Poison) -> Path:
    """Write a user's own TOML whose titles, notes and sayings are attacks."""
    text = (FOLDER / f"{SHOP}.toml").read_text(encoding="utf-8")
    poisoned = re.sub(
        r'\b(title|note|says) = "[^"\n]*"',
        lambda found: f"{found[1]} = {json.dumps(poison.attack())}",
        text,
    )
    path = folder / f"{SHOP}.toml"
    path.write_text(poisoned, encoding="utf-8")
    return path


def hostile(records: Sequence[Record], folder: Path, at: int) -> tuple[Report, Poison]:
    """Compose a report of some of these records, poisoned, and of an outage, a job, a stream."""
    poison = Poison(at)
    provider = load_provider(own_provider(folder, poison))
    made = [
        _poisoned(record, poison, number)
        for number, record in enumerate((*_few(records), *_more()))
    ]
    verdicts = list(chain.from_iterable(_verdicts(record, poison) for record in made))
    served = [record for record in made if isinstance(record.outcome, Images)]
    findings = [
        replace(
            b.finding(record, expected=poison.attack(), observed=poison.attack()),
            constraint=constraint,
            standing=standing,
            doubt=poison.attack(),
            not_reduced=poison.attack(),
        )
        for record, constraint, standing in zip(
            served,
            ("n.range", None, "size.max_edge"),
            STANDINGS,
            strict=False,
        )
    ]
    header = b.header({SHOP: made[0].evidence}, notes=(poison.attack(), poison.attack()))
    header = replace(header, run=poison.attack(), created=poison.attack())
    copies = _copies(made)
    return compose(header, made, verdicts, findings, {SHOP: provider}, inspections=copies), poison


def _copies(made: Sequence[Record]) -> dict[str, Inspection]:
    """Give each image a small copy that is none."""
    outcomes = (record.outcome for record in made)
    served = (outcome.pictures for outcome in outcomes if isinstance(outcome, Images))
    digests = dict.fromkeys(each.digest for pictures in served for each in pictures if each.digest)
    return {
        digest: Inspection(
            digest=digest, state="none", thumbnail=NO_PICTURES[at % len(NO_PICTURES)]
        )
        for at, digest in enumerate(digests)
    }


def _few(records: Sequence[Record]) -> Iterator[Record]:
    """Keep two records of each operation and kind of outcome, and two streams."""
    seen: dict[tuple[object, ...], int] = {}
    for record in records:
        events = any(
            isinstance(exchange.answer, Reply) and exchange.answer.events
            for exchange in record.exchanges
        )
        key = (record.shot.case.operation, type(record.outcome), record.shot.case.expect, events)
        seen[key] = seen.get(key, 0) + 1
        if seen[key] <= 2:
            yield record


def _more() -> Iterator[Record]:
    """What those recordings lack: faults, a job that goes on, a skipped case, a chatty reply."""
    for at, kind in enumerate(("network", "timeout", "server")):
        outage = b.fault(kind, why="x", may_be_paid=True, job="j" if at else None)  # type: ignore[arg-type]
        yield b.record(b.case(id=f"outage {at}"), outage)
    yield b.record(b.case(id="left"), None, skipped="x")
    asked = b.case(id="asked", expect="observe", about="response_format.one_of")
    chatty = replace(
        b.images(2),
        declared=Declared(others={"a": "x"}),
        usage=Usage(input=1, output=196, total=197),
        missing=("x",),
        found_at=("x",),
        document={"a": ["x", {"b": "x"}]},
        job="x",
        after=(FollowUpResult(kind="poll_again"),),
    )
    record = b.record(asked, chatty, polls=2)
    reply = Reply(
        status=200,
        headers=(("x", "x"), ("retry-after", "x")),
        text="x",
        document={"a": "x"},
        events=(Event(name="x", at_s=1.0, data={"a": "x"}),),
    )
    failed = Failure(kind="network", why="x", sent=True, partial=reply)
    more = [replace(record.exchanges[0], answer=answer) for answer in (reply, failed)]
    yield replace(record, exchanges=(*more, *record.exchanges))
    yield b.record(b.case(id="no", expect="refuse", breaks="n.range"), b.refused("x"))


def _poisoned(record: Record, poison: Poison, number: int) -> Record:
    """Poison all that a provider or an altered folder says, the names of our own rules excepted."""
    shot = record.shot
    request = shot.request
    asked = replace(
        shot.case,
        id=f"{poison.attack()} {number}",
        why=poison.attack(),
        arguments=poison.into(shot.case.arguments),
    )
    sent = replace(
        request,
        body=poison.into(request.body) if request.body else None,
        form=poison.into(request.form) if request.form else None,
        headers=(*request.headers, ("idempotency-key", poison.attack())),
    )
    return replace(
        record,
        shot=replace(shot, case=asked, request=sent),
        evidence=replace(record.evidence, source=poison.attack(), by=poison.attack()),
        outcome=poison.into(record.outcome) if record.outcome else None,
        skipped=poison.attack() if record.skipped else None,
        exchanges=tuple(_exchange(exchange, sent, poison) for exchange in record.exchanges),
    )


def _exchange(exchange: Exchange, sent: Request, poison: Poison) -> Exchange:
    """Poison the answer, and the addresses that a reply named."""
    own = sent if exchange.step == "submit" else exchange.request
    named = exchange.step in {"submit", "upload"}
    request = own if named else replace(own, target=poison.attack())
    return replace(exchange, answer=poison.into(exchange.answer), request=request)


def _verdicts(record: Record, poison: Poison) -> Iterator[Verdict]:
    for status in ("error", "inconclusive", "skip"):
        yield b.verdict(record, status, check="usage_adds_up", why=poison.attack())
    if isinstance(record.outcome, Refused):
        yield b.verdict(record, "fail", constraint="n.range", why=poison.attack())
