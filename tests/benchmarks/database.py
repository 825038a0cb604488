"""How long a database of many runs takes: `python tests/benchmarks/database.py [RUNS]`.

The runs are copies of one of the emulator's, each of another day; figures are seconds of wall time
on this machine: with nothing kept, with all kept, after one more run, and of a query.
"""

import json
import shutil
import sys
import tempfile
import time
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path

from harness import Options, RunLimits, Target, api

FIRST = datetime(2026, 1, 1, tzinfo=UTC)


def _copied(first: Path, folder: Path, at: int) -> None:
    place = folder / f"{at:04d}"
    place.mkdir(parents=True)
    for name in ("run.json", "journal.jsonl"):
        shutil.copyfile(first / name, place / name)
    summary = json.loads((first / "summary.json").read_text("utf-8"))
    summary["run"] |= {"run": f"{at:04d}", "created": (FIRST + timedelta(hours=at)).isoformat()}
    (place / "summary.json").write_text(json.dumps(summary), "utf-8")


def _timed(name: str, work: Callable[[], object]) -> None:
    started = time.perf_counter()
    work()
    print(f"{name}: {time.perf_counter() - started:.2f} s")  # noqa: T201 - what it is for


def main() -> None:
    """Measure, and print."""
    runs = int(sys.argv[1]) if len(sys.argv) > 1 else 1_000
    with tempfile.TemporaryDirectory() as place:
        first, folder = Path(place) / "first", Path(place) / "reports"
        target = Target(against="emulator", providers=("apiframe",))
        options = Options(target=target, limits=RunLimits(max_images=4, max_requests=20))
        result = api.run(options)
        assert result.folder is not None
        shutil.move(result.folder, first)
        for at in range(runs):
            _copied(first, folder, at)
        print(f"{runs} runs of {len(result.records)} requests")  # noqa: T201
        _timed("nothing kept", lambda: api.database(folder))
        _timed("all kept", lambda: api.database(folder))
        _copied(first, folder, runs)
        _timed("one more", lambda: api.database(folder))
        database = api.database(folder)
        asked = "select provider, median(seconds_to_images) from attempts group by all"
        _timed("a query", lambda: database.sql(asked).df())
        print(database.sql("select count(*) from attempts").fetchall())  # noqa: T201


if __name__ == "__main__":
    main()
