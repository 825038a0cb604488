"""A run folder as pytest tests: one per verdict, judged again with today's checks.

    pytest --harness-run reports/RUN [--harness-spec acme.toml] [--harness-known known.toml]

A broken promise fails; one that is a known deviation is an expected failure (`xfailed`) with its
reason. A known deviation that holds again or has expired is a test of its own, which fails. What
was seen and is not certain, flaky or unconfirmed, is an expected failure, too, with its rate or its
doubt. An inconclusive or skipped verdict is skipped with its reason, a check of ours that crashed
fails. Nothing is sent.

The session ends with the exit code of `harness report` for the same folder, the gravest where there
are several: 3 our own failure, 1 broken, 130 interrupted, 4 inconclusive throughout, 2 nothing
tested, 0 held. pytest's own code stands where any other test failed, where the session ended early,
and where verdicts were deselected (`-k`).

This module is loaded in every test run of an environment, and imports nothing for that.
"""

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
        help="a run folder of `harness run`; each of its verdicts becomes a test (repeatable)",
    )
    group.addoption(
        "--harness-spec",
        action="append",
        default=[],
        type=Path,
        metavar="FILE",
        help="a provider's TOML, to judge its verdicts by and not by what the run keeps "
        "(repeatable)",
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
    folders: list[Path] = config.getoption("--harness-run")
    if not folders:
        return
    specs = [*config.getini("harness_specs"), *config.getoption("--harness-spec")]
    from harness.pytest_plugin.session import RunSession  # noqa: PLC0415 - only where it is used

    otherwise: list[Path] = config.getini("harness_known")
    plugin = RunSession.of(
        folders,
        specs,
        known=config.getoption("--harness-known"),
        known_otherwise=otherwise[0] if otherwise else None,
    )
    config.pluginmanager.register(plugin, "harness-run")


CONFORMANCE = "harness.conformance"


@pytest.hookimpl(tryfirst=True)
def pytest_load_initial_conftests(
    early_config: pytest.Config, parser: pytest.Parser, args: list[str]
) -> None:
    """Take over a session that names `harness.conformance`, with the options of that alone."""
    if any(each == CONFORMANCE or each.startswith(f"{CONFORMANCE}::") for each in args):
        from harness.pytest_plugin.conformance import begin  # noqa: PLC0415 - only where it is used

        begin(early_config, parser, args)
