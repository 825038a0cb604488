"""Benchmarks and checks the conformance of image APIs that resell gpt-image-2."""

__version__: str


def __getattr__(name: str) -> str:
    """Look the version up when it is asked for: a process that only decodes never asks."""
    if name != "__version__":
        raise AttributeError(name)
    from importlib.metadata import PackageNotFoundError, version  # noqa: PLC0415 - as above

    try:
        return version("image-provider-harness")
    except PackageNotFoundError:  # a checkout that was never installed
        return "0+unknown"
