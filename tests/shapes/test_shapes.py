"""APIs in five shapes, each described by a TOML alone: innocent ones are held, faults are named.

`tests/benchmarks/shapes.py` plants every fault; here each shape has one beside the innocent run.
"""

import pytest

from harness.spec.load import load_provider_file
from tests.benchmarks.shapes import run
from tests.shapes.planted import SHAPES, Described
from tests.slow import some_in_ci

FEW = ("--max-images", "40")
ONE_EACH = {
    "fal_dev": "guidance_scale has no upper bound",
    "replicate_schnell": "webp comes as png",
    "gemini_image": "any imageSize is taken",
    "imagen_predict": "five samples are taken",
    "acme_images": "output_compression has no upper bound",
}

IN_CI = ("replicate_schnell", "acme_images")
"""Jobs and direct replies; the others by `make slow`."""

by_name = pytest.mark.parametrize("shape", SHAPES, ids=lambda shape: shape.name)


@pytest.mark.parametrize(
    "shape",
    some_in_ci(SHAPES, [shape for shape in SHAPES if shape.name in IN_CI]),
    ids=lambda shape: shape.name,
)
def test_an_innocent_server_of_that_shape_breaks_nothing(shape: Described) -> None:
    row = run(shape, None, *FEW)

    assert (row.code, row.names) == (0, ()), row.said
    assert row.images > 0


@pytest.mark.slow
@by_name
def test_a_fault_of_a_server_of_that_shape_is_found_and_named(shape: Described) -> None:
    (planted,) = [fault for fault in shape.faults if fault.fault == ONE_EACH[shape.name]]

    assert run(shape, planted, *FEW).found


@by_name
def test_its_toml_lies_outside_the_package_and_each_shape_has_ten_faults(shape: Described) -> None:
    assert load_provider_file(shape.toml).name == shape.name
    assert len(shape.faults) >= 10
    assert {fault.fault for fault in shape.faults} == set(shape.server.KNOWN)
