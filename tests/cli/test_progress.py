"""A terminal has a line for each provider while a run lasts, and sentences stand above them."""

import io
import re
from decimal import Decimal
from types import SimpleNamespace
from typing import cast

import pytest

from harness.cli import progress
from harness.cli.terminal import terminal
from harness.core.case import Price
from harness.runner.execution.budget import Budget, Reservation
from tests.cli.test_underway import over, part_of, served

CONTROL = re.compile(r"\x1b\[[0-9;?]*[A-Za-z]")


def screen_of(monkeypatch: pytest.MonkeyPatch, width: int) -> io.StringIO:
    monkeypatch.setenv("TERM", "xterm-256color")
    monkeypatch.setenv("FORCE_COLOR", "1")
    screen = io.StringIO()
    console = terminal(file=screen, width=width)
    monkeypatch.setattr(progress, "terminal", lambda **_said: console)
    return screen


@pytest.mark.parametrize("width", [80, 120])
def test_each_provider_has_a_line_with_all_that_is_known(
    width: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    screen = screen_of(monkeypatch, width)
    ended = [served(0), over(1), over(2)]
    part = part_of([record.shot for record in (*ended, served(3), served(4))])
    with progress.watching() as watch:
        watch.started([part])
        for record in ended:
            part.records.append(record)
            watch.progress(part)
        watch.noted("a sentence \u202e of a stranger")

    lines = CONTROL.sub("", screen.getvalue()).replace("\r", "\n").splitlines()
    last = [line for line in lines if line.startswith("sub2api")][-1]
    assert re.search(r"sub2api +\S+ 3/5 1 broken 0 images left -", last)
    assert max(map(len, lines)) <= width
    assert "a sentence \\u202e of a stranger" in lines


LONG = "A provider whose name has sixty characters, which is too many"


@pytest.mark.parametrize(
    ("width", "told"),
    [
        (40, r"A provide… 3/5 1 broken left -"),
        (80, r"A provide… \S+ +3/5 1 broken 123,456,789.25 images left -"),
        (200, r"A provider whose name has six… .*123,456,789.25 of 987,654,321 images.* left -"),
    ],
)
def test_a_long_name_and_much_money_hide_no_figure_and_cut_none(
    width: int, told: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    screen = screen_of(monkeypatch, width)
    budget = Budget(amount=Decimal(987_654_321), images=250_000)
    price = Price(amount=Decimal("123456789.25"), unit="image", images=123_456)
    budget.book(Reservation(operation="generate", price=price, requests=1))
    ended = [served(0), over(1), over(2)]
    part = part_of([record.shot for record in (*ended, served(3), served(4))], budget)
    setup = cast("SimpleNamespace", part.setup)
    setup.provider = part.provider.model_copy(update={"title": LONG})
    with progress.watching() as watch:
        watch.started([part])
        for record in ended:
            part.records.append(record)
            watch.progress(part)

    lines = CONTROL.sub("", screen.getvalue()).replace("\r", "\n").splitlines()
    assert re.search(told, [line for line in lines if line.strip()][-1])
    assert max(map(len, lines)) <= width


def test_elsewhere_nothing_is_drawn_but_sentences_are_told(
    capsys: pytest.CaptureFixture[str],
) -> None:
    part = part_of([served(0).shot])
    with progress.watching() as watch:
        watch.started([part])
        part.records.append(served(0))
        watch.progress(part)
        watch.noted("a sentence")

    told = capsys.readouterr()
    assert (told.out, told.err) == ("", "a sentence\n")
