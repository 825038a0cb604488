"""Known deviations for tests: that of n=11, which sub2api is to refuse, and files of such."""

from dataclasses import replace
from pathlib import Path
from typing import Any

from harness.known.file import written_known
from harness.known.model import KnownDeviation

LINK = "https://tracker.example/4711"
N_RANGE = KnownDeviation(
    provider="sub2api",
    operation="generate",
    promise="n.range",
    check="refuses_what_it_forbids",
    reason="they mean to document it",
    link=LINK,
    expires="2030-12-31",
)


def known(**other: Any) -> KnownDeviation:  # noqa: ANN401 - any field's
    return replace(N_RANGE, **other)


def known_file(folder: Path, *entries: KnownDeviation) -> Path:
    path = folder / "known.toml"
    path.write_text(written_known(entries), "utf-8")
    return path
