"""Run folders of as many records as are asked for, made from the journal of a small real run.

    python tests/benchmarks/scale_folders.py SMALL --records 100000 --out LARGE

`SMALL` is a run folder. Each of its records stands again and again, with another case id, another
prompt and later times; of a benchmark with the numbers of later blocks. The plain requests stand
once. Nothing of the harness is used.
"""

import argparse
import json
import re
import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from zlib import crc32

APART_S = 60.0


def lines_of(journal: Path) -> list[list[dict[str, Any]]]:
    """Return the journal's lines by request, without their seals."""
    requests: dict[tuple[str, str], list[dict[str, Any]]] = {}
    for raw in journal.read_bytes().splitlines():
        line = json.loads(raw)
        for name in ("seq", "synced", "crc"):
            line.pop(name, None)
        requests.setdefault((line["provider"], line["case"]), []).append(line)
    return list(requests.values())


def copied(lines: list[dict[str, Any]], copy: int, blocks: int) -> Iterator[dict[str, Any]]:
    """Yield a request's lines as those of another request."""
    text = json.dumps(lines)
    case = lines[0]["case"]
    block = re.search(r"-b(\d+)", case)
    other = f"{case}-x{copy}"
    if block:
        number = int(block[1]) + copy * blocks
        other = case.replace(block[0], f"-b{number:03}")
        text = re.sub(r'"block": \d+', f'"block": {number}', text)
    text = text.replace(json.dumps(case), json.dumps(other))
    for line in json.loads(text):
        yield moved(line, copy * APART_S)


def moved(value: Any, by_s: float) -> Any:
    """Return a line with all moments of the run's clock moved."""
    if isinstance(value, list):
        return [moved(each, by_s) for each in value]
    if not isinstance(value, dict):
        return value
    return {
        name: each + by_s
        if name.endswith("_s") and name not in ("timeout_s",) and isinstance(each, float)
        else moved(each, by_s)
        for name, each in value.items()
    }


def sealed(raw: bytes, seq: int) -> bytes:
    """Return a line with its number and checksum, as `harness.store.seal` has them."""
    body = raw.removesuffix(b"}") + b',"seq":%d,"synced":%d' % (seq, seq - 1)
    return body + b',"crc":"%08x"}\n' % crc32(body)


def main() -> None:
    """Make a folder."""
    parser = argparse.ArgumentParser()
    parser.add_argument("small", type=Path)
    parser.add_argument("--records", type=int, required=True)
    parser.add_argument("--out", type=Path, required=True)
    asked = parser.parse_args()
    shutil.copytree(asked.small, asked.out)
    requests = lines_of(asked.small / "journal.jsonl")
    plain = [lines for lines in requests if lines[0]["case"].endswith("/base")]
    others = [lines for lines in requests if not lines[0]["case"].endswith("/base")]
    blocks = max(
        (int(found[1]) for lines in others if (found := re.search(r"-b(\d+)", lines[0]["case"]))),
        default=0,
    )
    seq, number, copy = 0, len(plain), 0
    with (asked.out / "journal.jsonl").open("wb") as journal:

        def write(lines: list[dict[str, Any]]) -> None:
            nonlocal seq
            for line in lines:
                seq += 1
                raw = json.dumps(line, separators=(",", ":"), ensure_ascii=False).encode()
                journal.write(sealed(raw, seq))

        for lines in plain:
            write(lines)
        while number < asked.records:
            for lines in others[: asked.records - number]:
                write(list(copied(lines, copy, blocks)) if copy else lines)
            number += len(others[: asked.records - number])
            copy += 1
    size = (asked.out / "journal.jsonl").stat().st_size
    print(f"{number} records, {seq} lines, {size:,} bytes")


if __name__ == "__main__":
    main()
