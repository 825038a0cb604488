"""Image files are removed once they were looked at; what they showed stays."""

import json
import shutil
from pathlib import Path

import pytest

from harness import api
from harness.core.errors import UsageError
from harness.planning.kept import owners_flags
from harness.planning.options import KeepImages, Options, Output, Target
from harness.runner.keeping import remove_images

FAULTY = Path(__file__).parents[2] / "cassettes-with-faults"


def ran(folder: Path, keep: KeepImages) -> api.RunResult:
    target = Target(providers=("apiframe",), operations=("generate",))
    output = Output(out=folder, keep_images=keep, cassettes=FAULTY)
    return api.run(Options(target=target, output=output))


def images(folder: Path) -> set[str]:
    return {path.stem for path in (folder / "images").iterdir()}


def delivered(result: api.RunResult) -> set[str]:
    return {
        picture.digest
        for record in result.records
        for picture in getattr(record.outcome, "pictures", ())
    }


@pytest.fixture(scope="module")
def whole(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, api.RunResult]:
    folder = tmp_path_factory.mktemp("keeping") / "all"
    return folder, ran(folder, "all")


@pytest.fixture(scope="module")
def bare(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, api.RunResult]:
    folder = tmp_path_factory.mktemp("keeping") / "none"
    return folder, ran(folder, "none")


def test_a_run_that_keeps_no_image_says_what_one_that_keeps_all_says(
    whole: tuple[Path, api.RunResult], bare: tuple[Path, api.RunResult]
) -> None:
    (folder, kept), (place, result) = whole, bare

    assert images(place) == set()
    assert (result.exit_code, result.why) == (kept.exit_code, kept.why)
    assert result.inspections == kept.inspections
    assert any("not kept (--keep-images none)" in note for note in result.header.notes)
    assert any(f"{len(images(folder)):,} image files removed" in note for note in result.notes)
    assert {*result.inspections} == delivered(result)


def test_a_report_on_a_folder_without_its_images_says_the_same(
    whole: tuple[Path, api.RunResult], bare: tuple[Path, api.RunResult]
) -> None:
    place, result = bare

    again = api.report(place, out=place)

    assert (again.exit_code, again.why) == (result.exit_code, result.why)
    assert again.inspections == result.inspections
    assert again.report.thumbnails == whole[1].report.thumbnails


def test_the_choice_is_kept_and_is_its_owners(bare: tuple[Path, api.RunResult]) -> None:
    header = json.loads((bare[0] / "run.json").read_text())

    assert header["choices"]["keep_images"] == "none"
    assert "--keep-images none" in owners_flags(header["choices"])


def test_inspecting_a_folder_without_its_images_says_why(
    bare: tuple[Path, api.RunResult],
) -> None:
    (other,) = api.inspect([bare[0]]).others

    assert other.why == "not kept (--keep-images none)"


def test_images_of_findings_stay(whole: tuple[Path, api.RunResult], tmp_path: Path) -> None:
    folder = Path(shutil.copytree(whole[0], tmp_path / "run"))
    result = whole[1]
    served = [each for each in result.records if getattr(each.outcome, "pictures", ())]
    chosen = {(one.shot.case.provider, one.shot.case.id) for one in served[:2]}

    list(remove_images([folder], "findings", result.records, result.inspections, found_in=chosen))

    wanted = {
        picture.digest
        for record in served[:2]
        for exchange in record.exchanges
        for picture in getattr(exchange.answer, "pictures", {}).values()
    }
    assert images(folder) == wanted
    assert images(whole[0]) > wanted


def test_an_image_that_was_not_looked_at_stays(
    whole: tuple[Path, api.RunResult], tmp_path: Path
) -> None:
    folder = Path(shutil.copytree(whole[0], tmp_path / "run"))
    result = whole[1]
    one, *_ = delivered(result)
    seen = {digest: each for digest, each in result.inspections.items() if digest != one}

    list(remove_images([folder], "none", result.records, seen, found_in=()))

    assert images(folder) == {one}


def test_with_all_nothing_is_removed_nor_said(whole: tuple[Path, api.RunResult]) -> None:
    folder, result = whole
    before = images(folder)

    told = remove_images([folder], "all", result.records, result.inspections, found_in=())

    assert (list(told), images(folder)) == ([], before)


def test_equal_images_are_one_file(whole: tuple[Path, api.RunResult]) -> None:
    folder, result = whole

    assert delivered(result) <= images(folder)
    assert len(images(folder)) == len(list((folder / "images").iterdir()))


@pytest.mark.parametrize("keep", ["none", "findings"])
def test_cassettes_need_the_images(tmp_path: Path, keep: KeepImages) -> None:
    output = Output(out=tmp_path / "run", keep_images=keep, record=True)

    with pytest.raises(UsageError, match=f"--record and --keep-images {keep}"):
        api.run(Options(target=Target(against="emulator", providers=("buble",)), output=output))
