from harness.spec.load import NAMES
from tests.report import builders as b


def test_sample_composes() -> None:
    report = b.sample()

    assert [row.provider for row in report.providers] == list(NAMES)
