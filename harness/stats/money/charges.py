"""What a request cost as its own replies say it: in money, or in tokens that are billed."""

from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal

from harness.core.elided import holds_filtered
from harness.core.exchange import Exchange, Reply, Step, submission
from harness.core.jsonvalue import Json, canonical, read_amount
from harness.core.outcome import Fault, Images, Refused
from harness.core.record import Record
from harness.spec.drawn.delivery import asked_model, sizes_of
from harness.spec.expressions import first_match
from harness.spec.lifecycle import job_id_of, other_job
from harness.spec.model import Model
from harness.spec.price import images_asked
from harness.spec.provider import Operation, Provider
from harness.spec.rules.lattice import Size
from harness.store.spool import picked
from harness.wire.errors import is_error
from harness.wire.images import image_texts, said_charged
from harness.wire.places import addresses_of_job, places_of_images

ANSWERED: tuple[Step, ...] = ("submit", "poll", "result")
TOO_MANY = 429


@dataclass(frozen=True, slots=True, kw_only=True)
class Charge:
    """One request and what its replies say that it cost.

    `stated` is in the unit of the provider's list; None where no reply says it. `tokens` are the
    image tokens that a reply counts. `key` is the idempotency key that it was sent with.
    """

    record: Record
    provider: Provider
    operation: Operation
    stated: Decimal | None = None
    tokens: int | None = None
    key: str = ""

    @property
    def case(self) -> str:
        """The id of the case."""
        return self.record.shot.case.id

    @property
    def arguments(self) -> Mapping[str, Json]:
        """What was asked for."""
        return self.operation.given(self.record.shot.case.arguments)

    @property
    def model(self) -> Model | None:
        """The model that was asked for; None where its counts are not known."""
        sold = self.provider.model
        return sold and asked_model(sold, self.operation, self.arguments)

    @property
    def served(self) -> Images | None:
        """The outcome, where the request was served."""
        outcome = self.record.outcome
        return outcome if isinstance(outcome, Images) else None

    @property
    def images(self) -> int:
        """How many images were asked for."""
        return images_asked(self.operation, self.arguments)

    @property
    def quality(self) -> str | None:
        """The quality that was asked for, or that the documents then take."""
        quality = self.arguments.get("quality", self.operation.default("quality"))
        return quality if isinstance(quality, str) else None

    @property
    def sizes(self) -> tuple[Size, ...] | None:
        """The pixels of the images that came; None where some could not be decoded."""
        pictures = self.served.pictures if self.served else ()
        found = sizes_of(pictures)
        return found if found or not pictures else None

    @property
    def answers(self) -> list[Exchange]:
        """The round trips of the request itself that were answered, in their order."""
        exchanges = self.record.exchanges
        return [
            each for each in exchanges if each.step in ANSWERED and isinstance(each.answer, Reply)
        ]


class Charges(Collection[Charge]):
    """Each request of a provider that was answered at all, in the order of the records.

    Each pass reads the records, and makes the charges, anew.
    """

    def __init__(self, records: Sequence[Record], provider: Provider) -> None:
        self._provider = provider
        self._records = picked(records, lambda record: _is_answered(record, provider))

    def __len__(self) -> int:
        """Return how many there are."""
        return len(self._records)

    def __contains__(self, charge: object) -> bool:
        """Tell whether it is one of them."""
        return any(each == charge for each in self)

    def __iter__(self) -> Iterator[Charge]:
        """Yield the charges."""
        return (_charge(record, self._provider) for record in self._records)


def _is_answered(record: Record, provider: Provider) -> bool:
    if record.shot.case.provider != provider.name or record.outcome is None:
        return False
    return isinstance(record.outcome, Images) or any(
        each.step in ANSWERED and isinstance(each.answer, Reply) for each in record.exchanges
    )


def _charge(record: Record, provider: Provider) -> Charge:
    operation = provider.operation(record.shot.case.operation)
    outcome = record.outcome
    served = outcome if isinstance(outcome, Images) else None
    stated = served.charged if served else stated_last(record, operation)
    usage = served.usage if served else None
    tokens = usage.count("image_output") if usage else None
    if usage and tokens is None and operation.protocol != "responses":
        tokens = usage.output
    return Charge(
        record=record,
        provider=provider,
        operation=operation,
        stated=stated,
        tokens=tokens,
        key=_key(record, operation),
    )


def stated_last(record: Record, operation: Operation) -> Decimal | None:
    """Return what the last reply about this request says that it cost; None where it does not."""
    last = next(reversed([*_documents(record, operation)]), None)
    return stated_in(last, operation)


def stated_in(document: Json, operation: Operation) -> Decimal | None:
    """Return what one reply says was charged; None where it says nothing, or what is no price."""
    return read_amount(said_charged(operation.reply, [document]))


def _documents(record: Record, operation: Operation) -> Iterator[Json]:
    """Yield what the request and the polls of its job were answered with, in order."""
    job, job_id = operation.job, ""
    for exchange in record.exchanges:
        if exchange.step not in ANSWERED or not isinstance(exchange.answer, Reply):
            continue
        document = exchange.answer.document
        if job is not None:
            job_id = job_id or job_id_of(first_match(job.id, document))
            if job_id and other_job(job, document, job_id):
                continue
        yield document


def _key(record: Record, operation: Operation) -> str:
    """Return the idempotency key that a request was sent with; empty without one."""
    known_by, sent = operation.known_by, submission(record.exchanges)
    request = sent.request if sent else record.shot.request
    if known_by is None:
        return ""
    if known_by.header:
        wanted = known_by.header.lower()
        return next((text for name, text in request.headers if name.lower() == wanted), "")
    node = request.body
    for name in known_by.field.split("."):
        node = node.get(name) if isinstance(node, dict) else None
    return node if isinstance(node, str) else ""


def question(charge: Charge) -> str:
    """Return one spelling of what was asked, the same for equal requests whatever their keys."""
    sent = submission(charge.record.exchanges)
    request = sent.request if sent else charge.record.shot.request
    known_by = charge.operation.known_by
    body = request.body
    if known_by and known_by.field and isinstance(body, dict):
        body = {name: body[name] for name in body if name != known_by.field.partition(".")[0]}
    return f"{request.method} {request.target} {canonical(body)} {request.form}"


def failed_for_good(charge: Charge) -> bool:
    """Tell whether the provider itself said that it failed.

    One that we stopped waiting for, or whose connection broke, may have been served.
    """
    outcome, answers = charge.record.outcome, charge.answers
    if not isinstance(outcome, Fault) or not answers:
        return False
    last = answers[-1].answer
    by_reply = isinstance(last, Reply) and is_error(charge.provider.errors, last)
    return outcome.error_class == "job_failed" or (by_reply and outcome.error_class != "timeout")


def refused(charge: Charge) -> bool:
    """Tell whether the provider refused the request."""
    return isinstance(charge.record.outcome, Refused)


def all_read(charge: Charge) -> bool:
    """Tell whether fewer images than asked came for sure, and none was only not read or kept."""
    served, answers = charge.served, charge.answers
    if served is None or served.found_at or not answers:
        return False
    evidence = charge.record.evidence
    if evidence.kind == "recorded" and not evidence.emulated and holds_filtered(served.document):
        return False
    last = answers[-1].answer
    if not isinstance(last, Reply):
        return False
    job = charge.operation.job
    known = {*image_texts(charge.operation.reply, last.document)}
    known |= addresses_of_job(job, last) if job else set()
    return not places_of_images(last, besides=known, listed=False)
