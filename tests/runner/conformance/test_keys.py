"""Requests that lack the user's key, against small servers that others might have written."""

import io
import json
import threading
from base64 import b64decode, b64encode
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest
from PIL import Image

from harness.adaptive.strategies import follow_up_strategy
from harness.core.case import Plan
from harness.core.verdict import Finding
from harness.planning.conformance import plan_for
from harness.planning.options import Options, Output, RunLimits, Target
from harness.policy import Conclusion, off_tape
from harness.report.formats.write import write_report
from harness.runner import plans
from harness.runner.execution.provider_run import ProgressListener
from harness.runner.recording import record as write_cassettes
from harness.runner.run import Run, execute_run
from harness.runner.scanning import search_for
from harness.spec.catalogue import Entry
from tests.shipped import SHIPPED, conclude

KEY = "sk-Zq7TheUsersOwnSecretKey0123456789abc"
CREDENTIALS = ("none", "wrong", "empty", "foreign", "other_scheme", "other_header")
GENERATE = {"sub2api": "/v1/images/generations", "apiframe": "/v2/images/generate"}
OWN = {"sub2api": ("authorization", f"Bearer {KEY}"), "apiframe": ("x-api-key", KEY)}

Headers = dict[str, str]
Allowed = Callable[[Headers], bool]


def _image(kind: str) -> bytes:
    file = io.BytesIO()
    Image.new("RGB", (64, 64), "red").save(file, kind)
    return file.getvalue()


USAGE = {"input_tokens": 3, "output_tokens": 4, "total_tokens": 7}
SERVED = {
    "data": [{"b64_json": b64encode(_image("PNG")).decode()}],
    "size": "64x64",
    "quality": "low",
    "output_format": "png",
    "usage": USAGE,
}


@dataclass(slots=True)
class Server:
    """Serves what `allowed` lets pass; keeps the head and the body of every request."""

    allowed: Allowed
    refusal: tuple[int, object]
    url: str = ""
    cookie: str = ""
    got: list[tuple[str, Headers, bytes]] = field(default_factory=list)

    def answer(self, method: str, path: str, headers: Headers, body: bytes) -> tuple[int, object]:
        """Return a status and a document."""
        self.got.append((f"{method} {path}", headers, body))
        if not self.allowed(headers):
            return self.refusal
        if path == GENERATE["apiframe"]:
            return 202, {"jobId": f"job-{len(self.got)}", "status": "QUEUED"}
        if method == "GET":
            done = {"id": path.rpartition("/")[2], "status": "COMPLETED"}
            return 200, {**done, "result": f"{self.url}/a.webp"}
        return 200, SERVED

    def probes(self) -> list[tuple[str, Headers, bytes]]:
        """Return the submissions that do not carry the user's key as documented."""
        paths = [f"POST {path}" for path in GENERATE.values()]
        own = OWN.values()
        return [
            one
            for one in self.got
            if one[0] in paths and not any(one[1].get(name) == text for name, text in own)
        ]


INVALID = (401, {"code": "INVALID_API_KEY", "message": "Invalid API key"})


@contextmanager
def serving(
    allowed: Allowed, *, refusal: tuple[int, object] = INVALID, cookie: str = ""
) -> Iterator[Server]:
    """A server on a free port of loopback."""
    server = Server(allowed=allowed, refusal=refusal, cookie=cookie)

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def _reply(self) -> None:
            body = self.rfile.read(int(self.headers.get("content-length", "0")))
            headers = {name.lower(): text for name, text in self.headers.items()}
            status, document = server.answer(self.command, self.path, headers, body)
            is_image = self.path == "/a.webp"
            raw = _image("WEBP") if is_image else json.dumps(document).encode()
            self.send_response(200 if is_image else status)
            self.send_header("content-type", "image/webp" if is_image else "application/json")
            self.send_header("content-length", str(len(raw)))
            if server.cookie:
                self.send_header("set-cookie", server.cookie)
            self.end_headers()
            self.wfile.write(raw)

        do_GET = do_POST = _reply  # noqa: N815 - the names that http.server looks for

        def log_message(self, *arguments: object) -> None:
            del arguments

    http = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    http.daemon_threads = True
    server.url = f"http://127.0.0.1:{http.server_address[1]}"
    thread = threading.Thread(target=http.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    try:
        yield server
    finally:
        http.shutdown()
        thread.join()
        http.server_close()


def only_keys(entry: Entry, options: Options) -> Plan:
    """Plan the plain request and those that lack the user's key."""
    plan = plan_for(entry, options)
    kept = [
        replace(one, case=replace(one.case, follow_ups=()))
        for one in plan.shots
        if one.case.credential != "own" or one.case.id == "generate/base"
    ]
    return replace(plan, shots=tuple(kept))


def run(
    server: Server, out: Path, patch: pytest.MonkeyPatch, provider: str = "sub2api"
) -> tuple[Run, Options]:
    """Run one provider's plan of keys against a server, as the command does."""
    patch.setattr(plans, "plan_for", only_keys)
    options = Options(
        target=Target(
            against="live",
            providers=(provider,),
            operations=("generate",),
            base_urls={provider: server.url},
            keys={provider: KEY},
        ),
        limits=RunLimits(max_requests=80),
        output=Output(out=out / "run", cassettes=out / "cassettes"),
    )
    return execute_run(
        options, ProgressListener(), catalogue=SHIPPED, strategy=follow_up_strategy(options)
    ), options


def conclusion(done: Run) -> Conclusion:
    """Judge a run as the command does."""
    return conclude(done.header, done.records)


def about_keys(done: Run) -> list[Finding]:
    """Return the confirmed findings of the rule."""
    findings = [shown.finding for shown in conclusion(done).report.findings]
    return [finding for finding in findings if finding.constraint == "auth.required"]


def right(headers: Headers) -> bool:
    """Let the user's key pass, in its own place."""
    return any(headers.get(name) == text for name, text in OWN.values())


def tried(done: Run) -> dict[str, str]:
    """Return what came of each credential, in the order of sending."""
    records = [one for one in done.records if one.shot.case.credential != "own"]
    return {
        one.shot.case.credential: one.outcome.kind if one.outcome else "skipped" for one in records
    }


@pytest.mark.parametrize("provider", ["sub2api", "apiframe"])
def test_a_server_that_refuses_every_other_key_is_right_and_nothing_is_paid(
    provider: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with serving(right) as server:
        done, _ = run(server, tmp_path, monkeypatch, provider)

    assert tried(done) == dict.fromkeys(CREDENTIALS, "refused")
    assert about_keys(done) == []
    row = next(one for one in conclusion(done).report.matrix.rows if one.id == "auth.required")
    assert (row.cells[0].state, row.cells[0].refuses) == ("held", 6)
    summary = conclusion(done).report.providers[0]
    assert (summary.cost.images_paid, summary.cost.unsettled) == (1, 0)
    errors = conclusion(done).report.errors
    assert {(one.error_class, one.occasion) for one in errors} == {("auth", "asked_for")}


FAULTS: dict[str, tuple[Allowed, str]] = {
    "ignores keys": (lambda _: True, "none"),
    "checks that a key is there": (
        lambda headers: headers.get("authorization", "Bearer").strip() != "Bearer",
        "wrong",
    ),
    "no key at all is a guest": (
        lambda headers: right(headers) or not {"authorization", "x-api-key"} & headers.keys(),
        "none",
    ),
    "an empty key is a guest": (
        lambda headers: right(headers) or headers.get("authorization", "").strip() == "Bearer",
        "empty",
    ),
    "checks bearer tokens and no other scheme": (
        lambda headers: right(headers) or headers.get("authorization", "").startswith("Basic "),
        "other_scheme",
    ),
    "trusts the header of its gateway": (
        lambda headers: right(headers) or "x-api-key" in headers,
        "other_header",
    ),
    "takes OpenAI's and others' keys for its own": (
        lambda headers: right(headers) or "afk_" in headers.get("authorization", ""),
        "foreign",
    ),
    "looks at the key's shape alone": (
        lambda headers: headers.get("authorization", "").startswith("Bearer sk-"),
        "wrong",
    ),
}


@pytest.mark.parametrize("fault", FAULTS)
def test_a_server_that_serves_without_the_users_key_is_found_and_costs_little(
    fault: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    allowed, credential = FAULTS[fault]
    with serving(allowed) as server:
        done, _ = run(server, tmp_path, monkeypatch)

    (finding,) = about_keys(done)
    assert (finding.check, finding.standing) == ("refuses_what_it_forbids", "confirmed")
    assert finding.failed == finding.tried == 2
    assert any(f"/{credential}" in case for case in finding.cases)
    assert conclusion(done).code == 1
    assert conclusion(done).report.providers[0].cost.images_paid <= 4
    bodies = [body for head, _, body in server.got if head.startswith("POST")]
    assert len(bodies) == len(set(bodies))


def test_a_job_that_was_accepted_without_a_key_is_not_polled(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with serving(lambda headers: right(headers) or "x-api-key" not in headers) as server:
        done, _ = run(server, tmp_path, monkeypatch, "apiframe")

    (finding,) = about_keys(done)
    assert "accepted without a key, as job job-" in finding.observed
    taken = {one["jobId"] for one in _jobs(done) if one["credential"] != "own"}
    assert taken
    assert not any(head.rpartition("/")[2] in taken for head, _, _ in server.got)
    cost = conclusion(done).report.providers[0].cost
    assert (cost.unsettled, cost.images_paid) == (len(taken), 1)


def _jobs(done: Run) -> list[dict[str, str]]:
    found = []
    for record in done.records:
        job = getattr(record.outcome, "job", None)
        if job:
            found.append({"jobId": job, "credential": record.shot.case.credential})
    return found


def test_the_users_key_is_in_no_such_request_and_in_no_file(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    echo = (401, {"code": "INVALID_API_KEY", "message": "Incorrect API key provided"})
    with serving(lambda _: True, refusal=echo, cookie=f"session={KEY}") as server:
        done, options = run(server, tmp_path, monkeypatch)
    report = conclusion(done).report
    write_report(done.folder, report)
    write_cassettes(
        done.folder,
        done.records,
        done.plans["sub2api"],
        base_url=server.url,
        cassettes=options.cassettes,
        search=search_for({}, SHIPPED),
    )

    assert len(server.probes()) >= 2
    for head, headers, body in server.probes():
        whole = " ".join([head, *headers, *headers.values(), body.decode()])
        assert KEY not in whole
        assert KEY.encode() not in _unpacked(headers.get("authorization", ""))
        assert "cookie" not in headers
    files = [path for path in tmp_path.rglob("*") if path.is_file()]
    assert len(files) > 5
    assert not [path for path in files if KEY.encode() in path.read_bytes()]


def _unpacked(authorization: str) -> bytes:
    scheme, _, text = authorization.partition(" ")
    return b64decode(text) if scheme == "Basic" else b""


def test_a_replay_finds_the_same_and_asks_for_nothing_else(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with serving(lambda headers: "authorization" in headers) as server:
        done, options = run(server, tmp_path, monkeypatch)
    write_cassettes(
        done.folder,
        done.records,
        done.plans["sub2api"],
        base_url=server.url,
        cassettes=options.cassettes,
        search=search_for({}, SHIPPED),
    )

    again = execute_run(
        Options(
            target=replace(options.target, against="cassettes"),
            output=replace(options.output, out=tmp_path / "again"),
        ),
        ProgressListener(),
        catalogue=SHIPPED,
    )

    assert [*off_tape(again.records)] == []
    answered = {one: came for one, came in tried(done).items() if came != "skipped"}
    assert tried(again) == answered
    assert about_keys(again)[0].cases == about_keys(done)[0].cases


def test_a_refused_made_up_key_halts_nothing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with serving(right) as server:
        monkeypatch.setattr(plans, "plan_for", plan_for)
        options = Options(
            target=Target(
                against="live",
                providers=("sub2api",),
                operations=("generate",),
                base_urls={"sub2api": server.url},
                keys={"sub2api": KEY},
            ),
            limits=RunLimits(max_requests=60, max_images=12),
            output=Output(out=tmp_path / "run"),
        )
        done = execute_run(options, ProgressListener(), catalogue=SHIPPED)

    sent = [one.shot.case.credential for one in done.records if one.outcome is not None]
    assert sent[0] == "own"
    assert {*sent} == {"own", *CREDENTIALS}
    assert sent.count("own") > 8
    skipped = [one.skipped for one in done.records if one.skipped]
    assert not [why for why in skipped if "auth" in why]


def test_where_the_users_own_key_is_refused_the_others_are_not_sent(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with serving(lambda _: False) as server:
        done, _ = run(server, tmp_path, monkeypatch)

    assert server.probes() == []
    assert about_keys(done) == []
    assert conclusion(done).code == 4


@dataclass(frozen=True)
class Refusing:
    """How a provider refuses other keys, and whether that is a finding."""

    provider: str
    status: int
    document: object
    found: bool


@pytest.mark.parametrize(
    "refusing",
    [
        Refusing("apiframe", 401, {"error": "Invalid API key"}, found=False),
        Refusing("apiframe", 403, {"error": "Forbidden"}, found=False),
        Refusing("apiframe", 400, {"error": "Bad request"}, found=True),
        Refusing("apiframe", 422, {"error": "Unprocessable"}, found=True),
        Refusing("apiframe", 500, {"error": "Invalid API key"}, found=True),
        Refusing("apiframe", 500, {"error": "Something broke"}, found=False),
        Refusing("apiframe", 503, {"error": "Unavailable"}, found=False),
        Refusing("sub2api", 400, {"error": {"message": "no", "type": "x"}}, found=False),
        Refusing("sub2api", 500, {"error": {"message": "invalid API key"}}, found=False),
        Refusing("sub2api", 401, None, found=False),
    ],
)
def test_another_status_is_a_finding_where_the_documents_show_one_and_it_is_about_the_key(
    refusing: Refusing, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    refusal = (refusing.status, refusing.document)
    with serving(right, refusal=refusal) as server:
        done, _ = run(server, tmp_path, monkeypatch, refusing.provider)

    assert bool(about_keys(done)) is refusing.found
    assert conclusion(done).report.providers[0].cost.images_paid == 1
