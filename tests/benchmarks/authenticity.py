"""Every lie about images and money at every provider: told, or without evidence in its replies.

    python tests/benchmarks/authenticity.py KEPT.jsonl [--provider NAME ...] [--fault NAME ...]
        [--write]

Each row is one run as a user makes it (`harness run --against emulator --fault ...`), read from its
summary.json; one more for each provider has no fault, and nothing may be told of it. What has to be
told where is in `authenticity_expected.py`, from the documents. Rows are kept in KEPT.jsonl as they
come, and not run again; delete a line to run it again. `--write` makes `authenticity.md` out of
what is kept. The emulator signs under a name of its own; in its runs the harness takes that for the
maker's, and nowhere else.
"""

import argparse
import json
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor, as_completed
from dataclasses import asdict, dataclass
from pathlib import Path
from statistics import median
from typing import Any

ROOT = Path(__file__).parents[2]
sys.path.insert(0, str(ROOT))  # run as a script

from harness.emulator.faults.catalogue import catalogue  # noqa: E402 - after the path
from tests.benchmarks.authenticity_expected import ALL, HONEST, LIES, Lie  # noqa: E402 - the same

PAGE = Path(__file__).with_suffix(".md")
FIRST = ("sub2api", "nanobanana", "aimlapi", "apiframe", "openai", "buble")
SEED = 1
MINUTES = 6
WORKERS = 4
HELD_TIMES = 2.0
"""How often the honest median the overhead has to be, to count as told."""

FEW = ("--concurrency", "2", "--max-requests", "40")
PROFILES: Mapping[str, tuple[str, ...]] = {
    "flat": ("--max-images", "16", "--max-requests", "60", "--time-scale", "0.005"),
    "several": ("--time-scale", "0.005"),
    "signed": ("--max-images", "8", *FEW, "--time-scale", "0.02"),
    "quick": ("--quick", "--concurrency", "2", "--time-scale", "0.1", "--natural"),
    "natural": (
        "--max-images",
        "16",
        "--max-requests",
        "60",
        "--concurrency",
        "2",
        "--time-scale",
        "0.05",
        "--natural",
    ),
}
PROFILES = {**PROFILES, "both": PROFILES["natural"]}


@dataclass(frozen=True, slots=True, kw_only=True)
class Told:
    """One thing that a report tells: in which section, its stable word, its sentence."""

    section: str
    kind: str
    sentence: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Row:
    """What one run told. `overhead_s` is the median from the signing to the reply."""

    provider: str
    fault: str
    profile: str
    images: int
    overhead_s: float | None
    told: tuple[Told, ...]
    trouble: str = ""

    @property
    def lie(self) -> Lie:
        return LIES[self.fault] if self.fault else HONEST


def main() -> int:
    """Run what is not kept yet, and write the page where that is wanted."""
    parser = argparse.ArgumentParser()
    parser.add_argument("kept", type=Path)
    parser.add_argument("--provider", action="append", choices=ALL)
    parser.add_argument("--fault", action="append")
    parser.add_argument("--write", action="store_true")
    parser.add_argument("--no-runs", action="store_true")
    chosen = parser.parse_args()
    rows = _kept(chosen.kept)
    done = {(row.provider, row.fault) for row in rows}
    places = [place for place in _places() if place not in done]
    places = [each for each in places if each[0] in (chosen.provider or ALL)]
    places = [each for each in places if not chosen.fault or each[1] in chosen.fault]
    if not chosen.no_runs:
        rows += _run_all(places, chosen.kept)
    if chosen.write:
        PAGE.write_text("\n".join([*_page(rows), ""]), encoding="utf-8")
    return int(any(_word(row, _honest(rows)) in ("MISSED", "FALSE") for row in rows))


def _places() -> list[tuple[str, str]]:
    """Return each provider with each of its lies, and with none."""
    faults = {(one.provider, one.name) for one in catalogue() if one.name in LIES}
    return [
        (provider, fault)
        for group in (FIRST[:2], FIRST[2:])
        for fault in sorted(("", *LIES), key=_slowness)
        for provider in group
        if not fault or (provider, fault) in faults
    ]


def _slowness(fault: str) -> int:
    """Return the place of a row's kind: drawing pictures like photographs takes longest."""
    if not fault:
        return 0
    return ("quick", "signed", "flat", "natural", "several", "both").index(LIES[fault].profile)


def _kept(path: Path) -> list[Row]:
    if not path.exists():
        return []
    rows = [json.loads(line) for line in path.read_text(encoding="utf-8").splitlines()]
    return [Row(**{**row, "told": tuple(Told(**one) for one in row["told"])}) for row in rows]


def _run_all(places: Sequence[tuple[str, str]], kept: Path) -> list[Row]:
    rows: list[Row] = []
    with ThreadPoolExecutor(WORKERS) as pool, kept.open("a", encoding="utf-8") as file:
        for future in as_completed([pool.submit(_run, *place) for place in places]):
            row = future.result()
            rows.append(row)
            file.write(json.dumps(asdict(row)) + "\n")
            file.flush()
            kinds = ", ".join(sorted({one.kind for one in row.told})) or "nothing"
            line = f"{len(rows)}/{len(places)} {row.provider} {row.fault or 'honest'}: {kinds}"
            print(line, row.trouble, file=sys.stderr, flush=True)  # noqa: T201 - progress
    return rows


# ----------------------------------------------------------------------------------------- one run
def _run(provider: str, fault: str) -> Row:
    lie = LIES[fault] if fault else HONEST
    with tempfile.TemporaryDirectory() as folder:
        out, anchors = Path(folder) / "run", Path(folder) / "anchors.pem"
        command = [sys.executable, "-m", "harness", "run", "--against", "emulator"]
        command += ["--provider", provider, "--only", "conformance", "--seed", str(SEED)]
        command += ["--operation", "generate", "--operation", "edit", "--out", str(out)]
        command += ["--max-minutes", str(MINUTES), *PROFILES[lie.profile]]
        if fault:
            command += ["--fault", f"{provider}:{fault}"]
        if lie.profile in ("signed", "both"):
            command += ["--signed", str(anchors), "--trust-anchors", str(anchors)]
        begun = time.monotonic()
        ended = subprocess.run(command, cwd=folder, capture_output=True, text=True, check=False)
        took = f"{time.monotonic() - begun:.0f} s"
        try:
            summary = json.loads((out / "summary.json").read_text(encoding="utf-8"))
        except OSError:
            summary = {}
            took = f"{took}; no summary: {ended.stderr[-200:]}"
    (row,) = summary.get("authenticity") or [{"images": 0, "overhead": None}]
    overhead = row["overhead"]
    return Row(
        provider=provider,
        fault=fault,
        profile=lie.profile,
        images=row["images"],
        overhead_s=overhead["value"] if overhead else None,
        told=tuple(_told(summary)) if summary else (),
        trouble=took,
    )


def _told(summary: Mapping[str, Any]) -> Iterator[Told]:
    for section in ("findings", "flaky", "unconfirmed"):
        for shown in summary[section]:
            found = shown.get("finding", shown)
            yield Told(section=section, kind=found["check"], sentence=str(found["observed"]))
    (row,) = summary["authenticity"]
    for one in row["contradictions"]:
        yield Told(
            section=f"contradiction ({one['label']})", kind=one["kind"], sentence=one["sentence"]
        )
    yield from _of_time(row)
    for one in summary["suspicions"]:
        section = "suspicion" if one["shown"] else "suspicion, not shown"
        yield Told(section=section, kind=one["kind"], sentence=one["sentence"])
    for one in summary["billing"]:
        if not one["good"]:
            yield Told(section="billing", kind=one["kind"], sentence=one["sentence"])


def _of_time(row: Mapping[str, Any]) -> Iterator[Told]:
    """Yield what the notes say of signing times: they are no contradictions."""
    for note in row["notes"]:
        if "whose authority is not known to be trusted" in note:
            yield Told(section="note", kind="time_of_nobody", sentence=note)
    if row["signed"]["count"] and not row["fresh"]["of"]:
        text = f"fresh: no evidence, of {row['signed']['count']} images signed by the maker"
        yield Told(section="row", kind="no_time", sentence=text)


# ------------------------------------------------------------------------------------------ verdict
def _honest(rows: Sequence[Row]) -> dict[str, float]:
    """Return each provider's usual overhead in seconds: the median of runs of one kind.

    These are under faults that have nothing to do with time.
    """
    found: dict[str, list[float]] = {}
    for row in rows:
        if row.profile == "signed" and row.fault != "held_after_signing" and row.overhead_s:
            found.setdefault(row.provider, []).append(row.overhead_s)
    return {provider: median(values) for provider, values in found.items()}


def _telling(row: Row, honest: Mapping[str, float]) -> list[Told]:
    """Return what of a row tells the lie, as was awaited; the strongest first."""
    awaited = row.lie.kinds.get(row.provider, ())
    found = [one for one in row.told if one.kind in awaited and "not shown" not in one.section]
    usual = honest.get(row.provider)
    if "overhead" in awaited and row.overhead_s and usual:
        text = f"median overhead {row.overhead_s:.2f} s; {usual:.2f} s without the fault"
        if row.overhead_s >= HELD_TIMES * usual:
            found.append(Told(section="row", kind="overhead", sentence=text))
    return found


def _others(row: Row) -> list[Told]:
    """Return what is told and neither awaited nor true of the lie."""
    fitting = {*row.lie.kinds.get(row.provider, ()), *row.lie.beside}
    return [
        one
        for one in row.told
        if one.kind not in fitting
        and one.section not in ("suspicion, not shown", "row", "note", "flaky", "unconfirmed")
    ]


def _word(row: Row, honest: Mapping[str, float]) -> str:
    if not row.images and not row.told:
        return "not served"
    if not row.fault:
        return "FALSE" if _others(row) else "nothing told"
    if not row.lie.kinds.get(row.provider):
        return "FALSE" if _others(row) else "no evidence"
    return "told" if _telling(row, honest) else "MISSED"


# --------------------------------------------------------------------------------------------- page
def _page(rows: Sequence[Row]) -> list[str]:
    honest = _honest(rows)
    words = [_word(row, honest) for row in rows if row.fault]
    controls = [_word(row, honest) for row in rows if not row.fault]
    counts = ", ".join(f"{words.count(word)} {word}" for word in sorted(set(words)))
    left = len(_places()) - len(rows)
    lines = [
        "# Lies about images and money, told or not",
        "",
        "    python tests/benchmarks/authenticity.py KEPT.jsonl --write",
        "",
        "Each fault of the emulator's family `authenticity`, and six others that concern it, at",
        "each provider that has it: one run of generate and edit, read from summary.json. *told*:",
        "a finding, a contradiction, a shown suspicion, a note on billing or the row itself says",
        "it; *no evidence*: by the documents nothing in the provider's replies can (the reason",
        "beside it), and nothing was told; MISSED: something could, and did not in this run;",
        "FALSE: something was told that is not so. Evidence: emulator; it says nothing of real",
        "providers. Rows differ in how many images were asked for. What was awaited of",
        "`aimlapi`'s dollars, of `overcharge`, `cached_by_prompt` and `nearly_repeated_images` was",
        "changed after first runs, for the reasons beside them: a charge may be at another price,",
        "no run asks for the same in the same words twice, and edits of one image may look alike.",
        "",
        f"- {len(words)} rows: {counts}",
        f"- honest: nothing told at {controls.count('nothing told')} of {len(controls)} providers",
        f"- {left} more rows were not run" if left else "- all rows were run",
        "",
    ]
    for fault in ("", *LIES):
        own = sorted((row for row in rows if row.fault == fault), key=lambda row: row.provider)
        if own:
            lines += [f"## {f'`{fault}`' if fault else 'Without a fault'}", "", *HEAD]
            lines += [_line(row, honest) for row in own] + [""]
    return lines[:-1]


HEAD = ("| provider | images | | in | sentence |", "|---|---|---|---|---|")
SENTENCE = 230


def _line(row: Row, honest: Mapping[str, float]) -> str:
    word, others = _word(row, honest), _others(row)
    found = _telling(row, honest)
    shown = found or others
    first = shown[0] if shown else None
    section = f"{first.section}: {first.kind}" if first else ""
    text = first.sentence if first else row.lie.why if row.fault else ""
    if found and others:
        text += f"; ALSO {', '.join(sorted({one.kind for one in others}))}"
    text = text if len(text) <= SENTENCE else f"{text[:SENTENCE]}..."
    text = text.replace("|", "\\|").replace("\n", " ")
    return f"| {row.provider} | {row.images} | {word} | {section} | {text} |"


if __name__ == "__main__":
    sys.exit(main())
