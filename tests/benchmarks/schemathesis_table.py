"""The tables of the side-by-side: each tool's totals, and one line per fault."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class Bill:
    """What the emulator's ledger and the clock say of one run of one tool."""

    requests: int
    images: int
    price: float
    seconds: float

    def __add__(self, other: "Bill") -> "Bill":
        return Bill(
            requests=self.requests + other.requests,
            images=self.images + other.images,
            price=self.price + other.price,
            seconds=self.seconds + other.seconds,
        )


NOTHING = Bill(requests=0, images=0, price=0, seconds=0)


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
    """What one run reported: kinds of failure that can be compared, and its word on the server."""

    reported: frozenset[str]
    word: str


Row = dict[str, tuple[Answer, Bill]]
"""What each tool answered on one server, by the tool's name."""


def table(correct: list[Row], faulty: dict[tuple[str, str], Row]) -> str:
    """Return both tables as Markdown.

    `correct` are runs on the correct server: of all tools in the first, each other one under
    another seed of those tools that have one. What any but the last of them reported counts
    nowhere; what the last reports beyond it is noise of the comparison. `faulty` are the runs on
    each fault, by family and name.
    """
    names = list(correct[0])
    usual = {
        name: frozenset[str]().union(
            *(row[name][0].reported for row in correct[:-1] if name in row)
        )
        for name in names
    }
    heading = ("tool", f"found of {len(faulty)}", "requests", "paid images", "price", "seconds")
    lines = [_line(*heading, "verdict on the correct server"), _line(*["---"] * 7)]
    for name in names:
        found = sum(bool(row[name][0].reported - usual[name]) for row in faulty.values())
        total = sum((row[name][1] for row in faulty.values()), NOTHING)
        lines.append(_line(name, found, *_cells(total), correct[0][name][0].word))
    lines += ["", _line("family", "fault", *names), _line(*["---"] * (2 + len(names)))]
    for label, row in (("none", correct[0]), ("none, another seed", correct[-1])):
        told = [_cell(row[name], usual[name]) if name in row else "-" for name in names]
        lines.append(_line("-", label, *told))
    for (family, fault), row in faulty.items():
        told = [_cell(row[name], usual[name]) for name in names]
        lines.append(_line(family, f"`{fault}`", *told))
    return "\n".join(lines)


def _cells(bill: Bill) -> tuple[str, str, str, str]:
    price = f"{bill.price:,.0f} image{'' if bill.price == 1 else 's'}"
    return f"{bill.requests:,}", f"{bill.images:,}", price, f"{bill.seconds:,.0f}"


def _cell(answered: tuple[Answer, Bill], usual: frozenset[str]) -> str:
    answer, bill = answered
    word = "**found**" if answer.reported - usual else "no"
    return f"{word}, {bill.requests:,} / {bill.images:,} / {bill.seconds:.0f} s"


def _line(*cells: object) -> str:
    return f"| {' | '.join(map(str, cells))} |"
