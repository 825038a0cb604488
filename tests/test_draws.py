"""The same commit draws the same examples on each machine and in each worker."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.internal.conjecture.providers import (
    _get_local_constants,  # what it took from our modules
)


@given(st.text())
def test_no_example_hangs_on_which_modules_are_loaded(text: str) -> None:
    if not settings().derandomize:
        pytest.skip("`make draws` draws constants of our modules, too")

    assert isinstance(text, str)
    assert len(_get_local_constants()) == 0
