"""A trial sends one request and says what each expression found, and where else to look."""

import json
import threading
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any, ClassVar

import pytest

from harness.cli.main import status
from harness.core.jsonvalue import Json

PROVIDERS = Path(__file__).parents[2] / "harness" / "providers"
KEY = "acme-key-of-this-test-0123456789"
PNG = Path(__file__).parents[2] / "cassettes" / "nanobanana" / "images"


@dataclass
class Server:
    """Answers each POST with what `answer` says, each poll with the next of `polls`."""

    answer: tuple[int, Json]
    polls: list[Json] = field(default_factory=list)
    requests: list[tuple[str, str, Json]] = field(default_factory=list)
    url: str = ""


class Handler(BaseHTTPRequestHandler):
    """Answers for its `server`, which a subclass names."""

    server_state: ClassVar[Server]

    def do_POST(self) -> None:
        length = int(self.headers["Content-Length"])
        self.server_state.requests.append(("POST", self.path, json.loads(self.rfile.read(length))))
        self.reply(*self.server_state.answer)

    def do_GET(self) -> None:
        self.server_state.requests.append(("GET", self.path, None))
        if self.path.endswith(".png"):
            self.send(200, "image/png", next(PNG.glob("*.png")).read_bytes())
        else:
            self.reply(200, self.server_state.polls.pop(0))

    def reply(self, code: int, document: Json) -> None:
        text = json.dumps(document).replace("HOST", self.server_state.url)
        self.send(code, "application/json", text.encode())

    def send(self, code: int, kind: str, content: bytes) -> None:
        self.send_response(code)
        self.send_header("Content-Type", kind)
        self.send_header("Content-Length", str(len(content)))
        self.end_headers()
        self.wfile.write(content)

    def log_message(self, *_args: object) -> None:
        return


@pytest.fixture
def serve() -> Iterator[Callable[..., Server]]:
    servers: list[ThreadingHTTPServer] = []

    def served(answer: tuple[int, Json], *polls: Json) -> Server:
        state = Server(answer=answer, polls=[*polls])
        handler = type("Answering", (Handler,), {"server_state": state})
        http = ThreadingHTTPServer(("127.0.0.1", 0), handler)
        state.url = f"http://127.0.0.1:{http.server_port}"
        threading.Thread(target=http.serve_forever, daemon=True).start()
        servers.append(http)
        return state

    yield served
    for http in servers:
        http.shutdown()
        http.server_close()


@pytest.fixture(autouse=True)
def _here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / ".git").mkdir()
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("ACME_API_KEY", KEY)
    monkeypatch.setenv("COLUMNS", "200")


def spec(like: str, **changes: str) -> str:
    """Write the TOML of a provider like a shipped one; return its name."""
    text = (PROVIDERS / f"{like}.toml").read_text()
    text = text.replace(f'name = "{like}"', 'name = "acme"', 1)
    text = text.replace(f'env = "{like.upper()}_API_KEY"', 'env = "ACME_API_KEY"', 1)
    for old, new in changes.items():
        assert old in text
        text = text.replace(old, new)
    Path("acme.toml").write_text(text)
    return "acme.toml"


def tried(
    capsys: pytest.CaptureFixture[str], server: Server, *words: str
) -> tuple[int, dict[str, Any], str]:
    command = ["providers", "try", "acme.toml", "--base-url", server.url, "--out", "tried"]
    code = status([*command, "--json", *words])
    told = capsys.readouterr()
    assert KEY not in told.out + told.err
    return code, json.loads(told.out) if told.out else {}, told.err


def found(whole: dict[str, Any], key: str, step: int = 0) -> dict[str, Any]:
    (one,) = [each for each in whole["steps"][step]["found"] if each["key"] == key]
    assert isinstance(one, dict)
    return one


def test_one_request_is_sent_and_its_images_are_found(
    capsys: pytest.CaptureFixture[str], serve: Callable[..., Server]
) -> None:
    spec("nanobanana")
    server = serve((200, {"code": 0, "data": {"url": "HOST/a.png", "costCredits": 1}}))
    code, whole, err = tried(capsys, server)

    assert code == 0
    assert "one request of generate, 1 image, at most 1 credit" in err
    assert [method for method, _, _ in server.requests] == ["POST", "GET"]
    assert found(whole, "reply.images")["words"] == "1 address"
    assert found(whole, "reply.charged")["found"] == 1
    assert whole["outcome"]["kind"] == "images"
    assert whole["outcome"]["images"][0]["format"] == "png"
    assert whole["base_url"] == server.url


def test_images_that_lie_elsewhere_are_named_with_what_to_write(
    capsys: pytest.CaptureFixture[str], serve: Callable[..., Server]
) -> None:
    spec("nanobanana")
    server = serve((200, {"code": 0, "images": [{"url": "HOST/a.png"}, {"url": "HOST/b.png"}]}))
    code, whole, _ = tried(capsys, server)
    images = found(whole, "reply.images")

    assert code == 4
    assert images["words"] == "nothing"
    assert images["suggestion"] == 'images = ["images[].url"]'
    assert images["elsewhere"] == ["images[].url"]


def test_a_single_address_is_suggested_as_a_list(
    capsys: pytest.CaptureFixture[str], serve: Callable[..., Server]
) -> None:
    spec("nanobanana")
    _, whole, _ = tried(capsys, serve((200, {"code": 0, "output": "HOST/a.png"})))

    assert found(whole, "reply.images")["suggestion"] == 'images = ["[output]"]'


def test_an_error_that_failed_does_not_recognise_is_shown(
    capsys: pytest.CaptureFixture[str], serve: Callable[..., Server]
) -> None:
    spec("buble")
    server = serve((422, {"detail": [{"msg": "bad size", "loc": ["body", "size"]}]}))
    code, whole, _ = tried(capsys, server)
    failed = found(whole, "errors.failed")

    assert code == 4
    assert failed["words"].startswith("false, although HTTP 422 is an error")
    assert failed["suggestion"] == 'failed = "detail"'
    assert found(whole, "errors.message")["suggestion"] == 'message = ["detail[0].msg"]'
    assert whole["outcome"]["kind"] == "fault"
    assert len(server.requests) == 1


def test_an_error_as_documented_is_a_refusal_with_its_words(
    capsys: pytest.CaptureFixture[str], serve: Callable[..., Server]
) -> None:
    spec("buble")
    server = serve((422, {"error": {"code": "bad", "message": "no"}}))
    code, whole, err = tried(capsys, server, "--argument", "mode=false")

    assert code == 4
    assert "it breaks mode" in err
    assert found(whole, "errors.failed")["found"] is True
    assert whole["outcome"] | {"text": ""} == {
        "text": "",
        "kind": "refused",
        "class": "validation",
        "status": 422,
        "code": "bad",
        "parameter": None,
        "message": "no",
    }


def test_each_state_of_a_job_says_what_the_toml_takes_it_for(
    capsys: pytest.CaptureFixture[str], serve: Callable[..., Server]
) -> None:
    spec("apiframe", **{"interval_s = 2": "interval_s = 0.01"})
    done = {"id": "j1", "status": "COMPLETED", "result": {"images": ["HOST/a.png"]}}
    pending = {"id": "j1", "status": "PROCESSING"}
    odd = {"id": "j1", "status": "IN_QUEUE"}
    server = serve((202, {"jobId": "j1", "status": "QUEUED"}), odd, pending, done)
    code, whole, _ = tried(capsys, server)

    assert code == 0
    assert found(whole, "job.id")["found"] == "j1"
    assert found(whole, "job.state")["words"] == '"QUEUED" -> pending'
    assert "which is in no list" in found(whole, "job.state", 1)["words"]
    assert found(whole, "job.state", 3)["words"] == '"COMPLETED" -> done'
    assert found(whole, "reply.images", 3)["words"] == "1 address"
    assert not [each for each in whole["steps"][1]["found"] if each["key"] == "reply.images"]


def test_a_job_without_its_id_is_shown_where_an_id_may_be(
    capsys: pytest.CaptureFixture[str], serve: Callable[..., Server]
) -> None:
    spec("apiframe")
    code, whole, _ = tried(capsys, serve((202, {"task": {"task_id": "t1"}, "status": "QUEUED"})))

    assert code == 4
    assert found(whole, "job.id")["suggestion"] == 'id = ["task.task_id"]'


def test_the_reply_is_kept_and_judges_nobody(
    capsys: pytest.CaptureFixture[str], serve: Callable[..., Server]
) -> None:
    spec("nanobanana")
    server = serve((200, {"code": 0, "images": [{"url": "HOST/a.png"}]}))
    tried(capsys, server)
    code = status(["report", "tried", "--json"])
    summary = json.loads(capsys.readouterr().out)

    assert code != 1
    assert summary["findings"] == []
    assert "images" in Path("tried/journal.jsonl").read_text()
    assert KEY not in Path("tried/journal.jsonl").read_text()
    assert Path("tried/providers/acme.toml").is_file()


def test_a_server_that_fails_is_asked_once(
    capsys: pytest.CaptureFixture[str], serve: Callable[..., Server]
) -> None:
    spec("nanobanana")
    server = serve((500, {"oops": 1}))
    code, whole, _ = tried(capsys, server)

    assert code == 4
    assert whole["outcome"]["kind"] == "fault"
    assert len(server.requests) == 1


def test_the_address_may_stand_in_a_configuration(
    capsys: pytest.CaptureFixture[str], serve: Callable[..., Server]
) -> None:
    server = serve((200, {"code": 0, "data": {"url": "HOST/a.png", "costCredits": 1}}))
    text = f'specs = ["{spec("nanobanana")}"]\n[target]\nbase_url = {{ acme = "{server.url}" }}\n'
    Path("harness.toml").write_text(text)
    code = status(["providers", "try", "acme", "--out", "tried"])

    assert code == 0
    assert f"to {server.url}" in capsys.readouterr().err
    assert len(server.requests) == 2


def test_an_address_that_is_still_to_be_written_is_not_tried(
    capsys: pytest.CaptureFixture[str],
) -> None:
    assert status(["providers", "new", "acme", "--like", "sub2api"]) == 0
    capsys.readouterr()
    code = status(["providers", "try", "acme.toml"])
    told = capsys.readouterr().err.splitlines()[-1]

    assert code == 2
    assert "acme: https://acme.invalid stands for an address" in told
    assert "(write base_url in acme.toml)" in told
    assert not Path("reports").exists()


def test_a_dry_run_sends_nothing_and_needs_no_key(
    capsys: pytest.CaptureFixture[str],
    serve: Callable[..., Server],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    spec("nanobanana")
    monkeypatch.delenv("ACME_API_KEY")
    server = serve((500, None))
    code, whole, _ = tried(capsys, server, "--dry-run", "--argument", "size=1024x1024")

    assert code == 0
    assert whole["request"]["json"]["size"] == "1024x1024"
    assert whole["at_risk"]["images"] == 1
    assert server.requests == []
    assert not Path("tried").exists()


@pytest.mark.parametrize(
    ("words", "why"),
    [
        (["--operation", "paint"], "no operation 'paint' (one of"),
        (["--argument", "siz=1"], "no argument 'siz' (one of"),
        (["--argument", "size"], "write NAME=JSON"),
        (["--argument", "n=2"], "could cost 2 images"),
        (["--base-url", "ftp://x"], "is not an http(s) address"),
    ],
)
def test_what_cannot_be_tried_is_one_line(
    capsys: pytest.CaptureFixture[str],
    serve: Callable[..., Server],
    words: list[str],
    why: str,
) -> None:
    spec("nanobanana")
    server = serve((500, None))
    code, _, err = tried(capsys, server, *words)

    assert code == 2
    assert why in err
    assert err.count("\n") == 1
    assert server.requests == []


def test_people_see_each_step(
    capsys: pytest.CaptureFixture[str], serve: Callable[..., Server]
) -> None:
    spec("nanobanana")
    server = serve((200, {"code": 0, "images": [{"url": "HOST/a.png"}]}))
    command = ["providers", "try", "acme.toml", "--base-url", server.url, "--out", "tried"]
    code = status(command)
    out = capsys.readouterr().out

    assert code == 4
    assert f"sent POST {server.url}/v1/images/generate" in out
    assert "came HTTP 200, application/json" in out
    assert 'nothing; try images = ["images[].url"]' in out
    assert KEY not in out
