import asyncio
from pathlib import Path

from harness.core.benchmark import OwnWaits
from harness.core.outcome import Fault
from harness.runner.execution.conversation import Journal
from harness.runner.execution.own_waits import limit_notes, own_waits
from harness.store.folder import RunFolder
from harness.store.line import Ended
from harness.transport.bodies.decoder import ImageDecoder


def test_the_waits_of_a_run_are_counted_where_they_happen(tmp_path: Path) -> None:
    outcome = Fault(error_class="unknown", why="none", may_be_paid=False)

    async def written() -> OwnWaits:
        decoder, journal = ImageDecoder(decoders=3), Journal(RunFolder.create(tmp_path / "run"))
        await decoder.queue.through(None, lambda: None)
        await journal.append(Ended(provider="p", case="c", outcome=outcome))
        journal.close()
        return own_waits(journal, decoder)

    waits = asyncio.run(written())

    assert (waits.decoders, waits.replies, waits.journal_lines) == (3, 1, 1)
    assert waits.journal_s >= waits.journal_longest_s > 0


def test_a_run_that_waited_for_its_own_machine_says_so_with_what_to_do() -> None:
    waits = OwnWaits(decoders=1, replies=16, decoder_full=15, decoder_s=60.0, decoder_longest_s=8.0)

    (note,) = limit_notes(waits)

    assert note.startswith("this machine was the limit: 15 of 16 replies found all decoders (1)")
    assert "--decoders 2" in note
    assert "no provider's time holds that" in note


def test_a_run_that_waited_for_nothing_says_nothing() -> None:
    assert list(limit_notes(OwnWaits(decoders=1))) == []
