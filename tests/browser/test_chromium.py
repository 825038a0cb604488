import pytest

from tests.browser.chromium import NO_CHROMIUM, REQUIRED, executable


@pytest.mark.parametrize(
    ("environment", "outcome"),
    [("", pytest.skip.Exception), ("required", pytest.fail.Exception)],
)
def test_without_chromium_a_test_is_skipped_by_name_and_fails_where_it_is_required(
    environment: str, outcome: type[BaseException], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PATH", "")
    monkeypatch.setenv(REQUIRED, environment)

    with pytest.raises(outcome, match=NO_CHROMIUM):
        executable()
