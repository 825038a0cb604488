"""What is planted into runs is told, on its day; what is odd is told and stops nothing."""

import re
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

import pytest

from harness.core.errors import NothingTested, UsageError
from harness.history.history import history_of
from harness.history.model import History
from harness.history.page import page_of, write_page
from harness.report.history_page import PAGE_BYTES, history_html
from tests.history.runs import (
    FIRST,
    Summary,
    dearer,
    documents,
    failing,
    harness,
    kept_but_in,
    slower,
    summary_of,
    write,
    write_runs,
)

NOW = datetime(2026, 11, 30, tzinfo=UTC)
PRICE = "charges_the_list_price"


@pytest.fixture(scope="module")
def planted(tmp_path_factory: pytest.TempPathFactory) -> History:
    changes = (
        slower(60, 1.2),
        dearer(50),
        failing(40, 0.12),
        kept_but_in(range(70, 80)),
        documents(50),
        harness(90),
    )
    return history_of(write_runs(tmp_path_factory.mktemp("planted"), 120, *changes), now=NOW)


def day(run: int) -> str:
    return f"{FIRST + timedelta(days=run):%Y-%m-%d}"


def test_each_planted_change_is_told_once_with_its_day_and_its_size(planted: History) -> None:
    told = {(change.about, change.figure): change for change in planted.changes}
    time = told["generate", "median"]

    assert sorted(told) == [("", "failed"), ("", "price"), ("generate", "median")]
    assert len(planted.changes) == 3
    assert abs(time.run - 60) <= 2
    assert time.after / time.before == pytest.approx(1.2, abs=0.05)
    assert abs(told["", "failed"].run - 40) <= 3
    assert told["", "price"].sentence == (
        f"buble (emulator): price of an image 1.83 -> 3.66 credits (2.00 times) from {day(50)} on"
        " (run night-0050); with it: documents changed"
    )
    assert all(change.worse for change in planted.changes)


def test_a_promise_is_first_broken_on_a_day_and_kept_again_from_another(planted: History) -> None:
    assert [turn.sentence for turn in planted.promises] == [
        f"buble edit (emulator): {PRICE} first broken on {day(70)} (run night-0070)",
        f"buble edit (emulator): {PRICE} kept again from {day(80)} on (run night-0080)",
    ]
    assert planted.broken == ()


def test_other_documents_and_another_harness_are_marks(planted: History) -> None:
    assert [(mark.run, mark.kind, mark.text) for mark in planted.marks] == [
        (50, "documents", "documents changed"),
        (90, "harness", "harness 0.2.0"),
    ]


def test_a_benchmarks_figures_and_promises_are_series_of_their_own(tmp_path: Path) -> None:
    def benchmark(at: int, made: Summary) -> None:
        kept_but_in(range(at, at + (at + 1) % 2))(at, made)
        if at % 2:
            place = {"provider": "buble", "workload": "square", "stage": "c4", "fit": "exact"}
            time = {"value": 40.0, "low": 39.0, "high": 41.0, "n": 9}
            made["providers"]["buble"]["promises"]["held"] = 5
            made["benchmark"] = {
                "speeds": [{**place, "n": 9, "median": time, "p95": {"value": None}}],
                "reliability": [
                    {**place, "sent": 9, "usable": {"value": 1, "low": 0.7, "high": 1}}
                ],
                "spend": [{**place, "unit": "credit", "usable": 9, "per_image": 3}],
            }

    history = history_of(write_runs(tmp_path, 20, benchmark), now=NOW)
    of_it = {(each.about, each.figure): len(each.points) for each in history.series}

    assert of_it["square at c4", "median"] == of_it["generate", "median"] == 10
    assert of_it["square at c4", "failed"] == of_it["", "failed"] == of_it["square", "price"] == 10
    assert of_it["benchmark", "held"] == of_it["", "held"] == 10
    assert (history.changes, history.promises) == ((), ())
    assert [key[2:] for key in history.broken] == [("edit", PRICE)]


def test_a_plan_that_lasts_is_a_mark_and_one_of_ever_new_seeds_is_none(tmp_path: Path) -> None:
    def planned(at: int, made: Summary) -> None:
        plan = "a" if at < 5 else "b" if at < 10 else str(at)
        made["run"]["plan_digests"] = {"buble": plan}

    marks = history_of(write_runs(tmp_path, 15, planned), now=NOW).marks

    assert [(mark.run, mark.kind, mark.text) for mark in marks] == [(5, "plan", "another plan")]


def test_a_promise_that_turns_often_is_told_in_one_sentence(tmp_path: Path) -> None:
    def odd(at: int, made: Summary) -> None:
        kept_but_in(range(at, at + at % 2))(at, made)

    told = history_of(write_runs(tmp_path, 21, odd), now=NOW).promises

    assert [turn.sentence for turn in told] == [
        (
            f"buble edit (emulator): {PRICE} broken in 10 of 21 runs, again and again"
            f" from {day(1)} to {day(19)}"
        )
    ]


def test_figures_of_an_emulator_and_of_a_live_provider_are_never_in_one_series(
    tmp_path: Path,
) -> None:
    def live(at: int, made: Summary) -> None:
        kinds = [("emulator", "emulator"), ("live", "https://a.test"), ("recorded", "emulator")]
        evidence, source = kinds[at % 3]
        for provider in made["providers"].values():
            provider |= {"evidence": evidence, "source": source}
        for row in made["latency"]:
            row["median"]["value"] = 10.0 * (1 + at % 3)

    history = history_of(write_runs(tmp_path, 30, live), now=NOW)
    medians = {
        each.base: {point.value for point in each.points}
        for each in history.series
        if (each.about, each.figure) == ("generate", "median")
    }

    assert medians == {"emulator": {10.0}, "live": {20.0}, "emulator, recorded": {30.0}}
    assert history.changes == ()


def test_a_day_and_a_provider_choose_the_runs(tmp_path: Path) -> None:
    write_runs(tmp_path, 4, providers=("buble", "openai"))
    seen = history_of(
        tmp_path, providers=["openai"], since=(FIRST + timedelta(days=2)).date(), now=NOW
    )

    assert [run.run for run in seen.runs] == ["night-0002", "night-0003"]
    assert {each.provider for each in seen.series} == {"openai"}
    with pytest.raises(UsageError, match=r"'nobody'.*buble, openai"):
        history_of(tmp_path, providers=["nobody"], now=NOW)
    with pytest.raises(NothingTested, match="no run since 2030-01-01"):
        history_of(tmp_path, since=date(2030, 1, 1), now=NOW)


def _odd(tmp_path: Path) -> None:
    def run(name: str, at: datetime = FIRST, **fields: object) -> Summary:
        made = summary_of(at, run=name)
        made["run"] |= fields
        return made

    write(tmp_path / "good", run("good"))
    write(tmp_path / "copied" / "of-good", run("good"))
    (tmp_path / "cut-off").mkdir()
    (tmp_path / "cut-off" / "run.json").write_text("{}")
    write(tmp_path / "empty", "")
    write(tmp_path / "torn", '{"schema": 1, "run": {"run": "torn"')
    write(tmp_path / "words", '"words"')
    write(tmp_path / "newer", run("newer") | {"schema": 7})
    write(tmp_path / "unsaid", {"some": "thing"})
    (tmp_path / "bytes").mkdir()
    (tmp_path / "bytes" / "summary.json").write_bytes(b'{"schema": 1, "run": "\xff\xfe"}')
    huge = write(tmp_path / "huge", "{}") / "summary.json"
    with huge.open("r+b") as file:
        file.truncate(2 * 2**30)
    (tmp_path / "linked").mkdir()
    (tmp_path / "linked" / "summary.json").symlink_to(tmp_path / "good" / "summary.json")
    (tmp_path / "round").symlink_to(tmp_path)
    write(
        tmp_path / "backwards", run("backwards", FIRST + timedelta(days=1), finished="2025-01-01")
    )
    write(tmp_path / "soon", run("soon", NOW + timedelta(days=40)))
    write(tmp_path / "far", run("far", datetime(2099, 1, 1, tzinfo=UTC)))
    write(tmp_path / "undated", run("undated", created="yesterday"))
    write(tmp_path / "equal", run("equal", seed=5))
    write(tmp_path / "half", run("half", FIRST + timedelta(days=2), interrupted=True))
    lean = run("lean", FIRST + timedelta(days=3))
    write(tmp_path / "lean", {"schema": 1, "run": lean["run"], "providers": lean["providers"]})
    wrong = run("wrong", FIRST + timedelta(days=4))
    wrong["latency"] = "none"
    wrong["findings"] = [3, {"provider": ["x"]}]
    wrong["providers"]["buble"]["cost"] = {"amount": "NaN", "unit": None}
    write(tmp_path / "wrong", wrong)
    write(tmp_path / "[a]* ?\\ü'", run("named", FIRST + timedelta(days=5)))


def test_whatever_is_odd_is_told_in_a_sentence_and_the_others_are_read(tmp_path: Path) -> None:
    _odd(tmp_path)
    history = history_of(tmp_path, now=NOW)
    expected = [
        "bytes: its summary.json is no JSON of a run",
        "cut-off: cut off before its report was written",
        "empty: its summary.json is empty",
        "far: says it ran on 2099-01-01; left out",
        "good: the same run as copied/of-good; counted once",
        "half: interrupted",
        "huge: its summary.json has 2,048 MiB",
        "linked: its summary.json is a link",
        "newer: its summary.json has schema 7",
        "soon: dated after today (2026-11-30)",
        "torn: its summary.json is no JSON of a run",
        "undated: says no day on which it ran",
        "unsaid: its summary.json says no schema",
        "words: its summary.json says no schema",
        "backwards: finished before it began",
        "equal, copied/of-good: of one date with another",
    ]

    assert [run.run for run in history.runs] == (
        ["equal", "good", "backwards", "half", "lean", "wrong", "named", "soon"]
    )
    assert len(history.notes) == len(expected)
    assert [words for words in expected if not any(words in note for note in history.notes)] == []


@pytest.mark.parametrize("kind", ["missing", "file", "empty", "cut off"])
def test_a_folder_without_a_run_is_wrong_usage(tmp_path: Path, kind: str) -> None:
    folder = tmp_path / "runs"
    if kind == "file":
        folder.write_text("")
    elif kind != "missing":
        folder.mkdir()
    if kind == "cut off":
        (folder / "run.json").write_text("{}")

    with pytest.raises(UsageError) as told:
        history_of(folder)

    assert "\n" not in str(told.value)
    assert str(folder) in str(told.value)


def test_a_page_of_very_many_providers_and_operations_stays_small(tmp_path: Path) -> None:
    made = summary_of(FIRST, run="wide")
    (provider,), (row, *_) = made["providers"].values(), made["latency"]
    made["providers"] = {f"provider-{at}": provider for at in range(300)}
    made["latency"] = [row | {"operation": f"operation-{at}" * 9} for at in range(3000)]
    history = history_of(write(tmp_path, made), now=NOW)
    page = history_html(page_of(history))

    assert len(page) < PAGE_BYTES
    assert "260 more providers" in page


def test_the_page_leads_to_the_reports_of_the_runs_that_changed_and_of_the_last(
    tmp_path: Path,
) -> None:
    runs = write_runs(tmp_path / "a b:c", 30, slower(20, 1.5))
    for at in (20, 29):
        (folder,) = runs.glob(f"*/night-{at:04d}")
        (folder / "index.html").write_text("<p>a report")
    history = history_of(runs)
    (changed,) = {change.run for change in history.changes}
    write_page(history, runs / "history.html")
    write_page(history, tmp_path / "elsewhere.html")
    links = [
        re.findall(r'<a href="([^"#]+)"', page.read_text())
        for page in (runs / "history.html", tmp_path / "elsewhere.html")
    ]

    assert changed == 20
    assert links[0] == ["2026-01/night-0020/index.html", "2026-02/night-0029/index.html"]
    assert links[1] == [f"a%20b%3Ac/{each}" for each in links[0]]
