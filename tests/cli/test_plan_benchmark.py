import json
import re
import socket
from pathlib import Path
from typing import Any

import pytest

from harness.cli.main import status
from harness.reference_images import reference_bytes
from tests.shipped import NAMES

MINE = """
[[workload]]
name = "wide"
operation = "generate"
size = "1536x1024"

[[workload]]
name = "edit"
operation = "edit"
references = 2
"""


@pytest.fixture(autouse=True)
def _offline(monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*_args: object, **_kwargs: object) -> None:
        raise AssertionError("a plan must send nothing")

    monkeypatch.setattr(socket.socket, "connect", refuse)
    monkeypatch.setattr(socket, "getaddrinfo", refuse)
    monkeypatch.setenv("COLUMNS", "120")


def planned(capsys: pytest.CaptureFixture[str], *words: str) -> str:
    assert status(["plan", "--only", "benchmark", *words]) == 0
    told = capsys.readouterr()
    assert told.err == ""
    return told.out


def lines(capsys: pytest.CaptureFixture[str], *words: str) -> list[dict[str, Any]]:
    return [json.loads(line) for line in planned(capsys, "--json", *words).splitlines()]


def row(told: str, name: str, having: str) -> str:
    """The first line that begins with a name and holds a text, its spaces made one."""
    found = (" ".join(line.split()) for line in told.splitlines())
    return next(line for line in found if line.startswith(f"{name} ") and having in line)


def test_json_is_a_plan_with_its_fits_and_the_design_for_each_provider(
    capsys: pytest.CaptureFixture[str],
) -> None:
    found = lines(capsys, "--seed", "3", "--blocks", "2", "--slo", "p95<60s")

    assert [one["provider"] for one in found] == [*NAMES]
    for one in found:
        assert one["seed"] == one["design"]["seed"] == 3
        assert len(one["cases"]) == 4
        assert {case["slot"]["block"] for case in one["cases"]} == {1, 2}
        assert {case["stage"] for case in one["cases"]} == {"measure"}
        for case in one["cases"]:
            assert case.keys() >= {"id", "operation", "expect", "breaks", "covers", "arguments"}
            assert case["request"].keys() >= {"method", "path", "headers", "json"}
            assert case["price"].keys() - {"at_most"} == {"amount", "unit", "images"}
        assert [fit["workload"] for fit in one["fits"]] == ["square-draft", "any-size-draft"]
        assert one["design"]["slo"] == {"quantile": 0.95, "seconds": 60.0}
        assert one["design"]["stages"] == [
            {"name": "c4", "blocks": 2, "concurrency": 4, "rate_per_s": None}
        ]
    (size, quality) = found[0]["fits"][0]["differences"]
    assert (size["asked"], size["sent"], quality["sent"]) == ("1024x1024", "1K at 1:1", None)


def test_the_mapping_says_what_is_exact_and_why_the_rest_is_not(
    capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    path = tmp_path / "mine.toml"
    path.write_text(MINE, encoding="utf-8")

    told = planned(capsys, "--workload", str(path), "--workload", "square-draft")

    assert row(told, "workload", "buble") == (
        "workload buble sub2api apiframe nanobanana aimlapi openai"
    )
    assert row(told, "wide", "exact") == "wide unsupported exact unsupported exact exact exact"
    assert row(told, "edit", "exact") == "edit exact exact unsupported exact exact exact"
    assert row(told, "square-draft", "exact") == (
        "square-draft nearest exact nearest exact exact exact"
    )
    assert "  buble, unsupported: 1536x1024 cannot be asked for: it has resolution" in told
    assert "  buble, nearest: 1K at 1:1 in place of 1024x1024: the pixel sizes" in told
    assert row(told, "buble", "credits").startswith("buble 16 16 16 credits")
    assert row(told, "nanobanana", "credits").startswith("nanobanana 24 24 232 credits")


def test_the_price_is_that_of_all_blocks_and_stages(capsys: pytest.CaptureFixture[str]) -> None:
    told = planned(
        capsys, "--provider", "apiframe", "--warm-up", "2", "--sweep", "1,4",
        "--image-seconds", "60",
    )  # fmt: skip

    assert row(told, "apiframe", "credits") == "apiframe 40 40 160 credits undocumented 25.0"
    assert "8 blocks of 2 requests to each provider, warm-up before them: 2 blocks" in told
    assert "each provider, 1 at once, 4 at once (2 stages): " in told


def test_a_timetable_is_as_long_as_its_rate_says(capsys: pytest.CaptureFixture[str]) -> None:
    told = planned(capsys, "--provider", "sub2api", "--rate", "2/min", "--until-decided")

    assert row(told, "sub2api", "images").endswith(" 60.0")
    assert "until decided: these are the most requests" in told


def test_a_budget_says_how_far_it_reaches(capsys: pytest.CaptureFixture[str]) -> None:
    told = planned(
        capsys, "--budget", "buble=5", "--budget", "buble=100", "--budget", "apiframe=0",
    )  # fmt: skip

    assert "Buble: 5 credits: reaches 5 of 16 requests, up to stage c4, block 3\n" in told
    assert "Buble: 100 credits: reaches all 16 requests\n" in told
    assert "Apiframe: 0 credits: reaches 0 of 16 requests\n" in told
    assert "AI/ML API:" not in told


def test_limits_of_images_and_requests_bound_every_provider(
    capsys: pytest.CaptureFixture[str],
) -> None:
    found = lines(capsys, "--max-images", "7", "--max-requests", "9")

    assert [one["budgets"][0]["requests"] for one in found] == [7] * len(NAMES)
    assert [len(one["cases"]) for one in found] == [16] * len(NAMES)


def test_references_lie_where_the_user_says_and_are_written_on_demand(
    capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    what = ["--workload", "square-edit", "--provider", "nanobanana", "--blocks", "1", "--json"]
    where = ["--assets-url", "https://cdn.example/a", "--write-assets", str(tmp_path)]
    code = status(["plan", "--only", "benchmark", *what, *where])
    told = capsys.readouterr()

    assert code == 0
    sent = json.loads(told.out)["cases"][0]["request"]["json"]["image"]
    assert sent == "https://cdn.example/a/png-rgb-512x512-1.png"
    assert told.err == f"1 reference image written to {tmp_path}\n"
    name = "png-rgb-512x512-1.png"
    assert (tmp_path / name).read_bytes() == reference_bytes(name)


@pytest.mark.parametrize(
    ("words", "told"),
    [
        (["--only", "benchmark", "--workload", "nothing"], "--workload nothing: no such"),
        (["--only", "benchmark", "--arrivals", "poisson"], "--arrivals poisson needs a rate"),
        (
            ["--only", "benchmark", "--operation", "edit"],
            "--operation: for conformance only (choose what is asked with --workload",
        ),
        (["--only", "benchmark", "--discover"], "--discover: for conformance only"),
        (["--blocks", "3"], "--blocks: for a benchmark only (add --only benchmark)"),
        (["--concurrency", "3"], "--concurrency: for a benchmark only"),
    ],
)
def test_wrong_usage_is_one_line_and_code_2(
    words: list[str], told: str, capsys: pytest.CaptureFixture[str]
) -> None:
    code = status(["plan", *words])
    shown = capsys.readouterr()

    assert code == 2
    assert shown.out == ""
    assert told in shown.err
    assert len(shown.err.splitlines()) == 1


def test_the_tables_keep_to_the_terminals_width(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("COLUMNS", "80")

    told = planned(capsys)

    tables = [line for line in told.splitlines() if re.match(r"  \S+  ", line)]
    assert tables
    assert max(map(len, tables)) <= 80
