"""The planted mistakes of tests/spec/planted.py, and what `providers validate` says of each.

`python -m tests.benchmarks.spec_mistakes --write` makes spec_mistakes.md anew.
"""

import argparse
import sys
import tempfile
from pathlib import Path

from harness.core.errors import Mistake, SpecError
from harness.spec.load import load_provider_file
from tests.spec.planted import ACME, PLANTED, Planted

PAGE = Path(__file__).with_name("spec_mistakes.md")
COMMAND = "python -m tests.benchmarks.spec_mistakes --write"


def mistakes(content: bytes) -> tuple[Mistake, ...]:
    """Every mistake that loading a file of this content tells; none where it loads."""
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "acme.toml"
        path.write_bytes(content)
        try:
            load_provider_file(path)
        except SpecError as error:
            return error.mistakes
    return ()


def as_told(planted: Planted) -> Mistake | None:
    """The mistake that is told of what was planted; None where none is on its line and key."""
    return next(
        (
            mistake
            for mistake in mistakes(planted.content)
            if (mistake.key, mistake.line) == (planted.key, planted.line)
            and planted.reason in str(mistake)
        ),
        None,
    )


def page() -> str:
    """The table as Markdown."""
    told = [(planted, as_told(planted)) for planted in PLANTED]
    found = sum(mistake is not None for _, mistake in told)
    knowable = [(planted, mistake) for planted, mistake in told if planted.suggestion]
    right = sum(
        mistake is not None and mistake.suggestion == planted.suggestion
        for planted, mistake in knowable
    )
    lines = [
        "# Mistakes in a provider's TOML",
        "",
        "Each mistake is planted alone in `tests/spec/acme.toml`; a row shows the line that",
        f"`harness providers validate acme.toml` prints. Made by `{COMMAND}`.",
        "",
        f"{found} of {len(PLANTED)} are told with line, key and reason; {right} of the",
        f"{len(knowable)} where one can know what was meant suggest it. Of the file without a",
        f"mistake, {len(mistakes(ACME.encode()))} are told.",
        "",
        "| planted | told |",
        "|---|---|",
    ]
    for planted, mistake in told:
        text = mistake.located("acme.toml") if mistake else "**not told**"
        lines.append(f"| {planted.what} | {_code(text)} |")
    return "\n".join(lines) + "\n"


def _code(text: str) -> str:
    escaped = text.replace("|", "\\|")
    fence = "``" if "`" in escaped else "`"
    return f"{fence}{escaped}{fence}"


def main() -> None:
    """Print the page, or write it."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--write", action="store_true", help=f"write {PAGE.name}")
    text = page()
    if parser.parse_args().write:
        PAGE.write_text(text, encoding="utf-8")
    else:
        sys.stdout.write(text)


if __name__ == "__main__":
    main()
