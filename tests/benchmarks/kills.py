"""Real kills at random instants: nothing is paid twice, nothing acknowledged is lost.

    python tests/benchmarks/kills.py [--kills N] [--seed N] [--jobs N] [--write]

Runs of all providers, of generations and edits and of a benchmark, at the documented emulator and
with a broken promise, are killed (SIGKILL) at random instants between their first request and their
end, once to three times, and go on with `--resume`. Each is compared with the same run undisturbed
and with the emulator's ledger. Exits with 1 where a body was paid twice, a reply that the journal
held is missing, or a promise stands otherwise and nothing is said to be in doubt about it.
"""

import argparse
import sys
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import FIRST_COMPLETED, Future, ProcessPoolExecutor, wait
from itertools import count, cycle
from pathlib import Path
from random import Random

sys.path.insert(0, str(Path(__file__).parents[2]))  # run as a script

from tests.benchmarks.lives import ALL_SERIES, Life, Series, Undisturbed, lived, table, undisturbed
from tests.benchmarks.reliability import Section, conclude

KILLS = 200
JOBS = 2


Live = Callable[[Series, Undisturbed, int], Life]
"""Lives once, by a seed, beside the undisturbed run."""


def lives(  # noqa: PLR0913 - what lives how often, and where
    kills: int,
    *,
    seed: int,
    pool: ProcessPoolExecutor,
    jobs: int,
    series: Sequence[Series],
    live: Live = lived,
) -> Iterator[Life]:
    """Yield runs until so many kills have been done; each series is run undisturbed first."""
    like: dict[Series, Future[Undisturbed]] = {}
    under_way: set[Future[Life]] = set()
    places = zip(cycle(series), count(seed * 100_000), strict=False)
    done = 0
    while done < kills or under_way:
        while done + len(under_way) < kills and len(under_way) < jobs:
            each, number = next(places)
            if each not in like:
                like[each] = pool.submit(undisturbed, each)
            under_way.add(pool.submit(live, each, like[each].result(), number))
        ended, under_way = wait(under_way, return_when=FIRST_COMPLETED)
        for future in ended:
            life = future.result()
            done += life.ends
            yield life


def section(found: list[Life], title: str, claim: str) -> Section:
    """Return the page's section about these runs."""
    ends, lost = sum(life.ends for life in found), sum(life.lost for life in found)
    twice = sum(life.twice for life in found)
    differ = [line for life in found for line in (*life.differ, *life.findings_lost, life.trouble)]
    told = sum(len(life.told) for life in found)
    wrong_books = sum(not life.books_agree for life in found)
    differ = [line for line in differ if line]
    same = sum(not (life.differ or life.told or life.findings_lost) for life in found)
    compared = sum(life.compared for life in found)
    acknowledged = sum(life.acknowledged for life in found)
    text = (
        f"{ends} ends by force in {len(found)} runs: {twice} bodies paid twice, {lost} of "
        f"{acknowledged} acknowledged replies lost. Of {compared} promises compared, {len(differ)} "
        f"stand otherwise untold and {told} are in doubt; {same} of {len(found)} runs are equal "
        f"throughout. In {wrong_books} runs what was charged is not between what is reported and "
        "that with what is unsettled."
    )
    return Section(
        title=title,
        claim=claim,
        holds=not (twice or lost or differ),
        figures=[text, "", *table(found)],
        evidence=[f"- {line}" for line in dict.fromkeys(differ)],
    )


def measured(  # noqa: PLR0913 - the script, and what it measures
    word: str, default: int, *, about: str, title: str, claim: str, live: Live = lived
) -> int:
    """Read the command's options, live so often, and report; return what the command ends with.

    `word` is what ends a life by force, in the plural: it names the option.
    """
    parser = argparse.ArgumentParser(description=about.splitlines()[0])
    parser.add_argument(f"--{word}", dest="ends", type=int, default=default)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--jobs", type=int, default=JOBS)
    parser.add_argument("--write", action="store_true", help="into reports/reliability.md")
    chosen = parser.parse_args()
    series = [*ALL_SERIES]
    Random(chosen.seed).shuffle(series)
    found: list[Life] = []
    with ProcessPoolExecutor(chosen.jobs) as pool:
        for life in lives(
            chosen.ends, seed=chosen.seed, pool=pool, jobs=chosen.jobs, series=series, live=live
        ):
            found.append(life)
            sys.stderr.write(f"{life.series.name}: {life.ends} {word}, {life.twice} twice\n")
    return conclude(section(found, title, claim), write=chosen.write)


CLAIM = (
    "A run that is killed with -9 at any instant goes on without paying for a body twice or losing "
    "a reply, and comes to the verdicts of the undisturbed run."
)


def main() -> int:
    """Kill, compare, report; return 1 where anything is lost or paid twice."""
    return measured("kills", KILLS, about=__doc__, title="Kills", claim=CLAIM)


if __name__ == "__main__":
    sys.exit(main())
