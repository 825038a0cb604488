"""`python -m harness`, and the `harness` command: the same, whatever happens on the way."""

import sys
from collections.abc import Sequence
from contextlib import suppress

BEGINS = {
    "run": "harness: reading the documents and planning the run",
    "plan": "harness: reading the documents and planning",
    "judge": "harness: reading what was recorded",
    "report": "harness: reading the run",
}
"""What verbs say that take seconds before they have anything to tell."""

_ASKS_FOR_HELP = {"-h", "--help", "--version"}


def main() -> None:
    """Run the command and end the process; 3 where even its modules cannot be imported."""
    try:
        _begin(sys.argv[1:])
        from harness.cli.main import main as run  # noqa: PLC0415 - Python would end with 1
    except KeyboardInterrupt:
        sys.exit(130)
    except Exception as error:  # noqa: BLE001 - a broken installation breaks no promise
        sys.stderr.write(f"harness: internal error: {type(error).__name__}: {error}\n")
        sys.exit(3)
    run()


def _begin(arguments: Sequence[str]) -> None:
    """Say on a terminal, before anything takes time, that the verb has begun."""
    verb = _verb(arguments)
    if verb not in BEGINS or _ASKS_FOR_HELP.intersection(arguments):
        return
    with suppress(OSError, ValueError):  # a terminal that is gone
        if sys.stderr is not None and sys.stderr.isatty():
            sys.stderr.write(f"{BEGINS[verb]}\n")
            sys.stderr.flush()


def _verb(arguments: Sequence[str]) -> str:
    """Return the verb: the first argument that is no option, nor the file of `--config`."""
    before = ""
    for argument in arguments:
        if not argument.startswith("-") and before != "--config":
            return argument
        before = argument
    return ""


if __name__ == "__main__":
    main()
