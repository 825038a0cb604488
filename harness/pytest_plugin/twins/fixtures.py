"""Fixtures for tests of one's own client or gateway; nothing of it is loaded until it is used.

    @pytest.mark.image_provider("apiframe", faults=["wrong_format_of_webp"])
    def test_my_client(image_provider):
        client = MyClient(image_provider.url, image_provider.key)
        client.generate("a cat")
        assert image_provider.ledger.images == 1

`image_provider` is a running twin of a provider: our emulator in a process of its own, over real
sockets, with real images, an empty ledger in every test, and the faults of the marker. A test of
several providers runs once for each of them; one without names, for all. `provider_client` is the
harness's own client, which sends to the twin or to your gateway; `provider_cassette` writes
recordings that your own vcrpy replays.
"""

from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

import pytest

from harness.pytest_plugin.twins.names import MARKER, PROVIDERS

if TYPE_CHECKING:
    from harness.pytest_plugin.twins.cassettes import CassetteWriter
    from harness.pytest_plugin.twins.client import ProviderClient
    from harness.pytest_plugin.twins.twins import Twin, Twins


def pytest_configure(config: pytest.Config) -> None:
    """Register the marker."""
    config.addinivalue_line(
        "markers",
        "image_provider(*names, faults=(), seed=0, time_scale=0.001, seconds_per_image=None, "
        "natural=False, signed=False, variants=()): "
        "the providers, and the twin, of the fixture image_provider (image-provider-harness)",
    )


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    """Run a test that has the fixture once for each provider of its marker."""
    if MARKER not in metafunc.fixturenames or not _is_ours(metafunc):
        return
    for mark in metafunc.definition.iter_markers("parametrize"):
        if MARKER in _named(mark):
            return  # by the user's own hand
    from harness.pytest_plugin.twins.marker import read_marker  # noqa: PLC0415 - only where it is used

    names = read_marker(metafunc.definition).names or PROVIDERS
    metafunc.parametrize(MARKER, names, ids=names, indirect=True)


def _is_ours(metafunc: pytest.Metafunc) -> bool:
    """Tell whether the fixture is this one, or a user's own that builds on it, and no namesake."""
    found = getattr(metafunc, "_arg2fixturedefs", {}).get(MARKER, ())
    last = found[-1] if found else None
    return last is None or last.func.__module__ == __name__ or MARKER in last.argnames


def _named(mark: pytest.Mark) -> list[str]:
    names = mark.args[0] if mark.args else mark.kwargs.get("argnames", ())
    return [each.strip() for each in names.split(",")] if isinstance(names, str) else list(names)


@pytest.fixture(scope="session")
def _image_provider_twins() -> "Iterator[Twins]":
    from harness.pytest_plugin.twins.twins import Twins  # noqa: PLC0415 - only where it is used

    twins = Twins()
    yield twins
    twins.close()


@pytest.fixture
def image_provider(
    request: pytest.FixtureRequest, _image_provider_twins: "Twins"
) -> "Iterator[Twin]":
    """Return a running twin of a provider: url, key, an empty ledger, the faults of the marker.

    `name`, `url` and `key` are what a client needs; `ledger` is what the twin received, drew and
    charged; `example("generate")` is a valid request; `switch("FAULT")` changes its faults. The
    marker `image_provider` chooses providers and shapes the twin. See
    `harness.pytest_plugin.twins.twins.Twin`.
    """
    from harness.pytest_plugin.twins.errors import TwinError  # noqa: PLC0415 - as above
    from harness.pytest_plugin.twins.marker import read_marker, the_only  # noqa: PLC0415 - as above

    marker = read_marker(request.node)
    name = getattr(request, "param", None) or the_only(marker, request.node)
    try:
        twin = _image_provider_twins.twin(
            name, marker.settings, faults=marker.faults, seed=marker.seed
        )
    except TwinError as error:
        # from None, or pytest would show the error twice
        raise pytest.fail.Exception(f"image_provider: {error}", pytrace=False) from None
    request.node.stash[_TWIN] = twin
    yield twin
    twin.over()


@pytest.fixture
def provider_client(
    image_provider: "Twin", tmp_path_factory: pytest.TempPathFactory
) -> "ProviderClient":
    """Return the harness's own client of the provider, which sends to the twin.

    `provider_client.send("generate", prompt="a cat", size="1024x1024")` returns what came of it:
    images, a refusal or a fault, with all round trips. `provider_client.at(URL)` sends to your
    gateway. See `harness.pytest_plugin.twins.client.ProviderClient`.
    """
    from harness.pytest_plugin.twins.client import ProviderClient  # noqa: PLC0415 - takes a second

    return ProviderClient.of(image_provider, tmp_path_factory)


@pytest.fixture
def provider_cassette(tmp_path_factory: pytest.TempPathFactory) -> "CassetteWriter":
    """Return what writes a recording, with its images, as a cassette for stock vcrpy.

    `path = provider_cassette("apiframe", "generate")`, then `vcr.use_cassette(path)`. See
    `harness.api.export_cassette`.
    """
    from harness.pytest_plugin.twins.cassettes import CassetteWriter  # noqa: PLC0415 - takes a second

    return CassetteWriter(folders=tmp_path_factory)


_TWIN: "pytest.StashKey[Twin]" = pytest.StashKey()
SHOWN_AT_MOST = 20_000


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(item: pytest.Item, call: pytest.CallInfo[Any]) -> Any:  # noqa: ANN401 - what the inner hooks return
    """Show what the twin received, under a test that failed."""
    report = yield
    if call.when == "call" and report.failed and (twin := item.stash.get(_TWIN, None)):
        report.sections.append((f"Requests that the twin of {twin.name} received", _shown(twin)))
    return report


def _shown(twin: "Twin") -> str:
    from harness.pytest_plugin.twins.errors import TwinError  # noqa: PLC0415 - only where it is used

    try:
        return str(twin.ledger)[:SHOWN_AT_MOST]
    except TwinError as error:
        return str(error)
