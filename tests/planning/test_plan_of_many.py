"""A plan of many requests is on the disk; its file, its digest and its price are the same."""

import json
from collections.abc import Callable
from dataclasses import replace
from functools import cache
from pathlib import Path

import pytest

from harness.core.case import Exploration, Plan
from harness.core.errors import RecordingError
from harness.core.jsonvalue import digest, with_texts
from harness.core.longtext import name_of
from harness.core.workload import Workload
from harness.planning import plan as of_plan
from harness.planning.benchmark_options import Measuring
from harness.planning.kept_requests import IN_MEMORY
from harness.planning.plan import dumped, plan_digest, plan_to_json, read_plan
from harness.planning.plan_rows import PlanRows
from harness.runner.plans import plan_of, save_plan
from harness.store.folder import RunFolder
from harness.store.spool import Spool
from tests.plans import benchmark_plan
from tests.shipped import shipped_provider
from tests.workloads import options

NAME = "sub2api"
DRAFT = Workload(name="draft", operation="generate", size="1024x1024", quality="low")
FEW, MANY = 7, IN_MEMORY + 9


@cache
def measured(blocks: int) -> Plan:
    asked = Measuring(workloads=(DRAFT,), blocks=blocks, warm_up=0)
    return benchmark_plan(options(asked, providers=(NAME,)))[1][NAME]


def written_at_once(plan: Plan) -> bytes:
    saved = with_texts(plan_to_json(plan), name_of)
    return json.dumps(saved, ensure_ascii=False, indent=1).encode() + b"\n"


def test_few_requests_are_a_tuple_and_many_are_on_the_disk() -> None:
    few, many = measured(FEW).shots, measured(MANY).shots

    assert isinstance(few, tuple)
    assert isinstance(many, Spool)
    assert len(many) == MANY
    assert [shot.case.id for shot in many[:FEW]] == [shot.case.id for shot in few]


@pytest.mark.parametrize("blocks", [FEW, MANY])
def test_a_plan_is_saved_and_digested_as_if_it_were_held_whole(blocks: int) -> None:
    plan = measured(blocks)

    assert dumped(plan) == written_at_once(plan)
    assert plan_digest(plan) == digest(plan_to_json(plan))


def test_a_plan_without_requests_is_saved_and_digested_like_any_other() -> None:
    empty = replace(measured(FEW), shots=())

    assert dumped(empty) == written_at_once(empty)
    assert plan_digest(empty) == digest(plan_to_json(empty))


def test_a_large_plan_is_written_beside_the_journal_and_read_back(tmp_path: Path) -> None:
    plan, folder = measured(MANY), RunFolder.create(tmp_path / "run")
    save_plan(folder, plan)
    folder.close()
    saved = tmp_path / "run" / f"plan-{NAME}.json"

    assert saved.read_bytes() == written_at_once(plan)
    read = plan_of(tmp_path / "run", shipped_provider(NAME), digest=plan_digest(plan))
    assert list(read.shots) == list(plan.shots)


def saved(tmp_path: Path, content: bytes, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A plan's file that is too large to be read at once."""
    monkeypatch.setattr(of_plan, "FILE_AT_MOST_BYTES", 10)
    (tmp_path / "plan.json").write_bytes(content)
    return tmp_path / "plan.json"


@pytest.mark.parametrize("exploration", [None, Exploration(requests=3)])
def test_what_is_read_request_by_request_is_what_was_saved(
    exploration: Exploration | None, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    plan = replace(measured(FEW), exploration=exploration)
    path = saved(tmp_path, dumped(plan), monkeypatch)

    assert read_plan(path, provider=shipped_provider(NAME), hint="") == plan
    assert [*PlanRows(path)] == json.loads(dumped(plan))["cases"]


ALTERED: dict[str, Callable[[str], str]] = {
    "cut off": lambda text: text[: len(text) // 2],
    "of another price": lambda text: text.replace('"images": 1', '"images": 2', 1),
    "of one line": lambda text: text.replace("\n", ""),
    "without a price": lambda text: text.replace('"price"', '"prise"', 1),
    "of another provider": lambda text: text.replace(NAME, "buble", 1),
    "of nothing": lambda text: " " * len(text),
}


@pytest.mark.parametrize("what", ALTERED)
def test_a_large_plan_that_was_altered_is_refused(
    what: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    altered = ALTERED[what](dumped(measured(FEW)).decode())
    path = saved(tmp_path, altered.encode(), monkeypatch)

    with pytest.raises(RecordingError):
        read_plan(path, provider=shipped_provider(NAME), hint="")
