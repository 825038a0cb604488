"""What is asked of each provider for honest recordings: served and refused, valid and not."""

from typing import Any

Body = dict[str, Any]

JSON_CALLS: dict[str, tuple[tuple[str, Body], ...]] = {
    "sub2api": (
        ("/v1/images/generations", {"size": "1024x1024", "quality": "low"}),
        ("/v1/images/generations", {"size": "1536x1024", "quality": "high"}),
        ("/v1/images/generations", {"size": "1024x1536", "quality": "medium", "n": 2}),
        ("/v1/images/generations", {"quality": "low", "n": 3, "output_format": "jpeg"}),
        ("/v1/images/generations", {"size": "1024x1024", "output_format": "webp"}),
        ("/v1/images/generations", {"size": "1280x720", "quality": "low", "background": "opaque"}),
        (
            "/v1/images/generations",
            {"size": "1024x1024", "output_format": "jpeg", "output_compression": 60},
        ),
        (
            "/v1/images/generations",
            {"size": "1024x1024", "quality": "low", "stream": True, "partial_images": 2},
        ),
        ("/v1/images/generations", {"size": "1024x1024", "quality": "medium", "stream": True}),
        (
            "/v1/images/generations",
            {"output_format": "webp", "quality": "low", "stream": True, "partial_images": 1},
        ),
        ("/v1/images/generations", {"n": 11}),
        ("/v1/images/generations", {"size": "1000x1000"}),
        ("/v1/images/generations", {"quality": "ultra"}),
        ("/v1/responses", {"tools": [{"type": "image_generation"}]}),
        ("/v1/responses", {"tools": [{"type": "image_generation"}], "stream": True}),
    ),
    "openai": (
        ("/v1/images/generations", {"size": "1024x1024", "quality": "low"}),
        ("/v1/images/generations", {"size": "1536x1024", "quality": "medium", "n": 2}),
        ("/v1/images/generations", {"output_format": "jpeg", "output_compression": 80}),
        ("/v1/images/generations", {"background": "transparent", "output_format": "png"}),
        ("/v1/images/generations", {"output_format": "webp", "quality": "low"}),
        (
            "/v1/images/generations",
            {"size": "1024x1024", "quality": "low", "stream": True, "partial_images": 1},
        ),
        ("/v1/images/generations", {"quality": "high", "stream": True}),
        ("/v1/images/generations", {"n": 11}),
        ("/v1/images/generations", {"output_format": "bmp"}),
        ("/v1/responses", {"tools": [{"type": "image_generation", "quality": "low"}]}),
        ("/v1/responses", {"tools": [{"type": "image_generation"}], "stream": True}),
    ),
    "nanobanana": (
        ("/v1/images/generate", {"size": "1024x1024", "quality": "low", "n": 1}),
        ("/v1/images/generate", {"size": "1536x1024", "quality": "medium"}),
        ("/v1/images/generate", {"size": "2048x1152", "quality": "high"}),
        ("/v1/images/generate", {"quality": "auto"}),
        (
            "/v1/images/edit",
            {"size": "1024x1536", "quality": "low", "image": "https://example.org/kite.png"},
        ),
        ("/v1/images/generate", {"n": 2}),
        ("/v1/images/generate", {"size": "1024x1000"}),
        ("/v1/images/generate", {"quality": "ultra"}),
    ),
    "aimlapi": (
        ("/v1/images/generations", {"size": "1024x1024", "quality": "low"}),
        ("/v1/images/generations", {"size": "1536x1024", "output_format": "png"}),
        ("/v1/images/generations", {"output_format": "jpeg", "output_compression": 70}),
        ("/v1/images/generations", {"output_format": "webp"}),
        ("/v1/images/generations", {"response_format": "b64_json", "quality": "medium"}),
        ("/v1/images/generations", {"output_format": "webp", "output_compression": 101}),
    ),
    "buble": (
        ("/api/v1/generations", {"resolution": "1K", "aspect_ratio": "1:1"}),
        ("/api/v1/generations", {"resolution": "1K"}),
        ("/api/v1/generations", {"resolution": "2K", "aspect_ratio": "16:9"}),
        ("/api/v1/generations", {"aspect_ratio": "3:4"}),
        ("/api/v1/generations", {"resolution": "8K"}),
        ("/api/v1/generations", {"aspect_ratio": "5:1"}),
    ),
    "apiframe": (
        ("/v2/images/generate", {"gptImage2Params": {"quality": "low"}}),
        (
            "/v2/images/generate",
            {"gptImage2Params": {"quality": "medium", "number_of_images": 2}},
        ),
        (
            "/v2/images/generate",
            {"gptImage2Params": {"output_format": "png", "background": "opaque"}},
        ),
        (
            "/v2/images/generate",
            {"gptImage2Params": {"output_format": "jpeg", "number_of_images": 3}},
        ),
        ("/v2/images/generate", {"gptImage2Params": {"number_of_images": 11}}),
        ("/v2/images/generate", {"gptImage2Params": {"quality": "ultra"}}),
    ),
}
EDITS: dict[str, tuple[tuple[dict[str, str], tuple[str, ...]], ...]] = {
    "sub2api": (
        ({"size": "1024x1024", "quality": "low"}, ("image[]",)),
        ({"quality": "medium", "n": "2", "output_format": "jpeg"}, ("image[]", "image[]")),
        ({"quality": "low", "stream": "true", "partial_images": "1"}, ("image[]",)),
        ({"n": "11"}, ("image[]",)),
    ),
    "openai": (
        ({"size": "1024x1024", "quality": "low"}, ("image[]",)),
        ({"output_format": "webp", "quality": "low"}, ("image[]", "image[]")),
    ),
    "aimlapi": (
        ({"size": "1024x1024", "quality": "low"}, ("image",)),
        ({"n": "2", "output_format": "jpeg"}, ("image",)),
    ),
}
