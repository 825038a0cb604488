"""A client of Apiframe's image API: it submits a job, polls it, and downloads its images."""

import time
import uuid

import httpx


class JobFailedError(RuntimeError):
    """The provider says that a job failed."""


class ImagesClient:
    """One account at one address; `retries` is how often a lost submission is sent again."""

    def __init__(self, base_url: str, key: str, *, retries: int = 2, poll_s: float = 0.01) -> None:
        self.http = httpx.Client(base_url=base_url, headers={"X-API-Key": key})
        self.retries = retries
        self.poll_s = poll_s

    def generate(self, prompt: str, **params: object) -> list[bytes]:
        """Return the bytes of the images."""
        body = {"model": "gpt-image-2", "prompt": prompt, "gptImage2Params": params}
        job = self.submit(body)
        while True:
            state = self.http.get(f"/v2/jobs/{job}").raise_for_status().json()
            if state["status"] == "COMPLETED":
                return [self.http.get(url).content for url in state["result"]["images"]]
            if state["status"] == "FAILED":
                raise JobFailedError(state["error"])
            time.sleep(self.poll_s)

    def submit(self, body: dict[str, object]) -> str:
        """Submit a job and return its id; a repetition has the same key, and is not paid again."""
        headers = self.submission_headers()
        for _ in range(self.retries):
            try:
                return self.post(body, headers)
            except httpx.TransportError:
                continue
        return self.post(body, headers)

    def post(self, body: dict[str, object], headers: dict[str, str]) -> str:
        """Submit a job once."""
        answer = self.http.post("/v2/images/generate", json=body, headers=headers)
        return str(answer.raise_for_status().json()["jobId"])

    def submission_headers(self) -> dict[str, str]:
        """Return what is the same in each repetition of a submission."""
        return {"Idempotency-Key": str(uuid.uuid4())}


class CarelessClient(ImagesClient):
    """The same with a bug: a submission that is sent again is a new one for the provider."""

    def submission_headers(self) -> dict[str, str]:
        """Return nothing by which a repetition would be known."""
        return {}
