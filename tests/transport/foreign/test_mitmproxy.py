"""mitmproxy's flow files, damaged in every place."""

from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from harness.core.errors import RecordingError
from harness.transport.bodies.images import ImageCollector
from harness.transport.foreign.read import read_recording
from tests.transport.foreign.recorded_table import RECORDED

FLOWS = (RECORDED / "mitmproxy.flow").read_bytes()


def collector() -> ImageCollector:
    return ImageCollector(lambda _name, _raw: None)


def test_the_key_of_a_flow_stands_nowhere(tmp_path: Path) -> None:
    path = tmp_path / "a.flow"
    path.write_bytes(FLOWS.replace(b"key-of-nobody", b"sk-1234567890"))

    recording = read_recording(path, collector())

    assert (len(recording.exchanges), recording.unreadable) == (11, ())
    assert "sk-1234567890" not in repr(recording)


@pytest.mark.parametrize(("share", "whole"), [(0.3, 3), (0.5, 6), (0.999, 10)])
def test_a_file_that_breaks_off_keeps_what_is_whole(
    tmp_path: Path, share: float, whole: int
) -> None:
    path = tmp_path / "a.flow"
    path.write_bytes(FLOWS[: int(len(FLOWS) * share)])

    recording = read_recording(path, collector())

    assert len(recording.exchanges) == whole
    assert "breaks off" in recording.unreadable[0]


def test_a_file_that_breaks_off_in_its_first_flow_says_so(tmp_path: Path) -> None:
    path = tmp_path / "a.flow"
    path.write_bytes(FLOWS[:500])

    with pytest.raises(RecordingError, match="breaks off"):
        read_recording(path, collector())


@settings(max_examples=25, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(place=st.integers(0, len(FLOWS) - 1), byte=st.integers(0, 255))
def test_a_damaged_byte_is_read_over_or_named(tmp_path: Path, place: int, byte: int) -> None:
    path = tmp_path / "a.flow"
    path.write_bytes(FLOWS[:place] + bytes([byte]) + FLOWS[place + 1 :])
    try:
        recording = read_recording(path, collector())
    except RecordingError:
        return

    assert len(recording.exchanges) + len(recording.unreadable) <= 11


@pytest.mark.parametrize(
    "raw", [b"5:", b"9:1:a,}", b"999999999999:", b"2:1:" * 5000, b"3:0:~}", b"8:4:type;0:~}"]
)
def test_a_hostile_flow_is_none(tmp_path: Path, raw: bytes) -> None:
    path = tmp_path / "a.flow"
    path.write_bytes(raw)

    with pytest.raises(RecordingError):
        read_recording(path, collector())
