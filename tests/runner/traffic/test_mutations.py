"""A draw of the mutation run (`tests/benchmarks/mutations.py`), of a few calls."""

from pathlib import Path

import pytest

from tests.benchmarks.mutations_by_hand import by_hand
from tests.benchmarks.mutations_honest import honest, recorded
from tests.benchmarks.mutations_kinds import CATALOGUE
from tests.benchmarks.mutations_page import said
from tests.benchmarks.mutations_planted import FAULTS
from tests.benchmarks.mutations_run import mutated, sought, tried
from tests.benchmarks.mutations_tape import Tape

SEED = 15
PLANTED = (
    *("images_of_half_the_size", "bytes_in_another_format", "images_that_end_half_way"),
    *("another_price_than_listed", "identical_images", "declares_another_quality"),
    "usage_that_does_not_add_up",
    *("a_documented_field_is_missing", "a_valid_value_is_refused", "a_forbidden_value_is_served"),
    *("a_job_that_completes_without_images", "a_poll_of_another_job", "images_with_broken_data"),
)


@pytest.fixture(scope="module")
def tapes() -> list[Tape]:
    calls = recorded(SEED, ("sub2api", "buble", "nanobanana"), every=2)
    return [*honest(calls, SEED), *by_hand()]


@pytest.mark.parametrize(
    ("draws", "judged"),
    [(range(24), 8), pytest.param(range(24, 60), 12, marks=pytest.mark.slow)],
)
def test_what_tools_do_to_an_honest_recording_convicts_nobody(
    draws: range, judged: int, tapes: list[Tape], tmp_path: Path
) -> None:
    among = [*CATALOGUE.values()]
    rows = [tried(*mutated(tapes, SEED, at, among), at, tmp_path) for at in draws]
    wrong = [f"{row.index} {row.chain}: {said(row)}" for row in rows if row.is_wrong]

    assert wrong == []
    assert sum(row.end == "judged" for row in rows) > judged


def test_what_a_provider_did_wrong_is_found_in_the_same_recordings(
    tapes: list[Tape], tmp_path: Path
) -> None:
    kinds = [FAULTS[name] for name in PLANTED]
    found = [sought(tapes, SEED, at, tmp_path, kinds=kinds) for at in range(len(kinds))]

    assert [(each.fault.name, each.on_top) for each in found if not each.found] == []


@pytest.mark.parametrize("seeds", [range(3), pytest.param(range(3, 8), marks=pytest.mark.slow)])
@pytest.mark.parametrize(
    "name",
    [
        *("downloads_seen_again", "downloads_from_cache", "binary_bodies_decoded_as_text"),
        *("images_as_latin_text", "image_text_cut_in_a_whole_reply", "shuffled"),
        *("reply_bodies_left_out", "bodies_packed_and_header_gone"),
    ],
)
def test_each_of_the_ways_in_which_a_recording_loses_bytes_convicts_nobody(
    name: str, seeds: range, tapes: list[Tape], tmp_path: Path
) -> None:
    rows = [tried(*mutated(tapes, seed, 0, [CATALOGUE[name]]), seed, tmp_path) for seed in seeds]

    assert [said(row) for row in rows if row.is_wrong] == []
