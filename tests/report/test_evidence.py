import pytest

from harness.core.record import Provenance
from harness.report.labels import (
    about_provider,
    describe_provenance,
    provenance_banner,
    short_provenance,
)
from tests.report import builders as b


@pytest.mark.parametrize(
    ("evidence", "real"),
    [(b.EMULATOR, False), (b.REPLAY, False), (b.LIVE, True), (b.TAPED, True), (None, False)],
)
def test_only_live_replies_and_their_recordings_speak_of_the_provider(
    *, evidence: Provenance | None, real: bool
) -> None:
    assert about_provider(evidence) is real


@pytest.mark.parametrize(
    ("evidence", "level", "title"),
    [
        (b.EMULATOR, "emulated", "Emulator run: it says nothing about the real providers"),
        (
            b.REPLAY,
            "emulated",
            "Replay of an emulator recording: it says nothing about the real providers",
        ),
        (b.LIVE, "live", "Live run"),
        (b.TAPED, "recorded", "Replay of recorded traffic"),
    ],
)
def test_the_banner_says_what_the_report_is_about(
    evidence: Provenance, level: str, title: str
) -> None:
    found = provenance_banner({"buble": evidence, "apiframe": None})

    assert (found.level, found.title) == (level, title)


def test_a_banner_over_both_names_the_emulated_ones() -> None:
    found = provenance_banner({"buble": b.REPLAY, "sub2api": b.LIVE})

    assert found.level == "mixed"
    assert found.title == "Partly emulated: buble"
    assert "Only those of sub2api are statements" in found.text


def test_a_recording_names_its_day_and_its_author() -> None:
    assert (
        describe_provenance(b.TAPED) == "recorded 2026-11-30 by qa from https://images.example.org"
    )
    assert describe_provenance(b.REPLAY) == "emulator, recorded 2026-12-01 by harness 0.1.0"


def test_even_in_short_a_replay_of_the_emulator_is_called_so() -> None:
    short = [short_provenance(item) for item in (b.EMULATOR, b.REPLAY, b.TAPED, b.LIVE, None)]

    assert short == ["emulator", "emulator, recorded", "recorded 2026-11-30", "live", "none"]
