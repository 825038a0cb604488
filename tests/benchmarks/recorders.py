"""Which formats of recordings `harness judge` reads, and what of them.

    python tests/benchmarks/recorders.py [--record] [--write]

`--record` makes the files of `tests/transport/foreign/recorded` again: every recorder is given the
same requests (`recorder_steps.py`) to the emulator, and writes its file by its own library; what
runs neither in Python nor in Node is written from its documented form (`recorder_forms.py`). It
needs node, npm and curl; the libraries are installed into a folder of their own, at the versions
of `recorders/package.json` and below. Without it the files are judged as they are. `--write` writes
the table to `recorders.md`. Exits with 1 where a cell is not as expected.
"""

import argparse
import json
import shutil
import subprocess
import sys
import tempfile
import venv
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import httpx
import vcr

sys.path.insert(0, str(Path(__file__).parents[2]))  # run as a script

from tests.benchmarks.recorder_forms import FORMS
from tests.benchmarks.recorder_steps import PORTS, Step, filled, make, steps, taken
from tests.transport.foreign.recorded_table import EXPECTED, RECORDED, cells, table

PAGE = Path(__file__).with_suffix(".md")
SCRIPTS = Path(__file__).with_suffix("")
MITMPROXY = "mitmproxy==11.0.2"
NODE = {
    "nock": "nock.json",
    "nock-headers": "nock_headers.json",
    "nock13": "nock13.json",
    "polly": "polly.har",
    "axios": "axios_har_tracker.har",
    "node-fetch": "node_fetch_har.har",
}
MITM_PORT = 18104


@contextmanager
def serving() -> Iterator[None]:
    """Serve the emulator's providers at the fixed ports."""
    emulate = [sys.executable, "-m", "harness", "emulate", "--json", "--time-scale", "0"]
    with subprocess.Popen(
        [*emulate, "--until-eof"], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    ) as emulator:
        assert emulator.stdout is not None
        addresses = json.loads(emulator.stdout.readline())["providers"]
        ports = {str(port): addresses[name] for name, port in PORTS.items()}
        front = [_program("node"), str(SCRIPTS / "front.mjs"), json.dumps(ports)]
        with subprocess.Popen(front, stdout=subprocess.PIPE, text=True) as server:
            assert server.stdout is not None
            server.stdout.readline()
            try:
                yield
            finally:
                server.terminate()
                emulator.communicate()


def record(folder: Path) -> None:
    """Let every recorder write its file into the folder."""
    with tempfile.TemporaryDirectory() as scratch, serving():
        _by_vcrpy(folder)
        _by_node(folder, Path(scratch))
        _by_mitmproxy(folder, Path(scratch))
        _by_curl(folder / "curl")
        made = make(steps())
    for name, form in FORMS.items():
        (folder / name).write_text(form(made), encoding="utf-8")


def _by_vcrpy(folder: Path) -> None:
    for serializer, ending in (("yaml", "yaml"), ("json", "json")):
        path = folder / f"vcrpy.{ending}"
        path.unlink(missing_ok=True)
        recorder = vcr.VCR(serializer=serializer, record_mode="once")
        # vcrpy's JSON holds text alone: it refuses bodies of other bytes.
        asked = steps() if ending == "yaml" else _without_bytes(steps())
        with (
            recorder.use_cassette(str(path), allow_playback_repeats=False),
            httpx.Client() as client,
        ):
            _ask(asked, client)


def _without_bytes(asked: list[Step]) -> list[Step]:
    return [
        step
        for step in asked
        if step.column not in ("gzip", "br", "edit") and step.url not in ("{job}", "{image}")
    ]


def _ask(asked: list[Step], client: httpx.Client) -> None:
    known: dict[str, str] = {}
    for step in asked:
        url = filled(step.url, known)
        reply = client.request(step.method, url, headers=step.headers, content=step.body)
        known |= taken(step, reply.content)


def _by_node(folder: Path, scratch: Path) -> None:
    shutil.copy(SCRIPTS / "package.json", scratch)
    npm = [_program("npm"), "install", "--no-audit", "--no-fund", "--no-package-lock"]
    subprocess.run(npm, cwd=scratch, check=True, capture_output=True)
    plan = scratch / "steps.json"
    plan.write_text(json.dumps([step.row() for step in steps()]), encoding="utf-8")
    for recorder, name in NODE.items():
        command = [_program("node"), str(SCRIPTS / "record.mjs"), recorder, str(plan)]
        subprocess.run([*command, str(folder / name)], cwd=scratch, check=True, timeout=120)


def _by_mitmproxy(folder: Path, scratch: Path) -> None:
    programs = scratch / "mitmproxy"
    venv.create(programs, with_pip=True)
    pip = [str(programs / "bin" / "pip"), "install", "-q", MITMPROXY]
    subprocess.run(pip, check=True, capture_output=True)
    command = [str(programs / "bin" / "mitmdump"), "-p", str(MITM_PORT), "--set"]
    command += [f"hardump={folder / 'mitmproxy.har'}", "-w", str(folder / "mitmproxy.flow")]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as proxy:
        assert proxy.stdout is not None
        while "listening" not in proxy.stdout.readline():
            pass
        with httpx.Client(proxy=f"http://127.0.0.1:{MITM_PORT}") as client:
            _ask(steps(), client)
        proxy.terminate()
        proxy.communicate()


def _by_curl(folder: Path) -> None:
    """Write NAME.curl (the command), NAME.txt (`curl -i`) and for one step `curl -v`'s lines."""
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir()
    known: dict[str, str] = {}
    asked = steps()
    cut = next(step for step in asked if step.column == "base64")
    for index, step in enumerate([*asked, cut], 1):
        name = f"{index:02}-{step.column if index <= len(asked) else 'cut'}"
        headers = dict(step.headers) | ({"X-Cut": "1"} if index > len(asked) else {})
        command = [_program("curl"), "-sSi", "-X", step.method, filled(step.url, known)]
        for pair in headers.items():
            command += ["-H", ": ".join(pair)]
        if step.body is not None:
            command += ["--data-binary", "@-"]
        ended = subprocess.run(command, input=step.body or b"", capture_output=True, check=False)
        (folder / f"{name}.res").write_bytes(ended.stdout)
        (folder / f"{name}.req").write_bytes(_raw_request(step, filled(step.url, known), headers))
        if index <= len(asked):
            known |= taken(step, ended.stdout.partition(b"\r\n\r\n")[2])


def _raw_request(step: Step, url: str, headers: dict[str, str]) -> bytes:
    _, _, rest = url.partition("://")
    host, _, path = rest.partition("/")
    lines = [f"{step.method} /{path} HTTP/1.1", f"Host: {host}"]
    lines += [": ".join(pair) for pair in headers.items()]
    return "\r\n".join([*lines, "", ""]).encode() + (step.body or b"")


def _program(name: str) -> str:
    found = shutil.which(name)
    if found is None:
        sys.exit(f"{name} is missing: it is needed to record")
    return found


def main() -> None:
    """Record where asked to, judge, and print the table."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawTextHelpFormatter
    )
    parser.add_argument("--record", action="store_true", help="make the files again")
    parser.add_argument("--write", action="store_true", help=f"write the table to {PAGE.name}")
    options = parser.parse_args()
    if options.record:
        RECORDED.mkdir(exist_ok=True)
        record(RECORDED.resolve())
    found = {name: cells(name) for name in EXPECTED}
    text = table(found)
    sys.stdout.write(text)
    if options.write:
        PAGE.write_text(text, encoding="utf-8")
    wrong = [
        f"{name}, {column}: {found[name].get(column)} where {word} is expected"
        for name, row in EXPECTED.items()
        for column, word in row.items()
        if column not in found[name] or found[name][column].word != word
    ]
    sys.exit("\n".join(wrong) or 0)


if __name__ == "__main__":
    main()
