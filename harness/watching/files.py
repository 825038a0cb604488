"""The files of a watch's folder: its state, the baselines of its days, what it told."""

import json
from pathlib import Path

from pydantic import TypeAdapter, ValidationError

from harness.comparing.codec import dumped_baseline, read_baseline
from harness.comparing.model import Baseline
from harness.core.errors import HarnessError, StoreError, UsageError
from harness.core.files import MEBIBYTE, read_at_most
from harness.core.jsonvalue import Json
from harness.store.disk import write_whole
from harness.watching.ledger import AGAIN
from harness.watching.model import State

FORMAT = 1
STATE, RUNS, BASELINES = "state.json", "runs", "baselines"
STATUS, ALERT = "watch.md", "alert.md"
_STATE_AT_MOST_BYTES = 64 * MEBIBYTE
_STATE = TypeAdapter(State)


def dumped_state(state: State) -> bytes:
    """Return a state as its file holds it."""
    whole: dict[str, Json] = _STATE.dump_python(state, mode="json")
    return json.dumps({"format": FORMAT, **whole}, ensure_ascii=False, indent=1).encode() + b"\n"


def read_state(folder: Path) -> State | None:
    """Return the state that a folder keeps; None where there is none, or it cannot be read.

    UsageError where a later harness wrote it.
    """
    try:
        raw: Json = json.loads(read_at_most(folder / STATE, _STATE_AT_MOST_BYTES))
    except (OSError, ValueError, RecursionError):
        return None
    if not isinstance(raw, dict):
        return None
    form = raw.pop("format", None)
    if isinstance(form, int) and form > FORMAT:
        raise UsageError(
            f"{folder / STATE} is of format {form}, and this harness reads {FORMAT}",
            hint="use the harness that wrote it, or a newer one",
        )
    try:
        return _STATE.validate_python(raw) if form == FORMAT else None
    except ValidationError:
        return None


def write(path: Path, content: bytes) -> None:
    """Write a file whole; StoreError where that cannot be."""
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        write_whole(path, content)
    except OSError as error:
        raise StoreError(
            f"{path}: cannot be written: {error.strerror or error}", hint="make room or choose DIR"
        ) from None


def keep_baseline(folder: Path, run: str, shown: Baseline) -> None:
    """Keep what a run showed, so that it need not be judged each day again."""
    write(folder / BASELINES / f"{run}.json", dumped_baseline(shown))


def kept_baseline(folder: Path, run: str) -> Baseline | None:
    """Return what a run showed; None where that is not kept, or was altered."""
    try:
        return read_baseline(folder / BASELINES / f"{run}.json")
    except (OSError, HarnessError):
        return None


def run_names(folder: Path) -> list[str]:
    """Return the names of a watch's runs by their time, what was asked again behind its canary."""
    runs = folder / RUNS
    names = [each.name for each in runs.iterdir() if each.is_dir()] if runs.is_dir() else []
    return sorted(names, key=_place)


def _place(name: str) -> tuple[str, int, bool, str]:
    canary, _, again = name.partition(AGAIN)
    day, _, number = canary.partition(".")
    return day, int(number) if number.isdigit() else 1, canary != name, again


def canary_name(folder: Path, day: str) -> str:
    """Return the name of a day's next canary: the day, then `DAY.2` and so on."""
    taken = {name.partition(AGAIN)[0] for name in run_names(folder)}
    number = 1
    while (name := day if number == 1 else f"{day}.{number}") in taken:
        number += 1
    return name
