from collections.abc import Callable
from typing import Any

import pytest

from harness.spec.load import parse_provider
from harness.spec.provider import Provider
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
    found = parse_provider(raw)
    assert isinstance(found, tuple), "it loads"
    return tuple(map(str, found))


ARGUMENTS = "operations/generate/arguments"
CITED = {"source": "page: Generate"}
UPLOAD = {"path": "/files", "file": "file", "url": ["url"], "source": "page: Edit"}
WEBHOOK = {
    "id": ["id"], "state": ["state"], "signature": "X-Signature", "keys": ["sha256"],
    "source": "page: Generate",
}  # fmt: skip


@pytest.mark.parametrize(
    ("path", "value", "mistake"),
    [
        ("base_url_source", None, "base_url: goes together with base_url_source"),
        (f"{ARGUMENTS}/n/wire", "size",
         "operations.generate.arguments.size.wire: 'size' is already the place of n"),
        (f"{ARGUMENTS}/n/max_length", {"characters": 3, **CITED},
         "operations.generate.arguments.n.max_length: speaks of type string, not of integer"),
        (f"{ARGUMENTS}/prompt/alpha", CITED,
         ("operations.generate.arguments.prompt.alpha: speaks of type images or file, not of "
          "string")),
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
        ("operations/edit/upload", UPLOAD | {"argument": "pictures"},
         "operations.edit.upload.argument: 'pictures' is no argument of type images"),
        ("operations/edit/upload", UPLOAD | {"argument": "mask"},
         "operations.edit.upload.argument: 'mask' is no argument of type images"),
        ("operations/generate/webhook", WEBHOOK | {"argument": "hook"},
         "operations.generate.webhook.argument: 'hook' is no argument of type string"),
        ("operations/generate/webhook", WEBHOOK | {"argument": "n"},
         "operations.generate.webhook.argument: 'n' is no argument of type string"),
        ("operations/edit/arguments/mask/same_format", {"argument": "picture", **CITED},
         ("operations.edit.arguments.mask.same_format.argument: 'picture' is no argument of this "
          "operation")),
        (f"{ARGUMENTS}/n/wire", "",
         "operations.generate.arguments.n.wire: '' is no place of a JSON body"),
        (f"{ARGUMENTS}/n/wire", "input.",
         "operations.generate.arguments.n.wire: 'input.' is no place of a JSON body"),
        (f"{ARGUMENTS}/n/wire", "list[0]",
         "operations.generate.arguments.n.wire: 'list[0]' is no place of a JSON body"),
        (f"{ARGUMENTS}/n/wire", "tools[99].n",
         ("operations.generate.arguments.n.wire: 'tools[99].n' has no room beside the constants "
          "and the other arguments")),
        (f"{ARGUMENTS}/n/wire", "size.count",
         ("operations.generate.arguments.n.wire: 'size.count' has no room beside the constants and "
          "the other arguments")),
        (f"{ARGUMENTS}/size/wire", "input",
         ("operations.generate.arguments.prompt.wire: 'input.text' has no room beside the "
          "constants and the other arguments")),
        ("operations/generate/constant", {"input": "fixed"},
         ("operations.generate.arguments.prompt.wire: 'input.text' has no room beside the "
          "constants and the other arguments")),
        ("prices/auto_tier", "M", "prices.auto_tier: 'M' is no tier"),
        ("prices/rows/0/tier", "M", "prices.rows.0.tier: 'M' is no tier"),
        ("prices/rows/1/when", {"gloss": 1},
         "prices.rows.1.when.gloss: unknown parameter: no operation has it"),
        ("prices/tiers/0/long_edge_max", 5000,
         "prices.tiers: write them from the smallest long edge to the largest"),
    ],
)  # fmt: skip
def test_keys_that_disagree_are_told(path: str, value: object, mistake: str) -> None:
    found = told(path, value)

    assert any(line == mistake or line.startswith(f"{mistake}; ") for line in found), found


def loads(change: Callable[[Any], object]) -> bool:
    """Whether the small provider loads once its operations are changed."""
    raw = small.tables()
    change(raw["operations"])
    return isinstance(parse_provider(raw), Provider)


CHANGES: dict[str, Callable[[Any], object]] = {
    "an upload of references": lambda operations: operations["edit"].update(
        upload=UPLOAD | {"argument": "images"}
    ),
    "a webhook": lambda operations: operations["generate"].update(
        webhook=WEBHOOK | {"argument": "webhook_url"}
    ),
    "a form's field, which is no path": lambda operations: operations["edit"]["arguments"][
        "n"
    ].update(wire="options[n].count"),
    "an argument beside constants": lambda operations: (
        operations["generate"].update(constant={"tools": [{"type": "image"}]}),
        operations["generate"]["arguments"]["n"].update(wire="tools[0].n"),
    ),
}


@pytest.mark.parametrize("change", CHANGES.values(), ids=CHANGES)
def test_keys_that_agree_load(change: Callable[[Any], object]) -> None:
    assert loads(change)


def test_a_webhook_without_a_job_has_nothing_to_tell() -> None:
    raw = small.tables()
    generate = raw["operations"]["generate"]
    generate.update(protocol="reply", webhook=WEBHOOK | {"argument": "webhook_url"})
    del generate["job"]

    found = parse_provider(raw)

    assert isinstance(found, tuple)
    told_lines = [str(mistake) for mistake in found]
    assert "operations.generate.webhook: goes together with the table 'job'" in told_lines


def test_a_place_named_twice_is_told_once() -> None:
    found = told(f"{ARGUMENTS}/n/wire", "size")

    assert [line for line in found if ".generate." in line] == [
        "operations.generate.arguments.size.wire: 'size' is already the place of n"
    ]


def test_disagreements_are_told_beside_a_schema_mistake_in_the_same_argument() -> None:
    raw = small.tables()
    quality = raw["operations"]["generate"]["arguments"]["quality"]
    quality["default"] = "ultra"
    quality["colour"] = 1
    found = parse_provider(raw)

    assert isinstance(found, tuple)
    assert [mistake.key for mistake in found] == [
        "operations.generate.arguments.quality.default",
        "operations.edit.arguments.quality.default",
        "operations.generate.arguments.quality.colour",
        "operations.edit.arguments.quality.colour",
    ]


EMPTY = "operations.generate.job.failed: empty: nothing says when a job has failed"


def test_a_job_names_the_states_in_which_it_has_failed() -> None:
    assert told("operations/generate/job/failed", []) == (EMPTY, EMPTY.replace("generate", "edit"))


@pytest.mark.parametrize("told_at", [{"result_url": ["url"]}, {"result_path": "/jobs/{id}/result"}])
def test_a_job_whose_result_lies_behind_a_further_address_may_fail_there(
    told_at: dict[str, Any],
) -> None:
    raw = small.tables()
    raw["operations"]["generate"]["job"] |= {"failed": [], **told_at}

    provider = parse_provider(raw)

    assert isinstance(provider, Provider), provider
    job = provider.operation("generate").job
    assert job is not None
    assert job.failed == ()


def test_an_address_where_a_job_is_given_up_says_nothing_of_its_failure() -> None:
    raw = small.tables()
    raw["operations"]["generate"]["job"] |= {"failed": [], "cancel_path": "/jobs/{id}/cancel"}

    found = parse_provider(raw)

    assert isinstance(found, tuple)
    assert EMPTY in map(str, found)
