"""A run folder as pytest tests: one per promise and operation, judged with today's checks.

    pytest --harness-run reports/RUN [--harness-spec acme.toml] [--harness-known known.toml]
    pytest reports/RUN/run.json::apiframe/generate/n.range/refuses-11-0

A broken promise fails, once, whatever the number of requests and checks that show it; one that is a
known deviation is an expected failure (`xfailed`) with its reason. A known deviation that holds
again or has expired is a test of its own, which fails. What was seen and is not certain, flaky or
unconfirmed, is an expected failure, too, with its rate or its doubt. What was not judged is skipped
with its reason, a check of ours that crashed fails. Nothing is sent. Tests whose requests cost
money have the marker `paid`.

The session ends with the exit code of `harness report` for the same folder, the gravest where there
are several: 3 our own failure, 1 broken, 130 interrupted, 4 inconclusive throughout, 2 nothing
tested, 0 held. pytest's own code stands where any other test failed, where the session ended early,
and where it does not hold every test of the runs (`-k`, `--lf`, an id).

With pytest-xdist one process judges, and the workers read what it found.

This module is loaded in every test run of an environment, and imports nothing for that.
"""

from collections.abc import Iterator
from pathlib import Path

import pytest


def pytest_addoption(parser: pytest.Parser) -> None:
    """Add `--harness-run`, `--harness-spec` and `--harness-known`, the latter as settings, too."""
    group = parser.getgroup("harness", "image provider harness")
    group.addoption(
        "--harness-run",
        action="append",
        default=[],
        type=Path,
        metavar="RUN",
        help="a run folder of `harness run`; each promise becomes a test (repeatable)",
    )
    group.addoption(
        "--harness-spec",
        action="append",
        default=[],
        type=Path,
        metavar="FILE",
        help="a provider's TOML, to judge the run by and not by what it keeps (repeatable)",
    )
    group.addoption(
        "--harness-known",
        type=Path,
        metavar="FILE",
        help="a TOML of known deviations, instead of what the run keeps of one",
    )
    parser.addini(
        "harness_known",
        "a TOML of known deviations, as --harness-known, for runs that keep none",
        type="paths",
    )
    parser.addini("harness_specs", "TOMLs of providers, as --harness-spec", type="paths")


def pytest_configure(config: pytest.Config) -> None:
    """Judge the run folders, if there are any; a folder that is none ends the session with 2."""
    config.addinivalue_line("markers", "paid: costs money where a provider is asked")
    options: list[Path] = config.getoption("--harness-run")
    folders = [*map(str, options), *_folders_named(config.args)]
    if not folders:
        return
    specs = [*config.getini("harness_specs"), *config.getoption("--harness-spec")]
    known, otherwise = config.getoption("--harness-known"), config.getini("harness_known")
    from harness.pytest_plugin.runs.judged import Asked  # noqa: PLC0415 - only where it is used
    from harness.pytest_plugin.runs.session import RunSession  # noqa: PLC0415 - only where it is used

    asked = Asked(
        folders=tuple(_each_once(folders)),
        specs=tuple(map(str, specs)),
        known=str(known) if known else None,
        known_otherwise=str(otherwise[0]) if otherwise else None,
    )
    config.pluginmanager.register(RunSession.of(config, asked), "harness-run")


def _each_once(folders: list[str]) -> Iterator[str]:
    """Yield each folder as it was first named."""
    known = set()
    for folder in folders:
        if (place := Path(folder).resolve()) not in known:
            known.add(place)
            yield folder


def _folders_named(args: list[str]) -> list[str]:
    """Return the run folders whose headers are among the paths: `reports/RUN/run.json::ID`."""
    files = (Path(arg.partition("::")[0]) for arg in args)
    return [str(file.parent) for file in files if file.name == "run.json" and _is_run(file)]


def _is_run(file: Path) -> bool:
    """Tell whether a file begins like a run's header; another tool may have one of that name."""
    try:
        return '"plan_digests"' in file.read_text(encoding="utf-8", errors="replace")
    except OSError:
        return False


FINDINGS = "findings"


def pytest_ignore_collect(collection_path: Path, config: pytest.Config) -> bool | None:
    """Leave the tests out that a run keeps of its findings, unless an argument names one.

    They are to be run one at a time: two runs hold modules of the same name.
    """
    if collection_path.name != FINDINGS or not _is_run(collection_path.parent / "run.json"):
        return None
    named = (Path(config.invocation_params.dir, arg.partition("::")[0]) for arg in config.args)
    return None if any(each.is_relative_to(collection_path) for each in named) else True


CONFORMANCE = "harness.conformance"


@pytest.hookimpl(tryfirst=True)
def pytest_load_initial_conftests(
    early_config: pytest.Config, parser: pytest.Parser, args: list[str]
) -> None:
    """Take over a session that names `harness.conformance`, with the options of that alone."""
    if any(each == CONFORMANCE or each.startswith(f"{CONFORMANCE}::") for each in args):
        from harness.pytest_plugin.conformance import handed  # noqa: PLC0415 - only where it is used

        if not handed.begin(early_config, args):
            from harness.pytest_plugin.conformance.session import begin  # noqa: PLC0415 - as above

            begin(early_config, parser, args)
