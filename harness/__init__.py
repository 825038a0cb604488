"""Benchmarks and checks the conformance of image APIs that resell gpt-image-2."""

from importlib.metadata import PackageNotFoundError, version

try:
    __version__ = version("image-provider-harness")
except PackageNotFoundError:  # a checkout that was never installed
    __version__ = "0+unknown"
