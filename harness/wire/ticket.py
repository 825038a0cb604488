"""A job that was submitted: where it is polled, where its result lies, where it is cancelled.

A TOML names paths, or places in a reply that hold an address. Such an address is one of the
provider's own API, asked with the key: the transport sends it there only (`Request.signed`).
"""

from collections.abc import Mapping
from dataclasses import dataclass

from harness.core.exchange import Request
from harness.core.jsonvalue import Json
from harness.spec.beside import beyond_submissions
from harness.spec.expressions import Paths, first_match
from harness.spec.lifecycle import Job
from harness.spec.provider import Operation, Provider
from harness.spec.templates import segment

WEB = ("http://", "https://")


@dataclass(frozen=True, slots=True, kw_only=True)
class Ticket:
    """A job with its id, and what its submission was answered: that holds its addresses.

    `arguments` are those of the request that was `asked`, `timeout_s` is how long to wait for it.
    """

    provider: Provider
    operation: Operation
    job: Job
    id: str
    submitted: Json
    arguments: Mapping[str, Json]
    timeout_s: float
    asked: Request

    def poll(self) -> Request | None:
        """Return the request that asks for the job; None where the reply names no address."""
        return self._request("GET", self.job.poll_path, self.job.poll_url, self.submitted)

    def poll_of(self, other_id: str) -> Request | None:
        """Return a poll of another job; None where an address does not name the job."""
        request = self.poll()
        if self.job.poll_path:
            return self._request("GET", self.job.poll_path, (), None, other_id)
        own = segment(self.id)
        if request is None or own not in request.target:
            return None
        return self._to(request.method, request.target.replace(own, segment(other_id)))

    def result(self, polled: Json) -> Request | None:
        """Return the request for the result; None where neither reply names its address."""
        return self._request("GET", self.job.result_path, self.job.result_url, polled)

    def cancel(self, polled: Json) -> Request | None:
        """Return the request that cancels the job; None where that is not described."""
        method = self.job.cancel_method
        return self._request(method, self.job.cancel_path, self.job.cancel_url, polled)

    def _request(
        self, method: str, path: str, places: Paths, document: Json, job_id: str = ""
    ) -> Request | None:
        if path:
            return self._to(method, path.replace("{id}", segment(job_id or self.id)))
        found = (first_match(places, one) for one in (document, self.submitted))
        address = next((one for one in found if isinstance(one, str) and one), "")
        known = address.startswith((*WEB, "/")) and not address.startswith("//")
        return self._to(method, address) if known else None

    def _to(self, method: str, target: str) -> Request:
        headers, query = beyond_submissions(self.provider, self.arguments)
        signed = not target.startswith("/")
        if not signed:  # an address is asked as it was given
            target += query.replace("?", "&" if "?" in target else "?", 1)
        return Request(
            method=method,
            target=target,
            headers=tuple(headers),
            timeout_s=self.timeout_s,
            signed=signed,
        )
