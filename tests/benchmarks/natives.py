"""Pictures that nobody enlarged, copied or encoded again: what a suspicion must not fall upon.

Each is drawn by a seed at its own size, of one of the `KINDS`: what an image model is asked for
(scenes, text, line art, soft focus, gradients, dithering, transparent stickers), and what is hard
for the methods (noise, regular patterns, next to nothing). No picture was ever resampled, but for
the antialiasing that drawing needs, which goes from large to small.
"""

import io
from collections.abc import Callable
from dataclasses import dataclass
from typing import cast

import numpy as np
from PIL import Image, ImageDraw, ImageFilter, ImageFont

Floats = np.ndarray[tuple[int, ...], np.dtype[np.float32]]
Rng = np.random.Generator

SIZES = (
    (1024, 1024), (1536, 1024), (1024, 1536), (1536, 864), (816, 816), (1280, 720), (832, 1248),
    (1440, 480), (2048, 1152), (1248, 1248),
)  # fmt: skip
"""Sizes of the documented lattice: edges divisible by 16, 655,360 to 8,294,400 pixels."""

LARGE = (3840, 2160)
"""The largest one; one in 25 natives has it."""

FORMATS = ("png", "jpeg", "webp")


@dataclass(frozen=True, slots=True, kw_only=True)
class Native:
    """One picture with how it is to be stored; `quality` is ignored for PNG."""

    kind: str
    seed: int
    image: Image.Image
    format: str
    quality: int

    @property
    def data(self) -> bytes:
        """Return the file's bytes."""
        return stored(self.image, self.format, self.quality)


def stored(image: Image.Image, form: str, quality: int = 90) -> bytes:
    """Encode an image; JPEG has no alpha, so that it is drawn over white there."""
    out = io.BytesIO()
    if form == "jpeg":
        over_white(image).save(out, "JPEG", quality=quality)
    elif form == "webp":
        image.save(out, "WEBP", quality=quality, method=2)
    else:
        image.save(out, "PNG", compress_level=1)
    return out.getvalue()


def over_white(image: Image.Image) -> Image.Image:
    """Return the image without alpha, over white."""
    if image.mode != "RGBA":
        return image.convert("RGB")
    white = Image.new("RGBA", image.size, (255, 255, 255, 255))
    return Image.alpha_composite(white, image).convert("RGB")


def native(seed: int, *, form: str | None = None, size: tuple[int, int] | None = None) -> Native:
    """Return the native of that seed; `form` and `size` stand in for those that it would draw."""
    rng = np.random.default_rng((seed, 16))
    kinds = tuple(KINDS)
    kind = kinds[seed % len(kinds)]
    drawn = LARGE if seed % 25 == 24 else SIZES[int(rng.integers(len(SIZES)))]
    form = form or FORMATS[seed // len(kinds) % 3]
    quality = int(rng.choice([75, 80, 85, 90, 95, 100]))
    image = KINDS[kind](rng, *(size or drawn))
    return Native(kind=kind, seed=seed, image=image, format=form, quality=quality)


# ------------------------------------------------------------------------------------- the kinds


def _pixels(values: Floats) -> Image.Image:
    return Image.fromarray(np.clip(np.rint(values), 0, 255).astype(np.uint8))


def _field(rng: Rng, width: int, height: int, slope: float) -> Floats:
    """Return a random field whose amplitude falls as 1/f^slope, of mean 0 and deviation 1."""
    white = rng.standard_normal((height, width), dtype=np.float32)
    across = np.fft.rfftfreq(width).astype(np.float32)
    down = np.fft.fftfreq(height).astype(np.float32)
    radius = np.hypot(across[None, :], down[:, None])
    radius[0, 0] = 1
    shaped = np.fft.rfft2(white) * radius ** np.float32(-slope)
    shaped[0, 0] = 0
    values = np.fft.irfft2(shaped, s=(height, width)).astype(np.float32)
    return cast("Floats", values / values.std())


def _colours(rng: Rng, plane: Floats, spread: float) -> Floats:
    """Return a plane as three channels around a random colour, with a little chroma of its own."""
    base = rng.uniform(70, 185, 3)
    weights = rng.uniform(0.7, 1.2, 3)
    return cast("Floats", base + plane[..., None] * weights * spread).astype(np.float32)


def fractal(rng: Rng, width: int, height: int) -> Image.Image:
    """Clouds, rock, foliage: a 1/f field."""
    plane = _field(rng, width, height, float(rng.uniform(0.8, 1.5)))
    return _pixels(_colours(rng, plane, float(rng.uniform(15, 55))))


def _leaves(rng: Rng, width: int, height: int, count: int) -> Image.Image:
    """Return ellipses and polygons over each other (dead leaves), drawn at twice the size."""
    image = Image.new("RGB", (2 * width, 2 * height), tuple(rng.integers(0, 256, 3).tolist()))
    draw = ImageDraw.Draw(image)
    for _ in range(count):
        radius = float(min(width, height) * min(0.5, 0.02 / rng.uniform(0.03, 1)))
        x, y = rng.uniform(0, 2 * width), rng.uniform(0, 2 * height)
        colour = tuple(rng.integers(0, 256, 3).tolist())
        if rng.random() < 0.5:
            flat = radius * rng.uniform(0.4, 1)
            draw.ellipse((x - radius, y - flat, x + radius, y + flat), fill=colour)
        else:
            corners = sorted(rng.uniform(0, 2 * np.pi, int(rng.integers(3, 8))))
            points = [(x + radius * np.cos(a), y + radius * np.sin(a)) for a in corners]
            draw.polygon(points, fill=colour)
    return image.reduce(2)


def photo(rng: Rng, width: int, height: int) -> Image.Image:
    """A scene: things before each other, textured and shaded, through a lens, with its noise."""
    leaves = np.asarray(_leaves(rng, width, height, int(rng.integers(60, 400))), np.float32)
    texture = _field(rng, width, height, float(rng.uniform(0.7, 1.2)))
    shade = _field(rng, width, height, 1.8)
    scene = leaves * (1 + 0.15 * shade[..., None]) + texture[..., None] * rng.uniform(3, 18)
    lens = ImageFilter.GaussianBlur(float(rng.uniform(0.3, 0.9)))
    seen = np.asarray(_pixels(scene).filter(lens), np.float32)
    noise = rng.standard_normal((height, width, 1), dtype=np.float32) * rng.uniform(0.3, 4)
    return _pixels(seen + noise)


def soft(rng: Rng, width: int, height: int) -> Image.Image:
    """The same out of focus, in whole or but for a middle that is sharp."""
    sharp = photo(rng, width, height)
    radius = float(rng.uniform(1, 9))
    filters = (ImageFilter.GaussianBlur, ImageFilter.BoxBlur)
    blurred = sharp.filter(filters[int(rng.integers(2))](radius))
    if rng.random() < 0.5:
        mask = Image.new("L", sharp.size, 0)
        box = (width // 4, height // 4, 3 * width // 4, 3 * height // 4)
        ImageDraw.Draw(mask).ellipse(box, fill=255)
        blurred.paste(sharp, mask=mask.filter(ImageFilter.GaussianBlur(width / 30)))
    if rng.random() < 0.5:
        noise = rng.standard_normal((height, width, 1), dtype=np.float32) * rng.uniform(0.3, 2)
        return _pixels(np.asarray(blurred, np.float32) + noise)
    return blurred


def shapes(rng: Rng, width: int, height: int) -> Image.Image:
    """A flat illustration."""
    return _leaves(rng, width, height, int(rng.integers(5, 80)))


_LETTERS = "etaoin shrdlu cmfwyp vbgkqj xz ETAOIN 0123456789 .,;:!?"


def text(rng: Rng, width: int, height: int) -> Image.Image:
    """A page, a poster, a screen."""
    dark = rng.random() < 0.3
    ink, paper = ((235, 235, 235), (20, 22, 30)) if dark else ((20, 20, 24), (250, 248, 240))
    image = Image.new("RGB", (width, height), paper)
    draw = ImageDraw.Draw(image)
    y = int(rng.integers(10, 60))
    size = int(rng.integers(12, 60))
    while y < height - size:
        line = "".join(rng.choice(list(_LETTERS), max(4, width // size)).tolist())
        draw.text((int(rng.integers(10, 60)), y), line, fill=ink, font=_font(size))
        y += int(size * rng.uniform(1.2, 2))
        if rng.random() < 0.1:
            size = int(rng.integers(12, 60))
    return image


def _font(size: int) -> ImageFont.FreeTypeFont:
    return cast("ImageFont.FreeTypeFont", ImageFont.load_default(size))


def line_art(rng: Rng, width: int, height: int) -> Image.Image:
    """A drawing in ink."""
    image = Image.new("L", (2 * width, 2 * height), 255)
    draw = ImageDraw.Draw(image)
    for _ in range(int(rng.integers(10, 120))):
        steps = rng.normal(0, min(width, height) / 8, (int(rng.integers(3, 30)), 2))
        start = rng.uniform(0, 2 * min(width, height), 2)
        points = [tuple(point) for point in (np.cumsum(steps, 0) + start).tolist()]
        draw.line(points, fill=int(rng.integers(0, 90)), width=int(rng.integers(2, 9)))
    return image.reduce(2).convert("RGB")


def gradient(rng: Rng, width: int, height: int) -> Image.Image:
    """A sky, a studio's background: a plain gradient, with or without a little grain."""
    x = np.linspace(-1, 1, width, dtype=np.float32)[None, :]
    y = np.linspace(-1, 1, height, dtype=np.float32)[:, None]
    angle = rng.uniform(0, 2 * np.pi)
    plane = np.cos(angle) * x + np.sin(angle) * y
    if rng.random() < 0.4:
        plane = np.hypot(x - rng.uniform(-1, 1), y - rng.uniform(-1, 1))
    grain = rng.choice([0.0, 0.5, 2.0])
    noise = rng.standard_normal((height, width), dtype=np.float32) * grain
    shaded = _colours(rng, plane.astype(np.float32), float(rng.uniform(5, 50)))
    return _pixels(shaded + noise[..., None])


def dithered(rng: Rng, width: int, height: int) -> Image.Image:
    """Newsprint, an old computer's screen: few colours, dithered."""
    scene = shapes(rng, width, height) if rng.random() < 0.5 else fractal(rng, width, height)
    if rng.random() < 0.5:
        return scene.convert("L").convert("1").convert("RGB")
    return scene.quantize(int(rng.integers(4, 24)), method=Image.Quantize.FASTOCTREE).convert("RGB")


def sticker(rng: Rng, width: int, height: int) -> Image.Image:
    """A thing on a transparent background."""
    thing = photo(rng, width, height) if rng.random() < 0.5 else shapes(rng, width, height)
    mask = Image.new("L", (2 * width, 2 * height), 0)
    x, y = rng.uniform(0.3, 0.7, 2) * (2 * width, 2 * height)
    radius = rng.uniform(0.15, 0.9) * min(width, height)
    ImageDraw.Draw(mask).ellipse((x - radius, y - radius, x + radius, y + radius), fill=255)
    alpha = mask.reduce(2)
    cut = Image.new("RGBA", thing.size, (0, 0, 0, 0))
    cut.paste(thing, mask=alpha)
    cut.putalpha(alpha)
    return cut


def noise(rng: Rng, width: int, height: int) -> Image.Image:
    """A screen without a station, sand."""
    values = rng.standard_normal((height, width, 3), dtype=np.float32) * rng.uniform(10, 60)
    return _pixels(values + 128)


def pattern(rng: Rng, width: int, height: int) -> Image.Image:
    """Cloth, blinds, a chessboard: something regular, of a period between pixels."""
    x = np.arange(width, dtype=np.float32)[None, :]
    y = np.arange(height, dtype=np.float32)[:, None]
    period = rng.uniform(2.5, 40)
    angle = 0.0 if rng.random() < 0.4 else rng.uniform(0, np.pi)
    along = np.cos(angle) * x + np.sin(angle) * y
    wave = np.sin(2 * np.pi * along / period)
    if rng.random() < 0.5:
        wave = wave * np.sin(2 * np.pi * (np.cos(angle) * y - np.sin(angle) * x) / period)
    if rng.random() < 0.5:
        wave = np.clip(wave * rng.uniform(1, 6), -1, 1)
    over = _field(rng, width, height, 1.2) * rng.uniform(0, 0.3)
    return _pixels(_colours(rng, (wave + over).astype(np.float32), float(rng.uniform(10, 60))))


def pixel_art(rng: Rng, width: int, height: int) -> Image.Image:
    """Large square dots, as a model draws them: their edges are not quite on its grid."""
    cell = rng.uniform(6, 24)
    columns, rows = int(width / cell) + 2, int(height / cell) + 2
    palette = rng.integers(0, 256, (int(rng.integers(4, 14)), 3))
    plane = _field(rng, columns, rows, 1.0)
    which = np.clip(((plane + 2) / 4 * len(palette)).astype(int), 0, len(palette) - 1)
    at_x = (np.arange(width) / cell).astype(int)
    at_y = (np.arange(height) / cell).astype(int)
    dots = palette[which[at_y][:, at_x]].astype(np.float32)
    return _pixels(dots + rng.standard_normal((height, width, 1)).astype(np.float32))


def night(rng: Rng, width: int, height: int) -> Image.Image:
    """Lights on black."""
    image = Image.new("RGB", (width, height), (4, 5, 12))
    draw = ImageDraw.Draw(image)
    for _ in range(int(rng.integers(5, 900))):
        x, y, size = rng.uniform(0, width), rng.uniform(0, height), rng.exponential(1.5)
        light = tuple(rng.integers(120, 256, 3).tolist())
        draw.ellipse((x - size, y - size, x + size, y + size), fill=light)
    glow = image.filter(ImageFilter.GaussianBlur(float(rng.uniform(0.4, 3))))
    return Image.blend(image, glow, 0.5)


def plain(rng: Rng, width: int, height: int) -> Image.Image:
    """Next to nothing: one colour, with a frame or without."""
    image = Image.new("RGB", (width, height), tuple(rng.integers(0, 256, 3).tolist()))
    if rng.random() < 0.5:
        frame = tuple(rng.integers(0, 256, 3).tolist())
        box = (0, 0, width - 1, height - 1)
        ImageDraw.Draw(image).rectangle(box, outline=frame, width=int(rng.integers(1, 40)))
    return image


KINDS: dict[str, Callable[[Rng, int, int], Image.Image]] = {
    one.__name__: one
    for one in (
        fractal, photo, soft, shapes, text, line_art, gradient, dithered, sticker, noise, pattern,
        pixel_art, night, plain,
    )
}  # fmt: skip
