"""Cases into an ordered, priced plan, and the plan as plain JSON, on disk and on the command line.

A plan is saved and read back, never drawn again: drawing depends on the version of Hypothesis.
"""

import hashlib
import json
import sys
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from decimal import Decimal
from functools import partial
from pathlib import Path
from typing import Any

from pydantic import TypeAdapter

from harness.core.case import Case, Coverage, Plan, PlannedRequest, Price
from harness.core.errors import RecordingError, UsageError
from harness.core.exchange import Request
from harness.core.files import MEBIBYTE, read_at_most
from harness.core.jsonvalue import Json, canonical, digest, with_texts
from harness.core.longtext import name_of, text_of
from harness.core.money import money
from harness.core.placeholders import THIS_RUN, without_run_word
from harness.core.plain import carried_json, telling_headers
from harness.planning.kept_requests import kept_requests
from harness.planning.plan_rows import PlanRows
from harness.spec import price
from harness.spec.credentials import KEY_REQUIRED
from harness.spec.evaluate import broken_when_sent
from harness.spec.provider import Provider
from harness.spec.request import build_request

FILE_AT_MOST_BYTES = 16 * MEBIBYTE
"""Of a saved plan that is read at once; of a larger one, the requests are read one by one."""

_NO_PLAN = (ValueError, KeyError, TypeError, AttributeError, ArithmeticError, RecursionError)
"""How making a request of what is no plan ends, wherever in it the mistake is."""

ALLOWANCE_IMAGES = 40
ALLOWANCE_REQUESTS = 100
"""What an operation may cost where nobody has set a limit: images that are paid for, and requests
that ask for any."""

ALLOWANCE_ROWS = 26
"""How many paid requests are planned for an operation then: two operations and what follows them
end in under three minutes where an image takes 20 s and eight are under way at once."""

KEPT_BACK = Decimal("0.15")
"""The share of an allowance that is not planned: for wrong acceptances, and to ask again."""

_RANK = {"refuse": 2, "accept": 3, "observe": 4}
_RANK_OF_KEYS = 1


@dataclass(frozen=True, slots=True, kw_only=True)
class Allowance:
    """What one operation may take; None is no limit.

    `images` are those that are paid for, `amount` is in the provider's unit, `requests` the
    submissions, each try counted, and `rows` the paid requests that are planned beside the plain
    one.
    """

    images: int | None = None
    amount: Decimal | None = None
    requests: int | None = None
    rows: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Limits:
    """What a provider's run may cost: images, an amount in its unit, requests; None is no limit.

    A `quick` plan is one of few rows, each of which tries as much as it can.
    """

    images: int | None = None
    amount: Decimal | None = None
    requests: int | None = None
    quick: bool = False

    def within(self, *, images: int, requests: int) -> "Limits":
        """Return the tighter of these limits and those."""
        return replace(
            self,
            images=images if self.images is None else min(images, self.images),
            requests=requests if self.requests is None else min(requests, self.requests),
        )

    def allowance(self, operations: int) -> Allowance:
        """Return what each of so many operations may take by default, beside these limits.

        All of it where neither images nor an amount are limited. A limit of images that is no
        larger than the default leaves the default of requests, if they are not limited, and rows.
        """
        default = self.images is None and self.amount is None
        if not default and (self.images is None or self.images > ALLOWANCE_IMAGES * operations):
            return Allowance()
        return Allowance(
            images=ALLOWANCE_IMAGES if default else None,
            requests=ALLOWANCE_REQUESTS if self.requests is None else None,
            rows=ALLOWANCE_ROWS,
        )


def make_plan(
    provider: Provider,
    cases: Sequence[Case],
    *,
    seed: int,
    spec_digest: str,
    coverage: Sequence[Coverage] = (),
) -> Plan:
    """Order and price the cases; no two requests send the same body.

    The plain base requests leave first (if they are not served, nothing else tells anything), then
    those without the user's key, then other refusals, which are free if the provider keeps its
    word, then what is to be served, the operations by turns, then open questions. Of what is to be
    served the most images leave first, while there is money to ask for as many again; else the
    order given is kept.
    """
    places: Counter[tuple[str, str]] = Counter()
    ranked = []
    for case in sorted(cases, key=partial(_images_first, provider)):
        kind = (case.operation, case.expect)
        rank = _RANK[case.expect] if case.depends_on else 0
        rank = rank if case.credential == "own" else _RANK_OF_KEYS
        ranked.append((rank, places[kind], planned_request(provider, case)))
        places[kind] += 1
    ranked.sort(key=lambda placed: placed[:2])  # stable: those of one place as the operations stand
    planned_requests: dict[str, PlannedRequest] = {}
    for _, _, planned in ranked:
        planned_requests.setdefault(request_digest(planned), planned)
    return Plan(
        provider=provider.name,
        seed=seed,
        shots=tuple(planned_requests.values()),
        spec_digest=spec_digest,
        coverage=tuple(coverage),
    )


def _images_first(provider: Provider, case: Case) -> int:
    """Order what is to be served by its number of images, after the plain request."""
    if case.expect != "accept":
        return 0
    if not case.depends_on:
        return -sys.maxsize
    return -price.images_asked(provider.operation(case.operation), case.arguments)


def planned_request(provider: Provider, case: Case, *, attempt: int = 1) -> PlannedRequest:
    """Return a case with its request and its price.

    Each submission has an idempotency key of its own where the provider knows one, made of the
    case's id and of its `attempt`: another one where the same question is asked in other words.
    """
    operation = provider.operation(case.operation)
    listed = price.price_of(provider, operation, case.arguments)
    again = "same_key" in case.follow_ups
    twice = replace(listed, amount=2 * listed.amount, images=2 * listed.images)
    key = f"{THIS_RUN}-{case.id}" + (f"-{attempt}" if attempt > 1 else "")
    request = build_request(provider, operation, case.arguments, key=key)
    return PlannedRequest(
        case=case,
        request=replace(request, credential=case.credential),
        price=price.free_price(provider) if case.expect == "refuse" else listed,
        at_risk=twice if again else listed,  # the provider may make a second job of it
    )


def is_unaltered(provider: Provider, planned: PlannedRequest) -> bool:
    """Tell whether a request goes where the TOML says, holds what its arguments say, and costs it.

    A journal may be a stranger's: what is sent again of it must be what was planned.
    """
    try:
        again = planned_request(provider, planned.case)
        return (request_digest(again), again.at_risk) == (request_digest(planned), planned.at_risk)
    except (*_NO_PLAN, UsageError):
        return False


def request_digest(planned: PlannedRequest) -> str:
    """Return a digest of where a request goes and what it carries: equal for equal requests."""
    sent = planned.request
    carried = without_run_word(carried_json(sent, digests=True))
    said: list[Json] = [sent.method, sent.target, carried]
    headers: list[Json] = [list(pair) for pair in telling_headers(sent)]
    return digest([*said, headers] if headers else said)


def short_request_digest(planned: PlannedRequest) -> bytes:
    """Return the first 16 bytes of that digest: for those who hold one for each request."""
    return bytes.fromhex(request_digest(planned)[:32])


def total_price(requests: Iterable[PlannedRequest], unit: str) -> Price:
    """Add up what requests cost if the provider keeps its documents."""
    amount, images, at_most = Decimal(0), 0, False
    for price_ in (planned.price for planned in requests):
        amount += price_.amount
        images += price_.images
        at_most = at_most or price_.at_most
    return Price(amount=amount, unit=unit, images=images, at_most=at_most)


def price_sentence(plan: Plan, provider: Provider) -> str:
    """Return a plan's size and price in one sentence."""
    kinds, risks = Counter[str](), dict[Price, None]()

    def counted() -> Iterator[PlannedRequest]:
        for shot in plan.shots:
            kinds[shot.case.expect] += 1
            risks[shot.at_risk] = None
            yield shot

    expected = total_price(counted(), provider.prices.unit)
    worst = max(risks, key=lambda risk: risk.amount, default=expected)
    guess = "" if provider.prices.status == "documented" else f" ({provider.prices.status} price)"
    return (
        f"{provider.title}: {len(plan.shots)} requests ({kinds['accept']} to be served, "
        f"{kinds['refuse']} to be refused, {kinds['observe']} open), {expected.images} images, "
        f"{money(expected)}{guess}; at most "
        f"{money(replace(worst, at_most=False))} for one request"
    )


def price_limit(plan: Plan, unit: str) -> Limits:
    """Return the limit within which a plan can be sent: what it costs, or its images if nothing."""
    cost = total_price(plan.shots, unit)
    return Limits(amount=cost.amount) if cost.amount > 0 else Limits(images=max(1, cost.images))


def coverage_notes(plan: Plan) -> tuple[str, ...]:
    """Return a sentence for each operation on what its plan tries, and what it leaves out."""
    return tuple(_covered(plan, coverage) for coverage in plan.coverage if coverage.values[1])


def _covered(plan: Plan, coverage: Coverage) -> str:
    kind = "pairs" if coverage.strength == 2 else f"combinations of {coverage.strength}"  # noqa: PLR2004
    text = (
        f"{plan.provider} {coverage.operation}: {coverage.refusals[0]} of {coverage.refusals[1]} "
        f"rules, {coverage.values[0]} of {coverage.values[1]} values and "
        f"{coverage.combinations[0]} of {coverage.combinations[1]} {kind} are tried"
        f"{_drawn(plan, coverage.operation)}"
    )
    if not coverage.left_out:
        return text
    dear = ", ".join(
        f"{left_out.argument}={left_out.value} ({money(left_out.price)})"
        for left_out in coverage.left_out
    )
    return f"{text}; left out, with what each would cost: {dear}"


def _drawn(plan: Plan, operation: str) -> str:
    """Say how many of an operation's refusals Hypothesis drew; nothing where there are none."""
    cases = (planned.case for planned in plan.shots)
    refusals = [case for case in cases if (case.operation, case.expect) == (operation, "refuse")]
    drawn = sum(case.drawn for case in refusals)
    return f"; {drawn} of {len(refusals)} refusals were drawn by Hypothesis" if refusals else ""


def plan_digest(plan: Plan) -> str:
    """Return the SHA-256 that names this plan: of its canonical JSON, which is never held whole."""
    found = hashlib.sha256()
    for at, (name, content) in enumerate(sorted(_fields_json(plan).items())):
        found.update(f"{',' if at else '{'}{canonical(name)}:".encode())
        if name == _REQUESTS_FIELD:
            for row, planned in enumerate(plan.shots):
                found.update(b"," if row else b"[")
                text = canonical(_request_json(planned))
                found.update(text.encode("utf-8", "surrogatepass"))
            found.update(b"]" if plan.shots else b"[]")
        else:
            found.update(canonical(content).encode("utf-8", "surrogatepass"))
    found.update(b"}")
    return found.hexdigest()


_LATER_FIELDS: dict[str, Json] = {"credential": "own", "drawn": False, "choices": ""}
_CASES, _REQUESTS, _PLANS = TypeAdapter(Case), TypeAdapter(PlannedRequest), TypeAdapter(Plan)


def plan_to_json(plan: Plan) -> dict[str, Json]:
    """Return the plan as `harness plan --json` prints it."""
    rows = [_request_json(planned) for planned in plan.shots]
    return {**_fields_json(plan), _REQUESTS_FIELD: rows}


_REQUESTS_FIELD = "cases"


def _fields_json(plan: Plan) -> dict[str, Json]:
    """Return the same without its requests, whose field is there and empty."""
    whole: dict[str, Json] = _PLANS.dump_python(plan, mode="json", exclude={"shots"})
    coverage, exploration = whole.pop("coverage"), whole.pop("exploration")
    askings = whole.pop("askings")
    return {
        **whole,
        _REQUESTS_FIELD: [],
        "coverage": coverage,
        **({} if exploration is None else {"exploration": exploration}),
        **({"askings": askings} if askings else {}),
    }


def _request_json(planned: PlannedRequest) -> Json:
    """Return a case with its request as that is sent, what it costs and when it leaves."""
    sent = planned.request
    case: dict[str, Json] = _CASES.dump_python(planned.case, mode="json", exclude={"provider"})
    for name, default in _LATER_FIELDS.items():
        if case[name] == default:
            del case[name]  # plans that were saved before it was known read as they did
    return {
        **case,
        "request": {
            "method": sent.method,
            "path": sent.target,
            "headers": dict(sent.headers),
            **carried_json(sent, digests=True),
            "timeout_s": sent.timeout_s,
        },
        **_REQUESTS.dump_python(
            planned, mode="json", exclude={"case", "request"}, exclude_none=True
        ),
    }


def dumped(plan: Plan) -> bytes:
    """Return the plan as a file: as it is printed, but with long texts by their names."""
    return b"".join(dumped_pieces(plan))


def dumped_pieces(plan: Plan) -> Iterator[bytes]:
    """Yield the plan's file piece by piece: a line for each bracket, as JSON is indented by 1."""
    for at, (name, content) in enumerate(_fields_json(plan).items()):
        yield b"{\n " if not at else b",\n "
        yield json.dumps(name).encode() + b": "
        if name != _REQUESTS_FIELD or not plan.shots:
            yield _indented(content, 1)
            continue
        yield b"["
        for row, planned in enumerate(plan.shots):
            yield b",\n  " if row else b"\n  "
            yield _indented(_request_json(planned), 2)
        yield b"\n ]"
    yield b"\n}\n"


def _indented(content: Json, by: int) -> bytes:
    """Return JSON as it stands within `by` others; no text of JSON holds a line's end."""
    text = json.dumps(with_texts(content, name_of), ensure_ascii=False, indent=1)
    return text.replace("\n", "\n" + by * " ").encode()


def read_plan(path: Path, *, provider: Provider, hint: str) -> Plan:
    """Read a plan's file; RecordingError, with `hint` where it is missing or no JSON."""
    try:
        if path.stat().st_size > FILE_AT_MOST_BYTES:
            rows = PlanRows(path)
            return _plan_of(rows.rest, rows, provider=provider, where=str(path))
        saved: Json = json.loads(read_at_most(path, FILE_AT_MOST_BYTES).decode("utf-8-sig"))
    except OSError as error:
        raise RecordingError(f"{path}: {error.strerror}", hint=hint) from None
    except (ValueError, RecursionError) as error:
        raise RecordingError(f"{path}: not JSON ({error})", hint=hint) from None
    return plan_from_json(saved, provider=provider, where=str(path))


def plan_from_json(saved: Json, *, provider: Provider, where: str) -> Plan:
    """Read a plan back, as it is printed or as a file; RecordingError where it was altered.

    Requests and prices are made again from the arguments and must come out as they were saved, so
    that a plan can never ask for something else than its arguments say.
    """
    return _plan_of(saved, None, provider=provider, where=where)


def _plan_of(saved: Json, rows: Iterable[Json] | None, *, provider: Provider, where: str) -> Plan:
    """Read a plan back from what it says and its requests, those that it holds without `rows`."""
    again = "record it again: harness run --against emulator --record"
    try:
        file: Any = with_texts(saved, text_of)
        held = file.pop(_REQUESTS_FIELD)
        requests = _Again(provider, held if rows is None else rows)
        shots = kept_requests(requests)
        read = replace(_PLANS.validate_python({**file, "shots": ()}), shots=shots)
        said = {name: text for name, text in _fields_json(read).items() if name != _REQUESTS_FIELD}
    except (*_NO_PLAN, UsageError) as error:
        reason = next(iter(str(error).splitlines()), type(error).__name__)[:200]
        raise RecordingError(
            f"{where}: not a plan this harness wrote ({reason})", hint=again
        ) from None
    if requests.differ or read.provider != provider.name or canonical(said) != canonical(file):
        raise RecordingError(
            f"{where}: its requests or prices differ from what {provider.name}'s TOML makes of "
            "the same arguments",
            hint=f"the TOML or the plan changed; {again}",
        )
    if (case := requests.unexpected) is not None:
        raise RecordingError(
            f"{where}: {case.id} expects {case.expect}, and {provider.name}'s TOML "
            "says otherwise of its arguments",
            hint=f"the TOML or the plan changed; {again}",
        )
    return read


class _Again:
    """The requests of a saved plan, made again; what is wrong with them is known after a pass."""

    def __init__(self, provider: Provider, rows: Iterable[Json]) -> None:
        self._provider, self._rows = provider, rows
        self.differ = False
        self.unexpected: Case | None = None

    def __iter__(self) -> Iterator[PlannedRequest]:
        for saved in self._rows:
            row: Any = with_texts(saved, text_of)
            planned = _planned_again(self._provider, row)
            self.differ = self.differ or canonical(_request_json(planned)) != canonical(row)
            if self.unexpected is None and not _as_expected(self._provider, planned.case):
                self.unexpected = planned.case
            yield planned


def _as_expected(provider: Provider, case: Case) -> bool:
    """Tell whether the rules still say of a judged case what it was made for."""
    operation = provider.operation(case.operation)
    breaks, unspecified = broken_when_sent(operation, case.arguments)
    if case.credential != "own":
        return case.expect != "accept" and case.breaks == KEY_REQUIRED and not breaks
    match case.expect:
        case "accept":
            return case.breaks is None and not breaks and not unspecified
        case "refuse":
            return [constraint.id for constraint in breaks] == [case.breaks] and not unspecified
        case "observe":
            return True


def _under_its_key(provider: Provider, planned: PlannedRequest, saved: dict[str, Any]) -> Request:
    """Return the request under the key that was saved: older plans have one for few requests.

    A later asking of a case has a number behind the case's key.
    """
    known_by = provider.operation(planned.case.operation).known_by
    header = known_by.header if known_by is not None else ""
    key = saved.get(header)
    if key is not None and not str(key).startswith(f"{THIS_RUN}-{planned.case.id}"):
        return planned.request
    headers = [pair for pair in planned.request.headers if pair[0] != header]
    headers += [(header, str(key))] if key is not None else []
    return replace(planned.request, headers=tuple(headers))


def _planned_again(provider: Provider, row: dict[str, Any]) -> PlannedRequest:
    planned = planned_request(provider, _CASES.validate_python({**row, "provider": provider.name}))
    return _REQUESTS.validate_python(
        {
            **row,
            "case": planned.case,
            "request": _under_its_key(provider, planned, row["request"]["headers"]),
            "price": planned.price,
            "at_risk": planned.at_risk,
        }
    )
