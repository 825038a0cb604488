"""What the shipped TOMLs hold, against lists written from the documents by hand."""

import re
from typing import Any

import pytest

from harness.spec.expressions import Frozen, Source
from harness.spec.provider import PARAMETERS, Constraint
from harness.spec.rules.body import BODY
from tests.shipped import NAMES, shipped_provider

RULES = (
    "required", "one_of", "range", "integer", "max_length", "count", "multiple_of", "max_edge",
    "max_ratio", "min_pixels", "max_pixels", "format", "url_only", "max_bytes", "media_type",
    "alpha", "same_size", "same_format", "only_with", "never_with", "absent",
    "unknown_fields", "nullable",
)  # fmt: skip

SEEDS = {
    "buble": "000_8bed2a061057bd89.txt",
    "sub2api": "001_5b0aab872a4ee831.txt",
    "apiframe": "002_c0d23a45f875fe85.txt",
    "nanobanana": "003_60af399abdeeb1ae.txt",
    "aimlapi": "004_af00e4dce4fb4dd9.txt",
    "openai": "openai_images_schema.md",
}
FACTS = {"provider_facts.md", "openai_images_schema.md", "authenticity.md"}
DECLARED = {"openai": {"style", "image_model"}}
"""Parameters that are in no canonical list: a TOML declares them."""

SECTIONS = {
    "buble": {
        "GPT Image 2 API", "Model keys", "Supported modes and inputs", "Options", "Pricing",
        "Production guidance", "Example: text to image", "Example: image to image",
    },
    "sub2api": {
        "Endpoints", "Generation Parameters", "Size Constraints", "Edit Notes", "Response Shape",
        "Production Dispatch", "Valid curl Template",
        "Source links (OpenAI's API reference: an error has message, type, param and code)",
        "Source links (OpenAI's API reference: an image, or up to 16)",
        "Source links (OpenAI's API reference: a png, webp, or jpg file)",
    },
    "apiframe": {
        "What's special about GPT Image 2", "Overview", "Quick start", "Response & job lifecycle",
        "Input schema", "Frequently Asked Questions",
    },
    "nanobanana": {
        "Overview", "Capabilities", "Pricing", "Frequently Asked Questions", "Examples",
        "Supported Sizes", "Custom Dimensions",
        "Quality Options", "Quick Start", "API Parameters Reference",
        "Image Editing (image-to-image)", "Best Practices",
    },
    "aimlapi": {
        "gpt-image-2", "Model Overview", "Step-by-Step Instructions", "API Schemas",
        "Generate image", "Edit image", "Code Examples",
    },
    "openai": {
        "Does it mention gpt-image-2 sizes?  Yes.", "Paths", "Request fields (A)",
        "Response (A: ImagesResponse 42170, Image 41588, ImageGenUsage 70942)",
        "Streaming events (A: 41608, 41698, 41787, 41876)",
        "Responses API tool (ImageGenTool 41966)", "What B (newer) adds over A",
    },
}  # fmt: skip

FORM_OR_JSON = {"sub2api": "form", "aimlapi": "form", "openai": "form"}
"""How an edit's references travel: as files in a form, else as addresses in JSON."""

LATTICE = ("size.format", "size.multiple_of", "size.max_edge", "size.max_ratio", "size.min_pixels",
           "size.max_pixels")  # fmt: skip

JUDGED = {
    "buble": {
        "model.one_of", "mode.one_of", "prompt.required", "prompt.max_length", "resolution.one_of",
        "aspect_ratio.one_of",
    },
    "sub2api": {
        "model.required", "model.one_of", "prompt.required", "prompt.format", "n.integer",
        "n.range", *LATTICE, "quality.one_of", "output_format.one_of", "output_compression.range",
        "output_compression.only_with", "background.one_of",
        "moderation.one_of", "stream.one_of", "partial_images.integer", "partial_images.range",
        "partial_images.only_with",
    },
    "apiframe": {
        "prompt.required", "prompt.format", "model.one_of", "quality.one_of", "background.one_of",
        "n.integer", "n.range", "output_format.one_of", "moderation.one_of",
    },
    "nanobanana": {
        "model.required", "model.one_of", "prompt.required", "prompt.format", "prompt.max_length",
        "n.integer", "n.range", *LATTICE, "quality.one_of",
    },
    "aimlapi": {
        "model.required", "model.one_of", "prompt.required", "prompt.format", "prompt.max_length",
        "size.format", "quality.format", "output_format.format",
        "background.format", "moderation.format", "output_compression.integer",
        "output_compression.range", "output_compression.only_with", "response_format.format",
    },
    "openai": {
        "model.one_of", "prompt.required", "prompt.format", "prompt.max_length", "n.integer",
        "n.range", "n.nullable", *LATTICE, "quality.one_of", "output_format.one_of",
        "output_compression.integer", "output_compression.range", "moderation.one_of",
        "stream.one_of", "partial_images.integer", "partial_images.range", "style.absent",
        "response_format.absent",
    },
}  # fmt: skip
"""The rules of `generate` that a provider is judged by: everything else is only looked at."""

JUDGED_IN_EDITS = {
    "buble": JUDGED["buble"]
    | {"images.required", "images.count", "images.max_bytes", "images.media_type"},
    "sub2api": (JUDGED["sub2api"] - {"moderation.one_of"})
    | {
        "images.required", "images.count", "images.media_type", "mask.max_bytes",
        "mask.same_format", "mask.same_size", "mask.alpha", "input_fidelity.absent",
    },
    "apiframe": JUDGED["apiframe"] | {"images.url_only"},
    "nanobanana": JUDGED["nanobanana"] | {"images.required", "images.count", "images.url_only"},
    "aimlapi": (JUDGED["aimlapi"] - {"moderation.format"})
    | {
        "n.range", "images.required", "images.count", "images.max_bytes", "images.media_type",
        "mask.media_type", "mask.max_bytes", "mask.same_size",
    },
    "openai": (JUDGED["openai"] - {"moderation.one_of", "n.nullable"})
    | {
        "input_fidelity.absent", "images.required", "images.count", "images.max_bytes",
        "images.media_type", "mask.media_type", "mask.same_size",
    },
}  # fmt: skip
"""The same for edits: most of generation's, and the rules about references."""

EVERY = [
    pytest.param(name, operation, constraint, id=f"{name}-{operation}-{constraint.id}")
    for name in NAMES
    for operation, described in shipped_provider(name).operations.items()
    for constraint in described.constraints
]


def cited(value: object) -> list[Source]:
    """Every source inside a provider."""
    if isinstance(value, Source):
        return [value]
    if isinstance(value, Frozen):
        return cited([getattr(value, name) for name in type(value).model_fields])
    if isinstance(value, dict):
        return cited(list(value.values()))
    if isinstance(value, list | tuple):
        return [source for item in value for source in cited(item)]
    return []


@pytest.mark.parametrize(("name", "operation", "constraint"), EVERY)
def test_a_constraint_has_an_id_a_source_and_a_status(
    name: str, operation: str, constraint: Constraint
) -> None:
    parameter, _, rule = constraint.id.partition(".")
    told = constraint.rule

    assert operation in {"generate", "edit", "edit_json", "respond"}
    assert parameter == constraint.parameter
    assert parameter in {*PARAMETERS, BODY, *DECLARED.get(name, ())}
    assert rule in RULES
    assert re.sub("_", "", rule) == type(told).__name__.lower()
    assert told.source.document in {SEEDS[name], *FACTS}
    assert told.status in {"documented", "undocumented", "contradictory"}


@pytest.mark.parametrize(("name", "operation", "constraint"), EVERY)
def test_what_is_not_judged_says_why(name: str, operation: str, constraint: Constraint) -> None:
    assert (
        constraint.documented
        or constraint.rule.note
        or constraint.rule.second_source
        or shipped_provider(name).operation(operation).arguments[constraint.parameter].note
    )


@pytest.mark.parametrize("name", NAMES)
def test_every_source_is_a_section_of_the_seed_or_a_page_of_facts(name: str) -> None:
    sources = cited(shipped_provider(name))

    assert len(sources) > 30
    for source in sources:
        if source.document == SEEDS[name]:
            assert source.section in SECTIONS[name]
        else:
            assert source.document in FACTS


@pytest.mark.parametrize("name", NAMES)
def test_every_section_with_promises_is_cited(name: str) -> None:
    found = {
        source.section for source in cited(shipped_provider(name)) if source.document == SEEDS[name]
    }

    assert found == SECTIONS[name]


def judged_rules(name: str, operation: str) -> set[str]:
    """The ids of the documented rules on documented parameters."""
    described = shipped_provider(name).operation(operation)
    return {
        item.id
        for item in described.constraints
        if item.documented and described.arguments[item.parameter].status == "documented"
    }


@pytest.mark.parametrize("name", NAMES)
def test_the_judged_rules_are_those_of_the_document(name: str) -> None:
    assert judged_rules(name, "generate") == JUDGED[name]


@pytest.mark.parametrize("name", NAMES)
def test_the_judged_rules_of_an_edit_are_those_of_the_document(name: str) -> None:
    assert judged_rules(name, "edit") == JUDGED_IN_EDITS[name]


def test_of_the_responses_tool_no_rule_is_judged() -> None:
    assert judged_rules("sub2api", "respond") == set()


@pytest.mark.parametrize("name", NAMES)
def test_references_travel_as_documented(name: str) -> None:
    edit = shipped_provider(name).operation("edit")

    assert edit.body == FORM_OR_JSON.get(name, "json")
    assert (edit.upload is not None) is (name == "buble")


def test_a_reference_of_buble_is_uploaded_for_this_model_and_mode() -> None:
    upload = shipped_provider("buble").operation("edit").upload

    assert upload is not None
    assert (upload.argument, upload.path, upload.file) == ("images", "/api/v1/files", "file")
    assert upload.fields == {
        "file_type": "image", "model": "openai/gpt-image-2", "mode": "image_to_image",
    }  # fmt: skip


def test_only_apiframe_delivers_and_knows_a_repeated_submission() -> None:
    operations = [
        (name, operation, described)
        for name in NAMES
        for operation, described in shipped_provider(name).operations.items()
    ]
    hooked = {(name, operation) for name, operation, one in operations if one.webhook}
    keyed = {
        (name, operation) for name, operation, one in operations if one.job and one.job.idempotency
    }

    assert hooked == keyed == {("apiframe", "generate"), ("apiframe", "edit")}


WIRES: dict[tuple[str, str], tuple[str, dict[str, Any]]] = {
    ("buble", "generate"): ("/api/v1/generations", {
        "model": "model", "mode": "mode", "prompt": "prompt", "resolution": "resolution",
        "aspect_ratio": "aspect_ratio",
    }),
    ("buble", "edit"): ("/api/v1/generations", {
        "model": "model", "mode": "mode", "prompt": "prompt", "resolution": "resolution",
        "aspect_ratio": "aspect_ratio", "images": "image_urls",
    }),
    ("sub2api", "generate"): ("/v1/images/generations", {
        name: name for name in (
            "model", "prompt", "n", "size", "quality", "output_format", "output_compression",
            "background", "moderation", "stream", "partial_images", "user", "response_format",
        )
    }),
    ("apiframe", "generate"): ("/v2/images/generate", {
        "prompt": "prompt", "model": "model", "webhook_url": "webhook_url",
        "n": "gptImage2Params.number_of_images",
        **{name: f"gptImage2Params.{name}" for name in (
            "quality", "background", "output_format", "moderation", "aspect_ratio",
        )},
    }),
    ("nanobanana", "generate"): ("/v1/images/generate", {
        name: name for name in ("model", "prompt", "n", "size", "quality")
    }),
    ("nanobanana", "edit"): ("/v1/images/edit", {
        "model": "model", "prompt": "prompt", "n": "n", "size": "size", "quality": "quality",
        "images": "image",
    }),
    ("aimlapi", "generate"): ("/v1/images/generations", {
        name: name for name in (
            "model", "prompt", "size", "quality", "output_format", "background", "moderation", "n",
            "output_compression", "response_format",
        )
    }),
    ("sub2api", "edit"): ("/v1/images/edits", {
        "images": "image[]", **{name: name for name in (
            "model", "prompt", "n", "size", "quality", "output_format", "output_compression",
            "background", "moderation", "stream", "partial_images", "user", "response_format",
            "mask", "input_fidelity",
        )},
    }),
    ("sub2api", "respond"): ("/v1/responses", {
        "prompt": "input", "model": "model", "stream": "stream", **{
            name: f"tools[0].{name}"
            for name in ("size", "quality", "output_format", "partial_images")
        },
    }),
    ("apiframe", "edit"): ("/v2/images/generate", {
        "prompt": "prompt", "model": "model", "webhook_url": "webhook_url",
        "n": "gptImage2Params.number_of_images", "images": "gptImage2Params.input_images",
        **{name: f"gptImage2Params.{name}" for name in (
            "quality", "background", "output_format", "moderation", "aspect_ratio",
        )},
    }),
    ("aimlapi", "edit"): ("/v1/images/edits", {
        "images": "image", **{name: name for name in (
            "model", "prompt", "size", "quality", "output_format", "background", "n",
            "output_compression", "response_format", "mask",
        )},
    }),
}  # fmt: skip


@pytest.mark.parametrize(("name", "operation"), WIRES)
def test_an_operation_has_the_documented_path_and_parameters(name: str, operation: str) -> None:
    path, wires = WIRES[name, operation]
    described = shipped_provider(name).operation(operation)

    assert described.method == "POST"
    assert described.path == path
    assert {key: argument.wire for key, argument in described.arguments.items()} == wires


DEFAULTS = {
    "buble": {"resolution": "1K", "aspect_ratio": "16:9"},
    "sub2api": {"stream": False},
    "apiframe": {
        "model": "gpt-image-2", "quality": "auto", "background": "auto", "n": 1,
        "output_format": "webp", "moderation": "auto",
    },
    "nanobanana": {"n": 1, "size": "auto", "quality": "auto"},
    "aimlapi": {
        "size": "1024x1024", "quality": "medium", "output_format": "png", "background": "auto",
        "moderation": "auto", "n": 1, "output_compression": 100, "response_format": "url",
    },
    "openai": {
        "n": 1, "output_format": "png", "output_compression": 100, "moderation": "auto",
        "stream": False,
    },
}  # fmt: skip


@pytest.mark.parametrize("name", NAMES)
def test_defaults_are_the_documented_ones(name: str) -> None:
    arguments = shipped_provider(name).operation("generate").arguments
    found = {key: arg.default for key, arg in arguments.items() if arg.default is not None}

    assert found == DEFAULTS[name]


@pytest.mark.parametrize("name", ["sub2api", "nanobanana", "openai"])
def test_the_limits_of_a_size_are_the_documented_numbers(name: str) -> None:
    size: Any = shipped_provider(name).operation("generate").arguments["size"]

    assert size.multiple_of.pixels == 16
    assert size.max_edge.pixels == 3840
    assert size.max_ratio.ratio == 3
    assert size.min_pixels.pixels == 655_360
    assert size.max_pixels.pixels == 8_294_400


@pytest.mark.parametrize(
    ("name", "most", "status"),
    [
        ("buble", 20_000, "documented"),
        ("sub2api", 32_000, "undocumented"),
        ("apiframe", 2_000, "undocumented"),
        ("nanobanana", 2_000, "documented"),
        ("aimlapi", 32_000, "documented"),
        ("openai", 32_000, "documented"),
    ],
)
def test_the_longest_prompt_is_the_documented_one(name: str, most: int, status: str) -> None:
    rule = shipped_provider(name).operation("generate").arguments["prompt"].max_length

    assert rule is not None
    assert (rule.characters, rule.status) == (most, status)


COUNTS = {
    "buble": (1, 16), "sub2api": (1, 16), "apiframe": (1, 1), "nanobanana": (1, 14),
    "aimlapi": (1, 16), "openai": (1, 16),
}  # fmt: skip


@pytest.mark.parametrize("name", NAMES)
def test_references_have_the_documented_number(name: str) -> None:
    count = shipped_provider(name).operation("edit").arguments["images"].count

    assert count is not None
    assert (count.min, count.max) == COUNTS[name]


@pytest.mark.parametrize(
    ("name", "argument", "most", "too_big"),
    [
        ("buble", "images", 10_000_000, 10_485_761),
        ("sub2api", "images", 49_999_999, 52_428_800),
        ("sub2api", "mask", 49_999_999, 52_428_800),
        ("aimlapi", "images", 50_000_000, 52_428_801),
        ("aimlapi", "mask", 3_999_999, 4_194_304),
    ],
)
def test_a_file_has_the_documented_limit_by_both_readings_of_mb(
    name: str, argument: str, most: int, too_big: int
) -> None:
    rule = shipped_provider(name).operation("edit").arguments[argument].max_bytes

    assert rule is not None
    assert (rule.most, rule.least_too_big) == (most, too_big)


def test_a_mask_of_sub2api_matches_its_image_and_has_an_alpha_channel() -> None:
    edit = shipped_provider("sub2api").operation("edit")
    judged = {item.id for item in edit.constraints if item.documented}

    assert {
        "mask.same_format", "mask.same_size", "mask.alpha", "mask.max_bytes",
        "input_fidelity.absent",
    } <= judged  # fmt: skip


def test_nanobanana_takes_addresses_only_and_has_a_second_path_for_edits() -> None:
    edit = shipped_provider("nanobanana").operation("edit")

    assert edit.constraint("images.url_only") is not None
    assert edit.also == ("/api/v1/images/edits",)


def test_the_responses_tool_is_asked_for() -> None:
    respond = shipped_provider("sub2api").operation("respond")

    assert respond.constant == {"tools": [{"type": "image_generation"}]}


@pytest.mark.parametrize(
    ("name", "states", "poll_path", "accepted"),
    [
        ("buble", (("pending", "processing"), ("success",), ("failed", "canceled")),
         "/api/v1/generations/{id}", None),
        ("apiframe", (("QUEUED", "PROCESSING"), ("COMPLETED",), ("FAILED", "CANCELLED")),
         "/v2/jobs/{id}", 202),
    ],
)  # fmt: skip
def test_a_job_has_the_documented_states(
    name: str, states: tuple[tuple[str, ...], ...], poll_path: str, accepted: int | None
) -> None:
    job = shipped_provider(name).operation("generate").job

    assert job is not None
    assert (job.pending, job.done, job.failed) == states
    assert job.poll_path == poll_path
    assert job.submitted_status == (() if accepted is None else (accepted,))
    assert job.interval_s == 2


@pytest.mark.parametrize("name", ["sub2api", "nanobanana", "aimlapi"])
def test_a_synchronous_provider_has_no_job(name: str) -> None:
    assert all(operation.job is None for operation in shipped_provider(name).operations.values())


@pytest.mark.parametrize(
    ("name", "header", "prefix"),
    [
        ("buble", "Authorization", "Bearer "),
        ("sub2api", "Authorization", "Bearer "),
        ("apiframe", "X-API-Key", ""),
        ("nanobanana", "Authorization", "Bearer "),
        ("aimlapi", "Authorization", "Bearer "),
    ],
)
def test_a_key_travels_as_documented_and_comes_from_its_own_variable(
    name: str, header: str, prefix: str
) -> None:
    auth = shipped_provider(name).auth

    assert (auth.header, auth.prefix, auth.env) == (header, prefix, f"{name.upper()}_API_KEY")


def test_the_waits_of_sub2api_are_the_documented_ones() -> None:
    waits = shipped_provider("sub2api").timeouts

    assert (waits.normal_s, waits.large_s, waits.status) == (120, 300, "documented")
    assert waits.large_above_pixels == 2560 * 1440


def test_only_sub2api_advises_on_retries() -> None:
    advice = {
        name: statement.says
        for name in NAMES
        for statement in shipped_provider(name).statements
        if statement.about == "guidance" and "retry" in statement.says
    }

    assert {*advice} == {"sub2api"}
    assert "transient network and 5xx failures" in advice["sub2api"]
    assert "never policy or validation errors" in advice["sub2api"]


@pytest.mark.parametrize(
    ("name", "method", "path"),
    [
        ("buble", "GET", "/api/v1/models"),
        ("sub2api", "GET", "/v1/models"),
        ("sub2api", "POST", "/v1/images/generations/async"),
        ("apiframe", "GET", "/v2/jobs"),
    ],
)
def test_an_address_beside_the_operations_is_written_down(
    name: str, method: str, path: str
) -> None:
    assert (method, path) in {(item.method, item.path) for item in shipped_provider(name).endpoints}


@pytest.mark.parametrize(
    ("name", "about", "seconds"),
    [
        ("apiframe", "latency", 15),
        ("aimlapi", "latency", 45),
        ("aimlapi", "latency", 78),
        ("nanobanana", "latency", 60),
    ],
)
def test_a_claim_about_time_is_written_down(name: str, about: str, seconds: float) -> None:
    said = {(item.about, item.seconds) for item in shipped_provider(name).statements}

    assert (about, seconds) in said
