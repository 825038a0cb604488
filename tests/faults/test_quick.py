"""A quick run finds each kind of content fault by its name, for eight images at most."""

from pathlib import Path

import pytest

from tests.faults.runs import concluded, performed

MOST_IMAGES, MOST_REQUESTS = 8, 40

FAULTS = [
    ("sub2api", "swapped_dimensions", "size"),
    ("sub2api", "wrong_format", "output_format"),
    ("sub2api", "fewer_images", "n"),
    ("sub2api", "lower_quality_served", "quality"),
    ("sub2api", "undecodable_image", "images_decode"),
    ("sub2api", "missing_field", "reply_has_the_documented_fields"),
    ("apiframe", "wrong_format", "output_format"),
    ("apiframe", "fewer_images", "n"),
    ("nanobanana", "wrong_dimensions", "size"),
    ("aimlapi", "wrong_format", "output_format"),
]
"""A provider, a fault, and the argument or else the check that it is about."""


@pytest.mark.parametrize(("provider", "fault", "about"), FAULTS)
def test_a_content_fault_is_found(provider: str, fault: str, about: str, tmp_path: Path) -> None:
    done = performed(tmp_path / "run", provider, fault=fault, quick=True)
    findings = concluded(done).report.findings
    about_it = [
        finding
        for finding in [shown.finding for shown in findings]
        if about in (finding.check, (finding.constraint or "").partition(".")[0])
    ]

    assert about_it
    assert len(done.records) <= MOST_REQUESTS


@pytest.mark.parametrize("provider", ["buble", "sub2api"])
def test_a_quick_run_of_the_faultless_finds_nothing(provider: str, tmp_path: Path) -> None:
    done = performed(tmp_path / "run", provider, quick=True)
    paid = sum(record.shot.price.images for record in done.records)

    assert concluded(done).report.findings == ()
    assert 0 < paid <= MOST_IMAGES
