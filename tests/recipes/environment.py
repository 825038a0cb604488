"""Make a virtual environment whose libraries are those of this one, and nothing else of it is."""

import subprocess
import sys
import sysconfig
from pathlib import Path


def main(place: Path) -> None:
    """Make it at a place, with pip, which then finds all that is locked."""
    subprocess.run([sys.executable, "-m", "venv", "--without-pip", place], check=True)
    ask = "import sysconfig; print(sysconfig.get_path('purelib'))"
    packages = subprocess.run(
        [place / "bin" / "python", "-c", ask], check=True, capture_output=True, text=True
    ).stdout.strip()
    (Path(packages) / "libraries.pth").write_text(sysconfig.get_path("purelib"))


if __name__ == "__main__":
    main(Path(sys.argv[1]))
