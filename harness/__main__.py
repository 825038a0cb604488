"""`python -m harness`, and the `harness` command: the same, whatever happens on the way."""

import sys


def main() -> None:
    """Run the command and end the process; 3 where even its modules cannot be imported."""
    try:
        from harness.cli.main import main as run  # noqa: PLC0415 - Python would end with 1
    except KeyboardInterrupt:
        sys.exit(130)
    except Exception as error:  # noqa: BLE001 - a broken installation breaks no promise
        sys.stderr.write(f"harness: internal error: {type(error).__name__}: {error}\n")
        sys.exit(3)
    run()


if __name__ == "__main__":
    main()
