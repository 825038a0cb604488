"""What an image's file shows beside its pixels: a signed manifest, and weak signs of its making."""

from dataclasses import dataclass
from typing import Literal

Bytes = Literal["unaltered", "altered", "unknown"]
"""Whether the bytes are those that were signed; `unknown` where no hash of them could be read."""

Chain = Literal["trusted", "untrusted", "unchecked"]
"""Whether the signer's certificate leads to one on the user's trust list; `unchecked`: no list."""

SignedTime = Literal["trusted", "untrusted", "unchecked", "none"]
"""The same of the authority that the signing time is from; `none` where there is no time stamp."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Manifest:
    """A C2PA manifest (Content Credentials): who signed which bytes, and what it says of them.

    `signer` is the organisation in the signing certificate, `common_name` the name beside it; both
    are anybody's words where the `chain` is not trusted. `signed_at` is ISO 8601 in UTC with
    milliseconds, out of the time stamp; None without one. `agents` are the programs that the
    actions name, as `NAME VERSION` (`gpt-image 2.0`), those of the ingredients included, the
    newest first; `actions` are those of the active manifest. `failures` are the status codes that
    validation gave (`assertion.dataHash.mismatch`), untrusted and expired certificates included.
    """

    signature_valid: bool
    bytes: Bytes
    chain: Chain
    signer: str = ""
    common_name: str = ""
    signed_at: str | None = None
    time: SignedTime = "none"
    generator: str = ""
    agents: tuple[str, ...] = ()
    actions: tuple[str, ...] = ()
    failures: tuple[str, ...] = ()

    @property
    def genuine(self) -> bool:
        """Whether the bytes are what somebody on the trust list signed."""
        return self.signature_valid and self.bytes == "unaltered" and self.chain == "trusted"


@dataclass(frozen=True, slots=True, kw_only=True)
class Signs:
    """Weak signs of how a file was made: suspicions at most, and evidence of nothing by themselves.

    `layout` names a PNG's chunks in their order, a run of equal ones once (`IHDR caBX IDAT IEND`),
    or a WebP's (`VP8X VP8`); `data_chunks` counts a PNG's IDAT. `jpeg_quality` is the IJG quality
    (1 to 100) whose tables a JPEG's are nearest to, `jpeg_exact` whether they are equal;
    `webp_quantiser` is a lossy WebP's index (0 is the finest, 127 the coarsest).
    `perceptual_hash` is ImageHash's phash of 256 bits in hexadecimal; empty where the picture is
    too plain to be told from another. `enlarged` is how clearly the pixels show the traces of an
    enlargement, from 0 to 1, told from 0.5 on; None where the picture is too plain or too small to
    tell.
    """

    layout: str = ""
    data_chunks: int | None = None
    jpeg_quality: int | None = None
    jpeg_exact: bool | None = None
    webp_quantiser: int | None = None
    perceptual_hash: str = ""
    enlarged: float | None = None


ManifestState = Literal["read", "none", "not_read"]
"""`none`: the file holds no manifest, which is no evidence of anything. `not_read`: `why` says so
(the extra is not installed, the reader gave up)."""


THUMBNAIL_EDGE_PX = 128
"""The most pixels along an edge of a thumbnail."""

THUMBNAIL_AT_MOST_BYTES = 4_000


@dataclass(frozen=True, slots=True, kw_only=True)
class Inspection:
    """What was found in one image file, known by the SHA-256 `digest` of its bytes.

    `anchors` is the SHA-256 of the trust list that it was read with; empty without one. `signs` is
    missing where the pixels could not be looked at; `why` says what was not read, and for what
    reason. `thumbnail` is a small copy as base64 of a lossy WebP; empty where none could be made,
    and None where none was asked for.
    """

    digest: str
    state: ManifestState
    manifest: Manifest | None = None
    signs: Signs | None = None
    anchors: str = ""
    why: str = ""
    thumbnail: str | None = None
