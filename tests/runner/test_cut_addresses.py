"""A paid reply names its image by a signed address: no file keeps it, no kill loses the image."""

import signal
import stat
import subprocess
from pathlib import Path

import pytest

from harness.core.exchange import Exchange, Reply, Request, Times
from harness.core.outcome import Images
from harness.runner.execution.cut_addresses import CutAddresses
from harness.store.folder import RunFolder
from harness.store.line import CUT_ADDRESSES, Ended, Exchanged
from harness.store.reader import read_run
from harness.transport.redaction import Redactor
from tests.loopback import HUNG_S
from tests.runner.processes import harness, started
from tests.secrecy.checking import written
from tests.wires.serving import PNG, Answer, Asked, served

SIGNATURE = "NOTAREALSIGNATURE0123456789"
SEGMENT = "k4Jd9sLq2Wm8Zp3Xv7Bn1Tc6Yh5Rf0Ga"
ADDRESS = f"/s/{SEGMENT}/1.png?se=2026-09-01T12%3A00%3A00Z&sig={SIGNATURE}"


class Killing:
    """A provider that answers at once; its first download kills the process that asks for it."""

    def __init__(self) -> None:
        self.process: subprocess.Popen[str] | None = None
        self.posts: list[bytes] = []
        self.downloads: list[str] = []

    def __call__(self, asked: Asked, url: str) -> Answer:
        if asked.method == "POST":
            self.posts.append(asked.raw)
            return 200, {"code": 0, "message": "success", "data": {"url": f"{url}{ADDRESS}"}}
        self.downloads.append(f"{asked.path}?sig={dict(asked.query).get('sig')}")
        if len(self.downloads) == 1 and self.process is not None:
            self.process.send_signal(signal.SIGKILL)
            self.process.wait(HUNG_S)
        return 200, PNG


def holders(folder: Path, *, but: str = "") -> list[str]:
    return [
        name
        for name, raw in written(folder).items()
        if (SIGNATURE.encode() in raw or SEGMENT.encode() in raw) and not (but and but in name)
    ]


def test_a_run_killed_before_its_download_goes_on_with_the_whole_address(tmp_path: Path) -> None:
    folder, provider = tmp_path / "run", Killing()
    with served(provider) as api:
        at = ("--base-url", f"nanobanana={api.url}")
        process = provider.process = started(
            *("run", "--against", "live", "--provider", "nanobanana", *at, "--max-images", "1"),
            *("--max-requests", "4", "--operation", "generate", "--out", folder),
        )
        process.communicate(timeout=HUNG_S)
        left = folder / CUT_ADDRESSES

        assert process.returncode == -signal.SIGKILL
        assert len(provider.posts) == 1
        assert SIGNATURE in left.read_text()
        assert stat.S_IMODE(left.stat().st_mode) == 0o600
        assert holders(folder, but=CUT_ADDRESSES) == []

        provider.process = None
        done = harness("run", "--resume", folder, *at)

    assert len(set(provider.posts)) == len(provider.posts), "a paid request was sent twice"
    assert set(provider.downloads) == {f"/s/{SEGMENT}/1.png?sig={SIGNATURE}"}
    assert len(provider.downloads) >= 2
    first = read_run(folder).records[0].outcome
    assert isinstance(first, Images), done.err
    assert not left.exists()
    assert holders(tmp_path) == []
    assert SIGNATURE not in done.out + done.err


def exchange(redactor: Redactor, address: str) -> Exchange:
    reply = Reply(status=200, document={"data": {"url": redactor.known(address)}})
    request = Request(method="POST", target="/v1/images/generate")
    return Exchange(request=request, answer=reply, times=Times(due_s=0, sent_s=0, end_s=1))


def test_what_was_cut_is_kept_until_the_last_request_that_needs_it_has_ended(
    tmp_path: Path,
) -> None:
    folder, redactor = RunFolder.create(tmp_path / "run"), Redactor({})
    cut = CutAddresses(folder, redactor.values)
    addresses = {case: f"https://h.io/{case}.png?sig={SIGNATURE}{case}" for case in "ab"}
    lines = {
        case: Exchanged(provider="p", case=case, exchange=exchange(redactor, address))
        for case, address in addresses.items()
    }
    ends = {case: Ended(provider="p", case=case, outcome=Images(pictures=())) for case in "ab"}

    for line in lines.values():
        cut.before([line])
    other = Redactor({})
    for values in folder.cut_addresses().values():
        other.restore(values)

    for case, line in lines.items():
        answer = line.exchange.answer
        assert isinstance(answer, Reply)
        assert SIGNATURE not in str(answer.document)
        recorded = answer.document["data"]["url"]  # type: ignore[index, call-overload]  # as made above
        assert other.real(str(recorded)) == addresses[case]
        assert not other.lost(str(recorded))
    cut.after([ends["a"]])
    assert [*folder.cut_addresses()] == [("p", "b")]
    cut.after([ends["b"]])
    assert not (tmp_path / "run" / CUT_ADDRESSES).exists()


@pytest.mark.parametrize("content", [b"{", b'["p", "a"]\n', b"\xff\n", b"[1, 2, {}]\n"])
def test_a_spoilt_file_of_cut_addresses_stops_no_run(tmp_path: Path, content: bytes) -> None:
    folder = RunFolder.create(tmp_path / "run")
    (tmp_path / "run" / CUT_ADDRESSES).write_bytes(content)

    assert folder.cut_addresses() == {}
