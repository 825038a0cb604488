from decimal import Decimal
from pathlib import Path

import pytest

from harness.core.benchmark import Purchase, Slo
from harness.core.errors import UsageError
from harness.spec.workload.workloads import (
    load_workload_file,
    load_workloads,
    select_purchase,
    select_workloads,
)

WORK = """
[[workload]]
name = "draft"
operation = "generate"
"""
WHOLE = """[purchase]
images_per_month = 10_000
slo = "p95<60s"
failure_share = 0.02
usd_per_image = 0.05
usd_per_month = 400
"""


def written(folder: Path, text: str, name: str = "mine.toml") -> Path:
    path = folder / name
    path.write_text(text, encoding="utf-8")
    return path


def test_a_file_says_what_its_workloads_are_bought_for(tmp_path: Path) -> None:
    path = written(tmp_path, WHOLE + WORK)

    assert load_workload_file(path).purchase == Purchase(
        images_per_month=10_000,
        slo=Slo(quantile=0.95, seconds=60.0),
        failure_share=0.02,
        usd_per_image=Decimal("0.05"),
        usd_per_month=Decimal(400),
    )
    assert load_workloads(path) == load_workloads(written(tmp_path, WORK, "plain.toml"))


def test_a_file_without_a_purchase_and_an_empty_one_ask_for_nothing(tmp_path: Path) -> None:
    assert load_workload_file(written(tmp_path, WORK)).purchase is None
    assert load_workload_file(written(tmp_path, "[purchase]\n" + WORK)).purchase is None


@pytest.mark.parametrize(
    ("table", "says"),
    [
        ("images_per_month = 0", "line 2, purchase.images_per_month: "),
        ("images_per_month = 1.5", "line 2, purchase.images_per_month: "),
        ("\nslo = '60s'", "line 3, purchase.slo: write a ceiling like 'p95<60s'"),
        ("slo = 60", "line 2, purchase.slo: write a ceiling"),
        ("failure_share = 2", "line 2, purchase.failure_share: write a share from 0 to below 1"),
        ("failure_share = true", "line 2, purchase.failure_share: write a share"),
        ("usd_per_image = 0", "line 2, purchase.usd_per_image: write an amount"),
        ("usd_per_image = 'cheap'", "line 2, purchase.usd_per_image: write an amount"),
        ("usd_per_image = nan", "line 2, purchase.usd_per_image: write an amount"),
        ("usd_per_month = 9", "line 2, purchase.usd_per_month: a price of a month needs images"),
        ("usd_per_imag = 9", "line 2, purchase.usd_per_imag: unknown key; did you mean usd_per_im"),
        ("failure_share = 2\nslo = 1", "(and 1 more)"),
    ],
)
def test_a_mistake_is_told_with_its_line_and_key(tmp_path: Path, table: str, says: str) -> None:
    path = written(tmp_path, f"[purchase]\n{table}\n{WORK}")

    with pytest.raises(UsageError) as caught:
        load_workload_file(path)

    assert says in str(caught.value)


def test_a_purchase_that_is_no_table_is_a_mistake(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match=r"line 1, purchase: write a table, \[purchase\]"):
        load_workload_file(written(tmp_path, "purchase = 1\n" + WORK))


def test_the_words_of_a_choice_mean_one_purchase(tmp_path: Path) -> None:
    mine = written(tmp_path, WHOLE + WORK)
    other = written(tmp_path, "[purchase]\nfailure_share = 0.5\n" + WORK, "other.toml")

    assert select_purchase(["default"]) is None
    assert select_purchase([f"{mine}:draft", "default"]) == load_workload_file(mine).purchase
    assert select_workloads([f"{mine}:draft"]) == load_workloads(mine)
    with pytest.raises(UsageError, match="two files have a"):
        select_purchase([str(mine), str(other)])
