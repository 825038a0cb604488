"""Recordings of a provider as cassettes for somebody else's vcrpy."""

from pathlib import Path

from harness.core.errors import UsageError
from harness.planning.option_values import read_base_urls
from harness.runner.recording import BENCHMARK_TAPE, sample_folder
from harness.spec.catalogue import catalogue_of
from harness.transport.cassettes.stock import StockCassette, write_stock

ENDING = ".yaml"


def export_cassette(  # noqa: PLR0913 - what a cassette depends on
    provider: str,
    path: Path | str,
    *,
    operation: str | None = None,
    conversations: int | None = 1,
    base_url: str | None = None,
    cassettes: Path | str | None = None,
) -> StockCassette:
    """Write a recording of a provider, with its images in it, for stock vcrpy; no key is in it.

        export_cassette("apiframe", "apiframe.yaml")
        with vcr.use_cassette("apiframe.yaml", record_mode="none"):
            ...

    It holds the first so many `conversations` of the `operation` (by default the first one that was
    recorded) that brought images: a submission, its polls, its downloads; None is everything that
    was recorded, refusals, too. `base_url` is the address that your client sends to, by default the
    provider's own. `cassettes` is a folder that `harness run --record` wrote, by default the
    samples that come with the harness, which the emulator drew.

    Raises UsageError for a provider or an operation that is not recorded there, RecordingError for
    a recording that is not whole, StoreError where the file cannot be written.
    """
    known = catalogue_of().providers
    folder = sample_folder() if cassettes is None else Path(cassettes)
    if folder is None:
        raise UsageError("this installation holds no samples", hint="name a folder of cassettes")
    tapes = sorted(
        tape.stem for tape in (folder / provider).glob(f"*{ENDING}") if tape.name != BENCHMARK_TAPE
    )
    if not tapes:
        names = sorted({tape.parent.name for tape in folder.glob(f"*/*{ENDING}")})
        raise UsageError(
            f"{folder} holds no recording of {provider!r}", hint=f"one of {', '.join(names)}"
        )
    name = operation or ("generate" if "generate" in tapes else tapes[0])
    if name not in tapes:
        raise UsageError(
            f"{provider} has no recording of {name!r} in {folder}",
            hint=f"one of {', '.join(tapes)}",
        )
    documented = known[provider].base_url if provider in known else None
    return write_stock(
        folder / provider / f"{name}{ENDING}",
        Path(path),
        base_url=(base_url and _address(provider, base_url)) or documented or None,
        conversations=conversations,
    )


def _address(provider: str, base_url: str) -> str:
    return read_base_urls([f"{provider}={base_url}"])[provider]
