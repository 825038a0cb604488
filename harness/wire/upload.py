"""Files are uploaded before the request that names their addresses."""

from dataclasses import replace

from harness.core.exchange import Failure, Part, Request
from harness.core.jsonvalue import with_texts
from harness.core.outcome import Fault, Outcome
from harness.core.placeholders import ASSETS
from harness.core.reference import ReferenceImage, references
from harness.spec.beside import beyond_submissions
from harness.spec.expressions import first_match
from harness.spec.lifecycle import Upload
from harness.spec.provider import Provider
from harness.spec.request import form_part
from harness.spec.rules import Arguments
from harness.wire.errors import fault_of, is_error, refused_or_fault
from harness.wire.retry import Talk, send_until_answered


def uploaded(
    provider: Provider, upload: Upload, arguments: Arguments, request: Request
) -> Talk[Request | Outcome]:
    """Upload every file of a request once; return the request with the uploaded addresses.

    An upload costs nothing, so it is repeated through an outage. One that is refused or fails ends
    the whole conversation with its outcome.
    """
    addresses: dict[str, str] = {}
    for image in references(arguments.get(upload.argument)):
        name = image.filename
        if name is None or name in addresses:
            continue
        answer = yield from send_until_answered(
            upload_request(provider, upload, image, arguments, timeout_s=request.timeout_s),
            "upload",
        )
        if isinstance(answer, Failure):
            return _free(fault_of(answer, paid=False))
        if is_error(provider.errors, answer):
            return _free(refused_or_fault(provider.errors, answer))
        address = first_match(upload.url, answer.document)
        if not isinstance(address, str) or not address:
            why = f"the upload of {name} was answered without an address (HTTP {answer.status})"
            return Fault(error_class="protocol", why=why, may_be_paid=False, status=answer.status)
        addresses[name] = address
    uploads = {f"{ASSETS}{name}": address for name, address in addresses.items()}
    body = with_texts(request.body, lambda text: uploads.get(text, text))
    return replace(request, body=body, form=None)


def upload_request(
    provider: Provider,
    upload: Upload,
    image: ReferenceImage,
    arguments: Arguments,
    *,
    timeout_s: float,
) -> Request:
    """Return the request that sends one file before the one with these arguments."""
    headers, query = beyond_submissions(provider, arguments)
    fields = tuple(Part(name=name, value=value) for name, value in upload.fields.items())
    return Request(
        method="POST",
        target=f"{upload.path}{query}",
        headers=tuple(headers),
        form=(*fields, form_part(upload.file, image.as_json())),
        timeout_s=timeout_s,
    )


def _free(outcome: Outcome) -> Outcome:
    """Return the outcome with nothing paid: no image was ordered yet."""
    if not isinstance(outcome, Fault):
        return outcome
    return replace(outcome, why=f"upload: {outcome.why}", may_be_paid=False)
