"""Plans for providers of other shapes: what is drawn for them is sent as it is meant."""

from urllib.parse import parse_qsl

import pytest

from harness.cases.boundaries import plain_case, single_changes, single_violations
from harness.cases.build import Builder
from harness.core.case import PlannedRequest
from harness.planning.plan import planned_request
from harness.spec.provider import Provider
from harness.spec.request import carried, read_request
from tests.wires import shapes

SHAPES = [
    (provider, operation)
    for provider in (shapes.queue(), shapes.predictions(), shapes.content(), shapes.edits())
    for operation in provider.operations
]
EACH = pytest.mark.parametrize(
    ("provider", "operation"), SHAPES, ids=[f"{one.name}-{name}" for one, name in SHAPES]
)


def shots(provider: Provider, operation: str) -> list[PlannedRequest]:
    builder = Builder(provider, operation)
    cases = [plain_case(builder), *single_violations(builder), *single_changes(builder)]
    return [planned_request(provider, case) for case in cases]


@EACH
def test_a_request_is_read_back_as_what_the_provider_can_see_of_it(
    provider: Provider, operation: str
) -> None:
    described = provider.operation(operation)
    planned = [shot for shot in shots(provider, operation) if shot.case.expect == "accept"]

    assert planned
    for shot in planned:
        path, _, query = shot.request.target.partition("?")
        reading = read_request(
            provider,
            shot.request.method,
            path,
            shot.request.body,
            shot.request.form,
            query=parse_qsl(query, keep_blank_values=True),
            headers=shot.request.headers,
        )
        assert reading is not None
        assert reading.operation == operation
        assert reading.unknown == ()
        if shot.request.form is None:
            visible = carried(described, shot.case.arguments)
            expected = {**dict.fromkeys(visible), **visible}
            assert {key: reading.arguments.get(key) for key in expected} == expected


@EACH
def test_no_address_lacks_a_part_of_its_path(provider: Provider, operation: str) -> None:
    paths = [shot.request.target.partition("?")[0] for shot in shots(provider, operation)]

    assert all("//" not in path and "/:" not in path and path != "/" for path in paths)


def test_a_value_in_the_query_or_the_path_has_no_wrong_json_type() -> None:
    more = (
        '[operations.generate.arguments.quality]\nin = "query"\nwire = "q"\ntype = "integer"\n'
        'source = "page: Queue"\ninteger = { source = "page: Queue" }\n'
        'range = { min = 1, max = 9, source = "page: Queue" }\n'
    )
    provider = shapes.provider("queue", shapes.QUEUE, more=more)
    broken = [
        shot.case.arguments["quality"]
        for shot in shots(provider, "generate")
        if shot.case.breaks == "quality.integer"
    ]

    assert broken
    assert all(str(value) in ("1.5", "two") for value in broken)
