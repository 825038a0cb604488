"""The emulator as a process of its own, started for a run and stopped after it."""

import json
import signal
import subprocess
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager

from harness.core.errors import EmulatorError, UsageError

STOP_S = 5.0
USAGE = 2


@contextmanager
def emulator_process(
    *, time_scale: float, seed: int, faults: Sequence[str] = (), port: int | None = None
) -> Iterator[dict[str, str]]:
    """Start the emulator and yield the base URL of each provider; stop it at the end.

    Raises EmulatorError where it does not come up; what it said is in the message.
    """
    command = [sys.executable, "-m", "harness.emulator", "--json", "--until-eof"]
    command += ["--time-scale", str(time_scale), "--seed", str(seed)]
    command += [part for fault in faults for part in ("--fault", fault)]
    command += ["--port", str(port)] if port is not None else []
    process = subprocess.Popen(  # noqa: S603 - our own module, by our own interpreter
        command,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        stdin=subprocess.PIPE,  # it ends when this closes: a killed harness leaves none behind
        text=True,
        start_new_session=True,  # Ctrl-C is ours to handle: what is in flight needs its server
    )
    try:
        yield _ready(process)
    finally:
        process.send_signal(signal.SIGTERM)
        try:
            process.communicate(timeout=STOP_S)
        except subprocess.TimeoutExpired:
            process.kill()
            process.communicate()


def _ready(process: "subprocess.Popen[str]") -> dict[str, str]:
    line = process.stdout.readline() if process.stdout else ""
    try:
        addresses = json.loads(line)["providers"]
    except (ValueError, KeyError, TypeError):
        try:  # an argument it does not know ends it by itself
            process.wait(timeout=STOP_S)
        except subprocess.TimeoutExpired:
            process.kill()
        said = process.communicate()[1].strip().splitlines()
        reason = said[-1] if said else "it said nothing"
        if process.returncode == USAGE:
            raise UsageError(reason.removeprefix("emulator: ")) from None
        raise EmulatorError(f"the emulator did not start: {reason}") from None
    return {str(name): str(address) for name, address in addresses.items()}
