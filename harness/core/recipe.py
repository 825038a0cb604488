"""The names of reference images and masks: each is a recipe, from which a file can be made.

`png-rgba-512x512-1.png` is an RGBA PNG of that size, drawn from seed 1; `...-cut.png` ends
half-way, `...-bytes-4000000.png` is padded to that many bytes. `harness.reference_images` makes the
files; who only reads names, as every request does, needs no image library.
"""

import re
from dataclasses import dataclass

MODES: dict[str, tuple[str, ...]] = {
    "png": ("rgb", "rgba", "l", "la", "p"),
    "jpeg": ("rgb", "l"),
    "webp": ("rgb", "rgba"),
    "gif": ("p",),
}
"""The pixel modes of each format, in Pillow's words."""

EDGE_AT_MOST_PX = 4096
BYTES_AT_MOST = 64 * 1024 * 1024

_NAME = re.compile(
    r"(?P<format>png|jpeg|webp|gif)-(?P<mode>[a-z]{1,4})-(?P<width>[1-9]\d{0,3})x"
    r"(?P<height>[1-9]\d{0,3})-(?P<seed>0|[1-9]\d{0,5})"
    r"((?P<cut>-cut)|-bytes-(?P<bytes>[1-9]\d{0,8}))?\.(?P=format)",
    re.ASCII,
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Recipe:
    """What a reference image is: `seed` chooses its colours, `size_bytes` pads a whole PNG."""

    format: str
    mode: str
    width_px: int
    height_px: int
    seed: int = 1
    cut: bool = False
    size_bytes: int | None = None

    @property
    def name(self) -> str:
        """The file's name, from which `parse_recipe` reads it back."""
        ends = "-cut" * self.cut + (f"-bytes-{self.size_bytes}" if self.size_bytes else "")
        size = f"{self.width_px}x{self.height_px}"
        return f"{self.format}-{self.mode}-{size}-{self.seed}{ends}.{self.format}"


def parse_recipe(name: str) -> Recipe | None:
    """Read a name back, or return None where it is not spelled as one.

    Each image has one name. Whether an image fits into the bytes that its name asks for, only
    `reference_bytes` finds out.
    """
    match = _NAME.fullmatch(name)
    if match is None or match["mode"] not in MODES[match["format"]]:
        return None
    width, height = int(match["width"]), int(match["height"])
    padded = int(match["bytes"]) if match["bytes"] else None
    fits = max(width, height) <= EDGE_AT_MOST_PX and (padded or 0) <= BYTES_AT_MOST
    if not fits or (padded is not None and match["format"] != "png"):
        return None
    return Recipe(
        format=match["format"],
        mode=match["mode"],
        width_px=width,
        height_px=height,
        seed=int(match["seed"]),
        cut=bool(match["cut"]),
        size_bytes=padded,
    )
