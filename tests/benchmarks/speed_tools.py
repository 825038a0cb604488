"""The tools of the speed table: how each is started, and where it says what it measured."""

import json
import os
import re
import shutil
import subprocess
import sys
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

HERE = Path(__file__).parent
ROOT = HERE.parents[1]
HOME = ROOT / ".venv-speed"
IMAGE = "/image/"
SECONDS = {"us": 1e-6, "ms": 1e-3, "s": 1.0, "m": 60.0}
TOKENIZER = {
    "version": "1.0",
    "added_tokens": [],
    "pre_tokenizer": {"type": "Whitespace"},
    "model": {"type": "WordLevel", "vocab": {"<unk>": 0, "a": 1, "cat": 2}, "unk_token": "<unk>"},
}
"""AIPerf counts tokens in every request; what it would load from a hub is not to be had here."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Load:
    """What is asked of a tool.

    `count` requests, `concurrency` of them at once, or with `rate` so many a second. `pixels` are
    width, height and bytes of the image in each reply.
    """

    url: str
    path: str
    concurrency: int
    count: int
    folder: str
    rate: float | None = None
    pixels: tuple[int, int, int] | None = None

    def as_json(self) -> str:
        """Return it for a command line."""
        return json.dumps({name: getattr(self, name) for name in self.__slots__})


@dataclass(frozen=True, slots=True, kw_only=True)
class Told:
    """What a tool reported.

    `spans` are seconds by the request's name, `dues` when each was to leave (monotonic). A tool
    that names no requests has `quantiles` only. `verified` images were decoded and are as expected.
    """

    spans: dict[str, float] = field(default_factory=dict)
    dues: dict[str, float] = field(default_factory=dict)
    quantiles: dict[int, float] = field(default_factory=dict)
    verified: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Tool:
    """A tool: why it cannot be had (or nothing), its command, and the reading of its results."""

    name: str
    missing: Callable[[], str]
    command: Callable[[Load], Sequence[str]]
    told: Callable[[Load, str], Told]
    env: Callable[[Load], Mapping[str, str]] = lambda _load: {}
    open_loop: bool = False


def _script(name: str, python: Path) -> Callable[[Load], Sequence[str]]:
    return lambda load: (str(python), str(HERE / name), load.as_json())


def _from_json(_load: Load, printed: str) -> Told:
    found: dict[str, Any] = json.loads(printed)
    return Told(spans=found["spans"], dues=found.get("dues", {}), verified=found.get("verified"))


def _wrk(load: Load) -> Sequence[str]:
    seconds = max(5, load.count // load.concurrency * (4 if IMAGE in load.path else 0))
    threads = ("-t2", f"-c{load.concurrency}", f"-d{seconds}s", "--timeout", "120s")
    return ("wrk", *threads, "--latency", load.url + load.path)


def _from_wrk(_load: Load, printed: str) -> Told:
    lines = re.findall(r"^\s+(50|99)%\s+([\d.]+)(us|ms|s|m)\s*$", printed, re.MULTILINE)
    quantiles = {int(name): float(value) * SECONDS[unit] for name, value, unit in lines}
    if len(quantiles) != 2:
        raise RuntimeError(f"wrk printed no latencies:\n{printed}")
    return Told(quantiles=quantiles)


def _locust(load: Load) -> Sequence[str]:
    users = (f"-u{load.concurrency}", f"-r{load.concurrency}", "--headless", "--only-summary")
    file = ("-f", str(HERE / "speed_locust.py"), "-H", load.url, "--stop-timeout", "120")
    return (str(HOME / "bin" / "locust"), *file, *users, "--run-time", "400s")


def _from_locust(load: Load, _printed: str) -> Told:
    return _from_json(load, Path(load.folder, "locust.json").read_text(encoding="utf-8"))


def _aiperf(load: Load) -> Sequence[str]:
    folder = Path(load.folder)
    image = IMAGE in load.path
    one = {"text": "a cat"} if image else {"messages": [{"role": "user", "content": "a cat"}]}
    _written(folder / "asked.jsonl", one)
    (folder / "tokens").mkdir()
    _written(folder / "tokens" / "tokenizer.json", TOKENIZER)
    tokens = {"tokenizer_class": "PreTrainedTokenizerFast", "unk_token": "<unk>"}
    _written(folder / "tokens" / "tokenizer_config.json", tokens)
    kind = ("image-generation", "single-turn") if image else ("raw", "raw-payload")
    pace: tuple[str, ...] = ("--concurrency", str(load.concurrency))
    if load.rate is not None:
        pace = ("--request-rate", f"{load.rate:g}", "--arrival-pattern", "constant")
    return (
        *(str(HOME / "bin" / "aiperf"), "profile", "--model-names", "x", "--url", load.url),
        *("--endpoint-type", kind[0], "--custom-endpoint", load.path),
        *("--custom-dataset-type", kind[1], "--input-file", str(folder / "asked.jsonl")),
        *("--request-count", str(load.count), *pace, "--tokenizer", str(folder / "tokens")),
        *("--no-server-metrics", "--no-gpu-telemetry", "--ui", "none"),
        *("--output-artifact-dir", str(folder / "found"), "--export-level", "records"),
    )


def _from_aiperf(load: Load, _printed: str) -> Told:
    """Read what AIPerf calls the latency of each request; errors of its own have none."""
    spans: dict[str, float] = {}
    for record in _records(Path(load.folder, "found", "profile_export.jsonl")):
        latency = record["metrics"].get("request_latency")
        if latency is not None:
            spans[record["metadata"]["x_request_id"]] = latency["value"] / 1000
    return Told(spans=spans)


def _records(file: Path) -> Iterator[dict[str, Any]]:
    with file.open(encoding="utf-8") as lines:
        yield from map(json.loads, lines)


def _written(file: Path, document: object) -> None:
    file.write_text(json.dumps(document) + "\n", encoding="utf-8")


def _from_debian(name: str) -> Callable[[], str]:
    return lambda: "" if shutil.which(name) else f"{name} is not installed (apt-get install {name})"


def _beside(file: str) -> Callable[[], str]:
    return lambda: "" if any(HOME.glob(file)) else f"no {HOME.name}/{file} (make {HOME.name}/.made)"


def _nothing() -> str:
    return ""


PYTHON = HOME / "bin" / "python"
HERE_TOO = {"PYTHONPATH": str(ROOT)}
TOOLS = (
    Tool(
        name="ours",
        missing=_nothing,
        command=_script("speed_ours.py", Path(sys.executable)),
        told=_from_json,
        env=lambda _load: HERE_TOO,
        open_loop=True,
    ),
    Tool(name="wrk", missing=_from_debian("wrk"), command=_wrk, told=_from_wrk),
    Tool(
        name="aiohttp to disk",
        missing=_beside("bin/python"),
        command=_script("speed_aiohttp.py", PYTHON),
        told=_from_json,
    ),
    Tool(
        name="httpx over aiohttp",
        missing=_beside("lib/*/site-packages/httpx_aiohttp"),
        command=_script("speed_httpx_aiohttp.py", PYTHON),
        told=_from_json,
    ),
    Tool(
        name="Locust (fast)",
        missing=_beside("bin/locust"),
        command=_locust,
        told=_from_locust,
        env=lambda load: {"LOAD": load.as_json()},
    ),
    Tool(
        name="AIPerf",
        missing=_beside("bin/aiperf"),
        command=_aiperf,
        told=_from_aiperf,
        open_loop=True,
    ),
    Tool(
        name="plain httpx",
        missing=_beside("bin/httpx"),
        command=_script("speed_httpx.py", PYTHON),
        told=_from_json,
    ),
)


def started(tool: Tool, load: Load) -> "subprocess.Popen[str]":
    """Start a tool on a load; what it prints goes to a file in the load's folder, for its size."""
    environment = {**os.environ, **tool.env(load)}
    with Path(load.folder, "printed").open("w") as out, Path(load.folder, "said").open("w") as err:
        return subprocess.Popen(
            tool.command(load), stdout=out, stderr=err, text=True, env=environment, cwd=load.folder
        )


def versions() -> str:
    """Return the versions of the tools that are there."""
    found = []
    wrk = shutil.which("wrk")
    if wrk is not None:
        said = subprocess.run([wrk, "-v"], capture_output=True, text=True, check=False).stdout
        found.append("wrk " + (re.findall(r"wrk (?:debian/)?([\w.+-]+)", said) or ["?"])[0])
    if PYTHON.exists():
        script = (
            "from importlib.metadata import version\n"
            "for name in ('aiohttp', 'locust', 'aiperf', 'httpx', 'httpx-aiohttp'):\n"
            "    print(name, version(name))"
        )
        done = subprocess.run([PYTHON, "-c", script], capture_output=True, text=True, check=False)
        found += done.stdout.splitlines()
    return ", ".join(found)
