from harness.core.record import Evidence
from harness.report.table import HEADER, comparison
from tests.report import builders as b


def test_there_is_one_row_for_each_provider_under_the_header() -> None:
    header, rows = comparison(b.sample())

    assert header == HEADER
    assert [row[0] for row in rows] == ["buble", "sub2api", "apiframe", "nanobanana", "aimlapi"]
    assert {len(row) for row in rows} == {len(header)}


def test_a_row_says_what_it_rests_on_and_how_sure_it_is() -> None:
    records = [
        b.record(b.case(id=str(at), covers=("n.range",)), b.images(), seconds=10.0 + at)
        for at in range(7)
    ]
    records.append(b.record(b.case(id="late"), b.fault("timeout")))
    _, rows = comparison(b.report(records, [b.verdict(item) for item in records[:7]]))

    assert rows[0] == (
        "sub2api",
        "live",
        "8",
        "2",
        "0",
        "5",
        "7",
        "7",
        "7 images",
        "13.0 [10.0, 16.0] s (1 timeout left out)",
    )


def test_too_few_samples_show_their_number_and_no_interval() -> None:
    _, rows = comparison(b.report([b.record(b.case(), b.images(), seconds=20.0)]))

    assert rows[0][-1] == "20.0 s, n = 1"


def test_a_provider_without_images_has_no_latency() -> None:
    _, rows = comparison(b.report([b.record(b.case(), None, skipped="budget")]))

    assert (rows[0][2], rows[0][-1]) == ("0 (+1 skipped)", "-")


def test_no_cell_can_upset_a_terminal() -> None:
    odd = Evidence(kind="recorded", source="https://x", date="\x1b[2J\u202e", by="q")
    _, rows = comparison(b.report([b.record(b.case(), b.images(), evidence=odd)]))

    assert all(cell.isprintable() for cell in rows[0])
