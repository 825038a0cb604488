"""Samples of two runs, brought beside each other: by row, by question, by pair."""

from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

from harness.comparing.model import Sample

Name = tuple[str, str, str]
"""Provider, operation, workload; the last two are empty for all of a provider."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Row:
    """What two runs asked alike of a provider's operation or workload, or of all of it."""

    name: Name
    base: tuple[Sample, ...]
    head: tuple[Sample, ...]

    @property
    def pairs(self) -> tuple[tuple[Sample, Sample], ...]:
        """Equal requests of both runs; one whose place is there twice has no partner."""
        base, head = _alone(self.base), _alone(self.head)
        return tuple((each, head[key]) for key, each in base.items() if key in head)

    @property
    def questions(self) -> dict[tuple[Name, str], tuple[list[Sample], list[Sample]]]:
        """The samples of both runs by what was asked; a question has some on either side."""
        asked: dict[tuple[Name, str], tuple[list[Sample], list[Sample]]] = {}
        for side, samples in enumerate((self.base, self.head)):
            for each in samples:
                asked.setdefault(question_of(each), ([], []))[side].append(each)
        return asked

    @property
    def paired(self) -> tuple[tuple[Sample, Sample], ...]:
        """The pairs, where at least half of the smaller side has a partner; else none."""
        pairs = self.pairs
        enough = len(pairs) >= PAIRED * min(len(self.base), len(self.head))
        return pairs if enough else ()


PAIRED = 0.5
"""Requests are compared by pairs where at least this part of the smaller side has a partner."""


def rows_of(
    base: Sequence[Sample], head: Sequence[Sample], counts: Callable[[Sample], bool]
) -> Iterator[Row]:
    """Yield a row for each provider's operation or workload of which both runs asked the same.

    Of the samples those are in it that count, and whose question both asked. Where a provider has
    several rows, one of all of them follows.
    """
    base, head = ([each for each in samples if counts(each)] for samples in (base, head))
    shared = {question_of(each) for each in base} & {question_of(each) for each in head}
    mine, others = (
        tuple(each for each in samples if question_of(each) in shared) for samples in (base, head)
    )
    names = tuple(dict.fromkeys(name_of(each) for each in mine))
    for provider, number in Counter(name[0] for name in names).items():
        yield from (_row(name, mine, others, name_of) for name in names if name[0] == provider)
        if number > 1:
            yield _row((provider, "", ""), mine, others, _whole)


def name_of(sample: Sample) -> Name:
    """Return the row that a sample belongs to."""
    return sample.provider, sample.operation, sample.workload


def question_of(sample: Sample) -> tuple[Name, str]:
    """Return what is equal for samples that may be compared."""
    return name_of(sample), sample.question


def _whole(sample: Sample) -> Name:
    return sample.provider, "", ""


def _row(
    name: Name,
    base: Sequence[Sample],
    head: Sequence[Sample],
    named: Callable[[Sample], Name],
) -> Row:
    mine, others = (
        tuple(each for each in samples if named(each) == name) for samples in (base, head)
    )
    return Row(name=name, base=mine, head=others)


def _alone(samples: Sequence[Sample]) -> dict[tuple[Name, str, str], Sample]:
    """Return the samples that are the only ones of their place and question."""
    keys = [(*question_of(each), each.place) for each in samples]
    often = Counter(keys)
    return {key: each for key, each in zip(keys, samples, strict=True) if often[key] == 1}
