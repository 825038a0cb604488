"""The process that scans large bodies, so that the run's memory and clock stay undisturbed.

It reads one piece of work per line, as JSON, and answers with one line: where the images of a body
stand, or a decoded image. It gets names of files and returns places in them, so it sees no keys. It
ends with its input.
"""

import json
import sys
from collections.abc import Callable
from pathlib import Path
from time import process_time
from typing import BinaryIO

from PIL import Image

from harness.transport.bodies.decode import decoded
from harness.transport.bodies.scan import scan
from harness.transport.worker import READY, allow_cpu, step_back, take_answers

CPU_AT_MOST_S = 60
"""Seconds of one processor after which a body or an image is a trap."""

DATA_AT_MOST_BYTES = 272 * 1024 * 1024
"""Memory of this process: a WebP of 8 million pixels without loss takes 180 MB, any other less."""


def main() -> None:
    """Serve the process that started this one."""
    answers = take_answers()
    step_back(DATA_AT_MOST_BYTES)  # what is beyond it is a MemoryError, and a broken image
    Image.preinit()
    serve_decoding(sys.stdin.buffer, answers)


def serve_decoding(questions: BinaryIO, answers: BinaryIO) -> None:
    """Answer until the last question."""
    answers.write(READY)
    for line in questions:
        allow_cpu(CPU_AT_MOST_S)
        name, path = json.loads(line)
        try:
            answer = WORK[name](Path(path))
        except OSError as error:
            answer = {"errno": error.errno, "why": error.strerror or str(error)}
        answers.write(json.dumps(answer).encode() + b"\n")


def _scanned(body: Path) -> object:
    return scan(body)._asdict()


def _decoded(image: Path) -> object:
    before = process_time()
    decoded_image = decoded(image)
    return {"told": decoded_image, "cpu_s": process_time() - before}


WORK: dict[str, Callable[[Path], object]] = {"scan": _scanned, "decode": _decoded}


if __name__ == "__main__":
    main()
