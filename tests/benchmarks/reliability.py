"""The sections of `reports/reliability.md`, each written by the script that measures it.

    python tests/benchmarks/reliability.py [--write]

Runs the short forms of all scripts, one after the other; `make reliability` does. A script calls
`write_section` and replaces its own section only: whatever stands between its heading and the next
one of the same level. Exits with 1 where a script did.
"""

import argparse
import shlex
import subprocess
import sys
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path

ROOT = Path(__file__).parents[2]
PAGE = ROOT / "reports" / "reliability.md"
HEADING = "## "
TITLE = """# Reliability

Nothing lost, nothing paid twice, nothing leaked: what was measured, how, and when. Each section is
written by the script that it names; servers are on loopback, processes and signals are real.
"""
SHORT: tuple[tuple[str, ...], ...] = (
    ("kills.py", "--kills", "10"),
    ("power.py", "--cuts", "5"),
    ("sigterm.py",),
    ("crowd.py", "--requests", "1000"),
    ("soak.py", "--minutes", "2"),
    ("hostile.py", "--crowds"),
)
"""Each script's form of a few minutes; their defaults are what the page is to show."""


def today() -> str:
    """Return the date as the page shows it."""
    return datetime.now(UTC).strftime("%Y-%m-%d")


def this_command() -> str:
    """Return the command that runs this process's script again."""
    script = Path(sys.argv[0]).resolve()
    name = script.relative_to(ROOT).as_posix() if script.is_relative_to(ROOT) else script.name
    options = [option for option in sys.argv[1:] if option != "--write"]
    return shlex.join(["python", name, *options])


@dataclass(frozen=True, slots=True, kw_only=True)
class Section:
    """What a script found: a claim, the figures that bear it out or not, and how to see it again.

    `figures` are lines of Markdown, and so is the `evidence`: what lies behind the figures.
    """

    title: str
    claim: str
    holds: bool
    figures: Sequence[str]
    command: str = field(default_factory=this_command)
    evidence: Sequence[str] = ()

    def lines(self) -> list[str]:
        """Return the section's text below its heading."""
        return [
            self.claim,
            "",
            f"**{'Holds' if self.holds else 'Does not hold'}**, {today()}: `{self.command}`",
            "",
            *self.figures,
            *(["", *self.evidence] if self.evidence else []),
        ]


def write_section(title: str, lines: Sequence[str], *, page: Path = PAGE) -> None:
    """Put these lines under this heading, in place of what stands there; new ones come last."""
    text = page.read_text(encoding="utf-8") if page.exists() else TITLE
    head, *sections = f"\n{text}".split(f"\n{HEADING}")
    written = "\n".join([title, "", *lines]).rstrip("\n") + "\n"
    titles = [section.partition("\n")[0] for section in sections]
    if title in titles:
        sections[titles.index(title)] = written
    else:
        sections.append(written)
    parts = [head.strip("\n"), *(section.strip("\n") for section in sections)]
    page.parent.mkdir(parents=True, exist_ok=True)
    page.write_text(f"\n\n{HEADING}".join(parts) + "\n", encoding="utf-8")


def conclude(section: Section, *, write: bool, page: Path = PAGE) -> int:
    """Print a section, write it if that is wanted, and return the script's exit code."""
    sys.stdout.write("\n".join([f"{HEADING}{section.title}", "", *section.lines()]) + "\n")
    if write:
        write_section(section.title, section.lines(), page=page)
    return 0 if section.holds else 1


def main() -> int:
    """Run every script's short form; return 1 where one did."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--write", action="store_true", help="write the sections of short forms")
    more = ["--write"] if parser.parse_args().write else []
    worst = 0
    for name, *options in SHORT:
        script = Path(__file__).with_name(name)
        done = subprocess.run([sys.executable, script, *options, *more], check=False)
        worst = max(worst, done.returncode)
    return int(worst != 0)


if __name__ == "__main__":
    sys.exit(main())
