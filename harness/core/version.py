"""The version that is installed."""

from importlib.metadata import PackageNotFoundError, version


def harness_version() -> str:
    """Return the installed version; `0+unknown` for a checkout that was never installed."""
    try:
        return version("image-provider-harness")
    except PackageNotFoundError:
        return "0+unknown"
