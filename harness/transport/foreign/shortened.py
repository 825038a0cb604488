"""Images whose texts a sanitiser shortened, in a reply that is whole otherwise."""

from dataclasses import replace

from harness.core.exchange import Failure, Picture, Reply

MORE = 1.25
"""So many times what is there must a reply have been: spaces in JSON explain less."""


def without_shortened(answer: Reply | Failure, *, declared: int) -> Reply | Failure:
    """Return an answer in which an image that does not decode is absent, if bytes are missing.

    `declared` is the reply's length as its headers name it (0: they do not). What is there is then
    not what was on the wire, and nobody can tell what the image was.
    """
    if isinstance(answer, Failure) or declared <= answer.size_bytes * MORE:
        return answer
    why = f"the recording holds {answer.size_bytes:,} of {declared:,} bytes of its reply"
    pictures = {mark: _absent(picture, why) for mark, picture in answer.pictures.items()}
    return replace(answer, pictures=pictures)


def _absent(picture: Picture, why: str) -> Picture:
    lost = picture.state == "undecodable"
    return replace(picture, state="absent", why=why) if lost else picture
