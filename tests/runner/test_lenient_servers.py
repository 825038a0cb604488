"""Servers that somebody else could have written: right but for one thing, over real sockets."""

import base64
import io
import json
import re
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from functools import cache
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest
from PIL import Image

from harness.adaptive.strategies import follow_up_strategy
from harness.core.case import Plan
from harness.core.verdict import Finding
from harness.emulator import validate
from harness.planning.options import Options, Output, Planning, Target
from harness.runner import plans
from harness.runner.execution.provider_run import ProgressListener
from harness.runner.run import execute_run
from tests.plans import plan_for
from tests.shipped import SHIPPED, conclude

COMPLETED = "image_generation.completed"
KEY = "sk-none-of-anybodys-0000000000"
SHAPE = "refusal_has_the_documented_shape"
JSON_TYPE = {"Content-Type": "application/json"}


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
    """A reply: JSON where it is no text."""

    status: int
    body: object
    headers: tuple[tuple[str, str], ...] = ()


Planted = Callable[[dict[str, Any], str | None], Answer | None]
"""Returns what a server answers in its wrong way to a body that breaks a rule, or none; None where
it is right."""


@cache
def picture() -> str:
    file = io.BytesIO()
    Image.new("RGB", (1024, 1024), "red").save(file, "PNG")
    return base64.b64encode(file.getvalue()).decode()


def served(body: dict[str, Any]) -> Answer:
    n = body.get("n")
    number = n if type(n) is int and 0 < n <= 10 else 1
    data = [{"b64_json": picture(), "revised_prompt": "a red square"}] * number
    usage = {"input_tokens": 1, "output_tokens": 1, "total_tokens": 2}
    declared = {"size": "1024x1024", "quality": "low", "output_format": "png", "usage": usage}
    if body.get("stream") is True:
        event = {"type": COMPLETED, "b64_json": picture(), "created_at": 1, **declared}
        text = f"event: {COMPLETED}\ndata: {json.dumps(event)}\n\n"
        return Answer(status=200, body=text, headers=(("Content-Type", "text/event-stream"),))
    return Answer(status=200, body={"data": data, "model": "gpt-image-2", **declared})


def refused(rule: str) -> Answer:
    name = rule.partition(".")[0]
    error = {
        "type": "invalid_request_error",
        "code": "invalid_value",
        "param": name,
        "message": f"Invalid '{name}'.",
    }
    return Answer(status=400, body={"error": error})


NO_KEY = Answer(
    status=401,
    body={
        "error": {
            "type": "invalid_request_error",
            "code": "invalid_api_key",
            "param": None,
            "message": "Incorrect API key provided.",
        }
    },
)


def answered(body: dict[str, Any], planted: Planted) -> Answer:
    rule = validate("sub2api", "generate", body)
    wrong = planted(body, rule)
    if wrong is not None:
        return wrong
    return served(body) if rule is None else refused(rule)


@contextmanager
def serving(planted: Planted) -> Iterator[str]:
    """Serve sub2api's generations, right but for what is planted."""

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_POST(self) -> None:
            length = int(self.headers.get("Content-Length", "0"))
            body = json.loads(self.rfile.read(length))
            own = self.headers.get("Authorization") == f"Bearer {KEY}"
            answer = answered(body, planted) if own else NO_KEY
            text = answer.body if isinstance(answer.body, str) else json.dumps(answer.body)
            self.send_response(answer.status)
            for name, value in {**JSON_TYPE, **dict(answer.headers)}.items():
                self.send_header(name, value)
            self.send_header("Content-Length", str(len(text.encode())))
            self.end_headers()
            self.wfile.write(text.encode())

        def log_message(self, *_: object) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_port}"
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


@cache
def refusals(seed: int) -> Plan:
    """The plain request and all refusals of the default plan; valid ones beside are no matter."""
    options = Options(
        target=Target(providers=("sub2api",), operations=("generate",)),
        planning=Planning(seed=seed),
    )
    plan = plan_for("sub2api", options)
    shots = [
        shot
        for shot in plan.shots
        if shot.case.expect == "refuse" or shot.case.id == "generate/base"
    ]
    return replace(plan, shots=tuple(shots))


def found(
    planted: Planted, out: Path, patch: pytest.MonkeyPatch, *, seed: int = 0
) -> tuple[Finding, ...]:
    """Return the findings of a run against a server with something planted."""
    patch.setattr(plans, "plan_for", lambda _entry, _options: refusals(seed))
    with serving(planted) as address:
        options = Options(
            target=Target(
                providers=("sub2api",),
                operations=("generate",),
                against="live",
                base_urls={"sub2api": address},
                keys={"sub2api": KEY},
            ),
            planning=Planning(seed=seed),
            output=Output(out=out),
        )
        done = execute_run(
            options, ProgressListener(), catalogue=SHIPPED, strategy=follow_up_strategy(options)
        )
    report = conclude(done.header, done.records).report
    return tuple(shown.finding for shown in report.findings)


def told(findings: tuple[Finding, ...]) -> set[tuple[str | None, str, str]]:
    return {(finding.constraint, finding.check, finding.standing) for finding in findings}


def nothing(_body: dict[str, Any], _rule: str | None) -> None:
    """Plant nothing."""


@pytest.mark.parametrize("seed", [0, 1, 7])
def test_a_right_server_has_no_findings(
    seed: int, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert told(found(nothing, tmp_path, monkeypatch, seed=seed)) == set()


def lenient(name: str, accepts: Callable[[Any], bool]) -> Planted:
    """Serve what breaks a rule of this parameter, where its value is of a kind."""

    def planted(body: dict[str, Any], rule: str | None) -> Answer | None:
        about = rule is not None and rule.startswith(f"{name}.") and name in body
        return served(body) if about and accepts(body[name]) else None

    return planted


def text_of_number(value: object) -> bool:
    return isinstance(value, str) and value.strip().isdecimal()


def one_in_a_list(value: object) -> bool:
    return isinstance(value, list) and len(value) == 1


def spaced(*words: str) -> Callable[[Any], bool]:
    return lambda value: isinstance(value, str) and value.strip() in words


def in_any_case(*words: str) -> Callable[[Any], bool]:
    return lambda value: isinstance(value, str) and value.lower() in words


def a_size(pattern: str) -> Callable[[Any], bool]:
    return lambda value: isinstance(value, str) and re.fullmatch(pattern, value) is not None


NAMES = {
    "quality": ("low", "medium", "high", "auto"),
    "output_format": ("png", "jpeg", "webp"),
    "background": ("auto", "opaque"),
    "moderation": ("auto", "low"),
}
Leniency = tuple[str, Callable[[Any], bool], str]
LENIENT: dict[str, Leniency] = {
    **{
        f"{what}: {name}": (name, accepts, f"{name}.integer")
        for name in ("n", "partial_images")
        for what, accepts in {
            "a number as text": text_of_number,
            "a boolean as number": lambda value: value is True,
            "a decimal that is cut": lambda value: isinstance(value, float),
            "a number in a list": one_in_a_list,
        }.items()
    },
    **{
        f"{what}: {name}": (name, accepts, f"{name}.one_of")
        for name, words in NAMES.items()
        for what, accepts in {
            "spaces around": spaced(*words),
            "any case": in_any_case(*words),
            "the only one of a list": one_in_a_list,
        }.items()
    },
    "a boolean as text": ("stream", lambda s: s in ("true", "false"), "stream.one_of"),
    "a number for a boolean": ("stream", lambda s: type(s) is int, "stream.one_of"),
    "a number for a text": ("prompt", lambda p: type(p) in (int, float), "prompt.format"),
    "a list for a text": ("prompt", one_in_a_list, "prompt.format"),
    "a size with spaces around": ("size", a_size(r" +\d+x\d+ *|\d+x\d+ +"), "size.format"),
    "a size with a capital X": ("size", a_size(r"\d+X\d+"), "size.format"),
    "a size in a list": ("size", one_in_a_list, "size.format"),
    "a third edge": ("size", a_size(r"\d+x\d+x\d+"), "size.format"),
}
"""What a lenient server takes: the parameter, which values, and the promise that it breaks."""


@pytest.mark.parametrize(("name", "accepts", "broken"), LENIENT.values(), ids=LENIENT)
def test_a_server_that_reads_what_it_should_refuse_breaks_that_promise_and_no_other(
    name: str,
    accepts: Callable[[Any], bool],
    broken: str,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """At the first seed: a user has no other."""
    planted = lenient(name, accepts)

    assert told(found(planted, tmp_path, monkeypatch)) == {
        (broken, "refuses_what_it_forbids", "confirmed")
    }


FASTAPI = {"detail": [{"loc": ["body", "size"], "msg": "value is not valid", "type": "value"}]}
PAGE = "<html><body><h1>Bad request</h1></body></html>"
HTML = (("Content-Type", "text/html"),)
OTHER_SHAPES = {
    "a list of details": Answer(status=422, body=FASTAPI),
    "a text for an object": Answer(status=400, body={"error": "bad size"}),
    "a page": Answer(status=400, body=PAGE, headers=HTML),
    "nothing at all": Answer(status=400, body=""),
    "an error that says 200": Answer(status=200, body={"errors": ["bad size"]}),
}


@pytest.mark.parametrize("answer", OTHER_SHAPES.values(), ids=OTHER_SHAPES)
def test_one_parameter_that_is_refused_in_another_shape_is_found(
    answer: Answer, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def planted(_body: dict[str, Any], rule: str | None) -> Answer | None:
        return answer if rule is not None and rule.startswith("size.") else None

    findings = found(planted, tmp_path, monkeypatch)

    assert told(findings) == {(None, SHAPE, "confirmed")}
    assert "size." in findings[0].observed


NGINX = "<html><center><h1>413 Request Entity Too Large</h1></center>nginx</html>"
OF_A_GATEWAY = {
    "too large": Answer(status=413, body=NGINX, headers=HTML),
    "a page of 413": Answer(status=413, body=PAGE, headers=HTML),
    "bad gateway": Answer(status=502, body=NGINX.replace("413", "502"), headers=HTML),
    "a firewall": Answer(status=403, body=PAGE, headers=HTML),
    "a proxy that names itself": Answer(status=400, body=NGINX.replace("413", "400"), headers=HTML),
    "another moment": Answer(status=409, body={"detail": "busy, try again later"}),
    "an upstream's quota": Answer(status=429, body={"detail": "slow down"}),
}


@pytest.mark.parametrize("answer", OF_A_GATEWAY.values(), ids=OF_A_GATEWAY)
def test_what_a_gateway_answers_is_no_refusal_in_another_shape(
    answer: Answer, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def planted(_body: dict[str, Any], rule: str | None) -> Answer | None:
        return answer if rule == "size.max_pixels" else None

    assert told(found(planted, tmp_path, monkeypatch)) == set()
