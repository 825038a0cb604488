"""Runs, judgements and reports look at images: what they keep of it, and when they look again."""

import base64
import json
import shutil
from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path

import pytest
import yaml

from harness import api
from harness.api import sending
from harness.core.errors import UsageError
from harness.core.exchange import Picture
from harness.core.inspection import Inspection
from harness.runner import inspecting
from harness.runner.inspecting import LOST_AT_MOST_S, TOO_OFTEN, Looking, inspected
from harness.runner.run import Run
from harness.store.line import INSPECTIONS
from harness.store.shelf import packed, unpacked
from harness.transport.inspection.inspector import NOT_INSTALLED, Inspector

pytest.importorskip("c2pa")
from tests.signing import Authority, drawn, encoded, pixels

ROOT, OTHER_ROOT = Authority(), Authority("A Stranger")
SIZE = (320, 240)
SIGNED = [ROOT.signer().signed(encoded(pixels(seed, SIZE))) for seed in range(2)]
PLAIN = encoded(pixels(9, SIZE))
PICTURE = Picture(digest="a", format="png", size_bytes=9, state="decoded")


def _recorded(path: Path, images: Sequence[bytes], *, prompt: str = "a paper kite") -> Path:
    """Write a cassette of one request of OpenAI's, served with these images."""
    texts = [{"b64_json": base64.b64encode(image).decode()} for image in images]
    json_type = {"content-type": ["application/json"]}
    asked = {"model": "gpt-image-2", "prompt": prompt, "n": len(images)}
    interaction = {
        "request": {
            "method": "POST",
            "uri": "https://api.openai.com/v1/images/generations",
            "headers": json_type,
            "body": json.dumps(asked),
        },
        "response": {
            "status": {"code": 200, "message": "OK"},
            "headers": json_type,
            "body": {"string": json.dumps({"created": 1, "data": texts})},
        },
    }
    path.write_text(yaml.safe_dump({"interactions": [interaction], "version": 1}))
    return path


@pytest.fixture
def trust(tmp_path: Path) -> Path:
    path = tmp_path / "trust.pem"
    path.write_text(ROOT.pem)
    return path


@pytest.fixture(scope="module")
def judged(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a run folder with two signed images and a plain one, looked at without a list."""
    place = tmp_path_factory.mktemp("judged")
    api.judge([_recorded(place / "t.yaml", [*SIGNED, PLAIN])], "openai", out=place / "run")
    return place / "run"


@pytest.fixture
def folder(judged: Path, tmp_path: Path) -> Path:
    """Return a copy of it."""
    return Path(shutil.copytree(judged, tmp_path / "run"))


def _lines(folder: Path) -> dict[str, dict[str, object]]:
    lines = map(json.loads, (folder / INSPECTIONS).read_text().splitlines())
    return {line["digest"]: line for line in lines}


def _chains(found: Mapping[str, Inspection]) -> list[str]:
    return sorted(str(each.manifest and each.manifest.chain) for each in found.values())


def test_a_judgement_without_a_folder_looks_and_leaves_nothing(
    tmp_path: Path, trust: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path / "tmp"))
    (tmp_path / "tmp").mkdir()

    result = api.judge([_recorded(tmp_path / "t.yaml", SIGNED)], "openai", trust_anchors=[trust])

    assert _chains(result.inspections) == ["trusted", "trusted"]
    assert all(each.manifest and each.manifest.genuine for each in result.inspections.values())
    assert list((tmp_path / "tmp").iterdir()) == []


def test_a_folder_keeps_what_was_seen_and_a_report_looks_no_more(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    kept = _lines(folder)
    assert sorted(str(line["state"]) for line in kept.values()) == ["none", "read", "read"]

    monkeypatch.setattr(inspecting, "Inspector", None)  # nobody could look
    result = api.report(folder)
    assert {*result.inspections} == {*kept}
    assert _chains(result.inspections) == ["None", "unchecked", "unchecked"]


def test_another_trust_list_has_the_images_looked_at_again(folder: Path, trust: Path) -> None:
    before = (folder / INSPECTIONS).read_bytes()
    other = folder.parent / "other.pem"
    other.write_text(OTHER_ROOT.pem)

    read_only = api.report(folder, trust_anchors=[trust])
    assert (folder / INSPECTIONS).read_bytes() == before
    assert _chains(read_only.inspections) == ["None", "trusted", "trusted"]
    written = api.report(folder, out=folder, trust_anchors=[trust])
    assert _chains(written.inspections) == ["None", "trusted", "trusted"]
    assert _chains(api.report(folder).inspections) == ["None", "trusted", "trusted"]
    untrusted = api.report(folder, trust_anchors=[other])
    assert _chains(untrusted.inspections) == ["None", "untrusted", "untrusted"]


@pytest.mark.parametrize(
    "damage",
    [
        b"",
        b"no JSON\n",
        b'{"digest": 1}\n',
        b'{"digest":"a","state":"read","manifest":{"chain":"mine"}}\n',
        b"\xff\xfe\n" * 100,
        b"[" * 100_000,
    ],
)
def test_a_damaged_cache_is_read_again_from_the_images(folder: Path, damage: bytes) -> None:
    before = _lines(folder)
    first = (folder / INSPECTIONS).read_bytes().partition(b"\n")[0]
    (folder / INSPECTIONS).write_bytes(first + b"\n" + damage)

    api.report(folder, out=folder)
    assert _lines(folder) == before


def test_neither_the_cache_nor_the_images_are_needed_for_a_report(folder: Path) -> None:
    for image in (folder / "images").iterdir():
        image.unlink()
    assert len(api.report(folder).inspections) == 3

    (folder / INSPECTIONS).unlink()
    result = api.report(folder, out=folder)
    assert result.inspections == {}
    assert not (folder / INSPECTIONS).exists()
    (folder / INSPECTIONS).symlink_to("/etc/passwd")
    assert api.report(folder).inspections == {}


def test_an_image_that_was_replaced_in_its_folder_tells_nothing(folder: Path) -> None:
    digest = next(digest for digest, line in _lines(folder).items() if line["state"] == "none")
    (folder / INSPECTIONS).unlink()
    (folder / "images" / f"{digest}.png").write_bytes(SIGNED[0])

    found = api.report(folder).inspections[digest]
    assert (found.state, found.manifest) == ("not_read", None)


def test_what_the_extra_was_missing_for_is_read_once_it_is_there(folder: Path) -> None:
    digests = [*_lines(folder)]
    lines = [{"digest": each, "state": "not_read", "why": NOT_INSTALLED} for each in digests]
    (folder / INSPECTIONS).write_text("".join(json.dumps(line) + "\n" for line in lines))

    assert _chains(api.report(folder).inspections) == ["None", "unchecked", "unchecked"]


def test_equal_images_are_looked_at_once(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    looked: list[str] = []
    inspect = Inspector.inspect

    def counted(
        self: Inspector, image: Path, digest: str = "", *, thumbnail: bool = False
    ) -> Inspection:
        looked.append(digest)
        return inspect(self, image, digest, thumbnail=thumbnail)

    monkeypatch.setattr(Inspector, "inspect", counted)
    recording = _recorded(folder.parent / "u.yaml", [PLAIN, PLAIN, SIGNED[0], PLAIN])
    assert len(api.judge([recording], "openai").inspections) == 2
    assert len(looked) == 2


def test_a_provider_whose_images_end_the_process_keeps_us_a_bounded_time(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def lost(
        self: Inspector, image: Path, digest: str = "", *, thumbnail: bool = False
    ) -> Inspection:
        assert thumbnail
        assert image.is_file()
        self.lost_s += LOST_AT_MOST_S / 2
        return Inspection(digest=digest, state="not_read", why="ended")

    monkeypatch.setattr(Inspector, "inspect", lost)
    records = api.report(folder).records
    (folder / INSPECTIONS).unlink()
    found = inspected(records, folder, Looking())

    assert [each.why for each in found.values()] == ["ended", "ended", TOO_OFTEN]


def test_a_key_in_a_manifest_is_cut_out_of_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    key = "sk-proj-Q8Zt4vXw2Lr9Nc6Jd1Hb5Gm7"
    monkeypatch.setenv("OPENAI_API_KEY", key)
    packed = {"core": {"prefer_compress_manifests": True}}
    maker = ROOT.signer()
    image = maker.signed(encoded(pixels(5, SIZE)), manifest=drawn({"name": key}), settings=packed)
    assert key.encode() not in image

    result = api.judge([_recorded(tmp_path / "t.yaml", [image])], "openai", out=tmp_path / "run")
    (found,) = result.inspections.values()
    assert found.manifest is not None
    assert found.manifest.agents == ("<OPENAI_API_KEY>",)
    assert key not in (tmp_path / "run" / INSPECTIONS).read_text()


@pytest.mark.parametrize(
    ("text", "said"),
    [
        (None, "No such file or directory"),
        ("", "it holds no certificate"),
        ("hello", "it holds no certificate"),
        (f"{ROOT.pem[:300]}", "cut off"),
        (ROOT.pem + ROOT.pem.replace("M", "N", 40), "certificate 2 in it is damaged"),
    ],
)
def test_a_trust_list_that_is_none_is_one_clear_error(
    tmp_path: Path, text: str | None, said: str
) -> None:
    file = tmp_path / "list.pem"
    if text is not None:
        file.write_text(text)

    output = api.Output(out=tmp_path / "run", trust_anchors=(file,))
    with pytest.raises(UsageError, match=f"--trust-anchors {file}: .*{said}") as raised:
        api.run(api.Options(output=output))
    assert raised.value.exit_code == 2
    with pytest.raises(UsageError, match=f"--trust-anchors {file}: .*{said}"):
        api.judge([tmp_path / "t.yaml"], "openai", trust_anchors=[file])
    assert not (tmp_path / "run").exists()


def test_a_run_that_was_interrupted_looks_at_nothing_and_its_report_does_later(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (folder / INSPECTIONS).unlink()
    done = api.report(folder)
    header = replace(done.header, interrupted=True)
    stopped = Run(header=header, folder=folder, records=list(done.records), plans={}, addresses={})
    monkeypatch.setattr(sending, "execute_run", lambda *_, **__: stopped)

    result = api.run(api.Options(target=api.Target(providers=("openai",))))
    assert (result.exit_code, result.inspections) == (130, {})
    assert not (folder / INSPECTIONS).exists()
    monkeypatch.setattr(
        sending, "execute_run", lambda *_, **__: replace(stopped, header=done.header)
    )
    assert len(api.run(api.Options(target=api.Target(providers=("openai",)))).inspections) == 3
    assert len(api.report(folder, out=folder).inspections) == 3


def test_a_run_checks_signers_against_what_its_own_emulator_writes(tmp_path: Path) -> None:
    file = tmp_path / "emulator.pem"
    options = api.Options(
        target=api.Target(against="emulator", providers=("nanobanana",), operations=("generate",)),
        limits=api.RunLimits(max_images=1, max_requests=4),
        emulator=api.EmulatorOptions(signed=file, time_scale=0.05),
        output=api.Output(out=tmp_path / "first", trust_anchors=(file,)),
    )
    assert _chains(api.run(options).inspections) == ["trusted"]
    # the file is now of an emulator that has ended
    again = replace(options, output=replace(options.output, out=tmp_path / "second"))
    assert _chains(api.run(again).inspections) == ["trusted"]


def test_a_small_copy_of_each_image_is_kept(folder: Path) -> None:
    assert all(line["thumbnail"] for line in _lines(folder).values())


def test_a_small_copy_is_added_to_what_an_older_version_kept(folder: Path, trust: Path) -> None:
    api.report(folder, out=folder, trust_anchors=[trust])
    before = _lines(folder)
    old = [{key: line[key] for key in line if key != "thumbnail"} for line in before.values()]
    (folder / INSPECTIONS).write_text("".join(f"{json.dumps(line)}\n" for line in old))

    api.report(folder)  # which leaves the folder as it is
    assert not any("thumbnail" in line for line in _lines(folder).values())
    api.report(folder, out=folder)
    assert _lines(folder) == before


def test_an_image_that_has_none_is_not_asked_for_it_again(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    lines = [{**line, "thumbnail": ""} for line in _lines(folder).values()]
    (folder / INSPECTIONS).write_text("".join(f"{json.dumps(line)}\n" for line in lines))
    monkeypatch.setattr(Inspector, "thumbnail", None)

    assert {each.thumbnail for each in api.report(folder, out=folder).inspections.values()} == {""}


def test_each_provider_has_its_part_of_the_small_copies(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(inspecting, "THUMBNAILS_AT_MOST", 4)
    digests = ("a1", "a2", "a3", "a4", "b1", "c1")
    images = {
        packed(digest): inspecting._Kind(digest[0], "png", is_cheap=True) for digest in digests
    }

    shown = inspecting._shown_small(images)

    assert {*map(unpacked, shown)} == {"a1", "a2", "b1", "c1"}
