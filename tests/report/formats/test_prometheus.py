"""`metrics.prom` is what Prometheus and OpenMetrics read, with the figures of the report."""

import re
from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace

import pytest
from prometheus_client.openmetrics.parser import (
    text_string_to_metric_families as read_openmetrics,
)
from prometheus_client.parser import text_string_to_metric_families as read_text

from harness import api
from harness.core.record import Record, RunHeader
from harness.report.formats.format import Judged
from harness.report.formats.prometheus import prometheus
from harness.spec.catalogue import catalogue_of
from tests.report import builders as b
from tests.report.folders import ENDINGS, written

Samples = dict[str, list[tuple[dict[str, str], float]]]


def judged(records: tuple[Record, ...] = (), *, header: RunHeader | None = None) -> Judged:
    names = [*{record.shot.case.provider for record in records}]
    report = b.report(records, names=names) if records else b.sample()
    return Judged(
        report=report if header is None else replace(report, header=header),
        records=records,
        entries=catalogue_of().entries,
        folder=Path(),
    )


def samples(text: str) -> Samples:
    """Read a text by both parsers; return the samples of each name."""
    found: Samples = {}
    again = [*read_openmetrics(text)]  # type: ignore[no-untyped-call]  # it ships none
    assert len(again) == len([*read_text(text)])
    for family in read_text(text):
        for each in family.samples:
            found.setdefault(each.name, []).append((each.labels, each.value))
    return found


@pytest.mark.parametrize("ending", ENDINGS)
def test_both_parsers_read_a_run_of_any_ending(ending: str, tmp_path: Path) -> None:
    code, header, records = ENDINGS[ending]
    folder = written(tmp_path / "run", header, records)

    api.report(folder, out=folder, formats=["prometheus"])
    found = samples((folder / "metrics.prom").read_text("utf-8"))

    (exited,) = found["harness_run_exit_code"]
    assert exited[0] == {"against": "emulator"}
    assert exited[1] == (code if ending != "crashed" else 1)
    assert {labels["evidence"] for labels, _ in found["harness_promises"]} == {"emulator"}
    counted = sum(value for _, value in found["harness_requests"])
    assert counted == len(records)


def test_every_metric_has_a_help_a_type_and_the_name_that_its_type_may_have() -> None:
    text = prometheus(judged((b.record(b.case(), b.images()),)))

    names = re.findall(r"^# TYPE (\S+) (\S+)$", text, re.MULTILINE)
    assert names
    assert [name for name, _ in names] == re.findall(r"^# HELP (\S+) ", text, re.MULTILINE)
    for name, kind in names:
        assert kind in ("gauge", "summary")
        assert not re.search("_(total|count|sum|bucket|info)$", name.removesuffix("build_info"))
        assert not re.search("(?i)milli|_ms$|kilo|mega|percent|gauge|summary", name)
    assert text.endswith("# EOF\n")


def test_promises_are_counted_as_the_report_counts_them() -> None:
    given = judged()
    found = samples(prometheus(given))

    for row in given.report.providers:
        of = {
            state: sum(
                value
                for labels, value in found["harness_promises"]
                if (labels["provider"], labels["state"]) == (row.provider, state)
            )
            for state in ("held", "broken", "flaky", "unconfirmed", "inconclusive", "not tried")
        }
        assert [*of.values()] == (
            [row.held, row.broken, row.flaky, row.unconfirmed, row.inconclusive, row.not_tried]
        )


def test_times_are_a_summary_and_money_is_in_the_unit_of_the_provider() -> None:
    records = tuple(
        b.record(b.case(name="buble", id=f"c{at}"), b.images(charged="3"), seconds=float(at))
        for at in range(1, 101)
    )

    found = samples(prometheus(judged(records)))

    place = {"provider": "buble", "operation": "generate", "evidence": "live"}
    assert found["harness_time_to_images_seconds_sum"] == [(place, 5050.0)]
    assert found["harness_time_to_images_seconds_count"] == [(place, 100.0)]
    quantiles = {
        labels["quantile"]: value for labels, value in found["harness_time_to_images_seconds"]
    }
    assert 49 <= quantiles["0.5"] <= 51
    assert 94 <= quantiles["0.95"] <= 96
    assert found["harness_cost"] == [({**place, "unit": "credit"}, 300.0)]
    assert found["harness_price_per_image"] == [({**place, "unit": "credit"}, 3.0)]


@pytest.mark.parametrize("name", ['a"} 1\nevil{x="', "back\\slash", "\ud800", "\x1b[2J", "a\rb"])
def test_a_hostile_name_is_one_label(name: str) -> None:
    record = b.record(b.case(), b.images())
    report = replace(b.report([record]), header=replace(b.header(), against=name))
    given = SimpleNamespace(report=report, records=(record,), entries=catalogue_of().entries)

    found = samples(prometheus(given))  # type: ignore[arg-type]  # no `against` has such a name

    ((labels, _),) = found["harness_run_interrupted"]
    assert set(labels) == {"against"}
    assert "evil" not in found


def test_a_recording_of_the_emulator_never_reads_as_the_provider() -> None:
    text = prometheus(judged((b.record(b.case(), b.images(), evidence=b.REPLAY),)))

    assert 'evidence="emulator, recorded"' in text
    assert 'evidence="recorded"' not in text
