"""Images in replies: each is decoded once, kept by its digest and replaced by a mark."""

import copy
import hashlib
import io
from collections.abc import Callable
from concurrent.futures import Future
from dataclasses import replace
from pathlib import Path
from threading import Lock
from time import thread_time

from harness.core.exchange import Picture, PictureState
from harness.core.formats import NOT_DECODED
from harness.transport.bodies.base64text import image_in
from harness.transport.bodies.bounds import Pool
from harness.transport.bodies.decode import Decoded, claimed_pixels
from harness.transport.bodies.decoder import Development, ImageDecoder, timed
from harness.transport.bodies.scan import Image

Keep = Callable[[str, bytes], None]
"""Takes an image's file name (`<sha256>.<format>`) and its bytes, and keeps them."""

KeepFile = Callable[[str, Path], None]
"""Takes an image's file name and a file with its bytes, and keeps them; the file may be moved."""

Inspect = Callable[[bytes | Path], str]
"""Says what secret an image's bytes hold, and where in them; empty where none."""

MARK = "image:sha256:"
"""Every image in a document is replaced by this and its digest."""

PIXELS_HERE = 4_000_000
"""An image of more is decoded by the decoder's process, however small its file is."""

Seen = tuple[Picture, float]
"""An image, and the seconds of one processor that decoding its bytes took."""


class ImageCollector:
    """Takes images out of replies; equal bytes are decoded and kept once.

    Images of large bodies go through the `decoder` and are kept as files; without a `keep_file`
    they are read, and kept as all others are. `decode_s` is how long one processor works on this
    collector's images (unpacking, hashing, decoding); None where there was none. An image of which
    `inspect` says that it holds a secret is described and not kept.
    """

    def __init__(
        self,
        keep: Keep,
        *,
        keep_file: KeepFile | None = None,
        decoder: ImageDecoder | None = None,
        inspect: Inspect = lambda _image: "",
    ) -> None:
        self.decoder = decoder or ImageDecoder()
        self.decode_s: float | None = None
        self.pool = Pool()
        """What the heavy replies of one run share; it is the collector that all of them have."""
        self._keep = keep
        self._keep_file = keep_file or (lambda name, path: keep(name, path.read_bytes()))
        self.withheld: dict[str, str] = {}
        """The digests of the images that were not kept, each with what it holds and where."""
        self._inspect = inspect
        self._seen: dict[str, Seen] = {}
        self._under_way: dict[str, Future[Seen]] = {}
        self._books = Lock()
        self._one_at_a_time = Lock()

    def counting(self) -> "ImageCollector":
        """Return a copy for one reply, with a `decode_s` of its own."""
        same = copy.copy(self)
        same.decode_s = None
        return same

    def inspecting(self, inspect: Inspect) -> "ImageCollector":
        """Return a copy that keeps no image of which `inspect` says that it holds a secret."""
        same = copy.copy(self)
        same._inspect = inspect  # noqa: SLF001 - a copy of itself
        return same

    def from_bytes(self, raw: bytes) -> Picture:
        """Decode one image completely, keep it and describe it; never raises on bytes."""
        return self._from_bytes(raw, 0.0)

    def from_text(self, text: str) -> Picture | None:
        """Decode an image written as base64 or as a `data:` URL; None for any other text.

        The picture tells how its text differs from plain base64.
        """
        before = thread_time()
        found = image_in(text)
        if found is None:
            return None
        picture = self._from_bytes(found.raw, thread_time() - before)
        return replace(picture, encoding=found.encoding, media_type=found.media_type)

    def from_file(self, image: Image) -> Picture:
        """Do the same for an image in a file, which may be gone afterwards."""
        path = Path(image.path)

        def decode() -> Seen:
            size = path.stat().st_size
            development = self.decoder.decoded(path)
            picture = self._inspected(picture_of(image.digest, size, development.image), path)
            if not picture.withheld:
                self._keep_file(file_name(picture), path)
            return picture, development.cpu_s

        picture = self._counted(image.digest, decode, image.cpu_s)
        return replace(picture, encoding=image.encoding, media_type=image.media_type)

    def _from_bytes(self, raw: bytes, unpacked_s: float) -> Picture:
        before = thread_time()
        digest = hashlib.sha256(raw).hexdigest()
        unpacked_s += thread_time() - before

        def decode() -> Seen:
            development = self._decoded(raw)
            picture = self._inspected(picture_of(digest, len(raw), development.image), raw)
            if not picture.withheld:
                self._keep(file_name(picture), raw)
            return picture, development.cpu_s

        return self._counted(digest, decode, unpacked_s)

    def _decoded(self, raw: bytes) -> Development:
        """Decode an image in memory; a small file of many pixels goes to the decoder's process."""
        if claimed_pixels(raw) <= PIXELS_HERE:
            return self._decoded_here(raw)
        try:
            path = self.decoder.spool.path()
            path.write_bytes(raw)
        except OSError:
            return self._decoded_here(raw)
        try:
            return self.decoder.decoded(path)
        finally:
            path.unlink(missing_ok=True)

    def _decoded_here(self, raw: bytes) -> Development:
        with self._one_at_a_time:  # bodies are read on several threads
            return timed(io.BytesIO(raw))

    def _inspected(self, picture: Picture, image: bytes | Path) -> Picture:
        secret = self._inspect(image)
        if not secret:
            return picture
        self.withheld[picture.digest] = secret
        return replace(picture, withheld=secret)

    def _counted(self, digest: str, decode: Callable[[], Seen], unpacked_s: float) -> Picture:
        picture, cpu_s = self._once(digest, decode)
        self.decode_s = (self.decode_s or 0.0) + unpacked_s + cpu_s
        return picture

    def _once(self, digest: str, decode: Callable[[], Seen]) -> Seen:
        """Return an image that was decoded before, or by another thread meanwhile, or decode it."""
        with self._books:
            earlier = self._seen.get(digest)
            if earlier is not None:
                return earlier
            others = self._under_way.get(digest)
            mine = self._under_way.setdefault(digest, Future())
        if others is not None:
            return others.result()
        try:
            result = decode()
        except BaseException as error:
            mine.set_exception(error)
            raise
        else:
            self._seen[digest] = result
            mine.set_result(result)
        finally:
            with self._books:
                del self._under_way[digest]
        return result


def mark(picture: Picture) -> str:
    """Return the text that replaces an image in a document."""
    return MARK + picture.digest


def file_name(picture: Picture) -> str:
    """Return the name under which an image's bytes are kept."""
    return f"{picture.digest}.{picture.format if picture.format != 'unknown' else 'bin'}"


def picture_of(digest: str, size_bytes: int, image: Decoded) -> Picture:
    """Describe a decoded image; one of a format that is only known by its first bytes says so."""
    state: PictureState = "undecodable" if image.why else "decoded"
    if image.format in NOT_DECODED:
        image = image._replace(why=f"{image.format} is recognised by its first bytes, not decoded")
    return Picture(digest=digest, size_bytes=size_bytes, state=state, **image._asdict())
