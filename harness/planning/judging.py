"""What a finished benchmark is held against: a ceiling, a reference, what money is worth."""

from collections.abc import Callable, Mapping
from dataclasses import replace

from harness.core.benchmark import Benchmark, Slo
from harness.core.errors import UsageError
from harness.core.rate import Rate
from harness.core.record import RunHeader
from harness.planning.option_values import read_slo


def judged_against(  # noqa: PLR0913 - what a benchmark can be held against
    header: RunHeader,
    folder: object,
    *,
    slo: Slo | str | None,
    reference: str | None,
    exchange_rates: Mapping[str, Rate] | None,
    known_rates: Mapping[str, Rate],
    refuse_unknown: Callable[[str], object],
) -> RunHeader:
    """Return the header of a run that is held against these, where any of them is given.

    `known_rates` stand in a configuration: they count for providers that were measured and of whom
    the run itself keeps none, and ask for nothing. Raises UsageError where the run is no benchmark
    or the reference was not measured; `refuse_unknown` raises it for the name of a provider that
    there is not.
    """
    benchmark = header.benchmark
    flags = {"--slo": slo, "--reference": reference, "--exchange-rate": exchange_rates or None}
    typed = [flag for flag, choice in flags.items() if choice is not None]
    if benchmark is None:
        if typed:
            why = f"{', '.join(typed)}: {folder} is no benchmark"
            raise UsageError(why, hint=f"leave {' and '.join(typed)} out")
        return header
    for name in exchange_rates or ():
        refuse_unknown(name)
    rates = {**_measured(benchmark, known_rates), **(exchange_rates or {})}
    if slo is not None:
        benchmark = benchmark.against(read_slo(slo) if isinstance(slo, str) else slo)
    return replace(header, benchmark=benchmark.beside(reference, rates))


def _measured(benchmark: Benchmark, rates: Mapping[str, Rate]) -> dict[str, Rate]:
    names = {fit.provider for fit in benchmark.design.fits} - {*benchmark.design.exchange_rates}
    return {name: rate for name, rate in rates.items() if name in names}
