"""The files that a run's options name, taken along to where its slices run."""

from collections.abc import Callable, Mapping
from dataclasses import replace
from pathlib import Path

from harness.core.errors import UsageError
from harness.core.files import MEBIBYTE, read_at_most
from harness.planning.options import Options

LARGEST_BYTES = 16 * MEBIBYTE


def carried(options: Options) -> dict[str, bytes]:
    """Return the files that options name, by path; UsageError for one that cannot be read."""
    found: dict[str, bytes] = {}

    def take(path: Path) -> Path:
        files = sorted(path.iterdir()) if path.is_dir() else [path]
        try:
            found.update({str(file): read_at_most(file, LARGEST_BYTES) for file in files})
        except OSError as error:
            raise UsageError(f"{path}: {error.strerror or error}") from None
        return path

    _with_paths(options, take)
    return found


def with_carried(options: Options, files: Mapping[str, bytes], root: Path) -> Options:
    """Write the files below `root`, each in a folder of its own folder, and name them there."""
    folders = {name: root / str(at) for at, name in enumerate(sorted({*map(_parent, files)}))}
    for name, content in files.items():
        folder = folders[_parent(name)]
        folder.mkdir(parents=True, exist_ok=True)
        (folder / Path(name).name).write_bytes(content)

    def moved(path: Path) -> Path:
        if str(path) in files:
            return folders[_parent(str(path))] / path.name
        return folders.get(str(path), path)

    return _with_paths(options, moved)


def _parent(name: str) -> str:
    return str(Path(name).parent)


def _with_paths(options: Options, change: Callable[[Path], Path]) -> Options:
    """Return the options with each path of a file that they read changed."""
    target, output, benchmark = options.target, options.output, options.benchmark
    return replace(
        options,
        target=replace(
            target,
            specs=tuple(change(each) if isinstance(each, Path) else each for each in target.specs),
            frozen=None if target.frozen is None else change(target.frozen),
        ),
        output=replace(
            output,
            trust_anchors=tuple(map(change, output.trust_anchors)),
            known=None if output.known is None else change(output.known),
        ),
        benchmark=replace(
            benchmark,
            workloads=tuple(
                str(change(Path(each))) if Path(each).suffix == ".toml" else each
                for each in benchmark.workloads
            ),
        ),
    )
