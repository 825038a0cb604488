import asyncio
import base64
import io
import json
import time
from collections.abc import Sequence
from pathlib import Path

import pytest
from PIL import Image

from harness.core.case import PlannedRequest
from harness.core.errors import StoreError
from harness.core.outcome import Images
from harness.runner.conformance.session import Session
from harness.runner.execution.budget import Budget
from harness.runner.execution.conversation import Journal
from harness.runner.execution.failures import CUT_OFF
from harness.runner.execution.provider_run import ProviderRun
from harness.store.folder import RunFolder
from harness.store.line import Sent
from harness.store.reader import StoredRun, read_run
from harness.transport.bodies.images import ImageCollector, Keep
from harness.transport.client import Live, LiveEndpoint
from harness.transport.redaction import Redactor
from tests.loopback import HUNG_S
from tests.plans import accepted
from tests.runner.hostile import Received, http, serving
from tests.runner.journals import EVIDENCE, header, part
from tests.shipped import shipped_provider


def shots() -> Sequence[PlannedRequest]:
    """What is planned here: the first valid generations of a plan."""
    return accepted("sub2api", 4).shots


def image(width: int) -> bytes:
    file = io.BytesIO()
    Image.new("RGB", (width, 8), "red").save(file, "PNG")
    return file.getvalue()


def served(width: int) -> bytes:
    return http({"created": 1, "data": [{"b64_json": base64.b64encode(image(width)).decode()}]})


def session(
    folder: RunFolder,
    url: str,
    keep: Keep | None = None,
    *,
    past: StoredRun | None = None,
    images: int | None = None,
) -> tuple[Session, Journal]:
    started = time.monotonic()
    pictures = ImageCollector(keep or folder.keep_image)

    def transport() -> Live:
        return Live(
            LiveEndpoint(base_url=url, auth=shipped_provider("sub2api").auth, key="a-test-key"),
            pictures=pictures,
            redactor=Redactor({}),
            now_s=lambda: time.monotonic() - started,
        )

    journal = Journal(folder)
    made = part(accepted("sub2api", 4), transport, journal, budget=Budget(images=images), past=past)
    return Session(part=made, concurrency=2), journal


def folder_at(path: Path) -> RunFolder:
    folder = RunFolder.create(path)
    folder.write_header(header())
    return folder


def test_an_image_that_cannot_be_kept_ends_the_run_and_cuts_off_nobody(tmp_path: Path) -> None:
    async def go() -> int:
        failed, loop, posts = asyncio.Event(), asyncio.get_running_loop(), 0

        async def answer(_request: Received, writer: asyncio.StreamWriter) -> None:
            nonlocal posts
            posts += 1
            if posts == 3:
                await failed.wait()
            writer.write(served(posts))

        folder = folder_at(tmp_path / "run")

        def keep(name: str, raw: bytes) -> None:
            if raw == image(2):
                loop.call_soon_threadsafe(failed.set)
                raise StoreError("the disk will not take it")
            folder.keep_image(name, raw)

        async with asyncio.timeout(HUNG_S), serving(answer) as server:
            made, journal = session(folder, server.url, keep)
            with pytest.raises(StoreError, match="will not take it"):
                await made.run()
            journal.close()
        return posts

    posts = asyncio.run(go())

    past = read_run(tmp_path / "run")
    assert posts == 3  # nothing new left after the failure
    assert [type(record.outcome) for record in past.records] == [Images, Images]
    assert len(past.unfinished) == 1


def _begun(shot_number: int) -> Sent:
    shot = shots()[shot_number]
    return Sent(provider="sub2api", case=shot.case.id, shot=shot, evidence=EVIDENCE)


def _resumed(
    tmp_path: Path, answer: bytes, *begun: int, images: int | None = None
) -> tuple[ProviderRun, list[Received]]:
    async def go() -> tuple[ProviderRun, list[Received]]:
        folder = folder_at(tmp_path / "run")
        for line in map(_begun, begun):
            folder.append(line)
        async with asyncio.timeout(HUNG_S), serving(answer) as server:
            past = read_run(folder.path)
            made, journal = session(folder, server.url, past=past, images=images)
            await made.run()
            journal.close()
            return made.part, server.requests

    return asyncio.run(go())


def test_what_was_cut_off_is_asked_in_other_words_and_keeps_nothing_else_from_leaving(
    tmp_path: Path,
) -> None:
    made, requests = _resumed(tmp_path, served(8), 0, 2)

    outcomes = {record.shot.case.id: record.outcome for record in made.records}
    assert all(isinstance(one, Images) for one in outcomes.values())
    sent = [json.loads(request.body) for request in requests]
    assert len(sent) == len(shots())
    assert [shots()[number].request.body in sent for number in range(4)] == [False, True] * 2
    in_doubt = {one.shot.case.id: one.in_doubt for one in made.records if one.in_doubt}
    assert in_doubt == {shots()[number].case.id: (shots()[number],) for number in (0, 2)}
    assert read_run(tmp_path / "run").unfinished == ()


def test_what_may_be_owed_already_stays_in_doubt_where_no_money_is_left(tmp_path: Path) -> None:
    made, requests = _resumed(tmp_path, served(8), 0, 2, images=0)

    assert requests == []
    owed = sum(shots()[number].at_risk.images for number in (0, 2))
    assert (made.budget.spent_images, made.budget.images_in_doubt) == (0, owed)
    assert sum(one.outcome == CUT_OFF for one in made.records) == 2
    assert read_run(tmp_path / "run").unfinished == ()


def test_a_provider_that_is_away_today_leaves_what_was_cut_off_for_another_day(
    tmp_path: Path,
) -> None:
    refused = http({"code": "INVALID_API_KEY", "message": "no"}, status="401 Unauthorized")

    made, requests = _resumed(tmp_path, refused, 1)

    assert len(requests) == 1
    assert len(made.records) == len(shots())
    past = read_run(tmp_path / "run")
    assert [item.line.case for item in past.unfinished] == [shots()[1].case.id]


@pytest.mark.parametrize(
    ("answer", "posts"),
    [
        (http("<html>", status="502 Bad Gateway"), 3),  # it answers: two others are tried
        (http({"error": {"message": "no accounts"}}, status="503 Service Unavailable"), 9),
        (http({"code": "INVALID_API_KEY", "message": "no"}, status="401 Unauthorized"), 1),
        (b"", 1),
    ],
)
def test_the_first_request_is_repeated_only_where_it_cannot_have_been_paid(
    tmp_path: Path, answer: bytes, posts: int
) -> None:
    made, requests = _resumed(tmp_path, answer)

    assert len(requests) == posts
    assert len(made.records) == len(shots())
    assert len(read_run(tmp_path / "run").records) == len(shots())


def test_a_line_that_was_begun_is_written_although_nobody_waits_for_it(tmp_path: Path) -> None:
    async def go() -> None:
        journal = Journal(folder_at(tmp_path / "run"))
        lines = [_begun(number) for number in range(4)]
        tasks = [asyncio.create_task(journal.append(line)) for line in lines]
        await asyncio.sleep(0)
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        journal.close()

    asyncio.run(go())

    assert len(read_run(tmp_path / "run").unfinished) == 4
