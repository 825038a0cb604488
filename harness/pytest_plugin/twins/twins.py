"""Twins of providers: emulators as child processes, and what they were asked, charged and drew.

A child serves all six providers. It is started when it is first needed, shared by all tests with
the same settings, and reset between them; it ends with the session, and where that is killed, too,
for it ends when its standard input closes.

Errors here are those of a test's environment, a `TwinError` in one line:

    TwinError          a child does not start, has ended, or does not do as it is told
      TwinUsageError   the test asked for what does not exist: a fault, an operation, an argument
"""

import json
import subprocess
import sys
from collections.abc import Container, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from decimal import Decimal
from functools import cached_property
from http.client import HTTPConnection, HTTPException
from tempfile import TemporaryFile
from typing import IO, TYPE_CHECKING, Any, Literal
from urllib.parse import urlsplit

from harness.pytest_plugin.twins.errors import TwinError, TwinUsageError

if TYPE_CHECKING:
    from harness.pytest_plugin.twins.examples import Example
    from harness.spec.provider import Provider

TWIN_KEY = "emulator-key"
"""The only key that a twin accepts; it is nobody's."""

FAST = 0.001
"""How fast a twin's time runs by default: a generation of 15 seconds takes 15 milliseconds."""

ENDS_WITHIN_S, HUNG_S = 30.0, 120.0


@dataclass(frozen=True, slots=True, kw_only=True)
class TwinSettings:
    """How the child process of a twin runs; equal settings share one.

    `time_scale` is a factor on every duration, `seconds_per_image` how long a request takes before
    that, None for durations as drawn. With `natural`, pictures look like photographs; with
    `signed`, they bear C2PA manifests of a test authority. `variants` are other legitimate readings
    of the documents, as `harness emulate --help` lists them.
    """

    time_scale: float = FAST
    seconds_per_image: float | None = None
    natural: bool = False
    signed: bool = False
    variants: tuple[str, ...] = ()

    @property
    def words(self) -> list[str]:
        """The options of the emulator's command line."""
        words = ["--time-scale", str(self.time_scale), "--key", TWIN_KEY, "--keep-requests"]
        if self.seconds_per_image is not None:
            words += ["--seconds-per-image", str(self.seconds_per_image)]
        words += ["--natural"] if self.natural else []
        words += ["--signed"] if self.signed else []
        return words + [part for each in self.variants for part in ("--variant", each)]


@dataclass(frozen=True, slots=True, kw_only=True)
class ReceivedFile:
    """A file of a form; its bytes are not kept."""

    filename: str
    media_type: str
    size_bytes: int
    sha256: str


@dataclass(frozen=True, slots=True, kw_only=True)
class ReceivedRequest:
    """One request that a twin received, and what it made of it.

    `time_s` counts from the start of its process. `headers` are by name in lower case, with `***`
    in place of keys. Of a body, one of three is there: `json`, its value; `form`, the parts by
    name; `text`, what is neither. `outcome` says what the request was for the provider, `operation`
    which submission it was (`generate`, `edit`, `edit_json`, `respond`; None for all others),
    `rule` why it was refused. `images` were drawn for it and `charged` was charged, in `unit`.
    `job` is the id of the job that it made or polled. Requests that ask for the same thing have the
    same `asks_for`, whatever their headers and the order of their keys.
    """

    time_s: float
    method: str
    path: str
    query: str
    status: int
    headers: Mapping[str, str] = field(repr=False)
    json: Any
    form: Mapping[str, tuple[str | ReceivedFile, ...]] | None
    text: str | None
    outcome: Literal["accepted", "refused", "poll", "upload", "download", "error"]
    operation: str | None
    rule: str | None
    images: int
    charged: Decimal
    unit: str
    job: str | None
    asks_for: str = field(repr=False)

    def __str__(self) -> str:
        """Return the request in a line."""
        why = f" ({self.rule})" if self.rule else ""
        paid = f", {self.images} drawn, {self.charged} {self.unit} charged" if self.images else ""
        return f"{self.method} {self.path} -> {self.status} {self.outcome}{why}{paid}"


@dataclass(frozen=True, slots=True, kw_only=True)
class TwinJob:
    """A job of a provider that answers later, as it was when the ledger was read."""

    id: str
    stage: Literal["waiting", "working", "done", "failed"]
    images: int
    charged: Decimal
    polls: int


@dataclass(frozen=True, kw_only=True, repr=False)
class TwinLedger:
    """What a twin received and charged since the start of a test, in the order of its decisions.

    It is a snapshot: what the twin is asked later is not in it, nor does a reset empty it.
    """

    provider: str
    unit: str
    requests: tuple[ReceivedRequest, ...]
    jobs: tuple[TwinJob, ...]

    @cached_property
    def submissions(self) -> tuple[ReceivedRequest, ...]:
        """Requests for images, served or not."""
        return tuple(each for each in self.requests if each.operation is not None)

    @cached_property
    def refused(self) -> tuple[ReceivedRequest, ...]:
        """Requests that the provider refused; `rule` says why."""
        return tuple(each for each in self.requests if each.outcome == "refused")

    @cached_property
    def polls(self) -> tuple[ReceivedRequest, ...]:
        """Questions for a job's state, and other reading."""
        return tuple(each for each in self.requests if each.outcome == "poll")

    @cached_property
    def downloads(self) -> tuple[ReceivedRequest, ...]:
        """Downloads of images."""
        return tuple(each for each in self.requests if each.outcome == "download")

    @property
    def images(self) -> int:
        """How many images were drawn and charged."""
        return sum(each.images for each in self.requests)

    @property
    def charged(self) -> Decimal:
        """What was charged in all, in `unit`."""
        return sum((each.charged for each in self.requests), Decimal(0))

    @cached_property
    def paid_twice(self) -> tuple[tuple[ReceivedRequest, ...], ...]:
        """Requests that were paid for more than once, those for the same thing together."""
        groups: dict[str, list[ReceivedRequest]] = {}
        for each in self.requests:
            if each.images or each.charged:
                groups.setdefault(each.asks_for, []).append(each)
        return tuple(tuple(group) for group in groups.values() if len(group) > 1)

    def __repr__(self) -> str:
        """Return the totals, for the message of an assertion."""
        twice = f", {len(self.paid_twice)} paid twice" if self.paid_twice else ""
        return (
            f"<ledger of {self.provider}: {len(self.requests)} requests, {len(self.submissions)} "
            f"submissions, {self.images} images, {self.charged} {self.unit} charged{twice}>"
        )

    def __str__(self) -> str:
        """Return one line per request, under the totals."""
        return "\n".join([repr(self), *(f"  {each}" for each in self.requests)])


class Twin:
    """A running twin of one provider, as a test has it; `image_provider` is one.

    `name` is the provider's, `url` the base address to send to, `key` what the twin accepts (a test
    key: never send a real one), `faults` are those that are switched on. `started` is the number of
    the child's process id.
    """

    def __init__(
        self, name: str, process: "TwinProcess", settings: TwinSettings, faults: tuple[str, ...]
    ) -> None:
        self.name = name
        self.url = process.urls[name]
        self.key = TWIN_KEY
        self.faults = faults
        self.settings = settings
        self._process = process
        self._over = False

    @property
    def pid(self) -> int:
        """The id of the process that serves it."""
        return self._process.pid

    @property
    def ledger(self) -> TwinLedger:
        """What it received and charged since the test began, as of now.

        TwinError where the twin has ended, or the test to which it belonged.
        """
        self._check()
        return _ledger(self.name, self._process.ask("GET", f"{self.url}/__emulator/ledger"))

    def reset(self, *, seed: int | None = None) -> None:
        """Forget requests and jobs and restart all draws, from another seed if given."""
        self._check()
        url = f"{self.url}/__emulator/reset"
        self._process.ask("POST", url, {} if seed is None else {"seed": seed})

    def switch(self, *faults: str) -> None:
        """Switch these faults on and all others off; TwinUsageError names a misspelt one."""
        self._check()
        answer = self._process.ask("PUT", f"{self.url}/__emulator/faults", {"faults": faults})
        if "error" in answer:
            why = str(answer["error"]).replace("an emulator started with --signed", "signed=True")
            raise TwinUsageError(f"{self.name}: {why}")
        self.faults = faults

    @property
    def provider(self) -> "Provider":
        """The provider's documents, as the harness reads them: operations, arguments, rules."""
        from harness.pytest_plugin.twins.examples import shipped  # noqa: PLC0415 - takes a second

        return shipped(self.name).provider

    def example(self, operation: str | None = None, **arguments: object) -> "Example":
        """Return a valid request of an operation, the first one by default, ready to be sent.

        Arguments have their canonical names (`prompt`, `size`, `n`), whatever the provider calls
        them; they may break its rules. TwinUsageError for what the provider does not document.
        """
        from harness.pytest_plugin.twins.examples import example  # noqa: PLC0415 - takes a second

        return example(self.name, self.url, self.key, operation, arguments)

    def __repr__(self) -> str:
        """Return which provider it is, and where."""
        return f"<twin of {self.name} at {self.url}>"

    def over(self) -> None:
        """End its use by the test: who keeps it is not to read another test's ledger."""
        self._over = True

    def _check(self) -> None:
        if self._over:
            raise TwinError(
                f"this twin of {self.name} belonged to a test that is over: keep its ledger "
                "(image_provider.ledger is a snapshot), not the twin"
            )


class TwinProcess:
    """A child process that serves all twins with the same settings."""

    def __init__(self, settings: TwinSettings) -> None:
        self._said: IO[str] = TemporaryFile("w+", encoding="utf-8", errors="replace")  # noqa: SIM115 - as long as the child
        # -P: a test's folder may hold modules by the names of those that the emulator imports.
        command = [sys.executable, "-P", "-m", "harness.emulator", "--json", "--until-eof"]
        self._child = subprocess.Popen(  # noqa: S603 - our own module, by our own interpreter
            [*command, *settings.words],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=self._said,
            text=True,
            start_new_session=True,  # Ctrl-C is for pytest: its tests still read the ledger
        )
        line = self._child.stdout.readline() if self._child.stdout else ""
        if not line:
            words = self._last_words()
            self.close()
            raise TwinError(f"the emulator did not start: {words}")
        self.urls: dict[str, str] = json.loads(line)["providers"]

    @property
    def pid(self) -> int:
        """The child's process id."""
        return self._child.pid

    @property
    def alive(self) -> bool:
        """Whether the child still runs."""
        return self._child.poll() is None

    def ask(self, method: str, url: str, body: object = None) -> dict[str, Any]:
        """Return the reply of a control address; TwinError where there is none."""
        where = urlsplit(url)
        connection = HTTPConnection(where.hostname or "", where.port, timeout=HUNG_S)
        try:
            connection.request(method, where.path, json.dumps(body) if body else None)
            answer = json.loads(connection.getresponse().read())
        except (OSError, HTTPException, ValueError) as error:
            raise TwinError(f"the twin at {url} gives no answer: {self._state(error)}") from None
        finally:
            connection.close()
        return answer if isinstance(answer, dict) else {}

    def close(self) -> None:
        """End the child, as it would by itself if this process was killed."""
        if self._child.stdin is not None:
            with suppress(OSError):
                self._child.stdin.close()
        try:
            self._child.wait(ENDS_WITHIN_S)
        except subprocess.TimeoutExpired:
            self._child.kill()
            self._child.wait()
        if self._child.stdout is not None:
            self._child.stdout.close()
        self._said.close()

    def _state(self, error: Exception) -> str:
        with suppress(subprocess.TimeoutExpired):
            self._child.wait(ENDS_WITHIN_S if isinstance(error, OSError) else 0.0)
        code = self._child.returncode
        if code is None:
            return f"{type(error).__name__}: {error}"
        return f"its process {self.pid} has ended (exit code {code}), and its ledger with it"

    def _last_words(self) -> str:
        self._child.wait()
        self._said.seek(0)
        lines = self._said.read().strip().splitlines()
        return lines[-1].removeprefix("emulator: ") if lines else "it said nothing"


@dataclass(slots=True)
class Twins:
    """The children of one session (of one worker, under xdist)."""

    processes: dict[TwinSettings, TwinProcess] = field(default_factory=dict)

    def twin(
        self, name: str, settings: TwinSettings, *, faults: Sequence[str] = (), seed: int = 0
    ) -> Twin:
        """Return a twin with an empty ledger; TwinUsageError where a fault does not exist."""
        process = self.processes.get(settings)
        if process is None or not process.alive:
            if process is not None:
                process.close()
            process = self.processes[settings] = TwinProcess(settings)
        twin = Twin(name, process, settings, ())
        twin.switch(*(fault for fault in faults if not _of_another(name, fault, process.urls)))
        twin.reset(seed=seed)
        return twin

    def close(self) -> None:
        """End all children."""
        for process in self.processes.values():
            process.close()
        self.processes.clear()


def _of_another(name: str, fault: str, providers: Container[str]) -> bool:
    """Tell whether a fault is one of another provider, as `buble:NAME` is."""
    head, colon, _ = fault.partition(":")
    return bool(colon) and head in providers and head != name


def _ledger(name: str, told: Mapping[str, Any]) -> TwinLedger:
    return TwinLedger(
        provider=name,
        unit=told["totals"]["unit"],
        requests=tuple(_received(entry) for entry in told["entries"]),
        jobs=tuple(
            TwinJob(
                id=job["id"],
                stage=job["stage"],
                images=job["images"],
                charged=_amount(job["cost"]),
                polls=job["polls"],
            )
            for job in told["jobs"]
        ),
    )


def _received(entry: Mapping[str, Any]) -> ReceivedRequest:
    content = entry["content"]
    form = content.get("form")
    return ReceivedRequest(
        time_s=entry["time_s"],
        method=entry["method"],
        path=entry["path"],
        query=content["query"],
        status=entry["status"],
        headers=content["headers"],
        json=content.get("json"),
        form=None if form is None else {key: _parts(parts) for key, parts in form.items()},
        text=content.get("text"),
        outcome=entry["outcome"],
        operation=entry["operation"],
        rule=entry["rule"],
        images=entry["images"],
        charged=_amount(entry["cost"]),
        unit=entry["cost"]["unit"],
        job=entry["job"],
        asks_for=entry["request_sha256"],
    )


def _parts(parts: Sequence[Any]) -> tuple[str | ReceivedFile, ...]:
    return tuple(part if isinstance(part, str) else ReceivedFile(**part) for part in parts)


def _amount(cost: Mapping[str, Any]) -> Decimal:
    amount = Decimal(str(round(cost["amount"], 9)))
    return amount.to_integral_value() if amount == amount.to_integral_value() else amount
