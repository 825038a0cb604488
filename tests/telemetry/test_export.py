"""Spans at a receiver: over a socket, through the SDK, and what is said where none takes them."""

import os
from dataclasses import replace
from pathlib import Path

import pytest
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter
from opentelemetry.trace import SpanKind, StatusCode

from harness import RunResult, api
from harness.api.exporting import exported
from harness.cli.main import status
from harness.core.errors import ExportError, UsageError
from harness.telemetry import export, names, readiness
from tests.telemetry.receiver import attributes, receiving

NOBODY = "http://127.0.0.1:1"


@pytest.fixture(autouse=True)
def _no_receiver(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in [name for name in os.environ if name.startswith("OTEL_")]:
        monkeypatch.delenv(name)


def first_cases(result: RunResult, number: int) -> RunResult:
    return replace(result, records=result.records[:number])


def test_a_receiver_has_every_span_with_its_parent_and_its_attributes(
    replayed: RunResult, monkeypatch: pytest.MonkeyPatch
) -> None:
    with receiving() as receiver:
        monkeypatch.setenv("OTEL_EXPORTER_OTLP_ENDPOINT", receiver.url)
        count = api.export_spans(replayed)
        spans = {span.span_id: span for span in receiver.spans}
    made = api.spans(replayed)
    service = attributes(receiver.requests[0].resource_spans[0].resource)

    assert {*receiver.paths} == {"/v1/traces"}
    assert len(receiver.requests) == -(-count // export.BATCH)
    assert count == len(made) == len(spans)
    for span in made:
        there = spans[span.id.to_bytes(8)]
        assert there.trace_id == span.trace.to_bytes(16)
        assert there.parent_span_id == (b"" if span.parent is None else span.parent.to_bytes(8))
        assert (there.start_time_unix_nano, there.end_time_unix_nano) == (
            span.start_ns,
            span.end_ns,
        )
        assert {*attributes(there)} == {*span.attributes}
    assert service[names.SERVICE_NAME] == "image-provider-harness"


def test_exporting_twice_gives_the_same_bytes(
    replayed: RunResult, monkeypatch: pytest.MonkeyPatch
) -> None:
    few = first_cases(replayed, 5)
    with receiving() as receiver:
        monkeypatch.setenv("OTEL_EXPORTER_OTLP_TRACES_ENDPOINT", f"{receiver.url}/custom")
        api.export_spans(few)
        api.export_spans(few)

    assert receiver.paths == ["/custom", "/custom"]
    assert receiver.spans[: len(receiver.spans) // 2] == receiver.spans[len(receiver.spans) // 2 :]


def test_an_exporter_of_the_sdk_takes_them_without_any_receiver(replayed: RunResult) -> None:
    memory = InMemorySpanExporter()
    count = api.export_spans(first_cases(replayed, 20), memory)
    found = memory.get_finished_spans()
    root = found[0]

    assert count == len(found)
    assert (root.name, root.kind, root.parent) == ("harness run cassettes", SpanKind.INTERNAL, None)
    assert {span.kind for span in found[1:]} == {SpanKind.CLIENT}
    assert {span.status.status_code for span in found} == {StatusCode.ERROR, StatusCode.UNSET}


def test_a_service_name_of_the_user_holds(
    replayed: RunResult, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("OTEL_SERVICE_NAME", "nightly")
    monkeypatch.setenv("OTEL_RESOURCE_ATTRIBUTES", "deployment.environment.name=ci")
    (first, *_) = export.as_sdk(api.spans(first_cases(replayed, 1)))

    assert first.resource.attributes[names.SERVICE_NAME] == "nightly"
    assert first.resource.attributes["deployment.environment.name"] == "ci"


def test_a_receiver_that_is_down_is_one_line_and_loses_nothing(
    replayed: RunResult, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setenv("OTEL_EXPORTER_OTLP_ENDPOINT", NOBODY)
    monkeypatch.setenv("OTEL_EXPORTER_OTLP_TIMEOUT", "0.1")
    few = first_cases(replayed, 3)
    count = len(api.spans(few))
    with pytest.raises(ExportError) as refused:
        api.export_spans(few)
    ended = exported(replace(few, exit_code=0))

    assert str(refused.value).startswith(
        f"{count} of {count} spans were not exported to 127.0.0.1:1"
    )
    assert "\n" not in str(refused.value)
    assert ended.exit_code == 3
    assert ended.notes[-1] == str(refused.value)
    assert exported(replace(few, exit_code=1)).exit_code == 1
    assert caplog.text == ""


def test_a_receiver_that_refuses_is_asked_once(
    replayed: RunResult, monkeypatch: pytest.MonkeyPatch
) -> None:
    with receiving(status=401) as receiver:
        monkeypatch.setenv("OTEL_EXPORTER_OTLP_ENDPOINT", receiver.url)
        with pytest.raises(ExportError, match="spans were not exported"):
            api.export_spans(replayed)

    assert len(receiver.paths) == 1


@pytest.mark.parametrize(
    ("variables", "why"),
    [
        ({}, "no receiver of spans is named .*set OTEL_EXPORTER_OTLP_ENDPOINT"),
        ({"OTEL_EXPORTER_OTLP_ENDPOINT": "localhost:4318"}, "is no http or https address"),
        (
            {"OTEL_EXPORTER_OTLP_ENDPOINT": NOBODY, "OTEL_EXPORTER_OTLP_PROTOCOL": "grpc"},
            "over HTTP, not gRPC",
        ),
    ],
)
def test_without_a_receiver_it_is_said_what_to_set(variables: dict[str, str], why: str) -> None:
    with pytest.raises(UsageError, match=why):
        readiness.refuse_unready(variables)


def test_without_the_extra_it_is_said_what_to_install(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(readiness, "_NEEDED", ("opentelemetry_none.sdk",))

    with pytest.raises(UsageError) as refused:
        readiness.refuse_unready({"OTEL_EXPORTER_OTLP_ENDPOINT": NOBODY})

    assert refused.value.exit_code == 2
    assert "install image-provider-harness[otel]" in str(refused.value)


def test_the_report_of_a_folder_is_exported_and_its_exit_code_stays(
    replayed: RunResult,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    command = ["report", str(replayed.folder), "--out", str(tmp_path / "out"), "--otel"]
    with receiving() as receiver:
        monkeypatch.setenv("OTEL_EXPORTER_OTLP_ENDPOINT", receiver.url)
        code = status(command)

    assert code == replayed.exit_code == 1
    assert f"{len(receiver.spans)} spans exported" in capsys.readouterr().err
    assert (tmp_path / "out" / "index.html").is_file()


def test_a_report_without_a_receiver_writes_nothing(replayed: RunResult, tmp_path: Path) -> None:
    out = tmp_path / "out"

    assert status(["report", str(replayed.folder), "--out", str(out), "--otel"]) == 2
    assert not out.exists()
