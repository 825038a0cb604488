import json
import os
import re
import shutil
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from harness.core.exchange import Part, Request
from harness.core.jsonvalue import Json
from harness.core.placeholders import ASSETS, MISSING, THIS_RUN, WEBHOOKS
from harness.core.record import Record
from harness.reference_images import reference_bytes
from harness.report.formats.write import write_report
from harness.report.reproduction.curl import Repeat, files_of, fitting, repeat, uploads
from harness.spec import request
from tests.report import builders as b
from tests.shipped import shipped_provider

PLAIN, MASK, GIF = "png-rgb-64x64-1.png", "png-rgba-64x64-2.png", "gif-p-64x64-1.gif"
LARGE = "png-rgba-64x64-2-bytes-52428800.png"


def edit(name: str, *files: str, mask: str | None = None) -> Record:
    """Build a record of an edit that was served; Buble's files were uploaded first."""
    arguments: dict[str, Json] = {
        "model": "openai/gpt-image-2" if name == "buble" else "gpt-image-2",
        "prompt": 'it\'s a "fox" for $5',
        "images": [b.file_arguments(one) for one in files],
    }
    if name == "buble":
        arguments["mode"] = "image_to_image"
    if mask:
        arguments["mask"] = b.file_arguments(mask)
    asked = b.case(name=name, operation="edit", arguments=arguments, breaks="images.media_type")
    served = b.record(asked, b.images(), evidence=b.EMULATOR)
    upload = shipped_provider(name).operation("edit").upload
    if upload is None:
        return served
    before = [
        b.exchange(
            "upload",
            0.0,
            0.1,
            request=Request(
                method="POST",
                target=upload.path,
                form=(
                    *(Part(name=key, value=value) for key, value in upload.fields.items()),
                    request.form_part(upload.file, b.file_arguments(one)),
                ),
            ),
        )
        for one in files
    ]
    return replace(served, exchanges=(*before, *served.exchanges))


def told(record: Record, *, written: tuple[str, ...] | None = None) -> Repeat:
    shop = shipped_provider(record.shot.case.provider)
    return repeat(record, shop, written=files_of(record) if written is None else written)


def test_a_forms_files_are_named_under_the_run_folder() -> None:
    again = told(edit("sub2api", PLAIN, mask=MASK))

    assert f"-F 'image[]=@files/{PLAIN};type=image/png'" in again.text
    assert f"-F 'mask=@files/{MASK};type=image/png'" in again.text
    assert again.notes == (
        "Run it in the folder of this report: files/ there holds what it sends.",
    )


def test_an_upload_stands_before_the_request_that_takes_its_address() -> None:
    first, second = told(edit("buble", GIF)).text.split(" &&\n")

    assert first.startswith("FILE=$(curl -sS -X POST")
    assert f"file=@files/{GIF}" in first
    assert """print(found["data"]["url"])""" in first
    assert """["'"$FILE"'"]""" in second
    assert ASSETS not in second


def test_several_uploads_are_kept_apart_and_each_is_sent_once() -> None:
    record = edit("buble", PLAIN, GIF)
    again = told(replace(record, exchanges=(record.exchanges[0], *record.exchanges)))

    assert re.findall(r"^FILE_\d", again.text, re.MULTILINE) == ["FILE_1", "FILE_2"]
    assert """["'"$FILE_1"'", "'"$FILE_2"'"]""" in again.text
    assert len(uploads(record)) == 2


def test_a_prompt_that_quotes_a_stand_in_is_left_as_it_is() -> None:
    record = edit("buble", PLAIN)
    body = record.shot.request.body
    assert isinstance(body, dict)
    odd = replace(record.shot.request, body={**body, "prompt": f'see "{ASSETS}{PLAIN}"'})
    again = told(replace(record, shot=replace(record.shot, request=odd)))

    assert again.text.count("$FILE") == 1


def test_stand_ins_say_what_to_put_in_their_place() -> None:
    request = Request(
        method="POST",
        target="/v2/images/generate",
        headers=(("Idempotency-Key", f"{THIS_RUN}-edit/base"),),
        body={"p": {"images": [f"{ASSETS}{PLAIN}", MISSING]}, "hook": f"{WEBHOOKS}edit"},
    )
    shot = b.shot(b.case(name="apiframe"))
    shot = replace(
        shot, request=request, case=replace(shot.case, follow_ups=("same_key", "poll_again"))
    )
    again = told(replace(b.record(b.case(name="apiframe"), b.images()), shot=shot))

    assert f"'Idempotency-Key: {THIS_RUN}-edit/base'" in again.text
    assert [note.partition(" in the place of ")[2].split()[0] for note in again.notes] == [
        ASSETS,
        f"{MISSING}.",
        WEBHOOKS,
        f"{THIS_RUN}:",
    ]
    assert "--assets-url" in again.notes[0]
    assert "sent twice" in again.notes[-1]


def test_only_files_that_this_harness_makes_are_promised() -> None:
    foreign = Part(name="image[]", filename="holiday.png", media_type="image/png")
    other_bytes = Part(name="mask", filename=MASK, media_type="image/png", digest="0" * 64)
    impossible = Part(name="image[]", filename="png-rgb-640x640-1-bytes-9.png")
    request = Request(method="POST", target="/e", form=(foreign, other_bytes, impossible))
    record = b.record(b.case(), b.images())
    record = replace(record, shot=replace(record.shot, request=request))
    again = told(record)

    assert files_of(record) == ()
    assert "files/" not in again.text
    (note,) = again.notes
    assert note == (
        f"Nobody kept holiday.png, {MASK}, png-rgb-640x640-1-bytes-9.png: put your own into the"
        " current folder."
    )


def test_the_files_of_a_run_are_bounded_and_a_large_one_says_how_it_is_made(
    tmp_path: Path,
) -> None:
    chosen = fitting([LARGE, PLAIN, "png-rgb-64x64-3-bytes-20000000.png", PLAIN])
    again = told(edit("sub2api", PLAIN, mask=LARGE), written=chosen)
    (note,) = (note for note in again.notes if LARGE in note)

    assert chosen == (PLAIN, "png-rgb-64x64-3-bytes-20000000.png")
    assert "52,428,800 bytes" in note
    command = note.partition("make it with this harness: ")[2].replace(LARGE, PLAIN)
    (tmp_path / "files").mkdir()
    subprocess.run(
        ["/bin/sh", "-c", command.replace("python", sys.executable, 1)], cwd=tmp_path, check=True
    )
    assert (tmp_path / "files" / PLAIN).read_bytes() == reference_bytes(PLAIN)


def test_a_report_writes_the_files_of_its_findings_and_no_others(tmp_path: Path) -> None:
    records = [edit("sub2api", PLAIN, mask=MASK), edit("buble", GIF)]
    shown = [b.finding(one, constraint="images.media_type") for one in records]
    report = b.report([*records, edit("sub2api", "png-l-64x64-9.png")], [], shown, names=NAMES)
    write_report(tmp_path, report)
    before = (tmp_path / "files" / PLAIN).stat().st_mtime_ns
    (tmp_path / "files" / GIF).write_bytes(b"cut off")
    write_report(tmp_path, report)

    assert sorted(path.name for path in (tmp_path / "files").iterdir()) == [GIF, PLAIN, MASK]
    assert (tmp_path / "files" / GIF).read_bytes() == reference_bytes(GIF)
    assert (tmp_path / "files" / PLAIN).stat().st_mtime_ns == before


NAMES = ("buble", "sub2api")


@pytest.fixture(scope="module")
def addresses() -> Iterator[dict[str, str]]:
    command = [sys.executable, "-m", "harness.emulator", "--json", "--time-scale", "0.001"]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        yield json.loads(process.stdout.readline())["providers"]
        process.terminate()


@pytest.mark.skipif(shutil.which("curl") is None, reason="curl is not installed")
@pytest.mark.parametrize(
    ("record", "says"),
    [
        (edit("buble", PLAIN), '"id"'),
        (edit("buble", PLAIN, GIF), "unsupported_file_format"),
        (edit("sub2api", PLAIN, mask=MASK), "b64_json"),
        (edit("sub2api", GIF), "invalid_request_error"),
    ],
    ids=["buble", "buble refuses", "sub2api", "sub2api refuses"],
)
def test_the_lines_run_in_the_run_folder(
    tmp_path: Path, addresses: dict[str, str], record: Record, says: str
) -> None:
    report = b.report([record], [], [b.finding(record)], names=NAMES)
    write_report(tmp_path, report)
    environment = {
        "PATH": os.environ["PATH"],
        **{f"{name.upper()}_BASE_URL": address for name, address in addresses.items()},
        **{f"{name.upper()}_API_KEY": "any" for name in addresses},
    }
    lines = report.findings[0].curl
    done = subprocess.run(
        ["/bin/sh", "-c", lines], cwd=tmp_path, env=environment, capture_output=True, check=False
    )

    assert says in (done.stdout + done.stderr).decode()
