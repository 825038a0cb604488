"""Six ordered downgrades and upgrades on every size of the lattice, told by arithmetic or not.

Run by hand: `python tests/benchmarks/token_arithmetic.py [--write FILE]`. Records are made in
memory and judged by the check itself: of each size one honest reply in each quality and one for
each ordered pair of asked and drawn. A generation and an edit, with the details of the output
tokens and without: on all 29,146 sizes of plain images, and on every 29th for one image and two,
with none to three partial images, each of them counted.
"""

import argparse
import sys
import time
from collections import Counter
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass, replace
from itertools import permutations, product
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[2]))  # run as a script

from harness.checks.check import CheckInput
from harness.checks.quality import images_have_the_asked_quality
from harness.core.case import Case
from harness.core.jsonvalue import Json
from harness.core.outcome import Images, Usage
from harness.core.record import Record
from harness.spec.model import ImageTokens
from harness.spec.provider import Provider
from harness.spec.tokens import Counted, drawn_as, expected
from tests.checks.build import LIVE, case, picture, shot
from tests.shipped import shipped_provider
from tests.spec.test_token_arithmetic import LATTICE, QUALITIES

PARTIALS = (0, 1, 2, 3)
STEPS = tuple(permutations(QUALITIES, 2))


SPARSE = 29
"""Of which sizes, counted through, all other settings are judged."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Setting:
    """How a reply counts: which operation, in details or not, how many images and partials."""

    operation: str
    details: bool
    number: int
    partials: int

    @property
    def sizes(self) -> list[tuple[int, int]]:
        """All sizes for a plain image; every 29th with more images or partial ones."""
        return LATTICE if (self.number, self.partials) == (1, 0) else LATTICE[::SPARSE]


SETTINGS = tuple(
    Setting(operation=operation, details=details, number=number, partials=partials)
    for number, partials, operation, details in product(
        (1, 2), PARTIALS, ("generate", "edit"), (True, False)
    )
)


class Judge:
    """The check, asked of one provider's replies that differ in size, quality and count alone."""

    def __init__(self, provider: Provider) -> None:
        """Keep the provider and its arithmetic."""
        tokens = provider.model.tokens if provider.model else None
        if tokens is None:
            raise ValueError(f"{provider.name} has no [model].tokens")
        self.provider, self.tokens = provider, tokens
        self.record = Record(shot=shot(case("sub2api")), evidence=LIVE, outcome=None)

    def status(self, setting: Setting, size: tuple[int, int], asked: str, drawn: str) -> str:
        """Return what the check says of images that were asked in one quality, drawn in another."""
        each = self.tokens.of_image(drawn, *size) or 0
        counted = each * setting.number + self.tokens.partial * setting.partials * setting.number
        record = replace(
            self.record, shot=replace(self.record.shot, case=self._case(setting, size, asked))
        )
        outcome = Images(
            pictures=(picture(*size),) * setting.number, usage=_usage(counted, setting)
        )
        subject = CheckInput(
            provider=self.provider,
            operation=self.provider.operation(setting.operation),
            record=record,
            outcome=outcome,
        )
        (result,) = images_have_the_asked_quality(subject)
        return result.status

    def _case(self, setting: Setting, size: tuple[int, int], asked: str) -> Case:
        arguments: dict[str, Json] = {
            "model": "gpt-image-2",
            "prompt": "a fox",
            "quality": asked,
            "size": f"{size[0]}x{size[1]}",
            "n": setting.number,
        }
        if setting.partials:
            arguments |= {"stream": True, "partial_images": setting.partials}
        if setting.operation == "edit":
            arguments["images"] = [{"media_type": "image/png", "bytes": 100}]
        return replace(self.record.shot.case, operation=setting.operation, arguments=arguments)


def _usage(counted: int, setting: Setting) -> Usage:
    if not setting.details:
        return Usage(input=9, output=counted, total=counted + 9)
    # Text beside an edit's images, as gpt-image-1.5 was seen to count it.
    text = 143 if setting.operation == "edit" else 0
    return Usage(
        input=9,
        output=counted + text,
        total=counted + text + 9,
        output_parts=(counted, text),
        kinds={"image_output": counted},
    )


def told(judge: Judge, setting: Setting) -> Counter[tuple[str, str, str]]:
    """Count what is said in one setting, by what was asked and what was drawn."""
    pairs = [*STEPS, *((quality, quality) for quality in QUALITIES)]
    return Counter(
        (asked, drawn, judge.status(setting, size, asked, drawn))
        for size in setting.sizes
        for asked, drawn in pairs
    )


def ambiguous(tokens: ImageTokens, number: int) -> int:
    """Count the sums that could be read as another quality's, by their partial images.

    Of two qualities, that is a difference of as many partial images as three for each image.
    """
    step, most = tokens.partial, 3 * number * tokens.partial
    return sum(
        any(abs(one - other) <= most and not (one - other) % step for other in counts - {one})
        for size in LATTICE
        for counts in [{number * (tokens.of_image(name, *size) or 0) for name in QUALITIES}]
        for one in counts
    )


def one_of_several(tokens: ImageTokens, number: int) -> int:
    """Count the sums of all images that are also one single image's in another quality."""
    return sum(
        bool(set(drawn_as(tokens, Counted(tokens=whole, images=(size,)))) - {drawn})
        for size in LATTICE
        for drawn in QUALITIES
        if (whole := expected(tokens, drawn, (size,) * number))
    )


HEAD = """# Which quality was drawn, told by arithmetic

    .venv/bin/python tests/benchmarks/token_arithmetic.py --write PAGE.md

On each size an honest reply in each of three qualities, and one for each of the six ordered pairs
of asked and drawn. Records are made in memory and judged by the check itself
(`images_have_the_asked_quality`, openai's document). All {sizes:,} sizes that gpt-image-2 draws are
judged for plain images, every 29th with more images or partial ones. An edit's details count
143 tokens of text beside; each partial image (so many for every image) adds 100. Told: the check
failed. Undecided: it was inconclusive. False: it did not pass an honest reply.

{judged:,} replies in {seconds:.0f} s of one processor

| operation | details | images | partials | sizes | lies | told | undecided | honest | false |
|---|---|---|---|---|---|---|---|---|---|
"""

UNDECIDED = """
At sub2api one of the {lies:,} is undecided: medium asked and low drawn at 1024x1024, for which its
own document shows low's count. Undecided of two images with partial ones is a sum that is another
quality's of one image alone (734 at 1392x560: 2 x 67 + 600 or 634 + 100).

Sums that could be another quality's, by as many partial images as three for each image:

| images | of {sums:,} sums |
|---|---|
{partials}

Sums of several images that are a single image's in another quality, too. Where that is the one
asked for, a provider could be meant that counts one image of several: it is not decided.

| images | of {sums:,} sums |
|---|---|
{single}
"""


def row(setting: Setting) -> tuple[str, float]:
    """Return a line of the table, and the seconds of one processor that it took."""
    judge, start = Judge(shipped_provider("openai")), time.process_time()
    said = told(judge, setting)
    lies = Counter(word for asked, drawn, word in said.elements() if asked != drawn)
    honest = Counter(word for asked, drawn, word in said.elements() if asked == drawn)
    cells: tuple[object, ...] = (
        setting.operation,
        "yes" if setting.details else "no",
        setting.number,
        setting.partials,
        f"{len(setting.sizes):,}",
        f"{lies.total():,}",
        f"{lies['fail']:,}",
        f"{lies.total() - lies['fail']:,}",
        f"{honest.total():,}",
        f"{honest.total() - honest['pass']:,}",
    )
    return f"| {' | '.join(map(str, cells))} |", time.process_time() - start


def page() -> str:
    """Judge all of them and return the page."""
    rows: list[tuple[str, float]] = []
    with ProcessPoolExecutor(max_workers=2) as pool:
        for line, seconds in pool.map(row, SETTINGS):
            rows.append((line, seconds))
            sys.stderr.write(f"{line}\n")
    tokens = Judge(shipped_provider("openai")).tokens
    judged = sum(len(setting.sizes) for setting in SETTINGS) * (len(STEPS) + len(QUALITIES))
    spent = sum(seconds for _, seconds in rows)
    head = HEAD.format(sizes=len(LATTICE), judged=judged, seconds=spent)
    numbers = range(2, 11)
    tail = UNDECIDED.format(
        sums=len(LATTICE) * len(QUALITIES),
        lies=len(LATTICE) * len(STEPS),
        partials="\n".join(f"| {n} | {ambiguous(tokens, n):,} |" for n in (1, *numbers)),
        single="\n".join(f"| {n} | {one_of_several(tokens, n):,} |" for n in numbers),
    )
    return head + "\n".join(line for line, _ in rows) + "\n" + tail


def main() -> None:
    """Print the page, and write it where asked."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--write", type=Path)
    arguments = parser.parse_args()
    text = page()
    sys.stdout.write(text)
    if arguments.write:
        arguments.write.write_text(text, encoding="utf-8")


if __name__ == "__main__":
    main()
