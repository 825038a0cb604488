"""A trial of a provider: one plain request, and what its TOML finds in each reply.

It is a run with a folder like any other, so that a reply that was paid for is never lost. Nothing
is judged by it.
"""

import os
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from pathlib import Path

from harness.core.case import PlannedRequest
from harness.core.errors import UsageError
from harness.core.exchange import Exchange
from harness.core.outcome import Images
from harness.core.record import Record
from harness.planning.option_values import read_base_urls
from harness.planning.options import Options, Output, RunLimits, Target, Trial
from harness.planning.trial import trial_plan
from harness.policy import conclude
from harness.report.formats.write import write_report
from harness.runner.execution.budget import most_at_risk
from harness.runner.execution.provider_run import ProgressListener
from harness.runner.preflight import decided
from harness.runner.run import Run, execute_run, saying_where
from harness.spec.catalogue import Catalogue, Entry, catalogue_of
from harness.spec.provider import Operation, Provider
from harness.wire.images import DECLARED
from harness.wire.reading import Finding, read

SERVED, UNCLEAR = 0, 4


@dataclass(frozen=True, slots=True, kw_only=True)
class Step:
    """One round trip of a trial, and what the TOML found in its reply."""

    exchange: Exchange
    findings: tuple[Finding, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Tried:
    """What a trial came to; `base_url` is where it was sent.

    `unjudged` are sentences about what no run could judge, for the TOML does not describe it.
    """

    provider: Provider
    base_url: str
    record: Record
    steps: tuple[Step, ...]
    unjudged: tuple[str, ...]
    folder: Path

    @property
    def exit_code(self) -> int:
        """0 where images were found where the TOML reads them, else 4: nothing can be judged."""
        outcome = self.record.outcome
        served = isinstance(outcome, Images) and outcome.pictures and not outcome.found_at
        return SERVED if served else UNCLEAR


@dataclass(frozen=True, slots=True, kw_only=True)
class Prepared:
    """A trial that is planned and not sent."""

    catalogue: Catalogue
    entry: Entry
    options: Options
    request: PlannedRequest


def prepare(
    target: Target, trial: Trial, *, base_url: str | None = None, out: Path | None = None
) -> Prepared:
    """Plan a trial of the only provider of a target; UsageError where it cannot be planned.

    `base_url` is where it is reached, instead of where its TOML says. It is sent once: again only
    where the provider answers that it was too early.
    """
    catalogue = catalogue_of(target.documents)
    (name,) = target.providers or catalogue.asked
    entry = catalogue.entry(name)
    (request,) = trial_plan(entry, trial).shots
    stamp = datetime.now(UTC).strftime("%Y-%m-%dT%H%M%S")
    most = most_at_risk(request)
    options = Options(
        target=replace(target, providers=(name,), base_urls=_addresses(name, target, base_url)),
        limits=RunLimits(max_images=most.price.images, max_requests=most.requests),
        output=Output(out=out or Path("reports") / f"try-{stamp}-{name}"),
        trial=trial,
    )
    return Prepared(catalogue=catalogue, entry=entry, options=options, request=request)


def _addresses(name: str, target: Target, base_url: str | None) -> dict[str, str]:
    """Return the address of the one provider, where another one than its TOML's is given."""
    if base_url is not None:
        return read_base_urls([f"{name}={base_url}"])
    return {each: url for each, url in target.base_urls.items() if each == name}


def send(
    prepared: Prepared,
    *,
    watch: ProgressListener | None = None,
    environment: Mapping[str, str] | None = None,
) -> Tried:
    """Send a trial, write its report and return what came of it.

    Raises UsageError for a live one without an address or a key, and where the request cannot be
    sent from here; then nothing was sent.
    """
    done = _run(prepared, watch=watch, environment=environment)
    provider = prepared.entry.provider
    with saying_where(done.folder):
        conclusion = conclude(done.header, done.records, {provider.name: provider})
        write_report(done.folder, conclusion.report)
    return _tried(prepared, done)


def exchanged(prepared: Prepared, *, environment: Mapping[str, str] | None = None) -> Tried:
    """Send a trial as `send` does, and write no report."""
    return _tried(prepared, _run(prepared, watch=None, environment=environment))


def _run(
    prepared: Prepared, *, watch: ProgressListener | None, environment: Mapping[str, str] | None
) -> Run:
    watch, catalogue = watch or ProgressListener(), prepared.catalogue
    ready = decided(
        prepared.options,
        None,
        catalogue=catalogue,
        environment=os.environ if environment is None else environment,
        note=watch.noted,
    )
    done = execute_run(ready.options, watch, catalogue=catalogue, notes=ready.notes)
    if done.failure is not None:
        raise done.failure
    return done


def _tried(prepared: Prepared, done: Run) -> Tried:
    provider = prepared.entry.provider
    (record,) = done.records
    if record.skipped is not None and not record.exchanges:
        raise UsageError(f"nothing was sent: {record.skipped}")
    operation = provider.operation(record.shot.case.operation)
    return Tried(
        provider=provider,
        base_url=done.addresses[provider.name],
        record=record,
        steps=tuple(
            Step(exchange=exchange, findings=read(provider, operation, exchange))
            for exchange in record.exchanges
        ),
        unjudged=tuple(_unjudged(provider, operation)),
        folder=done.folder,
    )


def _unjudged(provider: Provider, operation: Operation) -> Iterator[str]:
    """Yield what no run could judge of this operation, for the TOML does not say it."""
    shape, errors = operation.reply, provider.errors
    if not shape.fields:
        yield "whether a reply holds all of its fields: reply.fields names none"
    if not shape.charged:
        yield "whether the price is charged: reply.charged does not say where a reply names it"
    if shape.usage is None:
        yield "whether tokens add up: there is no reply.usage"
    unread = [name for name in DECLARED if name in operation.arguments and not getattr(shape, name)]
    if unread:
        yield f"what a reply declares of {', '.join(unread)}: reply.{unread[0]} does not say where"
    if errors.names_parameter != "documented":
        yield "whether an error names the parameter: errors.names_parameter is not documented"
    if not errors.shape_documented:
        yield "what a refusal looks like: errors.shape is not documented"
    if provider.prices.status != "documented":
        yield f"what it costs: the prices are {provider.prices.status}"
