"""Whole runs of the command against the echoing provider, and of `judge` over recordings."""

import asyncio
import random
from dataclasses import dataclass
from pathlib import Path

from tests.loopback import HUNG_S
from tests.runner.hostile import serving
from tests.runner.processes import HARNESS, environment, harness
from tests.secrecy.checking import leaks, written
from tests.secrecy.echoing import Echo
from tests.secrecy.planting import key
from tests.secrecy.recorded import fresh, har, vcr


@dataclass(frozen=True, slots=True, kw_only=True)
class Outcome:
    """What a command wrote of what it was given: how much was planted, and what can be read."""

    kind: str
    planted: int
    leaks: list[str]
    output: str
    code: int
    echo: Echo


async def _run(folder: Path, echo: Echo, secret: str, images: int) -> tuple[int, str]:
    async with asyncio.timeout(HUNG_S), serving(echo) as server:
        process = await asyncio.create_subprocess_exec(
            *HARNESS, "run", "--against", "live", "--provider", "sub2api",
            "--base-url", f"sub2api={server.url}", "--max-images", str(images),
            "--concurrency", "1", "--out", str(folder / "run"),
            "--record", "--cassettes", str(folder / "cassettes"),
            env=environment(SUB2API_API_KEY=secret),
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.STDOUT,
        )  # fmt: skip
        output, _ = await process.communicate()
        return process.returncode or 0, output.decode("utf-8", "replace")


def live(folder: Path, seed: int, images: int) -> Outcome:
    """Run conformance against the echoing provider, record it, and read all that was written."""
    dice = random.Random(seed)
    secret = key(dice)
    echo = Echo(dice)
    code, output = asyncio.run(_run(folder, echo, secret, images))
    contents = {**written(folder), "(screen)": output.encode()}
    found = leaks(contents, [secret, *echo.secrets])
    return Outcome(
        kind="live and --record",
        planted=echo.planted,
        leaks=found,
        output=output,
        code=code,
        echo=echo,
    )


def judged(folder: Path, seed: int, kind: str, count: int) -> Outcome:
    """Judge a recording whose key is nowhere else, and read all that was written."""
    echo = fresh(seed)
    match kind:
        case "har":
            text, secret = har(echo, count)
        case _:
            text, secret = vcr(echo, count, ruby=kind == "ruby")
    file = folder.parent / f"{folder.name}.{'har' if kind == 'har' else 'yaml'}"
    file.write_text(text)
    done = harness("judge", file, "--provider", "sub2api", "--out", folder)
    output = done.out + done.err
    contents = {**written(folder), "(screen)": output.encode()}
    found = leaks(contents, [secret, *echo.secrets])
    return Outcome(
        kind=f"judge, {kind}",
        planted=echo.planted,
        leaks=found,
        output=output,
        code=done.code,
        echo=echo,
    )
