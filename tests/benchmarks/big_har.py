"""What `harness judge` takes for a recording of 200 MB: memory, seconds, and what it says.

Run by hand: `python tests/benchmarks/big_har.py [--megabytes N] [--write]`. It makes the files in a
temporary folder, judges each in a process of its own and reads that process's peak of memory
(`getrusage`). `--write` keeps the table in `big_har.md` beside this file.
"""

import argparse
import base64
import gzip
import io
import json
import os
import resource
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import yaml
from PIL import Image

AT_MOST_MB = 400
EDGE_PX = 1024
ASKED = {
    "model": "gpt-image-2",
    "prompt": "a paper kite",
    "size": f"{EDGE_PX}x{EDGE_PX}",
    "quality": "low",
    "output_format": "png",
}
URL = "https://gateway.example.com/v1/images/generations"
USAGE = {
    "input_tokens": 9,
    "output_tokens": 196,
    "total_tokens": 205,
    "input_tokens_details": {"text_tokens": 9, "image_tokens": 0},
}
HARNESS = str(Path(sys.executable).parent / "harness")


def image(seed: int) -> bytes:
    """Return a PNG of about a megabyte, another one for each seed."""
    noise = Image.effect_noise((EDGE_PX // 2, EDGE_PX), 40.0 + seed)
    picture = Image.new("RGB", (EDGE_PX, EDGE_PX), (seed % 256, 40, 90))
    picture.paste(noise.convert("RGB"), (0, 0))
    buffer = io.BytesIO()
    picture.save(buffer, "PNG", compress_level=1)
    return buffer.getvalue()


def reply(seed: int) -> str:
    """Return what a provider answers, with the image in its JSON."""
    encoded = base64.b64encode(image(seed)).decode()
    shown = {key: ASKED[key] for key in ("size", "quality", "output_format")}
    return json.dumps(
        {"created": 1, "data": [{"b64_json": encoded}], "background": "opaque", **shown}
        | {"usage": USAGE}
    )


def har_entry(seed: int) -> dict[str, Any]:
    """Return an entry; every third reply is in base64, as browsers write some."""
    text = reply(seed)
    packed = seed % 3 == 0
    headers = [{"name": "content-type", "value": "application/json"}]
    content = {"size": len(text), "mimeType": "application/json", "text": text}
    if packed:
        content |= {"text": base64.b64encode(text.encode()).decode(), "encoding": "base64"}
    return {
        "startedDateTime": "2026-09-01T10:00:00Z",
        "time": 9_000 + seed,
        "request": {
            "method": "POST",
            "url": URL,
            "headers": [*headers, {"name": "authorization", "value": f"Bearer sk-{seed:032x}"}],
            "postData": {"mimeType": "application/json", "text": json.dumps(ASKED)},
        },
        "response": {"status": 200, "statusText": "", "headers": headers, "content": content},
    }


def interaction(seed: int) -> dict[str, Any]:
    """Return the same as vcrpy writes it."""
    headers = {"content-type": ["application/json"]}
    return {
        "request": {"method": "POST", "uri": URL, "headers": headers, "body": json.dumps(ASKED)},
        "response": {
            "status": {"code": 200, "message": "OK"},
            "headers": headers,
            "body": {"string": reply(seed)},
        },
    }


def _pieces(entry: Callable[[int], dict[str, Any]], size: int) -> Iterator[str]:
    written = seed = 0
    while written < size:
        text = json.dumps(entry(seed))
        yield ("," if seed else "") + text
        written, seed = written + len(text), seed + 1


def write_har(path: Path, size: int) -> None:
    """Write a HAR of about so many bytes."""
    opener = gzip.open if path.suffix == ".gz" else open
    with opener(path, "wt", encoding="utf-8") as file:
        file.write('{"log": {"version": "1.2", "entries": [')
        file.writelines(_pieces(har_entry, size))
        file.write("]}}")


def write_json(path: Path, size: int) -> None:
    """Write a vcrpy cassette in JSON."""
    with path.open("w") as file:
        file.write('{"version": 1, "interactions": [')
        file.writelines(_pieces(interaction, size))
        file.write("]}")


def write_yaml(path: Path, size: int) -> None:
    """Write a vcrpy cassette in YAML."""
    with path.open("w") as file:
        file.write("interactions:\n")
        seed = 0
        while file.tell() < size:
            yaml.dump([interaction(seed)], file, Dumper=yaml.CSafeDumper)
            seed += 1
        file.write("version: 1\n")


FILES: dict[str, Callable[[Path, int], None]] = {
    "browser.har": write_har,
    "browser.har.gz": write_har,
    "vcrpy.json": write_json,
    "vcrpy.yaml": write_yaml,
}


def judged(path: Path) -> tuple[float, float, int, str]:
    """Return the peak in MB, the seconds, the exit code and the line that counts the exchanges."""
    start = time.perf_counter()
    command = [HARNESS, "judge", str(path), "--provider", "sub2api", "--json"]
    with tempfile.TemporaryFile() as said:
        child = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=said)
        _, status, usage = os.wait4(child.pid, 0)
        child.returncode = os.waitstatus_to_exitcode(status)
        said.seek(0)
        lines = said.read().decode().splitlines()
    peak_mb = usage.ru_maxrss / (1e6 if sys.platform == "darwin" else 1e3)
    counted = next((line for line in lines if " of sub2api: " in line), lines[-1])
    progress = sum(line.startswith("reading ") for line in lines)
    line = f"{counted.partition(':')[0]}; {progress} lines of progress"
    return peak_mb, time.perf_counter() - start, child.returncode, line


def main() -> int:
    """Print the table; return 1 where a file took too much memory."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--megabytes", type=int, default=200)
    parser.add_argument("--write", action="store_true")
    options = parser.parse_args()
    rows = [
        (
            f"Files of {options.megabytes} MB (the packed one: before packing), each judged once "
            "by `harness judge FILE --provider sub2api --json`; "
            f"bound: {AT_MOST_MB} MB of memory."
        ),
        "",
        "| file | on the disk MB | peak memory MB | wall s | exit | what it says |",
        "|---|---|---|---|---|---|",
    ]
    too_much = False
    with tempfile.TemporaryDirectory() as folder:
        for name, write in FILES.items():
            path = Path(folder) / name
            write(path, options.megabytes * 1_000_000)
            size_mb = path.stat().st_size / 1e6
            peak_mb, wall_s, code, line = judged(path)
            too_much |= peak_mb > AT_MOST_MB
            row = f"| {name} | {size_mb:.0f} | {peak_mb:.0f} | {wall_s:.0f} | {code} | {line} |"
            rows.append(row)
            sys.stderr.write(f"{row}\n")
            path.unlink()
    here_mb = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1e3
    sys.stderr.write(f"(this script itself: {here_mb:.0f} MB)\n")
    table = "\n".join(rows) + "\n"
    sys.stdout.write(table)
    if options.write:
        (Path(__file__).with_suffix(".md")).write_text(table, encoding="utf-8")
    return int(too_much)


if __name__ == "__main__":
    sys.exit(main())
