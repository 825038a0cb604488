"""How a wheel and a source distribution are built.

The recorded samples lie in `cassettes/`, for whoever reads or records them; they go
into the package, where a run finds them, for setuptools knows data of a package only within it. An
editable installation finds them where they lie.

A package index shows README.md on a page of its own, where no file of the repository is beside it:
what links to one names its path there instead.
"""

import re
import shutil
from pathlib import Path

from setuptools.command.build_py import build_py
from setuptools.command.egg_info import egg_info

HERE = Path(__file__).parent

PICTURE = re.compile(r"^!\[[^\]]*\]\((?!https?:)[^)]*\)\n\n?", re.MULTILINE)
LINK = re.compile(r"\[([^\]]*)\]\((?!https?:)([^)#]*)(?:#[^)]*)?\)")
PATHS = "\n---\n\nPaths of files are those in the source distribution.\n"


class BuildWithSamples(build_py):
    """Copies the modules, and `cassettes/` as `harness/samples/`."""

    def run(self) -> None:
        """Copy all of it into the folder that becomes the wheel."""
        super().run()
        if not self.editable_mode:
            samples = Path(self.build_lib) / "harness" / "samples"
            shutil.rmtree(samples, ignore_errors=True)
            shutil.copytree(HERE / "cassettes", samples)


class DescribeAlone(egg_info):
    """Writes the metadata, whose description links to nothing that is not there."""

    def run(self) -> None:
        """Write them."""
        metadata = self.distribution.metadata
        metadata.long_description = described(str(metadata.long_description))
        super().run()


def described(readme: str) -> str:
    """Return the README as it is read alone; what this returned is returned as it is."""
    if readme.endswith(PATHS):
        return readme
    return LINK.sub(_without_link, PICTURE.sub("", readme)) + PATHS


def _without_link(link: "re.Match[str]") -> str:
    text, path = link.groups()
    return text if not path else f"`{path}`" if text == path else f"{text} in `{path}`"
