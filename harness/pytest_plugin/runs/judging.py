"""Run folders to tests and how they end: the one part of a session with runs that costs seconds.

    python -m harness.pytest_plugin.runs.judging FILE

reads a JSON object (`Asked`) and writes what it comes to into FILE.
"""

import json
import sys
from pathlib import Path

from harness.core.errors import HarnessError
from harness.pytest_plugin.promises.grouping import told
from harness.pytest_plugin.runs.judged import (
    OURS,
    Asked,
    JudgedRun,
    JudgedTest,
    NotJudgedError,
    write_judged,
)
from harness.report.text import visible
from harness.run_result import verdicts_of


def judged(asked: Asked) -> tuple[JudgedRun, ...]:
    """Judge run folders by today's checks; sends nothing. NotJudgedError where one is none."""
    try:
        return tuple(_judged(folder, asked) for folder in asked.folders)
    except HarnessError as error:
        raise NotJudgedError(visible(str(error)), error.exit_code) from error
    except Exception as error:  # pytest would end with 1, as for a broken promise
        text = f"internal error: {type(error).__name__}: {error}"
        raise NotJudgedError(visible(text), OURS) from error


def _judged(folder: str, asked: Asked) -> JudgedRun:
    result = verdicts_of(
        Path(folder),
        specs=[Path(spec) for spec in asked.specs],
        known=Path(asked.known) if asked.known else None,
        known_otherwise=Path(asked.known_otherwise) if asked.known_otherwise else None,
    )
    tests = tuple(
        JudgedTest(
            id=test.id,
            paid=test.paid,
            ending=outcome.ending,
            message=outcome.message,
            properties=outcome.properties,
        )
        for test, outcome in told(result, folder=Path(folder))
    )
    return JudgedRun(folder=folder, code=result.exit_code, why=visible(result.why), tests=tests)


def main() -> None:
    """Judge what standard input asks for, and write it into the file of the one argument."""
    file = Path(sys.argv[1])
    try:
        write_judged(file, judged(Asked(**json.load(sys.stdin))))
    except NotJudgedError as error:
        write_judged(file, error)


if __name__ == "__main__":
    main()
