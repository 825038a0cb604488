import json
import re
import tomllib
from collections.abc import Sequence
from dataclasses import replace
from datetime import date
from pathlib import Path

import pytest

from harness.adaptive.discovery.discovery import discoveries
from harness.adaptive.discovery.question import Discovered
from harness.core.record import Provenance
from harness.report.discovered import discovered_toml
from harness.report.formats.html import html
from harness.report.formats.markdown_text import discovered_blocks
from harness.report.formats.summary_json import summary_document
from harness.report.jsontext import json_safe
from harness.spec.load import load_provider_file
from harness.spec.provider import Provider
from tests.adaptive.discover_world import World, drive, emulated
from tests.report import builders as b
from tests.shipped import FOLDER, NAMES, shipped_provider

HONOURED = ("n", "size", "background", "tools[0].background")


def discovered_markdown(rows: Sequence[Discovered]) -> str:
    return "\n\n".join(discovered_blocks(rows))


HEADER = re.compile(r"\[operations\.\w+\.arguments\.\w+\]")


def rows_of(world: World) -> tuple[Discovered, ...]:
    records = [emulated(record) for record in drive(world).records]
    return discoveries(shipped_provider(world.name), records)


def pasted(name: str, fragment: str) -> str:
    """Paste a fragment as a person would: a rule in the place of its namesake, under its header."""
    lines = (FOLDER / f"{name}.toml").read_text(encoding="utf-8").splitlines()
    header = ""
    for line in fragment.splitlines():
        if HEADER.fullmatch(line):
            header = line
            if header not in lines:
                lines += ["", header]
        elif line and not line.startswith("#"):
            start = lines.index(header) + 1
            ends = (at for at in range(start, len(lines)) if lines[at].startswith("["))
            end = next(ends, len(lines))
            key = line.partition(" = ")[0]
            lines[start:end] = [
                *(old for old in lines[start:end] if old.partition(" = ")[0] != key),
                line,
            ]
            lines[start:end] = [one for one in lines[start:end] if one] or []
    return "\n".join(lines)


def loaded(name: str, fragment: str, tmp_path: Path) -> Provider:
    path = tmp_path / f"{name}.toml"
    path.write_text(pasted(name, fragment), encoding="utf-8")
    return load_provider_file(path)


@pytest.mark.parametrize("name", NAMES)
def test_a_fragment_can_be_pasted_into_the_shipped_toml(name: str, tmp_path: Path) -> None:
    shop = shipped_provider(name)
    rows = [
        row
        for operation in shop.operations
        for row in rows_of(
            World(
                name=name,
                operation=operation,
                prompt=4000,
                references=5,
                n=4,
                ratio=2,
                most=5_000_000,
                least=500_000,
                fields=dict.fromkeys(
                    ("n", "size", "background", "tools[0].background"), "honoured"
                ),
            )
        )
    ]
    found = loaded(name, discovered_toml(shop, rows), tmp_path)

    for operation_name, operation in found.operations.items():
        shipped = shop.operation(operation_name)
        documented = {item.id for item in operation.constraints if item.documented}
        assert documented <= {item.id for item in shipped.constraints if item.documented}
        limit = operation.arguments["prompt"].max_length
        was = shipped.arguments["prompt"].max_length
        sure = was is not None and was.status == "documented"
        assert limit is not None
        assert sure or limit.characters == 4000


def test_a_line_says_what_was_observed_when_and_by_whom() -> None:
    shop = shipped_provider("apiframe")
    fragment = discovered_toml(shop, rows_of(World(name="apiframe", prompt=4000)))
    table = tomllib.loads(fragment)["operations"]["generate"]["arguments"]["prompt"]

    assert table["max_length"] == {
        "characters": 4000,
        "status": "undocumented",
        "source": "seed: Input schema",
        "second_source": "facts: 4. Apiframe v2 (api.apiframe.ai)",
        "note": "the page names no maximum; the OpenAPI document says 2,000; observed on "
        "2026-11-21: 4,000 characters served, 4,001 refused (emulator)",
    }


def test_what_the_documents_disagree_on_stays_contradictory() -> None:
    shop = shipped_provider("apiframe")
    fragment = discovered_toml(
        shop, rows_of(World(name="apiframe", operation="edit", references=3))
    )
    count = tomllib.loads(fragment)["operations"]["edit"]["arguments"]["images"]["count"]

    assert (count["min"], count["max"], count["status"]) == (1, 3, "contradictory")


def test_a_limit_that_was_never_reached_is_a_comment_and_no_rule() -> None:
    shop = shipped_provider("apiframe")
    fragment = discovered_toml(shop, rows_of(World(name="apiframe")))

    assert "max_length" not in fragment
    assert "# generate: prompt, the longest prompt: observed on 2026-11-21: 200,000" in fragment


def test_an_honoured_field_becomes_an_argument_that_nothing_promises() -> None:
    shop = shipped_provider("buble")
    rows = rows_of(World(name="buble", fields={"size": "honoured", "style": "refused"}))
    arguments = tomllib.loads(discovered_toml(shop, rows))["operations"]["generate"]["arguments"]

    assert list(arguments) == ["size"]
    assert (arguments["size"]["wire"], arguments["size"]["status"]) == ("size", "undocumented")
    assert arguments["size"]["format"]["examples"] == ["1024x640"]


def test_foreign_text_cannot_break_out_of_a_comment_or_a_table() -> None:
    (first, *_) = rows_of(World(name="buble"))
    hostile = replace(first, observed="a\n[operations.generate]\n| <b>x</b> \x1b[31m")
    fragment = discovered_toml(shipped_provider("buble"), [hostile])
    page = discovered_markdown([hostile])

    assert tomllib.loads(fragment) == {}
    assert "<b>" not in page
    assert len(page.splitlines()) == len(discovered_markdown([first]).splitlines())


def test_a_table_says_on_what_it_rests_and_what_contradicts_the_documents() -> None:
    page = discovered_markdown(rows_of(World(name="apiframe", prompt=4000)))
    (line,) = [line for line in page.splitlines() if "the longest prompt" in line]

    assert "The emulator answered: this says nothing about the provider." in page
    assert "| **contradicts** | 2,000 characters" in line
    assert "| 4,000 characters served, 4,001 refused | 2026-11-21, evidence: emulator |" in line


def test_a_live_table_has_no_word_of_an_emulator() -> None:
    driven = drive(World(name="apiframe"))

    assert "emulator" not in discovered_markdown(driven.rows)
    assert "evidence: live" in discovered_markdown(driven.rows)


def test_json_holds_every_field_and_a_day_that_may_be_unknown() -> None:
    (row, *_) = rows_of(World(name="buble"))
    undated = replace(
        row, on=None, evidence=Provenance(kind="recorded", source="a.test", date="unknown", by="x")
    )
    first, second = json.loads(json.dumps([json_safe(row), json_safe(undated)]))

    assert set(first) == set(Discovered.__slots__)
    assert date.fromisoformat(first["on"]) == row.on
    assert second["on"] is None
    assert "an unknown day" in discovered_markdown([undated])


def test_without_rows_there_is_nothing_to_show() -> None:
    assert discovered_markdown([]) == ""
    assert discovered_toml(shipped_provider("buble"), []) == ""
    assert summary_document(b.report([]))["discovered"] == []


def test_the_page_says_once_who_answered_and_when() -> None:
    driven = drive(World(name="apiframe"))
    live = html(replace(b.report([]), discovered=tuple(driven.rows)))
    page = html(replace(b.report([]), discovered=tuple(map(_emulated, driven.rows))))
    note = "The emulator answered: this says nothing about the provider."

    assert page.count(note) == 1
    assert page.count("evidence: emulator") == 1
    assert note not in live


def test_what_cost_no_request_of_its_own_says_so() -> None:
    (row, *_) = rows_of(World(name="buble"))
    page = html(replace(b.report([]), discovered=(replace(row, requests=0, said="nothing"),)))

    assert "nothing more</td>" in page
    assert "0 requests" not in page.partition('id="discovered"')[2].partition("</section>")[0]


def _emulated(row: Discovered) -> Discovered:
    return replace(row, evidence=b.EMULATOR)
