"""The command: serve the six providers until SIGTERM or SIGINT."""

from __future__ import annotations

import argparse
import asyncio
import dataclasses
import json
import math
import os
import signal
import sys
import threading
import traceback
from contextlib import ExitStack
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING, NoReturn

from .faults.authenticity import NEED_SIGNATURES
from .faults.catalogue import UnknownFaultError, catalogue, parse_fault
from .providers import VARIANTS
from .serving import NAMES, PortError, base_url, bind, build, serve
from .state import Settings

if TYPE_CHECKING:
    import socket
    from collections.abc import Mapping

    from .signing.signer import ImageSigner

OK, WRONG_USAGE, OUR_FAILURE = 0, 2, 3
LAST_PORT = 65_536 - len(NAMES)


class _UsageError(Exception):
    """The command line is wrong; the message says how."""


class _Parser(argparse.ArgumentParser):
    def error(self, message: str) -> NoReturn:
        raise _UsageError(message)


def main(argv: list[str] | None = None) -> int:
    """Run the command and return its exit code.

    0 after a signal or a listing, 2 for wrong usage or a busy port.
    """
    with ExitStack() as stack:
        try:
            options = _parser().parse_args(argv)
            if options.list_faults:
                _list_faults(as_json=options.json)
                return OK
            faults = _by_provider([pair for text in options.fault for pair in parse_fault(text)])
            variants = _by_provider([_variant(text) for text in options.variant])
            about_signatures = any(names & NEED_SIGNATURES for names in faults.values())
            signer, anchors = None, None
            if options.signed is not None or about_signatures:
                signer = _signer(stack)
                anchors = _written(signer, options.signed, stack)
            bound = bind(options.host, options.port)
        except (_UsageError, UnknownFaultError, PortError) as error:
            sys.stderr.write(f"emulator: {error}\n")
            return WRONG_USAGE
        settings = Settings(
            seed=options.seed,
            time_scale=options.time_scale,
            seconds_per_image=options.seconds_per_image,
            keys=frozenset(options.key),
            natural=options.natural,
            keep_requests=options.keep_requests,
            signer=signer,
        )
        applications = build(settings, faults, variants)

        def ready() -> None:
            if options.until_eof:
                _end_with_input()
            _announce(bound, anchors, as_json=options.json)

        asyncio.run(serve(applications, bound, ready))
        return OK


def _signer(stack: ExitStack) -> ImageSigner:
    """Return what signs images, until the stack ends."""
    try:
        # The extra `provenance` is not always installed, and takes a while to load.
        from .signing.signer import ImageSigner  # noqa: PLC0415

        signer = ImageSigner()
    except ModuleNotFoundError as error:
        raise _UsageError(
            f"signed images need {error.name}: install c2pa-python and cryptography"
            " (the extra `provenance`)"
        ) from error
    stack.callback(signer.close)
    return signer


def _written(signer: ImageSigner, path: str | None, stack: ExitStack) -> str:
    """Write the trust anchors to a file and return its path.

    Without a path they are in a file that ends with the stack.
    """
    if path:
        try:
            Path(path).write_text(signer.trust_anchors, "ascii")
        except OSError as error:
            reason = error.strerror or str(error)
            raise _UsageError(f"cannot write the trust anchors to {path}: {reason}") from error
        return str(Path(path).absolute())
    folder = stack.enter_context(TemporaryDirectory(prefix="emulator-"))
    file = Path(folder, "trust-anchors.pem")
    file.write_text(signer.trust_anchors, "ascii")
    return str(file)


def _parser() -> argparse.ArgumentParser:
    variants = "\n".join(f"  {name:<26} {meaning}" for name, meaning in VARIANTS.items())
    parser = _Parser(
        prog="emulator",
        description="Serve six image APIs on loopback, as their documents describe them.",
        epilog=f"variants (other legitimate readings of the documents, no faults):\n{variants}",
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("--json", action="store_true", help="one line of JSON on stdout when ready")
    parser.add_argument("--host", default="127.0.0.1", help="address to listen on (%(default)s)")
    parser.add_argument("--port", type=_port, help="first of six ports (default: free ports)")
    parser.add_argument(
        "--time-scale", type=_scale, default=1.0, metavar="F",
        help="factor on every duration, 0 for none (%(default)s)",
    )  # fmt: skip
    parser.add_argument(
        "--seconds-per-image", type=_scale, metavar="S",
        help="every request that makes images takes S seconds, times --time-scale, whatever its"
        " quality, size and n: its images are made side by side (default: drawn by quality, size"
        " and n); refusals stay instant",
    )  # fmt: skip
    parser.add_argument(
        "--key", action="append", default=[], help="the key of an account, may be given again"
        " (default: the first key that a provider receives is its only one)",
    )  # fmt: skip
    parser.add_argument("--seed", type=int, default=0, metavar="N", help="seed of every draw (0)")
    parser.add_argument(
        "--fault",
        action="append",
        default=[],
        metavar="[PROVIDER:]NAME",
        help="switch on a fault: one that --list-faults names, or KIND[@RATE]:VALUE[+VALUE ...]"
        " with documented values of one's own choice (fails@0.5:quality=high)",
    )
    parser.add_argument(
        "--natural",
        action="store_true",
        help="pictures look like photographs and are another one each time (default: flat ones,"
        " which cost next to nothing)",
    )
    parser.add_argument(
        "--signed",
        nargs="?",
        const="",
        metavar="FILE",
        help="images bear a C2PA manifest signed by a test authority made at the start; its"
        " certificates are written to FILE (default: a temporary file, named when ready)",
    )
    parser.add_argument(
        "--variant", action="append", default=[], metavar="PROVIDER:NAME", help="choose a reading"
    )
    parser.add_argument(
        "--keep-requests", action="store_true", help="the ledger also holds what requests held:"
        " headers (without keys), JSON, the parts of forms",
    )  # fmt: skip
    parser.add_argument(
        "--until-eof", action="store_true", help="also end when standard input closes"
    )
    parser.add_argument("--list-faults", action="store_true", help="list all faults and exit")
    return parser


def _end_with_input() -> None:
    """End like after SIGTERM once standard input closes: the process that started us is gone."""

    def watch() -> None:
        while os.read(
            sys.stdin.fileno(), 1 << 12
        ):  # a buffered read would keep its lock at our end
            pass
        os.kill(os.getpid(), signal.SIGTERM)

    threading.Thread(target=watch, daemon=True).start()


def _port(text: str) -> int:
    port = int(text) if text.isascii() and text.isdigit() else -1
    if not 1 <= port <= LAST_PORT:
        raise argparse.ArgumentTypeError(f"{text!r} leaves no six ports; give 1 to {LAST_PORT}")
    return port


def _scale(text: str) -> float:
    try:
        scale = float(text)
    except ValueError:
        scale = math.nan
    if not 0 <= scale < math.inf:
        raise argparse.ArgumentTypeError(f"{text!r} is no number; give 0 or more")
    return scale


def _variant(text: str) -> tuple[str, str]:
    if text not in VARIANTS:
        raise _UsageError(f"no variant {text!r}; these are: {', '.join(VARIANTS)}")
    provider, _, name = text.partition(":")
    return provider, name


def _by_provider(pairs: list[tuple[str, str]]) -> dict[str, frozenset[str]]:
    grouped: dict[str, set[str]] = {}
    for provider, name in pairs:
        grouped.setdefault(provider, set()).add(name)
    return {provider: frozenset(names) for provider, names in grouped.items()}


def _announce(bound: Mapping[str, socket.socket], anchors: str | None, *, as_json: bool) -> None:
    urls = {name: base_url(listener) for name, listener in bound.items()}
    named = {} if anchors is None else {"trust_anchors": anchors}
    if as_json:
        text = json.dumps({"providers": urls, **named})
    else:
        text = "\n".join(f"{name:<13} {value}" for name, value in {**urls, **named}.items())
    sys.stdout.write(f"{text}\n")
    sys.stdout.flush()


def _list_faults(*, as_json: bool) -> None:
    for fault in catalogue():
        line = f"{fault.provider:<12} {fault.family:<19} {fault.name:<52} {fault.meaning}"
        sys.stdout.write(f"{json.dumps(dataclasses.asdict(fault)) if as_json else line}\n")


def _ended() -> int:
    """Run the command; a bug of the emulator ends with 3, where Python's own code would be 1."""
    try:
        return main()
    except Exception:  # noqa: BLE001 - it is shown, and its exit code chosen
        traceback.print_exc()
        return OUR_FAILURE


if __name__ == "__main__":
    sys.exit(_ended())
