"""Slices as actors of a Ray cluster: one each, never restarted, no call of theirs repeated.

Keys are no argument of anything here: an actor reads them in the environment of its own machine. A
cluster of this machine (`ray`) is reached by loopback alone and inherits this environment.
"""

import logging
import os
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import Future
from contextlib import suppress
from threading import Thread
from typing import Any, TypeVar

import ray
from ray.exceptions import RayError

from harness.core.slicing import Slice
from harness.engines.host import SliceHost
from harness.engines.model import LOST_S, EngineError, Order, Place, PlaceLost, Pulled

ADDRESS = "ray://"
VANTAGE = "vantage:"
"""How a vantage point's resource begins: `ray start --resources='{"vantage:eu": 1}'`."""

SHARE = 0.001
"""How much of its vantage point's resource a slice takes: it says where, not how much."""

CLOSE_S = 5.0
END_S = 30.0
GRACE_S = 5.0
"""How long a call may take beyond its time, by which Ray is to have given it up itself."""

START_S = 300.0
"""How long a process may take to start over there: a busy machine imports for a minute."""

CALLS_AT_ONCE = 8
"""A call that waits for something new, beside others that tell the slice to end."""

_STORE_BYTES = 80 * 1024 * 1024
T = TypeVar("T")


class RayEngine:
    """A connection to a cluster, or a cluster of this machine that ends with this process."""

    def __init__(self, address: str, vantages: Sequence[str] = ()) -> None:
        """Connect; EngineError where that cannot be, in one line."""
        self.name = address
        logging.getLogger("ray").setLevel(logging.CRITICAL)
        try:
            if address.startswith(ADDRESS):
                ray.init(address, log_to_driver=False, configure_logging=False)
            else:
                _init_here(vantages)
        except (
            RayError,
            ConnectionError,
            RuntimeError,
            ValueError,
            OSError,
            TimeoutError,
        ) as error:
            said = " ".join(str(error).split())[:200]
            raise EngineError(
                f"{address} cannot be reached: {said or type(error).__name__}",
                hint="is a head running there? nothing was sent by this command",
            ) from None

    def place(self, part: Slice, vantage: str) -> Place:
        """Return a new actor for a slice; EngineError where no machine is at its vantage point."""
        resources = {f"{VANTAGE}{vantage}": SHARE} if vantage else {}
        try:
            there = _within(LOST_S, ray.cluster_resources)
        except PlaceLost as error:
            raise EngineError(f"{self.name} is gone: {error}") from None
        for name in resources:
            if name not in there:
                raise EngineError(
                    f"slice {part}: no machine of the cluster has the resource {name}",
                    hint=f"""ray start --address=HEAD --resources='{{"{name}": 1}}'""",
                )
        actor = ray.remote(SliceHost).options(
            name=None,
            num_cpus=0,
            resources=resources,
            scheduling_strategy="SPREAD",
            max_restarts=0,
            max_task_retries=0,
            max_concurrency=CALLS_AT_ONCE,
        )
        return _Actor(_within(START_S, actor.remote))

    @staticmethod
    def close() -> None:
        """End the cluster of this machine, or the connection."""
        with suppress(PlaceLost):
            _within(END_S, ray.shutdown)


def _within(seconds: float, call: Callable[[], T]) -> T:
    """Return what a call of Ray returns; PlaceLost where it fails, or takes longer.

    Ray's own time limits do not hold where its head is gone: some calls then wait for ever.
    """
    answer: Future[T] = Future()

    def run() -> None:
        try:
            answer.set_result(call())
        except BaseException as error:  # noqa: BLE001 - raised where it is waited for
            answer.set_exception(error)

    Thread(target=run, name="a call of Ray", daemon=True).start()
    try:
        return answer.result(seconds)
    except Exception as error:  # noqa: BLE001 - Ray's, gRPC's, and those of their sockets
        raise PlaceLost(_one_line(error)) from None


class _Actor:
    """A slice in an actor."""

    def __init__(self, actor: Any) -> None:  # noqa: ANN401 - Ray's handles have no type
        self._actor = actor
        self._lost = False

    def version(self) -> str:
        return str(self._got("version", within_s=START_S))

    def start(self, order: Order) -> None:
        self._got("start", order, within_s=START_S)

    def pull(self, have: int, over: Mapping[str, str]) -> Pulled:
        pulled: Pulled = self._got("pull", have, over)
        return pulled

    def stop(self) -> None:
        self._got("stop")

    def close(self) -> None:
        with suppress(PlaceLost):
            if not self._lost:
                self._got("close", within_s=CLOSE_S)
        with suppress(PlaceLost):
            _within(CLOSE_S, lambda: ray.kill(self._actor, no_restart=True))

    def _got(self, method: str, *arguments: object, within_s: float = LOST_S) -> Any:  # noqa: ANN401 - as above
        try:
            return _within(
                within_s + GRACE_S,
                lambda: ray.get(getattr(self._actor, method).remote(*arguments), timeout=within_s),
            )
        except PlaceLost:
            self._lost = True
            raise


def _one_line(error: Exception) -> str:
    """Return what a failure of Ray says, without its addresses of memory and its stack."""
    first = str(error).strip().partition("\n")[0][:200]
    return f"{type(error).__name__}: {first}" if first else type(error).__name__


def _init_here(vantages: Sequence[str]) -> None:
    ray.init(
        address="local",
        _node_ip_address="127.0.0.1",
        include_dashboard=False,
        log_to_driver=False,
        configure_logging=False,
        object_store_memory=_STORE_BYTES,
        num_cpus=max(1, os.cpu_count() or 1),
        num_gpus=0,
        resources={f"{VANTAGE}{name}": 1.0 for name in vantages},
    )
