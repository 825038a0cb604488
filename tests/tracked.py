"""The files of this project: those that git tracks, or without git, those that are there."""

import os
import shutil
import subprocess
from pathlib import Path

ROOT = Path(__file__).parents[1]

MADE = {
    *(".git", "__pycache__", "build", "node_modules", ".mypy_cache", ".ruff_cache"),
    *(".pytest_cache", ".hypothesis", ".import_linter_cache"),
}
"""Folders that tools leave behind."""


def tracked() -> tuple[str, ...]:
    """Return the names of all files, relative to the project, sorted."""
    if (ROOT / ".git").exists():
        listed = subprocess.run(
            [shutil.which("git") or "git", "ls-files", "-z"],
            cwd=ROOT,
            check=True,
            capture_output=True,
            text=True,
        )
        names = [name for name in listed.stdout.split("\0") if (ROOT / name).is_file()]
        return tuple(sorted(names))
    found = []
    for folder, folders, files in os.walk(ROOT):
        folders[:] = [
            name
            for name in folders
            if name not in MADE and not name.startswith(".venv") and not name.endswith(".egg-info")
        ]
        place = Path(folder).relative_to(ROOT)
        found += [(place / name).as_posix() for name in files]
    return tuple(sorted(found))
