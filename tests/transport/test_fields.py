import pytest

from harness.transport.fields import integer_of


@pytest.mark.parametrize("written", [200, "200", "0200"], ids=repr)
def test_a_whole_number_may_be_written_as_text(written: object) -> None:
    assert integer_of({"code": written}, "code") == 200


@pytest.mark.parametrize(
    "written", ["", " 200", "2e2", "-1", "٢٠٠", "9" * 10, True, 200.0, None], ids=repr
)
def test_any_other_text_is_no_whole_number(written: object) -> None:
    with pytest.raises(ValueError, match="a whole number was expected"):
        integer_of({"code": written}, "code")
