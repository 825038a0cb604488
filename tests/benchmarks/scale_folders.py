"""Run folders of as many records as are asked for, made from the journal of a small real run.

    python tests/benchmarks/scale_folders.py SMALL --records 100000 --out LARGE [--own-images]

`SMALL` is a run folder. Each of its records stands again and again, with another case id, another
prompt and later times; of a benchmark with the numbers of later blocks, which its header then has,
too. The plain requests stand once. Each copy shows the images of the original, or with
`--own-images` others, whose files are not there. Nothing of the harness is used.
"""

import argparse
import hashlib
import json
import re
import shutil
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from zlib import crc32

Line = dict[str, Any]

MOMENTS = ("due_s", "sent_s", "written_s", "headers_s", "first_byte_s", "end_s", "at_s")
"""What is on the run's clock; all other seconds (`connect_s`, `decode_s`) are durations."""

GAP_S = 1.0
DIGEST = re.compile(r'(?<=")[0-9a-f]{64}\b')
BLOCK = re.compile(r"-b(\d+)")
PROMPT_AT_LEAST = 20
PROMPT_AT_MOST = 300


def lines_of(journal: Path) -> list[list[Line]]:
    """Return the journal's lines by request, without their seals."""
    requests: dict[tuple[str, str], list[Line]] = {}
    for raw in journal.read_bytes().splitlines():
        line = json.loads(raw)
        for name in ("seq", "synced", "crc"):
            line.pop(name, None)
        requests.setdefault((line["provider"], line["case"]), []).append(line)
    return list(requests.values())


class Copies:
    """What is the same for all copies of a run's requests."""

    def __init__(self, requests: list[list[Line]], *, own_images: bool) -> None:
        found = [int(block[1]) for lines in requests if (block := BLOCK.search(lines[0]["case"]))]
        self.blocks = max(found, default=0)
        times = [each for lines in requests for each in moments(lines)]
        self.apart_s = max(times, default=0.0) - min(filter(None, times), default=0.0) + GAP_S
        shots = [line["shot"] for lines in requests for line in lines if "shot" in line]
        self.has_timetable = any("due_s" in shot for shot in shots)
        self.own_images = own_images

    def copied(self, lines: list[Line], copy: int) -> Iterator[Line]:
        """Yield a request's lines as those of another request."""
        text = json.dumps(lines)
        case = lines[0]["case"]
        other = f"{case}-x{copy}"
        if block := BLOCK.search(case):
            number = int(block[1]) + copy * self.blocks
            other = case.replace(block[0], f"-b{number:03}")
            text = re.sub(r'"block": \d+', f'"block": {number}', text)
        # As a whole, and at the end of the key that it was sent with.
        text = text.replace(json.dumps(case)[1:], json.dumps(other)[1:])
        for prompt in prompts(lines):
            text = text.replace(json.dumps(prompt), json.dumps(f"{prompt} {copy}"))
        if self.own_images:
            text = DIGEST.sub(lambda found: sha256(f"{found[0]} {copy}"), text)
        for line in json.loads(text):
            yield self._moved(line, copy * self.apart_s)

    def _moved(self, line: Line, by_s: float) -> Line:
        if self.has_timetable and "shot" in line:  # what is 0.0 by default was left out
            line["shot"].setdefault("due_s", 0.0)
        move(line, by_s)
        return line


def move(value: object, by_s: float) -> None:
    """Move all moments of the run's clock."""
    for each in value if isinstance(value, list) else ():
        move(each, by_s)
    if isinstance(value, dict):
        for name, each in value.items():
            if name in MOMENTS and isinstance(each, float):
                value[name] = each + by_s
            else:
                move(each, by_s)


def moments(value: object) -> Iterator[float]:
    """Yield all moments of the run's clock."""
    for each in value if isinstance(value, list) else ():
        yield from moments(each)
    if isinstance(value, dict):
        for name, each in value.items():
            if name in MOMENTS and isinstance(each, float):
                yield each
            else:
                yield from moments(each)


def prompts(lines: list[Line]) -> set[str]:
    """Return a request's prompt, unless it is about its length (and is saved by a name)."""
    said = [line["shot"]["case"]["arguments"].get("prompt") for line in lines if "shot" in line]
    texts = {each for each in said if isinstance(each, str) and not each.startswith("longtext:")}
    return {each for each in texts if PROMPT_AT_LEAST < len(each) < PROMPT_AT_MOST}


def sha256(text: str) -> str:
    """Return a text's digest."""
    return hashlib.sha256(text.encode()).hexdigest()


def sealed(raw: bytes, seq: int) -> bytes:
    """Return a line with its number and checksum, as `harness.store.seal` has them."""
    body = raw.removesuffix(b"}") + b',"seq":%d,"synced":%d' % (seq, seq - 1)
    return body + b',"crc":"%08x"}\n' % crc32(body)


def lengthen(header: Path, copies: int) -> None:
    """Give each stage of a benchmark's design as many blocks as the journal has."""
    content = json.loads(header.read_bytes())
    if not content.get("benchmark"):
        return
    content.pop("crc", None)
    for stage in content["benchmark"]["design"]["stages"]:
        stage["blocks"] *= copies
    body = json.dumps(content, indent=2, ensure_ascii=False).encode().removesuffix(b"\n}")
    header.write_bytes(body + b',\n  "crc": "%08x"\n}\n' % crc32(body))


def main() -> None:
    """Make a folder."""
    parser = argparse.ArgumentParser()
    parser.add_argument("small", type=Path)
    parser.add_argument("--records", type=int, required=True)
    parser.add_argument("--out", type=Path, required=True)
    parser.add_argument("--own-images", action="store_true")
    asked = parser.parse_args()
    shutil.copytree(asked.small, asked.out)
    requests = lines_of(asked.small / "journal.jsonl")
    plain = [lines for lines in requests if lines[0]["case"].endswith("/base")]
    others = [lines for lines in requests if not lines[0]["case"].endswith("/base")]
    copies = Copies(requests, own_images=asked.own_images)
    seq, number, copy = 0, len(plain), 0
    with (asked.out / "journal.jsonl").open("wb") as journal:

        def write(lines: list[Line]) -> None:
            nonlocal seq
            for line in lines:
                seq += 1
                raw = json.dumps(line, separators=(",", ":"), ensure_ascii=False).encode()
                journal.write(sealed(raw, seq))

        for lines in plain:
            write(lines)
        while number < asked.records:
            for lines in others[: asked.records - number]:
                write(list(copies.copied(lines, copy)) if copy else lines)
            number += len(others[: asked.records - number])
            copy += 1
    lengthen(asked.out / "run.json", copy)
    size = (asked.out / "journal.jsonl").stat().st_size
    sys.stdout.write(f"{number} records, {seq} lines, {size:,} bytes\n")


if __name__ == "__main__":
    main()
