"""The state of a watch as a file: as it was, or none at all."""

from decimal import Decimal
from pathlib import Path

import pytest

from harness.core.errors import UsageError
from harness.watching.files import STATE, canary_name, dumped_state, read_state, run_names
from harness.watching.model import Alerted, Message, Spent, State

ALERTED = Alerted(
    provider="p", kind="slower", operation="", promise="", sentence="slower", since="2026-12-01"
)
STATE_OF_TODAY = State(
    alerted=(ALERTED,),
    decided=("2026-12-01",),
    messages=(
        Message(id="1", day="2026-12-01", kind="alert", sentences=("x",), changes=(ALERTED,)),
    ),
    spent={"2026-12-01": {"p": Spent(images=3, amount=Decimal("0.12"))}},
)


def test_a_state_is_read_as_it_was_written(tmp_path: Path) -> None:
    (tmp_path / STATE).write_bytes(dumped_state(STATE_OF_TODAY))

    assert read_state(tmp_path) == STATE_OF_TODAY


@pytest.mark.parametrize("content", [b"", b"{", b"[]", b'{"format": 1, "decided": 3}', b"\xff"])
def test_a_damaged_state_is_none(tmp_path: Path, content: bytes) -> None:
    (tmp_path / STATE).write_bytes(content)

    assert read_state(tmp_path) is None


def test_a_state_of_a_later_harness_is_refused(tmp_path: Path) -> None:
    (tmp_path / STATE).write_bytes(b'{"format": 99}')

    with pytest.raises(UsageError, match="format 99"):
        read_state(tmp_path)


def test_the_canaries_of_a_day_have_numbers_and_stand_by_their_time(tmp_path: Path) -> None:
    for name in ("2026-12-02", "2026-12-01.10", "2026-12-01.2", "2026-12-01-again", "2026-12-01"):
        (tmp_path / "runs" / name).mkdir(parents=True)

    assert run_names(tmp_path) == [
        "2026-12-01",
        "2026-12-01-again",
        "2026-12-01.2",
        "2026-12-01.10",
        "2026-12-02",
    ]
    assert canary_name(tmp_path, "2026-12-02") == "2026-12-02.2"
    assert canary_name(tmp_path, "2026-12-03") == "2026-12-03"
