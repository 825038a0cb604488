from harness.core.record import Provenance
from harness.report.pictures.times import TimesChart, times_charts
from tests.report import builders as b
from tests.shipped import shipped_provider

PROVIDERS = {name: shipped_provider(name) for name in ("buble", "sub2api")}


def _charts(**evidence: Provenance) -> TimesChart:
    records = [
        b.record(
            b.case(name=name, id=f"{name}{at}"), b.images(), seconds=5.0 + at, evidence=rests_on
        )
        for name, rests_on in evidence.items()
        for at in range(7)
    ]
    records.append(
        b.record(
            b.case(name="buble", id="late"), b.fault("timeout", may_be_paid=True), seconds=60.0
        )
    )
    (chart,) = times_charts(records, PROVIDERS)
    return chart


def test_the_providers_of_an_operation_share_an_axis_and_say_n_and_timeouts() -> None:
    chart = _charts(buble=b.LIVE, sub2api=b.LIVE)
    figures = {marks.name: marks.figures for marks in chart.chart.marks}

    assert chart.operation == "generate"
    assert list(figures) == ["buble", "sub2api"]
    assert "n = 8" in figures["buble"]
    assert "1 timeout" in figures["buble"]
    assert "timeout" not in figures["sub2api"]
    assert (chart.chart.given_up, chart.chart.banded) == (1, True)


def test_an_emulator_is_named_beside_a_real_provider_and_above_where_all_are_emulated() -> None:
    mixed = _charts(buble=b.LIVE, sub2api=b.EMULATOR)
    alike = _charts(buble=b.EMULATOR, sub2api=b.EMULATOR)

    assert [line.name for line in mixed.chart.lines] == ["buble", "sub2api (emulator)"]
    assert not mixed.emulated
    assert [line.name for line in alike.chart.lines] == ["buble", "sub2api"]
    assert alike.emulated


def test_without_a_recorded_time_there_is_no_chart() -> None:
    assert times_charts([b.record(b.case(), b.images(), seconds=0.0)], PROVIDERS) == ()
