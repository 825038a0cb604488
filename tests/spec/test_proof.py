from typing import Any

import pytest

from harness.spec.load import parse
from tests.spec import small


def told(path: str, value: object) -> tuple[str, ...]:
    """What loading says of the small provider with one key changed; `None` removes the key."""
    raw = small.tables()
    holder: Any = raw
    *parents, last = path.split("/")
    for key in parents:
        holder = holder[int(key) if isinstance(holder, list) else key]
    if value is None:
        del holder[last]
    else:
        holder[last] = value
    found = parse(raw)
    assert isinstance(found, tuple), "it loads"
    return found


ARGUMENTS = "operations/generate/arguments"
CITED = {"source": "page: Generate"}


@pytest.mark.parametrize(
    ("path", "value", "mistake"),
    [
        ("base_url_source", None, "base_url: goes together with base_url_source"),
        (f"{ARGUMENTS}/n/wire", "size",
         "operations.generate.arguments.size.wire: 'size' is already the place of n"),
        (f"{ARGUMENTS}/n/max_length", {"characters": 3, **CITED},
         "operations.generate.arguments.n.max_length: speaks of string, not of a integer"),
        (f"{ARGUMENTS}/prompt/alpha", CITED,
         "operations.generate.arguments.prompt.alpha: speaks of images or file, not of a string"),
        (f"{ARGUMENTS}/quality/default", "ultra",
         ("operations.generate.arguments.quality.default: 'ultra' is not among the values of "
          "one_of")),
        (f"{ARGUMENTS}/quality/cheapest", 1,
         "operations.generate.arguments.quality.cheapest: 1 is no string"),
        (f"{ARGUMENTS}/n/default", True,
         "operations.generate.arguments.n.default: True is no integer"),
        (f"{ARGUMENTS}/quality/one_of", {"values": ["low", "high", 3], **CITED},
         "operations.generate.arguments.quality.one_of.values: 3 is no string"),
        (f"{ARGUMENTS}/quality/one_of", {"values": ["low"], "shown": ["high"], **CITED},
         "operations.generate.arguments.quality.one_of.shown: 'high' is not among the values"),
        (f"{ARGUMENTS}/partial_images/only_with",
         {"argument": "n_images", "values": [True], **CITED},
         ("operations.generate.arguments.partial_images.only_with.argument: 'n_images' is no "
          "argument of this operation")),
        (f"{ARGUMENTS}/partial_images/only_with", {"argument": "stream", "values": [1], **CITED},
         ("operations.generate.arguments.partial_images.only_with.values: 1 is not among the "
          "values of stream")),
        ("operations/edit/arguments/mask/same_size", {"argument": "picture", **CITED},
         ("operations.edit.arguments.mask.same_size.argument: 'picture' is no argument of this "
          "operation")),
        (f"{ARGUMENTS}/size/min_pixels", {"pixels": 10_000_000, **CITED},
         "operations.generate.arguments.size.min_pixels: 10000000 is above max_pixels, 9437184"),
        ("operations/generate/job", None,
         "operations.generate: protocol 'job' and the table 'job' go together"),
        ("operations/generate/protocol", "reply",
         "operations.generate: protocol 'job' and the table 'job' go together"),
        ("operations/generate/job/poll_path", "/jobs",
         "operations.generate.job.poll_path: '/jobs' has no place for the job's {id}"),
        ("operations/generate/job/failed", ["failed", "done"],
         "operations.generate.job: the state 'done' is listed twice"),
        ("prices/auto_tier", "M", "prices.auto_tier: 'M' is no tier"),
        ("prices/rows/0/tier", "M", "prices.rows.0.tier: 'M' is no tier"),
        ("prices/rows/1/when", {"gloss": 1},
         "prices.rows.1.when.gloss: not in the vocabulary of parameters"),
        ("prices/tiers/0/long_edge_max", 5000,
         "prices.tiers: write them from the smallest long edge to the largest"),
    ],
)  # fmt: skip
def test_keys_that_disagree_are_told(path: str, value: object, mistake: str) -> None:
    found = told(path, value)

    assert mistake in found


def test_disagreements_are_told_beside_a_schema_mistake_in_the_same_argument() -> None:
    raw = small.tables()
    quality = raw["operations"]["generate"]["arguments"]["quality"]
    quality["default"] = "ultra"
    quality["colour"] = 1
    found = parse(raw)

    assert isinstance(found, tuple)
    assert [line.partition(": ")[0] for line in found] == [
        "operations.generate.arguments.quality.default",
        "operations.edit.arguments.quality.default",
        "operations.generate.arguments.quality.colour",
        "operations.edit.arguments.quality.colour",
    ]
