"""Locust's FastHttpUser under load; a locustfile, started by `speed.py` with the load in `LOAD`."""

import itertools
import json
import os
from pathlib import Path
from typing import Any

import gevent  # type: ignore[import-untyped]  # of another environment
from locust import FastHttpUser, events, task  # type: ignore[import-not-found]  # the same
from locust.exception import StopUser  # type: ignore[import-not-found]  # the same

LOAD: dict[str, Any] = json.loads(os.environ["LOAD"])
SPANS: dict[str, float] = {}
NAMES, STOPPED = itertools.count(), itertools.count()


@events.request.add_listener  # type: ignore[untyped-decorator]  # Locust is not here
def note(response_time: float, context: dict[str, str], **_rest: object) -> None:
    """Note what Locust reports of a request."""
    SPANS[context["id"]] = response_time / 1000


@events.quitting.add_listener  # type: ignore[untyped-decorator]  # the same
def written(**_rest: object) -> None:
    """Leave what was noted for `speed.py`."""
    Path(LOAD["folder"], "locust.json").write_text(json.dumps({"spans": SPANS}), encoding="utf-8")


class User(FastHttpUser):  # type: ignore[misc]  # the same
    """One of those who ask without a pause."""

    network_timeout = 300.0
    connection_timeout = 300.0

    @task  # type: ignore[untyped-decorator]  # the same
    def ask(self) -> None:
        """Ask once; the last who finds that enough was asked ends all."""
        name = str(next(NAMES))
        if int(name) >= LOAD["count"]:
            if next(STOPPED) + 1 == LOAD["concurrency"]:  # nobody waits for a reply any more
                gevent.spawn(self.environment.runner.quit)
            raise StopUser
        path = f"{LOAD['path']}?id={name}"
        self.client.post(path, json={"prompt": "a cat"}, name="all", context={"id": name})
