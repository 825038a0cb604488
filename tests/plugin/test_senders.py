"""What becomes of a part whose process fails, or is killed."""

from pathlib import Path

from harness.core.case import Plan
from harness.planning.options import Options, Output
from harness.pytest_plugin.conformance.engine import Sent, Work
from harness.pytest_plugin.conformance.handed import Answer, answer_file, taken_over
from harness.pytest_plugin.conformance.senders import Order, Senders

NOTHING: dict[str, Plan] = {}


def _order(folder: Path) -> Order:
    return Order(
        work=Work(options=Options(output=Output(resume=folder / "none")), plans=NOTHING, tests=()),
        selected=(),
        failed={},
        part=1,
        out=folder / "out",
        folder=folder,
    )


def _answered(senders: Senders, folder: Path) -> tuple[Answer, Sent]:
    senders.order(_order(folder))
    senders.watching[1].join()
    senders.end()
    (sent,) = senders.sent(folder)
    return taken_over(answer_file(folder, 1)), sent


def test_a_part_that_cannot_be_sent_is_answered_with_the_reason(tmp_path: Path) -> None:
    answer, sent = _answered(Senders.started(1), tmp_path)

    assert not answer.outcomes
    assert answer.why == sent.why
    assert sent.exit_code == 2
    assert "none" in sent.why


def test_a_process_that_was_killed_is_answered_for(tmp_path: Path) -> None:
    senders = Senders.started(1)
    senders.processes[0].kill()
    senders.processes[0].join()

    answer, sent = _answered(senders, tmp_path)

    assert "has ended (exit code -9)" in answer.why
    assert sent.exit_code == 3


def test_processes_without_an_order_end_with_the_session() -> None:
    senders = Senders.started(2)

    senders.end()

    assert [process.exitcode for process in senders.processes] == [0, 0]
