"""The planted faults that the catalogue names, by family and provider.

Each value is written in the provider's document and none is a default, so that what a request omits
plays no part. A pair or a triple fails together; each of its values alone is served.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping

NAMES: Mapping[str, Mapping[str, tuple[str, ...]]] = {
    "valid_request": {
        "buble": (
            "fails:resolution=4K",
            "error_200:aspect_ratio=3:4",
            "unanswered:resolution=2K",
            "ends_failed:aspect_ratio=4:3",
            "never_ends:resolution=4K",
            "fails:resolution=2K+aspect_ratio=9:16",
            "ends_failed:resolution=4K+aspect_ratio=1:1",
        ),
        "sub2api": (
            "fails:quality=medium",
            "fails:size=1536x1024",
            "unavailable:background=opaque",
            "error_200:moderation=low",
            "unanswered:output_format=webp",
            "hangs:quality=high",
            "unfinished_stream:stream=true",
            "fails:quality=high+output_format=jpeg",
            "unavailable:n=2+output_format=webp",
            "error_200:moderation=low+n=many",
            "unanswered:background=opaque+quality=low",
            "unfinished_stream:stream=true+output_format=jpeg",
            "fails:quality=high+output_format=jpeg+background=opaque",
            "error_200:quality=medium+output_format=webp+moderation=low",
        ),
        "apiframe": (
            "fails:quality=medium",
            "error_200:background=opaque",
            "unanswered:output_format=png",
            "ends_failed:quality=high",
            "never_ends:moderation=low",
            "fails:quality=high+output_format=jpeg",
            "ends_failed:n=many+background=opaque",
            "fails:quality=low+output_format=png+moderation=low",
        ),
        "nanobanana": (
            "fails:quality=medium",
            "error_200:quality=low",
            "unanswered:size=1536x1024",
            "hangs:quality=high",
            "fails:size=portrait+quality=high",
            "error_200:size=3:1+quality=low",
            "unavailable:prompt=longest+size=portrait+quality=medium",
        ),
        "aimlapi": (
            "fails:size=1536x1024",
            "error_200:output_format=jpeg",
            "unanswered:output_format=webp",
            "unavailable:output_compression=0",
            "fails:size=1536x1024+output_format=jpeg",
            "error_200:output_format=webp+output_compression=0",
            "fails:size=1536x1024+output_format=webp+output_compression=0",
        ),
        "openai": (
            "fails:quality=medium",
            "unavailable:background=opaque",
            "error_200:size=1536x1024",
            "unanswered:output_format=webp",
            "hangs:quality=high",
            "unfinished_stream:stream=true",
            "fails:quality=high+output_format=jpeg",
            "unanswered:background=opaque+quality=low",
            "fails:quality=high+output_format=jpeg+background=opaque",
        ),
    },
    "content_interaction": {
        "buble": (
            "swapped_size:resolution=4K+aspect_ratio=9:16",
            "other_size:resolution=2K+aspect_ratio=4:3",
        ),
        "sub2api": (
            "other_format:output_format=webp+quality=high",
            "swapped_size:size=1536x1024+output_format=jpeg",
            "fewer:n=many+output_format=jpeg",
            "more:n=2+quality=low",
            "lower_quality:quality=high+size=portrait",
            "lower_quality:quality=high+output_format=webp",
            "other_size:size=largest+output_format=jpeg",
            "other_format:output_format=jpeg+quality=low+background=opaque",
        ),
        "apiframe": (
            "other_format:output_format=png+quality=high",
            "fewer:n=many+output_format=png",
            "more:n=2+background=opaque",
        ),
        "nanobanana": (
            "other_size:size=portrait+quality=high",
            "swapped_size:size=1536x1024+quality=low",
        ),
        "aimlapi": (
            "other_format:output_format=webp+size=1536x1024",
            "swapped_size:size=1536x1024+output_format=jpeg",
            "fewer:n=many+output_format=webp",
        ),
        "openai": (
            "other_format:output_format=webp+quality=high",
            "swapped_size:size=1536x1024+output_format=jpeg",
            "fewer:n=many+output_format=jpeg",
            "lower_quality:quality=high+output_format=webp",
        ),
    },
    "count": {
        "sub2api": ("fewer:n=10", "more:n=10", "fewer:n=2"),
        "apiframe": ("fewer:n=10", "more:n=10", "fewer:n=2"),
        "aimlapi": ("fewer:n=10", "more:n=10", "fewer:n=2"),
        "openai": ("fewer:n=10", "more:n=10", "fewer:n=2"),
    },
}
