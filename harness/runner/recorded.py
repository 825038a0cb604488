"""A whole run as cassettes: those of each of its providers."""

from collections.abc import Iterator

from harness.core.errors import NothingTested
from harness.planning.options import Options
from harness.runner.recording import record
from harness.runner.run import Run
from harness.runner.scanning import search_for
from harness.runner.specs import keys_by_variable
from harness.spec.catalogue import Catalogue


def recorded(done: Run, options: Options, catalogue: Catalogue, *, sound: bool) -> Iterator[str]:
    """Write what a run received as cassettes; yield a sentence for each provider.

    Where the run is not `sound`, for not every promise held, one more says so.
    """
    written = False
    search = search_for(keys_by_variable(options, catalogue), catalogue)
    for name in options.target.providers:
        mine = [each for each in done.records if each.shot.case.provider == name]
        try:
            folder = record(
                done.folder,
                mine,
                done.plans[name],
                base_url=done.addresses[name],
                cassettes=options.cassettes,
                benchmark=done.header.benchmark,
                search=search,
                faults=faults_of(name, options),
            )
        except NothingTested as error:
            yield f"not recorded: {error}"
        else:
            written = True
            yield f"recorded {name}: {folder}"
    if written and not sound:
        yield "recorded although not every promise held: look before you commit"


def faults_of(provider: str, options: Options) -> list[str]:
    """Return the emulator's faults that a provider had: its own, and those of no provider."""
    heads = {fault: fault.partition(":")[0] for fault in options.emulator.faults}
    return [
        fault.removeprefix(f"{provider}:")
        for fault, head in heads.items()
        if head == provider or head not in options.target.providers
    ]
