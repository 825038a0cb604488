import os
from collections.abc import Iterator
from pathlib import Path

import pytest
from PIL import Image

from harness import api
from harness.core.errors import UsageError
from harness.inspection.model import FilesInspected, InspectedFile
from harness.inspection.words import lines
from tests.signing import Authority, drawn, encoded, pixels
from tests.signing import Signer as SigningKey

TOKENS = {"low": 196, "medium": 1_756, "high": 7_024}
"""What gpt-image-2 takes at 1024x1024, by the maker's own calculator."""


@pytest.fixture(scope="module")
def maker() -> Authority:
    return Authority()


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory, maker: Authority) -> Path:
    """One image of each kind that a manifest can make of it, each 64x48."""
    place = tmp_path_factory.mktemp("images")
    signer: SigningKey = maker.signer()
    plain = encoded(pixels(1, (64, 48)))
    whole = signer.signed(plain)
    moved = encoded(Image.open(_written(place / "whole.png", whole)).resize((80, 60)))
    (place / "plain.png").write_bytes(plain)
    (place / "flipped.png").write_bytes(_flipped(whole))
    (place / "moved.png").write_bytes(_with_manifest_of(whole, moved))
    (place / "older.png").write_bytes(
        signer.signed(plain, manifest=drawn({"name": "gpt-image", "version": "pre-2.0"}))
    )
    (place / "other.png").write_bytes(
        maker.signer("Google LLC").signed(plain, manifest=drawn({"name": "Gemini"}))
    )
    (place / "stranger.png").write_bytes(Authority("Other Root").signer().signed(plain))
    (place / "anchors.pem").write_text(maker.pem)
    return place


def _written(path: Path, raw: bytes) -> Path:
    path.write_bytes(raw)
    return path


def _chunks(png: bytes) -> Iterator[tuple[bytes, bytes]]:
    at = 8
    while at < len(png):
        length = int.from_bytes(png[at : at + 4], "big")
        yield png[at + 4 : at + 8], png[at : at + 12 + length]
        at += 12 + length


def _with_manifest_of(signed: bytes, other: bytes) -> bytes:
    (manifest,) = [whole for kind, whole in _chunks(signed) if kind == b"caBX"]
    head, *rest = [whole for _, whole in _chunks(other)]
    return other[:8] + head + manifest + b"".join(rest)


def _flipped(png: bytes) -> bytes:
    at = png.index(b"tEXt") if b"tEXt" in png else png.index(b"IEND") - 12
    return png[:at] + bytes([png[at] ^ 1]) + png[at + 1 :]


def square(place: Path, kind: str = "png", edge: int = 1024) -> Path:
    path = place / f"a.{kind}"
    Image.new("RGB", (edge, edge), (9, 99, 199)).save(path, kind)
    return path


# ----------------------------------------------------------------------------------- as asked
@pytest.mark.parametrize(("asked", "drawn_as"), [("high", "high"), ("high", "medium")])
def test_tokens_tell_which_quality_was_drawn(tmp_path: Path, asked: str, drawn_as: str) -> None:
    path = square(tmp_path)
    found = api.inspect([path], asked={"quality": asked}, usage=TOKENS[drawn_as])

    assert found.exit_code == (asked != drawn_as)
    assert f"drawn as {drawn_as}" in found.answer


def test_without_usage_each_quality_has_its_tokens_and_the_makers_price(tmp_path: Path) -> None:
    found = api.inspect([square(tmp_path)])
    (file,) = found.files

    assert {row.quality: row.tokens for row in file.tokens} == TOKENS
    assert [f"{row.usd:.5f}" for row in file.tokens] == ["0.00588", "0.05268", "0.21072"]
    assert found.exit_code == 0
    assert "Nobody knows" in found.answer


def test_another_size_or_format_contradicts(tmp_path: Path) -> None:
    found = api.inspect([square(tmp_path)], asked=["size=1024x1536", "output_format=jpg"])

    assert [each.kind for each in found.contradictions] == ["other_size", "other_format"]
    assert found.exit_code == 1


def test_what_is_as_asked_or_open_does_not_contradict(tmp_path: Path) -> None:
    whole = ["size=1024x1024,quality=high,output_format=png,n=1"]
    image = square(tmp_path)

    assert api.inspect([image], asked=whole).exit_code == 0
    assert api.inspect([image], asked=["size=auto,quality=auto,"]).exit_code == 0


def test_the_tokens_of_several_files_are_those_of_one_reply(tmp_path: Path) -> None:
    files = []
    for at in range(3):
        Image.new("RGB", (1024, 1024), (at, 0, 0)).save(tmp_path / f"{at}.png")
        files.append(tmp_path / f"{at}.png")

    assert api.inspect(files, asked=["quality=low"], usage=3 * 196).exit_code == 0
    assert api.inspect(files, asked=["quality=high"], usage=3 * 1_756).exit_code == 1


@pytest.mark.parametrize(
    ("asked", "words"),
    [
        ("size", "write NAME=VALUE"),
        ("qualty=high", "did you mean quality?"),
        ("quality=hgh", "one of low, medium, high"),
        ("size=big", "write WIDTHxHEIGHT"),
        ("n=two", "write a whole number"),
        ("n=1,n=2", "given twice"),
        ("n=" + "9" * 5_000, "write a whole number"),
    ],
)
def test_what_cannot_be_compared_is_refused(tmp_path: Path, asked: str, words: str) -> None:
    with pytest.raises(UsageError, match=words.replace("?", r"\?")):
        api.inspect([square(tmp_path)], asked=[asked])


@pytest.mark.parametrize("usage", [0, -1])
def test_a_reply_without_tokens_is_refused(tmp_path: Path, usage: int) -> None:
    with pytest.raises(UsageError, match="1 or more"):
        api.inspect([square(tmp_path)], usage=usage)


def test_another_model_has_other_tokens_and_nothing_is_concluded(tmp_path: Path) -> None:
    found = api.inspect([square(tmp_path)], asked=["model=gpt-image-2.5,quality=high"], usage=196)

    assert found.exit_code == 0
    assert found.files[0].tokens == ()


def test_an_older_model_that_was_asked_for_is_judged_by_its_own_table(tmp_path: Path) -> None:
    asked = ["model=gpt-image-1,quality=high"]
    agreeing = api.inspect([square(tmp_path)], asked=asked, usage=4_160)
    newer = api.inspect([square(tmp_path)], asked=asked, usage=7_024)

    assert (agreeing.exit_code, agreeing.model) == (0, "gpt-image-1")
    assert [row.tokens for row in agreeing.files[0].tokens] == [272, 1_056, 4_160]
    assert "As far as arithmetic tells, yes" in agreeing.answer
    assert [each.kind for each in newer.contradictions] == ["fits_other_model"]


# --------------------------------------------------------------------------------- manifests
@pytest.fixture(scope="module")
def shown(folder: Path) -> FilesInspected:
    """The whole folder, inspected as images of the model that was asked for."""
    anchors = [folder / "anchors.pem"]
    return api.inspect([folder], trust_anchors=anchors, asked=["model=gpt-image-2"])


def file_of(found: FilesInspected, name: str) -> InspectedFile:
    return next(file for file in found.files if Path(file.name).name == name)


def kinds_of(found: FilesInspected, name: str) -> set[str]:
    return {each.kind for each in found.contradictions if Path(each.name).name == name}


def test_what_the_maker_signed_is_genuine_by_the_trust_list_only(
    folder: Path, shown: FilesInspected
) -> None:
    unchecked = api.inspect([folder / "whole.png"])

    assert file_of(shown, "whole.png").genuine
    assert not unchecked.files[0].genuine
    assert "signed by the maker" not in unchecked.answer


@pytest.mark.parametrize(
    ("name", "kinds"),
    [
        ("whole.png", set()),
        ("plain.png", set()),
        ("flipped.png", {"altered"}),
        ("moved.png", {"altered"}),
        ("older.png", {"other_family"}),
        ("other.png", {"signed_by_other", "other_family"}),
        ("stranger.png", set()),  # in the maker's name, by a chain that nobody knows: only told
    ],
)
def test_a_manifest_contradicts_the_model_that_was_asked_for(
    shown: FilesInspected, name: str, kinds: set[str]
) -> None:
    assert kinds_of(shown, name) - {"not_whole"} == kinds


def test_whose_model_it_is_contradicts_nothing_where_none_was_asked_for(folder: Path) -> None:
    anchors = [folder / "anchors.pem"]
    files = [folder / name for name in ("older.png", "other.png", "flipped.png")]
    found = api.inspect(files, trust_anchors=anchors)

    assert {each.kind for each in found.contradictions} - {"not_whole"} == {"altered"}
    assert "gpt-image pre-2.0" in found.files[0].notes[0]


@pytest.mark.parametrize(
    ("name", "asked", "exit_code"),
    [("older.png", [], 0), ("older.png", ["model=gpt-image-2"], 1), ("whole.png", [], 1)],
)
def test_a_count_says_nothing_of_an_image_that_another_model_signed(
    folder: Path, name: str, asked: list[str], exit_code: int
) -> None:
    anchors = [folder / "anchors.pem"]
    found = api.inspect([folder / name], trust_anchors=anchors, asked=asked, usage=1_056)

    assert found.exit_code == exit_code
    assert (found.drawn is None) is (not exit_code)  # its table does not list the file's size


def test_a_stranger_under_the_makers_name_is_told_and_not_genuine(shown: FilesInspected) -> None:
    file = file_of(shown, "stranger.png")

    assert any("anybody can make one" in note for note in file.notes)
    assert not file.genuine


# ------------------------------------------------------------------------------------- paths
def test_what_is_no_image_is_told_and_the_others_are_inspected(tmp_path: Path) -> None:
    good = square(tmp_path, edge=64)
    (tmp_path / "empty.png").touch()
    (tmp_path / "text.png").write_text("no image")
    os.mkfifo(tmp_path / "pipe.png")
    (tmp_path / "loop.png").symlink_to(tmp_path / "loop.png")
    (tmp_path / "huge.png").touch()
    os.truncate(tmp_path / "huge.png", 1 << 40)
    (tmp_path / "none").mkdir()
    names = ("empty.png", "text.png", "pipe.png", "loop.png", "huge.png", "none", "missing", "\0")
    found = api.inspect([*(tmp_path / name for name in names), good])

    whys = {Path(each.name).name: each.why for each in found.others}
    assert set(whys) == set(names)
    assert all(whys.values())
    assert [file.name for file in found.files] == [str(good)]
    assert found.exit_code == 2


def test_without_any_image_nothing_was_inspected(tmp_path: Path) -> None:
    found = api.inspect([tmp_path, tmp_path / "missing.png"])

    assert found.exit_code == 2
    assert len(found.others) == 2


def test_a_folder_stands_for_its_images_and_those_below_each_once(tmp_path: Path) -> None:
    square(tmp_path, edge=64)
    (tmp_path / "below").mkdir()
    square(tmp_path / "below", "jpeg", 64)
    (tmp_path / "notes.txt").write_text("no image")
    (tmp_path / "around").symlink_to(tmp_path)
    found = api.inspect([tmp_path, tmp_path / "a.png", tmp_path / "around"])

    assert sorted(Path(file.name).name for file in found.files) == ["a.jpeg", "a.png"]
    assert found.others == ()


def test_of_a_run_folder_only_what_was_delivered_is_meant(tmp_path: Path) -> None:
    (tmp_path / "run.json").write_text("{}")
    for name in ("images", "files"):
        (tmp_path / name).mkdir()
        square(tmp_path / name, edge=64 if name == "files" else 96)

    (file,) = api.inspect([tmp_path]).files
    assert file.picture.width_px == 96


def test_two_files_of_the_same_bytes_are_a_suspicion_that_names_them(tmp_path: Path) -> None:
    for name in ("a.png", "b.png"):
        (tmp_path / name).write_bytes(encoded(pixels(3, (96, 96))))
    found = api.inspect([tmp_path])

    (alike,) = [one for one in found.suspicions if one.kind == "identical_images"]
    assert {Path(name).name for name in alike.cases} == {"a.png", "b.png"}
    (line,) = [line for line in lines(found) if line.startswith("suspicion: ")]
    assert "a.png" in line
    assert "b.png" in line
    assert "another of these files" in line
    assert "was to be drawn" not in line
    assert found.exit_code == 0


def test_half_a_file_is_no_whole_image(tmp_path: Path) -> None:
    path = square(tmp_path, "jpeg", 256)
    path.write_bytes(path.read_bytes()[:-400])
    found = api.inspect([path])

    assert [each.kind for each in found.contradictions] == ["not_whole"]


def test_a_file_behind_a_link_is_inspected(tmp_path: Path) -> None:
    (tmp_path / "link.png").symlink_to(square(tmp_path, edge=64))
    (file,) = api.inspect([tmp_path / "link.png"]).files

    assert file.inspection.digest == file.picture.digest != ""
    assert file.inspection.state == "none"


# ------------------------------------------------------------------------ whoever drew, it says
@pytest.fixture(scope="module")
def families(tmp_path_factory: pytest.TempPathFactory, maker: Authority) -> Path:
    """Images of 1024x1024 that several makers' models drew, by what they are signed to be."""
    place = tmp_path_factory.mktemp("families")
    plain = encoded(Image.new("RGB", (1024, 1024), (9, 99, 199)))
    own = maker.signer()
    older = drawn({"name": "gpt-image", "version": "pre-2.0"})
    (place / "older.png").write_bytes(own.signed(plain, manifest=older))
    (place / "newer.png").write_bytes(own.signed(plain))
    (place / "gpt-4o.png").write_bytes(own.signed(plain, manifest=drawn({"name": "GPT-4o"})))
    google = maker.signer("Google LLC")
    (place / "gemini.png").write_bytes(google.signed(plain, manifest=drawn({"name": "Gemini"})))
    (place / "stranger.png").write_bytes(Authority("Other").signer().signed(plain, manifest=older))
    (place / "anchors.pem").write_text(maker.pem)
    return place


@pytest.mark.parametrize(
    ("name", "tokens", "asked", "kinds"),
    [
        ("older", 4_160, "quality=high", []),
        ("older, unproven", 4_160, "quality=high", []),
        ("older", 1_056, "quality=high", ["drawn_as_other_quality"]),
        ("older, unproven", 1_056, "quality=high", ["drawn_as_other_quality"]),
        ("older", 7_024, "quality=high", ["fits_other_model"]),
        ("older, unproven", 7_024, "quality=high", []),  # unproven words contradict nothing
        ("older, unproven", 196, "quality=high", ["drawn_as_other_quality"]),  # and excuse nothing
        ("older, unproven", 717, "quality=high", ["fits_no_quality"]),
        ("older", 4_160, "quality=high,model=gpt-image-1.5", []),
        (
            *("older", 4_160, "quality=high,model=gpt-image-2"),
            ["other_family", "fits_other_model"],
        ),
        ("older, unproven", 7_024, "quality=high,model=gpt-image-2", []),
        ("newer", 7_024, "quality=high", []),
        ("newer", 1_756, "quality=high", ["drawn_as_other_quality"]),
        ("newer", 4_160, "quality=high", ["fits_other_model"]),
        ("newer", 4_160, "quality=high,model=gpt-image-1", ["other_family"]),
        ("stranger", 4_160, "quality=high", []),
        ("stranger", 196, "quality=high", ["drawn_as_other_quality"]),
        ("gemini", 1_120, "quality=high", []),
        ("gemini, unproven", 1_120, "quality=high", []),
        ("gpt-4o", 1_120, "quality=high", []),
        ("gpt-4o, unproven", 1_120, "quality=high", []),
        ("gpt-4o", 4_160, "quality=high", []),
        ("gemini", 196, "quality=high", []),
        ("gemini, unproven", 196, "quality=high", ["drawn_as_other_quality"]),
    ],
)
def test_the_model_that_drew_by_the_manifest_is_the_one_that_counts(
    families: Path, name: str, tokens: int, asked: str, kinds: list[str]
) -> None:
    file, _, unproven = name.partition(", ")
    anchors = [] if unproven else [families / "anchors.pem"]
    found = api.inspect(
        [families / f"{file}.png"], asked=[asked], usage=tokens, trust_anchors=anchors
    )

    assert [each.kind for each in found.contradictions] == kinds
    assert found.exit_code == bool(kinds)


def test_who_drew_is_told_beside_the_answer_and_each_file_has_its_models_tokens(
    families: Path,
) -> None:
    anchors = [families / "anchors.pem"]
    asked = ["quality=high"]
    path = families / "older.png"
    found = api.inspect([path], asked=asked, usage=4_160, trust_anchors=anchors)
    unproven = api.inspect([path], asked=asked, usage=4_160)
    named = api.inspect([path], asked=["model=gpt-image-1.5"], trust_anchors=anchors)

    called = "by gpt-image pre-2.0, as gpt-image-1 or gpt-image-1.5 is called there"
    assert f"; drawn {called}; signed by the maker" in found.answer
    assert f"; said to be drawn {called}" in unproven.answer
    assert any(
        "tokens    of gpt-image-1 or gpt-image-1.5: low 272, medium 1,056, high 4,160" in line
        for line in lines(found)
    )
    assert named.files[0].notes == ("drawn by gpt-image pre-2.0, as gpt-image-1.5 is called there",)


def test_files_that_several_models_drew_are_counted_as_the_sold_one(families: Path) -> None:
    files = [families / "older.png", families / "newer.png"]
    found = api.inspect(files, usage=2 * 7_024, asked=["quality=high"])

    assert (found.model, found.drew, found.exit_code) == ("gpt-image-2", "", 0)
    assert [file.model for file in found.files] == ["gpt-image-1 or gpt-image-1.5", "gpt-image-2"]


def test_a_file_without_a_manifest_is_counted_as_those_beside_it(
    families: Path, tmp_path: Path
) -> None:
    found = api.inspect(
        [families / "older.png", square(tmp_path)], usage=2 * 4_160, asked=["quality=high"]
    )

    assert (found.model, found.exit_code) == ("gpt-image-1 or gpt-image-1.5", 0)
