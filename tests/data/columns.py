"""The tables of columns of `docs/data.md`: `python tests/data/columns.py` writes them again."""

import re
from pathlib import Path

from harness.report.frames.columns import FRAMES

PAGE = Path(__file__).parents[2] / "docs" / "data.md"
TABLES = re.compile("(?<=columns -->\n).*?(?=<!-- end of columns -->)", re.DOTALL)


def tables() -> str:
    """Return a table for each frame: its columns with their types and meanings."""
    parts = []
    for name, columns in FRAMES.items():
        rows = [
            f"| `{column}` | {known.type} | {known.meaning}{_members(known.members)} |"
            for column, known in columns.items()
        ]
        parts += [f"### {name}", "", "| column | type | meaning |", "|---|---|---|", *rows, ""]
    return "\n".join(["", *parts])


def _members(members: tuple[str, ...]) -> str:
    return f": {', '.join(f'`{member}`' for member in members)}" if members else ""


def main() -> None:
    """Write the page's tables."""
    text = PAGE.read_text("utf-8")
    PAGE.write_text(TABLES.sub(lambda _: tables(), text), "utf-8")


if __name__ == "__main__":
    main()
