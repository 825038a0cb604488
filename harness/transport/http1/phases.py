"""What one request went through on our own sockets, and when."""

from dataclasses import dataclass


@dataclass(slots=True)
class Phases:
    """The phases of one request, filled in while it goes on; seconds on the run's clock.

    Durations are sums over a request's redirects, moments are those of the last reply. All are
    missing where a proxy stands between, for its connections are not ours. `left` is set before the
    first byte may leave. `latest_s` is when the last bytes that were handed over had arrived, and
    once all were, when the reply was whole.
    """

    left: bool = False
    dns_s: float | None = None
    connect_s: float | None = None
    tls_s: float | None = None
    written_s: float | None = None
    headers_s: float | None = None
    latest_s: float | None = None

    def again(self) -> None:
        """Forget the moments of a reply that led elsewhere."""
        self.written_s = self.headers_s = self.latest_s = None


def longer(so_far: float | None, by: float) -> float:
    """Return a duration to which one more was added."""
    return by if so_far is None else so_far + by
