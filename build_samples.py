"""How a wheel is built: the recorded samples go into the package, where a run finds them.

They lie in `cassettes/` of the repository, for whoever reads or records them; setuptools knows data
of a package only within it. An editable installation finds them there.
"""

import shutil
from pathlib import Path

from setuptools.command.build_py import build_py

HERE = Path(__file__).parent


class BuildWithSamples(build_py):
    """Copies the modules, and `cassettes/` as `harness/samples/`."""

    def run(self) -> None:
        """Copy all of it into the folder that becomes the wheel."""
        super().run()
        if not self.editable_mode:
            samples = Path(self.build_lib) / "harness" / "samples"
            shutil.rmtree(samples, ignore_errors=True)
            shutil.copytree(HERE / "cassettes", samples)
