"""A run as spans: what is in them, what is not, and that they are the same each time."""

import json
from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime
from importlib import import_module

import pytest
from opentelemetry.exporter.otlp.proto.common.trace_encoder import encode_spans

from harness import RunResult, api
from harness.core.exchange import Exchange, Request, Step
from harness.core.jsonvalue import Json
from harness.core.record import ClockReading, Provenance
from harness.telemetry import export, names
from harness.telemetry.spans import Span, spans_of

CONVENTIONS = [
    *("attributes.http_attributes", "attributes.url_attributes", "attributes.server_attributes"),
    *("attributes.error_attributes", "attributes.service_attributes"),
    *("_incubating.attributes.gen_ai_attributes", "_incubating.attributes.http_attributes"),
    "_incubating.attributes.url_attributes",
]


def standard() -> set[str]:
    return {
        value
        for place in CONVENTIONS
        for value in vars(import_module(f"opentelemetry.semconv.{place}")).values()
        if isinstance(value, str)
    }


def cases_of(spans: Sequence[Span]) -> list[Span]:
    return [span for span in spans if names.CASE_ID in span.attributes]


def exchanges_of(spans: Sequence[Span]) -> list[Span]:
    return [span for span in spans if names.STEP in span.attributes]


def test_every_name_is_one_of_the_conventions_or_ours() -> None:
    named = [value for key, value in vars(names).items() if key.isupper()]
    attributes = [value for value in named if "." in value]
    ours = [value for value in attributes if value.startswith(names.OURS)]

    assert len(ours) > 15
    assert {*attributes} - {*ours} <= standard()


def test_the_operation_and_what_comes_out_of_it_are_words_of_the_conventions() -> None:
    known = import_module("opentelemetry.semconv._incubating.attributes.gen_ai_attributes")

    assert names.GENERATE in {each.value for each in known.GenAiOperationNameValues}
    assert names.IMAGE in {each.value for each in known.GenAiOutputTypeValues}


def test_each_attribute_that_is_set_has_a_name_in_the_list(replayed: RunResult) -> None:
    named = {value for key, value in vars(names).items() if key.isupper()}
    used = {name for span in api.spans(replayed) for name in span.attributes}

    assert used <= named


def test_a_run_is_one_tree_of_cases_and_their_exchanges(replayed: RunResult) -> None:
    spans = api.spans(replayed)
    root, cases, exchanges = spans[0], cases_of(spans), exchanges_of(spans)
    ids = {span.id: span for span in spans}

    assert len(ids) == len(spans) == 1 + len(cases) + len(exchanges)
    assert len(cases) == sum(bool(record.exchanges) for record in replayed.records)
    assert len(exchanges) == sum(len(record.exchanges) for record in replayed.records)
    assert {span.trace for span in spans} == {root.trace}
    assert {case.parent for case in cases} == {root.id}
    assert {each.parent for each in exchanges} == {case.id for case in cases}
    for span in spans[1:]:
        around = ids[span.parent or 0]
        assert around.start_ns <= span.start_ns <= span.end_ns <= around.end_ns


def test_the_same_run_is_the_same_spans_also_from_its_folder(replayed: RunResult) -> None:
    assert replayed.folder is not None
    assert api.spans(replayed.folder) == api.spans(replayed)


def test_another_run_has_other_ids(replayed: RunResult) -> None:
    other = replace(replayed, header=replace(replayed.header, word="another"))

    assert not {span.id for span in api.spans(other)} & {span.id for span in api.spans(replayed)}


def test_times_are_those_of_the_wall_clock_as_the_run_noted_it(replayed: RunResult) -> None:
    reading = ClockReading(at_s=2.0, unix_s=1_796_000_000.0)
    noted = replace(replayed.header, clocks={"apiframe": (reading,)})
    record = next(record for record in replayed.records if record.exchanges)
    sent_s = record.exchanges[0].times.sent_s
    _, of_the_clock, *_ = spans_of(noted, [record], (), replayed.providers)
    _, of_the_day, *_ = spans_of(replayed.header, [record], (), replayed.providers)
    began = datetime.fromisoformat(replayed.header.created).timestamp()

    assert of_the_clock.start_ns == round((reading.unix_s + (sent_s - 2.0)) * 1e9)
    assert of_the_day.start_ns == round((began + sent_s) * 1e9)


def test_a_broken_promise_is_an_error_that_names_the_check(replayed: RunResult) -> None:
    finding = replayed.report.broken[0].finding
    shown = [
        span
        for span in cases_of(api.spans(replayed))
        if span.attributes[names.CASE_ID] in finding.cases
    ]

    assert shown
    for span in shown:
        assert span.failed
        assert finding.check in str(span.attributes[names.CHECKS_FAILED])
        assert span.attributes[names.VERDICT] == "fail"
    assert api.spans(replayed)[0].attributes[names.RUN_FINDINGS] == len(replayed.report.broken)


def test_a_refusal_that_was_promised_is_no_error_of_the_case(replayed: RunResult) -> None:
    refused = [
        span
        for span in cases_of(api.spans(replayed))
        if span.attributes[names.OUTCOME] == "refused" and span.attributes[names.VERDICT] == "pass"
    ]

    assert refused
    assert not any(span.failed for span in refused)
    assert {span.attributes[names.ERROR_TYPE] for span in refused} >= {"validation"}


def test_no_prompt_is_in_a_span(replayed: RunResult) -> None:
    text = json.dumps(
        [[span.name, *map(str, span.attributes.values())] for span in all_of(replayed)]
    )
    prompts = {
        prompt
        for record in replayed.records
        if isinstance(prompt := record.shot.case.arguments.get("prompt"), str) and len(prompt) > 3
    }

    assert len(prompts) > 10
    assert not any(prompt in text for prompt in prompts)


def all_of(result: RunResult) -> Sequence[Span]:
    return api.spans(result)


@pytest.mark.parametrize(
    ("target", "source", "shown"),
    [
        ("/v2/images/generate?key=s3cret", "emulator", "http://emulator.invalid/v2/images/generate?key=REDACTED"),
        ("/x?a=1&b=2", "https://api.example.com/base", "https://api.example.com/base/v2/images/generate?a=REDACTED&b=REDACTED"),
        ("https://u:p@cdn.example.com:8443/i.png?sig=abc", "emulator", "https://cdn.example.com:8443/i.png?sig=REDACTED"),
        ("/v2/x?a=1", "https://gw.example.com/shop/v2", "https://gw.example.com/shop/v2/images/generate?a=REDACTED"),
        ("inbox:/generate-1", "emulator", "https://webhooks.invalid/generate-1"),
        ("/x", "others.example.com, cdn.example.com", "https://others.example.com/v2/images/generate"),
        ("/x", "unknown", "http://unknown.invalid/v2/images/generate"),
    ],
)  # fmt: skip
def test_an_address_keeps_neither_users_nor_values_of_its_query(
    target: str, source: str, shown: str, replayed: RunResult
) -> None:
    record = next(record for record in replayed.records if record.exchanges)
    exchange = record.exchanges[0]
    step: Step = "submit" if target.startswith("/") else "download"
    asked = replace(exchange, request=Request(method="POST", target=target), step=step)
    found = one_exchange(replayed, asked, source)

    assert found.attributes[names.URL_FULL] == shown
    assert "s3cret" not in str(found)


def one_exchange(result: RunResult, exchange: Exchange, source: str) -> Span:
    record = next(record for record in result.records if record.exchanges)
    evidence = Provenance(kind="live", source=source, date="", by="")
    altered = replace(record, exchanges=(exchange,), evidence=evidence)
    return exchanges_of(spans_of(result.header, [altered], (), result.providers))[0]


def test_a_prompt_in_the_path_is_not_in_the_address(replayed: RunResult) -> None:
    record = next(record for record in replayed.records if record.exchanges)
    asked = replace(record.exchanges[0], request=Request(method="GET", target="/p/a%20red%20cube"))

    assert "cube" not in str(one_exchange(replayed, asked, "emulator"))


@pytest.mark.parametrize("target", ["http://[::1", "http://h:99999999/", "//", ""])
def test_an_address_that_is_none_spoils_nothing(target: str, replayed: RunResult) -> None:
    record = next(record for record in replayed.records if record.exchanges)
    asked = replace(
        record.exchanges[0], request=Request(method="GET", target=target), step="download"
    )

    assert one_exchange(replayed, asked, "https://[broken").name == "GET"


def test_a_run_that_sent_nothing_is_its_own_span_alone(replayed: RunResult) -> None:
    unsent = [
        replace(each, exchanges=(), outcome=None, skipped="budget") for each in replayed.records
    ]
    (root,) = spans_of(replayed.header, unsent, (), replayed.providers)

    assert root.attributes[names.RUN_UNSENT] == len(unsent)
    assert root.attributes[names.RUN_CASES] == 0


def test_what_strangers_write_can_be_sent(replayed: RunResult) -> None:
    hostile = f"<script>\0\x1b[31m]]>{'x' * 100_000}\ud800"
    record = next(record for record in replayed.records if record.exchanges)
    arguments: dict[str, Json] = {"model": "\ud800<b>", "n": 10**30, "prompt": hostile}
    case = replace(record.shot.case, id=hostile, arguments=arguments)
    written = replace(record, shot=replace(record.shot, case=case))
    header = replace(replayed.header, run=hostile, created="no day")
    found = spans_of(header, [written], (), replayed.providers)
    sent = encode_spans(export.as_sdk(found)).SerializeToString()

    assert len(sent) < 10_000
    assert names.GEN_AI_CHOICES not in found[1].attributes
