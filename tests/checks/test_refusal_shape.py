"""A refusal in another shape: whose documents show one, and what else may have answered."""

import pytest

from harness.core.exchange import Reply
from harness.core.outcome import Fault, Outcome
from tests.checks import build as b
from tests.shipped import shipped_provider

CHECK = "refusal_has_the_documented_shape"
DETAIL = Reply(status=422, document={"detail": [{"loc": ["body", "n"], "msg": "too many"}]})
UNREAD = Fault(error_class="unknown", why="HTTP 422: no message", may_be_paid=False, status=422)


def status(name: str, reply: Reply, outcome: Outcome = UNREAD) -> str | None:
    case = b.case(name, expect="refuse", breaks="quality.one_of", quality="ultra")
    record = b.record(case, outcome, answers=[reply])
    words = [word for word in b.verdicts(record) if word.check == CHECK]
    return words[0].status if words else None


@pytest.mark.parametrize(
    ("name", "expected"),
    [("sub2api", "fail"), ("apiframe", "fail"), ("nanobanana", "skip"), ("aimlapi", "skip")],
)
def test_it_breaks_a_promise_where_the_documents_show_the_shape(name: str, expected: str) -> None:
    assert shipped_provider(name).errors.shape_documented is (expected == "fail")
    assert status(name, DETAIL) == expected


def test_a_refusal_in_the_documented_shape_passes() -> None:
    assert status("sub2api", Reply(status=400), b.refused("Invalid 'quality'.")) == "pass"


@pytest.mark.parametrize(
    "fault",
    [
        Fault(error_class="quota", why="no credit", may_be_paid=False, status=400),
        Fault(error_class="timeout", why="no reply", may_be_paid=True),
        Fault(error_class="unknown", why="job", may_be_paid=True, status=422, job="1"),
    ],
)
def test_what_is_no_refusal_has_no_shape(fault: Fault) -> None:
    assert status("sub2api", DETAIL, fault) is None


def test_a_page_of_a_proxy_is_nobodys_refusal() -> None:
    page = Reply(status=400, text="<h1>400 Bad Request</h1>", headers=(("Server", "nginx/1.2"),))

    assert status("sub2api", page) is None
    assert status("sub2api", Reply(status=400, text="<h1>400 Bad Request</h1>")) == "fail"
